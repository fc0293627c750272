//! The same launch on a device and on the interpreter, with buffers as words.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use snn_artifact::{ABI, Artifact, Dtype, Entry, Manifest, SCHEMA, Target};
use snn_compiler::kernel::interp::{self, Arg, Launch, Slice, SliceMut};
use snn_compiler::kernel::{Buffer, Kernel, Role, Shape, Storage, Verified};
use snn_compiler::targets::wgsl::{Options, emit};
use snn_runtime::device::{Argument, Device, Memory, Module};

/// A buffer's elements as their bits; none for a buffer that is left out.
pub type Words = Option<Vec<u32>>;

/// What unwritten elements hold.
pub const UNTOUCHED: u32 = 0x7fa5_a5a5;

/// A generator with a seed of its own for each run, which is printed.
pub fn generator() -> StdRng {
    let seed = rand::rng().random();
    println!("seed {seed}");
    StdRng::seed_from_u64(seed)
}

/// Zeros, infinities, NaN, subnormals, and inputs that hit a threshold of 1 exactly from rest at
/// `tau` 2 or 1.
pub const SPECIAL: [f32; 12] = [
    2.0,
    1.0,
    0.0,
    -0.0,
    1e-40,
    -1e-45,
    f32::MIN_POSITIVE,
    f32::NAN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::MAX,
    1.999_999_9,
];

/// Elements for all buffers: `read` makes one of a buffer that is read, those written are untouched.
pub fn fill(
    kernel: &Kernel,
    launch: &Launch,
    mut read: impl FnMut(&Buffer, usize) -> u32,
) -> Vec<Words> {
    let mut strides = launch.strides.iter();
    let mut words = Vec::new();
    for buffer in &kernel.buffers {
        let sequence = buffer.shape == Shape::Sequence;
        let stride = if sequence { *strides.next().unwrap() } else { launch.lanes };
        let indices = 0..interp::length(buffer.shape, stride, kernel, launch).unwrap();
        words.push(Some(match buffer.written {
            true => indices.map(|_| UNTOUCHED).collect(),
            false => indices.map(|i| read(buffer, i)).collect(),
        }));
    }
    words
}

/// An input that spikes now and then, with a special number here and there.
pub fn input(rng: &mut StdRng) -> f32 {
    match rng.random_ratio(1, 40) {
        true => SPECIAL[rng.random_range(0..SPECIAL.len())],
        false => rng.random_range(-1.0..2.5),
    }
}

/// Elements for a LIF kernel: params in [1.5, 3), the rest as [`input`].
pub fn lif(kernel: &Kernel, launch: &Launch, rng: &mut StdRng) -> Vec<Words> {
    fill(kernel, launch, |buffer, _| match (buffer.role, buffer.storage) {
        (Role::Param, _) => rng.random_range(1.5_f32..3.0).to_bits(),
        (_, Storage::I32) => rng.random(),
        _ => input(rng).to_bits(),
    })
}

/// The module of a kernel on a device.
pub fn load(device: &dyn Device, kernel: &Verified<Kernel>) -> Box<dyn Module> {
    device.load(&artifact(kernel)).unwrap()
}

/// The artifact of a kernel.
pub fn artifact(kernel: &Verified<Kernel>) -> Artifact {
    let emitted = emit(&[kernel], &Options::default()).unwrap();
    Artifact { manifest: manifest(emitted.entries), code: emitted.code }
}

fn manifest(entries: BTreeMap<String, Entry>) -> Manifest {
    Manifest {
        schema: SCHEMA,
        abi: ABI,
        compiler: String::new(),
        key: String::new(),
        neuron: "Test".into(),
        options: vec![],
        target: Target::Wgsl,
        math: "strict".into(),
        compute: Dtype::F32,
        inputs: vec![],
        outputs: vec![],
        states: vec![],
        params: vec![],
        save: String::new(),
        saved: Vec::new(),
        entries,
        parallel: false,
        matrices: Vec::new(),
        outer: Vec::new(),
    }
}

/// Memory with these words.
pub fn memory(device: &dyn Device, name: &str, words: &[u32]) -> Box<dyn Memory> {
    let mut memory = device.alloc(name, words.len() * 4).unwrap();
    let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    device.write(memory.as_mut(), &bytes).unwrap();
    memory
}

/// The words of a memory.
pub fn words(device: &dyn Device, memory: &dyn Memory) -> Vec<u32> {
    let mut bytes = vec![0; memory.size()];
    device.read(memory, &mut bytes).unwrap();
    bytes.chunks_exact(4).map(|b| u32::from_le_bytes(b.try_into().unwrap())).collect()
}

/// The launch scalars.
pub fn scalars(launch: &Launch) -> Vec<i64> {
    let Launch { steps, lanes, channels, channel_stride, neurons, strides, segment, .. } = launch;
    let scalars = [steps, lanes, channels, channel_stride, neurons].into_iter().chain(strides);
    let scalars = scalars.chain((*segment > 0).then_some(segment));
    scalars.map(|s| *s as i64).collect()
}

/// All buffers behind a launch on a device.
pub fn on_device(
    device: &dyn Device,
    module: &dyn Module,
    kernel: &Kernel,
    launch: &Launch,
    first_lane: usize,
    words_in: &[Words],
) -> Vec<Words> {
    let named = kernel.buffers.iter().zip(words_in);
    let mut memories: Vec<Option<Box<dyn Memory>>> =
        named.map(|(b, w)| w.as_ref().map(|w| memory(device, &b.name, w))).collect();
    let pairs = memories.iter_mut().zip(&kernel.buffers);
    let argument = |(memory, buffer)| argument(memory, buffer);
    let mut arguments: Vec<Argument<'_>> = pairs.map(argument).collect();
    let lanes = launch.lanes;
    module.launch(&kernel.name, first_lane, lanes, &mut arguments, &scalars(launch)).unwrap();
    drop(arguments);
    memories.iter().map(|m| m.as_ref().map(|m| words(device, m.as_ref()))).collect()
}

fn argument<'a>(memory: &'a mut Option<Box<dyn Memory>>, buffer: &Buffer) -> Argument<'a> {
    let Some(memory) = memory.as_deref_mut() else { return Argument::Absent };
    if buffer.written { Argument::Write(memory) } else { Argument::Read(memory) }
}

/// All buffers behind the same launch on the interpreter.
pub fn interpreted(kernel: &Verified<Kernel>, launch: &Launch, words_in: &[Words]) -> Vec<Words> {
    let mut words = words_in.to_vec();
    let mut reals: Vec<Option<Vec<f32>>> = words
        .iter()
        .map(|w| w.as_ref().map(|w| w.iter().map(|b| f32::from_bits(*b)).collect()))
        .collect();
    let mut ints: Vec<Option<Vec<i32>>> =
        words.iter().map(|w| w.as_ref().map(|w| w.iter().map(|b| *b as i32).collect())).collect();
    let mut args = Vec::new();
    for ((buffer, reals), ints) in kernel.buffers.iter().zip(&mut reals).zip(&mut ints) {
        args.push(match (reals, ints, buffer.storage == Storage::I32, buffer.written) {
            (Some(reals), _, false, false) => Arg::Read(Slice::F32(reals)),
            (Some(reals), _, false, true) => Arg::Write(SliceMut::F32(reals)),
            (_, Some(ints), true, false) => Arg::Read(Slice::I32(ints)),
            (_, Some(ints), true, true) => Arg::Write(SliceMut::I32(ints)),
            _ => Arg::Absent,
        });
    }
    interp::run(kernel, launch, &mut args).unwrap();
    for (((words, buffer), reals), ints) in
        words.iter_mut().zip(&kernel.buffers).zip(reals).zip(ints)
    {
        *words = match buffer.storage {
            Storage::I32 => ints.map(|ints| ints.iter().map(|i| *i as u32).collect()),
            _ => reals.map(|reals| reals.iter().map(|r| r.to_bits()).collect()),
        };
    }
    words
}

/// Whether two buffers hold the same: bit for bit, but that any NaN is any other.
pub fn assert_equal(buffer: &Buffer, found: &Words, expected: &Words, context: &str) {
    let (Some(found), Some(expected)) = (found, expected) else {
        assert_eq!(found, expected, "{context}: {}", buffer.name);
        return;
    };
    assert_eq!(found.len(), expected.len(), "{context}: {}", buffer.name);
    let nan = |w: u32| buffer.storage != Storage::I32 && f32::from_bits(w).is_nan();
    for (i, (&f, &e)) in found.iter().zip(expected).enumerate() {
        let same = f == e || nan(f) && nan(e);
        let (fr, er) = (f32::from_bits(f), f32::from_bits(e));
        assert!(same, "{context}: {}[{i}] is {f:#x} ({fr:e}), not {e:#x} ({er:e})", buffer.name);
    }
}
