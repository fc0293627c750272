//! Gradients by name, and how far one's are from another's.

use snn_compiler::check::hir::{Neuron, Type};
use snn_compiler::oracle::{self, Mode};
use snn_runtime::neuron::{Arrays, Call, Gradients, Seeds};

use crate::compare::{distance, norm};
use crate::drawn::doubles;
use crate::expected::{expected, operands};
use crate::indexed::{self, Named, expanded};
use crate::operands::Sizes;

/// What a run gives and its gradients, in f64.
#[derive(Clone, Debug, PartialEq)]
pub struct Results {
    /// Outputs.
    pub outputs: Named,
    /// Last states.
    pub last: Named,
    /// Gradients of inputs.
    pub inputs: Named,
    /// Gradients of states.
    pub states: Named,
    /// Gradients of params.
    pub params: Named,
}

/// The same numbers in f64.
pub fn wide(data: &[f32]) -> Vec<f64> {
    data.iter().copied().map(f64::from).collect()
}

fn named(arrays: &Arrays) -> Named {
    arrays.iter().map(|(name, array)| (name.clone(), wide(array.data()))).collect()
}

impl From<&Gradients> for Results {
    fn from(all: &Gradients) -> Self {
        Self {
            outputs: named(&all.forward.outputs),
            last: named(&all.forward.states),
            inputs: named(&all.inputs),
            states: named(&all.states),
            params: named(&all.params),
        }
    }
}

/// The oracle's results where forward is computed in f32.
pub fn single(neuron: &Neuron, call: &Call, seeds: &Seeds) -> Results {
    results(neuron, call, expected(neuron, &expanded(neuron, call), seeds))
}

/// The oracle's results in f64, where all numbers that are given are larger by a share.
pub fn double(neuron: &Neuron, call: &Call, seeds: &Seeds, share: f64) -> Results {
    let (mut own, seeds) = operands(neuron, &expanded(neuron, call), seeds);
    for (input, own) in neuron.inputs.iter().zip(&mut own.inputs) {
        let drawn = input.draw().map(|(draw, number)| doubles(draw, number, &Sizes::of(call)));
        drawn.into_iter().for_each(|drawn| *own = drawn);
    }
    let states = own.states.iter_mut().zip(&neuron.states);
    let reals =
        states.filter(|(_, state)| state.ty == Type::Real).filter_map(|(own, _)| own.as_mut());
    let params = own.params.iter_mut().map(|param| &mut param.values);
    let all = own.inputs.iter_mut().chain(reals).chain(params);
    let finite = all.flatten().filter(|number| number.is_finite());
    finite.for_each(|number| *number += share * *number);
    results(neuron, call, oracle::gradients(neuron, &own, &seeds, Mode::Double))
}

fn results(
    neuron: &Neuron,
    call: &Call,
    (run, found): (oracle::Run, oracle::Gradients),
) -> Results {
    let is_real = |state: &snn_compiler::check::hir::State| state.ty == Type::Real;
    let names = neuron.states.iter().map(|state| state.name.clone());
    let states = neuron.states.iter().zip(found.states).filter(|(state, _)| is_real(state));
    let inputs = neuron.inputs.iter().zip(found.inputs).filter(|(input, _)| input.has_gradient());
    let params = neuron.params.iter().zip(found.params).filter(|(param, _)| param.learn);
    let mut inputs = inputs.map(|(input, grad)| (input.name.clone(), grad)).collect();
    let mut params = params.map(|(param, grad)| (param.name.clone(), grad)).collect();
    indexed::join(neuron, &Sizes::of(call), &mut inputs, &mut params);
    Results {
        outputs: neuron.outputs.iter().map(|o| o.name.clone()).zip(run.outputs).collect(),
        last: names.zip(run.states).collect(),
        inputs,
        states: states.map(|(state, grad)| (state.name.clone(), grad)).collect(),
        params,
    }
}

/// What gradients are measured against at least: of a few elements all may have cancelled.
pub fn least(seeds: &Seeds) -> f64 {
    let all = seeds.outputs.values().chain(seeds.states.values());
    all.map(|array| norm(array.data())).fold(0.0, f64::hypot) / 16.0
}

/// For each gradient how far it is from the truth: the norm of the difference by the norm of the truth,
/// or by `least` where that is more. Sums for params are of numbers like those of inputs, and measured
/// against those too. A truth that is not finite says nothing and has no entry.
pub fn errors(found: &Results, truth: &Results, least: f64) -> Vec<(String, f64)> {
    let inputs = truth.inputs.values().map(|all| norm(all)).fold(0.0, f64::hypot);
    let of_params = if inputs.is_finite() { least.max(inputs) } else { least };
    let kinds = [
        ("input", &found.inputs, &truth.inputs, least),
        ("state", &found.states, &truth.states, least),
        ("param", &found.params, &truth.params, of_params),
    ];
    let mut errors = Vec::new();
    for (kind, found, truth, size) in kinds {
        assert!(found.keys().eq(truth.keys()), "{kind}s: {:?}, {:?}", found.keys(), truth.keys());
        for (name, truth) in truth {
            let of_truth = norm(truth);
            if of_truth.is_finite() {
                let share = if of_truth > 0.0 { of_truth / of_truth.max(size) } else { 1.0 / size };
                errors.push((format!("{kind} {name}"), distance(&found[name], truth) * share));
            }
        }
    }
    errors
}
