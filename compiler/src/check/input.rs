//! The inputs of a typed program, and where their values come from.

use crate::check::hir::Param;
use crate::span::Span;

/// An input: one value a neuron and step.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Where its values come from.
    pub from: From,
    /// Its declaration.
    pub span: Span,
}

/// Where the values of an input come from.
#[derive(Clone, Debug)]
pub enum From {
    /// The caller gives them.
    Caller,
    /// The caller gives a param with a number for each step.
    Param(Box<Param>),
    /// They are drawn, with the number of the declaration.
    Draw(Draw, u32),
    /// They are the neuron's product with this index.
    Product(u32),
}

/// What is drawn for each neuron and step; a distribution of its own is made of it in the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Draw {
    /// Uniform in `[0, 1)`, a multiple of 2^-24.
    Uniform,
    /// Of the normal distribution with mean 0 and deviation 1.
    Normal,
}

impl Input {
    /// Whether backward returns its gradient.
    pub fn has_gradient(&self) -> bool {
        match &self.from {
            From::Caller | From::Product(_) => true,
            From::Param(param) => param.learn,
            From::Draw(..) => false,
        }
    }

    /// The param that it is to the caller.
    pub fn param(&self) -> Option<&Param> {
        match &self.from {
            From::Param(param) => Some(param),
            _ => None,
        }
    }

    /// What is drawn, and the number of the declaration.
    pub fn draw(&self) -> Option<(Draw, u32)> {
        match self.from {
            From::Draw(draw, number) => Some((draw, number)),
            _ => None,
        }
    }

    /// The index of the product that it is.
    pub fn product(&self) -> Option<u32> {
        match self.from {
            From::Product(i) => Some(i),
            _ => None,
        }
    }

    /// Whether the caller gives it as an input.
    pub fn is_given(&self) -> bool {
        matches!(self.from, From::Caller)
    }
}
