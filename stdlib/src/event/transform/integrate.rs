//! Sensors of fewer pixels and of less events, as insects' eyes have them.

use std::collections::BTreeMap;

use super::super::error::{self, Result};
use super::super::events::{Columns, Events};
use super::super::view::EventsView;
use super::downsample::smaller;
use super::{Random, Transform, per_pixel, pixel, sized, span};

/// What both are made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Integrator {
    size: (u16, u16),
    /// In µs.
    duration: u64,
    threshold: u32,
}

/// A pixel that reached the threshold.
struct Spike {
    bin: u64,
    pixel: usize,
    p: u8,
}

impl Integrator {
    fn new((width, height): (u16, u16), duration: u64, threshold: u32) -> Result<Self> {
        if duration == 0 {
            return Err(error::argument("the duration of a bin in µs", "1 or more", duration));
        }
        if threshold == 0 {
            return Err(error::argument("the threshold in events", "1 or more", threshold));
        }
        Ok(Self { size: sized(width, height)?, duration, threshold })
    }

    /// The spikes of events on the small sensor, in the order of bins; of a bin, those of brighter pixels
    /// first, and each in the order of rows.
    fn spikes(&self, events: EventsView, first: u64) -> Result<Vec<Spike>> {
        let (width, threshold) = (self.size.0, i64::from(self.threshold));
        let mut charge = per_pixel(self.size, 0_i64)?;
        let (mut spikes, mut touched) = (Vec::new(), Vec::new());
        let bin = |t: u64| (t - first) / self.duration;
        // A pixel without events in a bin has less than the threshold, and cannot reach it there.
        let is_one = |a: &u64, b: &u64| bin(*a) == bin(*b);
        let mut start = 0;
        for times in events.t().chunk_by(is_one) {
            touched.clear();
            for event in events.cut(start, start + times.len()).iter() {
                let pixel = pixel(width, event.x, event.y);
                charge[pixel] += i64::from(event.p) * 2 - 1;
                touched.push(pixel);
            }
            start += times.len();
            touched.sort_unstable();
            touched.dedup();
            for (p, sign) in [(1, 1), (0, -1)] {
                for pixel in touched.iter().copied() {
                    if charge[pixel] * sign >= threshold {
                        charge[pixel] = 0;
                        spikes.push(Spike { bin: bin(times[0]), pixel, p });
                    }
                }
            }
        }
        Ok(spikes)
    }

    /// The column and the row of a pixel.
    fn place(&self, pixel: usize) -> (u16, u16) {
        let width = usize::from(self.size.0);
        ((pixel % width) as u16, (pixel / width) as u16)
    }

    /// Events of pixels, given with the bins that they are at the beginning of.
    fn events(
        &self,
        first: u64,
        duration: u64,
        spikes: impl Iterator<Item = (u64, usize, u8)>,
    ) -> Result<Events> {
        let mut columns = Columns::default();
        for (bin, pixel, p) in spikes {
            let (x, y) = self.place(pixel);
            // A bin begins with an event or before one.
            columns.push(first + bin * duration, x, y, p);
        }
        let Columns { t, x, y, p } = columns;
        Events::new(self.size.0, self.size.1, t, x, y, p)
    }
}

/// Integrate-and-fire neurons in the place of pixels: each adds up what became brighter and takes away what
/// became darker in its part of the sensor, bin by bin of time. At the end of a bin, one that has reached the
/// threshold gives an event that became brighter, one that is at its negative gives one that became darker, and
/// both begin at 0 again. An event has the time at which its bin began.
///
/// The first bin begins with the first event. The integrator of Ghosh et al. 2023 (Insect-inspired
/// spatio-temporal downsampling of event-based input, ICONS), as Tonic has it, but for this: Tonic's times
/// begin at 0, it leaves out the last bin where that is not full, and with the threshold 0, its usual one,
/// silent pixels give two events in each bin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Integrate {
    integrator: Integrator,
}

impl Integrate {
    /// The new width and height in pixels, the duration of a bin in µs, and the events that a pixel needs.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where one of them is 0. Applied, also where the
    /// sensor has fewer pixels.
    pub fn new(size: (u16, u16), duration: u64, threshold: u32) -> Result<Self> {
        Ok(Self { integrator: Integrator::new(size, duration, threshold)? })
    }
}

impl Transform for Integrate {
    fn apply(&self, events: Events, _: &mut Random) -> Result<Events> {
        let Integrator { size, duration, .. } = self.integrator;
        let events = smaller(events, size)?;
        let Some((first, _)) = span(&events.view()) else { return Ok(events) };
        let spikes = self.integrator.spikes(events.view(), first)?;
        let spikes = spikes.into_iter().map(|Spike { bin, pixel, p }| (bin, pixel, p));
        self.integrator.events(first, duration, spikes)
    }
}

/// An [`Integrate`] whose bins are parts of frames, behind which only what grew is left: a pixel gives an
/// event of a polarity where it fired in more bins of a frame than in the frame before. It has the time at
/// which the frame began. The first frame, which has none before it, gives no events.
///
/// The differentiator of Ghosh et al. 2023, as Tonic has it, but for what is said of [`Integrate`], and for the
/// time, which in Tonic is that of the frame before: earlier than what caused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Differentiate {
    integrator: Integrator,
    bins: u64,
}

impl Differentiate {
    /// The new width and height in pixels, the duration of a frame in µs, the bins that it is divided into,
    /// and the events that a pixel needs.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where one of them is 0, or where the duration cannot
    /// be divided into as many bins of whole µs. Applied, also where the sensor has fewer pixels.
    pub fn new(size: (u16, u16), duration: u64, bins: u64, threshold: u32) -> Result<Self> {
        if bins == 0 || !duration.is_multiple_of(bins) {
            let expected = format!("a divisor of the duration of a frame, {duration} µs");
            return Err(error::argument("the number of bins of a frame", expected, bins));
        }
        Ok(Self { integrator: Integrator::new(size, duration / bins, threshold)?, bins })
    }
}

impl Transform for Differentiate {
    fn apply(&self, events: Events, _: &mut Random) -> Result<Events> {
        let events = smaller(events, self.integrator.size)?;
        let Some((first, _)) = span(&events.view()) else { return Ok(events) };
        let spikes = self.integrator.spikes(events.view(), first)?;
        let frame = |spike: &Spike| spike.bin / self.bins;
        let (mut before, mut before_frame) = (BTreeMap::new(), 0);
        let mut grown = Vec::new();
        for spikes in spikes.chunk_by(|a, b| frame(a) == frame(b)) {
            let now = frame(&spikes[0]);
            if before_frame + 1 < now {
                before.clear();
            }
            let mut counts: BTreeMap<(usize, u8), u32> = BTreeMap::new();
            spikes.iter().for_each(|s| *counts.entry((s.pixel, s.p)).or_default() += 1);
            let more = |(key, count): &(&(usize, u8), &u32)| {
                now > 0 && before.get(*key).is_none_or(|before| before < *count)
            };
            grown.extend(counts.iter().filter(more).map(|((pixel, p), _)| (now, *pixel, *p)));
            (before, before_frame) = (counts, now);
        }
        let duration = self.integrator.duration * self.bins;
        self.integrator.events(first, duration, grown.into_iter())
    }
}
