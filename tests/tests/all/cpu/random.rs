//! Random kernels on the CPU give the interpreter's bits.

use rand::Rng;
use snn_compiler::kernel::interp::Launch;
use snn_compiler::kernel::random::{Arithmetic, random};
use snn_compiler::kernel::{Buffer, Float, GROUP, Kernel, Schedule, Shape, Stmt, verify};
use snn_runtime::cpu::Cpu;
use snn_runtime::device::Device;

use super::run::{self, Data};
use super::{STRIDES, levels};

const SCHEDULES: [[u32; 3]; 7] =
    [[8, 16, 64], [1, 4, 8], [3, 5, 15], [4, 64, 128], [16, 24, 24], [5, 48, 48], [2, 128, 128]];

/// Multiples of a quarter, of which the kernels' sums are exact in any order.
fn quarters(data: &mut Data) {
    if let Data::F32(all) = data {
        all.iter_mut()
            .for_each(|x| *x = if x.abs() < 32.0 { (*x * 4.0).round() / 4.0 } else { 8.5 });
    }
}

/// Takes out the sums of groups, which strips that cut groups do not have.
fn without_groups(kernel: &mut Kernel) {
    let is_group = |buffer: &Buffer| buffer.shape == Shape::Group;
    kernel.body.retain(|stmt| match stmt {
        Stmt::Reduce(buffer, _) => !is_group(&kernel.buffers[buffer.0 as usize]),
        _ => true,
    });
    kernel.buffers.retain(|buffer| !is_group(buffer));
}

#[test]
fn random_kernels_give_the_interpreters_bits() {
    let mut rng = run::generator();
    let cpu = Cpu::with_threads(2).unwrap();
    let levels: Vec<_> = levels().collect();
    for case in 0..200 {
        let exact = case % 2 == 0;
        let [chunk, lanes, block] = SCHEDULES[rng.random_range(0..SCHEDULES.len())];
        let tape: Vec<u32> = (0..300).map(|_| rng.random()).collect();
        let arithmetic = if exact { Arithmetic::Exact } else { Arithmetic::Any };
        let mut kernel = random(&tape, arithmetic, Schedule { chunk, lanes, block });
        if exact && rng.random() {
            kernel.compute = Float::F64;
        }
        if !lanes.is_multiple_of(GROUP) {
            without_groups(&mut kernel);
        }
        let kernel = verify(kernel).unwrap();
        let (steps, lanes) = (rng.random_range(0..20), rng.random_range(0..200));
        let mut launch = Launch::dense(&kernel, steps, lanes);
        (launch.channels, launch.channel_stride) = (3, STRIDES[rng.random_range(0..STRIDES.len())]);
        let mut data = run::fill(&kernel, &launch, rng.random(), &mut rng);
        if exact {
            data.iter_mut().for_each(quarters);
        }
        let module = cpu.load(&run::artifact(&kernel, levels[case / 2 % levels.len()])).unwrap();
        let mut found = run::on_cpu(&cpu, module.as_ref(), &kernel, &launch, &data);
        let mut expected = run::interpreted(&kernel, &launch, &data);
        if !exact {
            let sums = kernel.buffers.iter().position(|b| b.shape == Shape::Partial).unwrap();
            (found[sums], expected[sums]) = (Data::Absent, Data::Absent);
        }
        run::assert_equal(&kernel, &found, &expected, &format!("case {case}"));
    }
}
