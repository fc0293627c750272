//! Circular functions and the arc tangent.

use super::super::build::Builder;
use super::super::{Binary, Compare, Op, Unary, ValueId};
use super::signed;

/// `pi / 2` as a sum: four numbers of 11 bits, so that their products with an int of 13 bits are exact,
/// and the rest.
const QUARTER: [f64; 5] = [
    1.5703125,
    0.0004837512969970703,
    7.549533620476723e-08,
    2.5632829192545614e-12,
    6.123234262925839e-17,
];
/// The largest argument that is reduced, 8191 quarters of a turn; a larger one counts as NaN.
const LARGEST: f64 = 12866.0;
/// `(sin(r) / r - 1) / r^2` in `r^2` for `|r| <= pi / 4`, to 2^-32 of the sine.
const SIN: [f64; 4] =
    [-0.1666666716337204, 0.008333380334079266, -0.00019853505364153534, 2.837395186361391e-06];
/// `(cos(r) - 1 + r^2 / 2) / r^4` in `r^2` for `|r| <= pi / 4`, to 2^-33.
const COS: [f64; 3] = [0.04166664555668831, -0.00138873013202101, 2.443066841806285e-05];
/// `tan(pi / 8)`: up to here the arc tangent is a polynomial.
const ATAN_SMALL: f64 = 0.41421356;
/// `(atan(t) / t - 1) / t^2` in `t^2` for `|t| <= tan(pi / 8)`, to 2^-33 of the arc tangent.
const ATAN: [f64; 6] = [
    -0.3333333134651184,
    0.19999802112579346,
    -0.142791286110878,
    0.11009509861469269,
    -0.08282577246427536,
    0.043496131896972656,
];
/// What `pi / 2` in f32 lacks.
const HALF_PI_LOW: f64 = -4.371138828673793e-08;

/// Of `|x| = n pi / 2 + r` the int `n`, and `sin(r)` and `cos(r)`.
struct Reduced {
    n: ValueId,
    sin: ValueId,
    cos: ValueId,
}

fn reduced(b: &mut Builder<'_>, x: ValueId) -> Reduced {
    let magnitude = b.unary(Unary::Abs, x);
    let (largest, nan) = (b.real(LARGEST), b.real(f64::NAN));
    let is_reduced = b.compare(Compare::Le, magnitude, largest);
    let a = b.select(is_reduced, magnitude, nan);
    let turns = b.real(std::f64::consts::FRAC_2_PI);
    let quotient = b.mul(a, turns);
    let n = b.unary(Unary::Round, quotient);
    let r = remainder(b, a, n);
    let square = b.mul(r, r);
    let p = b.polynomial(&SIN, square);
    let cube = b.mul(r, square);
    let tail = b.mul(cube, p);
    let sin = b.add(r, tail);
    let (half, one) = (b.real(0.5), b.real(1.0));
    let p = b.polynomial(&COS, square);
    let fourth = b.mul(square, square);
    let tail = b.mul(fourth, p);
    let halved = b.mul(half, square);
    let down = b.sub(halved, tail);
    let cos = b.sub(one, down);
    Reduced { n: b.value(Op::RealToInt(n)), sin, cos }
}

/// `a - n pi / 2`, rounded once: what is lost behind the third part is taken along.
fn remainder(b: &mut Builder<'_>, a: ValueId, n: ValueId) -> ValueId {
    let mut rest = a;
    let mut lost = Vec::new();
    for (i, part) in QUARTER[..4].iter().enumerate() {
        let part = b.real(*part);
        let product = b.mul(n, part);
        let next = b.sub(rest, product);
        // The first two differences are exact.
        if i >= 2 {
            let kept = b.sub(rest, next);
            lost.push(b.sub(kept, product));
        }
        rest = next;
    }
    let last = b.real(QUARTER[4]);
    let last = b.mul(n, last);
    let low = lost.into_iter().fold(last, |low, lost| b.sub(low, lost));
    b.sub(rest, low)
}

/// A number whose sign is turned where this bit of an int is set, moved to that of the sign.
fn turned(b: &mut Builder<'_>, value: ValueId, n: ValueId, bit: i32) -> ValueId {
    let (mask, up) = (b.int(1 << bit), b.int(31 - bit));
    let odd = b.binary(Binary::And, n, mask);
    let sign = b.binary(Binary::Shl, odd, up);
    let value = b.value(Op::RealBits(value));
    // The sum of two sign bits is their exclusive or.
    b.add(value, sign)
}

/// Whether an int is odd.
fn is_odd(b: &mut Builder<'_>, n: ValueId) -> ValueId {
    let (bit, zero) = (b.int(1), b.int(0));
    let bit = b.binary(Binary::And, n, bit);
    b.compare(Compare::Ne, bit, zero)
}

/// The sine of `|x|` by the quarter that it lies in, with the sign of `x`.
pub(super) fn sin(b: &mut Builder<'_>, x: ValueId) -> Op {
    let Reduced { n, sin, cos } = reduced(b, x);
    let odd = is_odd(b, n);
    let value = b.select(odd, cos, sin);
    let value = turned(b, value, n, 1);
    with_sign(b, value, x)
}

/// The cosine of `|x|` by the quarter that it lies in: the sine a quarter further.
pub(super) fn cos(b: &mut Builder<'_>, x: ValueId) -> Op {
    let Reduced { n, sin, cos } = reduced(b, x);
    let odd = is_odd(b, n);
    let value = b.select(odd, sin, cos);
    let bit = b.int(1);
    let next = b.add(n, bit);
    Op::BitsReal(turned(b, value, next, 1))
}

/// The quotient of sine and cosine, by a true division; in each other quarter the negative reciprocal.
pub(super) fn tan(b: &mut Builder<'_>, x: ValueId) -> Op {
    let Reduced { n, sin, cos } = reduced(b, x);
    let odd = is_odd(b, n);
    let (top, bottom) = (b.select(odd, cos, sin), b.select(odd, sin, cos));
    let value = b.binary(Binary::Div, top, bottom);
    let value = turned(b, value, n, 0);
    with_sign(b, value, x)
}

/// A number by its bits, its sign turned where `x` has one.
fn with_sign(b: &mut Builder<'_>, value: ValueId, x: ValueId) -> Op {
    let (bits, sign) = (b.value(Op::RealBits(x)), b.int(i32::MIN));
    let sign = b.binary(Binary::And, bits, sign);
    Op::BitsReal(b.add(value, sign))
}

/// `c + atan(t)` of `|x|`, with one true division for `t`: it is `x` where that is small, `-1 / x`
/// where it is large, and `(x - 1) / (x + 1)` between; `c` is 0, `pi / 2`, `pi / 4`.
pub(super) fn atan(b: &mut Builder<'_>, x: ValueId) -> Op {
    let a = b.unary(Unary::Abs, x);
    let (zero, one) = (b.real(0.0), b.real(1.0));
    let (small, large) = (b.real(ATAN_SMALL), b.real(1.0 / ATAN_SMALL));
    let above = b.compare(Compare::Gt, a, small);
    let far = b.compare(Compare::Gt, a, large);
    let minus_one = b.real(-1.0);
    let (less, more) = (b.sub(a, one), b.add(a, one));
    let top = cases(b, [above, far], [a, less, minus_one]);
    let bottom = cases(b, [above, far], [one, more, a]);
    let t = b.binary(Binary::Div, top, bottom);
    let half_pi = std::f64::consts::FRAC_PI_2;
    let (quarter, half) = (b.real(half_pi / 2.0), b.real(half_pi));
    let high = cases(b, [above, far], [zero, quarter, half]);
    let (quarter, half) = (b.real(HALF_PI_LOW / 2.0), b.real(HALF_PI_LOW));
    let low = cases(b, [above, far], [zero, quarter, half]);
    let square = b.mul(t, t);
    let p = b.polynomial(&ATAN, square);
    let cube = b.mul(t, square);
    let tail = b.mul(cube, p);
    let tail = b.add(tail, low);
    let tail = b.add(t, tail);
    let value = b.add(high, tail);
    signed(b, value, x)
}

/// The first where neither holds, the second where only `above` does, the third where both do.
fn cases(
    b: &mut Builder<'_>,
    [above, far]: [ValueId; 2],
    [near, middle, beyond]: [ValueId; 3],
) -> ValueId {
    let value = b.select(far, beyond, middle);
    b.select(above, value, near)
}
