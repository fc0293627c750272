//! Parallel neurons against SpikingJelly's, which are products of matrices of libtorch: the oracle in f64, and what runs
//! on the CPU.

use snn_compiler::oracle::{Call as OracleCall, Mode, Seeds as OracleSeeds, Shared, gradients};
use snn_runtime::neuron::{Array, Call, Seeds};
use snn_tests::compare::assert_close;
use snn_tests::program::Program;
use snn_tests::vectors::Vectors;

use crate::parity::machines;
use crate::parity::parallel::{MASKED, PSN, SLIDING};

const STEPS: usize = 8;

/// The program of a case, and the share of the mask.
fn program(case: &str) -> (Program, Option<f64>) {
    match case.split_once('_') {
        Some((_, share)) => (Program::new(MASKED).option("k", 3), share.parse().ok()),
        None if case == "psn" => (Program::new(PSN), None),
        None => (Program::new(SLIDING), None),
    }
}

#[test]
fn parallel_neurons_equal_those_of_spikingjelly() {
    let vectors = Vectors::open("psn");
    let (x, seed) = (vectors.get("x"), vectors.get("seed"));
    let lanes = x.len() / STEPS;
    assert_eq!(vectors.cases().len(), 5);
    for case in vectors.cases() {
        let expected = |what: &str| vectors.get(&format!("{case}.{what}"));
        let (program, share) = program(case);
        let neuron = program.neuron();
        let (w, b) = (expected("w"), expected("b"));
        let is_sliding = case == "sliding";
        let wide = |row: &[f64]| row.iter().flat_map(|b| vec![*b; lanes]).collect::<Vec<f64>>();
        let inputs = neuron.inputs.iter().map(|input| match input.name.as_str() {
            "x" => x.to_vec(),
            "b" => wide(b),
            _ => Vec::new(),
        });
        let layer = |number: f64| Shared::layer(number, lanes);
        let params = match is_sliding {
            true => w.iter().chain(b).map(|number| layer(*number)).collect(),
            false => share.into_iter().map(layer).collect(),
        };
        let weights = if is_sliding { Vec::new() } else { vec![w.to_vec()] };
        let (steps, inputs) = (STEPS, inputs.collect());
        let call = OracleCall { steps, lanes, inputs, params, weights, states: Vec::new() };
        let seeds = OracleSeeds { outputs: vec![Some(seed.to_vec())], states: Vec::new() };
        let (run, found) = gradients(&neuron, &call, &seeds, Mode::Double);
        assert_eq!(run.outputs[0], expected("s"), "{case}");
        assert_close(case, &found.inputs[0], expected("grad.x"), 1e-12);
        let of_w = match is_sliding {
            true => found.params[..3].concat(),
            false => found.weights[0].clone(),
        };
        assert_close(case, &of_w, expected("grad.w"), 1e-12);
        let sums = |grad: &[f64]| grad.chunks_exact(lanes).map(|row| row.iter().sum()).collect();
        let at = neuron.inputs.iter().position(|input| input.name == "b");
        let of_b: Vec<f64> = at.map_or_else(|| found.params[3].clone(), |i| sums(&found.inputs[i]));
        assert_close(case, &of_b, expected("grad.b"), 1e-12);

        // The same in f32, where products of matrices are added in another order.
        let array = |shape: &[usize], numbers: &[f64]| {
            let numbers = numbers.iter().map(|number| *number as f32).collect();
            Array::new(shape.to_vec(), numbers).unwrap()
        };
        let mut call = Call::default();
        call.inputs.insert("x".into(), array(&[STEPS, lanes], x));
        let shape = if is_sliding { vec![3] } else { vec![STEPS; 2] };
        call.params.insert("w".into(), array(&shape, w));
        call.params.insert("b".into(), array(if is_sliding { &[] } else { &[STEPS] }, b));
        if let Some(share) = share {
            call.params.insert("lambda".into(), Array::scalar(share as f32));
        }
        let outputs = [("s".to_string(), array(&[STEPS, lanes], seed))].into();
        let seeds = Seeds { outputs, ..Seeds::default() };
        for device in machines::devices() {
            let own = machines::neuron(device, &program).grad(&call, &seeds).unwrap();
            let spikes = own.forward.outputs["s"].data().iter().copied().map(f64::from);
            assert_eq!(spikes.collect::<Vec<_>>(), expected("s"), "{case} on {}", device.name());
            assert_close(case, own.inputs["x"].data(), expected("grad.x"), 1e-5);
            assert_close(case, own.params["w"].data(), expected("grad.w"), 1e-5);
            assert_close(case, own.params["b"].data(), expected("grad.b"), 1e-5);
        }
    }
}
