use std::sync::Arc;

use snn_artifact::Target;
use snn_compiler::check::hir::Sharing;
use snn_compiler::check::{NoImports, Specialization};

use super::{Jit, Program};
use crate::cache::Cache;
use crate::cpu::Cpu;
use crate::device::Device;
use crate::error::Error;
use crate::neuron::{Array, Arrays, Call, Neuron, Seeds};

const LEAKY: &str = "\
neuron Leaky(surr: surrogate = sigmoid(alpha: 4.0)) {
  input  x
  param  k = 0.5 in (0, 1) via sigmoid learn
  state  v = 0.0
  charge v = v + (x - v) * k
  fire   s = spike(v - 1.0, surr)
  reset  v = reset_voltage(v, s, 1.0, 0.0, soft: false, detach: true)
  output s
  output v
}
";

fn program(text: &str) -> Program<'_> {
    let specialization = Specialization::default();
    Program { name: "leaky.snn", text, specialization, resolver: &NoImports }
}

fn cpu() -> Arc<Cpu> {
    Arc::new(Cpu::with_threads(1).unwrap())
}

fn leaky() -> Neuron {
    Jit::with_cache(None).compile(cpu(), &program(LEAKY)).unwrap()
}

fn call(shape: &[usize], data: &[f32]) -> Call {
    let mut call = Call::default();
    call.inputs.insert("x".into(), Array::new(shape.to_vec(), data.to_vec()).unwrap());
    call
}

#[test]
fn text_is_run() {
    let out = leaky().forward(&call(&[3, 2], &[1.0, 2.0, 1.0, 2.0, 1.0, 2.0])).unwrap();
    assert_eq!(out.outputs["s"].data(), [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    assert_eq!(out.states["v"].data(), [0.875, 0.0]);
}

/// After one step from rest `v = k x`, and `k` falls by `k (1 - k)` of what `w` does.
#[test]
fn gradients_are_of_stored_numbers() {
    let x = [0.4, 0.8, 0.2, 0.4];
    let ones =
        Seeds { outputs: Arrays::from([("v".into(), Array::scalar(1.0))]), ..Seeds::default() };
    for (sharing, expected) in [
        (Sharing::Layer, vec![0.45]),
        (Sharing::Channel, vec![0.15, 0.3]),
        (Sharing::Neuron, vec![0.15, 0.3]),
    ] {
        let mut program = program(LEAKY);
        program.specialization.share.push(("k".into(), sharing));
        let neuron = Jit::with_cache(None).compile(cpu(), &program).unwrap();
        let all = neuron.grad(&call(&[1, 2, 2], &x), &ones).unwrap();
        assert_eq!(all.inputs["x"].data(), [0.5; 4]);
        let found = all.params["k"].data();
        assert!(found.len() == expected.len(), "{found:?}");
        assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}");
    }
}

#[test]
fn nothing_to_run_gives_zeros() {
    let neuron = leaky();
    for shape in [[0, 2, 3], [2, 0, 3], [2, 3, 0]] {
        let n = shape.iter().product();
        let all = neuron.grad(&call(&shape, &vec![0.0; n]), &Seeds::ones()).unwrap();
        assert_eq!(all.params["k"].data(), [0.0]);
        assert_eq!(all.states["v"].shape(), &shape[1..]);
    }
}

#[test]
fn a_prepared_call_gives_what_a_call_gives() {
    let neuron = leaky();
    let shape = [37, 2, 1100];
    let x: Vec<f32> = (0..37 * 2200).map(|i| (i % 97) as f32 / 40.0).collect();
    let call = call(&shape, &x);
    let mut prepared = neuron.prepare(&call).unwrap();
    prepared.seed(&Seeds::ones()).unwrap();
    for _ in 0..2 {
        prepared.launch_forward_train().unwrap();
        prepared.launch_backward().unwrap();
    }
    let all = prepared.read_gradients().unwrap();
    assert_eq!(all, neuron.grad(&call, &Seeds::ones()).unwrap());
    assert_eq!(prepared.read_forward().unwrap(), neuron.forward(&call).unwrap());
    let chunk = neuron.manifest().entries["forward_train"].chunk as usize;
    assert_eq!(prepared.saved_bytes() % ((37_usize.div_ceil(chunk) - 1) * 2200 * 4), 0);
    assert!(prepared.saved_bytes() > 0);
}

#[test]
fn wrong_programs_are_told_as_the_compiler_tells_them() {
    let text = LEAKY.replace("(x - v)", "(y - v)");
    let error = Jit::with_cache(None).compile(cpu(), &program(&text)).unwrap_err();
    let Error::Compile(text) = error else { panic!("{error}") };
    assert!(text.contains("leaky.snn:5:") && text.contains("`y`"), "{text}");
}

#[test]
fn what_a_target_cannot_do_is_unsupported() {
    let target = Target::Cpu { level: "z80".into() };
    let error = Jit::with_cache(None).artifact(&target, &program(LEAKY)).unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
}

#[test]
fn line_info_is_asked_for_and_refused_by_the_cpu() {
    let jit = Jit::with_cache(None).with_line_info(true);
    let error = jit.artifact(&cpu().target(), &program(LEAKY)).unwrap_err();
    assert!(error.to_string().contains("cpu cannot do line info"), "{error}");
}

#[test]
fn the_cache_has_it_the_second_time() {
    let folder = std::env::temp_dir().join(format!("snn-jit-{}", std::process::id()));
    let cache = Cache::at(&folder).unwrap();
    let jit = Jit::with_cache(Some(cache.clone()));
    let target = cpu().target();
    let first = jit.artifact(&target, &program(LEAKY)).unwrap();
    assert_eq!(cache.get(&first.manifest.key).as_ref(), Some(&first));
    assert_eq!(jit.artifact(&target, &program(LEAKY)).unwrap(), first);
    let other = LEAKY.replace("0.5", "0.25");
    let other = jit.artifact(&target, &program(&other)).unwrap();
    assert_ne!(other.manifest.key, first.manifest.key);
    std::fs::remove_dir_all(folder).unwrap();
}
