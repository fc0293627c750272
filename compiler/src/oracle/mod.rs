//! Gradients by forward-mode dual numbers in f64, straight over the typed program.
//!
//! Everything else that computes a gradient is checked against this module, so it shares nothing with
//! it: it reads the HIR alone and uses nothing of the differentiation, simplification or kernel stages.
//! Each primitive has its partial derivatives in one table, and tangents are pushed
//! through the nodes in order. [`derivative`] carries tangents through a whole run, the definition of
//! a directional derivative; [`gradients`] takes every step's Jacobian that way and composes the steps,
//! which gives all partial derivatives in one sweep. [`smooth`] differentiates by central differences
//! instead and so depends on no partial derivative at all.
//!
//! Never here: speed bought with a shortcut that a kernel takes too.

mod gradients;
mod parallel;
mod partials;
mod real;
pub mod smooth;
mod surrogate;
mod tape;
#[cfg(test)]
mod tests;

pub use gradients::{derivative, gradients, run};
pub use real::{exact, rounded};

use crate::check::hir::Unary;

/// How an f32 program computes a function of the maths library.
pub type Math<'a> = &'a (dyn Fn(Unary, f32) -> f32 + Sync);

/// Which program is run and differentiated.
#[derive(Clone, Copy)]
pub enum Mode<'a> {
    /// The neuron in f64, with the spikes that f64 gives.
    Double,
    /// The neuron in f32, each operation rounded once and in the order written, with spikes, branches
    /// and the state before each step as f32 gives them; derivatives are taken in f64 at those points.
    /// What an f32 kernel computes is compared with this one, since a single spike that falls on the
    /// other side in f64 changes everything behind it. [`rounded`] is a function to give.
    Single(Math<'a>),
    /// The neuron in f64 with each spike replaced by its surrogate's primitive and `hard` by its formula.
    Smooth,
}

/// A param's stored numbers and who shares them.
#[derive(Clone, Debug, PartialEq)]
pub struct Shared {
    /// The stored numbers: for a param with `via`, the unconstrained ones.
    pub values: Vec<f64>,
    /// For each lane, which of `values` it has.
    pub member: Vec<u32>,
}

impl Shared {
    /// One number for all lanes.
    pub fn layer(value: f64, lanes: usize) -> Self {
        Self { values: vec![value], member: vec![0; lanes] }
    }

    /// A number for each channel; `stride` lanes lie between two neighbours on the channel axis.
    pub fn channel(values: Vec<f64>, stride: usize, lanes: usize) -> Self {
        let count = values.len().max(1);
        let member = (0..lanes).map(|n| (n / stride.max(1) % count) as u32).collect();
        Self { values, member }
    }

    /// A number for each neuron of a batch element.
    pub fn neuron(values: Vec<f64>, lanes: usize) -> Self {
        Self::channel(values, 1, lanes)
    }
}

/// What a neuron is run on. Sequences are `[T, lanes]`, element `t * lanes + lane`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Call {
    /// `T`.
    pub steps: usize,
    /// How many neurons, over all batch elements.
    pub lanes: usize,
    /// For each input its sequence; of one that is a product it is not looked at.
    pub inputs: Vec<Vec<f64>>,
    /// For each state its value before the first step, `[lanes]`, or none for its declared one.
    pub states: Vec<Option<Vec<f64>>>,
    /// For each param its numbers.
    pub params: Vec<Shared>,
    /// For each param `[T, T]` its stored numbers.
    pub weights: Vec<Vec<f64>>,
}

/// The adjoints of what a run gives, for `L = Σ seed · value`; none is 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seeds {
    /// For each output, `[T, lanes]`.
    pub outputs: Vec<Option<Vec<f64>>>,
    /// For each state after the last step, `[lanes]`.
    pub states: Vec<Option<Vec<f64>>>,
}

/// What a run gives, or the derivative of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// For each output, `[T, lanes]`.
    pub outputs: Vec<Vec<f64>>,
    /// For each state after the last step, `[lanes]`.
    pub states: Vec<Vec<f64>>,
}

/// The gradient of `L`.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// For each input, `[T, lanes]`.
    pub inputs: Vec<Vec<f64>>,
    /// For each state before the first step, `[lanes]`, whether the caller gave it or not.
    pub states: Vec<Vec<f64>>,
    /// For each param, of its stored numbers, summed over the lanes that share one; the declared value
    /// of a state that the caller did not give counts.
    pub params: Vec<Vec<f64>>,
    /// For each param `[T, T]`, of its stored numbers.
    pub weights: Vec<Vec<f64>>,
}

/// A direction to differentiate in: how fast each operand changes. None is 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Direction {
    /// For each input, `[T, lanes]`.
    pub inputs: Vec<Option<Vec<f64>>>,
    /// For each state before the first step, `[lanes]`; of no effect where the caller gives no value.
    pub states: Vec<Option<Vec<f64>>>,
    /// For each param, as many as its stored numbers.
    pub params: Vec<Option<Vec<f64>>>,
    /// For each param `[T, T]`, as many as its stored numbers.
    pub weights: Vec<Option<Vec<f64>>>,
}
