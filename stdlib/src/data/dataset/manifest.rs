//! What is in a folder and where it is from, as JSON.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::data::archive::name;
use crate::data::error::{self, Error, Result};
use crate::data::files::{self, Record, below};

/// The version of the manifest itself.
const LAYOUT: u32 = 1;

/// What files are made from and how: those with the same stamp are the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stamp {
    /// The name of the set, or of an archive.
    pub set: String,
    /// The version of what is written.
    pub version: u32,
    /// What else decides about it.
    pub parameters: Value,
    /// The published files with their checksums, as [`Checksum`](crate::data::download::Checksum) shows them.
    pub sources: BTreeMap<String, String>,
}

/// The files of a folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this table.
    layout: u32,
    /// What they are made from.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// Whether all are there.
    pub complete: bool,
    /// The files, in their order; none before all are there.
    pub files: Vec<Record>,
}

impl Manifest {
    /// A manifest of files that are all there, or of none that are still made.
    pub(super) fn new(stamp: &Stamp, files: Option<Vec<Record>>) -> Self {
        let (complete, files) = (files.is_some(), files.unwrap_or_default());
        Self { layout: LAYOUT, stamp: stamp.clone(), complete, files }
    }

    /// Reads a manifest; none where there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where it cannot be read, [`Error::Format`] where it is something else.
    pub fn read(path: &Path) -> Result<Option<Self>> {
        let text = match fs::read_to_string(path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.map_err(error::io("read", path))?,
        };
        let manifest: Self = serde_json::from_str(&text).map_err(|e| wrong(path, &e))?;
        let strange = manifest.files.iter().find(|file| name::split(&file.path).is_err());
        match strange {
            Some(file) => Err(wrong(path, &format!("the path {:?}", file.path))),
            None => Ok(Some(manifest)),
        }
    }

    /// Writes it as a whole, and its name after all that it tells of.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let json = |out: &mut dyn std::io::Write| {
            let write = |e: std::io::Error| error::io("write", path)(e);
            serde_json::to_writer_pretty(&mut *out, self).map_err(|e| write(e.into()))?;
            out.write_all(b"\n").map_err(write)
        };
        files::replace(path, json, error::io("write", path))?;
        files::sync_folder(files::parent(path))
    }

    /// Whether it is of these files and says that all are there.
    pub(super) fn is_of(&self, stamp: &Stamp) -> bool {
        self.layout == LAYOUT && self.complete && self.stamp == *stamp
    }

    /// Whether a file is there with its size, which tells what was deleted or cut off without reading it.
    pub(super) fn has(folder: &Path, file: &Record) -> bool {
        let about = fs::metadata(below(folder, &file.path));
        about.is_ok_and(|about| about.is_file() && about.len() == file.bytes)
    }

    /// Whether all files are there with their sizes.
    pub(super) fn has_all(&self, folder: &Path) -> bool {
        self.files.iter().all(|file| Self::has(folder, file))
    }
}

fn wrong(path: &Path, found: &dyn std::fmt::Display) -> Error {
    let hint = "delete the folder that it is about, and have it made again";
    let (file, expected) = (path.display().to_string(), "a manifest of a prepared set".into());
    Error::Format { file, expected, found: found.to_string(), hint }
}
