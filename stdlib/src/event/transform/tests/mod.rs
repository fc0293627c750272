mod arguments;
mod chance;
mod compose;
mod empty;
mod properties;
mod tonic;

use super::*;
use crate::event::tests::recording;

/// What becomes of events by chance of a seed.
fn seeded(transform: &dyn Transform, events: &Events, seed: u64) -> Events {
    transform.apply(events.clone(), &mut Random::new(seed, 0, 0)).unwrap()
}

/// What becomes of events where nothing is left to chance.
fn applied(transform: &dyn Transform, events: &Events) -> Events {
    let made = seeded(transform, events, 1);
    assert_eq!(made, seeded(transform, events, 2), "{transform:?}");
    made
}

/// The recording that Tonic's transforms were applied to: the first 400 events, 20 ms later.
fn small() -> Events {
    let events = recording("frames.csv", 12, 10).slice(0..400).unwrap().to_events();
    let (mut t, x, y, p) = events.into_columns();
    t.iter_mut().for_each(|t| *t += 20_000);
    Events::new(12, 10, t, x, y, p).unwrap()
}

/// Events of times and places on a sensor of 4 x 3.
fn of(events: &[(u64, u16, u16, u8)]) -> Events {
    let t = events.iter().map(|event| event.0).collect();
    let x = events.iter().map(|event| event.1).collect();
    let y = events.iter().map(|event| event.2).collect();
    Events::new(4, 3, t, x, y, events.iter().map(|event| event.3).collect()).unwrap()
}

/// One of each transform, with numbers that do something on a sensor of 12 x 10.
fn all() -> Vec<Box<dyn Transform>> {
    vec![
        Box::new(CenterCrop::new(7, 14).unwrap()),
        Box::new(Crop::new(2..9, 1..10).unwrap()),
        Box::new(RandomCrop::new(5, 10).unwrap()),
        Box::new(CropTime::new(100..5000).unwrap()),
        Box::new(FirstEvents::new(33)),
        Box::new(Downsample::new(5, 7).unwrap()),
        Box::new(DropEvents::proportion(0.1..=0.7).unwrap()),
        Box::new(DropEvents::number(5..=60).unwrap()),
        Box::new(DropByTime::new(0.05..=0.6).unwrap()),
        Box::new(DropByArea::new(0.2..=0.8).unwrap()),
        Box::new(EventDrop),
        Box::new(DropPixels::new(vec![(3, 4), (11, 9), (99, 0)])),
        Box::new(DropHotPixels::new(200.0).unwrap()),
        Box::new(RandomDropPixels::new(0.3).unwrap()),
        Box::new(Decimate::new(2).unwrap()),
        Box::new(Denoise::new(500).unwrap()),
        Box::new(RefractoryPeriod::new(100..=3000).unwrap()),
        Box::new(RefractoryPeriod::renewed(700).unwrap()),
        Box::new(FlipLeftRight::new(0.5).unwrap()),
        Box::new(FlipUpDown::new(0.5).unwrap()),
        Box::new(FlipPolarity::new(0.5).unwrap()),
        Box::new(FlipPolarity::each(0.2).unwrap()),
        Box::new(MergePolarities),
        Box::new(SpatialJitter::new(2.0, Outliers::Drop).unwrap()),
        Box::new(SpatialJitter::covariance([[2.0, -1.0], [-1.0, 3.0]], Outliers::Clip).unwrap()),
        Box::new(TimeJitter::new(900.0, Outliers::Drop).unwrap()),
        Box::new(TimeJitter::new(900.0, Outliers::Clip).unwrap()),
        Box::new(TimeSkew::new(0.1..=3.0, -2000.0..=2000.0).unwrap()),
        Box::new(TimeReversal::new(0.5).unwrap()),
        Box::new(AlignTime),
        Box::new(UniformNoise::new(0..=50).unwrap()),
        Box::new(Integrate::new((4, 5), 300, 2).unwrap()),
        Box::new(Differentiate::new((6, 5), 800, 4, 1).unwrap()),
    ]
}
