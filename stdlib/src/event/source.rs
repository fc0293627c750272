//! Bytes that are read part by part.
//!
//! A large file that is read as a whole is twice in memory, and memory takes longer to be touched for the first time
//! than the copy does.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::error::{self, Error, Result};

/// Where bytes are.
pub(super) enum Source<'a> {
    Memory(&'a [u8]),
    File { path: &'a Path, file: Mutex<File>, length: usize },
}

impl<'a> Source<'a> {
    /// A file, with the length that it has now.
    pub fn file(path: &'a Path, file: File) -> Result<Self> {
        let length = file.metadata().map_err(error::io("read", path))?.len();
        let failed = || Error::Io {
            what: "read",
            path: path.display().to_string(),
            why: format!("its {length} bytes are more than memory has addresses for"),
        };
        let length = usize::try_from(length).map_err(|_| failed())?;
        Ok(Self::File { path, file: Mutex::new(file), length })
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Memory(bytes) => bytes.len(),
            Self::File { length, .. } => *length,
        }
    }

    /// A part that lies within, which may be put into a buffer. Threads read one after the other.
    pub fn part<'b>(&'b self, range: Range<usize>, buffer: &'b mut Vec<u8>) -> Result<&'b [u8]> {
        let (path, file) = match self {
            Self::Memory(bytes) => return Ok(&bytes[range]),
            Self::File { path, file, .. } => (path, file),
        };
        buffer.clear();
        buffer.reserve(range.len());
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let sought = file.seek(SeekFrom::Start(range.start as u64));
        let read = sought.and_then(|_| (&*file).take(range.len() as u64).read_to_end(buffer));
        let is_all = read.map_err(error::io("read", path))? == range.len();
        is_all.then_some(&**buffer).ok_or_else(|| Error::Io {
            what: "read",
            path: path.display().to_string(),
            why: "it became shorter meanwhile".into(),
        })
    }
}
