//! A bar on a terminal, for downloads that take long enough to be looked at.

use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// From when on there is a bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// The look of a bar whose end is known.
const TEMPLATE: &str = "{msg} {bar:32} {bytes}/{total_bytes} {bytes_per_sec} {eta}";

pub(super) struct Bar {
    name: String,
    quiet: bool,
    start: Instant,
    shown: Option<ProgressBar>,
}

impl Bar {
    pub(super) fn new(path: &Path, quiet: bool) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { name, quiet, start: Instant::now(), shown: None }
    }

    /// Shows so many bytes of those expected.
    pub(super) fn at(&mut self, n: u64, expected: Option<u64>) {
        if self.quiet || self.start.elapsed() < PATIENCE {
            return;
        }
        let bar = self.shown.get_or_insert_with(|| bar(&self.name));
        bar.set_position(n);
        if let Some(expected) = expected {
            bar.set_length(expected);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

/// A bar on stderr; indicatif draws none where that is no terminal.
fn bar(name: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template(TEMPLATE);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_message(name.to_string())
}
