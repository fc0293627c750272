//! Spiking Heidelberg Digits and Spiking Speech Commands (Cramer et al. 2020, IEEE TNNLS 33:2744): many
//! recordings of an artificial cochlea in an HDF5 file, with the class of each.

use std::path::Path;

use super::error::{self, Result};
use super::events::{Columns, Events};
use super::hdf5::{Dataset, File};
use super::input::Input;
use super::read::{Options, Order};

/// The channels of the cochlea.
pub const CHANNELS: u16 = 700;

/// The recordings of a file, which is kept in memory as it is.
#[derive(Clone, Debug)]
pub struct Shd {
    name: String,
    bytes: Vec<u8>,
    times: Dataset,
    units: Dataset,
    labels: Vec<u32>,
}

impl Shd {
    /// Reads a file: `spikes/times` in seconds, of floats of 16, 32 or 64 bits, `spikes/units` and `labels`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](super::Error::Io) where it cannot be read, [`Error::File`](super::Error::File) where it
    /// is no HDF5 file or has not these datasets.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(error::io("read", path))?;
        Self::from_bytes(&path.display().to_string(), bytes)
    }

    /// Reads bytes as [`Shd::read`] reads a file; `name` stands in errors for where they came from.
    ///
    /// # Errors
    ///
    /// [`Error::File`](super::Error::File), as of [`Shd::read`].
    pub fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Self> {
        let input = Input { name, bytes: &bytes };
        let file = File::open(input)?;
        let (times, units) = (file.dataset("spikes/times")?, file.dataset("spikes/units")?);
        for spikes in [&times, &units] {
            if !spikes.is_rows() {
                let expected = "rows of different lengths";
                return Err(input.error(spikes.offset(), expected, "single numbers"));
            }
        }
        let labels = file.dataset("labels")?;
        let n = labels.len();
        if labels.is_rows() || [times.len(), units.len()] != [n, n] {
            let expected = format!("times and units of as many recordings as labels, {n}");
            let found = format!("{} and {}", times.len(), units.len());
            return Err(input.error(labels.offset(), expected, found));
        }
        let label = |value: f64| {
            let whole = value.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&value);
            let wrong =
                || input.error(labels.offset(), "whole labels from 0 on", value.to_string());
            whole.then_some(value as u32).ok_or_else(wrong)
        };
        let labels = labels.values().map(label).collect::<Result<Vec<u32>>>()?;
        Ok(Self { name: name.into(), bytes, times, units, labels })
    }

    /// How many recordings.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The class of each recording, `[len]`.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// The spikes of a recording in the order of their times, which are rounded to µs: the channel is `x`,
    /// below [`CHANNELS`], `y` is 0 and the polarity 1.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](super::Error::Argument) where there is no such recording,
    /// [`Error::File`](super::Error::File) where it is damaged.
    pub fn events(&self, index: usize) -> Result<Events> {
        if index >= self.len() {
            let expected = format!("below {}, the number of recordings", self.len());
            return Err(error::argument("a recording", expected, index));
        }
        let input = Input { name: &self.name, bytes: &self.bytes };
        let columns = self.columns(input, index)?;
        let options = Options { order: Order::Sort, ..Options::default() };
        input.finish(columns, Some((CHANNELS, 1)), &options, |_| self.times.offset())
    }

    fn columns(&self, input: Input, index: usize) -> Result<Columns> {
        let (t, x) = (self.times.number, self.units.number);
        let times = self.times.row(input, index)?.chunks_exact(t.size);
        let units = self.units.row(input, index)?.chunks_exact(x.size);
        if times.len() != units.len() {
            let expected = format!("{} units of recording {index}, as times", times.len());
            return Err(input.error(self.units.offset(), expected, units.len().to_string()));
        }
        let mut columns = Columns::with_capacity(times.len());
        for (time, unit) in times.zip(units) {
            let (seconds, unit) = (t.value(time), x.value(unit));
            // As NumPy rounds: floats of 16 bits are often half-way between two.
            let micros = (seconds * 1e6).round_ties_even();
            // Beyond 2^53 a float would not say which microsecond; and NaN is in no range.
            if !(0.0..=(1_u64 << 53) as f64).contains(&micros) {
                let expected = format!("times in s of recording {index} from 0 on");
                return Err(input.error(self.times.offset(), expected, seconds.to_string()));
            }
            if unit.fract() != 0.0 || !(0.0..f64::from(CHANNELS)).contains(&unit) {
                let expected = format!("units of recording {index} from 0 to {}", CHANNELS - 1);
                return Err(input.error(self.units.offset(), expected, unit.to_string()));
            }
            columns.push(micros as u64, unit as u16, 0, 1);
        }
        Ok(columns)
    }
}
