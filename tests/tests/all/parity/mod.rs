//! IF and LIF in all forms on every machine: the interpreter, the CPU, WebGPU and CUDA give the same
//! spikes and last states bit for bit, and gradients near the oracle's.
//!
//! With `SNN_SOAK=1` every variant meets every size; else the large sizes meet a few, other ones in
//! each run. `SNN_DEVICES=cpu,cuda:0` runs on these devices alone.

mod calls;
mod check;
mod machines;
mod properties;
pub mod variants;

use snn_tests::compare::firing_rate;
use snn_tests::interpret::Interpreted;
use snn_tests::numbers::Numbers;

use check::Machines;
use variants::{Variant, variants};

/// Steps and lanes at which every variant is run.
const STEPS: [usize; 4] = [0, 1, 2, 17];
const LANES: [usize; 5] = [0, 1, 3, 30, 31];

/// Steps and lanes at which some are.
const LARGE: [(usize, usize); 4] = [(500, 31), (17, 4099), (2, 4100), (500, 4099)];
/// The largest, on a lane count that no vector width divides.
const HUGE: [(usize, usize); 3] = [(1, 1_048_579), (2, 1_048_579), (0, 1_048_579)];
/// The sizes of the soak that are in neither.
const SOAK: [(usize, usize); 2] = [(17, 1_048_579), (500, 1_048_579)];

/// Whether there is time for everything.
pub fn is_soak() -> bool {
    std::env::var("SNN_SOAK").is_ok_and(|value| value == "1")
}

fn run(machines: &Machines, variant: &Variant, steps: usize, lanes: usize, numbers: &mut Numbers) {
    let (call, seeds) = calls::random(variant, steps, &calls::step_shape(lanes), numbers);
    machines.check(&call, &seeds, numbers);
}

/// Every variant of a neuron at the small sizes.
fn small(neuron: &'static str) {
    let mut numbers = Numbers::fresh();
    for variant in variants(neuron) {
        let machines = Machines::new(&variant);
        for steps in STEPS {
            for lanes in LANES {
                run(&machines, &variant, steps, lanes, &mut numbers);
            }
        }
    }
}

/// Some variants at large sizes, in the soak all.
fn large(neuron: &'static str, sizes: &[(usize, usize)]) {
    let mut numbers = Numbers::fresh();
    let all = variants(neuron);
    for &(steps, lanes) in sizes {
        let count = if is_soak() { all.len() } else { 1 };
        for i in numbers.sample(count, all.len()) {
            run(&Machines::new(&all[i]), &all[i], steps, lanes, &mut numbers);
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
