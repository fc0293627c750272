//! A convolutional network of parametric LIF neurons learns to tell gestures apart from the events of a camera: the
//! network of Fang et al. 2021 (ICCV, "Incorporating learnable membrane time constant to enhance learning of spiking
//! neural networks") for DVS128 Gesture.
//!
//! Without data the gestures are simulated: drawn figures before a sensor of 128 x 128 pixels, prepared in the cache.

use std::cell::Cell;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use snn::data::dataset::{Dataset, Places};
use snn::data::dvs128_gesture::Dvs128Gesture;
use snn::data::event_set::EventSet;
use snn::data::frame_set::{Cut, FrameSet, Recipe};
use snn::data::loader::{Batch, Batches, Loader, Options, Sampler, Tensors};
use snn::data::simulated::SimulatedGestures;
use snn::layer::{
    BatchNorm, Conv, ConvSettings, Dropout, Flatten, Linear, Pool, PoolKind, Sequential,
};
use snn::neuron::{Plif, Surrogate};
use snn::nn::{self, Context, Module};
use snn::optim::{Optimizer, Schedule};
use snn::train::{Checkpoints, Goal, Per, Report, Training};
use snn_examples::images::Failure;
use snn_examples::training::device;
use tch::{Device, Kind, Reduction, Tensor};

/// Neurons that vote for a class.
const VOTERS: i64 = 10;

/// Trains a spiking network on gestures and prints a line an epoch.
#[derive(Parser)]
struct Args {
    /// Learn DVS128 Gesture; it has to be had by hand, and `snnc data info dvs128-gesture` says how
    #[arg(long)]
    real: bool,
    /// A folder with DvsGesture.tar.gz
    #[arg(long, requires = "real")]
    data: Option<PathBuf>,
    /// Simulated subjects to learn from and to test with, each of whom makes all gestures
    #[arg(long, num_args = 2, value_names = ["TRAIN", "TEST"], default_values_t = [23, 6], conflicts_with = "real")]
    subjects: Vec<usize>,
    #[arg(long, default_value_t = 16)]
    epochs: u64,
    /// Frames a recording is cut into, of equally many events
    #[arg(long, default_value_t = 16)]
    steps: usize,
    /// With --small there are 8
    #[arg(long, default_value_t = 128)]
    channels: i64,
    #[arg(long, default_value_t = 16)]
    batch: usize,
    /// The learning rate of Adam, which falls to 0 along a cosine
    #[arg(long, default_value_t = 1e-3)]
    rate: f64,
    /// Compute in bfloat16 where that is safe
    #[arg(long)]
    amp: bool,
    /// Threads that read frames; 0 for as many as there are processors
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Save checkpoints into this folder: the last three and the best
    #[arg(long)]
    checkpoints: Option<PathBuf>,
    /// Go on from the last checkpoint
    #[arg(long, requires = "checkpoints")]
    resume: bool,
    /// Log into this folder, for TensorBoard
    #[arg(long)]
    log: Option<PathBuf>,
    /// Where prepared recordings and frames are kept, in the place of the user's cache
    #[arg(long)]
    cache: Option<PathBuf>,
    /// Run on the CPU where there is CUDA
    #[arg(long)]
    cpu: bool,
    /// Where random numbers begin
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// A line of JSON an epoch
    #[arg(long)]
    json: bool,
    /// A few subjects and channels, two epochs: a run of seconds
    #[arg(long)]
    small: bool,
}

impl Args {
    fn parsed() -> Self {
        let args = Self::parse();
        match args.small {
            true => {
                Self { subjects: vec![2, 1], epochs: 2, steps: 4, channels: 8, batch: 8, ..args }
            }
            false => args,
        }
    }

    /// The frames of the recordings, which are made where they are not there.
    fn frames(&self) -> Result<FrameSet, Failure> {
        let places =
            Places { folder: self.data.clone(), cache: self.cache.clone(), ..Places::default() };
        let set: Box<dyn Dataset> = match (self.real, &self.subjects[..]) {
            (false, &[train, test]) => Box::new(SimulatedGestures::new(train, test)),
            _ => Box::new(Dvs128Gesture::default()),
        };
        let set = EventSet::open(set.as_ref(), &places)?;
        Ok(FrameSet::open(&set, &Recipe::count(Cut::Number(self.steps)), &places.prepare)?)
    }
}

/// Five blocks of convolution, normalisation, neurons and pooling, then two linear layers.
fn network(channels: i64, n_classes: i64) -> Result<Sequential, Failure> {
    let spiking = || Plif::new().detach_reset(true).surrogate(Surrogate::atan(2.0)).build();
    let conv =
        |from| Conv::new(from, channels, ConvSettings::kernel(&[3, 3]).padding(1).without_bias());
    let mut network = Sequential::new();
    for i in 0..5 {
        network = network
            .with(conv(if i == 0 { 2 } else { channels })?)
            .with(BatchNorm::new(channels))
            .with(spiking()?)
            .with(Pool::new(PoolKind::Max, &[2, 2])?);
    }
    Ok(network
        .with(Flatten)
        .with(Dropout::new(0.5)?)
        .with(Linear::new(channels * 4 * 4, channels * 4))
        .with(spiking()?)
        .with(Dropout::new(0.5)?)
        .with(Linear::new(channels * 4, n_classes * VOTERS))
        .with(spiking()?))
}

/// The share of its voters that fire for each class, as a mean over all steps: `[N, classes]`.
fn votes(network: &mut Sequential, batch: &Tensors, context: &Context) -> Result<Tensor, Failure> {
    let frames = batch.inputs.f_to_kind(Kind::Float)?;
    let spikes = network.forward(&frames, &context.from_rest())?;
    let rates = spikes.f_mean_dim([0].as_slice(), false, Kind::Float)?;
    Ok(rates.f_unflatten(1, [-1, VOTERS])?.f_mean_dim([2].as_slice(), false, Kind::Float)?)
}

/// How far the votes are from 1 for the class and 0 for the others.
fn loss(network: &mut Sequential, batch: &Tensors, device: Device) -> Result<Tensor, Failure> {
    let batch = batch.to(device)?;
    let votes = votes(network, &batch, &Context::train())?;
    let wanted = batch.labels.f_one_hot(votes.size()[1])?.f_to_kind(Kind::Float)?;
    Ok(votes.f_mse_loss(&wanted, Reduction::Mean)?)
}

/// For each pair of the class that it is and the one that has most votes, how many recordings: `[classes, classes]`.
fn confusion(
    network: &mut Sequential,
    batches: Batches<Tensors>,
    n_classes: i64,
    device: Device,
) -> Result<Tensor, Failure> {
    let mut counts = Tensor::zeros([n_classes * n_classes], (Kind::Int64, device));
    for batch in batches {
        let batch = batch?.to(device)?;
        let chosen = votes(network, &batch, &Context::eval())?.f_argmax(1, false)?;
        let pairs = batch.labels.f_mul_scalar(n_classes)?.f_add(&chosen)?;
        counts = counts.f_add(&pairs.f_bincount(None::<Tensor>, n_classes * n_classes)?)?;
    }
    Ok(counts.f_view([n_classes, n_classes])?.f_to(Device::Cpu)?)
}

/// A line about an epoch, with what share of it was spent waiting for frames.
fn print(epoch: &Report, accuracy: f64, waited: f64, json: bool) -> std::io::Result<()> {
    let (number, seconds) = (epoch.epoch, epoch.seconds);
    let mut out = std::io::stdout().lock();
    match json {
        true => writeln!(
            out,
            "{{\"epoch\": {number}, \"seconds\": {seconds:.3}, \"test_accuracy\": {accuracy}, \"waited\": {waited:.4}}}",
        ),
        false => writeln!(
            out,
            "epoch {number}: {seconds:.2} s, {:.2} % of them waiting for frames, {:.2} % of the test recordings are right",
            waited * 100.0,
            accuracy * 100.0,
        ),
    }
}

/// What each class was taken for, the most frequent first.
fn print_confusion(counts: &Tensor, classes: &[&str]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nThe test recordings behind the last epoch:")?;
    for (i, class) in classes.iter().enumerate() {
        let of = |j: usize| counts.int64_value(&[i as i64, j as i64]);
        let mut taken: Vec<usize> = (0..classes.len()).filter(|j| of(*j) > 0).collect();
        taken.sort_by_key(|j| std::cmp::Reverse(of(*j)));
        let taken: Vec<String> =
            taken.into_iter().map(|j| format!("{} {}", of(j), classes[j])).collect();
        writeln!(out, "  {class:28} {}", taken.join(", "))?;
    }
    Ok(())
}

/// The training as the command line wants it.
fn training(
    args: &Args,
    network: Sequential,
    sampler: &Sampler,
) -> Result<Training<Sequential>, Failure> {
    let optimizer = Optimizer::adam(nn::parameters(&network), args.rate);
    let cosine = Schedule::Cosine { over: args.epochs as usize, last: 0.0 };
    let mut training = Training::new(network, optimizer, sampler.clone())
        .epochs(args.epochs)
        .schedule(cosine, Per::Epoch)
        .resume(args.resume);
    if args.amp {
        training = training.precision(Kind::BFloat16);
    }
    if let Some(folder) = &args.checkpoints {
        training = training.checkpoints(Checkpoints::open(folder)?.best("accuracy", Goal::Highest));
    }
    Ok(match &args.log {
        Some(folder) => training.log(folder),
        None => training,
    })
}

fn main() -> ExitCode {
    match run(&Args::parsed()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Failure> {
    let device = device(args.cpu);
    tch::manual_seed(args.seed as i64);
    let frames = args.frames()?;
    let classes = frames.classes();
    let n_classes = classes.len() as i64;
    let mut network = network(args.channels, n_classes)?;
    nn::to_device(&mut network, device)?;

    // Counts stay bytes until they are on the device.
    let collate = move |samples| Ok(Batch::stacked(samples)?.to_tensors()?.pinned(device)?);
    let options = Options { threads: args.threads, ..Options::default() };
    let loader = |split: &str, shuffle| -> Result<_, Failure> {
        let frames = frames.split::<u8>(split)?;
        let sampler = Sampler::new(frames.len(), args.batch, shuffle, args.seed)?;
        Ok(Loader::new(frames, sampler, collate, options)?)
    };
    let (train, test) = (loader("train", true)?, loader("test", false)?);

    let waited = Cell::new(Duration::ZERO);
    let mut last = Tensor::zeros([n_classes, n_classes], (Kind::Int64, Device::Cpu));
    let mut training = training(args, network, train.sampler())?;
    let summary = training.run_over(
        |epoch| {
            let mut batches = train.batches(epoch)?;
            let waited = &waited;
            Ok(std::iter::from_fn(move || {
                let batch = batches.next();
                waited.set(batches.waited());
                batch
            }))
        },
        |network, batch| loss(network, batch, device),
        |network, epoch| {
            last = confusion(network, test.epoch(0)?, n_classes, device)?;
            let right = last.f_diag(0)?.f_sum(Kind::Int64)?.int64_value(&[]);
            let accuracy = right as f64 / test.sampler().n_samples() as f64;
            print(epoch, accuracy, waited.get().as_secs_f64() / epoch.seconds, args.json)?;
            Ok([("accuracy".into(), accuracy)].into())
        },
    )?;
    if !args.json {
        print_confusion(&last, classes)?;
        println!("\n{summary}");
    }
    Ok(())
}
