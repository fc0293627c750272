//! MNIST and Fashion-MNIST: 70 000 grey images of 28 by 28 pixels in ten classes each.
//!
//! ```no_run
//! use snn::data::mnist::{FashionMnist, Places, Split};
//!
//! # fn main() -> snn::data::Result<()> {
//! let train = FashionMnist::load(Split::Train, &Places::default())?;
//! println!("{}", FashionMnist::ABOUT.classes[train.labels[0] as usize]);
//! # Ok(())
//! # }
//! ```

mod about;

use std::path::{Path, PathBuf};

use super::cache;
use super::download::{self, Checksum, Source};
use super::error::{Error, Result};
use super::idx::Idx;
use super::images::{Images, Labelled};

pub use about::{About, Remote};

/// Handwritten digits.
#[derive(Clone, Copy, Debug)]
pub struct Mnist;

/// Pictures of clothes, in the format of MNIST and harder to tell apart.
#[derive(Clone, Copy, Debug)]
pub struct FashionMnist;

impl Mnist {
    /// What the set is, whose it is and where it is published.
    pub const ABOUT: About = about::MNIST;

    /// Finds and reads a split: 60 000 images to train with, 10 000 to test with.
    ///
    /// # Errors
    ///
    /// As [`About::load`].
    pub fn load(split: Split, places: &Places) -> Result<Labelled> {
        Self::ABOUT.load(split, places)
    }
}

impl FashionMnist {
    /// What the set is, whose it is and where it is published.
    pub const ABOUT: About = about::FASHION_MNIST;

    /// Finds and reads a split: 60 000 images to train with, 10 000 to test with.
    ///
    /// # Errors
    ///
    /// As [`About::load`].
    pub fn load(split: Split, places: &Places) -> Result<Labelled> {
        Self::ABOUT.load(split, places)
    }
}

/// The two parts of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// What is trained with.
    Train,
    /// What is tested with.
    Test,
}

/// Where files are looked for, in this order, before they are downloaded into the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// A folder of the caller's own with the four files, in gzip or not, or with torchvision's folders
    /// (`MNIST/raw`, `FashionMNIST/raw`). What it lacks is looked for further on.
    pub folder: Option<PathBuf>,
    /// A folder with a folder for each set, `mnist` and `fashion-mnist`: Debian's package
    /// `dataset-fashion-mnist` puts it into `/usr/share/datasets`, which is the default.
    pub system: PathBuf,
    /// The cache, with a folder for each set; none for [`cache::folder`].
    pub cache: Option<PathBuf>,
    /// How to download.
    pub download: download::Options,
}

impl Default for Places {
    fn default() -> Self {
        let system = "/usr/share/datasets".into();
        Self { folder: None, system, cache: None, download: download::Options::default() }
    }
}

impl About {
    /// Finds the two files of a split and reads them.
    ///
    /// # Errors
    ///
    /// [`Error::Format`] where a file is damaged, or does not have the split's number of images, their size
    /// or the labels' range; those of [`download::fetch`] where a file is nowhere and cannot be downloaded;
    /// [`Error::NoFolder`] where it is not known where to download it to.
    pub fn load(&self, split: Split, places: &Places) -> Result<Labelled> {
        let (count, [images, labels]) = match split {
            Split::Train => (self.n_train, [&self.files[0], &self.files[1]]),
            Split::Test => (self.n_test, [&self.files[2], &self.files[3]]),
        };
        let [rows, columns] = self.size;
        let pixels = read(&self.find(images, places)?, &[count, rows, columns])?;
        let path = self.find(labels, places)?;
        let labels = read(&path, &[count])?;
        in_range(&path, &labels, self.classes.len())?;
        Ok(Labelled { images: Images::new(pixels, count, rows, columns)?, labels })
    }

    /// The path of a file, which is downloaded where it is nowhere.
    fn find(&self, file: &Remote, places: &Places) -> Result<PathBuf> {
        let own = places.folder.iter();
        let own =
            own.flat_map(|folder| [folder.clone(), folder.join(self.torchvision).join("raw")]);
        for folder in own.chain([places.system.join(self.folder)]) {
            let names = [format!("{}.gz", file.name), file.name.to_string()];
            let mut paths = names.map(|name| folder.join(name)).into_iter();
            if let Some(path) = paths.find(|path| path.is_file()) {
                return Ok(path);
            }
        }
        let cache = places.cache.clone().map_or_else(cache::folder, Ok)?;
        let path = cache.join(self.folder).join(format!("{}.gz", file.name));
        download::fetch(&self.source(file), &path, &places.download)?;
        Ok(path)
    }

    /// Where a file is published.
    fn source(&self, file: &Remote) -> Source {
        let url = |mirror: &&str| format!("{mirror}{}.gz", file.name);
        Source {
            urls: self.mirrors.iter().map(url).collect(),
            checksum: Checksum::Sha256(file.sha256.into()),
            limit: file.bytes,
        }
    }
}

/// The elements of a file, which has to have these sizes.
fn read(path: &Path, sizes: &[usize]) -> Result<Vec<u8>> {
    let file = Idx::read(path)?;
    match file.sizes == sizes {
        true => Ok(file.data),
        false => Err(wrong(path, format!("sizes {sizes:?}"), format!("{:?}", file.sizes))),
    }
}

fn in_range(path: &Path, labels: &[u8], n_classes: usize) -> Result<()> {
    match labels.iter().position(|label| usize::from(*label) >= n_classes) {
        None => Ok(()),
        Some(i) => {
            let found = format!("{} at index {i}", labels[i]);
            Err(wrong(path, format!("labels below {n_classes}"), found))
        }
    }
}

fn wrong(path: &Path, expected: String, found: String) -> Error {
    let hint = "delete it and get it again, or name another folder";
    Error::Format { file: path.display().to_string(), expected, found, hint }
}

#[cfg(test)]
mod tests;
