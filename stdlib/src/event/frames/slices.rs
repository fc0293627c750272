//! Where events are cut.

use std::ops::Range;

use super::super::error::{self, Result};
use super::super::view::EventsView;

/// Most slices: more of them would hardly be meant, and each takes memory.
const MOST: u64 = 1 << 24;

/// Events with the places where they are cut.
///
/// With `t_0` and `t_last` the times of the first and the last event, `N` the number of events and `T` that
/// of slices:
///
/// | cut | slice `i` |
/// | --- | --- |
/// | [`by_number`](Self::by_number) | events from `i ⌊N/T⌋` on, `⌊N/T⌋` of them; the last has the rest, too |
/// | [`by_time`](Self::by_time) | times from `t_0 + i d` on and before `t_0 + (i+1) d`, `d = ⌊(t_last − t_0)/T⌋`; the last has the rest, too |
/// | [`by_duration`](Self::by_duration) | times from `t_0 + i d` on and before `t_0 + (i+1) d`, `T = ⌈(t_last − t_0)/d⌉`, at least 1; the last has the event at its end, too |
///
/// A slice without events is empty. Where all events have one time, [`by_time`](Self::by_time) puts all of
/// them in the last slice, since `d` is 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slices<'a> {
    events: EventsView<'a>,
    /// The events of each slice.
    ranges: Vec<Range<usize>>,
    /// The time that each slice ends at.
    ends: Vec<u64>,
}

/// The times of the first and the last event; 0 where there is none.
fn span(events: &EventsView) -> (u64, u64) {
    events.t().first().copied().zip(events.t().last().copied()).unwrap_or_default()
}

fn checked(n_slices: usize) -> Result<u64> {
    let n = n_slices as u64;
    match (1..=MOST).contains(&n) {
        true => Ok(n),
        false => Err(error::argument("the number of slices", format!("from 1 to {MOST}"), n)),
    }
}

impl<'a> Slices<'a> {
    /// So many slices with as many events each.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where the number of slices is 0 or over 2^24.
    pub fn by_number(events: EventsView<'a>, n_slices: usize) -> Result<Self> {
        checked(n_slices)?;
        let size = events.len() / n_slices;
        let range = |i| match i + 1 == n_slices {
            true => i * size..events.len(),
            false => i * size..(i + 1) * size,
        };
        Self::new(events, (0..n_slices).map(range).collect())
    }

    /// So many slices of as much time each.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where the number of slices is 0 or over 2^24.
    pub fn by_time(events: EventsView<'a>, n_slices: usize) -> Result<Self> {
        let n = checked(n_slices)?;
        let (first, last) = span(&events);
        Ok(Self::every(events, (last - first) / n, n))
    }

    /// Slices of a duration in µs.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where the duration is 0, or so short that there
    /// would be over 2^24 slices.
    pub fn by_duration(events: EventsView<'a>, duration: u64) -> Result<Self> {
        let (first, last) = span(&events);
        let least = (last - first).div_ceil(MOST).max(1);
        if duration < least {
            let expected = format!("{least} or more, for these events");
            return Err(error::argument("the duration of a slice in µs", expected, duration));
        }
        Ok(Self::every(events, duration, (last - first).div_ceil(duration).max(1)))
    }

    /// Slices of a function of one's own, which gives the indices of the events of each. Slices may overlap
    /// and leave events out, but none ends before the one that precedes it.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where there are no such events, where a slice ends
    /// before the one that precedes it, and where there are none or over 2^24 of them.
    pub fn by(
        events: EventsView<'a>,
        cut: impl FnOnce(EventsView<'a>) -> Vec<Range<usize>>,
    ) -> Result<Self> {
        Self::new(events, cut(events))
    }

    /// Slices that end with their last events.
    fn new(events: EventsView<'a>, ranges: Vec<Range<usize>>) -> Result<Self> {
        checked(ranges.len())?;
        let mut before = 0;
        for range in &ranges {
            events.slice(range.clone())?;
            if range.end < before {
                let expected = format!("{before} or more, as that of the slice before it");
                return Err(error::argument("the end of a slice", expected, range.end));
            }
            before = range.end;
        }
        // Before the first event it is as late as at the first event.
        let end = |range: &Range<usize>| events.t().get(range.end.saturating_sub(1)).copied();
        let ends = ranges.iter().map(|range| end(range).unwrap_or(0)).collect();
        Ok(Self { events, ranges, ends })
    }

    /// So many slices of a duration, of which the last has all that is left.
    fn every(events: EventsView<'a>, duration: u64, n_slices: u64) -> Self {
        let (first, last) = span(&events);
        // No product is above the last time, but for the end of the last slice.
        let end = |i: u64| first.saturating_add(duration.saturating_mul(i + 1));
        let mut start = 0;
        let ranges = (0..n_slices).map(|i| {
            let stop = match i + 1 == n_slices {
                true => events.len(),
                false => start + events.t()[start..].partition_point(|t| *t < end(i)),
            };
            std::mem::replace(&mut start, stop)..stop
        });
        let ranges = ranges.collect();
        let ends = (0..n_slices).map(|i| if i + 1 == n_slices { end(i).max(last) } else { end(i) });
        Self { events, ranges, ends: ends.collect() }
    }

    /// How many slices.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Whether there is none, which never is so.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The events of each slice.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = EventsView<'a>> {
        self.ranges.iter().map(|range| self.events.cut(range.start, range.end))
    }

    /// The indices of the events of each slice.
    pub fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// The time in µs that each slice ends at: that of its duration, where slices are cut by time, but the
    /// last never ends before its last event; else that of its last event, or of the event before it
    /// where it is empty.
    pub fn ends(&self) -> &[u64] {
        &self.ends
    }

    /// All events, those of no slice included.
    pub fn events(&self) -> EventsView<'a> {
        self.events
    }
}
