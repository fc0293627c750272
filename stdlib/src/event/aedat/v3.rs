//! AEDAT 3.1, of cAER: lines of text that start with `#`, the last of them `#!END-HEADER`, then packets.
//!
//! A packet has 28 bytes of its own, little-endian: type and source (16 bits each), bytes of an event, where
//! in it the time is, how often the time passed 2^31 µs, and how many events it has room for, has, and has
//! that are valid (32 bits each). An event of a pixel is a word (valid, polarity, y in 15 bits, x in 15) and
//! a time in µs. Room for all events is in the file, those that are not there included.

use super::super::error::{self, Result};
use super::super::events::{Columns, Events};
use super::super::input::Input;
use super::super::read::Options;
use super::super::text;
use super::super::view::EventsView;
use super::{SENSORS, sensor};

/// The last line of text.
const LAST: &str = "#!END-HEADER";

/// What every file begins with.
const MAGIC: &[u8] = b"#!AER-DAT3.1";

/// The bytes of a packet before its events.
const HEADER: usize = 28;

/// The bytes of an event of a pixel.
const RECORD: usize = 8;

/// The type of a packet of events of pixels.
const POLARITY: u16 = 1;

/// Most events of a packet that is written.
const PACKET: usize = 4096;

/// A packet of events of pixels.
struct Packet<'a> {
    /// Where its events start in the file.
    offset: usize,
    events: &'a [u8],
    /// What its times count from.
    base: u64,
    /// How many of its events are valid, as it says.
    valid: usize,
}

/// What a packet says of itself, and where the next one starts.
fn packet<'a>(input: Input<'a>, offset: usize) -> Result<(Option<Packet<'a>>, usize)> {
    let header: [u8; HEADER] = input.array(offset, "a packet's header")?;
    let half = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let word = |at: usize| {
        let word = [header[at], header[at + 1], header[at + 2], header[at + 3]];
        u32::from_le_bytes(word) as usize
    };
    let (kind, size, base, room, number, valid) =
        (half(0), word(4), word(12), word(16), word(20), word(24));
    if number > room || valid > number {
        let expected = "as much room as events, and no more valid events than events";
        let found = format!("room for {room}, {number} events, {valid} valid ones");
        return Err(input.error(offset + 16, expected, found));
    }
    let start = offset + HEADER;
    let length = size.checked_mul(room).ok_or_else(|| {
        input.error(
            offset + 4,
            "a packet that fits in memory",
            format!("{room} events of {size} bytes"),
        )
    })?;
    let events = input.slice(start, length, "a packet's events")?;
    let end = start + length;
    if kind != POLARITY {
        return Ok((None, end));
    }
    if size != RECORD || word(8) != 4 {
        let found = format!("{size} with a time at {}", word(8));
        return Err(input.error(offset + 4, "events of 8 bytes with a time at 4", found));
    }
    let packet = Packet {
        offset: start,
        events: &events[..number * RECORD],
        base: (base as u64) << 31,
        valid,
    };
    Ok((Some(packet), end))
}

fn words(events: &[u8], at: usize) -> impl Iterator<Item = u32> + Clone + '_ {
    let word = move |event: &[u8]| {
        u32::from_le_bytes([event[at], event[at + 1], event[at + 2], event[at + 3]])
    };
    events.chunks_exact(RECORD).map(word)
}

impl Packet<'_> {
    /// Adds its valid events.
    fn add(&self, input: Input, columns: &mut Columns) -> Result<()> {
        let places = words(self.events, 0);
        let valid = places.clone().map(|word| (word & 1) as usize).sum::<usize>();
        if valid != self.valid {
            let at = self.offset - 4;
            return Err(input.error(
                at,
                format!("{valid} valid events, as marked"),
                self.valid.to_string(),
            ));
        }
        if valid * RECORD == self.events.len() {
            self.extend(places, words(self.events, 4), columns);
        } else {
            let is_valid = |(place, _): &(u32, u32)| place & 1 == 1;
            let kept = places.zip(words(self.events, 4)).filter(is_valid);
            self.extend(kept.clone().map(|(place, _)| place), kept.map(|(_, t)| t), columns);
        }
        Ok(())
    }

    fn extend(
        &self,
        places: impl Iterator<Item = u32> + Clone,
        times: impl Iterator<Item = u32>,
        columns: &mut Columns,
    ) {
        columns.t.extend(times.map(|t| self.base + u64::from(t)));
        columns.x.extend(places.clone().map(|word| (word >> 17) as u16));
        columns.y.extend(places.clone().map(|word| (word >> 2 & 0x7fff) as u16));
        columns.p.extend(places.map(|word| (word >> 1 & 1) as u8));
    }
}

/// The text at the beginning, and where the packets start.
fn header(input: Input<'_>) -> Result<(Vec<&str>, usize)> {
    if !input.bytes.starts_with(MAGIC) {
        let found = input.bytes[..input.bytes.len().min(MAGIC.len())].escape_ascii().to_string();
        return Err(input.error(0, MAGIC.escape_ascii().to_string(), format!("`{found}`")));
    }
    let (lines, start) = text::header(input.bytes, b'#', |line| line == LAST);
    if lines.last() != Some(&LAST) {
        return Err(input.error(start, format!("the line {LAST}"), "no more lines of text"));
    }
    let packed = lines.iter().find(|line| line.starts_with("#Format:") && !line.contains("RAW"));
    match packed {
        Some(line) => {
            Err(input.error(0, "`#Format: RAW`, which is not packed", format!("`{line}`")))
        }
        None => Ok((lines, start)),
    }
}

/// Reads a file.
pub fn read(input: Input, options: &Options) -> Result<Events> {
    let (lines, start) = header(input)?;
    // Most of a file is events, so that this is little too much.
    let mut columns = Columns::with_capacity((input.bytes.len() - start) / RECORD);
    // The first event of each packet.
    let mut firsts = Vec::new();
    let mut offset = start;
    while offset < input.bytes.len() {
        let (found, end) = packet(input, offset)?;
        if let Some(found) = found {
            firsts.push((columns.t.len(), found.offset));
            found.add(input, &mut columns)?;
        }
        offset = end;
    }
    let size =
        lines.iter().filter(|line| line.starts_with("#Source")).find_map(|line| sensor(line));
    input.finish(columns, size, options, |index| {
        let packet = firsts.partition_point(|(first, _)| *first <= index) - 1;
        let (first, offset) = firsts[packet];
        let events = input.bytes[offset..].chunks_exact(RECORD).enumerate();
        let nth = events.filter(|(_, event)| event[0] & 1 == 1).nth(index - first);
        nth.map_or(offset, |(i, _)| offset + i * RECORD)
    })
}

/// The bytes of a file.
///
/// # Errors
///
/// [`Error::Argument`](super::super::Error::Argument) where the sensor or a time is too large.
pub fn write(events: EventsView) -> Result<Vec<u8>> {
    let (width, height) = events.size();
    if width.max(height) > 1 << 15 {
        let found = format!("{width} x {height}");
        let what = "the sensor of an .aedat file of version 3.1";
        return Err(error::argument(what, "at most 32768 x 32768", found));
    }
    if let Some(t) = events.t().last().filter(|t| **t >> 31 > u64::from(u32::MAX)) {
        return Err(error::argument(
            "a time in µs in an .aedat file of version 3.1",
            "below 2^63",
            t,
        ));
    }
    let known = SENSORS.iter().find(|(_, size)| *size == (width, height));
    let source = known.map_or("DVS".into(), |(name, _)| name.to_ascii_uppercase());
    let header = format!("#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: {source}\r\n{LAST}\r\n");
    let mut bytes = header.into_bytes();
    bytes.reserve(events.len() * RECORD);
    let mut rest = events;
    while let Some(first) = rest.t().first() {
        // All of a packet has the same number of turns.
        let turn = first >> 31;
        let n = rest.t().partition_point(|t| t >> 31 == turn).min(PACKET);
        let [kind, source] = [POLARITY, 1].map(u16::to_le_bytes);
        bytes.extend([kind, source].concat());
        let words = [RECORD as u32, 4, turn as u32, n as u32, n as u32, n as u32];
        bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        for event in rest.cut(0, n).iter() {
            let place = u32::from(event.x) << 17 | u32::from(event.y) << 2;
            bytes.extend((place | u32::from(event.p) << 1 | 1).to_le_bytes());
            bytes.extend(((event.t & 0x7fff_ffff) as u32).to_le_bytes());
        }
        rest = rest.cut(n, rest.len());
    }
    Ok(bytes)
}
