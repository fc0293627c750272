//! Normalisation over the last axes.

use tch::Tensor;

use super::fold::folded;
use super::full;
use crate::error::Result;
use crate::nn::{Context, Module, Node, Value};

/// Layer normalisation over the last axes, as PyTorch's.
#[derive(Debug)]
pub struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f64,
}

impl LayerNorm {
    /// Over last axes of this shape.
    pub fn new(shape: &[i64]) -> Self {
        Self { weight: full(shape, 1.0), bias: full(shape, 0.0), eps: 1e-5 }
    }
}

impl Module for LayerNorm {
    fn node(&self) -> Node {
        Node::new("LayerNorm")
            .with("normalized_shape", Value::Ints(self.weight.size()))
            .with("eps", Value::Real(self.eps))
    }

    fn forward(&mut self, input: &Tensor, context: &Context) -> Result<Tensor> {
        folded("LayerNorm", input, context, |x, _| {
            let shape = self.weight.size();
            let (weight, bias) = (Some(&self.weight), Some(&self.bias));
            Ok(x.f_layer_norm(&shape[..], weight, bias, self.eps, true)?)
        })
    }

    fn params(&self) -> Vec<(String, &Tensor)> {
        vec![("weight".into(), &self.weight), ("bias".into(), &self.bias)]
    }
}
