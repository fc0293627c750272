//! Why a build failed.

use std::fmt;

/// A text for people: what is wrong with the program, as `snnc check` shows it, or with its files.
///
/// A `build.rs` whose `main` returns it shows the same text: its `Debug` is its `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(String);

/// What a build comes to.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.trim_end())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Behind the `Error: ` that comes before it, places in the text would be shifted.
        write!(f, "\n{self}")
    }
}

impl std::error::Error for Error {}
