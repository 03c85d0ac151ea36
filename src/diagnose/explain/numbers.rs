//! Which numbers of a text are codes: texts hold ports, counts and durations too.

use super::words::last_sentence;

/// Words before a code.
const ANNOUNCE: [&str; 9] = [
    "code",
    "errno",
    "error",
    "errorcode",
    "http",
    "sqlerrornumber",
    "socketexception",
    "status",
    "win32",
];
/// Words before a code in what people ask about, which hardly is of rows and files.
const ANNOUNCE_TO_PEOPLE: [&str; 17] = [
    "answered",
    "answers",
    "exception",
    "failed",
    "failure",
    "indicate",
    "lasterror",
    "msg",
    "result",
    "returned",
    "returns",
    "statuscode",
    "webexception",
    "winhttp",
    "wininet",
    "winsock",
    "wsa",
];
/// Words after a number that counts something.
const UNITS: [&str; 24] = [
    "attempts",
    "b",
    "bytes",
    "connections",
    "files",
    "gb",
    "items",
    "jobs",
    "kb",
    "mb",
    "messages",
    "milliseconds",
    "min",
    "minutes",
    "ms",
    "objects",
    "records",
    "requests",
    "retries",
    "rows",
    "s",
    "sec",
    "seconds",
    "times",
];
/// Numbers of the table that are ports.
const PORTS: [&str; 3] = ["1433", "8050", "8060"];

/// Whether a number of a log is a code, by what stands around it in normalised words.
pub(super) fn is_announced(before: &str, after: &str) -> bool {
    is_announced_by(before, after, |word| ANNOUNCE.contains(&word))
}

/// Whether a number of a text that somebody asks about is what it is known as.
pub(super) fn is_asked_about(number: &str, before: &str, after: &str) -> bool {
    let is_port = || {
        let mut words = last_words(before);
        is_behind_host(before) || words.any(|word| matches!(word, "port" | "ports" | "tcp"))
    };
    (before.trim().is_empty() && !counts_something(after))
        || PORTS.contains(&number) && is_port()
        || is_announced_by(before, after, |word| {
            ANNOUNCE.contains(&word) || ANNOUNCE_TO_PEOPLE.contains(&word)
        })
}

fn is_announced_by(before: &str, after: &str, announces: impl Fn(&str) -> bool) -> bool {
    if counts_something(after) {
        return false;
    }
    if is_behind_host(before) {
        // `error:10061`, and not `10.0.0.5:11002`.
        return before.split_whitespace().nth_back(1).is_some_and(announces);
    }
    last_words(before).any(announces)
}

fn is_behind_host(before: &str) -> bool {
    before.ends_with(" : ")
}

fn counts_something(after: &str) -> bool {
    let is_same_sentence = !after.starts_with("  ");
    is_same_sentence && after.split_whitespace().next().is_some_and(|word| UNITS.contains(&word))
}

/// The last two words of the sentence; the version in `HTTP/1.1 407` is none.
fn last_words(before: &str) -> impl Iterator<Item = &str> {
    last_sentence(before).split_whitespace().rev().filter(|word| word.len() > 1).take(2)
}
