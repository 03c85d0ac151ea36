//! Errors and hints on standard error.

use std::ffi::OsString;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::model::{holds_auth_key, is_obeyed, visible};

/// `--quiet`. As colour is, it is decided once, for the whole program.
static IS_QUIET: AtomicBool = AtomicBool::new(false);

/// Shows no hints from here on.
pub(super) fn be_quiet() {
    IS_QUIET.store(true, Ordering::Relaxed);
}

/// Whether hints are not shown.
pub(super) fn is_quiet() -> bool {
    IS_QUIET.load(Ordering::Relaxed)
}

/// Shows an error with its causes.
pub(super) fn error(error: &anyhow::Error) {
    say("error", &format!("{error:#}"));
}

/// Shows what went wrong while the program goes on.
pub(super) fn failure(text: &str) {
    say("error", text);
}

/// Shows something that would make the next run better.
pub(super) fn hint(text: &str) {
    if !is_quiet() {
        say("hint", text);
    }
}

/// Shows why a guard refuses a write, where the output has no place for it.
pub(super) fn refusal(guard: &str, message: &str) {
    say(&format!("refused ({guard})"), message);
}

/// Shows clap's error or help. It repeats the arguments, and a script may take those from a
/// stranger: where one holds control characters or a key, they are replaced, and clap's colours
/// with them.
///
/// # Errors
/// Help or the version, which are answers on standard output, cannot be written there.
pub(super) fn usage(error: &clap::Error, arguments: &[OsString]) -> io::Result<()> {
    let is_unfit = |text: &str| text.contains(is_obeyed) || holds_auth_key(text);
    if !arguments.iter().any(|argument| is_unfit(&argument.to_string_lossy())) {
        let printed = error.print().and_then(|()| io::stdout().flush());
        return if error.use_stderr() { Ok(()) } else { printed };
    }
    let mut stderr = anstream::stderr().lock();
    for line in error.render().to_string().lines() {
        let _ = writeln!(stderr, "{}", visible(line));
    }
    Ok(())
}

/// Writes lines to standard error without control characters and authentication keys: the text
/// repeats names, files and answers of others. A closed standard error is ignored, as there
/// is nobody left to tell.
fn say(word: &str, text: &str) {
    let mut stderr = anstream::stderr().lock();
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let _ = writeln!(stderr, "pathproof: {word}: {}", visible(first));
    for line in lines {
        let _ = writeln!(stderr, "  {}", visible(line));
    }
}
