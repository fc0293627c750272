//! Times the standard library's neurons on an NVIDIA GPU.
//!
//! `gpu-bench fill` compiles them into the cache, so that a build without LLVM can run them; `gpu-bench
//! table` times them beside a copy of as many bytes; `gpu-bench sweep` times other schedules, as CSV;
//! `gpu-bench latency` times few neurons, launch by launch and recorded.
//! Behind it, the numbers of some cases to leave out the others. `gpu-bench table --json FILE` also writes
//! the times as JSON lines, and `gpu-bench beside OURS PEERS` makes a table of such a file and of what
//! `tests/reference/peers` printed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::process::ExitCode;

use serde_json::{Value, json};
use snn_artifact::{Artifact, Target};
use snn_compiler::check::{NoImports, PortDtype};
use snn_runtime::cache::Cache;
use snn_runtime::cuda::{Cuda, CudaModule};
use snn_runtime::device::{Device, median_seconds};
use snn_runtime::error::{Error, Result};
use snn_runtime::jit::{Jit, Program};
use snn_tests::gpu::beside::beside;
use snn_tests::gpu::cases::{CASES, Case};
use snn_tests::gpu::latency::latency;
use snn_tests::gpu::launch::{Operands, Sizes};
use snn_tests::gpu::{RUNS, WARM_UP};

/// Steps and neurons that are timed.
const SIZES: [(usize, usize); 6] =
    [(4, 8 << 20), (8, 8 << 20), (16, 8 << 20), (32, 4 << 20), (64, 2 << 20), (128, 1 << 20)];

/// What a command ends with, be it an error of the runtime's or a word of ours.
type Done<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "\
say fill [NUMBER...], fill-sweep [NUMBER...], table [--json FILE] [NUMBER...], sweep [NUMBER...], \
latency [NUMBER...] or beside OURS PEERS";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["fill", only @ ..] => wanted(only).and_then(|cases| fill(&cases, &["auto".into()])),
        ["fill-sweep", only @ ..] => wanted(only).and_then(|cases| fill(&cases, &schedules())),
        ["table", "--json", file, only @ ..] => {
            wanted(only).and_then(|cases| table(&cases, Some(file)))
        }
        ["table", only @ ..] => wanted(only).and_then(|cases| table(&cases, None)),
        ["sweep", only @ ..] => wanted(only).and_then(|cases| sweep(&cases)),
        ["latency", only @ ..] => {
            wanted(only).and_then(|cases| Ok(latency(&cases, |case| artifact(case, "auto"))?))
        }
        ["beside", ours, peers] => print_beside(ours, peers),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The cases of these numbers; all of them where there are none.
fn wanted(only: &[&str]) -> Done<Vec<(usize, &'static Case)>> {
    let number = |word: &&str| word.parse().ok().filter(|number| *number < CASES.len());
    let known: Option<Vec<usize>> = only.iter().map(number).collect();
    let last = CASES.len() - 1;
    let only = known.ok_or_else(|| format!("cases have the numbers 0 to {last}; {USAGE}"))?;
    let is_wanted = |(i, _): &(usize, &'static Case)| only.is_empty() || only.contains(i);
    Ok(CASES.iter().enumerate().filter(is_wanted).collect())
}

/// A file that could not be read or written.
fn failed(path: &str, why: &std::io::Error) -> String {
    format!("{path}: {why}")
}

fn print_beside(ours: &str, peers: &str) -> Done {
    let read = |path| std::fs::read_to_string(path).map_err(|why| failed(path, &why));
    let found = beside(&read(ours)?, &read(peers)?)?;
    print!("{}", found.table);
    match found.missing.as_slice() {
        [] => Ok(()),
        missing => Err(format!("no time of {}", missing.join("; ")).into()),
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

fn fill(cases: &[(usize, &Case)], schedules: &[String]) -> Done {
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
        median_seconds(self.device, WARM_UP, RUNS, work)
    }

    fn forward(&self, operands: &mut Operands) -> Result<()> {
        operands.launch(self.device, &self.artifact, &self.module, "forward_train")
    }

    fn backward(&self, operands: &mut Operands) -> Result<()> {
        operands.launch(self.device, &self.artifact, &self.module, "backward")?;
        operands.reduce(self.device, &self.artifact, &self.module)
    }
}

/// A row as JSON.
fn line(case: &Case, (steps, lanes): (usize, usize), seconds: [f64; 4]) -> Value {
    let [copy, forward, backward, both] = seconds.map(|seconds| seconds * 1e3);
    json!({
        "neuron": case.name, "dtype": case.dtype.to_string(), "T": steps, "N": lanes,
        "copy_ms": copy, "forward_ms": forward, "backward_ms": backward, "both_ms": both,
    })
}

fn table(cases: &[(usize, &Case)], json: Option<&str>) -> Done {
    let create = |path| File::create(path).map_err(|why| failed(path, &why));
    let mut file = json.map(create).transpose()?;
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
            if let (Some(file), Some(path)) = (&mut file, json) {
                let line = line(case, (steps, lanes), [copy, forward, backward, both]);
                writeln!(file, "{line}").map_err(|why| failed(path, &why))?;
            }
        }
    }
    Ok(())
}

fn sweep(cases: &[(usize, &Case)]) -> Done {
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
