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

/// The least bytes of values from which backward needs no state before the step, by trying all sets.
fn least_bytes(adjoint: &Adjoint, weights: &Weights) -> u64 {
    let graph = &adjoint.neuron.graph;
    let varying = graph.varying();
    let own = |id: NodeId| (id.0 as usize) < adjoint.n_primal && varying[id.0 as usize];
    let can = |op: &Op| !matches!(op, Op::Leaf(Leaf::Input(_)));
    let nodes: Vec<_> = graph.iter().filter(|(id, node)| own(*id) && can(&node.op)).collect();
    assert!(nodes.len() < 17, "too many sets of {} values", nodes.len());
    let sets = 0..1_u32 << nodes.len();
    let cost = |set: u32| {
        let saved = |id: NodeId| {
            nodes.iter().position(|(node, _)| *node == id).is_some_and(|i| set >> i & 1 == 1)
        };
        let reached = graph.reached(adjoint.step(), saved);
        let state = |id: NodeId, op: &Op| matches!(op, Op::Leaf(Leaf::State(_))) && !saved(id);
        if graph.iter().any(|(id, node)| reached[id.0 as usize] && state(id, &node.op)) {
            return None;
        }
        let saved = nodes.iter().filter(|(id, _)| saved(*id));
        Some(saved.map(|(_, node)| weights.save(weights.width(&node.op, node.ty))).sum())
    };
    sets.filter_map(cost).min().expect("all values are enough")
}

#[test]
fn a_cut_has_the_fewest_bytes() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus");
    let mut n_tried = 0;
    for file in std::fs::read_dir(folder).expect("the corpus").flatten() {
        let text = std::fs::read_to_string(file.path()).expect("a program");
        let source = Source { name: "test.snn", text: &text };
        let Ok(front) = pipeline::front(source, &Default::default(), &NoImports) else { continue };
        let adjoint = pipeline::middle(&front.neuron, &pipeline::Options::new(cpu()));
        let varying = adjoint.neuron.graph.varying();
        if varying[..adjoint.n_primal].iter().filter(|v| **v).count() > 12 {
            continue;
        }
        let weights = Weights::of_bytes(crate::kernel::schedule(&cpu()));
        let found = cut(&adjoint, &weights).into_iter().map(|(_, width)| weights.save(width));
        let found: u64 = found.sum();
        assert_eq!(least_bytes(&adjoint, &weights), found, "{:?}", file.path());
        n_tried += 1;
    }
    assert!(n_tried > 10, "{n_tried}");
}
