//! Programs that are well typed and see more than one step: parallel neurons, and neurons that can be scanned.

use std::fmt::Write;

use super::choices::Choices;

/// Matrices of the params of [`parallel`].
const MATRICES: &[&str] = &[
    "w",
    "u",
    "(w * band(2))",
    "(w * (p * band(3) + (1 - p)))",
    "(0.5 * u + band(2))",
    "tanh(w + u)",
    "(w - 0.25 * u * u)",
    "abs(u)",
];

/// Columns, `#` something with a number for each step.
const COLUMNS: &[&str] = &["#", "(# + x)", "tanh(#)", "(b * # - x)", "(0.5 * # + n)", "(# * y)"];

/// A parallel neuron of up to three products, beside and behind each other, and their spikes.
pub fn parallel(choices: &mut Choices<'_>) -> String {
    let mut text = "parallel neuron N(surr: surrogate = atan(alpha: 2.0)) {\n".to_string();
    text += "  input x[T], y\n  param w[T, T] = uniform(-0.5, 0.5) learn\n";
    text += "  param u[T, T] = uniform(-0.5, 0.5) in (-1, 1) via sigmoid learn\n";
    text += "  param b[T] = -0.25 learn\n  param c[3] = [0.25, 0.5, 0.75] learn\n";
    let sharing = choices.pick(&["", " per channel", " per neuron"]);
    _ = write!(text, "  param p = 0.5 learn\n  param g{sharing} = 0.5 learn\n");
    text += "  rand n ~ uniform(-0.125, 0.125)\n  fire {\n";
    let mut known = vec!["x".to_string(), "(g * y)".into()];
    for i in 0..1 + choices.below(3) {
        let column = choices.pick(COLUMNS);
        let of = known[choices.below(known.len())].clone();
        let column = column.replace('#', &of);
        let product = match choices.below(4) {
            3 => format!("conv(c, {column})"),
            _ => format!("{} @ {column}", choices.pick(MATRICES)),
        };
        let more = choices.pick(&["b", "g", "0.125", "y"]);
        _ = write!(text, "    h{i} = {product} + {more}\n    z{i} = spike(h{i} - 0.25, surr)\n");
        known.extend([format!("h{i}"), format!("z{i}")]);
    }
    let (last, rest) = (known[known.len() - 1].clone(), choices.below(known.len()));
    _ = writeln!(text, "    s = spike({last} + 0.5 * {} - 0.375, surr)\n  }}", known[rest]);
    text += "  output s\n  output h0\n";
    text += choices.pick(&["", "  output z0\n", "  output z0 last\n"]);
    text + "}\n"
}

/// Factors of states that none decides.
const FACTORS: &[&str] = &["0.5", "a", "-b", "sigmoid(y)", "(b * x)", "(a - 0.25 * n)", "cos(b)"];

/// What comes to states at a step.
const DRIVES: &[&str] = &["x", "0.5 * y", "x * y", "a", "n", "tanh(x) * b", "0"];

/// A neuron of up to four states that are sums of those before, and what is made of them.
pub fn linear(choices: &mut Choices<'_>) -> String {
    let mut text = "neuron N {\n  input x, y\n".to_string();
    for name in ["a", "b"] {
        let sharing = choices.pick(&["", " per channel", " per neuron"]);
        _ = writeln!(text, "  param {name}{sharing} = 0.5 learn");
    }
    text += "  rand n ~ uniform(-0.5, 0.5)\n";
    let states = 1 + choices.below(4);
    for i in 0..states {
        _ = writeln!(text, "  state v{i} = {}", choices.pick(&["0", "0.25", "a", "a * b"]));
    }
    text += "  charge {\n";
    for i in 0..states {
        let mut terms = vec![choices.pick(DRIVES).to_string()];
        for j in 0..states {
            // Those above were changed in this step, which is linear as well.
            let before = if j < i && choices.percent(70) { "@prev" } else { "" };
            let is_there = choices.below(3) > 0;
            if is_there {
                // Rows that sum up to less than 1 keep states small.
                let share = 0.9 / states as f64;
                let factor = choices.pick(FACTORS);
                let state = match choices.below(5) {
                    4 => format!(
                        "(if detach(x) > 0.25 {{ v{j}{before} }} else {{ 0.5 * v{j}{before} }})"
                    ),
                    _ => format!("v{j}{before}"),
                };
                terms.push(match choices.below(4) {
                    3 => format!("{share} * {state} / (1 + exp({factor}))"),
                    _ => format!("{share} * {factor} * {state}"),
                });
            }
        }
        _ = writeln!(text, "    v{i} = {}", terms.join(" + "));
    }
    let of = choices.below(states);
    _ = write!(text, "  }}\n  fire s = spike(v{of} - 0.25, atan(alpha: 2.0))\n  output s\n");
    let last = choices.pick(&["", " last"]);
    _ = writeln!(text, "  output v0{last}\n}}");
    text
}
