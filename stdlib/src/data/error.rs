//! What can go wrong with data, with the file's or the argument's name.

use std::path::Path;

/// A failure of a file, of a download or of an argument.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder that could not be made, read or written.
    #[error("cannot {what} {path}: {why}")]
    Io {
        /// `read`, `write`, `make the folder`.
        what: &'static str,
        /// The file or folder.
        path: String,
        /// The system's words.
        why: String,
    },
    /// A file that is not of the format it should have.
    #[error("{file} is not the file it should be: expected {expected}, found {found}; {hint}")]
    Format {
        /// The file, or another name for where the bytes came from.
        file: String,
        /// What should have been there.
        expected: String,
        /// What is there.
        found: String,
        /// What to do.
        hint: &'static str,
    },
    /// Content that is not what was published.
    #[error("{from}: expected {expected}, found {found}; the file was damaged or replaced there")]
    Checksum {
        /// The URL or file.
        from: String,
        /// The checksum published, with its kind.
        expected: String,
        /// The checksum of what came.
        found: String,
    },
    /// A file that is not here while nothing may be downloaded.
    #[error(
        "{path} is missing, and downloads are off; put the file there (it is published at {url}) or \
         allow downloads"
    )]
    Offline {
        /// Where the file is wanted.
        path: String,
        /// The first of its mirrors.
        url: String,
    },
    /// A download that no mirror gave.
    #[error("cannot download {path}:{tries}\nput the file there by hand, or try again later")]
    Download {
        /// Where the file is wanted.
        path: String,
        /// A line for each mirror with its last failure.
        tries: String,
    },
    /// More than one failure.
    #[error("{} failures:\n{}", .0.len(), list(.0))]
    Several(Vec<Error>),
    /// A file that its owners give only to those who ask for it, and that is not here.
    #[error("{path} is missing, and nobody may download it for you: {how}; put {wanted} there")]
    ByHand {
        /// Where the file is wanted.
        path: String,
        /// Where it is published, and what to do there.
        how: String,
        /// The file's name, with its size and checksum where they are known.
        wanted: String,
    },
    /// A sample that could not be made from the published files.
    #[error("cannot prepare {item}: {why}")]
    Item {
        /// The file that is missing now.
        item: String,
        /// What went wrong.
        why: String,
    },
    /// A sample that could not be loaded, or a batch of samples that could not be put together.
    #[error("cannot load {sample}: {why}")]
    Sample {
        /// What the sample or the batch is called.
        sample: String,
        /// What went wrong.
        why: String,
    },
    /// An archive that cannot be unpacked; nothing of it is.
    #[error("cannot unpack {archive}: {}{why}", quoted(.entry))]
    Archive {
        /// The archive.
        archive: String,
        /// The name of what is wrong in it; none for the archive itself.
        entry: Option<String>,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// An argument outside of what is allowed.
    #[error("{what} must be {expected}, but is {found}")]
    Argument {
        /// The argument.
        what: &'static str,
        /// What it may be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The user's folder for caches is not known.
    #[error("no folder for data sets: set {variable}, or the user's home folder ({home})")]
    NoFolder {
        /// The variable that names the folder itself.
        variable: &'static str,
        /// The variable that names the home folder here.
        home: &'static str,
    },
}

/// A result of this module.
pub type Result<T> = std::result::Result<T, Error>;

/// The error of a system call on a path.
pub(crate) fn io(what: &'static str, path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |why| Error::Io { what, path: path.display().to_string(), why: why.to_string() }
}

/// The error of an argument.
pub(crate) fn argument(
    what: &'static str,
    expected: impl Into<String>,
    found: impl std::fmt::Display,
) -> Error {
    Error::Argument { what, expected: expected.into(), found: found.to_string() }
}

/// All values, or what failed: the error itself where it is one, [`Error::Several`] where there are more.
pub(crate) fn all<T>(results: Vec<Result<T>>) -> Result<Vec<T>> {
    let (mut values, mut errors) = (Vec::with_capacity(results.len()), Vec::new());
    for result in results {
        match result {
            Ok(value) => values.push(value),
            Err(Error::Several(more)) => errors.extend(more),
            Err(error) => errors.push(error),
        }
    }
    match errors.len() {
        0 => Ok(values),
        1 => Err(errors.remove(0)),
        _ => Err(Error::Several(errors)),
    }
}

/// Most failures that a message tells one by one.
const TOLD: usize = 20;

/// A line for each error.
fn list(errors: &[Error]) -> String {
    let mut lines: Vec<String> =
        errors.iter().take(TOLD).map(|error| format!("- {error}")).collect();
    if errors.len() > TOLD {
        lines.push(format!("and {} more", errors.len() - TOLD));
    }
    lines.join("\n")
}

/// The name of an entry as no terminal takes it for a command.
fn quoted(entry: &Option<String>) -> String {
    entry.as_ref().map_or_else(String::new, |entry| format!("{entry:?}: "))
}
