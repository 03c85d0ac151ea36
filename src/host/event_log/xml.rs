//! Events as XML (Microsoft, Event Schema).

use jiff::Timestamp;
use roxmltree::{Document, Node};

use super::{LogEntry, LogLevel};
use crate::host::{CleanText, EVENTS_READ, RuntimeNames};

const END: &str = "</Event>";
/// No event is longer; what is cannot be one.
const LONGEST: usize = 1 << 20;

/// Whether a text holds events as XML.
pub(super) fn is_xml(text: &str) -> bool {
    text.trim_start().starts_with('<') && next_start(text).is_some()
}

/// Reads one event after the other, so that a broken one spoils no other.
pub(super) fn read(text: &str, names: &RuntimeNames) -> Vec<LogEntry> {
    let mut entries = Vec::new();
    let mut rest = text;
    while let Some(start) = next_start(rest) {
        let event = &rest[start..];
        let Some(end) = event.find(END).map(|at| at + END.len()) else { break };
        entries.extend(read_one(&event[..end], names));
        rest = &event[end..];
        if entries.len() == EVENTS_READ {
            break;
        }
    }
    entries
}

/// Where the next `<Event>` begins, which `<Events>` and `<EventID>` are not.
fn next_start(text: &str) -> Option<usize> {
    let is_tag = |at: &usize| {
        text[at + "<Event".len()..].starts_with(|c: char| c.is_whitespace() || c == '>')
    };
    text.match_indices("<Event").map(|(at, _)| at).find(is_tag)
}

pub(super) fn read_one(event: &str, names: &RuntimeNames) -> Option<LogEntry> {
    if event.len() > LONGEST {
        return None;
    }
    let document = Document::parse(event).ok()?;
    let root = document.root_element();
    let system = child(root, "System")?;
    let at = child(system, "TimeCreated").and_then(|created| created.attribute("SystemTime"));
    let level = child(system, "Level").and_then(|level| level.text()?.trim().parse::<u8>().ok());
    // The rendered message holds the data; without it the data is the message.
    let message = child(root, "RenderingInfo").and_then(|info| child(info, "Message"));
    let text = match message.map(texts).filter(|text| !text.trim().is_empty()) {
        Some(text) => text,
        None => ["EventData", "UserData"]
            .map(|name| child(root, name).map(texts))
            .into_iter()
            .flatten()
            .collect(),
    };
    Some(LogEntry {
        at: at.and_then(time),
        // 0 is "log always", which classic providers use for audits alone.
        level: level.map(|level| match level {
            1..=3 => LogLevel::Trouble,
            _ => LogLevel::Information,
        }),
        text: CleanText::of(text.trim(), names),
    })
}

/// The child of this name, in the namespace of its parent.
fn child<'d, 'i>(parent: Node<'d, 'i>, name: &str) -> Option<Node<'d, 'i>> {
    let own = parent.tag_name().namespace();
    parent
        .children()
        .find(|child| child.tag_name().name() == name && child.tag_name().namespace() == own)
}

/// The texts of an element, each on a line of its own.
fn texts(element: Node<'_, '_>) -> String {
    let mut text = String::new();
    for part in element.descendants().filter(Node::is_text).filter_map(|node| node.text()) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(part.trim());
    }
    text
}

/// `2026-11-20T10:11:12.1234567Z`; older systems leave the zone out, which is UTC all the same.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse().ok().or_else(|| format!("{text}Z").parse().ok())
}
