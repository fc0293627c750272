//! The smallest network that learns: images as Poisson spikes, one fully connected layer, ten leaky
//! integrate-and-fire neurons, of which the one of the image's class is to fire.

use std::time::Instant;

use clap::Parser;
use snn::encode;
use snn::layer::{Flatten, Linear, Neuron, Sequential};
use snn::neuron::{Lif, Surrogate};
use snn::nn::{self, Context, Module};
use snn::optim::Optimizer;
use snn::train::Stepper;
use snn_examples::images::{Failure, Set};
use snn_examples::training::{self, Settings};
use snn_runtime::torch::ops;
use tch::{Device, Kind, Tensor};

/// Trains a single layer of LIF neurons on Fashion-MNIST and prints a line an epoch.
#[derive(Parser)]
struct Args {
    /// Time steps
    #[arg(long, default_value_t = 16)]
    steps: i64,
    /// Instead of training, say what the parts of a step take
    #[arg(long)]
    profile: bool,
    #[command(flatten)]
    settings: Settings,
}

fn synapses() -> Sequential {
    Sequential::new().with(Flatten).with(Linear::new(28 * 28, 10).without_bias())
}

fn neurons() -> Result<Neuron, Failure> {
    Ok(Lif::new().tau(2.0).surrogate(Surrogate::atan(2.0)).build()?)
}

fn encoder(steps: i64) -> impl Fn(&Tensor) -> Result<Tensor, Failure> {
    move |images| Ok(encode::poisson(images, steps)?)
}

/// How often a part is run before it is timed, and then.
const WARM_UP: usize = 20;
const RUNS: usize = 200;

/// The milliseconds that a run takes in the mean.
fn time(device: Device, mut run: impl FnMut() -> Result<(), Failure>) -> Result<f64, Failure> {
    for _ in 0..WARM_UP {
        run()?;
    }
    ops::synchronize(device);
    let start = Instant::now();
    for _ in 0..RUNS {
        run()?;
    }
    ops::synchronize(device);
    Ok(start.elapsed().as_secs_f64() * 1e3 / RUNS as f64)
}

/// Runs a module forward and, from a gradient of ones, backward.
fn both_ways(module: &mut impl Module, input: &Tensor) -> Result<(), Failure> {
    let output = module.forward(input, &Context::train())?;
    nn::reset(module);
    Ok(output.sum(Kind::Float).f_backward()?)
}

/// Prints what the parts of a step take, forward and backward, each run by itself; the rest of a whole step is the
/// choice of images, the loss, the optimizer and what lies between.
fn profile(args: &Args, set: &Set) -> Result<(), Failure> {
    let device = set.images.device();
    let encode = encoder(args.steps);
    let batch = args.settings.first(set);
    let mut network = synapses().with(neurons()?);
    nn::to_device(&mut network, device)?;
    let mut stepper = Stepper::new(Optimizer::adam(nn::parameters(&network), 1e-3), device);
    let whole = time(device, || {
        stepper.step(|| training::loss(&mut network, &encode, set, &batch)).map(drop)?;
        Ok(())
    })?;

    let (mut linear, mut lif) = (synapses(), neurons()?);
    nn::to_device(&mut linear, device)?;
    let images = set.images.index_select(0, &batch);
    let spikes = encode(&images)?;
    let currents = linear.forward(&spikes, &Context::train())?.detach().set_requires_grad(true);
    let parts = [
        ("encoder", time(device, || encode(&images).map(drop))?),
        ("linear", time(device, || both_ways(&mut linear, &spikes))?),
        ("neurons", time(device, || both_ways(&mut lif, &currents))?),
    ];
    let rest = whole - parts.iter().map(|(_, part)| part).sum::<f64>();
    for (name, took) in parts.into_iter().chain([("the rest", rest), ("a step", whole)]) {
        println!("{name:<8} {took:7.3} ms, {:5.1} %", took / whole * 100.0);
    }
    Ok(())
}

fn main() -> Result<(), Failure> {
    let args = Args::parse();
    let device = args.settings.given.device();
    args.settings.given.seed();
    let (train, test) = args.settings.given.sets(1280, device)?;
    if args.profile {
        return profile(&args, &train);
    }
    let network = synapses().with(neurons()?);
    training::fit(network, &encoder(args.steps), (&train, &test), &args.settings)?;
    Ok(())
}
