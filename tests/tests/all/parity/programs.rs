//! Random neurons on every machine.

use snn_runtime::neuron::{Array, Call, Seeds};
use snn_tests::numbers::{Numbers, is_soak};
use snn_tests::operands::Sizes;
use snn_tests::random::{Neuron, neuron};

use super::check::{Machines, same_bits, same_lanes};
use super::machines;

/// Steps and the shapes of a step.
const SIZES: [(usize, &[usize]); 3] = [(1, &[37]), (21, &[5, 3, 4]), (9, &[2, 70])];

fn call(random: &Neuron, steps: usize, step: &[usize], numbers: &mut Numbers) -> (Call, Seeds) {
    let mut call = Call::default();
    let shape = [&[steps], step].concat();
    let count = shape.iter().product();
    for i in 0..random.n_inputs {
        let x = Array::new(shape.clone(), numbers.uniform(count, -1.0, 2.0)).unwrap();
        call.inputs.insert(format!("x{i}"), x);
    }
    let sizes = Sizes::of(&call);
    for (name, sharing) in &random.params {
        let shape = sizes.param_shape(*sharing);
        let p = numbers.uniform(shape.iter().product(), 0.25, 0.75);
        call.params.insert(name.clone(), Array::new(shape, p).unwrap());
    }
    for i in 0..random.n_states {
        if numbers.below(2) == 0 {
            let v = numbers.uniform(sizes.lanes, -1.0, 1.0);
            call.states.insert(format!("v{i}"), sizes.row(v));
        }
    }
    let s = sizes.sequence(numbers.uniform(count, -1.0, 1.0));
    let v = sizes.row(numbers.uniform(sizes.lanes, -1.0, 1.0));
    let seeds = Seeds { outputs: [("s".into(), s)].into(), states: [("v0".into(), v)].into() };
    (call, seeds)
}

/// The neurons of a build that cannot compile PTX: always the same, so that a cache can have them.
pub fn packed() -> Vec<Neuron> {
    let mut numbers = Numbers::of(1);
    (0..40).map(|_| neuron(&mut numbers)).collect()
}

fn neurons(numbers: &mut Numbers) -> Vec<Neuron> {
    match (cfg!(feature = "llvm"), is_soak()) {
        (true, true) => (0..2000).map(|_| neuron(numbers)).collect(),
        (true, false) => (0..16).map(|_| neuron(numbers)).collect(),
        (false, _) => packed(),
    }
}

#[test]
fn random_neurons_agree() {
    let mut numbers = Numbers::fresh();
    for random in neurons(&mut numbers) {
        println!("{}", random.program.text);
        let machines = Machines::of("random", &random.program);
        for (steps, step) in SIZES {
            let (call, seeds) = call(&random, steps, step, &mut numbers);
            machines.check(&call, &seeds, &mut numbers);
        }
    }
}

#[test]
fn random_neurons_are_the_same_whatever_they_save() {
    let mut numbers = Numbers::fresh();
    for _ in 0..if is_soak() { 2000 } else { 24 } {
        let random = neuron(&mut numbers);
        println!("{}", random.program.text);
        let kernels = |save: &str| machines::interpreted(&random.program.clone().save(save), None);
        let [inputs, states, auto] = ["inputs", "states", "auto"].map(kernels);
        let narrow = kernels("states:bf16");
        for (steps, step) in SIZES {
            let (call, seeds) = call(&random, steps, step, &mut numbers);
            let expected = inputs.grad(&call, &seeds);
            same_lanes("states", &states.grad(&call, &seeds), &expected);
            same_lanes("auto", &auto.grad(&call, &seeds), &expected);
            same_bits("states:bf16", &narrow.grad(&call, &seeds).forward, &expected.forward);
        }
    }
}

/// What is emitted is strict, or it is not emitted.
#[cfg(feature = "llvm")]
#[test]
fn random_neurons_give_strict_ptx() {
    use snn_artifact::Target;
    use snn_compiler::pipeline::{Options, back};
    let mut numbers = Numbers::fresh();
    for _ in 0..12 {
        let random = neuron(&mut numbers);
        println!("{}", random.program.text);
        let options = Options::new(Target::Ptx { sm: 75 });
        back(&random.program.neuron(), &options, "0".into()).unwrap();
    }
}
