//! Verified kernels to code. A back end emits what it is given and decides nothing.
//!
//! Every back end takes the same kernels and returns the same kind of result, and none knows another.

#[cfg(feature = "cranelift")]
pub mod cranelift;
#[cfg(feature = "llvm")]
pub mod llvm;
#[cfg(feature = "wgsl")]
pub mod wgsl;

use std::collections::BTreeMap;

use snn_artifact as artifact;

use crate::error::Unsupported;
use crate::kernel::{self, Float, GROUP, Kernel, Role, Schedule, Shape, WORD};

/// The compute capabilities that PTX is emitted for, `75` for 7.5: those that LLVM 19 knows and has 16-bit
/// floats for. A newer device takes the text for the last of them.
pub const CAPABILITIES: [u32; 8] = [70, 72, 75, 80, 86, 87, 89, 90];

/// Checks a compute capability: LLVM itself takes any number, and makes code for the oldest device of
/// those that it does not know.
///
/// # Errors
///
/// [`Unsupported`] with all there are.
pub fn check_sm(sm: u32) -> Result<(), Unsupported> {
    if CAPABILITIES.contains(&sm) {
        return Ok(());
    }
    let [all @ .., last] = CAPABILITIES.map(|sm| sm.to_string());
    let newer =
        if sm > CAPABILITIES[CAPABILITIES.len() - 1] { ", which newer devices run" } else { "" };
    Err(Unsupported {
        target: "ptx",
        what: format!("the compute capability {sm}"),
        instead: format!("choose {} or {last}{newer}", all.join(", ")),
    })
}

/// What a back end returns: the code, and how to launch each kernel by its name.
///
/// Besides the kernels it was given there is always `reduce`, the second stage of a sum, and `outer` where
/// [`kernel::outer::is_needed`], products added up over lanes. Both are the same for every neuron;
/// `docs/kernel-ir.md` says what they compute.
pub struct Emitted {
    /// The code of all entries.
    pub code: artifact::Code,
    /// The entries by name.
    pub entries: BTreeMap<String, artifact::Entry>,
}

/// How an entry is launched: all but what follows from the kernel itself.
pub struct Launch {
    /// The name in the code.
    pub symbol: String,
    /// Where it begins in CPU code, in bytes.
    pub offset: u64,
    /// Threads of a block or workgroup; 1 on the CPU.
    pub threads: u32,
}

/// The manifest's description of a kernel.
pub fn entry(kernel: &Kernel, launch: Launch) -> artifact::Entry {
    let Schedule { chunk, lanes, block } = kernel.schedule;
    artifact::Entry {
        symbol: launch.symbol,
        offset: launch.offset,
        buffers: kernel.buffers.iter().map(|b| buffer(b, kernel)).collect(),
        scalars: kernel.scalars(),
        uniform: Vec::new(),
        chunk,
        lanes,
        threads: launch.threads,
        block,
        bytes: kernel::count(kernel).bytes,
    }
}

/// The manifest's description of `reduce`: `grad[g]` is the sum of `partial[(o * G + g) * S + s]` over
/// `o` in `0..O` and `s` in `0..S`, with Kahan's compensation, in that order or in another that depends
/// on the three numbers alone.
pub fn reduce_entry(launch: Launch) -> artifact::Entry {
    let buffers = vec![
        of_sums("partial", artifact::Role::Partial, &["O", "G", "S"], false),
        of_sums("grad", artifact::Role::Grad, &["G"], true),
    ];
    common_entry(launch, buffers, &["G", "S", "O"], 1)
}

/// The manifest's description of `outer`, which [`kernel::outer::run`] says the meaning of, for blocks of so many lanes.
/// Where `K` is 0, `right` is never read, but has to be some buffer.
pub fn outer_entry(launch: Launch, block: u32) -> artifact::Entry {
    let rows = format!("ceil(N / {block})");
    let buffers = vec![
        of_sums("left", artifact::Role::Grad, &["T", "N"], false),
        of_sums("right", artifact::Role::Input, &["K", "N"], false),
        of_sums("partial", artifact::Role::Partial, &[&rows, "T", "K + 1"], true),
    ];
    common_entry(launch, buffers, &["T", "N", "K", "stride.left", "stride.right"], block)
}

/// The description of an entry that is the same for every neuron.
fn common_entry(
    launch: Launch,
    buffers: Vec<artifact::Buffer>,
    scalars: &[&str],
    block: u32,
) -> artifact::Entry {
    artifact::Entry {
        symbol: launch.symbol,
        offset: launch.offset,
        buffers,
        scalars: scalars.iter().map(|s| s.to_string()).collect(),
        uniform: Vec::new(),
        chunk: 1,
        lanes: 1,
        threads: launch.threads,
        block,
        bytes: 0.0,
    }
}

fn of_sums(name: &str, role: artifact::Role, shape: &[&str], written: bool) -> artifact::Buffer {
    artifact::Buffer {
        name: name.into(),
        role,
        dtype: artifact::Dtype::F32,
        shape: shape.iter().map(|s| s.to_string()).collect(),
        written,
        optional: false,
        binding: None,
    }
}

fn buffer(buffer: &crate::kernel::Buffer, kernel: &Kernel) -> artifact::Buffer {
    artifact::Buffer {
        name: buffer.name.clone(),
        role: role(buffer.role),
        dtype: buffer.storage.into(),
        shape: shape(buffer.shape, kernel),
        written: buffer.written,
        optional: buffer.optional,
        binding: None,
    }
}

/// The segments of a launch.
const SEGMENTS: &str = "max(ceil(T / L), 1)";

/// A shape as expressions over the launch scalars.
fn shape(shape: Shape, kernel: &Kernel) -> Vec<String> {
    let schedule = kernel.schedule;
    let sums = |each: String| match kernel.is_segmented() {
        true => vec![SEGMENTS.into(), each],
        false => vec![each],
    };
    let text: &[&str] = match shape {
        Shape::Sequence => &["T", "N"],
        Shape::Lane => &["N"],
        Shape::Layer => &["1"],
        Shape::Channel => &["C"],
        Shape::Neuron => &["M"],
        Shape::Step => &["T"],
        Shape::Matrix => &["T", "T"],
        Shape::Checkpoint => {
            let rows = format!("max(ceil(T / {}), 1) - 1", schedule.chunk);
            return vec![rows, "N".into()];
        }
        Shape::Chunk => return vec![format!("ceil(T / {})", schedule.chunk), "N".into()],
        Shape::Packed => return vec![format!("ceil(T / {WORD})"), "N".into()],
        Shape::Segment => &[SEGMENTS, "N"],
        Shape::Group => return sums(format!("ceil(N / gcd(S, {GROUP}))")),
        Shape::Partial => return sums(format!("ceil(N / {})", schedule.block)),
    };
    text.iter().map(|s| s.to_string()).collect()
}

fn role(role: Role) -> artifact::Role {
    match role {
        Role::Input => artifact::Role::Input,
        Role::Output => artifact::Role::Output,
        Role::StateIn => artifact::Role::StateIn,
        Role::StateOut => artifact::Role::StateOut,
        Role::Param => artifact::Role::Param,
        Role::Saved => artifact::Role::Saved,
        Role::Grad => artifact::Role::Grad,
        Role::Partial => artifact::Role::Partial,
    }
}

/// The compute type under the name that manifests use.
pub fn compute(float: Float) -> artifact::Dtype {
    match float {
        Float::F32 => artifact::Dtype::F32,
        Float::F64 => artifact::Dtype::F64,
    }
}
