//! The phases: statements in order, each giving a slot its next value.

use crate::ast;
use crate::ast::{Assign, MemberKind, Phase, PhaseKind, StatementKind};
use crate::check::checker::{Checker, leaf, unknown};
use crate::check::expr::made;
use crate::check::nearest::nearest;
use crate::check::scope::{Progress, Role, Symbol};
use crate::check::tree::{Bind, Expr, Kind, Step, Type};
use crate::diagnostic::Diagnostic;

impl<'a> Checker<'a> {
    /// The statements of all phases, in the order they run, and how many `charge` has.
    pub(super) fn phases(&mut self, neuron: &'a ast::Neuron) -> (Vec<Step>, usize) {
        let mut phases: Vec<&Phase> = neuron
            .members
            .iter()
            .filter_map(|member| match &member.kind {
                MemberKind::Phase(phase) => Some(phase),
                _ => None,
            })
            .collect();
        self.check_order(&phases);
        let has_charge = phases.iter().any(|phase| phase.kind == PhaseKind::Charge);
        if !has_charge && !self.is_parallel && !self.has_poison() {
            let message = format!("the neuron `{}` has no `charge`", neuron.name.text);
            let finding = Diagnostic::new("E0303", neuron.name.span, message, "never charged")
                .help("`charge` says how a step moves the states: `charge v = v + x`");
            self.report(finding);
        }
        // In the order they run, so that one out of place is one mistake.
        phases.sort_by_key(|phase| phase.kind);
        let (mut steps, mut n_charged) = (Vec::new(), 0);
        for phase in phases {
            self.scope.push();
            for statement in &phase.statements {
                self.statement(&mut steps, phase.kind, statement);
            }
            self.scope.pop();
            if phase.kind == PhaseKind::Charge {
                n_charged = steps.len();
            }
        }
        (steps, n_charged)
    }

    fn check_order(&mut self, phases: &[&'a Phase]) {
        for (i, phase) in phases.iter().enumerate() {
            let word = phase.kind.word();
            if let Some(before) = phases[..i].iter().find(|before| before.kind == phase.kind) {
                let message = format!("`{word}` is there twice");
                let finding = Diagnostic::new("E0302", phase.word, message, "the second")
                    .because(before.word, "the first")
                    .help(format!("put the statements into one: `{word} {{ ... }}`"));
                self.report(finding);
            } else if let Some(before) = phases[..i].iter().find(|b| b.kind > phase.kind) {
                let message = format!("`{word}` stands behind `{}`", before.kind.word());
                let finding = Diagnostic::new("E0301", phase.word, message, "too late")
                    .because(before.word, "this phase runs later")
                    .help("the phases stand in the order they run: `charge`, `fire`, `reset`");
                self.report(finding);
            }
        }
    }

    /// A line of a phase.
    pub(super) fn statement(
        &mut self,
        steps: &mut Vec<Step>,
        phase: PhaseKind,
        statement: &'a ast::Statement,
    ) {
        match &statement.kind {
            StatementKind::Assign(assign) => self.assign(steps, phase, assign),
            StatementKind::Let(binding) => self.binding(steps, binding),
            StatementKind::For(repeat) => {
                let repeat = self.repeat(phase, repeat);
                steps.push(Step::Repeat(repeat));
            }
            StatementKind::Ode(ode) => self.ode(steps, phase, ode),
            StatementKind::Bad => {}
        }
    }

    fn assign(&mut self, steps: &mut Vec<Step>, phase: PhaseKind, assign: &'a Assign) {
        let mut value = self.expr(&assign.value);
        if let Some(when) = &assign.when {
            value = self.when(value, when, phase);
        }
        let symbol = self.scope.get(&assign.target.text).copied();
        if let Some(symbol) = symbol.filter(|symbol| symbol.role == Role::Mutable) {
            return self.change(steps, assign, symbol, value);
        }
        let value = self.require_number(value);
        // What other phases of a parallel neuron make are names too, so that these are one mistake.
        let is_state = symbol.is_some_and(|symbol| symbol.role == Role::State);
        if phase == PhaseKind::Fire || self.is_parallel && !is_state {
            return self.fire(steps, assign, symbol, value);
        }
        let Some(symbol) = symbol else {
            return self.unknown_target(assign);
        };
        if symbol.role != Role::State {
            return self.fixed_target(phase, assign, symbol);
        }
        let value = self.compound(assign, symbol, value);
        let value = self.fit(symbol.ty, value);
        steps.push(Step::Bind(Bind { slot: symbol.slot, value }));
    }

    /// `spike(u, S) when c`: no spike, and no gradient, where the condition is false.
    fn when(&mut self, value: Expr, condition: &'a ast::Expr, phase: PhaseKind) -> Expr {
        let condition = self.expr(condition);
        let condition = self.require_bool(condition);
        let fits = matches!(value.ty, Type::Spike | Type::Ternary | Type::Unknown);
        if !fits || phase != PhaseKind::Fire {
            let message = "`when` stands behind a spike in `fire`";
            let found = if fits { "not in `fire`" } else { value.ty.name() };
            let finding = Diagnostic::new("E0317", condition.span, message, "decides nothing here")
                .because(value.span, found)
                .help("`if c { a } else { b }` chooses one of two values");
            self.report(finding);
            return unknown(value.span);
        }
        let span = value.span;
        self.warn_condition(&condition, span);
        let none = leaf(Kind::Number(0.0), Type::Whole, span);
        let mut spike = made(value.ty, span, &[&condition, &value]);
        spike.smooth = value.smooth;
        spike.kind = Kind::If(Box::new([condition, value, none]));
        spike
    }

    /// The value that an assignment gives, with the operator of `+=` and its like.
    pub(super) fn compound(&mut self, assign: &'a Assign, symbol: Symbol<'a>, value: Expr) -> Expr {
        let Some(op) = assign.op else { return value };
        let before = Expr {
            kind: Kind::Slot(symbol.slot),
            ty: symbol.ty,
            stage: symbol.stage,
            smooth: symbol.smooth,
            span: assign.target.span,
        };
        let span = assign.target.span.to(value.span);
        let mut made = self.operation(op, before, value, span);
        // An inlined function's value lies in another file than the statement.
        if assign.value.span.file == assign.target.span.file {
            made.span = assign.target.span.to(assign.value.span);
        }
        made
    }

    fn fire(
        &mut self,
        steps: &mut Vec<Step>,
        assign: &'a Assign,
        symbol: Option<Symbol<'a>>,
        value: Expr,
    ) {
        let target = &assign.target;
        match symbol {
            Some(symbol) if symbol.span == target.span => {
                if let Some(symbol) = self.scope.get_mut(&target.text) {
                    symbol.progress = Progress::Ready;
                    (symbol.ty, symbol.smooth) = (value.ty, value.smooth);
                }
                steps.push(Step::Bind(Bind { slot: symbol.slot, value }));
            }
            Some(symbol) if symbol.role == Role::State => {
                let message = format!("`fire` cannot change the state `{}`", target.text);
                let finding = Diagnostic::new("E0305", target.span, message, "a state")
                    .because(symbol.span, "declared here")
                    .help("`fire` makes names, `fire s = ...`; `charge` and `reset` change states");
                self.report(finding);
            }
            Some(symbol) if symbol.role == Role::Fired => {
                let message = format!("`{}` is made twice", target.text);
                let finding = Diagnostic::new("E0104", target.span, message, "the second")
                    .because(symbol.span, "the first");
                self.report(finding);
            }
            // A name that something else has was reported where the names were gathered.
            Some(_) => {}
            None => self.unknown_target(assign),
        }
    }

    fn unknown_target(&mut self, assign: &'a Assign) {
        self.unknown_state(&assign.target);
    }

    /// Reports a name that is changed and declared nowhere.
    pub(super) fn unknown_state(&mut self, target: &ast::Name) {
        if self.is_poisoned(&target.text) {
            return;
        }
        let message = format!("cannot find the state `{}`", target.text);
        let mut finding = Diagnostic::new("E0101", target.span, message, "not a state");
        let mut states: Vec<&str> = self
            .scope
            .names()
            .filter(|name| self.scope.get(name).is_some_and(|s| s.role == Role::State))
            .collect();
        states.sort_unstable();
        finding = match nearest(&target.text, states) {
            Some(near) => {
                let text = format!("a state with a similar name: `{near}`");
                finding.replace(text, target.span, near)
            }
            None => finding
                .help(format!("declare it: `state {0} = 0`, or `let {0} = ...`", target.text)),
        };
        self.report(finding);
    }

    fn fixed_target(&mut self, phase: PhaseKind, assign: &'a Assign, symbol: Symbol<'a>) {
        if symbol.ty == Type::Unknown && symbol.role != Role::Fired {
            return;
        }
        let (name, role) = (&assign.target.text, symbol.role.name());
        let message = format!("`{}` cannot change `{name}`, which is {role}", phase.word());
        let finding = Diagnostic::new("E0304", assign.target.span, message, "cannot change")
            .because(symbol.span, "declared here")
            .help("only states and `let mut` names change; a `let` gives a value another name");
        self.report(finding);
    }
}
