//! The rules, as two tables. A rule looks at one operation and its operands, and gives a simpler form.

use crate::check::fold;
use crate::check::hir::{Binary, Compare, Graph, NodeId, Number, Op, Type, Unary};
use crate::span::Span;

/// A rule with its name.
pub struct Rule {
    /// What it says.
    pub name: &'static str,
    /// The simpler form of an operation, if the rule fits.
    pub(super) rewrite: fn(&mut Patterns, Op) -> Option<Found>,
}

/// A simpler form.
pub(super) enum Found {
    /// A node that is there.
    Node(NodeId),
    /// Another operation of the same type, which rules may fit again.
    Op(Op),
}

use Binary::{Add, Div, Mul, Sub};
use Found::Node;

/// What changes no number, infinities and -0 included.
pub const EXACT: &[Rule] = &[
    rule("x * 1 = x", |p, op| match op {
        Op::Binary(Mul, a, b) if p.is(b, 1.0) => Some(Node(a)),
        Op::Binary(Mul, a, b) if p.is(a, 1.0) => Some(Node(b)),
        _ => None,
    }),
    rule("x / 1 = x", |p, op| match op {
        Op::Binary(Div, a, b) if p.is(b, 1.0) => Some(Node(a)),
        _ => None,
    }),
    rule("x - 0 = x", |p, op| match op {
        Op::Binary(Sub, a, b) if p.is(b, 0.0) => Some(Node(a)),
        _ => None,
    }),
    rule("--x = x", |p, op| match op {
        Op::Unary(Unary::Neg, a) => p.negated(a).map(Node),
        _ => None,
    }),
    rule("not not c = c", |p, op| match op {
        Op::Not(a) => match p.op(a) {
            Op::Not(inner) => Some(Node(inner)),
            _ => None,
        },
        _ => None,
    }),
    rule("select(true, a, b) = a", |p, op| match op {
        Op::Select(c, a, b) => match p.op(c) {
            Op::Bool(taken) => Some(Node(if taken { a } else { b })),
            _ => None,
        },
        _ => None,
    }),
    rule("select(c, a, a) = a", |_, op| match op {
        Op::Select(_, a, b) if a == b => Some(Node(a)),
        _ => None,
    }),
    rule("detach(x) = x", |_, op| match op {
        Op::Detach(a) => Some(Node(a)),
        _ => None,
    }),
];

/// What holds for real numbers and may round otherwise.
pub const FAST: &[Rule] = &[
    rule("constants", |p, op| match op {
        Op::Binary(op, a, b) => {
            let value = fold::binary(op, p.value(a)?, p.value(b)?);
            Some(Node(p.constant(value)))
        }
        Op::Unary(op, a) => {
            let value = fold::unary(op, p.value(a)?);
            Some(Node(p.constant(value)))
        }
        _ => None,
    }),
    rule("x + 0 = x", |p, op| match op {
        Op::Binary(Add, a, b) if p.is_zero(b) => Some(Node(a)),
        Op::Binary(Add, a, b) if p.is_zero(a) => Some(Node(b)),
        Op::Binary(Sub, a, b) if p.is_zero(b) => Some(Node(a)),
        _ => None,
    }),
    rule("0 - x = -x", |p, op| match op {
        Op::Binary(Sub, a, b) if p.is_zero(a) => Some(Found::Op(Op::Unary(Unary::Neg, b))),
        _ => None,
    }),
    rule("x * 0 = 0", |p, op| match op {
        Op::Binary(Mul, a, b) if p.is_zero(a) || p.is_zero(b) => Some(Node(p.constant(0.0))),
        Op::Binary(Div, a, _) if p.is_zero(a) => Some(Node(p.constant(0.0))),
        _ => None,
    }),
    rule("x + -y = x - y", |p, op| match op {
        Op::Binary(Add, a, b) => match (p.negated(a), p.negated(b)) {
            (_, Some(b)) => Some(Found::Op(Op::Binary(Sub, a, b))),
            (Some(a), None) => Some(Found::Op(Op::Binary(Sub, b, a))),
            (None, None) => None,
        },
        Op::Binary(Sub, a, b) => Some(Found::Op(Op::Binary(Add, a, p.negated(b)?))),
        _ => None,
    }),
    rule("-(x - y) = y - x", |p, op| match op {
        Op::Unary(Unary::Neg, a) => match p.op(a) {
            Op::Binary(Sub, a, b) => Some(Found::Op(Op::Binary(Sub, b, a))),
            _ => None,
        },
        _ => None,
    }),
    rule("x * -y = -(x * y)", |p, op| match op {
        Op::Binary(Mul, a, b) => {
            let product = match (p.negated(a), p.negated(b)) {
                (Some(a), Some(b)) => return Some(Found::Op(Op::Binary(Mul, a, b))),
                (Some(a), None) => Op::Binary(Mul, a, b),
                (None, Some(b)) => Op::Binary(Mul, a, b),
                (None, None) => return None,
            };
            let product = p.add(product, Type::Real);
            Some(Found::Op(Op::Unary(Unary::Neg, product)))
        }
        _ => None,
    }),
    rule("x / c = x * (1 / c) where c is the same at every step", |p, op| match op {
        Op::Binary(Div, a, b) if p.is_steady(b) && !p.is(a, 1.0) => {
            let one = p.constant(1.0);
            let inverse = match p.value(b) {
                Some(value) => p.constant(1.0 / value),
                None => p.add(Op::Binary(Div, one, b), Type::Real),
            };
            Some(Found::Op(Op::Binary(Mul, a, inverse)))
        }
        _ => None,
    }),
    rule("sigmoid(x) * (1 - sigmoid(x)) = sigmoid_slope(x log2(e))", |p, op| match op {
        Op::Binary(Mul, a, rest) => match p.op(rest) {
            Op::Binary(Sub, one, s) if p.is(one, 1.0) => p.slope(a, s).map(Found::Op),
            _ => None,
        },
        _ => None,
    }),
    rule("c * x * d = x * (c * d) of constants", |p, op| match op {
        Op::Binary(Mul, a, b) => {
            let (d, product) = match (p.value(a), p.value(b)) {
                (Some(d), None) => (d, b),
                (None, Some(d)) => (d, a),
                _ => return None,
            };
            let Op::Binary(Mul, a, b) = p.op(product) else { return None };
            let (c, x) = match (p.value(a), p.value(b)) {
                (Some(c), _) => (c, b),
                (_, Some(c)) => (c, a),
                _ => return None,
            };
            let factor = p.constant(c * d);
            Some(Found::Op(Op::Binary(Mul, x, factor)))
        }
        _ => None,
    }),
    rule("g * s = select(s, g, 0) of a spike", |p, op| match op {
        Op::Binary(Mul, g, s) if p.is_spike(s) => Some(Found::Op(p.where_spike(s, g, true))),
        Op::Binary(Mul, s, g) if p.is_spike(s) => Some(Found::Op(p.where_spike(s, g, true))),
        _ => None,
    }),
    rule("g * (1 - s) = select(s, 0, g) of a spike", |p, op| match op {
        Op::Binary(Mul, g, rest) => match p.op(rest) {
            Op::Binary(Sub, one, s) if p.is(one, 1.0) && p.is_spike(s) => {
                Some(Found::Op(p.where_spike(s, g, false)))
            }
            _ => None,
        },
        _ => None,
    }),
];

const fn rule(name: &'static str, rewrite: fn(&mut Patterns, Op) -> Option<Found>) -> Rule {
    Rule { name, rewrite }
}

/// The graph as it grows, with what rules ask of it.
#[derive(Default)]
pub(super) struct Patterns {
    pub graph: Graph,
    /// Where new nodes come from.
    pub span: Span,
    /// For each node whether it is the same at every step.
    steady: Vec<bool>,
}

impl Patterns {
    pub fn add(&mut self, op: Op, ty: Type) -> NodeId {
        let id = self.graph.add(op, ty, self.span);
        if id.0 as usize == self.steady.len() {
            let steady = match op {
                Op::Leaf(leaf) => leaf.is_steady(),
                op => op.operands().all(|operand| self.steady[operand.0 as usize]),
            };
            self.steady.push(steady);
        }
        id
    }

    /// A node of the adjoint in its simplest form.
    fn simplified(&mut self, op: Op) -> NodeId {
        super::rewrite(self, op, Type::Real, &[EXACT, FAST])
    }

    fn constant(&mut self, value: f64) -> NodeId {
        self.add(Op::Const(Number::new(value)), Type::Real)
    }

    fn op(&self, id: NodeId) -> Op {
        self.graph.node(id).op
    }

    fn value(&self, id: NodeId) -> Option<f64> {
        match self.op(id) {
            Op::Const(number) => Some(number.value()),
            _ => None,
        }
    }

    /// Whether it is this constant, to the bit.
    fn is(&self, id: NodeId, value: f64) -> bool {
        self.value(id).is_some_and(|number| number.to_bits() == value.to_bits())
    }

    fn is_zero(&self, id: NodeId) -> bool {
        self.value(id) == Some(0.0)
    }

    /// What it is the negative of.
    fn negated(&self, id: NodeId) -> Option<NodeId> {
        match self.op(id) {
            Op::Unary(Unary::Neg, a) => Some(a),
            _ => None,
        }
    }

    fn is_steady(&self, id: NodeId) -> bool {
        self.steady[id.0 as usize]
    }

    fn is_spike(&self, id: NodeId) -> bool {
        matches!(self.op(id), Op::Spike(..))
    }

    /// `a * (1 - s)` of a sigmoid `s`, where `a` is it or a product with it.
    fn slope(&mut self, a: NodeId, s: NodeId) -> Option<Op> {
        let Op::Unary(Unary::Sigmoid, x) = self.op(s) else { return None };
        let factor = match self.op(a) {
            _ if a == s => None,
            Op::Binary(Mul, factor, b) | Op::Binary(Mul, b, factor) if b == s => Some(factor),
            _ => return None,
        };
        let log2_e = self.constant(std::f64::consts::LOG2_E);
        let x = self.simplified(Op::Binary(Mul, x, log2_e));
        let slope = Op::Unary(Unary::SigmoidSlope, x);
        let Some(factor) = factor else { return Some(slope) };
        let slope = self.add(slope, Type::Real);
        Some(Op::Binary(Mul, factor, slope))
    }

    /// `g` where the spike is 1, or where it is 0, and 0 elsewhere.
    fn where_spike(&mut self, s: NodeId, g: NodeId, fired: bool) -> Op {
        let zero = self.constant(0.0);
        let fires = self.add(Op::Compare(Compare::Ne, s, zero), Type::Bool);
        if fired { Op::Select(fires, g, zero) } else { Op::Select(fires, zero, g) }
    }
}
