//! Modules that are given what they gave a step before.

use tch::Tensor;

use super::{Linear, misfit, whole};
use crate::error::Result;
use crate::nn::{Context, Module, Node, States, StepMode, Value};

const OUTPUT: &str = "output";

/// How an input and the output before are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ElementWise {
    /// Their sum.
    Add,
    /// Their product.
    Multiply,
}

/// A module that is given its input and its output of the step before, joined element by element; before the first
/// step the output is 0. SpikingJelly's `ElementWiseRecurrentContainer`.
pub struct ElementWiseRecurrent {
    body: Box<dyn Module>,
    join: ElementWise,
    states: States,
}

impl ElementWiseRecurrent {
    /// Around a body that keeps the shape.
    pub fn new(body: impl Module + 'static, join: ElementWise) -> Self {
        Self { body: Box::new(body), join, states: States::new() }
    }
}

impl Module for ElementWiseRecurrent {
    fn node(&self) -> Node {
        let join = if self.join == ElementWise::Add { "add" } else { "multiply" };
        Node::new("ElementWiseRecurrent").with("join", Value::Text(join.into()))
    }

    fn forward(&mut self, input: &Tensor, context: &Context) -> Result<Tensor> {
        whole(self, context, |Self { body, join, states }| {
            stepwise(input, context, states, |x, last, context| {
                // Another batch begins anew.
                let last = last.filter(|last| last.size() == x.size());
                let last =
                    last.map_or_else(|| x.f_zeros_like(), |last| Ok(last.shallow_clone()))?;
                let joined = match join {
                    ElementWise::Add => x.f_add(&last)?,
                    ElementWise::Multiply => x.f_mul(&last)?,
                };
                body.forward(&joined, context).map_err(|error| error.at("body"))
            })
        })
    }

    fn states(&self) -> Option<&States> {
        Some(&self.states)
    }

    fn states_mut(&mut self) -> Option<&mut States> {
        Some(&mut self.states)
    }

    fn children(&self) -> Vec<(String, &dyn Module)> {
        vec![("body".into(), self.body.as_ref())]
    }

    fn children_mut(&mut self) -> Vec<(String, &mut dyn Module)> {
        vec![("body".into(), self.body.as_mut())]
    }
}

/// A module that is given a linear function of its input and its output of the step before, side by side; before
/// the first step the output is 0. SpikingJelly's `LinearRecurrentContainer`.
pub struct LinearRecurrent {
    body: Box<dyn Module>,
    linear: Linear,
    outputs: i64,
    states: States,
}

impl LinearRecurrent {
    /// Around a body that takes `inputs` features and gives `outputs`.
    pub fn new(body: impl Module + 'static, inputs: i64, outputs: i64) -> Self {
        let linear = Linear::new(inputs + outputs, inputs);
        Self { body: Box::new(body), linear, outputs, states: States::new() }
    }
}

impl Module for LinearRecurrent {
    fn node(&self) -> Node {
        Node::new("LinearRecurrent").with("out_features", Value::Int(self.outputs))
    }

    fn forward(&mut self, input: &Tensor, context: &Context) -> Result<Tensor> {
        whole(self, context, |Self { body, linear, outputs, states }| {
            stepwise(input, context, states, |x, last, context| {
                let mut size = x.size();
                size.last_mut().into_iter().for_each(|last| *last = *outputs);
                let last = match last.filter(|last| last.size() == size) {
                    Some(last) => last.shallow_clone(),
                    None => x.f_new_zeros(&size[..], (x.kind(), x.device()))?,
                };
                let both = Tensor::f_cat(&[x, &last], -1)?;
                let joined = linear.forward(&both, context).map_err(|error| error.at("linear"))?;
                body.forward(&joined, context).map_err(|error| error.at("body"))
            })
        })
    }

    fn states(&self) -> Option<&States> {
        Some(&self.states)
    }

    fn states_mut(&mut self) -> Option<&mut States> {
        Some(&mut self.states)
    }

    fn children(&self) -> Vec<(String, &dyn Module)> {
        vec![("linear".into(), &self.linear), ("body".into(), self.body.as_ref())]
    }

    fn children_mut(&mut self) -> Vec<(String, &mut dyn Module)> {
        vec![("linear".into(), &mut self.linear), ("body".into(), self.body.as_mut())]
    }
}

/// Runs a step at a time, with the output of the step before.
fn stepwise(
    input: &Tensor,
    context: &Context,
    states: &mut States,
    mut step: impl FnMut(&Tensor, Option<&Tensor>, &Context) -> Result<Tensor>,
) -> Result<Tensor> {
    let single = context.with(StepMode::Single);
    let mut one = |x: &Tensor| {
        let output = step(x, states.get(OUTPUT), &single)?;
        states.insert(OUTPUT.into(), output.shallow_clone());
        Ok(output)
    };
    if context.step_mode == StepMode::Single {
        return one(input);
    }
    let steps = input.size().first().copied().filter(|steps| *steps > 0);
    let steps =
        steps.ok_or_else(|| misfit("a recurrent module", "[T, N, *] of a step or more", input))?;
    let outputs: Result<Vec<Tensor>> = (0..steps).map(|t| one(&input.f_select(0, t)?)).collect();
    Ok(Tensor::f_stack(&outputs?, 0)?)
}
