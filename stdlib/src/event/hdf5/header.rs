//! Object headers: the messages that say what a group or dataset is.

use super::Bytes;
use crate::event::error::Result;

/// The kind of a message that names a block of more messages.
const CONTINUED: usize = 0x10;

/// Most blocks of a header. Files have one or two.
const BLOCKS: usize = 256;

/// Most messages of a header. Objects have about ten.
const MESSAGES: usize = 4096;

/// A message.
#[derive(Clone, Copy)]
pub struct Message {
    pub kind: usize,
    /// Where it starts.
    pub at: usize,
    /// Whether it is kept elsewhere, as types with a name are.
    pub shared: bool,
}

/// How messages stand in a block.
#[derive(Clone, Copy)]
struct Style {
    /// Whether the header is of version 1.
    old: bool,
    /// The bytes before a message.
    prefix: usize,
}

/// All messages of the object at an address.
pub fn messages(bytes: Bytes, at: usize) -> Result<Vec<Message>> {
    let (style, first) = match bytes.byte(at, "an object header")? {
        1 => (Style { old: true, prefix: 8 }, (at + 16, bytes.u32(at + 8, "a header's size")?)),
        _ => newer(bytes, at)?,
    };
    let mut messages = Vec::new();
    let mut blocks = vec![first];
    let mut n_blocks = 0;
    while let Some((start, length)) = blocks.pop() {
        n_blocks += 1;
        if n_blocks > BLOCKS {
            return Err(bytes.error(at, "an object header in few blocks", "more than 256"));
        }
        bytes.slice(start, length, "an object header")?;
        block(bytes, style, start, start + length, &mut messages, &mut blocks)?;
    }
    Ok(messages)
}

/// The style of a header of version 2, and its first block.
fn newer(bytes: Bytes, at: usize) -> Result<(Style, (usize, usize))> {
    bytes.begins(at, b"OHDR")?;
    let flags = bytes.byte(at + 5, "a header's flags")?;
    let times = if flags & 0x20 != 0 { 16 } else { 0 };
    let limits = if flags & 0x10 != 0 { 4 } else { 0 };
    let size_at = at + 6 + times + limits;
    let width = 1 << (flags & 3);
    let mut size = [0; 8];
    size[..width].copy_from_slice(bytes.slice(size_at, width, "a header's size")?);
    let size = usize::try_from(u64::from_le_bytes(size)).unwrap_or(usize::MAX);
    let prefix = if flags & 4 != 0 { 6 } else { 4 };
    Ok((Style { old: false, prefix }, (size_at + width, size)))
}

/// The messages of a block, and the blocks that it names.
fn block(
    bytes: Bytes,
    style: Style,
    start: usize,
    end: usize,
    messages: &mut Vec<Message>,
    blocks: &mut Vec<(usize, usize)>,
) -> Result<()> {
    let mut at = start;
    // What is left at the end is less than a message would take.
    while at + style.prefix <= end {
        let (kind, size, flags) = match style.old {
            true => (bytes.u16(at, "a message")?, at + 2, at + 4),
            false => (usize::from(bytes.byte(at, "a message")?), at + 1, at + 3),
        };
        let size = bytes.u16(size, "a message's size")?;
        let shared = bytes.byte(flags, "a message's flags")? & 2 != 0;
        let data = at + style.prefix;
        if size > end.saturating_sub(data) {
            return Err(bytes.error(at, "a message within its header", format!("{size} bytes")));
        }
        if kind == CONTINUED {
            let (next, length) =
                (bytes.address(data, "more messages")?, bytes.address(data + 8, "their length")?);
            // Newer blocks have a magic before and a checksum behind.
            match style.old {
                true => blocks.push((next, length)),
                false => {
                    bytes.begins(next, b"OCHK")?;
                    blocks.push((next + 4, length.saturating_sub(8)));
                }
            }
        }
        if messages.len() == MESSAGES {
            return Err(bytes.error(at, "an object header of few messages", "more than 4096"));
        }
        messages.push(Message { kind, at: data, shared });
        at = data + size;
    }
    Ok(())
}
