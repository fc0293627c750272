//! From a neuron and its adjoint to the kernels that run them over time.
//!
//! `forward` carries the states through the steps. `forward_train` leaves the states at the start of
//! each chunk but the first as well. `backward` runs the chunks in reverse: it computes a chunk again
//! from those states and the inputs, with forward's own operations, and goes through its steps from the
//! last to the first.

mod backward;
mod forward;
mod keep;
#[cfg(test)]
mod tests;
mod writer;

use super::{Kernel, Role, Schedule, without_dead};
use crate::diff::Adjoint;

/// The kernels of a neuron, before they are legal for a target.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// Outputs and last states.
    pub forward: Kernel,
    /// The same, and what backward reads.
    pub forward_train: Kernel,
    /// Gradients of inputs, first states and learnt params.
    pub backward: Kernel,
}

/// Writes the kernels of a simplified adjoint.
pub fn lower(adjoint: &Adjoint, schedule: Schedule) -> Lowered {
    let backward = without_dead(backward::write(adjoint, schedule));
    let saved = backward.buffers.iter().filter(|buffer| buffer.role == Role::Saved);
    let saved: Vec<&str> = saved.map(|buffer| buffer.name.as_str()).collect();
    let forward =
        |name, saved: &[&str]| without_dead(forward::write(name, &adjoint.neuron, schedule, saved));
    Lowered {
        forward: forward("forward", &[]),
        forward_train: forward("forward_train", &saved),
        backward,
    }
}
