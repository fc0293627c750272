use super::*;
use crate::event::Format;
use crate::event::simulate::saccades::{Image, Saccades};

fn sensor(width: u16, height: u16) -> Sensor {
    Sensor::new(width, height, &Pixels { dark: 0.05, ..Pixels::default() }, 0).unwrap()
}

/// A disc, darker to its edge.
fn disc() -> Vec<u8> {
    let pixel = |i: i32| {
        let (row, column) = (2 * (i / 28) - 27, 2 * (i % 28) - 27);
        (255 - row * row - column * column).max(0) as u8
    };
    (0..28 * 28).map(pixel).collect()
}

#[test]
fn each_pixel_that_an_edge_passes_fires_as_often_as_its_contrast_says() {
    let white = Image { pixels: &[255; 64], rows: 8, columns: 8 };
    let saccades = Saccades { moves: vec![[4.0, 0.0]], duration: 50_000, step: 700 };
    let events = saccades.record(&sensor(20, 8), &white, 0, 0).unwrap();
    // From columns 4..12 to 8..16, and from 0 to 1 with 0.05 besides: 3.04, which is 15 thresholds of 0.2.
    for (columns, p) in [(12..16, 1), (4..8, 0)] {
        for (column, row) in columns.flat_map(|column| (0..8).map(move |row| (column, row))) {
            let all = events.view();
            let here = all.iter().filter(|event| (event.x, event.y, event.p) == (column, row, p));
            assert_eq!(here.count(), 15, "{column}, {row}");
        }
    }
    assert_eq!(events.len(), 2 * 4 * 8 * 15);
    // The front is at each column after the other.
    let when = |column| {
        let of_column = events.view().iter().filter(move |event| event.x == column);
        let times: Vec<u64> = of_column.map(|event| event.t).collect();
        (times[0], times[times.len() - 1])
    };
    for column in 12..15 {
        assert!(when(column).1 <= when(column + 1).0 + 700);
    }
}

#[test]
fn a_place_goes_around_the_triangle() {
    let point = Image { pixels: &[255], rows: 1, columns: 1 };
    let Saccades { moves, duration, .. } = Saccades::default();
    let events = Saccades::default().record(&sensor(34, 34), &point, 0, 0).unwrap();
    let middle = |times: std::ops::Range<u64>| {
        let some = events.between(times);
        let bright = || some.iter().filter(|event| event.p == 1);
        let sum =
            |axis: fn(u16, u16) -> u16| bright().map(|e| f64::from(axis(e.x, e.y))).sum::<f64>();
        [sum(|x, _| x), sum(|_, y| y)].map(|sum| sum / bright().count() as f64)
    };
    for (i, way) in (0..).zip(moves) {
        let (start, end) = (i * duration, (i + 1) * duration);
        let [before, after] =
            [middle(start..start + duration / 2), middle(start + duration / 2..end)];
        for axis in [0, 1] {
            // Half a way lies between the middles of the halves, but for pixels that begin to see it.
            let moved = after[axis] - before[axis];
            assert!((moved - way[axis] / 2.0).abs() < 1.0, "{i}, {axis}: {moved}");
        }
    }
}

#[test]
fn events_come_in_three_bursts() {
    let pixels = disc();
    let image = Image { pixels: &pixels, rows: 28, columns: 28 };
    let events = Saccades::default().record(&sensor(34, 34), &image, 0, 0).unwrap();
    let around = |t: u64| events.between(t - 8000..t + 8000).len();
    for turn in [105_000, 210_000] {
        assert!(4 * around(turn) < around(turn - 52_500), "{}", around(turn));
        assert!(4 * around(turn) < around(turn + 52_500));
    }
    assert!(events.t().last().unwrap() <= &315_000);
    // What leaves pixels also comes to them, and all is back at its place in the end.
    let bright = events.p().iter().filter(|p| **p == 1).count();
    assert!((4 * events.len()..6 * events.len()).contains(&(10 * bright)), "{bright}");
}

#[test]
fn an_image_that_stays_is_not_seen() {
    let pixels = disc();
    let image = Image { pixels: &pixels, rows: 28, columns: 28 };
    let still = Saccades { moves: vec![[0.0, 0.0]; 2], ..Saccades::default() };
    assert!(still.record(&sensor(34, 34), &image, 0, 0).unwrap().is_empty());
    let black = Image { pixels: &[0; 784], rows: 28, columns: 28 };
    assert!(Saccades::default().record(&sensor(34, 34), &black, 0, 0).unwrap().is_empty());
}

#[test]
fn a_recording_is_the_same_everywhere() {
    let pixels = disc();
    let image = Image { pixels: &pixels, rows: 28, columns: 28 };
    let sensor = Sensor::new(34, 34, &Pixels::real(), 1).unwrap();
    let record = |number| {
        let events = Saccades::default().record(&sensor, &image, 1, number).unwrap();
        digest(&events, Format::Atis)
    };
    assert_eq!(record(2), "0184fca546ea50c2");
    assert_ne!(record(2), record(3));
}

#[test]
fn what_cannot_be_is_told() {
    let wrong = |saccades: Saccades, image: Image, expected: &str| {
        let message = saccades.record(&sensor(34, 34), &image, 0, 0).unwrap_err().to_string();
        assert_eq!(message, expected);
    };
    let (image, saccades) = (Image { pixels: &[1; 6], rows: 2, columns: 3 }, Saccades::default);
    wrong(
        saccades(),
        Image { rows: 3, ..image },
        "the number of pixels must be 3 x 3, the rows and columns of the image, but is 6",
    );
    wrong(
        Saccades { moves: vec![[0.0, f64::INFINITY]], ..saccades() },
        image,
        "the moves of an image must be finite, but is [[0.0, inf]]",
    );
    wrong(
        Saccades { step: 0, ..saccades() },
        image,
        "the time of a frame must be from 1 to 10^9 µs, but is 0",
    );
}
