//! The values of a graph on sampled leaves, to hold what rules make against what they were given.

use super::forward_roots;
use crate::check::fold;
use crate::check::hir::{Graph, Leaf, Logic, Neuron, NodeId, Op, Type};
use crate::diff::Adjoint;

/// The real that computations are rounded to after each operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// IEEE binary32. Sums, products, quotients and roots of f32 may be computed in f64 and rounded.
    F32,
    /// IEEE binary64.
    F64,
}

impl Width {
    /// The nearest number of this width.
    pub fn round(self, value: f64) -> f64 {
        match self {
            Width::F32 => f64::from(value as f32),
            Width::F64 => value,
        }
    }
}

/// The value of an operation; bools are 0 and 1.
pub fn value(op: Op, ty: Type, width: Width, of: impl Fn(NodeId) -> f64) -> f64 {
    let truth = |truth: bool| f64::from(u8::from(truth));
    let value = match op {
        Op::Const(number) => number.value(),
        Op::Int(value) => value.into(),
        Op::Bool(value) => truth(value),
        Op::Leaf(leaf) => unreachable!("{leaf:?} has no value of its own"),
        Op::Unary(op, a) => fold::unary(op, of(a)),
        Op::Binary(op, a, b) if ty == Type::Int => int(fold::binary(op, of(a), of(b))),
        Op::Binary(op, a, b) => fold::binary(op, of(a), of(b)),
        Op::Compare(op, a, b) => truth(fold::compare(op, of(a), of(b))),
        Op::Logic(Logic::And, a, b) => truth(of(a) != 0.0 && of(b) != 0.0),
        Op::Logic(Logic::Or, a, b) => truth(of(a) != 0.0 || of(b) != 0.0),
        Op::Not(a) => truth(of(a) == 0.0),
        Op::Select(c, a, b) => of(if of(c) != 0.0 { a } else { b }),
        Op::Fma(a, b, c) => match width {
            Width::F32 => libm::fmaf(of(a) as f32, of(b) as f32, of(c) as f32).into(),
            Width::F64 => fold::fma(of(a), of(b), of(c)),
        },
        Op::IntToReal(a) | Op::BoolToReal(a) | Op::Detach(a) => of(a),
        Op::RealToInt(a) => (of(a) as i32).into(),
        Op::Spike(u, ..) => truth(of(u) >= 0.0),
        Op::Hard(v, s, to) => of(if of(s) != 0.0 { to } else { v }),
        Op::Soft(v, s, by) => of(v) - width.round(of(s) * of(by)),
    };
    if ty == Type::Real { width.round(value) } else { value }
}

/// An int that wraps.
fn int(value: f64) -> f64 {
    (value as i64 as i32).into()
}

/// The values of all nodes of a graph; bools are 0 and 1.
pub fn values(graph: &Graph, width: Width, leaf: impl Fn(Leaf, Type) -> f64) -> Vec<f64> {
    let mut values: Vec<f64> = Vec::with_capacity(graph.len());
    for (_, node) in graph.iter() {
        values.push(match node.op {
            Op::Leaf(from) => leaf(from, node.ty),
            op => value(op, node.ty, width, |id| values[id.0 as usize]),
        });
    }
    values
}

/// How two adjoints that should be the same differ on sampled leaves, if they do: the neuron's own values
/// to the bit in f32, the gradients of one step in f64 but for rounding.
pub fn difference(before: &Adjoint, after: &Adjoint) -> Option<String> {
    (0..8).find_map(|seed| {
        let (a, b) = (one_step(before, seed, Width::F32), one_step(after, seed, Width::F32));
        let own = forward_roots(&before.neuron).zip(forward_roots(&after.neuron));
        let own = own.map(|(old, new)| (old, new, a[old.0 as usize], b[new.0 as usize]));
        let same = |x: f64, y: f64| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan();
        let differs = own.into_iter().find(|(_, _, x, y)| !same(*x, *y));
        differs.map(shown("in f32")).or_else(|| gradient_difference(before, after, seed))
    })
}

fn shown(how: &str) -> impl Fn((NodeId, NodeId, f64, f64)) -> String {
    move |(old, new, x, y)| format!("%{} is {x}, and %{} is {y} {how}", old.0, new.0)
}

/// Samples with larger numbers on the way say nothing of a gradient.
const MAX_SCALE: f64 = 1e6;

fn gradient_difference(before: &Adjoint, after: &Adjoint, seed: u64) -> Option<String> {
    let (a, b) = (one_step(before, seed, Width::F64), one_step(after, seed, Width::F64));
    let scale = a.iter().fold(1.0, |most: f64, x| most.max(x.abs()));
    // Where numbers overflow, or what is left of them is all rounding, forms differ and none is right.
    if a.iter().any(|x| !x.is_finite()) || scale > MAX_SCALE {
        return None;
    }
    let grads = grads(before).zip(grads(after));
    let mut both = grads.map(|(old, new)| (old, new, a[old.0 as usize], b[new.0 as usize]));
    let is_same = |x: f64, y: f64| (x - y).abs() <= 1e-9 * scale;
    both.find(|(_, _, x, y)| !is_same(*x, *y)).map(shown("in f64"))
}

/// What an adjoint gives to callers.
fn grads(adjoint: &Adjoint) -> impl Iterator<Item = NodeId> {
    adjoint.inputs.iter().chain(&adjoint.states).chain(&adjoint.params).copied().flatten()
}

/// The values of all nodes, where there is one step: a sum is what this step adds to it.
fn one_step(adjoint: &Adjoint, seed: u64, width: Width) -> Vec<f64> {
    let graph = &adjoint.neuron.graph;
    let sampled = |leaf, ty| width.round(sampled(&adjoint.neuron, leaf, ty, seed));
    let step = values(graph, width, |leaf, ty| match leaf {
        Leaf::Sum(_) => 0.0,
        leaf => sampled(leaf, ty),
    });
    values(graph, width, |leaf, ty| match leaf {
        Leaf::Sum(i) => adjoint.sums.get(i as usize).map_or(0.0, |sum| step[sum.0 as usize]),
        leaf => sampled(leaf, ty),
    })
}

/// A number for a leaf that its declaration allows.
fn sampled(neuron: &Neuron, leaf: Leaf, ty: Type, seed: u64) -> f64 {
    let at = match leaf {
        Leaf::Input(i) => (1, i),
        Leaf::State(i) => (2, i),
        Leaf::Param(i) => (3, i),
        Leaf::Arg(i) => (4, i),
        Leaf::OutputGrad(i) => (5, i),
        Leaf::StateGrad(i) => (6, i),
        Leaf::InitGrad(i) => (7, i),
        Leaf::Sum(i) => (8, i),
        Leaf::ColumnGrad(i) => (9, i),
    };
    let unit = unit(seed, at.0 * 1000 + u64::from(at.1));
    let fact = super::facts::of_leaf(leaf, neuron);
    let value = match ty {
        Type::Int => (unit * 7.0).floor() - 1.0,
        Type::Bool => (unit * 2.0).floor(),
        Type::Real => {
            let (low, high) = (fact.low.max(-3.0), fact.high.min(4.0));
            // A range far from 0 is sampled at its near end.
            let (low, high) = if low <= high { (low, high) } else { (fact.low, fact.low + 1.0) };
            low + unit * (high - low)
        }
    };
    if ty == Type::Real { f64::from(value as f32).clamp(fact.low, fact.high) } else { value }
}

/// A number from 0 to 1 that depends on the two alone.
pub fn unit(seed: u64, at: u64) -> f64 {
    let mut x = (seed << 32 ^ at).wrapping_add(0x9e37_79b9_7f4a_7c15);
    for _ in 0..3 {
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x ^= x >> 27;
    }
    (x >> 11) as f64 / (1u64 << 53) as f64
}
