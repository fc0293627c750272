//! What was timed, for people and as JSON.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::{Value, json};
use snn_artifact::{Dtype, Manifest};
use snn_compiler::kernel::schedule::Tuning;
use snn_runtime::device::Device;

/// One thing that was timed.
pub struct Line {
    /// Its name.
    pub what: String,
    /// The median of its times.
    pub seconds: f64,
    /// The bytes counted as moved.
    pub bytes: usize,
    /// The bytes kept for backward.
    pub saved: Option<usize>,
}

impl Line {
    fn bandwidth(&self) -> f64 {
        self.bytes as f64 / self.seconds.max(1e-12) / 1e9
    }
}

/// What was timed of a size.
pub struct Size {
    /// `T`.
    pub steps: usize,
    /// `N`.
    pub lanes: usize,
    /// What of the schedules is not the compiler's own.
    pub schedule: Tuning,
    /// The times; the first is that of the copy that the others are compared with.
    pub lines: Vec<Line>,
}

/// All sizes.
pub struct Table {
    neuron: String,
    device: String,
    description: String,
    /// What inputs and outputs are stored as.
    dtype: Dtype,
    strict: bool,
    sizes: Vec<Size>,
}

impl Table {
    /// An empty one.
    pub fn new(manifest: &Manifest, device: &Arc<dyn Device>) -> Self {
        let mut ports = manifest.inputs.iter().chain(&manifest.outputs);
        Self {
            neuron: manifest.neuron.clone(),
            device: device.name(),
            description: device.description(),
            dtype: ports.next().map_or(Dtype::F32, |port| port.dtype),
            strict: device.strict(),
            sizes: Vec::new(),
        }
    }

    /// Adds a size.
    pub fn add(&mut self, size: Size) {
        self.sizes.push(size);
    }

    /// The table for people.
    pub fn text(&self) -> String {
        let Self { neuron, device, description, dtype, .. } = self;
        let mut text = format!("{neuron} on {device} ({description}), {dtype}, median of 5\n");
        for Size { steps, lanes, schedule, lines } in &self.sizes {
            // Writing to a string does not fail.
            let _ = write!(text, "\nT = {steps}, N = {lanes}");
            if *schedule != Tuning::default() {
                let _ = write!(text, ", {schedule}");
            }
            text.push('\n');
            let copy = lines.first().map_or(f64::NAN, Line::bandwidth);
            for line in lines {
                let (ms, rate) = (line.seconds * 1e3, line.bandwidth());
                let share = rate / copy;
                let what = &line.what;
                let _ = write!(text, "  {what:<28}{ms:>11.3} ms{rate:>9.2} GB/s");
                let _ = write!(text, "{share:>7.2} of the copy kernel");
                if let Some(saved) = line.saved {
                    let _ = write!(text, ", {saved} bytes saved");
                }
                text.push('\n');
            }
        }
        text
    }

    /// The same as JSON.
    pub fn json(&self) -> String {
        let sizes: Vec<Value> = self.sizes.iter().map(Size::json).collect();
        let all = json!({
            "neuron": self.neuron, "device": self.device, "description": self.description,
            "strict": self.strict, "dtype": self.dtype.to_string(), "sizes": sizes,
        });
        format!("{all:#}\n")
    }
}

impl Size {
    fn json(&self) -> Value {
        let copy = self.lines.first().map_or(f64::NAN, Line::bandwidth);
        let line = |line: &Line| {
            json!({
                "what": line.what, "seconds": line.seconds, "bytes": line.bytes,
                "gb_per_s": line.bandwidth(), "of_copy": line.bandwidth() / copy,
                "saved_bytes": line.saved,
            })
        };
        let lines: Vec<Value> = self.lines.iter().map(line).collect();
        let schedule = self.schedule.to_string();
        json!({ "T": self.steps, "N": self.lanes, "schedule": schedule, "results": lines })
    }
}
