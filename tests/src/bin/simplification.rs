//! `cargo xtask simplification`: what a step of twelve neurons does, plain and simplified, and what is
//! saved of it under each strategy, as tables of Markdown.

#![allow(clippy::unwrap_used, reason = "a table that cannot be made has failed")]

use std::fs;

use snn_artifact::Target;
use snn_compiler::check::Save;
use snn_compiler::check::hir::Neuron;
use snn_compiler::kernel::{Count, count};
use snn_compiler::pipeline::{self, Options};
use snn_compiler::saves::Strategy;
use snn_tests::fuzz::root;
use snn_tests::program::Program;

/// The neurons; all options are their own.
const NEURONS: [(&str, &str); 12] = [
    ("IF", "stdlib/neurons/if.snn"),
    ("LIF", "stdlib/neurons/lif.snn"),
    ("PLIF", "tests/corpus/plif.snn"),
    ("ALIF", "tests/corpus/alif.snn"),
    ("AdLIF", "tests/corpus/adlif.snn"),
    ("QIF", "tests/corpus/qif.snn"),
    ("EIF", "tests/corpus/eif.snn"),
    ("Izhikevich", "tests/corpus/izhikevich.snn"),
    ("KLIF", "tests/corpus/klif.snn"),
    ("CUBA", "tests/corpus/cuba.snn"),
    ("Gated LIF", "tests/corpus/gated_lif.snn"),
    ("Resonate and fire", "tests/corpus/resonate_and_fire.snn"),
];

/// What may be saved, as `--save` takes it.
const STRATEGIES: [&str; 4] = ["auto", "inputs", "states", "states:bf16"];

fn main() {
    let all = NEURONS.map(|(name, file)| Measured::new(name, file));
    for table in [options(&all), work(&all), saved(&all)] {
        println!("{table}");
    }
}

/// A neuron with what its kernels do.
struct Measured {
    name: &'static str,
    file: &'static str,
    neuron: Neuron,
    plain: Work,
    simple: Work,
}

/// What the kernels of training do an element and step.
struct Work {
    /// As they come from the step and its adjoint.
    written: Strategy,
    /// Operations of forward and of backward as a target gets them, with functions written out.
    executed: [u64; 2],
}

impl Measured {
    fn new(name: &'static str, file: &'static str) -> Self {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let neuron = Program::new(&text).neuron();
        let [plain, simple] = [false, true].map(|simplify| Work::of(&neuron, simplify));
        Self { name, file, neuron, plain, simple }
    }

    /// What is left of backward's operations, by either count.
    fn left(&self) -> [f64; 2] {
        let terms = |work: &Work| work.written.backward.terms() as f64;
        let executed = |work: &Work| work.executed[1] as f64;
        let Self { plain, simple, .. } = self;
        [terms(simple) / terms(plain), executed(simple) / executed(plain)]
    }
}

impl Work {
    fn of(neuron: &Neuron, simplify: bool) -> Self {
        let options = Options { simplify, ..target() };
        let legal = pipeline::kernels(neuron, &options).unwrap();
        let executed = [1, 2].map(|i| count(&legal[i]).operations);
        Self { written: pipeline::saves(neuron, &options).chosen, executed }
    }
}

fn target() -> Options {
    Options::new(Target::Cpu { level: "x86-64-v3".into() })
}

/// A table with a row for each neuron.
fn table(all: &[Measured], head: &[&str], cells: impl Fn(&Measured) -> Vec<String>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_string()).collect();
    let rows = all.iter().map(|of| line(&[vec![of.name.to_string()], cells(of)].concat()));
    let rule = vec!["---".to_string(); head.len()];
    [line(&head), line(&rule)].into_iter().chain(rows).collect()
}

/// With which options each neuron was measured, and what it learns.
fn options(all: &[Measured]) -> String {
    table(all, &["Neuron", "File", "Options", "Learnt"], |of| {
        let options: Vec<String> =
            of.neuron.options.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        let learnt = of.neuron.params.iter().filter(|param| param.learn);
        let learnt: Vec<&str> = learnt.map(|param| param.name.as_str()).collect();
        let learnt = if learnt.is_empty() { "–".into() } else { learnt.join(", ") };
        vec![format!("`{}`", of.file), options.join(", "), learnt]
    })
}

/// What a step does, plain and simplified.
fn work(all: &[Measured]) -> String {
    let head = [
        "Neuron",
        "Pass",
        "Operations",
        "Functions",
        "Divisions",
        "Executed",
        "Bytes",
        "Operations left",
        "Executed left",
    ];
    let forward = |work: &Work| (work.written.forward, work.executed[0]);
    let backward = |work: &Work| (work.written.backward, work.executed[1]);
    let row = |of: &Measured, pass: &str, of_pass: &dyn Fn(&Work) -> (Count, u64)| {
        let ((plain, ran), (simple, runs)) = (of_pass(&of.plain), of_pass(&of.simple));
        let both = |of: &dyn Fn(&Count) -> u64| change(of(&plain), of(&simple));
        let left = |plain: u64, simple: u64| format!("{:.2}", simple as f64 / plain as f64);
        vec![
            pass.to_string(),
            both(&Count::terms),
            both(&|count| count.functions),
            both(&|count| count.divisions),
            change(ran, runs),
            change(plain.bytes, simple.bytes),
            left(plain.terms(), simple.terms()),
            left(ran, runs),
        ]
    };
    let mut text = table(all, &head, |of| row(of, "forward", &forward));
    // The rows of backward go below those of forward, with their own name in front.
    let rest = table(all, &head, |of| row(of, "backward", &backward));
    text.extend(rest.lines().skip(2).map(|line| format!("{line}\n")));
    let [terms, executed] = [0, 1].map(|i| median(all.iter().map(|of| of.left()[i]).collect()));
    text + &format!(
        "\nThe median of what is left of backward: {terms:.2} of the operations, {executed:.2} of those executed.\n"
    )
}

/// A number before and after; one where they are the same.
fn change<T: PartialEq + std::fmt::Display>(plain: T, simple: T) -> String {
    if plain == simple { plain.to_string() } else { format!("{plain} → {simple}") }
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    let middle = all.len() / 2;
    if all.len().is_multiple_of(2) {
        f64::midpoint(all[middle - 1], all[middle])
    } else {
        all[middle]
    }
}

/// What is saved under each strategy: of a step and at the borders of chunks, and with the inputs.
fn saved(all: &[Measured]) -> String {
    let names = STRATEGIES.map(|save| format!("`{save}`"));
    let mut head = vec!["Neuron", "States", "Inputs"];
    head.extend(names.iter().map(String::as_str));
    table(all, &head, |of| {
        let inputs = 4.0 * of.neuron.inputs.len() as f64;
        let mut cells = vec![of.neuron.states.len().to_string(), inputs.to_string()];
        cells.extend(STRATEGIES.map(|save| {
            let save: Save = save.parse().unwrap();
            let saves = pipeline::saves(&Neuron { save, ..of.neuron.clone() }, &target());
            let beyond = saves.chosen.forward.saved;
            let of_step = saves.saved.iter().fold(0.0, |sum, entry| sum + entry.bytes);
            format!("{of_step} + {}; {}", beyond - of_step, beyond + inputs)
        }));
        cells
    })
}
