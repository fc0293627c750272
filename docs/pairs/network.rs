//! Two linear layers with LIF neurons: the firing rates, the loss and the gradient of the first weights.

use snn::layer::{Linear, Sequential};
use snn::neuron::{Lif, Surrogate};
use snn::nn::{self, Context, Module};
use tch::{Kind, Tensor};

use super::Numbers;

/// Numbers from -1 to 3 by a fixed rule.
pub fn numbers(shape: &[i64]) -> Tensor {
    let n: i64 = shape.iter().product();
    let numbers = (0..n).map(|i| ((i * 7919 + 13) % 1000) as f32 / 250.0 - 1.0);
    Tensor::from_slice(&numbers.collect::<Vec<_>>()).reshape(shape)
}

pub fn network() -> snn::Result<Sequential> {
    let lif = || Lif::new().tau(2.0).surrogate(Surrogate::atan(2.0)).build();

    let mut network = Sequential::new()
        .with(Linear::new(4, 3).without_bias())
        .with(lif()?)
        .with(Linear::new(3, 2).without_bias())
        .with(lif()?);
    let weights = [("0.weight", numbers(&[3, 4])), ("2.weight", numbers(&[2, 3]))];
    let weights = weights.map(|(name, tensor)| (name.to_string(), tensor));
    nn::load_state_dict(&mut network, &weights.into())?;
    Ok(network)
}

pub fn run() -> snn::Result<Numbers> {
    let mut network = network()?;
    let (x, target) = (numbers(&[8, 5, 4]), Tensor::from_slice(&[0_i64, 1, 0, 1, 1])); // [T, N, 4], [N]
    let spikes = network.forward(&x, &Context::train())?;
    let rates = spikes.mean_dim([0].as_slice(), false, Kind::Float);
    let loss = rates.cross_entropy_for_logits(&target);
    loss.backward();
    let (_, first) = &nn::parameters(&network)[0];
    let gradient = first.grad();
    Ok([("rates", rates), ("loss", loss), ("gradient", gradient)].into())
}
