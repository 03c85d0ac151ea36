//! Event logs: the XML in which Windows renders an event, and files that were exported from a log.
//!
//! Everything here is foreign input, of which nothing is kept but a time, a level and
//! [`CleanText`].

mod plain;
mod xml;

use jiff::Timestamp;

use super::{CleanText, RuntimeNames};

/// An event, without the secrets that it held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// When it was logged; `None` where an export does not say, or says it in local words.
    pub at: Option<Timestamp>,
    /// `None` where an export does not say.
    pub level: Option<LogLevel>,
    pub text: CleanText,
}

/// How bad an event is (Microsoft, `Level` of `SystemPropertiesType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// A critical event, an error or a warning.
    Trouble,
    Information,
}

/// The entries of an exported log: XML of `wevtutil qe LOG /f:xml` with or without a root element,
/// or any text.
#[must_use]
pub fn read(text: &str, names: &RuntimeNames) -> Vec<LogEntry> {
    let text = text.trim_start_matches('\u{feff}');
    if xml::is_xml(text) { xml::read(text, names) } else { plain::read(text, names) }
}

/// One event as Windows renders it; `None` where it is no XML of an event.
#[must_use]
pub fn read_event(event: &str, names: &RuntimeNames) -> Option<LogEntry> {
    xml::read_one(event, names)
}

/// An exported log's bytes as text. Windows writes UTF-16 and UTF-8 with a byte order mark, and
/// `wevtutil` the console's code page, of which the letters that names and codes are made of are
/// ASCII.
#[must_use]
pub fn decode(bytes: &[u8]) -> String {
    if let Ok(text) = crate::list::decode(bytes) {
        return text;
    }
    let (pairs, _) = bytes.as_chunks::<2>();
    match bytes {
        [0xff, 0xfe, ..] => utf16(&pairs[1..], u16::from_le_bytes),
        [0xfe, 0xff, ..] => utf16(&pairs[1..], u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn utf16(pairs: &[[u8; 2]], unit: fn([u8; 2]) -> u16) -> String {
    let units = pairs.iter().map(|pair| unit(*pair));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests;
