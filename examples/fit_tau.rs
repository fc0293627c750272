//! Finds the time constant of a neuron from what it did: gradient descent on `tau`, with the neuron
//! compiled by `build.rs` and nothing but slices.

use std::error::Error;

snn_runtime::include_neuron!("plif");

use plif::{Inputs, Outputs, Plif, Seeds, States};

/// 200 steps of 32 neurons.
const SHAPE: [usize; 2] = [200, 32];
/// The `tau` to find.
const TAU: f32 = 6.0;
/// How far a step goes against the gradient.
const RATE: f32 = 300.0;

fn main() -> Result<(), Box<dyn Error>> {
    let x = input();
    let x = Inputs { x: &x };
    let target = Plif::cpu()?.tau(TAU)?.forward(&SHAPE, x, &States::default())?.outputs;
    println!("{} spikes to learn from", target.s.iter().sum::<f32>());

    // From above: a neuron that leaks less than the target fires less, and spikes that the target does
    // not have are what leads astray.
    let mut neuron = Plif::cpu()?.tau(20.0)?;
    for step in 0..=60 {
        let found = neuron.forward(&SHAPE, x, &States::default())?.outputs;
        let (loss, seeds) = squares(&found.v, &target.v);
        if step % 10 == 0 {
            println!("step {step:2}: tau {:.4}, loss {loss:.6}", neuron.get_tau()[0]);
        }
        let gradients = neuron.grad(&SHAPE, x, &States::default(), &seeds)?;
        let change: Vec<f32> = gradients.params.tau.iter().map(|g| -RATE * g).collect();
        neuron.add_to_tau(&change)?;
    }

    let tau = neuron.get_tau()[0];
    assert!((tau - TAU).abs() < 0.05, "tau is {tau} and not {TAU}");
    Ok(())
}

/// The mean square of the differences, and its gradient as seeds.
fn squares(found: &[f32], target: &[f32]) -> (f32, Seeds) {
    let n = found.len() as f32;
    let differences = found.iter().zip(target).map(|(found, target)| found - target);
    let differences: Vec<f32> = differences.collect();
    let loss = differences.iter().map(|d| d * d).sum::<f32>() / n;
    let v = differences.iter().map(|d| 2.0 * d / n).collect();
    (loss, Seeds { outputs: Outputs { v, ..Outputs::default() }, ..Seeds::default() })
}

/// Slow waves, a little different for each neuron, that reach the threshold now and then.
fn input() -> Vec<f32> {
    let [steps, neurons] = SHAPE;
    let wave = |t: usize, n: usize| {
        let (t, n) = (t as f32, n as f32);
        0.6 + 0.5 * (t / (8.0 + n / 8.0)).sin() + 0.2 * (t * 1.3 + n).sin()
    };
    (0..steps * neurons).map(|i| wave(i / neurons, i % neurons)).collect()
}
