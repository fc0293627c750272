//! Dropout whose mask stays over time.

use tch::Tensor;

use super::{misfit, whole};
use crate::error::{Error, Result};
use crate::nn::{Context, Module, Node, States, StepMode, Value};

/// Dropout that leaves out the same elements at every step until the network is reset, as a neuron that is not there
/// is not there at any time.
#[derive(Debug)]
pub struct Dropout {
    p: f64,
    states: States,
}

const MASK: &str = "mask";

impl Dropout {
    /// Leaves out a share `p` of elements in training.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] where `p` is not from 0 to 1.
    pub fn new(p: f64) -> Result<Self> {
        if !(0.0..=1.0).contains(&p) {
            let why = format!("leaves out a share of {p}, but takes 0 to 1");
            return Err(Error::Settings { layer: "Dropout".into(), why });
        }
        Ok(Self { p, states: States::new() })
    }

    /// What is left of an input behind the mask, which is drawn where there is none of its shape.
    fn masked(&mut self, input: &Tensor, context: &Context) -> Result<Tensor> {
        let size = input.size();
        let step = match context.step_mode {
            StepMode::Single => &size[..],
            StepMode::Multi => {
                size.get(1..).ok_or_else(|| misfit("Dropout", "[T, N, *]", input))?
            }
        };
        let fits = |mask: &Tensor| mask.size() == step && mask.device() == input.device();
        if !self.states.get(MASK).is_some_and(fits) {
            let ones = Tensor::f_ones(step, (input.kind(), input.device()))?;
            self.states.insert(MASK.into(), ones.f_dropout(self.p, true)?);
        }
        Ok(input.f_mul(&self.states[MASK].to_kind(input.kind()))?)
    }
}

impl Module for Dropout {
    fn node(&self) -> Node {
        Node::new("Dropout").with("p", Value::Real(self.p))
    }

    fn forward(&mut self, input: &Tensor, context: &Context) -> Result<Tensor> {
        if !context.training || self.p == 0.0 {
            return Ok(input.shallow_clone());
        }
        whole(self, context, |layer| layer.masked(input, context))
    }

    fn states(&self) -> Option<&States> {
        Some(&self.states)
    }

    fn states_mut(&mut self) -> Option<&mut States> {
        Some(&mut self.states)
    }
}
