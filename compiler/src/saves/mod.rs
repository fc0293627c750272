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

use std::collections::HashSet;

use snn_artifact::Target;

use crate::check::Save;
use crate::check::hir::{Leaf, Neuron, NodeId, Op, Type};
use crate::diff::Adjoint;
use crate::kernel::Schedule;

pub use cost::{Weights, bits};
pub use cut::cut;

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

/// A value of the step that is saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Its node, one of the neuron's own.
    pub node: NodeId,
    /// The name of its buffer.
    pub name: String,
    /// How it is stored.
    pub width: Width,
}

/// What is saved for the adjoint of a neuron, as the neuron asks for it.
pub fn choose(adjoint: &Adjoint, target: &Target, schedule: Schedule) -> Vec<Saved> {
    let weights = Weights::of_bytes(schedule);
    let mut chosen = asked(adjoint, &weights);
    chosen.extend(match &adjoint.neuron.save {
        Save::Auto => cut(adjoint, &Weights::of_target(target, schedule)),
        Save::States { narrow } => {
            let mut states = cut(adjoint, &weights);
            states.iter_mut().filter(|_| *narrow).for_each(|saved| narrowed(adjoint, saved));
            states
        }
        Save::Inputs | Save::Names(_) => Vec::new(),
    });
    let mut seen = HashSet::new();
    chosen.retain(|(node, _)| seen.insert(*node));
    exact::add_decisions(adjoint, &weights, &mut chosen);
    named(&adjoint.neuron, chosen)
}

/// Has a real saved in bfloat16, other than one that jumps.
fn narrowed(adjoint: &Adjoint, (node, width): &mut (NodeId, Width)) {
    let node = adjoint.neuron.graph.node(*node);
    if *width == Width::Full && node.ty == Type::Real && !exact::is_decision(&node.op) {
        *width = Width::Bf16;
    }
}

/// The values that the program or the user names.
fn asked(adjoint: &Adjoint, weights: &Weights) -> Vec<(NodeId, Width)> {
    let Neuron { named, save, graph, .. } = &adjoint.neuron;
    let asked = |name: &str| match save {
        Save::Names(names) => names.iter().find(|(asked, _)| asked == name).map(|(_, n)| *n),
        _ => None,
    };
    let mut all = Vec::new();
    for (named, asked) in named.iter().map(|named| (named, asked(&named.name))) {
        if named.is_saved || asked.is_some() {
            let node = graph.node(named.node);
            let mut saved = (named.node, weights.width(&node.op, node.ty));
            if asked == Some(true) {
                narrowed(adjoint, &mut saved);
            }
            all.push(saved);
        }
    }
    all
}

/// Gives saved values the names of their buffers, no two the same.
fn named(neuron: &Neuron, chosen: Vec<(NodeId, Width)>) -> Vec<Saved> {
    let mut taken = HashSet::new();
    let one = |(node, width)| {
        let mut name = name(neuron, node);
        while !taken.insert(name.clone()) {
            name.push('_');
        }
        Saved { node, name, width }
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
