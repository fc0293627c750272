//! A loaded neuron: arrays in, arrays out, on any device.

mod array;
mod call;
mod prepared;

use std::sync::Arc;

use snn_artifact::{Artifact, Manifest};

use crate::device::{Device, Module};
use crate::error::{Error, Result};

pub use array::{Array, Arrays};
pub use call::{ALL, CHANNEL_AXIS, Call, Forward, Gradients, Seeds};
pub use prepared::Prepared;

/// A neuron's kernels on a device.
pub struct Neuron {
    device: Arc<dyn Device>,
    module: Box<dyn Module>,
    manifest: Manifest,
}

impl Neuron {
    /// Loads an artifact.
    ///
    /// # Errors
    ///
    /// [`Error::Artifact`] where it is of another version, for another device, or asks for what this
    /// runtime does not know; those of the device.
    pub fn load(device: Arc<dyn Device>, artifact: Artifact) -> Result<Self> {
        let module = device.load(&artifact)?;
        Ok(Self { device, module, manifest: artifact.manifest })
    }

    /// What the artifact says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What it runs on.
    pub fn device(&self) -> &Arc<dyn Device> {
        &self.device
    }

    /// Outputs and last states.
    ///
    /// # Errors
    ///
    /// Names the operand that is missing, unknown, of the wrong shape, out of its range or without room.
    pub fn forward(&self, call: &Call) -> Result<Forward> {
        let mut prepared = self.prepare(call)?;
        prepared.launch_forward()?;
        prepared.read_forward()
    }

    /// The gradients of what `seeds` weigh, and what forward gives.
    ///
    /// # Errors
    ///
    /// As [`Neuron::forward`].
    pub fn grad(&self, call: &Call, seeds: &Seeds) -> Result<Gradients> {
        let mut prepared = self.prepare(call)?;
        prepared.seed(seeds)?;
        prepared.launch_forward_train()?;
        prepared.launch_backward()?;
        prepared.read_gradients()
    }

    /// Copies the operands to the device, to be launched on any number of times.
    ///
    /// # Errors
    ///
    /// As [`Neuron::forward`].
    pub fn prepare(&self, _call: &Call) -> Result<Prepared<'_>> {
        Err(Error::Unsupported {
            device: self.device.name(),
            what: format!("runs of `{}` yet", self.module_name()),
            instead: "use a later version".into(),
        })
    }

    fn module_name(&self) -> &str {
        let _ = &self.module;
        &self.manifest.neuron
    }
}
