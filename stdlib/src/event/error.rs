//! What can go wrong with events, with the file and the place in it.

use std::path::Path;

/// A failure of a file of events or of an argument.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that could not be read or written.
    #[error("cannot {what} {path}: {why}")]
    Io {
        /// `read`, `write`.
        what: &'static str,
        /// The file.
        path: String,
        /// The system's words.
        why: String,
    },
    /// A file that is not of its format, or whose events are impossible.
    #[error("{file}, byte {offset}: expected {expected}, found {found}; {hint}")]
    File {
        /// The file, or another name for where the bytes came from.
        file: String,
        /// Where in it, from 0 on. Within compressed data this is where that data begins.
        offset: u64,
        /// What should have been there.
        expected: String,
        /// What is there.
        found: String,
        /// What to do.
        hint: &'static str,
    },
    /// An argument outside of what is allowed.
    #[error("{what} must be {expected}, but is {found}")]
    Argument {
        /// The argument.
        what: String,
        /// What it may be.
        expected: String,
        /// What it is.
        found: String,
    },
}

/// A result of this module.
pub type Result<T> = std::result::Result<T, Error>;

/// The error of a system call on a path.
pub(super) fn io(what: &'static str, path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |why| Error::Io { what, path: path.display().to_string(), why: why.to_string() }
}

/// The error of an argument.
pub(super) fn argument(
    what: impl Into<String>,
    expected: impl Into<String>,
    found: impl std::fmt::Display,
) -> Error {
    Error::Argument { what: what.into(), expected: expected.into(), found: found.to_string() }
}
