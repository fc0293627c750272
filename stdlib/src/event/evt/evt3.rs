//! EVT 3.0: words of 16 bits, with their kind in the highest four, which change a state: the time (12 upper
//! bits, then 12 lower ones, in µs), the row, and for runs of events the column that they start from and the
//! polarity. A word of a column is an event, and so is each bit set in a word of 12 or 8 neighbours.
//!
//! Events before the first word of upper bits have no time and are left out, as by Prophesee's decoder.

use super::super::error::Result;
use super::super::events::{Columns, Events};
use super::super::input::Input;
use super::super::read::Options;
use super::{Clock, checked};

/// The bytes of a word.
const WORD: usize = 2;

/// The kinds of words. Others are of no pixel.
const ROW: u16 = 0x0;
const COLUMN: u16 = 0x2;
const BASE: u16 = 0x3;
const RUN_12: u16 = 0x4;
const RUN_8: u16 = 0x5;
const LOW: u16 = 0x6;
const HIGH: u16 = 0x8;

/// Bits of the time that words of lower bits have.
const LOW_BITS: u32 = 12;

/// The time that the clock starts again after, in µs.
const PERIOD: u64 = 1 << 24;

/// What words have brought so far.
struct State {
    clock: Clock,
    time: u64,
    row: u16,
    /// The next column of a run; wider than a word's 11 bits, since runs go on.
    next: u16,
    polarity: u8,
}

impl State {
    fn new() -> Self {
        let clock = Clock::new(PERIOD);
        Self { clock, time: 0, row: 0, next: 0, polarity: 0 }
    }

    /// Takes a word, and gives the columns of its events: a mask of neighbours from `next` on, and how many
    /// columns it is about.
    fn take(&mut self, word: u16) -> (u16, u16) {
        let low = word & 0x0fff;
        match word >> 12 {
            HIGH => {
                self.clock.set(u64::from(low) << LOW_BITS);
                self.time = self.clock.base.unwrap_or(0);
            }
            LOW => self.time = self.clock.base.unwrap_or(0) + u64::from(low),
            ROW => self.row = word & 0x07ff,
            BASE => (self.next, self.polarity) = (word & 0x07ff, (word >> 11 & 1) as u8),
            RUN_12 => return (low, 12),
            RUN_8 => return (word & 0xff, 8),
            _ => {}
        }
        (0, 0)
    }
}

/// Calls `event` for each event with its number of the word, column and polarity.
fn each(words: impl Iterator<Item = u16>, mut event: impl FnMut(usize, &State, u16, u8)) {
    let mut state = State::new();
    for (i, word) in words.enumerate() {
        if word >> 12 == COLUMN && state.clock.base.is_some() {
            event(i, &state, word & 0x07ff, (word >> 11 & 1) as u8);
            continue;
        }
        let (mut mask, width) = state.take(word);
        while mask != 0 && state.clock.base.is_some() {
            let x = state.next.saturating_add(mask.trailing_zeros() as u16);
            event(i, &state, x, state.polarity);
            mask &= mask - 1;
        }
        state.next = state.next.saturating_add(width);
    }
}

/// Reads a file.
pub fn read(input: Input, options: &Options) -> Result<Events> {
    let header = checked(input, "EVT3")?;
    let words = input.records(header.start, WORD, "a word of EVT 3")?.chunks_exact(WORD);
    let words = words.map(|word| u16::from_le_bytes([word[0], word[1]]));
    // Less than an event comes of a word of a quiet scene, and several of one of a busy one.
    let mut columns = Columns::with_capacity(words.len() / 2);
    each(words.clone(), |_, state, x, p| columns.push(state.time, x, state.row, p));
    input.finish(columns, header.size, options, |index| {
        let (mut n, mut found) = (0, 0);
        each(words.clone(), |i, _, _, _| {
            if n == index {
                found = i;
            }
            n += 1;
        });
        header.start + found * WORD
    })
}
