//! What chance is made of where samples are changed.

use rand_chacha::ChaCha8Rng;

use crate::data::random::{below, generator, unit};

/// Numbers that a seed, an epoch and the index of a sample decide: the same on every machine and for any number of
/// threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// Those of a sample in an epoch.
    #[must_use]
    pub fn new(seed: u64, epoch: u64, sample: u64) -> Self {
        Self(generator(b"samples\0", seed, epoch, sample))
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
}
