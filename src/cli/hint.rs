//! What is said on standard error: errors and hints.

use std::ffi::OsString;
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

use crate::model::{is_obeyed, visible};

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

/// What is wrong with a command line, or its help. It repeats the arguments, which a script may
/// have from elsewhere: with what a terminal would obey among them, it is said without colours.
pub(super) fn usage(error: &clap::Error, arguments: &[OsString]) {
    if !arguments.iter().any(|argument| argument.to_string_lossy().contains(is_obeyed)) {
        let _ = error.print();
        return;
    }
    let mut stderr = anstream::stderr().lock();
    for line in error.render().to_string().lines() {
        let _ = writeln!(stderr, "{}", visible(line));
    }
}

/// A line on standard error, with nothing in it that a terminal would obey: names, files and
/// answers are repeated here. Where it is closed there is nobody left to tell.
fn say(word: &str, text: &str) {
    let mut stderr = anstream::stderr().lock();
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let _ = writeln!(stderr, "pathproof: {word}: {}", visible(first));
    for line in lines {
        let _ = writeln!(stderr, "  {}", visible(line));
    }
}
