//! Events of a camera or of another sensor, as columns, and views of a part of them.

use std::ops::Range;

use super::error::{self, Result};
use super::view::{Event, EventsView};

/// Events in the order of their times, from a sensor of a size.
///
/// Four columns of one length: the time in µs, the column and the row of the pixel, the polarity (1 where
/// it became brighter, 0 where darker). What is in one is checked: times never go back, places lie on the
/// sensor, polarities are 0 or 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events {
    width: u16,
    height: u16,
    columns: Columns,
}

/// The columns alone, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Columns {
    pub t: Vec<u64>,
    pub x: Vec<u16>,
    pub y: Vec<u16>,
    pub p: Vec<u8>,
}

/// What is wrong with columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Columns of several lengths.
    Lengths([usize; 4]),
    /// A time before the one of the event before.
    Time { index: usize, before: u64, t: u64 },
    /// A place off the sensor.
    Place { index: usize, place: (u16, u16), size: (u16, u16) },
    /// A polarity that is neither 0 nor 1.
    Polarity { index: usize, p: u8 },
}

impl Fault {
    /// Which event it is.
    pub fn index(&self) -> Option<usize> {
        match *self {
            Self::Lengths(_) => None,
            Self::Time { index, .. } | Self::Place { index, .. } | Self::Polarity { index, .. } => {
                Some(index)
            }
        }
    }

    pub fn what(&self) -> String {
        match *self {
            Self::Lengths(_) => "the lengths of t, x, y and p".into(),
            Self::Time { index, .. } => format!("the time of event {index}"),
            Self::Place { index, .. } => format!("the place of event {index}"),
            Self::Polarity { index, .. } => format!("the polarity of event {index}"),
        }
    }

    pub fn expected(&self) -> String {
        match *self {
            Self::Lengths(_) => "equal".into(),
            Self::Time { before, .. } => {
                format!("{before} µs or later, as that of the event before it")
            }
            Self::Place { size: (width, height), .. } => {
                format!("on the sensor of {width} x {height}")
            }
            Self::Polarity { .. } => "0 or 1".into(),
        }
    }

    pub fn found(&self) -> String {
        match *self {
            Self::Lengths(n) => format!("{n:?}"),
            Self::Time { t, .. } => format!("{t} µs"),
            Self::Place { place: (x, y), .. } => format!("x = {x}, y = {y}"),
            Self::Polarity { p, .. } => p.to_string(),
        }
    }
}

/// Numbers that are looked through at once, before it is decided whether to go on: enough for the
/// processor's vectors, few enough to stay in its cache.
const BLOCK: usize = 4096;

/// Where the first element of a column is that is bad. Blocks are looked through without branches.
fn first<T: Copy>(column: &[T], bad: impl Fn(T) -> bool) -> Option<usize> {
    let blocks = column.chunks(BLOCK).enumerate();
    let mut wrong = blocks.filter(|(_, block)| block.iter().fold(false, |any, v| any | bad(*v)));
    wrong.find_map(|(i, block)| Some(i * BLOCK + block.iter().position(|v| bad(*v))?))
}

impl Columns {
    pub fn with_capacity(n: usize) -> Self {
        Self {
            t: Vec::with_capacity(n),
            x: Vec::with_capacity(n),
            y: Vec::with_capacity(n),
            p: Vec::with_capacity(n),
        }
    }

    /// So many events of zeros. Memory for them is not touched yet.
    pub fn zeros(n: usize) -> Self {
        Self { t: vec![0; n], x: vec![0; n], y: vec![0; n], p: vec![0; n] }
    }

    pub fn push(&mut self, t: u64, x: u16, y: u16, p: u8) {
        self.t.push(t);
        self.x.push(x);
        self.y.push(y);
        self.p.push(p);
    }

    /// The smallest sensor that has all places, if its size can be told.
    pub fn extent(&self) -> Option<(u16, u16)> {
        let size = |column: &[u16]| column.iter().max().map_or(Some(0), |max| max.checked_add(1));
        Some((size(&self.x)?, size(&self.y)?))
    }

    /// Orders events by their times; those of one time stay as they are.
    pub fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.t.len()).collect();
        order.sort_by_key(|i| self.t[*i]);
        fn pick<T: Copy>(column: &mut Vec<T>, order: &[usize]) {
            *column = order.iter().map(|i| column[*i]).collect();
        }
        pick(&mut self.t, &order);
        pick(&mut self.x, &order);
        pick(&mut self.y, &order);
        pick(&mut self.p, &order);
    }

    pub fn in_order(&self) -> std::result::Result<(), Fault> {
        let t = &self.t;
        let next = t.get(1..).unwrap_or_default();
        let mut start = 0;
        for (block, after) in t.chunks(BLOCK).zip(next.chunks(BLOCK)) {
            let pairs = || block.iter().zip(after);
            if pairs().fold(false, |any, (a, b)| any | (a > b)) {
                let at = pairs().position(|(a, b)| a > b).unwrap_or(0);
                let index = start + at + 1;
                return Err(Fault::Time { index, before: t[index - 1], t: t[index] });
            }
            start += BLOCK;
        }
        Ok(())
    }

    pub fn in_bounds(&self, width: u16, height: u16) -> std::result::Result<(), Fault> {
        let outside = |column: &[u16], size| first(column, |v| v >= size);
        match outside(&self.x, width).into_iter().chain(outside(&self.y, height)).min() {
            None => Ok(()),
            Some(index) => {
                let place = (self.x[index], self.y[index]);
                Err(Fault::Place { index, place, size: (width, height) })
            }
        }
    }

    /// Whether all are of one length, as sorting and looking for places need them to be.
    pub fn of_one_length(&self) -> std::result::Result<(), Fault> {
        let lengths = [self.t.len(), self.x.len(), self.y.len(), self.p.len()];
        match lengths.iter().all(|n| *n == lengths[0]) {
            true => Ok(()),
            false => Err(Fault::Lengths(lengths)),
        }
    }

    /// Events that were checked while they were read, each as [`Columns::checked`] would.
    pub fn into_events(self, width: u16, height: u16) -> Events {
        Events { width, height, columns: self }
    }

    /// Events, where all is as it has to be.
    pub fn checked(self, width: u16, height: u16) -> std::result::Result<Events, Fault> {
        self.of_one_length()?;
        self.in_bounds(width, height)?;
        self.in_order()?;
        if let Some(index) = first(&self.p, |p| p > 1) {
            return Err(Fault::Polarity { index, p: self.p[index] });
        }
        Ok(Events { width, height, columns: self })
    }
}

impl Events {
    /// Events from columns of one length: times in µs that never go back, `x < width`, `y < height`,
    /// polarities 0 or 1.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](super::Error::Argument) with the first event that is wrong.
    pub fn new(
        width: u16,
        height: u16,
        t: Vec<u64>,
        x: Vec<u16>,
        y: Vec<u16>,
        p: Vec<u8>,
    ) -> Result<Self> {
        let checked = Columns { t, x, y, p }.checked(width, height);
        checked.map_err(|fault| error::argument(fault.what(), fault.expected(), fault.found()))
    }

    /// Those of several views one behind the other.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](super::Error::Argument) where there is none, where their sensors differ in size,
    /// or where one begins before the end of the one before.
    pub fn concat(views: &[EventsView<'_>]) -> Result<Self> {
        let none = || error::argument("views to put together", "one or more", 0);
        let (width, height) = views.first().ok_or_else(none)?.size();
        if let Some(other) = views.iter().find(|view| view.size() != (width, height)) {
            let found = format!("{:?}", other.size());
            return Err(error::argument(
                "the sensor of each view",
                format!("{:?}", (width, height)),
                found,
            ));
        }
        let mut columns = Columns::with_capacity(views.iter().map(|view| view.len()).sum());
        for view in views {
            columns.t.extend_from_slice(view.t());
            columns.x.extend_from_slice(view.x());
            columns.y.extend_from_slice(view.y());
            columns.p.extend_from_slice(view.p());
        }
        Self::new(width, height, columns.t, columns.x, columns.y, columns.p)
    }

    /// Columns that are as [`Events::new`] wants them.
    pub(super) fn of_checked(width: u16, height: u16, columns: Columns) -> Self {
        Self { width, height, columns }
    }

    /// A copy of a view, whose events were checked.
    pub(super) fn from_checked(view: &EventsView<'_>) -> Self {
        let (width, height) = view.size();
        let (t, p) = (view.t().to_vec(), view.p().to_vec());
        let (x, y) = (view.x().to_vec(), view.y().to_vec());
        Self { width, height, columns: Columns { t, x, y, p } }
    }

    /// All of them as a view.
    pub fn view(&self) -> EventsView<'_> {
        let Columns { t, x, y, p } = &self.columns;
        EventsView::from_checked((self.width, self.height), t, x, y, p)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.columns.t.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Width of the sensor in pixels.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Height of the sensor in pixels; 1 where its channels have one number.
    pub fn height(&self) -> u16 {
        self.height
    }

    /// The times in µs, `[len]`, none before the one that precedes it.
    pub fn t(&self) -> &[u64] {
        &self.columns.t
    }

    /// The columns of the pixels, `[len]`, from 0 on.
    pub fn x(&self) -> &[u16] {
        &self.columns.x
    }

    /// The rows of the pixels, `[len]`, from 0 on.
    pub fn y(&self) -> &[u16] {
        &self.columns.y
    }

    /// The polarities, `[len]`: 1 where it became brighter, 0 where darker.
    pub fn p(&self) -> &[u8] {
        &self.columns.p
    }

    /// The columns `t`, `x`, `y` and `p`, to change them and to make events of them anew.
    pub fn into_columns(self) -> (Vec<u64>, Vec<u16>, Vec<u16>, Vec<u8>) {
        let Columns { t, x, y, p } = self.columns;
        (t, x, y, p)
    }

    /// Leaves out the events that a function says no to. It is asked for each in turn.
    pub fn retain(&mut self, mut keep: impl FnMut(Event) -> bool) {
        let Columns { t, x, y, p } = &mut self.columns;
        let mut kept = 0;
        for i in 0..t.len() {
            let event = Event { t: t[i], x: x[i], y: y[i], p: p[i] };
            if keep(event) {
                (t[kept], x[kept], y[kept], p[kept]) = (event.t, event.x, event.y, event.p);
                kept += 1;
            }
        }
        t.truncate(kept);
        x.truncate(kept);
        y.truncate(kept);
        p.truncate(kept);
    }

    /// The events of some indices, without a copy.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](super::Error::Argument) where there are no such events.
    pub fn slice(&self, indices: Range<usize>) -> Result<EventsView<'_>> {
        self.view().slice(indices)
    }

    /// The events from `times.start` on and before `times.end`, in µs, without a copy.
    pub fn between(&self, times: Range<u64>) -> EventsView<'_> {
        self.view().between(times)
    }
}

#[cfg(test)]
mod tests;
