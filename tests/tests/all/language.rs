//! The examples of the language's reference: each is found wrong as it says, or gives what it says.

use std::collections::BTreeMap;

use snn_artifact::Target;
use snn_compiler::check::{NoImports, Specialization};
use snn_compiler::diagnostic::render;
use snn_compiler::pipeline::{self, Options, Source};
use snn_runtime::jit::Jit;
use snn_runtime::neuron::{Array, Arrays, Call, Seeds};
use snn_runtime::suite::Suite;
use snn_tests::interpret::Interpreted;
use snn_tests::program::Program;

use crate::parity::machines::{self, devices};

const REFERENCE: &str = include_str!("../../../docs/language.md");

/// An example: the rule it stands under, what is said of it, and the program.
struct Example {
    rule: String,
    codes: Vec<String>,
    numbers: BTreeMap<String, Vec<f32>>,
    text: String,
}

/// The number that a rule begins with.
fn rule(line: &str) -> Option<&str> {
    let (number, _) = line.strip_prefix("**")?.split_once("**")?;
    number.starts_with("L-").then_some(number)
}

fn examples() -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let (mut current, mut is_inside) = (String::new(), false);
    for line in REFERENCE.lines() {
        if is_inside && line == "```" {
            is_inside = false;
        } else if is_inside {
            let example = examples.last_mut().unwrap();
            example.text.push_str(line);
            example.text.push('\n');
        } else if let Some(words) = line.strip_prefix("```snn") {
            is_inside = true;
            examples.push(example(&current, words));
        } else if let Some(number) = rule(line) {
            current = number.into();
        }
    }
    examples
}

/// The line above an example: codes, and numbers by name.
fn example(rule: &str, words: &str) -> Example {
    let (mut codes, mut numbers) = (Vec::new(), BTreeMap::new());
    for word in words.split_whitespace() {
        match word.split_once('=') {
            Some((name, list)) => {
                let list = list.split(',').map(|number| number.parse().unwrap()).collect();
                numbers.insert(name.to_string(), list);
            }
            None => codes.push(word.to_string()),
        }
    }
    Example { rule: rule.into(), codes, numbers, text: String::new() }
}

#[test]
fn every_rule_has_a_number_of_its_own_and_an_example() {
    let rules: Vec<&str> = REFERENCE.lines().filter_map(rule).collect();
    assert!(rules.len() >= 30 && rules.is_sorted_by(|a, b| a < b), "{rules:?}");
    let examples = examples();
    for rule in rules {
        assert!(examples.iter().any(|example| example.rule == rule), "{rule} has no example");
    }
}

#[test]
fn examples_are_found_wrong_as_they_say() {
    let mut wrong = String::new();
    for example in examples() {
        let source = Source { name: "example.snn", text: &example.text };
        let (_, findings) = pipeline::check(source, &NoImports);
        let found: Vec<&str> = findings.diagnostics.iter().map(|finding| finding.code).collect();
        if found != example.codes {
            wrong.push_str(&format!("{}:\n{}", example.rule, findings.render(false)));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn examples_give_what_they_say() {
    let all = examples();
    let with_numbers = all.iter().filter(|example| !example.numbers.is_empty());
    for example in with_numbers {
        run(example);
    }
}

/// The tests that stand in the examples, on every device.
#[test]
fn tests_of_the_examples_pass() {
    let jit = Jit::with_cache(None);
    let mut count = 0;
    for Example { rule, codes, text, .. } in examples() {
        let suite = Suite::new(Source { name: "example.snn", text: &text }, &NoImports);
        for (test, device) in
            suite.tests().iter().flat_map(|t| devices().iter().map(move |d| (t, d)))
        {
            assert!(codes.is_empty(), "{rule}: {codes:?}");
            let outcome = suite.run(test, &jit, device).unwrap();
            let found = render(&outcome.sources, &outcome.findings, false);
            assert!(outcome.passed(), "{rule} on {}:\n{found}", device.name());
            count += 1;
        }
    }
    assert!(count >= 5 * devices().len());
}

/// The programs of the other pages: each compiles, and its tests pass on every device.
#[test]
fn programs_of_the_book_compile_and_pass_their_tests() {
    let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let Ok(pages) = docs.read_dir() else { return };
    let jit = Jit::with_cache(None);
    let (mut programs, mut tests) = (0, 0);
    for page in pages.map(|page| page.unwrap().path()) {
        let name = page.file_name().unwrap().to_string_lossy().to_string();
        // This one is the reference; that one shows what is found in programs that are wrong.
        if !name.ends_with(".md") || ["language.md", "findings.md"].contains(&name.as_str()) {
            continue;
        }
        let text = std::fs::read_to_string(&page).unwrap();
        let fences = text.split("\n```snn\n").skip(1);
        for program in fences.filter_map(|rest| rest.split("\n```").next()) {
            let program = format!("{program}\n");
            let suite = Suite::new(Source { name: &name, text: &program }, &NoImports);
            let found = render(&suite.sources, &suite.findings, false);
            assert!(suite.findings.is_empty(), "{found}");
            programs += 1;
            for device in devices() {
                for test in suite.tests() {
                    let outcome = suite.run(test, &jit, device).unwrap();
                    let found = render(&outcome.sources, &outcome.findings, false);
                    assert!(outcome.passed(), "{}:\n{found}", device.name());
                    tests += 1;
                }
            }
        }
    }
    assert!(programs >= 7 && tests >= 6 * devices().len(), "{programs} programs, {tests} tests");
}

fn run(example: &Example) {
    let Example { rule, numbers, text, .. } = example;
    let source = Source { name: "example.snn", text };
    let front = pipeline::front(source, &Specialization::default(), &NoImports);
    let neuron = front.unwrap_or_else(|findings| panic!("{}", findings.render(false))).neuron;
    let declared = neuron.inputs.iter().filter(|input| input.is_given());
    let inputs = declared.map(|input| {
        let data = numbers.get(&input.name).unwrap_or_else(|| panic!("{rule}: {}", input.name));
        (input.name.clone(), Array::new(vec![data.len(), 1], data.clone()).unwrap())
    });
    let mut call = Call { inputs: inputs.collect(), ..Call::default() };
    let target = Target::Cpu { level: "x86-64-v3".into() };
    let longest = numbers.values().map(Vec::len).max().unwrap();
    let steps = call.inputs.values().next().map_or(longest, |x| x.shape()[0]);
    call.sizes = vec![steps, 1];
    let ones = |last: bool| match last {
        true => Array::new(vec![1], vec![1.0]).unwrap(),
        false => Array::new(vec![steps, 1], vec![1.0; steps]).unwrap(),
    };
    let outputs = neuron.outputs.iter().map(|o| (o.name.clone(), ones(o.last))).collect();
    let seeds = Seeds { outputs, ..Seeds::default() };
    // What runs a parallel neuron on arrays is the runtime alone.
    let found = match neuron.is_parallel {
        true => {
            let device = &devices()[0];
            machines::neuron(device, &Program::new(text)).grad(&call, &seeds).unwrap()
        }
        false => Interpreted::new(&neuron, &Options::new(target)).grad(&call, &seeds),
    };
    let mut known: Arrays = found.forward.outputs;
    let gradients = found.inputs.into_iter().chain(found.params);
    known.extend(gradients.map(|(name, array)| (format!("d.{name}"), array)));
    let given = |name: &str| neuron.inputs.iter().any(|input| input.name == name);
    for (name, expected) in numbers.iter().filter(|(name, _)| !given(name)) {
        let found = known.get(name).unwrap_or_else(|| panic!("{rule} has no `{name}`")).data();
        let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-6 * b.abs().max(1.0);
        let is_same = found.len() == expected.len() && found.iter().zip(expected).all(near);
        assert!(is_same, "{rule}: {name} is {found:?}, not {expected:?}\n{text}");
    }
}
