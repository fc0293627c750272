//! Inputs of size 1 on an axis against the same inputs written out, on every device.

use snn_compiler::check::hir::Sharing;
use snn_runtime::neuron::{Array, Call, Gradients, Seeds};
use snn_tests::compare::assert_bits_equal;
use snn_tests::numbers::Numbers;
use snn_tests::program::Program;

use super::machines;

const GATED: &str = "\
neuron Gated {
  input  x, gate
  param  w per channel = normal(1, 0.1) learn
  state  v = 0
  charge v = v / 2 + w * x * gate
  fire   s = spike(v - 0.5, atan(alpha: 2.0))
  reset  v = hard(v, s, 0)
  output s
  output v
}
";

/// The shapes of `x` and `gate`, and of the two together.
const SHAPES: &[[&[usize]; 3]] = &[
    [&[9, 4, 3, 5], &[9, 1, 3, 5], &[9, 4, 3, 5]],
    [&[9, 4, 3, 5], &[9, 4, 1, 5], &[9, 4, 3, 5]],
    [&[9, 4, 3, 5], &[9, 4, 3, 1], &[9, 4, 3, 5]],
    [&[9, 4, 3, 5], &[9, 1, 1, 1], &[9, 4, 3, 5]],
    [&[9, 1, 3, 5], &[9, 4, 3, 1], &[9, 4, 3, 5]],
    [&[9, 1, 7], &[9, 6, 1], &[9, 6, 7]],
    [&[9, 1], &[9, 37], &[9, 37]],
    [&[9, 0, 3], &[9, 1, 3], &[9, 0, 3]],
    [&[0, 4, 3], &[0, 1, 3], &[0, 4, 3]],
];

/// What is run here.
pub fn programs() -> Vec<Program> {
    let shared = [Sharing::Layer, Sharing::Channel, Sharing::Neuron];
    let shared = shared.map(|sharing| Program::new(GATED).share("w", sharing));
    std::iter::once(Program::new(GATED)).chain(shared).collect()
}

/// The places of a shape in the order of memory, each as its index on every axis.
fn places(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![vec![]], |places, &size| {
        let next = |place: Vec<usize>| (0..size).map(move |i| [&place[..], &[i]].concat());
        places.into_iter().flat_map(next).collect()
    })
}

/// Where a place lies in an array of this shape.
fn offset(place: &[usize], shape: &[usize]) -> usize {
    place.iter().zip(shape).fold(0, |at, (&i, &size)| at * size + if size == 1 { 0 } else { i })
}

fn written_out(array: &Array, shape: &[usize]) -> Array {
    let number = |place: Vec<usize>| array.data()[offset(&place, array.shape())];
    Array::new(shape.to_vec(), places(shape).into_iter().map(number).collect()).unwrap()
}

fn summed(array: &Array, own: &[usize]) -> Vec<f32> {
    let mut sums = vec![0.0_f64; own.iter().product()];
    for (place, number) in places(array.shape()).iter().zip(array.data()) {
        sums[offset(place, own)] += f64::from(*number);
    }
    sums.into_iter().map(|sum| sum as f32).collect()
}

#[test]
fn an_input_of_size_1_is_that_input_written_out() {
    let mut numbers = Numbers::fresh();
    let all = machines::load(&Program::new(GATED));
    for [x, gate, shape] in SHAPES {
        let mut input = |shape: &[usize]| {
            let data = numbers.uniform(shape.iter().product(), 0.0, 2.0);
            Array::new(shape.to_vec(), data).unwrap()
        };
        let (x, gate) = (input(x), input(gate));
        let call = Call { inputs: named(x, gate), seed: 3, ..Call::default() };
        let mut whole = call.clone();
        whole.inputs.values_mut().for_each(|array| *array = written_out(array, shape));
        assert_eq!(call.shape().unwrap(), *shape);
        for (neuron, _) in &all {
            let found = neuron.grad(&call, &Seeds::ones()).unwrap();
            let expected = neuron.grad(&whole, &Seeds::ones()).unwrap();
            same(&neuron.device().name(), &call, &found, &expected);
            assert_eq!(neuron.forward(&call).unwrap(), expected.forward);
            let mut prepared = neuron.prepare(&call).unwrap();
            prepared.seed(&Seeds::ones()).unwrap();
            prepared.launch_backward().unwrap();
            prepared.synchronize().unwrap();
            assert_eq!(prepared.read_gradients().unwrap(), found);
        }
    }
}

fn named(x: Array, gate: Array) -> snn_runtime::neuron::Arrays {
    [("x".to_string(), x), ("gate".to_string(), gate)].into()
}

fn same(device: &str, call: &Call, found: &Gradients, expected: &Gradients) {
    assert_eq!(found.forward, expected.forward, "{device}");
    assert_eq!((&found.params, &found.states), (&expected.params, &expected.states), "{device}");
    for (name, input) in &call.inputs {
        let gradient = &found.inputs[name];
        assert_eq!(gradient.shape(), input.shape(), "{device}: {name}");
        let sum = summed(&expected.inputs[name], input.shape());
        assert_bits_equal(device, gradient.data(), &sum);
        let is_empty = expected.inputs[name].data().is_empty();
        assert!(is_empty || sum.iter().any(|number| *number != 0.0), "{name} has no gradient");
    }
}

#[test]
fn drawn_params_have_the_numbers_of_the_interpreter_on_every_device() {
    let mut numbers = Numbers::fresh();
    for sharing in [Sharing::Layer, Sharing::Channel, Sharing::Neuron] {
        let program = Program::new(GATED).share("w", sharing);
        let mut input = || {
            let data = numbers.uniform(9 * 4 * 3 * 5, 0.0, 2.0);
            Array::new(vec![9, 4, 3, 5], data).unwrap()
        };
        let (x, gate) = (input(), input());
        let call = |seed| Call { inputs: named(x.clone(), gate.clone()), seed, ..Call::default() };
        for (neuron, interpreted) in machines::load(&program) {
            let found = neuron.forward(&call(3)).unwrap();
            assert_eq!(found, interpreted.grad(&call(3), &Seeds::ones()).forward, "{sharing:?}");
            assert_ne!(found, neuron.forward(&call(4)).unwrap(), "{sharing:?}");
        }
    }
}
