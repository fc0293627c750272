//! Files that are there as a whole or not at all, and whose content is known.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::download::hexadecimal;
use super::error::{self, Result};

/// What the name of a file or folder ends in that is still written.
pub(super) const PART: &str = ".part";

/// A file of a folder, as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its path below the folder, with `/` between the names.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its content, 64 digits in lower case.
    pub sha256: String,
}

/// A name beside a file or folder.
pub(super) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    name.into()
}

/// The folder that a file or folder lies in.
pub(super) fn parent(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

/// A path with `/` between the names, below a folder.
pub(super) fn below(folder: &Path, path: &str) -> PathBuf {
    path.split('/').fold(folder.to_path_buf(), |folder, name| folder.join(name))
}

/// Writes a file beside its place, waits until it is on the disk, and gives it its name. Only one at a time may
/// write the same file.
pub(super) fn replace<E>(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> std::result::Result<(), E>,
    failed: impl Fn(io::Error) -> E,
) -> std::result::Result<(u64, String), E> {
    let written = write_beside(path, true, write, &failed)?;
    name(path).map_err(failed)?;
    Ok(written)
}

/// Writes a file beside its place, where it lacks its name only, and says its size and digest; what is left of one that
/// failed is removed.
pub(super) fn write_beside<E>(
    path: &Path,
    syncs: bool,
    write: impl FnOnce(&mut dyn Write) -> std::result::Result<(), E>,
    failed: impl Fn(io::Error) -> E,
) -> std::result::Result<(u64, String), E> {
    let part = beside(path, PART);
    let run = || {
        let mut file = BufWriter::new(Hashed::new(File::create(&part).map_err(&failed)?));
        write(&mut file)?;
        let hashed = file.into_inner().map_err(|e| failed(e.into_error()))?;
        if syncs {
            hashed.file.sync_all().map_err(&failed)?;
        }
        Ok(hashed.finish())
    };
    let written = run();
    if written.is_err() {
        // What is left of a write that failed is of no use; if it cannot be removed either, that says no more.
        let _ = fs::remove_file(&part);
    }
    written
}

/// Gives what was written beside a file the file's name; what cannot get it is removed.
pub(super) fn name(path: &Path) -> io::Result<()> {
    let part = beside(path, PART);
    let renamed = fs::rename(&part, path);
    if renamed.is_err() {
        // As above.
        let _ = fs::remove_file(&part);
    }
    renamed
}

/// Whether [`sync_disk`] does anything.
pub(super) const HAS_SYNC_DISK: bool = cfg!(target_os = "linux");

/// Waits until all that was written to the disk of a folder is on it: of many small files this takes a fraction of what
/// it takes to wait for each.
#[cfg(target_os = "linux")]
pub(super) fn sync_disk(folder: &Path) -> Result<()> {
    let file = File::open(folder).map_err(error::io("write", folder))?;
    rustix::fs::syncfs(&file).map_err(|why| error::io("write", folder)(why.into()))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn sync_disk(_: &Path) -> Result<()> {
    Ok(())
}

/// Waits until the content of a file is on the disk.
pub(super) fn sync(path: &Path) -> Result<()> {
    // Windows does so only for a file that may be written.
    let file = OpenOptions::new().read(true).write(true).open(path);
    file.and_then(|file| file.sync_all()).map_err(error::io("write", path))
}

/// Waits until the names in a folder are on the disk; where folders are no files, the system sees to that.
pub(super) fn sync_folder(folder: &Path) -> Result<()> {
    match cfg!(unix) {
        true => {
            File::open(folder).and_then(|file| file.sync_all()).map_err(error::io("write", folder))
        }
        false => Ok(()),
    }
}

/// A file with the size and the digest of what was written.
pub(super) struct Hashed {
    file: File,
    digest: Sha256,
    bytes: u64,
}

impl Hashed {
    pub(super) fn new(file: File) -> Self {
        Self { file, digest: Sha256::new(), bytes: 0 }
    }

    /// The size and the SHA-256.
    pub(super) fn finish(self) -> (u64, String) {
        (self.bytes, hexadecimal(&self.digest.finalize()))
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.digest.update(&bytes[..n]);
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
