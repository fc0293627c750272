//! Against the interpreter's own conversions of the buffers as they were.

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

/// Elements of a format to read and to write, its name, and its bits of infinity.
struct Case {
    name: &'static str,
    read: for<'a> fn(&'a [u16]) -> Slice<'a>,
    write: for<'a> fn(&'a mut [u16]) -> SliceMut<'a>,
    infinity: u16,
    widen: fn(u16) -> f64,
}

const CASES: [Case; 2] = [
    Case {
        name: "bf16",
        read: |all| Slice::Bf16(all),
        write: |all| SliceMut::Bf16(all),
        infinity: 0x7f80,
        widen: snn_artifact::half::bf16_to_f64,
    },
    Case {
        name: "f16",
        read: |all| Slice::F16(all),
        write: |all| SliceMut::F16(all),
        infinity: 0x7c00,
        widen: snn_artifact::half::f16_to_f64,
    },
];

/// The kernel as it is, and on bits.
fn both(text: &str, format: &str) -> [Verified<Kernel>; 2] {
    let kernel = parse(&text.replace("bf16", format)).expect("a kernel");
    let bits = written_out(kernel.clone());
    assert_ne!(bits, kernel);
    [kernel, bits].map(|kernel| verify(kernel).expect("well formed"))
}

fn launch(kernel: &Verified<Kernel>, mut args: [Arg<'_>; 2], lanes: usize) {
    run(kernel, &Launch::dense(kernel, 1, lanes), &mut args).expect("a launch");
}

#[test]
fn every_number_is_loaded_to_the_bit() {
    let all: Vec<u16> = (0..=u16::MAX).collect();
    for Case { name, read, .. } in CASES {
        for x in [Some(&all), None] {
            let [expected, found] = both(LOAD, name).map(|kernel| {
                let mut y = vec![0.0_f32; all.len()];
                let x = x.map_or(Arg::Absent, |x| Arg::Read(read(x)));
                launch(&kernel, [x, Arg::Write(SliceMut::F32(&mut y))], all.len());
                let bits = |y: f32| if y.is_nan() { u32::MAX } else { y.to_bits() };
                y.into_iter().map(bits).collect::<Vec<_>>()
            });
            assert_eq!(found, expected, "{name}");
        }
    }
}

/// The bits that a kernel stores of numbers, of every NaN the same.
fn stored(kernel: &Verified<Kernel>, case: &Case, all: &[f32]) -> Vec<u16> {
    let mut y = vec![0_u16; all.len()];
    launch(kernel, [Arg::Read(Slice::F32(all)), Arg::Write((case.write)(&mut y))], all.len());
    let is_nan = |y: u16| y & 0x7fff > case.infinity;
    y.into_iter().map(|y| if is_nan(y) { u16::MAX } else { y }).collect()
}

/// What lies around the upper bits of an f32, which are those of a bfloat16.
fn around_upper_bits() -> Vec<f32> {
    let ends = [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff];
    let near = |upper: u16| ends.map(|low| f32::from_bits(u32::from(upper) << 16 | low));
    (0..=u16::MAX).flat_map(near).collect()
}

/// Every number of a format, the middles to the next one, and what is next to both.
fn around_numbers(case: &Case) -> Vec<f32> {
    let mut all = Vec::new();
    for bits in 0..case.infinity {
        let (low, high) = ((case.widen)(bits), (case.widen)(bits + 1));
        // Behind the largest number lies what rounds to infinity, as far as the step before.
        let step = if high.is_finite() { high - low } else { low - (case.widen)(bits - 1) };
        for number in [low as f32, (low + step / 2.0) as f32] {
            all.extend([number.next_down(), number, number.next_up()]);
        }
    }
    all.extend([f32::MAX, f32::INFINITY, f32::NAN, f32::MIN_POSITIVE, f32::from_bits(1)]);
    let negative: Vec<f32> = all.iter().map(|number| -number).collect();
    [all, negative].concat()
}

#[test]
fn numbers_around_every_number_are_stored_to_the_bit() {
    for case in CASES {
        let [own, bits] = both(STORE, case.name);
        for all in [around_upper_bits(), around_numbers(&case)] {
            let (expected, found) = (stored(&own, &case, &all), stored(&bits, &case, &all));
            for ((x, found), expected) in all.iter().zip(found).zip(expected) {
                assert_eq!(found, expected, "{x:e} in {}", case.name);
            }
        }
    }
}

#[test]
fn too_large_is_infinite_and_small_is_kept() {
    let [_, bits] = both(STORE, "f16");
    let all = [65504.0, 65519.0, 65520.0, -1e30, 6e-8, 2.9e-8, -2.0, f32::NAN];
    let expected = [0x7bff, 0x7bff, 0x7c00, 0xfc00, 1, 0, 0xc000, u16::MAX];
    assert_eq!(stored(&bits, &CASES[1], &all), expected);
}
