//! Transforms that chance plays a part in: what they leave, and how often.

use std::collections::BTreeSet;

use super::*;
use crate::event::frames::Slices;

/// Whether all of these come out, and nothing else.
fn come_out<T: Ord + Debug>(all: impl IntoIterator<Item = T>, draw: impl Fn(u64) -> T) {
    let drawn: BTreeSet<T> = (0..400).map(draw).collect();
    assert_eq!(drawn, all.into_iter().collect());
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

/// Many events of one place and time.
fn many(n: usize, t: u64) -> Events {
    Events::new(200, 200, vec![t; n], vec![100; n], vec![100; n], vec![1; n]).unwrap()
}

#[test]
fn crops_lie_anywhere() {
    let corners = of(&[(0, 0, 0, 1), (0, 3, 0, 1), (0, 0, 2, 1), (0, 3, 2, 1)]);
    let crop = RandomCrop::new(4, 3).unwrap();
    assert_eq!(applied(&crop, &corners), corners);
    let pixels = (0..12).map(|i| (i, (i % 4) as u16, (i / 4) as u16, 1)).collect::<Vec<_>>();
    let crop = RandomCrop::new(2, 2).unwrap();
    let made = |seed| seeded(&crop, &of(&pixels), seed);
    // The first pixel says where the box was.
    come_out([0, 1, 2, 4, 5, 6], |seed| made(seed).t()[0]);
    assert!((0..50).all(|seed| made(seed).len() == 4 && made(seed).view().size() == (2, 2)));
}

#[test]
fn as_many_events_are_dropped_as_asked_for() {
    let events = small();
    let left = |transform: &dyn Transform, seed| seeded(transform, &events, seed).len();
    for (share, n) in [(0.0, 400), (0.3, 280), (0.001, 400), (0.999, 0), (1.0, 0)] {
        assert_eq!(left(&DropEvents::proportion(share).unwrap(), 3), n);
    }
    for (number, n) in [(0, 400), (1, 399), (400, 0), (9999, 0)] {
        assert_eq!(left(&DropEvents::number(number).unwrap(), 3), n);
    }
    come_out(395..=398, |seed| left(&DropEvents::number(2..=5).unwrap(), seed));
    let range = DropEvents::proportion(0.25..=0.5).unwrap();
    let shares: Vec<f64> = (0..400).map(|seed| left(&range, seed) as f64 / 400.0).collect();
    assert!(
        (mean(&shares) - 0.625).abs() < 0.02 && shares.iter().all(|n| (0.5..=0.75).contains(n))
    );
    // Which ones is left to chance, each as likely.
    let three = of(&[(0, 0, 0, 1), (1, 0, 0, 1), (2, 0, 0, 1)]);
    let mut counts = [0; 3];
    for seed in 0..900 {
        counts[seeded(&DropEvents::number(2).unwrap(), &three, seed).t()[0] as usize] += 1;
    }
    assert!(counts.iter().all(|n| (250..350).contains(n)), "{counts:?}");
}

#[test]
fn a_piece_of_the_time_is_dropped_anywhere() {
    let events = of(&(10..20).map(|t| (t, 0, 0, 1)).collect::<Vec<_>>());
    let drop = DropByTime::new(0.3).unwrap();
    let left = |seed| seeded(&drop, &events, seed).t().to_vec();
    let without =
        |start| (10..20).filter(|t| !(start..start + 3).contains(t)).collect::<Vec<u64>>();
    come_out((10..=17).map(without), left);
    assert_eq!(applied(&DropByTime::new(0.0).unwrap(), &events), events);
    assert!(applied(&DropByTime::new(1.0).unwrap(), &events).is_empty());
}

#[test]
fn a_box_of_the_sensor_is_dropped_anywhere() {
    let pixels = (0..12).map(|i| (i, (i % 4) as u16, (i / 4) as u16, 1)).collect::<Vec<_>>();
    let (drop, events) = (DropByArea::new(0.7).unwrap(), of(&pixels));
    let left = |seed| seeded(&drop, &events, seed).t().to_vec();
    // 2 x 2 of 4 x 3.
    let without = |corner: u64| {
        let in_box = |t: &u64| [0, 1, 4, 5].contains(&t.wrapping_sub(corner));
        (0..12).filter(|t| !in_box(t)).collect::<Vec<u64>>()
    };
    come_out([0, 1, 2, 4, 5, 6].map(without), left);
    assert_eq!(applied(&DropByArea::new(0.2).unwrap(), &events), events);
    assert!(applied(&DropByArea::new(1.0).unwrap(), &events).is_empty());
}

#[test]
fn event_drop_does_one_of_four() {
    let events = small();
    let made: Vec<Events> = (0..800).map(|seed| seeded(&EventDrop, &events, seed)).collect();
    let same = made.iter().filter(|made| **made == events).count();
    assert!((140..260).contains(&same), "{same}");
    // A tenth, two tenths and so on of all events are left where any are dropped.
    for tenth in 1..10 {
        assert!(made.iter().any(|made| made.len() == tenth * 40), "{tenth}");
    }
}

#[test]
fn pixels_are_dropped_as_a_whole() {
    let (drop, events) = (RandomDropPixels::new(0.3).unwrap(), small());
    let pixels =
        |events: &Events| events.view().iter().map(|e| (e.x, e.y)).collect::<BTreeSet<_>>();
    let n = pixels(&events).len();
    let mut shares = Vec::new();
    for seed in 0..200 {
        let made = seeded(&drop, &events, seed);
        let left = pixels(&made);
        shares.push(left.len() as f64 / n as f64);
        let whole = events.view().iter().filter(|e| left.contains(&(e.x, e.y))).count();
        assert_eq!(made.len(), whole);
    }
    assert!((mean(&shares) - 0.7).abs() < 0.02, "{}", mean(&shares));
}

#[test]
fn flips_are_as_often_as_asked_for() {
    let events = small();
    let flips: [&dyn Transform; 4] = [
        &FlipLeftRight::new(0.25).unwrap(),
        &FlipUpDown::new(0.25).unwrap(),
        &FlipPolarity::new(0.25).unwrap(),
        &TimeReversal::new(0.25).unwrap(),
    ];
    for flip in flips {
        let n = (0..1000).filter(|seed| seeded(flip, &events, *seed) != events).count();
        assert!((200..300).contains(&n), "{flip:?}: {n}");
    }
    for never in [FlipPolarity::new(0.0).unwrap(), FlipPolarity::each(0.0).unwrap()] {
        assert_eq!(applied(&never, &events), events);
    }
    let each = seeded(&FlipPolarity::each(0.25).unwrap(), &many(4000, 0), 0);
    let n = each.p().iter().filter(|p| **p == 0).count();
    assert!((900..1100).contains(&n), "{n}");
}

#[test]
fn places_jitter_by_their_covariance() {
    let cov = [[9.0, -3.0], [-3.0, 4.0]];
    let made =
        seeded(&SpatialJitter::covariance(cov, Outliers::Drop).unwrap(), &many(20_000, 5), 1);
    let by = |column: &[u16]| column.iter().map(|at| f64::from(*at) - 100.0).collect::<Vec<f64>>();
    let (x, y) = (by(made.x()), by(made.y()));
    let product =
        |a: &[f64], b: &[f64]| mean(&a.iter().zip(b).map(|(a, b)| a * b).collect::<Vec<_>>());
    assert!(mean(&x).abs() < 0.1 && mean(&y).abs() < 0.1);
    // Rounding adds a twelfth.
    assert!((product(&x, &x) - 9.083).abs() < 0.3, "{}", product(&x, &x));
    assert!((product(&y, &y) - 4.083).abs() < 0.2, "{}", product(&y, &y));
    assert!((product(&x, &y) + 3.0).abs() < 0.2, "{}", product(&x, &y));
    // Along one direction alone.
    let line = SpatialJitter::covariance([[0.0, 0.0], [0.0, 4.0]], Outliers::Drop).unwrap();
    assert!(seeded(&line, &many(50, 5), 1).x().iter().all(|x| *x == 100));
    assert_eq!(applied(&SpatialJitter::new(0.0, Outliers::Drop).unwrap(), &small()), small());
}

#[test]
fn what_would_leave_the_sensor_is_dropped_or_put_at_its_edge() {
    let corner = Events::new(3, 2, vec![0; 400], vec![0; 400], vec![1; 400], vec![1; 400]).unwrap();
    let jitter = |outliers| seeded(&SpatialJitter::new(2.0, outliers).unwrap(), &corner, 1);
    // 0.493 of the columns and 0.372 of the rows.
    assert!((45..105).contains(&jitter(Outliers::Drop).len()));
    let clipped = jitter(Outliers::Clip);
    assert_eq!(clipped.len(), 400);
    let places = clipped.view().iter().map(|e| (e.x, e.y)).collect::<BTreeSet<_>>();
    assert!([(0, 0), (2, 0), (0, 1), (2, 1)].iter().all(|place| places.contains(place)));
    let jitter = |outliers| seeded(&TimeJitter::new(100.0, outliers).unwrap(), &many(400, 0), 1);
    assert!((150..250).contains(&jitter(Outliers::Drop).len()));
    let clipped = jitter(Outliers::Clip);
    assert!((150..250).contains(&clipped.t().iter().filter(|t| **t == 0).count()));
    assert_eq!(clipped.len(), 400);
}

#[test]
fn times_jitter_and_are_in_order() {
    let made = seeded(&TimeJitter::new(50.0, Outliers::Drop).unwrap(), &many(20_000, 10_000), 1);
    assert_eq!(made.len(), 20_000);
    let by: Vec<f64> = made.t().iter().map(|t| *t as f64 - 10_000.0).collect();
    let squares: Vec<f64> = by.iter().map(|by| by * by).collect();
    assert!(mean(&by).abs() < 1.5 && (mean(&squares).sqrt() - 50.0).abs() < 1.0);
    // Events of one time stay as they are.
    let two = of(&[(5, 0, 0, 1), (5, 1, 0, 1), (5, 2, 0, 0)]);
    assert_eq!(applied(&TimeJitter::new(0.0, Outliers::Clip).unwrap(), &two), two);
}

#[test]
fn noise_is_spread_over_pixels_times_and_polarities() {
    let ends = of(&[(1000, 2, 1, 1), (1004, 2, 1, 1)]);
    let noise = UniformNoise::new(24_000).unwrap();
    let made = seeded(&noise, &ends, 9);
    assert_eq!(made.len(), 24_002);
    let even = |n: usize, which: &dyn Fn(&crate::event::Event) -> usize| {
        let mut counts = vec![0_usize; n];
        made.view().iter().for_each(|event| counts[which(&event)] += 1);
        let expected = 24_000 / n;
        assert!(counts.iter().all(|c| c.abs_diff(expected) < expected / 10), "{counts:?}");
    };
    even(12, &|event| pixel(4, event.x, event.y));
    even(5, &|event| (event.t - 1000) as usize);
    even(2, &|event| event.p.into());
    // What was there is before it where it has the same time.
    assert_eq!(made.view().iter().next(), ends.view().iter().next());
    come_out(402..=405, |seed| seeded(&UniformNoise::new(2..=5).unwrap(), &small(), seed).len());
}

#[test]
fn periods_and_skews_are_drawn_from_their_ranges() {
    let events = of(&[(0, 0, 0, 1), (2, 0, 0, 1)]);
    let refractory = RefractoryPeriod::new(0..=3).unwrap();
    let both = (0..400).filter(|seed| seeded(&refractory, &events, *seed).len() == 2).count();
    assert!((160..240).contains(&both), "{both}");
    let skew = TimeSkew::new(2.0..=3.0, -100.0..=100.0).unwrap();
    let second = |seed| {
        let made = seeded(&skew, &of(&[(1000, 0, 0, 1), (2000, 0, 0, 1)]), seed);
        (made.t()[0], made.t()[1])
    };
    for (first, second) in (0..200).map(second) {
        assert!((1900..=3100).contains(&first) && (1999..=3001).contains(&(second - first)));
    }
}

#[test]
fn so_many_frames_are_left_in_their_order() {
    let events = of(&[(0, 0, 0, 1), (1, 1, 0, 1), (2, 2, 0, 1), (3, 3, 0, 1)]);
    let frames = Slices::by_number(events.view(), 4).unwrap().count().unwrap();
    let left = |seed| {
        let left =
            RandomTemporalDelete::new(2).apply(&frames, &mut Random::new(seed, 0, 0)).unwrap();
        assert_eq!(left.shape(), [2, 2, 3, 4]);
        // Frame i has its event in column i.
        let column = |i| left.frame(i).unwrap()[12..].iter().position(|n| *n == 1).unwrap();
        (column(0), column(1))
    };
    come_out([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)], left);
    let all = RandomTemporalDelete::new(4).apply(&frames, &mut Random::new(0, 0, 0)).unwrap();
    assert_eq!(all, frames);
}

#[test]
fn frames_are_scaled_to_their_largest_count() {
    let events = of(&[(0, 0, 0, 1), (0, 0, 0, 1), (0, 0, 0, 1), (0, 1, 0, 0), (9, 0, 0, 1)]);
    let slices = Slices::by(events.view(), |_| vec![0..4, 4..4, 4..5]).unwrap();
    let scaled = slices.count().unwrap().normalized();
    assert_eq!(scaled.frame(0).unwrap()[12], 1.0);
    assert_eq!(scaled.frame(0).unwrap()[1], 1.0 / 3.0);
    assert!(scaled.frame(1).unwrap().iter().all(|number| *number == 0.0));
    assert_eq!(scaled.frame(2).unwrap()[12], 1.0);
}
