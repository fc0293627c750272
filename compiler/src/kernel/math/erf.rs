//! The error function and its complement.

use super::super::build::Builder;
use super::super::{Binary, Compare, Op, Unary, ValueId};
use super::{exp, reduced, scaled, signed};

/// Below this `erf` is a polynomial, and below [`ERFC_SMALL`] its complement what that leaves of 1.
const ERF_SMALL: f64 = 0.9;
/// `erf(x) / x - 1` in `x^2` for `|x| <= 0.9`, to 2^-29.
const ERF: [f64; 7] = [
    0.12837916612625122,
    -0.3761262893676758,
    0.11283622682094574,
    -0.026855412870645523,
    0.005191272124648094,
    -0.0008033339399844408,
    7.912992441561073e-05,
];
/// From here on `erf` is 1.
const ERF_ONE: f64 = 4.0;
/// `log(erfc(x))` for x from 0.9 to 4, by which the error function is right to 2^-33.
const LOG_ERFC: [f64; 8] = [
    0.00016920511552598327,
    -1.1294883489608765,
    -0.633401095867157,
    -0.10821995884180069,
    0.025080231949687004,
    -0.00415606377646327,
    0.0004313441168051213,
    -2.0823432350880466e-05,
];
const ERFC_SMALL: f64 = 0.75;
/// From here on `erfc` is 0.
const ERFC_ZERO: f64 = 10.1;
/// `e^(x^2) erfc(x) / t` in `t = 1 / (x + 2)` for x from 0.49 to 10.1, to 2^-28 of it.
const ERFC: [f64; 10] = [
    0.5641722679138184,
    1.1293096542358398,
    1.953292965888977,
    3.094905376434326,
    0.5418286323547363,
    9.997162818908691,
    -35.634498596191406,
    17.802879333496094,
    32.323333740234375,
    -30.157470703125,
];
/// All but the low 12 bits of an f32, whose square is then exact.
const UPPER: i32 = !0xfff;

/// A polynomial below [`ERF_SMALL`], `1 - e^(log(erfc(|x|)))` above; the sign is that of `x`.
pub(super) fn erf(b: &mut Builder<'_>, x: ValueId) -> Op {
    let a = b.unary(Unary::Abs, x);
    let small = near(b, a);

    let (end, one) = (b.real(ERF_ONE), b.real(1.0));
    let below = b.binary(Binary::Min, end, a);
    let log = b.polynomial(&LOG_ERFC, below);
    let rest = exp(b, log);
    let rest = b.value(rest);
    let large = b.sub(one, rest);

    let limit = b.real(ERF_SMALL);
    let is_small = b.compare(Compare::Lt, a, limit);
    let value = b.select(is_small, small, large);
    signed(b, value, x)
}

/// `erf(x)` for a small `x`.
fn near(b: &mut Builder<'_>, x: ValueId) -> ValueId {
    let square = b.mul(x, x);
    let p = b.polynomial(&ERF, square);
    let tail = b.mul(x, p);
    b.add(x, tail)
}

/// `1 - erf(x)` below [`ERFC_SMALL`] on either side; beyond `t p(t) e^(-x^2)` of `|x|`, with one true
/// division, and what that leaves of 2 where `x` is negative.
pub(super) fn erfc(b: &mut Builder<'_>, x: ValueId) -> Op {
    let (one, two) = (b.real(1.0), b.real(2.0));
    let small = near(b, x);
    let small = b.sub(one, small);

    let magnitude = b.unary(Unary::Abs, x);
    let end = b.real(ERFC_ZERO);
    let a = b.binary(Binary::Min, end, magnitude);
    let (square, lost) = square(b, a);
    let down = b.unary(Unary::Neg, square);
    let (n, p) = reduced(b, down, Some(lost));
    let significand = b.add(one, p);
    let bottom = b.add(a, two);
    let t = b.binary(Binary::Div, one, bottom);
    let p = b.polynomial(&ERFC, t);
    let factor = b.mul(t, p);
    let significand = b.mul(significand, factor);
    let last = scaled(b, significand, n);
    let tail = b.value(last);
    let zero = b.real(0.0);
    let negative = b.compare(Compare::Lt, x, zero);
    let rest = b.sub(two, tail);
    let large = b.select(negative, rest, tail);

    let limit = b.real(ERFC_SMALL);
    let is_small = b.compare(Compare::Lt, magnitude, limit);
    Op::Select(is_small, small, large)
}

/// The square of a number, and what its rounding lost.
fn square(b: &mut Builder<'_>, a: ValueId) -> (ValueId, ValueId) {
    let rounded = b.mul(a, a);
    let (bits, mask) = (b.value(Op::RealBits(a)), b.int(UPPER));
    let upper = b.binary(Binary::And, bits, mask);
    let upper = b.value(Op::BitsReal(upper));
    let lower = b.sub(a, upper);
    let first = b.mul(upper, upper);
    let first = b.sub(first, rounded);
    let double = b.add(upper, upper);
    let middle = b.mul(double, lower);
    let sum = b.add(first, middle);
    let last = b.mul(lower, lower);
    (rounded, b.add(sum, last))
}
