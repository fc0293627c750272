//! Pixels that are left out.

use super::super::error::{self, Result};
use super::super::events::Events;
use super::{Random, Transform, per_pixel, pixel, probability, span};

/// Leaves out the events of pixels that are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DropPixels {
    /// In order.
    pixels: Vec<(u16, u16)>,
}

impl DropPixels {
    /// The columns and rows of the pixels. Those off the sensor have no events.
    pub fn new(mut pixels: Vec<(u16, u16)>) -> Self {
        pixels.sort_unstable();
        Self { pixels }
    }
}

impl Transform for DropPixels {
    fn apply(&self, mut events: Events, _: &mut Random) -> Result<Events> {
        events.retain(|event| self.pixels.binary_search(&(event.x, event.y)).is_err());
        Ok(events)
    }
}

/// Leaves out pixels that have more events in a second than any that works.
///
/// Where all events have one time, none is left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DropHotPixels {
    frequency: f64,
}

impl DropHotPixels {
    /// The most events of a pixel in a second, both polarities together, over the whole recording from its
    /// first event to its last one.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where it is not a number from 0 on.
    pub fn new(hertz: f64) -> Result<Self> {
        match hertz >= 0.0 {
            true => Ok(Self { frequency: hertz }),
            false => Err(error::argument("the frequency of a pixel in Hz", "0 or more", hertz)),
        }
    }
}

impl Transform for DropHotPixels {
    fn apply(&self, mut events: Events, _: &mut Random) -> Result<Events> {
        let Some((first, last)) = span(&events.view()).filter(|(first, last)| first < last) else {
            return Ok(events);
        };
        let most = self.frequency * (last - first) as f64 * 1e-6;
        let width = events.width();
        let mut counts = per_pixel(events.view().size(), 0_u64)?;
        events.view().iter().for_each(|event| counts[pixel(width, event.x, event.y)] += 1);
        events.retain(|event| counts[pixel(width, event.x, event.y)] as f64 <= most);
        Ok(events)
    }
}

/// Leaves out pixels that chance chooses, each with a probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomDropPixels {
    probability: f64,
}

impl RandomDropPixels {
    /// The probability that a pixel is left out.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where it is not from 0 to 1.
    pub fn new(p: f64) -> Result<Self> {
        Ok(Self { probability: probability(p)? })
    }
}

impl Transform for RandomDropPixels {
    fn apply(&self, mut events: Events, random: &mut Random) -> Result<Events> {
        if events.is_empty() {
            return Ok(events);
        }
        let width = events.width();
        let mut dropped = per_pixel(events.view().size(), false)?;
        dropped.fill_with(|| random.chance(self.probability));
        events.retain(|event| !dropped[pixel(width, event.x, event.y)]);
        Ok(events)
    }
}
