//! The same launch on the CPU and on the interpreter.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use snn_artifact::{ABI, Artifact, Dtype, Manifest, SCHEMA, Target};
use snn_compiler::kernel::interp::{self, Arg, Launch, Slice, SliceMut};
use snn_compiler::kernel::{Buffer, Kernel, Role, Shape, Storage, Verified};
use snn_compiler::targets::cranelift::{Level, Options, emit};
use snn_runtime::cpu::Cpu;
use snn_runtime::device::{Argument, Device, Memory, Module};

/// A buffer's elements; none for a buffer that is left out.
#[derive(Clone, Debug)]
pub enum Data {
    Absent,
    F32(Vec<f32>),
    F64(Vec<f64>),
    I32(Vec<i32>),
}

impl Data {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Data::Absent => vec![],
            Data::F32(all) => all.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Data::F64(all) => all.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Data::I32(all) => all.iter().flat_map(|x| x.to_le_bytes()).collect(),
        }
    }

    fn set_bytes(&mut self, bytes: &[u8]) {
        match self {
            Data::Absent => {}
            Data::F32(all) => {
                let new = bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
                *all = new.collect();
            }
            Data::F64(all) => {
                let new = bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap()));
                *all = new.collect();
            }
            Data::I32(all) => {
                let new = bytes.chunks_exact(4).map(|b| i32::from_le_bytes(b.try_into().unwrap()));
                *all = new.collect();
            }
        }
    }

    /// The elements as f64.
    pub fn reals(&self) -> Vec<f64> {
        match self {
            Data::Absent => vec![],
            Data::F32(all) => all.iter().map(|x| f64::from(*x)).collect(),
            Data::F64(all) => all.clone(),
            Data::I32(all) => all.iter().map(|x| f64::from(*x)).collect(),
        }
    }

    /// Bits that are equal where two elements are, any NaN being any other.
    fn keys(&self) -> Vec<u64> {
        let key = |x: f64| if x.is_nan() { u64::MAX } else { x.to_bits() };
        self.reals().into_iter().map(key).collect()
    }
}

/// A generator with a seed of its own for each run, which is printed.
pub fn generator() -> StdRng {
    let seed = rand::rng().random();
    println!("seed {seed}");
    StdRng::seed_from_u64(seed)
}

/// Zeros, infinities, NaN, subnormals, and exact hits of a threshold of 1 at `tau` 2.
const SPECIAL: [f32; 10] = [
    2.0,
    0.0,
    -0.0,
    1e-40,
    -1e-45,
    f32::MIN_POSITIVE,
    f32::NAN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::MAX,
];

/// What an element of a buffer that is read may be.
fn element(buffer: &Buffer, rng: &mut StdRng) -> f32 {
    if matches!(buffer.role, Role::Param) {
        return rng.random_range(1.5..3.0);
    }
    match rng.random_ratio(1, 50) {
        true => SPECIAL[rng.random_range(0..SPECIAL.len())],
        false => rng.random_range(-1.0..2.5),
    }
}

/// Elements for all buffers; of the optional ones only where `optional`.
pub fn fill(kernel: &Kernel, launch: &Launch, optional: bool, rng: &mut StdRng) -> Vec<Data> {
    let mut strides = launch.strides.iter();
    let mut all = Vec::new();
    for buffer in &kernel.buffers {
        let sequence = buffer.shape == Shape::Sequence;
        let stride = if sequence { *strides.next().unwrap() } else { launch.lanes };
        if buffer.optional && !optional {
            all.push(Data::Absent);
            continue;
        }
        let n = interp::length(buffer.shape, stride, kernel, launch).unwrap();
        let mut real = || if buffer.written { 7.25 } else { element(buffer, rng) };
        all.push(match buffer.storage {
            Storage::F64 => Data::F64((0..n).map(|_| f64::from(real()) * 1.000_000_01).collect()),
            Storage::I32 => Data::I32((0..n).map(|_| rng.random()).collect()),
            _ => Data::F32((0..n).map(|_| real()).collect()),
        });
    }
    all
}

/// The artifact of a kernel.
pub fn artifact(kernel: &Verified<Kernel>, level: Level) -> Artifact {
    let emitted = emit(&[kernel], &Options { level }).unwrap();
    let manifest = Manifest {
        schema: SCHEMA,
        abi: ABI,
        compiler: String::new(),
        key: String::new(),
        neuron: "Test".into(),
        options: vec![],
        target: Target::Cpu { level: level.name().into() },
        math: "strict".into(),
        compute: Dtype::F32,
        inputs: vec![],
        outputs: vec![],
        states: vec![],
        params: vec![],
        save: String::new(),
        saved: Vec::new(),
        entries: emitted.entries,
        parallel: false,
        matrices: Vec::new(),
        outer: Vec::new(),
    };
    Artifact { manifest, code: emitted.code }
}

/// Memory with these bytes.
pub fn memory(cpu: &Cpu, data: &Data) -> Box<dyn Memory> {
    let bytes = data.bytes();
    let mut memory = cpu.alloc("operand", bytes.len()).unwrap();
    cpu.write(memory.as_mut(), &bytes).unwrap();
    memory
}

/// The launch scalars.
pub fn scalars(launch: &Launch) -> Vec<i64> {
    let Launch { steps, lanes, channels, channel_stride, neurons, strides, segment, .. } = launch;
    let scalars = [steps, lanes, channels, channel_stride, neurons].into_iter().chain(strides);
    let scalars = scalars.chain((*segment > 0).then_some(segment));
    scalars.map(|s| *s as i64).collect()
}

/// All buffers behind a launch on the CPU.
pub fn on_cpu(
    cpu: &Cpu,
    module: &dyn Module,
    kernel: &Kernel,
    launch: &Launch,
    data: &[Data],
) -> Vec<Data> {
    let mut memories: Vec<_> = data
        .iter()
        .map(|data| (!matches!(data, Data::Absent)).then(|| memory(cpu, data)))
        .collect();
    let mut arguments: Vec<_> = memories
        .iter_mut()
        .zip(&kernel.buffers)
        .map(|(memory, buffer)| match memory.as_deref_mut() {
            None => Argument::Absent,
            Some(memory) if buffer.written => Argument::Write(memory),
            Some(memory) => Argument::Read(memory),
        })
        .collect();
    module.launch(&kernel.name, 0, launch.lanes, &mut arguments, &scalars(launch)).unwrap();
    drop(arguments);
    let mut result = data.to_vec();
    for (data, memory) in result.iter_mut().zip(&memories) {
        let Some(memory) = memory else { continue };
        let mut bytes = vec![0; memory.size()];
        cpu.read(memory.as_ref(), &mut bytes).unwrap();
        data.set_bytes(&bytes);
    }
    result
}

/// All buffers behind the same launch on the interpreter.
pub fn interpreted(kernel: &Verified<Kernel>, launch: &Launch, data: &[Data]) -> Vec<Data> {
    let mut result = data.to_vec();
    let mut args: Vec<_> = result
        .iter_mut()
        .zip(&kernel.buffers)
        .map(|(data, buffer)| match (data, buffer.written) {
            (Data::Absent, _) => Arg::Absent,
            (Data::F32(all), false) => Arg::Read(Slice::F32(all)),
            (Data::F64(all), false) => Arg::Read(Slice::F64(all)),
            (Data::I32(all), false) => Arg::Read(Slice::I32(all)),
            (Data::F32(all), true) => Arg::Write(SliceMut::F32(all)),
            (Data::F64(all), true) => Arg::Write(SliceMut::F64(all)),
            (Data::I32(all), true) => Arg::Write(SliceMut::I32(all)),
        })
        .collect();
    interp::run(kernel, launch, &mut args).unwrap();
    drop(args);
    result
}

/// Whether all buffers hold the same bits, any NaN being any other.
pub fn assert_equal(kernel: &Kernel, found: &[Data], expected: &[Data], context: &str) {
    for ((buffer, found), expected) in kernel.buffers.iter().zip(found).zip(expected) {
        let (f, e) = (found.keys(), expected.keys());
        assert_eq!(f.len(), e.len(), "{context}: {}", buffer.name);
        if let Some(i) = (0..f.len()).find(|&i| f[i] != e[i]) {
            let (f, e) = (found.reals()[i], expected.reals()[i]);
            panic!("{context}: {}[{i}] is {f:e}, not {e:e}", buffer.name);
        }
    }
}
