//! Datasets of one axis.

use super::header::{Message, messages};
use super::{Bytes, NOWHERE, chunks, heap};
use crate::event::error::Result;
use crate::event::input::Input;

/// The kinds of messages about a dataset.
const SPACE: usize = 0x01;
const TYPE: usize = 0x03;
const LAYOUT: usize = 0x08;
const FILTERS: usize = 0x0b;

/// The type of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    kind: Kind,
    /// The bytes of it.
    pub size: usize,
    big: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Unsigned,
    Signed,
    Float,
}

impl Number {
    /// The number that bytes stand for.
    pub fn value(&self, bytes: &[u8]) -> f64 {
        let mut low = [0; 8];
        let n = bytes.len().min(8);
        low[..n].copy_from_slice(&bytes[..n]);
        if self.big {
            low[..n].reverse();
        }
        let bits = u64::from_le_bytes(low);
        let unused = 64 - 8 * self.size as u32;
        match (self.kind, self.size) {
            (Kind::Unsigned, _) => bits as f64,
            (Kind::Signed, _) => (((bits << unused) as i64) >> unused) as f64,
            (Kind::Float, 2) => snn_artifact::half::f16_to_f64(bits as u16),
            (Kind::Float, 4) => f64::from(f32::from_bits(bits as u32)),
            (Kind::Float, _) => f64::from_bits(bits),
        }
    }
}

/// A dataset with its elements: numbers, or places of rows of numbers in the file.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Where it is described.
    at: usize,
    /// What its elements, or the numbers of their rows, are.
    pub number: Number,
    is_rows: bool,
    n: usize,
    elements: Vec<u8>,
}

impl Dataset {
    pub(super) fn open(bytes: Bytes, at: usize) -> Result<Self> {
        let messages = messages(bytes, at)?;
        let message = |kind, what: &str| {
            let mut all = messages.iter().filter(|message| message.kind == kind);
            let found = all.next().copied().filter(|message| !message.shared);
            found.ok_or_else(|| {
                bytes.error(at, &format!("a dataset with {what}"), "none, or shared")
            })
        };
        let n = length(bytes, message(SPACE, "a shape")?)?;
        let (number, is_rows) = numbers(bytes, message(TYPE, "a type")?.at)?;
        let size = if is_rows { heap::PLACE } else { number.size };
        let filters = messages.iter().find(|message| message.kind == FILTERS);
        let filters = filters.map(|message| chunks::filters(bytes, *message)).transpose()?;
        let layout = message(LAYOUT, "a layout")?;
        let elements = elements(bytes, layout, (n, size), &filters.unwrap_or_default())?;
        Ok(Self { at, number, is_rows, n, elements })
    }

    /// How many elements.
    pub fn len(&self) -> usize {
        self.n
    }

    /// Whether elements are rows of numbers.
    pub fn is_rows(&self) -> bool {
        self.is_rows
    }

    /// Where the dataset is described.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// The bytes of the numbers of a row of the file that this dataset is of; none past the last row.
    pub fn row<'a>(&self, input: Input<'a>, index: usize) -> Result<&'a [u8]> {
        match self.elements.as_chunks().0.get(index).filter(|_| self.is_rows) {
            Some(place) => heap::row(Bytes(input), place, self.number.size),
            None => Ok(&[]),
        }
    }

    /// The elements that are numbers.
    pub fn values(&self) -> impl Iterator<Item = f64> + '_ {
        self.elements.chunks_exact(self.number.size).map(|bytes| self.number.value(bytes))
    }
}

/// The length of the only axis.
fn length(bytes: Bytes, message: Message) -> Result<usize> {
    let version = bytes.byte(message.at, "a shape")?;
    let rank = bytes.byte(message.at + 1, "a shape")?;
    if ![1, 2].contains(&version) || rank != 1 {
        let found = format!("version {version} with {rank} axes");
        return Err(bytes.error(message.at, "a shape of one axis", found));
    }
    let at = message.at + if version == 1 { 8 } else { 4 };
    let n = bytes.u64(at, "a shape")?;
    usize::try_from(n).map_err(|_| bytes.error(at, "a length that fits in memory", n.to_string()))
}

/// What a type's numbers are, and whether it is rows of them.
fn numbers(bytes: Bytes, at: usize) -> Result<(Number, bool)> {
    /// Behind the class, its bits and the size.
    const DETAILS: usize = 8;
    let class = bytes.byte(at, "a type")? & 0x0f;
    if class == 9 {
        if bytes.byte(at + 1, "a type")? & 0x0f != 0 {
            return Err(bytes.error(at, "rows of numbers", "strings"));
        }
        return Ok((number(bytes, at + DETAILS)?, true));
    }
    Ok((number(bytes, at)?, false))
}

fn number(bytes: Bytes, at: usize) -> Result<Number> {
    let class = bytes.byte(at, "a type")? & 0x0f;
    let flags = bytes.byte(at + 1, "a type")?;
    let size = bytes.u32(at + 4, "a type's size")?;
    let kind = match (class, flags & 8) {
        (0, 0) => Kind::Unsigned,
        (0, _) => Kind::Signed,
        _ => Kind::Float,
    };
    // The exponent of a float tells its kind apart from others of its size.
    let exponent = || bytes.byte(at + 13, "a float's exponent");
    let known = match (class, size) {
        (0, 1 | 2 | 4 | 8) => true,
        (1, 2) => exponent()? == 5,
        (1, 4) => exponent()? == 8,
        (1, 8) => exponent()? == 11,
        _ => false,
    };
    match known && flags & 0x40 == 0 {
        true => Ok(Number { kind, size, big: flags & 1 != 0 }),
        false => {
            let expected = "integers of 1 to 8 bytes or IEEE floats of 2 to 8, or rows of them";
            Err(bytes.error(at, expected, format!("class {class} of {size} bytes")))
        }
    }
}

/// The bytes of `n` elements of a size.
fn elements(
    bytes: Bytes,
    layout: Message,
    (n, size): (usize, usize),
    filters: &[usize],
) -> Result<Vec<u8>> {
    let at = layout.at;
    let (version, class) = (bytes.byte(at, "a layout")?, bytes.byte(at + 1, "a layout")?);
    let length = n.saturating_mul(size);
    if n == 0 {
        return Ok(Vec::new());
    }
    match (version, class) {
        (3 | 4, 0) => Ok(bytes.slice(at + 4, length, "elements")?.to_vec()),
        (3 | 4, 1) => {
            let start = bytes.address(at + 2, "the address of elements")?;
            Ok(bytes.slice(start, length, "elements")?.to_vec())
        }
        (3, 2) => {
            // One axis more than the dataset has: the bytes of an element.
            if bytes.byte(at + 2, "chunks")? != 2 || bytes.u32(at + 15, "chunks")? != size {
                return Err(bytes.error(
                    at,
                    &format!("chunks of elements of {size} bytes"),
                    "others",
                ));
            }
            if bytes.u64(at + 3, "chunks")? == NOWHERE {
                return Err(bytes.error(at, "chunks", "none"));
            }
            let tree = bytes.address(at + 3, "the address of chunks")?;
            chunks::read(bytes, tree, (n, size), bytes.u32(at + 11, "chunks")?, filters)
        }
        _ => {
            let found = format!("version {version} of class {class}, which is not read");
            Err(bytes.error(at, "a layout in one piece, or chunks in a tree (version 3)", found))
        }
    }
}
