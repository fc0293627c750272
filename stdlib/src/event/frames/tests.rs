use proptest::prelude::*;

use super::*;
use crate::event::tests::{fixture, recording};
use crate::event::{Events, EventsView, shd};

/// Counts of a fixture.
fn counts(name: &str) -> Vec<u32> {
    std::fs::read(fixture(name)).unwrap().into_iter().map(u32::from).collect()
}

/// Floats of a fixture.
fn floats(name: &str) -> Vec<f32> {
    let bytes = std::fs::read(fixture(name)).unwrap();
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn small() -> Events {
    recording("frames.csv", 12, 10)
}

#[test]
fn counts_are_those_of_spikingjelly() {
    let events = small();
    for n in [1, 7, 16] {
        let by_number = Slices::by_number(events.view(), n).unwrap().count().unwrap();
        assert_eq!(by_number.shape(), [n, 2, 10, 12]);
        assert_eq!(by_number.data(), counts(&format!("sj_number_{n}.u8")));
        let by_time = Slices::by_time(events.view(), n).unwrap().count().unwrap();
        assert_eq!(by_time.data(), counts(&format!("sj_time_{n}.u8")));
    }
    let span = events.t().last().unwrap() - events.t()[0];
    assert_eq!(span % 1103, 0, "the last event is at the end of the last slice");
    for duration in [4000, 7001, 1103] {
        let frames = Slices::by_duration(events.view(), duration).unwrap().count().unwrap();
        assert_eq!(frames.data(), counts(&format!("sj_duration_{duration}.u8")));
    }
    let spikes = shd::Shd::read(&fixture("h5py_f16.h5")).unwrap().events(2).unwrap();
    let frames = Slices::by_number(spikes.view(), 7).unwrap().count().unwrap();
    let brighter: Vec<u32> =
        (0..7).flat_map(|i| frames.frame(i).unwrap()[700..].to_vec()).collect();
    assert_eq!(brighter, counts("shd_number_7.u8"));
}

#[test]
fn surfaces_are_those_of_tonic_and_voxels_those_of_the_paper() {
    let events = small();
    let surface = Slices::by_duration(events.view(), 4000).unwrap().time_surface(2500.0).unwrap();
    let expected = floats("tonic_surface_4000_2500.f4");
    assert_eq!(surface.data().len(), expected.len());
    let close = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-6 * b.abs();
    assert!(surface.data().iter().zip(&expected).all(close));
    let voxels = voxel_grid(events.view(), 6).unwrap();
    let expected = floats("zhu_voxels_6.f4");
    assert_eq!(voxels.shape(), [6, 1, 10, 12]);
    let close = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-5;
    assert!(voxels.data().iter().zip(&expected).all(close));
}

/// Events of one pixel of a sensor of one.
fn of_times(t: &[u64]) -> Events {
    let n = t.len();
    Events::new(1, 1, t.into(), vec![0; n], vec![0; n], vec![1; n]).unwrap()
}

fn lengths(slices: &Slices) -> Vec<usize> {
    slices.iter().map(|slice| slice.len()).collect()
}

#[test]
fn slices_may_be_empty() {
    let events = of_times(&[0, 1, 90, 100]);
    let by_time = Slices::by_time(events.view(), 4).unwrap();
    assert_eq!(lengths(&by_time), [2, 0, 0, 2]);
    assert_eq!(by_time.ends(), [25, 50, 75, 100]);
    assert_eq!(lengths(&Slices::by_duration(events.view(), 30).unwrap()), [2, 0, 0, 2]);
    let by_number = Slices::by_number(events.view(), 6).unwrap();
    assert_eq!(lengths(&by_number), [0, 0, 0, 0, 0, 4]);
    assert_eq!(by_number.ends(), [0, 0, 0, 0, 0, 100]);
    // Without an event, a slice looks back to the last one.
    let surface = by_time.time_surface(25.0).unwrap();
    let after = |t: f64| (-t / 25.0).exp() as f32;
    let brighter: Vec<f32> = surface.data().chunks(2).map(|frame| frame[1]).collect();
    assert_eq!(brighter, [after(24.0), after(49.0), after(74.0), 1.0]);
    assert!(surface.data().chunks(2).all(|frame| frame[0] == 0.0));
}

#[test]
fn events_of_one_time_and_no_events_have_frames() {
    let one = of_times(&[7, 7, 7]);
    assert_eq!(lengths(&Slices::by_time(one.view(), 3).unwrap()), [0, 0, 3]);
    assert_eq!(lengths(&Slices::by_number(one.view(), 3).unwrap()), [1, 1, 1]);
    assert_eq!(lengths(&Slices::by_duration(one.view(), 5).unwrap()), [3]);
    assert_eq!(voxel_grid(one.view(), 3).unwrap().data(), [3.0, 0.0, 0.0]);
    let none = Events::new(1, 1, vec![], vec![], vec![], vec![]).unwrap();
    assert_eq!(lengths(&Slices::by_time(none.view(), 3).unwrap()), [0; 3]);
    assert_eq!(lengths(&Slices::by_number(none.view(), 3).unwrap()), [0; 3]);
    let by_duration = Slices::by_duration(none.view(), 5).unwrap();
    assert_eq!(by_duration.count().unwrap().data(), [0; 2]);
    assert_eq!(by_duration.time_surface(1.0).unwrap().data(), [0.0; 2]);
    assert_eq!(voxel_grid(none.view(), 3).unwrap().data(), [0.0; 3]);
    let nowhere = Events::default();
    assert_eq!(Slices::by_time(nowhere.view(), 3).unwrap().count().unwrap().shape(), [3, 2, 0, 0]);
}

#[test]
fn cuts_of_ones_own_may_overlap() {
    let events = of_times(&[1, 2, 3, 4]);
    let windows = |events: EventsView| (0..events.len() - 1).map(|i| i..i + 2).collect();
    let slices = Slices::by(events.view(), windows).unwrap();
    assert_eq!(lengths(&slices), [2, 2, 2]);
    assert_eq!(slices.ends(), [2, 3, 4]);
    assert_eq!(slices.count().unwrap().data(), [0, 2, 0, 2, 0, 2]);
    assert_eq!(slices.binary().unwrap().data(), [0, 1, 0, 1, 0, 1]);
    assert_eq!(slices.binary().unwrap().to_f32().data(), [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    let message = |ranges: Vec<std::ops::Range<usize>>| {
        Slices::by(events.view(), |_| ranges).unwrap_err().to_string()
    };
    assert!(message(vec![0..2, 0..5]).starts_with("indices of events must be within 0..4"));
    assert!(message(vec![0..3, 0..2]).starts_with("the end of a slice must be 3 or more"));
    assert!(message(vec![]).starts_with("the number of slices must be from 1"));
}

#[test]
fn arguments_are_checked() {
    let events = of_times(&[0, u64::MAX]);
    let message = Slices::by_duration(events.view(), 1).unwrap_err().to_string();
    assert!(
        message.starts_with("the duration of a slice in µs must be 1099511627776 or more"),
        "{message}"
    );
    assert_eq!(Slices::by_duration(events.view(), 1 << 40).unwrap().len(), 1 << 24);
    assert!(Slices::by_duration(of_times(&[1]).view(), 0).is_err());
    assert!(Slices::by_number(events.view(), 0).is_err());
    assert!(Slices::by_time(events.view(), usize::MAX).is_err());
    assert!(voxel_grid(events.view(), 0).is_err());
    let slices = Slices::by_time(events.view(), 2).unwrap();
    for tau in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(slices.time_surface(tau).unwrap_err().to_string().starts_with("tau in µs"));
    }
    let huge = Events::new(u16::MAX, u16::MAX, vec![], vec![], vec![], vec![]).unwrap();
    let slices = Slices::by_time(huge.view(), 1 << 24).unwrap();
    let message = slices.count().unwrap_err().to_string();
    assert!(message.starts_with("the shape of frames must be one that memory holds"), "{message}");
}

proptest! {
    /// What the cuts are defined to be, event by event.
    #[test]
    fn every_event_is_in_the_slice_of_its_time(
        mut t in prop::collection::vec(0_u64..1000, 1..60),
        n in 1_usize..12,
        duration in 1_u64..300,
    ) {
        t.sort_unstable();
        let events = of_times(&t);
        let (first, last) = (t[0], t[t.len() - 1]);
        let step = (last - first) / n as u64;
        let mut expected = vec![0; n];
        for t in &t {
            let slice = (t - first).checked_div(step).unwrap_or(n as u64);
            expected[(slice as usize).min(n - 1)] += 1;
        }
        prop_assert_eq!(lengths(&Slices::by_time(events.view(), n).unwrap()), expected);
        let mut expected = vec![0; (last - first).div_ceil(duration).max(1) as usize];
        for t in &t {
            let slice = ((t - first) / duration) as usize;
            let end = expected.len() - 1;
            expected[slice.min(end)] += 1;
        }
        prop_assert_eq!(lengths(&Slices::by_duration(events.view(), duration).unwrap()), expected);
    }
}
