use std::collections::HashMap;

use super::{Adjoint, differentiate, print};
use crate::check::hir::{
    Binary, Compare, From, Function, Graph, Input, Leaf, Neuron, NodeId, Op, Output, Surrogate,
    SurrogateId, Type, Unary,
};
use crate::check::{NoImports, Specialization};
use crate::egraph::sample::{Width, values};
use crate::oracle::{Call, Mode, Seeds, Shared, gradients};
use crate::pipeline::{self, Source};
use crate::span::Span;

/// The values of all nodes in f64; bools are 0 and 1.
pub(crate) fn evaluate(graph: &Graph, leaf: impl Fn(Leaf) -> f64) -> Vec<f64> {
    values(graph, Width::F64, |from, _| leaf(from))
}

/// A neuron of three inputs whose one output `make` writes.
pub(crate) fn neuron_of(make: impl FnOnce(&mut Graph, [NodeId; 3]) -> NodeId) -> Neuron {
    let mut graph = Graph::default();
    let span = Span::default();
    let leaves = [0, 1, 2].map(|i| graph.add(Op::Leaf(Leaf::Input(i)), Type::Real, span));
    let value = make(&mut graph, leaves);
    Neuron {
        name: "F".into(),
        span,
        sources: Default::default(),
        options: vec![],
        inputs: ["a", "b", "c"]
            .map(|name| Input { name: name.into(), from: From::Caller, span })
            .into(),
        states: vec![],
        params: vec![],
        outputs: vec![Output { name: "y".into(), value, last: false, packed: false, span }],
        surrogates: vec![triangle()],
        graph,
        named: vec![],
        solved: vec![],
        save: Default::default(),
        dtype: Default::default(),
        is_parallel: false,
        weights: vec![],
        matrices: vec![],
        products: vec![],
    }
}

/// `d(u) = max(0, 1 - |u|)`.
fn triangle() -> Surrogate {
    let mut graph = Graph::default();
    let span = Span::default();
    let u = graph.add(Op::Leaf(Leaf::Arg(0)), Type::Real, span);
    let size = graph.unary(Unary::Abs, u, span);
    let (zero, one) = (graph.constant(0.0, span), graph.constant(1.0, span));
    let rest = graph.binary(Binary::Sub, one, size, span);
    let result = graph.binary(Binary::Max, zero, rest, span);
    Surrogate { name: "triangle".into(), d: Function { graph, result }, y: None }
}

/// The gradient by each of the three inputs, for an output's adjoint of `g`.
fn gradient(adjoint: &Adjoint, inputs: [f64; 3], g: f64) -> [f64; 3] {
    let values = evaluate(&adjoint.neuron.graph, |leaf| match leaf {
        Leaf::Input(i) => inputs[i as usize],
        Leaf::OutputGrad(0) => g,
        leaf => panic!("{leaf:?}"),
    });
    [0, 1, 2].map(|i| adjoint.inputs[i].map_or(0.0, |node| values[node.0 as usize]))
}

/// The same by central differences of the value.
fn differences(neuron: &Neuron, inputs: [f64; 3]) -> [f64; 3] {
    let value = |inputs: [f64; 3]| {
        let values = evaluate(&neuron.graph, |leaf| match leaf {
            Leaf::Input(i) => inputs[i as usize],
            leaf => panic!("{leaf:?}"),
        });
        values[neuron.outputs[0].value.0 as usize]
    };
    [0, 1, 2].map(|i| {
        let h = 1e-6;
        let (mut above, mut below) = (inputs, inputs);
        (above[i], below[i]) = (inputs[i] + h, inputs[i] - h);
        (value(above) - value(below)) / (2.0 * h)
    })
}

const POINTS: [[f64; 3]; 4] =
    [[0.3, 0.7, -0.4], [1.7, 0.2, 0.9], [0.8, 2.5, 1.1], [2.2, 1.3, -1.6]];

fn agrees(what: &str, make: impl Fn(&mut Graph, [NodeId; 3]) -> NodeId) {
    let neuron = neuron_of(make);
    let adjoint = differentiate(&neuron);
    for inputs in POINTS {
        let (found, expected) = (gradient(&adjoint, inputs, 1.0), differences(&neuron, inputs));
        for (found, expected) in found.into_iter().zip(expected) {
            let apart = (found - expected).abs() / expected.abs().max(1.0);
            assert!(apart < 1e-8, "{what} at {inputs:?}: {found} instead of {expected}");
        }
    }
}

#[test]
fn rules_of_one_operand_agree_with_central_differences() {
    use Unary::*;
    let all = [
        Neg,
        Abs,
        Sqrt,
        Floor,
        Ceil,
        Round,
        Sign,
        Exp,
        Expm1,
        Exprel,
        Log,
        Log1p,
        Sigmoid,
        SigmoidSlope,
        Softplus,
        Tanh,
        Sinh,
        Cosh,
        Atan,
        Sin,
        Cos,
        Tan,
        Erf,
        Erfc,
    ];
    for op in all {
        agrees(&format!("{op:?}"), |graph, [a, ..]| graph.unary(op, a, Span::default()));
    }
}

#[test]
fn the_slope_of_exprel_is_exact_near_0() {
    let neuron = neuron_of(|graph, [a, ..]| graph.unary(Unary::Exprel, a, Span::default()));
    let adjoint = differentiate(&neuron);
    // The derivative's own series.
    for (a, expected) in [(0.0, 0.5), (1e-9, 0.5 + 1e-9 / 3.0), (-1e-3, 0.499_666_791_633_340_27)] {
        let found = gradient(&adjoint, [a, 0.0, 0.0], 1.0)[0];
        assert!((found - expected).abs() < 1e-14, "{found} at {a}");
    }
}

#[test]
fn rules_of_more_operands_agree_with_central_differences() {
    let span = Span::default();
    for op in [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div, Binary::Min, Binary::Max] {
        agrees(&format!("{op:?}"), |graph, [a, b, _]| graph.binary(op, a, b, span));
    }
    agrees("fma", |graph, [a, b, c]| graph.add(Op::Fma(a, b, c), Type::Real, span));
    agrees("soft", |graph, [a, b, c]| graph.add(Op::Soft(a, b, c), Type::Real, span));
    agrees("select", |graph, [a, b, c]| {
        let above = graph.add(Op::Compare(Compare::Gt, a, b), Type::Bool, span);
        graph.add(Op::Select(above, a, c), Type::Real, span)
    });
    agrees("a node used twice", |graph, [a, b, _]| {
        let product = graph.binary(Binary::Mul, a, b, span);
        let square = graph.binary(Binary::Mul, product, product, span);
        graph.binary(Binary::Add, square, a, span)
    });
}

#[test]
fn a_hard_reset_has_the_gradient_of_its_formula() {
    let neuron =
        neuron_of(|graph, [v, s, to]| graph.add(Op::Hard(v, s, to), Type::Real, Span::default()));
    let adjoint = differentiate(&neuron);
    assert_eq!(gradient(&adjoint, [3.0, 0.0, 5.0], 2.0), [2.0, 4.0, 0.0]);
    assert_eq!(gradient(&adjoint, [3.0, 1.0, 5.0], 2.0), [0.0, 4.0, 2.0]);
}

#[test]
fn a_spike_has_the_gradient_of_its_surrogate() {
    let neuron = neuron_of(|graph, [u, ..]| {
        graph.add(Op::Spike(u, SurrogateId(0), [None; 2]), Type::Real, Span::default())
    });
    let adjoint = differentiate(&neuron);
    assert_eq!(gradient(&adjoint, [-0.25, 0.0, 0.0], 2.0)[0], 1.5);
    assert_eq!(gradient(&adjoint, [1.5, 0.0, 0.0], 2.0)[0], 0.0);
}

#[test]
fn nothing_comes_through_detached_values_and_decisions() {
    let span = Span::default();
    let neuron = neuron_of(|graph, [a, b, c]| {
        let held = graph.add(Op::Detach(a), Type::Real, span);
        let above = graph.add(Op::Compare(Compare::Gt, b, held), Type::Bool, span);
        let number = graph.add(Op::BoolToReal(above), Type::Real, span);
        let sum = graph.binary(Binary::Add, held, number, span);
        graph.binary(Binary::Add, sum, c, span)
    });
    let adjoint = differentiate(&neuron);
    assert_eq!(adjoint.inputs[..2], [None, None]);
    assert_eq!(gradient(&adjoint, [1.0, 2.0, 3.0], 4.0), [0.0, 0.0, 4.0]);
}

#[test]
fn an_infinite_adjoint_stays_out_of_a_branch_that_was_not_taken() {
    let span = Span::default();
    let neuron = neuron_of(|graph, [a, b, c]| {
        let above = graph.add(Op::Compare(Compare::Gt, a, b), Type::Bool, span);
        graph.add(Op::Select(above, b, c), Type::Real, span)
    });
    let found = gradient(&differentiate(&neuron), [1.0, 2.0, 3.0], f64::INFINITY);
    assert_eq!(found, [0.0, 0.0, f64::INFINITY]);
}

#[test]
fn an_infinite_derivative_stays_out_of_a_branch_that_was_not_taken() {
    let span = Span::default();
    let neuron = neuron_of(|graph, [a, b, c]| {
        let zero = graph.constant(0.0, span);
        let above = graph.add(Op::Compare(Compare::Gt, a, zero), Type::Bool, span);
        let both = graph.add(Op::Compare(Compare::Gt, b, zero), Type::Bool, span);
        let root = graph.unary(Unary::Sqrt, a, span);
        let inner = graph.add(Op::Select(both, root, c), Type::Real, span);
        graph.add(Op::Select(above, inner, c), Type::Real, span)
    });
    let adjoint = differentiate(&neuron);
    for (inputs, expected) in [
        ([0.0, 1.0, 3.0], [0.0, 0.0, 2.0]),
        ([-1.0, 1.0, 3.0], [0.0, 0.0, 2.0]),
        ([4.0, 1.0, 3.0], [0.5, 0.0, 0.0]),
        ([4.0, -1.0, 3.0], [0.0, 0.0, 2.0]),
    ] {
        assert_eq!(gradient(&adjoint, inputs, 2.0), expected, "{inputs:?}");
    }
}

#[test]
fn an_infinite_derivative_stays_out_of_the_operand_that_is_not_the_extremum() {
    let span = Span::default();
    for (op, limit) in [(Binary::Max, -2.0), (Binary::Min, 0.5)] {
        let neuron = neuron_of(|graph, [a, b, _]| {
            let root = graph.unary(Unary::Sqrt, a, span);
            let steep = graph.unary(Unary::Log, root, span);
            let inverse = graph.binary(Binary::Div, b, a, span);
            let operand = if op == Binary::Max { steep } else { inverse };
            let limit = graph.constant(limit, span);
            graph.binary(op, operand, limit, span)
        });
        let found = gradient(&differentiate(&neuron), [0.0, 1.0, 0.0], 2.0);
        assert_eq!(found, [0.0; 3], "{op:?}");
    }
}

const LEARNT: &str = "\
neuron L {
  input  x
  param  tau = 2.0 in (1, inf) learn
  param  k = 0.5 in (0, 1) via sigmoid learn
  param  fixed = 1.0
  state  v = k
  charge v = v + (x - v) / tau * k
  fire   s = spike(v - fixed, sigmoid(alpha: 4.0))
  reset  v = hard(v, s, to: 0)
  output s
}
";

fn learnt() -> Adjoint {
    of(LEARNT)
}

fn of(text: &str) -> Adjoint {
    differentiate(&front(text))
}

fn front(text: &str) -> Neuron {
    let source = Source { name: "l.snn", text };
    let front = pipeline::front(source, &Specialization::default(), &NoImports);
    front.expect("a neuron").neuron
}

/// The gradient of the one output of a step by the one param, by our nodes and by the oracle.
fn gradient_of_param(text: &str, x: f64, param: f64) -> [f64; 2] {
    let neuron = front(text);
    let adjoint = differentiate(&neuron);
    let values = |sums: &[f64]| {
        evaluate(&adjoint.neuron.graph, |leaf| match leaf {
            Leaf::Input(_) => x,
            Leaf::OutputGrad(_) => 1.0,
            Leaf::Param(_) => param,
            Leaf::Sum(i) => sums[i as usize],
            _ => 0.0,
        })
    };
    let step = values(&vec![0.0; adjoint.sums.len()]);
    let sums: Vec<f64> = adjoint.sums.iter().map(|sum| step[sum.0 as usize]).collect();
    let found = values(&sums)[adjoint.params[0].expect("a gradient").0 as usize];
    let call = Call {
        steps: 1,
        lanes: 1,
        inputs: vec![vec![x]],
        states: vec![None; neuron.states.len()],
        params: vec![Shared::layer(param, 1)],
        weights: vec![],
    };
    let seeds = Seeds { outputs: vec![Some(vec![1.0])], ..Seeds::default() };
    [found, gradients(&neuron, &call, &seeds, Mode::Double).1.params[0][0]]
}

#[test]
fn the_text_of_an_adjoint() {
    insta::assert_snapshot!(print(&learnt()));
}

#[test]
fn what_is_summed_over_time_depends_on_the_step_and_what_comes_behind_does_not() {
    let adjoint = learnt();
    let graph = &adjoint.neuron.graph;
    let varying = graph.varying();
    assert!(adjoint.sums.iter().all(|sum| varying[sum.0 as usize]));
    assert!(adjoint.params.iter().flatten().all(|param| !varying[param.0 as usize]));
    let kinds: HashMap<bool, usize> = adjoint.params.iter().fold(HashMap::new(), |mut count, p| {
        *count.entry(p.is_some()).or_default() += 1;
        count
    });
    assert_eq!((kinds[&true], kinds[&false]), (2, 1));
}

const BENT: &str = "\
surrogate bent(a = 1.0) {
  d(u) = a
  y(u) = if u < 0 { a * u } else { 3 * a * u }
}
neuron B {
  input  x
  param  a = 2.0 learn
  state  v = 0
  charge v = v + x
  fire   s = spike(x, bent(a: a))
  output s
}
";

#[test]
fn a_branch_of_a_primitive_counts_where_it_is_taken() {
    for (x, expected) in [(-2.0, -2.0), (1.0, 3.0)] {
        assert_eq!(gradient_of_param(BENT, x, 2.0), [expected; 2], "{x}");
    }
}

/// At 0 the slope of the branch that is not taken is infinite.
const STEEP: &str = "\
surrogate steep(a = 1.0) {
  d(u) = a
  y(u) = if u > 0 { sqrt(a * u) } else { 0.5 * a }
}
neuron S {
  input  x
  param  p = 4.0 in [0, inf) learn
  state  v = 0
  charge v = v + x
  fire   s = spike(x, steep(a: sqrt(p)))
  output s
}
";

#[test]
fn an_infinite_slope_in_a_primitive_stays_out_where_its_branch_is_not_taken() {
    for x in [-1.0, 0.0, 1.0] {
        let [found, oracle] = gradient_of_param(STEEP, x, 4.0);
        assert!((found - oracle).abs() < 1e-12 && found != 0.0, "{found}, not {oracle}, at {x}");
    }
}
