//! The bytes of a file with its name, and the columns that a reader fills from them.

use super::error::{Error, Result};
use super::events::{Columns, Events, Fault};
use super::read::{Options, Order};

/// What to do about a file that is damaged or something else.
pub(super) const DAMAGED: &str = "get the file again, or name its format";

/// The bytes of a file.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    /// What stands in errors for where the bytes came from.
    pub name: &'a str,
    /// The whole file; nothing where it is read part by part.
    pub bytes: &'a [u8],
}

impl<'a> Input<'a> {
    /// The error of what stands at a place.
    pub fn error(
        &self,
        offset: usize,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Error {
        self.hinted(offset, expected, found, DAMAGED)
    }

    fn hinted(
        &self,
        offset: usize,
        expected: impl Into<String>,
        found: impl Into<String>,
        hint: &'static str,
    ) -> Error {
        let [expected, found] = [expected.into(), found.into()];
        Error::File { file: self.name.into(), offset: offset as u64, expected, found, hint }
    }

    /// So many bytes from a place on.
    pub fn slice(&self, offset: usize, n: usize, what: &str) -> Result<&'a [u8]> {
        self.within(offset, n, self.bytes.len(), what)?;
        Ok(&self.bytes[offset..offset + n])
    }

    /// Holds so many bytes from a place on against the file's length.
    pub fn within(&self, offset: usize, n: usize, length: usize, what: &str) -> Result<()> {
        match offset.checked_add(n).is_some_and(|end| end <= length) {
            true => Ok(()),
            false => {
                let found = format!("{} until the file's end", length.saturating_sub(offset));
                Err(self.error(offset, format!("{n} bytes of {what}"), found))
            }
        }
    }

    /// A fixed number of bytes from a place on.
    pub fn array<const N: usize>(&self, offset: usize, what: &str) -> Result<[u8; N]> {
        let slice = self.slice(offset, N, what)?;
        let mut array = [0; N];
        array.copy_from_slice(slice);
        Ok(array)
    }

    /// What stands from a place on, which has to be whole records of a size.
    pub fn records(&self, offset: usize, size: usize, what: &str) -> Result<&'a [u8]> {
        let rest = self.slice(offset, self.bytes.len().saturating_sub(offset), what)?;
        let part = rest.len() % size;
        if part > 0 {
            let expected = format!("{size} bytes for {what}");
            return Err(self.error(
                self.bytes.len() - part,
                expected,
                format!("{part} until the file's end"),
            ));
        }
        Ok(rest)
    }

    /// Columns as events, sorted where that is asked for and then checked. `locate` says where in the
    /// file an event stands, and is asked for the one that is wrong.
    pub fn finish(
        &self,
        mut columns: Columns,
        size: Option<(u16, u16)>,
        options: &Options,
        locate: impl Fn(usize) -> usize,
    ) -> Result<Events> {
        columns.of_one_length().map_err(|e| self.fault(&e, &locate))?;
        if options.order == Order::Sort && columns.in_order().is_err() {
            // Where the coordinates are wrong, the offset is that of the event before it was moved.
            if let Some((width, height)) = options.size.or(size) {
                columns.in_bounds(width, height).map_err(|e| self.fault(&e, &locate))?;
            }
            columns.sort();
        }
        let (width, height) = match options.size.or(size) {
            Some(size) => size,
            None => columns.extent().ok_or_else(|| {
                self.error(0, "coordinates below 65535", "65535, and no size of the sensor")
            })?,
        };
        columns.checked(width, height).map_err(|e| self.fault(&e, &locate))
    }

    /// The error of an event.
    pub fn fault(&self, fault: &Fault, locate: &dyn Fn(usize) -> usize) -> Error {
        let hint = match fault {
            Fault::Time { .. } => "read it with `Order::Sort` if its events are not in order",
            Fault::Place { .. } => "give the sensor's size, or name the file's format",
            _ => DAMAGED,
        };
        let offset = fault.index().map_or(0, locate);
        let expected = format!("{} to be {}", fault.what(), fault.expected());
        self.hinted(offset, expected, fault.found(), hint)
    }
}
