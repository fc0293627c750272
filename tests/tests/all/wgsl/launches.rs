//! Launches that are split, wide or summed, and those that are refused.

use rand::Rng;
use snn_compiler::kernel::interp::Launch;
use snn_compiler::kernel::verify::verify;
use snn_compiler::kernel::{Kernel, Shape, Verified, reduce, samples};
use snn_runtime::Error;
use snn_runtime::device::{Argument, Device};
use snn_runtime::neuron::{Array, Call};
use snn_runtime::wgpu::Wgpu;
use snn_tests::program::Program;

use super::device::device;
use super::kernel;
use super::run::{self, Words};
use crate::parity::machines;

fn verified(text: &str) -> Verified<Kernel> {
    verify(kernel(text)).unwrap()
}

/// The lanes from `from` to `to` of buffers without gaps, as a launch of their own has them.
fn slice(kernel: &Kernel, launch: &Launch, words: &[Words], from: usize, to: usize) -> Vec<Words> {
    let cut = |(buffer, words): (_, &Words)| {
        let buffer: &snn_compiler::kernel::Buffer = buffer;
        let shared = matches!(buffer.shape, Shape::Layer | Shape::Channel | Shape::Neuron);
        let rows = |words: &Vec<u32>| match shared {
            true => words.clone(),
            false => words.chunks_exact(launch.lanes).flat_map(|r| &r[from..to]).copied().collect(),
        };
        words.as_ref().map(rows)
    };
    kernel.buffers.iter().zip(words).map(cut).collect()
}

#[test]
fn a_launch_may_be_split_by_lanes() {
    let Some(device) = device() else { return };
    for source in [samples::OPERATIONS, samples::LIF_BACKWARD_CHANNEL] {
        let kernel = verified(source);
        let module = run::load(device, &kernel);
        let mut whole = Launch::dense(&kernel, 9, 100);
        (whole.channels, whole.channel_stride, whole.neurons) = (5, 2, 10);
        let words = run::lif(&kernel, &whole, &mut run::generator());
        let expected = run::interpreted(&kernel, &whole, &words);
        for (from, to) in [(0, 37), (37, 38), (38, 100)] {
            let mut part = Launch::dense(&kernel, 9, to - from);
            (part.channels, part.channel_stride, part.neurons) = (5, 2, 10);
            let words = slice(&kernel, &whole, &words, from, to);
            let found = run::on_device(device, module.as_ref(), &kernel, &part, from, &words);
            let expected = slice(&kernel, &whole, &expected, from, to);
            for ((buffer, found), expected) in kernel.buffers.iter().zip(&found).zip(&expected) {
                run::assert_equal(buffer, found, expected, &format!("lanes {from} to {to}"));
            }
        }
    }
}

#[test]
fn workgroups_past_65535_stand_in_two_dimensions() {
    let Some(device) = device() else { return };
    let mut narrow = kernel(samples::LIF_FORWARD);
    narrow.schedule.block = 1;
    let kernel = verify(narrow).unwrap();
    let module = run::load(device, &kernel);
    let launch = Launch::dense(&kernel, 2, 70_001);
    let words = run::lif(&kernel, &launch, &mut run::generator());
    let found = run::on_device(device, module.as_ref(), &kernel, &launch, 0, &words);
    let expected = run::interpreted(&kernel, &launch, &words);
    for ((buffer, found), expected) in kernel.buffers.iter().zip(&found).zip(&expected) {
        run::assert_equal(buffer, found, expected, "70,001 workgroups");
    }
}

#[test]
fn sums_of_blocks_are_those_of_their_lanes() {
    let Some(device) = device() else { return };
    let lanes_of = verified(samples::LIF_BACKWARD_CHANNEL);
    for block in [1, 7, 64, 100, 256] {
        let mut blocks = kernel(samples::LIF_BACKWARD);
        blocks.schedule.block = block;
        let blocks = verify(blocks).unwrap();
        let module = run::load(device, &blocks);
        for lanes in [1, 3, 255, 1025] {
            let launch = Launch::dense(&blocks, 17, lanes);
            let mut rng = run::generator();
            let words =
                run::fill(&blocks, &launch, |_, _| rng.random_range(0.5_f32..2.5).to_bits());
            let found = run::on_device(device, module.as_ref(), &blocks, &launch, 0, &words);
            // The other kernel differs only in that it leaves the contribution of each lane.
            let mut words = words.clone();
            *words.last_mut().unwrap() = Some(vec![run::UNTOUCHED; lanes]);
            let each = run::interpreted(&lanes_of, &launch, &words);
            let reals = |words: &Words| -> Vec<f64> {
                words.iter().flatten().map(|w| f64::from(f32::from_bits(*w))).collect()
            };
            let (found, each) = (reals(found.last().unwrap()), reals(each.last().unwrap()));
            assert_eq!(found.len(), lanes.div_ceil(block as usize));
            for (found, each) in found.iter().zip(each.chunks(block as usize)) {
                let (sum, size) =
                    (each.iter().sum::<f64>(), each.iter().map(|e| e.abs()).sum::<f64>());
                assert!((found - sum).abs() <= 1e-6 * size, "block {block}: {found}, not {sum}");
            }
        }
    }
}

/// Sums in the order that the book gives for WGSL.
fn second_stage(partial: &[f32], sums: usize, inner: usize) -> Vec<u32> {
    let rows = if inner == 1 && sums >= 32 { 8 } else { 256 };
    let outer = partial.len() / (sums * inner);
    let sum = |g: usize| {
        let place = |i: usize| ((i / inner) * sums + g) * inner + i % inner;
        let all: Vec<f32> = (0..outer * inner).map(|i| partial[place(i)]).collect();
        let own = |row: usize| {
            let own: Vec<f32> = all.iter().skip(row).step_by(rows).copied().collect();
            let mut sum = [0.0];
            reduce::run(&own, &mut sum, own.len()).unwrap();
            sum[0]
        };
        let mut tree: Vec<f32> = (0..rows).map(own).collect();
        while tree.len() > 1 {
            let (low, high) = tree.split_at(tree.len() / 2);
            tree = low.iter().zip(high).map(|(a, b)| a + b).collect();
        }
        tree[0].to_bits()
    };
    (0..sums).map(sum).collect()
}

#[test]
fn the_second_stage_adds_in_its_order() {
    let Some(device) = device() else { return };
    let module = run::load(device, &verified(samples::COPY));
    let mut rng = run::generator();
    let sizes = [
        (0, 3, 4),
        (1, 1, 1),
        (1, 1, 5000),
        (7, 130, 3),
        (9, 31, 1),
        (9, 33, 1),
        // More than there are workgroups.
        (1, 5_000, 3),
        (2, 200_000, 1),
    ];
    for (outer, sums, inner) in sizes {
        let count = outer * sums * inner;
        let partial: Vec<f32> = (0..count).map(|_| rng.random_range(-1e3..1e3)).collect();
        let words: Vec<u32> = partial.iter().map(|p| p.to_bits()).collect();
        let partials = run::memory(device, "partial", &words);
        let mut grad = device.alloc("grad", sums * 4).unwrap();
        let mut arguments = [Argument::Read(partials.as_ref()), Argument::Write(grad.as_mut())];
        let scalars = [sums as i64, inner as i64, outer as i64];
        module.launch("reduce", 0, sums, &mut arguments, &scalars).unwrap();
        let expected = second_stage(&partial, sums, inner);
        assert!(run::words(device, grad.as_ref()) == expected, "O {outer} G {sums} S {inner}");
    }
}

/// Lanes of three times the 128 MiB that WebGPU promises a binding, and a few more.
const LARGE: usize = 3 * (128 << 20) / 4 + 3;

/// A device whose bindings are no larger takes it in four launches.
#[test]
fn a_tensor_of_three_bindings_comes_back_to_its_last_element() {
    let Some(_) = device() else { return };
    let program = Program::new(snn::neuron::source("if").unwrap());
    let device = snn_runtime::devices::open("wgpu:0").unwrap();
    let neuron = machines::compiler().compile(device, &machines::source(&program)).unwrap();
    let mut x = vec![0.25; LARGE];
    let spiking = [0, (128 << 20) / 4 - 1, (128 << 20) / 4, LARGE - 2, LARGE - 1];
    spiking.into_iter().for_each(|lane| x[lane] = 1.5);
    let inputs = [("x".into(), Array::new(vec![1, LARGE], x).unwrap())].into();
    let found = neuron.forward(&Call { inputs, ..Call::default() }).unwrap();
    let (s, v) = (found.outputs["s"].data(), found.states["v"].data());
    let fired: Vec<usize> = (0..LARGE).filter(|&lane| s[lane] != 0.0).collect();
    assert_eq!(fired, spiking);
    assert_eq!((s[LARGE - 1], v[LARGE - 1], v[LARGE - 3]), (1.0, 0.0, 0.25));
}

#[test]
fn what_is_out_of_reach_is_refused_with_its_name() {
    let Some(device) = device() else { return };
    let missing = Wgpu::new(99).err().unwrap();
    assert!(matches!(missing, Error::NoDevice { ref device, .. } if device == "wgpu:99"));
    let large = device.alloc("x", device.max_buffer() + 1).err().unwrap();
    assert!(matches!(large, Error::Unsupported { .. }) && large.to_string().contains("`x`"));
    let mut small = device.alloc("x", 6).unwrap();
    let long = device.write(small.as_mut(), &[0; 7]).unwrap_err();
    assert!(long.to_string().contains("copying `x`"), "{long}");
    let mut bytes = [0; 6];
    device.write(small.as_mut(), &[1, 2, 3, 4, 5, 6]).unwrap();
    device.read(small.as_ref(), &mut bytes).unwrap();
    assert_eq!(bytes, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_launch_that_does_not_fit_its_entry_is_refused() {
    let Some(device) = device() else { return };
    let module = run::load(device, &verified(samples::COPY));
    let x = run::memory(device, "x", &[1, 2]);
    let mut y = run::memory(device, "y", &[0, 0]);
    let good = [1, 2, 1, 1, 2, 2, 2];
    let refusal = |entry: &str, arguments: &mut [Argument<'_>], scalars: &[i64]| {
        module.launch(entry, 0, 2, arguments, scalars).unwrap_err().to_string()
    };
    assert!(refusal("forward", &mut [], &good).contains("`forward`"));
    assert!(refusal("copy", &mut [], &good).contains("0 buffers were given for 2"));
    let mut absent = [Argument::Absent, Argument::Write(y.as_mut())];
    assert!(refusal("copy", &mut absent, &good).contains("`x` was left out"));
    let mut exchanged = [Argument::Read(x.as_ref()), Argument::Read(x.as_ref())];
    assert!(refusal("copy", &mut exchanged, &good).contains("`y` is written"));
    let mut fitting = [Argument::Read(x.as_ref()), Argument::Write(y.as_mut())];
    assert!(refusal("copy", &mut fitting, &good[1..]).contains("6 scalars were given for 7"));
    assert!(refusal("copy", &mut fitting, &[-1, 2, 1, 1, 2, 2, 2]).contains("`T` is -1"));
    module.launch("copy", 0, 2, &mut fitting, &good).unwrap();
    assert_eq!(run::words(device, y.as_ref()), [1, 2]);
}

#[test]
fn memory_of_another_device_is_refused() {
    let Some(device) = device() else { return };
    let other = Wgpu::new(0).unwrap();
    let memory = other.alloc("x", 4).unwrap();
    let error = device.read(memory.as_ref(), &mut [0; 4]).unwrap_err();
    assert!(error.to_string().contains("another device"), "{error}");
}
