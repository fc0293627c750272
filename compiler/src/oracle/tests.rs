use super::*;
use crate::check::hir::{
    Binary, Compare, From, Function, Graph, Input, Leaf, Neuron, NodeId, Op, Output, Param,
    ParamDefault, Sharing, State, Surrogate, SurrogateId, Type,
};
use crate::check::{NoImports, Specialization};
use crate::pipeline;
use crate::span::Span;

/// Builds graphs without spans.
#[derive(Default)]
struct Build {
    graph: Graph,
}

impl Build {
    fn leaf(&mut self, leaf: Leaf) -> NodeId {
        self.graph.add(Op::Leaf(leaf), Type::Real, Span::default())
    }
    fn real(&mut self, op: Op) -> NodeId {
        self.graph.add(op, Type::Real, Span::default())
    }
    fn bool(&mut self, op: Op) -> NodeId {
        self.graph.add(op, Type::Bool, Span::default())
    }
    fn number(&mut self, value: f64) -> NodeId {
        self.graph.constant(value, Span::default())
    }
    fn binary(&mut self, op: Binary, a: NodeId, b: NodeId) -> NodeId {
        self.graph.binary(op, a, b, Span::default())
    }
    fn unary(&mut self, op: Unary, a: NodeId) -> NodeId {
        self.graph.unary(op, a, Span::default())
    }
    fn function(mut self, body: impl FnOnce(&mut Build, NodeId) -> NodeId) -> Function {
        let argument = self.leaf(Leaf::Arg(0));
        let result = body(&mut self, argument);
        Function { graph: self.graph, result }
    }
}

fn state(name: &str, init: NodeId, next: NodeId) -> State {
    State { name: name.into(), ty: Type::Real, init, next, span: Span::default() }
}

fn param(name: &str, sharing: Sharing) -> Param {
    let (range, via, span) = (None, None, Span::default());
    Param {
        name: name.into(),
        of: None,
        sharing,
        learn: true,
        default: ParamDefault::Number(1.0),
        range,
        via,
        span,
    }
}

fn output(name: &str, value: NodeId) -> Output {
    Output { name: name.into(), value, last: false, packed: false, span: Span::default() }
}

/// `sigmoid(alpha u)` with its derivative.
fn sigmoid(alpha: f64) -> Surrogate {
    let curve = |b: &mut Build, u| {
        let alpha = b.number(alpha);
        let scaled = b.binary(Binary::Mul, alpha, u);
        b.unary(Unary::Sigmoid, scaled)
    };
    let d = Build::default().function(|b, u| {
        let y = curve(b, u);
        let one = b.number(1.0);
        let rest = b.binary(Binary::Sub, one, y);
        let slope = b.binary(Binary::Mul, y, rest);
        let alpha = b.number(alpha);
        b.binary(Binary::Mul, alpha, slope)
    });
    Surrogate { name: "sigmoid".into(), d, y: Some(Build::default().function(curve)) }
}

/// `1 / (1 + u^2)`, without a primitive.
fn bell() -> Surrogate {
    let d = Build::default().function(|b, u| {
        let square = b.binary(Binary::Mul, u, u);
        let one = b.number(1.0);
        let below = b.binary(Binary::Add, one, square);
        b.binary(Binary::Div, one, below)
    });
    Surrogate { name: "bell".into(), d, y: None }
}

#[derive(Clone, Copy)]
struct Lif {
    soft: bool,
    detach: bool,
}

/// `v += (x - (v - rest)) / tau`, spike, reset; `rest` is `v_reset` or, with a soft reset, 0.
fn lif(Lif { soft, detach }: Lif, surrogate: Surrogate) -> Neuron {
    let mut b = Build::default();
    let (x, v) = (b.leaf(Leaf::Input(0)), b.leaf(Leaf::State(0)));
    let [tau, v_th, v_reset] = [0, 1, 2].map(|i| b.leaf(Leaf::Param(i)));
    let rest = if soft { b.number(0.0) } else { v_reset };
    let above = b.binary(Binary::Sub, v, rest);
    let drive = b.binary(Binary::Sub, x, above);
    let step = b.binary(Binary::Div, drive, tau);
    let h = b.binary(Binary::Add, v, step);
    let u = b.binary(Binary::Sub, h, v_th);
    let s = b.real(Op::Spike(u, SurrogateId(0), [None; 2]));
    let by = if detach { b.real(Op::Detach(s)) } else { s };
    let next = b.real(if soft { Op::Soft(h, by, v_th) } else { Op::Hard(h, by, v_reset) });
    Neuron {
        name: "Lif".into(),
        span: Span::default(),
        sources: Default::default(),
        options: Vec::new(),
        inputs: vec![Input { name: "x".into(), from: From::Caller, span: Span::default() }],
        states: vec![state("v", rest, next)],
        params: vec![
            param("tau", Sharing::Layer),
            param("v_th", Sharing::Channel),
            param("v_reset", Sharing::Neuron),
        ],
        outputs: vec![output("s", s), output("v", next)],
        surrogates: vec![surrogate],
        graph: b.graph,
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

/// One input, one state that adds up `body(x, p)`, one param.
fn around(body: impl FnOnce(&mut Build, NodeId, NodeId) -> NodeId) -> Neuron {
    let mut b = Build::default();
    let (x, v, p) = (b.leaf(Leaf::Input(0)), b.leaf(Leaf::State(0)), b.leaf(Leaf::Param(0)));
    let value = body(&mut b, x, p);
    let half = b.number(0.5);
    let kept = b.binary(Binary::Mul, half, v);
    let next = b.binary(Binary::Add, kept, value);
    Neuron {
        name: "Around".into(),
        span: Span::default(),
        sources: Default::default(),
        options: Vec::new(),
        inputs: vec![Input { name: "x".into(), from: From::Caller, span: Span::default() }],
        states: vec![state("v", p, next)],
        params: vec![param("p", Sharing::Layer)],
        outputs: vec![output("y", value)],
        surrogates: vec![sigmoid(4.0)],
        graph: b.graph,
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

/// Uniform numbers in `[low, high)` that are f32.
struct Numbers(u64);

impl Numbers {
    fn take(&mut self, count: usize, low: f64, high: f64) -> Vec<f64> {
        let mut next = || {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let unit = (self.0 >> 40) as f64 / (1u64 << 24) as f64;
            f64::from((low + (high - low) * unit) as f32)
        };
        (0..count).map(|_| next()).collect()
    }
}

fn call(numbers: &mut Numbers, steps: usize, lanes: usize) -> Call {
    Call {
        steps,
        lanes,
        inputs: vec![numbers.take(steps * lanes, -0.5, 2.5)],
        states: vec![None],
        params: vec![
            Shared::layer(2.0, lanes),
            Shared::channel(numbers.take(3, 0.8, 1.2), 2, lanes),
            Shared::neuron(numbers.take(5, -0.2, 0.2), lanes),
        ],
        weights: vec![],
    }
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let difference = norm(&mut a.iter().zip(b).map(|(a, b)| a - b));
    difference / norm(&mut b.iter().copied()).max(1e-300)
}

const MODES: [Mode<'static>; 3] = [Mode::Double, Mode::Single(&rounded), Mode::Smooth];

fn variants() -> impl Iterator<Item = Lif> {
    [false, true].into_iter().flat_map(|soft| [false, true].map(|detach| Lif { soft, detach }))
}

/// `<direction, gradient>` of a call.
fn along(gradients: &Gradients, direction: &Direction) -> f64 {
    let dot = |given: &[Option<Vec<f64>>], values: &[Vec<f64>]| -> f64 {
        let pairs = given.iter().zip(values).filter_map(|(d, g)| d.as_ref().map(|d| (d, g)));
        pairs.flat_map(|(d, g)| d.iter().zip(g)).map(|(d, g)| d * g).sum()
    };
    dot(&direction.inputs, &gradients.inputs)
        + dot(&direction.states, &gradients.states)
        + dot(&direction.params, &gradients.params)
        + dot(&direction.weights, &gradients.weights)
}

#[test]
fn composed_jacobians_equal_dual_numbers_through_the_run() {
    let mut numbers = Numbers(1);
    for (variant, mode) in variants().flat_map(|v| MODES.map(|m| (v, m))) {
        for (steps, lanes, given) in [(0, 3, false), (1, 1, true), (12, 37, false), (12, 37, true)]
        {
            let neuron = lif(variant, bell());
            let mut call = call(&mut numbers, steps, lanes);
            if given {
                call.states = vec![Some(numbers.take(lanes, 0.0, 0.9))];
            }
            let mut random = |count| Some(numbers.take(count, -1.0, 1.0));
            let seeds =
                Seeds { outputs: vec![random(steps * lanes), None], states: vec![random(lanes)] };
            let direction = Direction {
                inputs: vec![random(steps * lanes)],
                states: vec![if given { random(lanes) } else { None }],
                params: vec![random(1), random(3), random(5)],
                weights: vec![],
            };
            let (result, gradients) = gradients(&neuron, &call, &seeds, mode);
            assert_eq!(result, run(&neuron, &call, mode));
            let slope = derivative(&neuron, &call, &direction, mode);
            let mut expected = 0.0;
            for (seed, values) in seeds.outputs.iter().zip(&slope.outputs) {
                let Some(seed) = seed else { continue };
                expected += seed.iter().zip(values).map(|(s, v)| s * v).sum::<f64>();
            }
            for (seed, values) in seeds.states.iter().zip(&slope.states) {
                let seed = seed.as_ref().expect("every state has a seed");
                expected += seed.iter().zip(values).map(|(s, v)| s * v).sum::<f64>();
            }
            let found = along(&gradients, &direction);
            assert!(
                (found - expected).abs() <= 1e-11 * (1.0 + expected.abs()),
                "{found} {expected}"
            );
        }
    }
}

/// What a product takes may be a spike, whose value is not what its derivative is taken of.
#[test]
fn gradients_of_products_equal_dual_numbers() {
    let text = "parallel neuron P {
  input  x[T]
  param  w[T, T] = 1 learn
  param  a = 0.5 learn
  fire {
    s = spike(w @ x, sigmoid(alpha: 2.0))
    y = (a * w) @ (s + x)
  }
  output y
}
";
    let source = pipeline::Source { name: "p.snn", text };
    let neuron = pipeline::front(source, &Specialization::default(), &NoImports).unwrap().neuron;
    let (steps, lanes) = (5, 7);
    let mut numbers = Numbers(3);
    for mode in MODES {
        let mut inputs = vec![Vec::new(); neuron.inputs.len()];
        inputs[0] = numbers.take(steps * lanes, -1.0, 1.0);
        let weights = vec![numbers.take(steps * steps, -1.0, 1.0)];
        let params = vec![Shared::layer(0.75, lanes)];
        let call = Call { steps, lanes, inputs, states: vec![], params, weights };
        let mut random = |count| Some(numbers.take(count, -1.0, 1.0));
        let direction = Direction {
            inputs: vec![random(steps * lanes)],
            params: vec![random(1)],
            weights: vec![random(steps * steps)],
            ..Direction::default()
        };
        let seeds = Seeds { outputs: vec![random(steps * lanes)], ..Seeds::default() };
        let (_, gradients) = gradients(&neuron, &call, &seeds, mode);
        let slope = derivative(&neuron, &call, &direction, mode);
        let seed = seeds.outputs[0].iter().flatten();
        let expected: f64 = seed.zip(&slope.outputs[0]).map(|(s, y)| s * y).sum();
        let found = along(&gradients, &direction);
        assert!((found - expected).abs() <= 1e-11 * (1.0 + expected.abs()), "{found} {expected}");
    }
}

#[test]
fn smoothed_neurons_agree_with_central_differences() {
    let mut numbers = Numbers(2);
    for variant in variants() {
        for surrogate in [sigmoid(4.0), bell()] {
            let neuron = lif(variant, surrogate);
            let call = call(&mut numbers, 9, 7);
            let mut random = |count| Some(numbers.take(count, -1.0, 1.0));
            let direction = Direction {
                inputs: vec![random(63)],
                states: vec![None],
                params: vec![random(1), random(3), random(5)],
                weights: vec![],
            };
            let duals = derivative(&neuron, &call, &direction, Mode::Smooth);
            let differences = smooth::derivative(&neuron, &call, &direction, 1e-3);
            for (a, b) in duals.outputs.iter().zip(&differences.outputs) {
                assert!(distance(a, b) < 1e-8, "{}", distance(a, b));
            }
            assert!(distance(&duals.states[0], &differences.states[0]) < 1e-8);
        }
    }
}

#[test]
fn every_primitive_agrees_with_central_differences() {
    use Unary::*;
    let unary = [
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
        Erf,
        Erfc,
    ];
    let binary = [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div, Binary::Min, Binary::Max];
    let mut neurons: Vec<(String, Neuron)> = Vec::new();
    for op in unary {
        neurons.push((
            format!("{op:?}"),
            around(|b, x, p| {
                let product = b.binary(Binary::Mul, x, p);
                b.unary(op, product)
            }),
        ));
    }
    for op in binary {
        neurons.push((format!("{op:?}"), around(|b, x, p| b.binary(op, x, p))));
    }
    let fma = around(|b, x, p| b.real(Op::Fma(x, p, x)));
    let soft = around(|b, x, p| b.real(Op::Soft(x, p, x)));
    let hard = around(|b, x, p| b.real(Op::Hard(x, p, x)));
    let spike = around(|b, x, p| {
        let u = b.binary(Binary::Sub, x, p);
        b.real(Op::Spike(u, SurrogateId(0), [None; 2]))
    });
    let select = around(|b, x, p| {
        let above = b.bool(Op::Compare(Compare::Gt, x, p));
        let product = b.binary(Binary::Mul, x, p);
        b.real(Op::Select(above, product, p))
    });
    let detach = around(|b, x, p| {
        let still = b.real(Op::Detach(x));
        b.binary(Binary::Mul, still, p)
    });
    // Halved, since it has a pole at a quarter of a turn.
    let tan = around(|b, x, p| {
        let half = b.number(0.5);
        let product = b.binary(Binary::Mul, x, p);
        let product = b.binary(Binary::Mul, product, half);
        b.unary(Tan, product)
    });
    let rest = [fma, soft, hard, spike, select, detach, tan];
    neurons.extend(
        ["fma", "soft", "hard", "spike", "select", "detach", "tan"]
            .map(String::from)
            .into_iter()
            .zip(rest),
    );
    let mut numbers = Numbers(3);
    for (name, neuron) in neurons {
        let call = Call {
            steps: 3,
            lanes: 40,
            inputs: vec![numbers.take(120, 0.1, 2.0)],
            states: vec![None],
            params: vec![Shared::layer(0.9, 40)],
            weights: vec![],
        };
        let inputs = vec![Some(numbers.take(120, -1.0, 1.0))];
        let params = vec![Some(vec![0.7])];
        let direction = Direction { inputs, states: vec![None], params, ..Direction::default() };
        let duals = derivative(&neuron, &call, &direction, Mode::Smooth);
        let differences = smooth::derivative(&neuron, &call, &direction, 1e-5);
        for (a, b) in [(&duals.outputs, &differences.outputs), (&duals.states, &differences.states)]
        {
            let apart = a[0].iter().zip(&b[0]).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(apart < 1e-8, "{name}: {apart}");
        }
    }
}

#[test]
fn single_follows_f32_to_the_bit() {
    let mut numbers = Numbers(4);
    for variant in variants() {
        let neuron = lif(variant, sigmoid(4.0));
        let call = call(&mut numbers, 50, 5);
        let result = run(&neuron, &call, Mode::Single(&rounded));
        for lane in 0..call.lanes {
            let [tau, v_th, v_reset] = [0, 1, 2]
                .map(|i| call.params[i].values[call.params[i].member[lane] as usize] as f32);
            let rest = if variant.soft { 0.0 } else { v_reset };
            let mut v = rest;
            for t in 0..call.steps {
                let at = t * call.lanes + lane;
                let h = v + (call.inputs[0][at] as f32 - (v - rest)) / tau;
                let s = if h - v_th >= 0.0 { 1.0f32 } else { 0.0 };
                v = match variant.soft {
                    true => h - s * v_th,
                    false if s != 0.0 => v_reset,
                    false => h,
                };
                assert_eq!(result.outputs[0][at], f64::from(s));
                assert_eq!(result.outputs[1][at], f64::from(v));
            }
        }
    }
}

#[test]
fn a_spike_has_its_surrogates_derivative() {
    // One step from rest 0 with tau 1: h = x, s = [h >= 1], v' = 0 where s.
    let call = |steps| Call {
        steps,
        lanes: 1,
        inputs: vec![vec![1.5, 0.25]],
        states: vec![None],
        params: vec![Shared::layer(1.0, 1), Shared::layer(1.0, 1), Shared::layer(0.0, 1)],
        weights: vec![],
    };
    let seeds = Seeds { outputs: vec![Some(vec![1.0, 0.0]), None], states: vec![Some(vec![1.0])] };
    let d = 1.0 / (1.0 + 0.25);
    let one = |detach| {
        let neuron = lif(Lif { soft: false, detach }, bell());
        let mut call = call(1);
        call.inputs[0].truncate(1);
        let seeds = Seeds { outputs: vec![Some(vec![1.0]), None], ..seeds.clone() };
        gradients(&neuron, &call, &seeds, Mode::Double).1
    };
    // L = s + v', dv'/dh = (0 - h) d with the spike, and 1 - s = 0.
    assert!((one(false).inputs[0][0] - (d - 1.5 * d)).abs() < 1e-15);
    assert!((one(true).inputs[0][0] - d).abs() < 1e-15);
    assert!((one(false).params[1][0] - (-d + 1.5 * d)).abs() < 1e-15);
    assert!((one(true).params[1][0] + d).abs() < 1e-15);
    // v_reset is the first state, so dh = 1, and the target of the reset, so dv' = s = 1.
    assert!((one(true).params[2][0] - (1.0 + d)).abs() < 1e-15);
}

#[test]
fn decisions_of_f32_hold_where_f64_would_decide_otherwise() {
    // 0.1 + 0.2 - 0.3 is below 0 in f64 of f32 numbers and 0 in f32 arithmetic, or the other way.
    let neuron = around(|b, x, p| {
        let u = b.binary(Binary::Add, x, p);
        let third = b.number(f64::from(0.3f32));
        let u = b.binary(Binary::Sub, u, third);
        b.real(Op::Spike(u, SurrogateId(0), [None; 2]))
    });
    let mut found = false;
    for i in 0..400 {
        let x = f64::from(0.1f32 + i as f32 * 7.45e-9);
        let call = Call {
            steps: 1,
            lanes: 1,
            inputs: vec![vec![x]],
            states: vec![None],
            params: vec![Shared::layer(f64::from(0.2f32), 1)],
            weights: vec![],
        };
        let single = run(&neuron, &call, Mode::Single(&rounded));
        let double = run(&neuron, &call, Mode::Double);
        found |= single.outputs != double.outputs;
        let expected = (x as f32 + 0.2f32) - 0.3f32 >= 0.0;
        assert_eq!(single.outputs[0][0], f64::from(u8::from(expected)));
    }
    assert!(found);
}
