//! `@prev`: what a state was at the start of the step, and what a fired name was in the last one.

use crate::ast;
use crate::ast::ExprKind;
use crate::check::checker::{Checker, leaf, unknown};
use crate::check::scope::{Role, Symbol};
use crate::check::tree::{Expr, Kind, Neuron, Slot, Stage, State, Type};
use crate::diagnostic::Diagnostic;
use crate::span::Span;

impl<'a> Checker<'a> {
    /// The typed form of `name@prev`.
    pub(super) fn previous(&mut self, inner: &'a ast::Expr, span: Span) -> Expr {
        let ExprKind::Name(name) = &inner.kind else {
            let message = "`@prev` stands behind a name";
            let finding = Diagnostic::new("E0316", span, message, "no name")
                .help("a state keeps a value for the next step");
            self.report(finding);
            return unknown(span);
        };
        let Some(symbol) = self.scope.get(name).copied() else {
            return self.name(name, inner.span);
        };
        if self.is_parallel {
            self.no_place("`@prev`", span);
            return unknown(span);
        }
        match symbol.role {
            Role::State => self.used.insert(symbol.slot),
            Role::Fired => true,
            _ => return self.no_previous(name, symbol, span),
        };
        let slot = self.previous_slot(name, symbol);
        let ty = match symbol.role {
            Role::State => symbol.ty,
            _ if self.spikes.contains(name.as_str()) => Type::Spike,
            _ => Type::Real,
        };
        let smooth = ty != Type::Int;
        Expr { kind: Kind::Slot(slot), ty, stage: Stage::Step, smooth, span }
    }

    /// Gives the states that `@prev` reads their slots, and the neuron those of fired names.
    pub(super) fn keep_previous(&mut self, made: &mut Neuron) {
        for state in &mut made.states {
            state.before = self.previous.get(state.name.as_str()).copied();
        }
        made.states.append(&mut self.hidden);
    }

    fn no_previous(&mut self, name: &str, symbol: Symbol<'a>, span: Span) -> Expr {
        let message = format!("`{name}` is {} and has no `@prev`", symbol.role.name());
        let finding = Diagnostic::new("E0316", span, message, "not kept from step to step")
            .because(symbol.span, "declared here")
            .help("states and names made in `fire` have one; a state can keep any value");
        self.report(finding);
        unknown(span)
    }

    /// The slot of a value before the step; a fired name gets a state that keeps it.
    fn previous_slot(&mut self, name: &'a str, symbol: Symbol<'a>) -> Slot {
        if let Some(&slot) = self.previous.get(name) {
            return slot;
        }
        let slot = self.slot();
        self.previous.insert(name, slot);
        if symbol.role == Role::Fired {
            self.hidden.push(State {
                name: format!("{name}@prev"),
                ty: Type::Real,
                slot: symbol.slot,
                before: Some(slot),
                hidden: true,
                init: leaf(Kind::Number(0.0), Type::Real, symbol.span),
                span: symbol.span,
            });
        }
        slot
    }
}
