//! Datasets in chunks, which a tree lists, each packed on its own.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::header::Message;
use super::{Budget, Bytes};
use crate::event::error::Result;

/// Bytes that one byte may be unpacked to: deflate cannot say more.
const RATIO: usize = 1040;

/// The filters that are known.
const DEFLATE: usize = 1;
const SHUFFLE: usize = 2;
const CHECKSUM: usize = 3;

/// A chunk: its first element, where it is, its length there, and a bit for each filter that was left out.
struct Chunk {
    first: usize,
    at: usize,
    length: usize,
    skipped: usize,
}

/// The filters of a message about them, in the order of writing.
pub fn filters(bytes: Bytes, message: Message) -> Result<Vec<usize>> {
    let at = message.at;
    let version = bytes.byte(at, "filters")?;
    let n = bytes.byte(at + 1, "filters")?;
    let mut next = at + if version == 1 { 8 } else { 2 };
    let mut filters = Vec::new();
    for _ in 0..n {
        let id = bytes.u16(next, "a filter")?;
        if ![DEFLATE, SHUFFLE, CHECKSUM].contains(&id) {
            return Err(bytes.error(
                next,
                "the filters deflate, shuffle or fletcher32",
                id.to_string(),
            ));
        }
        // Newer messages name only filters that are not HDF5's own.
        let name = if version == 1 { bytes.u16(next + 2, "a filter's name")? } else { 0 };
        let fixed = if version == 1 { 8 } else { 6 };
        let n_values = bytes.u16(next + fixed - 2, "a filter's values")?;
        let odd = if version == 1 { n_values % 2 } else { 0 };
        next += fixed + name.next_multiple_of(8) + 4 * (n_values + odd);
        filters.push(id);
    }
    Ok(filters)
}

/// The elements of a dataset with one axis of `n` elements of `size` bytes.
pub fn read(
    bytes: Bytes,
    tree: usize,
    (n, size): (usize, usize),
    chunk_n: usize,
    filters: &[usize],
) -> Result<Vec<u8>> {
    let mut chunks = Vec::new();
    let level = bytes.byte(tree + 5, "a tree's level")?;
    list(bytes, (tree, level), &mut chunks, &mut Budget::new(bytes))?;
    // The memory grows with what is there, not with what was said.
    let mut all = Vec::new();
    let mut first = 0;
    for chunk in &chunks {
        if chunk.first != first {
            let expected = format!("a chunk from element {first} on");
            return Err(bytes.error(chunk.at, &expected, format!("one from {} on", chunk.first)));
        }
        let unpacked = unpack(bytes, chunk, size, filters)?;
        let count = chunk_n.min(n - first);
        let from = unpacked.get(..count.saturating_mul(size)).ok_or_else(|| {
            let expected = format!("a chunk of {count} elements of {size} bytes");
            bytes.error(chunk.at, &expected, format!("{} bytes", unpacked.len()))
        })?;
        all.extend_from_slice(from);
        first += count;
    }
    match first == n {
        true => Ok(all),
        false => {
            Err(bytes.error(tree, &format!("chunks of all {n} elements"), format!("of {first}")))
        }
    }
}

/// The chunks below a node of a tree, which has so many levels below it.
fn list(
    bytes: Bytes,
    (node, level): (usize, u8),
    chunks: &mut Vec<Chunk>,
    budget: &mut Budget,
) -> Result<()> {
    /// A key: length, filters left out, the first element and 0 for the bytes within one; then a child.
    const KEY: usize = 24;
    budget.take(bytes, node)?;
    bytes.begins(node, b"TREE")?;
    if bytes.byte(node + 5, "a tree's level")? != level {
        return Err(bytes.error(node + 5, "a level below the one above", "another"));
    }
    let n = bytes.u16(node + 6, "a tree's chunks")?;
    for key in (0..n).map(|i| node + 24 + (KEY + 8) * i) {
        let child = bytes.address(key + KEY, "a chunk")?;
        if let Some(level) = level.checked_sub(1) {
            list(bytes, (child, level), chunks, budget)?;
            continue;
        }
        budget.take(bytes, key)?;
        chunks.push(Chunk {
            length: bytes.u32(key, "a chunk's length")?,
            skipped: bytes.u32(key + 4, "a chunk's filters")?,
            first: usize::try_from(bytes.u64(key + 8, "a chunk's place")?).unwrap_or(usize::MAX),
            at: child,
        });
    }
    Ok(())
}

/// The elements of a chunk, with its filters undone from the last to the first.
fn unpack(bytes: Bytes, chunk: &Chunk, size: usize, filters: &[usize]) -> Result<Vec<u8>> {
    let mut data = bytes.slice(chunk.at, chunk.length, "a chunk")?.to_vec();
    for (i, filter) in filters.iter().enumerate().rev() {
        // There are 32 bits for filters.
        if i < 32 && chunk.skipped >> i & 1 == 1 {
            continue;
        }
        data = match *filter {
            DEFLATE => {
                let limit = data.len().saturating_mul(RATIO) as u64;
                let mut inflated = Vec::new();
                let decoder = ZlibDecoder::new(&data[..]);
                decoder.take(limit).read_to_end(&mut inflated).map_err(|e| {
                    bytes.error(chunk.at, "a chunk packed by deflate", e.to_string())
                })?;
                inflated
            }
            SHUFFLE => unshuffle(&data, size),
            // The checksum behind the data is not looked at.
            _ => {
                data.truncate(data.len().saturating_sub(4));
                data
            }
        };
    }
    Ok(data)
}

/// Elements whose first bytes stood together, then their second ones, and so on; what is left over behind
/// whole elements stays.
fn unshuffle(data: &[u8], size: usize) -> Vec<u8> {
    let n = data.len() / size;
    let mut elements = data.to_vec();
    for (i, byte) in data[..n * size].iter().enumerate() {
        elements[i % n * size + i / n] = *byte;
    }
    elements
}
