//! Downloads of files whose checksum is known.
//!
//! What comes is written to `NAME.part` beside the file, which a later try or run takes up where it ended;
//! only a whole file with the right checksum gets its name, by a rename. `NAME.lock`, which is empty and
//! stays, lets one process download while others that want the same file wait for it.

mod attempt;
mod checksum;
mod part;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use self::attempt::Failure;
use self::part::Part;
use super::bar::{Bar, Gauge, Unit};
use super::error::{self, Error, Result};
use super::{cache, files, parallel};

pub use checksum::Checksum;
pub(super) use checksum::{digest, hexadecimal};

/// Bytes more than ever before that a try has to bring to count as none that failed.
const PROGRESS: u64 = 1 << 14;

/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A file as it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Where it is, the first asked first: `http://` or `https://`.
    pub urls: Vec<String>,
    /// What it has to be.
    pub checksum: Checksum,
    /// Most bytes that are taken; its size where that is known.
    pub limit: u64,
}

/// How to download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Asks no server: a file that is not there is an error, which says where it is wanted.
    pub offline: bool,
    /// Tries at each mirror, one at least. A try that brings the file forward is not counted.
    pub tries: u32,
    /// How long a server may be silent, also while it is looked up and connected to.
    pub timeout: Duration,
    /// The pause before a second try; each further one is twice as long, up to half a minute.
    pub pause: Duration,
    /// How many files [`fetch_all`] downloads at once, one at least.
    pub parallel: usize,
    /// Draws no bar. One is drawn on a terminal alone, for what takes over a second.
    pub quiet: bool,
}

impl Default for Options {
    fn default() -> Self {
        let [timeout, pause] = [30, 1].map(Duration::from_secs);
        Self { offline: false, tries: 3, timeout, pause, parallel: 4, quiet: false }
    }
}

/// Sees to it that a file is at `path`: downloads it where it is not there or has another checksum than
/// it should.
///
/// # Errors
///
/// [`Error::Offline`] where it is missing and `offline` is set, [`Error::Checksum`] where it is wrong
/// then, [`Error::Download`] where no mirror gave it, with what each of them did, and [`Error::Io`] where
/// a file or folder cannot be made, read or written. The file at `path` is then what it was before.
pub fn fetch(source: &Source, path: &Path, options: &Options) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let bar = Bar::new(name, Unit::Bytes, options.quiet);
    fetch_with(source, path, options, &mut bar.gauge(source.limit))
}

/// Sees to it that each file is at its path, as [`fetch`] does, some at the same time and under one bar. One
/// that fails keeps none of the others from coming.
///
/// # Errors
///
/// As [`fetch`] where one file fails; [`Error::Several`] with what happened to each where more do;
/// [`Error::Argument`] where different files are wanted at the same path, before anything is asked for.
pub fn fetch_all(files: &[(Source, PathBuf)], options: &Options) -> Result<()> {
    for (i, (source, path)) in files.iter().enumerate() {
        if files[..i].iter().any(|(other, same)| same == path && other != source) {
            let expected = "one for each file that is downloaded";
            return Err(error::argument("the path", expected, path.display()));
        }
    }
    let bar = Bar::new(format!("{} files", files.len()), Unit::Bytes, options.quiet);
    // All are expected from the start, so that the bar knows its end.
    let wanted = files.iter().map(|file| (file, Mutex::new(bar.gauge(file.0.limit))));
    let wanted: Vec<_> = wanted.collect();
    let results = parallel::each(options.parallel, &wanted, |((source, path), gauge)| {
        // Nobody else asks for this gauge.
        let mut gauge = gauge.lock().unwrap_or_else(PoisonError::into_inner);
        fetch_with(source, path, options, &mut gauge)
    });
    error::all(results).map(|_| ())
}

/// [`fetch`] under a bar that is there already.
fn fetch_with(
    source: &Source,
    path: &Path,
    options: &Options,
    gauge: &mut Gauge<'_>,
) -> Result<()> {
    match source.checksum.check(path) {
        Ok(()) => {
            gauge.set(0, Some(0));
            return Ok(());
        }
        Err(wrong) if options.offline => return Err(offline(wrong, source, path)),
        Err(_) => {}
    }
    cache::make(files::parent(path))?;
    let part = Part::lock(path)?;
    // Another process may have brought it while we waited.
    if source.checksum.check(path).is_ok() {
        return Ok(());
    }
    download(source, path, &part, options, gauge)?;
    part.finish(path)
}

/// The error where nothing may be asked for.
fn offline(wrong: Error, source: &Source, path: &Path) -> Error {
    if path.exists() {
        return wrong;
    }
    let url = source.urls.first().cloned().unwrap_or_default();
    Error::Offline { path: path.display().to_string(), url }
}

/// Fills the part from the first mirror that gives the right file.
fn download(
    source: &Source,
    path: &Path,
    part: &Part,
    options: &Options,
    gauge: &mut Gauge<'_>,
) -> Result<()> {
    let mut tries = String::new();
    for url in &source.urls {
        match mirror(url, source, part, options, gauge) {
            Ok(()) => return Ok(()),
            Err(Failure::Stop(error)) => return Err(error),
            Err(failure) => tries.push_str(&format!("\n  {url}: {failure}")),
        }
    }
    let path = path.display().to_string();
    Err(Error::Download { path, tries })
}

/// Fills the part from one mirror, in as many tries as it takes and is allowed.
fn mirror(
    url: &str,
    source: &Source,
    part: &Part,
    options: &Options,
    gauge: &mut Gauge<'_>,
) -> std::result::Result<(), Failure> {
    let agent = attempt::agent(url, options);
    let mut patience = Patience { options, failed: 0, longest: part.length() };
    loop {
        let resumed = part.length() > 0;
        let tried = attempt::run(&agent, url, part, source.limit, gauge);
        match tried.and_then(|()| judge(url, source, part, resumed)) {
            // Not counted, but it does not go on for ever: there is a part to resume again only after a
            // try that failed.
            Err(Failure::Anew) => {}
            Err(Failure::Again(_)) if patience.bears(part.length()) => {}
            end => return end,
        }
    }
}

/// Holds a part that came to its end against the checksum, and removes it where it is wrong.
fn judge(
    url: &str,
    source: &Source,
    part: &Part,
    resumed: bool,
) -> std::result::Result<(), Failure> {
    source.checksum.check(part.path()).map_err(|wrong| {
        part.remove();
        match resumed {
            // What was there before may be what is wrong; a file that came whole is the mirror's.
            true => Failure::Anew,
            false => Failure::Mirror(checksum::at(url, wrong)),
        }
    })
}

/// How often a mirror may fail.
struct Patience<'a> {
    options: &'a Options,
    failed: u32,
    /// The most bytes that there ever were.
    longest: u64,
}

impl Patience<'_> {
    /// Whether to try again after a try that left so many bytes; waits before that.
    fn bears(&mut self, length: u64) -> bool {
        let brought = length >= self.longest.saturating_add(PROGRESS);
        self.longest = self.longest.max(length);
        self.failed = if brought { 0 } else { self.failed + 1 };
        let bears = self.failed < self.options.tries.max(1);
        if bears {
            let doubled = 1 << self.failed.saturating_sub(1).min(10);
            thread::sleep(self.options.pause.saturating_mul(doubled).min(LONGEST_PAUSE));
        }
        bears
    }
}

#[cfg(test)]
pub(super) mod tests;
