//! Files of events, which TensorBoard draws: numbers over steps, histograms and pictures.
//!
//! ```
//! # fn main() -> snn::log::Result<()> {
//! # let folder = std::env::temp_dir().join(format!("snn-events-example-{}", std::process::id()));
//! use snn::log::events::Events;
//!
//! let mut events = Events::create(&folder)?; // then: tensorboard --logdir FOLDER
//! for step in 0..100 {
//!     events.scalar("loss", step, 1.0 / (step as f32 + 1.0))?;
//! }
//! events.flush()?;
//! # std::fs::remove_dir_all(&folder).unwrap();
//! # Ok(())
//! # }
//! ```

mod histogram;
mod message;

use std::fs::{File, OpenOptions};
use std::io::{BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use self::message::Value;
use super::record::{self, Next};
use super::{Error, Result, png};
use crate::data::cache;
use crate::data::error::{argument, io};

/// Bytes that are kept before they are written.
const KEPT: usize = 1 << 16;

/// How long events are kept at most, as long as others come.
const PATIENCE: Duration = Duration::from_secs(10);

/// A file of events that is written.
///
/// Events are kept for some seconds and then written, whole ones alone, to the file's end. They are also
/// written when this is dropped, where a failure goes unseen: call [`Events::flush`] to see it.
#[derive(Debug)]
pub struct Events {
    path: PathBuf,
    file: File,
    kept: Vec<u8>,
    written: Instant,
}

impl Events {
    /// Begins a new file in a folder, which is made where it is not there. Files of earlier runs stay, and
    /// TensorBoard puts all of a folder together: a run that goes on begins a file of its own with [`Events::resume`].
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the folder or the file cannot be made.
    pub fn create(folder: &Path) -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        cache::make(folder)?;
        let process = std::process::id();
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            // Files are read in the order of their names, which is to be that of time.
            let (seconds, micros) = (now() as u64, (now().fract() * 1e6) as u64);
            let name =
                format!("events.out.tfevents.{seconds:010}.snn.{micros:06}.{process}.{number}");
            let path = folder.join(name);
            match OpenOptions::new().append(true).create_new(true).open(&path) {
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                Err(e) => return Err(io("make", &path)(e)),
                Ok(file) => return Self::begin(path, file),
            }
        }
    }

    /// Begins a new file for a run that goes on from a checkpoint, with `step` as the first step that it logs. Files
    /// of earlier runs stay as they are; TensorBoard shows nothing of them from that step on, so that what was logged
    /// behind the checkpoint is not there twice.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the folder or the file cannot be made.
    pub fn resume(folder: &Path, step: u64) -> Result<Self> {
        let mut events = Self::create(folder)?;
        events.keep(&message::start(now(), step))?;
        events.flush()?;
        Ok(events)
    }

    /// Goes on with a file. An event that the file ends within, since its program was ended while it wrote,
    /// is taken away first.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the file cannot be read or written, [`Error::Format`] where it is no file of
    /// events or damaged before its end; it is then left as it is.
    pub fn append(path: &Path) -> Result<Self> {
        let failed = io("write", path);
        let file = OpenOptions::new().read(true).append(true).open(path).map_err(&failed)?;
        let end = whole(path, &file)?;
        file.set_len(end).map_err(&failed)?;
        match end {
            0 => Self::begin(path.into(), file),
            _ => Ok(Self::new(path.into(), file)),
        }
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A number at a step, such as the loss.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the file cannot be written.
    pub fn scalar(&mut self, tag: &str, step: u64, value: f32) -> Result<()> {
        self.log(tag, step, &Value::Scalar(value))
    }

    /// How numbers are distributed at a step, such as the weights of a layer. Those that are infinite or
    /// NaN are left out.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] where no number is finite, [`Error::Io`] where the file cannot be written.
    pub fn histogram(&mut self, tag: &str, step: u64, values: &[f32]) -> Result<()> {
        let histogram = histogram::of(values).ok_or_else(|| {
            let found = format!("{} numbers, none of them finite", values.len());
            argument("the values of a histogram", "one finite number or more", found)
        })?;
        self.log(tag, step, &Value::Histogram(histogram))
    }

    /// A picture at a step: `pixels` is `[rows, columns]` in grey or `[rows, columns, 3]` in red, green and
    /// blue, 8 bits each.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] where a size is 0 or the pixels are neither as many as the sizes say nor three
    /// times as many, [`Error::Io`] where the file cannot be written.
    pub fn image(&mut self, tag: &str, step: u64, size: [u32; 2], pixels: &[u8]) -> Result<()> {
        let n = size.iter().map(|n| u64::from(*n)).product::<u64>();
        let times = |channels| n.checked_mul(channels) == Some(pixels.len() as u64) && n > 0;
        let Some(channels) = [1, 3].into_iter().find(|n| times(*n)) else {
            let expected = format!("{} by {} or three times as many, not 0", size[0], size[1]);
            return Err(argument("the number of pixels", expected, pixels.len()));
        };
        let channels = channels as u8;
        let png = png::encode(size, channels, pixels).map_err(io("write", &self.path))?;
        self.log(tag, step, &Value::Image(size, channels, png))
    }

    /// Writes what is kept, so that TensorBoard sees it.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the file cannot be written; the events are then kept for the next time.
    pub fn flush(&mut self) -> Result<()> {
        let failed = io("write", &self.path);
        let before = self.file.metadata().map_err(&failed)?.len();
        self.written = Instant::now();
        self.file.write_all(&self.kept).map_err(|e| {
            // What would follow half an event could not be read.
            let _ = self.file.set_len(before);
            failed(e)
        })?;
        self.kept.clear();
        Ok(())
    }

    fn new(path: PathBuf, file: File) -> Self {
        Self { path, file, kept: Vec::new(), written: Instant::now() }
    }

    /// A file with its first event, written at once: TensorBoard should not see an empty one.
    fn begin(path: PathBuf, file: File) -> Result<Self> {
        let mut events = Self::new(path, file);
        events.keep(&message::version(now()))?;
        events.flush()?;
        Ok(events)
    }

    fn log(&mut self, tag: &str, step: u64, value: &Value) -> Result<()> {
        self.keep(&message::event(now(), step, tag, value))
    }

    fn keep(&mut self, event: &[u8]) -> Result<()> {
        self.kept.extend(record::framed(event));
        match self.kept.len() >= KEPT || self.written.elapsed() >= PATIENCE {
            true => self.flush(),
            false => Ok(()),
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        // There is nobody to tell.
        let _ = self.flush();
    }
}

/// Up to which byte a file has whole events.
fn whole(path: &Path, file: &File) -> Result<u64> {
    let failed = io("read", path);
    let length = file.metadata().map_err(&failed)?.len();
    let mut reader = BufReader::new(file);
    let mut at = 0;
    loop {
        match record::next(&mut reader, length - at).map_err(&failed)? {
            Next::Whole(n) => at += n,
            Next::End => return Ok(at),
            Next::Damaged => {
                return Err(Error::Format {
                    file: path.display().to_string(),
                    expected: format!("an event at byte {at}"),
                    found: "something else".into(),
                    hint: "begin a new file instead",
                });
            }
        }
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

#[cfg(test)]
mod tests;
