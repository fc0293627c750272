//! States that learning may let grow without bound: what a step multiplies by more than 1 in size, again
//! and again, overflows in the end.

use super::declared;
use super::ranges::{Ranges, declaration};
use crate::check::hir::{Binary, Graph, Leaf, Neuron, Node, NodeId, Op, State, Type, Unary};
use crate::check::learnt;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::egraph::facts::Fact;
use crate::span::Span;

/// The warnings about states whose factor is at most 1 in size at first, and may be more once it is learnt.
/// Resets are looked through. Of a state that others act on this says too little.
pub fn warn(neuron: &Neuron) -> Diagnostics {
    if !learnt::params(neuron).any(|param| param.learn) {
        return Vec::new();
    }
    let ranges = Ranges::learnt(neuron);
    let reals = neuron.states.iter().zip(0..).filter(|(state, _)| state.ty == Type::Real);
    reals.filter_map(|(state, i)| growing(neuron, &ranges, state, i)).collect()
}

fn growing(neuron: &Neuron, ranges: &Ranges<'_>, state: &State, i: u32) -> Option<Diagnostic> {
    let charged = charged(&neuron.graph, state.next);
    let fires = |id: NodeId| matches!(neuron.graph.node(id).op, Op::Spike(..));
    let reached = neuron.graph.reached([charged], fires);
    let is_other = |leaf: Leaf| matches!(leaf, Leaf::State(other) if other != i);
    let is_of_others = |(id, node): (NodeId, &Node)| {
        reached[id.0 as usize] && matches!(node.op, Op::Leaf(leaf) if is_other(leaf))
    };
    if neuron.graph.iter().any(is_of_others) {
        return None;
    }
    let mut graph = neuron.graph.clone();
    let Factor::Times(factor) = factor(&mut graph, Leaf::State(i), charged) else { return None };
    let params = ranges.made_of(&graph, factor)?;
    let is_learnt = |node: &NodeId| declaration(neuron, *node).is_some_and(|param| param.learn);
    let at_first = ranges.by_default(&graph, factor, &params);
    if !params.iter().any(is_learnt) || at_first.is_some_and(is_large) {
        return None;
    }
    let ends = ranges.at_ends(&graph, factor, &params);
    ends.into_iter().any(is_large).then(|| finding(neuron, state, &params))
}

/// Whether it is surely more than 1 in size.
fn is_large(factor: Fact) -> bool {
    factor.low > 1.0 || factor.high < -1.0
}

/// What a state is before its reset.
fn charged(graph: &Graph, mut next: NodeId) -> NodeId {
    while let Op::Hard(v, ..) | Op::Soft(v, ..) = graph.node(next).op {
        next = v;
    }
    next
}

fn finding(neuron: &Neuron, state: &State, params: &[NodeId]) -> Diagnostic {
    let message = format!("learning may let the state `{}` grow without bound", state.name);
    let there = "each step may multiply it by more than 1 in size";
    declared(Diagnostic::new("W0402", state.span, message, there), neuron, params)
        .help("a range keeps a param where the state decays, as `in (0, 1) via sigmoid` does")
}

/// How a value depends on a state.
#[derive(Clone, Copy)]
enum Factor {
    /// Not at all.
    Free,
    /// It is the state times this, and more that is free of it.
    Times(NodeId),
    /// In another way.
    Other,
}

/// How a node depends on a state; factors are made at the end of the graph.
fn factor(graph: &mut Graph, state: Leaf, node: NodeId) -> Factor {
    let mut of: Vec<Factor> = Vec::with_capacity(node.0 as usize + 1);
    for i in 0..=node.0 {
        let node = *graph.node(NodeId(i));
        let known = |id: NodeId| of[id.0 as usize];
        let mut make = Make { graph: &mut *graph, span: node.span };
        of.push(match node.op {
            Op::Leaf(leaf) if leaf == state => Factor::Times(make.graph.constant(1.0, node.span)),
            Op::Unary(Unary::Neg, a) => make.minus(known(a)),
            Op::Binary(Binary::Add, a, b) => make.sum(known(a), known(b)),
            Op::Binary(Binary::Sub, a, b) => {
                let b = make.minus(known(b));
                make.sum(known(a), b)
            }
            Op::Binary(Binary::Mul, a, b) => make.product([a, b], [known(a), known(b)]),
            Op::Binary(Binary::Div, a, b) => match (known(a), known(b)) {
                (Factor::Times(a), Factor::Free) => Factor::Times(make.binary(Binary::Div, a, b)),
                (a, b) => either(a, b),
            },
            Op::Fma(a, b, c) => {
                let product = make.product([a, b], [known(a), known(b)]);
                make.sum(product, known(c))
            }
            Op::Detach(a) => known(a),
            // Not every step has one.
            Op::Spike(..) => Factor::Free,
            op => op.operands().map(known).fold(Factor::Free, either),
        });
    }
    of[node.0 as usize]
}

/// Of an operation that keeps no factor: free where its operands are.
fn either(a: Factor, b: Factor) -> Factor {
    if matches!((a, b), (Factor::Free, Factor::Free)) { Factor::Free } else { Factor::Other }
}

struct Make<'g> {
    graph: &'g mut Graph,
    span: Span,
}

impl Make<'_> {
    fn binary(&mut self, op: Binary, a: NodeId, b: NodeId) -> NodeId {
        self.graph.binary(op, a, b, self.span)
    }

    fn minus(&mut self, a: Factor) -> Factor {
        match a {
            Factor::Times(a) => Factor::Times(self.graph.unary(Unary::Neg, a, self.span)),
            other => other,
        }
    }

    fn sum(&mut self, a: Factor, b: Factor) -> Factor {
        match (a, b) {
            (Factor::Times(a), Factor::Times(b)) => Factor::Times(self.binary(Binary::Add, a, b)),
            (Factor::Times(a), Factor::Free) | (Factor::Free, Factor::Times(a)) => Factor::Times(a),
            (a, b) => either(a, b),
        }
    }

    fn product(&mut self, nodes: [NodeId; 2], factors: [Factor; 2]) -> Factor {
        match factors {
            [Factor::Times(a), Factor::Free] => {
                Factor::Times(self.binary(Binary::Mul, a, nodes[1]))
            }
            [Factor::Free, Factor::Times(b)] => {
                Factor::Times(self.binary(Binary::Mul, nodes[0], b))
            }
            [a, b] => either(a, b),
        }
    }
}
