use std::fmt::Write;

use snn_artifact::Target;

use super::*;
use crate::check::{NoImports, Specialization};
use crate::pipeline::{self, Options, Source};

const LIF: &str = include_str!("../../../stdlib/neurons/lif.snn");

/// A slow function of a state of which no gradient is taken.
const SLOW: &str = "\
neuron Slow(surr: surrogate = atan(alpha: 2.0)) {
  input  x
  state  v = 0
  state  w = 0
  charge {
    w = 0.9 * w + x
    v = v * detach(tanh(exp(sin(w)))) + x
  }
  fire   s = spike(v - 1, surr)
  reset  v -= s
  output s
}
";

fn report_of(text: &str, save: &str, target: Target) -> Report {
    let wanted = Specialization { save: save.parse().expect("what to save"), ..Default::default() };
    let source = Source { name: "test.snn", text };
    let front = pipeline::front(source, &wanted, &NoImports).expect("a neuron");
    pipeline::saves(&front.neuron, &Options::new(target))
}

fn cpu() -> Target {
    Target::Cpu { level: "x86-64-v3".into() }
}

fn text(report: &Report) -> String {
    let mut text = format!("states at the borders of chunks: {:?}\n", report.borders);
    for Entry { name, bytes, why, .. } in &report.saved {
        writeln!(text, "{name}: {bytes} bytes, {why}").expect("a string takes everything");
    }
    for Strategy { save, forward, backward } in
        std::iter::once(&report.chosen).chain(&report.alternatives)
    {
        let (bytes, saved) = (forward.bytes + backward.bytes, forward.saved);
        let operations = forward.operations + backward.operations;
        writeln!(text, "{save}: {saved} saved, {bytes} moved, {operations} operations")
            .expect("a string takes everything");
    }
    text
}

#[test]
fn reports_of_lif() {
    let all = ["auto", "states:bf16", "s", "v:bf16"];
    let all = all.map(|save| text(&report_of(LIF, save, cpu())));
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn a_slow_function_is_saved_where_operations_count() {
    let on_cpu = report_of(SLOW, "auto", cpu());
    assert!(on_cpu.saved.iter().any(|entry| entry.why == Why::Cost), "{}", text(&on_cpu));
    let on_gpu = report_of(SLOW, "auto", Target::Wgsl);
    assert!(on_gpu.saved.is_empty(), "{}", text(&on_gpu));
    assert_eq!(report_of(SLOW, "inputs", cpu()).saved, []);
}

#[test]
fn by_default_nothing_is_saved_of_a_step_of_the_plain_neurons() {
    let names =
        ["if", "lif", "plif", "alif", "adlif", "qif", "eif", "izhikevich", "izhikevich_2003"];
    let targets = [cpu(), Target::Ptx { sm: 75 }, Target::Wgsl];
    for name in names {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/corpus");
        let file = std::path::Path::new(folder).join(name).with_extension("snn");
        let text = std::fs::read_to_string(file).expect("a program of the corpus");
        for target in &targets {
            let report = report_of(&text, "auto", target.clone());
            assert_eq!(report.saved, [], "{name} for {target:?}");
            let inputs = report_of(&text, "inputs", target.clone());
            assert_eq!(report.chosen.backward, inputs.chosen.backward, "{name}");
        }
    }
}

#[test]
fn states_leave_no_chunk_to_run_again() {
    for save in ["states", "states:bf16"] {
        for (text, bytes) in [(LIF, 4.0), (SLOW, 8.0)] {
            let report = report_of(text, save, cpu());
            assert!(report.borders.is_empty(), "{save}: {:?}", report.borders);
            let saved: f64 = report.saved.iter().map(|entry| entry.bytes).sum();
            assert_eq!(saved, report.chosen.forward.saved, "{save}");
            assert!(saved <= bytes, "{save}: {saved}");
        }
    }
}
