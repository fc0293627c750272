use super::*;

/// The program of a text that has to be right, warnings included.
fn program(text: &str) -> Program {
    let mut sources = SourceMap::new();
    let id = sources.add("test.snn", text);
    let (module, syntax) = ast::parse(sources.get(id).expect("just added"));
    assert_eq!(syntax, []);
    let (program, findings) = check(&module, &mut sources, &NoImports);
    assert_eq!(findings, []);
    program.expect("nothing was wrong")
}

/// The typed text of a program's only neuron under some options.
fn typed(text: &str, options: &[(&str, &str)]) -> String {
    let options = options.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let wanted = Specialization { options, ..Specialization::default() };
    match specialize(&program(text), &wanted) {
        Ok(neuron) => print(&neuron),
        Err(findings) => panic!("{findings:?}"),
    }
}

const LIF: &str = include_str!("../../../stdlib/neurons/lif.snn");
const IF: &str = include_str!("../../../stdlib/neurons/if.snn");

#[test]
fn lif_is_charged_fired_and_reset_in_the_order_written() {
    insta::assert_snapshot!(typed(LIF, &[]));
}

#[test]
fn soft_reset_starts_at_zero_and_subtracts_the_threshold() {
    let options = [("soft_reset", "true"), ("detach_reset", "true"), ("decay_input", "false")];
    insta::assert_snapshot!(typed(LIF, &options));
}

#[test]
fn if_sums_its_input() {
    insta::assert_snapshot!(typed(IF, &[("surr", "atan(2.0)")]));
}

#[test]
fn a_param_that_an_option_gives_a_gradient_is_not_warned_of() {
    let text = "neuron N(cut: bool = true) {\n  input x\n  param k = 0.5 learn\n  state v = 0\n  \
                charge v = v + x * (if cut { detach(k) } else { k })\n  output v\n}\n";
    program(text);
}

#[test]
fn an_argument_that_a_function_does_not_read_may_be_of_a_step() {
    let text = "fn f(a, b = 0.5) = b\nneuron N {\n  input x\n  param k = 0.5\n  let y = f(x)\n  \
                let z = f(k)\n  state v = z\n  charge v = v + x * y\n  output v\n}\n";
    assert!(typed(text, &[]).contains("0.5"));
}

#[test]
fn what_ranges_leave_open_is_not_warned_of() {
    for lines in [
        "  charge v = v + x / (x - 1)",
        "  param  a = 0.5\n  charge v = v + x / a",
        "  param  a = 0.5 in (0, inf)\n  charge v = v + x / a",
        "  param  a = 0.5 in (0, 1) via sigmoid\n  charge v = v + x / (1 - a) / (a - a + 1)",
        "  param  a = 0.5 in [0, 1]\n  charge v = if a == 0 { x } else { v + x / a }",
        "  param  a = 0.5 in [-1, 1]\n  charge v = v + x / (1 + a^2) + fmod(x, 2)",
        "  charge v = v + x\n  fire   s = spike(v, atan()) + ternary(tanh(v), 0.5, atan())\n  output s",
        "  charge v = relu(v + x)\n  fire   s = levels(v, 3, atan())\n  output s",
        "  charge v = clamp(v + x, 0, 1)\n  fire   s = sum(i in 0..3, spike(v - i, atan()))\n  output s",
        "  param  a = 0.5\n  charge v = a * v + x",
        "  param  a = 0.5 in (0, 2)\n  charge v = a * v + x",
        "  param  a = 1.5 learn\n  charge v = a * v + x",
        "  param  a = 0.5 learn\n  charge v = sigmoid(a) * v + a * x",
        "  param  a = 0.5 learn\n  charge v = a * tanh(v) + x",
        "  param  a = 0.5 learn\n  charge v = clamp(a * v + x, -1, 1)",
        "  param  a = 2.0 in (1, inf) via softplus learn\n  charge v = v + (x - v) / a",
    ] {
        program(&around("", lines));
    }
}

#[test]
fn no_program_of_the_corpus_is_warned_of() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["../tests/corpus", "../stdlib/neurons"];
    let files = folders.map(|folder| std::fs::read_dir(root.join(folder)).expect("programs"));
    let mut n_programs = 0;
    for file in files.into_iter().flatten().flatten() {
        let text = std::fs::read_to_string(file.path()).expect("a program");
        let mut sources = SourceMap::new();
        let id = sources.add("test.snn", text);
        let (module, _) = ast::parse(sources.get(id).expect("just added"));
        let (program, findings) = check(&module, &mut sources, &NoImports);
        assert!(program.is_some(), "{:?}: {findings:?}", file.path());
        let ranges: Vec<_> = findings.iter().filter(|f| f.code.starts_with("W04")).collect();
        assert!(ranges.is_empty(), "{:?}: {ranges:?}", file.path());
        n_programs += 1;
    }
    assert!(n_programs > 80, "{n_programs}");
}

#[test]
fn what_ranges_say_may_be_allowed() {
    let allowed = "  #[allow(W0404)]\n  charge v = v + x / 0\n  #[allow(W0403)]\n  fire   s = spike(-1, atan())\n  output s";
    program(&around("", allowed));
}

/// A neuron of one state around some lines.
fn around(options: &str, lines: &str) -> String {
    format!("neuron N({options}) {{\n  input x\n  state v = 0\n{lines}\n  output v\n}}\n")
}

#[test]
fn an_int_of_a_surrogate_is_written_as_one() {
    let lines = "  charge v = v + x\n  fire   s = spike(v - 1, surr)\n  output s";
    let text = around("surr: surrogate = squarewave_fourier_series", lines);
    let specialized = |value: &str| {
        let options = vec![("surr".into(), value.into())];
        let wanted = Specialization { options, ..Specialization::default() };
        specialize(&program(&text), &wanted).expect("nothing is wrong")
    };
    let first = specialized("squarewave_fourier_series(n: 1 + 2)");
    let (_, written) = &first.options[0];
    assert_eq!(written, "squarewave_fourier_series(n: 3, T_period: 8.0)");
    assert_eq!(print(&specialized(written)), print(&first));
}

#[test]
fn loops_are_written_out() {
    let lines = "  charge {\n    let mut y = 0\n    for i in 1..n {\n      y += x * i\n      v = v / 2 + y\n    }\n  }";
    insta::assert_snapshot!(typed(&around("n: int = 3", lines), &[]));
}

#[test]
fn loops_nest_and_may_have_no_turns() {
    let nested = "  charge {\n    for i in 0..n {\n      for j in i..n { v = v + x }\n    }\n  }";
    let straight = "  charge {\n    let _n = n\n    v = v + x\n    v = v + x\n    v = v + x\n  }";
    let body = |text: &str, n: &str| {
        let text = typed(&around("n: int = 2", text), &[("n", n)]);
        text.lines().skip(2).map(|line| format!("{line}\n")).collect::<String>()
    };
    assert_eq!(body(nested, "2"), body(straight, "2"));
    assert_eq!(body(nested, "0"), body("  charge v = if n > 0 { x } else { v }", "0"));
}

#[test]
fn a_sum_goes_from_the_first_to_the_last() {
    let sum = "  charge v = sum(i in 0..3, x / (i + 1)) + sum(i in 3..3, x)";
    let written = "  charge v = (x / 1 + x / 2 + x / 3) + 0";
    assert_eq!(typed(&around("", sum), &[]), typed(&around("", written), &[]));
}

#[test]
fn params_may_be_drawn() {
    let lines = "  const  bound = 2\n  param  a per neuron = uniform(-1 / n, b: bound) learn\n  param  b = normal(0.5, 0.25) in (0, 1) via sigmoid\n  charge v = v + a * x + b";
    insta::assert_snapshot!(typed(&around("n: int = 4", lines), &[]));
}

#[test]
fn constants_and_functions_may_sum() {
    let text = format!(
        "const c = sum(i in 1..4, i ^ 2) + twice(1)\nfn twice(x) = sum(i in 0..2, x)\n{}",
        around("", "  charge v = v + c * twice(x)")
    );
    let written = around("", "  charge v = v + 16 * (x + x)");
    assert_eq!(typed(&text, &[]), typed(&written, &[]));
}

#[test]
fn a_previous_state_is_that_before_the_step_and_a_fired_name_has_a_state() {
    let lines = "  charge v = 0.5 * v + x - s@prev\n  fire   s = spike(v - 1, surr)\n  reset  v = v@prev * (1 - s) + hard(v, s@prev, to: 0)\n  output s";
    insta::assert_snapshot!(typed(&around("surr: surrogate = atan(2.0)", lines), &[]));
}

#[test]
fn spikes_with_conditions_signs_and_levels() {
    let lines = "  state  r: int = 0\n  charge {\n    v = v + relu(x)\n    r = max(r - 1, 0)\n  }\n  fire {\n    s = spike(v - 1, surr) when r == 0\n    z = ternary(v, 0.5, surr)\n    l = levels(v, 4, surr)\n  }\n  reset {\n    v = hard(v, fired(z), to: l)\n    r = if s > 0 { 3 } else { r }\n  }\n  output s";
    insta::assert_snapshot!(typed(&around("surr: surrogate = atan(2.0)", lines), &[]));
}

#[test]
fn a_function_is_an_option() {
    let text = format!(
        "fn leak(v, k = 0.5) = v * k\n{}",
        around("f: fn = leak, g: fn = f", "  charge v = f(v) + g(v, 2) + x")
    );
    let written = |v: &str| typed(&around("", &format!("  charge v = {v} + x")), &[]);
    let body = |text: String| {
        text.lines().filter(|l| !l.contains("option")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(body(typed(&text, &[])), body(written("v * 0.5 + v * 2")));
    let chosen = typed(&text, &[("f", "exp"), ("g", "max")]);
    assert!(chosen.contains("option f = exp\n  option g = max"));
    assert_eq!(body(chosen), body(written("exp(v) + max(v, 2)")));
}

#[test]
fn whole_numbers_that_a_condition_chooses_are_ints_where_an_int_is_wanted() {
    let lines = "  state left: int = 0\n  charge {\n    let some = if left > 2 { -1 } else { 16777217 }\n    \
                 left = left - some * 2\n    v = v + some * x\n  }";
    insta::assert_snapshot!(typed(&around("", lines), &[]));
}

#[test]
fn functions_of_constants_are_folded() {
    let (x, k) = (0.75f64, 1.0 - (-0.75f64).exp());
    let known = [
        ("-0.75", -x),
        ("exp(0.75)", x.exp()),
        ("log(0.75)", x.ln()),
        ("log1p(0.75)", x.ln_1p()),
        ("sqrt(0.75)", x.sqrt()),
        ("abs(-0.75)", x),
        ("sign(-0.75)", -1.0),
        ("floor(0.75)", 0.0),
        ("ceil(0.75)", 1.0),
        ("round(2.5)", 2.0),
        ("sin(0.75)", x.sin()),
        ("cos(0.75)", x.cos()),
        ("tan(0.75)", x.tan()),
        ("atan(0.75)", x.atan()),
        ("tanh(0.75)", x.tanh()),
        ("sinh(0.75)", x.sinh()),
        ("cosh(0.75)", x.cosh()),
        ("expm1(-0.75)", -k),
        ("sigmoid(0.75)", 1.0 / (2.0 - k)),
        ("softplus(0.75)", x.exp().ln_1p()),
        ("exprel(-0.75)", k / x),
        ("erf(0)", 0.0),
        ("erfc(0)", 1.0),
        ("relu(-0.75)", 0.0),
        ("rsqrt(0.75)", 1.0 / x.sqrt()),
        ("min(0.75, 1)", x),
        ("max(0.75, 1)", 1.0),
        ("clamp(0.75, 1, 2)", 1.0),
        ("fma(0.75, 2, 1)", 2.5),
        ("pow(0.75, 2)", x * x),
        ("real(1 < 2 and not (1 == 2 or 1 != 1))", 1.0),
        ("int(2.75)", 2.0),
        ("select(1 >= 2, 3, 4)", 4.0),
        ("detach(0.75) - 7 / 2", x - 3.5),
        ("2^-3", 0.125),
    ];
    for (text, expected) in known {
        let lines = format!("  param k = {text}\n  charge v = v + x * k");
        let neuron = specialize(&program(&around("", &lines)), &Specialization::default());
        let snn_artifact::ParamDefault::Number(found) = neuron.expect(text).params[0].default
        else {
            panic!("{text} is no number");
        };
        assert!((found - expected).abs() <= 1e-14 * expected.abs(), "{text} is {found}");
    }
}

#[test]
fn functions_of_inputs_are_kept_under_their_names() {
    for builtin in builtins::BUILTINS {
        if let builtins::Form::Unary(_) = builtin.form {
            let text = typed(&around("", &format!("  charge v = v + {}(x)", builtin.name)), &[]);
            assert!(text.contains(&format!("real = {} %", builtin.name)), "{text}");
        }
    }
}

#[test]
fn every_operation_is_written_by_its_name() {
    let lines = "  param  a = 0.5 in (0, inf) via softplus learn\n  param  b = 2.0 in (0, inf) via exp learn\n  \
                 param  c = 1.5 in (1, 3) via sigmoid learn\n  state  r: int = 3\n  charge {\n    \
                 let late = detach(v) >= detach(x) and not (detach(v) <= 1) or r > 2\n    \
                 v = fma(a, v, b) + real(late) + c * r\n    \
                 r = if late { -r } else { max(int(round(x)), 0) }\n  }";
    insta::assert_snapshot!(typed(&around("", lines), &[]));
}

#[test]
fn what_a_known_option_decides_is_left_out() {
    let lines = "  charge v = if on and detach(x) > 0 { v } else { if not on or detach(x) > 1 { x } else { v + x } }";
    let text = around("on: bool = true", lines);
    assert!(!typed(&text, &[]).contains(" and "));
    insta::assert_snapshot!(typed(&text, &[("on", "false")]));
}

#[test]
fn calls_that_grow_without_end_are_refused() {
    let doubled = |i: usize| format!("fn f{}(x) = f{i}(x) + f{i}(x)\n", i + 1);
    let functions: String = (0..16).map(doubled).collect();
    let text = format!("fn f0(x) = x\n{functions}{}", around("", "  charge v = f16(v) + x"));
    let mut sources = SourceMap::new();
    let id = sources.add("test.snn", text);
    let (module, _) = ast::parse(sources.get(id).expect("just added"));
    let (program, findings) = check(&module, &mut sources, &NoImports);
    assert!(program.is_none());
    let codes: Vec<&str> = findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["E0003"]);
    assert_eq!(findings[0].message, "more than 20000 calls to inline");
}

/// A neuron with units, and what it comes to.
const WITH_UNITS: &str = "\
const e_leak [V] = -65 mV
fn toward(v, to, rate) = v + (to - v) * rate
neuron N(dt [ms]: float = 0.1) {
  input  i [nA], w [pA]
  param  r [MOhm] = 0.01 [GOhm] in (0 MOhm, inf)
  param  tau [ms] = 10 ms
  param  d[2] [mV] = [2 mV, 0.003 V]
  param  c[T] [uA] = 0
  const  v_th = -50 mV
  state  v [mV] = e_leak
  charge {
    let mut drive = 0
    drive += i + w + c[t]
    v = toward(v, e_leak + r * drive, dt / tau) + sum(k in 0..2, d[k])
  }
  fire   s = spike((v - v_th) / (1 mV), atan(alpha: 2.0))
  reset  v = reset_voltage(v, s, 0, e_leak)
  output s
}
";

/// The same without them.
const WITHOUT_UNITS: &str = "\
const e_leak = -65
fn toward(v, to, rate) = v + (to - v) * rate
neuron N(dt: float = 0.1) {
  input  i, w
  param  r = 10 in (0, inf)
  param  tau = 10
  param  d[2] = [2, 3]
  param  c[T] = 0
  const  v_th = -50
  state  v = e_leak
  charge {
    let mut drive = 0
    drive += i + w * 0.001 + c[t] * 1000
    v = toward(v, e_leak + r * drive, dt / tau) + sum(k in 0..2, d[k])
  }
  fire   s = spike(v - v_th, atan(alpha: 2.0))
  reset  v = reset_voltage(v, s, 0, e_leak)
  output s
}
";

#[test]
fn units_are_gone_but_for_their_scales() {
    assert_eq!(typed(WITH_UNITS, &[]), typed(WITHOUT_UNITS, &[]));
}

#[test]
fn an_option_is_given_in_its_unit_or_with_another() {
    let expected = typed(WITH_UNITS, &[("dt", "0.5")]);
    assert_ne!(expected, typed(WITH_UNITS, &[]));
    assert_eq!(expected, typed(WITH_UNITS, &[("dt", "500 us")]));
}

#[test]
fn values_have_the_units_of_what_they_are_made_of() {
    for (line, unit) in [
        ("u * u", "mV^2"),
        ("sqrt(u * u) + 1 V", "mV"),
        ("(2 * u)^3 / u^2", "mV"),
        ("(u^2)^0.5", "mV"),
        ("u^-1", "1/mV"),
        ("abs(-u) * sign(u)", "mV"),
        ("fma(r, i, u)", "mV"),
        ("max(relu(u), clamp(u, -1 V, 0))", "mV"),
        ("select(u > r * i, u, 0)", "mV"),
        ("hard(u, spike(x, atan()), to: 0)", "mV"),
        ("sum(k in 0..3, k * u)", "mV"),
        ("detach(save(u)) / (1 ms)", "V/s"),
        ("exp(u / (1 V))", "1"),
        ("real(u > 0) + fmod(u, 2 mV) / (1 mV)", "1"),
        ("rsqrt(u * u)", "1/mV"),
        ("(abs(u) / (1 V))^x", "1"),
        ("exp(u / (1 V)) + u / (1 V)", "1"),
        ("tau^n * 1 [1/ms]", "ms"),
    ] {
        let text = format!(
            "neuron N {{\n  input  x, i [nA]\n  param  r [MOhm] = 1 MOhm\n  param  tau [ms] = 2 ms\n  \
             const  n = 2\n  state  u [mV] = 0\n  charge {{\n    u = u + x * r * i\n    \
             let _y [{unit}] = {line}\n    u = u * tau / (1 ms)^(n - 1)\n  }}\n  output u\n}}\n"
        );
        let mut sources = SourceMap::new();
        let id = sources.add("test.snn", text.as_str());
        let (module, syntax) = ast::parse(sources.get(id).expect("just added"));
        assert_eq!(syntax, [], "{text}");
        let (_, findings) = check(&module, &mut sources, &NoImports);
        let errors: Vec<_> = findings.iter().filter(|finding| finding.is_error()).collect();
        assert!(errors.is_empty(), "{line}: {errors:?}");
    }
}
