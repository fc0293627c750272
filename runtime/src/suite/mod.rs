//! The tests that stand in a file, run on a device.

mod gradients;
mod operands;
mod values;

use std::sync::Arc;
use std::time::{Duration, Instant};

use snn_compiler::check::{DIFFERS, Expectation, Resolver, Specialization, Test, hir};
use snn_compiler::diagnostic::{Diagnostic, Diagnostics};
use snn_compiler::pipeline::{self, Front, Source};
use snn_compiler::span::{SourceMap, Span};

use crate::device::Device;
use crate::error::{Error, Result};
use crate::jit::Jit;
use crate::neuron::{Array, Call, Forward, Gradients, Neuron, Seeds};

/// How often noise is drawn anew where differences are large.
const NOISES: u64 = 3;

/// The tests of a file, or why they cannot be run.
pub struct Suite<'a> {
    source: Source<'a>,
    resolver: &'a dyn Resolver,
    tests: Vec<Test>,
    neurons: Vec<(String, Option<String>)>,
    /// What findings point into.
    pub sources: SourceMap,
    /// Errors and warnings of the file itself.
    pub findings: Diagnostics,
}

/// What became of a test.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What did not hold; nothing where it passed.
    pub findings: Diagnostics,
    /// What its findings point into.
    pub sources: SourceMap,
    /// How long it took, with what was compiled for it.
    pub took: Duration,
}

impl Outcome {
    /// Whether all that is expected held.
    pub fn passed(&self) -> bool {
        self.findings.is_empty()
    }
}

impl<'a> Suite<'a> {
    /// Reads the tests of a file. Where the file is wrong there are none, and its findings say why.
    pub fn new(source: Source<'a>, resolver: &'a dyn Resolver) -> Self {
        let (program, found) = pipeline::check(source, resolver);
        let (mut tests, mut neurons) = (Vec::new(), Vec::new());
        if let Some(program) = program {
            tests = program.tests().to_vec();
            let own = program.own();
            neurons = own.map(|(name, open)| (name.into(), open.map(String::from))).collect();
        }
        let (sources, findings) = (found.sources, found.diagnostics);
        Self { source, resolver, tests, neurons, sources, findings }
    }

    /// The neurons of the file itself, each with the first of its options that has no default.
    pub fn neurons(&self) -> &[(String, Option<String>)] {
        &self.neurons
    }

    /// Holds the gradients of a neuron, with its options as they are by default, against the oracles, on noise.
    ///
    /// Differences that no noise makes small are wrong; a surrogate with a kink has some by chance.
    ///
    /// # Errors
    ///
    /// As [`Suite::run`].
    pub fn gradients(&self, name: &str, jit: &Jit, device: &Arc<dyn Device>) -> Result<Outcome> {
        let start = Instant::now();
        let mut last = Outcome::default();
        for seed in 0..NOISES {
            let test = on_noise(name, seed);
            let ran =
                match self.begin(&test, jit, device, |neuron| operands::noise(neuron, seed))? {
                    Ok(ran) => ran,
                    Err(outcome) => return Ok(outcome),
                };
            let (found, different) = ran.check_gradients(ran.neuron.span);
            let is_last = different.is_none() || !found.is_empty();
            let findings = found.into_iter().chain(different).collect();
            last = Outcome { findings, sources: ran.sources, took: start.elapsed() };
            if is_last {
                break;
            }
        }
        Ok(last)
    }

    /// The tests, in the order written.
    pub fn tests(&self) -> &[Test] {
        &self.tests
    }

    /// Runs a test.
    ///
    /// # Errors
    ///
    /// Those of the device, and what its target cannot do; what the test finds wrong is its outcome.
    pub fn run(&self, test: &Test, jit: &Jit, device: &Arc<dyn Device>) -> Result<Outcome> {
        let start = Instant::now();
        let call = |neuron: &hir::Neuron| operands::call(test, neuron);
        Ok(match self.begin(test, jit, device, call)? {
            Ok(ran) => {
                let found = test.expectations.iter().flat_map(|expected| ran.check(expected));
                let findings = found.collect();
                Outcome { findings, sources: ran.sources, took: start.elapsed() }
            }
            Err(outcome) => Outcome { took: start.elapsed(), ..outcome },
        })
    }

    /// Compiles a test's neuron and runs it on a call; where the test or the call does not fit, that is the outcome.
    fn begin(
        &self,
        test: &Test,
        jit: &Jit,
        device: &Arc<dyn Device>,
        call: impl FnOnce(&hir::Neuron) -> operands::Found<Call>,
    ) -> Result<std::result::Result<Ran, Outcome>> {
        let wrong =
            |sources, findings| Ok(Err(Outcome { findings, sources, took: Duration::ZERO }));
        let front = match pipeline::front(self.source, &wanted(test), self.resolver) {
            Ok(front) => front,
            Err(found) => return wrong(found.sources, found.diagnostics),
        };
        let call = match call(&front.neuron) {
            Ok(call) => call,
            Err(finding) => return wrong(front.findings.sources, vec![*finding]),
        };
        let artifact = jit.artifact_of(&front, &device.target(), jit.tuning())?;
        let neuron = Neuron::load(Arc::clone(device), artifact)?;
        match Ran::new(test, &front, neuron, call) {
            Ok(ran) => Ok(Ok(ran)),
            Err(error @ Error::Device { .. }) => Err(error),
            Err(error) => {
                let finding = Diagnostic::new("E0703", test.span, error.to_string(), "this test");
                wrong(front.findings.sources, vec![finding])
            }
        }
    }
}

/// What runs a neuron on noise.
fn on_noise(neuron: &str, seed: u64) -> Test {
    Test {
        name: String::new(),
        span: Span::default(),
        neuron: neuron.into(),
        options: Vec::new(),
        params: Vec::new(),
        inputs: Vec::new(),
        states: Vec::new(),
        steps: None,
        seed,
        expectations: vec![Expectation::Gradients(Span::default())],
    }
}

/// What is compiled for a test: what it looks at is given.
fn wanted(test: &Test) -> Specialization {
    let watched = test.expectations.iter().filter_map(|expected| match expected {
        Expectation::Values { name, grad: false, .. } => Some(name.clone()),
        _ => None,
    });
    Specialization {
        neuron: Some(test.neuron.clone()),
        options: test.options.clone(),
        watch: watched.collect(),
        ..Specialization::default()
    }
}

/// A test's neuron with what came out of it.
struct Ran {
    neuron: hir::Neuron,
    sources: SourceMap,
    call: Call,
    seeds: Seeds,
    gradients: Gradients,
}

impl Ran {
    fn new(test: &Test, front: &Front, neuron: Neuron, call: Call) -> Result<Self> {
        let seeds = seeds(&front.neuron, &call)?;
        let asks = |expected: &Expectation| match expected {
            Expectation::Values { grad, .. } => *grad,
            Expectation::Gradients(_) => true,
        };
        let gradients = match test.expectations.iter().any(asks) {
            true => neuron.grad(&call, &seeds)?,
            false => Gradients { forward: neuron.forward(&call)?, ..Gradients::default() },
        };
        let (neuron, sources) = (front.neuron.clone(), front.findings.sources.clone());
        Ok(Self { neuron, sources, call, seeds, gradients })
    }

    fn check(&self, expected: &Expectation) -> Diagnostics {
        match expected {
            Expectation::Values { name, grad, numbers, within, span } => {
                let found = match grad {
                    true => gradient_of(&self.gradients, name),
                    false => value_of(&self.gradients.forward, name),
                };
                let Some(found) = found else {
                    let message = format!("`{name}` has no gradient");
                    let there = "not learnt, or no real number";
                    return vec![Diagnostic::new(DIFFERS, *span, message, there)];
                };
                let shown = if *grad { format!("grad({name})") } else { name.clone() };
                values::compare(&shown, found, numbers, *within, *span).into_iter().collect()
            }
            Expectation::Gradients(span) => {
                let (mut found, more) = self.check_gradients(*span);
                found.extend(more);
                found
            }
        }
    }

    fn check_gradients(&self, span: Span) -> (Diagnostics, Option<Diagnostic>) {
        gradients::check(&self.neuron, &self.call, &self.seeds, &self.gradients, span)
    }
}

fn value_of<'f>(forward: &'f Forward, name: &str) -> Option<&'f Array> {
    forward.outputs.get(name).or_else(|| forward.states.get(name))
}

fn gradient_of<'g>(found: &'g Gradients, name: &str) -> Option<&'g Array> {
    let Gradients { inputs, params, states, .. } = found;
    [inputs, params, states].into_iter().find_map(|all| all.get(name))
}

/// Ones for what the neuron itself gives: a test's gradient is that of the sum of it.
fn seeds(neuron: &hir::Neuron, call: &Call) -> Result<Seeds> {
    let shape = call.shape()?;
    let mut seeds = Seeds::default();
    // What is only looked at is declared nowhere, and stands at the neuron's name.
    for output in neuron.outputs.iter().filter(|output| output.span != neuron.span) {
        let shape = if output.last { &shape[1..] } else { &shape[..] };
        let ones = vec![1.0; shape.iter().product()];
        seeds.outputs.insert(output.name.clone(), Array::new(shape.to_vec(), ones)?);
    }
    Ok(seeds)
}
