use super::*;
use crate::event::simulate::gestures::{N_GESTURES, Session, Subject};
use crate::event::{EventsView, Format};

// Numbers of gestures, as `Session::gestures` has them.
const CLAP: usize = 0;
const RIGHT_WAVE: usize = 1;
const LEFT_WAVE: usize = 2;

fn sensor() -> Sensor {
    Sensor::new(128, 128, &Pixels::default(), 0).unwrap()
}

/// The events of each gesture of a subject.
fn gestures(subject: u64) -> Vec<Events> {
    let session = Session { pause: 200_000, duration: 1_200_000, step: 5000, ..Session::default() };
    let events = session.record(&sensor(), &Subject::new(9, subject, 1.0), 0, 0).unwrap();
    session.cuts().map(|(_, times)| events.between(times).to_events()).collect()
}

/// The way of the middle of all events on a side of the picture, in windows of 50 ms; it stays where there are few.
fn way(events: &EventsView, is_left: bool) -> Vec<[f64; 2]> {
    let (first, last) = (events.t()[0], events.t()[events.len() - 1]);
    let middle = |times: std::ops::Range<u64>| {
        let window = events.between(times);
        let side: Vec<_> = window.iter().filter(|event| (event.x < 64) == is_left).collect();
        let mean = |axis: fn(u16, u16) -> u16| {
            side.iter().map(|e| f64::from(axis(e.x, e.y))).sum::<f64>() / side.len() as f64
        };
        (side.len() > 50).then(|| [mean(|x, _| x), mean(|_, y| y)])
    };
    let mut at = middle(first..last).unwrap_or_default();
    let mut next = |start| {
        at = middle(start..start + 50_000).unwrap_or(at);
        at
    };
    (first..=last).step_by(50_000).map(&mut next).collect()
}

/// The mean and the standard deviation.
fn spread(numbers: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let n = numbers.clone().count() as f64;
    let mean = numbers.clone().sum::<f64>() / n;
    (mean, (numbers.map(|one| (one - mean).powi(2)).sum::<f64>() / n).sqrt())
}

/// The area that a way goes around clockwise, as the picture is seen.
fn area(way: &[[f64; 2]]) -> f64 {
    let [x, y] = [0, 1].map(|axis| spread(way.iter().map(|place| place[axis])).0);
    let cross = |a: [f64; 2], b: [f64; 2]| (a[0] - x) * (b[1] - y) - (b[0] - x) * (a[1] - y);
    way.windows(2).map(|pair| cross(pair[0], pair[1]) / 2.0).sum()
}

/// How much two sides move together along an axis: from -1 to 1.
fn together(sides: &[Vec<[f64; 2]>; 2], axis: usize) -> f64 {
    let numbers = |side: usize| sides[side].iter().map(move |place| place[axis]);
    let ((left, of_left), (right, of_right)) = (spread(numbers(0)), spread(numbers(1)));
    let product = numbers(0).zip(numbers(1)).map(|(a, b)| (a - left) * (b - right)).sum::<f64>();
    product / (sides[0].len() as f64 * of_left * of_right).max(1e-9)
}

/// What a few numbers say about a gesture: where its events are on both sides, how far they go, and which way around.
fn features(events: &Events) -> Vec<f64> {
    let view = events.view();
    let left = view.x().iter().filter(|x| **x < 64).count() as f64 / view.len() as f64;
    let sides = [true, false].map(|is_left| way(&view, is_left));
    let mut all = vec![4.0 * left];
    for (side, share) in sides.iter().zip([left, 1.0 - left]) {
        // A side that is nearly still says nothing.
        if share < 0.15 {
            all.extend([0.0; 5]);
            continue;
        }
        for axis in [0, 1] {
            let (mean, deviation) = spread(side.iter().map(|place| place[axis]));
            all.extend([mean / 10.0, deviation / 3.0]);
        }
        all.push((area(side) / 150.0).clamp(-2.0, 2.0));
    }
    all.extend([0, 1].map(|axis| 2.0 * together(&sides, axis)));
    all
}

#[test]
fn gestures_are_told_apart_by_the_way_of_their_middle() {
    let known: Vec<Vec<Vec<f64>>> =
        (0..5).map(|subject| gestures(subject).iter().map(features).collect()).collect();
    let mut n_right = 0;
    for subject in 5..8 {
        for (class, gesture) in gestures(subject).iter().map(features).enumerate() {
            let distance = |other: &Vec<f64>| -> f64 {
                gesture.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum()
            };
            let all = known.iter().flat_map(|subject| subject.iter().map(distance).enumerate());
            let nearest = all.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0;
            n_right += usize::from(nearest == class);
        }
    }
    assert!(n_right >= 29, "{n_right} of 33");
}

#[test]
fn arms_turn_as_their_gestures_say() {
    for subject in 0..3 {
        let all = gestures(subject);
        for (gesture, is_left, sign) in
            [(3, true, 1.0), (4, true, -1.0), (5, false, 1.0), (6, false, -1.0)]
        {
            let events = all[gesture].view();
            let here = events.x().iter().filter(|x| (**x < 64) == is_left).count();
            assert!(10 * here > 7 * events.len(), "{here} of {}", events.len());
            let area = sign * area(&way(&events, is_left));
            assert!(area > 100.0, "{subject}, {gesture}: {area}");
        }
        for (gesture, is_left) in [(RIGHT_WAVE, true), (LEFT_WAVE, false)] {
            let events = all[gesture].view();
            let here = events.x().iter().filter(|x| (**x < 64) == is_left).count();
            assert!(10 * here > 7 * events.len(), "{here} of {}", events.len());
        }
        let here = all[CLAP].x().iter().filter(|x| **x < 64).count();
        assert!((3 * all[CLAP].len()..7 * all[CLAP].len()).contains(&(10 * here)));
    }
}

#[test]
fn a_session_has_a_pause_before_each_gesture() {
    let session = Session { gestures: vec![10, 4], duration: 300, pause: 50, step: 7 };
    assert_eq!(session.cuts().collect::<Vec<_>>(), [(10, 50..350), (4, 400..700)]);
    assert_eq!(Session::default().cuts().len(), N_GESTURES);
    let none = Session { gestures: vec![], ..session };
    assert!(none.record(&sensor(), &Subject::new(0, 0, 1.0), 0, 0).unwrap().is_empty());
}

#[test]
fn a_recording_is_the_same_everywhere() {
    let session = Session { gestures: vec![0, 3, 8], duration: 90_000, pause: 60_000, step: 3000 };
    let sensor = Sensor::new(64, 48, &Pixels::real(), 1).unwrap();
    let record = |subject| {
        let events = session.record(&sensor, &Subject::new(4, subject, 0.5), 1, 2).unwrap();
        digest(&events, Format::Aedat3)
    };
    assert_eq!(record(1), "a7811298c54c33f0");
    assert_ne!(record(1), record(2));
}

#[test]
fn what_cannot_be_is_told() {
    let wrong = |session: Session, expected: &str| {
        let subject = Subject::new(0, 0, 1.0);
        let message = session.record(&sensor(), &subject, 0, 0).unwrap_err().to_string();
        assert_eq!(message, expected);
    };
    let session = Session::default;
    wrong(
        Session { gestures: vec![3, 11], ..session() },
        "a gesture must be a number below 11, but is 11",
    );
    wrong(
        Session { pause: 0, ..session() },
        "the pause before a gesture must be from 1 to 10^9 µs, but is 0",
    );
}
