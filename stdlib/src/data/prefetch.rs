//! Batches prepared on a thread while the one before is computed with.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{Builder, JoinHandle};

use super::error::{Error, Result};

/// The items of an iterator that runs on a thread of its own, some ahead of what is taken.
///
/// Errors are items like others, where the iterator gives results. A panic of the iterator goes on in the
/// caller, after the items that came before it. When this is dropped the thread ends after the item that
/// it is at, and is waited for.
///
/// ```
/// # fn main() -> snn::data::Result<()> {
/// use snn::data::{images::Images, loader::Sampler, prefetch::Prefetch};
///
/// let images = Images::new(vec![255; 40], 10, 2, 2)?;
/// let epoch = Sampler::new(10, 4, true, 7)?.epoch(0);
/// for batch in Prefetch::new(2, epoch.map(move |indices| images.batch(&indices)))? {
///     assert_eq!(batch?[0], 1.0);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Prefetch<T> {
    /// None once it is dropped: the thread ends when it has nobody to send to.
    items: Option<Receiver<T>>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Prefetch<T> {
    /// Starts the thread, which keeps up to `depth` items ready beside the one that it makes.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the system gives no thread.
    pub fn new<I>(depth: usize, items: I) -> Result<Self>
    where
        I: IntoIterator<Item = T> + Send + 'static,
    {
        let (sender, receiver) = sync_channel(depth);
        let make = move || {
            for item in items {
                // Nobody takes it: the caller has dropped this.
                if sender.send(item).is_err() {
                    return;
                }
            }
        };
        let name = "snn-prefetch";
        let failed = |e: std::io::Error| Error::Io {
            what: "start the thread",
            path: name.into(),
            why: e.to_string(),
        };
        let thread = Builder::new().name(name.into()).spawn(make).map_err(failed)?;
        Ok(Self { items: Some(receiver), thread: Some(thread) })
    }
}

impl<T> Iterator for Prefetch<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if let Some(item) = self.items.as_ref().and_then(|items| items.recv().ok()) {
            return Some(item);
        }
        // The thread sends no more: it is done, or has panicked.
        if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join) {
            resume_unwind(panic);
        }
        None
    }
}

impl<T> Drop for Prefetch<T> {
    fn drop(&mut self) {
        self.items = None;
        // A panic that nobody came to see is none of the caller's.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn items_come_in_order_and_end() {
        for depth in [0, 1, 100] {
            let mut items = Prefetch::new(depth, 0..50).unwrap();
            assert!(items.by_ref().eq(0..50));
            assert_eq!((items.next(), items.next()), (None, None));
        }
    }

    #[test]
    fn no_more_are_made_than_asked_for_and_dropping_ends_the_thread() {
        let made = Arc::new(AtomicUsize::new(0));
        let count = made.clone();
        let endless = (0..).inspect(move |_: &u64| {
            count.fetch_add(1, Ordering::SeqCst);
        });
        let mut items = Prefetch::new(3, endless).unwrap();
        assert_eq!(items.next(), Some(0));
        std::thread::sleep(Duration::from_millis(50));
        // The one taken, three ready, and one that waits for room.
        assert!(made.load(Ordering::SeqCst) <= 5);
        drop(items);
        assert_eq!(Arc::strong_count(&made), 1);
    }

    #[test]
    fn errors_and_panics_reach_the_caller() {
        let results = [Ok(1), Err("no such image"), Ok(2)];
        assert!(Prefetch::new(1, results).unwrap().eq(results));

        let items = (0..3).map(|i| if i == 2 { panic!("at {i}") } else { i });
        let mut items = Prefetch::new(2, items).unwrap();
        assert_eq!((items.next(), items.next()), (Some(0), Some(1)));
        let panic = catch_unwind(AssertUnwindSafe(|| items.next())).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().unwrap(), "at 2");
        assert_eq!(items.next(), None);
    }
}
