//! The f64 oracle against SpikingJelly's neurons.

use snn_compiler::oracle::{Mode, Shared, gradients};
use snn_tests::compare::{assert_close, assert_firing_rate};
use snn_tests::vectors::Vectors;

const STEPS: usize = 20;

#[test]
fn neurons_equal_those_of_spikingjelly() {
    let vectors = Vectors::open("spikingjelly");
    let cases = vectors.cases();
    assert_eq!(cases.len(), 40);
    for case in cases {
        let mut program = super::program(case);
        if !case.starts_with("plif") {
            program.text = program.text.replace("output s", "output s\n  output v");
        }
        let neuron = program.neuron();
        let scale = if case.contains("decay") { 2.0 } else { 1.0 };
        let x: Vec<f64> = vectors.get("x").iter().map(|x| scale * x).collect();
        let lanes = x.len() / STEPS;
        let mut params = vec![Shared::layer(1.0, lanes), Shared::layer(0.0, lanes)];
        match case.split('_').next() {
            Some("lif") => params.insert(0, Shared::layer(2.0, lanes)),
            // sigmoid(0) is 1 / tau.
            Some("plif") => params.insert(0, Shared::layer(0.0, lanes)),
            _ => {}
        }
        let call = super::call(STEPS, &x, None, params);
        let seeds = super::seeds(&[vectors.get("seed.s"), vectors.get("seed.v")], None);
        let (run, found) = gradients(&neuron, &call, &seeds, Mode::Double);
        let expected = |what: &str| vectors.get(&format!("{case}.{what}"));
        assert_firing_rate(case, &run.outputs[0]);
        assert_eq!(run.outputs[0], expected("s"), "{case}");
        assert_close(case, &run.outputs[1], expected("v"), 1e-14);
        assert_close(case, &found.inputs[0], expected("grad.x"), 1e-12);
        if case.starts_with("plif") {
            assert_close(case, &found.params[0], expected("grad.w"), 1e-12);
        }
    }
}
