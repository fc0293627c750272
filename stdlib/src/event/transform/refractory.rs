//! Events that are left out for what their pixel and its neighbours had before.

use super::super::error::{self, Result};
use super::super::events::Events;
use super::{Amount, Random, Transform, per_pixel, pixel};

/// Of each pixel's events, every `n`-th.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimate {
    n: u32,
}

impl Decimate {
    /// How many events of a pixel, of both polarities, one is left of: the last of them.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where it is 0.
    pub fn new(n: u32) -> Result<Self> {
        match n {
            0 => Err(error::argument("the number of events that one is left of", "1 or more", n)),
            _ => Ok(Self { n }),
        }
    }
}

impl Transform for Decimate {
    fn apply(&self, mut events: Events, _: &mut Random) -> Result<Events> {
        if events.is_empty() {
            return Ok(events);
        }
        let width = events.width();
        let mut counts = per_pixel(events.view().size(), 0)?;
        events.retain(|event| {
            let count = &mut counts[pixel(width, event.x, event.y)];
            *count = (*count + 1) % self.n;
            *count == 0
        });
        Ok(events)
    }
}

/// Leaves out events that no neighbour had one shortly before: the pixel to the left, to the right, above or
/// below, of either polarity.
///
/// In Tonic all pixels count as having had an event at time 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denoise {
    duration: u64,
}

impl Denoise {
    /// How long ago a neighbour's event may be, in µs: less than this.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where it is 0, which would leave no event.
    pub fn new(duration: u64) -> Result<Self> {
        match duration {
            0 => Err(error::argument("the time to a neighbour's event in µs", "1 or more", 0)),
            _ => Ok(Self { duration }),
        }
    }
}

impl Transform for Denoise {
    fn apply(&self, mut events: Events, _: &mut Random) -> Result<Events> {
        if events.is_empty() {
            return Ok(events);
        }
        let (width, height) = events.view().size();
        // Up to when each pixel's last event says that others are none of noise; no event is before 0.
        let mut until = per_pixel((width, height), 0_u64)?;
        events.retain(|event| {
            let (x, y, t) = (event.x, event.y, event.t);
            until[pixel(width, x, y)] = t.saturating_add(self.duration);
            let is_late = |x: u16, y: u16| until[pixel(width, x, y)] > t;
            x > 0 && is_late(x - 1, y)
                || x + 1 < width && is_late(x + 1, y)
                || y > 0 && is_late(x, y - 1)
                || y + 1 < height && is_late(x, y + 1)
        });
        Ok(events)
    }
}

/// Leaves out events that come too soon behind another one of their pixel, of either polarity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefractoryPeriod {
    duration: Amount<u64>,
    /// Whether events that are left out begin a period, too.
    renewed: bool,
}

impl RefractoryPeriod {
    /// How long a pixel is silent behind an event that is kept, in µs, the end included. Events that are
    /// left out change nothing, as in a pixel and in a neuron.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where a range has its end before its start.
    pub fn new(duration: impl Into<Amount<u64>>) -> Result<Self> {
        let duration = duration.into().within("the refractory period in µs", 0..=u64::MAX)?;
        Ok(Self { duration, renewed: false })
    }

    /// The same, but events that are left out begin a period, too: of a pixel that never rests, only the
    /// first is kept. Tonic has this one; it leaves out an event at time 0.
    ///
    /// # Errors
    ///
    /// As of [`RefractoryPeriod::new`].
    pub fn renewed(duration: impl Into<Amount<u64>>) -> Result<Self> {
        Ok(Self { renewed: true, ..Self::new(duration)? })
    }
}

impl Transform for RefractoryPeriod {
    fn apply(&self, mut events: Events, random: &mut Random) -> Result<Events> {
        let duration = self.duration.draw(random);
        if events.is_empty() {
            return Ok(events);
        }
        let width = events.width();
        // From when on each pixel may have an event.
        let mut from = per_pixel(events.view().size(), 0_u64)?;
        events.retain(|event| {
            let from = &mut from[pixel(width, event.x, event.y)];
            let is_kept = event.t >= *from;
            if is_kept || self.renewed {
                *from = event.t.saturating_add(duration).saturating_add(1);
            }
            is_kept
        });
        Ok(events)
    }
}
