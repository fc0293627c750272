//! Operands of a neuron, and gradients to begin with.

use snn_compiler::check::hir::{Neuron, Param, Sharing, Type};
use snn_runtime::neuron::{Array, Arrays, Call, Seeds};

use crate::fuzz::typed::{Case, Kind};
use crate::numbers::Numbers;
use crate::operands::Sizes;

const SPECIAL: [f32; 10] = [
    f32::NAN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    -0.0,
    1e-40,
    -1e-45,
    f32::MIN_POSITIVE,
    1e30,
    f32::MAX,
    -1e20,
];

/// A call, and seeds for all that has a gradient.
pub fn draw(neuron: &Neuron, case: &Case) -> (Call, Seeds) {
    let mut numbers = Numbers::of(case.numbers);
    let empty = Array::new(case.shape.clone(), vec![0.0; case.shape.iter().product()]).unwrap();
    let own = neuron.inputs.iter().filter(|input| input.is_given());
    let inputs: Arrays = own.map(|input| (input.name.clone(), empty.clone())).collect();
    let mut call = Call { inputs, seed: case.numbers, ..Call::default() };
    let sizes = Sizes::of(&call);
    for array in call.inputs.values_mut() {
        *array = sizes.sequence(input(case.kind, sizes.steps * sizes.lanes, &mut numbers));
    }
    params(neuron, &mut call, &sizes, &mut numbers);
    for state in &neuron.states {
        if numbers.below(2) == 0 {
            let data = numbers.uniform(sizes.lanes, -1.0, 1.0);
            // An int has no -0.
            let whole = |x: f32| if state.ty == Type::Int { (3.0 * x).round() + 0.0 } else { x };
            call.states
                .insert(state.name.clone(), sizes.row(data.into_iter().map(whole).collect()));
        }
    }
    let seeds = seeds(neuron, &sizes, &mut numbers);
    (call, seeds)
}

fn input(kind: Kind, count: usize, numbers: &mut Numbers) -> Vec<f32> {
    let mut all = numbers.uniform(count, -1.0, 2.0);
    match kind {
        Kind::Uniform => {}
        Kind::Grid => all.iter_mut().for_each(|x| *x = (*x * 8.0).round() / 8.0),
        Kind::Special => {
            for place in numbers.sample(count.div_ceil(4), count) {
                all[place] = SPECIAL[numbers.below(SPECIAL.len())];
            }
        }
    }
    all
}

/// Gives half of the params, those with an index under the name of all.
fn params(neuron: &Neuron, call: &mut Call, sizes: &Sizes, numbers: &mut Numbers) {
    let mut give = |name: &str, first: Option<usize>, sharing: Sharing| {
        if numbers.below(2) == 0 {
            let shape: Vec<usize> = first.into_iter().chain(sizes.param_shape(sharing)).collect();
            let data = numbers.uniform(shape.iter().product(), 0.25, 0.9);
            call.params.insert(name.into(), Array::new(shape, data).unwrap());
        }
    };
    let elements = crate::indexed::indexed(neuron);
    for (name, elements) in &elements {
        give(name, Some(elements.len()), elements[0].sharing);
    }
    for param in neuron.params.iter().filter(|param| param.of.is_none()) {
        give(&param.name, None, param.sharing);
    }
    for Param { name, sharing, .. } in crate::indexed::stepped(neuron) {
        give(name, Some(sizes.steps), *sharing);
    }
}

fn seeds(neuron: &Neuron, sizes: &Sizes, numbers: &mut Numbers) -> Seeds {
    let mut row = |is_row: bool| match is_row {
        true => sizes.row(numbers.uniform(sizes.lanes, -1.0, 1.0)),
        false => sizes.sequence(numbers.uniform(sizes.steps * sizes.lanes, -1.0, 1.0)),
    };
    let is_real = |output: &&snn_compiler::check::hir::Output| {
        neuron.graph.node(output.value).ty == Type::Real
    };
    let outputs = neuron.outputs.iter().filter(is_real);
    let outputs = outputs.map(|output| (output.name.clone(), row(output.last))).collect();
    let states = neuron.states.iter().filter(|state| state.ty == Type::Real);
    let states = states.map(|state| (state.name.clone(), row(true))).collect();
    Seeds { outputs, states }
}
