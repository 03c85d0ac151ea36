//! Event logs: the XML in which Windows renders an event, and files that were exported from a log.
//!
//! Everything here is foreign input, of which nothing is kept but a time, a level and
//! [`CleanText`].

mod local_time;
mod plain;
mod xml;

use jiff::Timestamp;

use super::{CleanText, RuntimeNames};

/// An event, without the secrets that it held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// When it was logged; `None` where an export does not say, or writes it in a way
    /// that several countries read differently.
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

/// What was read of an exported log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportedLog {
    pub entries: Vec<LogEntry>,
    /// How many events could not be read.
    pub unreadable: usize,
    /// Some times say nothing of their zone, and were taken as UTC.
    pub has_times_without_zone: bool,
}

/// Why a text is no exported log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoEvents {
    /// The form in which Windows keeps logs, and in which Event Viewer saves them.
    #[error("is a log as Windows keeps it (.evtx), which is not read here")]
    Evtx,
    /// It holds bytes that no text has.
    #[error("is no text")]
    Binary,
    /// Nothing in it is an event.
    #[error("holds no event")]
    Nothing,
}

/// Reads an exported log: XML of `wevtutil qe LOG /f:xml` with or without a root element, or text
/// in which a time or the name of a field shows where an event begins.
///
/// # Errors
/// The text is no such log.
pub fn read(text: &str, names: &RuntimeNames) -> Result<ExportedLog, NoEvents> {
    const EVTX: &str = "ElfFile\0";
    if text.starts_with(EVTX) {
        return Err(NoEvents::Evtx);
    }
    if text.contains('\0') {
        return Err(NoEvents::Binary);
    }
    let log = if xml::is_xml(text) { xml::read(text, names) } else { plain::read(text, names) };
    if log == ExportedLog::default() { Err(NoEvents::Nothing) } else { Ok(log) }
}

/// One event as Windows renders it; `None` where it is no XML of an event.
#[must_use]
pub fn read_event(event: &str, names: &RuntimeNames) -> Option<LogEntry> {
    xml::read_one(event, names)
}

#[cfg(test)]
mod tests;
