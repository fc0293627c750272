//! A frame of each slice.

use super::super::error::{self, Result};
use super::super::view::EventsView;
use super::{Frames, Slices};

/// A time that no event of a pixel has had.
const NEVER: u64 = u64::MAX;

/// Where an event's pixel is within a frame `[2, H, W]`.
pub(super) fn pixels(events: EventsView) -> impl Iterator<Item = usize> {
    let (width, height) = events.size();
    let (width, size) = (usize::from(width), usize::from(width) * usize::from(height));
    let places = events.x().iter().zip(events.y()).zip(events.p());
    places
        .map(move |((x, y), p)| usize::from(*p) * size + usize::from(*y) * width + usize::from(*x))
}

impl Slices<'_> {
    fn shape(&self) -> [usize; 4] {
        let (width, height) = self.events().size();
        [self.len(), 2, usize::from(height), usize::from(width)]
    }

    /// Frames of a value, each changed by a slice.
    fn each<T: Copy>(
        &self,
        value: T,
        mut change: impl FnMut(&mut [T], usize, EventsView),
    ) -> Result<Frames<T>> {
        let mut frames = Frames::filled(self.shape(), value)?;
        let [_, rest @ ..] = self.shape();
        // A sensor without pixels has no events either.
        let size = rest.iter().product::<usize>().max(1);
        for ((i, events), frame) in self.iter().enumerate().zip(frames.data.chunks_exact_mut(size))
        {
            change(frame, i, events);
        }
        Ok(frames)
    }

    /// How many events of each polarity each pixel had: `[T, 2, H, W]`.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where the frames are more than memory holds.
    pub fn count(&self) -> Result<Frames<u32>> {
        self.each(0_u32, |frame, _, events| {
            // A slice of 2^32 events would have to be of one pixel to go past what a count holds.
            pixels(events).for_each(|pixel| frame[pixel] = frame[pixel].saturating_add(1));
        })
    }

    /// 1 where a pixel had an event of a polarity, else 0: `[T, 2, H, W]`.
    ///
    /// # Errors
    ///
    /// As of [`Slices::count`].
    pub fn binary(&self) -> Result<Frames<u8>> {
        self.each(0_u8, |frame, _, events| pixels(events).for_each(|pixel| frame[pixel] = 1))
    }

    /// How lately a pixel had an event of a polarity, at the end of each slice: `exp(-(end - t)/tau)` with
    /// `t` the time of the last event of the pixel up to the slice's last one, and 0 where there was none:
    /// `[T, 2, H, W]`. `tau` is in µs. Events of earlier slices, and those before the first, count as well.
    ///
    /// The surfaces of Lagorce et al. 2017 (IEEE TPAMI 39:1346), over the whole sensor and not around an
    /// event.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where `tau` is not above 0 and finite, or where the
    /// frames are more than memory holds.
    pub fn time_surface(&self, tau: f64) -> Result<Frames<f32>> {
        if !(tau > 0.0 && tau.is_finite()) {
            return Err(error::argument("tau in µs", "above 0 and finite", tau));
        }
        let [_, channels, height, width] = self.shape();
        let mut latest = Frames::filled([1, channels, height, width], NEVER)?.into_data();
        let mut seen = 0;
        self.each(0.0_f32, |frame, i, _| {
            let (stop, end) = (self.ranges()[i].end, self.ends()[i]);
            let fresh = self.events().cut(seen, stop);
            seen = stop;
            pixels(fresh).zip(fresh.t()).for_each(|(pixel, t)| latest[pixel] = *t);
            for (value, t) in frame.iter_mut().zip(&latest) {
                if *t != NEVER {
                    *value = (-((end - t) as f64) / tau).exp() as f32;
                }
            }
        })
    }
}
