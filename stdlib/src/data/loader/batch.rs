//! Samples with classes as one batch.

use super::Array;
use crate::data::dataset::Failure;

/// A batch of `N` sequences with their classes, time first, as layers take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch<T> {
    /// The sequences, `[T, N, *]`: those that are shorter than `T` have zeros behind their end.
    pub inputs: Array<T>,
    /// The class of each, `[N]`.
    pub labels: Vec<usize>,
    /// How many steps each has, `[N]`.
    pub lengths: Vec<usize>,
}

impl<T: Copy + Default> Batch<T> {
    /// Samples of one shape `[T, *]`.
    ///
    /// # Errors
    ///
    /// Those of [`Array::stack`], and where a shape has no axis.
    pub fn stacked<A: Into<Array<T>>>(samples: Vec<(A, usize)>) -> Result<Self, Failure> {
        let (arrays, labels, lengths) = parts(samples);
        Ok(Self { inputs: Array::stack(&arrays, 1)?, labels, lengths })
    }

    /// Samples `[length, *]` of any lengths.
    ///
    /// # Errors
    ///
    /// Those of [`Array::pad`].
    pub fn padded<A: Into<Array<T>>>(samples: Vec<(A, usize)>) -> Result<Self, Failure> {
        let (arrays, labels, lengths) = parts(samples);
        Ok(Self { inputs: Array::pad(&arrays)?, labels, lengths })
    }
}

impl<T: Copy> Batch<T> {
    /// Which steps are a sequence's own, `[T, N]`.
    #[must_use]
    pub fn mask(&self) -> Array<bool> {
        let n_steps = self.inputs.shape().first().copied().unwrap_or(0);
        let own = |step| self.lengths.iter().map(move |length| step < *length);
        let shape = vec![n_steps, self.lengths.len()];
        Array::of(shape, (0..n_steps).flat_map(own).collect())
    }
}

type Parts<T> = (Vec<Array<T>>, Vec<usize>, Vec<usize>);

fn parts<T: Copy, A: Into<Array<T>>>(samples: Vec<(A, usize)>) -> Parts<T> {
    let (arrays, labels): (Vec<Array<T>>, _) =
        samples.into_iter().map(|(sample, label)| (sample.into(), label)).unzip();
    let lengths = arrays.iter().map(|array| array.shape().first().copied().unwrap_or(0)).collect();
    (arrays, labels, lengths)
}
