//! A sensor, which is shown frames.

use rand_chacha::ChaCha8Rng;

use super::super::error::{self, Result};
use super::super::events::{Columns, Events};
use super::pixel::{Common, Pixel, Pixels, normal};
use crate::data::random::generator;

/// Micro-seconds in a second.
const SECOND: f64 = 1e6;

/// A sensor: its size, and its pixels' own thresholds.
#[derive(Clone, Debug, PartialEq)]
pub struct Sensor {
    size: (u16, u16),
    pixels: Pixels,
    /// Of each pixel, row by row, those of polarity 0 and of 1.
    thresholds: Vec<[f64; 2]>,
}

impl Sensor {
    /// A sensor of a size. The seed decides by how much its pixels differ: that stays through all recordings.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where the sensor has no pixel, or where a number of the
    /// pixels is outside of what [`Pixels`] says.
    pub fn new(width: u16, height: u16, pixels: &Pixels, seed: u64) -> Result<Self> {
        pixels.check()?;
        if width == 0 || height == 0 {
            let found = format!("{width} x {height}");
            return Err(error::argument("the sensor", "of one pixel at least", found));
        }
        let mut random = generator(b"dvspixel", seed, 0, 0);
        let mut own = |mean: f64| match pixels.mismatch > 0.0 {
            true => (mean + pixels.mismatch * normal(&mut random)).max(0.1 * mean),
            false => mean,
        };
        let n = usize::from(width) * usize::from(height);
        let thresholds = (0..n).map(|_| pixels.threshold.map(&mut own)).collect();
        Ok(Self { size: (width, height), pixels: pixels.clone(), thresholds })
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn size(&self) -> (u16, u16) {
        self.size
    }

    /// Begins a recording. Its noise is decided by a seed and by the number of the recording, so that the recordings
    /// of a set can be made in any order.
    #[must_use]
    pub fn record(&self, seed: u64, number: u64) -> Recording<'_> {
        let Pixels { refractory, leak, shot, .. } = self.pixels;
        let common = Common { refractory, leak: leak / SECOND, shot: shot / SECOND };
        let random = generator(b"dvsnoise", seed, 0, number);
        let (t, columns, fired) = (None, Columns::default(), Vec::new());
        let (intensities, quiet, pixels) = (Vec::new(), Vec::new(), Vec::new());
        Recording { sensor: self, common, random, t, intensities, quiet, pixels, fired, columns }
    }
}

/// What a sensor has seen so far.
#[derive(Clone, Debug)]
pub struct Recording<'a> {
    sensor: &'a Sensor,
    common: Common,
    random: ChaCha8Rng,
    /// The time of the last frame.
    t: Option<u64>,
    /// The last frame.
    intensities: Vec<f32>,
    /// Until when a pixel has no event if its intensity stays.
    quiet: Vec<f64>,
    pixels: Vec<Pixel>,
    /// The events since the last frame: time, pixel, polarity.
    fired: Vec<(u64, u32, u8)>,
    columns: Columns,
}

impl Recording<'_> {
    /// Shows the sensor a frame at a time in µs, behind that of the frame before: intensities of the pixels, row by
    /// row, in any linear unit. From the first frame the pixels only learn where they start.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where there is not an intensity for each pixel, one is
    /// negative or not finite, or the time is not behind that of the frame before or not below 2^52.
    pub fn frame(&mut self, t: u64, intensities: &[f32]) -> Result<()> {
        self.check(t, intensities)?;
        let Sensor { pixels: Pixels { dark, .. }, thresholds, .. } = self.sensor;
        let level = |intensity: f32| libm::log(f64::from(intensity) + dark);
        let end = t as f64;
        let Some(before) = self.t.replace(t) else {
            let (common, random) = (&self.common, &mut self.random);
            self.pixels = std::iter::zip(intensities, thresholds)
                .map(|(value, own)| Pixel::new(end, level(*value), *own, common, random))
                .collect();
            let quiet = |(pixel, own): (&Pixel, &[f64; 2])| pixel.quiet_until(*own, common);
            self.quiet = std::iter::zip(&self.pixels, thresholds).map(quiet).collect();
            self.intensities = intensities.to_vec();
            return Ok(());
        };
        for (i, value) in intensities.iter().enumerate() {
            // Most pixels see the same as before, and are looked at again once that has changed.
            if *value == self.intensities[i] && self.quiet[i] > end {
                continue;
            }
            let (pixel, own) = (&mut self.pixels[i], thresholds[i]);
            let mut fire = |t: f64, p: u8| self.fired.push((t as u64, i as u32, p));
            let last = pixel.level();
            pixel.advance(before as f64, last, own, &self.common, &mut self.random, &mut fire);
            let next = if *value == self.intensities[i] { last } else { level(*value) };
            pixel.advance(end, next, own, &self.common, &mut self.random, fire);
            self.quiet[i] = pixel.quiet_until(own, &self.common);
            self.intensities[i] = *value;
        }
        self.keep();
        Ok(())
    }

    /// The events of all frames. Those of one time are row by row.
    #[must_use]
    pub fn finish(self) -> Events {
        let (width, height) = self.sensor.size;
        Events::of_checked(width, height, self.columns)
    }

    fn check(&self, t: u64, intensities: &[f32]) -> Result<()> {
        let n = self.sensor.thresholds.len();
        if intensities.len() != n {
            let expected = format!("{n}, one for each pixel");
            return Err(error::argument("the number of intensities", expected, intensities.len()));
        }
        let wrong = |value: &f32| !(value.is_finite() && *value >= 0.0);
        // Without branches, as all of them are right but for a mistake.
        if intensities.iter().fold(false, |any, value| any | wrong(value)) {
            let i = intensities.iter().position(wrong).unwrap_or(0);
            let what = format!("the intensity of pixel {i}");
            return Err(error::argument(what, "finite and not negative", intensities[i]));
        }
        match self.t.filter(|before| t <= *before) {
            Some(before) => {
                let expected = format!("behind the frame before, at {before} µs");
                Err(error::argument("the time of a frame", expected, format!("{t} µs")))
            }
            // Beyond it floats would no longer have every µs.
            None if t >= 1 << 52 => Err(error::argument("the time of a frame", "below 2^52 µs", t)),
            None => Ok(()),
        }
    }

    /// Puts the events since the last frame in order.
    fn keep(&mut self) {
        // No event is before the last frame or behind this one, so that the whole is in order as well.
        self.fired.sort_unstable();
        let width = u32::from(self.sensor.size.0);
        for (t, pixel, p) in self.fired.drain(..) {
            self.columns.push(t, (pixel % width) as u16, (pixel / width) as u16, p);
        }
    }
}
