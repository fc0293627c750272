//! Neurons whose gradient is that of a mean over all steps: Meng et al., "Training high-performance low-latency
//! spiking neural networks by differentiation on spike representation", CVPR 2022.

use snn_runtime::torch::{Call, Neuron as Kernels, Tensors};
use tch::{Kind, Tensor};

use super::kernels::{all_at_once, float, kernels, standard, wrong};
use crate::error::Result;
use crate::layer::{firing_rate, misfit};
use crate::nn::{Context, Module, Node, Value};

/// Neurons that give spikes as large as their learnt threshold, with the gradient of what the mean of these tends to.
///
/// Forward is that of the library's `dsr_if` or `dsr_lif`, with the learnt `v_threshold` held above its lower bound.
/// Of `T` steps with the inputs `x[t]`, the outputs `y[t]` and the threshold `th`, the gradients are
///
/// ```text
/// dsr_if    g = sum_t dy[t]                             r = mean_t x[t]
///           dx[t] = g / T        where 0 <= r <= th     dth = scaling * sum of g where r > th
/// dsr_lif   g = T sum_t w[t] dy[t] / sum_t w[t]         r = sum_t w[t] x[t] / sum_t w[t]
///           dx[t] = g / (tau T)  where 0 < r < e        dth = scaling * delta_t * sum of g where r > e
/// ```
///
/// with `e = th * tau / delta_t` and the weights `w[t] = exp(-delta_t (T - t) / tau)` of the steps 1 to `T`. They are
/// SpikingJelly's, whose `delta_t` in the gradient of the threshold stands where the paper divides by it; a `scaling`
/// of `1 / delta_t^2` makes it the paper's.
///
/// # Shapes
///
/// `[T, N, *]` to the same.
///
/// # State
///
/// None: the gradient is one over all steps of a sequence, so that each call is a sequence of its own.
pub struct Dsr {
    kernels: Kernels,
    v_threshold: Tensor,
    builder: DsrBuilder,
    /// The share of what it gave last that is not 0, on the device.
    rate: Option<Tensor>,
}

/// What is decided about neurons with a gradient of means, with SpikingJelly's names and defaults.
#[derive(Clone, Debug)]
pub struct DsrBuilder {
    leak: Option<Leak>,
    v_threshold: f64,
    alpha: f64,
    v_threshold_training: bool,
    v_threshold_grad_scaling: f64,
    v_threshold_lower_bound: f64,
}

#[derive(Clone, Copy, Debug)]
struct Leak {
    tau: f64,
    delta_t: f64,
}

/// Integrate-and-fire neurons with the gradient of a mean. SpikingJelly's `DSRIFNode`.
pub fn dsr_if() -> DsrBuilder {
    DsrBuilder {
        leak: None,
        v_threshold: 6.0,
        alpha: 0.5,
        v_threshold_training: true,
        v_threshold_grad_scaling: 1.0,
        v_threshold_lower_bound: 0.01,
    }
}

/// Leaky integrate-and-fire neurons with the gradient of a weighted mean; `tau` and `delta_t`, the time of a step, are
/// in the same unit. SpikingJelly's `DSRLIFNode`, which has 2 and 0.05 for these.
pub fn dsr_lif(tau: f64, delta_t: f64) -> DsrBuilder {
    DsrBuilder {
        leak: Some(Leak { tau, delta_t }),
        v_threshold: 1.0,
        alpha: 0.3,
        v_threshold_lower_bound: 0.1,
        ..dsr_if()
    }
}

impl DsrBuilder {
    /// The threshold at first: 6, and 1 of leaky neurons.
    pub fn v_threshold(self, v_threshold: f64) -> Self {
        Self { v_threshold, ..self }
    }

    /// The share of the threshold at which a neuron fires: 0.5, and 0.3 of leaky neurons.
    pub fn alpha(self, alpha: f64) -> Self {
        Self { alpha, ..self }
    }

    /// Whether the threshold is learnt, as it is at first.
    pub fn v_threshold_training(self, v_threshold_training: bool) -> Self {
        Self { v_threshold_training, ..self }
    }

    /// What the gradient of the threshold is multiplied by, 1 at first.
    pub fn v_threshold_grad_scaling(self, v_threshold_grad_scaling: f64) -> Self {
        Self { v_threshold_grad_scaling, ..self }
    }

    /// What the threshold is held above: 0.01, and 0.1 of leaky neurons.
    pub fn v_threshold_lower_bound(self, v_threshold_lower_bound: f64) -> Self {
        Self { v_threshold_lower_bound, ..self }
    }

    /// The neurons.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`](crate::Error::Settings) where a number is out of its range; what the compiler says.
    pub fn build(self) -> Result<Dsr> {
        self.check()?;
        let bound = ("v_threshold_lower_bound", float(self.v_threshold_lower_bound));
        let mut options = vec![("alpha", float(self.alpha)), bound];
        options.extend(self.leak.map(|leak| ("delta_t", float(leak.delta_t))));
        let name = if self.leak.is_some() { "dsr_lif" } else { "dsr_if" };
        let kernels = kernels(standard(name)?, &options, &[], &[])?;
        let v_threshold = Tensor::from(self.v_threshold as f32);
        let v_threshold = v_threshold.set_requires_grad(self.v_threshold_training);
        Ok(Dsr { kernels, v_threshold, builder: self, rate: None })
    }

    fn name(&self) -> &'static str {
        if self.leak.is_some() { "DsrLif" } else { "DsrIf" }
    }

    fn check(&self) -> Result<()> {
        let is_positive = |number: f64| number > 0.0 && number.is_finite();
        let bound = self.v_threshold_lower_bound;
        let positive = [Some(("v_threshold_lower_bound", bound))].into_iter().chain([
            self.leak.map(|leak| ("tau", leak.tau)),
            self.leak.map(|leak| ("delta_t", leak.delta_t)),
        ]);
        if let Some((name, number)) = positive.flatten().find(|(_, number)| !is_positive(*number)) {
            let why = format!("has a `{name}` of {number}, but takes a number above 0");
            return Err(wrong(self.name(), why));
        }
        if !(is_positive(self.v_threshold) && self.v_threshold >= bound) {
            let threshold = self.v_threshold;
            let why = format!(
                "has a `v_threshold` of {threshold}, but takes a number from its lower bound {bound}"
            );
            return Err(wrong(self.name(), why));
        }
        if !(self.alpha > 0.0 && self.alpha <= 1.0) {
            let why = format!("has an `alpha` of {}, but takes a number in (0, 1]", self.alpha);
            return Err(wrong(self.name(), why));
        }
        if !self.v_threshold_grad_scaling.is_finite() {
            return Err(wrong(self.name(), "has a `v_threshold_grad_scaling` that is not finite"));
        }
        Ok(())
    }
}

impl Dsr {
    /// What the neurons give, without a gradient.
    fn spikes(&self, x: &Tensor) -> Result<Tensor> {
        let mut params: Tensors = [("v_threshold".into(), self.v_threshold.detach())].into();
        if let Some(leak) = self.builder.leak {
            params.insert("tau".into(), Tensor::from(leak.tau as f32).f_to(x.device())?);
        }
        let inputs = [("x".into(), x.detach())].into();
        let call = Call { inputs, params, forget_states: true, ..Call::default() };
        let mut forward = self.kernels.forward(&call)?;
        let none = || wrong(self.builder.name(), "has no output `y`");
        forward.outputs.remove("y").ok_or_else(none)
    }

    /// What the mean of the outputs tends to, `[N, *]`, with the gradient that the outputs get.
    fn rate(&self, x: &Tensor, weights: Option<&Tensor>) -> Result<Tensor> {
        let builder = &self.builder;
        let threshold = self.v_threshold.f_clamp_min(builder.v_threshold_lower_bound)?;
        let scaled = &threshold * builder.v_threshold_grad_scaling;
        let end = threshold.detach();
        let mean = over_steps(x)?;
        let (within, is_within, is_above, above) = match (builder.leak, weights) {
            (Some(Leak { tau, delta_t }), Some(weights)) => {
                let rate = over_steps(&x.detach().f_mul(weights)?)?;
                let end = end * (tau / delta_t);
                let is_within = rate.f_gt(0.0)?.f_logical_and(&rate.f_lt_tensor(&end)?)?;
                (mean / tau, is_within, rate.f_gt_tensor(&end)?, scaled * delta_t)
            }
            _ => {
                let rate = mean.detach();
                let is_within = rate.f_ge(0.0)?.f_logical_and(&rate.f_le_tensor(&end)?)?;
                (mean, is_within, rate.f_gt_tensor(&end)?, scaled)
            }
        };
        let cut = above.f_where_self(&is_above, &above.f_zeros_like()?)?;
        Ok(within.f_where_self(&is_within, &cut)?)
    }
}

fn over_steps(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_mean_dim([0_i64].as_slice(), false, Kind::Float)?)
}

impl Leak {
    /// What each of the steps of `[T, N, *]` counts in a mean over them, `[T, 1, *]`.
    fn weights(self, x: &Tensor) -> Result<Tensor> {
        let steps = x.size()[0];
        let weight = |t: i64| (-self.delta_t * (steps - t) as f64 / self.tau).exp();
        let weights: Vec<f64> = (1..=steps).map(weight).collect();
        let mean = weights.iter().sum::<f64>() / steps as f64;
        let weights: Vec<f32> = weights.iter().map(|weight| (weight / mean) as f32).collect();
        let mut shape = vec![1; x.dim()];
        shape[0] = steps;
        Ok(Tensor::from_slice(&weights).f_to(x.device())?.f_reshape(shape)?)
    }
}

impl Module for Dsr {
    fn node(&self) -> Node {
        let builder = &self.builder;
        let node = Node::new(builder.name())
            .with("alpha", Value::Real(builder.alpha))
            .with("v_threshold_training", Value::Bool(builder.v_threshold_training))
            .with("v_threshold_grad_scaling", Value::Real(builder.v_threshold_grad_scaling))
            .with("v_threshold_lower_bound", Value::Real(builder.v_threshold_lower_bound));
        match builder.leak {
            None => node,
            Some(Leak { tau, delta_t }) => {
                node.with("tau", Value::Real(tau)).with("delta_t", Value::Real(delta_t))
            }
        }
    }

    fn forward(&mut self, input: &Tensor, context: &Context) -> Result<Tensor> {
        let name = self.builder.name();
        all_at_once(name, context)?;
        if input.dim() < 2 || input.size()[0] == 0 {
            return Err(misfit(name, "[T, N, *] of a step or more", input));
        }
        let spikes = self.spikes(input)?;
        self.rate = firing_rate(&spikes, context)?;
        let weights = self.builder.leak.map(|leak| leak.weights(input)).transpose()?;
        let rate = self.rate(input, weights.as_ref())?;
        if !rate.requires_grad() {
            return Ok(spikes);
        }
        // The spikes with the gradient of their rate: what is added is 0, and libtorch's own backward of the mean, of
        // the choice between its ends and of the repetition over steps is the gradient that is wanted. A function of
        // autograd of one's own would be the same sums written again.
        let mut nothing = rate.f_sub(&rate.detach())?;
        if let Some(weights) = weights {
            nothing = nothing.f_mul(&weights)?;
        }
        Ok(spikes.f_add(&nothing.f_to_kind(spikes.kind())?)?)
    }

    fn params(&self) -> Vec<(String, &Tensor)> {
        let learnt = self.builder.v_threshold_training.then_some(&self.v_threshold);
        learnt.into_iter().map(|threshold| ("v_threshold".into(), threshold)).collect()
    }

    fn buffers(&self) -> Vec<(String, &Tensor)> {
        let fixed = (!self.builder.v_threshold_training).then_some(&self.v_threshold);
        fixed.into_iter().map(|threshold| ("v_threshold".into(), threshold)).collect()
    }

    fn firing_rate(&self) -> Option<f64> {
        self.rate.as_ref().map(|rate| rate.double_value(&[]))
    }
}
