//! `snnc run` and `snnc grad`: a neuron over its operands, a summary, arrays and pictures.

use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use snn_artifact::{Axis, Manifest, Param, ParamDefault};
use snn_compiler::check::hir;
use snn_compiler::kernel::schedule::Tuning;
use snn_compiler::pipeline::Options;
use snn_runtime::cache::{self, Cache};
use snn_runtime::device::Device;
use snn_runtime::devices;
use snn_runtime::jit::{self, Jit};
use snn_runtime::neuron::{Array, Arrays, Call, Neuron, Seeds, default_numbers};

use crate::args::{GradArgs, Operands, RunArgs, Schedule, Special};
use crate::operands;
use crate::plot::{self, Rows};
use crate::program::{self, Program};
use crate::report::{Reporter, Result, print};
use crate::source::Files as Imports;
use crate::summary::{Summary, time};
use crate::write::Files;

/// A neuron that is loaded, and how it came to be.
pub struct Ready {
    /// The neuron.
    pub neuron: Neuron,
    /// What of its schedules is not the compiler's own.
    pub tuning: Tuning,
    /// From the text to loaded code.
    pub took: Duration,
    /// Whether the cache had it.
    pub cached: bool,
}

/// A neuron that is checked, its warnings shown, and what compiles it for a device behind the user's
/// cache.
pub struct Maker {
    program: Program,
    checked: hir::Neuron,
    line_info: bool,
    device: Arc<dyn Device>,
    cache: Option<Cache>,
}

impl Maker {
    /// Reads the file and checks it.
    pub fn new(special: &Special, device: Arc<dyn Device>, reporter: &Reporter) -> Result<Self> {
        let program = Program::new(special)?;
        let checked = program.front(reporter)?.neuron;
        let cache = match Cache::open() {
            Ok(cache) => Some(cache),
            // No folder for a cache is a machine's way of being; one that is not safe is worth a word.
            Err(snn_runtime::Error::Cache { path, .. }) if path == cache::VARIABLE => None,
            Err(error) => {
                reporter.warning(&format!("{error}; compiled without it"));
                None
            }
        };
        Ok(Self { program, checked, line_info: special.line_info, device, cache })
    }

    /// Compiles it with a schedule.
    pub fn ready(&self, tuning: Tuning) -> Result<Ready> {
        let start = Instant::now();
        let line_info = self.line_info;
        let options = Options { tuning, line_info, ..Options::new(self.device.target()) };
        let key = program::key(&self.checked, &options);
        let cached = self.cache.as_ref().is_some_and(|cache| cache.get(&key).is_some());
        let jit = Jit::with_cache(self.cache.clone()).tuned(tuning).with_line_info(line_info);
        let neuron = jit.compile(Arc::clone(&self.device), &self.jit_program())?;
        Ok(Ready { neuron, tuning, took: start.elapsed(), cached })
    }

    /// Compiles it with the schedule that is the fastest for a call; timed where the cache does not know
    /// it. What is `ready` is left as it is where that is the one.
    pub fn tuned(&self, ready: Ready, call: &Call) -> Result<Ready> {
        let jit = Jit::with_cache(self.cache.clone());
        let tuning = jit.tune(&self.device, &self.jit_program(), call)?;
        if tuning == ready.tuning { Ok(ready) } else { self.ready(tuning) }
    }

    fn jit_program(&self) -> jit::Program<'_> {
        let source = self.program.source();
        let specialization = self.program.wanted.clone();
        jit::Program { name: source.name, text: source.text, specialization, resolver: &Imports }
    }
}

/// What `run` and `grad` begin with.
fn begin(special: &Special, args: &Operands, reporter: &Reporter) -> Result<(Ready, Call)> {
    plot::check(&args.plots)?;
    let maker = Maker::new(special, devices::open(&args.device)?, reporter)?;
    let mut ready = maker.ready(special.schedule.given())?;
    let call = operands::call(args, ready.neuron.manifest())?;
    if special.schedule == Schedule::Tune {
        ready = maker.tuned(ready, &call)?;
    }
    Ok((ready, call))
}

/// Runs forward.
pub fn run(args: &RunArgs, reporter: &Reporter) -> Result<()> {
    let (ready, call) = begin(&args.special, &args.operands, reporter)?;
    let mut prepared = ready.neuron.prepare(&call)?;
    let took = time(|| {
        prepared.launch_forward()?;
        prepared.synchronize()
    })?;
    let forward = prepared.read_forward()?;

    let mut summary = Summary::new(&ready, &call);
    summary.launch("forward", took);
    summary.outputs(&forward);
    let results = operands::of_forward(&forward, ready.neuron.manifest());
    let mut files = Files::default();
    if let Some(path) = &args.operands.out {
        files.add(path, operands::pack(&results)?);
    }
    if !args.operands.plots.is_empty() {
        let mut outputs = forward.outputs.clone();
        outputs.extend(forward.packed.iter().map(|(name, p)| (name.clone(), p.unpacked())));
        let scene = plot::run(&picture(ready.neuron.manifest(), &call, &outputs));
        args.operands.plots.iter().try_for_each(|path| plot::add(&mut files, path, &scene))?;
    }
    let names = files.names();
    files.commit()?;
    print(&summary.end(&names))
}

/// What thresholds of potentials are called.
const THRESHOLDS: [&str; 2] = ["v_threshold", "v_th"];

fn picture<'a>(manifest: &'a Manifest, call: &'a Call, outputs: &'a Arrays) -> plot::Run<'a> {
    let is_potential = |name: &&str| manifest.states.iter().any(|state| state.name == *name);
    let potential = outputs.keys().map(String::as_str).find(is_potential);
    let threshold = THRESHOLDS.iter().find_map(|name| number(manifest, call, name));
    plot::Run {
        neuron: &manifest.neuron,
        note: note(manifest, call),
        inputs: rows(&call.inputs),
        outputs: over_time(manifest, outputs),
        threshold: potential.zip(threshold),
    }
}

fn rows(arrays: &Arrays) -> Vec<Rows<'_>> {
    arrays.iter().map(|(name, array)| Rows::new(name, array.shape(), array.data())).collect()
}

/// The outputs that have a value for each step.
fn over_time<'a>(manifest: &Manifest, outputs: &'a Arrays) -> Vec<Rows<'a>> {
    let is_last = |name: &String| manifest.outputs.iter().any(|o| o.name == *name && o.last);
    let outputs = outputs.iter().filter(|(name, _)| !is_last(name));
    outputs.map(|(name, array)| Rows::new(name, array.shape(), array.data())).collect()
}

/// The one number of a param, where it has one.
fn number(manifest: &Manifest, call: &Call, name: &str) -> Option<f64> {
    let one = |param: &&Param| param.name == name && !matches!(param.axis, Some(Axis::Elements(_)));
    let param = manifest.params.iter().find(one)?;
    match call.params.get(name).map(Array::data) {
        None if param.is_one() => default_numbers(param, 1, call.seed).ok()?.first().copied(),
        None => match param.default {
            ParamDefault::Number(number) => Some(number),
            ParamDefault::Drawn(_) => None,
        },
        Some([number]) => Some(f64::from(*number)),
        Some(_) => None,
    }
}

/// The params and the size, in a line.
fn note(manifest: &Manifest, call: &Call) -> String {
    let mut note = String::new();
    if let Ok([steps, step @ ..]) = call.shape().as_deref() {
        let lanes: usize = step.iter().product();
        let _ = write!(note, "{steps} steps of {lanes} neurons");
    }
    for param in &manifest.params {
        if let Some(number) = number(manifest, call, &param.name) {
            let _ = write!(note, "  ·  {} = {number}", param.name);
        }
    }
    note
}

/// Runs forward and backward.
pub fn grad(args: &GradArgs, reporter: &Reporter) -> Result<()> {
    let (ready, call) = begin(&args.special, &args.operands, reporter)?;
    let seeds = operands::seeds(args)?;
    let mut prepared = ready.neuron.prepare(&call)?;
    prepared.seed(&seeds)?;
    let forward_took = time(|| {
        prepared.launch_forward_train()?;
        prepared.synchronize()
    })?;
    let backward_took = time(|| {
        prepared.launch_backward()?;
        prepared.synchronize()
    })?;
    let gradients = prepared.read_gradients()?;

    let mut summary = Summary::new(&ready, &call);
    summary.launch("forward", forward_took);
    summary.launch("backward", backward_took);
    summary.saved(prepared.saved_bytes());
    summary.outputs(&gradients.forward);
    summary.gradients(&gradients, ready.neuron.manifest());
    let manifest = ready.neuron.manifest();
    let mut results = operands::of_forward(&gradients.forward, manifest);
    // A last state and the gradient of a first one would have one name: the gradient is what was asked.
    results.retain(|(name, ..)| !name.starts_with("state."));
    results.extend(operands::entries("input.", &gradients.inputs, &manifest.inputs));
    results.extend(operands::entries("param.", &gradients.params, &[]));
    results.extend(operands::entries("state.", &gradients.states, &[]));
    let mut files = Files::default();
    if let Some(path) = &args.operands.out {
        files.add(path, operands::pack(&results)?);
    }
    if !args.operands.plots.is_empty() {
        let scene = plot::gradient(&plot::Gradient {
            title: format!("{}: gradient of L = {}", manifest.neuron, loss(&seeds, manifest)),
            note: gradient_note(&note(manifest, &call), &gradients.params),
            inputs: rows(&gradients.inputs),
        });
        args.operands.plots.iter().try_for_each(|path| plot::add(&mut files, path, &scene))?;
    }
    let names = files.names();
    files.commit()?;
    print(&summary.end(&names))
}

/// What the gradient is of, in words.
pub fn loss(seeds: &Seeds, manifest: &Manifest) -> String {
    let mut terms = Vec::new();
    for output in &manifest.outputs {
        let named = seeds.outputs.get(&output.name);
        match named.or(seeds.outputs.get(snn_runtime::neuron::ALL)).map(Array::data) {
            Some([1.0]) => terms.push(format!("sum of {}", output.name)),
            Some([number]) => terms.push(format!("{number} × sum of {}", output.name)),
            Some(_) => terms.push(format!("weighted sum of {}", output.name)),
            None => {}
        }
    }
    terms.extend(seeds.states.keys().map(|name| format!("weighted sum of the last {name}")));
    terms.join(" + ")
}

fn gradient_note(note: &str, params: &Arrays) -> String {
    let mut text = note.to_string();
    for (name, array) in params {
        if let [number] = array.data() {
            let _ = write!(text, "  ·  ∂L/∂{name} = {number:.4}");
        }
    }
    text.replace("= -", "= −")
}
