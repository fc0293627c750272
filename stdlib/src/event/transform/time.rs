//! Times that are changed all alike.

use super::super::error::Result;
use super::super::events::{Columns, Events};
use super::{Amount, Random, Transform, probability, sorted, span};

/// The last time that is whole as a float.
const LATEST: f64 = (1_u64 << 53) as f64;

/// `t' = ⌊c t + o⌋`. With a factor below 1 it is the downsampling of time.
///
/// Events that would be before 0 µs, or behind 2^53 µs, are left out. Tonic keeps those before 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeSkew {
    coefficient: Amount<f64>,
    offset: Amount<f64>,
}

impl TimeSkew {
    /// The coefficient `c`, and the offset `o` in µs.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where the coefficient is not above 0 and finite, or
    /// the offset not finite.
    pub fn new(
        coefficient: impl Into<Amount<f64>>,
        offset: impl Into<Amount<f64>>,
    ) -> Result<Self> {
        let is_factor = |c: f64| c > 0.0 && c.is_finite();
        let coefficient = coefficient.into().checked(
            "the coefficient of times",
            "above 0 and finite",
            is_factor,
        )?;
        let offset =
            offset.into().checked("the offset of times in µs", "finite", f64::is_finite)?;
        Ok(Self { coefficient, offset })
    }
}

impl Transform for TimeSkew {
    fn apply(&self, events: Events, random: &mut Random) -> Result<Events> {
        let (coefficient, offset) = (self.coefficient.draw(random), self.offset.draw(random));
        let mut columns = Columns::with_capacity(events.len());
        for event in events.view().iter() {
            let t = (event.t as f64 * coefficient + offset).floor();
            if (0.0..=LATEST).contains(&t) {
                columns.push(t as u64, event.x, event.y, event.p);
            }
        }
        sorted(events.view().size(), columns)
    }
}

/// Runs a recording backwards: `t' = t_first + t_last - t`, and what became brighter became darker.
///
/// Tonic's begins at 0 then, whenever the recording began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeReversal {
    probability: f64,
    flip: bool,
}

impl TimeReversal {
    /// The probability that a sample is run backwards; 1 does it with all.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where it is not from 0 to 1.
    pub fn new(p: f64) -> Result<Self> {
        Ok(Self { probability: probability(p)?, flip: true })
    }

    /// The same, but polarities stay as they are.
    #[must_use]
    pub fn keep_polarities(self) -> Self {
        Self { flip: false, ..self }
    }
}

impl Transform for TimeReversal {
    fn apply(&self, events: Events, random: &mut Random) -> Result<Events> {
        let is_reversed = random.chance(self.probability);
        let Some((first, last)) = span(&events.view()).filter(|_| is_reversed) else {
            return Ok(events);
        };
        let (width, height) = events.view().size();
        let (mut t, mut x, mut y, mut p) = events.into_columns();
        t.iter_mut().for_each(|t| *t = first + (last - *t));
        p.iter_mut().for_each(|p| *p ^= u8::from(self.flip));
        t.reverse();
        x.reverse();
        y.reverse();
        p.reverse();
        Events::new(width, height, t, x, y, p)
    }
}

/// Has the first event be at 0 µs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlignTime;

impl Transform for AlignTime {
    fn apply(&self, events: Events, _: &mut Random) -> Result<Events> {
        let Some((first, _)) = span(&events.view()) else { return Ok(events) };
        let (width, height) = events.view().size();
        let (mut t, x, y, p) = events.into_columns();
        t.iter_mut().for_each(|t| *t -= first);
        Events::new(width, height, t, x, y, p)
    }
}
