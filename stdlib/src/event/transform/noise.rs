//! Events that nothing caused.

use super::super::error::Result;
use super::super::events::{Columns, Events};
use super::{Amount, Random, Transform, sorted, span};

/// Most events of noise.
const MOST: u64 = 1 << 28;

/// Adds events anywhere on the sensor, at any time from the first event to the last one, of either polarity,
/// all as likely. Among events of one time they are the last.
///
/// Without events there is no time to add any at, and nothing is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UniformNoise {
    n: Amount<u64>,
}

impl UniformNoise {
    /// How many events are added.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where it is over 2^28.
    pub fn new(n: impl Into<Amount<u64>>) -> Result<Self> {
        Ok(Self { n: n.into().within("the number of events of noise", 0..=MOST)? })
    }
}

impl Transform for UniformNoise {
    fn apply(&self, events: Events, random: &mut Random) -> Result<Events> {
        let n = self.n.draw(random);
        let Some((first, last)) = span(&events.view()) else { return Ok(events) };
        let (width, height) = events.view().size();
        let (t, x, y, p) = events.into_columns();
        let mut columns = Columns { t, x, y, p };
        let n_times = (last - first).saturating_add(1);
        for _ in 0..n {
            let t = first + random.below(n_times);
            let x = random.below(width.into()) as u16;
            let y = random.below(height.into()) as u16;
            columns.push(t, x, y, random.below(2) as u8);
        }
        sorted((width, height), columns)
    }
}
