//! EVT, the raw formats of Prophesee's cameras: lines of text that start with `%`, then little-endian words.

pub mod evt2;
pub mod evt3;

use super::error::Result;
use super::input::Input;
use super::read::Format;
use super::text;

/// What the text at the beginning says.
struct Header {
    /// The name of the format: `EVT2`, `EVT3`.
    format: Option<String>,
    size: Option<(u16, u16)>,
    /// Where the words start.
    start: usize,
}

fn header(input: Input) -> Header {
    let (lines, start) = text::header(input.bytes, b'%', |line| line == "% end");
    let mut header = Header { format: None, size: None, start };
    for line in lines {
        let line = line.trim_start_matches('%').trim();
        let (key, value) = line.split_once(' ').unwrap_or((line, ""));
        match key {
            "evt" => {
                let name = value.trim_end_matches(".0").replace('.', "");
                header.format = Some(format!("EVT{name}"));
            }
            "format" => {
                let mut options = value.split(';');
                header.format = options.next().map(|name| name.replace('.', ""));
                let number = |key: &str| {
                    let mut all = value.split(';').filter_map(|option| option.split_once('='));
                    all.find(|(name, _)| *name == key).and_then(|(_, value)| value.parse().ok())
                };
                header.size = number("width").zip(number("height")).or(header.size);
            }
            "geometry" => {
                let size = value.split_once('x');
                let size = size.and_then(|(w, h)| w.trim().parse().ok().zip(h.trim().parse().ok()));
                header.size = size.or(header.size);
            }
            _ => {}
        }
    }
    header
}

/// Which of them a file has by its text.
pub fn format(input: Input) -> Result<Format> {
    match header(input).format.as_deref() {
        Some("EVT2") => Ok(Format::Evt2),
        Some("EVT3") => Ok(Format::Evt3),
        found => {
            let found = found.map_or("none".into(), text::shown);
            Err(input.error(0, "a format EVT2 or EVT3 in the text at the beginning", found))
        }
    }
}

/// The header of a file that is to have a format; text that names none is no error.
fn checked(input: Input, format: &str) -> Result<Header> {
    let header = header(input);
    match &header.format {
        Some(found) if found != format => {
            Err(input.error(0, format!("the format {format}"), text::shown(found)))
        }
        _ => Ok(header),
    }
}

/// A clock of which words bring the upper bits alone, and which starts again from 0.
struct Clock {
    /// The time that it starts again after, in µs.
    period: u64,
    /// The upper bits with all periods that passed; none before the first word of them.
    base: Option<u64>,
}

impl Clock {
    fn new(period: u64) -> Self {
        Self { period, base: None }
    }

    /// Sets the upper bits of the time within a period. Bits that go back by over half of one have started
    /// again; by less, a word is out of order.
    fn set(&mut self, upper: u64) {
        let base = self.base.unwrap_or(0);
        let next = base - base % self.period + upper;
        let again = base.saturating_sub(next) > self.period / 2;
        self.base = Some(if again { next + self.period } else { next });
    }
}
