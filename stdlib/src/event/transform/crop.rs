//! A part of the sensor, of the time or of the events.

use std::ops::Range;

use super::super::error::{self, Result};
use super::super::events::Events;
use super::{Random, Transform, sized};

/// The events of a box, whose upper left corner becomes the origin and whose size that of the sensor. The
/// box may reach beyond the sensor.
fn cut_out(
    mut events: Events,
    (left, top): (i32, i32),
    (width, height): (u16, u16),
) -> Result<Events> {
    let inside =
        |at: u16, start: i32, n: u16| (start..start + i32::from(n)).contains(&i32::from(at));
    events.retain(|event| inside(event.x, left, width) && inside(event.y, top, height));
    let (t, mut x, mut y, p) = events.into_columns();
    x.iter_mut().for_each(|x| *x = (i32::from(*x) - left) as u16);
    y.iter_mut().for_each(|y| *y = (i32::from(*y) - top) as u16);
    Events::new(width, height, t, x, y, p)
}

/// Refuses a box that reaches beyond the sensor.
fn on_sensor(events: &Events, right: u32, bottom: u32) -> Result<()> {
    let (width, height) = (events.width(), events.height());
    if right > width.into() || bottom > height.into() {
        let expected = format!("on the sensor of {width} x {height}");
        let found = format!("up to x = {right}, y = {bottom}");
        return Err(error::argument("the box that is cut out", expected, found));
    }
    Ok(())
}

/// The middle of the sensor. Where the sensor is smaller, it gets a margin instead.
///
/// A margin that cannot be divided evenly is larger on the right and at the bottom where something is cut
/// off, and on the left and at the top where something is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CenterCrop {
    size: (u16, u16),
}

impl CenterCrop {
    /// The width and the height of what is left, in pixels.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where one of them is 0.
    pub fn new(width: u16, height: u16) -> Result<Self> {
        Ok(Self { size: sized(width, height)? })
    }
}

impl Transform for CenterCrop {
    fn apply(&self, events: Events, _: &mut Random) -> Result<Events> {
        let start = |of: u16, n: u16| (i32::from(of) - i32::from(n)).div_euclid(2);
        let corner = (start(events.width(), self.size.0), start(events.height(), self.size.1));
        cut_out(events, corner, self.size)
    }
}

/// A box of the sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crop {
    corner: (u16, u16),
    size: (u16, u16),
}

impl Crop {
    /// The columns and the rows of the box.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where there are none. Applied, also where the box
    /// reaches beyond the sensor.
    pub fn new(columns: Range<u16>, rows: Range<u16>) -> Result<Self> {
        let n = |range: &Range<u16>| range.end.saturating_sub(range.start);
        let size = sized(n(&columns), n(&rows))?;
        Ok(Self { corner: (columns.start, rows.start), size })
    }
}

impl Transform for Crop {
    fn apply(&self, events: Events, _: &mut Random) -> Result<Events> {
        let ((left, top), (width, height)) = (self.corner, self.size);
        on_sensor(&events, u32::from(left) + u32::from(width), u32::from(top) + u32::from(height))?;
        cut_out(events, (left.into(), top.into()), self.size)
    }
}

/// A box of a size at a place of chance, each as likely as any other.
///
/// Tonic's never reaches the last column and the last row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomCrop {
    size: (u16, u16),
}

impl RandomCrop {
    /// The width and the height of what is left, in pixels.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where one of them is 0. Applied, also where the
    /// sensor is smaller.
    pub fn new(width: u16, height: u16) -> Result<Self> {
        Ok(Self { size: sized(width, height)? })
    }
}

impl Transform for RandomCrop {
    fn apply(&self, events: Events, random: &mut Random) -> Result<Events> {
        let (width, height) = self.size;
        on_sensor(&events, width.into(), height.into())?;
        let left = random.below(u64::from(events.width() - width) + 1) as i32;
        let top = random.below(u64::from(events.height() - height) + 1) as i32;
        cut_out(events, (left, top), self.size)
    }
}

/// The events of some time. Their times stay as they are: [`AlignTime`](super::AlignTime) has them begin at 0.
///
/// The end is not included, as in [`Events::between`]; in Tonic it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CropTime {
    times: Range<u64>,
}

impl CropTime {
    /// Times in µs, of which the end is not included.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where the end is before the start.
    pub fn new(times: Range<u64>) -> Result<Self> {
        let Range { start, end } = times;
        match start <= end {
            true => Ok(Self { times }),
            false => {
                Err(error::argument("the end of the time in µs", format!("{start} or later"), end))
            }
        }
    }
}

impl Transform for CropTime {
    fn apply(&self, events: Events, _: &mut Random) -> Result<Events> {
        Ok(events.between(self.times.clone()).to_events())
    }
}

/// No more than so many events: the first ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstEvents {
    n: usize,
}

impl FirstEvents {
    /// How many there are at most.
    pub fn new(n: usize) -> Self {
        Self { n }
    }
}

impl Transform for FirstEvents {
    fn apply(&self, events: Events, _: &mut Random) -> Result<Events> {
        Ok(events.slice(0..self.n.min(events.len()))?.to_events())
    }
}
