//! Recordings without events, with one, with one time and with the last time that there is.

use super::*;
use crate::event::frames::Slices;

fn with(t: Vec<u64>) -> Events {
    let n = t.len();
    let place = |of: u16| (0..n).map(move |i| i as u16 % of).collect();
    Events::new(12, 10, t, place(12), place(10), vec![1; n]).unwrap()
}

#[test]
fn every_transform_takes_no_events() {
    for transform in all() {
        for seed in 0..8 {
            let made = seeded(&*transform, &with(vec![]), seed);
            assert!(made.is_empty(), "{transform:?}");
            // The sensor is that of other recordings.
            let size = seeded(&*transform, &small(), seed).view().size();
            assert_eq!(made.view().size(), size, "{transform:?}");
        }
    }
}

#[test]
fn every_transform_takes_odd_times() {
    let odd = [
        vec![0],
        vec![u64::MAX],
        vec![7; 30],
        vec![0; 30],
        vec![u64::MAX; 30],
        vec![0, u64::MAX],
        (0..30).map(|i| u64::MAX / 29 * i).collect(),
    ];
    for t in odd {
        for transform in all() {
            for seed in 0..8 {
                seeded(&*transform, &with(t.clone()), seed);
            }
        }
    }
}

#[test]
fn a_sensor_without_pixels_is_made_larger_or_refused() {
    for transform in all() {
        match transform.apply(Events::default(), &mut Random::new(0, 0, 0)) {
            Ok(events) => assert!(events.is_empty()),
            Err(e) => assert!(e.to_string().contains(" must be "), "{e}"),
        }
    }
}

#[test]
fn slices_of_no_events_are_none_or_as_many_as_asked_for() {
    let none = with(vec![]);
    let n = |slicer: Slicer| slicer.slices(none.view()).unwrap().len();
    for slicer in [Slicer::by_time(10, 3).unwrap(), Slicer::by_number(10, 3).unwrap()] {
        assert_eq!((n(slicer), n(slicer.with_rest())), (0, 0));
    }
    assert_eq!(n(Slicer::by_time_bins(4, 0.5).unwrap()), 4);
    assert_eq!(n(Slicer::by_number_bins(4, 0.5).unwrap()), 4);
}

#[test]
fn bins_are_the_slices_of_frames() {
    for t in [vec![], vec![7; 5], vec![3, 9, 20, 31, 64], vec![0, u64::MAX]] {
        let events = with(t);
        for n in [1, 2, 3, 7] {
            let by_time = Slicer::by_time_bins(n, 0.0).unwrap().ranges(events.view()).unwrap();
            assert_eq!(by_time, Slices::by_time(events.view(), n).unwrap().ranges());
            let by_number = Slicer::by_number_bins(n, 0.0).unwrap().ranges(events.view()).unwrap();
            assert_eq!(by_number, Slices::by_number(events.view(), n).unwrap().ranges());
        }
    }
}
