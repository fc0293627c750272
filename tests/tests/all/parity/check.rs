//! One call on every machine: the same bits forward, gradients near the oracle's.

use snn_compiler::check::hir;
use snn_runtime::neuron::{Array, Arrays, Call, Forward, Gradients, Neuron, Seeds};
use snn_tests::compare::{assert_bits_equal, assert_sums_close, norm};
use snn_tests::expected::expected;
use snn_tests::indexed::{self, Named};
use snn_tests::interpret::{Interpreted, rounded};
use snn_tests::numbers::Numbers;
use snn_tests::operands::{Sizes, gather, sample};
use snn_tests::program::Program;

use super::machines;
use super::variants::Variant;

/// How far gradients may be from the oracle's, relative to their size.
pub const TOLERANCE: f64 = 1e-5;

/// Most lanes and steps that the oracle and the interpreter run in full.
const FULL: usize = 1 << 22;
/// Most of which the interpreter runs each device's own kernels.
const FEW: usize = 1 << 17;
/// Lanes that they run where there are more.
const SAMPLE: usize = 4096;

/// A variant compiled for every machine.
pub struct Machines {
    /// Its name.
    pub name: String,
    neuron: hir::Neuron,
    interpreted: Interpreted,
    devices: Vec<(Neuron, Interpreted)>,
    /// How far gradients may be from the oracle's, relative to their size.
    tolerance: f64,
}

impl Machines {
    /// Compiles a variant.
    pub fn new(variant: &Variant) -> Self {
        Self::of(&variant.name(), &variant.program())
    }

    /// Compiles a program.
    pub fn of(name: &str, program: &Program) -> Self {
        Self {
            name: name.into(),
            neuron: program.neuron(),
            interpreted: machines::interpreted(program, None),
            devices: machines::load(program),
            tolerance: TOLERANCE,
        }
    }

    /// With gradients that may be further from the oracle's.
    pub fn within(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Runs a call on every machine and compares. The oracle and the interpreter run all lanes or, of
    /// many, some; devices are then also compared with each other on all.
    /// Returns what the interpreter gives.
    pub fn check(&self, call: &Call, seeds: &Seeds, numbers: &mut Numbers) -> Gradients {
        let sizes = Sizes::of(call);
        let name = format!("{}, T {} of {:?}", self.name, sizes.steps, sizes.step);
        let is_full = sizes.steps * sizes.lanes <= FULL;
        let chosen = chosen(&sizes, is_full, numbers);
        let (some, some_seeds) = match is_full {
            true => (call.clone(), seeds.clone()),
            false => sample(call, seeds, &self.sharings(), &chosen),
        };
        let truth =
            Truth { tolerance: self.tolerance, ..Truth::of(&self.neuron, &some, &some_seeds) };
        let base = self.interpreted.grad(&some, &some_seeds);
        same_bits(
            &format!("{name}, forward alone"),
            &self.interpreted.forward(&some),
            &base.forward,
        );
        truth.compare(&format!("{name} on the interpreter"), &base, is_full);
        let mut first: Option<Gradients> = None;
        for (neuron, kernels) in &self.devices {
            let name = format!("{name} on {}", neuron.device().name());
            let found = neuron.grad(call, seeds).unwrap_or_else(|e| panic!("{name}: {e}"));
            let alone = neuron.forward(call).unwrap_or_else(|e| panic!("{name}: {e}"));
            same_bits(&format!("{name}, forward alone"), &alone, &found.forward);
            let seen = if is_full { found.clone() } else { of_lanes(&found, &sizes, &chosen) };
            same_bits(&name, &seen.forward, &base.forward);
            if sizes.steps * sizes.lanes <= FEW {
                own_lanes(&name, neuron, &found, &kernels.grad(call, seeds));
            }
            truth.compare(&name, &seen, is_full);
            match &first {
                Some(first) if !is_full => agree(&name, &found, first, seeds),
                Some(_) => {}
                None => first = Some(found),
            }
        }
        base
    }

    fn sharings(&self) -> Vec<(String, hir::Sharing)> {
        self.neuron.params.iter().map(|param| (param.name.clone(), param.sharing)).collect()
    }
}

/// The lanes that the oracle runs.
fn chosen(sizes: &Sizes, is_full: bool, numbers: &mut Numbers) -> Vec<usize> {
    if is_full {
        return (0..sizes.lanes).collect();
    }
    let mut chosen = numbers.sample(SAMPLE, sizes.lanes);
    chosen.extend([0, sizes.lanes - 1]);
    chosen
}

/// What the oracle says, by name.
pub struct Truth {
    outputs: Vec<(String, Vec<f64>)>,
    states: Vec<(String, Vec<f64>)>,
    input_grads: Vec<(String, Vec<f64>)>,
    state_grads: Vec<(String, Vec<f64>)>,
    param_grads: Vec<(String, Vec<f64>)>,
    least: f64,
    tolerance: f64,
}

impl Truth {
    /// Runs the oracle.
    pub fn of(neuron: &hir::Neuron, call: &Call, seeds: &Seeds) -> Self {
        let sizes = Sizes::of(call);
        let (run, found) = expected(neuron, &indexed::expanded(neuron, call), seeds);
        let states = || neuron.states.iter().map(|state| state.name.clone());
        let is_real = |state: &&(&hir::State, Vec<f64>)| state.0.ty == hir::Type::Real;
        let found_states: Vec<_> = neuron.states.iter().zip(found.states).collect();
        let reals = found_states.iter().filter(is_real);
        let reals = reals.map(|(state, grad)| (state.name.clone(), grad.clone()));
        let learnt = neuron.params.iter().zip(found.params).filter(|(param, _)| param.learn);
        let names = neuron.inputs.iter().zip(found.inputs);
        let inputs = names.filter(|(input, _)| input.has_gradient());
        let mut inputs: Named = inputs.map(|(i, grad)| (i.name.clone(), grad)).collect();
        let mut params: Named = learnt.map(|(param, grad)| (param.name.clone(), grad)).collect();
        indexed::join(neuron, &sizes, &mut inputs, &mut params);
        // What is given is f32 that then is stored.
        let stored = |y: &f64| f64::from(rounded(neuron.dtype, *y as f32));
        let outputs = run.outputs.iter().map(|all| all.iter().map(stored).collect());
        Self {
            outputs: neuron.outputs.iter().map(|o| o.name.clone()).zip(outputs).collect(),
            states: states().zip(run.states).collect(),
            input_grads: inputs.into_iter().collect(),
            state_grads: reals.collect(),
            param_grads: params.into_iter().collect(),
            least: least(seeds),
            tolerance: TOLERANCE,
        }
    }

    /// Forward has the oracle's bits, which are f32's; gradients are near.
    pub fn compare(&self, name: &str, found: &Gradients, with_params: bool) {
        let narrow = |values: &[f64]| values.iter().map(|v| *v as f32).collect::<Vec<f32>>();
        let outputs = self.outputs.iter().map(|pair| (pair, &found.forward.outputs));
        let states = self.states.iter().map(|pair| (pair, &found.forward.states));
        for ((operand, expected), found) in outputs.chain(states) {
            let what = format!("{name}: {operand}");
            assert_bits_equal(&what, found[operand].data(), &narrow(expected));
        }
        let near = |kind: &str, expected: &[(String, Vec<f64>)], found: &Arrays, size: f64| {
            for (operand, expected) in expected {
                let what = format!("{name}: gradient of {kind} {operand}");
                assert_sums_close(&what, found[operand].data(), expected, size, self.tolerance);
            }
            assert_eq!(expected.len(), found.len(), "{name}: {kind}s with a gradient");
        };
        near("input", &self.input_grads, &found.inputs, self.least);
        near("state", &self.state_grads, &found.states, self.least);
        if with_params {
            let terms = size(&found.inputs).hypot(size(&found.states));
            near("param", &self.param_grads, &found.params, self.least.max(terms));
        }
    }
}

/// The size of gradients. Those of params add up numbers like those of inputs and states, and may cancel.
fn size(inputs: &Arrays) -> f64 {
    inputs.values().map(|array| norm(array.data())).fold(0.0, f64::hypot)
}

/// What gradients are measured against at least. Of a few elements all may have cancelled almost to
/// nothing; those of many are several times this.
pub fn least(seeds: &Seeds) -> f64 {
    size(&seeds.outputs).hypot(size(&seeds.states)) / 16.0
}

/// The results of some lanes; sums over lanes stay.
fn of_lanes(all: &Gradients, sizes: &Sizes, chosen: &[usize]) -> Gradients {
    let some = |arrays: &Arrays| {
        let array = |array: &Array| {
            let data = gather(array.data(), sizes.lanes, chosen);
            Array::new(vec![data.len()], data).unwrap()
        };
        arrays.iter().map(|(name, all)| (name.clone(), array(all))).collect()
    };
    Gradients {
        forward: Forward {
            outputs: some(&all.forward.outputs),
            states: some(&all.forward.states),
            ..Forward::default()
        },
        inputs: some(&all.inputs),
        params: all.params.clone(),
        states: some(&all.states),
    }
}

/// Fails unless outputs and last states have the same bits.
pub fn same_bits(name: &str, found: &Forward, expected: &Forward) {
    same_arrays(name, &found.outputs, &expected.outputs);
    same_arrays(name, &found.states, &expected.states);
}

/// Fails unless what each lane gives and its gradients have the same bits. Sums over lanes need not, and
/// neither does backward of two targets, for which it may be written in different operations.
pub fn same_lanes(name: &str, found: &Gradients, expected: &Gradients) {
    same_bits(name, &found.forward, &expected.forward);
    same_arrays(&format!("{name}, gradient"), &found.inputs, &expected.inputs);
    same_arrays(&format!("{name}, gradient"), &found.states, &expected.states);
}

/// Fails unless each lane gives what the device's own kernels give on the interpreter: the same bits, but
/// where ratios, which backward alone has, may be units in the last place off, gradients that are near.
pub fn own_lanes(name: &str, neuron: &Neuron, found: &Gradients, expected: &Gradients) {
    let device = neuron.device();
    if !device.name().starts_with("cuda") && !device.description().contains("by our own routines") {
        return same_lanes(name, found, expected);
    }
    same_bits(name, &found.forward, &expected.forward);
    for (found, expected) in [(&found.inputs, &expected.inputs), (&found.states, &expected.states)]
    {
        assert!(found.keys().eq(expected.keys()), "{name}: {:?}", found.keys());
        for (operand, found) in found {
            near(&format!("{name}, gradient: {operand}"), found.data(), expected[operand].data());
        }
    }
}

/// The size of numbers that are what is left of terms of size 1.
const CANCELLED: f64 = 0.01;

/// Fails unless numbers are near, by the size of the largest of them, and what is no number is none. Where
/// all are small, the terms have cancelled: what is left is as far off as these, whose size is about 1.
fn near(what: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let finite = expected.iter().filter(|number| number.is_finite());
    let largest = finite.fold(CANCELLED, |most, number| most.max(f64::from(*number).abs()));
    for (i, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let alike = found == expected || found.is_nan() && expected.is_nan();
        let apart = (f64::from(found) - f64::from(expected)).abs();
        assert!(alike || apart <= TOLERANCE * largest, "{what}[{i}]: {found:e}, not {expected:e}");
    }
}

/// Fails unless all arrays have the same bits.
pub fn same_arrays(name: &str, found: &Arrays, expected: &Arrays) {
    assert!(found.keys().eq(expected.keys()), "{name}: {:?}", found.keys());
    for (operand, found) in found {
        let what = format!("{name}: {operand}");
        assert_bits_equal(&what, found.data(), expected[operand].data());
    }
}

/// Fails unless two devices have the same bits forward and near gradients.
pub fn agree(name: &str, found: &Gradients, expected: &Gradients, seeds: &Seeds) {
    same_bits(name, &found.forward, &expected.forward);
    let least = least(seeds);
    let kinds = [
        (&found.inputs, &expected.inputs, least),
        (&found.states, &expected.states, least),
        (&found.params, &expected.params, least.max(size(&expected.inputs))),
    ];
    for (found, expected, size) in kinds {
        assert!(found.keys().eq(expected.keys()), "{name}: {:?}", found.keys());
        for (operand, found) in found {
            let expected: Vec<f64> =
                expected[operand].data().iter().map(|g| f64::from(*g)).collect();
            let what = format!("{name}: gradient of {operand} against another device's");
            assert_sums_close(&what, found.data(), &expected, size, TOLERANCE);
        }
    }
}
