//! The files of frames.
//!
//! `SNNF`, the CRC-32 of what follows, its length unpacked, 32 bits each, and a block of LZ4. In that are
//!
//! - a byte for the type: 0 for whole numbers of 8 bits, 1 of 16, 2 of 32, 3 for floats of 32 bits,
//! - the shape `[T, C, H, W]`, four numbers,
//! - runs until there are as many elements as that: how many are 0, how many follow that are not, and these.
//!
//! Numbers of the shape and of runs are LEB128, all others little-endian. Most of an event camera's pixels are 0 at any
//! time: counts in runs take a tenth to a fifth of their elements, and LZ4 a quarter to a third less than that. Deflate
//! would leave two thirds of it, but takes over twice as long to read.

use flate2::Crc;
use lz4_flex::block;

use super::element::{Element, Stored};
use crate::event::frames::Frames;

/// What a file begins with.
const MAGIC: &[u8] = b"SNNF";

/// Most elements: a run of zeros takes a few bytes however long it is, so that a file could ask for any memory.
const MOST: usize = 1 << 32;

/// Bytes that a byte of LZ4 may stand for: a run is one more for each byte of its length that is 255.
const RATIO: usize = 255;

/// The content of a file, or what is too much for one.
pub fn encode<T: Element>(frames: &Frames<T>) -> Result<Vec<u8>, String> {
    let stored = T::stored(frames.data());
    let mut plain = vec![stored as u8];
    frames.shape().iter().for_each(|axis| number(&mut plain, *axis));
    let mut rest = frames.data();
    while !rest.is_empty() {
        let zeros = rest.iter().take_while(|element| element.is_zero()).count();
        let others = rest[zeros..].iter().take_while(|element| !element.is_zero()).count();
        number(&mut plain, zeros);
        number(&mut plain, others);
        rest[zeros..zeros + others].iter().for_each(|element| element.write(stored, &mut plain));
        rest = &rest[zeros + others..];
    }
    let n = u32::try_from(plain.len())
        .map_err(|_| format!("frames with {} bytes of numbers, more than 2^32", plain.len()))?;
    let rest = [&n.to_le_bytes()[..], &block::compress(&plain)].concat();
    Ok([MAGIC, &crc(&rest).to_le_bytes(), &rest].concat())
}

/// The frames of a file, or what was expected in it and what is there.
pub fn decode<T: Element>(file: &[u8]) -> Result<Frames<T>, (String, String)> {
    let plain = unpack(file)?;
    let expected = |what: &str, found: String| (what.to_string(), found);
    let broken = || expected("frames as long as their shape says", "others".into());
    let (stored, mut rest) = plain.split_first().ok_or_else(broken)?;
    let stored = Stored::of(*stored).ok_or_else(broken)?;
    let mut shape = [0; 4];
    for axis in &mut shape {
        *axis = take_number(&mut rest).ok_or_else(broken)?;
    }
    let n = shape.iter().try_fold(1_usize, |n, axis| n.checked_mul(*axis)).ok_or_else(broken)?;
    let mut data: Vec<T> = Vec::new();
    if n > MOST || data.try_reserve_exact(n).is_err() {
        return Err(expected("frames that memory holds", format!("the shape {shape:?}")));
    }
    while data.len() < n {
        let zeros = take_number(&mut rest).ok_or_else(broken)?;
        let others = take_number(&mut rest).ok_or_else(broken)?;
        let left = n - data.len();
        let fits = zeros <= left && others <= left - zeros && (zeros, others) != (0, 0);
        let size = others.checked_mul(stored.size()).filter(|size| fits && *size <= rest.len());
        let (elements, behind) = rest.split_at(size.ok_or_else(broken)?);
        data.resize(data.len() + zeros, T::default());
        T::read(stored, elements, &mut data).map_err(|found| expected(T::NAMED, found))?;
        rest = behind;
    }
    match rest.is_empty() {
        true => Frames::new(shape, data).map_err(|_| broken()),
        false => Err(broken()),
    }
}

/// What is in a file without LZ4, as it was written.
fn unpack(file: &[u8]) -> Result<Vec<u8>, (String, String)> {
    let packed = file.strip_prefix(MAGIC).ok_or_else(|| {
        let begins = file[..file.len().min(MAGIC.len())].escape_ascii();
        ("frames, which begin with `SNNF`".to_string(), format!("`{begins}`"))
    })?;
    let whole = |found: &str| ("a whole block of LZ4".to_string(), found.to_string());
    let (check, rest) = packed.split_first_chunk().ok_or_else(|| whole("half a checksum"))?;
    if crc(rest) != u32::from_le_bytes(*check) {
        return Err(whole("one with another checksum"));
    }
    let (length, block) = rest.split_first_chunk().ok_or_else(|| whole("half a length"))?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > block.len().saturating_mul(RATIO) {
        return Err(whole("a length that it cannot have"));
    }
    let plain = block::decompress(block, length).map_err(|e| whole(&e.to_string()))?;
    match plain.len() == length {
        true => Ok(plain),
        false => Err(whole("another length")),
    }
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// A number in LEB128: seven bits a byte, the lowest first, and the highest bit where more follow.
fn number(to: &mut Vec<u8>, mut n: usize) {
    while n >= 0x80 {
        to.push(n as u8 | 0x80);
        n >>= 7;
    }
    to.push(n as u8);
}

fn take_number(from: &mut &[u8]) -> Option<usize> {
    let mut n = 0_u64;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        n |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return n.try_into().ok();
        }
    }
    None
}
