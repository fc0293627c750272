//! Files of events, and archives: sound ones with changes, and what has to hold of what is read of them.

mod archives;
mod change;
mod events;
mod make;
mod sound;

pub use sound::FILES;

use snn::event::Format;

use crate::fuzz::Choices;

/// What reads files that come from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Events of a format.
    Events(Format),
    /// The HDF5 files of the Heidelberg sets.
    Shd,
    /// Zip archives.
    Zip,
    /// Tar archives.
    Tar,
    /// Gzip files, with a tar in them or without.
    Gzip,
}

impl Reader {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Events(Format::Atis),
        Self::Events(Format::Dat),
        Self::Events(Format::Aedat2),
        Self::Events(Format::Aedat2Davis),
        Self::Events(Format::Aedat3),
        Self::Events(Format::Aedat4),
        Self::Events(Format::Evt2),
        Self::Events(Format::Evt3),
        Self::Events(Format::Npy),
        Self::Events(Format::Npz),
        Self::Shd,
        Self::Zip,
        Self::Tar,
        Self::Gzip,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Events(Format::Atis) => "atis",
            Self::Events(Format::Dat) => "dat",
            Self::Events(Format::Aedat2) => "aedat2",
            Self::Events(Format::Aedat2Davis) => "davis",
            Self::Events(Format::Aedat3) => "aedat3",
            Self::Events(Format::Aedat4) => "aedat4",
            Self::Events(Format::Evt2) => "evt2",
            Self::Events(Format::Evt3) => "evt3",
            Self::Events(Format::Npy) => "npy",
            Self::Events(Format::Npz) => "npz",
            Self::Events(_) => "events",
            Self::Shd => "shd",
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::Gzip => "gzip",
        }
    }

    /// What a file's name ends in that says its format where its first bytes do not.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Events(Format::Atis) => "bin",
            Self::Events(Format::Dat) => "dat",
            _ => "file",
        }
    }

    /// A file: a sound one with changes, or bytes that were given as they are.
    pub fn input(self, choices: &mut Choices<'_>) -> Vec<u8> {
        if choices.percent(5) && !choices.rest().is_empty() {
            return choices.rest().to_vec();
        }
        let is_made = self == Self::Tar || choices.percent(50);
        let (mut bytes, is_made) = match self {
            Self::Events(Format::Npz) if is_made => (make::npz(choices), true),
            Self::Zip if is_made => (make::zip(choices), true),
            Self::Tar => (make::tar(choices), true),
            Self::Gzip if is_made => (make::gzip(&make::tar(choices)), true),
            _ => (FILES.pick(self, choices), false),
        };
        // What was made is already changed inside of its checksums.
        let n = if is_made && choices.percent(60) { 0 } else { 1 + choices.below(3) };
        (0..n).for_each(|_| change::change(&mut bytes, FILES.pick(self, choices), choices));
        if self == Self::Tar && choices.percent(80) {
            make::seal(&mut bytes);
        }
        bytes
    }

    /// Reads a file, and whether that is right; what must not be is a panic.
    pub fn read(self, bytes: &[u8]) -> bool {
        match self {
            Self::Events(format) => {
                events::read(format, &format!("input.{}", self.ending()), bytes)
            }
            Self::Shd => events::read_shd(bytes),
            Self::Zip | Self::Tar | Self::Gzip => archives::unpack(bytes),
        }
    }
}
