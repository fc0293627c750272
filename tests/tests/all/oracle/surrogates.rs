//! The surrogates of the prelude: their derivatives against differences of their primitives.

use snn_compiler::oracle::{Call, Direction, Mode, derivative, smooth};
use snn_tests::compare::assert_close;
use snn_tests::numbers::Numbers;
use snn_tests::program::Program;
use snn_tests::vectors::Vectors;

/// Every surrogate of the prelude, by its name.
fn names() -> Vec<String> {
    let text = include_str!("../../../../compiler/src/prelude/surrogates.snn");
    let heads = text.lines().filter_map(|line| line.strip_prefix("surrogate "));
    heads.map(|head| head.split(['(', ' ']).next().unwrap().to_string()).collect()
}

#[test]
fn each_derivative_is_that_of_its_primitive() {
    let names = names();
    assert!(names.len() >= 10, "{names:?}");
    let mut numbers = Numbers::fresh();
    for mut name in names {
        if name == "multi_level_spike_count" {
            name += "(2)";
        }
        let text = format!(
            "neuron One(surr: surrogate = {name}) {{\n  input x\n  state v = 0\n  \
             charge v = 0.5 * v + x\n  fire s = spike(v - 1, surr)\n  reset v -= s * v\n  output s\n}}"
        );
        let neuron = Program::new(&text).neuron();
        let (steps, lanes) = (3, 64);
        let mut sequence = |low, high| -> Vec<f64> {
            numbers.uniform(steps * lanes, low, high).into_iter().map(f64::from).collect()
        };
        let inputs = vec![sequence(-1.0, 3.0)];
        let direction = vec![Some(sequence(-1.0, 1.0))];
        let call = Call { steps, lanes, inputs, states: vec![None], params: Vec::new() };
        let direction = Direction { inputs: direction, ..Direction::default() };
        let duals = derivative(&neuron, &call, &direction, Mode::Smooth);
        // A kink of `d` within reach of a difference spoils it; a smaller reach finds that lane again.
        let differences =
            [1e-4, 1e-5, 1e-6].map(|step| smooth::derivative(&neuron, &call, &direction, step));
        for (i, dual) in duals.outputs[0].iter().enumerate() {
            let apart = |run: &snn_compiler::oracle::Run| (run.outputs[0][i] - dual).abs();
            let least = differences.iter().map(apart).fold(f64::INFINITY, f64::min);
            assert!(least <= 1e-6 * (1.0 + dual.abs()), "{name}: {dual} is off by {least:e}");
        }
    }
}

#[test]
fn each_derivative_is_that_of_its_published_formula() {
    let vectors = Vectors::open("surrogates");
    let u = vectors.get("u");
    let mut missing = names();
    let known = names();
    for case in vectors.names() {
        let name = case.split('(').next().unwrap_or_default();
        // The distances, and what the prelude does not have yet.
        if !known.iter().any(|known| known == name) {
            continue;
        }
        let text = format!(
            "neuron One(surr: surrogate = {case}) {{\n  input x\n  state v = 0\n  charge v = x\n  \
             fire s = spike(v, surr)\n  output s\n}}"
        );
        let neuron = Program::new(&text).neuron();
        let inputs = vec![u.to_vec()];
        let call = Call { steps: 1, lanes: u.len(), inputs, states: vec![None], params: vec![] };
        let direction =
            Direction { inputs: vec![Some(vec![1.0; u.len()])], ..Direction::default() };
        let found = derivative(&neuron, &call, &direction, Mode::Double);
        assert_close(case, &found.outputs[0], vectors.get(case), 1e-12);
        missing.retain(|other| other != name);
    }
    assert!(missing.is_empty(), "no vectors: {missing:?}");
}
