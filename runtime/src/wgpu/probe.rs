//! Whether a device keeps the promise of strict kernels: one kernel, run once, compared with the
//! processor.
//!
//! A driver may also end long loops without a word, as llvmpipe does after some 65,000 turns; that is
//! found by a sum of as many ones.
//!
//! The kernel's outputs are the patterns that drivers are known to change: they regroup sums and
//! products, contract, flush subnormals, and take NaN for a number.

use std::collections::BTreeMap;

use snn_artifact::{Binding, Buffer, Code, Dtype, Entry, Role};

use super::Wgpu;
use super::context::Division;
use super::{memory, module};
use crate::device::{Argument, Device, Module};
use crate::error::Result;

/// The kernel, made by the compiler's WGSL back end.
pub const WGSL: &str = include_str!("probe.wgsl");

/// A loop, to be ended early.
const LOOP: &str = include_str!("turns.wgsl");

/// Elements compared.
const COUNT: usize = 4096;

/// The inputs of one element.
#[derive(Clone, Copy)]
struct Sample {
    x: f32,
    y: f32,
    n: i32,
}

impl Sample {
    /// Whether a pattern meets a number below the normal ones, as an input or as a product on the way.
    fn is_subnormal(self) -> bool {
        let Self { x, y, n } = self;
        let met = [x, y, f32::from_bits(n as u32), x * y, x * 0.3, y * 0.3];
        met.iter().any(|number| number.is_subnormal())
    }
}

/// An output: its name, its type, and the bits that it must have.
type Pattern = (&'static str, Dtype, fn(Sample) -> u32);

#[rustfmt::skip]
const PATTERNS: [Pattern; 18] = [
    ("quotient", Dtype::F32, |s| (s.x / s.y).to_bits()),
    ("root", Dtype::F32, |s| s.x.sqrt().to_bits()),
    ("large_constant", Dtype::F32, |s| ((s.x + 12_582_912.0) - 12_582_912.0).to_bits()),
    ("cancelled", Dtype::F32, |s| ((s.x + s.y) - s.x).to_bits()),
    ("sum_of_constants", Dtype::F32, |s| ((s.x + 0.1) + 0.7).to_bits()),
    ("product_of_constants", Dtype::F32, |s| ((s.y * 0.3) * 0.7).to_bits()),
    ("factored", Dtype::F32, |s| (s.x * s.y + s.x * 0.3).to_bits()),
    ("contracted", Dtype::F32, |s| (s.x * s.y + s.y).to_bits()),
    ("subnormal", Dtype::F32, |s| (s.x * 1e-40 + 1e-40).to_bits()),
    ("minimum", Dtype::F32, |s| (if s.x <= s.y { s.x } else { s.y }).to_bits()),
    ("maximum", Dtype::F32, |s| (if s.x >= s.y { s.x } else { s.y }).to_bits()),
    ("selected", Dtype::F32, |s| selected(s).to_bits()),
    ("compared", Dtype::I32, compared),
    ("sign", Dtype::F32, |s| (-(s.x.abs() + -s.y)).to_bits()),
    ("rounded", Dtype::F32, |s| (s.x.round_ties_even() * (s.x.floor() + s.y.ceil())).to_bits()),
    ("truncated", Dtype::I32, |s| (s.x as i32) as u32),
    ("converted", Dtype::F32, |s| (s.n as f32).to_bits()),
    ("bits", Dtype::F32, |s| (f32::from_bits(s.n as u32) + s.x).to_bits()),
];

fn selected(s: Sample) -> f32 {
    let chosen = if s.x < s.y { s.y } else { s.x };
    let spike = if s.x >= 0.0 { 1.0 } else { 0.0 };
    chosen + spike * s.y
}

fn compared(s: Sample) -> u32 {
    let Sample { x, y, .. } = s;
    let bits = [x < y, x <= y, x > y, x >= 0.0, x == y, x != y];
    bits.iter().enumerate().map(|(i, bit)| u32::from(*bit) << i).sum()
}

/// The manifest of the kernel.
pub fn entry() -> Entry {
    let buffer = |name: &str, dtype, written, index, offset| Buffer {
        name: name.into(),
        role: if written { Role::StateOut } else { Role::StateIn },
        dtype,
        shape: vec!["N".into()],
        written,
        optional: false,
        binding: Some(Binding { index, offset }),
    };
    let offset = |name: &str| Some(format!("offset.{name}"));
    let read = [("x", Dtype::F32), ("y", Dtype::F32), ("n", Dtype::I32)];
    let mut buffers: Vec<Buffer> =
        read.iter().map(|(name, dtype)| buffer(name, *dtype, false, 1, offset(name))).collect();
    buffers.extend(PATTERNS.iter().map(|(name, ty, _)| buffer(name, *ty, true, 2, offset(name))));
    let scalars = ["T", "N", "C", "S", "M"].map(String::from);
    let added = ["given", "first_lane", "zero"].map(String::from);
    let offsets = buffers.iter().filter_map(|b| b.binding.as_ref()?.offset.clone());
    let uniform = scalars.iter().cloned().chain(added).chain(offsets).collect();
    Entry {
        symbol: "probe".into(),
        offset: 0,
        buffers,
        scalars: scalars.into(),
        uniform,
        chunk: 4,
        lanes: 1,
        threads: 64,
        block: 64,
        bytes: 0.0,
    }
}

/// The patterns that depend on the [`Division`].
pub const DIVISIONS: [&str; 2] = ["quotient", "root"];

/// The patterns that a device gets wrong, by the probe in this text: [`WGSL`], or a test's own.
/// `subnormal` stands for all that it gets wrong only with numbers below the normal ones.
///
/// # Errors
///
/// Those of an allocation, a launch or a copy.
pub fn failures(device: &Wgpu, text: &str, division: Division) -> Result<Vec<&'static str>> {
    let entries = BTreeMap::from([("probe".to_string(), entry())]);
    let module = module::load(&device.context, &Code::Wgsl(text.into()), &entries, division)?;
    let samples = samples();
    let words: [Vec<u32>; 3] = [
        samples.iter().map(|s| s.x.to_bits()).collect(),
        samples.iter().map(|s| s.y.to_bits()).collect(),
        samples.iter().map(|s| s.n as u32).collect(),
    ];
    let mut inputs = Vec::new();
    for words in &words {
        let mut input = memory::alloc(&device.context, "probe input", COUNT * 4)?;
        let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        memory::write(&device.context, &mut input, &bytes)?;
        inputs.push(input);
    }
    let mut outputs = Vec::new();
    for (name, ..) in PATTERNS {
        outputs.push(memory::alloc(&device.context, name, COUNT * 4)?);
    }
    let reads = inputs.iter().map(|memory| Argument::Read(memory));
    let writes = outputs.iter_mut().map(|memory| Argument::Write(memory));
    let mut arguments: Vec<Argument<'_>> = reads.chain(writes).collect();
    module.launch("probe", 0, COUNT, &mut arguments, &[0, COUNT as i64, 1, 1, COUNT as i64])?;
    let mut failures = Vec::new();
    for ((name, dtype, expected), output) in PATTERNS.into_iter().zip(&outputs) {
        let mut bytes = vec![0; COUNT * 4];
        device.read(output, &mut bytes)?;
        let words = bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        for (found, sample) in words.zip(&samples) {
            let expected = expected(*sample);
            if equal(dtype, found, expected) {
                continue;
            }
            let is_tiny = sample.is_subnormal()
                || dtype == Dtype::F32 && f32::from_bits(expected).is_subnormal();
            let failure = if is_tiny { SUBNORMAL } else { name };
            if !failures.contains(&failure) {
                failures.push(failure);
            }
        }
    }
    Ok(failures)
}

/// What is wrong where numbers below the normal ones are: one word for all patterns.
const SUBNORMAL: &str = "subnormal";

/// Turns that a loop is tried with: more than drivers are known to end one after.
const TURNS: usize = 1 << 17;

/// After how many turns the driver ends a loop, by a sum of ones; none where it ends none.
///
/// # Errors
///
/// Those of an allocation, a launch or a copy.
pub fn turns(device: &Wgpu) -> Result<Option<usize>> {
    let entries = BTreeMap::from([("reduce".to_string(), reduce())]);
    let code = Code::Wgsl(LOOP.into());
    let module = module::load(&device.context, &code, &entries, Division::default())?;
    let mut ones = memory::alloc(&device.context, "probe input", 64 * 4)?;
    memory::write(&device.context, &mut ones, &1_f32.to_le_bytes().repeat(64))?;
    let mut sum = memory::alloc(&device.context, "probe sum", 4)?;
    let mut arguments = [Argument::Read(&ones), Argument::Write(&mut sum)];
    module.launch("reduce", 0, 1, &mut arguments, &[1, TURNS as i64, 1])?;
    let mut bytes = [0; 4];
    device.read(&sum, &mut bytes)?;
    let turns = f32::from_le_bytes(bytes) as usize;
    Ok((turns < TURNS).then_some(turns))
}

/// The manifest of the loop, which is launched as a `reduce`.
fn reduce() -> Entry {
    let buffer = |name: &str, role, written, index| Buffer {
        name: name.into(),
        role,
        dtype: Dtype::F32,
        shape: vec![],
        written,
        optional: false,
        binding: Some(Binding { index, offset: None }),
    };
    Entry {
        symbol: "reduce".into(),
        buffers: vec![
            buffer("partial", Role::Partial, false, 1),
            buffer("grad", Role::Grad, true, 2),
        ],
        scalars: ["G", "S", "O"].map(String::from).into(),
        uniform: ["G", "S", "O", "zero"].map(String::from).into(),
        ..entry()
    }
}

/// Whether two results are the same: bit for bit, but that any NaN is any other.
fn equal(dtype: Dtype, a: u32, b: u32) -> bool {
    let nan = |bits| f32::from_bits(bits).is_nan();
    a == b || (dtype == Dtype::F32 && nan(a) && nan(b))
}

/// Every pair of the special numbers, then numbers of all magnitudes by a fixed generator.
fn samples() -> Vec<Sample> {
    let pairs = SPECIAL.iter().flat_map(|&x| SPECIAL.iter().map(move |&y| (x, y)));
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        // Xorshift: any generator will do that fills all bits.
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 32) as u32
    };
    let draw = {
        let mut turn = 0;
        move || {
            turn += 1;
            let unit = |bits: u32| (bits >> 8) as f32 / 16_777_216.0;
            match turn % 3 {
                0 => (f32::from_bits(next()), f32::from_bits(next())),
                _ => (unit(next()) * 4.0 - 2.0, unit(next()) * 4.0 - 2.0),
            }
        }
    };
    let drawn = std::iter::repeat_with(draw);
    let bits = |x: f32, y: f32| (x.to_bits() ^ y.to_bits().rotate_left(7)) as i32;
    pairs.chain(drawn).take(COUNT).map(|(x, y)| Sample { x, y, n: bits(x, y) }).collect()
}

const SPECIAL: [f32; 24] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    1.5,
    2.5,
    0.1,
    3.0,
    1e-40,
    -1e-40,
    1e-45,
    f32::MIN_POSITIVE,
    -f32::MIN_POSITIVE,
    1.000_000_1,
    16_777_217.0,
    8_388_609.5,
    2_147_483_648.0,
    -2_147_483_904.0,
    f32::MAX,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
];
