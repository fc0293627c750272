//! What the loop in reverse gets of a step, and from where.
//!
//! It needs values of the step: potentials, differences, spikes. Each is loaded where it was saved, kept
//! from the loop forward that computes the chunk again, which costs a store and a load in the
//! first-level cache or a register, or computed from those, where that is one cheap operation. Where no
//! value needs a state before its step, all are computed from what was saved and from the inputs, and the
//! loop forward does no more than take words of bits apart.

use crate::check::PortDtype;
use crate::check::hir::{Binary, Leaf, NodeId, Op, Unary};
use crate::diff::Adjoint;
use crate::saves::{Saved, Width};

/// Which nodes the loop in reverse gets, and how.
pub struct Plan {
    /// Those kept from the loop forward.
    pub kept: Vec<bool>,
    /// Those loaded.
    pub loaded: Vec<bool>,
    /// Those kept or loaded, and those to be written in the loop in reverse.
    pub wanted: Vec<bool>,
    /// Whether nothing is wanted that needs a state before its step, so that inputs are read there.
    pub is_stateless: bool,
}

/// Decides for all nodes that the adjoint of a step needs.
pub fn plan(adjoint: &Adjoint, varying: &[bool], saves: &[Saved]) -> Plan {
    let graph = &adjoint.neuron.graph;
    let marked = |is_marked: fn(Width) -> bool| {
        let mut marks = vec![false; graph.len()];
        let saves = saves.iter().filter(|saved| is_marked(saved.width));
        saves.for_each(|saved| marks[saved.node.0 as usize] = true);
        marks
    };
    let (loaded, bits) = (marked(|width| width != Width::Bit), marked(|width| width == Width::Bit));
    let is_saved = |id: NodeId| loaded[id.0 as usize] || bits[id.0 as usize];
    let below = graph.reached(adjoint.step(), is_saved);
    let needs_state = graph.iter().any(|(id, node)| {
        matches!(node.op, Op::Leaf(Leaf::State(_))) && below[id.0 as usize] && !is_saved(id)
    });
    let is_stateless = !saves.is_empty() && !needs_state;
    let kept = if is_stateless {
        bits
    } else {
        let is_own = |id: NodeId| (id.0 as usize) < adjoint.n_primal && varying[id.0 as usize];
        let direct = graph.reached(adjoint.step(), |id| is_own(id) || is_saved(id));
        let kept = kept(adjoint, varying, &direct, &loaded, &bits);
        if saves.is_empty() { smaller(adjoint, varying, kept) } else { kept }
    };
    let wanted = graph.reached(adjoint.step(), |id| kept[id.0 as usize] || loaded[id.0 as usize]);
    Plan { kept, loaded, wanted, is_stateless }
}

/// Of the nodes that are needed directly those that are neither loaded nor made of others.
fn kept(
    adjoint: &Adjoint,
    varying: &[bool],
    direct: &[bool],
    loaded: &[bool],
    bits: &[bool],
) -> Vec<bool> {
    let graph = &adjoint.neuron.graph;
    let mut kept = vec![false; graph.len()];
    for (id, node) in graph.iter().take(adjoint.n_primal) {
        let i = id.0 as usize;
        let is_there = |a: NodeId| {
            let a = a.0 as usize;
            direct[a] || loaded[a] || bits[a] || !varying[a]
        };
        let is_made = is_cheap(&node.op) && node.op.operands().all(is_there);
        kept[i] = bits[i] || direct[i] && varying[i] && !loaded[i] && !is_made;
    }
    kept
}

/// What the kept nodes are made of, where that takes less memory and little work: inputs of 16 bits are
/// kept as they were loaded.
fn smaller(adjoint: &Adjoint, varying: &[bool], kept: Vec<bool>) -> Vec<bool> {
    let neuron = &adjoint.neuron;
    if neuron.dtype == PortDtype::F32 {
        return kept;
    }
    let marked = (0..kept.len()).filter(|&i| kept[i]).map(|i| NodeId(i as u32));
    let reached = neuron.graph.reached(marked, |id| !varying[id.0 as usize]);
    let (mut roots, mut bytes, mut work) = (vec![false; kept.len()], 0, 0);
    for (id, node) in neuron.graph.iter().filter(|(id, _)| reached[id.0 as usize]) {
        match node.op {
            _ if !varying[id.0 as usize] => {}
            Op::Leaf(leaf @ (Leaf::Input(_) | Leaf::State(_))) => {
                roots[id.0 as usize] = true;
                let is_half =
                    matches!(leaf, Leaf::Input(i) if neuron.inputs[i as usize].is_given());
                bytes += if is_half { 2 } else { 4 };
            }
            op if is_cheap(&op) => work += 1,
            _ => return kept,
        }
    }
    let is_smaller = bytes < 4 * kept.iter().filter(|kept| **kept).count();
    if is_smaller && work <= LITTLE { roots } else { kept }
}

/// Operations a step that cost less than a register more for each lane and step.
const LITTLE: usize = 8;

/// Whether an operation costs less than a store and a load. Leaves of the step are not made anew: an
/// input would be read from memory once more.
fn is_cheap(op: &Op) -> bool {
    match op {
        Op::Leaf(leaf) => leaf.is_steady() || matches!(leaf, Leaf::OutputGrad(_)),
        Op::Binary(Binary::Div, ..) => false,
        Op::Unary(op, _) => {
            matches!(op, Unary::Neg | Unary::Abs | Unary::Floor | Unary::Ceil | Unary::Round)
        }
        _ => true,
    }
}
