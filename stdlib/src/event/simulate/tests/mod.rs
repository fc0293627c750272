mod figures;
mod images;
mod pixels;

use sha2::{Digest, Sha256};

use super::*;
use crate::event::{Events, Format};

/// The size of a sensor, in pixels.
const N: u16 = 64;

/// A recording of a sensor whose pixels all see a function of time in µs, in frames of a step.
fn seen(pixels: &Pixels, seed: u64, step: u64, end: u64, intensity: impl Fn(f64) -> f64) -> Events {
    let sensor = Sensor::new(N, N, pixels, seed).unwrap();
    let mut recording = sensor.record(seed, 0);
    let n = usize::from(N) * usize::from(N);
    for t in (0..=end / step).map(|i| i * step) {
        recording.frame(t, &vec![intensity(t as f64) as f32; n]).unwrap();
    }
    recording.finish()
}

/// The times and polarities of the first pixel.
fn first(events: &Events) -> Vec<(u64, u8)> {
    let first = events.view().iter().filter(|event| (event.x, event.y) == (0, 0));
    first.map(|event| (event.t, event.p)).collect()
}

/// What tells a file from all others.
fn digest(events: &Events, format: Format) -> String {
    let digest = Sha256::digest(events.view().to_bytes(format).unwrap());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
