//! Normalisation over batch and steps, a channel at a time.

use tch::{Device, Kind, Tensor};

use super::fold::folded;
use super::{full, misfit};
use crate::error::Result;
use crate::nn::{Context, Module, Node, Value};

/// Batch normalisation of `[N, C, *]`, as PyTorch's of any number of axes, over all steps together.
#[derive(Debug)]
pub struct BatchNorm {
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    num_batches_tracked: Tensor,
    momentum: f64,
    eps: f64,
}

impl BatchNorm {
    /// That of so many channels.
    pub fn new(channels: i64) -> Self {
        let options = (Kind::Float, Device::Cpu);
        Self {
            weight: full(&[channels], 1.0),
            bias: full(&[channels], 0.0),
            running_mean: Tensor::zeros([channels], options),
            running_var: Tensor::ones([channels], options),
            num_batches_tracked: Tensor::zeros([1_i64; 0], (Kind::Int64, Device::Cpu)),
            momentum: 0.1,
            eps: 1e-5,
        }
    }

    /// The same with what a batch counts in the running statistics.
    pub fn momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// The same with what is added to the variance.
    pub fn eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }

    /// Normalises `[N, C, *]` of which each element counts `times`.
    fn normalized(&mut self, x: &Tensor, times: i64, training: bool) -> Result<Tensor> {
        let channels = self.weight.size()[0];
        if x.dim() < 2 || x.size()[1] != channels {
            return Err(misfit("BatchNorm", format!("[N, {channels}, *] a step"), x));
        }
        // Backward is given what is updated here, so that nothing else may change that.
        let counts = training && times > 1;
        let running_var =
            if counts { self.running_var.copy() } else { self.running_var.shallow_clone() };
        let output = x.f_batch_norm(
            Some(&self.weight),
            Some(&self.bias),
            Some(&self.running_mean),
            Some(&running_var),
            training,
            self.momentum,
            self.eps,
            true,
        )?;
        if training {
            let _ = self.num_batches_tracked.f_add_scalar_(1)?;
        }
        if counts {
            self.count(&running_var, x.numel() as i64 / channels.max(1), times)?;
        }
        Ok(output)
    }

    /// Takes an updated variance over, which was kept unbiased by how many numbers there were: these are `times` as
    /// many.
    fn count(&mut self, updated: &Tensor, n: i64, times: i64) -> Result<()> {
        let (n, times) = (n as f64, times as f64);
        let factor = if n < 2.0 { 1.0 } else { times * (n - 1.0) / (times * n - 1.0) };
        let kept = &self.running_var * ((1.0 - self.momentum) * (1.0 - factor));
        tch::no_grad(|| self.running_var.f_copy_(&(updated * factor + kept)))?;
        Ok(())
    }
}

impl Module for BatchNorm {
    fn node(&self) -> Node {
        Node::new("BatchNorm")
            .with("num_features", Value::Int(self.weight.size()[0]))
            .with("eps", Value::Real(self.eps))
            .with("momentum", Value::Real(self.momentum))
    }

    fn forward(&mut self, input: &Tensor, context: &Context) -> Result<Tensor> {
        let training = context.training;
        folded("BatchNorm", input, context, |x, times| self.normalized(x, times, training))
    }

    fn params(&self) -> Vec<(String, &Tensor)> {
        vec![("weight".into(), &self.weight), ("bias".into(), &self.bias)]
    }

    fn buffers(&self) -> Vec<(String, &Tensor)> {
        vec![
            ("running_mean".into(), &self.running_mean),
            ("running_var".into(), &self.running_var),
            ("num_batches_tracked".into(), &self.num_batches_tracked),
        ]
    }
}
