//! The part of a file that has come so far, which one process at a time may write.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::data::error::{self, Result};
use crate::data::files::{PART, beside};
use crate::data::lock::Lock;

/// A part beside the file, held until this is dropped.
pub(super) struct Part {
    path: PathBuf,
    /// The lock; none where the file system has no locks.
    lock: Option<Lock>,
}

impl Part {
    /// Waits until no other process or thread downloads the same file. Where the file system has no locks
    /// the part has a name of its own instead, which no later run takes up.
    pub(super) fn lock(path: &Path) -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let lock = Lock::wait(&beside(path, ".lock"))?;
        let own = match lock {
            Some(_) => String::new(),
            None => format!(".{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)),
        };
        Ok(Self { path: beside(path, &format!("{own}{PART}")), lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes there are.
    pub(super) fn length(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |data| data.len())
    }

    /// Opens it to write what comes from there on; what lay behind is cut off.
    pub(super) fn open(&self, from: u64) -> Result<File> {
        let failed = error::io("write", &self.path);
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(false).open(&self.path);
        let opened = file.as_mut().map_or(Ok(()), |file| {
            file.set_len(from)?;
            file.seek(SeekFrom::Start(from)).map(|_| ())
        });
        opened.map_err(&failed)?;
        file.map_err(&failed)
    }

    pub(super) fn remove(&self) {
        // What cannot be removed is cut off when it is opened next.
        let _ = fs::remove_file(&self.path);
    }

    /// Gives the part the file's name.
    pub(super) fn finish(&self, path: &Path) -> Result<()> {
        fs::rename(&self.path, path).map_err(error::io("write", path))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.lock.is_none() {
            self.remove();
        }
    }
}
