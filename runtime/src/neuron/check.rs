//! A manifest against what this runtime knows, before anything is launched by it.
//!
//! Behind this check a buffer's name says what it is, its shape is the one that this runtime fills, and
//! each scalar has a value.

use std::mem::discriminant;

use snn_artifact::naming::{Operand, of_matrix};
use snn_artifact::{
    ABI, Buffer, Dtype, Entry, Manifest, Param, Port, Role, SCHEMA, Sharing, Target,
};

use crate::device::Device;
use crate::error::{Error, Result};

/// The kernels.
pub const FORWARD: &str = "forward";
/// Forward, and what backward needs of it.
pub const FORWARD_TRAIN: &str = "forward_train";
/// Gradients of inputs, states and, in part, params.
pub const BACKWARD: &str = "backward";
/// The second stage of the params' gradients.
pub const REDUCE: &str = "reduce";

/// Products of two sequences, added up over lanes.
pub const OUTER: &str = "outer";

/// The buffers and scalars of [`REDUCE`].
const REDUCE_BUFFERS: [(&str, bool); 2] = [("partial", false), ("grad", true)];
const REDUCE_SCALARS: [&str; 3] = ["G", "S", "O"];
/// Those of [`OUTER`].
const OUTER_BUFFERS: [(&str, bool); 3] = [("left", false), ("right", false), ("partial", true)];
const OUTER_SCALARS: [&str; 5] = ["T", "N", "K", "stride.left", "stride.right"];
/// The scalars that other entries may take beside strides.
const SCALARS: [&str; 9] = ["T", "N", "C", "S", "M", "seed.low", "seed.high", "first_step", "L"];

/// Holds a manifest against this runtime and the device.
///
/// # Errors
///
/// [`Error::Artifact`] with what does not fit, [`Error::Unsupported`] for element types that are not
/// known.
pub fn manifest(manifest: &Manifest, device: &dyn Device) -> Result<()> {
    versions(manifest)?;
    target(&manifest.target, device)?;
    if !manifest.entries.contains_key(FORWARD) {
        return Err(broken(format!("it has no entry `{FORWARD}`")));
    }
    dtypes(manifest, device)?;
    for (name, entry) in &manifest.entries {
        if name == REDUCE {
            takes(entry, name, &REDUCE_BUFFERS, &REDUCE_SCALARS)?;
        } else if name == OUTER {
            takes(entry, name, &OUTER_BUFFERS, &OUTER_SCALARS)?;
        } else if !is_of_matrix(manifest, name) {
            kernel(manifest, name, entry)?;
        }
    }
    let programs = manifest.matrices.iter().filter_map(|matrix| matrix.program.as_deref());
    programs.into_iter().try_for_each(|program| self::manifest(program, device))
}

fn broken(why: String) -> Error {
    Error::Artifact(why)
}

fn versions(manifest: &Manifest) -> Result<()> {
    let Manifest { schema, abi, .. } = manifest;
    if (*schema, *abi) == (SCHEMA, ABI) {
        return Ok(());
    }
    let have = format!("this runtime takes schema {SCHEMA} and kernel ABI {ABI}");
    Err(broken(format!("it has schema {schema} and kernel ABI {abi}; {have}")))
}

/// Which level or capability will do is the device's to say.
fn target(target: &Target, device: &dyn Device) -> Result<()> {
    if discriminant(target) == discriminant(&device.target()) {
        return Ok(());
    }
    let (is, needs) = (language(target), language(&device.target()));
    Err(broken(format!("it is {is}, and {} needs {needs}", device.name())))
}

fn language(target: &Target) -> &'static str {
    match target {
        Target::Cpu { .. } => "CPU code",
        Target::Ptx { .. } => "PTX",
        Target::Wgsl => "WGSL",
    }
}

fn dtypes(manifest: &Manifest, device: &dyn Device) -> Result<()> {
    const REALS: &[Dtype] = &[Dtype::F32, Dtype::F16, Dtype::Bf16];
    let Manifest { inputs, outputs, states, entries, .. } = manifest;
    let ports = [
        ("input", inputs, REALS),
        ("output", outputs, REALS),
        ("state", states, &[Dtype::F32, Dtype::I32]),
    ];
    let ports = ports.iter().flat_map(|(kind, ports, known)| {
        ports.iter().map(move |Port { name, dtype, .. }| {
            (format!("{kind} `{name}`"), *dtype, known.contains(dtype))
        })
    });
    let own = entries.iter().filter(|(name, _)| !is_of_matrix(manifest, name));
    let buffers = own.flat_map(|(_, entry)| &entry.buffers);
    // What is saved only the kernels read, and they know its type.
    let buffers = buffers.filter(|buffer| buffer.role != Role::Saved).map(|buffer| {
        let fits = buffer.dtype == dtype(manifest, &buffer.name);
        (format!("buffer `{}`", buffer.name), buffer.dtype, fits)
    });
    match ports.chain(buffers).find(|(.., fits)| !fits) {
        None => Ok(()),
        Some((what, dtype, _)) => Err(Error::Unsupported {
            device: device.name(),
            what: format!("{what} of type {dtype}"),
            instead: "inputs and outputs are f32, f16 or bf16, states f32 or i32, each as its \
                      buffers are, and all else is f32"
                .into(),
        }),
    }
}

/// The type of a buffer's elements: that of the port which it belongs to.
pub fn dtype(manifest: &Manifest, buffer: &str) -> Dtype {
    let of = |ports: &[Port], name: &str| {
        let port = ports.iter().find(|port| port.name == name);
        port.map_or(Dtype::F32, |port| port.dtype)
    };
    match Operand::parse(buffer) {
        Some(Operand::Input(name) | Operand::InputGrad(name)) => of(&manifest.inputs, name),
        Some(Operand::Output(name) | Operand::OutputGrad(name)) => of(&manifest.outputs, name),
        Some(Operand::State(name) | Operand::Next(name)) => of(&manifest.states, name),
        Some(Operand::Packed(_)) => Dtype::I32,
        _ => Dtype::F32,
    }
}

/// Whether a buffer holds an int state.
pub fn is_int(manifest: &Manifest, buffer: &str) -> bool {
    dtype(manifest, buffer) == Dtype::I32
}

/// That an entry which is the same for every neuron takes what it has to.
fn takes(entry: &Entry, name: &str, buffers: &[(&str, bool)], scalars: &[&str]) -> Result<()> {
    let own = entry.buffers.iter().map(|b| (b.name.as_str(), b.written));
    if own.eq(buffers.iter().copied()) && entry.scalars == scalars {
        return Ok(());
    }
    let buffers: Vec<String> = buffers.iter().map(|(name, _)| format!("`{name}`")).collect();
    let (buffers, scalars) = (buffers.join(", "), scalars.join(", "));
    Err(broken(format!("its entry `{name}` does not take {buffers} and {scalars}")))
}

/// Whether an entry is of the program of a matrix, whose own manifest describes it.
fn is_of_matrix(manifest: &Manifest, name: &str) -> bool {
    let mut prefixes = (0..manifest.matrices.len()).map(of_matrix);
    prefixes.any(|prefix| name.starts_with(&prefix))
}

fn kernel(manifest: &Manifest, name: &str, entry: &Entry) -> Result<()> {
    if entry.block == 0 {
        return Err(broken(format!("its entry `{name}` has blocks of no lanes")));
    }
    for known in &entry.buffers {
        let why = |why| broken(format!("buffer `{}` of `{name}` {why}", known.name));
        buffer(manifest, known).map_err(why)?;
    }
    for scalar in &entry.scalars {
        let stride = scalar.strip_prefix("stride.");
        let known = match stride {
            Some(of) => entry.buffers.iter().any(|b| b.name == of),
            None => SCALARS.contains(&scalar.as_str()),
        };
        if !known {
            return Err(broken(format!("scalar `{scalar}` of `{name}` is not known")));
        }
    }
    Ok(())
}

/// A buffer's name, role and shape; what is wrong with it.
fn buffer(manifest: &Manifest, buffer: &Buffer) -> std::result::Result<(), String> {
    let operand = Operand::parse(&buffer.name).ok_or("is not known")?;
    let Some(wanted) = wanted(manifest, operand) else {
        return Err(format!("is of a `{}` that the neuron does not have", operand.name()));
    };
    if buffer.role != wanted.role {
        return Err(format!("has the role {:?}", buffer.role));
    }
    // Sums of a scan are those of each segment.
    let each = match buffer.shape.split_first() {
        Some((first, each)) if buffer.role == Role::Partial && first == SEGMENTS => each,
        _ => &buffer.shape,
    };
    let shape = match wanted.shape {
        Some(shape) => each == shape,
        None => !buffer.shape.is_empty(),
    };
    if shape { Ok(()) } else { Err(format!("has the shape [{}]", buffer.shape.join(", "))) }
}

/// What a buffer has to be; no shape where the kernel's schedule decides it.
struct Wanted {
    role: Role,
    shape: Option<&'static [&'static str]>,
}

/// The segments of a scan.
const SEGMENTS: &str = "max(ceil(T / L), 1)";
const SEQUENCE: &[&str] = &["T", "N"];
const LANE: &[&str] = &["N"];
const WORDS: &[&str] = &["ceil(T / 32)", "N"];
/// A sum for each [`group`](snn_artifact::group) of lanes.
const GROUPS: &[&str] = &["ceil(N / gcd(S, 16))"];

/// What the buffer of an operand has to be; none for one that the neuron does not have.
fn wanted(manifest: &Manifest, operand: Operand<'_>) -> Option<Wanted> {
    let Manifest { inputs, outputs, states, .. } = manifest;
    let stepped = |role| {
        let mut params = manifest.params.iter().filter(|param| param.has_steps());
        let known = params.any(|param| param.name == operand.name());
        known.then_some(Wanted { role, shape: Some(SEQUENCE) })
    };
    let port = |ports: &[Port], role, shape| {
        let known = ports.iter().any(|port| port.name == operand.name());
        known.then_some(Wanted { role, shape: Some(shape) })
    };
    match operand {
        Operand::Input(_) => port(inputs, Role::Input, SEQUENCE).or_else(|| stepped(Role::Input)),
        Operand::InputGrad(_) => port(inputs, Role::Grad, SEQUENCE).or_else(|| stepped(Role::Grad)),
        Operand::Output(name) => port(outputs, Role::Output, given(outputs, name)),
        Operand::OutputGrad(name) => port(outputs, Role::Grad, given(outputs, name)),
        Operand::Packed(name) => {
            let is_packed = outputs.iter().any(|port| port.name == name && port.packed);
            is_packed.then_some(Wanted { role: Role::Output, shape: Some(WORDS) })
        }
        Operand::State(_) => port(states, Role::StateIn, LANE),
        Operand::StateGrad(_) => port(states, Role::Grad, LANE),
        Operand::Next(_) => port(states, Role::StateOut, LANE),
        Operand::NextGrad(_) => port(states, Role::Grad, LANE),
        Operand::Saved(_) | Operand::Trace(_) => Some(Wanted { role: Role::Saved, shape: None }),
        Operand::Matrix(name) => {
            let known = manifest.matrices.iter().any(|matrix| matrix.name == name);
            known.then_some(Wanted { role: Role::Param, shape: Some(&["T", "T"]) })
        }
        Operand::Param(_) if manifest.parallel && stepped(Role::Param).is_some() => {
            Some(Wanted { role: Role::Param, shape: Some(&["T"]) })
        }
        Operand::Param(name) => {
            let sharing = sharing(manifest, name)?;
            Some(Wanted { role: Role::Param, shape: Some(numbers(sharing)) })
        }
        Operand::Partial(name) => {
            let shape = match sharing(manifest, name)? {
                Sharing::Layer => None,
                Sharing::Channel => Some(GROUPS),
                Sharing::Neuron => Some(LANE),
            };
            Some(Wanted { role: Role::Partial, shape })
        }
    }
}

/// The shape that an output is given in.
fn given(outputs: &[Port], name: &str) -> &'static [&'static str] {
    let is_last = outputs.iter().any(|port| port.name == name && port.last);
    if is_last { LANE } else { SEQUENCE }
}

/// The shape of a param's numbers.
fn numbers(sharing: Sharing) -> &'static [&'static str] {
    match sharing {
        Sharing::Layer => &["1"],
        Sharing::Channel => &["C"],
        Sharing::Neuron => &["M"],
    }
}

/// Who shares a number of a param of kernels.
fn sharing(manifest: &Manifest, name: &str) -> Option<Sharing> {
    let params = manifest.params.iter().filter(|param| !param.has_steps());
    params.flat_map(Param::elements).find(|param| param.name == name).map(|param| param.sharing)
}
