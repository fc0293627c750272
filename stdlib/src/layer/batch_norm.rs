//! Normalisation over batch and steps, a channel at a time.

use snn_runtime::torch::norm::{Normalized, normalized};
use tch::{Device, Kind, Tensor};

use super::fold::folded;
use super::{full, misfit};
use crate::error::Result;
use crate::nn::{Context, Module, Node, Value};

/// Batch normalisation of `[N, C, *]`, as PyTorch's of any number of axes, over all steps together.
#[derive(Debug)]
pub struct BatchNorm {
    pub(crate) weight: Tensor,
    pub(crate) bias: Tensor,
    pub(crate) running_mean: Tensor,
    pub(crate) running_var: Tensor,
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
        self.check(x, times, training)?;
        // Backward is given what is updated here, so that nothing else may change that.
        let running_var = self.to_update(if training { times } else { 1 });
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
            self.count(&running_var, x, times)?;
        }
        Ok(output)
    }

    /// An input `[T, N, C, *]`, or `[N, C, *]` of a single step, with what it is normalised by, for a neuron that
    /// does so where it reads it.
    ///
    /// # Errors
    ///
    /// As of [`Module::forward`].
    pub(super) fn fold(&mut self, input: &Tensor, context: &Context) -> Result<Normalized> {
        let training = context.training;
        let mut moments = None;
        let input = folded("BatchNorm", input, context, |x, times| {
            let normalized = self.moments(x, times, training)?;
            let input = normalized.input.shallow_clone();
            moments = Some(normalized);
            Ok(input)
        })?;
        let nothing = || misfit("BatchNorm", "[T, N, C, *]", &input);
        let normalized = moments.ok_or_else(nothing)?;
        Ok(Normalized { input, ..normalized })
    }

    /// What `[N, C, *]` is normalised by, of which each element counts `times`.
    fn moments(&mut self, x: &Tensor, times: i64, training: bool) -> Result<Normalized> {
        self.check(x, times, training)?;
        if !training {
            let scale = &self.weight * (&self.running_var + self.eps).rsqrt();
            let (input, mean) = (x.shallow_clone(), self.running_mean.shallow_clone());
            return Ok(Normalized { input, mean, scale, shift: self.bias.shallow_clone() });
        }
        let running_var = self.to_update(times);
        let (mean, var) = tch::no_grad(|| {
            x.f_batch_norm_update_stats(Some(&self.running_mean), Some(&running_var), self.momentum)
        })?;
        self.count(&running_var, x, times)?;
        let affine = (&self.weight, &self.bias);
        Ok(normalized(x, (&mean, &var), affine, self.eps)?)
    }

    fn check(&self, x: &Tensor, times: i64, training: bool) -> Result<()> {
        let channels = self.weight.size()[0];
        if x.dim() < 2 || x.size()[1] != channels {
            return Err(misfit("BatchNorm", format!("[N, {channels}, *] a step"), x));
        }
        // One number has no variance, and libtorch would keep NaN for it without a word.
        if training && x.numel() as i64 * times == channels {
            return Err(misfit(
                "BatchNorm",
                "more than one number for each channel in training",
                x,
            ));
        }
        Ok(())
    }

    /// The variance that a batch updates: a copy where what is updated has to be mended.
    fn to_update(&self, times: i64) -> Tensor {
        if times > 1 { self.running_var.copy() } else { self.running_var.shallow_clone() }
    }

    /// Counts a batch `x` of which each element counts `times`. Its variance was kept unbiased by how many numbers
    /// there are, and they are `times` as many.
    fn count(&mut self, updated: &Tensor, x: &Tensor, times: i64) -> Result<()> {
        let _ = self.num_batches_tracked.f_add_scalar_(1)?;
        if times == 1 {
            return Ok(());
        }
        let n = (x.numel() / self.weight.numel().max(1)) as f64;
        let times = times as f64;
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
