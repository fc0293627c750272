//! A part of events, which are looked at and not copied.

use std::ops::Range;

use super::error::{self, Result};
use super::events::Events;

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The time in µs.
    pub t: u64,
    /// The column of the pixel.
    pub x: u16,
    /// The row of the pixel.
    pub y: u16,
    /// 1 where it became brighter, 0 where darker.
    pub p: u8,
}

/// Some of [`Events`], one behind the other, with the size of their sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventsView<'a> {
    size: (u16, u16),
    t: &'a [u64],
    x: &'a [u16],
    y: &'a [u16],
    p: &'a [u8],
}

impl<'a> EventsView<'a> {
    /// A view of columns of one length that were checked.
    pub(super) fn from_checked(
        size: (u16, u16),
        t: &'a [u64],
        x: &'a [u16],
        y: &'a [u16],
        p: &'a [u8],
    ) -> Self {
        Self { size, t, x, y, p }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.t.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.t.is_empty()
    }

    /// Width and height of the sensor in pixels.
    pub fn size(&self) -> (u16, u16) {
        self.size
    }

    /// As of [`Events::t`].
    pub fn t(&self) -> &'a [u64] {
        self.t
    }

    /// As of [`Events::x`].
    pub fn x(&self) -> &'a [u16] {
        self.x
    }

    /// As of [`Events::y`].
    pub fn y(&self) -> &'a [u16] {
        self.y
    }

    /// As of [`Events::p`].
    pub fn p(&self) -> &'a [u8] {
        self.p
    }

    /// The events one by one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Event> + use<'a> {
        let Self { t, x, y, p, .. } = *self;
        (0..t.len()).map(move |i| Event { t: t[i], x: x[i], y: y[i], p: p[i] })
    }

    /// As of [`Events::slice`].
    ///
    /// # Errors
    ///
    /// As of [`Events::slice`].
    pub fn slice(&self, indices: Range<usize>) -> Result<Self> {
        let Range { start, end } = indices;
        if start > end || end > self.len() {
            let expected = format!("within 0..{}, the number of events", self.len());
            return Err(error::argument("indices of events", expected, format!("{start}..{end}")));
        }
        Ok(self.cut(start, end))
    }

    /// As of [`Events::between`].
    pub fn between(&self, times: Range<u64>) -> Self {
        let start = self.t.partition_point(|t| *t < times.start);
        let end = self.t.partition_point(|t| *t < times.end);
        self.cut(start, end.max(start))
    }

    /// Events of indices that are there.
    pub(super) fn cut(&self, start: usize, end: usize) -> Self {
        let Self { size, t, x, y, p } = *self;
        Self { size, t: &t[start..end], x: &x[start..end], y: &y[start..end], p: &p[start..end] }
    }

    /// A copy of these events alone.
    pub fn to_events(&self) -> Events {
        Events::from_checked(self)
    }
}
