//! What the examples share that train: images as steps, firing rates that are to be the classes, a line an epoch.

use std::path::PathBuf;

use snn::data::loader::Sampler;
use snn::layer::Sequential;
use snn::nn::{self, Context, Module};
use snn::optim::Optimizer;
use snn::train::{Report, Training};
use tch::{Device, Kind, Reduction, Tensor};

use crate::clock;
use crate::images::{self, Failure, Set};

/// What all programs are told that train by this loop.
#[derive(clap::Args)]
pub struct Settings {
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    epochs: u64,
    #[arg(long, default_value_t = 64)]
    batch: usize,
    /// The learning rate of Adam
    #[arg(long, default_value_t = 1e-3)]
    rate: f64,
    /// What else they are told.
    #[command(flatten)]
    pub given: Given,
}

impl Settings {
    /// Which images are the first batch of a set, to try steps with.
    pub fn first(&self, set: &Set) -> Tensor {
        let n = set.len().min(self.batch as i64);
        Tensor::arange(n, (Kind::Int64, set.labels.device()))
    }
}

/// What all programs are told that train: on what, where, and how they say what came of it.
#[derive(clap::Args)]
pub struct Given {
    /// The folder with the four IDX files; without it they are looked for and downloaded
    #[arg(long)]
    data: Option<PathBuf>,
    /// Run on the CPU where there is CUDA
    #[arg(long)]
    cpu: bool,
    /// Train with so many images
    #[arg(long)]
    limit: Option<usize>,
    /// Where random numbers begin
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// A line of JSON an epoch
    #[arg(long)]
    pub json: bool,
    /// A few drawn images: a run of seconds, without data
    #[arg(long)]
    pub small: bool,
}

impl Given {
    /// Where to run, as of [`device`].
    pub fn device(&self) -> Device {
        device(self.cpu)
    }

    /// The images to train with and to test with; of those that are drawn, so many to train with.
    ///
    /// # Errors
    ///
    /// Where they are neither found nor downloaded.
    pub fn sets(&self, n_drawn: usize, device: Device) -> Result<(Set, Set), Failure> {
        match self.small {
            true => Ok((images::drawn(n_drawn, 1, device), images::drawn(200, 2, device))),
            false => images::fashion_mnist(self.data.clone(), self.limit, device),
        }
    }

    /// Seeds libtorch's generator, by which params, orders and spikes are drawn.
    pub fn seed(&self) {
        tch::manual_seed(self.seed as i64);
    }
}

/// Where to run: on CUDA where there is one and the CPU was not asked for, before anything else of libtorch is called.
pub fn device(cpu: bool) -> Device {
    match snn_runtime::torch::find_cuda() {
        Ok(()) if !cpu => Device::Cuda(0),
        _ => Device::Cpu,
    }
}

/// Images `[N, 1, 28, 28]` as the steps `[T, N, *]` that a network is shown.
pub type Encode = dyn Fn(&Tensor) -> Result<Tensor, Failure>;

/// The firing rates of the last neurons over all steps, `[N, classes]`.
fn rates(
    network: &mut Sequential,
    encode: &Encode,
    images: &Tensor,
    context: &Context,
) -> Result<Tensor, Failure> {
    let spikes = network.forward(&encode(images)?, &context.from_rest())?;
    Ok(spikes.f_mean_dim([0].as_slice(), false, Kind::Float)?)
}

/// How far the rates for some images of a set are from 1 for the class and 0 for the others.
///
/// # Errors
///
/// Those of the network.
pub fn loss(
    network: &mut Sequential,
    encode: &Encode,
    set: &Set,
    batch: &Tensor,
) -> Result<Tensor, Failure> {
    let images = set.images.f_index_select(0, batch)?;
    let rates = rates(network, encode, &images, &Context::train())?;
    let wanted = set.labels.f_index_select(0, batch)?.f_one_hot(10)?.f_to_kind(Kind::Float)?;
    Ok(rates.f_mse_loss(&wanted, Reduction::Mean)?)
}

/// The share of a set whose class fires most.
///
/// # Errors
///
/// Those of the network.
pub fn accuracy(network: &mut Sequential, encode: &Encode, set: &Set) -> Result<f64, Failure> {
    let mut correct = Tensor::zeros([1_i64; 0], (Kind::Int64, set.labels.device()));
    for (images, labels) in set.images.split(500, 0).iter().zip(set.labels.split(500, 0)) {
        let rates = rates(network, encode, images, &Context::eval())?;
        correct += rates.argmax(1, false).eq_tensor(&labels).sum(Kind::Int64);
    }
    Ok(correct.int64_value(&[]) as f64 / set.len() as f64)
}

/// Trains a network with Adam, with a line for each epoch, and returns the accuracy on the test images after the
/// last.
///
/// # Errors
///
/// Those of the network.
pub fn fit(
    mut network: Sequential,
    encode: &Encode,
    (train, test): (&Set, &Set),
    settings: &Settings,
) -> Result<f64, Failure> {
    nn::to_device(&mut network, train.labels.device())?;
    let optimizer = Optimizer::adam(nn::parameters(&network), settings.rate);
    let sampler = Sampler::new(train.len() as usize, settings.batch, true, settings.given.seed)?;
    let mut before = clock::processor_seconds();
    let mut right = 0.0;
    Training::new(network, optimizer, sampler).epochs(settings.epochs).run(
        |network, batch| loss(network, encode, train, batch),
        |network, epoch| {
            let processor = clock::processor_seconds().zip(before).map(|(now, then)| now - then);
            right = accuracy(network, encode, test)?;
            print(epoch, processor, right, settings.given.json);
            before = clock::processor_seconds();
            Ok([("accuracy".into(), right)].into())
        },
    )?;
    Ok(right)
}

/// A line about an epoch.
fn print(epoch: &Report, processor: Option<f64>, right: f64, json: bool) {
    let (number, seconds) = (epoch.epoch, epoch.seconds);
    if json {
        let processor = processor.map_or("null".into(), |seconds| format!("{seconds:.3}"));
        println!(
            "{{\"epoch\": {number}, \"seconds\": {seconds:.3}, \"processor_seconds\": {processor}, \"test_accuracy\": {right}}}"
        );
    } else {
        let right = right * 100.0;
        println!("epoch {number}: {seconds:.2} s, {right:.2} % of the test images are right");
    }
}
