//! Forward, recorded by libtorch's autograd.

use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;

use snn_artifact::naming::Operand;
use snn_artifact::{Buffer, Entry, Role};
use tch::Tensor;

use super::backward::Backward;
use super::buffers::kind;
use super::kernels::Kernels;
use super::operands::{Operands, Run};
use super::parallel;
use super::record::{checked, record};
use super::{Buffers, Forward};
use crate::device::{Argument, Memory};
use crate::error::Result;

unsafe extern "C" {
    fn snn_torch_stream(device: c_int, stream: *mut *mut c_void) -> *mut c_char;
}

/// Runs `forward`, or `forward_train` where a gradient will be asked for.
pub fn forward(operands: Operands, kernels: Arc<Kernels>) -> Result<Forward> {
    let Operands { run, given, declared, .. } = operands;
    let mut buffers = stored(&kernels, given)?;
    for (param, n) in &declared {
        let (name, tensor) =
            (Operand::Param(&param.name), kernels.declared(param, *n, run.device)?);
        match param.has_steps() && !kernels.manifest.parallel {
            false => buffers.insert(name.to_string(), tensor),
            true if run.shape.iter().product::<i64>() == 0 => {
                let none = Tensor::empty(&run.shape[..], (tensor.kind(), run.device));
                buffers.insert(Operand::Input(&param.name).to_string(), none)
            }
            true => {
                let sizes = run.sizes(param.sharing);
                let shape: Vec<i64> = run.shape[..1].iter().chain(&sizes).copied().collect();
                let full = run.stepped(param.sharing, &tensor.reshape(shape), &sizes);
                buffers.insert(Operand::Input(&param.name).to_string(), full)
            }
        };
    }
    parallel::matrices(&kernels, &run, &mut buffers)?;
    let learns = tch_grad_enabled() && buffers.values().any(Tensor::requires_grad);
    let name = if learns { "forward_train" } else { "forward" };
    let left_out = |buffer: &Buffer| buffer.role == Role::StateOut && !run.keeps_states;
    tch::no_grad(|| launch(&kernels, &run, name, &mut buffers, left_out))?;
    let mut results = Forward::default();
    for port in &kernels.manifest.outputs {
        let made = buffers.remove(&Operand::Output(&port.name).to_string());
        results.outputs.extend(made.map(|tensor| (port.name.clone(), tensor)));
    }
    for port in kernels.manifest.states.iter().filter(|_| run.keeps_states) {
        let made = buffers.remove(&Operand::Next(&port.name).to_string());
        results.states.extend(made.map(|tensor| (port.name.clone(), tensor)));
    }
    if learns {
        let backward = Backward::new(run, kernels, &buffers)?;
        let of = |names: &[String]| names.iter().map(|name| buffers.get(name)).collect();
        let (inputs, saved) = (of(backward.inputs()), of(backward.saved()));
        let made: Vec<&Tensor> = results.outputs.values().chain(results.states.values()).collect();
        record(backward, &inputs, &saved, &made)?;
    }
    Ok(results)
}

/// Whether operations are recorded on this thread. tch tells only by setting it.
pub fn tch_grad_enabled() -> bool {
    // SAFETY: both calls only touch a flag of this thread.
    unsafe {
        let before = torch_sys::at_grad_set_enabled(0);
        torch_sys::at_grad_set_enabled(before);
        before != 0
    }
}

/// What was given in the types that kernels store it in.
fn stored(kernels: &Kernels, given: Buffers) -> Result<Buffers> {
    let entries = || kernels.manifest.entries.values().flat_map(|entry| &entry.buffers);
    let one = |(name, tensor): (String, Tensor)| {
        let Some(buffer) = entries().find(|buffer| buffer.name == name) else {
            return Ok((name, tensor));
        };
        let kind = kind(buffer.dtype)?;
        let own = if tensor.kind() == kind { tensor } else { tensor.to_kind(kind) };
        Ok((name, own))
    };
    given.into_iter().map(one).collect()
}

/// Starts an entry; what it writes is made and put to the buffers, but for what may be left out and is.
pub fn launch(
    kernels: &Kernels,
    run: &Run,
    name: &str,
    buffers: &mut Buffers,
    left_out: impl Fn(&Buffer) -> bool,
) -> Result<()> {
    kernels
        .launches(name, run.geometry.steps)?
        .try_for_each(|(name, entry)| launch_entry(kernels, run, (name, entry), buffers, &left_out))
}

fn launch_entry(
    kernels: &Kernels,
    run: &Run,
    (name, entry): (&str, &Entry),
    buffers: &mut Buffers,
    left_out: &impl Fn(&Buffer) -> bool,
) -> Result<()> {
    let is_made = |buffer: &&Buffer| buffer.written && !(buffer.optional && left_out(buffer));
    for buffer in entry.buffers.iter().filter(is_made) {
        buffers.insert(buffer.name.clone(), run.create(entry, buffer)?);
    }
    let stride = |buffer: &str| {
        buffers.get(buffer).filter(|tensor| tensor.dim() > 0).map_or(0, |tensor| tensor.stride()[0])
    };
    let scalars = run.scalars(entry, stride)?;
    start(kernels, name, entry, run.geometry.lanes, buffers, &scalars)
}

/// Starts an entry over buffers that are all there.
pub fn start(
    kernels: &Kernels,
    name: &str,
    entry: &Entry,
    lanes: usize,
    buffers: &Buffers,
    scalars: &[i64],
) -> Result<()> {
    let memory = |name: &String| Some(kernels.place.memory(name, buffers.get(name)?));
    let mut memories: Vec<_> = entry.buffers.iter().map(|buffer| memory(&buffer.name)).collect();
    let written = entry.buffers.iter().map(|buffer| buffer.written);
    let mut arguments: Vec<Argument<'_>> =
        memories.iter_mut().zip(written).map(|(m, w)| argument(m, w)).collect();
    kernels.module.launch(name, 0, lanes, &mut arguments, scalars)
}

fn argument(memory: &mut Option<Box<dyn Memory>>, written: bool) -> Argument<'_> {
    match memory.as_deref_mut() {
        None => Argument::Absent,
        Some(memory) if written => Argument::Write(memory),
        Some(memory) => Argument::Read(memory),
    }
}

/// The handle of the stream that is current on a device.
pub fn stream(ordinal: usize) -> Result<usize> {
    let mut stream = std::ptr::null_mut();
    // SAFETY: it writes the one pointer that it is given.
    let message = unsafe { snn_torch_stream(ordinal as c_int, &mut stream) };
    checked("finding the current stream", message)?;
    Ok(stream as usize)
}

/// Whether a buffer is one that backward reads and forward leaves.
pub fn is_kept(role: Role) -> bool {
    matches!(role, Role::Input | Role::Param | Role::StateIn | Role::Saved)
}
