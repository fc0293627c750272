//! Reverse-mode differentiation of one step, as graph nodes behind those of the step itself.
//!
//! The adjoint of a step takes the adjoints of the outputs and of the states after it, and gives those
//! of the inputs and of the states before it; going through time is the kernel's business. What does
//! not change over time (nodes of params and constants alone) is not differentiated at every step: the
//! adjoints of those nodes that a step uses directly are summed over time, and an epilogue, once a
//! lane, takes the sums on to the params.
//!
//! Never here: simplification of any kind. A rule that knows a spike to be 0 or 1 would change the
//! surrogate's gradient if it ran before this.

mod print;
mod rules;
mod surrogate;
#[cfg(test)]
pub(crate) mod tests;

use crate::check::hir::{Binary, Graph, Leaf, Logic, Neuron, Node, NodeId, Op, Type};
use crate::span::Span;

pub use print::print;

/// A neuron with the adjoint of its step.
#[derive(Clone, Debug)]
pub struct Adjoint {
    /// The neuron; its graph holds the nodes of the adjoint too.
    pub neuron: Neuron,
    /// How many nodes of the graph are the neuron's own. They keep their ids and their values.
    pub n_primal: usize,
    /// For each input its adjoint at a step; none where nothing comes through.
    pub inputs: Vec<Option<NodeId>>,
    /// For each state its adjoint before a step; none where nothing comes through.
    pub states: Vec<Option<NodeId>>,
    /// What is summed over all steps, for [`Leaf::Sum`].
    pub sums: Vec<NodeId>,
    /// For each param that is learnt its adjoint, from sums and [`Leaf::InitGrad`]; none where nothing
    /// comes through or it is not learnt.
    pub params: Vec<Option<NodeId>>,
}

/// Differentiates a neuron's step by its inputs, its states and the params that are learnt.
pub fn differentiate(neuron: &Neuron) -> Adjoint {
    let n_primal = neuron.graph.len();
    let mut sweep = Sweep {
        neuron,
        graph: neuron.graph.clone(),
        useful: useful(neuron),
        varying: neuron.graph.varying(),
        adjoints: vec![None; n_primal],
    };
    let sums = sweep.step();
    let inputs = sweep.leaves(neuron.inputs.len(), Leaf::Input);
    let states = sweep.leaves(neuron.states.len(), Leaf::State);
    let sums = sweep.epilogue(sums);
    let mut params = sweep.leaves(neuron.params.len(), Leaf::Param);
    for (adjoint, param) in params.iter_mut().zip(&neuron.params) {
        *adjoint = adjoint.filter(|_| param.learn);
    }
    let neuron = Neuron { graph: sweep.graph, ..neuron.clone() };
    Adjoint { neuron, n_primal, inputs, states, sums, params }
}

/// The nodes whose adjoints lead somewhere: to an input, a state or a learnt param.
fn useful(neuron: &Neuron) -> Vec<bool> {
    let mut useful: Vec<bool> = Vec::with_capacity(neuron.graph.len());
    for (_, node) in neuron.graph.iter() {
        let leads = match node.op {
            Op::Leaf(Leaf::State(_)) => true,
            Op::Leaf(Leaf::Input(i)) => neuron.inputs[i as usize].has_gradient(),
            Op::Leaf(Leaf::Param(i)) => neuron.params[i as usize].learn,
            Op::Detach(_) => false,
            op => op.operands().any(|operand| useful[operand.0 as usize]),
        };
        useful.push(leads && node.ty == Type::Real);
    }
    useful
}

/// One backward sweep over a graph that grows by the adjoints.
struct Sweep<'n> {
    neuron: &'n Neuron,
    graph: Graph,
    useful: Vec<bool>,
    varying: Vec<bool>,
    /// For each node of the neuron what has come to it so far.
    adjoints: Vec<Option<Term>>,
}

/// What comes to a node.
#[derive(Clone, Copy)]
struct Term {
    value: NodeId,
    /// The condition under which it counts; elsewhere nothing comes. It is applied as late as can be:
    /// a 0 that is multiplied by the infinite derivative of a branch not taken would be NaN.
    guard: Option<NodeId>,
}

impl Sweep<'_> {
    /// The adjoint of a step. Returned are the nodes that do not vary and that something came to, with
    /// what comes at each step.
    fn step(&mut self) -> Vec<(NodeId, NodeId)> {
        for (i, output) in self.neuron.outputs.iter().enumerate() {
            self.seed(output.value, Leaf::OutputGrad(i as u32), output.span);
        }
        for (i, state) in self.neuron.states.iter().enumerate() {
            self.seed(state.next, Leaf::StateGrad(i as u32), state.span);
        }
        for id in self.own_nodes() {
            if self.varying[id.0 as usize] {
                self.pull(id);
            }
        }
        let mut frontier = Vec::new();
        for i in 0..self.adjoints.len() {
            let term = if self.varying[i] { None } else { self.adjoints[i].take() };
            if let Some(term) = term {
                let node = NodeId(i as u32);
                let span = self.graph.node(node).span;
                frontier.push((node, self.guarded(term, span)));
            }
        }
        frontier
    }

    /// Takes sums over time, and the adjoints of the first states, on to the params. Returned is what
    /// is summed.
    fn epilogue(&mut self, frontier: Vec<(NodeId, NodeId)>) -> Vec<NodeId> {
        let mut sums = Vec::new();
        for (node, adjoint) in frontier {
            let sum = Leaf::Sum(sums.len() as u32);
            sums.push(adjoint);
            let span = self.graph.node(node).span;
            self.seed(node, sum, span);
        }
        for (i, state) in self.neuron.states.iter().enumerate() {
            self.seed(state.init, Leaf::InitGrad(i as u32), state.span);
        }
        for id in self.own_nodes() {
            if !self.varying[id.0 as usize] {
                self.pull(id);
            }
        }
        sums
    }

    /// The neuron's nodes, from the last to the first.
    fn own_nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.adjoints.len() as u32).rev().map(NodeId)
    }

    /// An adjoint that comes from outside.
    fn seed(&mut self, node: NodeId, leaf: Leaf, span: Span) {
        if self.useful[node.0 as usize] {
            let value = self.graph.add(Op::Leaf(leaf), Type::Real, span);
            self.accumulate(node, Term { value, guard: None }, span);
        }
    }

    /// Gives a node's adjoint on to its operands.
    fn pull(&mut self, id: NodeId) {
        let Some(adjoint) = self.adjoints[id.0 as usize] else { return };
        let Node { op, span, .. } = *self.graph.node(id);
        let operands: Vec<NodeId> = op.operands().collect();
        let leads: Vec<bool> = operands.iter().map(|a| self.useful[a.0 as usize]).collect();
        let mut rule = rules::Rule { graph: &mut self.graph, span, of: &self.neuron.surrogates };
        let terms = rule.terms(op, id, adjoint.value, &leads);
        for (i, (operand, value)) in operands.into_iter().zip(terms).enumerate() {
            if let Some(value) = value {
                let guard = self.guard(op, i, adjoint.guard, span);
                self.accumulate(operand, Term { value, guard }, span);
            }
        }
    }

    /// The condition under which operand `i` decides the value of a node that counts under `outer`.
    fn guard(&mut self, op: Op, i: usize, outer: Option<NodeId>, span: Span) -> Option<NodeId> {
        let own = match (op, i) {
            (Op::Select(c, ..), 1) => c,
            (Op::Select(c, ..), 2) => self.graph.add(Op::Not(c), Type::Bool, span),
            _ => return outer,
        };
        let both = |outer| self.graph.add(Op::Logic(Logic::And, outer, own), Type::Bool, span);
        Some(outer.map_or(own, both))
    }

    fn accumulate(&mut self, node: NodeId, term: Term, span: Span) {
        self.adjoints[node.0 as usize] = Some(match self.adjoints[node.0 as usize] {
            None => term,
            Some(sum) if sum.guard == term.guard => {
                let value = self.graph.binary(Binary::Add, sum.value, term.value, span);
                Term { value, ..term }
            }
            Some(sum) => {
                let (sum, term) = (self.guarded(sum, span), self.guarded(term, span));
                Term { value: self.graph.binary(Binary::Add, sum, term, span), guard: None }
            }
        });
    }

    /// The value where the guard holds, else 0.
    fn guarded(&mut self, term: Term, span: Span) -> NodeId {
        let Some(guard) = term.guard else { return term.value };
        let zero = self.graph.constant(0.0, span);
        // The branch not taken is the negation itself: one operation less.
        let op = match self.graph.node(guard).op {
            Op::Not(c) => Op::Select(c, zero, term.value),
            _ => Op::Select(guard, term.value, zero),
        };
        self.graph.add(op, Type::Real, span)
    }

    /// What came to each leaf of a kind.
    fn leaves(&mut self, count: usize, leaf: impl Fn(u32) -> Leaf) -> Vec<Option<NodeId>> {
        let mut adjoints = vec![None; count];
        for (id, adjoint) in self.adjoints.clone().into_iter().enumerate() {
            let Node { op, span, .. } = *self.graph.node(NodeId(id as u32));
            let is_leaf = |i: &usize| op == Op::Leaf(leaf(*i as u32));
            if let Some(i) = (0..count).find(is_leaf) {
                adjoints[i] = adjoint.map(|term| self.guarded(term, span));
            }
        }
        adjoints
    }
}
