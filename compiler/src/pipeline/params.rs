//! The params of a neuron as a manifest has them.

use snn_artifact::{self as artifact, Axis};

use crate::check::hir::{self, Neuron};
use crate::span::Span;

/// The params as the caller has them, in the order declared.
pub fn params(neuron: &Neuron) -> Vec<artifact::Param> {
    let mut all: Vec<(Span, artifact::Param)> = Vec::new();
    for element in &neuron.params {
        let made = param(element);
        let Some(of) = &element.of else {
            all.push((element.span, made));
            continue;
        };
        match all.last_mut() {
            Some((_, artifact::Param { name, axis: Some(Axis::Elements(defaults)), .. }))
                if name == of =>
            {
                defaults.push(made.default);
            }
            _ => {
                let axis = Some(Axis::Elements(vec![made.default.clone()]));
                all.push((element.span, artifact::Param { name: of.clone(), axis, ..made }));
            }
        }
    }
    let stepped = neuron.inputs.iter().filter_map(|input| input.param());
    all.extend(stepped.map(|stepped| {
        (stepped.span, artifact::Param { axis: Some(Axis::Steps), ..param(stepped) })
    }));
    all.extend(neuron.weights.iter().map(|weight| {
        (weight.span, artifact::Param { axis: Some(Axis::Matrix), ..param(weight) })
    }));
    all.sort_by_key(|(span, _)| span.start);
    all.into_iter().map(|(_, param)| param).collect()
}

/// A param as a manifest has it.
pub fn param(param: &hir::Param) -> artifact::Param {
    let end = |end: f64| end.is_finite().then_some(end);
    artifact::Param {
        name: param.name.clone(),
        sharing: match param.sharing {
            hir::Sharing::Layer => artifact::Sharing::Layer,
            hir::Sharing::Channel => artifact::Sharing::Channel,
            hir::Sharing::Neuron => artifact::Sharing::Neuron,
        },
        learn: param.learn,
        axis: None,
        default: param.default.clone(),
        range: param.range.map(|range| artifact::Range {
            low: end(range.low),
            high: end(range.high),
            low_closed: range.low_closed,
            high_closed: range.high_closed,
        }),
        via: param.via.map(|via| match via {
            hir::Via::Sigmoid => artifact::Via::Sigmoid,
            hir::Via::Softplus => artifact::Via::Softplus,
            hir::Via::Exp => artifact::Via::Exp,
        }),
    }
}
