//! What some neurons are told besides their options and params.

use crate::layer::NeuronBuilder;

use tch::Tensor;

use super::{GatedLif, MaskedPsn, NonSpikingIf, NonSpikingLif, Plif, Psn, SlidingPsn, TimedDecay};

/// How a neuron that does not spike is read out, once for all steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decode {
    /// Its potential of the last step.
    LastMem,
    /// The largest of all steps.
    MaxMem,
    /// The one of all steps that is farthest from 0, with its sign.
    MaxAbsMem,
    /// The mean over all steps.
    MeanMem,
}

impl Decode {
    /// Tells a neuron that has `max_mem`, `max_abs_mem` and `mean_mem`.
    pub(super) fn give(self, builder: NeuronBuilder) -> NeuronBuilder {
        let builder = builder.output("y");
        match self {
            Self::LastMem => builder,
            Self::MaxMem => builder.option("max_mem", "true"),
            Self::MaxAbsMem => builder.option("max_abs_mem", "true"),
            Self::MeanMem => builder.option("mean_mem", "true"),
        }
    }
}

impl NonSpikingIf {
    /// Gives `[N, *]`, read out so, in place of the potential of each step.
    pub fn decode(self, decode: Decode) -> Self {
        Self(decode.give(self.0))
    }
}

impl NonSpikingLif {
    /// Gives `[N, *]`, read out so, in place of the potential of each step.
    pub fn decode(self, decode: Decode) -> Self {
        Self(decode.give(self.0))
    }
}

impl Plif {
    /// The time constant in steps that the leak `k = 1 / tau` begins with, above 1.
    pub fn init_tau(self, tau: f64) -> Self {
        self.k(1.0 / tau)
    }
}

impl Psn {
    /// How many steps every sequence has.
    pub fn steps(self, steps: i64) -> Self {
        Self(self.0.steps(steps))
    }
}

impl MaskedPsn {
    /// How many steps every sequence has.
    pub fn steps(self, steps: i64) -> Self {
        Self(self.0.steps(steps))
    }
}

impl SlidingPsn {
    /// Looks at the last `k` steps, with weights that begin with 1 for the present one and half as much for each step
    /// before; with [`SlidingPsn::k`] alone they are drawn.
    pub fn exp_init(self, k: i64) -> Self {
        let weights: Vec<f32> = (0..k).rev().map(|ago| 0.5_f32.powi(ago as i32)).collect();
        self.k(k).w(&Tensor::from_slice(&weights))
    }
}

impl TimedDecay {
    /// How many steps every sequence has.
    pub fn steps(self, steps: i64) -> Self {
        Self(self.0.steps(steps))
    }
}

impl GatedLif {
    /// How many steps every sequence has. `linear_decay` begins with `v_threshold / (2 steps)`.
    pub fn steps(self, steps: i64) -> Self {
        Self(self.0.option("steps", &steps.to_string()).steps(steps))
    }
}
