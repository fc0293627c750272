//! The folder that an archive is unpacked to before it has its name.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::data::error::{self, Result};
use crate::data::files::{self, Record, below, beside};
use crate::data::lock::Lock;
use crate::data::{cache, parallel};

/// What its name ends in.
const UNPACKING: &str = ".unpacking";

/// Files that are waited for at once: the disk takes several about as fast as one.
const SYNCS: usize = 16;

/// A folder that one process at a time may fill. It is removed when this is dropped.
pub(super) struct Staging {
    folder: PathBuf,
    path: PathBuf,
    lock: Option<Lock>,
}

impl Staging {
    /// Waits until nobody else unpacks to that folder, and makes an empty one to fill; none where it is there by then.
    /// Where the file system has no locks the folder has a name of its own, which nobody else takes.
    pub(super) fn begin(folder: &Path) -> Result<Option<Self>> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // Without the `/` that may be at its end.
        let folder: PathBuf = folder.components().collect();
        if folder.file_name().is_none() {
            let expected = "one with a name, that can be made";
            return Err(error::argument("the folder to unpack to", expected, folder.display()));
        }
        if is_there(&folder)? {
            return Ok(None);
        }
        cache::make(files::parent(&folder))?;
        let lock = Lock::wait(&beside(&folder, ".lock"))?;
        if is_there(&folder)? {
            return Ok(None);
        }
        let own = match lock {
            Some(_) => String::new(),
            None => format!(".{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)),
        };
        let path = beside(&folder, &format!("{own}{UNPACKING}"));
        if path.exists() {
            fs::remove_dir_all(&path).map_err(error::io("remove", &path))?;
        }
        fs::create_dir(&path).map_err(error::io("make the folder", &path))?;
        Ok(Some(Self { folder, path, lock }))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the folder its name, once all of it is on the disk.
    pub(super) fn finish(self, records: &[Record], folders: &BTreeSet<PathBuf>) -> Result<()> {
        let sync = |record: &Record| files::sync(&below(&self.path, &record.path));
        parallel::each(SYNCS, records, sync).into_iter().collect::<Result<()>>()?;
        folders.iter().try_for_each(|folder| files::sync_folder(folder))?;
        match fs::rename(&self.path, &self.folder) {
            // Without locks somebody else may have been as fast.
            Err(_) if self.lock.is_none() && self.folder.is_dir() => Ok(()),
            renamed => {
                renamed.map_err(error::io("write", &self.folder))?;
                files::sync_folder(files::parent(&self.folder))
            }
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // It is gone where it has its name. What cannot be removed, the next one will.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Whether the folder is there; what is no folder is in the way.
fn is_there(folder: &Path) -> Result<bool> {
    match folder.symlink_metadata() {
        Err(_) => Ok(false),
        Ok(_) if folder.is_dir() => Ok(true),
        Ok(_) => {
            let expected = "one that can be made, or a folder";
            Err(error::argument("the folder to unpack to", expected, folder.display()))
        }
    }
}
