//! A convolutional network of integrate-and-fire neurons learns Fashion-MNIST: two blocks of convolution,
//! normalisation, neurons and pooling, then two linear layers, over T steps of the same image.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use snn::data::loader::Sampler;
use snn::layer::{BatchNorm, Conv, ConvSettings, Flatten, Linear, Pool, PoolKind, Sequential};
use snn::neuron::{If, Surrogate};
use snn::nn;
use snn::optim::Optimizer;
use snn::train::{Checkpoints, Goal, Report, Training};
use snn_examples::images::Failure;
use snn_examples::training::{Given, accuracy, loss};
use snn_runtime::torch::ops;
use tch::{Kind, Tensor};

/// Trains a convolutional spiking network on Fashion-MNIST and prints a line an epoch.
#[derive(Parser)]
struct Args {
    #[arg(long, default_value_t = 1)]
    epochs: u64,
    /// Time steps
    #[arg(long, default_value_t = 4)]
    steps: i64,
    /// With --small there are 8
    #[arg(long, default_value_t = 128)]
    channels: i64,
    #[arg(long, default_value_t = 128)]
    batch: usize,
    /// The learning rate of Adam
    #[arg(long, default_value_t = 1e-3)]
    rate: f64,
    /// Compute in 16 bits where that is safe
    #[arg(long)]
    amp: Option<Amp>,
    /// Keep the channels last in memory, which convolutions in 16 bits prefer
    #[arg(long)]
    channels_last: bool,
    /// Save checkpoints into this folder: the last three and the best
    #[arg(long)]
    checkpoints: Option<PathBuf>,
    /// Steps between checkpoints within an epoch
    #[arg(long, default_value_t = 200)]
    every: u64,
    /// Go on from the last checkpoint
    #[arg(long, requires = "checkpoints")]
    resume: bool,
    /// Log into this folder, for TensorBoard
    #[arg(long)]
    log: Option<PathBuf>,
    /// Instead of training, write a Chrome trace of what ten steps start, for Perfetto
    #[arg(long)]
    trace: Option<PathBuf>,
    #[command(flatten)]
    given: Given,
}

#[derive(Clone, Copy, ValueEnum)]
enum Amp {
    F16,
    Bf16,
}

impl Amp {
    fn kind(self) -> Kind {
        match self {
            Amp::F16 => Kind::Half,
            Amp::Bf16 => Kind::BFloat16,
        }
    }
}

fn network(channels: i64) -> Result<Sequential, Failure> {
    let spiking = || If::new().surrogate(Surrogate::atan(2.0)).build();
    let conv =
        |from| Conv::new(from, channels, ConvSettings::kernel(&[3, 3]).padding(1).without_bias());
    let pool = || Pool::new(PoolKind::Max, &[2, 2]);
    Ok(Sequential::new()
        .with(conv(1)?)
        .with(BatchNorm::new(channels))
        .with(spiking()?)
        .with(pool()?)
        .with(conv(channels)?)
        .with(BatchNorm::new(channels))
        .with(spiking()?)
        .with(pool()?)
        .with(Flatten)
        .with(Linear::new(channels * 49, channels * 16).without_bias())
        .with(spiking()?)
        .with(Linear::new(channels * 16, 10).without_bias())
        .with(spiking()?))
}

/// The same image at every step, which the first layers then compute once.
fn shown(steps: i64) -> impl Fn(&Tensor) -> Result<Tensor, Failure> {
    move |images| Ok(images.f_unsqueeze(0)?.f_expand([steps, -1, -1, -1, -1], false)?)
}

/// A line about an epoch.
fn print(epoch: &Report, accuracy: f64, json: bool) -> std::io::Result<()> {
    let (number, seconds) = (epoch.epoch, epoch.seconds);
    let peak = epoch.peak_bytes.map_or("null".into(), |bytes| (bytes >> 20).to_string());
    let mut out = std::io::stdout().lock();
    match json {
        true => writeln!(
            out,
            "{{\"epoch\": {number}, \"seconds\": {seconds:.3}, \"test_accuracy\": {accuracy}, \"peak_mib\": {peak}}}",
        ),
        false => writeln!(
            out,
            "epoch {number}: {seconds:.2} s, {:.2} % of the test images are right",
            accuracy * 100.0
        ),
    }
}

/// The training as the command line wants it.
fn training(
    args: &Args,
    network: Sequential,
    n_images: i64,
) -> Result<Training<Sequential>, Failure> {
    let optimizer = Optimizer::adam(nn::parameters(&network), args.rate);
    let sampler = Sampler::new(n_images as usize, args.batch, true, args.given.seed)?;
    let mut training =
        Training::new(network, optimizer, sampler).epochs(args.epochs).resume(args.resume);
    if let Some(amp) = args.amp {
        training = training.precision(amp.kind());
    }
    if let Some(folder) = &args.checkpoints {
        training = training
            .checkpoints(Checkpoints::open(folder)?.best("accuracy", Goal::Highest))
            .checkpoint_every(args.every);
    }
    Ok(match &args.log {
        Some(folder) => training.log(folder),
        None => training,
    })
}

fn main() -> Result<(), Failure> {
    let args = Args::parse();
    let device = args.given.device();
    args.given.seed();
    let channels = if args.given.small { 8 } else { args.channels };
    let (train, test) = args.given.sets(640, device)?;
    let mut network = network(channels)?;
    nn::to_device(&mut network, device)?;
    nn::to_layout(&mut network, args.channels_last)?;
    let mut training = training(&args, network, train.len())?;
    let shown = shown(args.steps);
    // Kernels are compiled, and libraries choose theirs.
    let first = Tensor::arange(train.len().min(args.batch as i64), (Kind::Int64, device));
    let steps = |training: &mut Training<Sequential>, n: usize| -> Result<(), Failure> {
        let Training { network, stepper, .. } = training;
        for _ in 0..n {
            let _ = stepper.step(|| loss(network, &shown, &train, &first))?;
        }
        Ok(())
    };
    steps(&mut training, 5)?;
    if let Some(path) = &args.trace {
        return snn_runtime::torch::profile(path, || {
            steps(&mut training, 10)?;
            // A trace has what was waited for.
            ops::synchronize(device);
            Ok(())
        })?;
    }
    let summary = training.run(
        |network, batch| loss(network, &shown, &train, batch),
        |network, epoch| {
            let accuracy = accuracy(network, &shown, &test)?;
            print(epoch, accuracy, args.given.json)?;
            Ok([("accuracy".into(), accuracy)].into())
        },
    )?;
    if !args.given.json {
        println!("\n{summary}");
    }
    Ok(())
}
