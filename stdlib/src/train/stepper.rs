//! One step of training.

use snn_runtime::torch::ops;
use tch::{Device, Kind, Tensor};

use super::{Failure, given};
use crate::error::{Error, Result};
use crate::optim::{Optimizer, Scaler};

/// An optimizer with what a step needs beside it: mixed precision, loss scaling, clipping.
#[derive(Debug)]
pub struct Stepper {
    /// What changes the params.
    pub optimizer: Optimizer,
    /// The factor of the loss; there is one where it is computed in f16.
    pub scaler: Option<Scaler>,
    device: Device,
    precision: Option<Kind>,
    clip: Option<f64>,
}

impl Stepper {
    /// Steps in f32 of a network on a device.
    pub fn new(optimizer: Optimizer, device: Device) -> Self {
        Self { optimizer, scaler: None, device, precision: None, clip: None }
    }

    /// Computes in 16 bits where that is safe: `Kind::BFloat16`, or `Kind::Half` with loss scaling.
    pub fn precision(mut self, kind: Kind) -> Self {
        self.precision = Some(kind);
        self.scaler = (kind == Kind::Half).then(|| Scaler::new(self.device));
        self
    }

    /// Makes all gradients together no longer than this before each step.
    pub fn clip(mut self, norm: f64) -> Self {
        self.clip = Some(norm);
        self
    }

    /// Computes a loss, `[]`, in the precision of the steps, differentiates it and changes the params. The host does
    /// not wait; the loss comes back without what it was made from.
    ///
    /// # Errors
    ///
    /// Those of the function, of libtorch, and [`Error::Input`] where the loss is not one number.
    pub fn step(&mut self, loss: impl FnOnce() -> Result<Tensor, Failure>) -> Result<Tensor> {
        self.optimizer.zero_grad();
        let loss = ops::autocast(self.device, self.precision, loss)?.map_err(given)?;
        if loss.numel() != 1 {
            return Err(Error::Input {
                layer: "a step of training".into(),
                expected: "a loss of one number, []".into(),
                given: format!("{:?}", loss.size()),
            });
        }
        self.backward(&loss)?;
        match &mut self.scaler {
            None => self.optimizer.step()?,
            Some(scaler) => self.optimizer.scaled_step(scaler)?,
        }
        Ok(loss.detach().f_reshape([1_i64; 0])?)
    }

    fn backward(&mut self, loss: &Tensor) -> Result<()> {
        match &self.scaler {
            None => loss.f_backward()?,
            Some(scaler) => scaler.scale(loss).f_backward()?,
        }
        let Some(norm) = self.clip else { return Ok(()) };
        if let Some(scaler) = &mut self.scaler {
            self.optimizer.unscale(scaler)?;
        }
        self.optimizer.clip_grad_norm(norm).map(drop)
    }

    /// The same for inference: computes in the precision of the steps, without gradients.
    ///
    /// # Errors
    ///
    /// Those of libtorch, and of the function.
    pub fn infer<R>(&self, run: impl FnOnce() -> Result<R, Failure>) -> Result<R> {
        tch::no_grad(|| ops::autocast(self.device, self.precision, run))?.map_err(given)
    }
}
