//! Equations in the syntax tree.

use crate::ast::{Expr, Let, Name};
use crate::span::Span;

/// Equations of how states change with time.
#[derive(Clone, Debug, PartialEq)]
pub struct Ode {
    /// The word `ode`.
    pub word: Span,
    /// How it is solved, if written.
    pub method: Option<Name>,
    /// In how many parts of a step, if written.
    pub steps: Option<Expr>,
    /// Names and equations, in the order written.
    pub lines: Vec<OdeLine>,
}

/// A line of an `ode` block.
#[derive(Clone, Debug, PartialEq)]
pub struct OdeLine {
    /// What it is.
    pub kind: OdeLineKind,
    /// All of it.
    pub span: Span,
}

/// The kinds of lines in an `ode` block.
#[derive(Clone, Debug, PartialEq)]
pub enum OdeLineKind {
    /// `let y = e`, a value that changes with the states.
    Let(Let),
    /// `dv/dt = e`
    Equation(Equation),
    /// Text that does not parse.
    Bad,
}

/// `dv/dt = e`
#[derive(Clone, Debug, PartialEq)]
pub struct Equation {
    /// The state.
    pub name: Name,
    /// The left side, `dv/dt`.
    pub left: Span,
    /// The right side.
    pub value: Expr,
}
