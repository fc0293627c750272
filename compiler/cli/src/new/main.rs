//! Trains the neuron of `neurons/neuron0.snn`: gradient descent finds the `tau` with which it does what
//! another one did.

use std::error::Error;

snn_runtime::include_neuron!("neuron0_module");

use neuron0_module::Neuron0;
use neuron0_module::{Inputs, Outputs, Seeds, States};

/// 200 steps of 32 neurons.
const SHAPE: [usize; 2] = [200, 32];
/// The `tau` to find.
const TARGET: f32 = 6.0;
/// How far a step goes against the gradient.
const RATE: f32 = 300.0;

fn main() -> Result<(), Box<dyn Error>> {
    let x = input();
    let x = Inputs { x: &x };
    let target = Neuron0::cpu()?
        .tau(TARGET)?
        .forward(&SHAPE, x, &States::default())?
        .outputs;

    let mut neuron = Neuron0::cpu()?.tau(20.0)?;
    for step in 0..=60 {
        let found = neuron.forward(&SHAPE, x, &States::default())?.outputs;
        let (loss, seeds) = squares(&found.v, &target.v);
        if step % 10 == 0 {
            println!(
                "step {step:2}: tau {:.3}, loss {loss:.6}",
                neuron.get_tau()[0]
            );
        }
        let gradients = neuron.grad(&SHAPE, x, &States::default(), &seeds)?;
        let change: Vec<f32> = gradients.params.tau.iter().map(|g| -RATE * g).collect();
        neuron.add_to_tau(&change)?;
    }
    Ok(())
}

/// The mean square of the differences, and its gradient: a seed for each number of the output `v`.
fn squares(found: &[f32], target: &[f32]) -> (f32, Seeds) {
    let n = found.len() as f32;
    let differences: Vec<f32> = found.iter().zip(target).map(|(a, b)| a - b).collect();
    let loss = differences.iter().map(|d| d * d).sum::<f32>() / n;
    let v = differences.iter().map(|d| 2.0 * d / n).collect();
    (
        loss,
        Seeds {
            outputs: Outputs {
                v,
                ..Outputs::default()
            },
            ..Seeds::default()
        },
    )
}

/// Slow waves, a little different for each neuron, that reach the threshold now and then.
fn input() -> Vec<f32> {
    let [steps, neurons] = SHAPE;
    let wave = |t: usize, n: usize| {
        let (t, n) = (t as f32, n as f32);
        0.6 + 0.5 * (t / (8.0 + n / 8.0)).sin() + 0.2 * (t * 1.3 + n).sin()
    };
    (0..steps * neurons)
        .map(|i| wave(i / neurons, i % neurons))
        .collect()
}
