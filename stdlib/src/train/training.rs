//! What is trained, and how.

use std::path::PathBuf;

use tch::{Device, Kind};

use super::checkpoints::Checkpoints;
use super::meter::Meter;
use super::progress::Progress;
use super::stepper::Stepper;
use crate::data::loader::Sampler;
use crate::log::events::Events;
use crate::nn::{self, Module};
use crate::optim::{Optimizer, Schedule};

/// What a schedule counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Per {
    /// Steps.
    Step,
    /// Epochs.
    Epoch,
}

/// A network with all that it is trained with.
pub struct Training<N> {
    /// What learns.
    pub network: N,
    /// What a step does.
    pub stepper: Stepper,
    pub(super) device: Device,
    pub(super) sampler: Sampler,
    pub(super) settings: Settings,
    pub(super) checkpoints: Option<Checkpoints>,
    pub(super) log: Option<PathBuf>,
    pub(super) events: Option<Events>,
    pub(super) progress: Progress,
}

pub(super) struct Settings {
    pub(super) epochs: u64,
    pub(super) schedule: (Schedule, Per),
    /// Steps between checkpoints, and between looks at the loss.
    pub(super) every: Option<u64>,
    pub(super) read: u64,
    pub(super) resume: bool,
    pub(super) quiet: bool,
}

impl<N: Module> Training<N> {
    /// One epoch over a sampler's batches, in f32 and with the optimizer's rate.
    pub fn new(network: N, optimizer: Optimizer, sampler: Sampler) -> Self {
        let device =
            nn::entries(&network).first().map_or(Device::Cpu, |entry| entry.tensor.device());
        let progress = Progress {
            position: sampler.position(0, 0),
            step: 0,
            rate: optimizer.rate(),
            meter: Meter::default(),
            seconds: 0.0,
            epochs: Vec::new(),
        };
        let settings = Settings {
            epochs: 1,
            schedule: (Schedule::Constant, Per::Epoch),
            every: None,
            read: 50,
            resume: false,
            quiet: false,
        };
        Self {
            network,
            stepper: Stepper::new(optimizer, device),
            device,
            sampler,
            settings,
            checkpoints: None,
            log: None,
            events: None,
            progress,
        }
    }

    /// How many epochs, those before a checkpoint too.
    pub fn epochs(mut self, n: u64) -> Self {
        self.settings.epochs = n;
        self
    }

    /// Computes in 16 bits where that is safe: `Kind::BFloat16`, or `Kind::Half` with loss scaling.
    pub fn precision(self, kind: Kind) -> Self {
        Self { stepper: self.stepper.precision(kind), ..self }
    }

    /// Makes all gradients together no longer than this before each step.
    pub fn clip(self, norm: f64) -> Self {
        Self { stepper: self.stepper.clip(norm), ..self }
    }

    /// The learning rate over steps or epochs, beginning with the optimizer's.
    pub fn schedule(mut self, schedule: Schedule, per: Per) -> Self {
        self.settings.schedule = (schedule, per);
        self
    }

    /// Saves a checkpoint at the end of each epoch.
    pub fn checkpoints(self, checkpoints: Checkpoints) -> Self {
        Self { checkpoints: Some(checkpoints), ..self }
    }

    /// Also saves one after each `steps` steps.
    pub fn checkpoint_every(mut self, steps: u64) -> Self {
        self.settings.every = Some(steps.max(1));
        self
    }

    /// Whether to go on from the last checkpoint where there is one; its learning rate goes before the optimizer's.
    /// Without this, a folder that has checkpoints is refused.
    pub fn resume(mut self, resume: bool) -> Self {
        self.settings.resume = resume;
        self
    }

    /// Logs for TensorBoard into a folder: `loss` and `rate` whenever the loss is read, metrics at the end of an epoch,
    /// over steps.
    pub fn log(self, folder: impl Into<PathBuf>) -> Self {
        Self { log: Some(folder.into()), ..self }
    }

    /// Reads the loss after each `steps` steps, 50 without this. Each time waits for the device.
    pub fn read_every(mut self, steps: u64) -> Self {
        self.settings.read = steps.max(1);
        self
    }

    /// Shows no bar.
    pub fn quiet(mut self) -> Self {
        self.settings.quiet = true;
        self
    }
}
