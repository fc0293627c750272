//! Random neurons as text. Their states stay small whatever they are given, so that gradients do too.

use snn_compiler::check::hir::Sharing;

use crate::numbers::Numbers;
use crate::program::Program;

/// Surrogates whose derivatives every target has and have no jumps: on which side of one a number is, f32
/// and f64 need not agree.
const SURROGATES: [&str; 5] = [
    "sigmoid(alpha: 4.0)",
    "atan(alpha: 2.0)",
    "piecewise_quadratic(alpha: 1.0)",
    "soft_sign(alpha: 2.0)",
    "super_spike(alpha: 1.0)",
];

/// Functions of one number; `#` is where it stands.
const FUNCTIONS: [&str; 27] = [
    "-#",
    "abs(#)",
    "tanh(#)",
    "sigmoid(#)",
    "softplus(#)",
    "max(#, 0)",
    "exp(-abs(#))",
    "log1p(abs(#))",
    "log(abs(#) + 0.5)",
    "sqrt(abs(#) + 0.25)",
    "clamp(#, -0.75, 0.5)",
    "detach(#)",
    "(#)^2",
    "round(#)",
    "relu(#)",
    "rsqrt(abs(#) + 0.25)",
    "expm1(-abs(#))",
    "exprel(clamp(#, -2, 2))",
    "atan(#)",
    "sin(#)",
    "cos(#)",
    "tan(clamp(#, -1, 1))",
    "sinh(clamp(#, -1, 1))",
    "0.5 * cosh(clamp(#, -1, 1))",
    "erf(#)",
    "erfc(#)",
    "erfc(abs(#))",
];

/// Functions of two numbers; `#` and `@` are where they stand.
const PAIRS: [&str; 10] = [
    "(# + @)",
    "(# - @)",
    "(# * @)",
    "# / (1.5 + abs(@))",
    "max(#, @)",
    "pow(0.5 + abs(#), clamp(@, -1, 1))",
    "fmod(#, 0.75 + abs(@))",
    "min(#, @)",
    "select(# > @, 0.5 * #, @)",
    "(if # < @ { # * @ } else { @ - # })",
];

/// What keeps a number small.
const TAMES: [&str; 3] = ["2 * tanh(#)", "# / (1 + abs(#))", "clamp(#, -2, 2)"];

/// A random neuron: its inputs are called `x0`, `x1`, its states `v0`, `v1`, its params `p0`, `p1`.
pub struct Neuron {
    /// The file and its options.
    pub program: Program,
    /// How many inputs it has.
    pub n_inputs: usize,
    /// How many states.
    pub n_states: usize,
    /// The params and who shares each. Numbers from 0.25 to 0.75 are good for all.
    pub params: Vec<(String, Sharing)>,
}

/// A random neuron.
pub fn neuron(numbers: &mut Numbers) -> Neuron {
    let [n_inputs, n_states, n_params] = [1, 1, 0].map(|least| least + numbers.below(3));
    let mut lines = Vec::new();
    let mut scope: Vec<String> = Vec::new();
    for i in 0..n_inputs {
        lines.push(format!("input  x{i}"));
        scope.push(format!("x{i}"));
    }
    let mut params = Vec::new();
    for i in 0..n_params {
        let via =
            ["", " in (0, 1) via sigmoid", " in (0, inf) via softplus", " in (0, inf) via exp"];
        lines.push(format!("param  p{i} = 0.5{} learn", pick(&via, numbers)));
        scope.push(format!("p{i}"));
        let sharing = [Sharing::Layer, Sharing::Channel, Sharing::Neuron][numbers.below(3)];
        params.push((format!("p{i}"), sharing));
    }
    let of_params: Vec<String> = params.iter().map(|(name, _)| name.clone()).collect();
    for i in 0..n_states {
        lines.push(format!("state  v{i} = {}", expression(&of_params, 1, numbers)));
    }
    scope.extend((0..n_states).map(|i| format!("v{i}")));
    lines.push("charge {".into());
    for i in 0..n_states {
        let change = tame(&expression(&scope, 3, numbers), numbers);
        lines.push(format!("  v{i} = {} * v{i} + {change}", pick(&["0.5", "0.75", "0"], numbers)));
    }
    lines.push("}".into());
    let surrogate = pick(&SURROGATES, numbers);
    lines.push(format!("fire   s = spike(v0 - {}, {surrogate})", pick(&["0.5", "0.25"], numbers)));
    lines.push(reset(&scope, numbers));
    lines.push("output s".into());
    lines.extend((0..n_states).filter(|_| numbers.below(2) == 0).map(|i| format!("output v{i}")));
    let text = format!("neuron Random {{\n  {}\n}}\n", lines.join("\n  "));
    let mut program = Program::new(&text);
    for (name, sharing) in &params {
        program = program.share(name, *sharing);
    }
    Neuron { program, n_inputs, n_states, params }
}

fn pick<'a>(words: &[&'a str], numbers: &mut Numbers) -> &'a str {
    words[numbers.below(words.len())]
}

fn tame(expression: &str, numbers: &mut Numbers) -> String {
    pick(&TAMES, numbers).replace('#', &format!("({expression})"))
}

fn reset(scope: &[String], numbers: &mut Numbers) -> String {
    let spike = pick(&["s", "detach(s)"], numbers);
    let to = tame(&expression(scope, 1, numbers), numbers);
    match numbers.below(4) {
        0 => format!("reset  v0 = hard(v0, {spike}, to: {to})"),
        1 => format!("reset  v0 = soft(v0, {spike}, by: 0.5)"),
        2 => format!("reset  v0 -= {spike} * ({to})"),
        _ => "reset  v0 = reset_voltage(v0, s, 0.5, -0.25, soft: false, detach: true)".into(),
    }
}

/// An expression of names, so many operations deep at most.
fn expression(scope: &[String], depth: usize, numbers: &mut Numbers) -> String {
    if depth == 0 || numbers.below(8) == 0 {
        let constant = format!("{:.2}", numbers.uniform(1, 0.1, 1.5)[0]);
        let is_name = !scope.is_empty() && numbers.below(5) > 0;
        return if is_name { scope[numbers.below(scope.len())].clone() } else { constant };
    }
    let a = expression(scope, depth - 1, numbers);
    if numbers.below(3) == 0 {
        return pick(&FUNCTIONS, numbers).replace('#', &a);
    }
    let b = expression(scope, depth - 1, numbers);
    // A name has no `@`, and what stands for it must not be replaced again.
    pick(&PAIRS, numbers).replace('#', &a).replace('@', &b)
}
