//! The frame around each event of a file of TensorBoard: its length, a checksum of that, the event, and a
//! checksum of it. Numbers have their lowest byte first.

use std::io::{ErrorKind, Read};

/// CRC-32C (Castagnoli) of each byte, the polynomial reflected.
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let (mut crc, mut bit) = (i as u32, 0);
        while bit < 8 {
            crc = (crc >> 1) ^ (0x82f6_3b78 * (crc & 1));
            bit += 1;
        }
        table[i] = crc;
        i += 1;
    }
    table
};

/// Bytes before an event, and behind it.
pub(super) const HEAD: u64 = 12;
pub(super) const TAIL: u64 = 4;

/// An event in its frame.
pub(super) fn framed(event: &[u8]) -> Vec<u8> {
    let length = (event.len() as u64).to_le_bytes();
    let [head, tail] = [&length[..], event].map(|bytes| masked(bytes).to_le_bytes());
    [&length[..], &head, event, &tail].concat()
}

/// What comes next in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// An event of so many bytes with its frame.
    Whole(u64),
    /// Nothing, or an event that the file ends within, as when a program was ended while it wrote.
    End,
    /// Something that is no event.
    Damaged,
}

/// Reads past one event, with so many bytes left in the file.
pub(super) fn next(file: &mut impl Read, left: u64) -> std::io::Result<Next> {
    let mut head = [0; HEAD as usize];
    match file.read_exact(&mut head) {
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => return Ok(Next::End),
        read => read?,
    }
    let [length, crc] = [&head[..8], &head[8..]];
    if masked(length).to_le_bytes() != crc {
        return Ok(Next::Damaged);
    }
    let n = length.iter().rev().fold(0, |n, byte| n << 8 | u64::from(*byte));
    let Some(rest) = left.checked_sub(HEAD + TAIL).and_then(|room| room.checked_sub(n)) else {
        return Ok(Next::End);
    };
    let mut event = vec![0; (left - HEAD - rest) as usize];
    file.read_exact(&mut event)?;
    let (event, crc) = event.split_at(event.len() - TAIL as usize);
    match masked(event).to_le_bytes() == crc {
        true => Ok(Next::Whole(HEAD + n + TAIL)),
        false => Ok(Next::Damaged),
    }
}

/// The checksum as the format has it: turned and shifted, since a checksum of what holds one says little.
fn masked(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| (crc >> 8) ^ TABLE[usize::from(crc as u8 ^ byte)];
    !bytes.iter().fold(!0, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standards() {
        // The check value of the catalogue of CRCs, and two of RFC 3720.
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
    }

    #[test]
    fn whole_torn_and_damaged_events_are_told_apart() {
        let bytes = framed(b"event");
        let of = |bytes: &[u8]| next(&mut &bytes[..], bytes.len() as u64).unwrap();
        assert_eq!(of(&bytes), Next::Whole(21));
        assert!((0..bytes.len()).all(|n| of(&bytes[..n]) == Next::End));
        for i in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[i] ^= 1;
            assert_eq!(of(&damaged), Next::Damaged, "{i}");
        }
    }
}
