//! What has samples by index.

use std::sync::Arc;

use super::Random;
use crate::data::dataset::Failure;
use crate::data::error::{self, Result};
use crate::data::event_set::Recordings;
use crate::event::Events;

/// Samples by index, read by several threads at the same time.
pub trait Samples: Send + Sync {
    /// A sample, like events with their class.
    type Sample: Send + 'static;

    /// How many samples there are.
    fn n_samples(&self) -> usize;

    /// Reads a sample. What chance does to it depends on the epoch and the index alone.
    ///
    /// # Errors
    ///
    /// What is wrong with the sample, and where there is none of that index.
    fn sample(&self, epoch: u64, index: usize) -> std::result::Result<Self::Sample, Failure>;

    /// What a sample is called in errors.
    fn name(&self, index: usize) -> String {
        format!("sample {index}")
    }

    /// The class of a sample, where it is known without reading it.
    fn label(&self, _index: usize) -> Option<usize> {
        None
    }

    /// The classes of all samples, `[n_samples]`.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::data::Error::Argument) where one is not known without reading the sample.
    fn labels(&self) -> Result<Vec<usize>> {
        let label = |index| {
            let unknown = || {
                let expected = "known without reading it, by `Samples::label`";
                error::argument("the class of a sample", expected, self.name(index))
            };
            self.label(index).ok_or_else(unknown)
        };
        (0..self.n_samples()).map(label).collect()
    }

    /// The same with each sample changed by a function whenever it is read. The [`Random`] that it is given depends on
    /// the seed, the epoch and the index alone.
    ///
    /// ```
    /// # fn main() -> Result<(), snn::data::dataset::Failure> {
    /// # use snn::data::dataset::Failure;
    /// use snn::data::loader::Samples;
    ///
    /// # struct Numbers;
    /// # impl Samples for Numbers {
    /// #     type Sample = usize;
    /// #     fn n_samples(&self) -> usize { 5 }
    /// #     fn sample(&self, _epoch: u64, index: usize) -> Result<usize, Failure> { Ok(index) }
    /// # }
    /// let noisy = Numbers.map(7, |number, random| Ok(number as f64 + random.unit()));
    /// assert!((3.0..4.0).contains(&noisy.sample(0, 3)?));
    /// assert_eq!(noisy.sample(0, 3)?, noisy.sample(0, 3)?);
    /// assert_ne!(noisy.sample(0, 3)?, noisy.sample(1, 3)?);
    /// # Ok(())
    /// # }
    /// ```
    fn map<T, F>(self, seed: u64, change: F) -> Map<Self, F>
    where
        Self: Sized,
        T: Send + 'static,
        F: Fn(Self::Sample, &mut Random) -> std::result::Result<T, Failure> + Send + Sync,
    {
        Map { samples: self, seed, change }
    }

    /// Some of the samples, in this order.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::data::Error::Argument) where there is no sample of an index.
    fn subset(self, indices: Vec<usize>) -> Result<Subset<Self>>
    where
        Self: Sized,
    {
        let n = self.n_samples();
        match indices.iter().find(|index| **index >= n) {
            Some(other) => {
                Err(error::argument("the index of a sample", format!("below {n}"), other))
            }
            None => Ok(Subset { samples: self, indices }),
        }
    }
}

/// Those that several parts of a set have in common.
impl<S: Samples + ?Sized> Samples for Arc<S> {
    type Sample = S::Sample;

    fn n_samples(&self) -> usize {
        (**self).n_samples()
    }

    fn sample(&self, epoch: u64, index: usize) -> std::result::Result<S::Sample, Failure> {
        (**self).sample(epoch, index)
    }

    fn name(&self, index: usize) -> String {
        (**self).name(index)
    }

    fn label(&self, index: usize) -> Option<usize> {
        (**self).label(index)
    }
}

impl Samples for Recordings {
    type Sample = (Events, usize);

    fn n_samples(&self) -> usize {
        self.len()
    }

    fn sample(&self, _epoch: u64, index: usize) -> std::result::Result<Self::Sample, Failure> {
        Ok(self.get(index)?)
    }

    fn name(&self, index: usize) -> String {
        self.file(index)
            .map_or_else(|| format!("sample {index}"), |file| file.display().to_string())
    }

    fn label(&self, index: usize) -> Option<usize> {
        self.class(index)
    }
}

/// Samples that a function changes when they are read.
#[derive(Clone, Debug)]
pub struct Map<S, F> {
    samples: S,
    seed: u64,
    change: F,
}

impl<S, F, T> Samples for Map<S, F>
where
    S: Samples,
    T: Send + 'static,
    F: Fn(S::Sample, &mut Random) -> std::result::Result<T, Failure> + Send + Sync,
{
    type Sample = T;

    fn n_samples(&self) -> usize {
        self.samples.n_samples()
    }

    fn sample(&self, epoch: u64, index: usize) -> std::result::Result<T, Failure> {
        let sample = self.samples.sample(epoch, index)?;
        (self.change)(sample, &mut Random::new(self.seed, epoch, index as u64))
    }

    fn name(&self, index: usize) -> String {
        self.samples.name(index)
    }

    fn label(&self, index: usize) -> Option<usize> {
        self.samples.label(index)
    }
}

/// Some samples of others.
#[derive(Clone, Debug)]
pub struct Subset<S> {
    samples: S,
    indices: Vec<usize>,
}

impl<S: Samples> Samples for Subset<S> {
    type Sample = S::Sample;

    fn n_samples(&self) -> usize {
        self.indices.len()
    }

    fn sample(&self, epoch: u64, index: usize) -> std::result::Result<S::Sample, Failure> {
        let n = self.indices.len();
        let none = || error::argument("the index of a sample", format!("below {n}"), index);
        self.samples.sample(epoch, *self.indices.get(index).ok_or_else(none)?)
    }

    fn name(&self, index: usize) -> String {
        let known = self.indices.get(index).map(|index| self.samples.name(*index));
        known.unwrap_or_else(|| format!("sample {index}"))
    }

    fn label(&self, index: usize) -> Option<usize> {
        self.samples.label(*self.indices.get(index)?)
    }
}
