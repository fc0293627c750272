//! Whether a file is what was published.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use md5::Md5;
use sha2::{Digest, Sha256};

use crate::data::error::{self, Error, Result};

/// A checksum as it is published, in hexadecimal of either case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// SHA-256, 64 digits.
    Sha256(Cow<'static, str>),
    /// MD5, 32 digits, for files of which no better one is published: it finds damage, not forgery.
    Md5(Cow<'static, str>),
}

impl Checksum {
    /// SHA-256 in a table.
    #[must_use]
    pub const fn sha256(digits: &'static str) -> Self {
        Self::Sha256(Cow::Borrowed(digits))
    }

    /// MD5 in a table.
    #[must_use]
    pub const fn md5(digits: &'static str) -> Self {
        Self::Md5(Cow::Borrowed(digits))
    }

    /// Holds a file against this checksum.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where it cannot be read, [`Error::Checksum`] where it is another.
    pub fn check(&self, path: &Path) -> Result<()> {
        let (expected, found) = match self {
            Self::Sha256(expected) => (expected, digest::<Sha256>(path)?),
            Self::Md5(expected) => (expected, digest::<Md5>(path)?),
        };
        if found.eq_ignore_ascii_case(expected) {
            return Ok(());
        }
        let from = path.display().to_string();
        Err(Error::Checksum { from, expected: self.to_string(), found })
    }
}

/// The kind and the digits: `MD5 3ed5161f9554535ccf1edb0c935bd6d7`.
impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(digits) => write!(f, "SHA-256 {digits}"),
            Self::Md5(digits) => write!(f, "MD5 {digits}"),
        }
    }
}

/// The text of a wrong checksum, for the URL that the file came from: its part is gone by then.
pub(super) fn at(url: &str, wrong: Error) -> String {
    match wrong {
        Error::Checksum { expected, found, .. } => {
            Error::Checksum { from: url.into(), expected, found }.to_string()
        }
        other => other.to_string(),
    }
}

pub(in crate::data) fn digest<D: Digest>(path: &Path) -> Result<String> {
    let failed = error::io("read", path);
    let mut file = File::open(path).map_err(&failed)?;
    let mut digest = D::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n = file.read(&mut buffer).map_err(&failed)?;
        if n == 0 {
            break;
        }
        digest.update(&buffer[..n]);
    }
    Ok(hexadecimal(&digest.finalize()))
}

pub(in crate::data) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
