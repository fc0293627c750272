//! What backward keeps of a step that it computes again.
//!
//! The loop in reverse needs values of the step: potentials, differences, spikes. Each is either kept
//! from the loop forward, which costs a store and a load in the first-level cache or a register, or
//! computed from those that are kept, where that is one cheap operation.

use crate::check::hir::{Binary, Graph, Leaf, NodeId, Op, Unary};
use crate::diff::Adjoint;

/// Which nodes the loop in reverse gets, and how.
pub struct Plan {
    /// Those kept from the loop forward.
    pub kept: Vec<bool>,
    /// Those kept, and those to be written in the loop in reverse.
    pub wanted: Vec<bool>,
}

/// Decides for all nodes that the adjoint of a step needs.
pub fn plan(adjoint: &Adjoint, varying: &[bool]) -> Plan {
    let graph = &adjoint.neuron.graph;
    let grads = adjoint.inputs.iter().chain(&adjoint.states).copied().flatten();
    let roots: Vec<NodeId> = grads.chain(adjoint.sums.iter().copied()).collect();
    let is_primal = |i: usize| i < adjoint.n_primal && varying[i];
    let direct = reach(graph, &roots, is_primal);
    let mut kept = vec![false; graph.len()];
    for (id, node) in graph.iter().take(adjoint.n_primal) {
        let i = id.0 as usize;
        let is_there = |a: NodeId| direct[a.0 as usize] || !varying[a.0 as usize];
        let is_made = is_cheap(&node.op) && node.op.operands().all(is_there);
        kept[i] = direct[i] && varying[i] && !is_made;
    }
    let wanted = reach(graph, &roots, |i| kept[i]);
    Plan { kept, wanted }
}

/// The nodes that the roots need, but none behind one where `stops`.
fn reach(graph: &Graph, roots: &[NodeId], stops: impl Fn(usize) -> bool) -> Vec<bool> {
    let mut reached = vec![false; graph.len()];
    roots.iter().for_each(|root| reached[root.0 as usize] = true);
    for (id, node) in graph.iter().rev() {
        let i = id.0 as usize;
        if reached[i] && !stops(i) {
            node.op.operands().for_each(|operand| reached[operand.0 as usize] = true);
        }
    }
    reached
}

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
