//! AEDAT 2, of jAER: lines of text that start with `#`, then for each event an address and a time in µs,
//! both of 32 bits and big-endian. What an address means is the camera's.
//!
//! Places are as they stand in the address. Programs that show them turn or mirror them, each in its way.

use super::super::error::{self, Result};
use super::super::events::{Columns, Events};
use super::super::input::Input;
use super::super::read::{Format, Options};
use super::super::text;
use super::super::view::EventsView;
use super::sensor;

/// The bytes of an event.
const RECORD: usize = 8;

/// The bytes of events that are taken apart at once, which stay in the processor's cache meanwhile.
const BLOCK: usize = RECORD << 12;

/// What every file begins with.
const MAGIC: &[u8] = b"#!AER-DAT2";

/// The line that ends the text in newer files; in older ones, the first byte that is no `#` does.
const LAST: &str = "#End Of ASCII Header";

/// What the bits of an address are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Polarity in bit 0, x in 1 to 7, y in 8 to 14.
    Dvs128,
    /// Polarity in bit 11, x in 12 to 21, y in 22 to 30.
    Davis,
}

impl Layout {
    /// The bits of which one makes it no event of a pixel: a mark from outside, a sample of the DAVIS's
    /// frames or of its motion.
    fn other(self) -> u32 {
        match self {
            Self::Dvs128 => 1 << 15,
            Self::Davis => 1 << 31 | 1 << 10,
        }
    }

    /// The lowest bit of x and of y with their numbers of bits, and the bit of the polarity.
    fn bits(self) -> ([u32; 2], [u32; 2], u32) {
        match self {
            Self::Dvs128 => ([1, 7], [8, 7], 0),
            Self::Davis => ([12, 10], [22, 9], 11),
        }
    }
}

fn header(input: Input<'_>) -> (Vec<&str>, usize) {
    text::header(input.bytes, b'#', |line| line == LAST)
}

/// The format of a file by the camera that its text names.
pub fn layout(input: Input) -> Format {
    let davis = |line: &&str| line.to_ascii_lowercase().contains("davis");
    match header(input).0.iter().any(davis) {
        true => Format::Aedat2Davis,
        false => Format::Aedat2,
    }
}

/// Reads a file of a camera.
pub fn read(input: Input, layout: Layout, options: &Options) -> Result<Events> {
    if !input.bytes.starts_with(MAGIC) {
        let found = input.bytes[..input.bytes.len().min(MAGIC.len())].escape_ascii().to_string();
        return Err(input.error(0, MAGIC.escape_ascii().to_string(), format!("`{found}`")));
    }
    let (lines, start) = header(input);
    let records = input.records(start, RECORD, "an event of AEDAT 2")?.chunks_exact(RECORD);
    let word = |record: &[u8], at: usize| {
        u32::from_be_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]])
    };
    let is_event = move |record: &&[u8]| word(record, 0) & layout.other() == 0;
    let ([x, x_bits], [y, y_bits], p) = layout.bits();
    let part = |from: u32, bits: u32| {
        move |record: &[u8]| (word(record, 0) >> from & ((1 << bits) - 1)) as u16
    };
    let mut columns = Columns::with_capacity(records.len());
    for block in input.bytes[start..].chunks(BLOCK) {
        let events = block.chunks_exact(RECORD).filter(is_event);
        columns.t.extend(events.clone().map(|record| u64::from(word(record, 4))));
        columns.x.extend(events.clone().map(part(x, x_bits)));
        columns.y.extend(events.clone().map(part(y, y_bits)));
        columns.p.extend(events.map(|record| (word(record, 0) >> p & 1) as u8));
    }
    let size = match layout {
        Layout::Dvs128 => Some((128, 128)),
        Layout::Davis => lines.iter().find_map(|line| sensor(line)),
    };
    input.finish(columns, size, options, |index| {
        let nth = records.clone().enumerate().filter(|(_, record)| is_event(record)).nth(index);
        nth.map_or(start, |(i, _)| start + i * RECORD)
    })
}

/// The bytes of a file of a camera.
///
/// # Errors
///
/// [`Error::Argument`](super::super::Error::Argument) where the sensor or a time is too large.
pub fn write(events: EventsView, layout: Layout) -> Result<Vec<u8>> {
    let (width, height) = events.size();
    let ([x, x_bits], [y, y_bits], p) = layout.bits();
    let (name, fits) = match layout {
        Layout::Dvs128 => ("DVS128".into(), (width, height) == (128, 128)),
        // Among the sizes of DAVIS cameras, the one of that width is found again.
        Layout::Davis => (format!("DAVIS{width}"), width <= 1 << x_bits && height <= 1 << y_bits),
    };
    if !fits {
        let expected = match layout {
            Layout::Dvs128 => "128 x 128",
            Layout::Davis => "at most 1024 x 512",
        };
        let found = format!("{width} x {height}");
        return Err(error::argument("the sensor of an .aedat file of version 2", expected, found));
    }
    if let Some(t) = events.t().last().filter(|t| u32::try_from(**t).is_err()) {
        return Err(error::argument(
            "a time in µs in an .aedat file of version 2",
            "below 2^32",
            t,
        ));
    }
    let header = format!("#!AER-DAT2.0\r\n# AEChip: {name}\r\n{LAST}\r\n");
    let mut bytes = header.into_bytes();
    bytes.reserve(events.len() * RECORD);
    for event in events.iter() {
        let place = u32::from(event.x) << x | u32::from(event.y) << y;
        bytes.extend((place | u32::from(event.p) << p).to_be_bytes());
        bytes.extend((event.t as u32).to_be_bytes());
    }
    Ok(bytes)
}
