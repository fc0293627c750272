use std::fs;
use std::path::{Path, PathBuf};

use tch::{Device, Kind, Reduction, Tensor};

use super::*;
use crate::data::loader::Sampler;
use crate::layer::{Conv, ConvSettings, Flatten, Linear, Neuron, Sequential};
use crate::nn::{self, Context, Module, StateDict};
use crate::optim::{Optimizer, Scaler, Schedule};

/// A folder of a test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("snn-train-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Numbers from 0 to 1 that are the same in every run.
fn noise(shape: &[i64]) -> Tensor {
    let n: i64 = shape.iter().product();
    let numbers = (0..n).map(|i| ((i * 7919 + 13) % 1000) as f32 / 1000.0);
    Tensor::from_slice(&numbers.collect::<Vec<_>>()).reshape(shape)
}

/// A network whose weights are the same in every run.
fn network() -> Sequential {
    let network = Sequential::new()
        .with(Linear::new(5, 6))
        .with(Neuron::standard("lif").unwrap().build().unwrap())
        .with(Linear::new(6, 2));
    for (_, mut param) in nn::parameters(&network) {
        tch::no_grad(|| param.copy_(&(noise(&param.size()) - 0.3)));
    }
    network
}

fn training(epochs: u64) -> Training<Sequential> {
    let network = network();
    let optimizer = Optimizer::adamw(nn::parameters(&network), 0.05, 0.01);
    let sampler = Sampler::new(14, 4, true, 1).unwrap();
    Training::new(network, optimizer, sampler)
        .epochs(epochs)
        .schedule(Schedule::Step { every: 5, factor: 0.5 }, Per::Step)
        .clip(0.5)
        .read_every(3)
        .quiet()
}

/// Runs a training, and fails in a step of this number where one is given.
fn run(training: &mut Training<Sequential>, fails_in: Option<usize>) -> crate::Result<Summary> {
    let (x, y, mut step) = (noise(&[14, 5]) * 3.0, noise(&[14, 2]), 0);
    training.run(
        |network, batch| {
            step += 1;
            if fails_in == Some(step) {
                return Err("the power is out".into());
            }
            let x = x.index_select(0, batch).unsqueeze(0).expand([3, -1, -1], false);
            let out = network.forward(&x, &Context::train())?;
            nn::reset(network);
            let out = out.mean_dim([0].as_slice(), false, Kind::Float);
            Ok(out.mse_loss(&y.index_select(0, batch), Reduction::Mean))
        },
        |_, epoch| {
            Ok([("error".into(), [3.0, 1.0, 2.0, f64::NAN][epoch.epoch as usize % 4])].into())
        },
    )
}

fn open(folder: &Folder) -> Checkpoints {
    Checkpoints::open(&folder.0).unwrap()
}

/// A checkpoint of two steps.
fn checkpoint(folder: &Folder) -> PathBuf {
    let mut training = training(1).checkpoints(open(folder)).checkpoint_every(2);
    run(&mut training, Some(3)).unwrap_err();
    folder.0.join("checkpoint-0000000002.safetensors")
}

/// Takes a checkpoint into a new training.
fn take(path: &Path, training: &mut Training<Sequential>) -> crate::Result<serde_json::Value> {
    let Stepper { optimizer, scaler, .. } = &mut training.stepper;
    restore(path, &mut Parts { network: &mut training.network, optimizer, scaler: scaler.as_mut() })
}

fn reports(summary: &Summary) -> Vec<String> {
    let numbers = summary.epochs.iter().map(|e| (e.epoch, e.step, e.loss, e.rate, &e.metrics));
    numbers.map(|numbers| format!("{numbers:?}")).collect()
}

#[test]
fn training_goes_on_as_if_it_had_not_been_stopped() {
    let mut whole = training(4);
    let expected = run(&mut whole, None).unwrap();
    assert_eq!(expected.epochs.len(), 4);
    assert!(expected.epochs[3].loss < expected.epochs[0].loss, "{expected}");
    for fails_in in [1, 2, 4, 5, 7, 12] {
        let folder = Folder::new(&format!("goes-on-{fails_in}"));
        let mut first = training(4).checkpoints(open(&folder)).checkpoint_every(1);
        let error = run(&mut first, Some(fails_in)).unwrap_err();
        assert_eq!(error.to_string(), "the power is out");
        drop(first);
        let mut second = training(4).checkpoints(open(&folder)).resume(true);
        let summary = run(&mut second, None).unwrap();
        assert_eq!(nn::state_dict(&second.network), nn::state_dict(&whole.network), "{fails_in}");
        let memory = |training: &Training<_>| training.stepper.optimizer.state_dict();
        assert_eq!(memory(&second), memory(&whole));
        assert_eq!(reports(&summary), reports(&expected));
    }
}

#[test]
fn the_summary_has_the_best_and_numbers_that_are_none() {
    let folder = Folder::new("summary");
    run(&mut training(4).checkpoints(open(&folder)), None).unwrap();
    let summary = run(&mut training(4).checkpoints(open(&folder)).resume(true), None).unwrap();
    assert!(summary.epochs[3].metrics["error"].is_nan());
    assert_eq!(summary.best("error", Goal::Lowest).unwrap().epoch, 1);
    assert_eq!(summary.best("error", Goal::Highest).unwrap().epoch, 0);
    assert_eq!(summary.best("accuracy", Goal::Highest), None);
    let text = summary.to_string();
    assert!(text.contains("4 epochs of 16 steps in all"), "{text}");
    assert!(text.contains("highest 3.0000 after epoch 0, lowest 1.0000 after epoch 1"), "{text}");
}

#[test]
fn the_last_ones_and_the_best_are_kept_and_left_overs_removed() {
    let folder = Folder::new("kept");
    let left = folder.0.join("checkpoint-0000000099.safetensors.7.part");
    fs::write(&left, b"half of a checkpoint").unwrap();
    fs::write(folder.0.join("notes.part"), b"of the user").unwrap();
    let best = open(&folder).keep(1).best("error", Goal::Lowest);
    let mut first = training(4).checkpoints(best);
    run(&mut first, None).unwrap();
    drop(first);
    let expected =
        ["checkpoint-0000000008.safetensors", "checkpoint-0000000016.safetensors", "notes.part"];
    assert_eq!(folder.names(), expected);
    let again = open(&folder).keep(1).best("error", Goal::Lowest);
    assert_eq!(again.best_path(), Some(folder.0.join(expected[0])));
    assert_eq!(again.newest_path(), Some(folder.0.join(expected[1])));
    let error = Checkpoints::open(&folder.0).unwrap_err().to_string();
    assert!(error.contains("another run uses this folder"), "{error}");
    drop(again);
    let error = run(&mut training(4).checkpoints(open(&folder)), None).unwrap_err().to_string();
    assert!(error.contains(expected[1]) && error.contains("resume it"), "{error}");
    // What was learnt by then.
    let mut other = network();
    nn::load_state_dict(&mut other, &network_of(&folder.0.join(expected[1])).unwrap()).unwrap();
    assert_eq!(nn::state_dict(&other), nn::state_dict(&first_of(&folder)));
}

/// The network of the last checkpoint.
fn first_of(folder: &Folder) -> Sequential {
    let mut training = training(4).checkpoints(open(folder)).resume(true);
    run(&mut training, None).unwrap();
    training.network
}

#[test]
fn damage_is_told_and_changes_nothing() {
    let folder = Folder::new("damaged");
    let path = checkpoint(&folder);
    let whole = fs::read(&path).unwrap();
    let mut fresh = training(1);
    let before = nn::state_dict(&fresh.network);
    take(&path, &mut fresh).unwrap();
    assert_ne!(nn::state_dict(&fresh.network), before);
    let mut fresh = training(1);
    let mut fails = |bytes: &[u8], what: String| {
        fs::write(&path, bytes).unwrap();
        let error = take(&path, &mut fresh).unwrap_err().to_string();
        assert!(error.contains("checkpoint-0000000002.safetensors"), "{what}: {error}");
        assert_eq!(nn::state_dict(&fresh.network), before, "{what}");
    };
    for i in (0..whole.len()).step_by(101).chain(0..16) {
        let mut damaged = whole.clone();
        damaged[i] ^= 1;
        // A bit of the spaces that the header is filled up with says nothing.
        if whole[i] != b' ' {
            fails(&damaged, format!("bit 0 of byte {i}"));
        }
    }
    for n in (0..whole.len()).step_by(301) {
        fails(&whole[..n], format!("{n} bytes"));
    }
    fails(b"", "nothing".into());
    // A run that finds it says so, and does not begin anew.
    let error = run(&mut training(1).checkpoints(open(&folder)).resume(true), None);
    assert!(error.unwrap_err().to_string().contains("no whole file of safetensors"));
}

#[test]
fn a_checkpoint_of_another_training_is_refused() {
    let folder = Folder::new("other");
    let path = checkpoint(&folder);
    let refused = |mut training: Training<Sequential>, why: &str| {
        let error = take(&path, &mut training).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    };
    let other = Sequential::new().with(Linear::new(5, 7));
    let optimizer = Optimizer::adam(nn::parameters(&other), 0.05);
    let sampler = Sampler::new(14, 4, true, 1).unwrap();
    refused(
        Training::new(other, optimizer, sampler.clone()),
        "a module of its network is `0` Linear",
    );
    let own = network();
    let optimizer = Optimizer::sgd(nn::parameters(&own), 0.05, 0.9);
    refused(Training::new(own, optimizer, sampler), "its optimizer is Adam(");
    refused(training(1).precision(Kind::Half), "its loss scaling is off, not on");

    let own = network();
    let optimizer = Optimizer::adamw(nn::parameters(&own), 0.05, 0.01);
    let sampler = Sampler::new(14, 5, true, 1).unwrap();
    let mut training =
        Training::new(own, optimizer, sampler).checkpoints(open(&folder)).resume(true);
    let error = run(&mut training, None).unwrap_err().to_string();
    assert!(
        error.contains("the position must be of Sampler") && error.contains("batch: 4"),
        "{error}"
    );
}

#[test]
fn what_is_no_checkpoint_or_of_a_later_version_is_told() {
    let folder = Folder::new("version");
    let path = folder.0.join("checkpoint-0000000001.safetensors");
    nn::write_state_dict(&nn::state_dict(&network()), &path).unwrap();
    let error = take(&path, &mut training(1)).unwrap_err().to_string();
    assert!(error.contains("but no checkpoint of a training"), "{error}");
    fs::remove_file(&path).unwrap();
    let path = checkpoint(&folder);
    let mut bytes = fs::read(&path).unwrap();
    let version = br#"\"version\":1"#;
    let at = bytes.windows(version.len()).position(|window| window == version).unwrap();
    bytes[at + version.len() - 1] = b'7';
    fs::write(&path, bytes).unwrap();
    let error = take(&path, &mut training(1)).unwrap_err().to_string();
    assert!(error.contains("it is of version 7, and 1 can be read"), "{error}");
}

#[test]
fn memory_of_weights_that_lie_channels_last_is_theirs_again() {
    let network = || {
        let settings = ConvSettings::kernel(&[3, 3]).padding(1);
        let mut network = Sequential::new()
            .with(Conv::new(2, 3, settings).unwrap())
            .with(Flatten)
            .with(Linear::new(48, 1));
        for (_, mut param) in nn::parameters(&network) {
            tch::no_grad(|| param.copy_(&(noise(&param.size()) - 0.5)));
        }
        nn::to_layout(&mut network, true).unwrap();
        network
    };
    let x = noise(&[1, 4, 2, 4, 4]);
    let step = |network: &mut Sequential, optimizer: &mut Optimizer| {
        optimizer.zero_grad();
        network.forward(&x, &Context::train()).unwrap().square().mean(Kind::Float).backward();
        optimizer.step().unwrap();
    };
    let (mut one, folder) = (network(), Folder::new("channels-last"));
    let mut optimizer = Optimizer::adam(nn::parameters(&one), 0.1);
    step(&mut one, &mut optimizer);
    let mut checkpoints = open(&folder);
    let parts = Parts { network: &mut one, optimizer: &mut optimizer, scaler: None };
    checkpoints.save(&parts, 1, &Metrics::new(), &"one step").unwrap();
    let mut other = network();
    let mut memory = Optimizer::adam(nn::parameters(&other), 0.1);
    let mut parts = Parts { network: &mut other, optimizer: &mut memory, scaler: None };
    assert_eq!(checkpoints.restore::<String>(&mut parts).unwrap().unwrap(), "one step");
    (0..3).for_each(|_| step(&mut one, &mut optimizer));
    (0..3).for_each(|_| step(&mut other, &mut memory));
    assert_eq!(nn::state_dict(&one), nn::state_dict(&other));
    assert_eq!(optimizer.state_dict(), memory.state_dict());
}

#[test]
fn states_and_the_scale_go_on() {
    let folder = Folder::new("states");
    let mut one = network();
    let x = noise(&[2, 3, 5]) * 3.0;
    let _ = one.forward(&x, &Context::train()).unwrap();
    let mut optimizer = Optimizer::sgd(nn::parameters(&one), 0.25, 0.0);
    let mut scaler = Scaler::new(Device::Cpu);
    let half = StateDict::from([
        ("scale".into(), Tensor::from(32_768.0_f32)),
        ("growth".into(), Tensor::from(17_i32)),
    ]);
    scaler.load_state_dict(&half).unwrap();
    let mut checkpoints = open(&folder);
    let parts = Parts { network: &mut one, optimizer: &mut optimizer, scaler: Some(&mut scaler) };
    checkpoints.save(&parts, 1, &Metrics::new(), &()).unwrap();
    let expected = one.forward(&x, &Context::train()).unwrap();

    let mut other = network();
    let mut optimizer = Optimizer::sgd(nn::parameters(&other), 0.5, 0.0);
    let mut scaler = Scaler::new(Device::Cpu);
    let mut parts =
        Parts { network: &mut other, optimizer: &mut optimizer, scaler: Some(&mut scaler) };
    checkpoints.restore::<()>(&mut parts).unwrap().unwrap();
    assert_eq!(other.forward(&x, &Context::train()).unwrap(), expected);
    assert_eq!(optimizer.rate(), 0.25);
    assert_eq!(scaler.state_dict(), half);
}

#[test]
fn a_loss_has_to_be_one_number() {
    let network = network();
    let mut stepper = Stepper::new(Optimizer::adam(nn::parameters(&network), 0.1), Device::Cpu);
    let error = stepper.step(|| Ok(Tensor::zeros([3, 2], (Kind::Float, Device::Cpu))));
    let expected = "`a step of training` takes a loss of one number, [], but was given [3, 2]";
    assert_eq!(error.unwrap_err().to_string(), expected);
}

#[test]
fn batches_of_ones_own_are_taken() {
    let mut training = training(1);
    let x = noise(&[14, 5]);
    let mut sizes = Vec::new();
    let load = |indices: Vec<usize>| -> Result<Tensor, Failure> {
        if indices.len() == 2 {
            return Err("the last two are lost".into());
        }
        let rows: Vec<i64> = indices.iter().map(|i| *i as i64).collect();
        Ok(x.index_select(0, &Tensor::from_slice(&rows)))
    };
    let error = training.run_over(
        |epoch| Ok(epoch.map(load)),
        |network, batch: &Tensor| {
            sizes.push(batch.size()[0]);
            let out = network.forward(&batch.unsqueeze(0), &Context::train())?;
            nn::reset(network);
            Ok(out.mean(Kind::Float))
        },
        |_, _| Ok(Metrics::new()),
    );
    assert_eq!(error.unwrap_err().to_string(), "the last two are lost");
    assert_eq!(sizes, [4, 4, 4]);
}
