//! What is published of a set.

use std::collections::BTreeSet;

use serde_json::Value;

use super::manifest::Stamp;
use super::prepared::Item;
use super::{Sample, Writer};
use crate::data::archive::name;
use crate::data::download::Checksum;
use crate::data::error::{self, Error, Result};

/// A set of events, as its authors describe it.
#[derive(Clone, Debug)]
pub struct About {
    /// The name to show.
    pub name: &'static str,
    /// The folder in the cache.
    pub folder: &'static str,
    /// The version of what is written of each sample, which is another after each change of that.
    pub version: u32,
    /// The names of the classes, by their labels.
    pub classes: &'static [&'static str],
    /// Polarities, rows and columns of the sensor: those of an event are below.
    pub sensor: [usize; 3],
    /// The parts of the set.
    pub splits: &'static [Split],
    /// Whose it is and on what terms.
    pub licence: &'static str,
    /// What to cite.
    pub citation: &'static str,
    /// The page of its authors.
    pub home: &'static str,
    /// What is published; none where the set makes its samples itself.
    pub files: &'static [Remote],
}

/// A part of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// `train`, `test`.
    pub name: &'static str,
    /// How many samples it has.
    pub n_samples: usize,
}

/// A published file.
#[derive(Clone, Debug)]
pub struct Remote {
    /// Its name.
    pub name: &'static str,
    /// Where it is.
    pub access: Access,
    /// How large it is.
    pub size: Size,
    /// What it has to be; none where its owners publish none, and then only for a file that comes by hand.
    pub checksum: Option<Checksum>,
    /// What is in it.
    pub content: Content,
}

/// How a published file is had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It may be downloaded: `http://` or `https://`, the first asked first.
    Urls(&'static [&'static str]),
    /// Its owners have a form, a login or terms before it: a page, and what to do there.
    ByHand {
        /// The page.
        page: &'static str,
        /// `accept the terms and choose DvsGesture.tar.gz`.
        how: &'static str,
    },
}

/// What is known of a file's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// It has so many bytes.
    Exact(u64),
    /// It is not published, but not more.
    AtMost(u64),
}

/// What is in a published file.
#[derive(Clone, Copy, Debug)]
pub enum Content {
    /// It is read as it is.
    File,
    /// An archive, of which the files are unpacked whose paths are chosen (see
    /// [`archive::unpack`](crate::data::archive::unpack)).
    Archive(fn(&str) -> bool),
}

impl About {
    /// Holds what a set says of itself against what can be.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] with what cannot: names that are empty, twice there or lead elsewhere, checksums with
    /// another number of digits, a download without one, addresses of other kinds, a sensor or split without
    /// anything.
    pub fn check(&self) -> Result<()> {
        let wrong = |what, expected: &str, found: &dyn std::fmt::Display| {
            Err(error::argument(what, expected, format!("{found} in the set {:?}", self.name)))
        };
        let names = || [self.folder].into_iter().chain(self.files.iter().map(|file| file.name));
        let names = names().chain(self.splits.iter().map(|split| split.name));
        for name in names {
            if !name::split(name).is_ok_and(|names| names == [name]) {
                return wrong("a name", "one that a file can have", &format!("{name:?}"));
            }
        }
        let [files, splits] = [
            self.files.iter().map(|file| file.name).collect::<Vec<_>>(),
            self.splits.iter().map(|split| split.name).collect(),
        ];
        for names in [files, splits] {
            let different: BTreeSet<String> =
                names.iter().map(|name| name.to_lowercase()).collect();
            if different.len() != names.len() {
                let expected = "different from each other";
                return wrong("the names of files and splits", expected, &format!("{names:?}"));
            }
        }
        if self.classes.is_empty() || self.splits.is_empty() {
            return wrong("the classes and splits", "one at least", &"none");
        }
        if self.sensor.contains(&0) || self.splits.iter().any(|split| split.n_samples == 0) {
            return wrong(
                "sizes",
                "1 at least",
                &format!("{:?} and {:?}", self.sensor, self.splits),
            );
        }
        for file in self.files {
            file.check()
                .or_else(|(expected, found)| wrong("a published file", expected, &found))?;
        }
        Ok(())
    }

    /// What samples with these parameters are made of.
    pub(crate) fn stamp(&self, parameters: Value) -> Stamp {
        let sources = self.files.iter().map(Remote::source).collect();
        Stamp { set: self.name.into(), version: self.version, parameters, sources }
    }

    /// The files that samples become, if there are as many as there should be.
    pub(super) fn items<'a>(&self, samples: Vec<Sample<'a>>) -> Result<Vec<Item<Writer<'a>>>> {
        let wrong = |expected: String, found: String| {
            let hint = "its published files were changed; get them again, or tell the maintainers";
            Err(Error::Format { file: format!("the set {:?}", self.name), expected, found, hint })
        };
        for split in self.splits {
            let n = samples.iter().filter(|sample| sample.split == split.name).count();
            if n != split.n_samples {
                let expected = format!("{} samples in {:?}", split.n_samples, split.name);
                return wrong(expected, n.to_string());
            }
        }
        let known =
            |sample: &&Sample<'_>| self.splits.iter().any(|split| split.name == sample.split);
        if let Some(other) = samples.iter().find(|sample| !known(sample)) {
            let names: Vec<&str> = self.splits.iter().map(|split| split.name).collect();
            return wrong(format!("one of the splits {names:?}"), format!("{:?}", other.split));
        }
        if let Some(other) = samples.iter().find(|sample| sample.class >= self.classes.len()) {
            let expected = format!("classes below {}", self.classes.len());
            return wrong(expected, format!("{} of {:?}", other.class, other.name));
        }
        let path =
            |sample: &Sample<'_>| format!("{}/{}/{}", sample.split, sample.class, sample.name);
        Ok(samples.into_iter().map(|s| Item { path: path(&s), write: s.write }).collect())
    }
}

impl Remote {
    /// Its name with its checksum, as a manifest has them.
    pub(super) fn source(&self) -> (String, String) {
        let checksum = self.checksum.as_ref().map_or("unknown".into(), Checksum::to_string);
        (self.name.into(), checksum)
    }

    /// What should have been, and what is.
    fn check(&self) -> std::result::Result<(), (&'static str, String)> {
        let digits = match &self.checksum {
            None => None,
            Some(Checksum::Sha256(digits)) => Some((digits, 64)),
            Some(Checksum::Md5(digits)) => Some((digits, 32)),
        };
        let is_web =
            |url: &&str| ["http://", "https://"].iter().any(|start| url.starts_with(start));
        if digits.is_some_and(|(digits, n)| {
            digits.len() != n || !digits.bytes().all(|d| d.is_ascii_hexdigit())
        }) {
            return Err(("one with all digits of its checksum", self.source().1));
        }
        match self.access {
            Access::Urls(_) if self.checksum.is_none() => {
                Err(("one with a checksum where it is downloaded", self.name.into()))
            }
            Access::Urls(urls) if urls.is_empty() || !urls.iter().all(is_web) => {
                Err(("one with addresses `http://` or `https://`", format!("{urls:?}")))
            }
            _ => Ok(()),
        }
    }
}
