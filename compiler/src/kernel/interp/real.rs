//! The arithmetic of the two real types, each operation rounded once.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::kernel::Math;

/// `f32` or `f64`.
pub trait Real:
    Copy
    + Default
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// The nearest to a number.
    fn of(number: f64) -> Self;
    /// The same number.
    fn wide(self) -> f64;
    /// The nearest to an int.
    fn of_int(number: i32) -> Self;
    /// Towards zero, saturating, 0 for NaN.
    fn to_int(self) -> i32;
    /// The number without its sign.
    fn abs(self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// Largest integer not above.
    fn floor(self) -> Self;
    /// Smallest integer not below.
    fn ceil(self) -> Self;
    /// Nearest integer, half to even.
    fn round(self) -> Self;
    /// `self * b + c`.
    fn fma(self, b: Self, c: Self) -> Self;
    /// The bits, of the nearest f32.
    fn bits(self) -> i32;
    /// The number that an f32's bits stand for.
    fn of_bits(bits: i32) -> Self;
}

macro_rules! real {
    ($($ty:ident $fma:ident)+) => { $(
        impl Real for $ty {
            fn of(number: f64) -> Self {
                number as $ty
            }
            fn wide(self) -> f64 {
                self as f64
            }
            fn of_int(number: i32) -> Self {
                number as $ty
            }
            fn to_int(self) -> i32 {
                self as i32
            }
            fn abs(self) -> Self {
                self.abs()
            }
            fn sqrt(self) -> Self {
                self.sqrt()
            }
            fn floor(self) -> Self {
                self.floor()
            }
            fn ceil(self) -> Self {
                self.ceil()
            }
            fn round(self) -> Self {
                self.round_ties_even()
            }
            fn fma(self, b: Self, c: Self) -> Self {
                libm::$fma(self, b, c)
            }
            fn bits(self) -> i32 {
                (self as f32).to_bits() as i32
            }
            fn of_bits(bits: i32) -> Self {
                f32::from_bits(bits as u32) as $ty
            }
        }
    )+ };
}

real! { f32 fmaf f64 fma }

/// A function of the maths library.
pub fn math(function: Math, a: f64) -> f64 {
    match function {
        Math::Exp => libm::exp(a),
        Math::Expm1 => libm::expm1(a),
        Math::Exprel if a == 0.0 => 1.0,
        Math::Exprel if a == f64::INFINITY => a,
        Math::Exprel => libm::expm1(a) / a,
        Math::Log => libm::log(a),
        Math::Log1p => libm::log1p(a),
        Math::Sigmoid => {
            // Of a large negative number, `1 + e^-a` would overflow where the quotient does not.
            let small = libm::exp(-a.abs());
            if a < 0.0 { small / (1.0 + small) } else { 1.0 / (1.0 + small) }
        }
        Math::SigmoidSlope => {
            let small = libm::exp2(-a.abs());
            small / ((1.0 + small) * (1.0 + small))
        }
        Math::Softplus => {
            let above = if 0.0 >= a { 0.0 } else { a };
            above + libm::log1p(libm::exp(-a.abs()))
        }
        Math::Tanh => libm::tanh(a),
        Math::Sinh => libm::sinh(a),
        Math::Cosh => libm::cosh(a),
        Math::Atan => libm::atan(a),
        Math::Sin => libm::sin(a),
        Math::Cos => libm::cos(a),
        Math::Tan => libm::tan(a),
        Math::Erf => libm::erf(a),
        Math::Erfc => libm::erfc(a),
    }
}
