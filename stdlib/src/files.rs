//! Files that are there as a whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::path::Path;

use crate::error::{Error, Result};

/// What the name of a file ends in that is still written.
pub(crate) const PART: &str = ".part";

/// Writes a file beside its place, waits until it is on the disk, and gives it its name: whoever looks finds the file
/// from before or the one behind, also where the program is killed or the machine stops.
pub(crate) fn replace(path: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}{PART}", std::process::id()));
    let beside = path.with_file_name(name);
    let synced = write(&beside).and_then(|()| {
        let file = OpenOptions::new().write(true).open(&beside).and_then(|file| file.sync_all());
        let renamed = file.and_then(|()| fs::rename(&beside, path));
        renamed.and_then(|()| sync_folder(path)).map_err(failed(path))
    });
    if synced.is_err() {
        // What is left of a write that failed is of no use; if it cannot be removed either, that says no more.
        let _ = fs::remove_file(&beside);
    }
    synced
}

/// Waits until the name of a file is on the disk as well; where folders are no files, the system sees to that.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match cfg!(unix) {
        true => File::open(folder.unwrap_or(Path::new(".")))?.sync_all(),
        false => Ok(()),
    }
}

/// The error of a file, with the reason in anyone's words.
pub(crate) fn failed<E: ToString>(path: &Path) -> impl Fn(E) -> Error {
    move |why| Error::File { path: path.display().to_string(), why: why.to_string() }
}
