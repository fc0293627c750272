//! `ode` blocks: equations of how states change with time, and how they are solved.
//!
//! A block moves its states over one step, all at once. The methods that evaluate the right sides at some
//! states run these once for each ([`step`]); the exponential ones take a right side apart into what is
//! linear in the states and the rest ([`linear`]), for which they know the solution ([`exponential`]).

mod exponential;
mod linear;
mod step;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::ast;
use crate::ast::{OdeLineKind, PhaseKind};
use crate::check::checker::{Checker, leaf};
use crate::check::nearest::nearest;
use crate::check::scope::Role;
use crate::check::tree::{Bind, Equation, Expr, Kind, Ode, Stage, Step, Type};
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// How equations are solved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The solution of linear equations with coefficients that are the same at every step.
    Exact,
    /// The solution of each equation with the other states held.
    ExpEuler,
    /// A straight line.
    Euler,
    /// A straight line with the slope in its middle.
    Rk2,
    /// The classical method of Runge and Kutta.
    Rk4,
    /// The first of `exact`, `exp_euler` and `rk4` that fits.
    Auto,
}

/// The words of the methods.
const WORDS: [(&str, Method); 6] = [
    ("exact", Method::Exact),
    ("exp_euler", Method::ExpEuler),
    ("euler", Method::Euler),
    ("rk2", Method::Rk2),
    ("rk4", Method::Rk4),
    ("auto", Method::Auto),
];

impl Method {
    /// The word that it is written with.
    pub fn word(self) -> &'static str {
        WORDS.iter().find(|(_, method)| *method == self).map_or("", |(word, _)| word)
    }

    /// Whether it may divide a step.
    fn has_steps(self) -> bool {
        matches!(self, Method::Euler | Method::Rk2 | Method::Rk4)
    }
}

/// States with the method that their equations are solved by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solved {
    /// The states, in the order of their equations.
    pub states: Vec<String>,
    /// The method; never `auto`.
    pub method: Method,
}

impl fmt::Display for Solved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {}", self.states.join(", "), self.method.word())
    }
}

impl<'a> Checker<'a> {
    /// An `ode` block of a phase.
    pub(super) fn ode(&mut self, steps: &mut Vec<Step>, phase: PhaseKind, ode: &'a ast::Ode) {
        if phase != PhaseKind::Charge {
            let message = format!("`ode` in `{}`", phase.word());
            let finding = Diagnostic::new("E0503", ode.word, message, "not in `charge`");
            self.report(finding.help("`charge` moves the states over a step"));
        }
        let (method, span) = match &ode.method {
            Some(name) => (self.method(name), name.span),
            None => (Method::Auto, ode.word),
        };
        let parts = ode.steps.as_ref().map(|parts| self.parts(method, span, parts));
        let dt = self.time(ode.word);
        self.scope.push();
        let (mut binds, mut equations) = (Vec::new(), Vec::new());
        for line in &ode.lines {
            match &line.kind {
                OdeLineKind::Let(binding) => binds.extend(self.local(binding)),
                OdeLineKind::Equation(equation) => {
                    let equation = self.equation(equation, &equations);
                    equations.extend(equation);
                }
                OdeLineKind::Bad => {}
            }
        }
        self.scope.pop();
        if ode.lines.iter().all(|line| matches!(line.kind, OdeLineKind::Let(_))) {
            let message = "an `ode` block without an equation";
            let finding = Diagnostic::new("E0503", ode.word, message, "moves no state");
            self.report(finding.help("`dv/dt = ...` is the equation of the state `v`"));
        }
        steps.push(Step::Ode(Ode { method, span, steps: parts, dt, binds, equations }));
    }

    fn method(&mut self, name: &ast::Name) -> Method {
        if let Some((_, method)) = WORDS.iter().find(|(word, _)| *word == name.text) {
            return *method;
        }
        let message = format!("`{}` is no method", name.text);
        let finding = Diagnostic::new("E0501", name.span, message, "not a method");
        let words = WORDS.map(|(word, _)| word);
        self.report(match nearest(&name.text, words) {
            Some(near) => finding.replace(format!("a similar name: `{near}`"), name.span, near),
            None => finding.help(format!("the methods are {}", crate::check::call::quoted(&words))),
        });
        Method::Auto
    }

    /// In how many parts a step is divided.
    fn parts(&mut self, method: Method, there: Span, parts: &'a ast::Expr) -> Expr {
        if !method.has_steps() && method != Method::Auto {
            let message = format!("`{}` has no `steps`", method.word());
            let blank = Span { start: there.end, end: parts.span.end, ..there };
            let finding = Diagnostic::new("E0503", parts.span, message, "divides no step");
            self.report(finding.replace("it takes a step as a whole", blank, ""));
        } else if method == Method::Auto {
            let message = "`steps` without a method that divides a step";
            let finding = Diagnostic::new("E0503", parts.span, message, "of which method");
            self.report(finding.help("`euler`, `rk2` and `rk4` take `steps`"));
        }
        let parts = self.expr(parts);
        let why = "how many parts a step has must be known at compile time";
        let parts = self.require_stage(parts, Stage::Const, why);
        self.require_int(parts)
    }

    /// The time of a step: `dt`, if there is one, else 1.
    fn time(&mut self, there: Span) -> Expr {
        let is_known = self.scope.get("dt").is_some() || self.items().constants.contains_key("dt");
        if !is_known {
            return leaf(Kind::Number(1.0), Type::Real, there);
        }
        let time = self.name("dt", there);
        let time = self.require_number(time);
        self.require_stage(time, Stage::Const, "`dt` must be known at compile time")
    }

    /// A name for a value within the block.
    fn local(&mut self, binding: &'a ast::Let) -> Option<Bind> {
        if let Some(mutable) = binding.mutable {
            let message = format!("`{}` is `mut` among equations", binding.declared.name.text);
            let blank = Span { end: binding.declared.name.span.start, ..mutable };
            let finding = Diagnostic::new("E0315", mutable, message, "nothing can change it here");
            self.report(finding.replace("a name that stays as it is", blank, ""));
        }
        let mut made = Vec::new();
        self.binding(&mut made, binding);
        made.into_iter().find_map(|step| match step {
            Step::Bind(bind) => Some(bind),
            _ => None,
        })
    }

    fn equation(&mut self, own: &'a ast::Equation, before: &[Equation]) -> Option<Equation> {
        let value = self.expr(&own.value);
        let value = self.require_number(value);
        let name = &own.name;
        let Some(symbol) = self.scope.get(&name.text).copied() else {
            self.unknown_state(name);
            return None;
        };
        let why = match (symbol.role, symbol.ty) {
            (Role::State, Type::Int) => Some("an int state"),
            (Role::State, _) => None,
            (role, _) => Some(role.name()),
        };
        if let Some(why) = why {
            let message = format!("`{}` is {why} and has no derivative", name.text);
            let finding = Diagnostic::new("E0503", name.span, message, "not a state of a number");
            self.report(finding.because(symbol.span, "declared here"));
            return None;
        }
        if let Some(first) = before.iter().find(|first| first.slot == symbol.slot) {
            let message = format!("`{}` has two equations", name.text);
            let finding = Diagnostic::new("E0503", own.left, message, "the second");
            self.report(finding.because(first.span, "the first"));
            return None;
        }
        Some(Equation { name: name.text.clone(), slot: symbol.slot, value, span: own.left })
    }
}
