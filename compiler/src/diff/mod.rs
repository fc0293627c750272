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

mod linear;
mod print;
mod rules;
mod surrogate;
mod sweep;
#[cfg(test)]
pub(crate) mod tests;

use crate::check::hir::{Leaf, Neuron, Node, NodeId, Op, Type};
use crate::span::Span;
use sweep::{Sweep, Term};

pub use linear::Linear;
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

impl Adjoint {
    /// What backward computes at a step.
    pub fn step(&self) -> impl Iterator<Item = NodeId> {
        let grads = self.inputs.iter().chain(&self.states).copied().flatten();
        grads.chain(self.sums.iter().copied())
    }
}

/// Differentiates a neuron's step by its inputs, its states and the params that are learnt.
pub fn differentiate(neuron: &Neuron) -> Adjoint {
    let mut graph = neuron.graph.clone();
    let known: Vec<NodeId> = graph.iter().map(|(id, _)| id).collect();
    let n_primal = known.len();
    let sweep = Sweep::new(&mut graph, &neuron.surrogates, known, useful(neuron));
    let mut step = Step { neuron, varying: neuron.graph.varying(), sweep };
    let sums = step.step();
    let inputs = step.leaves(neuron.inputs.len(), Leaf::Input);
    let states = step.leaves(neuron.states.len(), Leaf::State);
    let sums = step.epilogue(sums);
    let mut params = step.leaves(neuron.params.len(), Leaf::Param);
    for (adjoint, param) in params.iter_mut().zip(&neuron.params) {
        *adjoint = adjoint.filter(|_| param.learn);
    }
    let neuron = Neuron { graph, ..neuron.clone() };
    Adjoint { neuron, n_primal, inputs, states, sums, params }
}

/// The nodes whose adjoints lead somewhere: to an input, a state or a learnt param.
fn useful(neuron: &Neuron) -> Vec<bool> {
    sweep::useful(&neuron.graph, |leaf| match leaf {
        Leaf::State(_) => true,
        Leaf::Input(i) => neuron.inputs[i as usize].has_gradient(),
        Leaf::Param(i) => neuron.params[i as usize].learn,
        _ => false,
    })
}

/// The sweep over a neuron's step.
struct Step<'n> {
    neuron: &'n Neuron,
    varying: Vec<bool>,
    sweep: Sweep<'n>,
}

impl Step<'_> {
    /// The adjoint of a step. Returned are the nodes that do not vary and that something came to, with
    /// what comes at each step.
    fn step(&mut self) -> Vec<(NodeId, NodeId)> {
        for (i, output) in self.neuron.outputs.iter().enumerate() {
            self.seed(output.value, Leaf::OutputGrad(i as u32), output.span);
        }
        for (i, state) in self.neuron.states.iter().enumerate() {
            self.seed(state.next, Leaf::StateGrad(i as u32), state.span);
        }
        for (i, product) in self.neuron.products.iter().enumerate() {
            let span = self.neuron.graph.node(product.column).span;
            self.seed(product.column, Leaf::ColumnGrad(i as u32), span);
        }
        for id in self.sweep.nodes() {
            if self.varying[id.0 as usize] {
                self.pull(id);
            }
        }
        let mut frontier = Vec::new();
        for i in 0..self.sweep.adjoints.len() {
            let term = if self.varying[i] { None } else { self.sweep.adjoints[i].take() };
            if let Some(term) = term {
                let node = NodeId(i as u32);
                let span = self.sweep.graph.node(node).span;
                frontier.push((node, self.sweep.guarded(term, span)));
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
            let span = self.sweep.graph.node(node).span;
            self.seed(node, sum, span);
        }
        for (i, state) in self.neuron.states.iter().enumerate() {
            self.seed(state.init, Leaf::InitGrad(i as u32), state.span);
        }
        for id in self.sweep.nodes() {
            if !self.varying[id.0 as usize] {
                self.pull(id);
            }
        }
        sums
    }

    /// Gives a node's adjoint on to its operands.
    fn pull(&mut self, id: NodeId) {
        let Node { op, span, .. } = *self.neuron.graph.node(id);
        self.sweep.pull(id, op, span);
    }

    /// An adjoint that comes from outside.
    fn seed(&mut self, node: NodeId, leaf: Leaf, span: Span) {
        if self.sweep.useful[node.0 as usize] {
            let value = self.sweep.graph.add(Op::Leaf(leaf), Type::Real, span);
            self.sweep.accumulate(node, Term::always(value), span);
        }
    }

    /// What came to each leaf of a kind.
    fn leaves(&mut self, count: usize, leaf: impl Fn(u32) -> Leaf) -> Vec<Option<NodeId>> {
        let mut adjoints = vec![None; count];
        for (id, adjoint) in self.sweep.adjoints.clone().into_iter().enumerate() {
            let Node { op, span, .. } = *self.sweep.graph.node(NodeId(id as u32));
            let is_leaf = |i: &usize| op == Op::Leaf(leaf(*i as u32));
            if let Some(i) = (0..count).find(is_leaf) {
                adjoints[i] = adjoint.map(|term| self.sweep.guarded(term, span));
            }
        }
        adjoints
    }
}
