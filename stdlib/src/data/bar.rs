//! A bar on a terminal, for work that takes long enough to be looked at.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// From when on there is a bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a bar counts, with its look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Bytes,
    Files,
}

impl Unit {
    fn template(self) -> &'static str {
        match self {
            Self::Bytes => "{msg} {bar:32} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
            Self::Files => "{msg} {bar:32} {pos}/{len} {per_sec} {eta}",
        }
    }
}

/// A bar that several threads may move, each by a gauge of its own.
pub(super) struct Bar {
    name: String,
    unit: Unit,
    quiet: bool,
    start: Instant,
    shown: OnceLock<ProgressBar>,
    /// The sums over all gauges.
    at: AtomicU64,
    expected: AtomicU64,
}

impl Bar {
    pub(super) fn new(name: impl Into<String>, unit: Unit, quiet: bool) -> Self {
        let [at, expected] = [0, 0].map(AtomicU64::new);
        let (name, start) = (name.into(), Instant::now());
        Self { name, unit, quiet, start, shown: OnceLock::new(), at, expected }
    }

    /// A share of the bar, of so much as is expected now.
    pub(super) fn gauge(&self, expected: u64) -> Gauge<'_> {
        let mut gauge = Gauge { bar: self, at: 0, expected: 0 };
        gauge.set(0, Some(expected));
        gauge
    }

    fn show(&self) {
        if self.quiet || self.start.elapsed() < PATIENCE {
            return;
        }
        let bar = self.shown.get_or_init(|| bar(&self.name, self.unit));
        bar.set_position(self.at.load(Ordering::Relaxed));
        match self.expected.load(Ordering::Relaxed) {
            0 => {}
            expected => bar.set_length(expected),
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = self.shown.get() {
            bar.finish_and_clear();
        }
    }
}

/// Where one of those stands who move a bar together.
pub(super) struct Gauge<'a> {
    bar: &'a Bar,
    at: u64,
    expected: u64,
}

impl Gauge<'_> {
    /// Shows so much of what is expected, which is as before where none is told.
    pub(super) fn set(&mut self, at: u64, expected: Option<u64>) {
        let expected = expected.unwrap_or(self.expected);
        // Sums wrap, so that a gauge may go back as well: a download that begins anew.
        self.bar.at.fetch_add(at.wrapping_sub(self.at), Ordering::Relaxed);
        self.bar.expected.fetch_add(expected.wrapping_sub(self.expected), Ordering::Relaxed);
        (self.at, self.expected) = (at, expected);
        self.bar.show();
    }

    /// Shows so much more.
    pub(super) fn add(&mut self, n: u64) {
        self.set(self.at.saturating_add(n), None);
    }
}

/// A bar on stderr; indicatif draws none where that is no terminal.
fn bar(name: &str, unit: Unit) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template(unit.template());
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_message(name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_understood() {
        for unit in [Unit::Bytes, Unit::Files] {
            ProgressStyle::with_template(unit.template()).unwrap();
        }
    }

    #[test]
    fn gauges_add_up_forwards_and_back() {
        let bar = Bar::new("digits", Unit::Bytes, true);
        let sums = || [&bar.at, &bar.expected].map(|sum| sum.load(Ordering::Relaxed));
        let [mut one, mut two] = [10, 20].map(|expected| bar.gauge(expected));
        one.set(7, None);
        two.add(5);
        assert_eq!(sums(), [12, 30]);
        one.set(2, Some(40));
        two.set(0, Some(0));
        assert_eq!(sums(), [2, 40]);
    }
}
