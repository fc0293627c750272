//! Events of 40 bits, which N-MNIST and N-Caltech101 are published in: x, y, then a bit of polarity and 23
//! of time in µs, the most significant byte first (Orchard et al. 2015, Frontiers in Neuroscience 9:437).
//!
//! An ATIS has 240 rows. A record of row 240 is no event: the clock passed 2^13 µs once more than the
//! times behind it say, itself included.

use super::error::{self, Result};
use super::events::{Columns, Events};
use super::input::Input;
use super::read::Options;
use super::view::EventsView;

/// The bytes of an event.
const RECORD: usize = 5;

/// The row of a record that is an overflow of the clock.
const OVERFLOW: u8 = 240;

/// The time that an overflow stands for, in µs.
const TURN: u64 = 1 << 13;

/// The first time that 23 bits do not have.
const TIMES: u64 = 1 << 23;

/// The first time that is written: behind it there would be more overflows than events.
const END: u64 = 1 << 32;

fn time(record: &[u8]) -> u64 {
    u64::from(u32::from_be_bytes([0, record[2] & 0x7f, record[3], record[4]]))
}

/// Reads a file. It says nothing of the sensor's size.
pub fn read(input: Input, options: &Options) -> Result<Events> {
    let records = input.records(0, RECORD, "an event of an ATIS")?;
    let records = records.chunks_exact(RECORD);
    let is_event = |record: &&[u8]| record[1] != OVERFLOW;
    let mut columns = Columns {
        t: Vec::with_capacity(records.len()),
        x: records.clone().filter(is_event).map(|record| u16::from(record[0])).collect(),
        y: records.clone().filter(is_event).map(|record| u16::from(record[1])).collect(),
        p: records.clone().filter(is_event).map(|record| record[2] >> 7).collect(),
    };
    let mut turns = 0;
    for record in records.clone() {
        match record[1] {
            OVERFLOW => turns += TURN,
            _ => columns.t.push(turns + time(record)),
        }
    }
    let locate = |index| {
        let mut events = records.clone().enumerate().filter(|(_, record)| is_event(record));
        events.nth(index).map_or(0, |(i, _)| i * RECORD)
    };
    input.finish(columns, None, options, locate)
}

/// The bytes of a file with events.
///
/// # Errors
///
/// [`Error::Argument`](super::Error::Argument) where the sensor or a time is too large.
pub fn write(events: EventsView) -> Result<Vec<u8>> {
    let (width, height) = events.size();
    if width > 256 || height > u16::from(OVERFLOW) {
        let found = format!("{width} x {height}");
        return Err(error::argument("the sensor of a .bin file", "at most 256 x 240", found));
    }
    if let Some(t) = events.t().last().filter(|t| **t >= END) {
        let expected = format!("below {END}");
        return Err(error::argument("a time in µs in a .bin file", expected, t));
    }
    let mut bytes = Vec::with_capacity(events.len() * RECORD);
    let mut turns = 0;
    for event in events.iter() {
        while event.t - turns >= TIMES {
            bytes.extend([0, OVERFLOW, 0, 0, 0]);
            turns += TURN;
        }
        let [_, high, middle, low] = ((event.t - turns) as u32).to_be_bytes();
        bytes.extend([event.x as u8, event.y as u8, event.p << 7 | high, middle, low]);
    }
    Ok(bytes)
}
