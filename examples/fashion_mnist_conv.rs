//! A convolutional network of integrate-and-fire neurons learns Fashion-MNIST: two blocks of convolution,
//! normalisation, neurons and pooling, then two linear layers, over T steps of the same image.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use snn::layer::{
    BatchNorm, Conv, ConvSettings, Flatten, Linear, Neuron, Pool, PoolKind, Sequential,
};
use snn::nn::{self, Context, Module};
use snn::optim::{Optimizer, Scaler};
use snn_examples::images::{self, Failure, Set};
use tch::{Device, Kind, Tensor};

/// Trains a convolutional spiking network on Fashion-MNIST and prints a line an epoch.
#[derive(Parser)]
struct Args {
    /// The folder with the four IDX files; without it they are looked for and downloaded
    #[arg(long)]
    data: Option<PathBuf>,
    #[arg(long, default_value_t = 1)]
    epochs: usize,
    /// Time steps
    #[arg(long, default_value_t = 4)]
    steps: i64,
    #[arg(long, default_value_t = 128)]
    channels: i64,
    #[arg(long, default_value_t = 128)]
    batch: i64,
    /// The learning rate of Adam
    #[arg(long, default_value_t = 1e-3)]
    rate: f64,
    /// Compute in 16 bits where that is safe
    #[arg(long)]
    amp: Option<Amp>,
    /// Keep the channels last in memory, which convolutions in 16 bits prefer
    #[arg(long)]
    channels_last: bool,
    /// Run on the CPU where there is CUDA
    #[arg(long)]
    cpu: bool,
    /// Train with so many images
    #[arg(long)]
    limit: Option<usize>,
    #[arg(long, default_value_t = 0)]
    seed: i64,
    /// A line of JSON an epoch
    #[arg(long)]
    json: bool,
    /// Few drawn images and few channels: a run of seconds, without data
    #[arg(long)]
    small: bool,
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
    let spiking = || Neuron::standard("if")?.option("surr", "atan(alpha: 2.0)").build();
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

/// Everything that a step needs.
struct Training {
    network: Sequential,
    optimizer: Optimizer,
    scaler: Scaler,
    amp: Option<Amp>,
    steps: i64,
    device: Device,
}

impl Training {
    /// The firing rates of the last neurons: the same image at every step, which the first layers then compute
    /// once.
    fn rates(&mut self, images: &Tensor, context: &Context) -> Result<Tensor, Failure> {
        let mut shape = vec![self.steps];
        shape.extend(images.size());
        let x = images.unsqueeze(0).expand(&shape, false);
        let spikes = self.network.forward(&x, &context.from_rest())?;
        Ok(spikes.mean_dim([0].as_slice(), false, Kind::Float))
    }

    fn step(&mut self, images: &Tensor, labels: &Tensor) -> Result<(), Failure> {
        self.optimizer.zero_grad();
        let (device, kind) = (self.device, self.amp.map(Amp::kind));
        let rates = snn_runtime::torch::ops::autocast(device, kind, || {
            self.rates(images, &Context::train())
        })??;
        let wanted = labels.one_hot(10).to_kind(Kind::Float);
        let loss = rates.mse_loss(&wanted, tch::Reduction::Mean);
        match self.amp {
            Some(Amp::F16) => {
                self.scaler.scale(&loss).f_backward()?;
                self.optimizer.scaled_step(&mut self.scaler)?;
            }
            _ => {
                loss.f_backward()?;
                self.optimizer.step()?;
            }
        }
        Ok(())
    }

    fn accuracy(&mut self, set: &Set) -> Result<f64, Failure> {
        let mut correct = Tensor::zeros([1_i64; 0], (Kind::Int64, self.device));
        let (device, kind) = (self.device, self.amp.map(Amp::kind));
        let images = set.images.split(500, 0).into_iter().zip(set.labels.split(500, 0));
        for (images, labels) in images {
            let rates = tch::no_grad(|| {
                snn_runtime::torch::ops::autocast(device, kind, || {
                    self.rates(&images, &Context::eval())
                })
            })??;
            correct += rates.argmax(1, false).eq_tensor(&labels).sum(Kind::Int64);
        }
        Ok(correct.int64_value(&[]) as f64 / set.len() as f64)
    }
}

fn synchronize(device: Device) {
    if let Device::Cuda(ordinal) = device {
        tch::Cuda::synchronize(ordinal as i64);
    }
}

/// The most bytes that tensors had at once, on CUDA.
fn peak(device: Device, resets: bool) -> Option<u64> {
    match device {
        Device::Cuda(ordinal) => snn_runtime::torch::ops::peak_memory(ordinal, resets).ok(),
        _ => None,
    }
}

fn main() -> Result<(), Failure> {
    let args = Args::parse();
    let device = match snn_runtime::torch::find_cuda() {
        Ok(()) if !args.cpu => Device::Cuda(0),
        _ => Device::Cpu,
    };
    tch::manual_seed(args.seed);
    let (channels, (train, test)) = match args.small {
        true => (8, (images::drawn(640, 1, device), images::drawn(200, 2, device))),
        false => (args.channels, images::fashion_mnist(args.data, args.limit, device)?),
    };
    let mut network = network(channels)?;
    nn::to_device(&mut network, device)?;
    nn::to_layout(&mut network, args.channels_last)?;
    let optimizer = Optimizer::adam(nn::parameters(&network), args.rate);
    let scaler = Scaler::new(device);
    let mut training =
        Training { network, optimizer, scaler, amp: args.amp, steps: args.steps, device };
    let batches = (train.len() + args.batch - 1) / args.batch;
    // Kernels are compiled, and libraries choose theirs.
    for _ in 0..5 {
        let n = args.batch.min(train.len());
        training.step(&train.images.narrow(0, 0, n), &train.labels.narrow(0, 0, n))?;
    }
    for epoch in 0..args.epochs {
        let style = ProgressStyle::with_template("epoch {msg} {bar:40} {pos}/{len} {eta}")?;
        let bar =
            ProgressBar::new(batches as u64).with_style(style).with_message(epoch.to_string());
        let order = Tensor::randperm(train.len(), (Kind::Int64, device));
        synchronize(device);
        let _ = peak(device, true);
        let start = Instant::now();
        for batch in order.split(args.batch, 0) {
            let images = train.images.index_select(0, &batch);
            training.step(&images, &train.labels.index_select(0, &batch))?;
            bar.inc(1);
        }
        synchronize(device);
        let seconds = start.elapsed().as_secs_f64();
        bar.finish_and_clear();
        let peak = peak(device, false);
        let accuracy = training.accuracy(&test)?;
        let mut out = std::io::stdout().lock();
        match args.json {
            true => writeln!(
                out,
                "{{\"epoch\": {epoch}, \"seconds\": {seconds:.3}, \"test_accuracy\": {accuracy}, \"peak_mib\": {}}}",
                peak.map_or("null".into(), |bytes| (bytes >> 20).to_string())
            )?,
            false => writeln!(
                out,
                "epoch {epoch}: {seconds:.2} s, {:.2} % of the test images are right",
                accuracy * 100.0
            )?,
        }
    }
    if !args.json {
        println!("\n{}", nn::summary(&training.network));
    }
    Ok(())
}
