//! The reverse sweep: what came to a node is given on to its operands, from the last node to the first.
//! A neuron's step is swept so, and so is the `y` of a surrogate.

use super::rules::Rule;
use crate::check::hir::{Binary, Graph, Leaf, Logic, NodeId, Op, Surrogate, Type};
use crate::span::Span;

/// What comes to a node.
#[derive(Clone, Copy)]
pub(super) struct Term {
    pub value: NodeId,
    /// The condition under which it counts; elsewhere nothing comes. It is applied as late as can be:
    /// a 0 that is multiplied by the infinite derivative of a branch not taken would be NaN.
    pub guard: Option<NodeId>,
}

impl Term {
    /// A term that counts everywhere.
    pub fn always(value: NodeId) -> Self {
        Self { value, guard: None }
    }
}

/// One backward sweep over nodes that stand in a graph, which grows by the adjoints.
pub(super) struct Sweep<'a> {
    pub graph: &'a mut Graph,
    /// The neuron's surrogates.
    pub surrogates: &'a [Surrogate],
    /// For each node that is swept, where it stands in the graph.
    pub known: Vec<NodeId>,
    /// The nodes whose adjoints are wanted.
    pub useful: Vec<bool>,
    /// What has come to each node so far.
    pub adjoints: Vec<Option<Term>>,
}

impl<'a> Sweep<'a> {
    /// A sweep to which nothing has come yet.
    pub fn new(
        graph: &'a mut Graph,
        surrogates: &'a [Surrogate],
        known: Vec<NodeId>,
        useful: Vec<bool>,
    ) -> Self {
        let adjoints = vec![None; known.len()];
        Self { graph, surrogates, known, useful, adjoints }
    }

    /// The nodes that are swept, from the last to the first.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.known.len() as u32).rev().map(NodeId)
    }

    /// Gives the adjoint of a node, which computes `op`, on to its operands.
    pub fn pull(&mut self, id: NodeId, op: Op, span: Span) {
        let Some(adjoint) = self.adjoints[id.0 as usize] else { return };
        let operands: Vec<NodeId> = op.operands().collect();
        let leads: Vec<bool> = operands.iter().map(|a| self.useful[a.0 as usize]).collect();
        let (op, y) = (op.map(|a| self.known[a.0 as usize]), self.known[id.0 as usize]);
        let mut rule = Rule { graph: self.graph, span, of: self.surrogates };
        let terms = rule.terms(op, y, adjoint.value, &leads);
        for (operand, term) in operands.into_iter().zip(terms) {
            if let Some(term) = term {
                let guard = self.both(adjoint.guard, term.guard, span);
                self.accumulate(operand, Term { guard, ..term }, span);
            }
        }
    }

    /// The condition under which a term counts that came under another one.
    fn both(&mut self, outer: Option<NodeId>, own: Option<NodeId>, span: Span) -> Option<NodeId> {
        match (outer, own) {
            (Some(outer), Some(own)) => {
                Some(self.graph.add(Op::Logic(Logic::And, outer, own), Type::Bool, span))
            }
            (outer, own) => outer.or(own),
        }
    }

    /// Adds what comes to a node.
    pub fn accumulate(&mut self, node: NodeId, term: Term, span: Span) {
        self.adjoints[node.0 as usize] = Some(match self.adjoints[node.0 as usize] {
            None => term,
            Some(sum) if sum.guard == term.guard => {
                let value = self.graph.binary(Binary::Add, sum.value, term.value, span);
                Term { value, ..term }
            }
            Some(sum) => {
                let (sum, term) = (self.guarded(sum, span), self.guarded(term, span));
                Term::always(self.graph.binary(Binary::Add, sum, term, span))
            }
        });
    }

    /// The value where the guard holds, else 0.
    pub fn guarded(&mut self, term: Term, span: Span) -> NodeId {
        let Some(guard) = term.guard else { return term.value };
        let zero = self.graph.constant(0.0, span);
        // The branch not taken is the negation itself: one operation less.
        let op = match self.graph.node(guard).op {
            Op::Not(c) => Op::Select(c, zero, term.value),
            _ => Op::Select(guard, term.value, zero),
        };
        self.graph.add(op, Type::Real, span)
    }
}

/// The nodes whose adjoints lead to a leaf that is wanted.
pub(super) fn useful(graph: &Graph, wanted: impl Fn(Leaf) -> bool) -> Vec<bool> {
    let mut useful: Vec<bool> = Vec::with_capacity(graph.len());
    for (_, node) in graph.iter() {
        let leads = match node.op {
            Op::Leaf(leaf) => wanted(leaf),
            Op::Detach(_) => false,
            op => op.operands().any(|operand| useful[operand.0 as usize]),
        };
        useful.push(leads && node.ty == Type::Real);
    }
    useful
}
