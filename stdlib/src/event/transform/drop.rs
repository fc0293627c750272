//! Events that are left out: of any kind, of a time, of a part of the sensor.

use super::super::error::Result;
use super::super::events::Events;
use super::{Amount, Random, Transform, span};

/// What is left out of all events.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Share {
    Proportion(Amount<f64>),
    Number(Amount<u64>),
}

/// Leaves out events that chance chooses, each set of so many as likely as any other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DropEvents {
    share: Share,
}

impl DropEvents {
    /// A proportion of the events, from 0 to 1. How many that is, is rounded to the nearest whole number.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where the proportion is not from 0 to 1.
    pub fn proportion(proportion: impl Into<Amount<f64>>) -> Result<Self> {
        let proportion = proportion.into().within("the proportion of events", 0.0..=1.0)?;
        Ok(Self { share: Share::Proportion(proportion) })
    }

    /// A number of events; all where there are fewer.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where a range has its end before its start.
    pub fn number(number: impl Into<Amount<u64>>) -> Result<Self> {
        let number = number.into().within("the number of events", 0..=u64::MAX)?;
        Ok(Self { share: Share::Number(number) })
    }
}

impl Transform for DropEvents {
    fn apply(&self, events: Events, random: &mut Random) -> Result<Events> {
        let n = match self.share {
            Share::Proportion(share) => (share.draw(random) * events.len() as f64).round() as u64,
            Share::Number(number) => number.draw(random),
        };
        Ok(without(events, n, random))
    }
}

/// Leaves out so many events.
fn without(mut events: Events, n: u64, random: &mut Random) -> Events {
    let n_events = events.len();
    let mut is_dropped = random.choose(n_events, n.min(n_events as u64) as usize);
    events.retain(|_| !is_dropped());
    events
}

/// Leaves out the events of a piece of the time, which lies anywhere in it.
///
/// A recording lasts from its first event up to its last one, both included. Tonic takes it to begin at 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DropByTime {
    ratio: Amount<f64>,
}

impl DropByTime {
    /// How long the piece is as a part of the whole, from 0 to 1; it is rounded to µs.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where the ratio is not from 0 to 1.
    pub fn new(ratio: impl Into<Amount<f64>>) -> Result<Self> {
        Ok(Self { ratio: ratio.into().within("the ratio of durations", 0.0..=1.0)? })
    }
}

impl Transform for DropByTime {
    fn apply(&self, events: Events, random: &mut Random) -> Result<Events> {
        let ratio = self.ratio.draw(random);
        Ok(without_time(events, ratio, random))
    }
}

fn without_time(mut events: Events, ratio: f64, random: &mut Random) -> Events {
    let Some((first, last)) = span(&events.view()) else { return events };
    let whole = (last - first).saturating_add(1);
    let piece = ((ratio * whole as f64).round() as u64).min(whole);
    let start = random.below((whole - piece).saturating_add(1));
    // Behind the subtraction no time is too late.
    events.retain(|event| (event.t - first).checked_sub(start).is_none_or(|since| since >= piece));
    events
}

/// Leaves out the events of a box of the sensor, which lies anywhere on it.
///
/// The box has the ratio of the sensor's width and of its height, rounded down: 0.5 is a quarter of the area,
/// as in Tonic and in the paper that it is from. Tonic's never reaches the last column and the last row, and
/// it does not keep to a range of ratios.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DropByArea {
    ratio: Amount<f64>,
}

impl DropByArea {
    /// The ratio of the sides, from 0 to 1.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where the ratio is not from 0 to 1.
    pub fn new(ratio: impl Into<Amount<f64>>) -> Result<Self> {
        Ok(Self { ratio: ratio.into().within("the ratio of the sides", 0.0..=1.0)? })
    }
}

impl Transform for DropByArea {
    fn apply(&self, events: Events, random: &mut Random) -> Result<Events> {
        let ratio = self.ratio.draw(random);
        Ok(without_area(events, ratio, random))
    }
}

fn without_area(mut events: Events, ratio: f64, random: &mut Random) -> Events {
    let mut side = |n: u16| {
        let side = (f64::from(n) * ratio) as u16;
        let start = random.below(u64::from(n - side) + 1) as u16;
        start..start + side
    };
    let (columns, rows) = (side(events.width()), side(events.height()));
    events.retain(|event| !(columns.contains(&event.x) && rows.contains(&event.y)));
    events
}

/// One of four, each as likely as any other: nothing, [`DropByTime`], [`DropByArea`] or [`DropEvents`], with
/// one of the ratios of the paper: 0.1, 0.2 to 0.9 of the time, 0.05, 0.1 to 0.25 of the sides, 0.1, 0.2 to
/// 0.9 of the events.
///
/// Gu et al. 2021, EventDrop: data augmentation for event-based learning, IJCAI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventDrop;

impl Transform for EventDrop {
    fn apply(&self, events: Events, random: &mut Random) -> Result<Events> {
        let ratio = |random: &mut Random, n: u64, steps: f64| (1 + random.below(n)) as f64 / steps;
        Ok(match random.below(4) {
            0 => events,
            1 => {
                let ratio = ratio(random, 9, 10.0);
                without_time(events, ratio, random)
            }
            2 => {
                let ratio = ratio(random, 5, 20.0);
                without_area(events, ratio, random)
            }
            _ => {
                let n = (ratio(random, 9, 10.0) * events.len() as f64).round() as u64;
                without(events, n, random)
            }
        })
    }
}
