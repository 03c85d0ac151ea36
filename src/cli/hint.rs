//! What is said on standard error: errors and hints.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

/// `--quiet`. As colour is, it is decided once, for the whole program.
static IS_QUIET: AtomicBool = AtomicBool::new(false);

/// From here on only errors are said.
pub(super) fn be_quiet() {
    IS_QUIET.store(true, Ordering::Relaxed);
}

/// Whether only errors are said.
pub(super) fn is_quiet() -> bool {
    IS_QUIET.load(Ordering::Relaxed)
}

/// An error, with what led to it.
pub(super) fn error(error: &anyhow::Error) {
    say("error", &format!("{error:#}"));
}

/// Something that would make the next run better.
pub(super) fn hint(text: &str) {
    if !is_quiet() {
        say("hint", text);
    }
}

/// A line on standard error. Where that is closed there is nobody left to tell.
fn say(word: &str, text: &str) {
    let mut stderr = anstream::stderr().lock();
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let _ = writeln!(stderr, "pathproof: {word}: {first}");
    for line in lines {
        let _ = writeln!(stderr, "  {line}");
    }
}
