//! What kernels draw, as the oracle is given it.

use snn_compiler::check::hir::{Draw, Neuron};
use snn_compiler::kernel;
use snn_compiler::kernel::interp::alone;
use snn_runtime::neuron::Array;

use crate::operands::Sizes;

/// The draws of a neuron over a call's steps and lanes, by name.
pub fn drawn(neuron: &Neuron, sizes: &Sizes) -> Vec<(String, Array)> {
    let drawn = neuron.inputs.iter().filter_map(|input| Some((&input.name, input.draw()?)));
    let numbers = |(draw, number)| sizes.sequence(numbers(draw, number, sizes));
    drawn.map(|(name, draw)| (name.clone(), numbers(draw))).collect()
}

/// A draw of each step and lane in f32, by a kernel that does nothing else.
pub fn numbers(draw: Draw, number: u32, sizes: &Sizes) -> Vec<f32> {
    let places = (sizes.steps, sizes.lanes);
    alone::draws(draw, number, places, sizes.seed, sizes.first_step).unwrap()
}

/// The same in f64.
pub fn doubles(draw: Draw, number: u32, sizes: &Sizes) -> Vec<f64> {
    let places = (0..sizes.steps as u32).flat_map(|t| (0..sizes.lanes as u32).map(move |n| (t, n)));
    let step = |t: u32| sizes.first_step.wrapping_add(t);
    places.map(|(t, lane)| kernel::draw(draw, number, sizes.seed, step(t), lane)).collect()
}
