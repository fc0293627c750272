//! The lines that `run` and `grad` print.

use std::fmt::Write;
use std::time::{Duration, Instant};

use snn_artifact::Manifest;
use snn_compiler::kernel::schedule::Tuning;
use snn_runtime::neuron::{Array, Call, Forward, Gradients};

use crate::plot::Rows;
use crate::run::Ready;

/// Runs that take less than this are repeated for a time that means something.
const SHORT: Duration = Duration::from_millis(50);

/// The most numbers of a param's gradient that are printed.
const FEW: usize = 8;

/// How often a short run is repeated.
const REPEATS: usize = 5;

/// The time of a launch: of short ones, which the first one's page faults would decide, the median of
/// some more.
pub fn time<E>(mut launch: impl FnMut() -> Result<(), E>) -> Result<Duration, E> {
    let mut once = || {
        let start = Instant::now();
        launch().map(|()| start.elapsed())
    };
    let first = once()?;
    if first > SHORT {
        return Ok(first);
    }
    let mut times = (0..REPEATS).map(|_| once()).collect::<Result<Vec<_>, E>>()?;
    times.sort();
    Ok(times[REPEATS / 2])
}

/// The lines so far.
pub struct Summary {
    text: String,
    n_elements: usize,
}

impl Summary {
    /// What ran, where, over what, and how long it took to be ready.
    pub fn new(ready: &Ready, call: &Call) -> Self {
        let shape = call.shape().unwrap_or_default();
        let n_elements = if shape.is_empty() { 0 } else { shape.iter().product() };
        let (device, name) = (ready.neuron.device(), &ready.neuron.manifest().neuron);
        let of = if call.inputs.is_empty() { "steps and neurons" } else { "input" };
        let text =
            format!("{name} on {} ({}), {of} {shape:?}\n", device.name(), device.description());
        let mut summary = Self { text, n_elements };
        let how = if ready.cached { "from the cache" } else { "text to loaded code" };
        summary.line("compile", &milliseconds(ready.took), how);
        if ready.tuning != Tuning::default() {
            summary.line("schedule", "", &ready.tuning.to_string());
        }
        if !device.strict() {
            summary.line("not strict", "", "spikes may differ from those of other devices");
        }
        summary
    }

    fn line(&mut self, name: &str, number: &str, rest: &str) {
        // Writing to a string does not fail.
        let rest = rest.replace("  ", " ");
        let _ = writeln!(self.text, "{}", format!("  {name:<14} {number:>12}  {rest}").trim_end());
    }

    /// The time of a launch.
    pub fn launch(&mut self, name: &str, took: Duration) {
        let rate = self.n_elements as f64 / took.as_secs_f64().max(1e-9) / 1e6;
        self.line(name, &milliseconds(took), &format!("{rate:.0} million elements/s"));
    }

    /// What forward kept for backward.
    pub fn saved(&mut self, bytes: usize) {
        let each = bytes as f64 / self.n_elements.max(1) as f64;
        let rest = format!("kept for backward, {each:.2} bytes an element and step");
        self.line("saved", &format!("{bytes} B"), &rest);
    }

    /// Outputs: how many spikes, or between which numbers they lie.
    pub fn outputs(&mut self, forward: &Forward) {
        for (name, array) in &forward.outputs {
            let rows = Rows::new(name, array.shape(), array.data());
            if rows.are_spikes() && !rows.data.is_empty() {
                let n = rows.data.iter().filter(|s| **s > 0.5).count();
                self.spikes(name, n, rows.data.len(), "");
            } else {
                self.line(&format!("output {name}"), "", &described(array));
            }
        }
        for (name, packed) in &forward.packed {
            let lanes: usize = packed.shape()[1..].iter().product();
            self.spikes(name, packed.count(), packed.steps() * lanes, ", packed");
        }
    }

    fn spikes(&mut self, name: &str, n: usize, of: usize, form: &str) {
        let rate = 100.0 * n as f64 / of.max(1) as f64;
        let rest = format!("spikes, firing rate {rate:.2} %{form}");
        self.line(&format!("output {name}"), &n.to_string(), &rest);
    }

    /// Gradients, those of params with their numbers where they are few.
    pub fn gradients(&mut self, gradients: &Gradients, manifest: &Manifest) {
        let is_stored = |name: &str| {
            manifest.params.iter().any(|param| param.name == name && param.via.is_some())
        };
        for (name, array) in &gradients.params {
            let of = if is_stored(name) { "of its stored number" } else { "" };
            self.gradient("param", name, array, of);
        }
        for (name, array) in &gradients.inputs {
            self.gradient("input", name, array, "");
        }
    }

    fn gradient(&mut self, kind: &str, name: &str, array: &Array, of: &str) {
        let what = format!("∂L/∂{name}");
        match array.data() {
            [number] => self.line(&what, &format!("{number:.6}"), &format!("{kind} {name} {of}")),
            few if few.len() <= FEW && kind == "param" => {
                let numbers: Vec<String> = few.iter().map(|g| format!("{g:.4}")).collect();
                self.line(&what, "", &format!("{kind} {name} {of} [{}]", numbers.join(", ")));
            }
            _ => self.line(&what, "", &format!("{kind} {name} {of} {}", described(array))),
        }
    }

    /// The whole, with the files that were written.
    pub fn end(mut self, files: &[String]) -> String {
        if !files.is_empty() {
            self.line("wrote", "", &files.join(", "));
        }
        self.text
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}

fn described(array: &Array) -> String {
    let data = array.data();
    let finite = || data.iter().copied().filter(|x| x.is_finite());
    let n = finite().count();
    if n == 0 {
        return format!("{:?}, no finite numbers", array.shape());
    }
    let low = finite().fold(f32::INFINITY, f32::min);
    let high = finite().fold(f32::NEG_INFINITY, f32::max);
    let mean = finite().map(f64::from).sum::<f64>() / n as f64;
    let rest = match data.len() - n {
        0 => String::new(),
        n => format!(", {n} infinite or NaN"),
    };
    format!("{:?}, {low:.4} to {high:.4}, mean {mean:.4}{rest}", array.shape())
}
