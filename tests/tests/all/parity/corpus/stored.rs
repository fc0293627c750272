//! Programs of the corpus with inputs and outputs in 16 bits: on all machines the same, forward what the
//! oracle gives for the rounded inputs, gradients near its.

use snn_artifact::naming::Operand;
use snn_artifact::{Dtype, Target};
use snn_compiler::check::PortDtype;
use snn_compiler::check::hir::Sharing;
use snn_compiler::pipeline::{self, Options};
use snn_runtime::neuron::{Array, Arrays, Call, Seeds};
use snn_tests::interpret::rounded;
use snn_tests::numbers::Numbers;
use snn_tests::program::Program;

use super::case::{Case, case};
use super::{LANES, STEPS};
use crate::parity::check::Machines;
use crate::parity::machines;

const HALVES: [PortDtype; 2] = [PortDtype::F16, PortDtype::Bf16];

/// How far gradients may be from the oracle's: those of inputs are rounded to 11 or 8 bits.
const NEAR: f64 = 1e-2;

macro_rules! stored {
    ($($name:ident: $case:expr;)*) => {
        $(#[test]
        fn $name() {
            HALVES.into_iter().for_each(|dtype| agrees(stringify!($name), $case.dtype(dtype)));
        })*

        /// What is run here.
        pub fn programs() -> Vec<Program> {
            let each = HALVES.map(|dtype| [$($case.dtype(dtype).program().clone()),*]);
            let large = [HALVES[0], HALVES[1], PortDtype::F32].map(large);
            each.into_iter().flatten().chain(large).collect()
        }
    };
}

stored! {
    alif: case("alif").inputs(-1.0, 4.0);
    delayed: case("delayed");
    eif_saved: case("eif").inputs(-2.0, 1.5).save("states");
    izhikevich: case("izhikevich").inputs(-1.0, 3.0);
    lif: case("lif").inputs(-1.0, 3.0);
    lif_saved_in_bits: case("lif").inputs(-1.0, 3.0).save("s");
    plif_per_channel: case("plif").share("k", Sharing::Channel).option("soft_reset", true);
    readout_of_the_last_step: case("readout");
    several_inputs_and_outputs: case("feature_inputs_and_outputs");
    ternary: case("ternary").inputs(-1.0, 1.4);
    timed_decay_whose_params_stay: case("timed_decay");
}

/// All inputs and gradients of outputs as they are stored.
fn stored_as(dtype: PortDtype, arrays: &mut Arrays) {
    let round = |number: &mut f32| *number = rounded(dtype, *number);
    arrays.values_mut().for_each(|array| array.data_mut().iter_mut().for_each(round));
}

#[track_caller]
fn agrees(name: &str, case: Case) {
    let neuron = case.program().neuron();
    let machines = Machines::of(&format!("{name} in {}", neuron.dtype), case.program());
    let machines = machines.within(NEAR);
    for steps in STEPS {
        for step in LANES {
            // How much a rounded number moves depends on it.
            let mut numbers = Numbers::of(1);
            let (mut call, mut seeds) = case.call(&neuron, steps, step, &mut numbers);
            stored_as(neuron.dtype, &mut call.inputs);
            stored_as(neuron.dtype, &mut seeds.outputs);
            machines.check(&call, &seeds, &mut numbers);
        }
    }
}

#[test]
fn ports_and_their_gradients_are_stored_so_and_nothing_else() {
    for dtype in HALVES {
        let case = case("plif").dtype(dtype);
        let options = Options::new(Target::Cpu { level: "x86-64-v3".into() });
        let neuron = case.program().neuron();
        let manifest = pipeline::back(&neuron, &options, "0".into()).unwrap().manifest;
        assert_eq!(manifest.compute, Dtype::F32);
        for port in manifest.inputs.iter().chain(&manifest.outputs) {
            assert_eq!(port.dtype, dtype.into(), "{}", port.name);
        }
        for buffer in manifest.entries.values().flat_map(|entry| &entry.buffers) {
            let is_narrow = matches!(
                Operand::parse(&buffer.name),
                Some(
                    Operand::Input(_)
                        | Operand::InputGrad(_)
                        | Operand::Output(_)
                        | Operand::OutputGrad(_)
                )
            );
            let expected = if is_narrow { dtype.into() } else { Dtype::F32 };
            assert_eq!(buffer.dtype, expected, "{}", buffer.name);
        }
        let in_f32 = self::case("plif").program().neuron();
        assert_ne!(pipeline::key(&neuron, &options), pipeline::key(&in_f32, &options));
        let bytes = |neuron| {
            let made = pipeline::back(neuron, &options, "0".into()).unwrap();
            made.manifest.entries["forward"].bytes
        };
        assert_eq!(2.0 * bytes(&neuron), bytes(&in_f32));
    }
}

#[test]
fn wgsl_refuses_and_says_why() {
    let neuron = case("lif").dtype(PortDtype::Bf16).program().neuron();
    let refused = pipeline::back(&neuron, &Options::new(Target::Wgsl), "0".into());
    let why = refused.unwrap_err().to_string();
    assert!(why.starts_with("wgsl cannot do `input.x` stored as bf16"), "{why}");
}

const LARGE: &str = "neuron Large {\n  input x\n  state v = 0\n  charge v = x * 1000\n  fire y = v\n  output y\n}\n";

fn large(dtype: PortDtype) -> Program {
    Program::new(LARGE).dtype(dtype)
}

/// Too large is infinite in binary16 alone, and what rounds below the least number is 0.
#[test]
fn what_is_too_large_for_f16_is_infinite() {
    let x = [70.0, -70.0, 65.0, 1e-12, 1e30, f32::NAN, 0.0, 65504.0];
    let found = |dtype| {
        let program = large(dtype);
        let array = |data: &[f32]| Array::new(vec![1, data.len()], data.to_vec()).unwrap();
        let call = Call { inputs: [("x".into(), array(&x))].into(), ..Call::default() };
        let seeds = Seeds { outputs: [("y".into(), array(&x))].into(), ..Seeds::default() };
        let (neuron, kernels) = machines::load(&program).swap_remove(0);
        let (found, expected) = (neuron.grad(&call, &seeds).unwrap(), kernels.grad(&call, &seeds));
        crate::parity::check::same_lanes("large", &found, &expected);
        [found.forward.outputs["y"].data().to_vec(), found.inputs["x"].data().to_vec()]
    };
    let inf = f32::INFINITY;
    for found in found(PortDtype::F16) {
        assert_eq!(found[..5], [inf, -inf, 64992.0, 0.0, inf]);
        assert!(found[5].is_nan() && found[6] == 0.0 && found[7] == inf);
    }
    for found in found(PortDtype::Bf16) {
        assert!(found.iter().all(|y| y.is_finite() || y.is_nan()), "{found:?}");
    }
}
