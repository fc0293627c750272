//! Random calls of the variants. They fire in 5 to 60 % of the steps, and lanes whose numbers lie on a
//! grid of powers of two hit the threshold exactly now and then.

use snn_compiler::check::hir::Sharing;
use snn_runtime::neuron::{Array, Arrays, Call, Seeds};
use snn_tests::numbers::Numbers;
use snn_tests::operands::Sizes;

use super::variants::Variant;

/// Steps of the grid in one.
const GRID: f32 = 8.0;

/// Thresholds with the potentials after a reset that go with them.
const LEVELS: [(f32, f32); 3] = [(1.0, 0.0), (1.0, -0.25), (1.25, 0.0)];

/// The shape of a step for this many lanes: several batch elements, channels and places of a channel
/// where the number allows it.
pub fn step_shape(lanes: usize) -> Vec<usize> {
    match lanes {
        0 => vec![0, 3, 2],
        30 => vec![5, 3, 2],
        31 => vec![31, 1],
        4100 => vec![41, 10, 5, 2],
        1_048_579 => vec![7, 149_797],
        _ => vec![1, lanes],
    }
}

/// Random operands and gradients to begin with.
pub fn random(
    variant: &Variant,
    steps: usize,
    step: &[usize],
    numbers: &mut Numbers,
) -> (Call, Seeds) {
    let shape = [&[steps], step].concat();
    // The sizes are those of the input, whatever is in it.
    let empty = Array::new(shape.clone(), vec![0.0; shape.iter().product()]).unwrap();
    let mut call = Call { inputs: Arrays::from([("x".into(), empty)]), ..Call::default() };
    let sizes = Sizes::of(&call);
    let shared = params(variant, &mut call, &sizes, numbers);
    let x = input(variant, &sizes, &shared, numbers);
    call.inputs.insert("x".into(), Array::new(shape, x).unwrap());
    if numbers.below(2) == 0 {
        let v = numbers.uniform(sizes.lanes, -0.5, 0.9);
        let v = v.into_iter().map(on_grid).collect();
        call.states.insert("v".into(), sizes.row(v));
    }
    let mut seed = |name: &str, count: usize, optional: bool, row: bool| {
        let left_out = optional && numbers.below(2) == 0;
        let data = numbers.uniform(count, -1.0, 1.0);
        let array = if row { sizes.row(data) } else { sizes.sequence(data) };
        (!left_out).then(|| (name.to_string(), array))
    };
    let plif = variant.neuron == "plif";
    let of_s = seed("s", steps * sizes.lanes, plif, false);
    let of_v = if plif { seed("v", steps * sizes.lanes, false, false) } else { None };
    let of_last = seed("v", sizes.lanes, true, true);
    let outputs = of_s.into_iter().chain(of_v).collect();
    (call, Seeds { outputs, states: of_last.into_iter().collect() })
}

fn on_grid(number: f32) -> f32 {
    (number * GRID).round() / GRID
}

/// Gives the call its params, and returns for each lane what its time constant is and whether that keeps
/// the lane on the grid.
fn params(
    variant: &Variant,
    call: &mut Call,
    sizes: &Sizes,
    numbers: &mut Numbers,
) -> Vec<(f32, bool)> {
    let (v_th, mut v_reset) = LEVELS[numbers.below(LEVELS.len())];
    let mut set = |name: &str, shape: Vec<usize>, data: Vec<f32>| {
        call.params.insert(name.into(), Array::new(shape, data).unwrap());
    };
    set("v_threshold", vec![], vec![v_th]);
    let (name, sharing) = variant.learnt.unwrap_or(("tau", Sharing::Layer));
    let shape = sizes.param_shape(sharing);
    let count = shape.iter().product();
    if name == "v_threshold" {
        // Its gradient is what is learnt; its numbers stay on the grid.
        let near = numbers.uniform(count, 1.0, 1.25);
        set("v_threshold", shape.clone(), near.into_iter().map(on_grid).collect());
        v_reset = 0.0;
    }
    set("v_reset", vec![], vec![v_reset]);
    if variant.neuron == "if" {
        return vec![(1.0, true); sizes.lanes];
    }
    let powers: &[f32] = if name == "k" { &[2.0] } else { &[2.0, 4.0] };
    let taus: Vec<(f32, bool)> = (0..count).map(|_| tau(powers, numbers)).collect();
    let given = match name {
        "k" => taus.iter().map(|(tau, _)| 1.0 / tau).collect(),
        _ => taus.iter().map(|(tau, _)| *tau).collect(),
    };
    set(name, shape, given);
    (0..sizes.lanes).map(|lane| taus[sizes.member(sharing, lane)]).collect()
}

/// A time constant, and whether it is one of some powers of two. Of these `k` has only 2: what another
/// `k` is stored as is rounded.
fn tau(powers: &[f32], numbers: &mut Numbers) -> (f32, bool) {
    match numbers.below(3) {
        0 => (numbers.uniform(1, 1.25, 4.0)[0], false),
        _ => (powers[numbers.below(powers.len())], true),
    }
}

/// An input that drives each lane as far as its time constant asks.
fn input(
    variant: &Variant,
    sizes: &Sizes,
    lanes: &[(f32, bool)],
    numbers: &mut Numbers,
) -> Vec<f32> {
    let mut x = numbers.uniform(sizes.steps * sizes.lanes, -0.5, 1.5);
    for row in x.chunks_exact_mut(sizes.lanes.max(1)) {
        for (x, (tau, grid)) in row.iter_mut().zip(lanes) {
            let drive = if *grid { on_grid(*x) } else { *x };
            *x = if variant.decay { drive * tau } else { drive };
        }
    }
    x
}
