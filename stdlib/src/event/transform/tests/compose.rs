//! Transforms behind each other, and what chance depends on.

use std::sync::Arc;
use std::thread;

use super::*;

/// All that can be done one behind the other, with sensors that only become smaller.
fn pipeline() -> Compose {
    let mut each = all();
    each.retain(|transform| {
        let name = format!("{transform:?}");
        !name.contains("Crop") && !name.contains("Differentiate")
    });
    each.into_iter().fold(Compose::new(), Compose::then)
}

/// Those that leave something to chance and leave enough for it to be seen.
fn by_chance() -> Compose {
    Compose::new()
        .then(DropEvents::proportion(0.0..=0.2).unwrap())
        .then(SpatialJitter::new(1.0, Outliers::Drop).unwrap())
        .then(TimeJitter::new(100.0, Outliers::Drop).unwrap())
        .then(UniformNoise::new(20).unwrap())
}

#[test]
fn seed_epoch_and_sample_decide_and_threads_do_not() {
    let (compose, events) = (by_chance(), small());
    let run = |seed, epoch, sample| compose.run(events.clone(), seed, epoch, sample).unwrap();
    let first = run(1, 2, 3);
    assert_eq!(first, run(1, 2, 3));
    for other in [run(0, 2, 3), run(1, 0, 3), run(1, 2, 0), run(2, 1, 3)] {
        assert_ne!(first, other);
    }
    let one_by_one: Vec<Events> = (0..6).map(|sample| run(7, 0, sample)).collect();
    let in_threads: Vec<Events> = thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> = (0..6).rev().map(|i| scope.spawn(move || run(7, 0, i))).collect();
        threads.into_iter().rev().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(one_by_one, in_threads);
}

/// On every machine the same: a change of these changes what was trained before.
#[test]
fn the_numbers_of_a_sample_stay_what_they_are() {
    let mut random = Random::new(1, 2, 3);
    let numbers =
        (random.below(1 << 40), random.unit(), random.normal(), random.fork().below(1 << 40));
    assert_eq!(
        numbers,
        (218_233_545_008, 0.375_816_155_910_718_93, -1.251_726_560_288_651_6, 1_010_403_169_557)
    );
}

#[test]
fn what_one_draws_changes_nothing_behind_it() {
    let with = |n| {
        let compose = Compose::new()
            .then(UniformNoise::new(n).unwrap())
            .then(FlipLeftRight::new(0.5).unwrap());
        (0..40).map(|i| compose.run(small(), 0, 0, i).unwrap()).collect::<Vec<Events>>()
    };
    let flipped =
        |events: &Events| !events.view().iter().any(|e| e == small().view().iter().next().unwrap());
    let some: Vec<bool> = with(0).iter().map(flipped).collect();
    assert!(some.contains(&true) && some.contains(&false));
    assert_eq!(some, with(3).iter().map(flipped).collect::<Vec<bool>>());
}

#[test]
fn all_of_them_run_behind_each_other() {
    for sample in 0..20 {
        pipeline().run(small(), 5, 1, sample).unwrap();
    }
    assert_eq!(Compose::new().run(small(), 0, 0, 0).unwrap(), small());
}

#[test]
fn some_are_done_now_and_then_and_one_of_several_is() {
    let flip = || FlipPolarity::new(1.0).unwrap();
    let sometimes = Sometimes::new(0.3, flip()).unwrap();
    let n = (0..2000).filter(|seed| seeded(&sometimes, &small(), *seed) != small()).count();
    assert!((520..680).contains(&n), "{n}");
    let one: Vec<Arc<dyn Transform>> =
        vec![Arc::new(Compose::new()), Arc::new(flip()), Arc::new(MergePolarities)];
    let one = OneOf::new(one).unwrap();
    let mut counts = [0; 3];
    for seed in 0..1500 {
        let made = seeded(&one, &small(), seed);
        let which = if made == small() { 0 } else { 2 - usize::from(made.p().contains(&1)) };
        counts[which] += 1;
    }
    assert!(counts.iter().all(|n| (420..580).contains(n)), "{counts:?}");
}
