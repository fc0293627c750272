//! `for`, `sum` and the names that loops change.

use crate::ast;
use crate::ast::{Assign, PhaseKind};
use crate::check::checker::{Checker, unknown};
use crate::check::expr::made;
use crate::check::neuron::Declaration;
use crate::check::scope::{Progress, Role, Symbol};
use crate::check::tree::{Bind, Expr, Kind, Repeat, Slot, Stage, Step, Type};
use crate::diagnostic::Diagnostic;
use crate::span::Span;

impl<'a> Checker<'a> {
    /// A loop of a phase.
    pub(super) fn repeat(&mut self, phase: PhaseKind, repeat: &'a ast::For) -> Repeat {
        let [low, high] = [&repeat.low, &repeat.high].map(|bound| self.bound(bound));
        self.scope.push();
        let counter = self.counter(&repeat.name);
        let mut body = Vec::new();
        for statement in &repeat.statements {
            self.statement(&mut body, phase, statement);
        }
        self.scope.pop();
        Repeat { counter, low, high, body }
    }

    /// `sum(i in a..b, e)`.
    pub(super) fn sum(
        &mut self,
        name: &'a ast::Name,
        [low, high, term]: &'a [ast::Expr; 3],
        span: Span,
    ) -> Expr {
        let [low, high] = [low, high].map(|bound| self.bound(bound));
        self.scope.push();
        let counter = self.counter(name);
        let term = self.expr(term);
        self.scope.pop();
        let term = self.require_number(term);
        let ty = match term.ty {
            Type::Spike | Type::Ternary => Type::Real,
            ty => ty,
        };
        let mut sum = made(ty, span, &[&low, &high, &term]);
        sum.kind = Kind::Sum(counter, Box::new([low, high, term]));
        sum
    }

    fn counter(&mut self, name: &'a ast::Name) -> Slot {
        let mut counter = Declaration::ready(Role::Counter, Stage::Const, false);
        counter.ty = Type::Int;
        self.declare(name, counter)
    }

    /// A bound of a loop.
    fn bound(&mut self, bound: &'a ast::Expr) -> Expr {
        let bound = self.expr(bound);
        let why = "the bounds of a loop must be known at compile time";
        let bound = self.require_stage(bound, Stage::Const, why);
        self.require_int(bound)
    }

    /// Reports an expression that is no int.
    pub(super) fn require_int(&mut self, expr: Expr) -> Expr {
        if matches!(expr.ty, Type::Int | Type::Whole | Type::Unknown) {
            return expr;
        }
        let message = format!("expected an int, found {}", expr.ty.name());
        let mut finding = Diagnostic::new("E0201", expr.span, message, expr.ty.name());
        if expr.ty.is_number() {
            finding = finding.wrap("a whole number of it, towards zero", expr.span, "int(", ")");
        }
        self.report(finding);
        unknown(expr.span)
    }

    /// `let` or `let mut` in a phase.
    pub(super) fn binding(&mut self, steps: &mut Vec<Step>, binding: &'a ast::Let) {
        let value = self.expr(&binding.value);
        let name = &binding.declared.name;
        let slot = match binding.mutable {
            None => self.declare(name, made_of(Role::Let, &value, value.ty)),
            Some(_) => {
                let ty = self.mutable_type(&value);
                let changed = made_of(Role::Mutable, &value, ty);
                self.declare(name, Declaration { stage: Stage::Step, ..changed })
            }
        };
        self.declare_unit(name, &binding.declared.dims, slot, value.ty);
        steps.push(Step::Bind(Bind { slot, value }));
    }

    /// What a `let mut` holds: a number without a point is a real, since loops add to it.
    fn mutable_type(&mut self, value: &Expr) -> Type {
        match value.ty {
            Type::Whole | Type::Spike | Type::Ternary => Type::Real,
            Type::Surrogate | Type::Function => {
                let found = value.ty.name();
                let message = format!("expected a number or a bool, found {found}");
                self.report(Diagnostic::new("E0201", value.span, message, found));
                Type::Unknown
            }
            ty => ty,
        }
    }

    /// Gives a `let mut` another value.
    pub(super) fn change(
        &mut self,
        steps: &mut Vec<Step>,
        assign: &'a Assign,
        symbol: Symbol<'a>,
        value: Expr,
    ) {
        let value = self.compound(assign, symbol, value);
        let value = self.fit(symbol.ty, value);
        if let Some(known) = self.scope.get_mut(&assign.target.text) {
            known.smooth |= value.smooth;
        }
        steps.push(Step::Bind(Bind { slot: symbol.slot, value }));
    }

    /// A value for a state or `let mut` of a type.
    pub(super) fn fit(&mut self, ty: Type, value: Expr) -> Expr {
        match ty {
            Type::Int => self.require_int(value),
            Type::Bool => self.require_bool(value),
            Type::Unknown => value,
            _ => self.require_number(value),
        }
    }

    /// Reports a `let mut` where nothing can change it.
    pub(super) fn require_phase(&mut self, mutable: Span, name: &ast::Name, is_changed: bool) {
        let message = format!("`{}` is `mut` outside the phases", name.text);
        let word = Span { end: name.span.start, ..mutable };
        let mut finding = Diagnostic::new("E0315", mutable, message, "nothing can change it here")
            .help("a value that changes from step to step is a `state`");
        if is_changed {
            finding = finding.help("one that changes within a step stands in the phase");
        } else {
            finding = finding.replace("a name that stays as it is", word, "");
        }
        self.report(finding);
    }
}

/// The declaration of a name with a value.
fn made_of<'a>(role: Role, value: &Expr, ty: Type) -> Declaration<'a> {
    let Expr { stage, smooth, .. } = *value;
    Declaration { role, ty, stage, smooth, progress: Progress::Ready }
}
