//! Buffers of 16-bit numbers as buffers of their bits, for targets whose loads and stores do not convert.

#[cfg(test)]
mod tests;

use super::super::build::Builder;
use super::super::{
    Binary, BufferId, Compare, Kernel, Loop, Op, Stmt, Storage, Type, Unary, ValueId,
};

/// The bits of an f32 below those of a bfloat16.
const CUT: i32 = 16;
/// A little less than half of what is cut off.
const ALMOST_HALF: i32 = 0x7fff;
/// The bit of a bfloat16 that makes a NaN stay one.
const QUIET: i32 = 0x40;

/// The sign of 16 bits, and the bits below it.
const SIGN: i32 = 0x8000;
const MAGNITUDE: i32 = 0x7fff;
/// How far the exponent of a binary16 lies below that of an f32.
const MOVE: i32 = 13;
/// A little less than half of what is cut off of an f32.
const ALMOST_HALF_16: i32 = 0xfff;
/// The bits that the exponent of an f32 begins at, and what it is more than that of a binary16.
const EXPONENT: i32 = 23;
const BIAS: i32 = (127 - 15) << EXPONENT;
/// The least normal binary16, and infinity.
const NORMAL: i32 = 0x400;
const INFINITY: i32 = 0x7c00;
const NAN: i32 = 0x7e00;
/// What the least bit of a binary16 stands for: 2^-24.
const LEAST: f64 = 1.0 / 16_777_216.0;
/// The number from which on the least bit of an f32 stands for that much.
const SAME_LEAST: f64 = 0.5;

/// The kernel with its 16-bit buffers loaded and stored as bits.
pub fn written_out(mut kernel: Kernel) -> Kernel {
    let formats: Vec<Option<Format>> =
        kernel.buffers.iter().map(|buffer| Format::of(buffer.storage)).collect();
    if formats.iter().all(Option::is_none) {
        return kernel;
    }
    for (buffer, format) in kernel.buffers.iter_mut().zip(&formats) {
        buffer.storage = format.map_or(buffer.storage, Format::bits);
    }
    let body = std::mem::take(&mut kernel.body);
    let mut writer = Writer { b: Builder::new(&mut kernel.values), formats };
    let body = writer.body(body);
    kernel.body = writer.b.head;
    kernel.body.extend(body);
    kernel
}

/// A format of 16 bits.
#[derive(Clone, Copy)]
enum Format {
    Binary16,
    Bfloat16,
}

impl Format {
    fn of(storage: Storage) -> Option<Self> {
        match storage {
            Storage::F16 => Some(Format::Binary16),
            Storage::Bf16 => Some(Format::Bfloat16),
            _ => None,
        }
    }

    fn bits(self) -> Storage {
        match self {
            Format::Binary16 => Storage::F16Bits,
            Format::Bfloat16 => Storage::Bf16Bits,
        }
    }
}

struct Writer<'a> {
    b: Builder<'a>,
    /// By buffer: what it held.
    formats: Vec<Option<Format>>,
}

impl Writer<'_> {
    fn format(&self, buffer: BufferId) -> Option<Format> {
        self.formats[buffer.0 as usize]
    }

    fn body(&mut self, body: Vec<Stmt>) -> Vec<Stmt> {
        let mut written = Vec::with_capacity(body.len());
        for stmt in body {
            let stmt = self.stmt(stmt);
            written.append(&mut self.b.body);
            written.push(stmt);
        }
        written
    }

    fn stmt(&mut self, stmt: Stmt) -> Stmt {
        match stmt {
            Stmt::Let(value, Op::Load(buffer)) => {
                let format = self.format(buffer);
                Stmt::Let(value, format.map_or(Op::Load(buffer), |f| self.load(f, buffer)))
            }
            Stmt::Let(value, Op::LoadOr(buffer, other)) => {
                let format = self.format(buffer);
                let load = |format| self.load_or(format, buffer, other);
                Stmt::Let(value, format.map_or(Op::LoadOr(buffer, other), load))
            }
            Stmt::Store(buffer, value) => {
                let format = self.format(buffer);
                Stmt::Store(buffer, format.map_or(value, |f| self.narrowed(f, value)))
            }
            Stmt::Loop(inner) => Stmt::Loop(Loop { body: self.body(inner.body), ..inner }),
            Stmt::Let(..) | Stmt::Reduce(..) | Stmt::Product(_) => stmt,
        }
    }

    fn load(&mut self, format: Format, buffer: BufferId) -> Op {
        let low = self.b.typed(Op::Load(buffer), Type::Int);
        self.widened(format, low)
    }

    /// The same where the buffer has an element. Another value, which need not be one of 16 bits, is
    /// chosen by bits that no element has: those above the 16 are 0 in all.
    fn load_or(&mut self, format: Format, buffer: BufferId, other: ValueId) -> Op {
        let none = self.b.int(-1);
        let found = self.b.typed(Op::LoadOr(buffer, none), Type::Int);
        let is_there = self.b.compare(Compare::Ne, found, none);
        let real = self.widened(format, found);
        let real = self.b.value(real);
        Op::Select(is_there, real, other)
    }

    /// The real that 16 bits stand for.
    fn widened(&mut self, format: Format, low: ValueId) -> Op {
        match format {
            Format::Binary16 => self.binary16_real(low),
            Format::Bfloat16 => {
                let amount = self.b.int(CUT);
                Op::BitsReal(self.b.binary(Binary::Shl, low, amount))
            }
        }
    }

    /// The 16 bits nearest to a real, half to even. What stands above them means nothing.
    fn narrowed(&mut self, format: Format, value: ValueId) -> ValueId {
        match format {
            Format::Binary16 => self.binary16_bits(value),
            Format::Bfloat16 => self.bfloat16_bits(value),
        }
    }

    /// A normal number gets another bias, and so twice do infinity and NaN, whose exponent then is the
    /// largest again; below them the bits count how often the least number is there.
    fn binary16_real(&mut self, low: ValueId) -> Op {
        let b = &mut self.b;
        let (mask, move_, bias) = (b.int(MAGNITUDE), b.int(MOVE), b.int(BIAS));
        let (least, normal, infinity) = (b.real(LEAST), b.int(NORMAL), b.int(INFINITY));
        let (sign, up) = (b.int(SIGN), b.int(CUT));
        let magnitude = b.binary(Binary::And, low, mask);
        let moved = b.binary(Binary::Shl, magnitude, move_);
        let usual = b.add(moved, bias);
        let special = b.add(usual, bias);
        let count = b.value(Op::IntToReal(magnitude));
        let small = b.mul(count, least);
        let small = b.value(Op::RealBits(small));
        let is_small = b.compare(Compare::Lt, magnitude, normal);
        let is_finite = b.compare(Compare::Lt, magnitude, infinity);
        let large = b.select(is_finite, usual, special);
        let bits = b.select(is_small, small, large);
        let sign = b.binary(Binary::And, low, sign);
        let sign = b.binary(Binary::Shl, sign, up);
        Op::BitsReal(b.binary(Binary::Or, bits, sign))
    }

    /// A normal number is rounded where its bits are cut off. Below those, the sum with a number whose
    /// least bit is the least binary16 rounds, and its lower bits count. What comes out above infinity is
    /// too large.
    fn binary16_bits(&mut self, value: ValueId) -> ValueId {
        let b = &mut self.b;
        let (move_, one, almost_half) = (b.int(MOVE), b.int(1), b.int(ALMOST_HALF_16 - BIAS));
        let (same, infinity, nan) = (b.real(SAME_LEAST), b.int(INFINITY), b.int(NAN));
        let least_normal = b.int((NORMAL << MOVE) + BIAS);
        let (sign, up) = (b.int(SIGN), b.int(CUT));
        let size = b.unary(Unary::Abs, value);
        let bits = b.value(Op::RealBits(size));
        let odd = b.binary(Binary::Shr, bits, move_);
        let odd = b.binary(Binary::And, odd, one);
        let up_by = b.add(odd, almost_half);
        let sum = b.add(bits, up_by);
        let usual = b.binary(Binary::Shr, sum, move_);
        let sum = b.add(size, same);
        let sum = b.value(Op::RealBits(sum));
        let same_bits = b.int((SAME_LEAST as f32).to_bits() as i32);
        let small = b.sub(sum, same_bits);
        let is_small = b.compare(Compare::Lt, bits, least_normal);
        let rounded = b.select(is_small, small, usual);
        let rounded = b.binary(Binary::Min, rounded, infinity);
        let is_nan = b.compare(Compare::Ne, value, value);
        let rounded = b.select(is_nan, nan, rounded);
        let signed = b.value(Op::RealBits(value));
        let signed = b.binary(Binary::Shr, signed, up);
        let sign = b.binary(Binary::And, signed, sign);
        b.binary(Binary::Or, rounded, sign)
    }

    /// The upper half of an f32's bits, rounded half to even; a NaN stays one.
    fn bfloat16_bits(&mut self, value: ValueId) -> ValueId {
        let b = &mut self.b;
        let (amount, one) = (b.int(CUT), b.int(1));
        let (almost_half, quiet) = (b.int(ALMOST_HALF), b.int(QUIET));
        let bits = b.value(Op::RealBits(value));
        let upper = b.binary(Binary::Shr, bits, amount);
        let odd = b.binary(Binary::And, upper, one);
        let up = b.add(odd, almost_half);
        let sum = b.add(bits, up);
        let rounded = b.binary(Binary::Shr, sum, amount);
        let kept = b.binary(Binary::Or, upper, quiet);
        let is_nan = b.compare(Compare::Ne, value, value);
        b.select(is_nan, kept, rounded)
    }
}
