//! What is known of a value whatever the inputs are: an interval, and which special numbers it is not.
//!
//! Facts start from constants, from the range of a param (`in`, which hosts hold callers to) and from
//! functions with a bounded result. They hold for f32 and for f64: ends are taken outward where the two
//! differ.

use crate::check::fold;
use crate::check::hir::{
    Binary, Compare, Draw, Graph, Leaf, Neuron, NodeId, Op, Range, Type, Unary,
};

/// What is known of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fact {
    /// No number is below it.
    pub low: f64,
    /// No number is above it.
    pub high: f64,
    /// Whether it may be NaN.
    pub nan: bool,
    /// Whether it may be -0.
    pub minus_zero: bool,
    /// Whether every number is an integer (infinities count as one).
    pub whole: bool,
}

/// Nothing is known.
pub const ANY: Fact =
    Fact { low: f64::NEG_INFINITY, high: f64::INFINITY, nan: true, minus_zero: true, whole: false };

/// A bool, as 0 or 1.
const TRUTH: Fact = Fact { low: 0.0, high: 1.0, nan: false, minus_zero: false, whole: true };

/// A little more than what an arc tangent tends to.
const RIGHT_ANGLE: f64 = std::f64::consts::FRAC_PI_2 * (1.0 + SLACK);

/// How far a function of the maths library may be off, as a share of its value.
const SLACK: f64 = 4e-6;

impl Fact {
    /// A number in a closed interval.
    pub fn between(low: f64, high: f64) -> Self {
        let minus_zero = low <= 0.0 && high >= 0.0;
        Self { low, high, nan: false, minus_zero, whole: false }.outward()
    }

    /// A constant.
    pub fn point(value: f64) -> Self {
        if value.is_nan() {
            return Self { minus_zero: false, ..ANY };
        }
        let minus_zero = value == 0.0 && value.is_sign_negative();
        let whole = value == value.trunc();
        Self { low: value, high: value, nan: false, minus_zero, whole }.outward()
    }

    fn truth(value: bool) -> Self {
        let value = f64::from(u8::from(value));
        Self { low: value, high: value, ..TRUTH }
    }

    /// Of a stored param: its range, where what is stored is the number itself.
    pub fn of_range(range: Range) -> Self {
        let next_up = |x: f64| f64::from((x as f32).next_up());
        let next_down = |x: f64| f64::from((x as f32).next_down());
        let low = if range.low_closed { range.low } else { next_up(range.low).min(range.high) };
        let high = if range.high_closed { range.high } else { next_down(range.high).max(low) };
        Self::between(low, high)
    }

    /// The one number that it can be, if it is exact in f32 and its sign is known.
    pub fn value(&self) -> Option<f64> {
        let is_one = self.low == self.high && !self.nan && self.low.is_finite();
        let has_sign = self.low != 0.0 || !self.minus_zero;
        (is_one && has_sign).then_some(if self.low == 0.0 { 0.0 } else { self.low })
    }

    /// Whether it is neither NaN nor infinite.
    pub fn is_finite(&self) -> bool {
        !self.nan && self.low > f64::NEG_INFINITY && self.high < f64::INFINITY
    }

    /// Whether it may be 0 of either sign.
    pub fn may_be_zero(&self) -> bool {
        self.low <= 0.0 && self.high >= 0.0
    }

    /// Whether it is 0 or 1.
    pub fn is_bit(&self) -> bool {
        self.whole && !self.nan && !self.minus_zero && self.low >= 0.0 && self.high <= 1.0
    }

    /// What is known of a value for which both hold.
    pub fn and(self, other: Self) -> Self {
        let (low, high) = (self.low.max(other.low), self.high.min(other.high));
        // Forms that are equal for real numbers may round to either side of a point.
        let (low, high) = if low <= high { (low, high) } else { (self.low, self.high) };
        Self {
            low,
            high,
            nan: self.nan && other.nan,
            minus_zero: self.minus_zero && other.minus_zero,
            whole: self.whole || other.whole,
        }
    }

    /// What is known of a value for which one of them holds.
    pub fn or(self, other: Self) -> Self {
        Self {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
            nan: self.nan || other.nan,
            minus_zero: self.minus_zero || other.minus_zero,
            whole: self.whole && other.whole,
        }
    }

    /// The ends moved outward to what f32 and f64 round them to.
    fn outward(self) -> Self {
        let low = if self.low.is_nan() { f64::NEG_INFINITY } else { self.low };
        let high = if self.high.is_nan() { f64::INFINITY } else { self.high };
        Self { low: low.min(f64::from(low as f32)), high: high.max(f64::from(high as f32)), ..self }
    }

    /// The ends moved outward by what a function may be off.
    fn loose(self) -> Self {
        let slack = |x: f64| if x.is_finite() { x.abs() * SLACK + 1e-37 } else { 0.0 };
        Self { low: self.low - slack(self.low), high: self.high + slack(self.high), ..self }
    }

    fn within(self, low: f64, high: f64) -> Self {
        Self { low: self.low.clamp(low, high), high: self.high.clamp(low, high), ..self }
    }
}

/// What is known of each node of a neuron, or of its adjoint.
pub fn facts(graph: &Graph, neuron: &Neuron) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::with_capacity(graph.len());
    for (_, node) in graph.iter() {
        let known = |id: NodeId| facts[id.0 as usize];
        facts.push(of(node.op, node.ty, |leaf| of_leaf(leaf, neuron), known));
    }
    facts
}

/// Where uniform draws lie.
const DRAWN: Range = Range { low: 0.0, high: 1.0, low_closed: true, high_closed: false };

/// What a declaration says of a leaf.
pub fn of_leaf(leaf: Leaf, neuron: &Neuron) -> Fact {
    let input = match leaf {
        Leaf::Input(i) => neuron.inputs.get(i as usize),
        _ => None,
    };
    match input.and_then(|input| input.draw()) {
        Some((Draw::Uniform, _)) => return Fact::of_range(DRAWN),
        Some((Draw::Normal, _)) => return Fact { nan: false, ..ANY },
        None => {}
    }
    let param = match leaf {
        Leaf::Param(i) => neuron.params.get(i as usize),
        _ => input.and_then(|input| input.param()),
    };
    match param.filter(|param| param.via.is_none()).and_then(|param| param.range) {
        Some(range) => Fact::of_range(range),
        None => ANY,
    }
}

/// What is known of an operation, from what is known of its operands.
pub fn of(op: Op, ty: Type, leaf: impl Fn(Leaf) -> Fact, known: impl Fn(NodeId) -> Fact) -> Fact {
    match (op, ty) {
        (Op::Leaf(from), Type::Real) => leaf(from),
        (op, Type::Bool) => truth(op, known),
        (_, Type::Int) => Fact { nan: false, minus_zero: false, whole: true, ..ANY },
        (op, Type::Real) => real(op, known),
    }
}

fn real(op: Op, known: impl Fn(NodeId) -> Fact) -> Fact {
    match op {
        Op::Const(number) => Fact::point(number.value()),
        Op::Unary(op, a) => unary(op, known(a)),
        Op::Binary(Binary::Mul, a, b) if a == b => square(known(a)),
        Op::Binary(op, a, b) => binary(op, known(a), known(b)),
        Op::Select(c, a, b) => match truth_of(known(c)) {
            Some(taken) => known(if taken { a } else { b }),
            None => known(a).or(known(b)),
        },
        Op::Fma(a, b, c) => {
            let product = if a == b { square(known(a)) } else { product(known(a), known(b)) };
            let sum = sum(product, known(c));
            // The product itself is not rounded: a sum with +0 may round to -0.
            Fact { minus_zero: sum.may_be_zero(), ..sum }
        }
        Op::IntToReal(_) => {
            Fact { whole: true, minus_zero: false, ..Fact::between(-2f64.powi(31), 2f64.powi(31)) }
        }
        Op::BoolToReal(a) => known(a),
        Op::Detach(a) => known(a),
        Op::Spike(..) => TRUTH,
        Op::Hard(v, _, to) => known(v).or(known(to)),
        Op::Soft(v, s, by) => difference(known(v), product(known(s), known(by))),
        _ => ANY,
    }
}

fn truth(op: Op, known: impl Fn(NodeId) -> Fact) -> Fact {
    let decided = match op {
        Op::Bool(value) => Some(value),
        Op::Compare(op, a, b) => compare(op, known(a), known(b)),
        Op::Not(a) => truth_of(known(a)).map(|value| !value),
        Op::Logic(op, a, b) => match (truth_of(known(a)), truth_of(known(b))) {
            (Some(a), Some(b)) => Some(fold::logic(op, a, b)),
            _ => None,
        },
        _ => None,
    };
    decided.map_or(TRUTH, Fact::truth)
}

/// Whether a condition is known.
pub fn truth_of(fact: Fact) -> Option<bool> {
    (fact.low == fact.high).then_some(fact.low != 0.0)
}

/// A comparison that comes out the same for all numbers that the two may be.
fn compare(op: Compare, a: Fact, b: Fact) -> Option<bool> {
    let numbers = !a.nan && !b.nan;
    let (below, at_most) = (a.high < b.low, a.high <= b.low);
    let (above, at_least) = (a.low > b.high, a.low >= b.high);
    // With NaN a comparison is false, so only falsehood is sure where one may be NaN.
    let decide = |yes: bool, no: bool| match (yes && numbers, no) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    match op {
        Compare::Lt => decide(below, at_least),
        Compare::Le => decide(at_most, above),
        Compare::Gt => decide(above, at_most),
        Compare::Ge => decide(at_least, below),
        Compare::Eq => decide(at_most && at_least, below || above),
        Compare::Ne if below || above => Some(true),
        Compare::Ne => (numbers && at_most && at_least).then_some(false),
    }
}

fn unary(op: Unary, a: Fact) -> Fact {
    let mapped = |f: fn(f64) -> f64| Fact { low: f(a.low), high: f(a.high), ..a };
    let function = |f: fn(f64) -> f64, low: f64, high: f64| {
        let of = Fact { low: f(a.low), high: f(a.high), whole: false, ..a };
        let of = of.loose().within(low, high).outward();
        Fact { minus_zero: of.may_be_zero() && of.low < 0.0, ..of }
    };
    let bounded = |low: f64, high: f64| {
        Fact { low, high, whole: false, minus_zero: low < 0.0, nan: a.nan }.outward()
    };
    const INF: f64 = f64::INFINITY;
    match op {
        Unary::Neg => Fact { low: -a.high, high: -a.low, minus_zero: a.may_be_zero(), ..a },
        Unary::Abs => {
            let high = a.high.max(-a.low);
            let low = if a.may_be_zero() { 0.0 } else { a.high.abs().min(a.low.abs()) };
            Fact { low, high, minus_zero: false, ..a }
        }
        Unary::Floor => zeros(mapped(libm::floor)),
        Unary::Ceil => zeros(mapped(libm::ceil)),
        Unary::Round => zeros(mapped(f64::round_ties_even)),
        Unary::Sign => zeros(mapped(|x| fold::unary(Unary::Sign, x))),
        Unary::Sqrt => Fact {
            low: a.low.max(0.0).sqrt(),
            high: a.high.max(0.0).sqrt(),
            nan: a.nan || a.low < 0.0,
            whole: false,
            ..a
        }
        .outward(),
        Unary::Exp => function(libm::exp, 0.0, INF),
        Unary::Expm1 => function(libm::expm1, -1.0, INF),
        Unary::Exprel => function(|x| fold::unary(Unary::Exprel, x), 0.0, INF),
        Unary::Log => {
            Fact { nan: a.nan || a.low < 0.0, ..function(|x| libm::log(x.max(0.0)), -INF, INF) }
        }
        Unary::Log1p => {
            Fact { nan: a.nan || a.low < -1.0, ..function(|x| libm::log1p(x.max(-1.0)), -INF, INF) }
        }
        Unary::Sigmoid => function(|x| fold::unary(Unary::Sigmoid, x), 0.0, 1.0),
        Unary::SigmoidSlope => bounded(0.0, 0.2501),
        Unary::Softplus => function(|x| fold::unary(Unary::Softplus, x), 0.0, INF),
        Unary::Tanh => function(libm::tanh, -1.0, 1.0),
        Unary::Sinh => function(libm::sinh, -INF, INF),
        Unary::Cosh => bounded(0.99999, INF),
        Unary::Atan => function(libm::atan, -RIGHT_ANGLE, RIGHT_ANGLE),
        Unary::Sin | Unary::Cos => {
            Fact { nan: a.nan || a.low < -1e4 || a.high > 1e4, ..bounded(-1.00001, 1.00001) }
        }
        Unary::Tan => ANY,
        Unary::Erf => function(libm::erf, -1.0, 1.0),
        Unary::Erfc => bounded(0.0, 2.0),
    }
}

/// With a -0 wherever a 0 may be, of either sign.
fn zeros(fact: Fact) -> Fact {
    Fact { minus_zero: fact.may_be_zero(), whole: true, ..fact }
}

fn binary(op: Binary, a: Fact, b: Fact) -> Fact {
    match op {
        Binary::Add => sum(a, b),
        Binary::Sub => difference(a, b),
        Binary::Mul => product(a, b),
        Binary::Div => quotient(a, b),
        // A NaN on either side gives the second.
        Binary::Min => Fact {
            low: a.low.min(b.low),
            high: if a.nan { b.high } else { a.high.min(b.high) },
            nan: b.nan,
            minus_zero: a.minus_zero || b.minus_zero,
            whole: a.whole && b.whole,
        },
        Binary::Max => Fact {
            low: if a.nan { b.low } else { a.low.max(b.low) },
            high: a.high.max(b.high),
            nan: b.nan,
            minus_zero: a.minus_zero || b.minus_zero,
            whole: a.whole && b.whole,
        },
    }
}

const INFINITIES: [f64; 2] = [f64::INFINITY, f64::NEG_INFINITY];

fn sum(a: Fact, b: Fact) -> Fact {
    let cancels = a.high == INFINITIES[0] && b.low == INFINITIES[1]
        || a.low == INFINITIES[1] && b.high == INFINITIES[0];
    Fact {
        low: a.low + b.low,
        high: a.high + b.high,
        nan: a.nan || b.nan || cancels,
        minus_zero: a.minus_zero && b.minus_zero,
        whole: a.whole && b.whole,
    }
    .outward()
}

fn difference(a: Fact, b: Fact) -> Fact {
    let minus_zero = a.minus_zero && b.may_be_zero();
    Fact { minus_zero, ..sum(a, unary(Unary::Neg, b)) }
}

fn product(a: Fact, b: Fact) -> Fact {
    let infinite = |fact: Fact| INFINITIES.contains(&fact.low) || INFINITIES.contains(&fact.high);
    let lost = a.may_be_zero() && infinite(b) || b.may_be_zero() && infinite(a);
    let times = |a: f64, b: f64| if a == 0.0 || b == 0.0 { 0.0 } else { a * b };
    let corners =
        [times(a.low, b.low), times(a.low, b.high), times(a.high, b.low), times(a.high, b.high)];
    let positive = |fact: Fact| fact.low >= 0.0 && !fact.minus_zero;
    hull(
        corners,
        Fact {
            nan: a.nan || b.nan || lost,
            minus_zero: !(positive(a) && positive(b)),
            whole: a.whole && b.whole,
            ..ANY
        },
    )
}

fn square(a: Fact) -> Fact {
    let magnitude = unary(Unary::Abs, a);
    let square = product(magnitude, magnitude);
    Fact { nan: a.nan, minus_zero: false, whole: a.whole, ..square }
}

fn quotient(a: Fact, b: Fact) -> Fact {
    if b.may_be_zero() {
        return ANY;
    }
    let infinite = |fact: Fact| INFINITIES.contains(&fact.low) || INFINITIES.contains(&fact.high);
    let over = |a: f64, b: f64| if a.is_infinite() && b.is_infinite() { 0.0 } else { a / b };
    let mut corners =
        [over(a.low, b.low), over(a.low, b.high), over(a.high, b.low), over(a.high, b.high)];
    if infinite(a) {
        // Between a number and an infinity every quotient is there.
        corners = [a.low, a.high, -a.low, -a.high];
    }
    let positive = |fact: Fact| fact.low >= 0.0 && !fact.minus_zero;
    let of = hull(
        corners,
        Fact {
            nan: a.nan || b.nan || infinite(a) && infinite(b),
            minus_zero: !(positive(a) && positive(b)),
            whole: false,
            ..ANY
        },
    );
    if positive(a) && positive(b) { of.within(0.0, INFINITIES[0]) } else { of }
}

/// From the least to the greatest of these.
fn hull(corners: [f64; 4], other: Fact) -> Fact {
    let low = corners.into_iter().fold(INFINITIES[0], f64::min);
    let high = corners.into_iter().fold(INFINITIES[1], f64::max);
    let fact = Fact { low, high, ..other }.outward();
    Fact { minus_zero: fact.minus_zero && fact.may_be_zero(), ..fact }
}
