//! Names and what they mean at a place of the program.

use std::collections::HashMap;

use crate::ast;
use crate::check::tree::{Slot, Stage, Type};
use crate::span::Span;

/// What kind of thing a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A compile-time option.
    Option,
    /// An input.
    Input,
    /// A param.
    Param,
    /// A draw.
    Draw,
    /// A state.
    State,
    /// A `const`.
    Const,
    /// A `let`.
    Let,
    /// A `let mut`.
    Mutable,
    /// What counts in a loop or sum.
    Counter,
    /// A name made in `fire`.
    Fired,
    /// An argument of a function or surrogate.
    Argument,
}

impl Role {
    /// What the role is called in messages.
    pub fn name(self) -> &'static str {
        match self {
            Role::Option => "an option",
            Role::Input => "an input",
            Role::Param => "a param",
            Role::Draw => "a draw",
            Role::State => "a state",
            Role::Const => "a const",
            Role::Let => "a `let`",
            Role::Mutable => "a `let mut`",
            Role::Counter => "a loop's counter",
            Role::Fired => "made in `fire`",
            Role::Argument => "an argument",
        }
    }
}

/// How far the value of a name is known.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// It can be used.
    Ready,
    /// It is declared outside the phases and not checked yet.
    Pending(&'a ast::Expr),
    /// It is being checked: to use it now is a cycle.
    Busy,
    /// It is made in a later phase.
    Later,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
pub struct Symbol<'a> {
    /// What kind of thing.
    pub role: Role,
    /// Where its value is.
    pub slot: Slot,
    /// What its value is.
    pub ty: Type,
    /// When its value is known.
    pub stage: Stage,
    /// Whether a gradient flows through it.
    pub smooth: bool,
    /// How far its value is known.
    pub progress: Progress<'a>,
    /// Its declaration.
    pub span: Span,
}

/// The names known at a place; an inner frame is local to a pair of braces.
#[derive(Clone, Debug, Default)]
pub struct Scope<'a> {
    frames: Vec<HashMap<&'a str, Symbol<'a>>>,
}

impl<'a> Scope<'a> {
    /// A scope with one empty frame.
    pub fn new() -> Self {
        Self { frames: vec![HashMap::new()] }
    }

    /// What a name stands for.
    pub fn get(&self, name: &str) -> Option<&Symbol<'a>> {
        self.frames.iter().rev().find_map(|frame| frame.get(name))
    }

    /// What a name stands for, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Symbol<'a>> {
        self.frames.iter_mut().rev().find_map(|frame| frame.get_mut(name))
    }

    /// Adds a name to the innermost frame.
    pub fn insert(&mut self, name: &'a str, symbol: Symbol<'a>) {
        if let Some(frame) = self.frames.last_mut() {
            frame.insert(name, symbol);
        }
    }

    /// Opens a frame.
    pub fn push(&mut self) {
        self.frames.push(HashMap::new());
    }

    /// Closes the innermost frame.
    pub fn pop(&mut self) {
        self.frames.pop();
    }

    /// All names, in no order.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.frames.iter().flat_map(|frame| frame.keys().copied())
    }
}
