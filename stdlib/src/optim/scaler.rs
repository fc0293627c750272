//! Loss scaling, so that small gradients are not 0 in f16.

use snn_runtime::torch::ops;
use tch::{Device, Kind, Tensor};

use crate::error::Result;
use crate::nn::StateDict;

/// A factor of the loss that grows while gradients are finite and shrinks where they are not, as PyTorch's
/// `GradScaler`. All of it stays on the device.
#[derive(Debug)]
pub struct Scaler {
    scale: Tensor,
    growth: Tensor,
    found: Tensor,
    one: Tensor,
    /// Whether this step's gradients are unscaled already.
    is_unscaled: bool,
}

/// Steps with finite gradients after which the scale doubles.
const INTERVAL: i64 = 2000;

impl Scaler {
    /// A scale of 65,536.
    pub fn new(device: Device) -> Self {
        let full =
            |number: f64| Tensor::full([1], number, (Kind::Float, device)).reshape([1_i64; 0]);
        Self {
            scale: full(65_536.0),
            growth: Tensor::zeros([1_i64; 0], (Kind::Int, device)),
            found: full(0.0),
            one: full(1.0),
            is_unscaled: false,
        }
    }

    /// The loss, scaled, for backward.
    pub fn scale(&self, loss: &Tensor) -> Tensor {
        loss * self.scale.to_kind(loss.kind())
    }

    /// The scale; a look at it waits for the device.
    pub fn value(&self) -> f64 {
        self.scale.double_value(&[])
    }

    pub(super) fn unscale(&mut self, grads: &[Tensor]) -> Result<()> {
        if std::mem::replace(&mut self.is_unscaled, true) {
            return Ok(());
        }
        let _ = self.found.f_zero_()?;
        Ok(ops::unscale(grads, &self.found, &self.scale.f_reciprocal()?)?)
    }

    /// The gradients are unscaled already, so that the optimizer takes them as they are.
    pub(super) fn flags(&self) -> Option<ops::Scaled<'_>> {
        Some(ops::Scaled { scale: &self.one, found: &self.found })
    }

    pub(super) fn update(&mut self) -> Result<()> {
        self.is_unscaled = false;
        let (growth, found) = (&self.growth, &self.found);
        let _ = self.scale.f_internal_amp_update_scale_(growth, found, 2.0, 0.5, INTERVAL)?;
        Ok(())
    }

    /// What it goes on from.
    pub fn state_dict(&self) -> StateDict {
        let copy = |tensor: &Tensor| tensor.to_device(Device::Cpu).copy();
        [("scale".into(), copy(&self.scale)), ("growth".into(), copy(&self.growth))].into()
    }

    /// Goes on from what was saved.
    ///
    /// # Errors
    ///
    /// [`crate::Error::StateDict`].
    pub fn load_state_dict(&mut self, dict: &StateDict) -> Result<()> {
        let (Some(scale), Some(growth), 2) = (dict.get("scale"), dict.get("growth"), dict.len())
        else {
            return Err(crate::Error::StateDict("a scaler has `scale` and `growth`".into()));
        };
        self.scale.f_copy_(scale)?;
        self.growth.f_copy_(growth)?;
        Ok(())
    }
}
