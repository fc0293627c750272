//! The value of each primitive on a block of lanes, in f64 or with every result rounded to f32.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Math;
use crate::check::hir::{Binary, Compare, Logic, Op, Type, Unary};

/// Lanes that are evaluated side by side.
pub(super) const LANES: usize = 32;

/// A value of each lane. Ints and bools (0, 1) are exact in f64.
pub(super) type Block = [f64; LANES];

/// A width that reals are computed in.
pub(super) trait Real:
    Copy
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// The nearest number of this width.
    fn of(value: f64) -> Self;
    /// The same number in f64.
    fn wide(self) -> f64;
    /// `self * b + c`, rounded once.
    fn fma(self, b: Self, c: Self) -> Self;
    /// A function whose result this width cannot get from `+ - * /`.
    fn function(self, op: Unary, math: Math<'_>) -> Self;
}

impl Real for f64 {
    fn of(value: f64) -> Self {
        value
    }
    fn wide(self) -> f64 {
        self
    }
    fn fma(self, b: Self, c: Self) -> Self {
        self.mul_add(b, c)
    }
    fn function(self, op: Unary, _: Math<'_>) -> Self {
        exact(op, self)
    }
}

impl Real for f32 {
    fn of(value: f64) -> Self {
        value as f32
    }
    fn wide(self) -> f64 {
        f64::from(self)
    }
    fn fma(self, b: Self, c: Self) -> Self {
        self.mul_add(b, c)
    }
    fn function(self, op: Unary, math: Math<'_>) -> Self {
        match op {
            Unary::Sqrt => self.sqrt(),
            // These are exact in f64 and give numbers that f32 has.
            Unary::Neg | Unary::Abs | Unary::Floor | Unary::Ceil | Unary::Round | Unary::Sign => {
                exact(op, f64::from(self)) as f32
            }
            _ => math(op, self),
        }
    }
}

/// A function of one real in f64.
pub fn exact(op: Unary, a: f64) -> f64 {
    match op {
        Unary::Neg => -a,
        Unary::Abs => a.abs(),
        Unary::Sqrt => a.sqrt(),
        Unary::Floor => a.floor(),
        Unary::Ceil => a.ceil(),
        Unary::Round => a.round_ties_even(),
        Unary::Sign if a > 0.0 => 1.0,
        Unary::Sign if a < 0.0 => -1.0,
        Unary::Sign if a.is_nan() => a,
        Unary::Sign => 0.0,
        Unary::Exp => a.exp(),
        Unary::Expm1 => a.exp_m1(),
        Unary::Exprel if a == 0.0 => 1.0,
        Unary::Exprel if a == f64::INFINITY => a,
        Unary::Exprel => a.exp_m1() / a,
        Unary::Log => a.ln(),
        Unary::Log1p => a.ln_1p(),
        Unary::Sigmoid => 1.0 / (1.0 + (-a).exp()),
        Unary::SigmoidSlope => {
            let e = (-a.abs()).exp2();
            e / ((1.0 + e) * (1.0 + e))
        }
        Unary::Softplus => a.max(0.0) + (-a.abs()).exp().ln_1p(),
        Unary::Tanh => a.tanh(),
        Unary::Sinh => a.sinh(),
        Unary::Cosh => a.cosh(),
        Unary::Atan => a.atan(),
        Unary::Sin => a.sin(),
        Unary::Cos => a.cos(),
        Unary::Tan => a.tan(),
        Unary::Erf => libm::erf(a),
        Unary::Erfc => libm::erfc(a),
    }
}

/// A function of one f32: the f64 result rounded once more.
pub fn rounded(op: Unary, a: f32) -> f32 {
    exact(op, f64::from(a)) as f32
}

/// The value of a node from those of its operands. Leaves and spikes are not for this function.
pub(super) fn evaluate<R: Real>(op: &Op, ty: Type, of: [&Block; 3], math: Math<'_>) -> Block {
    let [a, b, c] = of;
    match *op {
        Op::Const(value) => [R::of(value.value()).wide(); LANES],
        Op::Int(value) => [f64::from(value); LANES],
        Op::Bool(value) => [f64::from(u8::from(value)); LANES],
        Op::Unary(op, _) => map(a, |a| R::of(a).function(op, math).wide()),
        Op::Binary(op, ..) if ty == Type::Int => zip(a, b, |a, b| integer(op, a, b)),
        Op::Binary(op, ..) => binary::<R>(op, a, b),
        Op::Compare(op, ..) => zip(a, b, |a, b| truth(compare(op, a, b))),
        Op::Logic(Logic::And, ..) => zip(a, b, |a, b| truth(a != 0.0 && b != 0.0)),
        Op::Logic(Logic::Or, ..) => zip(a, b, |a, b| truth(a != 0.0 || b != 0.0)),
        Op::Not(_) => map(a, |a| truth(a == 0.0)),
        // A hard reset takes the spike as its condition.
        Op::Select(..) => zip3(a, b, c, |a, b, c| if a != 0.0 { b } else { c }),
        Op::Hard(..) => zip3(a, b, c, |v, s, to| if s != 0.0 { to } else { v }),
        Op::Soft(..) => zip3(a, b, c, |v, s, by| (R::of(v) - R::of(s) * R::of(by)).wide()),
        Op::Fma(..) => zip3(a, b, c, |a, b, c| R::of(a).fma(R::of(b), R::of(c)).wide()),
        Op::IntToReal(_) => map(a, |a| R::of(a).wide()),
        // `as` saturates and takes NaN to 0.
        Op::RealToInt(_) => map(a, |a| f64::from(a as i32)),
        Op::BoolToReal(_) | Op::Detach(_) => *a,
        Op::Leaf(_) | Op::Spike(..) => [f64::NAN; LANES],
    }
}

/// A function of two reals; the choice is made once for all lanes.
fn binary<R: Real>(op: Binary, a: &Block, b: &Block) -> Block {
    match op {
        Binary::Add => zip(a, b, |a, b| (R::of(a) + R::of(b)).wide()),
        Binary::Sub => zip(a, b, |a, b| (R::of(a) - R::of(b)).wide()),
        Binary::Mul => zip(a, b, |a, b| (R::of(a) * R::of(b)).wide()),
        Binary::Div => zip(a, b, |a, b| (R::of(a) / R::of(b)).wide()),
        Binary::Min => zip(a, b, |a, b| if a <= b { a } else { b }),
        Binary::Max => zip(a, b, |a, b| if a >= b { a } else { b }),
    }
}

/// A function of two ints. The checker lets no int division through.
fn integer(op: Binary, a: f64, b: f64) -> f64 {
    let (a, b) = (a as i32, b as i32);
    f64::from(match op {
        Binary::Add => a.wrapping_add(b),
        Binary::Sub => a.wrapping_sub(b),
        Binary::Mul => a.wrapping_mul(b),
        Binary::Div => a.checked_div(b).unwrap_or(0),
        Binary::Min => a.min(b),
        Binary::Max => a.max(b),
    })
}

fn compare(op: Compare, a: f64, b: f64) -> bool {
    match op {
        Compare::Lt => a < b,
        Compare::Le => a <= b,
        Compare::Gt => a > b,
        Compare::Ge => a >= b,
        Compare::Eq => a == b,
        Compare::Ne => a != b,
    }
}

/// A bool as it is stored in a block.
pub(super) fn truth(value: bool) -> f64 {
    f64::from(u8::from(value))
}

/// Applies a function to each lane.
pub(super) fn map(a: &Block, f: impl Fn(f64) -> f64) -> Block {
    std::array::from_fn(|lane| f(a[lane]))
}

/// Applies a function of two values to each lane.
pub(super) fn zip(a: &Block, b: &Block, f: impl Fn(f64, f64) -> f64) -> Block {
    std::array::from_fn(|lane| f(a[lane], b[lane]))
}

/// Applies a function of three values to each lane.
pub(super) fn zip3(a: &Block, b: &Block, c: &Block, f: impl Fn(f64, f64, f64) -> f64) -> Block {
    std::array::from_fn(|lane| f(a[lane], b[lane], c[lane]))
}
