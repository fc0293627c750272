//! Kernels of segments of time on the CPU.

use rand::Rng;
use snn_compiler::kernel::interp::Launch;
use snn_compiler::kernel::samples::SEGMENTS;
use snn_compiler::kernel::{Kernel, Shape};
use snn_runtime::cpu::Cpu;
use snn_runtime::device::Device;

use super::products::tame;
use super::run::{self, Data};
use super::{kernel, levels};

/// Steps, with those of a segment: no step, less than a segment, whole ones, and many that are none.
pub const SIZES: [(usize, usize); 7] =
    [(0, 32), (5, 32), (32, 32), (33, 32), (200, 64), (320, 32), (331, 32)];
pub const LANES: [usize; 4] = [1, 8, 33, 300];

/// A launch over segments.
pub fn launch(kernel: &Kernel, (steps, segment): (usize, usize), lanes: usize) -> Launch {
    let channel_stride = if lanes.is_multiple_of(4) { 4 } else { 1 };
    let (channels, neurons) = (3, 7);
    let dense = Launch::dense(kernel, steps, lanes);
    Launch { segment, channels, channel_stride, neurons, ..dense }
}

/// Sums that differ in their order alone.
pub fn near(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected).filter(|(a, b)| a.is_finite() && b.is_finite()) {
        assert!((a - b).abs() <= 1e-3 * b.abs().max(1.0), "{a} is not {b}");
    }
}

#[test]
fn segments_are_the_interpreters() {
    let mut rng = run::generator();
    let cpu = Cpu::with_threads(2).unwrap();
    for (name, text) in SEGMENTS {
        for (schedule, level) in [[8, 16, 64], [16, 64, 128], [4, 5, 80], [32, 16, 16]]
            .iter()
            .flat_map(|schedule| levels().map(move |level| (schedule, level)))
            .filter(|(schedule, _)| !text.contains(" group") || schedule[1] != 5)
        {
            let kernel = kernel(text, Some(*schedule));
            let module = cpu.load(&run::artifact(&kernel, level)).unwrap();
            for (sizes, lanes) in SIZES.iter().flat_map(|&size| LANES.map(|n| (size, n))) {
                let mut launch = launch(&kernel, sizes, lanes);
                launch.strides.iter_mut().for_each(|stride| *stride += rng.random_range(0..3));
                let optional = rng.random();
                let mut data = run::fill(&kernel, &launch, optional, &mut rng);
                for data in &mut data {
                    if let Data::F32(all) = data {
                        all.iter_mut().for_each(|x| *x = tame(sizes.0, *x));
                    }
                }
                let mut found = run::on_cpu(&cpu, module.as_ref(), &kernel, &launch, &data);
                let mut expected = run::interpreted(&kernel, &launch, &data);
                let sums = kernel.buffers.iter().position(|b| b.shape == Shape::Partial);
                if let Some(sums) = sums {
                    let taken = |all: &mut [Data]| std::mem::replace(&mut all[sums], Data::Absent);
                    near(&taken(&mut found).reals(), &taken(&mut expected).reals());
                }
                let context = format!("{name}, {schedule:?}, T and L {sizes:?}, N {lanes}");
                run::assert_equal(&kernel, &found, &expected, &context);
            }
        }
    }
}
