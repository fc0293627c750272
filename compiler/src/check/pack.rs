//! Outputs whose spikes are given packed.

use crate::check::hir::{Neuron, Output, Type};
use crate::check::specialize::{Specialization, suggest};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::egraph::facts;
use crate::span::Span;

/// Packs the outputs that are to be.
pub(super) fn pack(neuron: &mut Neuron, wanted: &Specialization) -> Result<(), Diagnostics> {
    let mut diagnostics = Vec::new();
    for (name, span) in wanted.pack.iter().zip(wanted.pack_spans()) {
        let place = neuron.outputs.iter().position(|output| output.name == *name);
        match place.filter(|place| is_spikes(neuron, &neuron.outputs[*place])) {
            Some(place) => neuron.outputs[place].packed = true,
            None => diagnostics.push(refused(neuron, name, place, span)),
        }
    }
    if diagnostics.is_empty() { Ok(()) } else { Err(diagnostics) }
}

/// Whether an output is 0 or 1 at each step.
fn is_spikes(neuron: &Neuron, output: &Output) -> bool {
    let facts = facts::facts(&neuron.graph, neuron);
    let is_real = neuron.graph.node(output.value).ty == Type::Real;
    !output.last && is_real && facts[output.value.0 as usize].is_bit()
}

fn refused(neuron: &Neuron, name: &str, place: Option<usize>, span: Span) -> Diagnostic {
    let Some(output) = place.map(|place| &neuron.outputs[place]) else {
        return unknown(neuron, name, span);
    };
    let message = format!("the output `{name}` has no spikes to pack");
    let is =
        if output.last { "is the value after the last step" } else { "may be more than 0 or 1" };
    Diagnostic::new("E0407", span, message, "not a 0 or 1 at each step")
        .because(output.span, is)
        .help("an output that is a spike at each step can be packed")
}

fn unknown(neuron: &Neuron, name: &str, span: Span) -> Diagnostic {
    let message = format!("the neuron `{}` has no output `{name}`", neuron.name);
    let finding = Diagnostic::new("E0406", span, message, "not an output");
    let known: Vec<&str> = neuron.outputs.iter().map(|output| output.name.as_str()).collect();
    suggest(finding, name, &known, span, "output")
}
