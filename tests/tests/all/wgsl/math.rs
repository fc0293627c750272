//! Functions of the maths library are the interpreter's to the bit.

use rand::Rng;
use snn_compiler::kernel::interp::Launch;
use snn_compiler::kernel::legalize::{Capabilities, legalize};
use snn_compiler::kernel::parse::parse;
use snn_compiler::kernel::verify::verify;

use super::device::device;
use super::run;

const FUNCTIONS: [&str; 16] = [
    "exp", "expm1", "exprel", "log", "log1p", "sigmoid", "softplus", "tanh", "sinh", "cosh",
    "atan", "sin", "cos", "tan", "erf", "erfc",
];

/// Every 65,521st number by its bits, then numbers near 0 and of the size of potentials.
fn sweep(rng: &mut impl Rng) -> Vec<u32> {
    let all = (0..=u32::MAX).step_by(65_521);
    let mut near = |size: f32| -> Vec<u32> {
        (0..20_000).map(|_| rng.random_range(-size..size).to_bits()).collect()
    };
    let (small, large) = (near(1.0), near(100.0));
    all.chain(small).chain(large).collect()
}

#[test]
fn functions_are_the_interpreters_over_all_magnitudes() {
    let Some(device) = device() else { return };
    let mut rng = run::generator();
    let sweep = sweep(&mut rng);
    for function in FUNCTIONS {
        let text = format!(
            "kernel forward f32 chunk 4 lanes 1 block 256\n  in x: state_in f32 lane\n  \
             out y: state_out f32 lane\n  %0 = load x\n  %1 = {function} %0\n  store y, %1\n"
        );
        let kernel = legalize(parse(&text).unwrap(), &Capabilities::WGSL).unwrap();
        let kernel = verify(kernel).unwrap();
        let launch = Launch::dense(&kernel, 0, sweep.len());
        let words = run::fill(&kernel, &launch, |_, i| sweep[i]);
        let module = run::load(device, &kernel);
        let found = run::on_device(device, module.as_ref(), &kernel, &launch, 0, &words);
        let expected = run::interpreted(&kernel, &launch, &words);
        run::assert_equal(&kernel.buffers[1], &found[1], &expected[1], function);
    }
}
