//! Wrong programs, each with its whole message as the user reads it.
//!
//! Each mistake is one finding, and every replacement offered is made and the result checked.

use serde_json::{Value, json};

use super::*;
use crate::diagnostic::{Diagnostics, render, to_json};
use crate::span::{Source, Span};

/// Knows an empty file, two that import each other, and two with a function of one name.
struct Files;

impl Resolver for Files {
    fn resolve(&self, path: &str, from: &Source) -> std::result::Result<(String, String), String> {
        let text = match path {
            "neuron.snn" => "",
            "a.snn" => "import \"b.snn\"\n",
            "b.snn" => "import \"a.snn\"\n",
            "half.snn" => "fn half(x) = x / 2\n",
            "other.snn" => "fn half(x) = 0.5 * x\n",
            _ if path.starts_with("std/") => return NoImports.resolve(path, from),
            _ => return Err("there is no such file".into()),
        };
        Ok((path.into(), text.into()))
    }
}

/// All that is said about a text.
fn findings(text: &str) -> (SourceMap, Diagnostics) {
    let mut sources = SourceMap::new();
    let id = sources.add("neuron.snn", text);
    let (module, mut all) = ast::parse(sources.get(id).expect("just added"));
    all.extend(check(&module, &mut sources, &Files).1);
    (sources, all)
}

/// A neuron with a test.
fn tested(lines: &str) -> String {
    let neuron = "neuron N {\n  input x\n  param tau = 2\n  state v = 0\n  charge v = v + x / tau\n  output v\n}\n";
    format!("{neuron}test \"a test\" {{\n{lines}\n}}\n")
}

/// Checks a text of so many mistakes and shows it with all that is said about it.
fn report(text: &str, n_mistakes: usize) -> String {
    let (sources, all) = findings(text);
    let said = render(&sources, &all, false);
    assert_eq!(all.len(), n_mistakes, "each mistake is one finding:\n{said}");
    all.iter().for_each(|finding| mend(text, finding, &all));
    mend_all(text, &all);
    is_the_same_as_data(&sources, &all);
    format!("{}\n\n{said}", text.trim_end())
}

/// The JSON of findings holds all that the findings do, with lines and columns of the same places.
fn is_the_same_as_data(sources: &SourceMap, all: &Diagnostics) {
    let data = to_json(sources, all);
    let place = |span: Span, data: &Value| {
        let source = sources.get(span.file).expect("a place has its text");
        let at = |line: &str, column: &str| {
            let number = |which: &str| data[which].as_u64().expect("a number") as usize;
            let lines = source.text.split_inclusive('\n').take(number(line) - 1);
            let start: usize = lines.map(str::len).sum();
            let before = source.text[start..].chars().take(number(column) - 1);
            start + before.map(char::len_utf8).sum::<usize>()
        };
        assert_eq!(data["file"], *source.name);
        assert_eq!(at("line", "column"), span.start as usize);
        assert_eq!(at("end_line", "end_column"), span.end as usize);
    };
    for (finding, data) in all.iter().zip(data.as_array().expect("a list")) {
        assert_eq!(
            (&data["code"], &data["message"]),
            (&json!(finding.code), &json!(finding.message))
        );
        assert_eq!(data["severity"] == "error", finding.is_error());
        let labels = std::iter::once(&finding.primary).chain(&finding.secondary);
        for (i, label) in labels.enumerate() {
            assert_eq!(data["labels"][i]["text"], label.text);
            place(label.span, &data["labels"][i]["place"]);
        }
        for (i, help) in finding.helps.iter().enumerate() {
            assert_eq!(data["helps"][i]["text"], help.text);
            for (j, (span, with)) in help.replace.iter().enumerate() {
                assert_eq!(data["helps"][i]["replace"][j]["with"], *with);
                place(*span, &data["helps"][i]["replace"][j]["place"]);
            }
        }
    }
}

/// Makes each replacement that a finding offers: the finding goes, and no error comes.
fn mend(text: &str, finding: &Diagnostic, all: &Diagnostics) {
    for help in finding.helps.iter().filter(|help| !help.replace.is_empty()) {
        let mended = replaced(text, &help.replace);
        let (sources, left) = findings(&mended);
        let mut known: Vec<&str> = all.iter().map(|known| known.message.as_str()).collect();
        known.retain(|message| *message != finding.message);
        let same = all.iter().filter(|other| other.message == finding.message).count();
        known.extend(std::iter::repeat_n(finding.message.as_str(), same - 1));
        for left in left.iter().filter(|left| left.is_error() || left.code == finding.code) {
            let at = known.iter().position(|message| *message == left.message);
            let at = at.unwrap_or_else(|| {
                panic!("{}\n{mended}\n{}", help.text, render(&sources, &vec![left.clone()], false))
            });
            known.swap_remove(at);
        }
    }
}

/// Makes what the findings offer all at once, of each finding the first that no other has touched: what
/// is left was there before, and offered nothing.
fn mend_all(text: &str, all: &Diagnostics) {
    let (mut edits, mut mended): (Vec<(Span, String)>, Vec<&str>) = (Vec::new(), Vec::new());
    for finding in all {
        let mut offered = finding.helps.iter().map(|help| &help.replace);
        let is_free = |offer: &&Vec<(Span, String)>| {
            let apart = |(a, _): &(Span, String)| {
                edits.iter().all(|(b, _)| a.end < b.start || b.end < a.start)
            };
            !offer.is_empty() && offer.iter().all(apart)
        };
        if let Some(offer) = offered.find(is_free) {
            edits.extend(offer.clone());
            mended.push(&finding.message);
        }
    }
    let text = replaced(text, &edits);
    let (sources, left) = findings(&text);
    let mut known: Vec<&str> = all.iter().map(|known| known.message.as_str()).collect();
    for message in mended {
        let at = known.iter().position(|known| *known == message).expect("one of them");
        known.swap_remove(at);
    }
    for left in
        left.iter().filter(|left| left.is_error() || all.iter().any(|a| a.code == left.code))
    {
        let at = known.iter().position(|message| *message == left.message);
        let at = at.unwrap_or_else(|| {
            panic!("all at once:\n{text}\n{}", render(&sources, &vec![left.clone()], false))
        });
        known.swap_remove(at);
    }
}

/// A text with other text at some spans.
fn replaced(text: &str, edits: &[(Span, String)]) -> String {
    let mut edits = edits.to_vec();
    edits.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut text = text.to_string();
    for (span, with) in edits {
        text.replace_range(span.range(), &with);
    }
    text
}

/// A neuron around some lines.
fn neuron(lines: &str) -> String {
    format!(
        "neuron N(surr: surrogate = atan(alpha: 2.0), hard_reset: bool = true, n: int = 2) {{\n  input  x\n  state  v = 0\n{lines}\n  output v\n}}\n"
    )
}

/// A neuron with equations in a block.
fn ode(head: &str, lines: &str) -> String {
    let block = format!("  charge {{\n    ode {head} {{\n{lines}\n    }}\n  }}");
    neuron(&format!("  param  k = 0.5\n  state  w = 0\n{block}\n  output w"))
}

/// A neuron with units around some lines.
fn units(lines: &str) -> String {
    format!(
        "neuron N(on: bool = true, n: int = 2) {{\n  input  i [nA]\n  param  r [MOhm] = 10 MOhm\n  param  tau [ms] = 10 ms\n  state  u [mV] = -65 mV\n{lines}\n  output u\n}}\n"
    )
}

/// A parallel neuron around some lines.
fn parallel(lines: &str) -> String {
    let param = "  param  w[T, T] = kaiming_uniform(a: sqrt(5)) learn";
    format!("parallel neuron P {{\n  input  x[T]\n{param}\n{lines}\n}}\n")
}

/// A neuron without options around some lines.
fn plain(lines: &str) -> String {
    format!("neuron N {{\n  input  x\n  state  v = 0\n{lines}\n  output v\n}}\n")
}

macro_rules! wrong {
    ($($name:ident $([$n_mistakes:literal])?: $text:expr;)*) => {
        $(#[test]
        fn $name() {
            let n_mistakes = [$($n_mistakes,)? 1][0];
            insta::assert_snapshot!(report(&$text, n_mistakes));
        })*
    };
}

wrong! {
    a_learnt_param_without_a_gradient [2]: plain("  param  a = 1.0 learn\n  param  b = 0.5 learn\n  param  c = 2.0 learn\n  charge v = v + x * detach(a) + floor(b) * c");
    a_learnt_param_of_the_step_without_a_gradient: plain("  param  a[T] per neuron = 1.0 learn\n  param  b[T] = 0.5 learn\n  charge v = v + x * round(a[t]) * b[t]");
    a_missing_equals_sign: neuron("  param  tau 2.0\n  charge v = v + x");
    a_mistyped_keyword: neuron("  parma  tau = 2.0\n  charge v = v + x / tau");
    a_mistyped_item: "nueron N {\n  input x\n  state v = 0\n  charge v = v + x\n  output v\n}\n";
    an_assignment_outside_the_phases: neuron("  v = v + x");
    an_if_statement: neuron("  charge {\n    if hard_reset { v = x } else { v = v + x }\n  }");
    an_operator_without_an_operand: neuron("  charge v = v + * x");
    an_expression_that_stops: neuron("  charge v = (v + ) * x");
    c_operators: neuron("  charge v = if hard_reset && true { x } else { v }");
    c_negation: neuron("  charge v = if !hard_reset { x } else { v }");
    a_hash_comment: neuron("  # charge\n  charge v = v + x");
    a_letter_outside_ascii: neuron("  param  τ = 2.0\n  charge v = v + x");
    a_missing_option_type [2]: "neuron N(surr = atan(), soft: bool = 1) {\n  input x\n  state v = 0\n  charge v = v + x\n  output v\n}\n";
    two_syntax_errors_and_an_unknown_name [4]: neuron("  param  tau 2.0\n  charge {\n    v = v + / x\n    v = v + y\n  }\n  reset  v = v * v_rest");
    an_unclosed_parenthesis [2]: neuron("  charge v = max(v + x, 0\n  reset  v = v * y");
    an_unclosed_bracket: neuron("  param  c[T = 0\n  charge v = v + x");
    an_unclosed_brace [2]: "neuron N {\n  input x\n  state v = 0\n  charge {\n    v = v + x\n  output v\n}\n\nneuron M {\n  input x\n  state v = 0\n  charge v = y\n  output v\n}\n";
    a_brace_too_many: neuron("  charge v = v + x }");
    brackets_of_two_kinds: neuron("  charge v = max(v + x, 0]");
    draws_that_are_none: neuron("  param  a = uniform(1, 1)\n  charge v = v + a * x");
    a_draw_without_a_deviation: neuron("  param  a = normal(0, 0)\n  charge v = v + a * x");
    a_draw_beyond_its_range: neuron("  param  a = uniform(-1, 1) in (0, 1)\n  charge v = v + a * x");
    a_draw_hardly_in_its_range: neuron("  param  a = normal(mean: 0, std: 0.1) in [1, inf)\n  charge v = v + a * x");
    a_draw_of_what_is_known_too_late: neuron("  param  a = 1.0\n  param  b = normal(a, 1)\n  charge v = v + b * x");
    a_draw_without_its_arguments [2]: neuron("  param  a = uniform(1)\n  param  b = normal(0, dev: 1)\n  charge v = v + a * b * x");
    a_draw_for_matrices: neuron("  param  a = kaiming_uniform(a: sqrt(5))\n  charge v = v + a * x");
    chained_comparisons: neuron("  charge v = if 0 < n < 3 { v + x } else { x }");
    an_unknown_name: neuron("  param  v_reset = 0.0\n  charge v = v + x\n  reset  v = v_rset");
    an_unknown_function: neuron("  charge v = sigmiod(v + x)");
    a_state_called_like_a_function: neuron("  charge v = v(x)");
    a_function_without_its_call: neuron("  charge v = exp + x");
    an_unknown_surrogate: neuron("  charge v = v + x\n  fire   s = spike(v - 1, atn(alpha: 2.0))");
    a_surrogate_called_as_a_function: neuron("  charge v = rect(v + x)");
    a_name_declared_twice: neuron("  param  v = 1.0\n  charge v = v + x");
    a_fired_name_that_is_an_input: neuron("  charge v = v + x\n  fire   x = spike(v - 1, surr)");
    a_reserved_name: neuron("  param  T = 1.0\n  charge v = v + x");
    a_builtin_declared_again: "fn exp(x) = x\n";
    lets_in_a_cycle: neuron("  let a = b + 1\n  let b = a * 2\n  charge v = v + x * a");
    functions_in_a_cycle: "fn f(x) = g(x) + 1\nfn g(x) = 2 * f(x)\n";
    a_spike_used_before_it_is_fired: neuron("  charge v = (1 - s) * v + x\n  fire   s = spike(v - 1, surr)");
    a_state_in_an_outer_let: neuron("  let    half = v / 2\n  charge v = half + x");
    an_input_as_an_initial_value: neuron("  state  w = x\n  charge v = v + x * w");
    a_bool_in_arithmetic: neuron("  charge v = v + x * hard_reset");
    a_bool_option_with_a_number: "neuron N(soft: bool = 0) {\n  input x\n  state v = 0\n  charge v = if soft { v } else { x }\n  output v\n}\n";
    an_int_option_with_a_point: "neuron N(n: int = 2.5) {\n  input x\n  state v = 0\n  charge v = n * v + x\n  output v\n}\n";
    a_number_as_a_surrogate: neuron("  charge v = v + x\n  fire   s = spike(v - 1, 2.0)");
    a_spike_without_its_surrogate: neuron("  charge v = v + x\n  fire   s = spike(v - 1)");
    too_many_arguments: neuron("  charge v = max(v, x, 0)");
    an_unknown_argument: neuron("  charge v = v + x\n  fire   s = spike(v - 1, surr)\n  reset  v = hard(v, s, too: 0)");
    an_argument_given_twice: neuron("  charge v = clamp(v, 0, high: 1, low: x)");
    an_error_inside_a_function: "fn leak(v, k) = v - v * K\nneuron N {\n  input x\n  state v = 0\n  charge v = leak(v, 0.5) + x\n  output v\n}\n";
    a_type_error_inside_a_function: "fn pick(c, a, b) = if c { a } else { b }\nneuron N {\n  input x\n  state v = 0\n  charge v = pick(x, v, 0)\n  output v\n}\n";
    a_range_that_names_a_param: neuron("  param  low = 1.0\n  param  tau = 2.0 in (low, inf)\n  charge v = v + low * x / tau");
    a_number_as_a_condition: neuron("  charge v = v + x\n  fire   s = spike(v - 1, surr)\n  reset  v = if s { 0 } else { v }");
    branches_of_two_types: neuron("  charge v = if hard_reset { v + x } else { surr }");
    a_reset_without_a_spike: neuron("  charge v = v + x\n  reset  v = hard(v, x, to: 0)");
    phases_in_the_wrong_order: neuron("  charge v = v + x\n  reset  v = v * (1 - s)\n  fire   s = spike(v - 1, surr)");
    a_phase_twice: neuron("  charge v = v + x\n  charge v = v / 2");
    no_charge: neuron("  fire   s = spike(v - x, surr)");
    an_input_that_is_assigned: neuron("  charge {\n    x = 2 * x\n    v = v + x\n  }");
    a_param_that_is_assigned: neuron("  param  tau = 2.0\n  charge {\n    tau += 1\n    v = v + x / tau\n  }");
    an_unknown_state: neuron("  state  trace = 0\n  charge {\n    v = v + x + trace\n    tracee = v\n  }");
    a_state_that_fire_changes: neuron("  charge v = v + x\n  fire {\n    s = spike(v - 1, surr)\n    v -= s\n  }");
    a_map_that_does_not_fit: plain("  param  tau = 2.0 in (1, inf) via sigmoid learn\n  charge v = v + x / tau");
    a_default_outside_its_range: plain("  param  k = 1.5 in [0, 1]\n  charge v = k * v + x");
    an_empty_range: plain("  param  k = 1 in (1, 0]\n  charge v = k * v + x");
    no_output: "neuron N {\n  input x\n  state v = 0\n  charge v = v + x\n}\n";
    two_sharings: neuron("  param  k per layer per neuron = 1\n  charge v = k * v + x");
    a_surrogate_without_d: "surrogate tri(width = 1.0) {\n  y(u) = u / width\n}\n";
    a_surrogate_with_a_spike [2]: "surrogate tri {\n  d(u) = spike(u, atan)\n  dd(u) = 1\n}\n";
    an_unknown_map: neuron("  param  k = 0.5 in (0, 1) via sigmod learn\n  charge v = k * v + x");
    a_state_without_an_initial_value: neuron("  state  w\n  charge v = v + w * x");
    a_param_as_an_output: neuron("  param  k = 1\n  charge v = k * v + x\n  output k");
    two_outputs_of_one_name: neuron("  charge v = v + x\n  output v");
    an_import_without_a_resolver: "import \"std/lif.snn\"\n";
    a_later_edition: "snn 2\n";
    a_time_that_nobody_declares: ode("method euler", "      dv/dt = (x - v) * dt\n      dw/dt = v - w");
    a_current_added_to_a_potential: units("  charge u = u + i");
    a_number_without_a_unit_subtracted: units("  charge u = u + r * i - 5");
    a_potential_compared_with_a_number: units("  charge u = if detach(u) > -0.05 { u } else { u + r * i }");
    branches_in_two_units: units("  charge u = if on { u } else { i }");
    a_state_that_gets_a_rate: units("  charge u = (r * i - u) / tau");
    a_state_without_a_unit: plain("  param  e [mV] = 5 mV\n  charge v = 0.5 * v + x * e");
    a_state_that_gets_a_number: units("  charge u = if on { u + r * i } else { -65 }");
    a_default_without_a_unit: plain("  param  tau [ms] = 10\n  charge v = v + x * (1 ms) / tau");
    a_range_in_another_unit [2]: plain("  param  tau [ms] = 10 ms in (1, 1 V)\n  charge v = v + x * (1 ms) / tau");
    a_drawn_default_without_a_unit [2]: plain("  param  tau [ms] = uniform(5, 10)\n  charge v = v + x * (1 ms) / tau");
    a_constant_in_another_unit: format!("const e [mV] = 5 nA\n{}", plain("  charge v = v + x * e / (1 mV)"));
    an_option_in_another_unit: "neuron N(dt [ms]: float = 1 mV) {\n  input x\n  state v = 0\n  charge v = v + x * dt / (1 ms)\n  output v\n}\n";
    an_option_of_a_type_without_units [2]: "neuron N(n [ms]: int = 1, on [mV]: bool = true) {\n  input x\n  state v = 0\n  charge v = v + (if on { n } else { x })\n  output v\n}\n";
    an_int_state_with_a_unit: plain("  state  left [ms]: int = 0\n  charge v = v + x * left");
    two_units_of_one_name: plain("  param  e [mV] [V] = 1 mV\n  charge v = v + x * e / (1 mV)");
    a_spike_of_a_potential: units("  charge u = u + r * i\n  fire   s = spike(u - 5 mV, atan())\n  output s");
    an_exponential_of_a_potential: units("  charge u = u + r * i * exp(u)");
    a_power_that_is_not_known: units("  charge u = u + r * i * u^n");
    a_root_of_a_root: units("  charge u = u + r * i * sqrt(sqrt(u)) / 1 V");
    an_argument_of_a_function_in_a_unit: format!("fn steep(x) = 1 / (1 + exp(x))\n{}", units("  charge u = u + r * i * steep(u)"));
    a_let_in_another_unit: units("  let    drive [mV] = 2 * i\n  charge u = u + r * i + drive");
    a_name_of_the_last_step_in_another_unit: units("  charge u = u + y@prev\n  fire   y = 2 * i\n  output y");
    a_sum_that_changes_its_unit: units("  charge {\n    let mut sum = 0\n    for k in 0..2 {\n      u = u + sum\n      sum += i\n    }\n  }");
    an_unknown_method: ode("method exakt", "      dv/dt = x - v\n      dw/dt = v - w");
    a_method_that_nothing_comes_near: ode("method leapfrog", "      dv/dt = x - v\n      dw/dt = v - w");
    an_exact_solution_of_a_square: ode("method exact", "      dv/dt = x - k * v * v\n      dw/dt = v - w");
    an_exact_solution_with_a_factor_that_changes: ode("method exact", "      dv/dt = x * (k - v)\n      dw/dt = v - w");
    an_exponential_step_of_an_exponential: ode("method exp_euler", "      dv/dt = x - v\n      dw/dt = v - exp(w)");
    an_exact_solution_of_too_many_states: neuron("  state  a = 0\n  state  b = 0\n  state  c = 0\n  state  d = 0\n  charge {\n    ode method exact {\n      da/dt = x - a\n      db/dt = a - b\n      dc/dt = b - c\n      dd/dt = c - d\n      dv/dt = d - v\n    }\n  }");
    steps_of_an_exact_solution: ode("method exact steps 4", "      dv/dt = x - v\n      dw/dt = v - w");
    steps_without_a_method: ode("steps 4", "      dv/dt = x - v\n      dw/dt = v - w");
    a_step_in_no_parts: ode("method rk2 steps 0", "      dv/dt = x - v\n      dw/dt = v - w");
    a_step_in_too_many_parts: ode("method euler steps 2000", "      dv/dt = x - v\n      dw/dt = v - w");
    parts_that_are_a_param: ode("method rk4 steps int(k)", "      dv/dt = x - v\n      dw/dt = v - w");
    a_block_without_equations: ode("method rk4", "      let _y = x");
    equations_of_what_is_no_state [3]: neuron("  state  r: int = 0\n  charge {\n    ode method euler {\n      dv/dt = x - v\n      dx/dt = -v\n      dr/dt = 1\n      du/dt = v\n    }\n  }");
    two_equations_of_a_state: ode("method euler", "      dv/dt = x - v\n      dw/dt = v - w\n      dv/dt = 0");
    equations_in_reset: plain("  charge v = v + x\n  reset {\n    ode method euler {\n      dv/dt = -v\n    }\n  }");
    an_input_called_dt: plain("  input  dt\n  charge {\n    ode method euler {\n      dv/dt = dt - x * v\n    }\n  }");
    a_step_that_takes_no_time: "neuron N(dt: float = 0) {\n  input x\n  state v = 0\n  charge {\n    ode method euler {\n      dv/dt = x - v\n    }\n  }\n  output v\n}\n";
    an_equation_that_does_not_parse: ode("method euler", "      dv = x - v\n      dw/dt = v - w");
    a_name_that_changes_among_equations: ode("method euler", "      let mut y = x\n      dv/dt = y - v\n      dw/dt = v - w");
    an_equation_without_a_time: "neuron N {\n  input  x [mV]\n  param  tau [ms] = 10 ms\n  state  v [mV] = 0\n  charge {\n    ode method exact {\n      dv/dt = (x - v) / tau\n    }\n  }\n  output v\n}\n";
    an_equation_without_the_unit_of_time: "neuron N(dt [ms]: float = 0.1) {\n  input  x [mV]\n  state  v [mV] = 0\n  charge {\n    ode method exact {\n      dv/dt = x - v\n    }\n  }\n  output v\n}\n";
    unknown_units [5]: plain("  param  a [mv] = 5 minute\n  param  b [mS/cm^x] = 1 T\n  param  c [minutes] = 1 ms\n  charge v = v + x * a * b * c");
    an_unknown_unit_of_a_number [2]: plain("  param  k = 2 seconds\n  charge v = v + 2 x");
    a_shape_of_a_state: plain("  state  w[3] = 0\n  charge v = v + x * w");
    scales_that_are_too_far_apart: plain("  param  a [fF^3] = 1 [fF^3]\n  charge v = v + real(a > 1 [GF^3]) * x");
    a_previous_input: neuron("  charge v = v + x - x@prev");
    a_previous_sum: neuron("  charge v = v + (v + x)@prev");
    a_mut_outside_the_phases: neuron("  let mut half = x / 2\n  charge v = v + half");
    a_mut_outside_that_a_loop_changes: neuron("  let mut y = 0\n  charge {\n    for i in 0..n { y = y + x }\n    v = y\n  }");
    a_when_in_charge: neuron("  charge v = v + x when n > 1");
    a_when_behind_a_number: neuron("  charge v = v + x\n  fire   s = v - 1 when n > 1");
    a_when_that_a_potential_decides: plain("  charge v = v + x\n  fire   s = spike(v - 1, atan()) when v < 3");
    a_loop_up_to_a_param: neuron("  param  k = 3\n  charge {\n    for i in 0..k {\n      v = v + x\n    }\n  }");
    a_loop_up_to_a_fraction: neuron("  charge {\n    for i in 0..n / 2 {\n      v = v + x\n    }\n  }");
    a_loop_of_too_many_turns: plain("  charge {\n    for i in 0..1000000 {\n      v = v + x\n    }\n  }");
    a_sum_of_too_many_terms: plain("  charge v = v + sum(i in 0..40, sum(j in 0..40, x * i * j))");
    a_sum_of_bools: neuron("  charge v = v + sum(i in 0..n, x > i)");
    a_counter_that_is_changed: neuron("  charge {\n    for i in 0..n {\n      i = i + 1\n      v = v + x\n    }\n  }");
    a_let_that_is_changed: neuron("  charge {\n    let y = 0\n    for i in 0..n {\n      y += x\n    }\n    v = y\n  }");
    an_int_that_gets_a_real [3]: neuron("  state  r: int = 0.5\n  charge {\n    let mut k = r\n    k = v\n    v = v + x * k\n  }\n  reset  r = v / 2");
    a_bool_that_gets_a_number: neuron("  charge {\n    let mut on = n > 1\n    on = 0\n    v = if on { x } else { v + x }\n  }");
    a_mutable_surrogate: neuron("  charge {\n    let mut s = surr\n    v = v + x\n  }");
    a_new_name_in_a_loop_of_fire: neuron("  charge v = v + x\n  fire {\n    for i in 0..n {\n      s = spike(v - i, surr)\n    }\n  }");
    a_hard_reset_by_a_ternary_spike: neuron("  charge v = v + x\n  fire   s = ternary(v, 1, surr)\n  reset  v = hard(v, s, to: 0)");
    fired_of_a_spike: neuron("  charge v = v + x\n  fire   s = spike(v - 1, surr)\n  reset  v = hard(v, fired(s), to: 0)");
    levels_in_a_surrogate: "surrogate s(d = 4) {\n  d(u) = levels(u, d, atan)\n}\n";
    an_option_that_is_no_function [3]: "neuron N(f: fn = exq, g: fn = spike, h: fn = exp(1)) {\n  input x\n  state v = 0\n  charge v = f(v) + g(v) + h(x)\n  output v\n}\n";
    an_option_called_like_a_function: "neuron N(exp: fn = log) {\n  input x\n  state v = 0\n  charge v = exp(v + x)\n  output v\n}\n";
    an_option_with_too_many_arguments: "neuron N(f: fn = max) {\n  input x\n  state v = 0\n  charge v = f(v + x)\n  output v\n}\n";
    an_option_with_a_named_argument: "neuron N(f: fn = max) {\n  input x\n  state v = 0\n  charge v = f(v, b: x)\n  output v\n}\n";
    a_product_in_an_ordinary_neuron: plain("  charge v = v + v @ x");
    a_band_in_an_ordinary_neuron: plain("  charge v = v + band(2) * x");
    a_matrix_in_an_ordinary_neuron: plain("  param  w[T, T] = kaiming_uniform(a: 1)\n  charge v = v + w * x");
    a_convolution_in_an_ordinary_neuron: plain("  param  w[3] = 1\n  charge v = v + conv(w, x)");
    a_product_in_a_function_of_an_ordinary_neuron: format!("fn seen(w, x) = w @ x\n{}", plain("  charge v = v + seen(v, x)"));
    a_product_in_a_surrogate: "surrogate tri {\n  d(u) = u @ u\n}\n";
    states_of_a_parallel_neuron [3]: parallel("  state  v = 0\n  charge v = v + w @ x\n  fire   s = spike(v, atan())\n  reset  v -= s\n  output s");
    a_charge_of_a_parallel_neuron: parallel("  charge h = w @ x\n  fire   s = spike(h, atan())\n  output s");
    a_previous_name_of_a_parallel_neuron: parallel("  fire {\n    h = w @ x\n    y = h + h@prev\n  }\n  output y");
    a_name_of_a_parallel_neuron_used_too_early: parallel("  fire {\n    s = spike(h, atan())\n    h = w @ x\n  }\n  output s");
    an_index_in_a_parallel_neuron: parallel("  param  b[T] = 1\n  fire   y = w @ x + b[t]\n  output y");
    sides_of_a_product_that_are_swapped: parallel("  fire   y = w @ (2 * x @ w)\n  output y");
    a_product_of_matrices: parallel("  fire   y = (w @ band(2)) @ x\n  output y");
    a_product_with_one_number: parallel("  param  a = 1\n  fire   y = w @ (a + 1) + x\n  output y");
    a_convolution_of_a_matrix: parallel("  param  c[2] = 1\n  fire   y = conv(c, w) @ x\n  output y");
    a_matrix_plus_a_column: parallel("  fire   y = w * x\n  output y");
    a_matrix_as_an_output: parallel("  fire {\n    m = w * band(2)\n    y = m @ x\n  }\n  output y\n  output m");
    weights_of_a_convolution_that_are_no_name: parallel("  param  c[2] = 1\n  fire   y = w @ conv(2 * c, x)\n  output y");
    weights_of_a_convolution_without_an_index: parallel("  fire   y = conv(w, x)\n  output y");
    a_matrix_made_of_a_param_per_channel: parallel("  param  a per channel = 1\n  fire   y = (a * w) @ x\n  output y");
    a_matrix_per_neuron: "parallel neuron P {\n  input  x[T]\n  param  w[T, T] per neuron = 1 learn\n  fire   y = w @ x\n  output y\n}\n";
    a_number_for_each_step_per_channel: parallel("  param  b[T] per channel = 1\n  fire   y = w @ x + b\n  output y");
    a_band_of_half_a_step: parallel("  fire   y = (w * band(0.5)) @ x\n  output y");
    a_band_known_too_late: parallel("  param  k = 2\n  fire   y = (w * band(int(k))) @ x\n  output y");
    an_input_that_is_a_matrix: parallel("  input  m[T, T]\n  fire   y = w @ (x + m)\n  output y");
    a_test_without_a_neuron: "test \"leaks\" {\n  x = [0.9]\n  expect v == [0.9]\n}\n";
    a_test_of_an_unknown_neuron: tested("  neuron M\n  x = [0.9]\n  expect v == [0.9]");
    a_test_of_two_neurons: tested("  neuron N\n  neuron N\n  x = [0.9]\n  expect v == [0.9]");
    a_test_that_expects_nothing: tested("  neuron N\n  x = [0.9]");
    a_test_of_many_things_that_expects_nothing: tested("  neuron N { tau = 4 }\n  T = 3\n  x = 1\n  v = 0.5");
    a_test_of_an_unknown_name: tested("  neuron N\n  x = [0.9]\n  expect vv == [0.9]");
    a_test_that_gives_an_unknown_name: tested("  neuron N\n  y = [0.9]\n  expect v == [0.9]");
    a_test_with_an_unknown_param: tested("  neuron N { tua = 2 }\n  x = [0.9]\n  expect v == [0.9]");
    a_test_with_an_unknown_option: tested("  neuron N(on: true)\n  x = [0.9]\n  expect v == [0.9]");
    a_test_of_rows_of_two_lengths: tested("  neuron N\n  x = [[1, 2], [3]]\n  expect v == [0.9]");
    a_test_of_rows_and_numbers: tested("  neuron N\n  x = [1, [2]]\n  expect v == [0.9]");
    a_test_of_no_number: tested("  neuron N\n  x = [0.9]\n  expect v == [true]");
    a_test_of_half_a_step: tested("  neuron N\n  T = 1.5\n  x = 1\n  expect v == [0.9]");
    a_test_within_less_than_nothing: tested("  neuron N\n  x = [0.9]\n  expect v ~= [0.9] within -1");
    a_line_that_is_none_of_a_test: tested("  neuron N\n  x = [0.9]\n  epxect v == [0.9]");
    a_learnt_argument_of_a_surrogate_without_a_primitive: neuron("  param  a = 0.3 learn\n  charge v = v + x\n  fire   s = spike(v - 1, fake_numerical_gradient(alpha: 2 * a))\n  output s");
    an_int_of_a_surrogate_that_is_a_param: neuron("  param  k = 3\n  charge v = v + x\n  fire   s = spike(v - 1, squarewave_fourier_series(n: k))");
    an_int_of_a_surrogate_that_is_none [3]: "surrogate wave(n: int = 1.5) {\n  d(u) = sum(i in 0..n, cos(i * u))\n}\nneuron N {\n  input  x\n  state  v = 0\n  charge v = v + x\n  fire   s = spike(v - 1, wave(n: 2.5)) + spike(v, wave(n: x > 1))\n  output s\n}\n";
    an_argument_of_a_surrogate_as_a_bound: "surrogate wave(n = 2) {\n  d(u) = sum(i in 0..n, cos(i * u))\n}\n";
    a_surrogate_of_too_many_terms: neuron("  charge v = v + x\n  fire   s = spike(v - 1, squarewave_fourier_series(n: 1000))");
    an_int_of_a_surrogate_that_is_too_large: neuron("  charge v = v + x\n  fire   s = spike(v - 1, squarewave_fourier_series(n: 3000000000))");
    a_mistyped_type_of_an_argument: "surrogate wave(n: itn = 2) {\n  d(u) = sum(i in 0..n, cos(i * u))\n}\n";
    a_type_of_a_functions_argument: "fn f(n: int) = 2 * n\n";
    a_surrogate_argument_that_changes: neuron("  charge v = v + x\n  fire   s = spike(v - 1, atan(alpha: 2 + x))");
    three_params_as_arguments_of_a_surrogate: neuron("  param  a = 1\n  param  b = 1\n  param  c = 1\n  charge v = v + x\n  fire   s = spike(v - 1, multi_level_spike_count(a, b, c))");
    an_option_with_a_param_as_an_argument: "neuron N(surr: surrogate = atan(alpha: a)) {\n  input x\n  param a = 2\n  state v = 0\n  charge v = v + x\n  fire s = spike(v - a, surr)\n  output s\n}\n";
    a_list_for_steps: neuron("  param  c[T] = [0.5, 0.25]\n  charge v = v + c[t] * x");
    a_list_of_another_length: neuron("  param  p[3] = [0.5, 0.25]\n  charge v = v + (p[0] + p[1] + p[2]) * x");
    a_list_for_one_number: neuron("  param  p = [0.5, 0.25]\n  charge v = v + p * x");
    a_param_of_no_numbers: neuron("  param  p[0] = 1\n  charge v = v + p[0] * x");
    a_param_of_too_many_numbers: neuron("  param  p[1025] = 1\n  charge v = v + p[0] * x");
    an_index_that_is_too_large: neuron("  param  p[2] = 1\n  charge v = v + p[2] * x");
    a_counter_that_runs_too_far: neuron("  param  p[n] = 1\n  charge v = v + sum(i in 0..n, p[i + 1]) * x");
    an_index_known_too_late: neuron("  param  p[2] = 1\n  charge v = v + p[int(x)]");
    an_index_that_is_missing: neuron("  param  p[2] = 1\n  charge v = v + p * x");
    a_step_that_is_missing: neuron("  param  c[T] = 1\n  charge v = v + c * x");
    a_step_that_is_a_number: neuron("  param  c[T] = 1\n  charge v = v + c[0] * x");
    an_index_of_a_state: neuron("  charge v = v[0] + x");
    two_indices: neuron("  param  p[2] = 1\n  charge v = v + p[0, 1] * x");
    a_surrogate_argument_of_the_step: neuron("  param  c[T] = 1\n  charge v = v + x\n  fire   s = spike(v - 1, atan(alpha: c[t]))\n  output s");
    a_distribution_as_a_number: neuron("  charge v = v + x + normal(0, 1)");
    a_draw_of_no_distribution: neuron("  rand   z ~ 0.5\n  charge v = v + x * z");
    a_draw_of_a_function: neuron("  rand   z ~ exp(1)\n  charge v = v + x * z");
    a_draw_of_an_unknown_distribution: neuron("  rand   z ~ unifrom(0, 1)\n  charge v = v + x * z");
    a_draw_without_an_argument: neuron("  rand   z ~ normal(0)\n  charge v = v + x * z");
    a_draw_by_the_step: neuron("  rand   z ~ normal(x, 1)\n  charge v = v + x * z");
    a_draw_that_is_never_read: "neuron N {\n  input x\n  rand z ~ normal(0, 1)\n  state v = 0\n  charge v = v + x\n  output v\n}\n";
    a_draw_of_an_empty_interval: neuron("  rand   z ~ uniform(1, 1)\n  charge v = v + x * z");
    a_draw_of_a_negative_deviation: neuron("  rand   z ~ normal(0, -1)\n  charge v = v + x * z");
    a_draw_with_an_impossible_probability: neuron("  rand   z ~ bernoulli(1.5)\n  charge v = v + x * z");
    a_draw_with_a_rate_of_nothing: neuron("  rand   z ~ exponential(0)\n  charge v = v + x * z");
    a_draw_of_no_number: neuron("  rand   z ~ normal(inf, 1)\n  charge v = v + x * z");
    the_surrogate_of_a_draw: neuron("  charge v = v + x\n  fire   s = spike(v, poisson_pass)\n  output s");
    steps_as_numbers_are_not_there_yet [2]: neuron("  charge v = v + t * x / T");
    things_never_read [3]: "neuron N {\n  input x, y\n  state v = 0\n  state w = 0\n  param tau = 2\n  charge v = v + x\n  output v\n}\n";
    a_learnt_param_that_may_leave_its_range: plain("  param  tau = 2.0 in (1, inf) learn\n  charge v = v + (x - v) / tau");
    a_condition_without_a_gradient: plain("  charge v = if v > 1 { x } else { v + x }");
    three_equal_numbers: "fn same(a, b, c) = if a == b == c { 1 } else { 0 }\n";
    a_number_that_is_too_large: plain("  charge v = v + 1e999 * x");
    a_default_that_is_too_large: plain("  param  k = 2e308\n  charge v = k * v + x");
    an_edition_behind_an_item: "const c = 1\nsnn 1\n";
    constants_in_a_cycle: "const a = 2 * b\nconst b = a + 1\n";
    a_function_that_calls_itself: "fn f(x) = x * f(x - 1)\n";
    an_import_of_no_file: "import \"none.snn\"\n";
    an_import_of_itself: "import \"neuron.snn\"\n";
    imports_in_a_cycle: "import \"a.snn\"\n";
    a_default_that_names_a_param: plain("  param  a = 1.0\n  param  b = 2 * a\n  charge v = a * v + b * x");
    branches_of_a_number_and_a_bool: "fn f(x) = select(x > 0, 1, false)\n";
    an_int_that_is_too_large: "const c = int(3e9)\n";
    a_fire_before_charge: plain("  fire   s = spike(v - 1, atan())\n  charge v = v + x\n  output s");
    two_resets: plain("  charge v = v + x\n  reset  v = v / 2\n  reset  v = v - 1");
    only_a_fire: "neuron N {\n  input  x\n  fire   y = 2 * x\n  output y\n}\n";
    a_fire_into_a_state: plain("  charge v = v + x\n  fire   v = 0");
    a_map_of_a_closed_range: plain("  param  k = 0.5 in [0, 1] via sigmoid learn\n  charge v = k * v + x");
    a_spike_and_no_output: "neuron N {\n  input  x\n  state  v = 0\n  charge v = v + x\n  fire   s = spike(v - 1, atan())\n  reset  v = soft(v, s, by: 1)\n}\n";
    two_defaults: plain("  param  k = 1 in (0, 1] = 0.5\n  charge v = k * v + x");
    a_map_that_is_none: plain("  param  k = 0.5 in (0, 1) via tanh learn\n  charge v = k * v + x");
    a_param_without_a_default: plain("  param  k in (0, 1)\n  charge v = k * v + x");
    an_indexed_param_without_a_default: plain("  param  k[2] in (0, 1)\n  charge v = k[0] * v + k[1] * x");
    an_option_as_an_output: "neuron N(n: int = 2) {\n  input  x\n  state  v = 0\n  charge v = v + n * x\n  output n\n}\n";
    an_input_never_read: plain("  input  y\n  charge v = v + x");
    a_state_never_read: plain("  state  w = 0\n  charge {\n    v = v + x\n    w = v\n  }");
    a_param_never_read: plain("  param  tau = 2.0\n  charge v = v + x");
    a_range_without_a_map: plain("  param  k = 0.5 in (0, 1) learn\n  charge v = k * v + x");
    a_learnt_param_that_is_rounded: plain("  param  k = 2.0 learn\n  charge v = v + round(k) * x");
    options_never_read: "neuron N(n: int = 2, surr: surrogate = atan()) {\n  input  x\n  state  v = 0\n  charge v = v + n * x\n  output v\n}\n";
    lets_and_consts_never_read [4]: plain("  const  c = 2\n  let    a = x\n  charge {\n    let b = 2 * x\n    let mut k = 0\n    k += 1\n    v = v + x\n  }");
    items_never_used [3]: "const c = 2\nfn f(x) = g(x)\nfn g(x) = c * x\nfn h(x) = x\nsurrogate flat {\n  d(u) = 1\n}\nconst e = 3\nneuron N {\n  input  x\n  state  v = 0\n  charge v = f(v) + x\n  output v\n}\n";
    a_function_never_used: "fn twice(x) = 2 * x\nneuron N {\n  input  x\n  state  v = 0\n  charge v = v + x\n  output v\n}\n";
    unknown_codes_that_are_allowed [3]: plain("  #[allow(W031)]\n  charge v = v + x\n  #[allow(E0101)]\n  reset  v = v / 2\n  #[allow(unused)]\n  const  _c = 2");
    an_error_that_is_allowed [2]: plain("  #[allow(E0101)]\n  charge v = v + y");
    warnings_allowed_in_vain [2]: plain("  #[allow(W0301, W0310)]\n  charge v = v + x");
    an_allow_in_vain_beside_another: plain("  #[allow(W0310,\n    W0301)] // why\n  charge v = if v > 1 { x } else { v }");
    a_state_never_read_under_the_name_of_an_output: plain("  state  w = 0\n  charge {\n    v = v + x\n    w = v\n  }\n  output v as w");
    an_allow_in_the_wrong_place [2]: plain("  #[allow(W0301)]\n  charge v = v + x\n  input  y");
    c_disjunction: neuron("  charge v = if hard_reset || true { x } else { v }");
    two_potentials_that_decide: plain("  charge v = if v > x { x } else { v + x }");
    a_mistyped_sharing: plain("  param  k per chanel = 1\n  charge v = k * v + x");
    a_mistyped_modifier: plain("  param  k = 1 lern\n  charge v = k * v + x");
    a_mistyped_type: "neuron N(n: flaot = 2) {\n  input  x\n  state  v = 0\n  charge v = v + n * x\n  output v\n}\n";
    a_mistyped_let: plain("  charge {\n    lett y = 2 * x\n    v = v + x\n  }");
    a_state_of_a_mistyped_type: plain("  state  r: itn = 0\n  charge v = v + x * r");
    a_function_of_a_surrogate_given_twice: "surrogate flat {\n  d(u) = 1\n  d(u) = 2\n}\n\nneuron N {\n  input  x\n  state  v = 0\n  charge v = v + x\n  fire   s = spike(v, flat)\n  output s\n}\n";
    an_argument_of_a_surrogate_declared_twice: "surrogate flat(u = 1) {\n  d(u) = u\n}\n\nneuron N {\n  input  x\n  state  v = 0\n  charge v = v + x\n  fire   s = spike(v, flat)\n  output s\n}\n";
    an_argument_of_a_surrogate_named_as_the_language_does: "surrogate flat {\n  d(t) = 1\n}\n\nneuron N {\n  input  x\n  state  v = 0\n  charge v = v + x\n  fire   s = spike(v, flat)\n  output s\n}\n";
    an_argument_of_a_function_declared_twice: "fn f(a, a) = a\n\nneuron N {\n  input  x\n  state  v = 0\n  charge v = f(v, x)\n  output v\n}\n";
    a_constant_named_as_the_language_does: format!("const pi = 3\n\n{}", plain("  charge v = v + pi * x"));
    an_import_of_a_second_function: format!("import \"half.snn\"\n\nfn half(x) = x * 0.5\n\n{}", plain("  charge v = half(v) + x"));
    two_imports_with_a_function_each: format!("import \"half.snn\"\nimport \"other.snn\"\n\n{}", plain("  charge v = half(v) + x"));
    a_place_behind_a_name: plain("  charge v = max(a: v, x)");
    a_logistic_map_of_a_half_line: plain("  param  k = 0.5 in (0, inf) via sigmoid\n  charge v = k * v + x");
    states_that_may_grow [3]: "neuron N {\n  input  x\n  param  a = 0.9 learn\n  param  tau = 2.0 in (0.25, inf) via softplus learn\n  param  b = 0.5 in (0, 2) via sigmoid learn\n  state  v = 0\n  state  w = 0\n  state  u = 0\n  charge {\n    v = a * v + x\n    w = w + (x - w) / tau\n    u = fma(u, b, x)\n  }\n  fire   s = spike(v + w + u - 1, atan())\n  reset  v -= s\n  output s\n}\n";
    a_state_that_may_grow_at_each_step: plain("  param  k[T] = 0.5 in (-2, 2) via sigmoid learn\n  charge v = k[t] * v + x");
    thresholds_out_of_reach [2]: plain("  param  far = 2.0 in (1, 3)\n  charge v = clamp(v + x, 0, 1)\n  fire {\n    s = spike(v - far, atan())\n    z = spike(v, atan())\n  }\n  output s\n  output z");
    a_threshold_out_of_reach_in_a_loop: plain("  param  far = 2.0 in (1, inf) via softplus\n  charge v = tanh(v + x)\n  fire   s = sum(i in 0..3, spike(v - far - i, atan()))\n  output s");
    divisors_that_may_be_zero [3]: plain("  param  a = 1.0 in [0, 1]\n  param  b = 0.5 in (-1, 1) via sigmoid\n  param  c[2] = 0.5 in (0, 1]\n  charge {\n    v = v + x / a\n    v = v + 1 / (b * c[0])\n    v = v + x / (c[1] - c[0])\n  }");
    a_divisor_that_is_zero: plain("  charge v = v + x / 0");
}
