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
