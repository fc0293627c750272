//! AEDAT 4, of DV: the line `#!AER-DAT4.0`, a header, packets, and a table of them, which is not needed.
//!
//! The header is a FlatBuffer with the packing, where the table is, and an XML text that lists the streams.
//! A packet is the number of its stream, its length (32 bits each, little-endian) and a FlatBuffer, packed
//! as LZ4 or Zstandard frames where the header says so. That of events holds a vector of structs of 16
//! bytes: time in µs, x, y, polarity. Read is the stream of events with the lowest number.

use std::io::Read;

use super::super::error::Result;
use super::super::events::{Columns, Events};
use super::super::input::Input;
use super::super::read::Options;
use super::flat::Table;

/// What every file begins with.
const MAGIC: &[u8] = b"#!AER-DAT4.0\r\n";

/// The bytes of an event.
const RECORD: usize = 16;

/// What the FlatBuffer of a packet of events calls itself, and its streams in the header.
const KIND: &str = "EVTS";

/// Bytes that one byte may be unpacked to. Events have never been seen to pack a tenth as well, and packed
/// bytes that mean nothing may claim a thousand times more.
const RATIO: usize = 1024;

/// Most bytes that Zstandard may look back, which a decoder should have (RFC 8878, section 3.1.1.1.2).
const WINDOW: u64 = 8 << 20;

/// How packets are packed.
#[derive(Clone, Copy)]
enum Packing {
    None,
    Lz4,
    Zstd,
}

/// What the header says.
struct Header {
    packing: Packing,
    /// Where the packets start and where they end.
    packets: std::ops::Range<usize>,
    /// The number of the stream of events, and the size of its sensor.
    stream: i32,
    size: Option<(u16, u16)>,
}

fn header(input: Input) -> Result<Header> {
    if !input.bytes.starts_with(MAGIC) {
        let found = input.bytes[..input.bytes.len().min(MAGIC.len())].escape_ascii().to_string();
        return Err(input.error(0, MAGIC.escape_ascii().to_string(), format!("`{found}`")));
    }
    let length = u32::from_le_bytes(input.array(MAGIC.len(), "the header's length")?) as usize;
    let at = MAGIC.len() + 4;
    let bytes = input.slice(at, length, "the header")?;
    let wrong = || input.error(at, "a FlatBuffer with a text about the streams", "something else");
    let table = Table::root(bytes).ok_or_else(wrong)?;
    let packing = match table.i32(0).unwrap_or(0) {
        0 => Packing::None,
        1 | 2 => Packing::Lz4,
        3 | 4 => Packing::Zstd,
        other => return Err(input.error(at, "a packing from 0 to 4", other.to_string())),
    };
    let text =
        table.vector(2, 1).and_then(|text| std::str::from_utf8(text).ok()).ok_or_else(wrong)?;
    let (stream, size) = stream(text).map_err(|found| {
        input.error(at, "a text in XML that lists a stream of events (EVTS)", found)
    })?;
    let start = at + length;
    // A recording that broke off has no table; packets then go on to its end.
    let end = match table.i64(1).unwrap_or(-1) {
        ..0 => input.bytes.len(),
        table => usize::try_from(table)
            .ok()
            .filter(|end| (start..=input.bytes.len()).contains(end))
            .ok_or_else(|| {
                let expected = format!("a table of packets between {start} and the file's end");
                input.error(at, expected, format!("one at {table}"))
            })?,
    };
    Ok(Header { packing, packets: start..end, stream, size })
}

/// The number of the first stream of events that the header's text lists, and its sensor's size.
fn stream(text: &str) -> std::result::Result<(i32, Option<(u16, u16)>), String> {
    let text =
        roxmltree::Document::parse(text.trim_end_matches('\0')).map_err(|e| e.to_string())?;
    let named = |node: &roxmltree::Node, name: &str| node.attribute("name") == Some(name);
    let value = |node: roxmltree::Node, key: &str| {
        let mut all = node.children();
        let found = all.find(|child| child.attribute("key") == Some(key));
        found.and_then(|child| child.text()).map(|text| text.trim().to_string())
    };
    let streams = text.descendants().filter(|node| named(node, "outInfo"));
    let streams = streams.flat_map(|node| node.children());
    let streams = streams.filter(|node| value(*node, "typeIdentifier").as_deref() == Some(KIND));
    let numbered =
        streams.filter_map(|node| Some((node.attribute("name")?.parse::<i32>().ok()?, node)));
    let (number, node) = numbered.min_by_key(|(number, _)| *number).ok_or("none")?;
    let info = node.children().find(|child| named(child, "info"));
    let length = |key| info.and_then(|info| value(info, key)).and_then(|text| text.parse().ok());
    Ok((number, length("sizeX").zip(length("sizeY"))))
}

/// Unpacks a packet to the end of `to`, which is emptied first.
fn unpack(
    input: Input,
    offset: usize,
    packed: &[u8],
    packing: Packing,
    to: &mut Vec<u8>,
) -> Result<()> {
    to.clear();
    let limit = packed.len().saturating_mul(RATIO) as u64;
    let unpacked = match packing {
        Packing::None => return Ok(()),
        Packing::Lz4 => lz4_flex::frame::FrameDecoder::new(packed).take(limit + 1).read_to_end(to),
        Packing::Zstd => {
            let decoder =
                ruzstd::decoding::StreamingDecoder::new_with_max_window_size(packed, WINDOW);
            let decoder = decoder.map_err(std::io::Error::other);
            decoder.and_then(|decoder| decoder.take(limit + 1).read_to_end(to))
        }
    };
    let name = if matches!(packing, Packing::Lz4) { "LZ4" } else { "Zstandard" };
    match unpacked {
        Ok(n) if n as u64 <= limit => Ok(()),
        Ok(_) => {
            Err(input.error(offset, format!("a packet of at most {limit} bytes"), "a larger one"))
        }
        Err(e) => Err(input.error(offset, format!("a packet in frames of {name}"), e.to_string())),
    }
}

/// The events of a packet.
fn events<'a>(input: Input, offset: usize, bytes: &'a [u8]) -> Result<&'a [u8]> {
    let wrong = || input.error(offset, "a packet with a FlatBuffer of events (EVTS)", "another");
    // The buffer's length stands before it; its kind is behind where its table is.
    let buffer = bytes.get(4..).filter(|buffer| buffer.get(4..8) == Some(KIND.as_bytes()));
    let table = buffer.and_then(Table::root).ok_or_else(wrong)?;
    match table.has(0) {
        true => table.vector(0, RECORD).ok_or_else(|| {
            input.error(offset, "a packet that has all events it counts", "one that is shorter")
        }),
        false => Ok(&[]),
    }
}

/// Adds events to columns.
fn add(input: Input, offset: usize, events: &[u8], columns: &mut Columns) -> Result<()> {
    let events = events.chunks_exact(RECORD);
    let time = |event: &[u8]| {
        let [a, b, c, d, e, f, g, h, ..] = *event else { return 0 };
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    };
    let half = |at: usize| move |event: &[u8]| u16::from_le_bytes([event[at], event[at + 1]]);
    // Signed numbers, of which one below zero has the highest bit.
    let signs = events.clone().fold((0, 0), |(t, place), event| {
        (t | time(event), place | half(8)(event) | half(10)(event))
    });
    if signs.0 >> 63 != 0 || signs.1 >> 15 != 0 {
        return Err(input.error(offset, "a packet with times and places from 0 on", "one below 0"));
    }
    columns.t.extend(events.clone().map(time));
    columns.x.extend(events.clone().map(half(8)));
    columns.y.extend(events.clone().map(half(10)));
    columns.p.extend(events.map(|event| u8::from(event[12] != 0)));
    Ok(())
}

/// Reads a file.
pub fn read(input: Input, options: &Options) -> Result<Events> {
    let header = header(input)?;
    let file = Input { name: input.name, bytes: &input.bytes[..header.packets.end] };
    let mut columns = Columns::default();
    // The first event of each packet.
    let mut firsts = Vec::new();
    let mut unpacked = Vec::new();
    let mut offset = header.packets.start;
    while offset < header.packets.end {
        let [a, b, c, d, rest @ ..]: [u8; 8] = file.array(offset, "a packet's header")?;
        let (stream, length) =
            (i32::from_le_bytes([a, b, c, d]), u32::from_le_bytes(rest) as usize);
        let packed = file.slice(offset + 8, length, "a packet")?;
        if stream == header.stream {
            unpack(input, offset, packed, header.packing, &mut unpacked)?;
            let bytes = if matches!(header.packing, Packing::None) { packed } else { &unpacked };
            firsts.push((columns.t.len(), offset));
            add(input, offset, events(input, offset, bytes)?, &mut columns)?;
        }
        offset += 8 + length;
    }
    input.finish(columns, header.size, options, |index| {
        let packet = firsts.partition_point(|(first, _)| *first <= index).saturating_sub(1);
        firsts.get(packet).map_or(0, |(_, offset)| *offset)
    })
}
