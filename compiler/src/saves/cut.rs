//! The cheapest values to save, as a minimum cut that knows time.
//!
//! Backward needs some values of a step. One that it needs is saved, or computed again from others that it
//! then needs too; a state before the step is what its value behind the step before was, and to compute
//! that again takes the state at the borders of chunks. Each node is two places of a network: whether it
//! is needed, and whether it is computed. On the side of the sink lies what is.

use super::Width;
use super::cost::Weights;
use super::flow::{Network, SINK, SOURCE, UNCUT};
use crate::check::hir::{Input, Leaf, NodeId, Op};
use crate::diff::Adjoint;

/// The nodes to save and how: those on the border of what is computed again at least cost.
pub fn cut(adjoint: &Adjoint, weights: &Weights) -> Vec<(NodeId, Width)> {
    let graph = &adjoint.neuron.graph;
    let varying = graph.varying();
    let mut network = Network::new(2 + 2 * adjoint.n_primal);
    let own = |node: NodeId| varying[node.0 as usize] && (node.0 as usize) < adjoint.n_primal;
    let (needed, computed) =
        (|node: NodeId| 2 + 2 * node.0 as usize, |node: NodeId| 3 + 2 * node.0 as usize);
    for (id, node) in graph.iter().filter(|(id, _)| own(*id)) {
        let input = match node.op {
            Op::Leaf(Leaf::Input(i)) => adjoint.neuron.inputs.get(i as usize),
            _ => None,
        };
        let cost = match input.and_then(Input::draw) {
            Some((draw, _)) => weights.draw(draw),
            None => weights.compute(&node.op),
        };
        network.edge(SOURCE, computed(id), cost);
        let save = weights.save(weights.width(&node.op, node.ty));
        network.edge(computed(id), needed(id), if input.is_some() { UNCUT } else { save });
        let operands = node.op.operands().filter(|operand| own(*operand));
        operands.for_each(|operand| network.edge(needed(operand), computed(id), UNCUT));
        if let Op::Leaf(Leaf::State(i)) = node.op
            && own(adjoint.neuron.states[i as usize].next)
        {
            network.edge(needed(adjoint.neuron.states[i as usize].next), computed(id), UNCUT);
        }
    }
    let direct = graph.reached(adjoint.step(), own);
    let direct = graph.iter().filter(|(id, _)| own(*id) && direct[id.0 as usize]);
    direct.for_each(|(id, _)| network.edge(needed(id), SINK, UNCUT));
    let (_, side) = network.cut();
    let is_border = |id: NodeId| side[needed(id)] && !side[computed(id)];
    let border = graph.iter().filter(|(id, _)| own(*id) && is_border(*id));
    border.map(|(id, node)| (id, weights.width(&node.op, node.ty))).collect()
}
