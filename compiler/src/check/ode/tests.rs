//! Methods against solutions that are known, in f64.

use crate::check::hir::{Leaf, Neuron, ParamDefault};
use crate::check::{NoImports, Specialization};
use crate::diff::tests::evaluate;
use crate::oracle::{self, Call, Mode, Seeds, Shared, rounded};
use crate::pipeline::{Source, front};

/// A neuron of a text with some options.
fn neuron(text: &str, options: &[(&str, String)]) -> Neuron {
    let options = options.iter().map(|(name, value)| ((*name).into(), value.clone())).collect();
    let wanted = Specialization { options, ..Specialization::default() };
    let front = front(Source { name: "ode.snn", text }, &wanted, &NoImports);
    front.unwrap_or_else(|findings| panic!("{text}\n{}", findings.render(false))).neuron
}

/// The states after so many steps with one input, params as they are by default.
fn after(neuron: &Neuron, n: usize, input: f64) -> Vec<f64> {
    let number = |i: u32| match neuron.params[i as usize].default {
        ParamDefault::Number(number) => number,
        ParamDefault::Drawn(_) => panic!("drawn"),
    };
    let run = |states: &[f64]| {
        evaluate(&neuron.graph, |leaf| match leaf {
            Leaf::Input(_) => input,
            Leaf::State(i) => states.get(i as usize).copied().unwrap_or(0.0),
            Leaf::Param(i) => number(i),
            _ => panic!("{leaf:?}"),
        })
    };
    let first = run(&[]);
    let mut states: Vec<f64> =
        neuron.states.iter().map(|state| first[state.init.0 as usize]).collect();
    for _ in 0..n {
        let values = run(&states);
        states = neuron.states.iter().map(|state| values[state.next.0 as usize]).collect();
    }
    states
}

/// A neuron with the equations of a block, and its states.
fn text(method: &str, states: &str, equations: &str, more: &str) -> String {
    let declared: String = states
        .split(' ')
        .enumerate()
        .map(|(i, state)| format!("  state  {state} = {}\n", 0.5 + i as f64 / 4.0))
        .collect();
    let outputs: String = states.split(' ').map(|state| format!("  output {state}\n")).collect();
    format!(
        "neuron N(dt: float = 1) {{\n  input  x\n{more}{declared}  charge {{\n    ode {method} {{\n\
         {equations}    }}\n  }}\n{outputs}}}\n"
    )
}

/// Steps that reach the time 1.
fn at_1(text: &str, n: usize) -> Vec<f64> {
    let dt = format!("{:?}", 1.0 / n as f64);
    after(&neuron(text, &[("dt", dt)]), n, 0.7)
}

/// How many times as small the error is where steps are half as long, as a power of two.
fn order(method: &str, equations: &str) -> f64 {
    let states = "v w";
    let truth = at_1(&text("method rk4 steps 8", states, equations, ""), 512);
    let error = |n| {
        let found = at_1(&text(&format!("method {method}"), states, equations, ""), n);
        found.iter().zip(&truth).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    (error(32) / error(64)).log2()
}

const NONLINEAR: &str = "      dv/dt = 1 - v * w + sin(v) * x\n      dw/dt = v * v - exp(w) / 2\n";
/// Each is linear in its own state.
const GATES: &str =
    "      let up = exp(w)\n      dv/dt = up * (1 - v) - v / 2\n      dw/dt = x - w * v^2\n";

#[test]
fn each_method_has_its_order() {
    for (method, expected) in [
        ("euler", 1.0),
        ("rk2", 2.0),
        ("rk4", 4.0),
        ("euler steps 3", 1.0),
        ("rk2 steps 3", 2.0),
        ("rk4 steps 2", 4.0),
    ] {
        let found = order(method, NONLINEAR);
        assert!((found - expected).abs() < 0.15, "{method} is of order {found}");
    }
    let found = order("exp_euler", GATES);
    assert!((found - 1.0).abs() < 0.15, "exp_euler is of order {found}");
}

#[test]
fn steps_divide_a_step() {
    let once = at_1(&text("method rk2 steps 4", "v w", NONLINEAR, ""), 8);
    let apart = at_1(&text("method rk2", "v w", NONLINEAR, ""), 32);
    for (a, b) in once.iter().zip(apart) {
        assert!((a - b).abs() < 1e-14);
    }
}

#[test]
fn equations_are_simultaneous() {
    let found = at_1(&text("method euler", "v w", "      dv/dt = w\n      dw/dt = -v\n", ""), 1);
    assert_eq!(found, [0.5 + 0.75, 0.75 - 0.5]);
}

/// Linear systems with constants, and the same with params.
const LINEAR: [(&str, &str); 9] = [
    ("v", "      dv/dt = (x - v) / A\n"),
    ("v", "      dv/dt = x * A\n"),
    ("c v", "      dc/dt = x - c / A\n      dv/dt = (c - v) / B\n"),
    ("v c", "      dc/dt = x - c / A\n      dv/dt = (0.25 + c - v) / A\n"),
    (
        "s g v",
        "      ds/dt = -s / A\n      dg/dt = (s - g) / A\n      dv/dt = 3 * g + (x - v) / B\n",
    ),
    ("v w", "      dv/dt = w - C * v\n      dw/dt = x - v * B\n"),
    (
        "a b c d",
        "      da/dt = x - a / A\n      db/dt = (a - b) / A\n      dc/dt = (b - c) / (A + 1e-6)\n      \
         dd/dt = (c - d) / A\n",
    ),
    (
        "a b c d",
        "      da/dt = b - a\n      db/dt = c - A * a\n      dc/dt = x + (d - c) / C\n      \
         dd/dt = -B * (a + d)\n",
    ),
    // More than four states, no four of which have to do with each other.
    (
        "a b c d e",
        "      da/dt = -a / A\n      db/dt = (a - b) / B\n      dc/dt = x - c\n      dd/dt = c - d\n      \
         de/dt = -C * e\n",
    ),
];

/// With `dt` so many times 1, what a fine method gives.
fn check_exact(found: &[f64], equations: (&str, &str), dt: f64, more: &str, tolerance: f64) {
    let (states, equations) = equations;
    let fine = text("method rk4 steps 16", states, equations, more);
    let n = (64.0 * dt).ceil();
    let truth = after(&neuron(&fine, &[("dt", format!("{:?}", dt / n))]), n as usize, 0.7);
    for (a, b) in found.iter().zip(&truth) {
        assert!(
            (a - b).abs() <= tolerance * b.abs().max(1.0),
            "{equations} by {dt}: {found:?}, {truth:?}"
        );
    }
}

/// The declarations of what some equations name.
fn declared(equations: &str, word: &str) -> String {
    let all = [("A", 1.5), ("B", 0.75), ("C", 0.25)];
    let used = all.into_iter().filter(|(name, _)| equations.contains(name));
    used.map(|(name, number)| format!("  {word}  {name} = {number}\n")).collect()
}

#[test]
fn exact_is_the_solution() {
    for (states, equations) in LINEAR {
        for word in ["const", "param"] {
            let more = declared(equations, word);
            let text = text("method exact", states, equations, &more);
            for dt in [0.01, 1.0, 8.0] {
                let found = after(&neuron(&text, &[("dt", format!("{dt:?}"))]), 1, 0.7);
                check_exact(&found, (states, equations), dt, &more, 1e-9);
            }
        }
    }
}

#[test]
fn a_step_that_is_long_beside_a_time_constant_ends_at_rest() {
    let (states, equations) = LINEAR[4];
    let more = "  param  A = 0.001\n  param  B = 0.002\n";
    let found = after(&neuron(&text("method exact", states, equations, more), &[]), 1, 0.7);
    for (found, expected) in found.iter().zip([0.0, 0.0, 0.7]) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }
}

#[test]
fn auto_takes_the_first_that_fits_by_form() {
    let steady = "  param  tau = 2\n";
    for (equations, more, expected) in [
        ("      dv/dt = (x - v) / tau\n      dw/dt = v - w\n", steady, "exact"),
        ("      dv/dt = (x - v) * sigmoid(x)\n      dw/dt = v - w\n", "", "exp_euler"),
        (GATES, "", "exp_euler"),
        (NONLINEAR, "", "rk4"),
        // By form, whatever the number is.
        ("      dv/dt = k * v * v\n      dw/dt = -w\n", "  param  k = 0\n", "rk4"),
    ] {
        let made = neuron(&text("method auto", "v w", equations, more), &[]);
        assert_eq!(made.solved[0].to_string(), format!("v, w by {expected}"), "{equations}");
        let made = neuron(&text("", "v w", equations, more), &[]);
        assert_eq!(made.solved[0].method.word(), expected);
    }
}

#[test]
fn an_exact_step_computes_once_what_is_the_same_at_every_step() {
    let (states, equations) = LINEAR[2];
    let more = "  param  A = 1.5\n  param  B = 0.75\n";
    let made = neuron(&text("method exact", states, equations, more), &[]);
    let varying = made.graph.varying().into_iter().filter(|varying| *varying).count();
    // An input, two states; of `c` two products and a sum, of `v` three and two.
    assert!(varying <= 12, "{varying}");
}

/// What `docs/equations.md` says of steps in f32.
#[test]
fn exact_in_f32_is_near_the_solution() {
    for (states, equations) in LINEAR {
        let text = text("method exact", states, equations, &declared(equations, "param"));
        for dt in [0.01, 0.1, 1.0, 8.0] {
            let neuron = neuron(&text, &[("dt", format!("{dt:?}"))]);
            let params = neuron.params.iter().map(|param| match param.default {
                ParamDefault::Number(number) => Shared::layer(number, 1),
                ParamDefault::Drawn(_) => panic!("drawn"),
            });
            let call = Call {
                steps: 1,
                lanes: 1,
                inputs: vec![vec![f64::from(0.7_f32)]],
                states: vec![None; neuron.states.len()],
                params: params.collect(),
                weights: vec![],
            };
            let truth = oracle::run(&neuron, &call, Mode::Double).states.concat();
            let found = oracle::run(&neuron, &call, Mode::Single(&rounded)).states.concat();
            let largest = truth.iter().fold(0.0_f64, |largest, y| largest.max(y.abs()));
            for (found, truth) in found.iter().zip(&truth) {
                let apart = (found - truth).abs() / largest;
                let bound = if neuron.states.len() == 1 { 3e-7 } else { 2e-6 };
                assert!(apart < bound, "{equations} by {dt}: off by {apart:.1e}");
            }
        }
    }
}

/// Gradients by time constants that are equal are those of central differences.
#[test]
fn gradients_by_equal_time_constants() {
    let equations = "      dc/dt = x - c / A\n      dv/dt = (c - v) / B\n";
    let more = "  param  A = 2.0 learn\n  param  B = 2.0 learn\n";
    let neuron = neuron(&text("method exact", "c v", equations, more), &[]);
    let call = |a, b| Call {
        steps: 2,
        lanes: 1,
        inputs: vec![vec![0.7, -0.3]],
        states: vec![None; 2],
        params: vec![Shared::layer(a, 1), Shared::layer(b, 1)],
        weights: vec![],
    };
    let seeds = Seeds { outputs: vec![None, Some(vec![1.0, 1.0])], states: vec![None; 2] };
    let (_, found) = oracle::gradients(&neuron, &call(2.0, 2.0), &seeds, Mode::Double);
    let value =
        |a, b| oracle::run(&neuron, &call(a, b), Mode::Double).outputs[1].iter().sum::<f64>();
    let step = 1e-5;
    for (i, found) in found.params.iter().enumerate() {
        let at = |sign: f64| {
            let moved = [0, 1].map(|j| if i == j { 2.0 + sign * step } else { 2.0 });
            value(moved[0], moved[1])
        };
        let expected = (at(1.0) - at(-1.0)) / (2.0 * step);
        assert!((found[0] - expected).abs() < 1e-8, "{} is not {expected}", found[0]);
    }
}
