//! A neuron of one's own beside a plain one: images are shown column by column, so that what a network knows of the
//! first columns it has to remember in its neurons. The one that remembers longer is written down in
//! `neurons/adaptive.snn`; its gradient, that of its time constants included, is derived from it.

use clap::Parser;
use snn::layer::{Linear, Neuron, Sequential};
use snn::neuron::{If, Lif, Surrogate};
use snn_examples::images::{self, Failure};
use snn_examples::training::{self, Settings};

/// Trains plain LIF neurons and adaptive ones on Fashion-MNIST, shown column by column, and prints the accuracy of
/// both.
#[derive(Parser)]
struct Args {
    /// Neurons of the hidden layer
    #[arg(long, default_value_t = 64)]
    hidden: i64,
    #[command(flatten)]
    settings: Settings,
}

/// The program is a part of this one; `Neuron::read` would take it from a file.
const ADAPTIVE: &str = include_str!("neurons/adaptive.snn");

/// A neuron of the library; this one keeps half of its potential from step to step, as the other does at first.
fn plain() -> Result<Neuron, Failure> {
    Ok(Lif::new().tau(2.0).decay_input(false).surrogate(Surrogate::atan(2.0)).build()?)
}

/// The file shares params by neuron: how many there are is known here only.
fn adaptive(n: i64) -> Result<Neuron, Failure> {
    let sized = |neuron: snn::layer::NeuronBuilder, param| neuron.sized(param, &[n]);
    Ok(["k", "rho", "beta"].into_iter().fold(Neuron::of(ADAPTIVE), sized).build()?)
}

/// Two layers, of which only the hidden one differs.
fn network(hidden: Neuron, n: i64) -> Result<Sequential, Failure> {
    let counting = If::new().surrogate(Surrogate::atan(2.0)).build()?;
    Ok(Sequential::new()
        .with(Linear::new(28, n))
        .with(hidden)
        .with(Linear::new(n, 10))
        .with(counting))
}

fn main() -> Result<(), Failure> {
    let Args { hidden: n, settings } = Args::parse();
    let (train, test) = settings.given.sets(1280, settings.given.device())?;
    let mut accuracies = Vec::new();
    for (name, hidden) in [("plain LIF", plain()?), ("adaptive LIF", adaptive(n)?)] {
        println!("{name}:");
        // Both begin with the same weights and see the images in the same order.
        settings.given.seed();
        let network = network(hidden, n)?;
        let right = training::fit(network, &images::columns, (&train, &test), &settings)?;
        accuracies.push((name, right));
    }
    for (name, accuracy) in accuracies {
        println!("{name:<12} {:5.2} % of the test images are right", accuracy * 100.0);
    }
    Ok(())
}
