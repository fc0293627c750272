//! Sensors of fewer pixels.

use super::super::error::{self, Result};
use super::super::events::Events;
use super::{Random, Transform, sized};

/// A sensor of fewer pixels, which have the events of all that they are put in the place of: with `w` and `w'`
/// the old and the new width, `x' = ⌊x w' / w⌋`, and so for the height. No event is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Downsample {
    size: (u16, u16),
}

impl Downsample {
    /// The new width and height in pixels.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where one of them is 0. Applied, also where the
    /// sensor has fewer pixels.
    pub fn new(width: u16, height: u16) -> Result<Self> {
        Ok(Self { size: sized(width, height)? })
    }
}

impl Transform for Downsample {
    fn apply(&self, events: Events, _: &mut Random) -> Result<Events> {
        smaller(events, self.size)
    }
}

/// Events on a smaller sensor.
pub(super) fn smaller(events: Events, (width, height): (u16, u16)) -> Result<Events> {
    let (old_width, old_height) = events.view().size();
    if width > old_width || height > old_height {
        let expected = format!("at most that of the sensor, {old_width} x {old_height}");
        return Err(error::argument("the new size", expected, format!("{width} x {height}")));
    }
    let (t, mut x, mut y, p) = events.into_columns();
    let scale = |column: &mut [u16], to: u16, from: u16| {
        for at in column {
            *at = (u32::from(*at) * u32::from(to) / u32::from(from)) as u16;
        }
    };
    scale(&mut x, width, old_width);
    scale(&mut y, height, old_height);
    Events::new(width, height, t, x, y, p)
}
