//! The fully connected layer.

use tch::Tensor;

use super::fold::folded;
use super::{misfit, uniform};
use crate::error::Result;
use crate::nn::{Context, Module, Node, Value};

/// `y = x W^T + b` over the last axis, with PyTorch's initial numbers: uniform within `1 / sqrt(in)`.
#[derive(Debug)]
pub struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
}

impl Linear {
    /// A layer with a bias.
    pub fn new(inputs: i64, outputs: i64) -> Self {
        let bound = 1.0 / (inputs.max(1) as f64).sqrt();
        let weight = uniform(&[outputs, inputs], bound);
        Self { weight, bias: Some(uniform(&[outputs], bound)) }
    }

    /// The same without a bias.
    pub fn without_bias(self) -> Self {
        Self { bias: None, ..self }
    }
}

impl Module for Linear {
    fn node(&self) -> Node {
        let size = self.weight.size();
        Node::new("Linear")
            .with("in_features", Value::Int(size[1]))
            .with("out_features", Value::Int(size[0]))
            .with("bias", Value::Bool(self.bias.is_some()))
    }

    fn forward(&mut self, input: &Tensor, context: &Context) -> Result<Tensor> {
        let features = self.weight.size()[1];
        if input.size().last() != Some(&features) {
            return Err(misfit("Linear", format!("[..., {features}]"), input));
        }
        folded("Linear", input, context, |x, _| Ok(x.f_linear(&self.weight, self.bias.as_ref())?))
    }

    fn params(&self) -> Vec<(String, &Tensor)> {
        let bias = self.bias.as_ref().map(|bias| ("bias".into(), bias));
        std::iter::once(("weight".into(), &self.weight)).chain(bias).collect()
    }
}
