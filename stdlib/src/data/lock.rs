//! One process or thread at a time.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use super::error::{self, Result};

/// A lock on a file of its own, which is empty and stays; held until this is dropped, and at the latest until
/// the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits until nobody else holds it; none where the file system has no locks.
    pub(super) fn wait(path: &Path) -> Result<Option<Self>> {
        let file = File::create(path).map_err(error::io("write", path))?;
        match file.lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(e) if e.kind() == ErrorKind::Unsupported => Ok(None),
            Err(e) => Err(error::io("lock", path)(e)),
        }
    }
}
