//! What an operation costs.

use super::term::Term;
use crate::check::hir::{Binary, Op, Unary};

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
