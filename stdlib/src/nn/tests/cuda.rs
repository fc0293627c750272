//! On an NVIDIA GPU, where libtorch has CUDA; skipped with a word where it has not.

use snn_runtime::torch::{current_cuda, find_cuda, ops};

use super::*;
use crate::optim::Optimizer;

/// The device. Where there is none, tests say so and pass, unless one is required.
fn device() -> Option<Device> {
    let Err(error) = find_cuda() else { return Some(Device::Cuda(0)) };
    let required = std::env::var("SNNC_REQUIRE_CUDA").is_ok_and(|v| v == "1");
    assert!(!required, "a GPU is required: {error}");
    eprintln!("skipped: {error}");
    None
}

fn host(tensor: &Tensor) -> Tensor {
    tensor.detach().to_device(Device::Cpu).to_kind(Kind::Float)
}

/// What a network gives, its buffers behind that, and the gradients of its params.
fn run(device: Device, params: &StateDict, kind: Option<Kind>) -> Vec<Tensor> {
    let mut network = network();
    load_state_dict(&mut network, params).unwrap();
    to_device(&mut network, device).unwrap();
    let x = (noise(&[4, 6, 1, 6, 6]) * 4.0).to_device(device);
    let spikes = ops::autocast(device, kind, || network.forward(&x, &Context::train())).unwrap();
    let spikes = spikes.unwrap();
    (spikes.to_kind(Kind::Float) * noise(&[4, 6, 10]).to_device(device))
        .sum(Kind::Float)
        .backward();
    let of_entry = |entry: &Entry| match entry.kind {
        crate::nn::Kind::Param => host(&entry.tensor.grad()),
        crate::nn::Kind::Buffer => host(&entry.tensor),
    };
    std::iter::once(host(&spikes)).chain(entries(&network).iter().map(of_entry)).collect()
}

#[test]
fn a_network_agrees_on_the_processor_and_the_gpu() {
    let device = device();
    tch::manual_seed(5);
    let mut params = state_dict(&network());
    // So that neurons fire.
    params.insert("1.weight".into(), Tensor::full([4], 3.0, (Kind::Float, Device::Cpu)));
    let louder = &params["5.weight"] * 8.0;
    params.insert("5.weight".into(), louder);
    let expected = run(Device::Cpu, &params, None);
    let n_spikes = expected[0].sum(Kind::Float).double_value(&[]);
    assert!((10.0..200.0).contains(&n_spikes), "{n_spikes} spikes of 240");
    let Some(device) = device else { return };
    ops::allow_tf32(false, false).unwrap();
    let found = run(device, &params, None);
    assert_eq!(found[0], expected[0], "spikes");
    for (found, expected) in found.iter().zip(&expected) {
        let apart = (found - expected).norm().double_value(&[]);
        assert!(apart <= 1e-5 * expected.norm().double_value(&[]), "{apart} {found} {expected}");
    }
    // In 16 bits some neurons are on the other side of the threshold.
    let half = run(device, &params, Some(Kind::Half));
    let differ = (&half[0] - &expected[0]).abs().mean(Kind::Float).double_value(&[]);
    assert!(differ < 0.1, "{differ}");
    ops::allow_tf32(true, false).unwrap();
}

/// A recording holds a whole step, of forward, backward and the optimizer: the driver refuses to record what waits
/// for the device. What is recorded trains as what is not.
#[test]
fn a_whole_step_is_recorded_and_so_never_waits() {
    let Some(device) = device() else { return };
    tch::manual_seed(5);
    let params = state_dict(&network());
    let prepared = || {
        let mut network = network();
        load_state_dict(&mut network, &params).unwrap();
        to_device(&mut network, device).unwrap();
        let optimizer = Optimizer::adam(parameters(&network), 1e-3);
        (network, optimizer)
    };
    let x = noise(&[4, 6, 1, 6, 6]).to_device(device);
    let step = |(network, optimizer): &mut (Sequential, Optimizer)| {
        optimizer.zero_grad();
        let spikes = network.forward(&x, &Context::train().from_rest()).unwrap();
        (spikes.mean(Kind::Float) - 0.3).square().backward();
        optimizer.step().unwrap();
    };
    let norms = |(network, _): &(Sequential, Optimizer)| {
        let norm = |entry: &Entry| host(&entry.tensor).norm().double_value(&[]);
        entries(network).iter().map(norm).collect::<Vec<f64>>()
    };
    ops::on_side_stream(0, || {
        let (mut plain, mut recorded) = (prepared(), prepared());
        (0..8).for_each(|_| step(&mut plain));
        (0..3).for_each(|_| step(&mut recorded));
        tch::Cuda::synchronize(0);
        let record = current_cuda(0).unwrap().record(&mut recorded, |recorded| {
            step(recorded);
            Ok(())
        });
        let mut graph = record.unwrap();
        (0..5).for_each(|_| graph.launch().unwrap());
        drop(graph);
        tch::Cuda::synchronize(0);
        for (found, expected) in norms(&recorded).iter().zip(norms(&plain)) {
            assert!((found - expected).abs() <= 1e-4 * expected.abs(), "{found} {expected}");
        }
    })
    .unwrap();
}
