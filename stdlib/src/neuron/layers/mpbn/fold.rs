//! A normalisation in the threshold.

use snn_runtime::torch::Tensors;
use tch::{Kind, Tensor};

use super::builder::{EPS, MpbnLifBuilder};
use crate::error::Result;

/// What a threshold is made of that has a normalisation in it, `[C]` each.
pub struct Folded {
    pub moments: Moments,
    pub gamma: Tensor,
    pub beta: Tensor,
    pub normalize_residual: bool,
    pub running_stats: bool,
}

/// Mean and variance of each channel, and what a step of training counts in them.
pub struct Moments {
    pub mu: Tensor,
    pub sigma2: Tensor,
    pub momentum: f64,
}

impl Folded {
    /// In the order of a normalisation: mean, variance, weight and bias.
    pub fn parts(&self) -> [&Tensor; 4] {
        [&self.moments.mu, &self.moments.sigma2, &self.gamma, &self.beta]
    }

    /// The moments behind a step of training with the potentials `[N, C, *]`, from those behind the step before.
    pub fn moved(
        &self,
        before: Option<&Moments>,
        h: &Tensor,
        builder: &MpbnLifBuilder,
    ) -> Result<Moments> {
        let by_channel = h.detach().f_transpose(0, 1)?.f_flatten(1, -1)?;
        let mean = by_channel.f_mean_dim([1_i64].as_slice(), false, Kind::Float)?;
        let var = by_channel.f_var_dim([1_i64].as_slice(), true, false)?;
        let Moments { mu, sigma2, momentum } = before.unwrap_or(&self.moments);
        if !self.running_stats {
            return Ok(Moments { mu: mean, sigma2: var, momentum: *momentum });
        }
        let kept = 1.0 - momentum;
        Ok(Moments {
            mu: mu * kept + mean * *momentum,
            sigma2: sigma2 * kept + var * *momentum,
            momentum: (momentum * builder.bn_decay_momentum).max(builder.bn_min_momentum),
        })
    }

    /// Keeps the moments behind the last step, in the same tensors.
    pub fn keep(&mut self, last: &Moments) -> Result<()> {
        let own = &mut self.moments;
        own.momentum = last.momentum;
        tch::no_grad(|| {
            own.mu.f_copy_(&last.mu)?;
            own.sigma2.f_copy_(&last.sigma2)?;
            Ok(())
        })
    }

    /// The params of a step's firing by these moments.
    pub fn params(&self, moments: &Moments, v_threshold: &Tensor) -> Tensors {
        let Self { gamma, beta, .. } = self;
        let sigma = (&moments.sigma2 + EPS).sqrt();
        let threshold = (v_threshold - beta) * &sigma / gamma + &moments.mu;
        let clone = Tensor::shallow_clone;
        let all = [("mu", clone(&moments.mu)), ("gamma", clone(gamma)), ("beta", clone(beta))];
        let all = all.into_iter().chain([("sigma", sigma), ("threshold", threshold)]);
        all.map(|(name, tensor)| (name.into(), tensor)).collect()
    }
}
