//! Functions of the maths library in f32, written in the other operations, so that every target gives
//! the same bits.
//!
//! Each function returns its last operation, and what leads to it stands in the builder's body. There
//! is no fused multiply-add, and no division but where said: a strict target divides correctly rounded.
//! In what forward uses no magic number is added to round: rounding and exponents go through `round`
//! and ints. The bounds are in `docs/kernel-ir.md`; the test beside this
//! file measures them.

use super::build::Builder;
use super::{Binary, Compare, Math, Op, Unary, ValueId};

/// `ln 2` as a sum: 15 bits, so that its product with an exponent is exact, and the rest.
const LN2_HIGH: f64 = 0.693145751953125;
const LN2_LOW: f64 = 1.428606765330187e-6;
/// The bits of the f32 below which a significand is doubled, `sqrt(1/2)`.
const SQRT_HALF: i32 = 0x3f35_04f3;
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
/// `(log(1 + f) - f + f^2 / 2) / f^3` for `1 + f` from `sqrt(1/2)` to `sqrt(2)`, to 2^-30 of the
/// logarithm.
const LOG: [f64; 9] = [
    0.3333331346511841,
    -0.25000008940696716,
    0.2000211924314499,
    -0.1666799634695053,
    0.14219553768634796,
    -0.12405586987733841,
    0.11888150125741959,
    -0.11675658822059631,
    0.06746674329042435,
];
/// `r / tanh(r ln(2) / 2)` in `r^2` for `|r| <= 1/2`, by which `2^r` is right to 2^-21.
const EXP2: [f64; 2] = [2.8854081630706787, 0.1152360662817955];
/// A number of `[-126, 127]` added to this is rounded to an int, in the sum's last bits and 127 more.
const ROUND_TO_FIELD: f64 = 12_582_912.0 + 127.0;
/// Below this `tanh` is a polynomial.
const TANH_SMALL: f64 = 0.55;
/// `(tanh(x) / x - 1) / x^2` in `x^2` for `|x| <= 0.55`, to 2^-29 of the tangent.
const TANH: [f64; 5] = [
    -0.33333316445350647,
    0.13332585990428925,
    -0.05385230854153633,
    0.021071672439575195,
    -0.006274230778217316,
];

/// The last operation of a function, or none where it is not written in f32 yet.
pub(super) fn expand(b: &mut Builder<'_>, function: Math, x: ValueId) -> Option<Op> {
    Some(match function {
        Math::Exp => exp(b, x),
        Math::Log => log(b, x),
        Math::Log1p => log1p(b, x),
        Math::Sigmoid => sigmoid(b, x),
        Math::SigmoidSlope => sigmoid_slope(b, x),
        Math::Softplus => softplus(b, x),
        Math::Tanh => tanh(b, x),
        Math::Atan | Math::Sin | Math::Cos | Math::Erf => return None,
    })
}

/// `e^x = 2^n e^r` with `n = round(x / ln 2)`.
fn exp(b: &mut Builder<'_>, x: ValueId) -> Op {
    // Beyond these the result is 0 or infinite all the same. A constant that comes first lets NaN pass.
    let (low, high) = (b.real(-104.0), b.real(89.0));
    let x = b.binary(Binary::Max, low, x);
    let x = b.binary(Binary::Min, high, x);
    let log2_e = b.real(std::f64::consts::LOG2_E);
    let quotient = b.mul(x, log2_e);
    let n = b.unary(Unary::Round, quotient);
    // `r` is this difference, which is exact, less `low`. The linear term takes the two one after the
    // other, so that it is not rounded twice.
    let (high, low) = (b.real(LN2_HIGH), b.real(LN2_LOW));
    let high = b.mul(n, high);
    let low = b.mul(n, low);
    let difference = b.sub(x, high);
    let r = b.sub(difference, low);
    let p = b.polynomial(&EXP, r);
    let square = b.mul(r, r);
    let tail = b.mul(square, p);
    let tail = b.sub(tail, low);
    let tail = b.add(difference, tail);
    let one = b.real(1.0);
    let significand = b.add(one, tail);
    // Two factors, since 2^n itself may be no f32. The first product is exact and the second rounds
    // once, also into subnormals.
    let n = b.value(Op::RealToInt(n));
    let bit = b.int(1);
    let half = b.binary(Binary::Shr, n, bit);
    let rest = b.sub(n, half);
    let scale = power_of_two(b, half);
    let scaled = b.mul(significand, scale);
    Op::Binary(Binary::Mul, scaled, power_of_two(b, rest))
}

/// `2^n` for an int `n` from -126 to 127.
fn power_of_two(b: &mut Builder<'_>, n: ValueId) -> ValueId {
    let (bias, mantissa) = (b.int(127), b.int(MANTISSA));
    let field = b.add(n, bias);
    let bits = b.binary(Binary::Shl, field, mantissa);
    b.value(Op::BitsReal(bits))
}

/// `log(x) = k ln 2 + log(1 + f)` with `x = 2^k (1 + f)`.
fn log(b: &mut Builder<'_>, x: ValueId) -> Op {
    // A subnormal number is made normal.
    let (normal, large) = (b.real(f64::from(f32::MIN_POSITIVE)), b.real((1 << MANTISSA).into()));
    let small = b.compare(Compare::Lt, x, normal);
    let scaled = b.mul(x, large);
    let scaled = b.select(small, scaled, x);
    let (k, significand) = split(b, scaled);
    let (shift, zero) = (b.int(MANTISSA), b.int(0));
    let shift = b.select(small, shift, zero);
    let k = b.sub(k, shift);
    let one = b.real(1.0);
    let f = b.sub(significand, one);
    let regular = log_of_parts(b, k, f);
    log_of_all(b, x, regular)
}

/// A normal positive number as `2^k` and a factor from `sqrt(1/2)` to `sqrt(2)`; anything else gives
/// numbers that mean nothing.
fn split(b: &mut Builder<'_>, x: ValueId) -> (ValueId, ValueId) {
    let (half, mantissa) = (b.int(SQRT_HALF), b.int(MANTISSA));
    let bits = b.value(Op::RealBits(x));
    let above = b.sub(bits, half);
    let k = b.binary(Binary::Shr, above, mantissa);
    let field = b.binary(Binary::Shl, k, mantissa);
    let significand = b.sub(bits, field);
    (k, b.value(Op::BitsReal(significand)))
}

/// `k ln 2 + log(1 + f)`, the small terms first.
fn log_of_parts(b: &mut Builder<'_>, k: ValueId, f: ValueId) -> ValueId {
    let square = b.mul(f, f);
    let p = b.polynomial(&LOG, f);
    let cube = b.mul(f, square);
    let tail = b.mul(cube, p);
    let (half, high, low) = (b.real(0.5), b.real(LN2_HIGH), b.real(LN2_LOW));
    let k = b.value(Op::IntToReal(k));
    let low = b.mul(k, low);
    let tail = b.add(tail, low);
    let halved = b.mul(half, square);
    let tail = b.sub(tail, halved);
    let small = b.add(f, tail);
    let high = b.mul(k, high);
    b.add(high, small)
}

/// The logarithm of `x`, which is `regular` where `x` is positive and finite.
fn log_of_all(b: &mut Builder<'_>, x: ValueId, regular: ValueId) -> Op {
    let (zero, infinity) = (b.real(0.0), b.real(f64::INFINITY));
    let (nan, pole) = (b.real(f64::NAN), b.real(f64::NEG_INFINITY));
    let positive = b.compare(Compare::Gt, x, zero);
    let finite = b.compare(Compare::Lt, x, infinity);
    let plain = b.binary(Binary::And, positive, finite);
    let is_zero = b.compare(Compare::Eq, x, zero);
    let outside = b.select(positive, infinity, nan);
    let special = b.select(is_zero, pole, outside);
    Op::Select(plain, regular, special)
}

/// `log(u)` with `u = 1 + x`, where what the sum lost is added to the factor of `u`.
fn log1p(b: &mut Builder<'_>, x: ValueId) -> Op {
    let one = b.real(1.0);
    let u = b.add(one, x);
    let (k, significand) = split(b, u);
    let f = b.sub(significand, one);
    let lost = lost(b, x, u);
    // A power that would be no f32 belongs to an `x` beside which what was lost is nothing.
    let (low, high) = (b.int(-126), b.int(127));
    let k_down = b.unary(Unary::Neg, k);
    let k_down = b.binary(Binary::Max, low, k_down);
    let k_down = b.binary(Binary::Min, high, k_down);
    let scale = power_of_two(b, k_down);
    let lost = b.mul(lost, scale);
    let f = b.add(f, lost);
    let regular = log_of_parts(b, k, f);
    let all = log_of_all(b, u, regular);
    let all = b.value(all);
    // The sum has lost the sign of -0.
    let zero = b.real(0.0);
    let is_zero = b.compare(Compare::Eq, x, zero);
    Op::Select(is_zero, x, all)
}

/// What the sum `u = 1 + x` lost, exactly: the larger term is subtracted first.
fn lost(b: &mut Builder<'_>, x: ValueId, u: ValueId) -> ValueId {
    let one = b.real(1.0);
    let large = b.compare(Compare::Gt, x, one);
    let greater = b.select(large, x, one);
    let smaller = b.select(large, one, x);
    let kept = b.sub(u, greater);
    b.sub(smaller, kept)
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

/// A polynomial below [`TANH_SMALL`], `1 - 2 / (1 + e^(2 |x|))` above, by a true division as in
/// [`sigmoid`]; the sign is that of `x`, also of -0.
fn tanh(b: &mut Builder<'_>, x: ValueId) -> Op {
    let magnitude = b.unary(Unary::Abs, x);
    let square = b.mul(magnitude, magnitude);
    let p = b.polynomial(&TANH, square);
    let cube = b.mul(magnitude, square);
    let tail = b.mul(cube, p);
    let small = b.add(magnitude, tail);

    let doubled = b.add(magnitude, magnitude);
    let e = exp(b, doubled);
    let e = b.value(e);
    let (one, two) = (b.real(1.0), b.real(2.0));
    let bottom = b.add(one, e);
    let quotient = b.binary(Binary::Div, two, bottom);
    let large = b.sub(one, quotient);

    let limit = b.real(TANH_SMALL);
    let is_small = b.compare(Compare::Lt, magnitude, limit);
    let value = b.select(is_small, small, large);
    let value = b.value(Op::RealBits(value));
    let (bits, sign) = (b.value(Op::RealBits(x)), b.int(i32::MIN));
    let sign = b.binary(Binary::And, bits, sign);
    let signed = b.binary(Binary::Or, value, sign);
    Op::BitsReal(signed)
}

#[cfg(test)]
mod tests;
