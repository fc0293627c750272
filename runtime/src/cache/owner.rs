//! Whose the files are. Where the system has no owners and modes, all files are trusted.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// The user whose program this is.
#[derive(Clone, Copy, Debug)]
pub struct User {
    #[cfg(unix)]
    id: u32,
}

impl User {
    /// Whether a file is the user's, and nobody else may write it.
    #[cfg(unix)]
    pub fn trusts(self, file: &Metadata) -> bool {
        use std::os::unix::fs::MetadataExt;
        file.is_file() && file.uid() == self.id && file.mode() & 0o022 == 0
    }

    /// Whether it is a file.
    #[cfg(not(unix))]
    pub fn trusts(self, file: &Metadata) -> bool {
        file.is_file()
    }
}

/// A new file that only the user may open.
pub fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a folder that only the user may enter, or checks that one that is there is so.
pub fn prepare(folder: &Path) -> Result<User, String> {
    if let Some(parent) = folder.parent() {
        std::fs::create_dir_all(parent).map_err(|e| e.to_string())?;
    }
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e.to_string()),
        _ => {}
    }
    check(folder)
}

#[cfg(unix)]
fn check(folder: &Path) -> Result<User, String> {
    use std::os::unix::fs::MetadataExt;
    let found = std::fs::symlink_metadata(folder).map_err(|e| e.to_string())?;
    let id = own_id(folder).map_err(|e| format!("it cannot be written: {e}"))?;
    if !found.is_dir() {
        return Err("it is no folder".into());
    }
    if found.uid() != id {
        return Err("it belongs to another user".into());
    }
    let mode = found.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(format!("others may enter it: its mode is {mode:o} and must be 700"));
    }
    Ok(User { id })
}

/// Who the files belong to that this program makes: the system's own call for this is foreign code.
#[cfg(unix)]
fn own_id(folder: &Path) -> io::Result<u32> {
    use std::os::unix::fs::MetadataExt;
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let probe = folder.join(format!("probe-{}-{number}", std::process::id()));
    let id = create(&probe)?.metadata()?.uid();
    std::fs::remove_file(&probe)?;
    Ok(id)
}

#[cfg(not(unix))]
fn check(folder: &Path) -> Result<User, String> {
    if folder.is_dir() { Ok(User {}) } else { Err("it is no folder".into()) }
}
