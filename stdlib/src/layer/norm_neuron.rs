//! Neurons that normalise what comes to them.

use tch::Tensor;

use super::{BatchNorm, Neuron};
use crate::error::{Error, Result};
use crate::nn::{Context, Module, Node};

/// A batch normalisation and neurons as one: the neurons' kernel normalises its input where it reads it, and the sums
/// by channel that the gradient of the normalisation is made of come out of the kernel of backward. Neither the
/// normalised tensor nor its gradient is written.
///
/// It takes `[T, N, C, *]`, or `[N, C, *]` of a single step. A neuron whose channels are on another axis than the
/// normalisation's, and one that was compiled before the program ran ([`Neuron::embedded`]), runs behind it.
pub struct NormNeuron {
    norm: BatchNorm,
    neuron: Neuron,
}

impl NormNeuron {
    /// The two as one.
    pub fn new(norm: BatchNorm, neuron: Neuron) -> Self {
        Self { norm, neuron }
    }
}

impl Module for NormNeuron {
    fn node(&self) -> Node {
        Node::new("NormNeuron")
    }

    fn forward(&mut self, input: &Tensor, context: &Context) -> Result<Tensor> {
        run(("norm", &mut self.norm), ("neuron", &mut self.neuron), input, context)
    }

    fn children(&self) -> Vec<(String, &dyn Module)> {
        vec![("norm".into(), &self.norm), ("neuron".into(), &self.neuron)]
    }

    fn children_mut(&mut self) -> Vec<(String, &mut dyn Module)> {
        vec![("norm".into(), &mut self.norm), ("neuron".into(), &mut self.neuron)]
    }
}

/// Runs a normalisation and the neurons behind it, with the names that they have in what holds them.
pub(super) fn run(
    (norm_name, norm): (&str, &mut BatchNorm),
    (neuron_name, neuron): (&str, &mut Neuron),
    input: &Tensor,
    context: &Context,
) -> Result<Tensor> {
    let of_norm = |error: Error| error.at(norm_name);
    let output = if neuron.can_normalize() {
        let given = norm.fold(input, context).map_err(of_norm)?;
        neuron.forward_normalized(&given, context)
    } else {
        let normalized = norm.forward(input, context).map_err(of_norm)?;
        neuron.forward(&normalized, context)
    };
    output.map_err(|error| error.at(neuron_name))
}
