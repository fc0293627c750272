//! The kernels written by hand compute what the oracle does.

use std::sync::Arc;

use snn_compiler::oracle::{Mode, Shared, gradients, rounded};
use snn_runtime::neuron::Neuron;
use snn_tests::compare::{assert_bits_equal, assert_close, assert_firing_rate};
use snn_tests::numbers::Numbers;
use snn_tests::program::Program;

#[path = "../../../compiler/cli/src/bench/reference/cuda.rs"]
mod cuda;
#[path = "../../../compiler/cli/src/bench/reference/lif.rs"]
mod lif;

use lif::{Call, Lif, saved_len};

use crate::parity::calls::{random, step_shape};
use crate::parity::check::Truth;
use crate::parity::machines::devices;
use crate::parity::variants::variants;

/// Operands of a call, in f32 as the kernel takes them.
struct Operands {
    x: Vec<f32>,
    v: Vec<f32>,
    grad_s: Vec<f32>,
    grad_v: Vec<f32>,
}

impl Operands {
    fn random(steps: usize, lanes: usize, numbers: &mut Numbers) -> Self {
        let mut x = numbers.uniform(steps * lanes, -1.0, 3.0);
        let mut v = numbers.uniform(lanes, -0.5, 0.9);
        // Every seventh lane starts on the threshold's grid, and its first step ends on the threshold.
        for (lane, v) in v.iter_mut().enumerate().step_by(7).filter(|_| steps > 0) {
            (*v, x[lane]) = (0.25, 1.75);
        }
        let grad_s = numbers.uniform(steps * lanes, -1.0, 1.0);
        Self { x, v, grad_s, grad_v: numbers.uniform(lanes, -1.0, 1.0) }
    }

    fn oracle(&self, steps: usize, lanes: usize) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        use snn_compiler::oracle;
        let wide = |values: &[f32]| values.iter().copied().map(f64::from).collect::<Vec<f64>>();
        let params = [2.0, 1.0, 0.0].map(|value| Shared::layer(value, lanes)).to_vec();
        let (inputs, states) = (vec![wide(&self.x)], vec![Some(wide(&self.v))]);
        let call = oracle::Call { steps, lanes, inputs, states, params, ..Default::default() };
        let seeds = oracle::Seeds {
            outputs: vec![Some(wide(&self.grad_s))],
            states: vec![Some(wide(&self.grad_v))],
        };
        let neuron = Program::new(snn::neuron::source("lif").unwrap()).neuron();
        let (run, found) = gradients(&neuron, &call, &seeds, Mode::Single(&rounded));
        ([run.outputs, run.states].concat(), [found.inputs, found.states].concat())
    }
}

fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|value| *value as f32).collect()
}

#[test]
fn the_kernel_in_rust_gives_spikes_potentials_and_gradients() {
    let mut numbers = Numbers::fresh();
    for (steps, lanes) in [(0, 5), (1, 0), (1, 1), (2, 31), (17, 4099), (40, 3), (8, 2048)] {
        let operands = Operands::random(steps, lanes, &mut numbers);
        let (values, expected) = operands.oracle(steps, lanes);
        for threads in [1, 2, 5] {
            let name = format!("T {steps} N {lanes} on {threads} threads");
            let Operands { x, v, grad_s, grad_v } = &operands;
            let call = Call { steps, lanes, threads, x, v: Some(v) };
            let (mut s, mut last) = (vec![9.0; steps * lanes], vec![9.0; lanes]);
            let mut saved = vec![0.0; saved_len(steps, lanes)];
            let lif = Lif::default();
            lif.forward(&call, &mut s, &mut last, &mut saved);
            assert_firing_rate(&name, &s);
            assert_bits_equal(&name, &s, &narrow(&values[0]));
            assert_bits_equal(&name, &last, &narrow(&values[1]));
            let (mut grad_x, mut grad_first) = (vec![9.0; steps * lanes], vec![9.0; lanes]);
            lif.backward(&call, &saved, grad_s, Some(grad_v), &mut grad_x, &mut grad_first);
            assert_close(&name, &grad_x, &expected[0], 1e-5);
            assert_close(&name, &grad_first, &expected[1], 1e-5);
        }
    }
}

#[test]
fn the_kernel_in_rust_may_be_given_no_state_and_save_nothing() {
    let (steps, lanes, lif) = (11, 70, Lif::default());
    let x = Numbers::fresh().uniform(steps * lanes, -1.0, 3.0);
    let rest = vec![0.0; lanes];
    let run = |v| {
        let call = Call { steps, lanes, threads: 2, x: &x, v };
        let (mut s, mut last) = (vec![9.0; steps * lanes], vec![9.0; lanes]);
        lif.forward(&call, &mut s, &mut last, &mut []);
        (s, last)
    };
    assert_eq!(run(None), run(Some(&rest)));
}

/// `SNNC_REFERENCE_PTX` names what `lif.cu` was compiled to.
#[test]
fn the_kernel_in_cuda_gives_spikes_potentials_and_gradients() {
    let Ok(path) = std::env::var("SNNC_REFERENCE_PTX") else {
        return println!("skipped: SNNC_REFERENCE_PTX is not set");
    };
    let Some(device) = devices().iter().find(|device| device.name().starts_with("cuda")) else {
        return println!("skipped: there is no CUDA device");
    };
    let artifact = cuda::artifact(std::fs::read_to_string(path).unwrap());
    let loaded = Neuron::load(Arc::clone(device), artifact).unwrap();
    let lif = variants("lif").into_iter().find(|v| v.name() == "lif hard decayed").unwrap();
    let neuron = lif.program().neuron();
    let mut numbers = Numbers::fresh();
    for (steps, lanes) in [(0, 5), (1, 1), (2, 31), (17, 4099), (40, 4096), (8, 2048)] {
        let (call, seeds) = random(&lif, steps, &step_shape(lanes), &mut numbers);
        let found = loaded.grad(&call, &seeds).unwrap();
        let name = format!("T {steps} N {lanes} by hand on a GPU");
        Truth::of(&neuron, &call, &seeds).compare(&name, &found, true);
    }
}
