//! As much of HDF5 as the files of spikes need (HDF5 File Format Specification, version 3.0): groups that
//! list their members in a table or in few messages, and datasets of one axis of numbers or of rows of
//! numbers, in one piece or in chunks, packed by deflate or not.
//!
//! Every address and size is held against the file before it is followed, and no more parts of a tree are
//! looked at than a file can have.

mod chunks;
mod dataset;
mod group;
mod header;
mod heap;

pub use dataset::Dataset;

use super::error::{Error, Result};
use super::input::Input;

/// What every file begins with.
const MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";

/// An address that stands for none.
const NOWHERE: u64 = u64::MAX;

/// A file with its outermost group.
pub struct File<'a> {
    bytes: Bytes<'a>,
    root: usize,
}

/// How many more parts of a tree may be looked at.
struct Budget(usize);

impl Budget {
    /// The fewest bytes that a part of a tree takes.
    const PART: usize = 24;

    /// As many as the file can have.
    fn new(bytes: Bytes) -> Self {
        Self(bytes.0.bytes.len() / Self::PART)
    }

    /// Takes one, at a place.
    fn take(&mut self, bytes: Bytes, at: usize) -> Result<()> {
        self.0 = self.0.checked_sub(1).ok_or_else(|| {
            bytes.error(at, "a tree of as many parts as the file has room for", "more of them")
        })?;
        Ok(())
    }
}

/// The file, read in the units of the format.
#[derive(Clone, Copy)]
struct Bytes<'a>(Input<'a>);

impl<'a> Bytes<'a> {
    fn error(&self, at: usize, expected: &str, found: impl Into<String>) -> Error {
        self.0.error(at, expected, found)
    }

    fn slice(&self, at: usize, n: usize, what: &str) -> Result<&'a [u8]> {
        self.0.slice(at, n, what)
    }

    fn byte(&self, at: usize, what: &str) -> Result<u8> {
        self.0.array::<1>(at, what).map(|[byte]| byte)
    }

    fn u16(&self, at: usize, what: &str) -> Result<usize> {
        self.0.array(at, what).map(|bytes| usize::from(u16::from_le_bytes(bytes)))
    }

    fn u32(&self, at: usize, what: &str) -> Result<usize> {
        self.0.array(at, what).map(|bytes| u32::from_le_bytes(bytes) as usize)
    }

    /// A number of 8 bytes.
    fn u64(&self, at: usize, what: &str) -> Result<u64> {
        self.0.array(at, what).map(u64::from_le_bytes)
    }

    /// An address or a size of something in the file.
    fn address(&self, at: usize, what: &str) -> Result<usize> {
        let address = self.u64(at, what)?;
        let inside = usize::try_from(address).ok().filter(|end| *end <= self.0.bytes.len());
        inside.ok_or_else(|| self.error(at, what, format!("{address:#x}, past the file's end")))
    }

    /// Fails where something does not begin as it should.
    fn begins(&self, at: usize, magic: &[u8]) -> Result<()> {
        let found = self.slice(at, magic.len(), "HDF5")?;
        match found == magic {
            true => Ok(()),
            false => {
                let expected = format!("`{}`", magic.escape_ascii());
                Err(self.error(at, &expected, format!("`{}`", found.escape_ascii())))
            }
        }
    }
}

#[cfg(test)]
mod tests;

impl<'a> File<'a> {
    /// A file whose outermost group is found.
    pub fn open(input: Input<'a>) -> Result<Self> {
        let bytes = Bytes(input);
        bytes.begins(0, MAGIC)?;
        let version = bytes.byte(8, "a superblock's version")?;
        let (sizes, base) = match version {
            0 => (13, 24),
            1 => (13, 28),
            2 | 3 => (9, 12),
            _ => return Err(bytes.error(8, "a superblock of version 0 to 3", version.to_string())),
        };
        let found = [bytes.byte(sizes, "a size")?, bytes.byte(sizes + 1, "a size")?];
        if found != [8, 8] {
            return Err(bytes.error(
                sizes,
                "addresses and lengths of 8 bytes",
                format!("{found:?}"),
            ));
        }
        let start = bytes.u64(base, "a base address")?;
        if start != 0 {
            return Err(bytes.error(base, "a base address 0", start.to_string()));
        }
        // Behind base, free space, end and driver comes an entry whose second part it is; in newer files it
        // is behind base, extension and end.
        let at = if version < 2 { base + 32 + 8 } else { base + 24 };
        Ok(Self { bytes, root: bytes.address(at, "the address of the outermost group")? })
    }

    /// A dataset by its path, such as `spikes/times`.
    pub fn dataset(&self, path: &str) -> Result<Dataset> {
        let mut at = self.root;
        for name in path.split('/') {
            let found = group::member(self.bytes, at, name)?;
            at = found.ok_or_else(|| {
                let expected = format!("`{path}`");
                self.bytes.error(at, &expected, format!("a group without `{name}`"))
            })?;
        }
        Dataset::open(self.bytes, at)
    }
}
