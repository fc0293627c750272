mod batches;
#[cfg(feature = "torch")]
mod cuda;
mod loading;
mod parts;
#[cfg(feature = "torch")]
mod tensors;
mod weighted;

use std::sync::Arc;

use super::*;
use crate::data::dataset::Failure;

/// So many samples, of which a function makes each.
struct Made<F>(usize, F);

impl<F, T> Samples for Made<F>
where
    F: Fn(u64, usize) -> Result<T, Failure> + Send + Sync,
    T: Send + 'static,
{
    type Sample = T;

    fn n_samples(&self) -> usize {
        self.0
    }

    fn sample(&self, epoch: u64, index: usize) -> Result<T, Failure> {
        (self.1)(epoch, index)
    }

    fn name(&self, index: usize) -> String {
        format!("made/{index}.bin")
    }

    fn label(&self, index: usize) -> Option<usize> {
        (index != 99).then_some(index % 3)
    }
}

/// Samples that are their own indices.
fn indices(n: usize) -> impl Samples<Sample = usize> {
    Made(n, |_, index| Ok(index))
}

fn options(threads: usize, ahead: usize) -> Options {
    Options { threads, ahead }
}

fn shuffled(n: usize, batch: usize) -> Sampler {
    Sampler::new(n, batch, true, 3).unwrap()
}
