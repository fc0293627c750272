//! What forward saves for backward beside the states at the borders of chunks.
//!
//! Backward runs a chunk again from its first states and the inputs. A value that is saved is read there
//! instead of computed, and what then only led to it is gone: its operations, inputs that are read a
//! second time, even the states at the borders. So every strategy is a list of values, and kernels are
//! lowered from any list in one way.

pub mod cost;
pub mod cut;
mod exact;
mod flow;
pub mod report;

use std::collections::HashSet;

use snn_artifact::Target;

use crate::check::Save;
use crate::check::hir::{Leaf, Named, Neuron, NodeId, Op, Type};
use crate::diff::Adjoint;
use crate::kernel::Schedule;

pub use cost::{Weights, bytes};
pub use cut::cut;
pub use report::{Entry, Report, Strategy, Why, report};

/// How a value is stored at each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Width {
    /// As it is: a real in f32, an int or a bool in 32 bits.
    Full,
    /// A spike or a bool in one bit: a word a lane and chunk.
    Bit,
    /// A real in bfloat16.
    Bf16,
}

impl Width {
    /// The bits of a value.
    pub fn bits(self) -> u32 {
        match self {
            Width::Full => 32,
            Width::Bf16 => 16,
            Width::Bit => 1,
        }
    }
}

/// A value of the step that is saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Its node, one of the neuron's own.
    pub node: NodeId,
    /// The name of its buffer.
    pub name: String,
    /// How it is stored.
    pub width: Width,
    /// Why it is saved.
    pub why: Why,
}

/// A node to save, how, and why.
type Chosen = (NodeId, Width, Why);

/// What is saved for the adjoint of a neuron, as the neuron asks for it.
pub fn choose(adjoint: &Adjoint, target: &Target, schedule: Schedule) -> Vec<Saved> {
    choose_as(adjoint, &adjoint.neuron.save, target, schedule)
}

/// What is saved for an adjoint under a strategy.
fn choose_as(adjoint: &Adjoint, save: &Save, target: &Target, schedule: Schedule) -> Vec<Saved> {
    let weights = Weights::of_bytes(schedule);
    let mut chosen = asked(adjoint, save, &weights);
    let (cheapest, why) = match save {
        Save::Auto => {
            let weights = Weights::of_target(target, schedule, adjoint.neuron.dtype);
            (cut(adjoint, &weights), Why::Cost)
        }
        Save::States { .. } => (cut(adjoint, &weights), Why::Bytes),
        Save::Inputs | Save::Names(_) => (Vec::new(), Why::Name),
    };
    let is_narrow = *save == Save::States { narrow: true };
    chosen.extend(cheapest.into_iter().map(|(node, width)| {
        (node, if is_narrow { narrowed(adjoint, node, width) } else { width }, why)
    }));
    let mut seen = HashSet::new();
    chosen.retain(|(node, ..)| seen.insert(*node));
    exact::add_decisions(adjoint, &weights, &mut chosen);
    named(&adjoint.neuron, chosen)
}

/// How a value is saved in 16 bits: a real in bfloat16, but one that jumps as it is.
fn narrowed(adjoint: &Adjoint, node: NodeId, width: Width) -> Width {
    let node = adjoint.neuron.graph.node(node);
    let is_rounded = width == Width::Full && node.ty == Type::Real;
    if is_rounded && !exact::is_decision(&node.op) { Width::Bf16 } else { width }
}

/// The values that the program or the user names.
fn asked(adjoint: &Adjoint, save: &Save, weights: &Weights) -> Vec<Chosen> {
    let Neuron { named, graph, .. } = &adjoint.neuron;
    let asked = |name: &str| match save {
        Save::Names(names) => names.iter().find(|(asked, _)| asked == name).map(|(_, n)| *n),
        _ => None,
    };
    let one = |named: &Named| {
        let Named { node, is_saved, .. } = *named;
        let width = weights.width(&graph.node(node).op, graph.node(node).ty);
        match asked(&named.name) {
            Some(true) => Some((node, narrowed(adjoint, node, width), Why::Name)),
            Some(false) => Some((node, width, Why::Name)),
            None => is_saved.then_some((node, width, Why::Program)),
        }
    };
    named.iter().filter_map(one).collect()
}

/// Gives saved values the names of their buffers, no two the same.
fn named(neuron: &Neuron, chosen: Vec<Chosen>) -> Vec<Saved> {
    let mut taken = HashSet::new();
    let one = |(node, width, why)| {
        let mut name = name(neuron, node);
        while !taken.insert(name.clone()) {
            name.push('_');
        }
        Saved { node, name, width, why }
    };
    chosen.into_iter().map(one).collect()
}

/// What a value is called: by its name, by the state that it was before the step, or by its number.
fn name(neuron: &Neuron, node: NodeId) -> String {
    if let Some(named) = neuron.named.iter().find(|named| named.node == node) {
        return named.name.clone();
    }
    match neuron.graph.node(node).op {
        Op::Leaf(Leaf::State(i)) => {
            let name = &neuron.states[i as usize].name;
            if name.contains('@') { name.clone() } else { format!("{name}@prev") }
        }
        _ => format!("value@{}", node.0),
    }
}

#[cfg(test)]
mod tests;
