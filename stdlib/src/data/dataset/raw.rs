//! The published files of a set, downloaded and unpacked.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::about::{About, Access, Content, Remote, Size};
use super::manifest::{Manifest, Stamp};
use super::prepared::{Item, Options, Prepared};
use super::{Failure, Places};
use crate::data::download::{self, Source};
use crate::data::error::{self, Error, Result};
use crate::data::files::{self, beside};
use crate::data::{archive, cache};

/// Where the published files of a set are, and what was in its archives.
#[derive(Clone, Debug, PartialEq)]
pub struct Raw {
    places: BTreeMap<&'static str, PathBuf>,
    /// Where the files of archives are.
    folder: PathBuf,
    /// What the samples are made from.
    stamp: Stamp,
    options: Options,
}

impl Raw {
    /// The path of a published file, or the folder of what was unpacked from it.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] where the set has no file of that name.
    pub fn path(&self, name: &str) -> Result<&Path> {
        self.places.get(name).map(PathBuf::as_path).ok_or_else(|| {
            let names: Vec<&str> = self.places.keys().copied().collect();
            error::argument("a published file", format!("one of {names:?}"), format!("{name:?}"))
        })
    }

    /// Makes files that a set makes itself, since they are published nowhere: in the folder `NAME` beside those of
    /// archives, once for each choice of the set's parameters.
    ///
    /// # Errors
    ///
    /// Those of [`Prepared::new`].
    pub fn make<W>(&self, name: &str, items: &[Item<W>]) -> Result<Prepared>
    where
        W: Fn(&mut dyn Write) -> std::result::Result<(), Failure> + Sync,
    {
        Prepared::new(&self.folder.join(name), &self.stamp, items, &self.options)
    }

    /// Downloads what is missing and unpacks it. What was unpacked from the same file before is not asked for again.
    pub(super) fn fetch(
        about: &About,
        home: &Path,
        stamp_of_samples: Stamp,
        places: &Places,
    ) -> Result<Self> {
        let raw = home.join("raw");
        let mut found = BTreeMap::new();
        let mut wanted = Vec::new();
        for file in about.files {
            let folder = raw.join(file.name);
            match file.content {
                Content::Archive(_) if is_unpacked(&folder, &stamp(about, file))? => {
                    found.insert(file.name, folder);
                }
                _ => wanted.push((file, place(file, home, places))),
            }
        }
        bring(&wanted, &places.download)?;
        for (file, path) in wanted {
            let path = match file.content {
                Content::File => path,
                Content::Archive(take) => {
                    let folder = raw.join(file.name);
                    unpack(&path, &folder, &take, &stamp(about, file), places)?;
                    folder
                }
            };
            found.insert(file.name, path);
        }
        Ok(Self { places: found, folder: raw, stamp: stamp_of_samples, options: places.prepare })
    }
}

/// Where a file is, or is to be.
fn place(file: &Remote, home: &Path, places: &Places) -> PathBuf {
    let own = places.folder.iter().map(|folder| folder.join(file.name));
    own.into_iter()
        .find(|path| path.is_file())
        .unwrap_or_else(|| home.join("download").join(file.name))
}

/// Sees to it that all files are there and right; what is wrong with any is told.
fn bring(wanted: &[(&Remote, PathBuf)], options: &download::Options) -> Result<()> {
    let mut downloads = Vec::new();
    let mut results = Vec::new();
    for (file, path) in wanted {
        match (&file.access, &file.checksum) {
            (Access::Urls(urls), Some(checksum)) => {
                let (Size::Exact(limit) | Size::AtMost(limit)) = file.size;
                let urls = urls.iter().map(ToString::to_string).collect();
                downloads.push((Source { urls, checksum: checksum.clone(), limit }, path.clone()));
            }
            (Access::ByHand { page, how }, _) => results.push(by_hand(file, path, page, how)),
            // The set was checked before.
            (Access::Urls(_), None) => {}
        }
    }
    results.push(download::fetch_all(&downloads, options));
    error::all(results).map(|_| ())
}

/// Whether a file that cannot be downloaded is there, and right as far as is known.
fn by_hand(file: &Remote, path: &Path, page: &str, how: &str) -> Result<()> {
    let size = match file.size {
        Size::Exact(n) => format!("{n} bytes"),
        Size::AtMost(n) => format!("at most {n} bytes"),
    };
    let Ok(about) = fs::metadata(path) else {
        // So that it can be put there.
        cache::make(files::parent(path))?;
        let checksum = file.checksum.as_ref().map(|sum| format!(", {sum}")).unwrap_or_default();
        let wanted = format!("{} ({size}{checksum})", file.name);
        let (path, how) = (path.display().to_string(), format!("{how} at {page}"));
        return Err(Error::ByHand { path, how, wanted });
    };
    let fits = match file.size {
        Size::Exact(n) => about.len() == n,
        Size::AtMost(n) => about.len() <= n,
    };
    if !fits {
        let (file, found) = (path.display().to_string(), format!("{} bytes", about.len()));
        let hint = "it may have been cut off or be a page of the server: get it again by hand";
        return Err(Error::Format { file, expected: size, found, hint });
    }
    file.checksum.as_ref().map_or(Ok(()), |checksum| checksum.check(path))
}

fn stamp(about: &About, file: &Remote) -> Stamp {
    let sources = [file.source()].into();
    Stamp { set: about.name.into(), version: about.version, parameters: Value::Null, sources }
}

/// The manifest of a folder that was unpacked lies beside it: any name may be in the archive.
fn manifest(folder: &Path) -> PathBuf {
    beside(folder, ".json")
}

fn is_unpacked(folder: &Path, stamp: &Stamp) -> Result<bool> {
    let manifest = Manifest::read(&manifest(folder))?;
    Ok(manifest.is_some_and(|manifest| manifest.is_of(stamp) && manifest.has_all(folder)))
}

/// Unpacks an archive anew: what is there is stale, or nobody knows what it was made from.
fn unpack(
    path: &Path,
    folder: &Path,
    take: &fn(&str) -> bool,
    stamp: &Stamp,
    places: &Places,
) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(error::io("remove", folder))?;
    }
    let options = archive::Options { limits: places.limits.clone(), quiet: places.download.quiet };
    match archive::unpack(path, folder, take, &options)? {
        Some(files) => Manifest::new(stamp, Some(files)).write(&manifest(folder)),
        // Without locks another process may have been as fast, which then writes it.
        None => Ok(()),
    }
}
