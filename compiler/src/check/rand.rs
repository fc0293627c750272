//! Draws: what a `rand` declares, a fresh number for each neuron and step.
//!
//! A draw is an input that no caller gives: uniform in `[0, 1)` or of the normal distribution with mean 0 and
//! deviation 1. What it is asked to be is made of that by the formulas here, which have their gradients as any
//! other.

use crate::ast;
use crate::check::builtins::{self, Form};
use crate::check::checker::{Checker, unknown};
use crate::check::eval::{self, Builder, Value};
use crate::check::hir;
use crate::check::hir::{Binary, Compare, Leaf, NodeId, Op, Unary};
use crate::check::nearest::nearest;
use crate::check::specialize::Special;
use crate::check::tree::{Draw, Expr, Kind, Slot, Stage, Type};
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// A distribution that a draw may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// Any number from the first argument up to below the second.
    Uniform,
    /// By mean and deviation.
    Normal,
    /// 1 with a probability, else 0.
    Bernoulli,
    /// By rate, the inverse of the mean.
    Exponential,
}

impl Distribution {
    /// What it is made of.
    fn base(self) -> hir::Draw {
        match self {
            Distribution::Normal => hir::Draw::Normal,
            _ => hir::Draw::Uniform,
        }
    }
}

impl<'a> Checker<'a> {
    /// The value of a `rand` by its distribution.
    pub(super) fn drawn_value(&mut self, value: &'a ast::Expr) -> Expr {
        let Some((name, distribution, call)) = self.distribution(value) else {
            return unknown(value.span);
        };
        let what = format!("`{name}`");
        let formals = builtins::find(name).map_or(&[][..], |builtin| builtin.formals);
        let Some(places) = self.arrange(call, &what, formals) else { return unknown(value.span) };
        let mut arguments = Vec::new();
        for (formal, place) in formals.iter().zip(places) {
            let Some(place) = place else {
                self.missing(&what, formal, value.span);
                return unknown(value.span);
            };
            let argument = self.expr(place);
            let argument = self.require_number(argument);
            let why = "the arguments of a draw may be options, constants and params only";
            arguments.push(self.require_stage(argument, Stage::Param, why));
        }
        if arguments.iter().any(|argument| argument.ty == Type::Unknown) {
            return unknown(value.span);
        }
        let is_spike = distribution == Distribution::Bernoulli;
        Expr {
            ty: if is_spike { Type::Spike } else { Type::Real },
            stage: Stage::Input,
            smooth: !is_spike && arguments.iter().any(|argument| argument.smooth),
            kind: Kind::Draw(self.number_of(value.span), distribution, arguments),
            span: value.span,
        }
    }

    /// The distribution that is named, with its call.
    fn distribution(
        &mut self,
        value: &'a ast::Expr,
    ) -> Option<(&'static str, Distribution, &'a ast::Call)> {
        let known = builtins::distributions();
        if let ast::ExprKind::Call(call) = &value.kind {
            if let Some((name, found)) = known.iter().find(|(name, _)| *name == call.name.text) {
                return Some((name, *found, call));
            }
            let message = format!("`{}` is no distribution to draw from", call.name.text);
            let finding = Diagnostic::new("E0320", call.name.span, message, "not a distribution");
            let names = known.iter().map(|(name, _)| *name);
            self.report(match nearest(&call.name.text, names) {
                Some(near) => finding.replace("one with a similar name", call.name.span, near),
                None => finding.help(DISTRIBUTIONS),
            });
            return None;
        }
        let message = "a draw needs a distribution behind `~`";
        let finding = Diagnostic::new("E0320", value.span, message, "not a distribution");
        self.report(finding.help(DISTRIBUTIONS));
        None
    }

    /// The number of the draw with this distribution.
    fn number_of(&self, value: Span) -> u32 {
        self.draws.iter().position(|draw| draw.value == value).map_or(0, |i| i as u32)
    }

    /// Reports a distribution that stands where a number is asked for.
    pub(super) fn misplaced_distribution(&mut self, call: &ast::Call) -> Expr {
        let message = format!("`{}` is a distribution and no number", call.name.text);
        let finding = Diagnostic::new("E0320", call.name.span, message, "drawn where");
        self.report(finding.help("declare a draw, `rand z ~ uniform(0, 1)`, and use its name"));
        unknown(call.name.span)
    }
}

const DISTRIBUTIONS: &str = "the distributions are `uniform(a, b)`, `normal(mean, std)`, `bernoulli(p)` and \
                             `exponential(r)`";

impl Special<'_> {
    /// Makes an input of each draw.
    pub(super) fn draw_all(&mut self, inputs: &mut Vec<hir::Input>) {
        for (number, draw) in (0..).zip(&self.neuron.draws) {
            let Some(distribution) = draw.distribution else { continue };
            let node = self.leaf(Leaf::Input(inputs.len() as u32), draw.span);
            self.builder.drawn.push(node);
            let from = hir::From::Draw(distribution.base(), number);
            inputs.push(hir::Input { name: draw.name.clone(), from, span: draw.span });
        }
    }
}

impl Builder<'_> {
    /// What a draw comes to, of what is drawn for it.
    pub(super) fn draw(
        &mut self,
        number: u32,
        distribution: Distribution,
        arguments: &[Expr],
        span: Span,
    ) -> eval::Result<Value> {
        let drawn = self.drawn.get(number as usize).copied();
        let drawn = drawn.ok_or_else(|| eval::bug(span, "a draw is missing"))?;
        let mut values = Vec::new();
        for argument in arguments {
            values.push(self.eval(argument)?);
        }
        check(distribution, &values, arguments)?;
        let known: Vec<Option<f64>> = values.iter().map(known_number).collect();
        let mut nodes = Vec::new();
        for value in values {
            let node = self.node(value, span)?;
            nodes.push(self.widened(node, span));
        }
        Ok(Value::Node(self.formula(distribution, drawn, &known, &nodes, span)))
    }

    fn formula(
        &mut self,
        distribution: Distribution,
        drawn: NodeId,
        known: &[Option<f64>],
        of: &[NodeId],
        span: Span,
    ) -> NodeId {
        let graph = &mut self.graph;
        match distribution {
            Distribution::Uniform if known == [Some(0.0), Some(1.0)] => drawn,
            Distribution::Uniform => {
                let width = match known {
                    [Some(a), Some(b)] => graph.constant(b - a, span),
                    _ => graph.binary(Binary::Sub, of[1], of[0], span),
                };
                let over = graph.binary(Binary::Mul, width, drawn, span);
                let value = graph.binary(Binary::Add, of[0], over, span);
                // The sum may be rounded up to the end, which does not belong to the interval.
                let below = Op::Compare(Compare::Lt, value, of[1]);
                let below = graph.add(below, hir::Type::Bool, span);
                graph.add(Op::Select(below, value, of[0]), hir::Type::Real, span)
            }
            Distribution::Normal if known == [Some(0.0), Some(1.0)] => drawn,
            Distribution::Normal => {
                let over = graph.binary(Binary::Mul, of[1], drawn, span);
                graph.binary(Binary::Add, of[0], over, span)
            }
            Distribution::Bernoulli => {
                let below = Op::Compare(Compare::Lt, drawn, of[0]);
                let below = graph.add(below, hir::Type::Bool, span);
                graph.add(Op::BoolToReal(below), hir::Type::Real, span)
            }
            Distribution::Exponential => {
                let minus = graph.unary(Unary::Neg, drawn, span);
                let log = graph.unary(Unary::Log1p, minus, span);
                let minus = graph.unary(Unary::Neg, log, span);
                graph.binary(Binary::Div, minus, of[0], span)
            }
        }
    }
}

fn known_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number),
        _ => None,
    }
}

/// That a distribution has numbers, as far as its arguments are known.
fn check(distribution: Distribution, values: &[Value], arguments: &[Expr]) -> eval::Result<()> {
    let known: Vec<Option<f64>> = values.iter().map(known_number).collect();
    let first = known.first().copied().flatten();
    let second = known.get(1).copied().flatten();
    let is_finite = |number: f64| (number as f32).is_finite();
    let (at, why) = match (distribution, first, second) {
        (Distribution::Uniform, Some(a), Some(b)) if a as f32 >= b as f32 => {
            (1, "`uniform` goes from one number up to a greater one")
        }
        (Distribution::Normal, _, Some(std)) if std < 0.0 => (1, "a deviation is not below 0"),
        (Distribution::Bernoulli, Some(p), _) if !(0.0..=1.0).contains(&p) => {
            (0, "a probability lies between 0 and 1")
        }
        (Distribution::Exponential, Some(rate), _) if rate <= 0.0 => (0, "a rate is above 0"),
        _ => match known.iter().position(|known| known.is_some_and(|known| !is_finite(known))) {
            Some(at) => (at, "the arguments of a draw are finite"),
            None => return Ok(()),
        },
    };
    let there = known[at].map(|number| format!("this is {number}")).unwrap_or_default();
    Err(Box::new(Diagnostic::new("E0321", arguments[at].span, why, there)))
}

/// A draw as it is declared.
pub(super) fn declared(rand: &ast::Rand, slot: Slot) -> Draw {
    let named = match &rand.value.kind {
        ast::ExprKind::Call(call) => builtins::find(&call.name.text),
        _ => None,
    };
    let distribution = named.and_then(|builtin| match builtin.form {
        Form::Distribution(distribution) => Some(distribution),
        _ => None,
    });
    let (name, span) = (rand.name.text.clone(), rand.name.span);
    Draw { name, slot, distribution, value: rand.value.span, span }
}
