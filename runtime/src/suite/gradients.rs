//! The gradients of a run against oracles that share nothing with what made them.
//!
//! Dual numbers in f64 through the f32 program's own values say what they have to be; central differences of the
//! smoothed program in f64 say whether those are right.

use std::collections::BTreeMap;

use snn_compiler::check::GRADIENT;
use snn_compiler::check::hir::{self, Draw, Sharing, Unary};
use snn_compiler::diagnostic::{Diagnostic, Diagnostics};
use snn_compiler::kernel::interp::alone;
use snn_compiler::oracle::{self, Direction, Mode, Shared, smooth};
use snn_compiler::span::Span;

use crate::neuron::{Array, Arrays, Call, Gradients, Seeds};

/// How far gradients may be from the dual numbers', by the size of all of them.
const NEAR: f64 = 1e-5;
/// How far dual numbers may be from central differences.
const NEAR_DIFFERENCES: f64 = 1e-4;
/// The step of central differences.
const STEP: f64 = 1e-4;

/// What of the gradients is not as it has to be: by the dual numbers, and by central differences.
pub fn check(
    neuron: &hir::Neuron,
    call: &Call,
    seeds: &Seeds,
    found: &Gradients,
    span: Span,
) -> (Diagnostics, Option<Diagnostic>) {
    let Some((call, weights)) = as_oracle(neuron, call, seeds) else {
        let message = "the oracle has no numbers for the params";
        return (vec![Diagnostic::new(GRADIENT, span, message, "cannot be checked")], None);
    };
    let function = |op: Unary, a: f32| alone::function(op, &[a]).map_or(f32::NAN, |y| y[0]);
    let (_, exact) = oracle::gradients(neuron, &call, &weights, Mode::Single(&function));
    let mut findings = Diagnostics::new();
    let mut compare = |what: &str, name: &str, array: Option<&Array>, exact: &[f64]| {
        let Some(array) = array else { return };
        let found: Vec<f64> = array.data().iter().map(|number| f64::from(*number)).collect();
        let exact = &summed(exact, found.len());
        let (apart, size) = (distance(&found, exact), norm(exact));
        if apart > NEAR * size.max(NEAR) {
            let message = format!("the gradient of the {what} `{name}` is not the oracle's");
            let there = format!("{apart:.3e} apart, of {size:.3e}");
            findings.push(Diagnostic::new(GRADIENT, span, message, there));
        }
    };
    for (input, exact) in neuron.inputs.iter().zip(&exact.inputs).filter(|(i, _)| i.is_given()) {
        compare("input", &input.name, found.inputs.get(&input.name), exact);
    }
    for (state, exact) in neuron.states.iter().zip(&exact.states) {
        compare("state", &state.name, found.states.get(&state.name), exact);
    }
    for (input, exact) in neuron.inputs.iter().zip(&exact.inputs) {
        if let Some(param) = input.param().filter(|param| param.learn) {
            compare("param", &param.name, found.params.get(&param.name), exact);
        }
    }
    for (weight, exact) in neuron.weights.iter().zip(&exact.weights).filter(|(w, _)| w.learn) {
        compare("param", &weight.name, found.params.get(&weight.name), exact);
    }
    let mut params: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (param, exact) in neuron.params.iter().zip(&exact.params).filter(|(p, _)| p.learn) {
        params.entry(param.of.as_ref().unwrap_or(&param.name)).or_default().extend(exact);
    }
    for (name, exact) in params {
        compare("param", name, found.params.get(name), &exact);
    }
    (findings, differences(neuron, &call, &weights, span))
}

/// Whether the dual numbers are what central differences say, along one direction through all inputs and params.
fn differences(
    neuron: &hir::Neuron,
    call: &oracle::Call,
    weights: &oracle::Seeds,
    span: Span,
) -> Option<Diagnostic> {
    let along = |values: &[f64]| Some((0..values.len()).map(slope).collect());
    let inputs = neuron.inputs.iter().zip(&call.inputs);
    let params = neuron.params.iter().zip(&call.params);
    let direction = Direction {
        inputs: inputs.map(|(i, x)| along(x).filter(|_| i.draw().is_none())).collect(),
        states: call.states.iter().map(|state| along(state.as_ref()?)).collect(),
        params: params.map(|(p, shared)| along(&shared.values).filter(|_| p.learn)).collect(),
        weights: call.weights.iter().map(|weight| along(weight)).collect(),
    };
    let dual = oracle::derivative(neuron, call, &direction, Mode::Smooth);
    let by_differences = smooth::derivative(neuron, call, &direction, STEP);
    let weighed = |run: &oracle::Run| -> Vec<f64> {
        let pairs = run.outputs.iter().zip(&weights.outputs);
        pairs.flat_map(|(values, given)| given.iter().flat_map(move |_| values.clone())).collect()
    };
    let (dual, other) = (weighed(&dual), weighed(&by_differences));
    let (apart, size) = (distance(&dual, &other), norm(&other));
    (apart > NEAR_DIFFERENCES * size.max(1.0)).then(|| {
        let message = "the derivative of the smoothed neuron is not what its values say";
        let there = format!("{apart:.3e} apart, of {size:.3e}");
        Diagnostic::new(GRADIENT, span, message, there)
            .help("a surrogate's `y` may not be the primitive of its `d`")
    })
}

/// Gradients of numbers, added up where so few stand for all of them.
fn summed(exact: &[f64], n: usize) -> Vec<f64> {
    if n == 0 || n >= exact.len() || !exact.len().is_multiple_of(n) {
        return exact.to_vec();
    }
    exact.chunks_exact(exact.len() / n).map(|alike| alike.iter().sum()).collect()
}

/// Numbers of both signs that are not alike.
fn slope(i: usize) -> f64 {
    ((i * 7 + 3) % 11) as f64 / 5.0 - 1.0
}

fn norm(of: &[f64]) -> f64 {
    of.iter().map(|number| number * number).sum::<f64>().sqrt()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    let apart = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
    if a.len() == b.len() { apart } else { f64::INFINITY }
}

/// A call as the oracle takes it; none where a param's numbers are not known here.
fn as_oracle(
    neuron: &hir::Neuron,
    call: &Call,
    seeds: &Seeds,
) -> Option<(oracle::Call, oracle::Seeds)> {
    let [steps, lanes] = call.sizes[..] else { return None };
    let wide = |array: &Array| array.data().iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
    let find = |arrays: &Arrays, name: &str| arrays.get(name).map(wide);
    let mut inputs = Vec::new();
    for input in &neuron.inputs {
        inputs.push(match input.draw() {
            Some((draw, number)) => drawn(draw, number, (steps, lanes), call)?,
            None if input.product().is_some() => Vec::new(),
            None => match input.param() {
                Some(param) => of_steps(param, call, (steps, lanes))?,
                None => find(&call.inputs, &input.name)?,
            },
        });
    }
    let mut params = Vec::new();
    for param in &neuron.params {
        params.push(shared(param, call, lanes)?);
    }
    let states = neuron.states.iter().map(|state| find(&call.states, &state.name)).collect();
    let outputs = neuron.outputs.iter().map(|o| find(&seeds.outputs, &o.name)).collect();
    let none = neuron.states.iter().map(|_| None).collect();
    let mut weights = Vec::new();
    for weight in &neuron.weights {
        weights.push(stored_of(weight, call, steps * steps)?);
    }
    let own = oracle::Call { steps, lanes, inputs, states, params, weights };
    Some((own, oracle::Seeds { outputs, states: none }))
}

/// The numbers of a param that has some for each step, for each lane.
fn of_steps(param: &hir::Param, call: &Call, (steps, lanes): (usize, usize)) -> Option<Vec<f64>> {
    let each = if param.sharing == Sharing::Layer { 1 } else { lanes };
    let numbers = stored_of(param, call, steps * each)?;
    let repeat = if numbers.len() == steps { lanes } else { 1 };
    Some(numbers.into_iter().flat_map(|number| vec![number; repeat]).collect())
}

fn drawn(draw: Draw, number: u32, places: (usize, usize), call: &Call) -> Option<Vec<f64>> {
    let draws = alone::draws(draw, number, places, call.seed, call.first_step).ok()?;
    Some(draws.into_iter().map(f64::from).collect())
}

/// The stored numbers of a param that has so many where it is given none, or one for all.
fn stored_of(param: &hir::Param, call: &Call, n: usize) -> Option<Vec<f64>> {
    let known = snn_compiler::pipeline::param(param);
    let constrained: Vec<f32> = match given(param, call) {
        Some(&[number]) => vec![number; n],
        Some(numbers) => numbers.to_vec(),
        None => {
            let all = crate::neuron::default_numbers(&known, n, call.seed).ok()?;
            all.into_iter().map(|number| number as f32).collect()
        }
    };
    let stored = crate::neuron::stored_numbers(&known, &constrained).ok()?;
    Some(stored.into_iter().map(f64::from).collect())
}

/// What a call gives for a param; of one that is an element of another, its part.
fn given<'c>(param: &hir::Param, call: &'c Call) -> Option<&'c [f32]> {
    let Some(of) = &param.of else { return call.params.get(&param.name).map(Array::data) };
    let array = call.params.get(of)?;
    let place: usize = param.name.rsplit('@').next()?.parse().ok()?;
    match (array.shape(), array.data()) {
        (_, one @ [_]) => Some(one),
        ([n, ..], all) => all.chunks_exact((all.len() / n.max(&1)).max(1)).nth(place),
        ([], _) => None,
    }
}

/// The stored numbers of a param, and who shares them.
fn shared(param: &hir::Param, call: &Call, lanes: usize) -> Option<Shared> {
    let n = match (given(param, call), param.sharing) {
        (None, Sharing::Channel | Sharing::Neuron) => lanes,
        _ => 1,
    };
    let values = stored_of(param, call, n)?;
    Some(match (values.len(), param.sharing) {
        (1, Sharing::Layer) => Shared::layer(values[0], lanes),
        (1, _) => Shared::neuron(vec![values[0]; lanes], lanes),
        _ => Shared::neuron(values, lanes),
    })
}
