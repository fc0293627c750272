//! What decides the code beside the neuron.

use snn_artifact::Target;
use snn_artifact::naming::{LONG, SHORT};

use crate::egraph;
use crate::egraph::cost::Weights;
use crate::kernel::schedule::{self, Spread, Tuning};
use crate::kernel::{self, Capabilities, Kernel, Schedule, Verified, lower};

/// What decides the code beside the neuron.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What the code is for.
    pub target: Target,
    /// What of the schedules is not the target's own.
    pub tuning: Tuning,
    /// Whether backward is simplified with all rules, or with those that every compiler has.
    pub simplify: bool,
    /// Whether the code tells a profiler which line of the program each instruction is for. Only PTX does.
    pub line_info: bool,
}

impl Options {
    /// Those of a target.
    pub fn new(target: Target) -> Self {
        Self { target, tuning: Tuning::default(), simplify: true, line_info: false }
    }

    /// The schedule that kernels are lowered with, before it is known what they need.
    #[doc(hidden)]
    pub fn schedule(&self) -> Schedule {
        let own = kernel::schedule(&self.target);
        Schedule { chunk: self.tuning.chunk.unwrap_or(own.chunk).max(1), ..own }
    }

    /// The schedule of one of a neuron's kernels.
    pub(super) fn schedule_of(&self, kernel: &Kernel) -> Schedule {
        match self.target {
            Target::Cpu { .. } => return kernel.schedule,
            Target::Wgsl => return schedule::on_webgpu(kernel),
            Target::Ptx { .. } => {}
        }
        let wanted = match lower::is_backward(kernel) {
            true => self.tuning.backward,
            false => self.tuning.forward,
        };
        let Spread { lanes, threads } = wanted.unwrap_or_else(|| schedule::spread(kernel));
        Schedule { lanes, block: lanes * threads, ..kernel.schedule }
    }

    /// Those of the kernels for few and for many steps, with the endings of their names, where a target
    /// has such beside these.
    pub(super) fn others(&self, kernels: &[Verified<Kernel>]) -> Vec<(&'static str, Self)> {
        if !matches!(self.target, Target::Ptx { .. }) || self.tuning.chunk.is_some() {
            return Vec::new();
        }
        // Draws make the code of a step long, and not its memory: there is one set of kernels for all lengths.
        if kernels.iter().any(|kernel| kernel.draws()) {
            return Vec::new();
        }
        let of_chunk = |chunk| Self { tuning: Tuning::of_chunk(chunk), ..self.clone() };
        let own = kernels.iter().map(|kernel| kernel.schedule.chunk).min().unwrap_or(1);
        // Chunks are short already.
        if own < schedule::SHORT {
            return Vec::new();
        }
        let mut others = vec![(SHORT, of_chunk(own.min(schedule::SHORT)))];
        if kernels.iter().all(|kernel| schedule::suits_long(kernel)) {
            others.push((LONG, of_chunk(schedule::LONG)));
        }
        others
    }

    pub(super) fn simplification(&self) -> egraph::Options {
        let weights = match self.target {
            Target::Cpu { .. } => Weights::CPU,
            Target::Ptx { .. } | Target::Wgsl => Weights::GPU,
        };
        egraph::Options { plain: !self.simplify, ..egraph::Options::new(weights) }
    }

    /// Whether a product and a sum cost no more than one of them.
    #[doc(hidden)]
    pub fn has_fma(&self) -> bool {
        match &self.target {
            Target::Cpu { level } => level != "x86-64-v2",
            Target::Ptx { .. } => true,
            Target::Wgsl => false,
        }
    }

    pub(super) fn capabilities(&self) -> Capabilities {
        match &self.target {
            Target::Cpu { .. } => Capabilities::CPU,
            Target::Ptx { .. } => Capabilities::PTX,
            Target::Wgsl => Capabilities::WGSL,
        }
    }
}
