//! What chance is made of.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::data::random::{below, generator, unit};

/// Numbers that a seed, an epoch and the index of a sample decide, on every machine the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// Those of a sample in an epoch.
    pub fn new(seed: u64, epoch: u64, sample: u64) -> Self {
        Self(generator(b"events\0\0", seed, epoch, sample))
    }

    /// Others, which have nothing to do with those that come here: how many are taken from them changes
    /// nothing else.
    pub fn fork(&mut self) -> Self {
        let mut key = [0; 32];
        self.0.fill_bytes(&mut key);
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A whole number below `n`, each as likely as any other; 0 where `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        match n {
            0 => 0,
            _ => below(&mut self.0, n),
        }
    }

    /// A number from 0 on and below 1, in steps of 2^-53.
    pub fn unit(&mut self) -> f64 {
        unit(&mut self.0)
    }

    /// True with a probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A number of the normal distribution of mean 0 and variance 1, by Box and Muller.
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * libm::log(1.0 - self.unit())).sqrt();
        radius * libm::cos(2.0 * std::f64::consts::PI * self.unit())
    }

    /// Says of `n` things in turn whether each is one of `chosen` that are chosen; every choice is as likely
    /// as any other. Algorithm S of Knuth, The Art of Computer Programming, section 3.4.2.
    pub(super) fn choose(&mut self, n: usize, chosen: usize) -> impl FnMut() -> bool + '_ {
        let (mut left, mut wanted) = (n as u64, chosen as u64);
        move || {
            let is_chosen = self.below(left) < wanted;
            left = left.saturating_sub(1);
            wanted -= u64::from(is_chosen);
            is_chosen
        }
    }
}
