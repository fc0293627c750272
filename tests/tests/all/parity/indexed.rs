//! Indexed params on every device: the shapes they take and give, and as a surrogate's arguments.

use std::collections::BTreeMap;

use snn_runtime::neuron::{Array, Arrays, Call, Seeds};
use snn_tests::numbers::Numbers;
use snn_tests::program::Program;

use super::check::Machines;
use super::machines;

const INDEXED: &str = "\
neuron Indexed {
  input  x
  input  gate
  param  one = 0.5 learn
  param  p[3] = [0.5, 0.25, 0.125] learn
  param  by_channel[2] per channel = 0.5 learn
  param  by_neuron[2] per neuron = 0.5 learn
  param  fixed[2] = 1.0
  param  c[T] = 0.5 learn
  param  c_by_channel[T] per channel = 0.5 learn
  param  c_by_neuron[T] per neuron = 0.5 learn
  state  v = 0
  let    scale = by_channel[0] * by_channel[1] * by_neuron[0] * by_neuron[1] * fixed[0] * fixed[1]
  charge v = one * v + (p[0] + p[1] * p[2]) * scale * gate * x
  fire   y = v * c[t] * c_by_channel[t] * c_by_neuron[t]
  output y
}
";

/// What is run here.
pub fn programs() -> Vec<Program> {
    [INDEXED, PRODUCT].map(Program::new).into()
}

/// Shapes of `x`, and `C` and `M` of each as params have them.
const SHAPES: [(&[usize], usize, &[usize]); 4] =
    [(&[5, 4], 4, &[4]), (&[5, 2, 3], 3, &[3]), (&[1, 2, 3, 4], 3, &[3, 4]), (&[0, 2, 3], 3, &[3])];

fn ones(shape: &[usize]) -> Array {
    Array::new(shape.to_vec(), vec![1.0; shape.iter().product()]).unwrap()
}

/// A call on inputs of a shape, of which `gate` is the same for all neurons.
fn call(shape: &[usize]) -> Call {
    let gate = [&shape[..1], &vec![1; shape.len() - 1]].concat();
    let inputs = [("x".to_string(), ones(shape)), ("gate".to_string(), ones(&gate))];
    Call { inputs: inputs.into(), ..Call::default() }
}

fn shapes(arrays: &Arrays) -> BTreeMap<&str, Vec<usize>> {
    arrays.iter().map(|(name, array)| (name.as_str(), array.shape().to_vec())).collect()
}

#[test]
fn gradients_have_the_shapes_of_params_and_inputs() {
    let all = machines::load(&Program::new(INDEXED));
    for (shape, channels, neuron) in SHAPES {
        let steps = shape[0];
        let with = |first: usize, rest: &[usize]| [&[first], rest].concat();
        let expected: BTreeMap<&str, Vec<usize>> = [
            ("one", vec![]),
            ("p", vec![3]),
            ("by_channel", vec![2, channels]),
            ("by_neuron", with(2, neuron)),
            ("c", vec![steps]),
            ("c_by_channel", vec![steps, channels]),
            ("c_by_neuron", with(steps, neuron)),
        ]
        .into();
        let mut given = call(shape);
        for (compiled, _) in &all {
            let device = compiled.device().name();
            let found = compiled.grad(&given, &Seeds::ones()).unwrap();
            assert_eq!(shapes(&found.params), expected, "{device}, {shape:?}, by default");
            assert_eq!(shapes(&found.inputs), shapes(&given.inputs), "{device}, {shape:?}");
            assert_eq!(shapes(&found.states), [("v", shape[1..].to_vec())].into(), "{device}");
        }
        given.params = expected.iter().map(|(n, shape)| (n.to_string(), ones(shape))).collect();
        for (compiled, _) in &all {
            let found = compiled.grad(&given, &Seeds::ones()).unwrap();
            assert_eq!(shapes(&found.params), expected, "{shape:?}, given");
        }
    }
}

#[test]
fn params_of_a_wrong_length_are_refused() {
    let all = machines::load(&Program::new(INDEXED));
    let refused = |name: &str, shape: &[usize]| {
        let mut call = call(&[5, 2, 3]);
        call.params.insert(name.into(), ones(shape));
        let each = all.iter().map(|(compiled, _)| compiled.forward(&call).unwrap_err().to_string());
        let each: Vec<String> = each.collect();
        assert!(!each.is_empty() && each.iter().all(|error| *error == each[0]), "{each:?}");
        each[0].clone()
    };
    let index = "with a number for each index, or []";
    let step = "with a number for each step, or []";
    for (name, shape, expected) in [
        ("p", &[2][..], format!("[3], since it is per layer {index}")),
        ("p", &[4], format!("[3], since it is per layer {index}")),
        ("p", &[0], format!("[3], since it is per layer {index}")),
        ("p", &[3, 2], format!("[3], since it is per layer {index}")),
        ("by_channel", &[3, 3], format!("[2, 3], since it is per channel {index}")),
        ("by_channel", &[2, 2], format!("[2, 3], since it is per channel {index}")),
        ("by_neuron", &[2, 2, 3], format!("[2, 3], since it is per neuron {index}")),
        ("c", &[4], format!("[5], since it is per layer {step}")),
        ("c_by_channel", &[5], format!("[5, 3], since it is per channel {step}")),
        ("c_by_neuron", &[3, 5], format!("[5, 3], since it is per neuron {step}")),
    ] {
        let message = format!("`{name}` must have shape {expected}, but has {shape:?}");
        assert_eq!(refused(name, shape), message);
    }
}

const PRODUCT: &str = "\
surrogate bump(width = 1.0, height = 1.0) {
  d(u) = height * max(0, 1 - abs(u) / width) / width
  y(u) = height * (0.5 + clamp(u / width, -1, 1) * (1 - abs(clamp(u / width, -1, 1)) / 2))
}
neuron Product {
  input  x
  param  p[2] per channel = [0.5, 1.0] learn
  param  q[3] per neuron = [1.0, 1.5, 0.5] learn
  state  v = 0
  charge v = 0.5 * v + x * p[1]
  fire   s = spike(v - 0.5, bump(width: p[0] * q[1], height: q[2]))
  reset  v = hard(v, s, 0)
  output s
  output v
}
";

#[test]
fn a_product_of_elements_is_a_surrogate_s_argument() {
    let mut numbers = Numbers::fresh();
    let machines = Machines::of("product", &Program::new(PRODUCT));
    for shape in [&[17, 31][..], &[6, 4, 3, 5]] {
        let mut drawn = |shape: &[usize], low: f32, high: f32| {
            let data = numbers.uniform(shape.iter().product(), low, high);
            Array::new(shape.to_vec(), data).unwrap()
        };
        let step = if shape.len() == 2 { &shape[1..] } else { &shape[2..] };
        let mut call = Call::default();
        call.inputs.insert("x".into(), drawn(shape, -1.0, 2.0));
        call.params.insert("p".into(), drawn(&[2, step[0]], 0.5, 1.0));
        call.params.insert("q".into(), drawn(&[&[3], step].concat(), 0.5, 1.5));
        let sequence = || drawn(shape, -1.0, 1.0);
        let outputs =
            ["s", "v"].map(String::from).into_iter().zip(std::iter::repeat_with(sequence));
        let seeds = Seeds { outputs: outputs.take(2).collect(), ..Seeds::default() };
        let found = machines.check(&call, &seeds, &mut numbers).params;
        // The factors that are the argument's alone.
        let (p, q) = (found["p"].data(), found["q"].data());
        let (width, rest) = (&q[q.len() / 3..2 * q.len() / 3], &q[..q.len() / 3]);
        assert!(p[..step[0]].iter().chain(width).any(|grad| *grad != 0.0));
        assert!(rest.iter().all(|grad| *grad == 0.0), "q[0] is not read: {rest:?}");
    }
}
