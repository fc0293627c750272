//! The f64 oracle against libtorch's autograd on the same equations.

use snn_compiler::oracle::{Mode, Shared, gradients, rounded};
use snn_tests::compare::{assert_close, assert_firing_rate};
use snn_tests::vectors::Vectors;

const STEPS: usize = 20;
const CHANNELS: usize = 3;
const WIDTH: usize = 2;

/// The params of a case as the oracle takes them, in the order the neuron declares them.
fn params(case: &str, lanes: usize) -> Vec<Shared> {
    let mut params = vec![Shared::layer(1.0, lanes), Shared::layer(-0.125, lanes)];
    if case.starts_with("lif") {
        let tau = match case {
            _ if case.contains("_channel_") => Shared::channel(vec![1.5, 2.0, 3.25], WIDTH, lanes),
            _ if case.contains("_neuron_") => {
                Shared::neuron(vec![1.25, 1.5, 2.0, 2.5, 3.0, 4.0], lanes)
            }
            _ => Shared::layer(2.0, lanes),
        };
        params.insert(0, tau);
    }
    params
}

#[test]
fn gradients_equal_those_of_libtorch() {
    let vectors = Vectors::open("torch");
    let cases = vectors.cases();
    assert_eq!(cases.len(), 40);
    for case in cases {
        let neuron = super::program(case).neuron();
        // The script doubles the drive where the leak divides it.
        let scale = if case.contains("decay") { 2.0 } else { 1.0 };
        let x: Vec<f64> = vectors.get("x").iter().map(|x| scale * x).collect();
        let lanes = x.len() / STEPS;
        assert_eq!(lanes % (CHANNELS * WIDTH), 0);
        let call = super::call(STEPS, &x, Some(vectors.get("v0")), params(case, lanes));
        let seeds = super::seeds(&[vectors.get("seed.s")], Some(vectors.get("seed.v")));
        for (mode, tolerance) in [(Mode::Double, 1e-12), (Mode::Single(&rounded), 1e-5)] {
            let (run, found) = gradients(&neuron, &call, &seeds, mode);
            assert_firing_rate(case, &run.outputs[0]);
            assert_eq!(run.outputs[0], vectors.get(&format!("{case}.s")), "{case}");
            let check = |what: &str, found: &[f64]| {
                // libtorch gives none where nothing depends on the operand.
                if let Some(expected) = vectors.find(&format!("{case}.{what}")) {
                    assert_close(&format!("{case}.{what}"), found, expected, tolerance);
                } else {
                    assert!(found.iter().all(|g| *g == 0.0), "{case}.{what}");
                }
            };
            check("v", &run.states[0]);
            check("grad.x", &found.inputs[0]);
            check("grad.v0", &found.states[0]);
            for (param, values) in neuron.params.iter().zip(&found.params) {
                check(&format!("grad.{}", param.name), values);
            }
        }
    }
}
