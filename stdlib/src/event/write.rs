//! Writing files: the whole of one beside its place, then its name.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use super::error::{self, Result};
use super::read::Format;
use super::view::EventsView;
use super::{Events, aedat, atis, dat, evt, npz};

impl Events {
    /// Writes a file. It is there as a whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](super::Error::Argument) where the format is not written, or cannot hold the size
    /// of the sensor or a time; [`Error::Io`](super::Error::Io) where the file cannot be written.
    pub fn write(&self, path: &Path, format: Format) -> Result<()> {
        self.view().write(path, format)
    }
}

impl EventsView<'_> {
    /// Writes a file, as of [`Events::write`].
    ///
    /// # Errors
    ///
    /// As of [`Events::write`].
    pub fn write(&self, path: &Path, format: Format) -> Result<()> {
        replace(path, &self.to_bytes(format)?)
    }

    /// What [`Events::write`] writes.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](super::Error::Argument), as of [`Events::write`].
    pub fn to_bytes(&self, format: Format) -> Result<Vec<u8>> {
        match format {
            Format::Atis => atis::write(*self),
            Format::Dat => dat::write(*self),
            Format::Aedat2 => aedat::v2::write(*self, aedat::v2::Layout::Dvs128),
            Format::Aedat2Davis => aedat::v2::write(*self, aedat::v2::Layout::Davis),
            Format::Aedat3 => aedat::v3::write(*self),
            Format::Evt2 => evt::evt2::write(*self),
            Format::Npz => npz::write(*self),
            Format::Aedat4 | Format::Evt3 | Format::Npy => {
                let written =
                    "one that is written: Atis, Dat, Aedat2, Aedat2Davis, Aedat3, Evt2 or Npz";
                Err(error::argument("the format", written, format!("{format:?}")))
            }
        }
    }
}

/// Writes beside a file, waits until that is on the disk, and gives it the file's name.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.part", std::process::id()));
    let beside = path.with_file_name(name);
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let renamed = written.and_then(|()| fs::rename(&beside, path));
    if renamed.is_err() {
        // What is left of a write that failed is of no use; if it cannot be removed either, that says no more.
        let _ = fs::remove_file(&beside);
    }
    renamed.map_err(error::io("write", path))
}
