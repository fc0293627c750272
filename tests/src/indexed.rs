//! Indexed params as kernels have them, a param for each index, an input for each step; and draws as the oracle has
//! them.

use std::collections::BTreeMap;

use snn_compiler::check::hir::{Neuron, Param};
use snn_runtime::neuron::{Array, Call};

use crate::drawn::drawn;
use crate::operands::{Sizes, stored};

/// Numbers by name.
pub type Named = BTreeMap<String, Vec<f64>>;

/// The params with an index, each with its elements.
pub fn indexed(neuron: &Neuron) -> Vec<(&str, Vec<&Param>)> {
    let mut all: Vec<(&str, Vec<&Param>)> = Vec::new();
    for param in &neuron.params {
        match (&param.of, all.last_mut()) {
            (Some(of), Some((name, elements))) if of == name => elements.push(param),
            (Some(of), _) => all.push((of, vec![param])),
            (None, _) => {}
        }
    }
    all
}

/// The params with a number for each step.
pub fn stepped(neuron: &Neuron) -> impl Iterator<Item = &Param> {
    neuron.inputs.iter().filter_map(|input| input.param())
}

/// A call as kernels take it, with the draws that only the oracle is given.
pub fn expanded(neuron: &Neuron, call: &Call) -> Call {
    let sizes = Sizes::of(call);
    let mut flat = call.clone();
    for (name, elements) in indexed(neuron) {
        let Some(all) = flat.params.remove(name) else { continue };
        let each = all.data().len() / elements.len();
        for (i, element) in elements.into_iter().enumerate() {
            let array = match all.shape() {
                [] => all.clone(),
                shape => {
                    let own = all.data()[i * each..(i + 1) * each].to_vec();
                    Array::new(shape[1..].to_vec(), own).unwrap()
                }
            };
            flat.params.insert(element.name.clone(), array);
        }
    }
    for param in stepped(neuron) {
        let numbers = stored(param, call, &sizes);
        let each: usize = sizes.param_shape(param.sharing).iter().product();
        let step = |t: usize| if numbers.len() == each { 0 } else { t * each };
        let places = (0..sizes.steps).flat_map(|t| (0..sizes.lanes).map(move |lane| (t, lane)));
        let rows = places.map(|(t, lane)| numbers[step(t) + sizes.member(param.sharing, lane)]);
        flat.inputs.insert(param.name.clone(), sizes.sequence(rows.collect()));
        flat.params.remove(&param.name);
    }
    flat.inputs.extend(drawn(neuron, &sizes));
    flat
}

/// Makes of the gradients that kernels give those of indexed params.
pub fn join(neuron: &Neuron, sizes: &Sizes, inputs: &mut Named, params: &mut Named) {
    for (name, elements) in indexed(neuron).into_iter().filter(|(_, e)| e[0].learn) {
        let all = elements.iter().flat_map(|element| params.remove(&element.name).unwrap());
        let all = all.collect();
        params.insert(name.into(), all);
    }
    for param in stepped(neuron).filter(|param| param.learn) {
        let each: usize = sizes.param_shape(param.sharing).iter().product();
        let mut sums = vec![0.0; sizes.steps * each];
        for (i, number) in inputs.remove(&param.name).unwrap().into_iter().enumerate() {
            let (t, lane) = (i / sizes.lanes, i % sizes.lanes);
            sums[t * each + sizes.member(param.sharing, lane)] += number;
        }
        params.insert(param.name.clone(), sums);
    }
}
