//! What an operation costs, and what a step costs.

use super::term::Term;
use crate::check::hir::{Binary, Compare, Graph, NodeId, Op, Unary};

/// The costs of a target, in sixteenths of an addition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// A value that backward keeps of the step that it computes again.
    pub kept: u32,
    /// An addition, a product, a comparison, a selection.
    pub operation: u32,
    /// A division or a square root.
    pub division: u32,
    /// A function of the maths library.
    pub special: u32,
    /// A step's share of what is done once a launch: how much less it costs.
    pub steady: u32,
}

impl Weights {
    /// Of a CPU with vectors of four lanes.
    pub const CPU: Weights =
        Weights { kept: 16, operation: 16, division: 80, special: 400, steady: 16 };
    /// Of a GPU, where a division is a routine of its own.
    pub const GPU: Weights =
        Weights { kept: 12, operation: 16, division: 160, special: 320, steady: 8 };

    /// The cost of a term.
    pub fn of(&self, term: &Term, is_steady: bool) -> u32 {
        let cost = match class(&term.head()) {
            Class::Free => return 0,
            // Inputs and states are kept of the step that is computed again.
            Class::Leaf if is_steady => return 0,
            Class::Leaf => return self.kept,
            Class::Operation => self.operation,
            Class::Division => self.division,
            Class::Special => self.special,
        };
        // At least 1, so that a term costs more than its operands.
        if is_steady { (cost / self.steady).max(1) } else { cost }
    }
}

/// How much work an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// None.
    Free,
    /// It comes from outside.
    Leaf,
    /// One instruction.
    Operation,
    /// A division or a square root.
    Division,
    /// A function of the maths library.
    Special,
}

/// How much work an operation is.
pub fn class(op: &Op) -> Class {
    match op {
        Op::Const(_) | Op::Int(_) | Op::Bool(_) | Op::Detach(_) => Class::Free,
        Op::Leaf(_) => Class::Leaf,
        Op::Binary(Binary::Div, ..) | Op::Unary(Unary::Sqrt, _) => Class::Division,
        Op::Unary(op, _) if is_special(*op) => Class::Special,
        _ => Class::Operation,
    }
}

fn is_special(op: Unary) -> bool {
    use Unary::{Abs, Ceil, Floor, Neg, Round, Sign, Sqrt};
    !matches!(op, Neg | Abs | Sqrt | Floor | Ceil | Round | Sign)
}

/// The work of some nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Additions, products, comparisons, selections.
    pub operations: u32,
    /// Functions of the maths library.
    pub special: u32,
    /// Divisions and square roots.
    pub divisions: u32,
}

impl Work {
    /// Of the nodes for which `counts` holds. A reset counts as what it is made of; whether a spike fired
    /// is known from the spike.
    pub fn of(graph: &Graph, counts: impl Fn(NodeId) -> bool) -> Self {
        let mut work = Self::default();
        for (id, node) in graph.iter().filter(|(id, _)| counts(*id)) {
            match class(&node.op) {
                Class::Free | Class::Leaf => {}
                _ if is_fired(graph, &node.op) => {}
                Class::Operation => {
                    work.operations += 1 + u32::from(matches!(node.op, Op::Soft(..)))
                }
                Class::Division => work.divisions += 1,
                Class::Special => work.special += 1,
            }
            let _ = id;
        }
        work
    }
}

/// Whether it asks if a spike fired, which the spike's own comparison tells.
fn is_fired(graph: &Graph, op: &Op) -> bool {
    let Op::Compare(Compare::Ne, s, zero) = *op else { return false };
    let is_zero = matches!(graph.node(zero).op, Op::Const(number) if number.value() == 0.0);
    is_zero && matches!(graph.node(s).op, Op::Spike(..))
}
