//! Random numbers, fresh in every run and repeatable by `SNN_SEED`.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use snn_runtime::neuron::Array;

/// Whether there is time for everything.
pub fn is_soak() -> bool {
    std::env::var("SNN_SOAK").is_ok_and(|value| value == "1")
}

/// The seed of tests that every change has to pass.
const USUAL: u64 = 1;

/// A stream of random numbers.
pub struct Numbers {
    draw: StdRng,
}

impl Numbers {
    /// A stream with the seed of `SNN_SEED`; without it a fresh one where the tests run at full length,
    /// and always the same where every change has to pass them. The seed is printed, which the test
    /// harness shows where the test fails.
    pub fn fresh() -> Self {
        let given = std::env::var("SNN_SEED").ok();
        let seed = match &given {
            Some(text) => text.parse().expect("SNN_SEED is a whole number"),
            None if is_soak() => rand::random(),
            None => USUAL,
        };
        println!("repeat with SNN_SEED={seed}");
        Self::of(seed)
    }

    /// The stream of a seed.
    pub fn of(seed: u64) -> Self {
        Self { draw: StdRng::seed_from_u64(seed) }
    }

    /// A stream of its own with the next seed of this one.
    pub fn fork(&mut self) -> Self {
        Self::of(self.draw.random())
    }

    /// Numbers in `[low, high)`.
    pub fn uniform(&mut self, count: usize, low: f32, high: f32) -> Vec<f32> {
        (0..count).map(|_| self.draw.random_range(low..high)).collect()
    }

    /// An array of numbers in `[low, high)`.
    pub fn array(&mut self, shape: &[usize], low: f32, high: f32) -> Array {
        let data = self.uniform(shape.iter().product(), low, high);
        Array::new(shape.to_vec(), data).unwrap()
    }

    /// A whole number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.draw.random_range(0..end)
    }

    /// `count` different whole numbers below `end` in order, or all of them where there are fewer.
    pub fn sample(&mut self, count: usize, end: usize) -> Vec<usize> {
        let mut chosen = rand::seq::index::sample(&mut self.draw, end, count.min(end)).into_vec();
        chosen.sort_unstable();
        chosen
    }
}
