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

use crate::check::hir::{Binary, Graph, Leaf, Neuron, Node, NodeId, Op, Type};
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
            Op::Leaf(Leaf::Input(_) | Leaf::State(_)) => true,
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
    adjoints: Vec<Option<NodeId>>,
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
        for (i, adjoint) in self.adjoints.iter_mut().enumerate() {
            if !self.varying[i] {
                frontier.extend(adjoint.take().map(|adjoint| (NodeId(i as u32), adjoint)));
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
            let adjoint = self.graph.add(Op::Leaf(leaf), Type::Real, span);
            self.accumulate(node, adjoint, span);
        }
    }

    /// Gives a node's adjoint on to its operands.
    fn pull(&mut self, id: NodeId) {
        let Some(adjoint) = self.adjoints[id.0 as usize] else { return };
        let Node { op, span, .. } = *self.graph.node(id);
        let operands: Vec<NodeId> = op.operands().collect();
        let leads: Vec<bool> = operands.iter().map(|a| self.useful[a.0 as usize]).collect();
        let mut rule = rules::Rule { graph: &mut self.graph, span, of: &self.neuron.surrogates };
        let terms = rule.terms(op, id, adjoint, &leads);
        for (operand, term) in operands.into_iter().zip(terms) {
            if let Some(term) = term {
                self.accumulate(operand, term, span);
            }
        }
    }

    fn accumulate(&mut self, node: NodeId, term: NodeId, span: Span) {
        let slot = &mut self.adjoints[node.0 as usize];
        *slot = Some(match *slot {
            Some(sum) => self.graph.binary(Binary::Add, sum, term, span),
            None => term,
        });
    }

    /// What came to each leaf of a kind.
    fn leaves(&self, count: usize, leaf: impl Fn(u32) -> Leaf) -> Vec<Option<NodeId>> {
        let mut adjoints = vec![None; count];
        for (id, node) in self.graph.iter().take(self.adjoints.len()) {
            let is_leaf = |i: &usize| node.op == Op::Leaf(leaf(*i as u32));
            if let Some(i) = (0..count).find(is_leaf) {
                adjoints[i] = self.adjoints[id.0 as usize];
            }
        }
        adjoints
    }
}
