//! Kernels of segments of time on a device.

use rand::Rng;
use snn_compiler::kernel::Shape;
use snn_compiler::kernel::samples::SEGMENTS;
use snn_compiler::kernel::verify::verify;

use super::device::device;
use super::kernel;
use super::run::{self, Words};
use crate::cpu::products::tame;
use crate::cpu::segments::{LANES, SIZES, launch, near};

#[test]
fn segments_are_the_interpreters() {
    let Some(device) = device() else { return };
    let mut rng = run::generator();
    for ((name, text), width) in SEGMENTS.into_iter().flat_map(|text| [1, 4].map(|w| (text, w))) {
        let mut kernel = kernel(text);
        (kernel.schedule.lanes, kernel.schedule.chunk) = (width, 8);
        let kernel = verify(kernel).unwrap();
        let module = run::load(device, &kernel);
        for (sizes, lanes) in SIZES.iter().flat_map(|&size| LANES.map(|n| (size, n))) {
            let mut launch = launch(&kernel, sizes, lanes);
            let unit = if lanes.is_multiple_of(4) { 4 } else { 1 };
            launch.strides.iter_mut().for_each(|stride| *stride += unit * rng.random_range(0..3));
            let mut read = || tame(sizes.0, run::input(&mut rng)).to_bits();
            let words = run::fill(&kernel, &launch, |_, _| read());
            let found = run::on_device(device, module.as_ref(), &kernel, &launch, 0, &words);
            let expected = run::interpreted(&kernel, &launch, &words);
            let context = format!("{name}, {width} lanes, T and L {sizes:?}, N {lanes}");
            for ((buffer, found), expected) in kernel.buffers.iter().zip(&found).zip(&expected) {
                if buffer.shape != Shape::Partial {
                    run::assert_equal(buffer, found, expected, &context);
                    continue;
                }
                let reals = |words: &Words| {
                    let words = words.iter().flatten();
                    words.map(|word| f32::from_bits(*word).into()).collect::<Vec<f64>>()
                };
                near(&reals(found), &reals(expected));
            }
        }
    }
}
