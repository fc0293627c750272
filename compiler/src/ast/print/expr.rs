//! Expressions as text that can be broken. A newline ends a statement but for one in brackets and one
//! behind an operator, so that these are the places.

use super::Printer;
use super::doc::{Doc, group, nest, text};
use crate::ast::*;

impl Printer<'_> {
    /// An expression.
    pub(super) fn expr(&self, expr: &Expr) -> Doc {
        match &expr.kind {
            ExprKind::Number(..) | ExprKind::Bool(_) | ExprKind::Name(_) | ExprKind::Bad => {
                text(self.text(expr.span))
            }
            ExprKind::Quantity(_, unit) => text(self.quantity(expr.span, unit)),
            ExprKind::Group(inner) => Doc::All(vec![text("("), self.expr(inner), text(")")]),
            ExprKind::Unary(UnaryOp::Negate, a) => Doc::All(vec![text("-"), self.expr(a)]),
            ExprKind::Unary(UnaryOp::Not, a) => Doc::All(vec![text("not "), self.expr(a)]),
            ExprKind::Binary(BinaryOp::Power, a, b) => {
                Doc::All(vec![self.expr(a), text("^"), self.expr(b)])
            }
            ExprKind::Binary(op, a, b) => {
                let mut chain = Vec::new();
                self.chain(a, *op, b, &mut chain);
                let first = chain.remove(0);
                group(vec![first, nest(chain)])
            }
            ExprKind::If(parts) => self.branches(parts),
            ExprKind::Call(call) => self.call(call),
            ExprKind::Previous(inner) => Doc::All(vec![self.expr(inner), text("@prev")]),
            ExprKind::Index(inner, indices) => {
                Doc::All(vec![self.expr(inner), text("["), self.list(indices), text("]")])
            }
            ExprKind::List(list) => group(vec![
                text("["),
                nest(vec![Doc::Empty, self.list(list)]),
                Doc::Empty,
                text("]"),
            ]),
            ExprKind::Sum(name, parts) => {
                let [low, high, term] = parts.as_ref();
                let range = [text(format!("{} in ", name.text)), self.range(low, high)];
                self.arguments("sum(", vec![Doc::All(range.into()), self.expr(term)], "")
            }
        }
    }

    fn quantity(&self, span: Span, unit: &Name) -> String {
        let number = self.text(Span { end: unit.span.start, ..span }).trim_end();
        match number.strip_suffix('[') {
            Some(number) => format!("{} [{}]", number.trim_end(), super::one_line(&unit.text)),
            None => format!("{number} {}", unit.text),
        }
    }

    /// `low..high`
    pub(super) fn range(&self, low: &Expr, high: &Expr) -> Doc {
        Doc::All(vec![self.expr(low), text(".."), self.expr(high)])
    }

    /// Operands of operators of one precedence: broken behind all of them or behind none.
    fn chain(&self, a: &Expr, op: BinaryOp, b: &Expr, all: &mut Vec<Doc>) {
        match &a.kind {
            ExprKind::Binary(inner, left, right) if rank(*inner) == rank(op) => {
                self.chain(left, *inner, right, all);
            }
            _ => all.push(self.expr(a)),
        }
        all.extend([text(format!(" {}", op.symbol())), Doc::Line, self.expr(b)]);
    }

    fn branches(&self, parts: &[Expr; 3]) -> Doc {
        let (mut all, mut parts) = (Vec::new(), parts);
        loop {
            let [condition, then, otherwise] = parts;
            all.extend([text("if "), self.expr(condition), text(" "), self.branch(then)]);
            all.push(text(" else "));
            match &otherwise.kind {
                ExprKind::If(inner) => parts = inner,
                _ => {
                    all.push(self.branch(otherwise));
                    return group(all);
                }
            }
        }
    }

    fn branch(&self, value: &Expr) -> Doc {
        Doc::All(vec![text("{"), nest(vec![Doc::Line, self.expr(value)]), Doc::Line, text("}")])
    }

    fn call(&self, call: &Call) -> Doc {
        let each = call.arguments.iter().map(|argument| match &argument.name {
            Some(name) => {
                Doc::All(vec![text(format!("{}: ", name.text)), self.expr(&argument.value)])
            }
            None => self.expr(&argument.value),
        });
        self.arguments(&format!("{}(", call.name.text), each.collect(), ",")
    }

    /// Things in parentheses, each on a line of its own where all are too wide for one.
    pub(super) fn arguments(&self, open: &str, all: Vec<Doc>, end: &'static str) -> Doc {
        if all.is_empty() {
            return text(format!("{open})"));
        }
        let mut inner = vec![Doc::Empty];
        for (i, argument) in all.into_iter().enumerate() {
            if i > 0 {
                inner.extend([text(","), Doc::Line]);
            }
            inner.push(argument);
        }
        group(vec![text(open), nest(inner), Doc::Broken(end), Doc::Empty, text(")")])
    }

    /// Expressions with commas, as many on a line as fit.
    fn list(&self, list: &[Expr]) -> Doc {
        let mut all = Vec::new();
        for (i, item) in list.iter().enumerate() {
            if i > 0 {
                all.extend([text(","), Doc::Fill]);
            }
            all.push(self.expr(item));
        }
        Doc::All(all)
    }
}

/// Operators that are read from left to right together have one rank.
fn rank(op: BinaryOp) -> u8 {
    use BinaryOp::*;
    match op {
        Or => 0,
        And => 1,
        Less | LessEqual | Greater | GreaterEqual | Equal | NotEqual => 2,
        Add | Subtract => 3,
        Multiply | Divide | MatMul => 4,
        Power => 5,
    }
}
