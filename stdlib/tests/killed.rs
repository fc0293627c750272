//! Training that is killed again and again ends as one that was never stopped: the same weights, optimizer, random
//! generators and losses, to the bit.
//!
//! The test runs itself: with `SNN_TRAIN` it is the program that trains. Some kills land while a checkpoint is written.
//! With `SNN_SOAK=1` there are 50 kills.

#![cfg(all(feature = "torch", feature = "data", unix))]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "killed/log.rs"]
mod log;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use snn::data::loader::Sampler;
use snn::layer::{BatchNorm, Dropout, Linear, Neuron, Sequential};
use snn::nn::{self, Context, Module};
use snn::optim::{Optimizer, Schedule};
use snn::train::{Checkpoints, Failure, Goal, Per, Training};
use tch::{Device, Kind, Reduction, Tensor};

/// The folder that the program trains in.
const VARIABLE: &str = "SNN_TRAIN";

/// What the program prints, and what it writes in the end.
const OUTPUT: &str = "output";
const RESULT: &str = "result";

/// How often a run is killed at most before it is left to end.
const KILLS: usize = 5;

const SAMPLES: usize = 200;

/// A network with all that goes on: statistics, masks and spikes drawn at random, a learnt time constant, and neurons
/// whose states are kept from batch to batch. The hidden layer makes checkpoints of some megabytes.
fn network() -> Result<Sequential, Failure> {
    Ok(Sequential::new()
        .with(Linear::new(64, 4000))
        .with(BatchNorm::new(4000))
        .with(Neuron::standard("lif")?.build()?)
        .with(Dropout::new(0.2)?)
        .with(Linear::new(4000, 4))
        .with(Neuron::standard("plif")?.build()?))
}

/// The program: trains in a folder, and goes on where there is something to go on from.
fn train(folder: &Path) -> Result<(), Failure> {
    tch::manual_seed(3);
    let x = Tensor::rand([SAMPLES as i64, 64], (Kind::Float, Device::Cpu));
    let y = x.narrow(1, 0, 4);
    let network = network()?;
    let optimizer = Optimizer::adam(nn::parameters(&network), 1e-2);
    let checkpoints = Checkpoints::open(folder.join("checkpoints"))?.keep(2);
    let mut training = Training::new(network, optimizer, Sampler::new(SAMPLES, 8, true, 5)?)
        .epochs(2)
        .schedule(Schedule::Cosine { over: 100, last: 1e-3 }, Per::Step)
        .precision(Kind::BFloat16)
        .clip(1.0)
        .checkpoints(checkpoints.best("error", Goal::Lowest))
        .checkpoint_every(4)
        .resume(true)
        .log(folder.join("log"))
        .read_every(7)
        .quiet();
    let rates = |network: &mut Sequential, x: &Tensor, context: Context| {
        let spikes = x.unsqueeze(0).expand([4, -1, -1], false).bernoulli();
        network.forward(&spikes, &context).map(|s| s.mean_dim([0].as_slice(), false, Kind::Float))
    };
    let mut is_begun = false;
    let summary = training.run(
        |network, batch| {
            if !std::mem::replace(&mut is_begun, true) {
                println!("begun");
            }
            let rates = rates(network, &x.index_select(0, batch), Context::train())?;
            // States and masks go on into the next batch, until evaluation.
            nn::detach(network);
            Ok(rates.mse_loss(&y.index_select(0, batch), Reduction::Mean))
        },
        |network, _| {
            let rates = network.forward(&x.unsqueeze(0), &Context::eval())?;
            nn::reset(network);
            Ok([("error".into(), (rates - &y).abs().mean(Kind::Float).double_value(&[]))].into())
        },
    )?;
    let losses =
        summary.epochs.iter().map(|epoch| (epoch.step, epoch.loss, epoch.rate, &epoch.metrics));
    Ok(fs::write(folder.join(RESULT), format!("{:?}", losses.collect::<Vec<_>>()))?)
}

#[test]
fn killed_runs_end_as_one_that_was_not() {
    if let Some(folder) = std::env::var_os(VARIABLE) {
        return train(Path::new(&folder)).unwrap();
    }
    let is_soak = std::env::var("SNN_SOAK").is_ok_and(|value| value == "1");
    let n_kills = if is_soak { 50 } else { 5 };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("killed");
    let _ = fs::remove_dir_all(&folder);
    let (expected, time) = whole(&folder.join("whole"));
    let mut random = ChaCha8Rng::seed_from_u64(std::process::id().into());
    let mut landed = BTreeMap::from([(Landed::Start, 0), (Landed::Step, 0), (Landed::Write, 0)]);
    let (mut n_runs, mut n) = (0, 0_usize);
    let missed =
        |landed: &BTreeMap<_, _>| landed[&Landed::Write] == 0 || landed[&Landed::Step] == 0;
    // Where a kill lands is chance: there are more until each place was met.
    while n < n_kills || (missed(&landed) && n < 10 * n_kills) {
        let own = folder.join(format!("run {n_runs}"));
        let left = n_kills.saturating_sub(n).clamp(1, KILLS);
        let aims = [Aim::Write, Aim::Step, Aim::Any];
        let kills = (n..n + left).map_while(|i| killed(&own, time, aims[i % 3], &mut random));
        for place in kills {
            *landed.entry(place).or_default() += 1;
            n += 1;
        }
        let _ = start(&own).wait().unwrap();
        compare(&expected, &outcome(&own), &own);
        n_runs += 1;
    }
    println!("{n_runs} runs were killed {n} times and ended alike: {landed:?}");
    assert!(!missed(&landed), "{landed:?}");
    fs::remove_dir_all(&folder).unwrap();
}

/// Where a kill landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Landed {
    /// Before the first step: libraries are loaded, kernels are compiled, a checkpoint is read.
    Start,
    /// In a step, in evaluation or in between.
    Step,
    /// While a checkpoint was written.
    Write,
}

/// What came of a run: tensors, losses of epochs, and all that is logged, each to the bit.
struct Outcome {
    tensors: BTreeMap<String, Vec<u8>>,
    result: String,
    log: BTreeMap<(String, u64), u32>,
}

fn start(folder: &Path) -> Child {
    fs::create_dir_all(folder).unwrap();
    let output = File::create(folder.join(OUTPUT)).unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["killed_runs_end_as_one_that_was_not", "--exact", "--nocapture"])
        .env(VARIABLE, folder)
        // The matrices are small, and threads would only wait for each other.
        .env("OMP_NUM_THREADS", "1")
        .stderr(Stdio::from(output.try_clone().unwrap()))
        .stdout(output)
        .spawn()
        .unwrap()
}

/// A run that is not killed, and how long it takes.
fn whole(folder: &Path) -> (Outcome, Duration) {
    let begun = Instant::now();
    let status = start(folder).wait().unwrap();
    let output = fs::read_to_string(folder.join(OUTPUT)).unwrap();
    assert!(status.success(), "{output}");
    (outcome(folder), begun.elapsed())
}

/// Where a kill is to land, behind any time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Aim {
    Any,
    Step,
    Write,
}

/// Starts a run and kills it, as near to the aim as can be; nothing where it ended before.
fn killed(folder: &Path, time: Duration, aim: Aim, random: &mut ChaCha8Rng) -> Option<Landed> {
    let begun = SystemTime::now();
    let mut child = start(folder);
    let has_begun = || fs::read_to_string(folder.join(OUTPUT)).unwrap().contains("begun");
    let mut part = || f64::from(random.next_u32()) / f64::from(u32::MAX);
    let until = Instant::now() + time.mul_f64(0.7 * part());
    let pause = Duration::from_micros((part() * 2000.0) as u64);
    loop {
        if child.try_wait().unwrap().is_some() {
            return None;
        }
        let is_there = match aim {
            Aim::Any => true,
            Aim::Step => has_begun() && !is_writing(folder, begun),
            Aim::Write => is_writing(folder, begun),
        };
        if Instant::now() >= until && is_there {
            break;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    if aim == Aim::Write {
        std::thread::sleep(pause);
    }
    // SIGKILL.
    child.kill().unwrap();
    let _ = child.wait().unwrap();
    Some(match (is_writing(folder, begun), has_begun()) {
        (true, _) => Landed::Write,
        (false, true) => Landed::Step,
        (false, false) => Landed::Start,
    })
}

/// Whether there is a checkpoint that is not whole, and that was not left by a run before.
fn is_writing(folder: &Path, begun: SystemTime) -> bool {
    // It may be whole, and so gone, before its time is asked for.
    let is_new = |path: &Path| {
        fs::metadata(path).and_then(|about| about.modified()).is_ok_and(|time| time >= begun)
    };
    files(&folder.join("checkpoints"))
        .iter()
        .any(|path| path.extension().is_some_and(|e| e == "part") && is_new(path))
}

/// The files of a folder in the order of their names; none where it is not there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn outcome(folder: &Path) -> Outcome {
    let checkpoints = files(&folder.join("checkpoints"));
    let tensors = nn::read_state_dict(checkpoints.last().unwrap()).unwrap();
    let bytes = |tensor: Tensor| {
        let mut bytes = vec![0; tensor.numel() * tensor.kind().elt_size_in_bytes()];
        tensor.copy_data_u8(&mut bytes, tensor.numel());
        bytes
    };
    Outcome {
        tensors: tensors.into_iter().map(|(name, tensor)| (name, bytes(tensor))).collect(),
        result: fs::read_to_string(folder.join(RESULT)).unwrap(),
        log: log::read(&files(&folder.join("log"))),
    }
}

fn compare(expected: &Outcome, found: &Outcome, folder: &Path) {
    let place = folder.display();
    assert!(expected.tensors.keys().eq(found.tensors.keys()), "{place}");
    for (name, bytes) in &expected.tensors {
        assert!(found.tensors[name] == *bytes, "{name} in {place}");
    }
    assert_eq!(expected.result, found.result, "{place}");
    assert!(expected.log.keys().any(|(tag, _)| tag == "loss"));
    assert_eq!(expected.log, found.log, "{place}");
}
