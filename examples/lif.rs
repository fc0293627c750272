//! LIF from the standard library: forward, and the gradient of the number of spikes.

use std::error::Error;

use snn_runtime::neuron::{Array, Call, Neuron, Seeds};

fn main() -> Result<(), Box<dyn Error>> {
    let lif = Neuron::compile(snn::neuron::source("lif").ok_or("no such neuron")?)?;
    // 100 steps of 64 neurons, each with a constant input of its own between 0 and 2.
    let x = (0..6400).map(|i| (i % 64) as f32 / 32.0).collect();
    let x = Array::new(vec![100, 64], x)?;
    let call = Call { inputs: [("x".into(), x)].into(), ..Call::default() };

    let forward = lif.forward(&call)?;
    let n_spikes: f32 = forward.outputs["s"].data().iter().sum();
    println!("{n_spikes} spikes of 64 neurons in 100 steps");

    let gradients = lif.grad(&call, &Seeds::ones())?;
    let sum: f32 = gradients.inputs["x"].data().iter().sum();
    println!("one more of input everywhere would give about {sum:.0} more");
    Ok(())
}
