//! Products of a matrix with a column over time, and products added up over lanes, on a device.

use rand::Rng;
use snn_compiler::kernel::interp::Launch;
use snn_compiler::kernel::samples::PRODUCT;
use snn_compiler::kernel::verify::verify;
use snn_runtime::device::{Argument, Device, Module};
use snn_runtime::wgpu::Wgpu;

use super::device::device;
use super::kernel;
use super::run;
use crate::cpu::products::{BACKWARD, LANES, Outer, STEPS, outers, tame};

fn compare(text: &str, width: u32, chunk: u32) {
    let Some(device) = device() else { return };
    let mut rng = run::generator();
    let mut kernel = kernel(text);
    (kernel.schedule.lanes, kernel.schedule.chunk) = (width, chunk);
    let kernel = verify(kernel).unwrap();
    let module = run::load(device, &kernel);
    for (steps, lanes) in STEPS.iter().flat_map(|&t| LANES.map(|n| (t, n))) {
        let mut launch = Launch::dense(&kernel, steps, lanes);
        let unit = if lanes.is_multiple_of(4) { 4 } else { 1 };
        launch.strides.iter_mut().for_each(|stride| *stride += unit * rng.random_range(0..3));
        let words = run::fill(&kernel, &launch, |_, _| tame(steps, run::input(&mut rng)).to_bits());
        let found = run::on_device(device, module.as_ref(), &kernel, &launch, 0, &words);
        let expected = run::interpreted(&kernel, &launch, &words);
        let context = format!("chunk {chunk}, {width} lanes, T {steps}, N {lanes}");
        for ((buffer, found), expected) in kernel.buffers.iter().zip(&found).zip(&expected) {
            run::assert_equal(buffer, found, expected, &context);
        }
    }
}

#[test]
fn products_are_the_interpreters() {
    for text in [PRODUCT, BACKWARD] {
        for (width, chunk) in [(1, 8), (4, 8), (1, 3)] {
            compare(text, width, chunk);
        }
    }
}

/// Params enough for the matrix to share a binding.
#[test]
fn matrices_that_share_a_binding_are_the_interpreters() {
    let many: String = (0..4).map(|i| format!("  in w{i}: param f32 matrix\n")).collect();
    let text = BACKWARD.replace("  in b:", &format!("{many}  in b:"));
    compare(&text, 4, 8);
}

fn outer_on_device(device: &Wgpu, module: &dyn Module, outer: &Outer, block: usize) -> Vec<f32> {
    let memory = |name: &str, all: &[f32]| {
        let words: Vec<u32> = all.iter().map(|x| x.to_bits()).collect();
        run::memory(device, name, &words)
    };
    let (left, right) = (memory("left", &outer.left), memory("right", &outer.right));
    let mut partial = memory("partial", &vec![7.25; outer.count(block)]);
    let mut arguments = [
        Argument::Read(left.as_ref()),
        Argument::Read(right.as_ref()),
        Argument::Write(partial.as_mut()),
    ];
    module.launch("outer", 0, outer.lanes, &mut arguments, &outer.scalars()).unwrap();
    run::words(device, partial.as_ref()).into_iter().map(f32::from_bits).collect()
}

#[test]
fn outer_products_are_near_the_reference() {
    let Some(device) = device() else { return };
    let artifact = run::artifact(&verify(kernel(BACKWARD)).unwrap());
    let block = artifact.manifest.entries["outer"].block as usize;
    let module = device.load(&artifact).unwrap();
    for outer in outers(&mut run::generator()) {
        outer.check(block, &outer_on_device(device, module.as_ref(), &outer, block));
    }
}
