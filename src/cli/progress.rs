//! What long work has come to, on standard error where that is a terminal; nowhere with `--quiet`.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::hint;
use crate::model::visible;
use crate::probe::RunProgress;

/// From here on, reading or writing takes noticeable time, bytes.
const LARGE: u64 = 8 << 20;

/// A terminal has one last line: while one bar is shown, work within that work shows none.
static IS_SHOWN: AtomicBool = AtomicBool::new(false);

/// A line that counts, until it is dropped.
#[derive(Debug)]
pub(super) struct Bar {
    bar: ProgressBar,
    is_shown: bool,
}

impl Bar {
    /// Counts probes, of a run that measures or only resolves.
    pub(super) fn of_probes(only_resolves: bool) -> Self {
        let done = if only_resolves { "resolved" } else { "probed" };
        Self::new(0, &format!("{{bar:30}} {{pos}}/{{len}} {done}, {{elapsed}}"))
    }

    /// Counts files that are read; [`Bar::expect`] says how many.
    pub(super) fn of_files() -> Self {
        Self::new(0, "{bar:30} {pos}/{len} reports read, {elapsed}")
    }

    /// Says that `what` goes on, where it is about so many bytes that it takes time.
    pub(super) fn of_work(what: &str, length: usize) -> Option<Self> {
        let is_large = u64::try_from(length).is_ok_and(|length| length >= LARGE);
        is_large.then(|| Self::named(length as u64, "{spinner} {wide_msg}", what))
    }

    /// Counts the bytes of a file that are read.
    fn of_bytes(name: &str, length: u64) -> Self {
        Self::named(length, "{bar:30} {bytes}/{total_bytes} read of {wide_msg}", name)
    }

    /// `name` may be a stranger's.
    fn named(length: u64, template: &str, name: &str) -> Self {
        let bar = Self::new(length, template);
        bar.bar.set_message(visible(name).into_owned());
        bar
    }

    fn new(length: u64, template: &str) -> Self {
        let may_show = io::stderr().is_terminal() && !hint::is_quiet();
        let is_shown = may_show && !IS_SHOWN.swap(true, Ordering::Relaxed);
        let target = if is_shown {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(length), target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        if is_shown {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Self { bar, is_shown }
    }

    pub(super) fn note(&self, progress: &RunProgress<'_>) {
        match progress {
            RunProgress::Planned(more) => self.expect(*more),
            RunProgress::Finished(_) => self.advance(1),
        }
    }

    /// So much more is to be done.
    pub(super) fn expect(&self, more: usize) {
        self.bar.inc_length(more as u64);
    }

    pub(super) fn advance(&self, done: usize) {
        self.bar.inc(done as u64);
    }

    /// Runs `say`, which writes to standard error, above the bar.
    pub(super) fn above<T>(&self, say: impl FnOnce() -> T) -> T {
        self.bar.suspend(say)
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        if self.is_shown {
            IS_SHOWN.store(false, Ordering::Relaxed);
        }
    }
}

/// `source`, whose bytes are counted where they are many. A bar counts what was taken from the
/// source, so buffers stand before this.
pub(super) fn counted<R: BufRead + Send + 'static>(
    source: R,
    name: &str,
    length: u64,
) -> Box<dyn BufRead + Send> {
    if length < LARGE {
        return Box::new(source);
    }
    Box::new(CountedSource { source, bar: Bar::of_bytes(name, length) })
}

struct CountedSource<R> {
    source: R,
    bar: Bar,
}

impl<R: BufRead> Read for CountedSource<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.source.read(buffer)?;
        self.bar.advance(length);
        Ok(length)
    }
}

impl<R: BufRead> BufRead for CountedSource<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.source.fill_buf()
    }

    fn consume(&mut self, length: usize) {
        self.source.consume(length);
        self.bar.advance(length);
    }
}

/// A writer to a file or a pipe, which says how much it has written once that is much.
pub(super) struct CountedSink<W> {
    out: W,
    name: String,
    written: u64,
    bar: Option<Bar>,
}

impl<W: Write> CountedSink<W> {
    pub(super) fn new(out: W, name: &str) -> Self {
        Self { out, name: name.to_owned(), written: 0, bar: None }
    }

    pub(super) fn into_inner(self) -> W {
        self.out
    }

    fn note(&mut self, length: usize) {
        self.written += length as u64;
        if self.written < LARGE {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            Bar::named(0, "{spinner} {bytes} written to {wide_msg}", &self.name)
        });
        bar.bar.set_position(self.written);
    }
}

impl<W: Write> Write for CountedSink<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.out.write(bytes)?;
        self.note(length);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
