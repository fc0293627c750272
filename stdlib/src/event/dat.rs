//! DAT of Prophesee: lines of text that start with `%`, the type and the size of an event in a byte each,
//! then events of a time in µs and a word of place and polarity, both of 32 bits and little-endian.
//!
//! From version 2 on a word is x (14 bits), y (14 bits) and polarity (1 bit) from the lowest bit on. Before
//! it was x (9), y (8) and polarity (1), as in files of an ATIS. A file that names no version is taken
//! for version 2 where a word has a bit that only that one has.

use super::error::{self, Result};
use super::events::{Columns, Events};
use super::input::Input;
use super::read::Options;
use super::text;
use super::view::EventsView;

/// The bytes of an event.
const RECORD: usize = 8;

/// The types of events with a place and a polarity: `Event2D` and `EventCD`.
const TYPES: [u8; 2] = [0, 12];

/// The bytes of events that are taken apart at once, which stay in the processor's cache meanwhile.
const BLOCK: usize = RECORD << 12;

/// The bits of a word before version 2.
const OLD_BITS: u32 = 18;

/// What the text at the beginning says.
#[derive(Default)]
struct Header {
    version: Option<u32>,
    width: Option<u16>,
    height: Option<u16>,
}

fn header(lines: &[&str]) -> Header {
    let mut header = Header::default();
    for line in lines {
        let mut words = line.trim_start_matches('%').split_whitespace();
        match (words.next(), words.next()) {
            (Some("Version"), Some(value)) => header.version = value.parse().ok(),
            (Some("Width"), Some(value)) => header.width = value.parse().ok(),
            (Some("Height"), Some(value)) => header.height = value.parse().ok(),
            _ => {}
        }
    }
    header
}

/// The words of events at a place within each.
fn words(records: &[u8], at: usize) -> impl Iterator<Item = u32> + Clone {
    let word = move |r: &[u8]| u32::from_le_bytes([r[at], r[at + 1], r[at + 2], r[at + 3]]);
    records.chunks_exact(RECORD).map(word)
}

/// Reads a file.
pub fn read(input: Input, options: &Options) -> Result<Events> {
    let (lines, mut start) = text::header(input.bytes, b'%', |_| false);
    if !lines.is_empty() {
        let [kind, size] = input.array(start, "the type and the size of events")?;
        if !TYPES.contains(&kind) || usize::from(size) != RECORD {
            let expected = format!("events of type 0 or 12 with {RECORD} bytes");
            let found = format!("type {kind} with {size} bytes");
            return Err(input.error(start, expected, found));
        }
        start += 2;
    }
    let header = header(&lines);
    let records = input.records(start, RECORD, "an event of DAT")?;
    let old = match header.version {
        Some(version) => version < 2,
        None => words(records, 4).fold(0, |any, word| any | word) >> OLD_BITS == 0,
    };
    let (x_bits, y_bits) = if old { (9, 8) } else { (14, 14) };
    let [x_mask, y_mask] = [x_bits, y_bits].map(|bits| (1_u32 << bits) - 1);
    let mut columns = Columns::with_capacity(records.len() / RECORD);
    for block in records.chunks(BLOCK) {
        let places = words(block, 4);
        columns.t.extend(words(block, 0).map(u64::from));
        columns.x.extend(places.clone().map(|word| (word & x_mask) as u16));
        columns.y.extend(places.clone().map(|word| (word >> x_bits & y_mask) as u16));
        columns.p.extend(places.map(|word| (word >> (x_bits + y_bits) & 1) as u8));
    }
    let size = header.width.zip(header.height);
    input.finish(columns, size, options, |index| start + index * RECORD)
}

/// The bytes of a file of version 2.
///
/// # Errors
///
/// [`Error::Argument`](super::Error::Argument) where the sensor or a time is too large.
pub fn write(events: EventsView) -> Result<Vec<u8>> {
    let (width, height) = events.size();
    if width.max(height) > 1 << 14 {
        let found = format!("{width} x {height}");
        return Err(error::argument("the sensor of a .dat file", "at most 16384 x 16384", found));
    }
    if let Some(t) = events.t().last().filter(|t| u32::try_from(**t).is_err()) {
        return Err(error::argument("a time in µs in a .dat file", "below 2^32", t));
    }
    let header = format!(
        "% Data file containing CD events.\n% Version 2\n% Height {height}\n% Width {width}\n"
    );
    let mut bytes = header.into_bytes();
    bytes.extend([TYPES[1], RECORD as u8]);
    bytes.reserve(events.len() * RECORD);
    for event in events.iter() {
        let place = u32::from(event.x) | u32::from(event.y) << 14 | u32::from(event.p) << 28;
        bytes.extend((event.t as u32).to_le_bytes());
        bytes.extend(place.to_le_bytes());
    }
    Ok(bytes)
}
