//! Layers. Those without a state run over all steps at once, the steps folded into the batch; what comes to them
//! the same at every step, as an image that is shown `T` times, they compute once.

mod batch_norm;
mod container;
mod conv;
mod dropout;
mod flatten;
mod fold;
mod layer_norm;
mod linear;
mod neuron;
mod norm_neuron;
mod pool;
mod recurrent;
mod synapse;

#[cfg(test)]
mod tests;

pub use batch_norm::BatchNorm;
pub use container::{Residual, Sequential};
pub use conv::{Conv, ConvSettings};
pub use dropout::Dropout;
pub use flatten::Flatten;
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use neuron::{Neuron, NeuronBuilder};
pub use norm_neuron::NormNeuron;
pub use pool::{Pool, PoolKind};
pub use recurrent::{ElementWise, ElementWiseRecurrent, LinearRecurrent};
pub use synapse::synapse_filter;

use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};
use crate::nn::{Context, Module, reset};

/// Runs a module that keeps something over steps: what is a sequence of its own begins and ends with nothing kept.
pub(crate) fn whole<M: Module>(
    module: &mut M,
    context: &Context,
    run: impl FnOnce(&mut M) -> Result<Tensor>,
) -> Result<Tensor> {
    if !context.from_rest {
        return run(module);
    }
    reset(module);
    let output = run(module);
    reset(module);
    output
}

/// The share of an output that is not 0, where it is asked for: in inference.
pub(crate) fn firing_rate(output: &Tensor, context: &Context) -> Result<Option<Tensor>> {
    if context.training || output.numel() == 0 {
        return Ok(None);
    }
    Ok(Some(output.detach().f_ne(0.0)?.f_mean(Kind::Float)?))
}

/// What does not fit a layer.
pub(crate) fn misfit(layer: &str, expected: impl Into<String>, given: &Tensor) -> Error {
    let given = format!("{:?}", given.size());
    Error::Input { layer: layer.into(), expected: expected.into(), given }
}

/// How many axes a kernel or a window has: one, two or three.
fn window_rank(layer: &str, what: &str, size: &[i64]) -> Result<usize> {
    let rank = size.len();
    if (1..=3).contains(&rank) {
        return Ok(rank);
    }
    let why = format!("has a {what} of {rank} axes, but takes 1, 2 or 3");
    Err(Error::Settings { layer: layer.into(), why })
}

/// A learnt tensor of uniform numbers between `-bound` and `bound`, by libtorch's generator.
fn uniform(shape: &[i64], bound: f64) -> Tensor {
    let mut tensor = Tensor::empty(shape, (Kind::Float, Device::Cpu));
    let _ = tch::no_grad(|| tensor.uniform_(-bound, bound));
    tensor.set_requires_grad(true)
}

/// A learnt tensor of one number.
pub(crate) fn full(shape: &[i64], number: f64) -> Tensor {
    Tensor::full(shape, number, (Kind::Float, Device::Cpu)).set_requires_grad(true)
}
