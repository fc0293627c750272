//! Event data sets, read sample by sample.
//!
//! ```no_run
//! use snn::data::dataset::Places;
//! use snn::data::event_set::EventSet;
//! use snn::data::n_mnist::NMnist;
//!
//! # fn main() -> snn::data::Result<()> {
//! let set = EventSet::open(&NMnist::default(), &Places::default())?;
//! for sample in set.split("train")?.iter() {
//!     let (events, label) = sample?;
//!     println!("{}: {} events", set.classes()[label], events.len());
//! }
//! # Ok(())
//! # }
//! ```

use std::path::{Path, PathBuf};

use super::dataset::{self, Dataset, Places, Prepared, Split};
use super::error::{self, Error, Result};
use crate::event::{self, Events};

/// A set whose samples are prepared. It is only a table of files; what it gives is read anew each time.
#[derive(Clone, Debug)]
pub struct EventSet {
    prepared: Prepared,
    size: (u16, u16),
    splits: &'static [Split],
    classes: &'static [&'static str],
}

impl EventSet {
    /// Opens a set whose samples are files of events in a [`Format`](event::Format) that their names or beginnings
    /// tell. They are prepared where they are not there.
    ///
    /// # Errors
    ///
    /// Those of [`dataset::prepare`], and [`Error::Argument`] where the set's sensor has more than 65535 rows or
    /// columns.
    pub fn open(set: &dyn Dataset, places: &Places) -> Result<Self> {
        let about = set.about();
        let [_, height, width] = about.sensor.map(u16::try_from);
        let (Ok(width), Ok(height)) = (width, height) else {
            let expected = "at most 65535 rows and columns";
            return Err(error::argument("the sensor", expected, format!("{:?}", about.sensor)));
        };
        let prepared = dataset::prepare(set, places)?;
        let (splits, classes) = (about.splits, about.classes);
        Ok(Self { prepared, size: (width, height), splits, classes })
    }

    /// The names of the classes, by their labels.
    #[must_use]
    pub fn classes(&self) -> &'static [&'static str] {
        self.classes
    }

    /// The files of the samples.
    #[must_use]
    pub fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// The names of the splits.
    pub(super) fn splits(&self) -> &'static [Split] {
        self.splits
    }

    /// The samples of a split, in the order in which the set has them.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] where the set has no such split.
    pub fn split(&self, name: &str) -> Result<Recordings> {
        if !self.splits.iter().any(|split| split.name == name) {
            let names: Vec<&str> = self.splits.iter().map(|split| split.name).collect();
            return Err(error::argument(
                "a split",
                format!("one of {names:?}"),
                format!("{name:?}"),
            ));
        }
        Ok(Recordings { samples: self.prepared.samples(name), size: self.size })
    }
}

/// The samples of a split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recordings {
    samples: Vec<(PathBuf, usize)>,
    size: (u16, u16),
}

impl Recordings {
    /// How many samples there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// The classes of all samples, `[len]`, without reading one.
    pub fn labels(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.samples.iter().map(|(_, label)| *label)
    }

    /// The class of a sample, without reading it; none where there is no such sample.
    #[must_use]
    pub fn class(&self, index: usize) -> Option<usize> {
        self.samples.get(index).map(|(_, label)| *label)
    }

    /// The file of a sample; none where there is no such sample.
    #[must_use]
    pub fn file(&self, index: usize) -> Option<&Path> {
        self.samples.get(index).map(|(file, _)| file.as_path())
    }

    /// Reads a sample: its events on the set's sensor, and its class.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] where there is no such sample, [`Error::Io`] where its file cannot be read,
    /// [`Error::Format`] where that is damaged.
    pub fn get(&self, index: usize) -> Result<(Events, usize)> {
        let n = self.len();
        let none = || error::argument("the index of a sample", format!("below {n}"), index);
        let (path, label) = self.samples.get(index).ok_or_else(none)?;
        Ok((self.read(path)?, *label))
    }

    /// Reads all samples, one after the other.
    ///
    /// # Errors
    ///
    /// Those of [`Recordings::get`], for each sample of its own.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Result<(Events, usize)>> + '_ {
        self.samples.iter().map(|(path, label)| Ok((self.read(path)?, *label)))
    }

    fn read(&self, path: &Path) -> Result<Events> {
        let options = event::Options { size: Some(self.size), ..event::Options::default() };
        Events::read(path, &options).map_err(failed)
    }
}

/// A failure with a file of a prepared set, as one of data.
fn failed(error: event::Error) -> Error {
    match error {
        event::Error::Io { what, path, why } => Error::Io { what, path, why },
        event::Error::File { file, offset, expected, found, .. } => {
            let hint = "delete the folder of the prepared samples, and have it made again";
            Error::Format { file: format!("{file}, byte {offset}"), expected, found, hint }
        }
        event::Error::Argument { what, expected, found } => {
            error::argument("events", format!("those with {what} {expected}"), found)
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
