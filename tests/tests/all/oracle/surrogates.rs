//! The surrogates of the prelude: their derivatives against differences of their primitives.

use snn_compiler::oracle::{Call, Direction, Mode, Shared, derivative, smooth};
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
        let call = Call { steps, lanes, inputs, states: vec![None], ..Call::default() };
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
    for case in vectors.names() {
        let name = case.split('(').next().unwrap_or_default();
        // The distances are no case.
        if case == "u" {
            continue;
        }
        let text = format!(
            "neuron One(surr: surrogate = {case}) {{\n  input x\n  state v = 0\n  charge v = x\n  \
             fire s = spike(v, surr)\n  output s\n}}"
        );
        let neuron = Program::new(&text).neuron();
        let inputs = vec![u.to_vec()];
        let call = Call { steps: 1, lanes: u.len(), inputs, states: vec![None], ..Call::default() };
        let direction =
            Direction { inputs: vec![Some(vec![1.0; u.len()])], ..Direction::default() };
        let found = derivative(&neuron, &call, &direction, Mode::Double);
        assert_close(case, &found.outputs[0], vectors.get(case), 1e-12);
        missing.retain(|other| other != name);
    }
    assert!(missing.is_empty(), "no vectors: {missing:?}");
}

/// The arguments of a surrogate of the prelude that may be params, with a number for each.
fn arguments(name: &str) -> Vec<(String, f64)> {
    let text = include_str!("../../../../compiler/src/prelude/surrogates.snn");
    let head = text.lines().find(|line| {
        let rest = line.strip_prefix("surrogate ").and_then(|rest| rest.strip_prefix(name));
        rest.is_some_and(|rest| rest.starts_with(['(', ' ']))
    });
    let list = head.and_then(|head| head.split_once('('));
    let formals = list.and_then(|(_, list)| list.split(')').next()).unwrap_or_default();
    let formals = formals.split(", ").filter(|formal| !formal.is_empty() && !formal.contains(": "));
    let number = |formal: &str| match formal.split_once(" = ") {
        Some((name, default)) => (name.to_string(), default.parse().unwrap()),
        None => (formal.to_string(), 2.0),
    };
    formals.map(number).take(2).collect()
}

/// A neuron whose surrogate has params as arguments, and those.
fn learnt(name: &str) -> (Program, Vec<(String, f64)>) {
    let arguments = arguments(name);
    let (mut params, mut given) = (String::new(), Vec::new());
    for (argument, value) in &arguments {
        params += &format!("  param p_{argument} = {value:?} learn\n");
        given.push(format!("{argument}: p_{argument}"));
    }
    let text = format!(
        "neuron One {{\n  input x\n{params}  state v = 0\n  charge v = 0.5 * v + x\n  \
         fire s = spike(v - 1, {name}({}))\n  reset v -= s * v\n  output s\n}}",
        given.join(", ")
    );
    (Program::new(&text), arguments)
}

/// The surrogates of the prelude that have a primitive and an argument.
fn learnable() -> Vec<String> {
    let all = names().into_iter().filter(|name| name != "fake_numerical_gradient");
    all.filter(|name| !arguments(name).is_empty()).collect()
}

#[test]
fn each_argument_has_the_derivative_of_the_primitive() {
    let mut numbers = Numbers::fresh();
    assert!(learnable().len() >= 10);
    for name in learnable() {
        let (program, arguments) = learnt(&name);
        let neuron = program.neuron();
        let (steps, lanes) = (3, 64);
        let mut uniform = |count, low, high| -> Vec<f64> {
            numbers.uniform(count, low, high).into_iter().map(f64::from).collect()
        };
        let inputs = vec![uniform(steps * lanes, -1.0, 3.0)];
        let mut param = |value: f64| uniform(lanes, value as f32 + 0.05, value as f32 + 0.5);
        let params = arguments.iter().map(|(_, value)| Shared::neuron(param(*value), lanes));
        let params: Vec<Shared> = params.collect();
        let directions = params.iter().map(|_| Some(uniform(lanes, -1.0, 1.0))).collect();
        let call = Call { steps, lanes, inputs, states: vec![None], params, ..Call::default() };
        let direction = Direction { params: directions, ..Direction::default() };
        let duals = derivative(&neuron, &call, &direction, Mode::Smooth);
        let differences =
            [1e-4, 1e-5, 1e-6].map(|step| smooth::derivative(&neuron, &call, &direction, step));
        let moved = duals.outputs[0].iter().any(|dual| *dual != 0.0);
        assert!(moved, "{name} has no gradient to {arguments:?}");
        for (i, dual) in duals.outputs[0].iter().enumerate() {
            let apart = |run: &snn_compiler::oracle::Run| (run.outputs[0][i] - dual).abs();
            let least = differences.iter().map(apart).fold(f64::INFINITY, f64::min);
            assert!(least <= 1e-6 * (1.0 + dual.abs()), "{name}: {dual} is off by {least:e}");
        }
    }
}
