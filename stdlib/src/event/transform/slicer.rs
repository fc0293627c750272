//! Several samples made of one.

use std::ops::Range;

use super::super::error::{self, Result};
use super::super::view::EventsView;
use super::span;

/// Most slices of a recording, as of [`Slices`](crate::event::frames::Slices).
const MOST: u64 = 1 << 24;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Rule {
    Time { window: u64, stride: u64 },
    Number { window: u64, stride: u64 },
    TimeBins { n: u64, overlap: f64 },
    NumberBins { n: u64, overlap: f64 },
}

/// How a recording is cut into several, which may overlap.
///
/// With `t_0` and `t_last` the times of the first and the last of `N` events:
///
/// | cut | slice `i` |
/// | --- | --- |
/// | [`by_time`](Self::by_time) | times from `t_0 + i (window - overlap)` on, for `window` µs |
/// | [`by_number`](Self::by_number) | events from number `i (window - overlap)` on, `window` of them |
/// | [`by_time_bins`](Self::by_time_bins) | of `n`: times from `t_0 + i d` on, for `⌊(1 + overlap) d⌋` µs, `d = ⌊(t_last - t_0)/n⌋`; the last has the rest, too |
/// | [`by_number_bins`](Self::by_number_bins) | of `n`: events from number `i d` on, `⌊(1 + overlap) d⌋` of them, `d = ⌊N/n⌋`; the last has the rest, too |
///
/// The first two have whole windows alone, unless [`Slicer::with_rest`] says otherwise. A recording lasts from
/// its first event up to its last one, both included.
///
/// These are Tonic's slicers, but for this: in Tonic the last event is in no window that ends with it, a
/// recording shorter than a window is a slice anyway, and bins with an overlap begin every
/// `(1 - overlap^2) d`, so that many of them do not reach the end of the recording; what is left there is in
/// no bin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slicer {
    rule: Rule,
    rest: bool,
}

fn windows(what: &str, window: u64, overlap: u64) -> Result<(u64, u64)> {
    match overlap < window {
        true => Ok((window, window - overlap)),
        false => {
            let expected = "an overlap below the window";
            let found = format!("a window of {window} and an overlap of {overlap}");
            Err(error::argument(what, expected, found))
        }
    }
}

fn bins(n: usize, overlap: f64) -> Result<(u64, f64)> {
    let bins = n as u64;
    if !(1..=MOST).contains(&bins) {
        return Err(error::argument("the number of slices", format!("from 1 to {MOST}"), n));
    }
    if !(0.0..=1.0).contains(&overlap) {
        return Err(error::argument("the overlap as a part of a slice", "from 0 to 1", overlap));
    }
    Ok((bins, overlap))
}

impl Slicer {
    /// Windows of time, in µs, each of which begins `overlap` before the end of the one before it.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where the overlap is not below the window.
    pub fn by_time(window: u64, overlap: u64) -> Result<Self> {
        let (window, stride) = windows("windows in µs", window, overlap)?;
        Ok(Self { rule: Rule::Time { window, stride }, rest: false })
    }

    /// Windows of so many events, of which the first `overlap` are in the one before it, too.
    ///
    /// # Errors
    ///
    /// As of [`Slicer::by_time`].
    pub fn by_number(window: usize, overlap: usize) -> Result<Self> {
        let (window, stride) = windows("windows of events", window as u64, overlap as u64)?;
        Ok(Self { rule: Rule::Number { window, stride }, rest: false })
    }

    /// So many slices of as much time each, each longer by a part of it.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where there is none or over 2^24, or where the overlap
    /// is not from 0 to 1.
    pub fn by_time_bins(n: usize, overlap: f64) -> Result<Self> {
        let (n, overlap) = bins(n, overlap)?;
        Ok(Self { rule: Rule::TimeBins { n, overlap }, rest: false })
    }

    /// So many slices of as many events each, each longer by a part of it.
    ///
    /// # Errors
    ///
    /// As of [`Slicer::by_time_bins`].
    pub fn by_number_bins(n: usize, overlap: f64) -> Result<Self> {
        let (n, overlap) = bins(n, overlap)?;
        Ok(Self { rule: Rule::NumberBins { n, overlap }, rest: false })
    }

    /// The same, with what is left at the end as a last, shorter window. Bins have it as it is.
    #[must_use]
    pub fn with_rest(self) -> Self {
        Self { rest: true, ..self }
    }

    /// The indices of the events of each slice. None ends before the one that precedes it, as
    /// [`Slices::by`](crate::event::frames::Slices::by) wants them.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where there would be over 2^24 slices.
    pub fn ranges(&self, events: EventsView) -> Result<Vec<Range<usize>>> {
        let (first, last) = span(&events).unwrap_or_default();
        let whole = if events.is_empty() { 0 } else { (last - first).saturating_add(1) };
        let n_events = events.len() as u64;
        // The index of the first event so long after the first one.
        let index = |after: u64| events.t().partition_point(|t| t - first < after);
        match self.rule {
            Rule::Time { window, stride } => {
                let starts = self.starts(whole, window, stride)?;
                let start_and_end = |start: u64| index(start)..index(start.saturating_add(window));
                Ok(starts.map(start_and_end).collect())
            }
            Rule::Number { window, stride } => {
                let starts = self.starts(n_events, window, stride)?;
                let end = |start: u64| start.saturating_add(window).min(n_events) as usize;
                Ok(starts.map(|start| start as usize..end(start)).collect())
            }
            Rule::TimeBins { n, overlap } => {
                let last_index = events.len();
                let pieces = pieces((last - first) / n, n, overlap);
                let range =
                    |(start, end): (u64, Option<u64>)| index(start)..end.map_or(last_index, index);
                Ok(pieces.map(range).collect())
            }
            Rule::NumberBins { n, overlap } => {
                let range = |(start, end): (u64, Option<u64>)| {
                    start as usize..end.unwrap_or(n_events).min(n_events) as usize
                };
                Ok(pieces(n_events / n, n, overlap).map(range).collect())
            }
        }
    }

    /// The slices, without a copy.
    ///
    /// # Errors
    ///
    /// As of [`Slicer::ranges`].
    pub fn slices<'a>(&self, events: EventsView<'a>) -> Result<Vec<EventsView<'a>>> {
        let ranges = self.ranges(events)?;
        Ok(ranges.into_iter().map(|range| events.cut(range.start, range.end)).collect())
    }

    /// Where the windows of a whole begin.
    fn starts(&self, whole: u64, window: u64, stride: u64) -> Result<impl Iterator<Item = u64>> {
        let n = match whole.checked_sub(window) {
            Some(rest) if self.rest => rest.div_ceil(stride).saturating_add(1),
            Some(rest) => (rest / stride).saturating_add(1),
            None => u64::from(self.rest && whole > 0),
        };
        if n > MOST {
            let expected = format!("so long that there are at most {MOST}");
            return Err(error::argument("windows", expected, format!("{window}, which gives {n}")));
        }
        Ok((0..n).map(move |i| i * stride))
    }
}

/// The starts and ends of so many pieces of a size, each longer by a part of it; the last has no end.
fn pieces(size: u64, n: u64, overlap: f64) -> impl Iterator<Item = (u64, Option<u64>)> {
    let longer = (size as f64 * overlap) as u64;
    (0..n).map(move |i| (i * size, (i + 1 < n).then_some((i + 1) * size + longer)))
}
