//! What is said on standard error: errors and hints.

use std::io::Write;

/// An error, with what led to it.
pub(super) fn error(error: &anyhow::Error) {
    say("error", &format!("{error:#}"));
}

/// Something that would make the next run better.
pub(super) fn hint(text: &str) {
    say("hint", text);
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
