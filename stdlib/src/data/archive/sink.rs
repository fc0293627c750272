//! Where entries of an archive go: checks each, and writes it below the folder.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::limits::Counter;
use super::name::{self, Taken};
use crate::data::cache;
use crate::data::error::{self, Error, Result};
use crate::data::files::{Hashed, Record, below, parent};

/// Bytes read at once.
const CHUNK: usize = 1 << 16;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    File,
    Folder,
    /// What is never written, as a message has it: `a symbolic link`.
    Other(&'static str),
}

/// Where a file goes.
pub(super) struct Place {
    /// Its name in the archive.
    name: String,
    /// Its path below the folder.
    path: String,
}

pub(super) struct Sink<'a> {
    archive: &'a Path,
    folder: PathBuf,
    take: &'a dyn Fn(&str) -> bool,
    counter: Counter,
    taken: Taken,
    records: Vec<Record>,
    folders: BTreeSet<PathBuf>,
}

impl<'a> Sink<'a> {
    pub(super) fn new(
        archive: &'a Path,
        folder: &Path,
        take: &'a dyn Fn(&str) -> bool,
        counter: Counter,
    ) -> Self {
        let folders = [folder.to_path_buf()].into();
        let (taken, records) = (Taken::default(), Vec::new());
        Self { archive, folder: folder.to_path_buf(), take, counter, taken, records, folders }
    }

    /// The archive's own name.
    pub(super) fn archive(&self) -> &Path {
        self.archive
    }

    /// What is wrong with an entry, or with the archive.
    pub(super) fn wrong(&self, entry: Option<&str>, why: impl Into<String>) -> Error {
        let entry = entry.map(String::from);
        Error::Archive { archive: self.archive.display().to_string(), entry, why: why.into() }
    }

    /// The same for what a reader says.
    pub(super) fn damaged(&self, entry: Option<&str>, why: &impl std::fmt::Display) -> Error {
        self.wrong(entry, format!("the archive is damaged or cut off ({why}); get it again"))
    }

    /// Checks an entry. Makes a folder; gives the place of a file, or none where it is not taken.
    ///
    /// A name that leads elsewhere is wrong whether it is taken or not: nobody makes such an archive in good faith.
    pub(super) fn entry(&mut self, name: &str, entry: Entry) -> Result<Option<Place>> {
        let names = name::split(name).map_err(|why| self.wrong(Some(name), why))?;
        self.counter.entry().map_err(|why| self.wrong(None, why))?;
        let path = names.join("/");
        let is_folder = entry == Entry::Folder;
        if path.is_empty() {
            return match is_folder {
                true => Ok(None),
                false => Err(self.wrong(Some(name), "it has the name of the folder itself")),
            };
        }
        if !(self.take)(&if is_folder { format!("{path}/") } else { path.clone() }) {
            return Ok(None);
        }
        if let Entry::Other(what) = entry {
            let why = format!("it is {what}; only files and folders are unpacked");
            return Err(self.wrong(Some(name), why));
        }
        let taken = self.taken.take(&names, !is_folder);
        taken.map_err(|why| self.wrong(Some(name), why))?;
        let to = below(&self.folder, &path);
        self.make(if is_folder { &to } else { parent(&to) })?;
        Ok((!is_folder).then(|| Place { name: name.to_string(), path }))
    }

    /// Writes a file, which has to be of the size that is told.
    pub(super) fn file(
        &mut self,
        place: Place,
        size: Option<u64>,
        from: &mut dyn Read,
    ) -> Result<()> {
        let Place { name, path } = place;
        let name = Some(name.as_str());
        // Not only when it is on the disk.
        self.counter.fits(size.unwrap_or(0)).map_err(|why| self.wrong(name, why))?;
        let to = below(&self.folder, &path);
        // Two names that only this file system takes for the same end here as well.
        let file = File::create_new(&to).map_err(error::io("write", &to))?;
        let mut file = Hashed::new(file);
        let mut buffer = vec![0; CHUNK];
        let mut left = size.unwrap_or(u64::MAX);
        loop {
            let n = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) => return Err(self.damaged(name, &e)),
            };
            let Some(rest) = left.checked_sub(n as u64) else {
                let why = format!("it has more than the {} bytes told", size.unwrap_or(u64::MAX));
                return Err(self.damaged(name, &why));
            };
            left = rest;
            self.counter.bytes(n as u64).map_err(|why| self.wrong(name, why))?;
            file.write_all(&buffer[..n]).map_err(error::io("write", &to))?;
        }
        let (bytes, sha256) = file.finish();
        if let Some(size) = size.filter(|size| *size != bytes) {
            let why = format!("it has {bytes} bytes instead of the {size} told");
            return Err(self.damaged(name, &why));
        }
        self.records.push(Record { path, bytes, sha256 });
        Ok(())
    }

    fn make(&mut self, folder: &Path) -> Result<()> {
        if !self.folders.contains(folder) {
            cache::make(folder)?;
            let inside = folder.ancestors().take_while(|above| *above != self.folder);
            self.folders.extend(inside.map(Path::to_path_buf));
        }
        Ok(())
    }

    /// The files written, and the folders.
    pub(super) fn finish(self) -> (Vec<Record>, BTreeSet<PathBuf>) {
        (self.records, self.folders)
    }
}
