//! What holds of all events, and the definitions done by hand.

use proptest::prelude::*;

use super::*;

fn events(n: usize) -> impl Strategy<Value = Events> {
    let event = (0_u64..40_000, 0_u16..12, 0_u16..10, 0_u8..2);
    prop::collection::vec(event, 0..n).prop_map(|mut rows| {
        rows.sort_by_key(|row| row.0);
        let (t, (x, (y, p))) = rows.into_iter().map(|(t, x, y, p)| (t, (x, (y, p)))).unzip();
        Events::new(12, 10, t, x, y, p).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_comes_out_is_in_order_on_the_sensor_and_the_same_again(events in events(120), seed: u64) {
        for transform in all() {
            let made = seeded(&*transform, &events, seed);
            prop_assert!(made.t().is_sorted(), "{:?}", transform);
            prop_assert!(made.x().iter().all(|x| *x < made.width()), "{:?}", transform);
            prop_assert!(made.y().iter().all(|y| *y < made.height()), "{:?}", transform);
            prop_assert!(made.p().iter().all(|p| *p < 2), "{:?}", transform);
            prop_assert_eq!(&made, &seeded(&*transform, &events, seed));
        }
    }

    #[test]
    fn flips_undo_themselves(events in events(60)) {
        let flips: [&dyn Transform; 4] = [
            &FlipLeftRight::new(1.0).unwrap(),
            &FlipUpDown::new(1.0).unwrap(),
            &FlipPolarity::new(1.0).unwrap(),
            &TimeReversal::new(1.0).unwrap(),
        ];
        for flip in flips {
            prop_assert_eq!(&applied(flip, &applied(flip, &events)), &events);
        }
    }

    /// Against a look at all events before each.
    #[test]
    fn filters_are_as_defined(events in events(150), duration in 1_u64..5000) {
        let all: Vec<_> = events.view().iter().collect();
        let kept = |keep: &dyn Fn(usize) -> bool| {
            let kept = (0..all.len()).filter(|i| keep(*i)).map(|i| all[i]);
            kept.collect::<Vec<_>>()
        };
        let made = |transform: &dyn Transform| applied(transform, &events).view().iter().collect::<Vec<_>>();
        let denoised = kept(&|i| {
            let near = |e: &crate::event::Event| {
                e.x.abs_diff(all[i].x) + e.y.abs_diff(all[i].y) == 1 && all[i].t - e.t < duration
            };
            // Of a neighbour the last event alone matters, which is the nearest one.
            all[..i].iter().any(near)
        });
        prop_assert_eq!(made(&Denoise::new(duration).unwrap()), denoised);
        let rested = kept(&|i| {
            let too_soon = |e: &crate::event::Event| (e.x, e.y) == (all[i].x, all[i].y) && all[i].t - e.t <= duration;
            !all[..i].iter().any(too_soon)
        });
        prop_assert_eq!(made(&RefractoryPeriod::renewed(duration).unwrap()), rested);
        let mut physical: Vec<crate::event::Event> = Vec::new();
        for event in &all {
            let too_soon = |e: &crate::event::Event| (e.x, e.y) == (event.x, event.y) && event.t - e.t <= duration;
            if !physical.iter().any(too_soon) {
                physical.push(*event);
            }
        }
        prop_assert_eq!(made(&RefractoryPeriod::new(duration).unwrap()), physical);
    }

    #[test]
    fn windows_cover_the_recording_and_overlap(
        events in events(80),
        window in 1_u64..4000,
        part in 0.0_f64..0.95,
        n in 1_usize..9,
    ) {
        let overlap = (window as f64 * part) as u64;
        let view = events.view();
        let slicer = Slicer::by_time(window, overlap).unwrap();
        let (first, last) = span(&view).unwrap_or_default();
        for (i, slice) in slicer.with_rest().slices(view).unwrap().iter().enumerate() {
            let start = first + i as u64 * (window - overlap);
            prop_assert_eq!(*slice, events.between(start..start + window));
        }
        let whole = slicer.slices(view).unwrap().len() as u64;
        if whole > 0 {
            prop_assert!(first + (whole - 1) * (window - overlap) + window <= last + 1);
            prop_assert!(first + whole * (window - overlap) + window > last + 1);
        }
        let size = window as usize % 50 + 1;
        let by_number = Slicer::by_number(size, (size as f64 * part) as usize).unwrap();
        for slicer in [slicer, by_number] {
            let ranges = slicer.with_rest().ranges(view).unwrap();
            let all: std::collections::BTreeSet<usize> = ranges.into_iter().flatten().collect();
            prop_assert_eq!(all.len(), events.len());
        }
        prop_assert!(by_number.slices(view).unwrap().iter().all(|slice| slice.len() == size));
        for slicer in [Slicer::by_time_bins(n, part).unwrap(), Slicer::by_number_bins(n, part).unwrap()] {
            let ranges = slicer.ranges(view).unwrap();
            prop_assert_eq!(ranges.len(), n);
            prop_assert_eq!(ranges[n - 1].end, events.len());
            prop_assert!(ranges.windows(2).all(|two| two[0].end >= two[1].start && two[0].end <= two[1].end));
            // The slices of frames take them.
            prop_assert!(crate::event::frames::Slices::by(view, |_| ranges).is_ok());
        }
    }
}
