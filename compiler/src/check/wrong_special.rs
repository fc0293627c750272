//! What is said about a specialization, with the whole message as the user reads it.

use super::*;
use crate::check::Save;
use crate::diagnostic::render;

const TWO: &str = "\
neuron A(surr: surrogate = atan(alpha: 2.0), n: int = 2, soft: bool = false) {
  input x
  param tau = 2
  state v = 0
  charge v = if soft { v } else { n * x / tau }
  fire s = spike(v - 1, surr)
  output s
}

neuron B {
  input x
  state v = 0
  charge v = v + x
  output v
}
";

const NO_DEFAULT: &str = "\
neuron A(n: int, gain: float = 1) {
  input x
  state v = 0
  charge v = v + n * gain * x
  output v
}
";

/// All that is said about a specialization of a file.
fn findings(text: &str, wanted: &Specialization) -> (SourceMap, Diagnostics) {
    let mut sources = SourceMap::new();
    let id = sources.add("two.snn", text);
    let (module, _) = ast::parse(sources.get(id).expect("just added"));
    let program = check(&module, &mut sources, &NoImports).0.expect("nothing is wrong");
    let all = match specialize(&program, wanted) {
        Ok(neuron) => warn_stored(&neuron),
        Err(findings) => findings,
    };
    wanted.add_sources(&mut sources);
    (sources, all)
}

/// Shows so many mistakes of a specialization, after each replacement was made and checked.
fn specialized(text: &str, wanted: &Specialization, n_mistakes: usize) -> String {
    let (sources, all) = findings(text, wanted);
    let said = render(&sources, &all, false);
    assert_eq!(all.len(), n_mistakes, "each mistake is one finding:\n{said}");
    for help in all.iter().flat_map(|finding| &finding.helps) {
        for (span, with) in &help.replace {
            let source = sources.get(span.file).expect("a place has its text");
            let mut text_then = source.text.to_string();
            text_then.replace_range(span.range(), with);
            let (_, left) = findings(text, &mended(wanted, &source.name, &text_then));
            assert_eq!(left.len(), n_mistakes - 1, "{text_then}: {left:?}");
        }
    }
    said
}

/// What is wanted, with another text at a place such as `<option n>`.
fn mended(wanted: &Specialization, place: &str, text: &str) -> Specialization {
    let mut wanted = wanted.clone();
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    match place.trim_matches(['<', '>']).split_once(' ') {
        Some(("option", old)) => {
            let mut options = wanted.options.iter_mut();
            let option = options.find(|option| option.0 == old).expect("it was given");
            *option = (name.into(), value.into());
        }
        Some(("share", old)) => {
            let mut shares = wanted.share.iter_mut();
            shares.find(|share| share.0 == old).expect("it was given").0 = name.into();
        }
        Some(("learn", old)) => {
            let mut learnt = wanted.learn.iter_mut();
            *learnt.find(|learnt| *learnt == old).expect("it was given") = name.into();
        }
        Some(("pack", old)) => {
            let mut packed = wanted.pack.iter_mut();
            *packed.find(|packed| *packed == old).expect("it was given") = name.into();
        }
        Some(("normalize", old)) => {
            let mut normalized = wanted.normalize.iter_mut();
            *normalized.find(|normalized| *normalized == old).expect("it was given") = name.into();
        }
        _ if place == "<save>" => wanted.save = text.parse().expect("names"),
        _ => wanted.neuron = Some(text.into()),
    }
    wanted
}

fn options(options: &[(&str, &str)]) -> Specialization {
    let options = options.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
    Specialization { neuron: Some("A".into()), options, ..Specialization::default() }
}

#[test]
fn no_neuron_named_among_two() {
    insta::assert_snapshot!(specialized(TWO, &Specialization::default(), 1));
}

#[test]
fn an_unknown_neuron() {
    let wanted = Specialization { neuron: Some("AA".into()), ..Specialization::default() };
    insta::assert_snapshot!(specialized(TWO, &wanted, 1));
}

#[test]
fn unknown_options_and_values_that_do_not_fit() {
    let wanted = options(&[("sur", "atan"), ("n", "2.5"), ("soft", "yes")]);
    insta::assert_snapshot!(specialized(TWO, &wanted, 3));
}

#[test]
fn option_text_that_does_not_parse() {
    insta::assert_snapshot!(specialized(TWO, &options(&[("surr", "atan(alpha 2.0)")]), 1));
}

#[test]
fn an_option_given_twice_and_an_int_that_does_not_fit() {
    insta::assert_snapshot!(specialized(TWO, &options(&[("n", "1"), ("n", "3000000000")]), 2));
}

#[test]
fn unknown_params_to_share_and_learn() {
    let mut wanted = options(&[]);
    wanted.share.push(("tauu".into(), hir::Sharing::Channel));
    wanted.learn.push("gain".into());
    insta::assert_snapshot!(specialized(TWO, &wanted, 2));
}

#[test]
fn unknown_values_to_save() {
    let mut wanted = options(&[]);
    wanted.save = "tau,vv:bf16,s".parse().expect("names");
    insta::assert_snapshot!(specialized(TWO, &wanted, 2));
}

#[test]
fn an_input_and_what_is_the_same_at_every_step_are_not_saved() {
    let mut wanted = options(&[("n", "2")]);
    wanted.save = "x".parse().expect("names");
    insta::assert_snapshot!(specialized(NO_DEFAULT, &wanted, 1));
}

#[test]
fn what_to_save_that_does_not_parse() {
    for (text, why) in [
        ("v,", "`` is none of auto, inputs, states, and no name"),
        ("v:f8", "`v` is saved as it is or in bf16, not `f8`"),
        ("v w", "`v w` is none of auto, inputs, states, and no name"),
    ] {
        assert_eq!(text.parse::<Save>(), Err(why.into()));
    }
    for text in ["auto", "inputs", "states", "states:bf16", "v", "v,h:bf16,s@prev"] {
        assert_eq!(text.parse::<Save>().expect("what to save").to_string(), text);
    }
}

#[test]
fn an_unknown_surrogate_for_an_option() {
    insta::assert_snapshot!(specialized(TWO, &options(&[("surr", "attan(2.0)")]), 1));
}

#[test]
fn an_option_with_no_value_at_all() {
    insta::assert_snapshot!(specialized(NO_DEFAULT, &options(&[]), 1));
}

#[test]
fn an_option_that_no_name_comes_near() {
    insta::assert_snapshot!(specialized(NO_DEFAULT, &options(&[("n", "2"), ("leak", "1")]), 1));
}

#[test]
fn a_param_of_a_neuron_without_params() {
    let mut wanted = options(&[("n", "2")]);
    wanted.learn.push("tau".into());
    insta::assert_snapshot!(specialized(NO_DEFAULT, &wanted, 1));
}

#[test]
fn unknown_inputs_to_normalize() {
    let mut wanted = options(&[]);
    wanted.normalize.extend(["xx".into(), "tau".into()]);
    insta::assert_snapshot!(specialized(TWO, &wanted, 2));
}

#[test]
fn an_input_to_normalize_that_is_unknown_among_two() {
    let text = "neuron N {\n  input  x, z\n  state  v = 0\n  charge v = v + x * z\n  output v\n}\n";
    let wanted = Specialization { normalize: vec!["current".into()], ..Specialization::default() };
    insta::assert_snapshot!(specialized(text, &wanted, 1));
}

#[test]
fn a_file_without_a_neuron() {
    insta::assert_snapshot!(specialized("", &Specialization::default(), 1));
}

#[test]
fn what_is_no_function_for_an_option() {
    let text =
        "neuron A(f: fn = exp) {\n  input x\n  state v = 0\n  charge v = v + f(x)\n  output v\n}\n";
    insta::assert_snapshot!(specialized(text, &options(&[("f", "2 * 3")]), 1));
    insta::assert_snapshot!(specialized(text, &options(&[("f", "tahn")]), 1));
}

/// A neuron of one output with this value.
fn giving(value: &str) -> String {
    let fire = format!("  fire {{\n    s = spike(v - 1, atan())\n    y = {value}\n  }}");
    let phases = format!("  charge v = v + x\n{fire}\n  reset v -= s");
    format!("neuron N {{\n  input x\n  state v = 0\n{phases}\n  output y\n}}\n")
}

fn stored(dtype: PortDtype) -> Specialization {
    Specialization { dtype, ..Specialization::default() }
}

#[test]
fn an_output_too_large_for_f16() {
    insta::assert_snapshot!(specialized(&giving("65505 * s"), &stored(PortDtype::F16), 1));
}

#[test]
fn an_output_too_small_for_f16() {
    let text = giving("exp(min(v, 12)) - 200000 * sigmoid(x)");
    insta::assert_snapshot!(specialized(&text, &stored(PortDtype::F16), 1));
}

#[test]
fn what_f16_can_store_or_is_not_known_is_no_finding() {
    for value in ["65504 * s", "v", "1e6 * v", "exp(min(v, 10))"] {
        specialized(&giving(value), &stored(PortDtype::F16), 0);
    }
    for dtype in [PortDtype::F32, PortDtype::Bf16] {
        specialized(&giving("1e5 * s"), &stored(dtype), 0);
    }
}

fn packed(text: &str, names: &[&str], n_mistakes: usize) -> String {
    let pack = names.iter().map(|name| (*name).into()).collect();
    specialized(text, &Specialization { pack, ..Specialization::default() }, n_mistakes)
}

#[test]
fn unknown_outputs_to_pack() {
    insta::assert_snapshot!(packed(&giving("1 - s"), &["yy", "spikes"], 2));
}

#[test]
fn outputs_that_are_no_spikes() {
    insta::assert_snapshot!(packed(&giving("1 + s"), &["y"], 1));
}

#[test]
fn an_output_of_the_last_step_is_not_packed() {
    let text = giving("s").replace("output y", "output y last");
    insta::assert_snapshot!(packed(&text, &["y"], 1));
}

#[test]
fn an_output_to_pack_that_is_unknown_among_two() {
    let text = giving("s").replace("output y", "output y\n  output s");
    insta::assert_snapshot!(packed(&text, &["x"], 1));
}

#[test]
fn what_is_0_or_1_may_be_packed() {
    for value in ["s", "1 - s", "if v > 0 { 1 } else { 0 }"] {
        packed(&giving(value), &["y"], 0);
    }
}
