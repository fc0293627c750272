//! Mirrors of the sensor and of polarities.

use super::super::error::Result;
use super::super::events::Events;
use super::{Random, Transform, probability};

/// Exchanges left and right: `x' = width - 1 - x`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FlipLeftRight {
    probability: f64,
}

impl FlipLeftRight {
    /// The probability that a sample is flipped; 1 flips all.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where it is not from 0 to 1.
    pub fn new(p: f64) -> Result<Self> {
        Ok(Self { probability: probability(p)? })
    }
}

impl Transform for FlipLeftRight {
    fn apply(&self, events: Events, random: &mut Random) -> Result<Events> {
        if !random.chance(self.probability) {
            return Ok(events);
        }
        let (width, height) = events.view().size();
        let (t, mut x, y, p) = events.into_columns();
        x.iter_mut().for_each(|x| *x = width - 1 - *x);
        Events::new(width, height, t, x, y, p)
    }
}

/// Exchanges up and down: `y' = height - 1 - y`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FlipUpDown {
    probability: f64,
}

impl FlipUpDown {
    /// The probability that a sample is flipped; 1 flips all.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where it is not from 0 to 1.
    pub fn new(p: f64) -> Result<Self> {
        Ok(Self { probability: probability(p)? })
    }
}

impl Transform for FlipUpDown {
    fn apply(&self, events: Events, random: &mut Random) -> Result<Events> {
        if !random.chance(self.probability) {
            return Ok(events);
        }
        let (width, height) = events.view().size();
        let (t, x, mut y, p) = events.into_columns();
        y.iter_mut().for_each(|y| *y = height - 1 - *y);
        Events::new(width, height, t, x, y, p)
    }
}

/// Exchanges brighter and darker: `p' = 1 - p`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FlipPolarity {
    probability: f64,
    each: bool,
}

impl FlipPolarity {
    /// The probability that all events of a sample are flipped; 1 flips all samples. Tonic's does this, and
    /// says that it does the other.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where it is not from 0 to 1.
    pub fn new(p: f64) -> Result<Self> {
        Ok(Self { probability: probability(p)?, each: false })
    }

    /// The probability that an event is flipped, for each of them on its own.
    ///
    /// # Errors
    ///
    /// As of [`FlipPolarity::new`].
    pub fn each(p: f64) -> Result<Self> {
        Ok(Self { probability: probability(p)?, each: true })
    }
}

impl Transform for FlipPolarity {
    fn apply(&self, events: Events, random: &mut Random) -> Result<Events> {
        let all = !self.each && random.chance(self.probability);
        let (width, height) = events.view().size();
        let (t, x, y, mut p) = events.into_columns();
        for p in &mut p {
            *p ^= u8::from(all || self.each && random.chance(self.probability));
        }
        Events::new(width, height, t, x, y, p)
    }
}

/// All polarities become 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MergePolarities;

impl Transform for MergePolarities {
    fn apply(&self, events: Events, _: &mut Random) -> Result<Events> {
        let (width, height) = events.view().size();
        let (t, x, y, mut p) = events.into_columns();
        p.fill(0);
        Events::new(width, height, t, x, y, p)
    }
}
