//! IF and LIF in all forms on every machine: the interpreter, the CPU, WebGPU and CUDA give the same
//! spikes and last states bit for bit, and gradients near the oracle's.
//!
//! With `SNN_SOAK=1` every variant meets every size but the last, with other numbers in each run; else the
//! large sizes meet a few. `SNN_DEVICES=cpu,cuda:0` runs on these devices alone.

mod alone;
mod broadcast;
pub mod calls;
pub mod check;
pub mod corpus;
#[cfg(feature = "cuda")]
mod cuda;
mod draws;
mod groups;
mod indexed;
pub mod machines;
mod packed;
pub mod parallel;
mod programs;
mod properties;
mod scan;
pub mod variants;

use snn_artifact::Target;
use snn_tests::compare::{assert_firing_rate, firing_rate};
use snn_tests::gpu::cases::{CASES, Case};
use snn_tests::interpret::Interpreted;
use snn_tests::numbers::{Numbers, is_soak};

use check::Machines;
use variants::{Variant, variants};

/// Steps and lanes at which every variant is run: of kernels for few steps the short chunk and the full one,
/// of the others a full chunk with a short one, and of those for many steps two full ones.
const STEPS: [usize; 6] = [0, 1, 2, 17, 4, 32];
const LANES: [usize; 5] = [0, 1, 3, 30, 31];

/// Steps and lanes at which some are.
const LARGE: [(usize, usize); 6] =
    [(500, 31), (17, 4099), (2, 4100), (500, 4099), (4, 4104), (48, 4104)];
/// The largest, on a lane count that no vector width divides.
const HUGE: [(usize, usize); 3] = [(1, 1_048_579), (2, 1_048_579), (0, 1_048_579)];
/// Sizes for the soak alone; the last takes 30 GiB, and is run one at a time with a few variants.
const SOAK: [(usize, usize); 3] = [(17, 1_048_579), (1, 4099), (500, 3)];
const LAST: (usize, usize) = (500, 1_048_579);

/// Runs a variant at a size, and returns the spikes.
fn run(
    machines: &Machines,
    variant: &Variant,
    steps: usize,
    lanes: usize,
    numbers: &mut Numbers,
) -> Vec<f32> {
    let (call, seeds) = calls::random(variant, steps, &calls::step_shape(lanes), numbers);
    let mut found = machines.check(&call, &seeds, numbers);
    found.forward.outputs.remove("s").unwrap().into_data()
}

/// Every variant of a neuron at the small sizes.
fn small(neuron: &'static str) {
    let mut numbers = Numbers::fresh();
    for variant in variants(neuron) {
        let machines = Machines::new(&variant);
        let mut spikes = Vec::new();
        for steps in STEPS {
            for lanes in LANES {
                spikes.extend(run(&machines, &variant, steps, lanes, &mut numbers));
            }
        }
        // A single one of these sizes is too small to have a rate.
        assert_firing_rate(&machines.name, &spikes);
    }
}

/// Some variants at large sizes, in the soak all.
fn large(neuron: &'static str, sizes: &[(usize, usize)]) {
    let count = if is_soak() { usize::MAX } else { 3 };
    some(neuron, sizes, count, &mut Numbers::fresh());
}

/// For each size so many variants, chosen anew in each run.
fn some(neuron: &'static str, sizes: &[(usize, usize)], count: usize, numbers: &mut Numbers) {
    let all = variants(neuron);
    let mut wanted = vec![Vec::new(); all.len()];
    for &size in sizes {
        numbers.sample(count, all.len()).into_iter().for_each(|i| wanted[i].push(size));
    }
    for (variant, sizes) in all.iter().zip(wanted).filter(|(_, sizes)| !sizes.is_empty()) {
        let machines = Machines::new(variant);
        for (steps, lanes) in sizes {
            let spikes = run(&machines, variant, steps, lanes, numbers);
            assert_firing_rate(&machines.name, &spikes);
        }
    }
}

#[test]
fn if_at_small_sizes() {
    small("if");
}

#[test]
fn lif_at_small_sizes() {
    small("lif");
}

#[test]
fn plif_at_small_sizes() {
    small("plif");
}

#[test]
fn if_at_large_sizes() {
    large("if", &LARGE);
}

#[test]
fn lif_at_large_sizes() {
    large("lif", &LARGE);
}

#[test]
fn plif_at_large_sizes() {
    large("plif", &LARGE);
}

#[test]
fn if_on_a_million_lanes() {
    large("if", &HUGE);
}

#[test]
fn lif_on_a_million_lanes() {
    large("lif", &HUGE);
}

#[test]
fn plif_on_a_million_lanes() {
    large("plif", &HUGE);
}

#[test]
fn sizes_of_the_soak() {
    if is_soak() {
        ["if", "lif", "plif"].into_iter().for_each(|neuron| large(neuron, &SOAK));
    }
}

#[test]
fn the_last_size_of_the_soak() {
    let mut numbers = Numbers::fresh();
    for neuron in ["if", "lif", "plif"].into_iter().filter(|_| is_soak()) {
        some(neuron, &[LAST], 1, &mut numbers);
    }
}

/// Puts the PTX of all neurons into the cache that `SNNC_CACHE` names, for a machine whose build has no
/// LLVM; run there, or by such a build here, it finds whether all of it is there.
#[test]
#[ignore = "it is for cargo xtask gpu"]
fn ptx_is_in_the_cache() {
    let target = Target::Ptx { sm: 75 };
    machines::compiler().copy(&target).unwrap();
    packed::artifacts(&target);
    let random = programs::packed().into_iter().map(|random| random.program);
    let written = [
        corpus::programs(),
        alone::programs(),
        broadcast::programs(),
        groups::programs(),
        indexed::programs(),
        parallel::programs(),
    ]
    .concat();
    let timed = CASES.iter().map(Case::program);
    let others = random.chain(written).chain(timed);
    for program in variants::all().iter().map(Variant::program).chain(others) {
        machines::compiler().artifact(&target, &machines::source(&program)).unwrap();
    }
}

#[test]
fn thresholds_are_hit_exactly() {
    let mut numbers = Numbers::fresh();
    for variant in variants::all() {
        let (mut hits, mut spikes) = (0, Vec::new());
        let program = variant.with_distance();
        let neuron: Interpreted = machines::interpreted(&program, None);
        for _ in 0..16 {
            let (call, _) = calls::random(&variant, 17, &calls::step_shape(30), &mut numbers);
            let found = neuron.forward(&call);
            hits += found.outputs["u"].data().iter().filter(|u| **u == 0.0).count();
            spikes.extend_from_slice(found.outputs["s"].data());
        }
        assert!(hits > 0, "{}", variant.name());
        println!("{}: {hits} hits, a rate of {:.2}", variant.name(), firing_rate(&spikes));
    }
}
