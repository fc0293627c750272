//! Batches read by threads.

mod work;

use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use super::{Epoch, Position, Sampler, Samples};
use crate::data::dataset::Failure;
use crate::data::error::{self, Error, Result};
use crate::data::parallel;
use work::Work;

/// How batches are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// How many threads read samples and put batches together; 0 for as many as there are processors.
    pub threads: usize,
    /// How many batches are begun before they are asked for, 1 or more. So many are in memory, beside the one that is
    /// computed with.
    pub ahead: usize,
}

impl Default for Options {
    /// As many threads as processors, two batches ahead.
    fn default() -> Self {
        Self { threads: 0, ahead: 2 }
    }
}

/// Samples, the batches that they come in, and how these are put together.
///
/// What comes is the same for any number of threads: batches are in the sampler's order, and a sample that chance
/// changes is changed by the seed, the epoch and its index alone.
pub struct Loader<S, C> {
    samples: Arc<S>,
    sampler: Sampler,
    collate: Arc<C>,
    options: Options,
}

impl<S, C, B> Loader<S, C>
where
    S: Samples + 'static,
    C: Fn(Vec<S::Sample>) -> std::result::Result<B, Failure> + Send + Sync + 'static,
    B: Send + 'static,
{
    /// Batches of samples as `collate` puts them together, which is called by the threads: like
    /// [`Batch::padded`](super::Batch::padded).
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] where the sampler is of another number of samples, and where no batch is to be made ahead.
    pub fn new(samples: S, sampler: Sampler, collate: C, options: Options) -> Result<Self> {
        let n = samples.n_samples();
        if sampler.n_samples() != n {
            let expected = format!("of {n} samples, as there are");
            return Err(error::argument("the sampler", expected, sampler.n_samples()));
        }
        if options.ahead == 0 {
            return Err(error::argument("the number of batches ahead", "1 or more", 0));
        }
        Ok(Self { samples: Arc::new(samples), sampler, collate: Arc::new(collate), options })
    }

    /// What comes in which batch.
    pub fn sampler(&self) -> &Sampler {
        &self.sampler
    }

    /// The samples.
    pub fn samples(&self) -> &S {
        &self.samples
    }

    /// The batches of an epoch.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the system gives no thread.
    pub fn epoch(&self, epoch: u64) -> Result<Batches<B>> {
        self.batches(self.sampler.epoch(epoch))
    }

    /// The batches behind a position, nothing of those before it being read.
    ///
    /// # Errors
    ///
    /// Those of [`Sampler::resume`], and [`Error::Io`] where the system gives no thread.
    pub fn resume(&self, position: &Position) -> Result<Batches<B>> {
        self.batches(self.sampler.resume(position)?)
    }

    /// The batches of what is left of an epoch, which a training loop gives.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the system gives no thread.
    pub fn batches(&self, epoch: Epoch) -> Result<Batches<B>> {
        let left = epoch.len();
        let work = Arc::new(Work::new(epoch, self.options.ahead));
        let mut threads = Vec::new();
        for _ in 0..parallel::threads(self.options.threads) {
            let (samples, collate) = (self.samples.clone(), self.collate.clone());
            let worker = work.worker();
            let run = move || worker.run(&*samples, &*collate);
            match Builder::new().name(NAME.into()).spawn(run) {
                Ok(thread) => threads.push(thread),
                // The others do it.
                Err(_) if !threads.is_empty() => break,
                Err(e) => {
                    let (what, path) = ("start the thread", NAME.to_string());
                    return Err(Error::Io { what, path, why: e.to_string() });
                }
            }
        }
        Ok(Batches { take: Box::new(work), threads, left, waited: Duration::ZERO })
    }
}

impl<S, C> fmt::Debug for Loader<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sampler, options, .. } = self;
        f.debug_struct("Loader").field("sampler", sampler).field("options", options).finish()
    }
}

/// What the threads are called.
const NAME: &str = "snn-loader";

/// The batches of an epoch, in the sampler's order.
///
/// A batch with a sample that cannot be read is an [`Error::Sample`] with the sample's name, as is one in which the
/// reading panicked; those behind it come all the same. When this is dropped the threads end after the sample that
/// each is at, and are waited for.
pub struct Batches<B> {
    take: Box<dyn Take<B>>,
    threads: Vec<JoinHandle<()>>,
    left: usize,
    waited: Duration,
}

/// Work without the kind of its samples.
trait Take<B>: Send {
    /// The next batch once it is there; none where all threads have ended before.
    fn take(&self) -> Option<Result<B>>;

    /// Has the threads end.
    fn stop(&self);
}

impl<B> Batches<B> {
    /// How long batches were waited for so far: where this is much, the computing waits for the reading.
    pub fn waited(&self) -> Duration {
        self.waited
    }
}

impl<B> Iterator for Batches<B> {
    type Item = Result<B>;

    fn next(&mut self) -> Option<Result<B>> {
        self.left = self.left.checked_sub(1)?;
        let start = Instant::now();
        let batch = self.take.take();
        self.waited += start.elapsed();
        if batch.is_none() {
            self.left = 0;
            // A thread ended before its work, by a panic.
            if let Some(panic) = self.threads.drain(..).find_map(|thread| thread.join().err()) {
                resume_unwind(panic);
            }
        }
        batch
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<B> ExactSizeIterator for Batches<B> {}

impl<B> Drop for Batches<B> {
    fn drop(&mut self) {
        self.take.stop();
        // A panic that nobody came to see is none of the caller's.
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}

impl<B> fmt::Debug for Batches<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { left, waited, .. } = self;
        f.debug_struct("Batches").field("left", left).field("waited", waited).finish()
    }
}
