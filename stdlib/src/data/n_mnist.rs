//! N-MNIST: the digits of MNIST on a screen, seen by an ATIS that three saccades move in about 300 ms (Orchard et
//! al. 2015, Frontiers in Neuroscience 9:437).
//!
//! A sample stays in the format that it is published in, five bytes an event, which is read without unpacking. Its
//! events are put in order and held against the sensor's size before.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::dataset::{
    About, Access, Content, Dataset, Failure, Raw, Remote, Sample, Size, Split, Writer,
};
use super::download::Checksum;
use super::error::{self, Error, Result};
use crate::event::{Events, Format, Options, Order};

/// What is published of N-MNIST.
pub const N_MNIST: About = About {
    name: "N-MNIST",
    folder: "n-mnist",
    version: 1,
    classes: &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    sensor: [2, 34, 34],
    splits: &[
        Split { name: "train", n_samples: 60_000 },
        Split { name: "test", n_samples: 10_000 },
    ],
    licence: "Garrick Orchard and others, CC BY-SA 4.0",
    citation: "G. Orchard, A. Jayawant, G. K. Cohen, N. Thakor: Converting static image datasets to spiking \
               neuromorphic datasets using saccades. Frontiers in Neuroscience 9:437, 2015",
    home: "https://www.garrickorchard.com/datasets/n-mnist",
    files: &[
        Remote {
            name: "Train.zip",
            access: Access::ByHand { page: PAGE, how: "download Train.zip" },
            size: Size::AtMost(1 << 32),
            checksum: Some(Checksum::md5("20959b8e626244a1b502305a9e6e2031")),
            content: Content::Archive(|path| is_sample(path, "Train/")),
        },
        Remote {
            name: "Test.zip",
            access: Access::ByHand { page: PAGE, how: "download Test.zip" },
            size: Size::AtMost(1 << 32),
            checksum: Some(Checksum::md5("69ca8762b2fe404d9b9bad1103e97832")),
            content: Content::Archive(|path| is_sample(path, "Test/")),
        },
    ],
};

/// Where the authors' page leads.
const PAGE: &str = "https://data.mendeley.com/datasets/468j46mzdv/1";

/// How a published file is read.
const PUBLISHED: Options =
    Options { format: Some(Format::Atis), size: Some((34, 34)), order: Order::Sort };

fn is_sample(path: &str, folder: &str) -> bool {
    path.starts_with(folder) && path.ends_with(".bin")
}

/// N-MNIST, as [`N_MNIST`] says.
#[derive(Clone, Debug)]
pub struct NMnist {
    pub(super) about: About,
}

impl Default for NMnist {
    fn default() -> Self {
        Self { about: N_MNIST }
    }
}

impl Dataset for NMnist {
    fn about(&self) -> &About {
        &self.about
    }

    fn samples<'a>(&'a self, raw: &'a Raw) -> std::result::Result<Vec<Sample<'a>>, Failure> {
        let train = self.of(raw.path("Train.zip")?.join("Train"), "train")?;
        let test = self.of(raw.path("Test.zip")?.join("Test"), "test")?;
        Ok(train.into_iter().chain(test).collect())
    }
}

impl NMnist {
    /// The samples in the folders of a split's classes, in the order of their names over all classes: they are
    /// numbered as the images were, so that the classes are mixed.
    fn of<'a>(&self, folder: PathBuf, split: &'a str) -> Result<Vec<Sample<'a>>> {
        let mut samples = BTreeMap::new();
        for (folder, _) in entries(&folder)? {
            let class = self.class(&folder)?;
            samples.extend(entries(&folder)?.map(|(path, name)| ((name, class), path)));
        }
        let sample = |((name, class), path): ((String, usize), PathBuf)| {
            let write: Writer<'a> = Box::new(move |out| {
                let events = Events::read(&path, &PUBLISHED)?;
                Ok(out.write_all(&events.view().to_bytes(Format::Atis)?)?)
            });
            Sample { split, class, name, write }
        };
        Ok(samples.into_iter().map(sample).collect())
    }

    /// The class that a folder is named by.
    fn class(&self, folder: &Path) -> Result<usize> {
        let n = self.about.classes.len();
        let name = folder.file_name().and_then(|name| name.to_str());
        (0..n).find(|class| name == Some(&*class.to_string())).ok_or_else(|| {
            let (file, found) = (folder.display().to_string(), "another name".into());
            let expected = format!("a folder named by a class below {n}");
            let hint = "get the archive again, or tell the maintainers if it is as published";
            Error::Format { file, expected, found, hint }
        })
    }
}

/// The paths and names of what is in a folder, in no order.
fn entries(folder: &Path) -> Result<impl Iterator<Item = (PathBuf, String)> + use<>> {
    let failed = error::io("read", folder);
    let entries: std::io::Result<Vec<_>> = fs::read_dir(folder).and_then(Iterator::collect);
    let entry =
        |entry: fs::DirEntry| (entry.path(), entry.file_name().to_string_lossy().into_owned());
    Ok(entries.map_err(failed)?.into_iter().map(entry))
}

#[cfg(test)]
mod tests;
