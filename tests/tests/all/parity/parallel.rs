//! Parallel neurons on every device: outputs to the bit those of the oracle in f32, gradients near the oracle's.

use std::sync::Arc;

use snn_compiler::check::NoImports;
use snn_compiler::check::hir::{Neuron, Sharing};
use snn_compiler::diagnostic::render;
use snn_compiler::pipeline::Source;
use snn_runtime::device::Device;
use snn_runtime::neuron::{Array, Call, Seeds};
use snn_runtime::suite::Suite;
use snn_tests::compare::{assert_close, firing_rate};
use snn_tests::expected::expected;
use snn_tests::fuzz::Choices;
use snn_tests::fuzz::over_time::parallel;
use snn_tests::indexed::{self, Named, expanded};
use snn_tests::numbers::{Numbers, is_soak};
use snn_tests::operands::Sizes;
use snn_tests::program::Program;

use super::machines::{self, some_devices};

pub const PSN: &str = include_str!("../../../parallel/psn.snn");
pub const MASKED: &str = include_str!("../../../parallel/masked_psn.snn");
pub const SLIDING: &str = include_str!("../../../parallel/sliding_psn.snn");
const FEATURES: &str = include_str!("../../../parallel/feature_parallel.snn");
const PRODUCTS: &str = include_str!("../../../parallel/feature_products.snn");

/// Steps and the shape of a step: no step, fewer and more than a chunk, tiles of sums that are whole and that are not.
const SIZES: [(usize, &[usize]); 8] = [
    (0, &[3]),
    (1, &[31, 2]),
    (2, &[1]),
    (17, &[4, 3, 4]),
    (16, &[31, 2]),
    (37, &[3]),
    (65, &[4, 3, 4]),
    (4, &[0, 2]),
];

/// What is run here.
pub fn programs() -> Vec<Program> {
    [PSN, MASKED, SLIDING, FEATURES, PRODUCTS].map(Program::new).to_vec()
}

/// A call with numbers for all that may be given.
fn call(neuron: &Neuron, steps: usize, step: &[usize], numbers: &mut Numbers) -> (Call, Seeds) {
    let shape = [&[steps], step].concat();
    let mut call = Call { seed: 5, ..Call::default() };
    for input in neuron.inputs.iter().filter(|input| input.is_given()) {
        call.inputs.insert(input.name.clone(), numbers.array(&shape, -1.0, 1.5));
    }
    for param in neuron.inputs.iter().filter_map(|input| input.param()) {
        call.params.insert(param.name.clone(), numbers.array(&[steps], -0.5, 0.5));
    }
    for weight in &neuron.weights {
        let most = 2.0 / (steps.max(1) as f32).sqrt();
        call.params
            .insert(weight.name.clone(), numbers.array(&[steps; 2], -0.4 * most, 0.5 * most));
    }
    let sizes = Sizes::of(&call);
    for (name, elements) in indexed::indexed(neuron) {
        call.params.insert(name.into(), numbers.array(&[elements.len()], -1.0, 1.0));
    }
    for param in neuron.params.iter().filter(|param| param.of.is_none()) {
        let shape = sizes.param_shape(param.sharing);
        let low = if param.range.is_some() { 0.1 } else { -0.25 };
        call.params.insert(param.name.clone(), numbers.array(&shape, low, 0.75));
    }
    let shape_of = |last: bool| if last { step } else { &shape[..] };
    let seed = |numbers: &mut Numbers, last| numbers.array(shape_of(last), -1.0, 1.0);
    let outputs = neuron.outputs.iter().map(|o| (o.name.clone(), seed(numbers, o.last)));
    (call, Seeds { outputs: outputs.collect(), ..Seeds::default() })
}

/// Runs a program everywhere, and asks for spikes, and for none, among those of all calls.
fn agrees(program: &Program) {
    let spikes = compared(program, &SIZES, machines::devices(), 2e-5, &mut Numbers::fresh());
    let rate = firing_rate(&spikes);
    assert!((0.05..0.95).contains(&rate), "the firing rate is {rate:.3}: {}", program.text);
}

/// Runs a program everywhere, with gradients within so much of the oracle's; the spikes of all calls.
fn compared(
    program: &Program,
    sizes: &[(usize, &[usize])],
    devices: &[Arc<dyn Device>],
    within: f64,
    numbers: &mut Numbers,
) -> Vec<f32> {
    let neuron = program.neuron();
    let mut spikes: Vec<f32> = Vec::new();
    for &(steps, step) in sizes {
        let (call, seeds) = call(&neuron, steps, step, numbers);
        let sizes = Sizes::of(&call);
        let (run, found) = expected(&neuron, &expanded(&neuron, &call), &seeds);
        let named = |names: Vec<String>, all: &[Vec<f64>]| -> Named {
            names.into_iter().zip(all.iter().cloned()).collect()
        };
        let inputs = neuron.inputs.iter().map(|input| input.name.clone());
        let is_learnt = |name: &String| {
            let all = neuron.params.iter().chain(&neuron.weights);
            let mut all = all.chain(neuron.inputs.iter().filter_map(|input| input.param()));
            all.any(|param| param.learn && param.of.as_ref().unwrap_or(&param.name) == name)
        };
        let params = neuron.params.iter().map(|param| param.name.clone());
        let weights = neuron.weights.iter().map(|weight| weight.name.clone());
        let mut inputs = named(inputs.collect(), &found.inputs);
        let mut params = named(params.collect(), &found.params);
        params.extend(named(weights.collect(), &found.weights));
        indexed::join(&neuron, &sizes, &mut inputs, &mut params);
        params.retain(|name, _| is_learnt(name));
        for device in devices {
            let what = format!("{} at {steps} x {step:?} on {}", neuron.name, device.name());
            let own = machines::neuron(device, program).grad(&call, &seeds).unwrap();
            for (output, exact) in neuron.outputs.iter().zip(&run.outputs) {
                let array = &own.forward.outputs[&output.name];
                let same = array.data().iter().zip(exact).all(|(a, b)| f64::from(*a) == *b);
                assert!(same && array.data().len() == exact.len(), "{} of {what}", output.name);
                if output.name == "s" {
                    spikes.extend(array.data());
                }
            }
            let near = |name: &str, array: &Array, exact: &[f64]| {
                assert_close(&format!("{name} of {what}"), array.data(), exact, within);
            };
            own.inputs.iter().for_each(|(name, array)| near(name, array, &inputs[name]));
            assert_eq!(own.params.len(), params.len(), "{what}");
            own.params.iter().for_each(|(name, array)| near(name, array, &params[name]));
        }
    }
    spikes
}

#[test]
fn random_programs_agree() {
    let mut numbers = Numbers::fresh();
    for i in 0..if is_soak() { 1000 } else { 8 } {
        let seed = numbers.below(1 << 32);
        let text = parallel(&mut Choices::seeded(seed as u64));
        println!("{text}");
        let sizes = [(1 + numbers.below(24), &[2, 3][..]), (numbers.below(6), &[1, 2, 2])];
        // Some sums come to little more than what their terms are rounded by.
        compared(&Program::new(&text), &sizes, some_devices(i), 1e-3, &mut numbers);
    }
}

#[test]
fn a_product_agrees() {
    agrees(&Program::new(PSN));
}

#[test]
fn a_masked_product_agrees() {
    agrees(&Program::new(MASKED));
}

#[test]
fn a_convolution_agrees() {
    agrees(&Program::new(SLIDING));
}

#[test]
fn products_in_all_places_agree() {
    agrees(&Program::new(FEATURES));
    agrees(&Program::new(PRODUCTS));
    agrees(&Program::new(PRODUCTS).share("scale", Sharing::Neuron));
}

/// The tests that stand in the files.
#[test]
fn their_own_tests_pass() {
    let mut count = 0;
    for Program { text, .. } in programs() {
        let suite = Suite::new(Source { name: "test.snn", text: &text }, &NoImports);
        assert!(suite.findings.is_empty(), "{}", render(&suite.sources, &suite.findings, false));
        for (test, device) in
            suite.tests().iter().flat_map(|test| machines::devices().iter().map(move |d| (test, d)))
        {
            let outcome = suite.run(test, machines::compiler(), device).unwrap();
            let found = render(&outcome.sources, &outcome.findings, false);
            assert!(outcome.passed(), "on {}:\n{found}", device.name());
            count += 1;
        }
    }
    assert!(count >= 5 * machines::devices().len());
}
