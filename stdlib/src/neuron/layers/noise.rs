//! Noise of a layer that is made ahead.

use tch::Tensor;

use super::colored::ColoredNoise;
use super::kernels::{all_at_once, wrong};
use crate::error::Result;
use crate::layer::misfit;
use crate::nn::{Context, Node, Value};

/// What is decided about the noise of a layer, with SpikingJelly's names and defaults.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseSettings {
    /// How many steps every call has.
    pub steps: i64,
    /// Its size at first, times the root of how many neurons there are.
    pub sigma_init: f64,
    /// The exponent of its colour: 0 is white, 1 pink, 2 brown.
    pub beta: f64,
    /// Whether there is any, whatever the [`Context`] says of training.
    pub is_training: bool,
    /// Where it starts; without one, at a seed of its own from libtorch's generator.
    pub seed: Option<u64>,
}

impl Default for NoiseSettings {
    fn default() -> Self {
        Self { steps: 5, sigma_init: 0.5, beta: 0.0, is_training: true, seed: None }
    }
}

impl NoiseSettings {
    /// The size of the noise of so many neurons.
    pub(super) fn sigma(&self, num_node: i64) -> f64 {
        self.sigma_init / (num_node as f64).sqrt()
    }
}

/// The noise of a layer for many calls, made ahead, so that it is coloured over all of them, and so that what was used
/// can be taken out and used again, as it is where an agent learns from a memory of what it did.
///
/// It is `PARTS` numbers for each neuron and step, side by side in the last axis: that of what comes in, and where
/// there are two that of what goes out.
pub struct Noise<const PARTS: usize> {
    colored: ColoredNoise,
    layer: &'static str,
    num_node: i64,
    settings: NoiseSettings,
    /// `[calls, T, PARTS * n]`.
    made: Option<Tensor>,
    /// Which call is the next one.
    next: i64,
    /// `[N, T, PARTS * n]`.
    loaded: Option<Tensor>,
}

impl<const PARTS: usize> Noise<PARTS> {
    pub(super) fn new(layer: &'static str, num_node: i64, settings: NoiseSettings) -> Result<Self> {
        let NoiseSettings { steps, sigma_init, beta, seed, .. } = settings;
        if num_node < 1 || steps < 1 {
            let why = format!(
                "has noise of {num_node} neurons and {steps} steps: it takes one or more of both"
            );
            return Err(wrong(layer, why));
        }
        if !(sigma_init >= 0.0 && sigma_init.is_finite()) {
            let why = format!("has a `sigma_init` of {sigma_init}, but takes a number from 0");
            return Err(wrong(layer, why));
        }
        let colored = ColoredNoise::new(beta, seed)?;
        Ok(Self { colored, layer, num_node, settings, made: None, next: 0, loaded: None })
    }

    /// Whether there is any from now on. Networks in inference may have noise, and those in training none.
    pub fn set_is_training(&mut self, is_training: bool) {
        self.settings.is_training = is_training;
    }

    /// Makes the noise of the next `num_rl_step` calls.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`](crate::Error::Settings) where there is no call, or one of a single step, which has no
    /// colour.
    pub fn reset_noise(&mut self, num_rl_step: i64) -> Result<()> {
        if num_rl_step < 1 {
            let why = format!("makes noise of one call or more, not of {num_rl_step}");
            return Err(wrong(self.layer, why));
        }
        let steps = self.settings.steps;
        let parts: Result<Vec<Tensor>> = (0..PARTS)
            .map(|_| {
                let series = self.colored.draw(self.num_node, num_rl_step * steps)?;
                Ok(series.f_unflatten(1, [num_rl_step, steps])?.f_permute([1, 2, 0])?)
            })
            .collect();
        self.made = Some(Tensor::f_cat(&parts?, 2)?);
        self.next = 0;
        Ok(())
    }

    /// The noise that the last call used of what was made, `[T, PARTS * n]`.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`](crate::Error::Settings) where there was no call since it was made.
    pub fn colored_noise(&self) -> Result<Tensor> {
        let none = || wrong(self.layer, "has used no noise since it was made: run it first");
        let made = self.made.as_ref().filter(|_| self.next > 0).ok_or_else(none)?;
        Ok(made.f_select(0, self.next - 1)?)
    }

    /// Uses this noise, `[N, T, PARTS * n]`, at every call from now on: one for each of a batch of `N`.
    ///
    /// # Errors
    ///
    /// [`Error::Input`](crate::Error::Input) where it has another shape.
    pub fn load_colored_noise(&mut self, noise: &Tensor) -> Result<()> {
        let (steps, numbers) = (self.settings.steps, PARTS as i64 * self.num_node);
        if noise.dim() != 3 || noise.size()[1..] != [steps, numbers] {
            return Err(misfit(self.layer, format!("noise [N, {steps}, {numbers}]"), noise));
        }
        self.loaded = Some(noise.shallow_clone());
        Ok(())
    }

    /// Goes back to the noise that was made, behind what was used of it.
    pub fn cancel_load(&mut self) {
        self.loaded = None;
    }

    /// What a layer with this noise is.
    pub(super) fn node(&self) -> Node {
        let NoiseSettings { steps, sigma_init, beta, is_training, .. } = self.settings;
        Node::new(self.layer)
            .with("num_node", Value::Int(self.num_node))
            .with("steps", Value::Int(steps))
            .with("sigma_init", Value::Real(sigma_init))
            .with("beta", Value::Real(beta))
            .with("is_training", Value::Bool(is_training))
    }

    /// Where it draws next.
    pub(super) fn buffers(&self) -> Vec<(String, &Tensor)> {
        self.colored.buffers()
    }

    /// The noise of a call with the input `[T, N, n]`: each part `[T, N, n]`, or `[T, 1, n]` where all of a batch have
    /// the same.
    pub(super) fn take(
        &mut self,
        x: &Tensor,
        context: &Context,
    ) -> Result<Option<[Tensor; PARTS]>> {
        all_at_once(self.layer, context)?;
        let (steps, num_node) = (self.settings.steps, self.num_node);
        if x.dim() != 3 || x.size()[0] != steps || x.size()[2] != num_node {
            return Err(misfit(self.layer, format!("[{steps}, N, {num_node}]"), x));
        }
        if !self.settings.is_training {
            return Ok(None);
        }
        // Once there, it stays on the device of the input.
        for noise in [&mut self.made, &mut self.loaded].into_iter().flatten() {
            if noise.device() != x.device() {
                *noise = noise.f_to(x.device())?;
            }
        }
        let noise = match &self.loaded {
            Some(loaded) if loaded.size()[0] != x.size()[1] => {
                let batch = loaded.size()[0];
                let expected = format!("the batch of {batch} that noise was loaded for");
                return Err(misfit(self.layer, expected, x));
            }
            Some(loaded) => loaded.f_transpose(0, 1)?,
            None => self.made_next()?.f_unsqueeze(1)?,
        };
        let noise = noise.f_to_kind(x.kind())?;
        // What is loaded or made has as many numbers.
        let part = |i: usize| noise.narrow(2, i as i64 * num_node, num_node);
        Ok(Some(std::array::from_fn(part)))
    }

    fn made_next(&mut self) -> Result<Tensor> {
        let none = "has no noise: make that of so many calls by `reset_noise`";
        let made = self.made.as_ref().ok_or_else(|| wrong(self.layer, none))?;
        let calls = made.size()[0];
        if self.next >= calls {
            let why =
                format!("has noise of {calls} calls, which are over: make more by `reset_noise`");
            return Err(wrong(self.layer, why));
        }
        self.next += 1;
        Ok(made.f_select(0, self.next - 1)?)
    }
}
