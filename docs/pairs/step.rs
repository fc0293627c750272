//! Five steps of training of the network of `network.rs`: the losses, and the weights behind them.

use snn::nn::{self, Context, Module};
use snn::optim::Optimizer;
use tch::{Kind, Tensor};

use super::Numbers;
use super::network::{network, numbers};

pub fn run() -> snn::Result<Numbers> {
    let mut network = network()?;
    let mut optimizer = Optimizer::adam(nn::parameters(&network), 0.2);
    let (x, target) = (numbers(&[8, 5, 4]), Tensor::from_slice(&[0_i64, 1, 0, 1, 1]));
    let mut losses = Vec::new();
    for _ in 0..5 {
        optimizer.zero_grad();
        let spikes = network.forward(&x, &Context::train())?;
        let rates = spikes.mean_dim([0].as_slice(), false, Kind::Float);
        let loss = rates.cross_entropy_for_logits(&target);
        loss.backward();
        optimizer.step()?;
        nn::reset(&mut network);
        losses.push(loss.detach());
    }
    let weights = nn::state_dict(&network);
    let [first, second] = ["0.weight", "2.weight"].map(|name| weights[name].shallow_clone());
    Ok([("losses", Tensor::stack(&losses, 0)), ("0.weight", first), ("2.weight", second)].into())
}
