//! Archives that are unpacked as a whole or not at all, also where they were made to do harm.
//!
//! A zip, tar, tar.gz or gzip file goes to `NAME.unpacking` beside the folder that is asked for, which gets its
//! name by a rename once all of it is on the disk. `NAME.lock`, which is empty and stays, lets one process unpack
//! while others that want the same folder wait for it; what one that was killed has left is removed by the next.
//!
//! Nothing is written outside of that folder: a name that is absolute or leads upwards, a link and a device are
//! errors, and so is what writes the same file twice, on file systems as well that do not tell `a` from `A`. Times,
//! owners and permissions are left out.

mod gzip;
mod kind;
mod limits;
pub(super) mod name;
mod sink;
mod staging;
mod tar;
mod zip;

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use self::kind::Kind;
use self::sink::Sink;
use self::staging::Staging;
use super::bar::{Bar, Gauge, Unit};
use super::error::{self, Result};
use super::files::Record;

pub use limits::Limits;

/// How to unpack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// How much may come out of an archive.
    pub limits: Limits,
    /// Draws no bar. One is drawn on a terminal alone, for what takes over a second.
    pub quiet: bool,
}

/// Unpacks an archive to a folder, which gets what `take` says yes to: it is asked for the path of each file, with
/// `/` between the names, and for those of folders, which end in `/`; a folder of a file that is taken is made
/// without being asked for. A gzip file without a tar in it becomes one file, of its name without `.gz`.
///
/// Returns the files in the archive's order; none where the folder was there already, which then was left as it is.
///
/// ```no_run
/// use std::path::Path;
///
/// use snn::data::archive::{self, Options};
///
/// # fn main() -> snn::data::Result<()> {
/// let events = |path: &str| path.ends_with(".aedat");
/// archive::unpack(Path::new("airplane.zip"), Path::new("airplane"), &events, &Options::default())?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Error::Format`](super::Error::Format) where it is none of these archives,
/// [`Error::Archive`](super::Error::Archive) with the entry and what is wrong with it where it is damaged, encrypted,
/// compressed in another way than by deflate, or breaks a rule or a limit,
/// [`Error::Io`](super::Error::Io) where a file or folder cannot be made, read or written. There is no folder then.
pub fn unpack(
    archive: &Path,
    folder: &Path,
    take: &dyn Fn(&str) -> bool,
    options: &Options,
) -> Result<Option<Vec<Record>>> {
    let mut file = File::open(archive).map_err(error::io("read", archive))?;
    let kind = Kind::of(archive, &mut file)?;
    let Some(staging) = Staging::begin(folder)? else { return Ok(None) };
    let size = file.metadata().map_err(error::io("read", archive))?.len();
    let bar = Bar::new(
        archive.file_name().unwrap_or_default().to_string_lossy(),
        Unit::Bytes,
        options.quiet,
    );
    let mut reader = BufReader::with_capacity(1 << 16, Metered { file, gauge: bar.gauge(size) });
    let mut sink = Sink::new(archive, staging.path(), take, options.limits.counter(size));
    match kind {
        Kind::Zip => zip::unpack(reader, &mut sink)?,
        Kind::Tar => tar::unpack(&mut reader, &mut sink)?,
        Kind::GzipTar => gzip::unpack_tar(reader, &mut sink)?,
        Kind::Gzip => gzip::unpack(reader, &mut sink)?,
    }
    let (records, folders) = sink.finish();
    staging.finish(&records, &folders)?;
    Ok(Some(records))
}

/// An archive whose reader is seen on a bar.
struct Metered<'a> {
    file: File,
    gauge: Gauge<'a>,
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.gauge.add(n as u64);
        Ok(n)
    }
}

impl Seek for Metered<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

#[cfg(test)]
pub(super) mod tests;
