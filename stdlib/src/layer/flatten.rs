//! All axes behind the batch as one.

use tch::Tensor;

use super::fold::folded;
use crate::error::Result;
use crate::nn::{Context, Module, Node};

/// `[N, *]` to `[N, M]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flatten;

impl Module for Flatten {
    fn node(&self) -> Node {
        Node::new("Flatten")
    }

    fn forward(&mut self, input: &Tensor, context: &Context) -> Result<Tensor> {
        folded("Flatten", input, context, |x, _| {
            let n = x.size().first().copied().unwrap_or(1);
            let each = x.size().iter().skip(1).product::<i64>();
            Ok(x.f_reshape([n, each])?)
        })
    }
}
