//! Quotients and square roots are correctly rounded in each way that the probe takes for right.

use rand::Rng;
use snn_compiler::kernel::interp::Launch;
use snn_compiler::kernel::verify::verify;
use snn_runtime::device::Device;
use snn_runtime::wgpu::{Division, Wgpu, probe};

use super::device::device;
use super::run::{self, SPECIAL};
use super::{emitted, kernel, text};

/// The ways that a device computes rightly, of a text that is the probe.
fn right(device: &Wgpu, text: &str) -> Vec<Division> {
    let is_right = |division: &Division| {
        let failures = probe::failures(device, text, *division).unwrap();
        !failures.iter().any(|failure| probe::DIVISIONS.contains(failure))
    };
    Division::all().filter(is_right).collect()
}

#[test]
fn whole_numbers_are_right_on_every_device_and_drivers_that_do_not_fuse_are_found_out() {
    let Some(device) = device() else { return };
    let right = right(device, probe::WGSL);
    assert!(right.contains(&Division { quotients: 2, roots: 1 }), "{right:?}");
    if device.description().contains("llvmpipe") {
        let fused = Division { quotients: 1, roots: 0 };
        assert!(right.contains(&Division::default()) && !right.contains(&fused), "{right:?}");
    }
}

/// A driver may be off by a few units in the last place, here on purpose.
#[test]
fn whole_numbers_are_right_where_the_driver_is_off_by_four_units() {
    let Some(device) = device() else { return };
    let source = emitted(kernel(super::probe::SOURCE));
    let text = text(&source);
    for (operation, count) in
        [("(1f / ", 2), ("u32(sqrt(", 1), ("(a_3 / b_3)", 1), ("return sqrt(a_5)", 1)]
    {
        assert_eq!(text.matches(operation).count(), count, "{operation} in {text}");
    }
    for factor in ["0.9999996", "1.0000004"] {
        let off = text
            .replace("(1f / ", &format!("({factor}f / "))
            .replace("u32(sqrt(", &format!("u32({factor}f * sqrt("))
            .replace("(a_3 / b_3)", &format!("((a_3 / b_3) * {factor}f)"))
            .replace("return sqrt(a_5)", &format!("return {factor}f * sqrt(a_5)"));
        let right = right(device, &off);
        assert!(right.contains(&Division { quotients: 2, roots: 1 }), "{right:?} at {factor}");
        assert!(right.iter().all(|way| way.quotients > 0 && way.roots > 0), "{right:?}");
    }
}

/// Every pair of special numbers; of numbers that differ little; of any bits.
fn pairs(rng: &mut impl Rng) -> Vec<[f32; 2]> {
    let special = SPECIAL.iter().flat_map(|&x| SPECIAL.iter().map(move |&y| [x, y]));
    let mut pairs: Vec<[f32; 2]> = special.collect();
    for turn in 0..400_000 {
        pairs.push(match turn % 4 {
            0 => [rng.random_range(-2.0..2.0), rng.random_range(1.0..20.0)],
            1 => [1, 2].map(|_| f32::from_bits(0x3f80_0000 + rng.random_range(0..64))),
            // Quotients below the normal numbers.
            2 => [1, 2].map(|half| f32::from_bits(rng.random_range(0..0x2000_0000) * half)),
            _ => [0, 0].map(|_: i32| f32::from_bits(rng.random())),
        });
    }
    pairs
}

#[test]
fn whole_numbers_divide_as_the_processor() {
    let Some(device) = device() else { return };
    let pairs = pairs(&mut run::generator());
    let source = "kernel forward f32 chunk 4 lanes 4 block 256\n  in x: state_in f32 lane\n  \
        in y: state_in f32 lane\n  out q: state_out f32 lane\n  out r: state_out f32 lane\n  \
        %0 = load x\n  %1 = load y\n  %2 = div %0, %1\n  %3 = sqrt %0\n  store q, %2\n  store r, %3\n";
    let mut kernel = kernel(source);
    kernel.schedule.lanes = 4;
    let kernel = verify(kernel).unwrap();
    let division = Division { quotients: 2, roots: 1 };
    for lanes in [pairs.len() & !3, pairs.len() & !3 | 1] {
        let launch = Launch::dense(&kernel, 0, lanes.min(pairs.len()));
        let words = run::fill(&kernel, &launch, |buffer, i| {
            pairs[i][usize::from(buffer.name == "y")].to_bits()
        });
        let module = device.load_dividing(&run::artifact(&kernel), division).unwrap();
        let found = run::on_device(device, module.as_ref(), &kernel, &launch, 0, &words);
        let expected = run::interpreted(&kernel, &launch, &words);
        for place in [2, 3] {
            let name = &kernel.buffers[place].name;
            run::assert_equal(&kernel.buffers[place], &found[place], &expected[place], name);
        }
    }
}
