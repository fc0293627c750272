//! Parse pairs to syntax tree: expressions.

use std::sync::LazyLock;

use pest::iterators::Pair;
use pest::pratt_parser::{Assoc, Op, PrattParser};

use crate::ast::build::{Builder, all, first};
use crate::ast::parse::Rule;
use crate::ast::{Argument, BinaryOp, Call, Expr, ExprKind, Name, UnaryOp};
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// How many operators may lie over one another in an expression.
const MAX_HEIGHT: usize = 200;

/// The precedences, the loosest first.
static PRECEDENCE: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    let left = |rule| Op::infix(rule, Assoc::Left);
    PrattParser::new()
        .op(left(Rule::or))
        .op(left(Rule::and))
        .op(Op::prefix(Rule::not))
        .op(left(Rule::compare))
        .op(left(Rule::add) | left(Rule::subtract))
        .op(left(Rule::multiply) | left(Rule::divide) | left(Rule::matmul))
        .op(Op::prefix(Rule::negate))
        .op(Op::infix(Rule::power, Assoc::Right))
        .op(Op::postfix(Rule::previous) | Op::postfix(Rule::index))
});

impl Builder<'_> {
    /// An expression from its own pair.
    pub(super) fn expr(&mut self, pair: Pair<'_, Rule>) -> Expr {
        self.expr_at(pair, 0)
    }

    fn too_high(&mut self, span: Span, height: usize) -> bool {
        if height > MAX_HEIGHT && self.too_deep.replace(span).is_none() {
            let message = format!("the expression is nested more than {MAX_HEIGHT} operators deep");
            let finding = Diagnostic::new("E0003", span, message, "too deep")
                .help("name parts of it with `let`");
            self.diagnostics.push(finding);
        }
        height > MAX_HEIGHT
    }

    fn expr_at(&mut self, pair: Pair<'_, Rule>, height: usize) -> Expr {
        let span = self.span(&pair);
        let height = height + pair.clone().into_inner().count();
        if self.too_high(span, height) {
            return Expr { kind: ExprKind::Bad, span };
        }
        // The closures of the precedence parser borrow the builder in turn.
        let this = std::cell::RefCell::new(self);
        PRECEDENCE
            .map_primary(|pair| this.borrow_mut().primary(pair, height))
            .map_prefix(|op, operand| this.borrow_mut().prefix(op, operand))
            .map_postfix(|operand, op| this.borrow_mut().postfix(operand, op, height))
            .map_infix(|left, op, right| this.borrow_mut().infix(left, op, right))
            .parse(pair.into_inner())
    }

    fn prefix(&mut self, op: Pair<'_, Rule>, operand: Expr) -> Expr {
        let span = self.span(&op).to(operand.span);
        let op = if op.as_rule() == Rule::not { UnaryOp::Not } else { UnaryOp::Negate };
        Expr { kind: ExprKind::Unary(op, Box::new(operand)), span }
    }

    fn postfix(&mut self, operand: Expr, op: Pair<'_, Rule>, height: usize) -> Expr {
        let span = operand.span.to(self.span(&op));
        let kind = if op.as_rule() == Rule::previous {
            ExprKind::Previous(Box::new(operand))
        } else {
            let indices = all(&op, Rule::expr).map(|e| self.expr_at(e, height)).collect();
            ExprKind::Index(Box::new(operand), indices)
        };
        Expr { kind, span }
    }

    fn infix(&mut self, left: Expr, pair: Pair<'_, Rule>, right: Expr) -> Expr {
        let span = left.span.to(right.span);
        let op = binary_op(&pair);
        if op.is_comparison() && self.is_chained(&left, &pair, &right) {
            return Expr { kind: ExprKind::Bad, span };
        }
        Expr { kind: ExprKind::Binary(op, Box::new(left), Box::new(right)), span }
    }

    /// Whether it is `a < b < c`, which is reported.
    fn is_chained(&mut self, left: &Expr, pair: &Pair<'_, Rule>, right: &Expr) -> bool {
        let ExprKind::Binary(op, _, middle) = &left.kind else { return false };
        if !op.is_comparison() {
            return false;
        }
        let text = |span: Span| &self.source.text[span.range()];
        let with = format!(
            "{} and {} {} {}",
            text(left.span),
            text(middle.span),
            pair.as_str(),
            text(right.span)
        );
        let finding = Diagnostic::new(
            "E0004",
            self.span(pair),
            "comparisons do not chain",
            "a second comparison of one expression",
        )
        .because(left.span, "this is a bool already")
        .replace("compare twice", left.span.to(right.span), with);
        self.diagnostics.push(finding);
        true
    }

    fn primary(&mut self, pair: Pair<'_, Rule>, height: usize) -> Expr {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::quantity => self.quantity(&pair),
            Rule::truth => ExprKind::Bool(pair.as_str() == "true"),
            Rule::ident => ExprKind::Name(pair.as_str().to_owned()),
            Rule::group => match first(&pair, Rule::expr) {
                Some(inner) => ExprKind::Group(Box::new(self.expr_at(inner, height))),
                None => ExprKind::Bad,
            },
            Rule::list => {
                ExprKind::List(all(&pair, Rule::expr).map(|e| self.expr_at(e, height)).collect())
            }
            Rule::r#if => self.conditional(&pair, height),
            Rule::call => self.call(&pair, height),
            Rule::sum => match self.three(&pair, height) {
                Some(parts) => ExprKind::Sum(self.name(&pair), parts),
                None => ExprKind::Bad,
            },
            Rule::expr => return self.expr_at(pair, height),
            _ => ExprKind::Bad,
        };
        Expr { kind, span }
    }

    fn quantity(&mut self, pair: &Pair<'_, Rule>) -> ExprKind {
        let Some(number) = first(pair, Rule::number) else { return ExprKind::Bad };
        let text = number.as_str().replace('_', "");
        let value = text.parse().unwrap_or(f64::INFINITY);
        if value == f64::INFINITY {
            let there = "the largest is 1.7976931348623157e308";
            let finding =
                Diagnostic::new("E0005", self.span(&number), "the number is too large", there);
            self.diagnostics.push(finding);
        }
        let brackets = first(pair, Rule::dims).map(|dims| self.dims(&dims));
        let brackets = brackets.map(|dims| Name { text: dims.text, span: dims.inner });
        match self.word(pair, Rule::ident).or(brackets) {
            Some(unit) => {
                self.has_units = true;
                ExprKind::Quantity(value, unit)
            }
            None => ExprKind::Number(value, text.bytes().all(|b| b.is_ascii_digit())),
        }
    }

    fn conditional(&mut self, pair: &Pair<'_, Rule>, height: usize) -> ExprKind {
        if self.too_high(self.span(pair), height) {
            return ExprKind::Bad;
        }
        match self.three(pair, height + 1) {
            Some(parts) => ExprKind::If(parts),
            None => ExprKind::Bad,
        }
    }

    /// The three parts of an `if` or a `sum`; the last of an `if` may be another `if`.
    fn three(&mut self, pair: &Pair<'_, Rule>, height: usize) -> Option<Box<[Expr; 3]>> {
        let is_part = |inner: &Pair<'_, Rule>| matches!(inner.as_rule(), Rule::expr | Rule::r#if);
        let mut parts = Vec::with_capacity(3);
        for inner in pair.clone().into_inner().filter(is_part) {
            let nested = inner.as_rule() == Rule::r#if;
            parts.push(if nested {
                self.primary(inner, height)
            } else {
                self.expr_at(inner, height)
            });
        }
        <[Expr; 3]>::try_from(parts).ok().map(Box::new)
    }

    fn call(&mut self, pair: &Pair<'_, Rule>, height: usize) -> ExprKind {
        let arguments = all(pair, Rule::argument).filter_map(|argument| {
            let name = self.word(&argument, Rule::ident);
            let value = self.expr_at(first(&argument, Rule::expr)?, height);
            Some(Argument { name, value })
        });
        let arguments = arguments.collect();
        ExprKind::Call(Call { name: self.name(pair), arguments })
    }
}

fn binary_op(pair: &Pair<'_, Rule>) -> BinaryOp {
    match pair.as_rule() {
        Rule::power => BinaryOp::Power,
        Rule::add => BinaryOp::Add,
        Rule::subtract => BinaryOp::Subtract,
        Rule::multiply => BinaryOp::Multiply,
        Rule::divide => BinaryOp::Divide,
        Rule::matmul => BinaryOp::MatMul,
        Rule::and => BinaryOp::And,
        Rule::or => BinaryOp::Or,
        _ => match pair.as_str() {
            "<" => BinaryOp::Less,
            "<=" => BinaryOp::LessEqual,
            ">" => BinaryOp::Greater,
            ">=" => BinaryOp::GreaterEqual,
            "==" => BinaryOp::Equal,
            _ => BinaryOp::NotEqual,
        },
    }
}
