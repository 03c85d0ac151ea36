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
    if xml::is_xml(text) { xml::read(text, names) } else { plain::read(text, names) }
}

/// One event as Windows renders it; `None` where it is no XML of an event.
#[must_use]
pub fn read_event(event: &str, names: &RuntimeNames) -> Option<LogEntry> {
    xml::read_one(event, names)
}

#[cfg(test)]
mod tests;
