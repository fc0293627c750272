//! Where a kernel's buffers and scalars are bound. Decides no value and emits no code.

use snn_artifact::Binding;

use crate::kernel::{Buffer, BufferId, Kernel, Shape, Storage};

/// The storage buffers that WebGPU promises to every stage.
const PROMISED: usize = 8;

/// Behind the kernel's scalars: a bit for each optional buffer that was given.
pub const GIVEN: &str = "given";
/// Behind the kernel's scalars: the absolute index of the launch's first lane.
pub const FIRST_LANE: &str = "first_lane";
/// Behind the kernel's scalars: 0, which no driver can know.
pub const ZERO: &str = "zero";

/// The bindings of a kernel: 0 is the uniform with the scalars, storage buffers count from 1.
pub struct Bindings {
    /// Of each buffer, in the order of the signature.
    pub buffers: Vec<Binding>,
    /// The `u32`s of the uniform, in order.
    pub uniform: Vec<String>,
}

impl Bindings {
    /// The binding of a buffer.
    pub fn of(&self, buffer: BufferId) -> &Binding {
        &self.buffers[buffer.0 as usize]
    }
}

/// Binds each buffer alone while that needs no more than [`PROMISED`] bindings; past that, small ones
/// share a binding for what is read and one for what is written, the smallest first.
pub fn bind(kernel: &Kernel) -> Bindings {
    let mut packed = vec![false; kernel.buffers.len()];
    for small in SMALL_FIRST {
        if count(kernel, &packed) <= PROMISED {
            break;
        }
        for (flag, buffer) in packed.iter_mut().zip(&kernel.buffers) {
            // What is shared is made of words.
            *flag |= small(buffer) && buffer.storage != Storage::F16Bits;
        }
    }
    dissolve_single(kernel, &mut packed);
    let buffers = number(kernel, &packed);
    let mut uniform = kernel.scalars();
    uniform.extend([GIVEN, FIRST_LANE, ZERO].map(String::from));
    uniform.extend(buffers.iter().filter_map(|b| b.offset.clone()));
    Bindings { buffers, uniform }
}

/// Classes of buffers in the order in which they are packed. Sequences and checkpoints never are:
/// packing copies, and they are nearly all of a kernel's memory.
const SMALL_FIRST: [fn(&Buffer) -> bool; 6] = [
    |b| matches!(b.shape, Shape::Layer | Shape::Channel | Shape::Neuron | Shape::Step),
    |b| b.shape.is_sums(),
    |b| matches!(b.shape, Shape::Lane) && !b.written,
    |b| matches!(b.shape, Shape::Lane),
    |b| matches!(b.shape, Shape::Segment),
    |b| matches!(b.shape, Shape::Matrix),
];

/// A buffer that would share a binding with none needs no offset and no copy.
fn dissolve_single(kernel: &Kernel, packed: &mut [bool]) {
    for written in [false, true] {
        let shares = |i: &usize| packed[*i] && kernel.buffers[*i].written == written;
        let sharing: Vec<usize> = (0..packed.len()).filter(shares).collect();
        if let [single] = sharing[..] {
            packed[single] = false;
        }
    }
}

/// How many bindings it takes.
fn count(kernel: &Kernel, packed: &[bool]) -> usize {
    let alone = packed.iter().filter(|p| !**p).count();
    let shared = |written| {
        let mut flags = packed.iter().zip(&kernel.buffers);
        usize::from(flags.any(|(p, b)| *p && b.written == written))
    };
    alone + shared(false) + shared(true)
}

/// Numbers the bindings in the order in which the signature first needs them.
fn number(kernel: &Kernel, packed: &[bool]) -> Vec<Binding> {
    let mut next = 1;
    let mut fresh = || {
        next += 1;
        next - 1
    };
    let mut shared = [None; 2];
    let mut bind = |(buffer, packed): (&Buffer, &bool)| match packed {
        false => Binding { index: fresh(), offset: None },
        true => Binding {
            index: *shared[usize::from(buffer.written)].get_or_insert_with(&mut fresh),
            offset: Some(format!("offset.{}", buffer.name)),
        },
    };
    kernel.buffers.iter().zip(packed).map(&mut bind).collect()
}
