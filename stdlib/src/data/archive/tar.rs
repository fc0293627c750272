//! Tar files: POSIX's ustar and pax, GNU's long names, and those from before both.
//!
//! Blocks of 512 bytes: a header for each entry, then its content, and a block of zeros at the end. See the
//! [format of GNU tar](https://www.gnu.org/software/tar/manual/html_node/Standard.html) and pax in POSIX.1-2017.

mod pax;

use std::io::{self, ErrorKind, Read};

use super::name;
use super::sink::{Entry, Sink};
use crate::data::error::Result;

pub(super) const BLOCK: usize = 512;

/// Most bytes of a name or of the attributes of an entry, which are kept in memory.
const LONGEST: u64 = 1 << 16;

/// The bytes of a header's fields.
mod field {
    use std::ops::Range;

    pub(super) const NAME: Range<usize> = 0..100;
    pub(super) const SIZE: Range<usize> = 124..136;
    pub(super) const CHECKSUM: Range<usize> = 148..156;
    pub(super) const KIND: usize = 156;
    pub(super) const MAGIC: Range<usize> = 257..263;
    pub(super) const PREFIX: Range<usize> = 345..500;
}

/// Unpacks all entries up to the block of zeros.
pub(super) fn unpack(reader: &mut dyn Read, sink: &mut Sink<'_>) -> Result<()> {
    let mut attributes = Attributes::default();
    loop {
        let header = block(reader).map_err(|e| sink.damaged(None, &e))?;
        if header.iter().all(|byte| *byte == 0) {
            return match attributes == Attributes::default() {
                true => Ok(()),
                false => Err(sink.damaged(None, &"a long name without its entry")),
            };
        }
        if !is_header(&header) {
            return Err(sink.damaged(None, &"a header has a wrong checksum"));
        }
        let kind = header[field::KIND];
        let of_next = ['L', 'K', 'x', 'g'].contains(&char::from(kind));
        let size = match attributes.size.filter(|_| !of_next) {
            Some(size) => size,
            None => number(&header[field::SIZE])
                .ok_or_else(|| sink.damaged(Some(&own_name(&header)), &"its size is no number"))?,
        };
        if of_next {
            attributes.read(kind, size, reader).map_err(|why| sink.damaged(None, &why))?;
            continue;
        }
        let now = std::mem::take(&mut attributes);
        let name = now.name.unwrap_or_else(|| own_name(&header));
        let entry = if now.sparse { Entry::Other("a sparse file") } else { what(kind, &name) };
        let mut content = reader.take(size);
        match sink.entry(&name, entry)? {
            Some(place) => sink.file(place, Some(size), &mut content)?,
            // Sizes of folders tell how much to keep free, or are wrong.
            None if entry == Entry::Folder && size > 0 => {
                return Err(sink.damaged(Some(&name), &"a folder with content"));
            }
            None => skip(&mut content).map_err(|e| sink.damaged(Some(&name), &e))?,
        }
        let padding = size.next_multiple_of(BLOCK as u64) - size;
        skip(&mut reader.take(padding)).map_err(|e| sink.damaged(Some(&name), &e))?;
    }
}

/// What headers before an entry say of it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Attributes {
    name: Option<String>,
    size: Option<u64>,
    sparse: bool,
}

impl Attributes {
    /// Reads the content of a header that is about the next entry, or about all.
    fn read(
        &mut self,
        kind: u8,
        size: u64,
        reader: &mut dyn Read,
    ) -> std::result::Result<(), String> {
        if size > LONGEST {
            return Err(format!("a name or attributes of {size} bytes, more than {LONGEST}"));
        }
        let mut content = vec![0; (size as usize).next_multiple_of(BLOCK)];
        reader.read_exact(&mut content).map_err(|e| e.to_string())?;
        content.truncate(size as usize);
        match kind {
            b'L' => self.name = Some(name::text(until_zero(&content))),
            b'x' => pax::read(&content, self)?,
            // Targets of links, which are not made; and what is said of all entries: times, a comment.
            _ => {}
        }
        Ok(())
    }
}

fn what(kind: u8, name: &str) -> Entry {
    match kind {
        // Before POSIX a folder was told by its name.
        b'0' | b'7' | 0 if !name.ends_with('/') => Entry::File,
        b'0' | b'5' | 0 => Entry::Folder,
        b'1' => Entry::Other("a hard link"),
        b'2' => Entry::Other("a symbolic link"),
        b'3' | b'4' => Entry::Other("a device"),
        b'6' => Entry::Other("a pipe"),
        b'S' => Entry::Other("a sparse file"),
        _ => Entry::Other("of a kind that is not known"),
    }
}

/// The next block; at least the one of zeros has to be there.
fn block(reader: &mut dyn Read) -> io::Result<[u8; BLOCK]> {
    let mut block = [0; BLOCK];
    reader.read_exact(&mut block).map_err(|e| match e.kind() {
        ErrorKind::UnexpectedEof => io::Error::new(e.kind(), "it has no end"),
        _ => e,
    })?;
    Ok(block)
}

/// Reads over what is left; where that is cut off, there is no next block.
fn skip(content: &mut impl Read) -> io::Result<()> {
    io::copy(content, &mut io::sink()).map(|_| ())
}

/// Whether a block is a header: its bytes add up to the checksum in it, whose own bytes count as spaces.
pub(super) fn is_header(block: &[u8; BLOCK]) -> bool {
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    let own: u64 = block[field::CHECKSUM].iter().map(|byte| u64::from(*byte)).sum();
    let spaces = field::CHECKSUM.len() as u64 * u64::from(b' ');
    number(&block[field::CHECKSUM]) == Some(sum - own + spaces) && own > 0
}

/// A number in octal digits between spaces and zeros, or as GNU has those that need more: in bytes, after one that is
/// 0x80.
fn number(bytes: &[u8]) -> Option<u64> {
    if let [0x80, high @ .., _, _, _, _, _, _, _, _] = bytes {
        let low = bytes.last_chunk::<8>()?;
        return high.iter().all(|byte| *byte == 0).then(|| u64::from_be_bytes(*low));
    }
    let text = std::str::from_utf8(bytes).ok()?.trim_matches([' ', '\0']);
    match text.bytes().all(|digit| digit.is_ascii_digit()) {
        true if text.is_empty() => Some(0),
        true => u64::from_str_radix(text, 8).ok(),
        false => None,
    }
}

/// The name in the header itself, which POSIX continues before it.
fn own_name(header: &[u8; BLOCK]) -> String {
    let name = name::text(until_zero(&header[field::NAME]));
    let prefix = until_zero(&header[field::PREFIX]);
    match header[field::MAGIC] == *b"ustar\0" && !prefix.is_empty() {
        true => format!("{}/{name}", name::text(prefix)),
        false => name,
    }
}

fn until_zero(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}
