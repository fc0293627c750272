//! What is decided about neurons with a normalised potential, and the programs that follow from it.

use snn_runtime::torch::Neuron as Kernels;
use tch::Tensor;

use super::super::kernels::{float, kernels, standard, wrong};
use super::super::surrogate::Surrogate;
use super::MpbnLif;
use crate::error::Result;
use crate::nn::{Node, Value};

pub const NAME: &str = "MpbnLif";

/// What is added to a variance.
pub const EPS: f64 = 1e-5;

/// What comes behind the normalisation of a step.
const FIRE: &str = include_str!("fire.snn");

/// Settings of [`MpbnLif`], with SpikingJelly's names and defaults.
#[derive(Clone, Debug)]
pub struct MpbnLifBuilder {
    pub(super) channels: i64,
    pub(super) tau: f64,
    pub(super) decay_input: bool,
    pub(super) v_threshold: f64,
    pub(super) v_reset: f64,
    pub(super) soft_reset: bool,
    pub(super) detach_reset: bool,
    pub(super) mpbn: bool,
    pub(super) learnable_vth: bool,
    pub(super) bn_momentum: f64,
    pub(super) bn_decay_momentum: f64,
    pub(super) bn_min_momentum: f64,
    surrogate: Surrogate,
}

/// Which normalisation programs are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// None.
    Plain,
    /// One of the potential.
    Normalized,
    /// One in the threshold.
    Folded {
        /// Whether the potential is normalised where it does not fire.
        normalize_residual: bool,
    },
}

/// The kernels of a form.
pub struct Programs {
    /// All steps by fixed moments.
    pub sequence: Kernels,
    /// A step behind its normalisation.
    pub fire: Kernels,
}

impl MpbnLifBuilder {
    pub(super) fn new(channels: i64) -> Self {
        Self {
            channels,
            tau: 2.0,
            decay_input: false,
            v_threshold: 1.0,
            v_reset: 0.0,
            soft_reset: false,
            detach_reset: false,
            mpbn: true,
            learnable_vth: false,
            bn_momentum: 0.1,
            bn_decay_momentum: 0.94,
            bn_min_momentum: 0.005,
            surrogate: Surrogate::sigmoid(4.0),
        }
    }

    /// The time constant in steps, above 1; 2 at first.
    pub fn tau(self, tau: f64) -> Self {
        Self { tau, ..self }
    }

    /// Whether the input is divided by `tau` too.
    pub fn decay_input(self, decay_input: bool) -> Self {
        Self { decay_input, ..self }
    }

    /// The threshold, 1 at first; where one is learnt, what a soft reset takes off.
    pub fn v_threshold(self, v_threshold: f64) -> Self {
        Self { v_threshold, ..self }
    }

    /// What the potential begins with, leaks to and is reset to, 0 at first.
    pub fn v_reset(self, v_reset: f64) -> Self {
        Self { v_reset, ..self }
    }

    /// Whether a spike takes the threshold off the potential, which leaks to 0 then.
    pub fn soft_reset(self, soft_reset: bool) -> Self {
        Self { soft_reset, ..self }
    }

    /// Whether the reset is without a gradient.
    pub fn detach_reset(self, detach_reset: bool) -> Self {
        Self { detach_reset, ..self }
    }

    /// The surrogate, `Surrogate::sigmoid(4.0)` at first.
    pub fn surrogate(self, surrogate: Surrogate) -> Self {
        Self { surrogate, ..self }
    }

    /// Whether the potential is normalised, as it is at first.
    pub fn mpbn(self, mpbn: bool) -> Self {
        Self { mpbn, ..self }
    }

    /// Whether each channel learns a threshold, above 0, which begins at 1.
    pub fn learnable_vth(self, learnable_vth: bool) -> Self {
        Self { learnable_vth, ..self }
    }

    /// What a step counts in running moments once they are folded, 0.1 at first. Before, it is 0.1.
    pub fn bn_momentum(self, bn_momentum: f64) -> Self {
        Self { bn_momentum, ..self }
    }

    /// What that is multiplied by at each step, 0.94 at first.
    pub fn bn_decay_momentum(self, bn_decay_momentum: f64) -> Self {
        Self { bn_decay_momentum, ..self }
    }

    /// What that does not fall below, 0.005 at first.
    pub fn bn_min_momentum(self, bn_min_momentum: f64) -> Self {
        Self { bn_min_momentum, ..self }
    }

    /// The neurons.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`](crate::Error::Settings) where a number is out of its range; what the compiler says.
    pub fn build(self) -> Result<MpbnLif> {
        self.check().map_err(|why| wrong(NAME, why))?;
        MpbnLif::new(self)
    }

    fn check(&self) -> Result<(), String> {
        if self.channels < 1 {
            return Err(format!("has {} channels, but takes one or more", self.channels));
        }
        if !(self.tau > 1.0 && self.tau.is_finite()) {
            return Err(format!("has a `tau` of {}, but takes a number above 1", self.tau));
        }
        if !(self.v_threshold.is_finite() && self.v_reset.is_finite()) {
            return Err("takes a finite `v_threshold` and `v_reset`".into());
        }
        let shares = [
            ("bn_momentum", self.bn_momentum),
            ("bn_decay_momentum", self.bn_decay_momentum),
            ("bn_min_momentum", self.bn_min_momentum),
        ];
        match shares.iter().find(|(_, share)| !(0.0..=1.0).contains(share)) {
            Some((name, share)) => {
                Err(format!("has a `{name}` of {share}, but takes a number from 0 to 1"))
            }
            None => Ok(()),
        }
    }

    pub(super) fn node(&self) -> Node {
        Node::new(NAME)
            .with("channels", Value::Int(self.channels))
            .with("tau", Value::Real(self.tau))
            .with("decay_input", Value::Bool(self.decay_input))
            .with("v_threshold", Value::Real(self.v_threshold))
            .with("v_reset", Value::Real(self.v_reset))
            .with("soft_reset", Value::Bool(self.soft_reset))
            .with("detach_reset", Value::Bool(self.detach_reset))
            .with("surr", Value::Text(self.surrogate.to_string()))
            .with("mpbn", Value::Bool(self.mpbn))
            .with("learnable_vth", Value::Bool(self.learnable_vth))
    }

    /// The potential `v` with the input of a step.
    pub(super) fn charge(&self, x: &Tensor, v: &Tensor) -> Result<Tensor> {
        let above = v.f_sub_scalar(self.rest())?;
        Ok(if self.decay_input {
            v.f_add(&x.f_sub(&above)?.f_div_scalar(self.tau)?)?
        } else {
            v.f_sub(&above.f_div_scalar(self.tau)?)?.f_add(x)?
        })
    }

    /// What the potential leaks to.
    pub(super) fn rest(&self) -> f64 {
        if self.soft_reset { 0.0 } else { self.v_reset }
    }

    /// The kernels of a form.
    pub(super) fn programs(&self, form: Form) -> Result<Programs> {
        let reset = [
            ("surr", self.surrogate.to_string()),
            ("soft_reset", self.soft_reset.to_string()),
            ("detach_reset", self.detach_reset.to_string()),
            ("normalize_residual", (form == Form::Folded { normalize_residual: true }).to_string()),
        ];
        let mut all = reset.to_vec();
        all.push(("decay_input", self.decay_input.to_string()));
        all.push(("folded", (form != Form::Normalized).to_string()));
        // What is not normalised has the mean 0 and the variance 1, exactly.
        all.push(("eps", float(if form == Form::Plain { 0.0 } else { EPS })));
        let affine: &[&str] = if form == Form::Plain { &[] } else { &["gamma", "beta"] };
        let learnt = if self.learnable_vth { &["v_threshold"][..] } else { &[] };
        let sequence = [affine, learnt].concat();
        let residual = form == Form::Folded { normalize_residual: true };
        let fire = [&["threshold"][..], if residual { affine } else { &[] }].concat();
        Ok(Programs {
            sequence: kernels(standard("mpbn_lif")?, &all, &sequence, &["v_threshold"])?,
            fire: kernels(FIRE, &reset, &fire, &[])?,
        })
    }
}
