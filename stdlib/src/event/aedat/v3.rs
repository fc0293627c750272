//! AEDAT 3.1, of cAER: lines of text that start with `#`, the last of them `#!END-HEADER`, then packets.
//!
//! A packet has 28 bytes of its own, little-endian: type and source (16 bits each), bytes of an event, where
//! in it the time is, how often the time passed 2^31 µs, and how many events it has room for, has, and has
//! that are valid (32 bits each). An event of a pixel is a word (valid, polarity, y in 15 bits, x in 15) and
//! a time in µs. Room for all events is in the file, those that are not there included.

use std::sync::{Mutex, PoisonError};

use super::super::error::{self, Result};
use super::super::events::{Columns, Events};
use super::super::input::Input;
use super::super::read::Options;
use super::super::source::Source;
use super::super::text;
use super::super::view::EventsView;
use super::{SENSORS, sensor};
use crate::data::parallel;

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

/// A file is decoded in pieces of so many bytes or a packet more: they stay in a processor's cache.
const PIECE: usize = 1 << 18;

/// Files of fewer bytes are not worth a second thread.
const SMALL: usize = 1 << 22;

/// Bytes that are looked at for the lines of text, at first.
const TEXT: usize = 1 << 16;

/// A packet of events of pixels.
#[derive(Clone, Copy)]
struct Packet {
    /// Where its events start in the file.
    offset: usize,
    /// How many it has.
    number: usize,
    /// How many of them are valid, as it says.
    valid: usize,
    /// What its times count from.
    base: u64,
}

impl Packet {
    fn end(&self) -> usize {
        self.offset + self.number * RECORD
    }
}

/// What a packet says of itself, and where the next one starts.
fn packet(input: Input, source: &Source, offset: usize) -> Result<(Option<Packet>, usize)> {
    let length = source.len();
    input.within(offset, HEADER, length, "a packet's header")?;
    let mut buffer = Vec::new();
    let header = source.part(offset..offset + HEADER, &mut buffer)?;
    let half = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let word = |at: usize| word(&header[at..]) as usize;
    let (kind, size, base, room, number, valid) =
        (half(0), word(4), word(12), word(16), word(20), word(24));
    if number > room || valid > number {
        let expected = "as much room as events, and no more valid events than events";
        let found = format!("room for {room}, {number} events, {valid} valid ones");
        return Err(input.error(offset + 16, expected, found));
    }
    let start = offset + HEADER;
    let n = size.checked_mul(room).ok_or_else(|| {
        input.error(
            offset + 4,
            "a packet that fits in memory",
            format!("{room} events of {size} bytes"),
        )
    })?;
    input.within(start, n, length, "a packet's events")?;
    if kind != POLARITY {
        return Ok((None, start + n));
    }
    if size != RECORD || word(8) != 4 {
        let found = format!("{size} with a time at {}", word(8));
        return Err(input.error(offset + 4, "events of 8 bytes with a time at 4", found));
    }
    let packet = Packet { offset: start, number, valid, base: (base as u64) << 31 };
    Ok((Some(packet), start + n))
}

fn word(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// Where a packet's valid events go.
struct Room<'a> {
    t: &'a mut [u64],
    x: &'a mut [u16],
    y: &'a mut [u16],
    p: &'a mut [u8],
}

impl<'a> Room<'a> {
    /// Takes the first `n` places away.
    fn split(&mut self, n: usize) -> Room<'a> {
        fn first<'a, T>(column: &mut &'a mut [T], n: usize) -> &'a mut [T] {
            column.split_off_mut(..n).unwrap_or_default()
        }
        Room {
            t: first(&mut self.t, n),
            x: first(&mut self.x, n),
            y: first(&mut self.y, n),
            p: first(&mut self.p, n),
        }
    }

    /// Whether times do not go back and places are on a sensor.
    fn is_fine(&self, (width, height): (u16, u16)) -> bool {
        let pairs = self.t.iter().zip(self.t.iter().skip(1));
        let goes_back = pairs.fold(false, |any, (before, t)| any | (before > t));
        let is_off = |column: &[u16], size| column.iter().fold(false, |any, v| any | (*v >= size));
        !goes_back && !is_off(self.x, width) && !is_off(self.y, height)
    }

    /// One loop over all columns: compilers make vectors of it, and not of one for each.
    fn fill(&mut self, base: u64, events: impl Iterator<Item = (u32, u32)>) {
        let Self { t, x, y, p } = self;
        let places = t.iter_mut().zip(x.iter_mut()).zip(y.iter_mut()).zip(p.iter_mut());
        for ((((t, x), y), p), (place, time)) in places.zip(events) {
            *t = base + u64::from(time);
            *x = (place >> 17) as u16;
            *y = (place >> 2) as u16 & 0x7fff;
            *p = (place >> 1) as u8 & 1;
        }
    }
}

/// Packets that lie one behind the other, and where their events go.
struct Piece<'a> {
    packets: &'a [Packet],
    room: Room<'a>,
}

/// What was seen of a piece while it was in the processor's cache.
#[derive(Clone, Copy)]
struct Seen {
    /// Whether its events are as they have to be, on a sensor whose size is known.
    is_fine: bool,
    /// The first and the last time.
    ends: Option<(u64, u64)>,
}

impl Seen {
    /// What is seen of a piece and the one behind it.
    fn then(self, next: Self) -> Self {
        let is_in_order =
            self.ends.zip(next.ends).is_none_or(|((_, last), (first, _))| last <= first);
        let first = self.ends.or(next.ends).map(|(first, _)| first);
        let last = next.ends.or(self.ends).map(|(_, last)| last);
        Self { is_fine: self.is_fine && next.is_fine && is_in_order, ends: first.zip(last) }
    }
}

impl Piece<'_> {
    fn decode(&mut self, input: Input, source: &Source, size: Option<(u16, u16)>) -> Result<Seen> {
        let mut seen = Seen { is_fine: size.is_some(), ends: None };
        let (first, last) = match self.packets {
            [] => return Ok(seen),
            [first, .., last] => (first, last),
            [only] => (only, only),
        };
        let mut buffer = Vec::new();
        let bytes = source.part(first.offset..last.end(), &mut buffer)?;
        for packet in self.packets {
            let events = &bytes[packet.offset - first.offset..packet.end() - first.offset];
            let records = events.chunks_exact(RECORD);
            let events = records.map(|record| (word(record), word(&record[4..])));
            let valid = events.clone().map(|(place, _)| (place & 1) as usize).sum::<usize>();
            if valid != packet.valid {
                let expected = format!("{valid} valid events, as marked");
                return Err(input.error(packet.offset - 4, expected, packet.valid.to_string()));
            }
            let mut room = self.room.split(valid);
            match valid == packet.number {
                true => room.fill(packet.base, events),
                false => room.fill(packet.base, events.filter(|(place, _)| place & 1 == 1)),
            }
            let is_fine = size.is_some_and(|size| room.is_fine(size));
            let ends = room.t.first().copied().zip(room.t.last().copied());
            seen = seen.then(Seen { is_fine, ends });
        }
        Ok(seen)
    }
}

/// Packets in pieces.
fn pieces<'a>(packets: &'a [Packet], columns: &'a mut Columns) -> Vec<Mutex<Piece<'a>>> {
    let Columns { t, x, y, p } = columns;
    let mut room = Room { t, x, y, p };
    let mut pieces = Vec::new();
    let mut rest = packets;
    while let Some(first) = rest.first() {
        let n = rest.partition_point(|packet| packet.offset < first.offset + PIECE);
        let packets;
        (packets, rest) = rest.split_at(n);
        let room = room.split(packets.iter().map(|packet| packet.valid).sum());
        pieces.push(Mutex::new(Piece { packets, room }));
    }
    pieces
}

/// The lines of text at the beginning, and where the packets start.
fn header(input: Input, source: &Source) -> Result<(Vec<String>, usize)> {
    let mut buffer = Vec::new();
    let mut n = TEXT.min(source.len());
    loop {
        let bytes = source.part(0..n, &mut buffer)?;
        if !bytes.starts_with(MAGIC) {
            let found = bytes[..bytes.len().min(MAGIC.len())].escape_ascii().to_string();
            return Err(input.error(0, MAGIC.escape_ascii().to_string(), format!("`{found}`")));
        }
        let (lines, start) = text::header(bytes, b'#', |line| line == LAST);
        let is_whole = lines.last() == Some(&LAST);
        if !is_whole && n < source.len() && start + text::LONGEST > n {
            n = source.len().min(2 * n);
            continue;
        }
        if !is_whole {
            return Err(input.error(start, format!("the line {LAST}"), "no more lines of text"));
        }
        let is_packed = |line: &&&str| line.starts_with("#Format:") && !line.contains("RAW");
        return match lines.iter().find(is_packed) {
            Some(line) => {
                Err(input.error(0, "`#Format: RAW`, which is not packed", text::shown(line)))
            }
            None => Ok((lines.into_iter().map(String::from).collect(), start)),
        };
    }
}

/// Reads a file; a large one by several threads.
pub fn read(name: &str, source: &Source, options: &Options) -> Result<Events> {
    let input = Input { name, bytes: &[] };
    let (lines, mut offset) = header(input, source)?;
    let mut packets = Vec::new();
    while offset < source.len() {
        let (found, end) = packet(input, source, offset)?;
        packets.extend(found);
        offset = end;
    }
    let mut columns = Columns::zeros(packets.iter().map(|packet| packet.valid).sum());
    let n_threads = parallel::threads(usize::from(source.len() < SMALL));
    let size =
        lines.iter().filter(|line| line.starts_with("#Source")).find_map(|line| sensor(line));
    let known = options.size.or(size);
    let decoded = parallel::each(n_threads, &pieces(&packets, &mut columns), |piece| {
        piece.lock().unwrap_or_else(PoisonError::into_inner).decode(input, source, known)
    });
    let seen = decoded.into_iter().reduce(|all, seen| Ok(all?.then(seen?))).transpose()?;
    if let (Some((width, height)), Some(Seen { is_fine: true, .. })) = (known, seen) {
        return Ok(columns.into_events(width, height));
    }
    input.finish(columns, size, options, |index| place(source, &packets, index))
}

/// Where a valid event stands in the file.
fn place(source: &Source, packets: &[Packet], index: usize) -> usize {
    let mut before = 0;
    let mut buffer = Vec::new();
    for packet in packets {
        if index < before + packet.valid {
            let events = source.part(packet.offset..packet.end(), &mut buffer).unwrap_or_default();
            let mut valid = events.chunks_exact(RECORD).enumerate();
            let nth = valid.by_ref().filter(|(_, event)| event[0] & 1 == 1).nth(index - before);
            return nth.map_or(packet.offset, |(i, _)| packet.offset + i * RECORD);
        }
        before += packet.valid;
    }
    0
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
