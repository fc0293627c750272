//! Times schedules on a device.

use std::sync::Arc;

use snn_compiler::kernel::schedule::Tuning;
use snn_compiler::pipeline::Front;

use super::search::Times;
use crate::device::{Device, median_seconds};
use crate::error::{Error, Result};
use crate::jit::Jit;
use crate::neuron::{Call, Neuron, Seeds};

/// Launches before those that count, and those, whose median counts.
const WARM_UP: usize = 2;
const RUNS: usize = 7;

/// What is timed, and where.
pub struct Clock<'a> {
    /// The compiler.
    pub jit: &'a Jit,
    /// The neuron.
    pub front: &'a Front,
    /// The device.
    pub device: &'a Arc<dyn Device>,
    /// The operands.
    pub call: &'a Call,
    /// Their steps.
    pub steps: usize,
}

impl Clock<'_> {
    /// What a schedule takes.
    ///
    /// # Errors
    ///
    /// Those of the compiler, the device and the call. Only that a device does not take a schedule other
    /// than the compiler's own is none: such a schedule is not timed.
    pub fn time(&self, tuning: &Tuning) -> Result<Times> {
        let neuron = match self.load(tuning) {
            Err(Error::Unsupported { .. }) if *tuning != Tuning::default() => {
                return Ok(Times::default());
            }
            loaded => loaded?,
        };
        let mut prepared = neuron.prepare(self.call)?;
        prepared.seed(&Seeds::ones())?;
        let time = |entry: &str, launch: &mut dyn FnMut() -> Result<()>| {
            let median = || median_seconds(self.device.as_ref(), WARM_UP, RUNS, launch);
            (!neuron.spills(entry, self.steps)).then(median).transpose()
        };
        let forward = time("forward_train", &mut || prepared.launch_forward_train())?;
        let backward = time("backward", &mut || prepared.launch_backward())?;
        Ok(Times { forward, backward })
    }

    fn load(&self, tuning: &Tuning) -> Result<Neuron> {
        let artifact = self.jit.artifact_of(self.front, &self.device.target(), *tuning)?;
        Neuron::load(Arc::clone(self.device), artifact)
    }
}
