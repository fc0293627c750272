//! Products of a matrix with the columns of a strip: for a few steps and vectors at a time, whose sums are registers.
//!
//! Vectors go through all steps of the chunk before the next ones, so that their column stays near.

use cranelift_codegen::ir::{InstBuilder, Value, types};
use cranelift_frontend::{FunctionBuilder, Variable};

use super::form::{Form, pitch};
use super::lanes::{At, Ctx, first_step, repeat};
use super::memory::{Address, load, shift};
use super::{add_product, flags, ops, variable};
use crate::kernel::{BufferId, Product, Type};

/// Steps and vectors side by side: eight sums hide the time that an addition takes, and leave registers for
/// what is added.
const STEPS: u32 = 4;
const VECTORS: u32 = 2;

/// Where a product reads, in bytes.
struct Walk {
    /// The first step of the chunk, and the last that is there, from it.
    steps: (Value, Value),
    /// The matrix, from one of its entries to that of the next step, and to the next that is added.
    matrix: (Value, Value, Value),
    /// The strip's first element of the column, and from a row to the next.
    column: (Value, Value),
}

/// Keeps a product for each step of the chunk.
pub fn emit(b: &mut FunctionBuilder<'_>, ctx: &Ctx<'_>, product: &Product, at: At) {
    let Some((chunk, n_steps)) = at.chunk else { return };
    let Some(kept) = ctx.frame.kept_of(product.value) else { return };
    let begin = first_step(b, ctx, chunk);
    let walk = walk(b, ctx, product, at, (begin, n_steps));
    let vectors = if at.form.vector { ctx.vectors.min(VECTORS) } else { 1 };
    let tile = Tile { ctx, product, form: at.form, vectors, kept, walk };
    repeat(b, at.lanes, i64::from(vectors * at.form.width()), false, |b, lane| {
        repeat(b, n_steps, i64::from(STEPS), false, |b, step| tile.emit(b, lane, step));
    });
}

fn walk(
    b: &mut FunctionBuilder<'_>,
    ctx: &Ctx<'_>,
    product: &Product,
    at: At,
    (begin, n_steps): (Value, Value),
) -> Walk {
    let bytes = |id: BufferId| i64::from(shift(ctx.program.kernel.buffer(id).storage));
    let base = |id: BufferId| ctx.base[id.0 as usize];
    let Product { matrix, column, transposed, .. } = *product;
    let entry = b.ins().iconst(types::I64, 1 << bytes(matrix));
    let row = b.ins().ishl_imm_u(ctx.scalars[0], bytes(matrix));
    let (next_step, next) = if transposed { (entry, row) } else { (row, entry) };
    let stride = ctx.stride[column.0 as usize].expect("a sequence has a stride");
    let stride = b.ins().ishl_imm_u(stride, bytes(column));
    let first = b.ins().ishl_imm_u(at.first, bytes(column));
    let last = b.ins().iadd_imm_s(n_steps, -1);
    Walk {
        steps: (begin, last),
        matrix: (base(matrix), next_step, next),
        column: (b.ins().iadd(base(column), first), stride),
    }
}

struct Tile<'c, 'a> {
    ctx: &'c Ctx<'a>,
    product: &'c Product,
    form: Form,
    vectors: u32,
    /// Where it is kept, in the frame.
    kept: u32,
    walk: Walk,
}

impl Tile<'_, '_> {
    /// The product at some lanes and steps. Where fewer steps are there, the last one is computed more than once.
    fn emit(&self, b: &mut FunctionBuilder<'_>, lane: Value, step: Value) {
        let (_, last) = self.walk.steps;
        let steps = STEPS.min(self.ctx.program.kernel.schedule.chunk);
        let steps: Vec<_> = (0..steps)
            .map(|i| {
                let step = b.ins().iadd_imm_u(step, i64::from(i));
                b.ins().umin(step, last)
            })
            .collect();
        let sums = self.sums(b, lane, &steps);
        let pitch = pitch(self.form.float);
        let rows = b.ins().ishl_imm_u(lane, i64::from(pitch.trailing_zeros()));
        let rows = b.ins().iadd(self.ctx.stack, rows);
        for (step, sums) in steps.into_iter().zip(sums.chunks(self.vectors as usize)) {
            let distance = b.ins().imul_imm_u(step, i64::from(self.ctx.frame.row));
            let row = b.ins().iadd(rows, distance);
            for (vector, &sum) in (0..).zip(sums) {
                let sum = b.use_var(sum);
                let offset = self.kept + vector * self.form.width() * pitch;
                b.ins().store(flags(), sum, row, offset as i32);
            }
        }
    }

    /// The sums of some steps, each with those of all vectors.
    fn sums(&self, b: &mut FunctionBuilder<'_>, lane: Value, steps: &[Value]) -> Vec<Variable> {
        let (begin, _) = self.walk.steps;
        let (matrix, next_step, next_entry) = self.walk.matrix;
        let entries: Vec<_> = steps
            .iter()
            .map(|&step| {
                let step = b.ins().iadd(begin, step);
                let distance = b.ins().imul(step, next_step);
                b.ins().iadd(matrix, distance)
            })
            .collect();
        let zero = ops::real(b, self.form.float, 0.0);
        let zero = ops::splat(b, self.form, Type::Real, zero);
        let sums: Vec<_> = (0..steps.len() * self.vectors as usize)
            .map(|_| variable(b, self.form.real(), zero))
            .collect();
        let column = self.column(b, lane);
        let start = b.ins().iconst(types::I64, 0);
        let (row, distance) = (variable(b, types::I64, column), variable(b, types::I64, start));
        repeat(b, self.ctx.scalars[0], 1, false, |b, _| {
            let (column, at) = (b.use_var(row), b.use_var(distance));
            let factors: Vec<_> = (0..self.vectors).map(|i| self.factor(b, column, i)).collect();
            for (&entry, sums) in entries.iter().zip(sums.chunks(self.vectors as usize)) {
                let base = b.ins().iadd(entry, at);
                let entry = self.entry(b, base);
                for (&factor, &sum) in factors.iter().zip(sums) {
                    add_product(b, self.product.fused, sum, (entry, factor));
                }
            }
            let next = b.ins().iadd(at, next_entry);
            b.def_var(distance, next);
            let next = b.ins().iadd(column, self.walk.column.1);
            b.def_var(row, next);
        });
        sums
    }

    /// The first row of the column at a lane.
    fn column(&self, b: &mut FunctionBuilder<'_>, lane: Value) -> Value {
        let storage = self.ctx.program.kernel.buffer(self.product.column).storage;
        let distance = b.ins().ishl_imm_u(lane, i64::from(shift(storage)));
        b.ins().iadd(self.walk.column.0, distance)
    }

    /// A vector of a row of the column.
    fn factor(&self, b: &mut FunctionBuilder<'_>, base: Value, vector: u32) -> Value {
        let storage = self.ctx.program.kernel.buffer(self.product.column).storage;
        let offset = ((vector * self.form.width()) << shift(storage)) as i32;
        load(b, self.form, storage, Address { base, offset })
    }

    /// An entry of the matrix, for all lanes.
    fn entry(&self, b: &mut FunctionBuilder<'_>, base: Value) -> Value {
        let storage = self.ctx.program.kernel.buffer(self.product.matrix).storage;
        let entry = load(b, self.form.scalar(), storage, Address { base, offset: 0 });
        ops::splat(b, self.form, Type::Real, entry)
    }
}
