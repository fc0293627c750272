//! What threads and the caller share: batches that are begun, and which sample is to be read next.
//!
//! Threads take one sample at a time, so that a batch is there as soon as can be, however the samples differ in size.
//! The thread that reads the last sample of a batch puts it together.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::Take;
use crate::data::dataset::Failure;
use crate::data::error::{Error, Result};
use crate::data::loader::{Epoch, Samples};

type Read<T> = std::result::Result<T, Failure>;

/// The work of an epoch.
pub struct Work<T, B> {
    state: Mutex<State<T, B>>,
    /// There may be a sample to read.
    more: Condvar,
    /// The first batch may be there.
    ready: Condvar,
    epoch: u64,
}

struct State<T, B> {
    /// The batches that nobody has begun.
    rest: Epoch,
    /// Those begun, of which the caller takes the first, and the number of that.
    begun: VecDeque<Begun<T, B>>,
    first: usize,
    /// Most that are begun at the same time.
    ahead: usize,
    is_stopped: bool,
    n_workers: usize,
}

/// A batch that is begun.
struct Begun<T, B> {
    size: usize,
    /// The samples' indices, `[size]`.
    indices: Vec<usize>,
    /// How many samples somebody has taken to read.
    n_taken: usize,
    /// Those that are read, in their places, `[size]`.
    samples: Vec<Option<Result<T>>>,
    n_read: usize,
    batch: Option<Result<B>>,
}

/// A sample to read.
struct Job {
    batch: usize,
    place: usize,
    index: usize,
}

impl<T, B> Work<T, B> {
    pub fn new(epoch: Epoch, ahead: usize) -> Self {
        let number = epoch.number();
        let begun = VecDeque::with_capacity(ahead.min(epoch.len()));
        let state = State { rest: epoch, begun, first: 0, ahead, is_stopped: false, n_workers: 0 };
        let [more, ready] = [(); 2].map(|()| Condvar::new());
        Self { state: Mutex::new(state), more, ready, epoch: number }
    }

    /// One that works until all is done or the caller has gone.
    pub fn worker(self: &Arc<Self>) -> Worker<T, B> {
        self.state().n_workers += 1;
        Worker(self.clone())
    }

    /// No panic comes while this is held, but for one of memory that ran out.
    fn state(&self) -> MutexGuard<'_, State<T, B>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a sample to read; none where no more will come.
    fn job(&self) -> Option<Job> {
        let mut state = self.state();
        loop {
            if state.is_stopped {
                return None;
            }
            if let Some(job) = state.job() {
                return Some(job);
            }
            if state.rest.len() == 0 {
                return None;
            }
            state = self.more.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Puts a sample that was read into its place; the whole batch where it was the last one.
    fn put(&self, job: &Job, sample: Result<T>) -> Option<(Vec<usize>, Vec<Result<T>>)> {
        let mut state = self.state();
        let batch = job.batch - state.first;
        let begun = state.begun.get_mut(batch)?;
        begun.samples[job.place] = Some(sample);
        begun.n_read += 1;
        let is_last = begun.n_read == begun.size;
        is_last.then(|| {
            let samples = std::mem::take(&mut begun.samples);
            (std::mem::take(&mut begun.indices), samples.into_iter().flatten().collect())
        })
    }

    /// A batch that is put together.
    fn finish(&self, number: usize, batch: Result<B>) {
        let mut state = self.state();
        let place = number - state.first;
        if let Some(begun) = state.begun.get_mut(place) {
            begun.batch = Some(batch);
        }
        self.ready.notify_all();
    }
}

impl<T, B> State<T, B> {
    /// The next sample in the order of the epoch, if it may be read by now.
    fn job(&mut self) -> Option<Job> {
        if self.begun.back().is_none_or(|begun| begun.n_taken == begun.size) {
            if self.begun.len() >= self.ahead {
                return None;
            }
            let indices = self.rest.next()?;
            let (size, samples) = (indices.len(), indices.iter().map(|_| None).collect());
            let begun = Begun { size, indices, n_taken: 0, samples, n_read: 0, batch: None };
            self.begun.push_back(begun);
        }
        let batch = self.first + self.begun.len() - 1;
        let begun = self.begun.back_mut()?;
        let place = begun.n_taken;
        begun.n_taken += 1;
        Some(Job { batch, place, index: *begun.indices.get(place)? })
    }
}

impl<T: Send, B: Send> Take<B> for Arc<Work<T, B>> {
    fn take(&self) -> Option<Result<B>> {
        let mut state = self.state();
        loop {
            if state.begun.front().is_some_and(|begun| begun.batch.is_some()) {
                let batch = state.begun.pop_front().and_then(|begun| begun.batch);
                state.first += 1;
                self.more.notify_all();
                return batch;
            }
            if state.n_workers == 0 {
                return None;
            }
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn stop(&self) {
        self.state().is_stopped = true;
        self.more.notify_all();
    }
}

/// A thread's part in the work.
pub struct Worker<T, B>(Arc<Work<T, B>>);

impl<T, B> Worker<T, B> {
    /// Reads samples and puts batches together.
    pub fn run<S, C>(self, samples: &S, collate: &C)
    where
        S: Samples<Sample = T>,
        C: Fn(Vec<T>) -> std::result::Result<B, Failure>,
    {
        let Self(work) = &self;
        while let Some(job) = work.job() {
            let read = caught(|| samples.sample(work.epoch, job.index));
            let named = |why: Failure| failed(samples.name(job.index), &why);
            let Some((indices, read)) = work.put(&job, read.map_err(named)) else { continue };
            let batch = read.into_iter().collect::<Result<Vec<T>>>().and_then(|read| {
                let others = indices.len() - 1;
                let name = || match indices.first() {
                    Some(first) if others > 0 => {
                        format!("the batch of {} and {others} more", samples.name(*first))
                    }
                    first => first.map_or_else(String::new, |first| samples.name(*first)),
                };
                caught(|| collate(read)).map_err(|why| failed(name(), &why))
            });
            work.finish(job.batch, batch);
        }
    }
}

/// However a thread ends, the caller does not wait for it. Where it panics, which only the name of a sample can have
/// led to, its batch is never finished, and so the others end as well.
impl<T, B> Drop for Worker<T, B> {
    fn drop(&mut self) {
        let Self(work) = self;
        let mut state = work.state();
        state.n_workers -= 1;
        state.is_stopped |= std::thread::panicking();
        work.more.notify_all();
        work.ready.notify_all();
    }
}

fn failed(sample: String, why: &Failure) -> Error {
    Error::Sample { sample, why: why.to_string() }
}

/// What a function gives, and a panic as a failure.
fn caught<R>(run: impl FnOnce() -> Read<R>) -> Read<R> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("a panic: {}", text.unwrap_or("of something else than text")).into())
    })
}
