//! A LIF neuron over six steps: its spikes, its last potential and the gradient of its input.

use snn::neuron::{Lif, Surrogate};
use snn::nn::{Context, Module};
use tch::{Kind, Tensor};

use super::Numbers;

pub fn run() -> snn::Result<Numbers> {
    let x = Tensor::from_slice(&[0.4_f32, 1.2, 2.5, 0.3, 1.9, 1.1]).reshape([6, 1]); // [T, N]
    let x = x.set_requires_grad(true);
    let mut lif = Lif::new().tau(2.0).surrogate(Surrogate::atan(2.0)).detach_reset(true).build()?;
    let spikes = lif.forward(&x, &Context::train())?;
    spikes.sum(Kind::Float).backward();
    let v = lif.states().map(|states| states["v"].shallow_clone()).unwrap_or_default();
    Ok([("spikes", spikes), ("v", v), ("gradient", x.grad())].into())
}
