//! Times the standard library's neurons on an NVIDIA GPU.
//!
//! `gpu-bench fill` compiles them into the cache, so that a build without LLVM can run them; `gpu-bench
//! table` times them beside a copy of as many bytes; `gpu-bench sweep` times other schedules, as CSV;
//! `gpu-bench latency` times few neurons, launch by launch and recorded.
//! Behind it, the numbers of some cases to leave out the others.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use snn_artifact::{Artifact, Target};
use snn_compiler::check::{NoImports, PortDtype};
use snn_runtime::cache::Cache;
use snn_runtime::cuda::{Cuda, CudaModule};
use snn_runtime::device::Device;
use snn_runtime::error::{Error, Result};
use snn_runtime::jit::{Jit, Program};
use snn_runtime::neuron::{Call, Neuron, Prepared};
use snn_tests::gpu::cases::{CASES, Case};
use snn_tests::gpu::launch::{Operands, Sizes};
use snn_tests::numbers::Numbers;

/// Launches before those that count, and those.
const WARM_UP: usize = 5;
const RUNS: usize = 25;

/// Steps and neurons that are timed.
const SIZES: [(usize, usize); 6] =
    [(4, 8 << 20), (8, 8 << 20), (16, 8 << 20), (32, 4 << 20), (64, 2 << 20), (128, 1 << 20)];

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let word = words.next().unwrap_or_default();
    let only: Vec<usize> = words.filter_map(|word| word.parse().ok()).collect();
    let is_wanted = |(i, _): &(usize, &'static Case)| only.is_empty() || only.contains(i);
    let cases: Vec<(usize, &Case)> = CASES.iter().enumerate().filter(is_wanted).collect();
    let done = match word.as_str() {
        "fill" => fill(&cases, &["auto".into()]),
        "fill-sweep" => fill(&cases, &schedules()),
        "table" => table(&cases),
        "sweep" => sweep(&cases),
        "latency" => latency(&cases),
        _ => Err(Error::Artifact("say fill, fill-sweep, table, sweep or latency".into())),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// A neuron compiled with a schedule.
fn artifact(case: &Case, schedule: &str) -> Result<Artifact> {
    let tuning = schedule.parse().map_err(Error::Artifact)?;
    let program = case.program();
    let program = Program {
        name: case.file,
        text: &program.text,
        specialization: program.specialization,
        resolver: &NoImports,
    };
    let jit = Jit::with_cache(Some(Cache::open()?)).tuned(tuning);
    jit.artifact(&Target::Ptx { sm: 75 }, &program)
}

fn fill(cases: &[(usize, &Case)], schedules: &[String]) -> Result<()> {
    for (_, case) in cases {
        for schedule in schedules {
            if let Err(error) = artifact(case, schedule) {
                println!("{} {schedule}: {error}", case.name);
            }
        }
    }
    Ok(())
}

/// The schedules of a sweep.
fn schedules() -> Vec<String> {
    let mut all = Vec::new();
    for chunk in [4, 8, 16] {
        for lanes in [1, 2, 4, 8] {
            for threads in [64, 128, 256].into_iter().filter(|_| lanes * chunk <= 64) {
                let spread = format!("{lanes}x{threads}");
                all.push(format!("chunk={chunk},forward={spread},backward={spread}"));
            }
        }
    }
    all
}

/// A neuron on the device, with its operands.
struct Bench<'a> {
    device: &'a Cuda,
    artifact: Artifact,
    module: CudaModule,
}

impl Bench<'_> {
    /// The median of many launches, in seconds.
    fn median(&self, work: &mut dyn FnMut() -> Result<()>) -> Result<f64> {
        let mut times = Vec::new();
        for turn in 0..WARM_UP + RUNS {
            let seconds = self.device.time(&mut *work)?;
            if turn >= WARM_UP {
                times.push(seconds);
            }
        }
        times.sort_by(f64::total_cmp);
        Ok(times[RUNS / 2])
    }

    fn forward(&self, operands: &mut Operands) -> Result<()> {
        operands.launch(self.device, &self.artifact, &self.module, "forward_train")
    }

    fn backward(&self, operands: &mut Operands) -> Result<()> {
        operands.launch(self.device, &self.artifact, &self.module, "backward")?;
        operands.reduce(self.device, &self.artifact, &self.module)
    }
}

fn table(cases: &[(usize, &Case)]) -> Result<()> {
    let device = Cuda::new(0)?;
    println!("{}\n", device.description());
    println!(
        "| Neuron | Stored as | T | N | Copy, ms | Forward, ms | Backward, ms | Both, of copy |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let mut known: BTreeMap<(usize, usize), Operands> = BTreeMap::new();
    for (_, case) in cases {
        let artifact = artifact(case, "auto")?;
        let module = device.load_module(&artifact)?;
        let bench = Bench { device: &device, artifact, module };
        for (steps, lanes) in SIZES {
            let each = if case.dtype == PortDtype::F32 { 4 } else { 2 };
            known.retain(|(bytes, _), _| *bytes == each);
            let operands = known.entry((each, steps));
            let operands = operands.or_insert_with(|| Operands::new(Sizes::new(steps, lanes)));
            let bytes = 5 * each * steps * lanes;
            let from = device.alloc("copy", bytes / 2)?;
            let mut to = device.alloc("copy", bytes / 2)?;
            let copy = bench.median(&mut || device.copy(from.as_ref(), to.as_mut(), bytes / 2))?;
            drop((from, to));
            let forward = bench.median(&mut || bench.forward(operands))?;
            let backward = bench.median(&mut || bench.backward(operands))?;
            let both = bench.median(&mut || {
                bench.forward(operands)?;
                bench.backward(operands)
            })?;
            println!(
                "| {} | {} | {steps} | {lanes} | {:.3} | {:.3} | {:.3} | {:.2} |",
                case.name,
                case.dtype,
                copy * 1e3,
                forward * 1e3,
                backward * 1e3,
                copy / both
            );
        }
    }
    Ok(())
}

fn sweep(cases: &[(usize, &Case)]) -> Result<()> {
    let device = Cuda::new(0)?;
    for (_, case) in cases {
        let mut known: BTreeMap<usize, Operands> = BTreeMap::new();
        for schedule in schedules() {
            let loaded = artifact(case, &schedule)
                .and_then(|artifact| Ok((device.load_module(&artifact)?, artifact)));
            let (module, artifact) = match loaded {
                Ok(loaded) => loaded,
                Err(error) => {
                    println!("# {} {schedule}: {error}", case.name);
                    continue;
                }
            };
            let usage = |entry| module.usage(entry).map_or((0, 0), |u| (u.registers, u.local));
            let usages = [usage("forward_train"), usage("backward")];
            let bench = Bench { device: &device, artifact, module };
            for (steps, lanes) in [(4, 8 << 20), (8, 8 << 20), (16, 4 << 20), (32, 2 << 20)] {
                let operands = known.entry(steps);
                let operands = operands.or_insert_with(|| Operands::new(Sizes::new(steps, lanes)));
                let forward = bench.median(&mut || bench.forward(operands))?;
                let backward = bench.median(&mut || bench.backward(operands))?;
                for (entry, seconds, (registers, local)) in
                    [("forward_train", forward, usages[0]), ("backward", backward, usages[1])]
                {
                    let ms = seconds * 1e3;
                    println!(
                        "{},{},{steps},{schedule},{entry},{ms:.4},{registers},{local}",
                        case.name, case.dtype
                    );
                }
            }
        }
    }
    Ok(())
}

/// So few neurons that launches take longer than memory does.
const FEW: (usize, usize) = (8, 65_536);

/// Launches in a row, of which the host's time is taken.
const IN_A_ROW: usize = 1000;

fn latency(cases: &[(usize, &Case)]) -> Result<()> {
    let device = Arc::new(Cuda::new(0)?);
    println!("{}\n", device.description());
    println!(
        "| Neuron | Stored as | T | N | Forward and backward on the stream, us | Recorded, us | The host, us a launch | Recorded, us |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let (steps, lanes) = FEW;
    for (_, case) in cases {
        let artifact = artifact(case, "auto")?;
        let neuron = Neuron::load(Arc::clone(&device) as Arc<dyn Device>, artifact)?;
        let mut call = Call::default();
        let numbers = Numbers::of(7).array(&[steps, 64, lanes / 64], -0.5, 1.9);
        call.inputs.insert("x".into(), numbers);
        let mut prepared = neuron.prepare(&call)?;
        let both = |prepared: &mut Prepared<'_>| {
            prepared.launch_forward_train()?;
            prepared.launch_backward()
        };
        let stream = micros(&device, || both(&mut prepared))?;
        // Forward, backward, and the sum where something is learnt.
        let launches = if case.learn.is_some() { 3 } else { 2 };
        let launch = host(&device, IN_A_ROW * launches, || {
            (0..IN_A_ROW).try_for_each(|_| both(&mut prepared))
        })?;
        let mut graph = device.record(prepared, both)?;
        let recorded = micros(&device, || graph.launch())?;
        let host_recorded =
            host(&device, IN_A_ROW, || (0..IN_A_ROW).try_for_each(|_| graph.launch()))?;
        println!(
            "| {} | {} | {steps} | {lanes} | {stream:.1} | {recorded:.1} | {launch:.2} | {host_recorded:.2} |",
            case.name, case.dtype
        );
    }
    Ok(())
}

/// The median of the device's time for some launches, in microseconds.
fn micros(device: &Cuda, mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..WARM_UP + RUNS {
        times.push(device.time(&mut work)? * 1e6);
    }
    let mut times = times.split_off(WARM_UP);
    times.sort_by(f64::total_cmp);
    Ok(times[RUNS / 2])
}

/// The host's time for starting so many launches, in microseconds each.
fn host(device: &Cuda, count: usize, work: impl FnOnce() -> Result<()>) -> Result<f64> {
    device.synchronize()?;
    let start = Instant::now();
    work()?;
    let seconds = start.elapsed().as_secs_f64();
    device.synchronize()?;
    Ok(seconds * 1e6 / count as f64)
}
