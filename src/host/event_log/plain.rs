//! Events as text: what `wevtutil qe LOG /f:text`, `Get-WinEvent` or Event Viewer write, or lines
//! that begin with a time.

use std::sync::LazyLock;

use jiff::Timestamp;
use regex::Regex;

use super::local_time::{LocalTime, order_of};
use super::xml::time;
use super::{ExportedLog, LogEntry, LogLevel};
use crate::host::{CleanText, RuntimeNames};

/// The characters of a date with a time up to its minutes: `2026-11-20T10:11`.
const TO_THE_MINUTE: usize = 16;

/// A line that holds the name of a field, which stands in every event of a form.
static FIELD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)^\s*(?:timecreated|log name|event ?id|providername|message|description)\s*:")
});
/// The level at the beginning of a line of a table that Event Viewer wrote, before a time: the
/// table has commas or tabs.
static LEVEL_BEFORE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s*([^,\t\d]{1,30})[,\t](?:\d{1,4}[./-])"));

/// The line with which the text of an event of `Format-List` begins.
static FIELD_OF_TEXT: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)^\s*message\s*:"));

#[expect(clippy::expect_used, reason = "the patterns stand here, and tests use them")]
pub(super) fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of this file")
}

pub(super) fn read(text: &str, names: &RuntimeNames) -> ExportedLog {
    let mut blocks: Vec<Vec<&str>> = vec![Vec::new()];
    let has_starts = text.lines().any(begins_event);
    if !has_starts && !text.lines().any(|line| FIELD.is_match(line)) {
        return ExportedLog::default();
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
    blocks.retain(|block| block.iter().any(|line| !line.trim().is_empty()));
    let times: Vec<Option<WrittenTime>> = blocks.iter().map(|block| time_of(block)).collect();
    let order = order_of(times.iter().flatten().filter_map(|time| match time {
        WrittenTime::Local(time) => Some(*time),
        WrittenTime::Known { .. } => None,
    }));
    let mut log = ExportedLog::default();
    for (block, written) in blocks.iter().zip(times) {
        let (at, has_zone) = match written {
            Some(WrittenTime::Known { at, has_zone }) => (Some(at), has_zone),
            Some(WrittenTime::Local(time)) => (time.at(order), false),
            None => (None, true),
        };
        log.has_times_without_zone |= at.is_some() && !has_zone;
        log.entries.push(entry(block, at, names));
    }
    log
}

/// A time of an event as it is written.
#[derive(Clone, Copy)]
enum WrittenTime<'a> {
    Known {
        at: Timestamp,
        has_zone: bool,
    },
    /// It depends on the country.
    Local(LocalTime<'a>),
}

/// `Event[0]:`, or a time at the beginning of the line.
fn begins_event(line: &str) -> bool {
    let line = line.trim_start();
    line.strip_prefix("Event[").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        || time_in_line(line).is_some()
}

/// The time that a line begins with, or has behind its level.
fn time_in_line(line: &str) -> Option<WrittenTime<'_>> {
    let before = LEVEL_BEFORE.captures(line).and_then(|found| found.get(1));
    let line = before.map_or(line, |level| &line[level.end() + 1..]);
    leading_time(line.trim_start())
}

/// The time that a text begins with. One without a zone is taken as UTC: an exported file does not
/// say where it is from.
fn leading_time(text: &str) -> Option<WrittenTime<'_>> {
    known_time(text).or_else(|| LocalTime::leading(text).map(WrittenTime::Local))
}

fn known_time(text: &str) -> Option<WrittenTime<'static>> {
    let is_of_time = |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | '.' | 'T' | 'Z' | '+');
    let bytes = text.as_bytes();
    if bytes.len() < TO_THE_MINUTE || bytes[4] != b'-' || !matches!(bytes[10], b'T' | b' ') {
        return None;
    }
    let (date, rest) = (text.get(..10)?, text.get(11..)?);
    let end = rest.find(|c| !is_of_time(c)).unwrap_or(rest.len());
    let clock = rest[..end].trim_end_matches(['.', ':']);
    let has_half_days = LocalTime::leading(text).is_some_and(LocalTime::has_half_days);
    if has_half_days {
        return None;
    }
    let at = time(&format!("{date}T{clock}"))?;
    Some(WrittenTime::Known { at, has_zone: clock.contains(['Z', '+', '-']) })
}

/// When an event was logged: at its beginning, or in one of the fields before its text.
fn time_of<'a>(lines: &[&'a str]) -> Option<WrittenTime<'a>> {
    let head = lines.iter().take_while(|line| !is_field(line, "Description"));
    let mut head = head.filter(|line| !FIELD_OF_TEXT.is_match(line));
    time_in_line(lines[0].trim_start())
        .or_else(|| head.find_map(|line| leading_time(line.split_once(": ")?.1.trim())))
}

fn entry(lines: &[&str], at: Option<Timestamp>, names: &RuntimeNames) -> LogEntry {
    let head = lines.iter().take_while(|line| !is_field(line, "Description"));
    let in_table = LEVEL_BEFORE.captures(lines[0]).and_then(|found| found.get(1));
    let in_field = head.clone().find_map(|line| line.trim().strip_prefix("Level:"));
    let level = in_field.or_else(|| in_table.map(|level| level.as_str())).and_then(level_of);
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

fn level_of(word: &str) -> Option<LogLevel> {
    match word.trim().to_ascii_lowercase().as_str() {
        "critical" | "error" | "warning" => Some(LogLevel::Trouble),
        "information" | "verbose" => Some(LogLevel::Information),
        // Windows writes the word in its own language.
        _ => None,
    }
}

fn is_field(line: &str, name: &str) -> bool {
    line.trim().strip_prefix(name).is_some_and(|rest| rest.starts_with(':'))
}
