use super::*;
use crate::data::random::generator;
use crate::event::simulate::pixel::uniform;

/// Pixels whose logarithm of 0 is 0.
fn plain() -> Pixels {
    Pixels { threshold: [0.31, 0.23], dark: 1.0, ..Pixels::default() }
}

/// How much the logarithm changes in a µs.
const RATE: f64 = 2.003e-4;

/// An intensity whose logarithm rises evenly, with the dark intensity of 1.
fn rise(t: f64) -> f64 {
    (RATE * t).exp() - 1.0
}

/// The times of events whose distances are a threshold, until an end.
fn every(threshold: f64, held: f64, end: f64) -> Vec<u64> {
    let one = threshold / RATE;
    let times = (1..).map(|k| f64::from(k) * one + f64::from(k - 1) * held);
    times.take_while(|t| *t <= end).map(|t| t as u64).collect()
}

#[test]
fn an_even_rise_has_an_event_at_each_threshold() {
    // However many frames there are, and of the polarity that the change has.
    for step in [250, 2000, 10_000] {
        let events = first(&seen(&plain(), 0, step, 10_000, rise));
        let expected: Vec<_> = every(0.23, 0.0, 10_000.0).into_iter().map(|t| (t, 1)).collect();
        assert_eq!((events.len(), &events), (8, &expected));
        let fall = |t: f64| rise(10_000.0 - t);
        let events = first(&seen(&plain(), 0, step, 10_000, fall));
        let expected: Vec<_> = every(0.31, 0.0, 10_000.0).into_iter().map(|t| (t, 0)).collect();
        assert_eq!((events.len(), &events), (6, &expected));
    }
}

#[test]
fn all_pixels_of_a_sensor_that_see_the_same_fire_alike() {
    let events = seen(&plain(), 0, 500, 4000, rise);
    let n = usize::from(N) * usize::from(N);
    assert_eq!(events.len(), every(0.23, 0.0, 4000.0).len() * n);
    let places: Vec<(u16, u16)> = (0..n as u16).map(|i| (i % N, i / N)).collect();
    for some in events.t().chunks(n).zip(events.x().chunks(n).zip(events.y().chunks(n))) {
        let (t, (x, y)) = some;
        assert!(t.iter().all(|t| *t == some.0[0]));
        assert!(x.iter().copied().zip(y.iter().copied()).eq(places.iter().copied()));
    }
}

#[test]
fn a_held_pixel_misses_what_changes_meanwhile() {
    let pixels = Pixels { refractory: 700.3, ..plain() };
    // Held over several frames, and over a part of one.
    for step in [200, 2000] {
        let events = first(&seen(&pixels, 0, step, 10_000, rise));
        let expected: Vec<_> = every(0.23, 700.3, 10_000.0).into_iter().map(|t| (t, 1)).collect();
        assert_eq!((events.len(), &events), (5, &expected));
    }
}

#[test]
fn what_a_pixel_remembers_is_less_than_a_threshold_off() {
    let (pixels, size) = (plain(), usize::from(N) * usize::from(N));
    let sensor = Sensor::new(N, N, &pixels, 0).unwrap();
    let (mut recording, mut random) = (sensor.record(0, 0), generator(b"testing\0", 7, 0, 0));
    let mut frame = vec![0.0; size];
    let mut start = None;
    for t in 0..20 {
        // Some pixels change in each frame.
        for value in &mut frame {
            if uniform(&mut random) < 0.4 {
                *value = (20.0 * uniform(&mut random).powi(3)) as f32;
            }
        }
        start.get_or_insert_with(|| frame.clone());
        recording.frame(t * 100, &frame).unwrap();
    }
    let events = recording.finish();
    assert!(events.len() > 20 * size, "{}", events.len());
    let mut remembered = vec![0.0; size];
    for event in events.view().iter() {
        let i = usize::from(event.y) * usize::from(N) + usize::from(event.x);
        remembered[i] += if event.p == 1 { 0.23 } else { -0.31 };
    }
    let level = |value: f32| (f64::from(value) + 1.0).ln();
    for (i, (first, last)) in start.unwrap().iter().zip(&frame).enumerate() {
        let off = level(*last) - level(*first) - remembered[i];
        assert!(-0.31 - 1e-9 < off && off < 0.23 + 1e-9, "{i}: {off}");
    }
}

#[test]
fn a_leak_makes_a_pixel_fire_at_its_rate() {
    let pixels = Pixels { leak: 25.0, ..plain() };
    for step in [100, 10_000] {
        let events = seen(&pixels, 3, step, 1_000_000, |_| 5.0);
        assert!(events.p().iter().all(|p| *p == 1));
        let n = usize::from(N) * usize::from(N);
        // Anywhere between two events at the start: 25 of each pixel in the second.
        assert!(events.len().abs_diff(25 * n) <= 1, "{}", events.len());
        let mut times: Vec<u64> = first(&events).into_iter().map(|(t, _)| t).collect();
        assert!(times[0] < 40_000);
        times.iter_mut().rev().reduce(|later, earlier| {
            assert!((later.abs_diff(*earlier)).abs_diff(40_000) <= 1);
            earlier
        });
        let early = events.between(0..20_000).len();
        assert!(early.abs_diff(n / 2) < n / 20, "{early}");
    }
}

#[test]
fn a_leak_adds_to_a_change() {
    // The memory falls by 0.23 in 1/50 s: as fast as the logarithm.
    let leak = RATE * 1e6 / 0.23;
    let up = seen(&Pixels { leak, ..plain() }, 0, 500, 100_000, |t| rise(t / 10.0));
    let n = usize::from(N) * usize::from(N);
    let expected = 1.1 * RATE * 1e5 / 0.23 * n as f64;
    assert!((up.len() as f64 - expected).abs() < 0.01 * expected, "{} {expected}", up.len());
    // A fall that is slower is not seen as one.
    let down = seen(&Pixels { leak, ..plain() }, 0, 500, 10_000, |t| rise((10_000.0 - t) / 2.0));
    assert!(!down.is_empty() && down.p().iter().all(|p| *p == 1));
}

#[test]
fn noise_is_at_its_rate_and_of_both_polarities() {
    let pixels = Pixels { shot: 30.0, ..plain() };
    let record = |seed, step| seen(&pixels, seed, step, 1_000_000, |_| 5.0);
    let events = record(1, 50_000);
    // Poisson: mean and variance are equal.
    let mean = 30.0 * f64::from(N) * f64::from(N);
    let off = |n: usize, mean: f64| (n as f64 - mean).abs() / mean.sqrt();
    assert!(off(events.len(), mean) < 5.0, "{}", events.len());
    let bright = events.p().iter().filter(|p| **p == 1).count();
    assert!(off(bright, mean / 2.0) < 5.0, "{bright}");
    assert!(off(events.between(0..250_000).len(), mean / 4.0) < 5.0);
    // Another seed is another noise.
    assert_ne!(events, record(2, 50_000));
    assert_eq!(events, record(1, 50_000));
    // Noise in the time that a pixel is held is none: 30/s becomes 1/(1/30 + 0.02) = 18.75/s.
    let held = Pixels { refractory: 20_000.0, ..pixels.clone() };
    let held = seen(&held, 1, 5000, 1_000_000, |_| 5.0);
    let rate = held.len() as f64 / (f64::from(N) * f64::from(N));
    assert!((rate - 18.75).abs() < 0.3, "{rate}");
}

#[test]
fn thresholds_differ_as_much_as_is_asked_for() {
    let pixels = Pixels { mismatch: 0.02, ..plain() };
    // The first event of each pixel tells its threshold.
    let thresholds = |p: u8, seed| -> Vec<f64> {
        let ramp = |t: f64| if p == 1 { rise(t) } else { rise(2000.0 - t) };
        let events = seen(&pixels, seed, 2000, 2000, ramp);
        let mut times = vec![None; usize::from(N) * usize::from(N)];
        for event in events.view().iter() {
            let i = usize::from(event.y) * usize::from(N) + usize::from(event.x);
            times[i].get_or_insert(event.t as f64 * RATE);
        }
        times.into_iter().map(Option::unwrap).collect()
    };
    for (p, mean) in [(0, 0.31), (1, 0.23)] {
        let all = thresholds(p, 5);
        let n = all.len() as f64;
        let average = all.iter().sum::<f64>() / n;
        let deviation = (all.iter().map(|one| (one - average).powi(2)).sum::<f64>() / n).sqrt();
        assert!((average - mean).abs() < 0.0015, "{average}");
        assert!((deviation - 0.02).abs() < 0.001, "{deviation}");
        assert_ne!(all, thresholds(p, 6));
        assert_eq!(all, thresholds(p, 5));
    }
}

#[test]
fn what_cannot_be_is_told() {
    let wrong = |pixels: Pixels, expected: &str| {
        let message = Sensor::new(2, 2, &pixels, 0).unwrap_err().to_string();
        assert_eq!(message, expected);
    };
    let one = Pixels::default;
    wrong(
        Pixels { threshold: [0.2, 0.001], ..one() },
        "the threshold of polarity 1 must be from 0.01 to 10, but is 0.001",
    );
    wrong(
        Pixels { dark: 0.0, ..one() },
        "the dark intensity must be from 0.000001 to 1000000, but is 0",
    );
    wrong(
        Pixels { leak: f64::NAN, ..one() },
        "the rate of leak events in Hz must be from 0 to 1000000, but is NaN",
    );
    let message = Sensor::new(0, 2, &one(), 0).unwrap_err().to_string();
    assert_eq!(message, "the sensor must be of one pixel at least, but is 0 x 2");

    let sensor = Sensor::new(2, 1, &one(), 0).unwrap();
    let mut recording = sensor.record(0, 0);
    let mut wrong = |t, frame: &[f32], expected: &str| {
        assert_eq!(recording.frame(t, frame).unwrap_err().to_string(), expected);
    };
    wrong(0, &[1.0], "the number of intensities must be 2, one for each pixel, but is 1");
    wrong(0, &[1.0, -1.0], "the intensity of pixel 1 must be finite and not negative, but is -1");
    wrong(1 << 52, &[1.0; 2], "the time of a frame must be below 2^52 µs, but is 4503599627370496");
    recording.frame(7, &[1.0; 2]).unwrap();
    let message = recording.frame(7, &[1.0; 2]).unwrap_err().to_string();
    let expected = "the time of a frame must be behind the frame before, at 7 µs, but is 7 µs";
    assert_eq!(message, expected);
    assert!(recording.frame(1 << 52, &[1.0; 2]).is_err());
    assert!(recording.finish().is_empty());
}
