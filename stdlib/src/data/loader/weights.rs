//! Samples drawn by weights.

use std::fmt;

use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

use super::sampler::Replacement;
use crate::data::error::{self, Result};
use crate::data::random::unit;

/// A weight for each sample, such that a draw comes from each class as often as from any other: one divided by how
/// many samples the class of the sample has.
///
/// ```
/// assert_eq!(snn::data::loader::balanced(&[0, 1, 1, 1, 1, 0]), [0.5, 0.25, 0.25, 0.25, 0.25, 0.5]);
/// ```
#[must_use]
pub fn balanced(labels: &[usize]) -> Vec<f64> {
    let mut counts = std::collections::HashMap::new();
    labels.iter().for_each(|label| *counts.entry(label).or_insert(0_u64) += 1);
    labels.iter().map(|label| 1.0 / counts[label] as f64).collect()
}

/// Weights, from which samples are drawn.
///
/// A binary tree of sums: a sample is drawn on the way down, and taken out by adding up anew on the way up. Nothing is
/// subtracted, so that what was taken out leaves no remainder, and additions are the same on every machine, which
/// logarithms would not be.
#[derive(Clone)]
pub(super) struct Weights {
    /// The root is element 1, the children of `i` are `2 i` and `2 i + 1`, and the leaves are the last half.
    sums: Vec<f64>,
}

impl Weights {
    /// # Errors
    ///
    /// [`Error::Argument`](crate::data::Error::Argument) where a weight is negative or not finite, and where their sum
    /// is infinite or 0.
    pub fn new(weights: &[f64]) -> Result<Self> {
        let is_weight = |weight: &&f64| weight.is_finite() && **weight >= 0.0;
        if let Some(other) = weights.iter().find(|weight| !is_weight(weight)) {
            return Err(error::argument("a weight", "0 or more and finite", other));
        }
        let n = weights.len().next_power_of_two();
        let mut sums = vec![0.0; 2 * n];
        sums[n..n + weights.len()].copy_from_slice(weights);
        (1..n).rev().for_each(|node| sums[node] = sums[2 * node] + sums[2 * node + 1]);
        match sums[1].is_finite() && sums[1] > 0.0 {
            true => Ok(Self { sums }),
            false => Err(error::argument("the sum of the weights", "above 0 and finite", sums[1])),
        }
    }

    /// What tells these weights from others.
    pub fn digest(&self) -> u64 {
        let mut digest = Sha256::new();
        self.sums.iter().for_each(|sum| digest.update(sum.to_le_bytes()));
        digest.finalize().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// So many draws.
    pub fn draw(&self, n: usize, replacement: Replacement, random: &mut ChaCha8Rng) -> Vec<usize> {
        let mut rest = self.clone();
        let draw = |_| {
            let leaf = rest.one(random);
            if replacement == Replacement::Without {
                rest.take_out(leaf);
            }
            leaf - rest.sums.len() / 2
        };
        (0..n).map(draw).collect()
    }

    /// A leaf above 0, where there is one.
    fn one(&self, random: &mut ChaCha8Rng) -> usize {
        let mut place = unit(random) * self.sums[1];
        let mut node = 1;
        while node < self.sums.len() / 2 {
            let [left, right] = [self.sums[2 * node], self.sums[2 * node + 1]];
            // A sum that was rounded up may leave a place past all of the right ones, of which the last is taken, but
            // never one whose weight is 0.
            let is_right = right > 0.0 && place >= left;
            node = 2 * node + usize::from(is_right);
            place -= if is_right { left } else { 0.0 };
        }
        node
    }

    fn take_out(&mut self, leaf: usize) {
        self.sums[leaf] = 0.0;
        let mut node = leaf / 2;
        while node > 0 {
            self.sums[node] = self.sums[2 * node] + self.sums[2 * node + 1];
            node /= 2;
        }
    }
}

/// Numbers by the thousand would hide the rest of a message.
impl fmt::Debug for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "weights whose sum is {}", self.sums[1])
    }
}
