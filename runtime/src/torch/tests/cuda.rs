//! On an NVIDIA GPU, where libtorch has CUDA; skipped with a word where it has not.

use super::*;
use crate::torch::{current_cuda, find_cuda, ops};

/// The device. Where there is none, tests say so and pass, unless one is required.
fn device() -> Option<Device> {
    let Err(error) = find_cuda() else { return Some(Device::Cuda(0)) };
    let required = std::env::var("SNNC_REQUIRE_CUDA").is_ok_and(|v| v == "1");
    assert!(!required, "a GPU is required: {error}");
    eprintln!("skipped: {error}");
    None
}

/// Results and gradients of a run with a learnt `tau` per channel, on a device; `lay` puts the input in its place.
fn run(
    device: Device,
    kind: Kind,
    lay: impl Fn(&Tensor) -> Tensor,
) -> (Tensor, Tensor, Tensor, Tensor) {
    let neuron = compile(&LIF, |s| {
        s.learn = vec!["tau".into()];
        s.share = vec![("tau".into(), snn_compiler::check::hir::Sharing::Channel)];
    });
    let x = lay(&noise(&[9, 4, 8, 5, 6]).to_device(device).to_kind(kind)).detach();
    let x = x.set_requires_grad(true);
    let tau = (noise(&[8]).abs() * 0.3 + 1.5).to_device(device).set_requires_grad(true);
    let call = Call { params: tensors([("tau", &tau)]), ..input(&x) };
    let forward = neuron.forward(&call).unwrap();
    let weight = noise(&[9, 4, 8, 5, 6]).to_device(device);
    (&forward.outputs["s"] * weight).sum(Kind::Float).backward();
    let to_host = |tensor: &Tensor| tensor.detach().to_device(Device::Cpu).to_kind(Kind::Float);
    (
        to_host(&forward.outputs["s"]),
        to_host(&forward.states["v"]),
        to_host(&x.grad()),
        to_host(&tau.grad()),
    )
}

fn same(found: (Tensor, Tensor, Tensor, Tensor), expected: &(Tensor, Tensor, Tensor, Tensor)) {
    assert_eq!(numbers(&found.0), numbers(&expected.0));
    assert_eq!(numbers(&found.1), numbers(&expected.1));
    close(&found.2.contiguous(), &expected.2.contiguous());
    close(&found.3, &expected.3);
}

fn channels_last(x: &Tensor) -> Tensor {
    x.permute([0, 1, 3, 4, 2]).contiguous().permute([0, 1, 4, 2, 3])
}

#[test]
fn a_gpu_gives_what_the_processor_gives() {
    let Some(device) = device() else { return };
    let expected = run(Device::Cpu, Kind::Float, Tensor::shallow_clone);
    same(run(device, Kind::Float, Tensor::shallow_clone), &expected);
    same(run(device, Kind::Float, channels_last), &expected);
}

#[test]
fn half_precision_on_a_gpu() {
    let Some(device) = device() else { return };
    for kind in [Kind::Half, Kind::BFloat16] {
        let expected = run(Device::Cpu, kind, Tensor::shallow_clone);
        let found = run(device, kind, Tensor::shallow_clone);
        assert_eq!(numbers(&found.0), numbers(&expected.0), "{kind:?}");
        let apart = (&found.2 - &expected.2).norm().double_value(&[]);
        assert!(apart <= 1e-2 * expected.2.norm().double_value(&[]), "{kind:?}: {apart}");
    }
}

#[test]
fn a_side_stream_is_followed() {
    let Some(device) = device() else { return };
    let expected = run(device, Kind::Float, Tensor::shallow_clone);
    let main = crate::torch::autograd::stream(0).unwrap();
    let found = ops::on_side_stream(0, || {
        assert_ne!(crate::torch::autograd::stream(0).unwrap(), main);
        run(device, Kind::Float, Tensor::shallow_clone)
    });
    assert_eq!(crate::torch::autograd::stream(0).unwrap(), main);
    same(found.unwrap(), &expected);
}

#[test]
fn autocast_stores_in_16_bits() {
    let Some(device) = device() else { return };
    let (x, weight) = (noise(&[6, 8]).to_device(device), noise(&[16, 8]).to_device(device));
    let weight = weight.set_requires_grad(true);
    for kind in [Kind::Half, Kind::BFloat16] {
        let spikes = ops::autocast(device, Some(kind), || {
            let y = x.linear(&weight, None::<&Tensor>).unsqueeze(0).expand([4, 6, 16], false);
            neuron(&LIF).forward(&input(&y)).unwrap().outputs.remove("s").unwrap()
        });
        let spikes = spikes.unwrap();
        assert_eq!(spikes.kind(), kind);
        spikes.to_kind(Kind::Float).sum(Kind::Float).backward();
        assert_eq!(weight.grad().kind(), Kind::Float);
        assert!(weight.grad().norm().double_value(&[]) > 0.0);
    }
}

#[test]
fn memory_is_told() {
    let Some(device) = device() else { return };
    ops::peak_memory(0, true).unwrap();
    let before = ops::peak_memory(0, false).unwrap();
    let tensor = Tensor::zeros([1 << 20], (Kind::Float, device));
    assert!(ops::peak_memory(0, false).unwrap() >= before + (4 << 20));
    drop(tensor);
    assert!(ops::peak_memory(99, false).is_err());
}

/// The launches of a forward and a backward, recorded by the driver and started again over new numbers.
#[test]
fn a_graph_is_captured() {
    let Some(device) = device() else { return };
    let neuron = neuron(&LIF);
    let given = |factor: f64| noise(&[9, 4, 8]) * factor;
    let both = |x: &Tensor, weights: &Tensor| {
        let x = x.detach().set_requires_grad(true);
        let spikes = neuron.forward(&input(&x)).unwrap().outputs.remove("s").unwrap();
        let grads =
            Tensor::run_backward(&[(&spikes * weights).sum(Kind::Float)], &[&x], false, false);
        [spikes.detach(), grads[0].shallow_clone()]
    };
    let mut x = given(1.0).to_device(device);
    let mut results = [x.zeros_like(), x.zeros_like()];
    let weights = noise(&[9, 4, 8]).to_device(device);
    ops::on_side_stream(0, || {
        let step = |x: &Tensor, results: &mut [Tensor; 2]| {
            results.iter_mut().zip(both(x, &weights)).for_each(|(own, made)| own.copy_(&made));
        };
        // What is allocated now is there again when the graph is recorded.
        (0..3).for_each(|_| step(&x, &mut results));
        tch::Cuda::synchronize(0);
        let own = current_cuda(0).unwrap();
        let mut graph = own
            .record(&mut results, |results| {
                step(&x, results);
                Ok(())
            })
            .unwrap();
        x.copy_(&given(2.0).to_device(device));
        graph.launch().unwrap();
        tch::Cuda::synchronize(0);
    })
    .unwrap();
    let expected = both(&given(2.0), &noise(&[9, 4, 8]));
    let found = results.map(|result| result.to_device(Device::Cpu));
    assert_eq!(numbers(&found[0]), numbers(&expected[0]));
    close(&found[1], &expected[1]);
}

#[test]
fn states_that_nobody_asks_for_change_nothing() {
    let Some(device) = device() else { return };
    let run = |forget_states: bool, with_state: bool| {
        let neuron = neuron(&LIF);
        let x = noise(&[9, 4, 8]).to_device(device).set_requires_grad(true);
        let v = noise(&[4, 8]).to_device(device).set_requires_grad(true);
        let states = if with_state { tensors([("v", &v)]) } else { Tensors::new() };
        let forward = neuron.forward(&Call { forget_states, states, ..input(&x) }).unwrap();
        assert_eq!(forward.states.is_empty(), forget_states);
        backward(&forward);
        let v_grad =
            if with_state { numbers(&v.grad().to_device(Device::Cpu)) } else { Vec::new() };
        let host = |tensor: &Tensor| numbers(&tensor.to_device(Device::Cpu));
        (host(&forward.outputs["s"]), host(&x.grad()), v_grad)
    };
    for with_state in [false, true] {
        assert_eq!(run(true, with_state), run(false, with_state));
    }
}
