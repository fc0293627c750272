//! Neurons as equations against the same methods in numpy, and Hodgkin-Huxley against scipy's adaptive steps.

use snn_artifact::ParamDefault;
use snn_compiler::check::hir::{Neuron, Param};
use snn_compiler::oracle::{self, Call, Mode, Shared, rounded};
use snn_tests::compare::assert_close;
use snn_tests::operands::unconstrained;
use snn_tests::program::Program;
use snn_tests::vectors::Vectors;

/// How many neurons the script runs.
const LANES: usize = 3;

const HODGKIN_HUXLEY: &str = include_str!("../../../corpus/ode_hodgkin_huxley.snn");
const ADEX: &str = include_str!("../../../corpus/ode_adex.snn");
const IZHIKEVICH: &str = include_str!("../../../corpus/ode_izhikevich.snn");

/// A case of the script: its program, the states in the order declared, and how far a run in f64 may be off.
const CASES: [(&str, &str, &str, &str, f64); 6] = [
    ("hh_rk4", HODGKIN_HUXLEY, "method rk4", "vmhn", 1e-9),
    ("hh_exp_euler", HODGKIN_HUXLEY, "method exp_euler", "vmhn", 1e-9),
    ("hh_euler", HODGKIN_HUXLEY, "method euler steps 4", "vmhn", 1e-9),
    ("hh_rest", HODGKIN_HUXLEY, "method rk4", "vmhn", 1e-6),
    ("adex", ADEX, "method rk4", "vw", 1e-9),
    ("izhikevich", IZHIKEVICH, "method rk2 steps 2", "vu", 1e-9),
];

/// The program of a case with its own method.
fn neuron(text: &str, method: &str) -> Neuron {
    let start = text.find("method").unwrap();
    let end = start + text[start..].find(" {").unwrap();
    Program::new(&format!("{}{method}{}", &text[..start], &text[end..])).neuron()
}

fn param(param: &Param, lanes: usize) -> Shared {
    let ParamDefault::Number(number) = param.default else { panic!("{} is drawn", param.name) };
    Shared::layer(unconstrained(param, number), lanes)
}

fn call(neuron: &Neuron, x: &[f64], steps: usize, states: Vec<Option<Vec<f64>>>) -> Call {
    let lanes = x.len() / steps;
    let params = neuron.params.iter().map(|own| param(own, lanes)).collect();
    Call { steps, lanes, inputs: vec![x.to_vec()], states, params, ..Call::default() }
}

#[test]
fn runs_equal_those_of_numpy() {
    let vectors = Vectors::open("ode");
    assert_eq!(vectors.cases().len(), CASES.len());
    for (case, text, method, states, tolerance) in CASES {
        let neuron = neuron(text, method);
        let x = vectors.get(&format!("{case}.x"));
        let steps = x.len() / LANES;
        let call = call(&neuron, x, steps, vec![None; states.len()]);
        let run = oracle::run(&neuron, &call, Mode::Double);
        assert_eq!(run.outputs[0], vectors.get(&format!("{case}.s")), "{case}");
        for (name, found) in states.chars().zip(&run.states) {
            let expected = vectors.get(&format!("{case}.{name}"));
            let last = &expected[expected.len() - LANES..];
            assert_close(&format!("{case}.{name}"), found, last, tolerance);
        }
    }
}

/// Each step from the states that the script has before it.
#[test]
fn steps_in_f32_are_near_those_of_numpy() {
    let vectors = Vectors::open("ode");
    for (case, text, method, states, _) in CASES {
        let neuron = neuron(text, method);
        let all = states.chars().map(|name| vectors.get(&format!("{case}.{name}")));
        let all: Vec<&[f64]> = all.collect();
        let before = all.iter().map(|values| Some(values[..values.len() - LANES].to_vec()));
        let x = &vectors.get(&format!("{case}.x"))[LANES..];
        let call = call(&neuron, x, 1, before.collect());
        let run = oracle::run(&neuron, &call, Mode::Single(&rounded));
        let spikes = &vectors.get(&format!("{case}.s"))[LANES..];
        let differ = run.outputs[0].iter().zip(spikes).filter(|(a, b)| a != b).count();
        assert!(differ <= 1, "{case}: {differ} spikes");
        for ((name, found), expected) in states.chars().zip(&run.states).zip(&all) {
            let same = |i: &usize| run.outputs[0][*i] == spikes[*i];
            let places: Vec<usize> = (0..spikes.len()).filter(same).collect();
            let of = |values: &[f64]| places.iter().map(|i| values[*i]).collect::<Vec<f64>>();
            let (found, expected) = (of(found), of(&expected[LANES..]));
            assert_close(&format!("{case}.{name} in f32"), &found, &expected, 1e-6);
        }
    }
}
