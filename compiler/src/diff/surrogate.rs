//! The rule of a spike: its surrogate's `d` by the distance, and for an argument of the surrogate the
//! derivative of `y`, taken by the same table.

use super::rules::Rule;
use crate::check::hir::{Arguments, Binary, Function, Graph, Leaf, NodeId, Op, Surrogate, Type};

impl Rule<'_> {
    /// The term of operand `i` of a spike.
    pub(super) fn spike(
        &mut self,
        surrogate: &Surrogate,
        u: NodeId,
        arguments: Arguments,
        g: NodeId,
        i: usize,
    ) -> Option<NodeId> {
        let given: Vec<NodeId> =
            std::iter::once(u).chain(arguments.into_iter().flatten()).collect();
        if i > 0 {
            // Where a param is learnt, the checker has seen to it that there is one.
            return self.through(surrogate.y.as_ref()?, &given, g, Leaf::Arg(i as u32));
        }
        let d = self.inline(&surrogate.d, &given)[surrogate.d.result.0 as usize];
        Some(self.mul(g, d))
    }

    /// A function's nodes with its arguments put in.
    fn inline(&mut self, function: &Function, given: &[NodeId]) -> Vec<NodeId> {
        let mut known: Vec<NodeId> = Vec::with_capacity(function.graph.len());
        for (_, node) in function.graph.iter() {
            known.push(match node.op {
                Op::Leaf(Leaf::Arg(i)) => given[i as usize],
                op => self.graph.add(op.map(|a| known[a.0 as usize]), node.ty, self.span),
            });
        }
        known
    }

    /// What comes through a function to one of its arguments.
    fn through(
        &mut self,
        function: &Function,
        given: &[NodeId],
        g: NodeId,
        to: Leaf,
    ) -> Option<NodeId> {
        let known = self.inline(function, given);
        let leads = leading(&function.graph, to);
        let mut adjoints = vec![None; known.len()];
        adjoints[function.result.0 as usize] = Some(g);
        for (id, node) in function.graph.iter().rev() {
            let Some(adjoint) = adjoints[id.0 as usize] else { continue };
            if node.op == Op::Leaf(to) {
                return Some(adjoint);
            }
            let operands: Vec<usize> = node.op.operands().map(|a| a.0 as usize).collect();
            let wanted: Vec<bool> = operands.iter().map(|&a| leads[a]).collect();
            let op = node.op.map(|a| known[a.0 as usize]);
            let mut terms = self.terms(op, known[id.0 as usize], adjoint, &wanted);
            if let Op::Select(c, ..) = op {
                // No sweep is here that would guard them.
                terms[1] = terms[1].map(|g| self.where_true(c, g));
                terms[2] = terms[2].map(|g| self.where_false(c, g));
            }
            for (operand, term) in operands.into_iter().zip(terms) {
                adjoints[operand] = match (adjoints[operand], term) {
                    (Some(sum), Some(term)) => Some(self.binary_op(Binary::Add, sum, term)),
                    (sum, term) => sum.or(term),
                };
            }
        }
        None
    }
}

/// The nodes with a gradient to a leaf.
fn leading(graph: &Graph, to: Leaf) -> Vec<bool> {
    let mut leads: Vec<bool> = Vec::with_capacity(graph.len());
    for (_, node) in graph.iter() {
        let does = match node.op {
            Op::Leaf(leaf) => leaf == to,
            Op::Detach(_) => false,
            op => op.operands().any(|a| leads[a.0 as usize]),
        };
        leads.push(does && node.ty == Type::Real);
    }
    leads
}
