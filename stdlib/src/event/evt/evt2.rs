//! EVT 2.0: words of 32 bits, with their kind in the highest four. A word of time has bits 6 to 33 of the
//! time in µs; one of an event has the lowest 6 bits of it, x and y in 11 bits each, and its kind is the
//! polarity. Events before the first word of time have no time and are left out, as by Prophesee's decoder.

use super::super::error::{self, Result};
use super::super::events::{Columns, Events};
use super::super::input::Input;
use super::super::read::Options;
use super::super::view::EventsView;
use super::{Clock, checked};

/// The bytes of a word.
const WORD: usize = 4;

/// The kinds of words: events by their polarity, and the time. Others are of no pixel.
const OFF: u32 = 0;
const ON: u32 = 1;
const TIME: u32 = 8;

/// Bits of the time that words of events have.
const LOW: u32 = 6;

/// The time that the clock starts again after, in µs.
const PERIOD: u64 = 1 << 34;

/// Reads a file.
pub fn read(input: Input, options: &Options) -> Result<Events> {
    let header = checked(input, "EVT2")?;
    let words = input.records(header.start, WORD, "a word of EVT 2")?.chunks_exact(WORD);
    let words = words.map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    let mut columns = Columns::with_capacity(words.len());
    let mut clock = Clock::new(PERIOD);
    for word in words.clone() {
        match (word >> 28, clock.base) {
            (kind @ (OFF | ON), Some(base)) => {
                let (x, y) = ((word >> 11 & 0x7ff) as u16, (word & 0x7ff) as u16);
                columns.push(base + u64::from(word >> 22 & 0x3f), x, y, kind as u8);
            }
            (TIME, _) => clock.set(u64::from(word & 0x0fff_ffff) << LOW),
            _ => {}
        }
    }
    input.finish(columns, header.size, options, |index| {
        let behind_time = words.clone().enumerate().skip_while(|(_, word)| word >> 28 != TIME);
        let mut events = behind_time.filter(|(_, word)| word >> 28 <= ON);
        events.nth(index).map_or(header.start, |(i, _)| header.start + i * WORD)
    })
}

/// The bytes of a file.
///
/// # Errors
///
/// [`Error::Argument`](super::super::Error::Argument) where the sensor or a time is too large.
pub fn write(events: EventsView) -> Result<Vec<u8>> {
    let (width, height) = events.size();
    if width.max(height) > 1 << 11 {
        let found = format!("{width} x {height}");
        return Err(error::argument("the sensor of EVT 2", "at most 2048 x 2048", found));
    }
    if let Some(t) = events.t().last().filter(|t| **t >= PERIOD) {
        return Err(error::argument("a time in µs of EVT 2", format!("below {PERIOD}"), t));
    }
    let header = format!(
        "% evt 2.0\n% format EVT2;height={height};width={width}\n% geometry {width}x{height}\n% end\n"
    );
    let mut bytes = header.into_bytes();
    bytes.reserve(events.len() * WORD);
    let mut upper = None;
    for event in events.iter() {
        if upper != Some(event.t >> LOW) {
            upper = Some(event.t >> LOW);
            bytes.extend((TIME << 28 | (event.t >> LOW) as u32).to_le_bytes());
        }
        let low = (event.t & 0x3f) as u32;
        let place = u32::from(event.x) << 11 | u32::from(event.y);
        bytes.extend((u32::from(event.p) << 28 | low << 22 | place).to_le_bytes());
    }
    Ok(bytes)
}
