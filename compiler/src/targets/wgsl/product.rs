//! Products of a matrix with the column of an invocation's lanes.

use naga::{BinaryOperator as Bin, Expression, MathFunction, Statement};

use super::build::{Expr, Var};
use super::lane::Lane;
use crate::error::{Bug, EmitError};
use crate::kernel::Product;

impl Lane<'_> {
    /// Keeps a product for each step of the chunk: one loop over the column, with a sum for each step.
    pub fn product(&mut self, product: &Product) -> Result<(), EmitError> {
        let Some(kept) = self.kept_array(product.value) else { return Ok(()) };
        let steps = self.chunk_steps()?;
        let sums: Vec<Var> = (0..steps.len())
            .map(|i| self.build.local(&format!("sum_{}_{i}", product.value.0), self.of_lanes.real))
            .collect();
        // Hidden in a strict kernel: 0 and -0 are not -0.
        let nothing = self.real(0.0);
        sums.iter().for_each(|&sum| self.build.set(sum, nothing));
        let counter = self.build.local("product_turn", self.types.index);
        let k = self.build.open_loop(counter, self.scalars["T"]);
        self.add_products(product, &steps, &sums, k)?;
        self.build.close_loop(counter);
        for (i, &sum) in (0..).zip(&sums) {
            let value = self.build.get(sum);
            let base = self.build.expr(Expression::LocalVariable(kept));
            let pointer = self.build.expr(Expression::AccessIndex { base, index: i });
            self.build.push(Statement::Store { pointer, value });
        }
        Ok(())
    }

    /// The steps of the chunk; for those that a short one lacks, the last of all, so that nothing is read behind it.
    fn chunk_steps(&mut self) -> Result<Vec<Expr>, EmitError> {
        let chunk = self.place.chunk;
        let chunk = chunk.ok_or_else(|| Bug("a product outside of chunks".into()))?;
        let build = &mut self.build;
        let (size, one) = (build.index(self.kernel.schedule.chunk), build.index(1));
        let first = build.binary(Bin::Multiply, chunk, size);
        let last = build.binary(Bin::Subtract, self.scalars["T"], one);
        let step = |i| {
            let i = build.index(i);
            let step = build.binary(Bin::Add, first, i);
            build.math(MathFunction::Min, &[step, last])
        };
        Ok((0..self.kernel.schedule.chunk).map(step).collect())
    }

    /// Adds a row of the column to the sums of all steps.
    fn add_products(
        &mut self,
        product: &Product,
        steps: &[Expr],
        sums: &[Var],
        k: Expr,
    ) -> Result<(), EmitError> {
        self.place.time = Some(k);
        let factor = self.load(product.column)?;
        self.place.time = None;
        for (&step, &sum) in steps.iter().zip(sums) {
            let (row, column) = if product.transposed { (k, step) } else { (step, k) };
            let row = self.build.binary(Bin::Multiply, row, self.scalars["T"]);
            let index = self.build.binary(Bin::Add, row, column);
            let entry = self.load_at(product.matrix, index);
            let entry = self.spread(entry);
            let term = self.build.binary(Bin::Multiply, entry, factor);
            let term = self.hide(term);
            let before = self.build.get(sum);
            let after = self.build.binary(Bin::Add, before, term);
            let after = self.hide(after);
            self.build.set(sum, after);
        }
        Ok(())
    }
}
