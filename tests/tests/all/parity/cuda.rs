//! What only CUDA has: streams, recorded launches, memory of others, and tensors of more than 2 GiB.

use std::sync::Arc;

use snn_runtime::cuda::Cuda;
use snn_runtime::device::Device;
use snn_runtime::neuron::{Array, Call, Gradients, Neuron, Seeds};
use snn_tests::compare::assert_bits_equal;
use snn_tests::gpu::cases::CASES;
use snn_tests::numbers::{Numbers, is_soak};

use super::machines::{compiler, source};

/// A GPU, unless the tests are run without one.
fn gpu() -> Option<Arc<Cuda>> {
    let is_wanted = super::machines::devices().iter().any(|device| device.name() == "cuda:0");
    is_wanted.then(|| Arc::new(Cuda::new(0).unwrap()))
}

/// The neuron with a decay that is learnt, shared by the layer.
fn plif(device: &Arc<Cuda>) -> Neuron {
    let program = CASES[2].program();
    let device: Arc<dyn Device> = Arc::clone(device) as _;
    compiler().compile(device, &source(&program)).unwrap()
}

fn call(steps: usize, lanes: usize, numbers: &mut Numbers) -> (Call, Seeds) {
    let (mut call, mut seeds) = (Call::default(), Seeds::default());
    call.inputs.insert("x".into(), numbers.array(&[steps, lanes], -0.5, 2.0));
    seeds.outputs.insert("s".into(), numbers.array(&[steps, lanes], -1.0, 1.0));
    (call, seeds)
}

#[track_caller]
fn assert_same(a: &Gradients, b: &Gradients) {
    assert_bits_equal("s", a.forward.outputs["s"].data(), b.forward.outputs["s"].data());
    assert_bits_equal("grad x", a.inputs["x"].data(), b.inputs["x"].data());
    assert_bits_equal("grad k", a.params["k"].data(), b.params["k"].data());
}

#[test]
fn streams_side_by_side_give_the_same_bits() {
    let Some(gpu) = gpu() else { return };
    let alone = plif(&gpu);
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let (gpu, alone) = (&gpu, &alone);
            scope.spawn(move || {
                let here = plif(&Arc::new(gpu.new_stream().unwrap()));
                let mut numbers = Numbers::of(seed);
                for steps in [8, 13, 4] {
                    let (call, seeds) = call(steps, 100_003, &mut numbers);
                    let expected = alone.grad(&call, &seeds).unwrap();
                    assert_same(&here.grad(&call, &seeds).unwrap(), &expected);
                }
            });
        }
    });
}

#[test]
fn the_default_stream_gives_the_same_bits() {
    let Some(gpu) = gpu() else { return };
    let default = gpu.default_stream();
    let (call, seeds) = call(9, 5003, &mut Numbers::of(5));
    let expected = plif(&gpu).grad(&call, &seeds).unwrap();
    assert_same(&plif(&Arc::new(default)).grad(&call, &seeds).unwrap(), &expected);
}

#[test]
fn recorded_launches_give_the_same_bits() {
    let Some(gpu) = gpu() else { return };
    let neuron = plif(&gpu);
    let (call, seeds) = call(8, 65_536, &mut Numbers::of(6));
    let expected = neuron.grad(&call, &seeds).unwrap();
    let mut prepared = neuron.prepare(&call).unwrap();
    prepared.seed(&seeds).unwrap();
    prepared.launch_backward().unwrap();
    let graph = gpu.record(prepared, |prepared| {
        prepared.launch_forward_train()?;
        prepared.launch_backward()
    });
    let mut graph = graph.unwrap();
    for _ in 0..3 {
        graph.launch().unwrap();
    }
    assert_same(&graph.work().read_gradients().unwrap(), &expected);
}

#[test]
fn what_cannot_be_recorded_is_refused() {
    let Some(gpu) = gpu() else { return };
    let neuron = plif(&gpu);
    let (call, _) = call(8, 100, &mut Numbers::of(7));
    let nothing = gpu.record((), |()| Ok(())).err().unwrap().to_string();
    assert!(nothing.contains("nothing was started"), "{nothing}");
    let prepared = neuron.prepare(&call).unwrap();
    let first = gpu.record(prepared, |prepared| prepared.launch_forward()).err().unwrap();
    assert!(first.to_string().contains("launch once before"), "{first}");
    // The stream is as it was.
    neuron.forward(&call).unwrap();
}

#[test]
fn a_stream_waits_for_another_where_it_is_told_to() {
    let Some(gpu) = gpu() else { return };
    let other = gpu.new_stream().unwrap();
    let bytes: Vec<u8> = (0..64 << 20).map(|i| (i % 251) as u8).collect();
    let mut first = gpu.alloc("first", bytes.len()).unwrap();
    let mut second = gpu.alloc("second", bytes.len()).unwrap();
    let mut third = other.alloc("third", bytes.len()).unwrap();
    gpu.write(first.as_mut(), &bytes).unwrap();
    gpu.copy(first.as_ref(), second.as_mut(), bytes.len()).unwrap();
    other.after(&gpu).unwrap();
    other.copy(second.as_ref(), third.as_mut(), bytes.len()).unwrap();
    let mut back = vec![0; bytes.len()];
    other.read(third.as_ref(), &mut back).unwrap();
    assert!(back == bytes);
}

/// 3 GiB of input, and as much of each other tensor; inputs repeat, and so does what comes of them.
#[test]
fn tensors_of_three_gibibytes() {
    let Some(gpu) = gpu().filter(|_| is_soak()) else { return };
    const PERIOD: usize = 65_521;
    let (steps, lanes) = (3, (1 << 28) + 5);
    let (few, few_seeds) = call(steps, PERIOD, &mut Numbers::of(8));
    let repeated = |array: &Array| {
        let rows = array.data().chunks_exact(PERIOD);
        let rows = rows.flat_map(|row| row.iter().copied().cycle().take(lanes));
        Array::new(vec![steps, lanes], rows.collect()).unwrap()
    };
    let (mut many, mut seeds) = (Call::default(), Seeds::default());
    many.inputs.insert("x".into(), repeated(&few.inputs["x"]));
    seeds.outputs.insert("s".into(), repeated(&few_seeds.outputs["s"]));
    let neuron = plif(&gpu);
    let found = neuron.grad(&many, &seeds).unwrap();
    let expected = neuron.grad(&few, &few_seeds).unwrap();
    let check = |what: &str, found: &[f32], expected: &[f32]| {
        for (found, expected) in found.chunks_exact(lanes).zip(expected.chunks_exact(PERIOD)) {
            for found in found.chunks(PERIOD) {
                assert_bits_equal(what, found, &expected[..found.len()]);
            }
        }
    };
    check("s", found.forward.outputs["s"].data(), expected.forward.outputs["s"].data());
    check("grad x", found.inputs["x"].data(), expected.inputs["x"].data());
}
