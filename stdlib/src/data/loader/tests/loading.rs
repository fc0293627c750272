//! Threads read what the sampler says, and whatever goes wrong reaches the caller.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::*;

#[test]
fn batches_are_the_samplers_for_any_number_of_threads() {
    let sampler = shuffled(23, 4);
    let expected: Vec<_> = sampler.epoch(5).collect();
    for (threads, ahead) in [(1, 1), (2, 1), (1, 5), (4, 3), (9, 100), (0, 2)] {
        // Samples take more or less time, and so are not ready in order.
        let samples = Made(23, |_, index| {
            thread::sleep(Duration::from_micros(index as u64 * 37 % 400));
            Ok(index)
        });
        let loader = Loader::new(samples, sampler.clone(), Ok, options(threads, ahead)).unwrap();
        let batches = loader.epoch(5).unwrap();
        assert_eq!(batches.len(), 6);
        assert!(batches.map(|batch| batch.unwrap()).eq(expected.clone()), "{threads} threads");
    }
}

#[test]
fn an_epoch_goes_on_in_its_middle_and_reads_nothing_before() {
    let sampler = shuffled(20, 3);
    let n_read = Arc::new(AtomicUsize::new(0));
    let count = n_read.clone();
    let samples = Made(20, move |_, index| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(index)
    });
    let loader = Loader::new(samples, sampler.clone(), Ok, options(2, 2)).unwrap();
    let whole: Vec<_> = loader.epoch(4).unwrap().map(|batch| batch.unwrap()).collect();
    assert_eq!(n_read.swap(0, Ordering::SeqCst), 20);
    for n_done in 0..=7 {
        let rest = loader.resume(&sampler.position(4, n_done)).unwrap();
        assert!(rest.map(|batch| batch.unwrap()).eq(whole[n_done..].iter().cloned()));
        assert_eq!(n_read.swap(0, Ordering::SeqCst), 20_usize.saturating_sub(3 * n_done));
    }
    let other = shuffled(20, 4).position(4, 1);
    assert!(loader.resume(&other).unwrap_err().to_string().contains("batch: 3"));
}

#[test]
fn chance_depends_on_seed_epoch_and_index_alone() {
    let drawn = |seed, threads, epoch| {
        let noisy = indices(40).map(seed, |index, random| {
            Ok((index, random.below(1000), random.unit(), random.chance(0.5)))
        });
        let loader = Loader::new(noisy, shuffled(40, 7), Ok, options(threads, 3)).unwrap();
        let mut samples: Vec<_> =
            loader.epoch(epoch).unwrap().flat_map(|batch| batch.unwrap()).collect();
        samples.sort_unstable_by_key(|sample| sample.0);
        samples
    };
    let one = drawn(1, 1, 0);
    assert_eq!(drawn(1, 3, 0), one);
    for other in [drawn(1, 1, 1), drawn(2, 1, 0)] {
        let n_same = other.iter().zip(&one).filter(|(a, b)| a.2 == b.2).count();
        assert_eq!(n_same, 0);
    }
    let mut numbers: Vec<u64> = one.iter().map(|sample| sample.1).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert!(numbers.len() > 30, "each index has numbers of its own");
    assert!((5..35).contains(&one.iter().filter(|sample| sample.3).count()));
    assert_eq!(Random::new(1, 2, 3).below(0), 0);
}

#[test]
fn so_many_threads_read_at_once() {
    // Would wait for ever if there were fewer.
    let barrier = Barrier::new(3);
    let samples = Made(6, move |_, index| {
        barrier.wait();
        Ok(index)
    });
    let loader = Loader::new(samples, shuffled(6, 6), Ok, options(3, 1)).unwrap();
    assert_eq!(loader.epoch(0).unwrap().count(), 1);
}

#[test]
fn no_more_is_read_than_fits_ahead() {
    let n_read = Arc::new(AtomicUsize::new(0));
    let count = n_read.clone();
    let samples = Made(100, move |_, index| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(index)
    });
    let loader = Loader::new(samples, shuffled(100, 5), Ok, options(4, 2)).unwrap();
    let mut batches = loader.epoch(0).unwrap();
    let settles = |n| {
        let start = Instant::now();
        while n_read.load(Ordering::SeqCst) < n && start.elapsed() < Duration::from_secs(10) {
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(Duration::from_millis(30));
        assert_eq!(n_read.load(Ordering::SeqCst), n);
    };
    settles(10);
    batches.next().unwrap().unwrap();
    settles(15);
}

#[test]
fn a_bad_sample_is_named_and_the_others_come() {
    let samples = Made(6, |_, index| match index {
        1 => Err("no events".into()),
        4 => panic!("not the {index}th"),
        index => Ok(index),
    });
    let sampler = Sampler::new(6, 2, false, 0).unwrap();
    for threads in [1, 3] {
        let samples = Made(6, samples.1);
        let loader = Loader::new(samples, sampler.clone(), Ok, options(threads, 2)).unwrap();
        let batches = loader.epoch(0).unwrap().map(|batch| batch.map_err(|e| e.to_string()));
        let batches: Vec<_> = batches.collect();
        let expected = [
            Err("cannot load made/1.bin: no events".to_string()),
            Ok(vec![2, 3]),
            Err("cannot load made/4.bin: a panic: not the 4th".to_string()),
        ];
        assert_eq!(batches, expected);
    }
}

#[test]
fn what_goes_wrong_with_a_batch_names_it() {
    let collate = |batch: Vec<usize>| match batch[..] {
        [0, ..] => Err("of two kinds".into()),
        [2, ..] => panic!("of three kinds"),
        [4] => Err("alone".into()),
        _ => Ok(batch),
    };
    let sampler = Sampler::new(5, 2, false, 0).unwrap();
    let loader = Loader::new(indices(5), sampler, collate, options(2, 2)).unwrap();
    let messages: Vec<_> =
        loader.epoch(0).unwrap().map(|batch| batch.unwrap_err().to_string()).collect();
    let expected = [
        "cannot load the batch of made/0.bin and 1 more: of two kinds",
        "cannot load the batch of made/2.bin and 1 more: a panic: of three kinds",
        "cannot load made/4.bin: alone",
    ];
    assert_eq!(messages, expected);
}

/// Samples whose names cannot be told.
struct Nameless;

impl Samples for Nameless {
    type Sample = usize;

    fn n_samples(&self) -> usize {
        50
    }

    fn sample(&self, _epoch: u64, index: usize) -> Result<usize, Failure> {
        if index == 17 { Err("no".into()) } else { Ok(index) }
    }

    fn name(&self, _index: usize) -> String {
        panic!("nameless")
    }
}

#[test]
fn a_thread_that_dies_leaves_nobody_waiting() {
    let sampler = Sampler::new(50, 5, false, 0).unwrap();
    let loader = Loader::new(Nameless, sampler, Ok, options(3, 2)).unwrap();
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut batches = loader.epoch(0).unwrap();
        let all = std::panic::AssertUnwindSafe(|| {
            batches.by_ref().for_each(|batch| drop(batch.unwrap()))
        });
        let panic = std::panic::catch_unwind(all).unwrap_err();
        assert_eq!(batches.count(), 0);
        sender.send(*panic.downcast_ref::<&str>().unwrap()).unwrap();
    });
    assert_eq!(receiver.recv_timeout(Duration::from_secs(20)), Ok("nameless"));
}

#[test]
fn dropping_ends_the_threads_after_the_samples_they_are_at() {
    let (samples, held) = (Arc::new(Mutex::new(0)), Arc::new(()));
    let (count, inner) = (samples.clone(), held.clone());
    let slow = Made(1000, move |_, index| {
        let _held = &inner;
        *count.lock().unwrap() += 1;
        thread::sleep(Duration::from_millis(5));
        Ok(index)
    });
    let loader = Loader::new(slow, shuffled(1000, 500), Ok, options(2, 2)).unwrap();
    let batches = loader.epoch(0).unwrap();
    while *samples.lock().unwrap() == 0 {
        thread::sleep(Duration::from_millis(1));
    }
    drop(loader);
    let begun = *samples.lock().unwrap();
    let start = Instant::now();
    drop(batches);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    let n = *samples.lock().unwrap();
    // A batch of 500 samples takes over a second.
    assert!(n < 500, "{n} of which {begun} before");
    assert_eq!(Arc::strong_count(&held), 1, "nobody has the samples any more");
}

#[test]
fn what_does_not_fit_is_told() {
    let told = |sampler, options| {
        Loader::new(indices(5), sampler, Ok, options).map(|_| ()).unwrap_err().to_string()
    };
    let message = told(shuffled(6, 2), options(1, 1));
    assert_eq!(message, "the sampler must be of 5 samples, as there are, but is 6");
    let message = told(shuffled(5, 2), options(1, 0));
    assert_eq!(message, "the number of batches ahead must be 1 or more, but is 0");
}

#[test]
fn the_time_that_batches_are_waited_for_is_known() {
    let slow = Made(2, |_, index| {
        thread::sleep(Duration::from_millis(20));
        Ok(index)
    });
    let loader = Loader::new(slow, shuffled(2, 1), Ok, options(1, 2)).unwrap();
    let mut batches = loader.epoch(0).unwrap();
    batches.next().unwrap().unwrap();
    let first = batches.waited();
    assert!(first >= Duration::from_millis(10), "{first:?}");
    // The second is read meanwhile.
    thread::sleep(Duration::from_millis(200));
    batches.next().unwrap().unwrap();
    assert!(batches.waited() - first < Duration::from_millis(15), "{:?}", batches.waited());
}
