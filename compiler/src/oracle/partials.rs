//! The table of partial derivatives: for each primitive, by each operand, at the values of a block.

use super::real::{Block, LANES, exact, map, truth, zip};
use crate::check::hir::{Binary, Op, Unary};

/// The partial derivatives of a node by its operands, whose values are `of`; `value` is its own.
///
/// 0 means that nothing comes through, whatever the operand's tangent is. A spike's is its surrogate's
/// business and not in this table; ints, bools and detached values have none.
pub(super) fn partials(op: &Op, of: [&Block; 3], value: &Block) -> [Block; 3] {
    let [a, b, c] = of;
    let (zero, one) = ([0.0; LANES], [1.0; LANES]);
    match *op {
        Op::Unary(op, _) => [unary(op, a, value), zero, zero],
        Op::Binary(Binary::Add, ..) => [one, one, zero],
        Op::Binary(Binary::Sub, ..) => [one, [-1.0; LANES], zero],
        Op::Binary(Binary::Mul, ..) => [*b, *a, zero],
        Op::Binary(Binary::Div, ..) => [map(b, |b| 1.0 / b), zip(a, b, |a, b| -a / (b * b)), zero],
        Op::Binary(Binary::Min, ..) => {
            let first = zip(a, b, |a, b| truth(a <= b));
            [first, map(&first, |first| 1.0 - first), zero]
        }
        Op::Binary(Binary::Max, ..) => {
            let first = zip(a, b, |a, b| truth(a >= b));
            [first, map(&first, |first| 1.0 - first), zero]
        }
        Op::Select(..) => [zero, map(a, |a| truth(a != 0.0)), map(a, |a| truth(a == 0.0))],
        Op::Fma(..) => [*b, *a, one],
        Op::Hard(..) => [map(b, |s| 1.0 - s), zip(c, a, |to, v| to - v), *b],
        Op::Soft(..) => [one, map(c, |by| -by), map(b, |s| -s)],
        Op::Const(_)
        | Op::Int(_)
        | Op::Bool(_)
        | Op::Leaf(_)
        | Op::Compare(..)
        | Op::Logic(..)
        | Op::Not(_)
        | Op::IntToReal(_)
        | Op::RealToInt(_)
        | Op::BoolToReal(_)
        | Op::Detach(_)
        | Op::Spike(..) => [zero; 3],
    }
}

fn unary(op: Unary, a: &Block, value: &Block) -> Block {
    match op {
        Unary::Neg => [-1.0; LANES],
        Unary::Abs => map(a, |a| exact(Unary::Sign, a)),
        Unary::Sqrt => map(value, |root| 0.5 / root),
        Unary::Floor | Unary::Ceil | Unary::Round | Unary::Sign => [0.0; LANES],
        Unary::Exp => *value,
        Unary::Expm1 => map(a, f64::exp),
        Unary::Exprel => map(a, exprel_slope),
        Unary::Log => map(a, |a| 1.0 / a),
        Unary::Log1p => map(a, |a| 1.0 / (1.0 + a)),
        // By the symmetric form, which cancels on neither side.
        Unary::Sigmoid => map(a, |a| exact(Unary::SigmoidSlope, a * std::f64::consts::LOG2_E)),
        Unary::SigmoidSlope => zip(a, value, |a, slope| {
            let ln_2 = std::f64::consts::LN_2;
            -slope * ln_2 * (0.5 * ln_2 * a).tanh()
        }),
        Unary::Softplus => map(a, |a| exact(Unary::Sigmoid, a)),
        Unary::Tanh => map(a, |a| {
            let c = a.cosh();
            1.0 / (c * c)
        }),
        Unary::Sinh => map(a, f64::cosh),
        Unary::Cosh => map(a, f64::sinh),
        Unary::Atan => map(a, |a| 1.0 / (1.0 + a * a)),
        Unary::Sin => map(a, f64::cos),
        Unary::Cos => map(a, |a| -a.sin()),
        Unary::Tan => map(a, |a| {
            let c = a.cos();
            1.0 / (c * c)
        }),
        Unary::Erf => map(a, |a| std::f64::consts::FRAC_2_SQRT_PI * (-a * a).exp()),
        Unary::Erfc => map(a, |a| -std::f64::consts::FRAC_2_SQRT_PI * (-a * a).exp()),
    }
}

/// `(a e^a - e^a + 1) / a^2`, near 0 by its series `Σ (k + 1) / (k + 2)! a^k`.
fn exprel_slope(a: f64) -> f64 {
    if a.abs() > 1.0 {
        return (a.exp() * (a - 1.0) + 1.0) / (a * a);
    }
    let (mut sum, mut term) = (0.0, 0.5);
    for k in 0..20 {
        sum += term;
        let k = f64::from(k);
        term *= a * (k + 2.0) / ((k + 1.0) * (k + 3.0));
    }
    sum
}
