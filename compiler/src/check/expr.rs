//! Types of expressions.

use crate::ast;
use crate::ast::{BinaryOp, ExprKind, UnaryOp};
use crate::check::checker::{Checker, leaf, unknown};
use crate::check::hir::{Binary, Compare, Logic, Unary};
use crate::check::tree::{Expr, Kind, Stage, Type};
use crate::diagnostic::{Diagnostic, Help};
use crate::span::Span;

/// How deep an expression may be with its functions inlined.
const MAX_DEPTH: u32 = 300;

impl<'a> Checker<'a> {
    /// The typed form of an expression.
    pub fn expr(&mut self, expr: &'a ast::Expr) -> Expr {
        // Inlined functions nest deeper than any one text does.
        if self.depth >= MAX_DEPTH {
            let message = format!("the expression is more than {MAX_DEPTH} operators deep");
            self.report(Diagnostic::new("E0003", expr.span, message, "too deep"));
            return unknown(expr.span);
        }
        self.depth += 1;
        let typed = self.typed(expr);
        self.depth -= 1;
        typed
    }

    fn typed(&mut self, expr: &'a ast::Expr) -> Expr {
        let span = self.seen_at(expr.span);
        match &expr.kind {
            ExprKind::Number(value, is_whole) => {
                self.units.see_number(expr.span);
                let ty = if *is_whole { Type::Whole } else { Type::Real };
                leaf(Kind::Number(*value), ty, span)
            }
            ExprKind::Bool(value) => leaf(Kind::Bool(*value), Type::Bool, span),
            ExprKind::Name(name) => self.name(name, span),
            ExprKind::Group(inner) => Expr { span, ..self.expr(inner) },
            ExprKind::Unary(op, a) => self.unary(*op, a, span),
            ExprKind::Binary(op, a, b) => self.binary(*op, [a, b], span),
            ExprKind::If(parts) => self.conditional(parts, span),
            ExprKind::Call(call) => self.call(call, span),
            ExprKind::Quantity(value, unit) => match self.unit(&unit.text, unit.span) {
                Some(unit) => leaf(Kind::Quantity(*value, unit), Type::Real, span),
                None => unknown(span),
            },
            ExprKind::Previous(inner) => self.previous(inner, span),
            ExprKind::Index(inner, indices) => self.index(inner, indices, span),
            ExprKind::List(_) => self.not_yet(span, "lists are"),
            ExprKind::Sum(name, parts) => self.sum(name, parts, span),
            ExprKind::Bad => unknown(span),
        }
    }

    /// The span that an expression's value has: in a function of the prelude it leads to the call, since
    /// nobody is shown the function's text.
    fn seen_at(&self, span: Span) -> Span {
        let mut calls = self.calls.iter().rev().filter_map(|(.., call)| *call);
        let call = calls.find(|call| span.file.is_prelude() && !call.file.is_prelude());
        call.map_or(span, Span::within_call)
    }

    fn unary(&mut self, op: UnaryOp, a: &'a ast::Expr, span: Span) -> Expr {
        let a = self.expr(a);
        match op {
            UnaryOp::Negate => {
                let a = self.require_number(a);
                let mut expr = made(arithmetic(a.ty, a.ty), span, &[&a]);
                expr.kind = Kind::Unary(Unary::Neg, Box::new(a));
                expr
            }
            UnaryOp::Not => {
                let a = self.require_bool(a);
                let mut expr = made(Type::Bool, span, &[&a]);
                expr.kind = Kind::Not(Box::new(a));
                expr
            }
        }
    }

    fn binary(&mut self, op: BinaryOp, [a, b]: [&'a ast::Expr; 2], span: Span) -> Expr {
        if op == BinaryOp::MatMul {
            return self.product([a, b], span);
        }
        let (a, b) = (self.expr(a), self.expr(b));
        self.operation(op, a, b, span)
    }

    /// An operator on typed operands.
    pub fn operation(&mut self, op: BinaryOp, a: Expr, b: Expr, span: Span) -> Expr {
        if matches!(op, BinaryOp::And | BinaryOp::Or) {
            let op = if op == BinaryOp::And { Logic::And } else { Logic::Or };
            let (a, b) = (self.require_bool(a), self.require_bool(b));
            return two(|a, b| Kind::Logic(op, a, b), Type::Bool, a, b, span);
        }
        let (a, b) = (self.require_number(a), self.require_number(b));
        if let Some(op) = comparison(op) {
            return two(|a, b| Kind::Compare(op, a, b), Type::Bool, a, b, span);
        }
        let (joined, op) = match op {
            BinaryOp::Add => (arithmetic(a.ty, b.ty), Binary::Add),
            BinaryOp::Subtract => (arithmetic(a.ty, b.ty), Binary::Sub),
            BinaryOp::Multiply => (arithmetic(a.ty, b.ty), Binary::Mul),
            BinaryOp::Power => return self.power(a, b, span),
            _ => (Type::Real, Binary::Div),
        };
        two(|a, b| Kind::Binary(op, a, b), joined, a, b, span)
    }

    /// `a^b` of two numbers.
    pub(super) fn power(&mut self, a: Expr, b: Expr, span: Span) -> Expr {
        two(Kind::Power, Type::Real, a, b, span)
    }

    fn conditional(&mut self, [c, a, b]: &'a [ast::Expr; 3], span: Span) -> Expr {
        let (c, a, b) = (self.expr(c), self.expr(a), self.expr(b));
        self.choose(c, a, b, span)
    }

    /// One of two values by a condition.
    pub fn choose(&mut self, c: Expr, a: Expr, b: Expr, span: Span) -> Expr {
        let c = self.require_bool(c);
        let Some(ty) = either(a.ty, b.ty) else {
            let message = "the branches have different types";
            let finding =
                Diagnostic::new("E0206", b.span, message, b.ty.name()).because(a.span, a.ty.name());
            self.report(finding);
            return unknown(span);
        };
        if ty == Type::Surrogate {
            let why = "a surrogate must be chosen at compile time";
            let c = self.require_stage(c, Stage::Const, why);
            let mut expr = made(ty, span, &[&c, &a, &b]);
            expr.kind = Kind::If(Box::new([c, a, b]));
            return expr;
        }
        // Ints and bools have no gradient that could be missed.
        if !matches!(ty, Type::Int | Type::Bool) {
            self.warn_condition(&c, span);
        }
        let mut expr = made(ty, span, &[&c, &a, &b]);
        expr.smooth = a.smooth || b.smooth;
        expr.kind = Kind::If(Box::new([c, a, b]));
        expr
    }

    /// Warns of a condition that takes a gradient away.
    pub fn warn_condition(&mut self, c: &Expr, span: Span) {
        if c.smooth && !span.file.is_prelude() && !self.in_surrogate {
            let message = "a value with a gradient decides here, and no gradient flows through it";
            let mut finding =
                Diagnostic::new("W0310", c.span, message, "decides, without a gradient");
            let help = "if this is meant, say so";
            match &c.kind {
                Kind::Compare(_, a, b) => {
                    let smooth = [a, b].into_iter().filter(|side| side.smooth);
                    for side in smooth.filter(|side| side.span.file == c.span.file) {
                        finding = finding.wrap(help, side.span, "detach(", ")");
                    }
                    finding.helps = joined(finding.helps);
                }
                _ => {
                    finding = finding.help("write `detach(...)` around the value if this is meant")
                }
            }
            self.report(finding);
        }
    }
}

/// One piece of advice that makes the replacements of all.
fn joined(helps: Vec<Help>) -> Vec<Help> {
    let text = helps.first().map(|help| help.text.clone());
    let replace = helps.into_iter().flat_map(|help| help.replace).collect();
    text.map(|text| Help { text, replace }).into_iter().collect()
}

fn comparison(op: BinaryOp) -> Option<Compare> {
    Some(match op {
        BinaryOp::Less => Compare::Lt,
        BinaryOp::LessEqual => Compare::Le,
        BinaryOp::Greater => Compare::Gt,
        BinaryOp::GreaterEqual => Compare::Ge,
        BinaryOp::Equal => Compare::Eq,
        BinaryOp::NotEqual => Compare::Ne,
        _ => return None,
    })
}

/// The type of a sum, difference or product.
pub fn arithmetic(a: Type, b: Type) -> Type {
    match (a, b) {
        (Type::Unknown, _) | (_, Type::Unknown) => Type::Unknown,
        (Type::Whole, Type::Whole) => Type::Whole,
        (Type::Int | Type::Whole, Type::Int | Type::Whole) => Type::Int,
        _ => Type::Real,
    }
}

/// The type of one of two values.
fn either(a: Type, b: Type) -> Option<Type> {
    match (a, b) {
        (a, b) if a == b => Some(a),
        (Type::Unknown, _) | (_, Type::Unknown) => Some(Type::Unknown),
        (a, b) if a.is_number() && b.is_number() => Some(arithmetic(a, b)),
        _ => None,
    }
}

fn two(
    kind: impl FnOnce(Box<Expr>, Box<Expr>) -> Kind,
    ty: Type,
    a: Expr,
    b: Expr,
    span: Span,
) -> Expr {
    let mut expr = made(ty, span, &[&a, &b]);
    expr.kind = kind(Box::new(a), Box::new(b));
    expr
}

/// An expression of operands, but for what it computes: it is known when they are, and of unknown
/// type where one of them is.
pub fn made(ty: Type, span: Span, operands: &[&Expr]) -> Expr {
    let stage = operands.iter().map(|e| e.stage).max().unwrap_or(Stage::Const);
    let smooth = operands.iter().any(|e| e.smooth);
    // A bool stays a bool whatever it came from, so that one mistake is one message.
    let lost = operands.iter().any(|e| e.ty == Type::Unknown) && ty != Type::Bool;
    let ty = if lost { Type::Unknown } else { ty };
    Expr { kind: Kind::Unknown, ty, stage, smooth, span }
}
