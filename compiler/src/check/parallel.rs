//! Parallel neurons: `w @ x`, `band` and `conv` as they are typed and as they become nodes.

use crate::ast;
use crate::ast::{Call, ExprKind, MemberKind, PhaseKind};
use crate::check::checker::{Checker, unknown};
use crate::check::eval::{self, Builder, Value, bug};
use crate::check::expr::made;
use crate::check::hir;
use crate::check::hir::{Compare, Leaf, NodeId, Op};
use crate::check::indexed::Index;
use crate::check::shapes::Written;
use crate::check::tree::{Expr, Kind, Slot, Stage, Type};
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// What a leaf stands for until matrices are taken apart, which no graph of a neuron has behind that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Param `[T, T]` `i`.
    Weight(u32),
    /// The row's number less the column's.
    Lag,
    /// Product `i`.
    Product(u32),
}

impl Part {
    /// Its leaf.
    pub fn leaf(self) -> Leaf {
        Leaf::Arg(match self {
            Part::Lag => 0,
            Part::Weight(i) => 1 + 2 * i,
            Part::Product(i) => 2 + 2 * i,
        })
    }

    /// What a leaf stands for, if it is one of these.
    pub fn of(leaf: Leaf) -> Option<Self> {
        let Leaf::Arg(n) = leaf else { return None };
        Some(match n {
            0 => Part::Lag,
            n if n % 2 == 1 => Part::Weight(n / 2),
            n => Part::Product(n / 2 - 1),
        })
    }
}

impl<'a> Checker<'a> {
    /// Reports what a parallel neuron has no place for: whatever goes from step to step.
    pub(super) fn check_members(&mut self, neuron: &'a ast::Neuron) {
        if !self.is_parallel {
            return;
        }
        for member in &neuron.members {
            match &member.kind {
                MemberKind::State(state) => self.no_place("states", state.declared.name.span),
                MemberKind::Phase(phase) if phase.kind != PhaseKind::Fire => {
                    self.no_place(&format!("`{}`", phase.kind.word()), phase.word);
                }
                _ => {}
            }
        }
    }

    /// Reports something that a parallel neuron has no place for.
    pub(super) fn no_place(&mut self, what: &str, span: Span) {
        let message = format!("a parallel neuron has no {what}");
        let finding = Diagnostic::new("E0802", span, message, "goes from step to step")
            .help("`let` and `fire` name values, and `w @ x` brings what other steps have");
        self.report(finding);
    }

    /// Whether the whole time axis is there; if not, that is reported.
    pub(super) fn require_time(&mut self, what: &str, span: Span) -> bool {
        if !self.is_parallel {
            let message = format!("{what} needs the whole time axis");
            let finding = Diagnostic::new("E0801", span, message, "runs step by step")
                .help("a `parallel neuron` sees all steps at once, and has no states");
            self.report(finding);
        }
        self.is_parallel
    }

    /// `w @ x`
    pub(super) fn product(&mut self, [a, b]: [&'a ast::Expr; 2], span: Span) -> Expr {
        let (a, b) = (self.expr(a), self.expr(b));
        if !self.require_time("`@`", span) {
            return unknown(span);
        }
        let (a, b) = (self.require_number(a), self.require_number(b));
        let mut product = made(Type::Real, span, &[&a, &b]);
        product.stage = product.stage.max(Stage::Input);
        product.kind = Kind::Product(Box::new([a, b]));
        product
    }

    /// `band(k)`
    pub(super) fn band(&mut self, width: Expr, span: Span) -> Expr {
        if !self.require_time("`band`", span) {
            return unknown(span);
        }
        let width = self.require_int(width);
        let width = self.require_stage(
            width,
            Stage::Const,
            "the width of a band must be known at compile time",
        );
        let mut band = made(Type::Real, span, &[&width]);
        band.stage = Stage::Input;
        band.kind = Kind::Band(Box::new(width));
        band
    }

    /// `conv(w, x)`
    pub(super) fn conv(&mut self, call: &'a Call, span: Span) -> Expr {
        let Some(places) = self.arrange(call, "`conv`", &["w", "x"]) else { return unknown(span) };
        let [Some(w), Some(x)] = places[..] else {
            let formal = if places[0].is_none() { "w" } else { "x" };
            self.missing("`conv`", formal, span);
            return unknown(span);
        };
        let x = self.expr(x);
        let weights = self.elements_of(w);
        if !self.require_time("`conv`", span) {
            return unknown(span);
        }
        let Some((slot, smooth)) = weights else { return unknown(span) };
        let x = self.require_number(x);
        let mut conv = made(Type::Real, span, &[&x]);
        conv.stage = Stage::Input;
        conv.smooth |= smooth;
        conv.kind = Kind::Conv(slot, Box::new(x));
        conv
    }

    /// The slot of a param `[k]` by its name, and whether it is learnt.
    fn elements_of(&mut self, w: &'a ast::Expr) -> Option<(Slot, bool)> {
        if let ExprKind::Name(name) = &w.kind {
            let Some(symbol) = self.scope.get(name).copied() else {
                self.name(name, w.span);
                return None;
            };
            self.used.insert(symbol.slot);
            if self.axes.get(&symbol.span) == Some(&Index::Number) {
                return Some((symbol.slot, symbol.smooth));
            }
        }
        let message = "the weights of `conv` are the name of a param with an index";
        let finding = Diagnostic::new("E0803", w.span, message, "not one");
        self.report(finding.help("`param w[3] = ...` has three, `w[2]` for the present step"));
        None
    }
}

impl Builder<'_> {
    /// A matrix times a column.
    pub(super) fn over_time(&mut self, matrix: &Expr, x: &Expr, span: Span) -> eval::Result<Value> {
        let written = Written {
            sides: [self.real(matrix)?, self.real(x)?],
            places: [matrix.span, x.span],
            span,
        };
        Ok(self.times(written))
    }

    fn times(&mut self, written: Written) -> Value {
        let known = self.products.iter().position(|known| known.sides == written.sides);
        let i = known.unwrap_or(self.products.len());
        let leaf = Op::Leaf(Part::Product(i as u32).leaf());
        let value = Value::Node(self.graph.add(leaf, hir::Type::Real, written.span));
        if known.is_none() {
            self.products.push(written);
        }
        value
    }

    /// 1 where the column is one of the last `k` steps of the row, which counts itself, else 0.
    pub(super) fn band(&mut self, width: &Expr, span: Span) -> eval::Result<Value> {
        let width = self.number(width)?;
        let (lag, zero) = (self.lag(span), self.graph.constant(0.0, span));
        let end = self.graph.constant(width, span);
        let compare = |op, end| Op::Compare(op, lag, end);
        let past = self.graph.add(compare(Compare::Ge, zero), hir::Type::Bool, span);
        let near = self.graph.add(compare(Compare::Lt, end), hir::Type::Bool, span);
        let both = Op::Logic(hir::Logic::And, past, near);
        let both = self.graph.add(both, hir::Type::Bool, span);
        Ok(Value::Node(self.graph.add(Op::BoolToReal(both), hir::Type::Real, span)))
    }

    /// The sum of `w[k - 1 - i]` times the value `i` steps ago.
    pub(super) fn conv(&mut self, w: Slot, x: &Expr, span: Span) -> eval::Result<Value> {
        let Value::Elements(weights) = self.slot(w, span)? else {
            return Err(bug(span, "the weights of a convolution have no index"));
        };
        let column = self.real(x)?;
        let lag = self.lag(span);
        let mut matrix = self.graph.constant(0.0, span);
        for (i, weight) in weights.into_iter().rev().enumerate().rev() {
            let steps = self.graph.constant(i as f64, span);
            let is_there = Op::Compare(Compare::Eq, lag, steps);
            let is_there = self.graph.add(is_there, hir::Type::Bool, span);
            let entry = Op::Select(is_there, weight, matrix);
            matrix = self.graph.add(entry, hir::Type::Real, span);
        }
        Ok(self.times(Written { sides: [matrix, column], places: [span, x.span], span }))
    }

    fn lag(&mut self, span: Span) -> NodeId {
        self.graph.add(Op::Leaf(Part::Lag.leaf()), hir::Type::Real, span)
    }
}
