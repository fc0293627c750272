//! Hyperbolic functions.

use super::super::build::Builder;
use super::super::{Binary, Compare, Op, Unary, ValueId};
use super::{EXP_HIGH, exp, reduced, scaled, signed};

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
/// Below this `sinh` is a polynomial.
const SINH_SMALL: f64 = 1.0;
/// `(sinh(x) / x - 1) / x^2` in `x^2` for `|x| <= 1`, to 2^-31 of the sine.
const SINH: [f64; 4] =
    [0.1666666716337204, 0.008333311416208744, 0.00019842635083477944, 2.7839255380968098e-06];

/// A polynomial below [`TANH_SMALL`], `1 - 2 / (1 + e^(2 |x|))` above, by a true division as in
/// [`sigmoid`]; the sign is that of `x`, also of -0.
pub(super) fn tanh(b: &mut Builder<'_>, x: ValueId) -> Op {
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
    signed(b, value, x)
}

/// `e^|x| / 2`, which is an f32 wherever the hyperbolic sine and cosine are.
fn half_exp(b: &mut Builder<'_>, magnitude: ValueId) -> ValueId {
    let high = b.real(EXP_HIGH + 1.0);
    let x = b.binary(Binary::Min, high, magnitude);
    let (n, p) = reduced(b, x, None);
    let one = b.real(1.0);
    let significand = b.add(one, p);
    let bit = b.int(1);
    let n = b.sub(n, bit);
    let last = scaled(b, significand, n);
    b.value(last)
}

/// `h - 1 / (4 h)` with `h = e^|x| / 2`, a polynomial below [`SINH_SMALL`].
pub(super) fn sinh(b: &mut Builder<'_>, x: ValueId) -> Op {
    let magnitude = b.unary(Unary::Abs, x);
    let square = b.mul(magnitude, magnitude);
    let p = b.polynomial(&SINH, square);
    let cube = b.mul(magnitude, square);
    let tail = b.mul(cube, p);
    let small = b.add(magnitude, tail);

    let half = half_exp(b, magnitude);
    let quarter = b.real(0.25);
    let rest = b.binary(Binary::Div, quarter, half);
    let large = b.sub(half, rest);

    let limit = b.real(SINH_SMALL);
    let is_small = b.compare(Compare::Lt, magnitude, limit);
    let value = b.select(is_small, small, large);
    signed(b, value, x)
}

/// `h + 1 / (4 h)` with `h = e^|x| / 2`.
pub(super) fn cosh(b: &mut Builder<'_>, x: ValueId) -> Op {
    let magnitude = b.unary(Unary::Abs, x);
    let half = half_exp(b, magnitude);
    let quarter = b.real(0.25);
    let rest = b.binary(Binary::Div, quarter, half);
    Op::Binary(Binary::Add, half, rest)
}
