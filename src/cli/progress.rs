//! A bar on standard error for long work, only on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::pipeline::Progress;

/// Shown only when standard error is a terminal.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
        if let Ok(style) = ProgressStyle::with_template("reading changes {bar:30} {pos}/{len}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn begin(&self, changes: usize) {
        self.0.set_length(changes as u64);
        self.0.enable_steady_tick(Duration::from_millis(250));
    }

    fn advance(&self) {
        self.0.inc(1);
    }
}
