//! A progress bar on standard error, where that is a terminal.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::hint;
use crate::probe::RunProgress;

/// Counts probes. It is invisible where standard error is no terminal, and with `--quiet`.
#[derive(Debug)]
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new() -> Self {
        let target = if std::io::stderr().is_terminal() && !hint::is_quiet() {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} probed, {elapsed}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    pub(super) fn note(&self, progress: &RunProgress<'_>) {
        match progress {
            RunProgress::Planned(more) => self.0.inc_length(*more as u64),
            RunProgress::Finished(_) => self.0.inc(1),
        }
    }

    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
