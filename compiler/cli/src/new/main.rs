//! Trains a network with the neuron of `neurons/neuron0.snn` to tell images apart.
//!
//! `cargo run` draws images of ten kinds; with `-- --fashion-mnist` it downloads Fashion-MNIST instead.
//! With `-- --test` it loads what was trained before, and tests it.

use std::path::Path;

use snn::data::loader::Sampler;
use snn::data::mnist::{FashionMnist, Places, Split};
use snn::layer::{Linear, Neuron, Sequential};
use snn::nn::{self, Context, Module};
use snn::optim::Optimizer;
use snn::train::{Failure, Training};
use tch::{Device, Kind, Tensor};

snn_runtime::include_neuron!("neuron0_module");

type Result<T> = std::result::Result<T, Failure>;

/// How many steps a network is shown an image.
const STEPS: i64 = 8;
const BATCH: usize = 100;
const EPOCHS: u64 = 4;
const LEARNING_RATE: f64 = 5e-3;
/// Where the trained network is written to.
const TRAINED: &str = "neuron0.safetensors";

/// What the program may be given.
const FLAGS: [&str; 2] = ["--fashion-mnist", "--test"];

/// Two layers, each of sums of what comes in and of neurons.
fn network() -> snn::Result<Sequential> {
    let neuron = || Neuron::embedded(neuron0_module::ARTIFACTS).build();
    Ok(Sequential::new()
        .with(Linear::new(784, 100))
        .with(neuron()?)
        .with(Linear::new(100, 10))
        .with(neuron()?))
}

/// The share of steps in which each of the last neurons fires, `[N, 10]`, for images `[N, 784]`.
fn rates(network: &mut Sequential, images: &Tensor, context: &Context) -> snn::Result<Tensor> {
    let spikes = snn::encode::poisson(images, STEPS)?; // [T, N, 784]
    let spikes = network.forward(&spikes, context)?; // [T, N, 10]
    nn::reset(network);
    Ok(spikes.mean_dim([0].as_slice(), false, Kind::Float))
}

/// Trains over batches in a random order, with a test behind each epoch, and returns what was trained.
fn train(network: Sequential, set: &Set, test: &Set) -> Result<Sequential> {
    let sampler = Sampler::new(set.labels.size()[0] as usize, BATCH, true, 0)?;
    let optimizer = Optimizer::adam(nn::parameters(&network), LEARNING_RATE);
    let mut training = Training::new(network, optimizer, sampler)
        .epochs(EPOCHS)
        .read_every(10)
        .log("runs");
    let summary = training.run(
        |network, batch| {
            let images = set.images.index_select(0, batch);
            let labels = set.labels.index_select(0, batch);
            let rates = rates(network, &images, &Context::train())?;
            Ok(rates.cross_entropy_for_logits(&labels))
        },
        |network, _| {
            let right = 100.0 * accuracy(network, test)?;
            println!("{right:.1} % of the test images are right");
            Ok([("right".into(), right)].into())
        },
    )?;
    println!("\n{summary}");
    Ok(training.network)
}

/// The share of images of which the neuron that fires most tells the class.
fn accuracy(network: &mut Sequential, set: &Set) -> Result<f64> {
    let rates = tch::no_grad(|| rates(network, &set.images, &Context::eval()))?;
    let right = rates.argmax(1, false).eq_tensor(&set.labels);
    Ok(right.mean(Kind::Double).double_value(&[]))
}

/// Images `[count, 784]` from 0 to 1, and their classes.
struct Set {
    images: Tensor,
    labels: Tensor,
}

/// Images of ten kinds, which noise makes harder to tell apart.
fn drawn(count: i64, seed: i64) -> Set {
    tch::manual_seed(0);
    let kinds = Tensor::rand([10, 784], (Kind::Float, Device::Cpu));
    tch::manual_seed(seed);
    let labels = Tensor::randint(10, [count], (Kind::Int64, Device::Cpu));
    let noise = Tensor::rand([count, 784], (Kind::Float, Device::Cpu));
    let images = kinds.index_select(0, &labels) * 0.2 + noise * 0.8;
    Set { images, labels }
}

fn fashion_mnist(split: Split) -> Result<Set> {
    let read = FashionMnist::load(split, &Places::default())?;
    let images = Tensor::from_slice(&read.images.pixels).reshape([-1, 784]);
    let images = images.to_kind(Kind::Float) / 255.0;
    let labels = Tensor::from_slice(&read.labels).to_kind(Kind::Int64);
    Ok(Set { images, labels })
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let unknown = |flag: &&String| !FLAGS.contains(&flag.as_str());
    if let Some(flag) = arguments.iter().find(unknown) {
        return Err(format!("`{flag}` is none of {}", FLAGS.join(", ")).into());
    }
    let (training, test) = match has("--fashion-mnist") {
        true => (fashion_mnist(Split::Train)?, fashion_mnist(Split::Test)?),
        false => (drawn(2000, 1), drawn(1000, 2)),
    };
    let mut network = network()?;
    if has("--test") {
        let trained = nn::read_state_dict(Path::new(TRAINED))?;
        nn::load_state_dict(&mut network, &trained)?;
        let right = 100.0 * accuracy(&mut network, &test)?;
        println!("{right:.1} % of the test images are right");
        return Ok(());
    }
    let network = train(network, &training, &test)?;
    nn::write_state_dict(&nn::state_dict(&network), Path::new(TRAINED))?;
    println!("wrote {TRAINED}, and curves into runs");
    Ok(())
}
