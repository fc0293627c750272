//! Logarithms.

use super::super::build::Builder;
use super::super::{Binary, Compare, Op, Unary, ValueId};
use super::{LN2_HIGH, LN2_LOW, MANTISSA, power_of_two};

/// The bits of the f32 below which a significand is doubled, `sqrt(1/2)`.
const SQRT_HALF: i32 = 0x3f35_04f3;
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

/// `log(x) = k ln 2 + log(1 + f)` with `x = 2^k (1 + f)`.
pub(super) fn log(b: &mut Builder<'_>, x: ValueId) -> Op {
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
pub(super) fn log1p(b: &mut Builder<'_>, x: ValueId) -> Op {
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
