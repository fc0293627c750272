//! Kernels on the CPU give the interpreter's bits.

use std::collections::BTreeSet;

use snn_compiler::kernel::interp::Launch;
use snn_compiler::kernel::{Kernel, Verified, samples};
use snn_compiler::targets::cranelift::Level;
use snn_runtime::cpu::Cpu;
use snn_runtime::device::Device;

use super::run::{self, Data};
use super::{STRIDES, kernel, levels};

const STEPS: [usize; 5] = [0, 1, 2, 17, 100];
const LANES: [usize; 5] = [0, 1, 3, 31, 4099];

/// Those whose every result follows from one lane.
const LANEWISE: [(&str, &str); 5] = [
    ("copy", samples::COPY),
    ("lif_forward", samples::LIF_FORWARD),
    ("lif_forward_train", samples::LIF_FORWARD_TRAIN),
    ("lif_backward_channel", samples::LIF_BACKWARD_CHANNEL),
    ("operations", samples::OPERATIONS),
];

/// A launch of channels and neurons that no vector divides.
fn launch(kernel: &Kernel, steps: usize, lanes: usize) -> Launch {
    let mut launch = Launch::dense(kernel, steps, lanes);
    (launch.channels, launch.channel_stride, launch.neurons) = (5, 3, 45);
    launch
}

fn compare(kernel: &Verified<Kernel>, launches: &[Launch], context: &str) {
    compare_on(levels(), kernel, launches, context);
}

fn compare_on(
    levels: impl Iterator<Item = Level>,
    kernel: &Verified<Kernel>,
    launches: &[Launch],
    context: &str,
) {
    let mut rng = run::generator();
    let cpu = Cpu::with_threads(2).unwrap();
    for level in levels {
        let module = cpu.load(&run::artifact(kernel, level)).unwrap();
        for launch in launches {
            for optional in [false, true] {
                let data = run::fill(kernel, launch, optional, &mut rng);
                let found = run::on_cpu(&cpu, module.as_ref(), kernel, launch, &data);
                let expected = run::interpreted(kernel, launch, &data);
                let (steps, lanes) = (launch.steps, launch.lanes);
                let context = format!(
                    "{context} {}, T {steps}, N {lanes}, optional {optional}",
                    level.name()
                );
                run::assert_equal(kernel, &found, &expected, &context);
            }
        }
    }
}

#[test]
fn all_sizes_give_the_interpreters_bits() {
    for (name, text) in LANEWISE {
        let kernel = kernel(text, None);
        let launches = STEPS.iter().flat_map(|&t| LANES.map(|n| launch(&kernel, t, n)));
        compare(&kernel, &launches.collect::<Vec<_>>(), name);
    }
}

#[test]
fn all_schedules_give_the_interpreters_bits() {
    let schedules =
        [[1, 1, 1], [3, 2, 6], [8, 3, 9], [4, 4, 64], [8, 12, 36], [16, 64, 64], [5, 1024, 2048]];
    for (name, text) in LANEWISE {
        for schedule in schedules {
            let kernel = kernel(text, Some(schedule));
            compare(&kernel, &[launch(&kernel, 19, 3001)], &format!("{name} {schedule:?}"));
        }
    }
}

/// The same kernel computed in f64, with storage as it is or all in f64. Bits of reals are an f32's, so
/// conversions take their place.
fn wide(text: &str, storage: bool) -> String {
    let text = text.replace("real_bits", "real_to_int").replace("bits_real", "int_to_real");
    if storage { text.replace(" f32 ", " f64 ") } else { text.replacen(" f32 ", " f64 ", 1) }
}

#[test]
fn double_precision_gives_the_interpreters_bits() {
    for (name, text) in LANEWISE {
        for storage in [false, true] {
            let kernel = kernel(&wide(text, storage), None);
            let launches = [1, 31, 1500].map(|n| launch(&kernel, 17, n));
            compare(&kernel, &launches, &format!("{name} in f64, stored so: {storage}"));
        }
    }
}

#[test]
fn sums_of_groups_are_the_interpreters_bits_in_both_types() {
    let single = samples::LIF_BACKWARD_CHANNEL
        .replace("partial f32 lane", "partial f32 group")
        .replace("store partial.tau", "reduce partial.tau");
    for text in [wide(&single, false), wide(&single, true), single] {
        // The last one's strips are shorter than its blocks, so that what is kept stays near.
        for schedule in [[8, 16, 16], [3, 48, 240], [8, 1024, 1024], [64, 512, 1024]] {
            let kernel = kernel(&text, Some(schedule));
            let sizes = [1, 15, 16, 31, 1037].iter().flat_map(|n| STRIDES.map(|s| (*n, s)));
            let launches = sizes.map(|(lanes, channel_stride)| Launch {
                channel_stride,
                ..launch(&kernel, 5, lanes)
            });
            let context = format!("{} {schedule:?}", text.lines().next().unwrap_or_default());
            compare(&kernel, &launches.collect::<Vec<_>>(), &context);
        }
    }
}

#[test]
fn rows_may_lie_apart_and_inputs_may_repeat_a_row() {
    for (name, text) in LANEWISE {
        let kernel = kernel(text, None);
        let mut apart = launch(&kernel, 11, 1037);
        apart.strides.iter_mut().enumerate().for_each(|(i, stride)| *stride += 13 * i + 1);
        let mut repeated = launch(&kernel, 11, 1037);
        repeated.strides[0] = 0;
        compare(&kernel, &[apart, repeated], name);
    }
}

const FMA: &str = "\
kernel multiply f32 chunk 8 lanes 16 block 16
  in x: input f32 sequence
  in y: input f32 sequence
  out z: output f32 sequence
  chunks forward
    steps forward
      %0 = load x
      %1 = load y
      %2 = fma %0, %0, %1
      store z, %2
    end
  end
";

#[test]
fn fma_rounds_once() {
    let kernel = kernel(FMA, None);
    let levels = levels().filter(|level| *level != Level::X86_64V2);
    compare_on(levels, &kernel, &[launch(&kernel, 9, 1037)], "fma");
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let mut rng = run::generator();
    for text in [samples::LIF_FORWARD_TRAIN, samples::LIF_BACKWARD, samples::LIF_BACKWARD_CHANNEL] {
        let kernel = kernel(text, None);
        let launch = launch(&kernel, 30, 20_011);
        let data = run::fill(&kernel, &launch, true, &mut rng);
        let level = levels().last().unwrap();
        let results = [1, 2, 7].map(|n_threads| {
            let cpu = Cpu::with_threads(n_threads).unwrap();
            let module = cpu.load(&run::artifact(&kernel, level)).unwrap();
            run::on_cpu(&cpu, module.as_ref(), &kernel, &launch, &data)
        });
        run::assert_equal(&kernel, &results[1], &results[0], "2 threads");
        run::assert_equal(&kernel, &results[2], &results[0], "7 threads");
    }
}

#[test]
fn sums_of_blocks_are_those_of_their_lanes() {
    let mut rng = run::generator();
    let cpu = Cpu::with_threads(2).unwrap();
    let lanewise = kernel(samples::LIF_BACKWARD_CHANNEL, None);
    for schedule in [[8, 16, 1024], [8, 4, 4], [4, 1, 7], [16, 256, 512]] {
        let blocks = kernel(samples::LIF_BACKWARD, Some(schedule));
        for (level, lanes) in levels().flat_map(|level| [1, 15, 16, 1025, 4099].map(|n| (level, n)))
        {
            let module = cpu.load(&run::artifact(&blocks, level)).unwrap();
            let mut launch = Launch::dense(&blocks, 17, lanes);
            (launch.channels, launch.channel_stride) = (1, lanes);
            let finite = |x: &mut f32| *x = if x.abs() < 4.0 { *x } else { 0.5 };
            let mut data = run::fill(&blocks, &launch, true, &mut rng);
            for data in &mut data {
                if let Data::F32(all) = data {
                    all.iter_mut().for_each(finite);
                }
            }
            let found = run::on_cpu(&cpu, module.as_ref(), &blocks, &launch, &data);
            // The other kernel differs only in that it leaves the contribution of each lane.
            *data.last_mut().unwrap() = Data::F32(vec![0.0; lanes]);
            let lanewise = lanewise_with(&lanewise, schedule);
            let each = run::interpreted(&lanewise, &launch, &data).last().unwrap().reals();
            let found = found.last().unwrap().reals();
            let block = schedule[2] as usize;
            assert_eq!(found.len(), lanes.div_ceil(block));
            for (found, each) in found.iter().zip(each.chunks(block)) {
                let (sum, size) =
                    (each.iter().sum::<f64>(), each.iter().map(|e| e.abs()).sum::<f64>());
                assert!((found - sum).abs() <= 1e-6 * size, "{schedule:?}: {found}, not {sum}");
            }
        }
    }
}

fn lanewise_with(kernel: &Verified<Kernel>, [chunk, lanes, block]: [u32; 3]) -> Verified<Kernel> {
    let mut kernel = Kernel::clone(kernel);
    (kernel.schedule.chunk, kernel.schedule.lanes, kernel.schedule.block) = (chunk, lanes, block);
    snn_compiler::kernel::verify(kernel).unwrap()
}

#[test]
fn gradients_in_single_are_close_to_those_in_double() {
    let mut rng = run::generator();
    let cpu = Cpu::with_threads(2).unwrap();
    let single = kernel(samples::LIF_BACKWARD_CHANNEL, None);
    let double = kernel(&wide(samples::LIF_BACKWARD_CHANNEL, false), None);
    let launch = launch(&single, 4, 4099);
    let mut data = run::fill(&single, &launch, true, &mut rng);
    // Inputs of a few bits make the potentials exact in both, so that both spike at the same steps.
    for data in &mut data {
        if let Data::F32(all) = data {
            all.iter_mut()
                .for_each(|x| *x = if x.abs() < 4.0 { (*x * 8.0).round() / 8.0 } else { 1.0 });
        }
    }
    data[2] = Data::F32(vec![2.0; 5]);
    let module = cpu.load(&run::artifact(&single, levels().last().unwrap())).unwrap();
    let found = run::on_cpu(&cpu, module.as_ref(), &single, &launch, &data);
    let expected = run::interpreted(&double, &launch, &data);
    for ((buffer, found), expected) in single.buffers.iter().zip(&found).zip(&expected) {
        let (found, expected) = (found.reals(), expected.reals());
        let norm = |all: &mut dyn Iterator<Item = f64>| all.map(|x| x * x).sum::<f64>().sqrt();
        let distance = norm(&mut found.iter().zip(&expected).map(|(f, e)| f - e));
        let size = norm(&mut expected.iter().copied());
        assert!(distance <= 1e-6 * size, "{}: {distance} of {size}", buffer.name);
    }
}

#[test]
fn a_long_sequence_and_a_short_chunk_leave_the_same_last_state() {
    let mut seen = BTreeSet::new();
    let mut rng = run::generator();
    let first = kernel(samples::LIF_FORWARD, None);
    let launch = launch(&first, 503, 7);
    let data = run::fill(&first, &launch, true, &mut rng);
    for chunk in [1, 7, 8, 503, 600] {
        let kernel = kernel(samples::LIF_FORWARD, Some([chunk, 16, 1024]));
        let cpu = Cpu::with_threads(1).unwrap();
        let module = cpu.load(&run::artifact(&kernel, levels().last().unwrap())).unwrap();
        let found = run::on_cpu(&cpu, module.as_ref(), &kernel, &launch, &data);
        seen.insert(format!("{:?}", found.last().unwrap()));
    }
    assert_eq!(seen.len(), 1);
}

/// Smallest and largest of two, where one of them is a constant: other instructions than where none is.
#[test]
fn bounds_that_are_constants_treat_zeros_and_nan_alike() {
    for constant in ["2.0", "-2.0", "0.0", "-0.0", "1e-40", "1e-60", "inf", "nan"] {
        let mut text = String::from("kernel bounds f32 chunk 8 lanes 16 block 16\n");
        text += "  in x: input f32 sequence\n";
        let forms = ["min %0, %1", "min %1, %0", "max %0, %1", "max %1, %0"];
        for i in 0..forms.len() {
            text += &format!("  out y{i}: output f32 sequence\n");
        }
        text += &format!("  %0 = real {constant}\n  chunks forward\n    steps forward\n");
        text += "      %1 = load x\n";
        for (i, form) in forms.iter().enumerate() {
            text += &format!("      %{} = {form}\n      store y{i}, %{}\n", i + 2, i + 2);
        }
        text += "    end\n  end\n";
        for text in [wide(&text, true), text] {
            let kernel = kernel(&text, None);
            compare(&kernel, &[launch(&kernel, 64, 35)], constant);
        }
    }
}

/// Rows of 35 lanes begin anywhere, also where an instruction could read them itself.
#[test]
fn what_is_compared_with_a_row_may_lie_anywhere() {
    for compare_by in ["lt", "le", "gt", "ge", "eq", "ne"] {
        for operands in ["%0, %2", "%2, %0"] {
            let text = format!(
                "kernel compares f32 chunk 8 lanes 16 block 16\n  in x: input f32 sequence\n  \
                 out y: output f32 sequence\n  %0 = real 2.0\n  %1 = real 0.0\n  \
                 chunks forward\n    steps forward\n      %2 = load x\n      \
                 %3 = {compare_by} {operands}\n      %4 = select %3, %0, %1\n      \
                 store y, %4\n    end\n  end\n"
            );
            let kernel = kernel(&text, None);
            compare(&kernel, &[launch(&kernel, 9, 35)], &format!("{compare_by} {operands}"));
        }
    }
}
