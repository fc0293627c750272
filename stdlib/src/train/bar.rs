//! A bar on a terminal for the steps of an epoch.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::data::loader::Position;

/// The look of it.
const TEMPLATE: &str = "epoch {prefix} {bar:32} {pos}/{len} {per_sec} {eta} {msg}";

/// A bar on stderr that goes when it is dropped; indicatif draws none where that is no terminal.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(position: &Position, n_batches: usize, quiet: bool) -> Self {
        let target =
            if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let style = ProgressStyle::with_template(TEMPLATE);
        let bar = ProgressBar::with_draw_target(Some(n_batches as u64), target)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
            .with_prefix(position.epoch().to_string())
            .with_position(position.n_done() as u64);
        // The rate is that of this run's steps.
        bar.reset_eta();
        Self(bar)
    }

    pub(super) fn step(&self) {
        self.0.inc(1);
    }

    pub(super) fn loss(&self, loss: f64) {
        self.0.set_message(format!("loss {loss:.4}"));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
