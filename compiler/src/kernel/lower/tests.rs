use crate::check::hir::Sharing;
use crate::check::{NoImports, Specialization};
use crate::kernel::print;
use crate::pipeline::{self, Options, Source};
use snn_artifact::Target;

/// The leaky neuron with a potential that is asked for and a time constant that is learnt.
const LIF: &str = "\
neuron Lif(surr: surrogate = atan(alpha: 2.0), soft_reset: bool = false, detach_reset: bool = false) {
  input  x
  param  tau = 2.0 in (1, inf)
  param  v_th = 1.0
  param  v_reset = 0.0
  state  v = v_reset
  charge v = v + (x - (v - v_reset)) / tau
  fire   s = spike(v - v_th, surr)
  reset  v = reset_voltage(v, s, v_th, v_reset, soft: soft_reset, detach: detach_reset)
  output s
}
";

fn kernels(options: &[(&str, &str)], learn: &[&str]) -> String {
    saved("inputs", options, learn)
}

fn saved(save: &str, options: &[(&str, &str)], learn: &[&str]) -> String {
    let wanted = Specialization {
        save: save.parse().expect("what to save"),
        options: options.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect(),
        learn: learn.iter().map(|name| name.to_string()).collect(),
        ..Default::default()
    };
    lowered(&wanted)
}

fn lowered(wanted: &Specialization) -> String {
    let source = Source { name: "lif.snn", text: LIF };
    let front = pipeline::front(source, wanted, &NoImports).expect("a neuron");
    let adjoint =
        pipeline::middle(&front.neuron, &pipeline::Options::new(snn_artifact::Target::Wgsl));
    let schedule = crate::kernel::schedule(&Target::Wgsl);
    let saves = crate::saves::choose(&adjoint, &Target::Wgsl, schedule);
    let lowered = super::lower(&adjoint, schedule, &saves);
    let all = [&lowered.forward, &lowered.forward_train, &lowered.backward];
    for kernel in all {
        crate::kernel::verify_before_legalize(kernel).expect("well formed");
    }
    let options = Options::new(Target::Cpu { level: "x86-64-v3".into() });
    pipeline::kernels(&front.neuron, &options).expect("legal");
    all.map(print).join("\n")
}

#[test]
fn kernels_of_lif() {
    insta::assert_snapshot!(kernels(&[], &[]));
}

#[test]
fn kernels_of_a_learnt_time_constant() {
    insta::assert_snapshot!(kernels(&[("soft_reset", "true")], &["tau", "v_reset"]));
}

#[test]
fn who_shares_a_param_says_how_its_gradient_is_summed() {
    let cases = [
        (Sharing::Layer, "partial", "reduce"),
        (Sharing::Channel, "group", "reduce"),
        (Sharing::Neuron, "lane", "store"),
    ];
    for (sharing, shape, how) in cases {
        let wanted = Specialization {
            share: vec![("tau".into(), sharing)],
            learn: vec!["tau".into()],
            ..Default::default()
        };
        let text = lowered(&wanted);
        assert!(text.contains(&format!("out partial.tau: partial f32 {shape}\n")), "{text}");
        assert!(text.contains(&format!("  {how} partial.tau, ")), "{text}");
    }
}

#[test]
fn kernels_of_a_detached_reset() {
    insta::assert_snapshot!(kernels(&[("detach_reset", "true")], &[]));
}

#[test]
fn kernels_that_save_the_charged_state() {
    insta::assert_snapshot!(saved("states", &[], &[]));
}

#[test]
fn kernels_that_save_the_state_before_the_step() {
    insta::assert_snapshot!(saved("states", &[("soft_reset", "true")], &["tau", "v_reset"]));
}

#[test]
fn kernels_that_save_a_spike_as_bits() {
    insta::assert_snapshot!(saved("s", &[], &[]));
}

#[test]
fn kernels_that_save_a_rounded_state_and_a_spike() {
    insta::assert_snapshot!(saved("states:bf16", &[], &[]));
}
