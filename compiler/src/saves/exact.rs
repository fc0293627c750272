//! What decides again in backward decides as it did in forward.
//!
//! A value that is saved in bfloat16 is not what it was, and neither is what is computed from it. A spike
//! among that could fire in backward where it did not in forward, so it is saved too, as the bit it was;
//! and so is every other value that jumps.

use super::cost::Weights;
use super::{Chosen, Why, Width};
use crate::check::hir::{Leaf, NodeId, Op, Unary};
use crate::diff::Adjoint;

/// Adds what has to be saved beside these so that nothing is decided by a rounded number.
pub fn add_decisions(adjoint: &Adjoint, weights: &Weights, chosen: &mut Vec<Chosen>) {
    while let Some(node) = rounded_decision(adjoint, chosen) {
        let hir = adjoint.neuron.graph.node(node);
        chosen.push((node, weights.width(&hir.op, hir.ty), Why::Decides));
    }
}

/// The first node that backward computes again and that decides by a rounded number.
fn rounded_decision(adjoint: &Adjoint, chosen: &[Chosen]) -> Option<NodeId> {
    let graph = &adjoint.neuron.graph;
    let width =
        |id: NodeId| chosen.iter().find(|(node, ..)| *node == id).map(|(_, width, _)| *width);
    let again = computed_again(adjoint, |id| width(id).is_some());
    let mut rounded = vec![false; graph.len()];
    let mut grows = true;
    while std::mem::take(&mut grows) {
        for (id, node) in graph.iter().take(adjoint.n_primal) {
            let is_rounded = match (width(id), node.op) {
                (Some(width), _) => width == Width::Bf16,
                (None, Op::Leaf(Leaf::State(i))) => {
                    rounded[adjoint.neuron.states[i as usize].next.0 as usize]
                }
                (None, op) => op.operands().any(|operand| rounded[operand.0 as usize]),
            };
            grows |= is_rounded && !std::mem::replace(&mut rounded[id.0 as usize], is_rounded);
        }
    }
    let decides = |(id, op): (NodeId, &Op)| {
        let i = id.0 as usize;
        is_decision(op) && again[i] && rounded[i] && width(id).is_none()
    };
    let mut own = graph.iter().take(adjoint.n_primal);
    own.find(|(id, node)| decides((*id, &node.op))).map(|(id, _)| id)
}

/// What backward computes or loads of the neuron's own nodes, step after step.
fn computed_again(adjoint: &Adjoint, is_saved: impl Fn(NodeId) -> bool) -> Vec<bool> {
    let neuron = &adjoint.neuron;
    let mut roots: Vec<NodeId> = adjoint.step().collect();
    loop {
        let reached = neuron.graph.reached(roots.iter().copied(), &is_saved);
        let before = roots.len();
        for (id, node) in neuron.graph.iter() {
            if let Op::Leaf(Leaf::State(i)) = node.op
                && reached[id.0 as usize]
                && !is_saved(id)
                && !roots.contains(&neuron.states[i as usize].next)
            {
                roots.push(neuron.states[i as usize].next);
            }
        }
        if roots.len() == before {
            return reached;
        }
    }
}

/// Whether a small change of an operand may change the value by much.
pub fn is_decision(op: &Op) -> bool {
    match op {
        Op::Spike(..) | Op::Compare(..) | Op::RealToInt(_) => true,
        Op::Unary(op, _) => {
            matches!(op, Unary::Floor | Unary::Ceil | Unary::Round | Unary::Sign)
        }
        _ => false,
    }
}
