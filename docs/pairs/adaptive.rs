//! A neuron of one's own, a threshold that rises with each spike: its spikes, its potentials and a gradient.

use snn_runtime::torch::{Call, Neuron};
use tch::{Kind, Tensor};

use super::Numbers;

pub fn run() -> snn::Result<Numbers> {
    let x = Tensor::from_slice(&[0.4_f32, 2.2, 2.5, 3.3, 1.9, 3.1]).reshape([6, 1]);
    let x = x.set_requires_grad(true);
    let neuron = Neuron::compile(include_str!("adaptive.snn"))?;
    let inputs = [("x".to_string(), x.shallow_clone())].into();
    let mut outputs = neuron.forward(&Call { inputs, ..Call::default() })?.outputs;
    let [spikes, potentials] = ["s", "v"].map(|name| outputs.remove(name).unwrap_or_default());
    (spikes.sum(Kind::Float) + potentials.sum(Kind::Float)).backward();
    Ok([("spikes", spikes), ("potentials", potentials), ("gradient", x.grad())].into())
}
