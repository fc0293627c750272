#[cfg(feature = "cuda")]
mod cuda;
mod embedded;

use std::sync::LazyLock;

use snn_compiler::kernel::schedule::Tuning;
use tch::{Device, IndexOp, Kind, Tensor};

use super::{Call, Forward, Neuron, Tensors};
use crate::jit::{Jit, Program};
use crate::neuron::{Array, Call as HostCall, Seeds};

static LIF: LazyLock<String> = LazyLock::new(|| read("stdlib/neurons/lif.snn"));
static PLIF: LazyLock<String> = LazyLock::new(|| read("tests/corpus/plif.snn"));

fn read(path: &str) -> String {
    std::fs::read_to_string(format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Compiles with a schedule and changes to what is decided.
fn compile_tuned(
    text: &str,
    tuning: Tuning,
    change: impl FnOnce(&mut snn_compiler::check::Specialization),
) -> Neuron {
    let resolver = snn_compiler::check::NoImports;
    let mut specialization = snn_compiler::check::Specialization::default();
    change(&mut specialization);
    let program = Program { name: "<text>", text, specialization, resolver: &resolver };
    Neuron::new(&program, Jit::with_cache(None).tuned(tuning)).unwrap()
}

fn compile(text: &str, change: impl FnOnce(&mut snn_compiler::check::Specialization)) -> Neuron {
    compile_tuned(text, Tuning::default(), change)
}

fn neuron(text: &str) -> Neuron {
    compile(text, |_| {})
}

/// Numbers from -1 to 3 by a fixed rule.
fn noise(shape: &[i64]) -> Tensor {
    let n: i64 = shape.iter().product();
    let numbers = (0..n).map(|i| ((i * 7919 + 13) % 1000) as f32 / 250.0 - 1.0);
    Tensor::from_slice(&numbers.collect::<Vec<_>>()).reshape(shape)
}

fn tensors<const N: usize>(all: [(&str, &Tensor); N]) -> Tensors {
    all.map(|(name, tensor)| (name.to_string(), tensor.shallow_clone())).into()
}

fn input(x: &Tensor) -> Call {
    Call { inputs: tensors([("x", x)]), ..Call::default() }
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    Vec::try_from(tensor.to_kind(Kind::Float).contiguous().reshape(-1)).unwrap()
}

fn close(found: &Tensor, expected: &Tensor) {
    assert_eq!(found.size(), expected.size());
    let apart = (found - expected).abs().max().double_value(&[]);
    let size = expected.abs().max().double_value(&[]);
    assert!(apart <= 1e-5 * size.max(1e-3), "{apart} of {size}: {found} {expected}");
}

/// The same run on the host, with the gradient of the sum of all outputs.
fn on_host(text: &str, x: &Tensor) -> crate::neuron::Gradients {
    let shape = x.size().iter().map(|&size| size as usize).collect();
    let array = Array::new(shape, numbers(x)).unwrap();
    let call = HostCall { inputs: [("x".into(), array)].into(), ..HostCall::default() };
    crate::neuron::Neuron::compile(text).unwrap().grad(&call, &Seeds::ones()).unwrap()
}

fn backward(forward: &Forward) {
    let sums: Vec<Tensor> = forward.outputs.values().map(|o| o.sum(Kind::Float)).collect();
    Tensor::stack(&sums, 0).sum(Kind::Float).backward();
}

/// Segments of time run side by side give what the loop gives but for rounding, sums over lanes included.
#[test]
fn scans_are_near_the_loop() {
    let text = read("tests/scan/linear_lif.snn");
    let learn = |special: &mut snn_compiler::check::Specialization| {
        special.learn = vec!["tau".into()];
        special.share = vec![("tau".into(), snn_compiler::check::hir::Sharing::Neuron)];
    };
    let run = |scan: bool, device| {
        let neuron = compile_tuned(&text, Tuning { scan, ..Tuning::default() }, learn);
        let x = noise(&[150, 3, 7]).to_device(device).set_requires_grad(true);
        let tau = (noise(&[7]).abs() + 1.5).to_device(device).set_requires_grad(true);
        let v = noise(&[3, 7]).to_device(device).set_requires_grad(true);
        let call = Call {
            inputs: tensors([("x", &x)]),
            params: tensors([("tau", &tau)]),
            states: tensors([("v", &v)]),
            ..Call::default()
        };
        let forward = neuron.forward(&call).unwrap();
        (forward.outputs["s"].sum(Kind::Float) + forward.states["v"].sum(Kind::Float)).backward();
        let last = forward.states["v"].detach();
        [last, x.grad(), tau.grad(), v.grad()].map(|tensor| tensor.to_device(Device::Cpu))
    };
    for (a, b) in run(true, Device::Cpu).iter().zip(&run(false, Device::Cpu)) {
        close(a, b);
    }
}

#[test]
fn results_and_gradients_are_those_of_the_host() {
    for text in [&*LIF, &*PLIF] {
        let x = noise(&[19, 3, 4, 5]).set_requires_grad(true);
        let (neuron, expected) = (neuron(text), on_host(text, &x));
        let forward = neuron.forward(&input(&x)).unwrap();
        for (name, array) in &expected.forward.outputs {
            assert_eq!(numbers(&forward.outputs[name]), array.data(), "{name}");
        }
        assert_eq!(numbers(&forward.states["v"]), expected.forward.states["v"].data());
        backward(&forward);
        assert_eq!(numbers(&x.grad()), expected.inputs["x"].data());
    }
}

#[test]
fn a_param_learns() {
    let x = noise(&[8, 2, 6]);
    let expected = on_host(&PLIF, &x);
    let neuron = neuron(&PLIF);
    let k = neuron.initial("k", &[], 0).unwrap().set_requires_grad(true);
    assert_eq!(k.double_value(&[]), 0.0, "the stored number of 0.5 behind a sigmoid");
    let call = Call { params: tensors([("k", &k)]), ..input(&x) };
    backward(&neuron.forward(&call).unwrap());
    assert_eq!(numbers(&k.grad()), expected.params["k"].data());
}

/// LIF in libtorch's own operations, with the same surrogate.
fn plain(x: &Tensor, tau: &Tensor, v: &Tensor) -> (Tensor, Tensor) {
    let (mut v, mut spikes) = (v.shallow_clone(), Vec::new());
    for t in 0..x.size()[0] {
        let h = &v + (x.i(t) - &v) / tau;
        let soft = ((&h - 1.0) * 4.0).sigmoid();
        let s = &soft + (h.ge(1.0).to_kind(Kind::Float) - &soft).detach();
        v = (1.0 - &s) * &h;
        spikes.push(s);
    }
    (Tensor::stack(&spikes, 0), v)
}

#[test]
fn gradients_are_those_of_libtorchs_operations() {
    for (sharing, shape) in [("layer", vec![]), ("channel", vec![4]), ("neuron", vec![4, 5])] {
        let sharing = match sharing {
            "layer" => snn_compiler::check::hir::Sharing::Layer,
            "channel" => snn_compiler::check::hir::Sharing::Channel,
            _ => snn_compiler::check::hir::Sharing::Neuron,
        };
        let neuron = compile(&LIF, |s| {
            s.learn = vec!["tau".into()];
            s.share = vec![("tau".into(), sharing)];
        });
        let leaves = || {
            let x = noise(&[19, 3, 4, 5]).set_requires_grad(true);
            let tau = (noise(&shape).abs() * 0.3 + 1.5).set_requires_grad(true);
            let v = (noise(&[3, 4, 5]) * 0.1).set_requires_grad(true);
            (x, tau, v)
        };
        let weight = noise(&[19, 3, 4, 5]);
        let (x, tau, v) = leaves();
        let call =
            Call { params: tensors([("tau", &tau)]), states: tensors([("v", &v)]), ..input(&x) };
        let ours = neuron.forward(&call).unwrap();
        ((&ours.outputs["s"] * &weight).sum(Kind::Float) + ours.states["v"].sum(Kind::Float))
            .backward();
        let (x2, tau2, v2) = leaves();
        let view = if shape.len() == 1 { tau2.unsqueeze(-1) } else { tau2.shallow_clone() };
        let (spikes, last) = plain(&x2, &view, &v2);
        assert_eq!(numbers(&ours.outputs["s"]), numbers(&spikes));
        ((spikes * &weight).sum(Kind::Float) + last.sum(Kind::Float)).backward();
        for (found, expected) in [(x, x2), (tau, tau2), (v, v2)] {
            close(&found.grad(), &expected.grad());
        }
    }
}

#[test]
fn layouts_are_run_as_they_are() {
    let neuron = compile(&LIF, |s| {
        s.learn = vec!["tau".into()];
        s.share = vec![("tau".into(), snn_compiler::check::hir::Sharing::Channel)];
    });
    let tau = || (noise(&[4]).abs() * 0.3 + 1.5).set_requires_grad(true);
    let plain = noise(&[5, 3, 4, 2, 6]);
    let last = plain.permute([0, 1, 3, 4, 2]).contiguous().permute([0, 1, 4, 2, 3]);
    let part = Tensor::zeros([5, 6, 4, 2, 6], (Kind::Float, Device::Cpu));
    part.i((.., 1..4)).copy_(&plain);
    let strided = part.i((.., 1..4));
    let every = Tensor::zeros([5, 3, 4, 2, 12], (Kind::Float, Device::Cpu));
    every.slice(4, 0, 12, 2).copy_(&plain);
    let gapped = every.slice(4, 0, 12, 2);
    let run = |x: &Tensor| {
        let (x, tau) = (x.detach().set_requires_grad(true), tau());
        let call = Call { params: tensors([("tau", &tau)]), ..input(&x) };
        let forward = neuron.forward(&call).unwrap();
        (&forward.outputs["s"] * noise(&[5, 3, 4, 2, 6])).sum(Kind::Float).backward();
        (forward, x.grad(), tau.grad())
    };
    let (expected, grad, of_tau) = run(&plain);
    for x in [&last, &strided, &gapped] {
        let (found, own, own_tau) = run(x);
        assert_eq!(numbers(&found.outputs["s"]), numbers(&expected.outputs["s"]));
        assert_eq!(numbers(&found.states["v"]), numbers(&expected.states["v"]));
        assert_eq!(numbers(&own), numbers(&grad));
        close(&own_tau, &of_tau);
    }
    let out = &run(&last).0.outputs["s"];
    assert_eq!(out.stride()[1..], last.stride()[1..], "channels stay last");
}

/// Params with a number for each step or index, declared and given.
#[test]
fn params_with_an_axis_are_those_of_the_host() {
    for name in ["few_spikes_over_time", "timed_decay", "after_spike_currents"] {
        let text = read(&format!("tests/corpus/{name}.snn"));
        let x = noise(&[6, 3, 4, 5]).set_requires_grad(true);
        let (neuron, expected) = (neuron(&text), on_host(&text, &x));
        let shape = |sharing| match sharing {
            snn_artifact::Sharing::Layer => vec![],
            snn_artifact::Sharing::Channel => vec![4],
            snn_artifact::Sharing::Neuron => vec![4, 5],
        };
        let learnt = neuron.manifest().params.iter().filter(|param| param.learn);
        let params: Tensors = learnt
            .map(|param| {
                let steps = if param.has_steps() { vec![6] } else { vec![] };
                let shape = [steps, shape(param.sharing)].concat();
                let numbers = neuron.initial(&param.name, &shape, 0).unwrap();
                (param.name.clone(), numbers.set_requires_grad(true))
            })
            .collect();
        let same = params.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone()));
        let forward = neuron.forward(&Call { params: same.collect(), ..input(&x) }).unwrap();
        for (output, array) in &expected.forward.outputs {
            assert_eq!(numbers(&forward.outputs[output]), array.data(), "{name}: {output}");
        }
        let declared = neuron.forward(&input(&x)).unwrap();
        assert_eq!(declared.outputs, forward.outputs, "{name}");
        backward(&forward);
        close(&x.grad(), &tensor_of(&expected.inputs["x"]));
        for (param, tensor) in &params {
            let expected = tensor_of(&expected.params[param]);
            close(&tensor.grad(), &expected.reshape(tensor.size()));
        }
    }
}

fn tensor_of(array: &Array) -> Tensor {
    let shape: Vec<i64> = array.shape().iter().map(|&size| size as i64).collect();
    Tensor::from_slice(array.data()).reshape(shape)
}

#[test]
fn without_gradients_nothing_is_saved() {
    let x = noise(&[40, 2, 3]).set_requires_grad(true);
    let neuron = neuron(&LIF);
    let forward = tch::no_grad(|| neuron.forward(&input(&x)).unwrap());
    assert!(!forward.outputs["s"].requires_grad());
    let forward = neuron.forward(&input(&x.detach())).unwrap();
    assert!(!forward.outputs["s"].requires_grad());
    assert!(neuron.forward(&input(&x)).unwrap().outputs["s"].requires_grad());
}

#[test]
fn backward_runs_again_where_the_graph_is_retained() {
    let x = noise(&[20, 2, 3]).set_requires_grad(true);
    let forward = neuron(&LIF).forward(&input(&x)).unwrap();
    let loss = forward.outputs["s"].sum(Kind::Float);
    let gradient = |keep| Tensor::f_run_backward(&[&loss], &[&x], keep, false);
    let first = gradient(true).unwrap();
    let second = gradient(false).unwrap();
    assert_eq!(numbers(&first[0]), numbers(&second[0]));
    let error = gradient(false).unwrap_err().to_string();
    assert!(error.contains("second time"), "{error}");
}

#[test]
fn some_outputs_are_enough() {
    let neuron = neuron(&PLIF);
    let of = |pick: &dyn Fn(&Forward) -> Tensor| {
        let x = noise(&[9, 2, 3]).set_requires_grad(true);
        pick(&neuron.forward(&input(&x)).unwrap()).sum(Kind::Float).backward();
        x.grad()
    };
    let spikes = of(&|f| f.outputs["s"].shallow_clone());
    let potential = of(&|f| f.outputs["v"].shallow_clone());
    let last = of(&|f| f.states["v"].shallow_clone());
    let all = of(&|f| &f.outputs["s"] + &f.outputs["v"] + f.states["v"].unsqueeze(0) / 9.0);
    close(&(spikes + potential + last), &all);
}

#[test]
fn second_derivatives_are_refused() {
    let x = noise(&[9, 2, 3]).set_requires_grad(true);
    let forward = neuron(&LIF).forward(&input(&x)).unwrap();
    let loss = (&forward.outputs["s"] * &x).sum(Kind::Float);
    let first = Tensor::f_run_backward(&[&loss], &[&x], true, true).unwrap();
    let again = first[0].sum(Kind::Float).f_backward().unwrap_err().to_string();
    assert!(again.contains("first derivatives only"), "{again}");
}

#[test]
fn half_precision_in_and_out() {
    for (kind, within) in [(Kind::Half, 1e-2), (Kind::BFloat16, 1e-2)] {
        let x = noise(&[9, 2, 8]).to_kind(kind).set_requires_grad(true);
        let forward = neuron(&LIF).forward(&input(&x)).unwrap();
        assert_eq!(forward.outputs["s"].kind(), kind);
        assert_eq!(forward.states["v"].kind(), Kind::Float);
        forward.outputs["s"].sum(Kind::Float).backward();
        let wide = x.detach().to_kind(Kind::Float).set_requires_grad(true);
        let expected = neuron(&LIF).forward(&input(&wide)).unwrap();
        expected.outputs["s"].sum(Kind::Float).backward();
        assert_eq!(numbers(&forward.outputs["s"]), numbers(&expected.outputs["s"]));
        assert_eq!(x.grad().kind(), kind);
        let apart = (x.grad().to_kind(Kind::Float) - wide.grad()).norm().double_value(&[]);
        assert!(apart <= within * wide.grad().norm().double_value(&[]), "{apart}");
    }
}

#[test]
fn a_state_goes_on() {
    let (x, neuron) = (noise(&[12, 2, 3]), neuron(&LIF));
    let whole = neuron.forward(&input(&x)).unwrap();
    let first = neuron.forward(&input(&x.i(..5))).unwrap();
    let call = Call { states: first.states, ..input(&x.i(5..)) };
    let second = neuron.forward(&call).unwrap();
    let joined = Tensor::cat(&[&first.outputs["s"], &second.outputs["s"]], 0);
    assert_eq!(numbers(&joined), numbers(&whole.outputs["s"]));
}

#[test]
fn an_input_repeated_over_steps_is_not_copied() {
    let one = noise(&[1, 2, 3, 4]).set_requires_grad(true);
    let neuron = neuron(&LIF);
    let forward = neuron.forward(&input(&one.expand([6, 2, 3, 4], false))).unwrap();
    forward.outputs["s"].sum(Kind::Float).backward();
    let copy = one.detach().repeat([6, 1, 1, 1]).set_requires_grad(true);
    let expected = neuron.forward(&input(&copy)).unwrap();
    expected.outputs["s"].sum(Kind::Float).backward();
    assert_eq!(numbers(&forward.outputs["s"]), numbers(&expected.outputs["s"]));
    close(&one.grad(), &copy.grad().sum_dim_intlist([0].as_slice(), true, Kind::Float));
}

#[test]
fn nothing_to_run_is_a_run() {
    let neuron = neuron(&PLIF);
    for shape in [[0, 2, 3], [4, 0, 3], [4, 2, 0]] {
        let x = Tensor::zeros(shape, (Kind::Float, Device::Cpu)).set_requires_grad(true);
        let k = Tensor::zeros([1_i64; 0], (Kind::Float, Device::Cpu)).set_requires_grad(true);
        let call = Call { params: tensors([("k", &k)]), ..input(&x) };
        let forward = neuron.forward(&call).unwrap();
        assert_eq!(forward.outputs["s"].size(), shape);
        backward(&forward);
        assert_eq!(k.grad().double_value(&[]), 0.0);
    }
}

#[test]
fn wrong_operands_are_named() {
    let neuron = neuron(&LIF);
    let refused = |call: &Call| neuron.forward(call).unwrap_err().to_string();
    let x = noise(&[4, 2, 3]);
    assert_eq!(refused(&Call::default()), "input `x` of `Lif` was not given");
    let call = Call { params: tensors([("tau", &noise(&[3]))]), ..input(&x) };
    assert_eq!(refused(&call), "`tau` must have shape [], but has [3]");
    let call = Call { params: tensors([("beta", &noise(&[3]))]), ..input(&x) };
    assert!(refused(&call).starts_with("`Lif` has no param `beta`"));
    let call = Call { states: tensors([("v", &noise(&[2]))]), ..input(&x) };
    assert_eq!(refused(&call), "`v` must have shape [2, 3], but has [2]");
    let long = x.to_kind(Kind::Int64);
    assert!(refused(&input(&long)).contains("give it in f32, f16 or bf16"));
    assert!(refused(&input(&noise(&[4]))).contains("must have shape [T, N, *]"));
}

#[test]
fn a_profile_names_what_ran() {
    let path = std::env::temp_dir().join(format!("snn-profile-{}.json", std::process::id()));
    let x = noise(&[4, 3]).set_requires_grad(true);
    let gradients = || x.square().sum(Kind::Float).backward();
    super::profile(&path, gradients).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(text.contains("aten::sum") && text.contains("traceEvents"), "{text}");
    assert!(super::profile(std::path::Path::new("/no/such/folder/trace.json"), gradients).is_err());
}

/// What a neuron draws is the same on tensors as on the host, in backward as in forward, and in pieces.
#[test]
fn draws_are_those_of_the_seed() {
    let text = "neuron N {
      input x
      param sigma = 0.5 learn
      rand z ~ normal(0, sigma)
      state v = 0
      charge v = v + x * z
      output v
      output z
    }";
    let x = noise(&[9, 2, 3]).set_requires_grad(true);
    let sigma = Tensor::from(0.5_f32).set_requires_grad(true);
    let neuron = neuron(text);
    let call = |x: &Tensor, first_step| Call {
        params: tensors([("sigma", &sigma)]),
        seed: 1 << 40 | 7,
        first_step,
        ..input(x)
    };
    let forward = neuron.forward(&call(&x, 4)).unwrap();
    forward.outputs["v"].sum(Kind::Float).backward();
    let data = numbers(&x.detach());
    let array = Array::new(vec![9, 2, 3], data).unwrap();
    let inputs = [("x".into(), array)].into();
    let host = HostCall { inputs, seed: 1 << 40 | 7, first_step: 4, ..HostCall::default() };
    let program = Program {
        name: "<text>",
        text,
        specialization: snn_compiler::check::Specialization::default(),
        resolver: &snn_compiler::check::NoImports,
    };
    let cpu = crate::devices::open("cpu").unwrap();
    let expected = Jit::with_cache(None).compile(cpu, &program).unwrap();
    let ones = Array::new(vec![9, 2, 3], vec![1.0; 54]).unwrap();
    let seeds = Seeds { outputs: [("v".into(), ones)].into(), ..Seeds::default() };
    let expected = expected.grad(&host, &seeds).unwrap();
    for name in ["v", "z"] {
        assert_eq!(
            numbers(&forward.outputs[name]),
            expected.forward.outputs[name].data(),
            "{name}"
        );
    }
    assert_eq!(numbers(&x.grad()), expected.inputs["x"].data());
    let apart = f64::from(expected.params["sigma"].data()[0]) - sigma.grad().double_value(&[]);
    assert!(apart.abs() < 1e-4, "{apart}");
    let whole = numbers(&forward.outputs["z"]);
    let late = neuron.forward(&call(&x.detach().i(5..), 9)).unwrap();
    assert_eq!(numbers(&late.outputs["z"]), whole[5 * 6..]);
}
