//! Work on many items by some threads.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Builder};

/// How many threads are meant by a number: 0 is as many as there are processors.
pub(crate) fn threads(n: usize) -> usize {
    match n {
        0 => thread::available_parallelism().map_or(1, usize::from),
        n => n,
    }
}

/// The results of `work` on each of the items, in their order, by at most so many threads. The caller's is one
/// of them, so that it goes on where the system gives no other. A panic goes on in the caller.
pub(crate) fn each<T: Sync, R: Send>(
    n_threads: usize,
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let run = || -> Vec<(usize, R)> {
        let index = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|i| *i < items.len());
        std::iter::from_fn(|| index().map(|i| (i, work(&items[i])))).collect()
    };
    let mut results = thread::scope(|scope| {
        let start = |_| Builder::new().name("snn-data".into()).spawn_scoped(scope, run).ok();
        let others: Vec<_> = (1..n_threads.min(items.len())).map_while(start).collect();
        let mut results = run();
        for other in others {
            results.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        results
    });
    results.sort_unstable_by_key(|(i, _)| *i);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::{Barrier, Mutex};

    use super::*;

    #[test]
    fn results_are_in_order_whatever_the_threads() {
        let items: Vec<u64> = (0..100).collect();
        let expected: Vec<u64> = items.iter().map(|i| i * i).collect();
        for n_threads in [0, 1, 3, 1000] {
            assert_eq!(each(n_threads, &items, |i| i * i), expected);
        }
        assert_eq!(each(4, &[], |i: &u64| *i), [0; 0]);
    }

    #[test]
    fn so_many_threads_work_at_once() {
        let (barrier, threads) = (Barrier::new(3), Mutex::new(HashSet::new()));
        each(3, &[(); 3], |()| {
            // Would wait for ever if there were fewer.
            barrier.wait();
            threads.lock().unwrap().insert(thread::current().id());
        });
        assert_eq!(threads.lock().unwrap().len(), 3);
    }

    #[test]
    fn a_panic_goes_on_in_the_caller() {
        let work = |i: &u32| assert!(*i != 2, "at {i}");
        let panic = catch_unwind(AssertUnwindSafe(|| each(2, &[0, 1, 2, 3], work))).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().unwrap(), "at 2");
    }
}
