//! The loop that the examples share: firing rates learn to be the classes of images.

use std::path::PathBuf;
use std::time::Instant;

use snn::layer::Sequential;
use snn::nn::{self, Context, Module};
use snn::optim::Optimizer;
use tch::{Device, Kind, Reduction, Tensor};

use crate::clock;
use crate::images::{self, Failure, Set};

/// What all programs are told that train by this loop.
#[derive(clap::Args)]
pub struct Settings {
    /// The folder with the four IDX files; without it they are looked for and downloaded
    #[arg(long)]
    data: Option<PathBuf>,
    #[arg(long, default_value_t = 5)]
    epochs: usize,
    #[arg(long, default_value_t = 64)]
    batch: i64,
    /// The learning rate of Adam
    #[arg(long, default_value_t = 1e-3)]
    rate: f64,
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
    /// A few drawn images: a run of seconds, without data
    #[arg(long)]
    small: bool,
}

impl Settings {
    /// Where to run: on CUDA where there is one, before anything else of libtorch is called.
    pub fn device(&self) -> Device {
        match snn_runtime::torch::find_cuda() {
            Ok(()) if !self.cpu => Device::Cuda(0),
            _ => Device::Cpu,
        }
    }

    /// The images to train with and to test with.
    ///
    /// # Errors
    ///
    /// Where they are neither found nor downloaded.
    pub fn sets(&self, device: Device) -> Result<(Set, Set), Failure> {
        match self.small {
            true => Ok((images::drawn(1280, 1, device), images::drawn(200, 2, device))),
            false => images::fashion_mnist(self.data.clone(), self.limit, device),
        }
    }

    /// Images of a batch with their classes, to try a step with.
    pub fn batch(&self, set: &Set) -> (Tensor, Tensor) {
        let n = self.batch.min(set.len());
        (set.images.narrow(0, 0, n), set.labels.narrow(0, 0, n))
    }

    /// Seeds libtorch's generator, by which params, orders and spikes are drawn.
    pub fn seed(&self) {
        tch::manual_seed(self.seed);
    }
}

/// Images `[N, 1, 28, 28]` as the steps `[T, N, *]` that a network is shown.
pub type Encode = Box<dyn Fn(&Tensor) -> Result<Tensor, Failure>>;

/// A network with what it takes to train it.
pub struct Training {
    network: Sequential,
    optimizer: Optimizer,
    encode: Encode,
    device: Device,
}

impl Training {
    /// A network at the beginning, on a device, with Adam.
    ///
    /// # Errors
    ///
    /// Those of libtorch.
    pub fn new(
        mut network: Sequential,
        encode: Encode,
        settings: &Settings,
        device: Device,
    ) -> Result<Self, Failure> {
        nn::to_device(&mut network, device)?;
        let optimizer = Optimizer::adam(nn::parameters(&network), settings.rate);
        Ok(Self { network, optimizer, encode, device })
    }

    /// The firing rates of the last neurons over all steps, `[N, classes]`.
    fn rates(&mut self, images: &Tensor, context: &Context) -> Result<Tensor, Failure> {
        let spikes = self.network.forward(&(self.encode)(images)?, context)?;
        nn::reset(&mut self.network);
        Ok(spikes.mean_dim([0].as_slice(), false, Kind::Float))
    }

    /// A step of the optimizer towards rates of 1 for the class and 0 for the others.
    ///
    /// # Errors
    ///
    /// Those of the network.
    pub fn step(&mut self, images: &Tensor, labels: &Tensor) -> Result<(), Failure> {
        self.optimizer.zero_grad();
        let rates = self.rates(images, &Context::train())?;
        let wanted = labels.one_hot(rates.size()[1]).to_kind(Kind::Float);
        rates.mse_loss(&wanted, Reduction::Mean).f_backward()?;
        Ok(self.optimizer.step()?)
    }

    /// The share of images whose class fires most.
    fn accuracy(&mut self, set: &Set) -> Result<f64, Failure> {
        let mut correct = Tensor::zeros([1_i64; 0], (Kind::Int64, self.device));
        for (images, labels) in set.images.split(500, 0).iter().zip(set.labels.split(500, 0)) {
            let rates = tch::no_grad(|| self.rates(images, &Context::eval()))?;
            correct += rates.argmax(1, false).eq_tensor(&labels).sum(Kind::Int64);
        }
        Ok(correct.int64_value(&[]) as f64 / set.len() as f64)
    }

    /// Trains for all epochs, with a line for each, and returns the accuracy on the test images after the last.
    ///
    /// # Errors
    ///
    /// Those of the network.
    pub fn fit(&mut self, train: &Set, test: &Set, settings: &Settings) -> Result<f64, Failure> {
        let mut accuracy = self.accuracy(test)?;
        for epoch in 0..settings.epochs {
            let order = Tensor::randperm(train.len(), (Kind::Int64, self.device));
            let (start, before) = (Instant::now(), clock::processor_seconds());
            for batch in order.split(settings.batch, 0) {
                let images = train.images.index_select(0, &batch);
                self.step(&images, &train.labels.index_select(0, &batch))?;
            }
            synchronize(self.device);
            let seconds = start.elapsed().as_secs_f64();
            let processor =
                clock::processor_seconds().zip(before).map(|(now, before)| now - before);
            accuracy = self.accuracy(test)?;
            Line { epoch, seconds, processor, accuracy }.print(settings.json);
        }
        Ok(accuracy)
    }
}

/// What is said of an epoch.
struct Line {
    epoch: usize,
    seconds: f64,
    processor: Option<f64>,
    accuracy: f64,
}

impl Line {
    fn print(&self, json: bool) {
        let Self { epoch, seconds, processor, accuracy } = self;
        if json {
            let processor = processor.map_or("null".into(), |seconds| format!("{seconds:.3}"));
            println!(
                "{{\"epoch\": {epoch}, \"seconds\": {seconds:.3}, \"processor_seconds\": {processor}, \"test_accuracy\": {accuracy}}}"
            );
        } else {
            let right = accuracy * 100.0;
            println!("epoch {epoch}: {seconds:.2} s, {right:.2} % of the test images are right");
        }
    }
}

/// Waits until all that was started on a device is done.
pub fn synchronize(device: Device) {
    if let Device::Cuda(ordinal) = device {
        tch::Cuda::synchronize(ordinal as i64);
    }
}
