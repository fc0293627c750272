//! The neurons of the standard library: each is listed, is one of its own, and passes its tests on every device.

use std::collections::BTreeMap;
use std::path::Path;

use snn_artifact::Target;
use snn_compiler::check::hir::Neuron;
use snn_compiler::check::{NoImports, Specialization};
use snn_compiler::diagnostic::render;
use snn_compiler::pipeline::{self, Options, Source};
use snn_runtime::jit::Jit;
use snn_runtime::suite::Suite;
use snn_tests::numbers::is_soak;

use crate::parity::machines::devices;

/// Of how many neurons one is run on GPUs where every change has to pass.
const SHARE: usize = 8;

fn library() -> impl Iterator<Item = (&'static str, &'static str)> {
    snn::neuron::NAMES.iter().filter_map(|name| Some((*name, snn::neuron::source(name)?)))
}

#[test]
fn every_file_is_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stdlib/neurons");
    let Ok(files) = folder.read_dir() else { return };
    let names = files.map(|file| file.unwrap().path().file_stem().unwrap().to_owned());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, snn::neuron::NAMES);
    let page = std::fs::read_to_string(folder.join("../../docs/neurons.md")).unwrap();
    for name in names {
        assert!(page.contains(&format!("| `{name}` | ")), "{name} has no row in docs/neurons.md");
    }
}

#[test]
fn every_file_is_a_neuron_of_its_own() {
    let mut known: BTreeMap<String, &str> = BTreeMap::new();
    for (name, text) in library() {
        let source = Source { name, text };
        let front = pipeline::front(source, &Specialization::default(), &NoImports);
        let front = front.unwrap_or_else(|found| panic!("{}", found.render(false)));
        assert!(front.findings.diagnostics.is_empty(), "{}", front.findings.render(false));
        let anonymous = Neuron { name: "N".into(), options: Vec::new(), ..front.neuron };
        let options = Options::new(Target::Cpu { level: "x86-64-v2".into() });
        let other = known.insert(pipeline::key(&anonymous, &options), name);
        assert_eq!(other, None, "the same as {name}");
        assert!(text.starts_with("//! ") && text.contains("\n/// "), "{name} is not documented");
    }
}

fn their_tests_pass(part: usize) {
    let jit = Jit::with_cache(None);
    for (i, (name, text)) in library().enumerate().filter(|(i, _)| i % PARTS == part) {
        let suite = Suite::new(Source { name, text }, &NoImports);
        assert!(suite.findings.is_empty(), "{}", render(&suite.sources, &suite.findings, false));
        assert!(!suite.tests().is_empty(), "{name} has no tests");
        let n_devices =
            if is_soak() || (i / PARTS).is_multiple_of(SHARE) { devices().len() } else { 1 };
        for (test, device) in
            suite.tests().iter().flat_map(|t| devices()[..n_devices].iter().map(move |d| (t, d)))
        {
            let outcome = suite.run(test, &jit, device).unwrap();
            let found = render(&outcome.sources, &outcome.findings, false);
            assert!(outcome.passed(), "{name} on {}:\n{found}", device.name());
        }
    }
}

/// So many run side by side.
const PARTS: usize = 4;

#[test]
fn tests_of_the_first_neurons_pass() {
    their_tests_pass(0);
}

#[test]
fn tests_of_the_second_neurons_pass() {
    their_tests_pass(1);
}

#[test]
fn tests_of_the_third_neurons_pass() {
    their_tests_pass(2);
}

#[test]
fn tests_of_the_fourth_neurons_pass() {
    their_tests_pass(3);
}
