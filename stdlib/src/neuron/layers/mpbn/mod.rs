//! Neurons whose potential is normalised at each step.

mod builder;
mod fold;

use snn_runtime::torch::{Call, Neuron as Kernels, Tensors};
use tch::{Device, Kind, Tensor};

pub use builder::MpbnLifBuilder;

use builder::{EPS, Form, NAME, Programs};
use fold::{Folded, Moments};

use super::kernels::wrong;
use crate::error::Result;
use crate::layer::{BatchNorm, firing_rate, full, misfit, whole};
use crate::nn::{Context, Module, Node, States, StepMode, Value};

/// Leaky integrate-and-fire neurons whose potential is normalised over the batch at each step, between what charges it
/// and the spike: Guo et al., "Membrane potential batch normalization for spiking neural networks", ICCV 2023.
/// SpikingJelly's `MPBNLIFNode`.
///
/// ```text
/// h = v - (v - rest) / tau + x              or with decay_input  v + (x - (v - rest)) / tau
/// n = (h - mean) / sqrt(var + eps) * weight + bias               for each channel
/// s = [n >= v_threshold]                    or of a learnt threshold  [n >= exp(a)]
/// ```
///
/// and the reset of `n`, a soft one by `v_threshold` in either case. `mean` and `var` are those of the step's batch
/// in training, which the running ones follow step by step, and the running ones else. Behind
/// [`MpbnLif::re_parameterize_v_threshold`] the normalisation is in the threshold.
///
/// # Shapes
///
/// `[T, N, C, *]`, or `[N, C, *]` of a single step, of so many channels; the output has the same.
///
/// # State
///
/// `v`, `[N, C, *]`. A batch of another shape begins anew.
///
/// # Params
///
/// `vbn.weight` and `vbn.bias`, with a learnt threshold `a` as well; once they are folded `gamma` and `beta`. In
/// inference all steps are one launch of the library's `mpbn_lif`; in training a step is one of the normalisation and
/// one of firing.
pub struct MpbnLif {
    builder: MpbnLifBuilder,
    programs: Programs,
    norm: Norm,
    /// The logarithm of the learnt threshold, `[C]`.
    a: Option<Tensor>,
    /// What the reset takes off, and where no threshold is learnt the threshold: `[]`, or `[C]` once it was learnt.
    v_threshold: Tensor,
    states: States,
    /// The share of ones in what it gave last, on the device.
    rate: Option<Tensor>,
}

/// How potentials are normalised.
enum Norm {
    /// They are not.
    Plain,
    /// At each step.
    Batch(BatchNorm),
    /// In the threshold.
    Folded(Folded),
}

impl MpbnLif {
    /// Neurons of so many channels: the features of a linear layer, or the channels of a convolution.
    pub fn of(channels: i64) -> MpbnLifBuilder {
        MpbnLifBuilder::new(channels)
    }

    pub(super) fn new(builder: MpbnLifBuilder) -> Result<Self> {
        let (norm, form) = if builder.mpbn {
            (Norm::Batch(BatchNorm::new(builder.channels).eps(EPS)), Form::Normalized)
        } else {
            (Norm::Plain, Form::Plain)
        };
        let a = builder.learnable_vth.then(|| full(&[builder.channels], 0.0));
        let programs = builder.programs(form)?;
        let v_threshold = Tensor::from(builder.v_threshold as f32);
        Ok(Self { builder, programs, norm, a, v_threshold, states: States::new(), rate: None })
    }

    /// Folds the normalisation into the threshold, `(v_threshold - beta) * sqrt(sigma2 + eps) / gamma + mu` from then
    /// on, of the running mean and variance and of the weight and bias that were learnt. A learnt threshold is no
    /// longer learnt. The potential is not normalised any more, but with `normalize_residual` where it does not fire.
    ///
    /// In training `mu` and `sigma2` are those of the step's batch from then on, or with `running_stats` follow these
    /// by `bn_momentum`, which decays at each step; a batch of one number for each channel changes nothing. That is
    /// what "Threshold modulation for online test-time adaptation of spiking neural networks", 2025, adapts.
    ///
    /// Without a normalisation nothing is folded.
    ///
    /// # Errors
    ///
    /// What the compiler says.
    pub fn re_parameterize_v_threshold(
        &mut self,
        normalize_residual: bool,
        running_stats: bool,
    ) -> Result<()> {
        let Norm::Batch(norm) = &self.norm else { return Ok(()) };
        let [mu, sigma2, gamma, beta] = parts(norm).map(Tensor::shallow_clone);
        self.programs = self.builder.programs(Form::Folded { normalize_residual })?;
        if let Some(a) = self.a.take() {
            self.v_threshold = a.detach().f_exp()?;
        }
        let moments = Moments { mu, sigma2, momentum: self.builder.bn_momentum };
        let folded = Folded { moments, gamma, beta, normalize_residual, running_stats };
        self.norm = Norm::Folded(folded);
        Ok(())
    }

    fn run(&mut self, input: &Tensor, context: &Context) -> Result<Tensor> {
        let is_single = context.step_mode == StepMode::Single;
        let x = if is_single { input.f_unsqueeze(0)? } else { input.shallow_clone() };
        let channels = self.builder.channels;
        if x.dim() < 3 || x.size()[2] != channels || x.numel() == 0 {
            let axes = if is_single { "N" } else { "T, N" };
            return Err(misfit(NAME, format!("[{axes}, {channels}, *]"), input));
        }
        let step = x.size()[1..].to_vec();
        self.states.retain(|_, state| state.size() == step);
        let has_one = x.numel() as i64 == x.size()[0] * channels;
        let is_moved = match &self.norm {
            Norm::Plain => false,
            // One number has no variance, and would leave none that runs.
            Norm::Batch(_) if context.training && has_one => {
                let expected = "more than one number for each channel of a step in training";
                return Err(misfit(NAME, expected, input));
            }
            Norm::Batch(_) => context.training,
            Norm::Folded(_) => context.training && !has_one,
        };
        // `mpbn_lif` has one number for its threshold and what a soft reset takes off.
        let has_two = self.a.is_some() && self.builder.soft_reset;
        let output =
            if is_moved || has_two { self.steps(&x, is_moved)? } else { self.sequence(&x)? };
        self.rate = firing_rate(&output, context)?;
        Ok(if is_single { output.f_squeeze_dim(0)? } else { output })
    }

    /// All steps at once, by fixed moments.
    fn sequence(&mut self, x: &Tensor) -> Result<Tensor> {
        let mut params = Tensors::new();
        for (name, own) in [("tau", self.builder.tau), ("v_reset", self.builder.v_reset)] {
            params.insert(name.into(), number(own, x.device())?);
        }
        let moments = match &self.norm {
            Norm::Plain => None,
            Norm::Batch(norm) => Some(parts(norm)),
            Norm::Folded(folded) => Some(folded.parts()),
        };
        for (name, tensor) in ["mu", "sigma2", "gamma", "beta"].iter().zip(moments.iter().flatten())
        {
            params.insert((*name).into(), tensor.shallow_clone());
        }
        let threshold = match &self.a {
            Some(a) => a.f_exp()?,
            None => self.v_threshold.f_to(x.device())?,
        };
        params.insert("v_threshold".into(), threshold);
        let v = self.states.get("v").map(Tensor::shallow_clone);
        let (s, v) = launch(&self.programs.sequence, x, params, v)?;
        self.states.insert("v".into(), v);
        Ok(s)
    }

    /// A step at a time, with what is between its charge and its spike.
    fn steps(&mut self, x: &Tensor, is_moved: bool) -> Result<Tensor> {
        let (rest, device) = (self.builder.rest(), x.device());
        let v_threshold = self.v_threshold.f_to(device)?;
        let v_reset = number(self.builder.v_reset, device)?;
        let learnt = self.a.as_ref().map(Tensor::f_exp).transpose()?;
        let context = Context { training: is_moved, ..Context::eval().with(StepMode::Single) };
        let mut moved = None;
        let mut v = match self.states.get("v") {
            Some(v) => v.shallow_clone(),
            None => Tensor::f_full(&x.size()[1..], rest, (Kind::Float, device))?,
        };
        let mut outputs = Vec::new();
        for t in 0..x.size()[0] {
            let h = self.builder.charge(&x.f_select(0, t)?, &v)?;
            let threshold = learnt.as_ref().unwrap_or(&v_threshold).shallow_clone();
            let (potential, own) = match &mut self.norm {
                Norm::Plain => (h, [("threshold".into(), threshold)].into()),
                Norm::Batch(norm) => {
                    let normalized = norm.forward(&h, &context).map_err(|error| error.at("vbn"))?;
                    (normalized, [("threshold".into(), threshold)].into())
                }
                Norm::Folded(folded) => {
                    let moments = folded.moved(moved.as_ref(), &h, &self.builder)?;
                    let own = folded.params(&moments, &v_threshold);
                    moved = Some(moments);
                    (h, own)
                }
            };
            let mut params: Tensors = own;
            params.insert("v_reset".into(), v_reset.shallow_clone());
            params.insert("v_threshold".into(), v_threshold.shallow_clone());
            let (s, next) = launch(&self.programs.fire, &potential.f_unsqueeze(0)?, params, None)?;
            outputs.push(s);
            v = next;
        }
        if let (Norm::Folded(folded), Some(moved)) = (&mut self.norm, moved) {
            folded.keep(&moved)?;
        }
        self.states.insert("v".into(), v);
        Ok(Tensor::f_cat(&outputs, 0)?.f_to_kind(x.kind())?)
    }
}

/// The running mean and variance, the weight and the bias of a normalisation.
fn parts(norm: &BatchNorm) -> [&Tensor; 4] {
    [&norm.running_mean, &norm.running_var, &norm.weight, &norm.bias]
}

fn number(number: f64, device: Device) -> Result<Tensor> {
    Ok(Tensor::from(number as f32).f_to(device)?)
}

/// The spikes `[T, N, C, *]` and the potential after the last step.
fn launch(
    kernels: &Kernels,
    x: &Tensor,
    params: Tensors,
    v: Option<Tensor>,
) -> Result<(Tensor, Tensor)> {
    let inputs = [("x".into(), x.shallow_clone())].into();
    let states = v.into_iter().map(|v| ("v".into(), v)).collect();
    let mut forward = kernels.forward(&Call { inputs, params, states, ..Call::default() })?;
    let none = |what: &str| wrong(NAME, format!("has no {what}"));
    let s = forward.outputs.remove("s").ok_or_else(|| none("output `s`"))?;
    let v = forward.states.remove("v").ok_or_else(|| none("state `v`"))?;
    Ok((s, v))
}

impl Module for MpbnLif {
    fn node(&self) -> Node {
        let builder = &self.builder;
        let node = builder.node();
        match &self.norm {
            Norm::Folded(folded) => node
                .with("folded", Value::Bool(true))
                .with("normalize_residual", Value::Bool(folded.normalize_residual))
                .with("running_stats", Value::Bool(folded.running_stats)),
            _ => node,
        }
    }

    fn forward(&mut self, input: &Tensor, context: &Context) -> Result<Tensor> {
        whole(self, context, |module| module.run(input, context))
    }

    fn params(&self) -> Vec<(String, &Tensor)> {
        let a = self.a.as_ref().map(|a| ("a".into(), a));
        let folded = match &self.norm {
            Norm::Folded(folded) => {
                vec![("gamma".into(), &folded.gamma), ("beta".into(), &folded.beta)]
            }
            _ => Vec::new(),
        };
        a.into_iter().chain(folded).collect()
    }

    fn buffers(&self) -> Vec<(String, &Tensor)> {
        let Norm::Folded(folded) = &self.norm else { return Vec::new() };
        let moments = &folded.moments;
        let own =
            [("mu", &moments.mu), ("sigma2", &moments.sigma2), ("v_threshold", &self.v_threshold)];
        own.map(|(name, tensor)| (name.into(), tensor)).into()
    }

    fn states(&self) -> Option<&States> {
        Some(&self.states)
    }

    fn states_mut(&mut self) -> Option<&mut States> {
        Some(&mut self.states)
    }

    fn children(&self) -> Vec<(String, &dyn Module)> {
        match &self.norm {
            Norm::Batch(norm) => vec![("vbn".into(), norm)],
            _ => Vec::new(),
        }
    }

    fn children_mut(&mut self) -> Vec<(String, &mut dyn Module)> {
        match &mut self.norm {
            Norm::Batch(norm) => vec![("vbn".into(), norm)],
            _ => Vec::new(),
        }
    }

    fn firing_rate(&self) -> Option<f64> {
        self.rate.as_ref().map(|rate| rate.double_value(&[]))
    }
}
