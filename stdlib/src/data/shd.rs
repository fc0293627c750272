//! Spiking Heidelberg Digits: digits spoken in English and German, as spikes of an artificial cochlea of 700 channels
//! (Cramer et al. 2022, IEEE TNNLS 33:2744).
//!
//! What is published are two HDF5 files, of which each is read into memory as a whole to prepare the samples. A sample
//! is an `.npz` file of its own, which NumPy reads as well: a loader reads what it needs in any order and by several
//! threads without the whole in memory, and a run that was killed goes on, as with the sets of cameras.

use std::path::Path;
use std::sync::Arc;

use super::dataset::{
    About, Access, Content, Dataset, Failure, Raw, Remote, Sample, Size, Split, Writer,
};
use super::download::Checksum;
use crate::event::{Format, shd::Shd};

/// What is published of Spiking Heidelberg Digits.
pub const SHD: About = About {
    name: "Spiking Heidelberg Digits",
    folder: "shd",
    version: 1,
    classes: &[
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "null",
        "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun",
    ],
    // A spike is an event of polarity 1.
    sensor: [2, 1, 700],
    splits: &[Split { name: "train", n_samples: 8156 }, Split { name: "test", n_samples: 2264 }],
    licence: "Benjamin Cramer and others, CC BY 4.0",
    citation: "B. Cramer, Y. Stradmann, J. Schemmel, F. Zenke: The Heidelberg spiking data sets for the systematic \
               evaluation of spiking neural networks. IEEE Transactions on Neural Networks and Learning Systems \
               33(7), pages 2744-2757, 2022",
    home: "https://zenkelab.org/resources/spiking-heidelberg-datasets-shd/",
    files: &[
        Remote {
            name: "shd_train.h5.zip",
            access: Access::Urls(&["https://zenkelab.org/datasets/shd_train.h5.zip"]),
            size: Size::AtMost(1 << 30),
            checksum: Some(Checksum::md5("f3252aeb598ac776c1b526422d90eecb")),
            content: Content::Archive(|path| path == "shd_train.h5"),
        },
        Remote {
            name: "shd_test.h5.zip",
            access: Access::Urls(&["https://zenkelab.org/datasets/shd_test.h5.zip"]),
            size: Size::AtMost(1 << 30),
            checksum: Some(Checksum::md5("1503a5064faa34311c398fb0a1ed0a6f")),
            content: Content::Archive(|path| path == "shd_test.h5"),
        },
    ],
};

/// Spiking Heidelberg Digits, as [`SHD`] says.
#[derive(Clone, Debug)]
pub struct SpikingHeidelbergDigits {
    about: About,
}

impl Default for SpikingHeidelbergDigits {
    fn default() -> Self {
        Self { about: SHD }
    }
}

impl Dataset for SpikingHeidelbergDigits {
    fn about(&self) -> &About {
        &self.about
    }

    fn samples<'a>(&'a self, raw: &'a Raw) -> Result<Vec<Sample<'a>>, Failure> {
        let train = samples(&raw.path("shd_train.h5.zip")?.join("shd_train.h5"), "train")?;
        let test = samples(&raw.path("shd_test.h5.zip")?.join("shd_test.h5"), "test")?;
        Ok(train.into_iter().chain(test).collect())
    }
}

/// The recordings of a file, named by their numbers in it.
fn samples<'a>(path: &Path, split: &'a str) -> Result<Vec<Sample<'a>>, Failure> {
    let spikes = Arc::new(Shd::read(path)?);
    let sample = |(i, label): (usize, &u32)| {
        let of_all = Arc::clone(&spikes);
        let write: Writer<'a> = Box::new(move |out| {
            Ok(out.write_all(&of_all.events(i)?.view().to_bytes(Format::Npz)?)?)
        });
        Ok(Sample { split, class: usize::try_from(*label)?, name: format!("{i:04}.npz"), write })
    };
    spikes.labels().iter().enumerate().map(sample).collect()
}

#[cfg(test)]
mod tests;
