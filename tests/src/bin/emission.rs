//! `cargo xtask emission`: how long it takes to compile every neuron of the library for each target, as a table of
//! Markdown.

#![allow(clippy::unwrap_used, reason = "a table that cannot be made has failed")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use snn_artifact::Target;
use snn_compiler::check::{NoImports, Specialization};
use snn_compiler::pipeline::{self, Options, Source};

/// How many neurons are compiled side by side.
const THREADS: usize = 2;

fn main() {
    println!("| Target | Seconds | Neuron by neuron | Slowest |\n| --- | ---: | ---: | --- |");
    let mut all = Duration::ZERO;
    for (name, target) in targets() {
        let begun = Instant::now();
        let mut each = compile_all(&target);
        let whole = begun.elapsed();
        each.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
        let sum: Duration = each.iter().map(|(_, time)| *time).sum();
        let slowest =
            each.iter().take(3).map(|(name, time)| format!("`{name}` {}", seconds(*time)));
        let slowest = slowest.collect::<Vec<_>>().join(", ");
        println!("| {name} | {} | {} | {slowest} |", seconds(whole), seconds(sum));
        all += whole;
    }
    println!("\n{} neurons, {} s in all.", snn::neuron::NAMES.len(), seconds(all));
}

fn targets() -> Vec<(&'static str, Target)> {
    let mut targets =
        vec![("CPU", Target::Cpu { level: "x86-64-v3".into() }), ("WGSL", Target::Wgsl)];
    if cfg!(feature = "llvm") {
        targets.push(("PTX", Target::Ptx { sm: 90 }));
    }
    targets
}

/// The neurons with how long each took, from its text to its code.
fn compile_all(target: &Target) -> Vec<(&'static str, Duration)> {
    let names = snn::neuron::NAMES;
    let next = AtomicUsize::new(0);
    let compile_some = || {
        let mut done = Vec::new();
        while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
            let begun = Instant::now();
            compile(name, target);
            done.push((*name, begun.elapsed()));
        }
        done
    };
    thread::scope(|scope| {
        let threads = [(); THREADS].map(|()| scope.spawn(compile_some));
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

fn compile(name: &str, target: &Target) {
    let source = Source { name, text: snn::neuron::source(name).unwrap() };
    let front = pipeline::front(source, &Specialization::default(), &NoImports);
    let neuron = front.unwrap_or_else(|found| panic!("{}", found.render(false))).neuron;
    let options = Options::new(target.clone());
    let key = pipeline::key(&neuron, &options);
    let artifact = pipeline::back(&neuron, &options, key);
    artifact.unwrap_or_else(|why| panic!("{name}: {why}"));
}

fn seconds(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64())
}
