//! Buffers of 16-bit numbers as buffers of their bits, for targets whose loads and stores do not convert.

use super::super::build::Builder;
use super::super::{Binary, BufferId, Compare, Kernel, Loop, Op, Stmt, Storage, Type, ValueId};

/// The bits of an f32 below those of a bfloat16.
const CUT: i32 = 16;
/// A little less than half of what is cut off.
const ALMOST_HALF: i32 = 0x7fff;
/// The bit of a bfloat16 that makes a NaN stay one.
const QUIET: i32 = 0x40;

/// The kernel with its bfloat16 buffers loaded and stored as bits.
pub fn written_out(mut kernel: Kernel) -> Kernel {
    let is_narrow: Vec<bool> = kernel.buffers.iter().map(|b| b.storage == Storage::Bf16).collect();
    if !is_narrow.contains(&true) {
        return kernel;
    }
    for buffer in kernel.buffers.iter_mut().filter(|b| b.storage == Storage::Bf16) {
        buffer.storage = Storage::Bf16Bits;
    }
    let body = std::mem::take(&mut kernel.body);
    let mut writer = Writer { builder: Builder::new(&mut kernel.values), is_narrow };
    let body = writer.body(body);
    kernel.body = writer.builder.head;
    kernel.body.extend(body);
    kernel
}

struct Writer<'a> {
    builder: Builder<'a>,
    /// By buffer: whether it was bfloat16.
    is_narrow: Vec<bool>,
}

impl Writer<'_> {
    fn is(&self, buffer: BufferId) -> bool {
        self.is_narrow[buffer.0 as usize]
    }

    fn body(&mut self, body: Vec<Stmt>) -> Vec<Stmt> {
        let mut written = Vec::with_capacity(body.len());
        for stmt in body {
            let stmt = match stmt {
                Stmt::Let(value, Op::Load(buffer)) if self.is(buffer) => {
                    Stmt::Let(value, self.load(Op::Load(buffer)))
                }
                Stmt::Let(value, Op::LoadOr(buffer, fallback)) if self.is(buffer) => {
                    Stmt::Let(value, self.load_or(buffer, fallback))
                }
                Stmt::Store(buffer, value) if self.is(buffer) => {
                    Stmt::Store(buffer, self.rounded(value))
                }
                Stmt::Loop(inner) => Stmt::Loop(Loop { body: self.body(inner.body), ..inner }),
                Stmt::Let(..) | Stmt::Store(..) | Stmt::Reduce(..) => stmt,
            };
            written.append(&mut self.builder.body);
            written.push(stmt);
        }
        written
    }

    /// The f32 whose upper half was loaded.
    fn load(&mut self, op: Op) -> Op {
        let low = self.builder.typed(op, Type::Int);
        let amount = self.builder.int(CUT);
        Op::BitsReal(self.builder.binary(Binary::Shl, low, amount))
    }

    /// The same where the buffer has an element. Another value, which need not be a bfloat16, is chosen by
    /// bits that no element has: the lower ones are 0 in all.
    fn load_or(&mut self, buffer: BufferId, fallback: ValueId) -> Op {
        let none = self.builder.int(-1);
        let found = self.builder.typed(Op::LoadOr(buffer, none), Type::Int);
        let is_there = self.builder.compare(Compare::Ne, found, none);
        let amount = self.builder.int(CUT);
        let bits = self.builder.binary(Binary::Shl, found, amount);
        let real = self.builder.value(Op::BitsReal(bits));
        Op::Select(is_there, real, fallback)
    }

    /// The upper half of an f32's bits, rounded half to even; a NaN stays one. What stands above the 16
    /// bits means nothing.
    fn rounded(&mut self, value: ValueId) -> ValueId {
        let b = &mut self.builder;
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

#[cfg(test)]
mod tests {
    use super::super::super::interp::{Arg, Launch, Slice, SliceMut, run};
    use super::super::super::{Verified, parse, verify};
    use super::*;

    const LOAD: &str = "kernel load f32 chunk 4 lanes 4 block 8
      in? x: saved bf16 sequence
      out y: output f32 sequence
      %0 = real 0.1
      chunks forward
        steps forward
          %1 = load_or x, %0
          store y, %1
        end
      end";
    const STORE: &str = "kernel store f32 chunk 4 lanes 4 block 8
      in x: input f32 sequence
      out y: saved bf16 sequence
      chunks forward
        steps forward
          %0 = load x
          store y, %0
        end
      end";

    /// The kernel as it is, and on bits.
    fn both(text: &str) -> [Verified<Kernel>; 2] {
        let kernel = parse(text).expect("a kernel");
        let bits = written_out(kernel.clone());
        assert_ne!(bits, kernel);
        [kernel, bits].map(|kernel| verify(kernel).expect("well formed"))
    }

    fn launch(kernel: &Verified<Kernel>, mut args: [Arg<'_>; 2], lanes: usize) {
        run(kernel, &Launch::dense(kernel, 1, lanes), &mut args).expect("a launch");
    }

    #[test]
    fn every_bfloat16_is_loaded_to_the_bit() {
        let all: Vec<u16> = (0..=u16::MAX).collect();
        for x in [Some(&all), None] {
            let [found, expected] = both(LOAD).map(|kernel| {
                let mut y = vec![0.0_f32; all.len()];
                let x = x.map_or(Arg::Absent, |x| Arg::Read(Slice::Bf16(x)));
                launch(&kernel, [x, Arg::Write(SliceMut::F32(&mut y))], all.len());
                let bits = |y: f32| if y.is_nan() { u32::MAX } else { y.to_bits() };
                y.into_iter().map(bits).collect::<Vec<_>>()
            });
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn numbers_around_every_bfloat16_are_stored_to_the_bit() {
        let ends = [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff];
        let near = |upper: u16| ends.map(|low| f32::from_bits(u32::from(upper) << 16 | low));
        let all: Vec<f32> = (0..=u16::MAX).flat_map(near).collect();
        let [found, expected] = both(STORE).map(|kernel| {
            let mut y = vec![0_u16; all.len()];
            let args = [Arg::Read(Slice::F32(&all)), Arg::Write(SliceMut::Bf16(&mut y))];
            launch(&kernel, args, all.len());
            let is_nan = |y: u16| y & 0x7fff > 0x7f80;
            y.into_iter().map(|y| if is_nan(y) { u16::MAX } else { y }).collect::<Vec<_>>()
        });
        assert_eq!(found, expected);
    }
}
