//! Spikes as bits.

use super::array::{Array, count};
use crate::error::{Error, Result};

/// How many steps a word holds.
pub(super) const STEPS: usize = 32;

/// Spikes, the bits of 32 steps in a word: 1/32 of the memory that they take as f32.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    steps: usize,
    shape: Vec<usize>,
    words: Vec<u32>,
}

impl Packed {
    /// The words of so many steps for each lane of a step of this shape, `[N, *]`.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] where there are more or fewer words than that.
    pub fn new(steps: usize, step: &[usize], words: Vec<u32>) -> Result<Self> {
        let shape = [&[steps.div_ceil(STEPS)], step].concat();
        match count(&shape) {
            Some(n) if n == words.len() => Ok(Self { steps, shape, words }),
            _ => Err(Error::Shape {
                operand: "packed spikes".into(),
                expected: format!("a word for each place of {shape:?}"),
                given: format!("{} words", words.len()),
            }),
        }
    }

    /// Takes the bits that lie in the place of an array's numbers.
    pub(super) fn of_array(steps: usize, array: Array) -> Self {
        let shape = array.shape().to_vec();
        Self { steps, shape, words: array.into_data().into_iter().map(f32::to_bits).collect() }
    }

    /// `T`; the bits of a word from the step `T` on are 0.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// `[ceil(T / 32), N, *]`.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The words, the last axis fastest: step `t` is bit `t % 32`, counted from the lowest, of row `t / 32`.
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// How many spikes there are.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The spikes as 0 and 1, `[T, N, *]`.
    pub fn unpacked(&self) -> Array {
        let lanes: usize = self.shape[1..].iter().product();
        let shape = [&[self.steps], &self.shape[1..]].concat();
        let row = |t: usize| {
            let words = &self.words[t / STEPS * lanes..][..lanes];
            words.iter().map(move |word| (word >> (t % STEPS) & 1) as f32)
        };
        Array::filled(shape, (0..self.steps).flat_map(row).collect())
    }
}
