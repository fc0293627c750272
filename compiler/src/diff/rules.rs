//! The table of derivative rules: one for each primitive, with the adjoint given to each operand.

use super::sweep::Term;
use crate::check::hir::{Binary, Compare, Graph, NodeId, Op, Surrogate, Type, Unary};
use crate::span::Span;

/// Writes the terms of one node.
pub(super) struct Rule<'a> {
    pub graph: &'a mut Graph,
    /// The source of the node that is differentiated.
    pub span: Span,
    /// The neuron's surrogates.
    pub of: &'a [Surrogate],
}

/// `(k + 1) / (k + 2)!` from the highest `k` down: the derivative of `exprel` as a series, to 1e-12 for
/// numbers below 1/4.
const EXPREL_SLOPE: [f64; 9] = [
    9.0 / 3_628_800.0,
    8.0 / 362_880.0,
    7.0 / 40_320.0,
    6.0 / 5_040.0,
    5.0 / 720.0,
    4.0 / 120.0,
    3.0 / 24.0,
    2.0 / 6.0,
    1.0 / 2.0,
];

/// What comes to each operand; none where nothing does.
type Terms = [Option<Term>; 3];

impl Rule<'_> {
    /// The terms of node `y`, whose adjoint is `g`. `leads` says for which operands one is wanted.
    pub fn terms(&mut self, op: Op, y: NodeId, g: NodeId, leads: &[bool]) -> Terms {
        let leads = |i: usize| leads.get(i).copied().unwrap_or(false);
        let mut terms = [None; 3];
        for (i, term) in terms.iter_mut().enumerate().filter(|(i, _)| leads(*i)) {
            *term = self.term(op, y, g, i);
        }
        terms
    }

    /// The term of operand `i`.
    fn term(&mut self, op: Op, y: NodeId, g: NodeId, i: usize) -> Option<Term> {
        Some(Term::always(match (op, i) {
            (Op::Unary(op, a), _) => return self.unary(op, a, y, g).map(Term::always),
            (Op::Binary(op @ (Binary::Min | Binary::Max), a, b), i) => {
                return Some(self.extremum(op, [a, b], g, i));
            }
            (Op::Binary(op, a, b), _) => self.binary(op, [a, b], y, g, i)?,
            (Op::Select(c, ..), 1 | 2) => return Some(self.taken(c, g, i == 1)),
            (Op::Fma(_, b, _), 0) => self.mul(g, b),
            (Op::Fma(a, ..), 1) => self.mul(g, a),
            (Op::Fma(..), 2) => g,
            (Op::Spike(u, surrogate, arguments), i) => {
                let surrogate = &self.of[surrogate.0 as usize];
                return self.spike(surrogate, u, arguments, g, i);
            }
            (Op::Hard(_, s, _), 0) => {
                let rest = self.one_minus(s);
                self.mul(g, rest)
            }
            (Op::Hard(v, _, to), 1) => {
                let jump = self.sub(to, v);
                self.mul(g, jump)
            }
            (Op::Hard(_, s, _), 2) => self.mul(g, s),
            (Op::Soft(..), 0) => g,
            (Op::Soft(_, _, by), 1) => self.minus(g, by),
            (Op::Soft(_, s, _), 2) => self.minus(g, s),
            (
                Op::Const(_)
                | Op::Int(_)
                | Op::Bool(_)
                | Op::Leaf(_)
                | Op::Compare(..)
                | Op::Logic(..)
                | Op::Not(_)
                | Op::IntToReal(_)
                | Op::RealToInt(_)
                | Op::BoolToReal(_)
                | Op::Detach(_)
                | Op::Select(..)
                | Op::Fma(..)
                | Op::Hard(..)
                | Op::Soft(..),
                _,
            ) => return None,
        }))
    }

    fn unary(&mut self, op: Unary, a: NodeId, y: NodeId, g: NodeId) -> Option<NodeId> {
        let by = match op {
            Unary::Floor | Unary::Ceil | Unary::Round | Unary::Sign => return None,
            Unary::Neg => return Some(self.neg(g)),
            Unary::Sqrt => {
                let half = self.constant(0.5);
                let half = self.mul(g, half);
                return Some(self.div(half, y));
            }
            Unary::Log => return Some(self.div(g, a)),
            Unary::Log1p => {
                let one = self.constant(1.0);
                let shifted = self.binary_op(Binary::Add, one, a);
                return Some(self.div(g, shifted));
            }
            Unary::Atan => {
                let square = self.mul(a, a);
                let one = self.constant(1.0);
                let denominator = self.binary_op(Binary::Add, one, square);
                return Some(self.div(g, denominator));
            }
            Unary::Abs => self.function(Unary::Sign, a),
            Unary::Exp => y,
            Unary::Expm1 => self.function(Unary::Exp, a),
            Unary::Exprel => self.exprel_slope(a, y),
            Unary::Sinh => self.function(Unary::Cosh, a),
            Unary::Cosh => self.function(Unary::Sinh, a),
            Unary::Tan => {
                let (one, square) = (self.constant(1.0), self.mul(y, y));
                self.binary_op(Binary::Add, one, square)
            }
            Unary::Sigmoid => {
                let rest = self.one_minus(y);
                self.mul(y, rest)
            }
            Unary::SigmoidSlope => {
                let ln_2 = self.constant(std::f64::consts::LN_2);
                let x = self.mul(a, ln_2);
                let sigmoid = self.function(Unary::Sigmoid, x);
                let double = self.binary_op(Binary::Add, sigmoid, sigmoid);
                let rest = self.one_minus(double);
                let slope = self.mul(y, rest);
                self.mul(slope, ln_2)
            }
            Unary::Softplus => self.function(Unary::Sigmoid, a),
            Unary::Tanh => {
                let square = self.mul(y, y);
                self.one_minus(square)
            }
            Unary::Sin => self.function(Unary::Cos, a),
            Unary::Cos => {
                let sin = self.function(Unary::Sin, a);
                self.neg(sin)
            }
            Unary::Erf => self.bell(a, std::f64::consts::FRAC_2_SQRT_PI),
            Unary::Erfc => self.bell(a, -std::f64::consts::FRAC_2_SQRT_PI),
        };
        Some(self.mul(g, by))
    }

    /// `factor * e^(-a^2)`.
    fn bell(&mut self, a: NodeId, factor: f64) -> NodeId {
        let square = self.mul(a, a);
        let exponent = self.neg(square);
        let bell = self.function(Unary::Exp, exponent);
        let factor = self.constant(factor);
        self.mul(factor, bell)
    }

    /// `(e^a - y) / a` of `y = exprel(a)`; near 0, where that cancels, its series.
    fn exprel_slope(&mut self, a: NodeId, y: NodeId) -> NodeId {
        let exp = self.function(Unary::Exp, a);
        let difference = self.sub(exp, y);
        let far = self.div(difference, a);
        let mut near = self.constant(EXPREL_SLOPE[0]);
        for &coefficient in &EXPREL_SLOPE[1..] {
            let (product, coefficient) = (self.mul(near, a), self.constant(coefficient));
            near = self.binary_op(Binary::Add, product, coefficient);
        }
        let (magnitude, limit) = (self.function(Unary::Abs, a), self.constant(0.25));
        let is_near =
            self.graph.add(Op::Compare(Compare::Lt, magnitude, limit), Type::Bool, self.span);
        self.graph.add(Op::Select(is_near, near, far), Type::Real, self.span)
    }

    fn binary(
        &mut self,
        op: Binary,
        [a, b]: [NodeId; 2],
        y: NodeId,
        g: NodeId,
        i: usize,
    ) -> Option<NodeId> {
        Some(match (op, i) {
            (Binary::Add, _) | (Binary::Sub, 0) => g,
            (Binary::Sub, _) => self.neg(g),
            (Binary::Mul, 0) => self.mul(g, b),
            (Binary::Mul, _) => self.mul(g, a),
            (Binary::Div, 0) => self.div(g, b),
            (Binary::Div, _) => {
                let share = self.div(g, b);
                self.minus(share, y)
            }
            (Binary::Min | Binary::Max, _) => return None,
        })
    }

    /// Of the two operands the one that is taken, the first where they are equal.
    fn extremum(&mut self, op: Binary, [a, b]: [NodeId; 2], g: NodeId, i: usize) -> Term {
        let compare = if op == Binary::Min { Compare::Le } else { Compare::Ge };
        let first = self.graph.add(Op::Compare(compare, a, b), Type::Bool, self.span);
        self.taken(first, g, i == 0)
    }

    /// What comes to one of two branches: it counts where the condition is as said.
    fn taken(&mut self, condition: NodeId, g: NodeId, is: bool) -> Term {
        let other = (!is).then(|| self.graph.add(Op::Not(condition), Type::Bool, self.span));
        Term { value: g, guard: Some(other.unwrap_or(condition)) }
    }

    fn constant(&mut self, value: f64) -> NodeId {
        self.graph.constant(value, self.span)
    }

    fn function(&mut self, op: Unary, a: NodeId) -> NodeId {
        self.graph.unary(op, a, self.span)
    }

    pub(super) fn binary_op(&mut self, op: Binary, a: NodeId, b: NodeId) -> NodeId {
        self.graph.binary(op, a, b, self.span)
    }

    fn neg(&mut self, a: NodeId) -> NodeId {
        self.function(Unary::Neg, a)
    }

    fn sub(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.binary_op(Binary::Sub, a, b)
    }

    pub(super) fn mul(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.binary_op(Binary::Mul, a, b)
    }

    fn div(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.binary_op(Binary::Div, a, b)
    }

    /// `-(a * b)`.
    fn minus(&mut self, a: NodeId, b: NodeId) -> NodeId {
        let product = self.mul(a, b);
        self.neg(product)
    }

    fn one_minus(&mut self, a: NodeId) -> NodeId {
        let one = self.constant(1.0);
        self.sub(one, a)
    }
}
