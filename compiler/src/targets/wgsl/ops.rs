//! One operation of a kernel as WGSL, with the barrier of strict kernels.
//!
//! A strict kernel hides every real that arithmetic, a selection or a constant gives, and the outcome of
//! every comparison of reals: drivers turn `select(a < b, a, b)` into a minimum with other NaNs, and
//! `not (a < b)` into `a >= b`. Signs are bits, so that nothing has to be said about NaN there.

use naga::{
    BinaryOperator as Bin, Expression, Literal, MathFunction as Fun, ScalarKind as Kind,
    UnaryOperator,
};

use super::bind::FIRST_LANE;
use super::build::Expr;
use super::lane::Lane;
use crate::error::{Bug, EmitError};
use crate::kernel::{Binary, Compare, Counter, Op, Type, Unary, ValueId};

const SIGN: u32 = 0x8000_0000;
const MAGNITUDE: u32 = 0x7fff_ffff;
const INFINITY: u32 = 0x7f80_0000;
/// 2^31, the first real past the ints.
const PAST_INT: f32 = 2_147_483_648.0;

impl Lane<'_> {
    /// The expression that computes an operation.
    pub fn op(&mut self, value: ValueId, op: &Op) -> Result<Expr, EmitError> {
        Ok(match *op {
            Op::Real(number) => self.real(number as f32),
            Op::Int(number) => self.int(number),
            Op::Bool(truth) => {
                let truth = self.build.expr(Expression::Literal(Literal::Bool(truth)));
                self.spread(truth)
            }
            Op::Unary(op, a) => {
                let ty = self.kernel.ty(a);
                let [a] = self.operands([a])?;
                self.unary(op, ty, a)?
            }
            Op::Binary(op, a, b) => {
                let ty = self.kernel.ty(a);
                let [a, b] = self.operands([a, b])?;
                self.binary(op, ty, a, b)?
            }
            Op::Compare(op, a, b) => {
                let ty = self.kernel.ty(a);
                let [a, b] = self.operands([a, b])?;
                self.compare(op, ty, a, b)
            }
            Op::Not(a) => {
                let a = self.value(a)?;
                self.build.unary(UnaryOperator::LogicalNot, a)
            }
            Op::Select(condition, accept, reject) => {
                let condition = self.value(condition)?;
                let (accept, reject) = (self.value(accept)?, self.value(reject)?);
                let chosen = self.build.select(condition, accept, reject);
                self.hide_if_real(value, chosen)
            }
            Op::Fma(a, b, c) => {
                let args = self.operands([a, b, c])?;
                let sum = self.build.math(Fun::Fma, &args);
                self.hide(sum)
            }
            Op::IntToReal(a) => {
                let [a] = self.operands([a])?;
                let real = self.build.convert(a, Kind::Float);
                self.hide(real)
            }
            Op::RealToInt(a) => {
                let [a] = self.operands([a])?;
                self.real_to_int(a)
            }
            Op::RealBits(a) => {
                let [a] = self.operands([a])?;
                self.build.bitcast(a, Kind::Sint)
            }
            Op::BitsReal(a) => {
                let [a] = self.operands([a])?;
                let real = self.build.bitcast(a, Kind::Float);
                self.hide(real)
            }
            Op::Load(buffer) => self.load(buffer)?,
            Op::LoadOr(buffer, fallback) => {
                let fallback = self.value(fallback)?;
                let loaded = self.load(buffer)?;
                match self.present(buffer) {
                    Some(present) => {
                        let chosen = self.build.select(present, loaded, fallback);
                        self.hide_if_real(value, chosen)
                    }
                    None => loaded,
                }
            }
            Op::Given(buffer) => {
                let given = self.given(buffer);
                self.spread(given)
            }
            Op::Kept(value) => self.kept(value)?,
            Op::Counter(counter) => self.counter(counter)?,
            Op::Draw(..) => return Err(Bug("a draw came to WGSL".into()).into()),
        })
    }

    /// The operands of an operation on numbers. Where all are literals, the first is hidden: such an
    /// operation would be evaluated before the driver sees it, and refused where it overflows.
    fn operands<const K: usize>(&mut self, values: [ValueId; K]) -> Result<[Expr; K], EmitError> {
        let mut exprs = [self.zero; K];
        for (expr, value) in exprs.iter_mut().zip(values) {
            *expr = self.value(value)?;
        }
        if exprs.iter().all(|expr| self.build.is_literal(*expr)) {
            exprs[0] = match self.kernel.ty(values[0]) {
                Type::Real => self.build.barrier(exprs[0], self.zeros),
                Type::Int => {
                    let bits = self.build.bitcast(exprs[0], Kind::Uint);
                    let bits = self.build.binary(Bin::ExclusiveOr, bits, self.zeros);
                    self.build.bitcast(bits, Kind::Sint)
                }
                Type::Bool => exprs[0],
            };
        }
        Ok(exprs)
    }

    /// A real that no driver can follow through, where the kernel is strict.
    pub fn hide(&mut self, real: Expr) -> Expr {
        if self.strict { self.build.barrier(real, self.zeros) } else { real }
    }

    /// A value for each of the invocation's lanes.
    pub fn spread(&mut self, value: Expr) -> Expr {
        if self.width == 1 { value } else { self.build.splat(value) }
    }

    /// A word for each lane.
    fn word(&mut self, word: u32) -> Expr {
        let word = self.build.index(word);
        self.spread(word)
    }

    /// An int for each lane.
    fn int(&mut self, number: i32) -> Expr {
        let number = self.build.int(number);
        self.spread(number)
    }

    fn hide_if_real(&mut self, value: ValueId, expr: Expr) -> Expr {
        match self.kernel.ty(value) {
            Type::Real => self.hide(expr),
            Type::Int | Type::Bool => expr,
        }
    }

    /// A constant. As a literal it may be subnormal, infinite or NaN in no WGSL, and in a strict kernel
    /// the driver must not see that it is, say, 0 or 1.
    pub fn real(&mut self, number: f32) -> Expr {
        let plain = number.is_normal() || number == 0.0;
        let real = match plain && !self.strict {
            true => self.build.expr(Expression::Literal(Literal::F32(number))),
            false => {
                let bits = self.build.index(number.to_bits());
                let bits = self.build.binary(Bin::ExclusiveOr, bits, self.zero);
                self.build.bitcast(bits, Kind::Float)
            }
        };
        self.spread(real)
    }

    fn unary(&mut self, op: Unary, ty: Type, a: Expr) -> Result<Expr, EmitError> {
        let fun = match (op, ty) {
            (Unary::Neg, Type::Real) => return Ok(self.change_bits(Bin::ExclusiveOr, SIGN, a)),
            (Unary::Abs, Type::Real) => return Ok(self.change_bits(Bin::And, MAGNITUDE, a)),
            (Unary::Neg, Type::Int) => return Ok(self.build.unary(UnaryOperator::Negate, a)),
            (Unary::Abs, Type::Int) => return Ok(self.build.math(Fun::Abs, &[a])),
            (Unary::Sqrt, Type::Real) => Fun::Sqrt,
            (Unary::Floor, Type::Real) => Fun::Floor,
            (Unary::Ceil, Type::Real) => Fun::Ceil,
            (Unary::Round, Type::Real) => Fun::Round,
            _ => return Err(Bug(format!("{op:?} of {ty:?} came to WGSL")).into()),
        };
        let result = match (fun, self.division) {
            (Fun::Sqrt, Some(own)) => own.root(&mut self.build, self.width, a),
            _ => self.build.math(fun, &[a]),
        };
        Ok(self.hide(result))
    }

    /// A real with its bits changed by an operation and a mask.
    fn change_bits(&mut self, op: Bin, mask: u32, real: Expr) -> Expr {
        let bits = self.build.bitcast(real, Kind::Uint);
        let mask = self.word(mask);
        let bits = self.build.binary(op, bits, mask);
        let bits = match self.strict {
            true => self.build.binary(Bin::ExclusiveOr, bits, self.zeros),
            false => bits,
        };
        self.build.bitcast(bits, Kind::Float)
    }

    fn binary(&mut self, op: Binary, ty: Type, a: Expr, b: Expr) -> Result<Expr, EmitError> {
        let arithmetic = match (op, ty) {
            (Binary::Add, Type::Real | Type::Int) => Bin::Add,
            (Binary::Sub, Type::Real | Type::Int) => Bin::Subtract,
            (Binary::Mul, Type::Real | Type::Int) => Bin::Multiply,
            (Binary::Div | Binary::Ratio, Type::Real) => Bin::Divide,
            (Binary::Min, Type::Real | Type::Int) => {
                return Ok(self.extreme(Compare::Le, ty, a, b));
            }
            (Binary::Max, Type::Real | Type::Int) => {
                return Ok(self.extreme(Compare::Ge, ty, a, b));
            }
            (Binary::And, Type::Int | Type::Bool) => Bin::And,
            (Binary::Or, Type::Int | Type::Bool) => Bin::InclusiveOr,
            (Binary::Shl, Type::Int) => return Ok(self.shift(Bin::ShiftLeft, a, b)),
            (Binary::Shr, Type::Int) => return Ok(self.shift(Bin::ShiftRight, a, b)),
            (Binary::Xor, Type::Int) => Bin::ExclusiveOr,
            (Binary::MulHigh, Type::Int) => return Ok(self.mul_high(a, b)),
            _ => return Err(Bug(format!("{op:?} of {ty:?} came to WGSL")).into()),
        };
        let result = match (op, self.division) {
            (Binary::Div, Some(own)) => own.quotient(&mut self.build, self.width, a, b),
            _ => self.build.binary(arithmetic, a, b),
        };
        Ok(if ty == Type::Real { self.hide(result) } else { result })
    }

    fn extreme(&mut self, op: Compare, ty: Type, a: Expr, b: Expr) -> Expr {
        let first = self.compare(op, ty, a, b);
        let chosen = self.build.select(first, a, b);
        if ty == Type::Real { self.hide(chosen) } else { chosen }
    }

    fn shift(&mut self, op: Bin, a: Expr, b: Expr) -> Expr {
        let by = self.build.bitcast(b, Kind::Uint);
        self.build.binary(op, a, by)
    }

    /// The upper half of a product without signs, of products of 16 bits: WGSL has no longer ones.
    fn mul_high(&mut self, a: Expr, b: Expr) -> Expr {
        let halves = |lane: &mut Self, word| {
            let word = lane.build.bitcast(word, Kind::Uint);
            let (mask, by) = (lane.word(0xffff), lane.word(16));
            let low = lane.build.binary(Bin::And, word, mask);
            (low, lane.build.binary(Bin::ShiftRight, word, by))
        };
        let (a_low, a_high) = halves(self, a);
        let (b_low, b_high) = halves(self, b);
        let mut times = |x, y| self.build.binary(Bin::Multiply, x, y);
        let (low, high) = (times(a_low, b_low), times(a_high, b_high));
        let (middle, other) = (times(a_high, b_low), times(a_low, b_high));
        let (mask, by) = (self.word(0xffff), self.word(16));
        let build = &mut self.build;
        // Neither sum is over 32 bits: a product of 16 bits leaves room for two numbers of 16 bits.
        let carried = build.binary(Bin::ShiftRight, low, by);
        let middle = build.binary(Bin::Add, middle, carried);
        let kept = build.binary(Bin::And, middle, mask);
        let other = build.binary(Bin::Add, other, kept);
        let (middle, other) =
            (build.binary(Bin::ShiftRight, middle, by), build.binary(Bin::ShiftRight, other, by));
        let sum = build.binary(Bin::Add, high, middle);
        let sum = build.binary(Bin::Add, sum, other);
        build.bitcast(sum, Kind::Sint)
    }

    /// An int that draws are made from.
    fn counter(&mut self, counter: Counter) -> Result<Expr, EmitError> {
        let outside = || Bug("the number of a step outside of steps".into());
        let word = match counter {
            Counter::SeedLow => self.scalars["seed.low"],
            Counter::SeedHigh => self.scalars["seed.high"],
            Counter::Step => {
                let time = self.place.time.ok_or_else(outside)?;
                self.build.binary(Bin::Add, time, self.scalars["first_step"])
            }
            Counter::Lane => return Ok(self.lane_numbers()),
        };
        let int = self.build.bitcast(word, Kind::Sint);
        Ok(self.spread(int))
    }

    /// The absolute numbers of the invocation's lanes.
    fn lane_numbers(&mut self) -> Expr {
        let first = self.scalars[FIRST_LANE];
        let lanes = self.place.lane;
        let build = &mut self.build;
        let numbers = lanes.map(|lane| {
            let lane = build.binary(Bin::Add, lane, first);
            build.bitcast(lane, Kind::Sint)
        });
        match self.width {
            1 => numbers[0],
            _ => {
                let components = numbers.to_vec();
                self.build.expr(Expression::Compose { ty: self.of_lanes.int, components })
            }
        }
    }

    fn compare(&mut self, op: Compare, ty: Type, a: Expr, b: Expr) -> Expr {
        // `!=` of reals is written as what it is not, since naga makes it false on NaN.
        let real = ty == Type::Real;
        let operator = match op {
            Compare::Lt => Bin::Less,
            Compare::Le => Bin::LessEqual,
            Compare::Gt => Bin::Greater,
            Compare::Ge => Bin::GreaterEqual,
            Compare::Eq => Bin::Equal,
            Compare::Ne if real => Bin::Equal,
            Compare::Ne => Bin::NotEqual,
        };
        let truth = self.build.binary(operator, a, b);
        if !real {
            return truth;
        }
        let truth = self.hide_bool(truth);
        match op {
            Compare::Ne => self.build.unary(UnaryOperator::LogicalNot, truth),
            _ => truth,
        }
    }

    fn hide_bool(&mut self, truth: Expr) -> Expr {
        if !self.strict {
            return truth;
        }
        let bits = self.bool_bits(truth);
        let bits = self.build.binary(Bin::ExclusiveOr, bits, self.zeros);
        self.bits_bool(bits)
    }

    /// A bool as 0 or 1.
    pub fn bool_bits(&mut self, truth: Expr) -> Expr {
        let (one, zero) = (self.word(1), self.word(0));
        self.build.select(truth, one, zero)
    }

    /// Whether bits are not all 0.
    pub fn bits_bool(&mut self, bits: Expr) -> Expr {
        let zero = self.word(0);
        self.build.binary(Bin::NotEqual, bits, zero)
    }

    /// A real as an int: WGSL leaves open what becomes of NaN, so what an int cannot hold is taken out
    /// first and put in behind.
    fn real_to_int(&mut self, real: Expr) -> Expr {
        let bits = self.build.bitcast(real, Kind::Uint);
        let mask = self.word(MAGNITUDE);
        let magnitude = self.build.binary(Bin::And, bits, mask);
        let limit = self.word(PAST_INT.to_bits());
        let large = self.build.binary(Bin::GreaterEqual, magnitude, limit);
        let infinity = self.word(INFINITY);
        let nan = self.build.binary(Bin::Greater, magnitude, infinity);
        let zero = self.real(0.0);
        let safe = self.build.select(large, zero, real);
        let small = self.build.convert(safe, Kind::Sint);
        let sign = self.word(SIGN);
        let negative = self.build.binary(Bin::GreaterEqual, bits, sign);
        let (low, high) = (self.int(i32::MIN), self.int(i32::MAX));
        let end = self.build.select(negative, low, high);
        let saturated = self.build.select(large, end, small);
        let none = self.int(0);
        self.build.select(nan, none, saturated)
    }
}
