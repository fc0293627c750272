//! `snnc bench`: a neuron's time forward and backward, beside copies in the same run.

mod copy;
mod reference;
mod table;

use std::cell::RefCell;
use std::sync::Arc;

use indicatif::ProgressBar;
use snn_artifact::{Manifest, Port};
use snn_runtime::cache::Cache;
use snn_runtime::cpu::Cpu;
use snn_runtime::device::Device;
use snn_runtime::devices;
use snn_runtime::jit::Jit;
use snn_runtime::neuron::{Array, Arrays, Call, Neuron, Prepared, Seeds};

use crate::args::{BenchArgs, Generator, Schedule};
use crate::array::generate;
use crate::report::{Failure, Reporter, Result, print};
use crate::run::Maker;
use reference::Reference;
use table::{Line, Size, Table};

/// Launches before those that count.
const WARM_UP: usize = 2;
/// Launches that count; their median is reported.
const RUNS: usize = 5;

/// Something to time: seconds of one launch.
type Timed<'a> = Box<dyn FnMut() -> Result<f64> + 'a>;

/// Where it runs.
struct Machine {
    device: Arc<dyn Device>,
    threads: usize,
    /// Drawn on a terminal only.
    bar: ProgressBar,
}

impl Machine {
    fn open(args: &BenchArgs) -> Result<Self> {
        let threads = args.threads.max(1);
        let n_turns = args.sizes.0.len() * (WARM_UP + RUNS);
        let device: Arc<dyn Device> = match args.device.as_str() {
            "cpu" => Arc::new(Cpu::with_threads(threads)?),
            name => devices::open(name)?,
        };
        Ok(Self { device, threads, bar: ProgressBar::new(n_turns as u64) })
    }

    /// Seconds that a launch takes until its results are there; on CUDA by the device's own clock.
    fn time(&self, mut work: impl FnMut() -> snn_runtime::Result<()>) -> Result<f64> {
        Ok(self.device.time(&mut work)?)
    }

    fn is_cpu(&self) -> bool {
        self.device.name() == "cpu"
    }
}

/// Times all sizes and prints what came out.
pub fn bench(args: &BenchArgs, reporter: &Reporter) -> Result<()> {
    let machine = Machine::open(args)?;
    let is_cuda = machine.device.name().starts_with("cuda");
    if args.reference && !machine.is_cpu() && !is_cuda {
        let why = "the kernels written by hand are for the cpu and for CUDA";
        return Err(Failure::Message(why.into()));
    }
    let maker = Maker::new(&args.special, Arc::clone(&machine.device), reporter)?;
    let mut ready = maker.ready(args.special.schedule.given())?;
    let by_hand = (args.reference && is_cuda).then(|| reference::on_cuda(&machine.device));
    let by_hand = by_hand.transpose()?;
    let mut table = Table::new(ready.neuron.manifest(), &machine.device);
    for &(steps, lanes) in &args.sizes.0 {
        machine.bar.set_message(format!("T = {steps}, N = {lanes}"));
        count(steps, lanes)?;
        if args.special.schedule == Schedule::Tune {
            let call = call(ready.neuron.manifest(), steps, lanes)?;
            ready = maker.tuned(ready, &call)?;
        }
        let lines = size(args, &machine, &ready.neuron, by_hand.as_ref(), steps, lanes)?;
        table.add(Size { steps, lanes, schedule: ready.tuning, lines });
    }
    machine.bar.finish_and_clear();
    print(&if args.json { table.json() } else { table.text() })
}

/// Bytes of an element and step that any implementation has to move: forward reads inputs and writes
/// outputs; backward reads inputs again and the gradients of outputs, and writes those of inputs.
fn moved(manifest: &Manifest) -> (f64, f64) {
    let size = |port: &Port| port.dtype.size() as f64;
    let given = |port: &Port| if port.packed { 1.0 / 8.0 } else { size(port) };
    let inputs: f64 = manifest.inputs.iter().map(size).sum();
    let outputs: f64 = manifest.outputs.iter().map(given).sum();
    let grads: f64 = manifest.outputs.iter().map(size).sum();
    (inputs + outputs, 2.0 * inputs + grads)
}

/// The elements of a size.
fn count(steps: usize, lanes: usize) -> Result<usize> {
    let n = steps.checked_mul(lanes).filter(|n| *n > 0 && *n <= isize::MAX as usize / 4);
    Ok(n.ok_or_else(|| format!("cannot time {steps} steps of {lanes} neurons"))?)
}

fn size(
    args: &BenchArgs,
    machine: &Machine,
    neuron: &Neuron,
    by_hand: Option<&Neuron>,
    steps: usize,
    lanes: usize,
) -> Result<Vec<Line>> {
    let n = count(steps, lanes)?;
    let (forward, backward) = moved(neuron.manifest());
    let call = call(neuron.manifest(), steps, lanes)?;
    let prepared = prepare(neuron, &call)?;
    let saved = prepared.borrow().saved_bytes();
    // Where there is no cache, `ready` has said why.
    let jit = Jit::with_cache(Cache::open().ok());
    let copy = RefCell::new(copy::Copy::new(&jit, &machine.device, steps, lanes)?);

    // What is written by hand has an input also where the neuron has none.
    let made = match call.inputs.is_empty() && args.reference {
        true => generate::make(Generator::Noise, &[steps, lanes], 0)?.data,
        false => Vec::new(),
    };
    let x = call.inputs.values().next().map_or(&made[..], Array::data);
    let on_cpu = args.reference && machine.is_cpu();
    let in_rust = on_cpu.then(|| Reference::new(x, steps, lanes, machine.threads)).transpose()?;
    let in_cuda =
        by_hand.map(|neuron| prepare(neuron, &self::call(neuron.manifest(), steps, lanes)?));
    let in_cuda = in_cuda.transpose()?;

    let mut all: Vec<(&str, f64, Timed<'_>)> = vec![
        ("copy kernel", 8.0, Box::new(|| machine.time(|| copy.borrow_mut().launch()))),
        ("forward", forward, launch_forward(machine, &prepared)),
        ("forward + backward", forward + backward, launch_both(machine, &prepared)),
    ];
    if machine.is_cpu() {
        all.insert(1, ("memcpy", 8.0, copy::memcpy(n, machine.threads)?));
    }
    if let Some(in_rust) = &in_rust {
        all.push((BY_HAND[0], 8.0, in_rust.forward()));
        all.push((BY_HAND[1], 20.0, in_rust.train()));
    }
    if let Some(in_cuda) = &in_cuda {
        all.push((BY_HAND[0], 8.0, launch_forward(machine, in_cuda)));
        all.push((BY_HAND[1], 20.0, launch_both(machine, in_cuda)));
    }
    measure(all, n, saved, &machine.bar)
}

/// What the kernels written by hand are called.
const BY_HAND: [&str; 2] = ["by hand: forward", "by hand: forward + backward"];

/// A neuron with its operands on the device.
fn prepare<'n>(neuron: &'n Neuron, call: &Call) -> Result<RefCell<Prepared<'n>>> {
    let mut prepared = neuron.prepare(call)?;
    prepared.seed(&Seeds::ones())?;
    Ok(RefCell::new(prepared))
}

fn launch_forward<'a>(machine: &'a Machine, prepared: &'a RefCell<Prepared<'_>>) -> Timed<'a> {
    Box::new(|| machine.time(|| prepared.borrow_mut().launch_forward()))
}

fn launch_both<'a>(machine: &'a Machine, prepared: &'a RefCell<Prepared<'_>>) -> Timed<'a> {
    Box::new(|| {
        machine.time(|| {
            let mut prepared = prepared.borrow_mut();
            prepared.launch_forward_train()?;
            prepared.launch_backward()
        })
    })
}

/// Times everything in turns, so that what else the machine does hits all alike.
fn measure(
    mut all: Vec<(&str, f64, Timed<'_>)>,
    n: usize,
    saved: usize,
    bar: &ProgressBar,
) -> Result<Vec<Line>> {
    let mut times = vec![Vec::new(); all.len()];
    for turn in 0..WARM_UP + RUNS {
        bar.inc(1);
        for ((_, _, run), times) in all.iter_mut().zip(&mut times) {
            let seconds = run()?;
            if turn >= WARM_UP {
                times.push(seconds);
            }
        }
    }
    let lines = all.iter().zip(times).map(|((what, each, _), mut times)| {
        times.sort_by(f64::total_cmp);
        let is_ours = *what == "forward + backward";
        Line {
            what: what.to_string(),
            seconds: times[RUNS / 2],
            bytes: (each * n as f64) as usize,
            saved: is_ours.then_some(saved),
        }
    });
    Ok(lines.collect())
}

fn call(manifest: &Manifest, steps: usize, lanes: usize) -> Result<Call> {
    let mut inputs = Arrays::new();
    for (i, input) in manifest.inputs.iter().enumerate() {
        let made = generate::make(Generator::Noise, &[steps, lanes], i as u64)?;
        inputs.insert(input.name.clone(), Array::new(made.shape, made.data)?);
    }
    Ok(Call { inputs, sizes: vec![steps, lanes], ..Call::default() })
}
