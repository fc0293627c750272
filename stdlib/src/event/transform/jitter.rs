//! Places and times that are a little off.

use super::super::error::{self, Result};
use super::super::events::{Columns, Events};
use super::{Random, Transform, sorted};

/// What becomes of an event that would lie off the sensor, or before time 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outliers {
    /// It is left out.
    #[default]
    Drop,
    /// It is put at the edge.
    Clip,
}

/// Adds numbers of a normal distribution to the places of events, and rounds them to the nearest pixel.
///
/// Tonic rounds towards 0, so that events drift to the origin, and leaves them off the sensor unless it is
/// told to drop them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpatialJitter {
    /// What independent numbers are multiplied by: `[[a, 0], [b, c]]`.
    factor: [f64; 3],
    outliers: Outliers,
}

impl SpatialJitter {
    /// The standard deviation in pixels, the same in both directions.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where it is not a number from 0 on.
    pub fn new(std: f64, outliers: Outliers) -> Result<Self> {
        match std >= 0.0 && std.is_finite() {
            true => Ok(Self { factor: [std, 0.0, std], outliers }),
            false => Err(error::argument(
                "the standard deviation in pixels",
                "0 or more and finite",
                std,
            )),
        }
    }

    /// The covariance of both directions in pixels squared: `[[var_x, cov], [cov, var_y]]`.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where it is none: not symmetric, or
    /// `cov^2 > var_x var_y`.
    pub fn covariance(covariance: [[f64; 2]; 2], outliers: Outliers) -> Result<Self> {
        let [[var_x, cov], [other, var_y]] = covariance;
        let is_finite = [var_x, cov, var_y].iter().all(|number| number.is_finite());
        let is_positive = var_x >= 0.0 && var_y >= 0.0 && cov * cov <= var_x * var_y;
        if !(is_finite && is_positive && cov == other) {
            return Err(error::argument(
                "the covariance in pixels squared",
                "finite, symmetric and positive semidefinite",
                format!("{covariance:?}"),
            ));
        }
        // By Cholesky; without a variance there is no covariance either.
        let a = var_x.sqrt();
        let b = if a > 0.0 { cov / a } else { 0.0 };
        Ok(Self { factor: [a, b, (var_y - b * b).max(0.0).sqrt()], outliers })
    }
}

impl Transform for SpatialJitter {
    fn apply(&self, events: Events, random: &mut Random) -> Result<Events> {
        let (width, height) = events.view().size();
        let [a, b, c] = self.factor;
        let moved = |at: u16, by: f64, n: u16| {
            let (to, last) = ((f64::from(at) + by).round(), f64::from(n) - 1.0);
            match self.outliers {
                Outliers::Clip => Some(to.clamp(0.0, last) as u16),
                Outliers::Drop => (0.0..=last).contains(&to).then_some(to as u16),
            }
        };
        let mut columns = Columns::with_capacity(events.len());
        for event in events.view().iter() {
            let (first, second) = (random.normal(), random.normal());
            let x = moved(event.x, a * first, width);
            let y = moved(event.y, b * first + c * second, height);
            if let (Some(x), Some(y)) = (x, y) {
                columns.push(event.t, x, y, event.p);
            }
        }
        sorted((width, height), columns)
    }
}

/// Adds numbers of a normal distribution to the times of events, rounds them to the nearest µs, and puts
/// the events in order again.
///
/// Tonic leaves them as they are unless it is told to sort.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeJitter {
    std: f64,
    outliers: Outliers,
}

impl TimeJitter {
    /// The standard deviation in µs.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where it is not a number from 0 on.
    pub fn new(std: f64, outliers: Outliers) -> Result<Self> {
        match std >= 0.0 && std.is_finite() {
            true => Ok(Self { std, outliers }),
            false => {
                Err(error::argument("the standard deviation in µs", "0 or more and finite", std))
            }
        }
    }
}

impl Transform for TimeJitter {
    fn apply(&self, events: Events, random: &mut Random) -> Result<Events> {
        let mut columns = Columns::with_capacity(events.len());
        for event in events.view().iter() {
            // No clock goes further than the conversion's bounds.
            let by = (self.std * random.normal()).round() as i64;
            let t = match self.outliers {
                Outliers::Clip => Some(event.t.saturating_add_signed(by)),
                Outliers::Drop => event.t.checked_add_signed(by),
            };
            if let Some(t) = t {
                columns.push(t, event.x, event.y, event.p);
            }
        }
        sorted(events.view().size(), columns)
    }
}
