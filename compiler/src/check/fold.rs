//! Compile-time arithmetic in f64. The functions come from `libm`, so that a program has the same
//! constants on every host.

use crate::check::hir::{Binary, Compare, Logic, Unary};

/// A function of one constant.
pub fn unary(op: Unary, a: f64) -> f64 {
    match op {
        Unary::Neg => -a,
        Unary::Abs => a.abs(),
        Unary::Sqrt => libm::sqrt(a),
        Unary::Floor => libm::floor(a),
        Unary::Ceil => libm::ceil(a),
        Unary::Round => a.round_ties_even(),
        Unary::Sign if a == 0.0 => 0.0,
        Unary::Sign if a.is_nan() => a,
        Unary::Sign => a.signum(),
        Unary::Exp => libm::exp(a),
        Unary::Expm1 => libm::expm1(a),
        Unary::Exprel if a == 0.0 => 1.0,
        Unary::Exprel if a == f64::INFINITY => a,
        Unary::Exprel => libm::expm1(a) / a,
        Unary::Log => libm::log(a),
        Unary::Log1p => libm::log1p(a),
        Unary::Sigmoid => 1.0 / (1.0 + libm::exp(-a)),
        Unary::SigmoidSlope => {
            let e = libm::exp2(-a.abs());
            e / ((1.0 + e) * (1.0 + e))
        }
        Unary::Softplus => a.max(0.0) + libm::log1p(libm::exp(-a.abs())),
        Unary::Tanh => libm::tanh(a),
        Unary::Sinh => libm::sinh(a),
        Unary::Cosh => libm::cosh(a),
        Unary::Atan => libm::atan(a),
        Unary::Sin => libm::sin(a),
        Unary::Cos => libm::cos(a),
        Unary::Tan => libm::tan(a),
        Unary::Erf => libm::erf(a),
        Unary::Erfc => libm::erfc(a),
    }
}

/// A function of two constants.
pub fn binary(op: Binary, a: f64, b: f64) -> f64 {
    match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Min => select(a <= b, a, b),
        Binary::Max => select(a >= b, a, b),
    }
}

/// A power of constants.
pub fn power(base: f64, exponent: f64) -> f64 {
    libm::pow(base, exponent)
}

/// `a * b + c`, rounded once.
pub fn fma(a: f64, b: f64, c: f64) -> f64 {
    libm::fma(a, b, c)
}

/// A comparison of two constants.
pub fn compare(op: Compare, a: f64, b: f64) -> bool {
    match op {
        Compare::Lt => a < b,
        Compare::Le => a <= b,
        Compare::Gt => a > b,
        Compare::Ge => a >= b,
        Compare::Eq => a == b,
        Compare::Ne => a != b,
    }
}

/// A function of two known bools.
pub fn logic(op: Logic, a: bool, b: bool) -> bool {
    match op {
        Logic::And => a && b,
        Logic::Or => a || b,
    }
}

fn select(condition: bool, a: f64, b: f64) -> f64 {
    if condition { a } else { b }
}
