//! Recordings that no camera made: pixels of a dynamic vision sensor, and scenes for them to look at.
//!
//! A [`Sensor`] has [`Pixels`] that fire when the logarithm of their intensity has changed by a threshold since their
//! last event (Lichtsteiner et al. 2008, IEEE JSSC 43:566). It is shown frames, and between two of them the logarithm
//! is taken to change evenly, so that events have times of their own (Rebecq et al. 2018, ESIM, CoRL). Thresholds that
//! differ between pixels, leaks, noise and refractory periods are as in Hu et al. 2021 (v2e, CVPR Workshops), where
//! they are asked for. [`saccades`] moves an image before a sensor as N-MNIST's was, and [`gestures`] moves the arms of
//! a figure as those of DVS128 Gesture do.
//!
//! What comes out depends on parameters and seeds alone: not on the machine, nor on how many threads there are.
//!
//! ```
//! use snn::event::simulate::{Pixels, Sensor};
//!
//! # fn main() -> snn::event::Result<()> {
//! let pixels = Pixels { threshold: [0.5, 0.5], dark: 1.0, ..Pixels::default() };
//! let sensor = Sensor::new(2, 1, &pixels, 0)?;
//! let mut recording = sensor.record(0, 0);
//! recording.frame(0, &[0.0, 3.0])?;
//! recording.frame(1000, &[3.0, 3.0])?;   // from ln 1 to ln 4 on the left: 1.386 in 1000 µs
//! let events = recording.finish();
//! assert_eq!((events.t(), events.x(), events.p()), (&[360, 721][..], &[0, 0][..], &[1, 1][..]));
//! # Ok(())
//! # }
//! ```

pub mod gestures;
mod pixel;
pub mod saccades;
mod sensor;

#[cfg(test)]
mod tests;

pub use pixel::Pixels;
pub use sensor::{Recording, Sensor};
