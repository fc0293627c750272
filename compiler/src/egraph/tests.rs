use super::{EXACT, FAST, simplify};
use crate::check::hir::{
    Binary, Compare, Graph, Leaf, NodeId, Op, Output, SurrogateId, Type, Unary,
};
use crate::diff::tests::{evaluate, neuron_of};
use crate::diff::{Adjoint, differentiate, print};
use crate::span::Span;

/// What a rule is shown with: the nodes `x`, `y` and `u` to an expression that it fits.
type Example = fn(&mut Writer, [NodeId; 3]) -> NodeId;

/// A graph with short names.
struct Writer<'g>(&'g mut Graph);

impl Writer<'_> {
    fn real(&mut self, op: Op) -> NodeId {
        self.0.add(op, Type::Real, Span::default())
    }
    fn bool(&mut self, op: Op) -> NodeId {
        self.0.add(op, Type::Bool, Span::default())
    }
    fn number(&mut self, value: f64) -> NodeId {
        self.0.constant(value, Span::default())
    }
    fn neg(&mut self, a: NodeId) -> NodeId {
        self.real(Op::Unary(Unary::Neg, a))
    }
    fn add(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.real(Op::Binary(Binary::Add, a, b))
    }
    fn sub(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.real(Op::Binary(Binary::Sub, a, b))
    }
    fn mul(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.real(Op::Binary(Binary::Mul, a, b))
    }
    fn div(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.real(Op::Binary(Binary::Div, a, b))
    }
    fn spike(&mut self, u: NodeId) -> NodeId {
        self.real(Op::Spike(u, SurrogateId(0), [None; 2]))
    }
    fn below(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.bool(Op::Compare(Compare::Lt, a, b))
    }
    fn select(&mut self, c: NodeId, a: NodeId, b: NodeId) -> NodeId {
        self.real(Op::Select(c, a, b))
    }
}

/// An example for each rule, with the nodes that are left behind the leaves it needs.
const EXAMPLES: &[(&str, Example, &str)] = &[
    (
        "x * 1 = x",
        |w, [x, ..]| {
            let one = w.number(1.0);
            let product = w.mul(one, x);
            w.mul(product, one)
        },
        "",
    ),
    (
        "x / 1 = x",
        |w, [x, ..]| {
            let one = w.number(1.0);
            w.div(x, one)
        },
        "",
    ),
    (
        "x - 0 = x",
        |w, [x, ..]| {
            let zero = w.number(0.0);
            w.sub(x, zero)
        },
        "",
    ),
    (
        "--x = x",
        |w, [x, ..]| {
            let once = w.neg(x);
            w.neg(once)
        },
        "",
    ),
    (
        "not not c = c",
        |w, [x, y, u]| {
            let c = w.below(x, y);
            let not = w.bool(Op::Not(c));
            let c = w.bool(Op::Not(not));
            w.select(c, u, x)
        },
        "lt select",
    ),
    (
        "select(true, a, b) = a",
        |w, [x, y, u]| {
            let (yes, no) = (w.bool(Op::Bool(true)), w.bool(Op::Bool(false)));
            let first = w.select(yes, x, y);
            w.select(no, u, first)
        },
        "",
    ),
    (
        "select(c, a, a) = a",
        |w, [x, y, u]| {
            let c = w.below(x, y);
            w.select(c, u, u)
        },
        "",
    ),
    ("detach(x) = x", |w, [x, ..]| w.real(Op::Detach(x)), ""),
    (
        "constants",
        |w, [x, ..]| {
            let (two, three) = (w.number(2.0), w.number(3.0));
            let product = w.mul(two, three);
            let negative = w.neg(product);
            w.add(x, negative)
        },
        "const add",
    ),
    (
        "x + 0 = x",
        |w, [x, ..]| {
            let (zero, minus) = (w.number(0.0), w.number(-0.0));
            let first = w.add(zero, x);
            let second = w.add(first, minus);
            w.sub(second, minus)
        },
        "",
    ),
    (
        "0 - x = -x",
        |w, [x, ..]| {
            let zero = w.number(0.0);
            w.sub(zero, x)
        },
        "neg",
    ),
    (
        "x * 0 = 0",
        |w, [x, y, u]| {
            let zero = w.number(0.0);
            let first = w.mul(x, zero);
            let second = w.div(zero, y);
            let sum = w.add(first, second);
            w.add(sum, u)
        },
        "",
    ),
    (
        "x + -y = x - y",
        |w, [x, y, u]| {
            let y = w.neg(y);
            let first = w.add(x, y);
            let u = w.neg(u);
            let second = w.add(u, first);
            w.sub(second, u)
        },
        "sub sub add",
    ),
    (
        "-(x - y) = y - x",
        |w, [x, y, _]| {
            let difference = w.sub(x, y);
            w.neg(difference)
        },
        "sub",
    ),
    (
        "x * -y = -(x * y)",
        |w, [x, y, u]| {
            let y = w.neg(y);
            let first = w.mul(x, y);
            let u = w.neg(u);
            w.mul(u, first)
        },
        "mul mul",
    ),
    (
        "x / c = x * (1 / c) where c is the same at every step",
        |w, [x, ..]| {
            let four = w.number(4.0);
            w.div(x, four)
        },
        "const mul",
    ),
    (
        "sigmoid(x) * (1 - sigmoid(x)) = sigmoid_slope(x log2(e))",
        |w, [x, y, _]| {
            let one = w.number(1.0);
            let s = w.real(Op::Unary(Unary::Sigmoid, x));
            let rest = w.sub(one, s);
            let product = w.mul(y, s);
            w.mul(product, rest)
        },
        "const mul sigmoid_slope mul",
    ),
    (
        "c * x * d = x * (c * d) of constants",
        |w, [x, ..]| {
            let (two, three) = (w.number(2.0), w.number(3.0));
            let first = w.mul(two, x);
            w.mul(first, three)
        },
        "const mul",
    ),
    (
        "g * s = select(s, g, 0) of a spike",
        |w, [x, _, u]| {
            let s = w.spike(u);
            w.mul(x, s)
        },
        "spike const ne select",
    ),
    (
        "g * (1 - s) = select(s, 0, g) of a spike",
        |w, [x, _, u]| {
            let (one, s) = (w.number(1.0), w.spike(u));
            let rest = w.sub(one, s);
            w.mul(x, rest)
        },
        "spike const ne select",
    ),
];

/// An expression as an adjoint in which nothing, or everything, is the neuron's own.
fn adjoint(example: Example, is_primal: bool) -> Adjoint {
    let neuron = neuron_of(|graph, leaves| example(&mut Writer(graph), leaves));
    let count = neuron.graph.len();
    Adjoint {
        neuron,
        n_primal: if is_primal { count } else { 0 },
        inputs: vec![None; 3],
        states: vec![],
        sums: vec![],
        params: vec![],
    }
}

/// The operations in order, leaves left out.
fn words(adjoint: &Adjoint) -> String {
    let text = print(adjoint);
    let op = |line: &str| Some(line.split_once(": ")?.1.split(' ').nth(2)?.to_string());
    // Those of surrogates stand further in.
    let ops = text.lines().filter(|line| line.starts_with("  %")).filter_map(op);
    ops.filter(|op| op != "input").collect::<Vec<_>>().join(" ")
}

fn value(adjoint: &Adjoint, inputs: [f64; 3]) -> f64 {
    let values = evaluate(&adjoint.neuron.graph, |leaf| match leaf {
        Leaf::Input(i) => inputs[i as usize],
        leaf => panic!("{leaf:?}"),
    });
    let [Output { value, .. }] = adjoint.neuron.outputs.as_slice() else { panic!("one output") };
    values[value.0 as usize]
}

const NUMBERS: [f64; 8] =
    [0.0, -0.0, 1.5, -2.25, 1e-310, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];

#[test]
fn every_rule_has_an_example_that_it_fits() {
    let rules: Vec<&str> = EXACT.iter().chain(FAST).map(|rule| rule.name).collect();
    let examples: Vec<&str> = EXAMPLES.iter().map(|(name, ..)| *name).collect();
    assert_eq!(rules, examples);
    for (name, example, left) in EXAMPLES {
        assert_eq!(words(&simplify(&adjoint(*example, false))), *left, "{name}");
    }
}

#[test]
fn exact_rules_change_no_bit() {
    for (name, example, left) in &EXAMPLES[..EXACT.len()] {
        let before = adjoint(*example, true);
        let after = simplify(&before);
        assert_eq!(words(&after), *left, "{name}");
        for x in NUMBERS {
            for y in NUMBERS {
                let inputs = [x, y, x - 1.0];
                let (a, b) = (value(&before, inputs), value(&after, inputs));
                let same = a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
                assert!(same, "{name} at {inputs:?}: {a} became {b}");
            }
        }
    }
}

#[test]
fn fast_rules_hold_for_real_numbers() {
    for (name, example, _) in &EXAMPLES[EXACT.len()..] {
        let before = adjoint(*example, false);
        let after = simplify(&before);
        for inputs in [[1.5, -0.25, 0.0], [-3.0, 0.7, -0.1], [0.3, 12.0, 2.0]] {
            let (a, b) = (value(&before, inputs), value(&after, inputs));
            assert!((a - b).abs() <= 1e-12 * a.abs().max(1.0), "{name}: {a} became {b}");
        }
    }
}

#[test]
fn fast_rules_leave_the_neuron_itself_alone() {
    for (name, example, _) in &EXAMPLES[EXACT.len()..] {
        let before = adjoint(*example, true);
        assert_eq!(words(&simplify(&before)), words(&before), "{name}");
    }
}

#[test]
fn simplified_once_is_simplified() {
    let neuron = neuron_of(|graph, [x, y, u]| {
        let mut w = Writer(graph);
        let s = w.spike(u);
        let soft = w.real(Op::Soft(x, s, y));
        let quotient = w.div(soft, y);
        w.real(Op::Unary(Unary::Sigmoid, quotient))
    });
    let once = simplify(&differentiate(&neuron));
    assert_eq!(print(&simplify(&once)), print(&once));
}
