//! The passes of a scan over time: the factors of a neuron's states, and the kernels of segments.

use snn_artifact::Target;

use super::refuse::target_word;
use super::{Options, lowered as of_loop};
use crate::check::hir::Neuron;
use crate::diff::{Adjoint, Linear};
use crate::error::{EmitError, Unsupported};
use crate::kernel::lower::scan;
use crate::kernel::schedule::{LONG, suits_long};
use crate::kernel::{self, Kernel, Schedule, WORD};
use crate::saves;

/// Most states of a neuron that is scanned: what a segment does to them is as many numbers, squared.
const MOST_STATES: usize = 4;

/// What a scan is made of.
pub(super) struct Scan {
    /// Those of `forward`, of `forward_train` and of `backward`, each in the order they are launched.
    pub kernels: Vec<Kernel>,
    /// What of a step is saved for backward.
    pub saved: Vec<saves::Entry>,
}

/// Lowers the simplified adjoint of a neuron to the kernels of a scan.
pub(super) fn lowered(
    neuron: &Neuron,
    adjoint: &Adjoint,
    options: &Options,
) -> Result<Scan, EmitError> {
    let mut adjoint = adjoint.clone();
    linear(&mut neuron.clone(), neuron.graph.len(), options)?;
    let linear = linear(&mut adjoint.neuron, adjoint.n_primal, options)?;
    let schedule = schedule(&adjoint, options)?;
    let saves = saves::choose(&adjoint, &options.target, schedule);
    let kernels = scan::lower(&adjoint, &linear, schedule, &saves);
    let of_loop = kernel::lower(&adjoint, schedule, &saves);
    Ok(Scan { kernels, saved: saves::report::entries(&adjoint, &saves, &of_loop) })
}

/// Whether a neuron has such factors.
pub(super) fn can_scan(neuron: &Neuron, options: &Options) -> bool {
    linear(&mut neuron.clone(), neuron.graph.len(), options).is_ok()
}

/// The factors of the states.
fn linear(neuron: &mut Neuron, n: usize, options: &Options) -> Result<Linear, Unsupported> {
    let (name, states) = (neuron.name.clone(), &neuron.states);
    if states.is_empty() || states.len() > MOST_STATES {
        let what = format!("a scan of `{name}`, which has {} states", states.len());
        return Err(refuse(options, what, format!("it takes neurons with 1 to {MOST_STATES}")));
    }
    Linear::of(neuron, n).map_err(|i| {
        let state = &neuron.states[i].name;
        let why = "is no sum of the states before it with factors that no state decides";
        let what = format!("a scan of `{name}`, since `{state}` after a step {why}");
        refuse(options, what, "reset nothing, or leave `--schedule scan` out".into())
    })
}

fn refuse(options: &Options, what: String, instead: String) -> Unsupported {
    Unsupported { target: target_word(&options.target), what, instead }
}

/// The schedule of its kernels: chunks as they are for many steps, which divide a segment.
fn schedule(adjoint: &Adjoint, options: &Options) -> Result<Schedule, Unsupported> {
    let (lowered, _) = of_loop(adjoint, options);
    let own = lowered.backward.schedule;
    let is_free = matches!(options.target, Target::Ptx { .. }) && options.tuning.chunk.is_none();
    let is_long = is_free && suits_long(&lowered.backward);
    let chunk = if is_long { own.chunk.max(LONG) } else { own.chunk };
    if WORD.is_multiple_of(chunk) {
        return Ok(Schedule { chunk, ..own });
    }
    let instead = format!("a divisor of {WORD}, such as `--schedule scan,chunk=16`");
    Err(refuse(options, format!("a scan in chunks of {chunk} steps"), instead))
}
