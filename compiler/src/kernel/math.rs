//! Functions of the maths library in f32, written in the other operations, so that every target gives
//! the same bits.
//!
//! Each function returns its last operation, and what leads to it stands in the builder's body. There
//! is no fused multiply-add, and no division but where said: a strict target divides correctly rounded.
//! In what forward uses no magic number is added to round: rounding and exponents go through `round`
//! and ints. The bounds are in `docs/kernel-ir.md`; the test beside this
//! file measures them.

mod circular;
mod erf;
mod hyperbolic;
mod log;
#[cfg(test)]
mod tests;

use super::build::Builder;
use super::{Binary, Compare, Math, Op, Type, Unary, ValueId};
use log::{log, log1p};

/// `ln 2` as a sum: 15 bits, so that its product with an exponent is exact, and the rest.
const LN2_HIGH: f64 = 0.693145751953125;
const LN2_LOW: f64 = 1.428606765330187e-6;
/// Beyond these `e^x` is 0 or infinite in f32.
const EXP_LOW: f64 = -104.0;
const EXP_HIGH: f64 = 89.0;
/// The bits of the mantissa, below those of the exponent.
const MANTISSA: i32 = 23;

/// `(e^r - 1 - r) / r^2` for `|r| <= ln(2) / 2`, to 2^-28 of `e^r`.
const EXP: [f64; 5] = [
    0.4999999403953552,
    0.166665181517601,
    0.04166841506958008,
    0.008368992246687412,
    0.0013814023695886135,
];
/// `r / tanh(r ln(2) / 2)` in `r^2` for `|r| <= 1/2`, by which `2^r` is right to 2^-21.
const EXP2: [f64; 2] = [2.8854081630706787, 0.1152360662817955];
/// A number of `[-126, 127]` added to this is rounded to an int, in the sum's last bits and 127 more.
const ROUND_TO_FIELD: f64 = 12_582_912.0 + 127.0;
/// How many operations a function is.
pub(super) fn operations(function: Math) -> u64 {
    let mut values = vec![Type::Real];
    let mut builder = Builder::new(&mut values);
    expand(&mut builder, function, ValueId(0));
    builder.body.len() as u64 + 1
}

/// The last operation of a function.
pub(super) fn expand(b: &mut Builder<'_>, function: Math, x: ValueId) -> Op {
    match function {
        Math::Exp => exp(b, x),
        Math::Expm1 => expm1(b, x),
        Math::Exprel => exprel(b, x),
        Math::Log => log(b, x),
        Math::Log1p => log1p(b, x),
        Math::Sigmoid => sigmoid(b, x),
        Math::SigmoidSlope => sigmoid_slope(b, x),
        Math::Softplus => softplus(b, x),
        Math::Tanh => hyperbolic::tanh(b, x),
        Math::Sinh => hyperbolic::sinh(b, x),
        Math::Cosh => hyperbolic::cosh(b, x),
        Math::Atan => circular::atan(b, x),
        Math::Sin => circular::sin(b, x),
        Math::Cos => circular::cos(b, x),
        Math::Tan => circular::tan(b, x),
        Math::Erf => erf::erf(b, x),
        Math::Erfc => erf::erfc(b, x),
    }
}

/// `e^x = 2^n e^r` with `n = round(x / ln 2)`.
fn exp(b: &mut Builder<'_>, x: ValueId) -> Op {
    // Beyond these the result is 0 or infinite all the same. A constant that comes first lets NaN pass.
    let (low, high) = (b.real(EXP_LOW), b.real(EXP_HIGH));
    let x = b.binary(Binary::Max, low, x);
    let x = b.binary(Binary::Min, high, x);
    let (n, p) = reduced(b, x, None);
    let one = b.real(1.0);
    let significand = b.add(one, p);
    scaled(b, significand, n)
}

/// The int `n` and `e^r - 1` for `e^(x - lost) = 2^n e^r`, of an `x` not too large for `n`; what is
/// lost is nothing beside 1.
fn reduced(b: &mut Builder<'_>, x: ValueId, lost: Option<ValueId>) -> (ValueId, ValueId) {
    let log2_e = b.real(std::f64::consts::LOG2_E);
    let quotient = b.mul(x, log2_e);
    let n = b.unary(Unary::Round, quotient);
    // `r` is this difference, which is exact, less `low`. The linear term takes the two one after the
    // other, so that it is not rounded twice.
    let (high, low) = (b.real(LN2_HIGH), b.real(LN2_LOW));
    let high = b.mul(n, high);
    let low = b.mul(n, low);
    let low = lost.map_or(low, |lost| b.add(low, lost));
    let difference = b.sub(x, high);
    let r = b.sub(difference, low);
    let p = b.polynomial(&EXP, r);
    let square = b.mul(r, r);
    let tail = b.mul(square, p);
    let tail = b.sub(tail, low);
    let p = b.add(difference, tail);
    (b.value(Op::RealToInt(n)), p)
}

/// `2^n` times a number near 1.
fn scaled(b: &mut Builder<'_>, significand: ValueId, n: ValueId) -> Op {
    let (half, rest) = halves(b, n);
    let scale = power_of_two(b, half);
    let scaled = b.mul(significand, scale);
    Op::Binary(Binary::Mul, scaled, power_of_two(b, rest))
}

/// Two ints whose sum is `n`. Two factors, since 2^n itself may be no f32: the first product is exact
/// and the second rounds once, also into subnormals.
fn halves(b: &mut Builder<'_>, n: ValueId) -> (ValueId, ValueId) {
    let bit = b.int(1);
    let half = b.binary(Binary::Shr, n, bit);
    (half, b.sub(n, half))
}

/// `2^n` for an int `n` from -126 to 127.
fn power_of_two(b: &mut Builder<'_>, n: ValueId) -> ValueId {
    let (bias, mantissa) = (b.int(127), b.int(MANTISSA));
    let field = b.add(n, bias);
    let bits = b.binary(Binary::Shl, field, mantissa);
    b.value(Op::BitsReal(bits))
}

/// `2^n (e^r - 1) + (2^n - 1)`, where both terms are divided by the larger of two factors of 2^n.
fn expm1(b: &mut Builder<'_>, x: ValueId) -> Op {
    let high = b.real(EXP_HIGH);
    let below = b.binary(Binary::Min, high, x);
    let (divided, scale) = expm1_parts(b, below);
    let value = b.mul(divided, scale);
    // The reduction has lost the sign of -0.
    let zero = b.real(0.0);
    let is_zero = b.compare(Compare::Eq, x, zero);
    Op::Select(is_zero, x, value)
}

/// `(e^x - 1) / x` by a true division, 1 at 0. It is finite further up than `e^x` is.
fn exprel(b: &mut Builder<'_>, x: ValueId) -> Op {
    let high = b.real(EXP_HIGH + 5.0);
    let below = b.binary(Binary::Min, high, x);
    let (divided, scale) = expm1_parts(b, below);
    let quotient = b.binary(Binary::Div, divided, below);
    let value = b.mul(quotient, scale);
    let (zero, one) = (b.real(0.0), b.real(1.0));
    let is_zero = b.compare(Compare::Eq, x, zero);
    Op::Select(is_zero, one, value)
}

/// `e^x - 1` as two factors, the second a power of two.
fn expm1_parts(b: &mut Builder<'_>, x: ValueId) -> (ValueId, ValueId) {
    let low = b.real(EXP_LOW);
    let x = b.binary(Binary::Max, low, x);
    let (n, p) = reduced(b, x, None);
    let (half, rest) = halves(b, n);
    let scale = power_of_two(b, half);
    let down = b.unary(Unary::Neg, rest);
    let one = power_of_two(b, down);
    let offset = b.sub(scale, one);
    let product = b.mul(p, scale);
    (b.add(product, offset), power_of_two(b, rest))
}

/// `e^-|x|`, which never overflows.
fn exp_down(b: &mut Builder<'_>, x: ValueId) -> ValueId {
    let magnitude = b.unary(Unary::Abs, x);
    let down = b.unary(Unary::Neg, magnitude);
    let last = exp(b, down);
    b.value(last)
}

/// `1 / (1 + e)` or `e / (1 + e)` with `e = e^-|x|`: a true division, since the quotient is what the
/// function is and a reciprocal of our own would cost more.
fn sigmoid(b: &mut Builder<'_>, x: ValueId) -> Op {
    let e = exp_down(b, x);
    let (zero, one) = (b.real(0.0), b.real(1.0));
    let negative = b.compare(Compare::Lt, x, zero);
    let top = b.select(negative, e, one);
    let bottom = b.add(one, e);
    Op::Binary(Binary::Div, top, bottom)
}

/// `e / (1 + e)^2` with `e = 2^-|x|`, for backward, which is compared with a tolerance; beyond 125 on
/// either side it stays what it is there.
///
/// With `e = 2^n (a + r) / (a - r)` the one division does for both quotients.
fn sigmoid_slope(b: &mut Builder<'_>, x: ValueId) -> Op {
    let bits = b.value(Op::RealBits(x));
    let sign = b.int(i32::MIN);
    let bits = b.binary(Binary::Or, bits, sign);
    let x = b.value(Op::BitsReal(bits));
    let low = b.real(-125.0);
    let x = b.binary(Binary::Max, low, x);
    // The sum's last bits are n + 127, the exponent field of 2^n.
    let round = b.real(ROUND_TO_FIELD);
    let sum = b.add(x, round);
    let n = b.sub(sum, round);
    let r = b.sub(x, n);
    let square = b.mul(r, r);
    let a = b.polynomial(&EXP2, square);
    let (above, below) = (b.add(a, r), b.sub(a, r));
    let bits = b.value(Op::RealBits(sum));
    let mantissa = b.int(MANTISSA);
    let field = b.binary(Binary::Shl, bits, mantissa);
    let scale = b.value(Op::BitsReal(field));
    let above = b.mul(scale, above);
    let top = b.mul(above, below);
    let root = b.add(below, above);
    let bottom = b.mul(root, root);
    Op::Binary(Binary::Div, top, bottom)
}

/// `max(x, 0) + log1p(e^-|x|)`.
fn softplus(b: &mut Builder<'_>, x: ValueId) -> Op {
    let e = exp_down(b, x);
    let last = log1p(b, e);
    let tail = b.value(last);
    let zero = b.real(0.0);
    let above = b.binary(Binary::Max, zero, x);
    Op::Binary(Binary::Add, above, tail)
}

/// A number that is not negative, with the sign of `x`, also of -0.
fn signed(b: &mut Builder<'_>, value: ValueId, x: ValueId) -> Op {
    let value = b.value(Op::RealBits(value));
    let (bits, sign) = (b.value(Op::RealBits(x)), b.int(i32::MIN));
    let sign = b.binary(Binary::And, bits, sign);
    let signed = b.binary(Binary::Or, value, sign);
    Op::BitsReal(signed)
}
