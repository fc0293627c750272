//! Central differences in f64 on the smoothed program: each spike is its surrogate's primitive and
//! `hard` its formula; detached values, bools, ints and rounded values stay as in the base run.

use super::gradients::{Piece, blank, walk};
use super::real::Block;
use super::tape::Tape;
use super::{Call, Direction, Mode, Run, parallel};
use crate::check::hir::Neuron;

/// How fast what the smoothed neuron gives changes when its operands change in a direction, by four
/// values at `±step` and `±2 step` times the direction: the error is of fourth order.
///
/// A surrogate's `d` that has a kink or a jump between those values is not resolved.
pub fn derivative(neuron: &Neuron, call: &Call, direction: &Direction, step: f64) -> Run {
    let mut result = blank(neuron, call);
    let weights = [(1.0, 8.0), (-1.0, -8.0), (2.0, -1.0), (-2.0, 1.0)];
    for (offset, weight) in weights {
        let moved = moved(call, direction, offset * step);
        let values = frozen_run(neuron, call, &moved);
        let add = |sum: &mut Vec<f64>, value: &Vec<f64>| {
            for (sum, value) in sum.iter_mut().zip(value) {
                *sum += weight * value / (12.0 * step);
            }
        };
        result.outputs.iter_mut().zip(&values.outputs).for_each(|(sum, value)| add(sum, value));
        result.states.iter_mut().zip(&values.states).for_each(|(sum, value)| add(sum, value));
    }
    result
}

/// Runs the smoothed neuron on `call` with the decisions of `base`.
fn frozen_run(neuron: &Neuron, base: &Call, call: &Call) -> Run {
    if !neuron.products.is_empty() {
        return frozen_products(neuron, base, call);
    }
    let mut result = blank(neuron, call);
    let mut tape = Tape::new(neuron, Mode::Smooth);
    for (base, piece) in Piece::all(base).zip(Piece::all(call)) {
        let mut guides: Vec<Vec<Block>> = Vec::with_capacity(call.steps + 1);
        walk(neuron, &mut tape, base, None, |_, tape, _| guides.push(tape.values().to_vec()));
        // Values of params alone are the same in every step; behind the last one they stand too.
        guides.insert(0, tape.values().to_vec());
        let last = walk(neuron, &mut tape, piece, Some(&guides), |t, tape, _| {
            for (values, output) in result.outputs.iter_mut().zip(&neuron.outputs) {
                piece.put_output(output, values, t, tape.value(output.value));
            }
        });
        for (values, block) in result.states.iter_mut().zip(&last) {
            piece.put(values, 0, block);
        }
    }
    result
}

/// The same of a parallel neuron: what its products decide, they decide as in the base run.
fn frozen_products(neuron: &Neuron, base: &Call, call: &Call) -> Run {
    let (_, base) = parallel::filled(neuron, base, Mode::Smooth);
    let own = parallel::with_columns(neuron);
    // Matrices are of other sizes than the neuron, and decide nothing by what is given.
    let frozen = |neuron: &Neuron, call: &Call| match neuron.outputs.len() == own.outputs.len() {
        true => frozen_run(&own, &base, call),
        false => super::run(neuron, call, Mode::Smooth),
    };
    let (_, call) = parallel::filled_by(neuron, call, Mode::Smooth, &frozen);
    parallel::own_outputs(neuron, frozen_run(&own, &base, &call))
}

/// The call with its operands moved by `amount` times the direction.
fn moved(call: &Call, direction: &Direction, amount: f64) -> Call {
    let add = |values: &mut Vec<f64>, given: Option<&Option<Vec<f64>>>| {
        if let Some(Some(given)) = given {
            for (value, d) in values.iter_mut().zip(given) {
                *value += amount * d;
            }
        }
    };
    let mut moved = call.clone();
    for (i, values) in moved.inputs.iter_mut().enumerate() {
        add(values, direction.inputs.get(i));
    }
    for (i, values) in moved.states.iter_mut().enumerate() {
        if let Some(values) = values {
            add(values, direction.states.get(i));
        }
    }
    for (i, shared) in moved.params.iter_mut().enumerate() {
        add(&mut shared.values, direction.params.get(i));
    }
    for (i, values) in moved.weights.iter_mut().enumerate() {
        add(values, direction.weights.get(i));
    }
    moved
}

/// The integral of a function from 0.
pub(super) fn integral(f: &impl Fn(f64) -> f64, to: f64) -> f64 {
    adaptive(f, 0.0, to, whole(f, 0.0, to), 48)
}

/// The abscissas and weights of Gauss and Legendre for five points on `[-1, 1]`.
const GAUSS: [(f64, f64); 5] = [
    (0.0, 0.568_888_888_888_888_9),
    (-0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
    (0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
    (-0.906_179_845_938_664, 0.236_926_885_056_189_1),
    (0.906_179_845_938_664, 0.236_926_885_056_189_1),
];

fn whole(f: &impl Fn(f64) -> f64, from: f64, to: f64) -> f64 {
    let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
    half * GAUSS.iter().map(|(x, weight)| weight * f(middle + half * x)).sum::<f64>()
}

/// Halves the interval until both halves together give what the whole gave.
fn adaptive(f: &impl Fn(f64) -> f64, from: f64, to: f64, sum: f64, depth: u32) -> f64 {
    let middle = 0.5 * (from + to);
    let (left, right) = (whole(f, from, middle), whole(f, middle, to));
    let done = (left + right - sum).abs() <= 1e-14 * (1.0 + sum.abs());
    if done || depth == 0 || !sum.is_finite() {
        return left + right;
    }
    adaptive(f, from, middle, left, depth - 1) + adaptive(f, middle, to, right, depth - 1)
}
