//! Random kernels on a device give the interpreter's bits.

use rand::Rng;
use snn_compiler::kernel::interp::Launch;
use snn_compiler::kernel::random::{Arithmetic, random};
use snn_compiler::kernel::{Schedule, Shape, Storage, verify};

use super::device::device;
use super::run;
use crate::cpu::STRIDES;

const BLOCKS: [u32; 4] = [16, 48, 64, 256];

#[test]
#[ignore = "lavapipe gives 0 for a NaN in some kernels, which is not understood yet"]
fn random_kernels_give_the_interpreters_bits() {
    let Some(device) = device() else { return };
    let mut rng = run::generator();
    for case in 0..20 {
        let schedule = Schedule {
            chunk: rng.random_range(1..9),
            lanes: 1,
            block: BLOCKS[rng.random_range(0..BLOCKS.len())],
        };
        let tape: Vec<u32> = (0..300).map(|_| rng.random()).collect();
        let kernel = verify::verify(random(&tape, Arithmetic::Any, schedule)).unwrap();
        let module = run::load(device, &kernel);
        for stride in STRIDES {
            let (steps, lanes) = (rng.random_range(0..20), rng.random_range(0..600));
            let mut launch = Launch::dense(&kernel, steps, lanes);
            (launch.channels, launch.channel_stride) = (3, stride);
            let mut words = run::fill(&kernel, &launch, |buffer, _| match buffer.storage {
                Storage::I32 => rng.random(),
                _ => run::input(&mut rng).to_bits(),
            });
            for (words, buffer) in words.iter_mut().zip(&kernel.buffers) {
                if buffer.optional && rng.random_ratio(1, 4) {
                    *words = None;
                }
            }
            let found = run::on_device(device, module.as_ref(), &kernel, &launch, 0, &words);
            let expected = run::interpreted(&kernel, &launch, &words);
            let context = format!("case {case}, S {stride}");
            for ((buffer, found), expected) in kernel.buffers.iter().zip(&found).zip(&expected) {
                // Of blocks each target has its own order.
                if buffer.shape != Shape::Partial {
                    run::assert_equal(buffer, found, expected, &context);
                }
            }
        }
    }
}
