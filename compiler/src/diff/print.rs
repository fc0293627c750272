//! The adjoint of a neuron as text: the neuron's own text, then what its step gives on.

use std::fmt::Write;

use super::Adjoint;
use crate::check::hir::NodeId;

/// The text of an adjoint, for people and goldens.
pub fn print(adjoint: &Adjoint) -> String {
    let neuron = &adjoint.neuron;
    let mut out = crate::check::print(neuron);
    let _ = writeln!(out, "adjoint of {} behind %{} {{", neuron.name, adjoint.n_primal);
    let mut line = |what: &str, name: &str, node: Option<NodeId>| {
        let node = node.map_or("none".into(), |node| format!("%{}", node.0));
        let _ = writeln!(out, "  {what} {name} = {node}");
    };
    for (input, node) in neuron.inputs.iter().zip(&adjoint.inputs) {
        line("input", &input.name, *node);
    }
    for (state, node) in neuron.states.iter().zip(&adjoint.states) {
        line("state", &state.name, *node);
    }
    for (i, node) in adjoint.sums.iter().enumerate() {
        line("sum", &i.to_string(), Some(*node));
    }
    for (param, node) in neuron.params.iter().zip(&adjoint.params) {
        if param.learn {
            line("param", &param.name, *node);
        }
    }
    out.push_str("}\n");
    out
}
