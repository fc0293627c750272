//! Event data sets: what they are, and the folders in which their samples are made from the published files.
//!
//! A set has a folder in the cache, with
//!
//! - `download/`: the published files, downloaded or put there by hand,
//! - `raw/NAME/`: what is in the archive `NAME`, with its manifest in `raw/NAME.json`,
//! - `prepared/VARIANT/`: the samples, each a file `SPLIT/CLASS/NAME`, with their manifest in `manifest.json`.
//!
//! A [`Manifest`] knows what its files were made from and with which parameters. It says that they are complete only
//! once they all are: what was made from other files or with other parameters is made anew, and what was interrupted
//! goes on where it was. `download` and `raw` may be deleted once the samples are prepared.

mod about;
mod manifest;
mod prepared;
mod raw;

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::archive::{Limits, name};
use super::error::{self, Error, Result};
use super::files::beside;
use super::lock::Lock;
use super::{cache, download};

pub use about::{About, Access, Content, Remote, Size, Split};
pub use manifest::{Manifest, Stamp};
pub use prepared::{Item, Options, Prepared};
pub use raw::Raw;

/// What a reader of files says went wrong.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What writes a file: a sample, in a format of the set's own.
pub type Writer<'a> =
    Box<dyn Fn(&mut dyn Write) -> std::result::Result<(), Failure> + Send + Sync + 'a>;

/// A sample that is made from the published files.
pub struct Sample<'a> {
    /// The name of its split.
    pub split: &'a str,
    /// The index of its class.
    pub class: usize,
    /// The name of its file, the only one of that split and class.
    pub name: String,
    /// Reads what it is made from, and writes it.
    pub write: Writer<'a>,
}

/// An event data set.
pub trait Dataset: Sync {
    /// What the set is, whose it is and where it is published.
    fn about(&self) -> &About;

    /// What else decides about the samples, like how long a cut is. None by default.
    fn parameters(&self) -> Value {
        Value::Null
    }

    /// The folder of the samples: one for each choice of parameters whose samples are to be kept. Samples with other
    /// parameters in the same one are replaced.
    fn variant(&self) -> String {
        "events".into()
    }

    /// Looks into the published files and says which samples there are, in an order that is always the same. They
    /// are not made before they are written, several at the same time.
    ///
    /// # Errors
    ///
    /// What is wrong with the files.
    fn samples<'a>(&'a self, raw: &'a Raw) -> std::result::Result<Vec<Sample<'a>>, Failure>;
}

/// Where files are, and how they come there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// A folder of the caller's own with published files. Those it lacks are looked for in the cache.
    pub folder: Option<PathBuf>,
    /// The cache, with a folder for each set; none for [`cache::folder`].
    pub cache: Option<PathBuf>,
    /// How to download.
    pub download: download::Options,
    /// How much may come out of an archive.
    pub limits: Limits,
    /// How to prepare.
    pub prepare: Options,
}

/// The samples of a set, which are made where they are not there: downloads and unpacks what is published, and has the
/// set read it. Waits while another process does so; where the file system has no locks, only one may at a time.
///
/// # Errors
///
/// [`Error::Argument`] where what the set says of itself cannot be, [`Error::ByHand`] where a file is missing that its
/// owners give only to those who ask for it, those of [`download::fetch_all`], of
/// [`archive::unpack`](super::archive::unpack) and of [`Prepared::new`], [`Error::Format`] where there are not as many
/// samples as there should be, and [`Error::NoFolder`] where it is not known where to put them.
pub fn prepare(set: &dyn Dataset, places: &Places) -> Result<Prepared> {
    let (home, folder) = (home(set, places)?, folder(set, places)?);
    let about = set.about();
    let stamp = about.stamp(set.parameters());
    let _lock = lock(&home)?;
    if let Some(prepared) = Prepared::open(&folder, &stamp)? {
        return Ok(prepared);
    }
    let raw = Raw::fetch(about, &home, stamp.clone(), places)?;
    let samples = set.samples(&raw).map_err(|why| failed(about.name, why))?;
    let items = about.items(samples)?;
    Prepared::new(&folder, &stamp, &items, &places.prepare)
}

/// Downloads and unpacks what is published of a set and not here, as [`prepare`] does before it looks into it.
///
/// # Errors
///
/// Those of [`prepare`] that are about published files.
pub fn fetch(set: &dyn Dataset, places: &Places) -> Result<Raw> {
    let home = home(set, places)?;
    let _lock = lock(&home)?;
    Raw::fetch(set.about(), &home, set.about().stamp(set.parameters()), places)
}

/// The samples of a set as they were prepared, without making any: none where they were not, or were from other files
/// or with other parameters. Whether all files are still there is not looked at: see [`Prepared::verify`].
///
/// # Errors
///
/// [`Error::Argument`] where what the set says of itself cannot be, [`Error::NoFolder`], and those of
/// [`Manifest::read`].
pub fn prepared(set: &dyn Dataset, places: &Places) -> Result<Option<Prepared>> {
    Prepared::look(&folder(set, places)?, &set.about().stamp(set.parameters()))
}

/// The folder of a set's samples, which need not be there.
///
/// # Errors
///
/// [`Error::Argument`] where what the set says of itself cannot be, [`Error::NoFolder`] where it is not known where to
/// put it.
pub fn folder(set: &dyn Dataset, places: &Places) -> Result<PathBuf> {
    let variant = set.variant();
    if !name::split(&variant).is_ok_and(|names| names == [&*variant]) {
        return Err(error::argument("the variant", "a name of a folder", format!("{variant:?}")));
    }
    Ok(home(set, places)?.join("prepared").join(variant))
}

/// The folder of a set that can be what it says.
fn home(set: &dyn Dataset, places: &Places) -> Result<PathBuf> {
    set.about().check()?;
    Ok(places.cache.clone().map_or_else(cache::folder, Ok)?.join(set.about().folder))
}

/// Makes a set's folder and keeps others out, also of what is unpacked: nobody may take for stale what another process
/// has not finished.
fn lock(home: &Path) -> Result<Option<Lock>> {
    Lock::wait(&beside(cache::make(home)?, ".lock"))
}

/// A reader's failure, which may be one of ours.
fn failed(item: &str, why: Failure) -> Error {
    match why.downcast::<Error>() {
        Ok(error) => *error,
        Err(why) => Error::Item { item: item.into(), why: why.to_string() },
    }
}

#[cfg(test)]
pub(super) mod tests;
