//! Backward in fewer operations: its results are compared with a tolerance, so that a quotient need not be
//! rounded correctly, and a product and a sum may be rounded once together.
//!
//! What decides something stays as it is: whether there was a spike, which side of a bound a number is on,
//! what it is rounded to. That has to be as forward had it.

use super::lower::is_backward;
use super::taken::taken_by;
use super::{Binary, Float, Kernel, Loop, Op, Product, Stmt, Type, Unary, ValueId};

/// The same kernel with quotients as ratios, and, where `fused`, with products added in one operation.
/// Kernels other than backward, and those that compute in f64, stay as they are.
pub fn relax(mut kernel: Kernel, fused: bool) -> Kernel {
    if !is_backward(&kernel) || kernel.compute != Float::F32 {
        return kernel;
    }
    let deciding = taken_by(&kernel, |stmt| matches!(stmt, Stmt::Let(_, op) if decides(op)));
    let body = std::mem::take(&mut kernel.body);
    let body = ratios(body, &deciding);
    let uses = uses(&body, kernel.values.len());
    let mut fuser = Fuser { kernel: &mut kernel, deciding: &deciding, uses: &uses };
    let body = if fused { fuser.body(body) } else { body };
    super::without_dead(Kernel { body, ..kernel })
}

/// Whether an operation takes one of few values by its operands, or looks at their bits.
fn decides(op: &Op) -> bool {
    match op {
        Op::Compare(..) | Op::RealToInt(_) | Op::RealBits(_) => true,
        Op::Unary(op, _) => matches!(op, Unary::Floor | Unary::Ceil | Unary::Round),
        _ => false,
    }
}

fn ratios(body: Vec<Stmt>, deciding: &[bool]) -> Vec<Stmt> {
    let relaxed = |stmt| match stmt {
        Stmt::Let(value, Op::Binary(Binary::Div, a, b)) if !deciding[value.0 as usize] => {
            Stmt::Let(value, Op::Binary(Binary::Ratio, a, b))
        }
        Stmt::Loop(inner) => Stmt::Loop(Loop { body: ratios(inner.body, deciding), ..inner }),
        other => other,
    };
    body.into_iter().map(relaxed).collect()
}

/// By value: how often it is taken.
fn uses(body: &[Stmt], n_values: usize) -> Vec<u32> {
    let mut uses = vec![0; n_values];
    let mut count = |value: ValueId| uses[value.0 as usize] += 1;
    for stmt in body {
        stmt.walk(&mut |stmt| match stmt {
            Stmt::Let(_, op) => op.operands().for_each(&mut count),
            Stmt::Store(_, value) | Stmt::Reduce(_, value) => count(*value),
            Stmt::Product(_) => {}
            Stmt::Loop(inner) => {
                inner.carries.iter().flat_map(|c| [c.init, c.next]).for_each(&mut count);
            }
        });
    }
    uses
}

struct Fuser<'a> {
    kernel: &'a mut Kernel,
    deciding: &'a [bool],
    uses: &'a [u32],
}

impl Fuser<'_> {
    /// The statements, where a product of this body that only a sum takes is part of it. The products
    /// themselves are dead then.
    fn body(&mut self, body: Vec<Stmt>) -> Vec<Stmt> {
        let mut products: Vec<(ValueId, [ValueId; 2])> = Vec::new();
        let mut fused = Vec::with_capacity(body.len());
        for stmt in body {
            match stmt {
                Stmt::Let(value, op) => {
                    let op = self.fuse(value, op, &products, &mut fused);
                    if let Op::Binary(Binary::Mul, a, b) = op
                        && self.is_free(value)
                        && self.uses[value.0 as usize] == 1
                    {
                        products.push((value, [a, b]));
                    }
                    fused.push(Stmt::Let(value, op));
                }
                Stmt::Loop(inner) => {
                    let body = self.body(inner.body);
                    fused.push(Stmt::Loop(Loop { body, ..inner }));
                }
                Stmt::Product(product) => {
                    let is_fused = self.is_free(product.value);
                    fused.push(Stmt::Product(Product { fused: is_fused, ..product }));
                }
                other => fused.push(other),
            }
        }
        fused
    }

    /// Whether nothing is decided by a real.
    fn is_free(&self, value: ValueId) -> bool {
        self.kernel.ty(value) == Type::Real && !self.deciding[value.0 as usize]
    }

    fn fuse(
        &mut self,
        value: ValueId,
        op: Op,
        products: &[(ValueId, [ValueId; 2])],
        body: &mut Vec<Stmt>,
    ) -> Op {
        let Op::Binary(sum @ (Binary::Add | Binary::Sub), x, y) = op else { return op };
        if !self.is_free(value) {
            return op;
        }
        let product = |of| products.iter().find(|(product, _)| *product == of).map(|(_, ab)| *ab);
        match (product(x), product(y), sum) {
            (Some([a, b]), _, Binary::Add) => Op::Fma(a, b, y),
            (_, Some([a, b]), Binary::Add) => Op::Fma(a, b, x),
            (Some([a, b]), ..) => Op::Fma(a, b, self.negated(y, body)),
            (_, Some([a, b]), _) => Op::Fma(self.negated(a, body), b, x),
            _ => op,
        }
    }

    fn negated(&mut self, value: ValueId, body: &mut Vec<Stmt>) -> ValueId {
        let negated = self.kernel.new_value(Type::Real);
        self.kernel.origins.copy(value, negated);
        body.push(Stmt::Let(negated, Op::Unary(Unary::Neg, value)));
        negated
    }
}

#[cfg(test)]
mod tests;
