//! The formats that are read, and which one a file has.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::error::{self, Result};
use super::events::Events;
use super::input::Input;
use super::source::Source;
use super::{aedat, atis, dat, evt, npy, npz};

/// A format of files of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Events of 40 bits in files `.bin`, of an ATIS: N-MNIST, N-Caltech101 (Orchard et al. 2015).
    Atis,
    /// Prophesee's DAT, files `.dat` of CD events, and the layout from before its version 2.
    Dat,
    /// AEDAT 2 of a DVS128: `.aedat` of jAER, as of CIFAR10-DVS.
    Aedat2,
    /// AEDAT 2 of a DAVIS.
    Aedat2Davis,
    /// AEDAT 3.1 of cAER: `.aedat`, as of DVS128 Gesture.
    Aedat3,
    /// AEDAT 4 of DV: `.aedat4`.
    Aedat4,
    /// Prophesee's EVT 2.0, `.raw`.
    Evt2,
    /// Prophesee's EVT 3.0, `.raw`.
    Evt3,
    /// An array of NumPy whose elements have fields, `.npy`, as Tonic's.
    Npy,
    /// Arrays of NumPy, `.npz`: `t`, `x`, `y` and `p`, as SpikingJelly's, or one as in [`Format::Npy`].
    Npz,
}

/// What to do where times go back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// An error, which names the first event that is before the one that precedes it.
    #[default]
    Strict,
    /// Sort by time. Events of one time stay as they are in the file.
    Sort,
}

/// How to read a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Its format; where there is none, what its beginning says, then its name.
    pub format: Option<Format>,
    /// Width and height of the sensor, all of whose events are to lie on it. Where there is none it is what
    /// the file says; where that says nothing, the least that holds all events.
    pub size: Option<(u16, u16)>,
    /// What to do where times go back.
    pub order: Order,
}

/// Bytes that tell of most formats.
const BEGINNING: u64 = 64;

impl Events {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](super::Error::Io) where it cannot be read; [`Error::File`](super::Error::File) where
    /// it is of no known format, damaged or broken off, or where an event is off the sensor or before the
    /// one that precedes it, with the place in the file.
    pub fn read(path: &Path, options: &Options) -> Result<Self> {
        let failed = error::io("read", path);
        let name = path.display().to_string();
        let mut file = File::open(path).map_err(&failed)?;
        let about = file.metadata().map_err(&failed)?;
        let mut bytes = Vec::new();
        Read::by_ref(&mut file).take(BEGINNING).read_to_end(&mut bytes).map_err(&failed)?;
        let format =
            options.format.map_or_else(|| detect(Input { name: &name, bytes: &bytes }), Ok);
        // What is no file, as a pipe, cannot be read part by part.
        if about.is_file() && format.is_ok_and(|format| format == Format::Aedat3) {
            return aedat::v3::read(&name, &Source::file(path, file)?, options);
        }
        let length = usize::try_from(about.len()).unwrap_or(usize::MAX);
        let reserved = bytes.try_reserve_exact(length.saturating_sub(bytes.len()));
        reserved.map_err(|_| failed(ErrorKind::OutOfMemory.into()))?;
        file.read_to_end(&mut bytes).map_err(&failed)?;
        Self::from_bytes(&name, &bytes, options)
    }

    /// Reads bytes as [`Events::read`] reads a file; `name` stands in errors for where they came from, and
    /// its ending says which format they have where their beginning does not.
    ///
    /// # Errors
    ///
    /// [`Error::File`](super::Error::File), as of [`Events::read`].
    pub fn from_bytes(name: &str, bytes: &[u8], options: &Options) -> Result<Self> {
        let input = Input { name, bytes };
        let format = match options.format {
            Some(format) => format,
            None => detect(input)?,
        };
        match format {
            Format::Atis => atis::read(input, options),
            Format::Dat => dat::read(input, options),
            Format::Aedat2 => aedat::v2::read(input, aedat::v2::Layout::Dvs128, options),
            Format::Aedat2Davis => aedat::v2::read(input, aedat::v2::Layout::Davis, options),
            Format::Aedat3 => aedat::v3::read(name, &Source::Memory(bytes), options),
            Format::Aedat4 => aedat::v4::read(input, options),
            Format::Evt2 => evt::evt2::read(input, options),
            Format::Evt3 => evt::evt3::read(input, options),
            Format::Npy => npy::read(input, options),
            Format::Npz => npz::read(input, options),
        }
    }
}

/// The format of a file by what it begins with, else by its name.
fn detect(input: Input) -> Result<Format> {
    let begins = |magic: &[u8]| input.bytes.starts_with(magic);
    let ends = |ending: &str| {
        let name = input.name.as_bytes();
        name.len() >= ending.len()
            && name[name.len() - ending.len()..].eq_ignore_ascii_case(ending.as_bytes())
    };
    if begins(b"\x93NUMPY") {
        return Ok(Format::Npy);
    }
    if begins(b"PK\x03\x04") || begins(b"PK\x05\x06") {
        return Ok(Format::Npz);
    }
    if begins(b"#!AER-DAT2") {
        return Ok(aedat::v2::layout(input));
    }
    if begins(b"#!AER-DAT3") {
        return Ok(Format::Aedat3);
    }
    if begins(b"#!AER-DAT4") {
        return Ok(Format::Aedat4);
    }
    if begins(b"%") && !ends(".dat") {
        return evt::format(input);
    }
    if begins(b"%") || ends(".dat") {
        return Ok(Format::Dat);
    }
    if ends(".bin") {
        return Ok(Format::Atis);
    }
    let n = input.bytes.len().min(10);
    let found = format!("`{}`", input.bytes[..n].escape_ascii());
    Err(input.error(
        0,
        "the beginning of a file of events (AEDAT, EVT, DAT, npy, npz) or a name \
                        that ends in .bin or .dat",
        found,
    ))
}
