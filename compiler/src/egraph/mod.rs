//! Simplification of a neuron and its adjoint.
//!
//! Two tables of rules: [`EXACT`] ones change no number, infinities and -0 included, and are all that
//! the neuron's own nodes see; [`FAST`] ones hold for real numbers, and are for the adjoint, whose
//! results are compared with a tolerance. Rules run after differentiation, since one that knows a spike
//! to be 0 or 1 would change the surrogate's gradient.
//!
//! For now a node takes the first rule that fits, operands first, and equal nodes are one. The search
//! over all forms with an e-graph and a cost takes this function's place and keeps its tables.

mod rules;
#[cfg(test)]
mod tests;

use crate::check::hir::{Graph, Neuron, Node, NodeId, Op, Type};
use crate::diff::Adjoint;

pub use rules::{EXACT, FAST};

use rules::{Found, Patterns, Rule};

/// The same adjoint with fewer and cheaper nodes. The neuron's own values keep their bits.
pub fn simplify(adjoint: &Adjoint) -> Adjoint {
    let mut patterns = Patterns::default();
    let tables: [&[&[Rule]]; 2] = [&[EXACT, FAST], &[EXACT]];
    let known = rename(&adjoint.neuron.graph, |id, node| {
        let is_primal = (id.0 as usize) < adjoint.n_primal;
        patterns.span = node.span;
        rewrite(&mut patterns, node.op, node.ty, tables[usize::from(is_primal)])
    });
    let n_primal = reach(&known[..adjoint.n_primal]);
    without_unused(&renamed(adjoint, patterns.graph, n_primal, &known))
}

/// Applies rules to an operation until none fits, and adds what is left.
fn rewrite(patterns: &mut Patterns, mut op: Op, ty: Type, tables: &[&[Rule]]) -> NodeId {
    loop {
        let mut rules = tables.iter().copied().flatten();
        match rules.find_map(|rule| (rule.rewrite)(patterns, op)) {
            Some(Found::Node(id)) => return id,
            Some(Found::Op(simpler)) => op = simpler,
            None => return patterns.add(op, ty),
        }
    }
}

/// The same adjoint without the nodes that nothing needs.
fn without_unused(adjoint: &Adjoint) -> Adjoint {
    let used = used(adjoint);
    let mut graph = Graph::default();
    let known = rename(&adjoint.neuron.graph, |id, node| match used[id.0 as usize] {
        true => graph.add(node.op, node.ty, node.span),
        false => NodeId(graph.len().saturating_sub(1) as u32),
    });
    let n_primal = reach(&known[..adjoint.n_primal]);
    renamed(adjoint, graph, n_primal, &known)
}

/// The nodes that something needs.
fn used(adjoint: &Adjoint) -> Vec<bool> {
    let neuron = &adjoint.neuron;
    let states = neuron.states.iter().flat_map(|state| [state.init, state.next]);
    let outputs = neuron.outputs.iter().map(|output| output.value);
    let grads = adjoint.inputs.iter().chain(&adjoint.states).chain(&adjoint.params);
    let sums = adjoint.sums.iter().copied();
    let roots = states.chain(outputs).chain(grads.copied().flatten()).chain(sums);
    neuron.graph.needed(roots)
}

/// The new id of each node, made in order by `make`, which gets the node with its operands renamed.
fn rename(old: &Graph, mut make: impl FnMut(NodeId, Node) -> NodeId) -> Vec<NodeId> {
    let mut known: Vec<NodeId> = Vec::with_capacity(old.len());
    for (id, node) in old.iter() {
        let op = node.op.map(|operand| known[operand.0 as usize]);
        known.push(make(id, Node { op, ..*node }));
    }
    known
}

/// How many nodes there are up to the last of these.
fn reach(known: &[NodeId]) -> usize {
    known.iter().map(|id| id.0 as usize + 1).max().unwrap_or(0)
}

/// The adjoint with its nodes in another graph.
fn renamed(adjoint: &Adjoint, graph: Graph, n_primal: usize, known: &[NodeId]) -> Adjoint {
    let of = |id: NodeId| known[id.0 as usize];
    let all = |nodes: &[Option<NodeId>]| nodes.iter().map(|node| node.map(of)).collect();
    let mut neuron = Neuron { graph, ..adjoint.neuron.clone() };
    // A name alone keeps no node.
    let used = used(adjoint);
    neuron.named.retain(|named| used[named.node.0 as usize]);
    neuron.named.iter_mut().for_each(|named| named.node = of(named.node));
    for state in &mut neuron.states {
        (state.init, state.next) = (of(state.init), of(state.next));
    }
    for output in &mut neuron.outputs {
        output.value = of(output.value);
    }
    Adjoint {
        neuron,
        n_primal,
        inputs: all(&adjoint.inputs),
        states: all(&adjoint.states),
        sums: adjoint.sums.iter().map(|&node| of(node)).collect(),
        params: all(&adjoint.params),
    }
}
