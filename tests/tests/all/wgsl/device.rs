//! Kernels on a device.

use std::sync::LazyLock;

use rand::Rng;
use snn_compiler::kernel::interp::Launch;
use snn_compiler::kernel::verify::verify;
use snn_compiler::kernel::{Kernel, Shape, samples};
use snn_compiler::targets::wgsl::{Options, emit};
use snn_runtime::device::Device;
use snn_runtime::wgpu::{Division, Wgpu, probe};

use super::run::{self, Words};
use super::{kernel, text};

/// The first adapter. Where there is none, tests say so and pass, unless one is required.
pub fn device() -> Option<&'static Wgpu> {
    static DEVICE: LazyLock<Option<Wgpu>> = LazyLock::new(|| match Wgpu::new(0) {
        Ok(device) => Some(device),
        Err(error) => {
            let required = std::env::var("SNNC_REQUIRE_WGPU").is_ok_and(|v| v == "1");
            assert!(!required, "a device is required: {error}");
            eprintln!("skipped: {error}");
            None
        }
    });
    DEVICE.as_ref()
}

#[test]
fn the_device_is_strict() {
    let Some(device) = device() else { return };
    assert_eq!(device.failures(), &[] as &[&str], "{}", device.description());
    assert!(device.strict());
}

#[test]
fn the_probe_sees_what_a_driver_does_to_fast_kernels() {
    let Some(device) = device() else { return };
    if !device.description().contains("llvmpipe") {
        eprintln!("skipped: only lavapipe is known to regroup");
        return;
    }
    let source = verify(kernel(super::probe::SOURCE)).unwrap();
    let fast = emit(&[&source], &Options { strict: false }).unwrap();
    let failures = probe::failures(device, text(&fast), Division::default()).unwrap();
    println!("{failures:?}");
    for pattern in ["large_constant", "cancelled", "sum_of_constants", "product_of_constants"] {
        assert!(failures.contains(&pattern), "{pattern} of {failures:?}");
    }
}

const STEPS: [usize; 5] = [0, 1, 2, 17, 500];
/// Of those that four divides, an invocation takes four.
const LANES: [usize; 7] = [0, 1, 3, 4, 31, 4099, 4100];

/// Runs a kernel on the device and the interpreter, over all sizes, with optional operands given and
/// left out; the sequences have gaps between their steps.
fn agree(source: &str, mut each: impl FnMut(&Kernel, &Launch, &[Words], &[Words])) {
    let Some(device) = device() else { return };
    let mut kernel = kernel(source);
    kernel.schedule.lanes = 4;
    let kernel = verify(kernel).unwrap();
    let module = run::load(device, &kernel);
    let mut rng = run::generator();
    for steps in STEPS {
        for lanes in LANES {
            let mut launch = Launch::dense(&kernel, steps, lanes);
            launch.channels = 3;
            launch.channel_stride = if lanes == 4100 { 4 } else { 2 };
            launch.neurons = 6;
            let unit = if lanes.is_multiple_of(4) { 4 } else { 1 };
            launch.strides.iter_mut().for_each(|stride| *stride += unit * rng.random_range(0..3));
            let mut words = run::lif(&kernel, &launch, &mut rng);
            for (words, buffer) in words.iter_mut().zip(&kernel.buffers) {
                if buffer.optional && rng.random() {
                    *words = None;
                }
            }
            let found = run::on_device(device, module.as_ref(), &kernel, &launch, 0, &words);
            let expected = run::interpreted(&kernel, &launch, &words);
            each(&kernel, &launch, &found, &expected);
        }
    }
}

fn agree_in_all_bits(source: &str) {
    agree(source, |kernel, launch, found, expected| {
        let context = format!("T {} N {}", launch.steps, launch.lanes);
        for ((buffer, found), expected) in kernel.buffers.iter().zip(found).zip(expected) {
            run::assert_equal(buffer, found, expected, &context);
        }
    });
}

#[test]
fn copy_is_the_interpreters() {
    agree_in_all_bits(samples::COPY);
}

#[test]
fn lif_forward_is_the_interpreters() {
    agree_in_all_bits(samples::LIF_FORWARD);
}

#[test]
fn lif_spikes_now_and_then_and_at_the_threshold_itself() {
    agree(samples::LIF_FORWARD, |kernel, launch, found, _| {
        let place = |name: &str| kernel.buffers.iter().position(|b| b.name == name).unwrap();
        let spikes = found[place("s")].as_ref().unwrap();
        let ones = spikes.iter().filter(|s| **s == 1.0_f32.to_bits()).count();
        let rate = ones as f64 / (launch.steps * launch.lanes) as f64;
        // One tau for all: with fewer lanes than these the rate of a run is a matter of chance.
        let enough = launch.steps >= 17 && launch.lanes >= 1000;
        assert!(!enough || (0.05..0.6).contains(&rate), "a rate of {rate}");
        println!("T {} N {}: a rate of {rate:.3}", launch.steps, launch.lanes);
    });
    let Some(device) = device() else { return };
    let kernel = verify(kernel(samples::LIF_FORWARD)).unwrap();
    let launch = Launch::dense(&kernel, 1, 3);
    // From rest at a tau of 2 the potential is x / 2: below, at and above the threshold of 1.
    let x = [1.999_999_9, 2.0, 2.000_000_2_f32].map(f32::to_bits);
    let words = run::fill(&kernel, &launch, |buffer, i| match buffer.name.as_str() {
        "x" => x[i],
        "tau" => 2.0_f32.to_bits(),
        _ => 0,
    });
    let module = run::load(device, &kernel);
    let found = run::on_device(device, module.as_ref(), &kernel, &launch, 0, &words);
    assert_eq!(found[3], Some([0.0, 1.0, 1.0_f32].map(f32::to_bits).to_vec()));
}

#[test]
fn lif_forward_train_is_the_interpreters() {
    agree_in_all_bits(samples::LIF_FORWARD_TRAIN);
}

#[test]
fn lif_backward_with_a_tau_for_each_channel_is_the_interpreters() {
    agree_in_all_bits(samples::LIF_BACKWARD_CHANNEL);
}

#[test]
fn operations_are_the_interpreters() {
    agree_in_all_bits(samples::OPERATIONS);
}

#[test]
fn lif_backward_is_the_interpreters_but_for_the_order_of_sums() {
    agree(samples::LIF_BACKWARD, |kernel, launch, found, expected| {
        let context = format!("T {} N {}", launch.steps, launch.lanes);
        for ((buffer, found), expected) in kernel.buffers.iter().zip(found).zip(expected) {
            if buffer.shape != Shape::Partial {
                run::assert_equal(buffer, found, expected, &context);
            }
        }
    });
}
