//! The library's neurons against SpikingJelly's: the oracle in f64, and what runs on devices in f32.

mod case;

use std::collections::BTreeMap;

use snn_compiler::check::hir::{self, From};
use snn_compiler::oracle::{self, Mode};
use snn_runtime::neuron::{Array, Arrays, Call, Forward, Gradients, Neuron};
use snn_tests::compare::assert_bits_equal;
use snn_tests::expected::operands;
use snn_tests::indexed::{self, Named};
use snn_tests::numbers::is_soak;
use snn_tests::operands::Sizes;

use crate::parity::machines;
use case::Case;

/// How far numbers may be from SpikingJelly's, by the size of the largest: in f64, where SpikingJelly has some of
/// them in f32, and on devices.
const DOUBLE: f64 = 1e-12;
const MIXED: f64 = 1e-6;
const SINGLE: f64 = 1e-5;

/// What a neuron gives, by name.
#[derive(Default)]
struct Found {
    outputs: Named,
    states: Named,
    input_grads: Named,
    state_grads: Named,
    param_grads: Named,
}

impl Found {
    /// What the oracle gives in f64.
    fn of_oracle(case: &Case) -> Self {
        let mut neuron = case.program().neuron();
        let call = case.call(|_, number| number);
        // The case has the numbers as they are stored, which f32 between would round.
        let by_step = neuron.inputs.iter_mut().filter_map(|input| match &mut input.from {
            From::Param(param) => Some(&mut **param),
            _ => None,
        });
        let given = neuron.params.iter_mut().chain(by_step);
        let given = given.filter(|param| call.params.contains_key(&param.name));
        given.for_each(|param| param.via = None);
        let flat = indexed::expanded(&neuron, &call);
        let (own, seeds) = operands(&neuron, &flat, &case.seeds(&call));
        let (run, found) = oracle::gradients(&neuron, &own, &seeds, Mode::Double);
        let outputs = neuron.outputs.iter().map(|output| output.name.clone());
        let states = || neuron.states.iter().map(|state| state.name.clone());
        let params = neuron.params.iter().zip(found.params).filter(|(param, _)| param.learn);
        let weights = neuron.weights.iter().zip(found.weights).filter(|(weight, _)| weight.learn);
        let inputs = neuron.inputs.iter().zip(found.inputs).filter(|(i, _)| i.has_gradient());
        let mut input_grads = inputs.map(|(i, grad)| (i.name.clone(), grad)).collect();
        let all = params.chain(weights).map(|(param, grad)| (param.name.clone(), grad));
        let mut param_grads = all.collect();
        indexed::join(&neuron, &Sizes::of(&call), &mut input_grads, &mut param_grads);
        Self {
            outputs: outputs.zip(run.outputs).collect(),
            states: states().zip(run.states).collect(),
            input_grads,
            state_grads: states().zip(found.states).collect(),
            param_grads,
        }
    }

    /// What a device gives.
    fn of_device(found: &Gradients) -> Self {
        let wide = |arrays: &Arrays| {
            let wide = |array: &Array| array.data().iter().copied().map(f64::from).collect();
            arrays.iter().map(|(name, array)| (name.clone(), wide(array))).collect()
        };
        Self {
            outputs: wide(&found.forward.outputs),
            states: wide(&found.forward.states),
            input_grads: wide(&found.inputs),
            state_grads: wide(&found.states),
            param_grads: wide(&found.params),
        }
    }

    /// Fails unless all is as the case has it. What is whole there, as spikes are, has to be the same; the gradients
    /// of params add up numbers like those of inputs, and may cancel where `may_cancel`.
    fn check(&self, name: &str, case: &Case, tolerance: f64, may_cancel: bool) {
        let terms = case.expected("grad.input.").chain(case.expected("grad.state."));
        let terms = terms.map(|(_, all)| largest(all)).fold(0.0, f64::max);
        let kinds = [
            ("output.", &self.outputs),
            ("next.", &self.states),
            ("grad.input.", &self.input_grads),
            ("grad.state.", &self.state_grads),
            ("grad.param.", &self.param_grads),
        ];
        for (prefix, found) in kinds {
            for (operand, expected) in case.expected(prefix) {
                let what = format!("{name}: {prefix}{operand}");
                let found = found.get(operand).unwrap_or_else(|| panic!("{what} is not there"));
                let is_grad = prefix.starts_with("grad");
                if !is_grad && expected.iter().all(|number| number.fract() == 0.0) {
                    assert_eq!(found, expected, "{what}");
                }
                let least = if is_grad && may_cancel { terms } else { 0.0 };
                near(&what, found, expected, tolerance * largest(expected).max(least));
            }
        }
    }
}

fn largest(numbers: &[f64]) -> f64 {
    numbers.iter().fold(0.0, |most, number| number.abs().max(most))
}

fn near(what: &str, found: &[f64], expected: &[f64], most: f64) {
    assert_eq!(found.len(), expected.len(), "{what}: different lengths");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let apart = (found - expected).abs();
        // Not `apart > most`, which NaN would pass.
        assert!(apart <= most, "{what}[{i}]: {found:e} instead of {expected:e}, over {most:.1e}");
    }
}

#[test]
fn doubles_equal_those_of_spikingjelly() {
    let cases = case::all();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for case in &cases {
        let tolerance = if case.is_double() { DOUBLE } else { MIXED };
        Found::of_oracle(case).check(case.name(), case, tolerance, false);
        *counts.entry(case.neuron()).or_default() += 1;
    }
    // Every neuron of the page's first table.
    assert_eq!((cases.len(), counts.len()), (253, 35), "{counts:?}");
}

/// So many tests share the cases.
const PARTS: usize = 4;
/// So many cases of a neuron run on GPUs where every change has to pass.
const FEW: usize = 1;

fn devices_are_near(part: usize) {
    let cases = case::all();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (i, case) in cases.iter().enumerate() {
        let number = seen.entry(case.neuron()).or_default();
        *number += 1;
        if i % PARTS == part {
            on_devices(case, *number);
        }
    }
}

/// Runs a case, the so manieth of its neuron.
fn on_devices(case: &Case, number: usize) {
    let program = case.program();
    let hir = program.neuron();
    let stored = case::stored(&hir);
    let call = case.call(|name, number| match stored.contains(&name) {
        true => 1.0 / (1.0 + (-number).exp()),
        false => number,
    });
    for (i, device) in machines::devices().iter().enumerate() {
        let is_all = i == 0 || is_soak() || device.name().starts_with("cuda");
        if !is_all && number > FEW {
            continue;
        }
        let name = format!("{} on {}", case.name(), device.name());
        let neuron = machines::neuron(device, &program);
        let found = if case.has_gradient() {
            neuron.grad(&call, &case.seeds(&call)).unwrap_or_else(|e| panic!("{name}: {e}"))
        } else {
            let forward = neuron.forward(&call).unwrap_or_else(|e| panic!("{name}: {e}"));
            Gradients { forward, ..Gradients::default() }
        };
        Found::of_device(&found).check(&name, case, SINGLE, true);
        if !hir.is_parallel {
            steps_are_those_of_one_call(&name, &hir, &neuron, &call, &found.forward);
        }
    }
}

/// Runs step by step, and fails unless outputs and last states have the bits of one call for all steps.
fn steps_are_those_of_one_call(
    name: &str,
    hir: &hir::Neuron,
    neuron: &Neuron,
    call: &Call,
    all: &Forward,
) {
    let Sizes { steps, lanes, .. } = Sizes::of(call);
    let row = |array: &Array, t: usize| {
        let each = array.data().len() / steps;
        let shape = [&[1], &array.shape()[1..]].concat();
        Array::new(shape, array.data()[t * each..][..each].to_vec()).unwrap()
    };
    let mut states = call.states.clone();
    for t in 0..steps {
        let inputs = call.inputs.iter().map(|(name, array)| (name.clone(), row(array, t)));
        let mut step = Call { inputs: inputs.collect(), states, ..call.clone() };
        for param in hir.inputs.iter().filter_map(|input| input.param()) {
            let own = row(&call.params[&param.name], t);
            step.params.insert(param.name.clone(), own);
        }
        let found = neuron.forward(&step).unwrap_or_else(|e| panic!("{name}, step {t}: {e}"));
        for (output, array) in &found.outputs {
            let whole = all.outputs[output].data();
            let what = format!("{name}: {output} of step {t} alone");
            if whole.len() > lanes {
                assert_bits_equal(&what, array.data(), &whole[t * lanes..][..lanes]);
            } else if t + 1 == steps {
                assert_bits_equal(&what, array.data(), whole);
            }
        }
        states = found.states;
    }
    assert!(states.keys().eq(all.states.keys()), "{name}: {:?}", states.keys());
    for (state, array) in &states {
        let what = format!("{name}: {state} after single steps");
        assert_bits_equal(&what, array.data(), all.states[state].data());
    }
}

#[test]
fn devices_are_near_in_the_first_cases() {
    devices_are_near(0);
}

#[test]
fn devices_are_near_in_the_second_cases() {
    devices_are_near(1);
}

#[test]
fn devices_are_near_in_the_third_cases() {
    devices_are_near(2);
}

#[test]
fn devices_are_near_in_the_fourth_cases() {
    devices_are_near(3);
}
