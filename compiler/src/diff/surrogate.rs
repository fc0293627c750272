//! The rule of a spike: its surrogate's `d` by the distance, and for an argument of the surrogate the
//! derivative of `y`, swept as a step is.

use super::rules::Rule;
use super::sweep::{Sweep, Term, useful};
use crate::check::hir::{Arguments, Function, Leaf, NodeId, Op, Surrogate};

impl Rule<'_> {
    /// The term of operand `i` of a spike.
    pub(super) fn spike(
        &mut self,
        surrogate: &Surrogate,
        u: NodeId,
        arguments: Arguments,
        g: NodeId,
        i: usize,
    ) -> Option<Term> {
        let given: Vec<NodeId> =
            std::iter::once(u).chain(arguments.into_iter().flatten()).collect();
        if i > 0 {
            // Where a param is learnt, the checker has seen to it that there is one.
            return self.through(surrogate.y.as_ref()?, &given, g, Leaf::Arg(i as u32));
        }
        let d = self.inline(&surrogate.d, &given)[surrogate.d.result.0 as usize];
        Some(Term::always(self.mul(g, d)))
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
    ) -> Option<Term> {
        let (known, useful) =
            (self.inline(function, given), useful(&function.graph, |leaf| leaf == to));
        let mut sweep = Sweep::new(self.graph, self.of, known, useful);
        sweep.adjoints[function.result.0 as usize] = Some(Term::always(g));
        for id in sweep.nodes() {
            let op = function.graph.node(id).op;
            if op == Op::Leaf(to) {
                return sweep.adjoints[id.0 as usize];
            }
            sweep.pull(id, op, self.span);
        }
        None
    }
}
