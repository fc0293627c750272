//! Fewer and simpler sums over time.
//!
//! What a step adds to a sum is multiplied by a number that is the same at every step only behind the
//! last one, and two sums that are only added or subtracted there are one.

use crate::check::hir::{Binary, Graph, Leaf, Neuron, Node, NodeId, Op, Unary};
use crate::diff::Adjoint;

/// The same adjoint with its sums made simpler.
pub fn simplify_sums(adjoint: &Adjoint) -> Adjoint {
    let mut adjoint = take_factors_out(adjoint);
    while let Some(pair) = pair(&adjoint) {
        adjoint = merged(&adjoint, pair);
    }
    adjoint
}

/// What a sum is multiplied by behind the last step.
#[derive(Clone, Copy)]
enum Factor {
    Minus,
    Times(NodeId),
    Over(NodeId),
}

fn take_factors_out(adjoint: &Adjoint) -> Adjoint {
    let graph = &adjoint.neuron.graph;
    let varying = graph.varying();
    let split = |node: NodeId| split(graph, &varying, node);
    let (sums, factors): (Vec<NodeId>, Vec<Vec<Factor>>) =
        adjoint.sums.iter().map(|sum| split(*sum)).unzip();
    rebuilt(&Adjoint { sums, ..adjoint.clone() }, |graph, node, known| {
        let Op::Leaf(Leaf::Sum(i)) = node.op else { return graph.add(node.op, node.ty, node.span) };
        let mut sum = graph.add(node.op, node.ty, node.span);
        for factor in factors[i as usize].iter().rev() {
            let of = |id: NodeId| known[id.0 as usize];
            let op = match *factor {
                Factor::Minus => Op::Unary(Unary::Neg, sum),
                Factor::Times(by) => Op::Binary(Binary::Mul, sum, of(by)),
                Factor::Over(by) => Op::Binary(Binary::Div, sum, of(by)),
            };
            sum = graph.add(op, node.ty, node.span);
        }
        sum
    })
}

/// A node without its steady factors.
fn split(graph: &Graph, varying: &[bool], mut node: NodeId) -> (NodeId, Vec<Factor>) {
    let mut factors = Vec::new();
    let varies = |id: NodeId| varying[id.0 as usize];
    loop {
        let (rest, factor) = match graph.node(node).op {
            Op::Unary(Unary::Neg, a) => (a, Factor::Minus),
            Op::Binary(Binary::Mul, a, b) if !varies(b) => (a, Factor::Times(b)),
            Op::Binary(Binary::Mul, a, b) if !varies(a) => (b, Factor::Times(a)),
            Op::Binary(Binary::Div, a, b) if !varies(b) => (a, Factor::Over(b)),
            _ => return (node, factors),
        };
        node = rest;
        factors.push(factor);
    }
}

/// Two sums that are used only in one sum or difference, which is this node.
struct Pair {
    node: NodeId,
    op: Binary,
    first: u32,
    second: u32,
}

fn pair(adjoint: &Adjoint) -> Option<Pair> {
    let graph = &adjoint.neuron.graph;
    let mut uses = vec![0; graph.len()];
    let needed = graph.needed(super::all_grads(adjoint));
    let ops = graph.iter().filter(|(id, _)| needed[id.0 as usize]).map(|(_, node)| node.op);
    ops.flat_map(|op| op.operands()).for_each(|operand| uses[operand.0 as usize] += 1);
    super::all_grads(adjoint).for_each(|root| uses[root.0 as usize] += 1);
    let sum = |id: NodeId| match graph.node(id).op {
        Op::Leaf(Leaf::Sum(i)) if uses[id.0 as usize] == 1 => Some(i),
        _ => None,
    };
    let signed = |id: NodeId| match graph.node(id).op {
        Op::Unary(Unary::Neg, a) if uses[id.0 as usize] == 1 => Some((sum(a)?, true)),
        _ => Some((sum(id)?, false)),
    };
    let pair = |node: NodeId, op: Binary, a: NodeId, b: NodeId| {
        let (a, b) = (signed(a)?, signed(b)?);
        let flipped = if op == Binary::Add { Binary::Sub } else { Binary::Add };
        let (op, first, second) = match (op, a, b) {
            (op, (first, false), (second, false)) => (op, first, second),
            (_, (first, false), (second, true)) => (flipped, first, second),
            (Binary::Add, (second, true), (first, false)) => (flipped, first, second),
            _ => return None,
        };
        (first != second).then_some(Pair { node, op, first, second })
    };
    graph.iter().find_map(|(node, Node { op, .. })| match *op {
        Op::Binary(op @ (Binary::Add | Binary::Sub), a, b) if needed[node.0 as usize] => {
            pair(node, op, a, b)
        }
        _ => None,
    })
}

/// The adjoint in which the first of two sums stands for both, and the second is gone.
fn merged(adjoint: &Adjoint, pair: Pair) -> Adjoint {
    let Pair { node: both, op, first, second } = pair;
    let mut adjoint = adjoint.clone();
    let count = adjoint.sums.len();
    let (a, b) = (adjoint.sums[first as usize], adjoint.sums[second as usize]);
    let span = adjoint.neuron.graph.node(both).span;
    adjoint.sums[first as usize] = adjoint.neuron.graph.binary(op, a, b, span);
    let gone = second;
    let place = |i: u32| Op::Leaf(Leaf::Sum(if i > gone { i - 1 } else { i }));
    let mut id = 0;
    let mut rebuilt = rebuilt(&adjoint, |graph, node, _| {
        let op = match node.op {
            _ if id == both.0 => place(first),
            Op::Leaf(Leaf::Sum(i)) => place(i),
            op => op,
        };
        id += 1;
        graph.add(op, node.ty, node.span)
    });
    debug_assert_eq!(count, rebuilt.sums.len());
    rebuilt.sums.remove(gone as usize);
    rebuilt
}

/// The adjoint with each of its nodes, whose operands are new already, made by `make`.
fn rebuilt(
    adjoint: &Adjoint,
    mut make: impl FnMut(&mut Graph, Node, &[NodeId]) -> NodeId,
) -> Adjoint {
    let mut graph = Graph::default();
    let mut known: Vec<NodeId> = Vec::with_capacity(adjoint.neuron.graph.len());
    for (_, node) in adjoint.neuron.graph.iter() {
        let op = node.op.map(|operand| known[operand.0 as usize]);
        let made = make(&mut graph, Node { op, ..*node }, &known);
        known.push(made);
    }
    let neuron = Neuron { graph: Graph::default(), ..adjoint.neuron.clone() };
    let adjoint = Adjoint { neuron, ..adjoint.clone() };
    super::renamed(&adjoint, graph, adjoint.n_primal, |id| Some(known[id.0 as usize]))
}
