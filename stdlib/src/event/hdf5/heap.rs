//! Global heaps, which hold rows of different lengths.

use super::Bytes;
use crate::event::error::Result;

/// The bytes of a row's place: how many numbers it has, the heap's address, and its number there.
pub const PLACE: usize = 16;

/// The bytes before an object in a heap, and before the first.
const PREFIX: usize = 16;

/// The bytes of a row whose place stands in `place`, of numbers of a size.
pub fn row<'a>(bytes: Bytes<'a>, place: &[u8; PLACE], size: usize) -> Result<&'a [u8]> {
    let [a, b, c, d, address @ .., i, j, k, l] = *place;
    let n = u32::from_le_bytes([a, b, c, d]) as usize;
    if n == 0 {
        return Ok(&[]);
    }
    let heap = usize::try_from(u64::from_le_bytes(address)).unwrap_or(usize::MAX);
    let index = u32::from_le_bytes([i, j, k, l]) as usize;
    bytes.begins(heap, b"GCOL")?;
    let length = bytes.address(heap + 8, "a heap's length")?;
    bytes.slice(heap, length, "a heap")?;
    let mut at = heap + PREFIX;
    while at + PREFIX <= heap + length {
        let object = bytes.u16(at, "an object of a heap")?;
        let has = bytes.address(at + 8, "the length of an object of a heap")?;
        if object == index {
            let wanted = n.saturating_mul(size);
            if has < wanted {
                let expected = format!("{wanted} bytes for a row of {n} numbers");
                return Err(bytes.error(at, &expected, format!("{has}")));
            }
            return bytes.slice(at + PREFIX, wanted, "a row");
        }
        // Object 0 is what is free, behind all others.
        if object == 0 {
            break;
        }
        at += PREFIX + has.next_multiple_of(8);
    }
    Err(bytes.error(heap, &format!("a heap with object {index}"), "one without"))
}
