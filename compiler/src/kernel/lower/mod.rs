//! From a neuron and its adjoint to the kernels that run them over time.
//!
//! `forward` carries the states through the steps. `forward_train` leaves the states at the start of
//! each chunk but the first as well. `backward` runs the chunks in reverse: it computes a chunk again
//! from those states and the inputs, with forward's own operations, and goes through its steps from the
//! last to the first. What is saved of each step is loaded instead of computed.

mod backward;
mod forward;
mod keep;
mod packed;
pub mod parallel;
pub mod scan;
#[cfg(test)]
mod tests;
mod trace;
mod writer;

pub use parallel::Sweeps;
pub use writer::{draw_operations, operations};

use self::scan::Part;
use super::{Kernel, Role, Schedule, without_dead};
use crate::diff::Adjoint;
use crate::saves::Saved;
use snn_artifact::naming::{self, LONG, Operand, SHORT};

/// The name of the kernel that takes gradients back.
pub const BACKWARD: &str = "backward";

/// Whether a kernel takes gradients back.
pub fn is_backward(kernel: &Kernel) -> bool {
    kernel
        .name
        .strip_prefix(BACKWARD)
        .is_some_and(|rest| matches!(rest, "" | SHORT | LONG) || naming::is_sweep(rest))
}

/// Whether a kernel is launched for few steps only: no more than those of one chunk.
pub fn is_short(kernel: &Kernel) -> bool {
    kernel.name.ends_with(SHORT)
}

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

impl Lowered {
    /// All of them.
    pub fn all(self) -> [Kernel; 3] {
        [self.forward, self.forward_train, self.backward]
    }

    /// The same under the names of kernels for few or for many steps.
    pub fn renamed(self, ending: &str) -> Self {
        let renamed =
            |kernel: Kernel| Kernel { name: format!("{}{ending}", kernel.name), ..kernel };
        Self {
            forward: renamed(self.forward),
            forward_train: renamed(self.forward_train),
            backward: renamed(self.backward),
        }
    }
}

/// Writes the kernels of a simplified adjoint, with what forward saves of each step. What backward does
/// not come to need of that is not stored.
pub fn lower(adjoint: &Adjoint, schedule: Schedule, saves: &[Saved]) -> Lowered {
    let backward = without_dead(backward::write(adjoint, schedule, saves, Part::All));
    let (saved, saves) = stored(&backward, saves);
    let forward = |name, saved: &[&str], saves: &[&Saved]| {
        without_dead(forward::write(name, &adjoint.neuron, schedule, saved, saves, Part::All))
    };
    Lowered {
        forward: forward("forward", &[], &[]),
        forward_train: forward("forward_train", &saved, &saves),
        backward,
    }
}

/// The buffers that backward reads of what is saved, and the values of steps among them.
fn stored<'s>(backward: &'s Kernel, saves: &'s [Saved]) -> (Vec<&'s str>, Vec<&'s Saved>) {
    let saved = backward.buffers.iter().filter(|buffer| buffer.role == Role::Saved);
    let saved: Vec<&str> = saved.map(|buffer| buffer.name.as_str()).collect();
    let is_read = |s: &&Saved| saved.contains(&Operand::Trace(&s.name).to_string().as_str());
    let saves = saves.iter().filter(is_read).collect();
    (saved, saves)
}
