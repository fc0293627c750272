//! The programs of the corpus on every machine.

use snn_compiler::check::hir;
use snn_runtime::neuron::{Array, Call, Seeds};
use snn_tests::numbers::Numbers;
use snn_tests::operands::Sizes;
use snn_tests::program::Program;

use super::check::Machines;

macro_rules! corpus {
    ($($name:ident: $file:literal $([$($option:literal = $value:literal),*])?;)*) => {
        $(#[test]
        fn $name() {
            let program = Program::new(include_str!(concat!("../../../corpus/", $file)));
            $($(let program = program.option($option, $value);)*)?
            agrees(stringify!($name), &program);
        })*
    };
}

corpus! {
    refractory: "refractory.snn";
    refractory_without_rest: "refractory.snn" ["rest" = 0];
    few_spike: "few_spike.snn";
    few_spike_of_another_shape: "few_spike.snn" ["shape" = "relu", "n" = 2];
    ternary: "ternary.snn";
    ternary_with_a_hard_reset: "ternary.snn" ["soft_reset" = false];
    integer: "integer.snn";
    delayed: "delayed.snn";
}

/// Steps and the shapes of a step.
const SIZES: [(usize, &[usize]); 4] = [(0, &[3]), (1, &[37]), (21, &[3, 2, 5]), (40, &[2, 9])];

#[track_caller]
fn agrees(name: &str, program: &Program) {
    let mut numbers = Numbers::fresh();
    let machines = Machines::of(name, program);
    let neuron = program.neuron();
    #[cfg(feature = "llvm")]
    strict_ptx(&neuron);
    let mut moved = 0.0;
    for (steps, step) in SIZES {
        let (call, seeds) = call(&neuron, steps, step, &mut numbers);
        let found = machines.check(&call, &seeds, &mut numbers);
        let first = found.forward.outputs.values().next().expect("an output");
        moved += first.data().iter().map(|number| number.abs()).sum::<f32>();
    }
    assert!(moved > 0.0, "{name} never gives anything");
}

/// What is emitted is strict, or it is not emitted.
#[cfg(feature = "llvm")]
fn strict_ptx(neuron: &hir::Neuron) {
    use snn_artifact::Target;
    use snn_compiler::pipeline::{Options, back};
    back(neuron, &Options::new(Target::Ptx { sm: 75 }), "0".into()).unwrap();
}

fn call(
    neuron: &hir::Neuron,
    steps: usize,
    step: &[usize],
    numbers: &mut Numbers,
) -> (Call, Seeds) {
    let mut call = Call::default();
    let shape = [&[steps], step].concat();
    let count = shape.iter().product();
    for input in &neuron.inputs {
        let x = Array::new(shape.clone(), numbers.uniform(count, -1.0, 2.0)).unwrap();
        call.inputs.insert(input.name.clone(), x);
    }
    let sizes = Sizes::of(&call);
    let mut seeds = Seeds::default();
    for state in &neuron.states {
        let given = numbers.below(2) == 0;
        if state.ty == hir::Type::Int {
            let whole = numbers.uniform(sizes.lanes, 0.0, 4.0).into_iter().map(f32::floor);
            let whole = sizes.row(whole.collect());
            call.states.extend(given.then(|| (state.name.clone(), whole)));
            continue;
        }
        let v = sizes.row(numbers.uniform(sizes.lanes, -1.0, 1.0));
        call.states.extend(given.then(|| (state.name.clone(), v)));
        let grad = sizes.row(numbers.uniform(sizes.lanes, -1.0, 1.0));
        seeds.states.insert(state.name.clone(), grad);
    }
    for output in &neuron.outputs {
        let grad = match output.last {
            true => sizes.row(numbers.uniform(sizes.lanes, -1.0, 1.0)),
            false => sizes.sequence(numbers.uniform(count, -1.0, 1.0)),
        };
        seeds.outputs.insert(output.name.clone(), grad);
    }
    (call, seeds)
}
