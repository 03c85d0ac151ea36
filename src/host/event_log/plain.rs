//! Events as text: what `wevtutil qe LOG /f:text`, `Get-WinEvent` or Event Viewer write, or lines
//! that begin with a time.

use std::sync::LazyLock;

use jiff::Timestamp;
use regex::Regex;

use super::xml::time;
use super::{LogEntry, LogLevel};
use crate::host::{CleanText, RuntimeNames};

/// The characters of a date with a time up to its minutes: `2026-11-20T10:11`.
const TO_THE_MINUTE: usize = 16;

/// A line that holds the name of a field, which stands in every event of a form.
static FIELD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)^\s*(?:timecreated|log name|event ?id|providername|message|description)\s*:")
});
/// A line that begins with a date and a time as some country writes them, as `Get-WinEvent` does in
/// a table; behind the level, as Event Viewer does in a table.
static LOCAL_TIME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^\s*(?:[^,\d]{1,30},)?\d{1,4}[./-]\d{1,2}[./-]\d{1,4}[ ,T]\s*\d{1,2}[:.]\d{2}")
});

#[expect(clippy::expect_used, reason = "the patterns stand here, and tests use them")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of this file")
}

pub(super) fn read(text: &str, names: &RuntimeNames) -> Vec<LogEntry> {
    let mut blocks: Vec<Vec<&str>> = vec![Vec::new()];
    let has_starts = text.lines().any(begins_event);
    if !has_starts && !text.lines().any(|line| FIELD.is_match(line)) {
        return Vec::new();
    }
    for line in text.lines() {
        // Where nothing marks the beginning of an event, empty lines stand between them.
        let begins = if has_starts { begins_event(line) } else { line.trim().is_empty() };
        if begins {
            blocks.push(Vec::new());
        }
        if let Some(block) = blocks.last_mut() {
            block.push(line);
        }
    }
    let is_text = |block: &&Vec<&str>| block.iter().any(|line| !line.trim().is_empty());
    blocks.iter().filter(is_text).map(|block| entry(block, names)).collect()
}

/// `Event[0]:`, or a time at the beginning of the line.
fn begins_event(line: &str) -> bool {
    let line = line.trim_start();
    line.strip_prefix("Event[").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        || leading_time(line).is_some()
        || LOCAL_TIME.is_match(line)
}

/// The time that a line begins with. A time without a zone is taken as UTC: an exported file does
/// not say where it is from.
fn leading_time(line: &str) -> Option<Timestamp> {
    let is_of_time = |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | '.' | 'T' | 'Z' | '+');
    let bytes = line.as_bytes();
    if bytes.len() < TO_THE_MINUTE || bytes[4] != b'-' || !matches!(bytes[10], b'T' | b' ') {
        return None;
    }
    let (date, rest) = (line.get(..10)?, line.get(11..)?);
    let end = rest.find(|c| !is_of_time(c)).unwrap_or(rest.len());
    time(&format!("{date}T{}", rest[..end].trim_end_matches(['.', ':'])))
}

fn entry(lines: &[&str], names: &RuntimeNames) -> LogEntry {
    let head = lines.iter().take_while(|line| !is_field(line, "Description"));
    let at = leading_time(lines[0].trim_start())
        .or_else(|| head.clone().find_map(|line| leading_time(line.split_once(": ")?.1.trim())));
    let level =
        head.clone().find_map(|line| line.trim().strip_prefix("Level:")).and_then(
            |word| match word.trim().to_ascii_lowercase().as_str() {
                "critical" | "error" | "warning" => Some(LogLevel::Trouble),
                "information" | "verbose" => Some(LogLevel::Information),
                // Windows writes the word in its own language.
                _ => None,
            },
        );
    let n_head = head.count();
    let description = lines.get(n_head).map(|line| line.trim()["Description:".len()..].to_owned());
    let text = match description {
        Some(first) => std::iter::once(&*first)
            .chain(lines[n_head + 1..].iter().copied())
            .collect::<Vec<_>>()
            .join("\n"),
        None => lines.join("\n"),
    };
    LogEntry { at, level, text: CleanText::of(text.trim(), names) }
}

fn is_field(line: &str, name: &str) -> bool {
    line.trim().strip_prefix(name).is_some_and(|rest| rest.starts_with(':'))
}
