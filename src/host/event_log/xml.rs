//! Events as XML (Microsoft, Event Schema).

use std::borrow::Cow;
use std::sync::LazyLock;

use jiff::Timestamp;
use regex::{Captures, Regex};
use roxmltree::{Document, Node};

use super::{ExportedLog, LogEntry, LogLevel};
use crate::host::named_secrets::{MASK, is_name_of_secret};
use crate::host::{CleanText, RuntimeNames};

const END: &str = "</Event>";
/// No event is longer; what is cannot be one.
const LONGEST: usize = 1 << 20;

/// Whether a text holds events as XML.
pub(super) fn is_xml(text: &str) -> bool {
    text.trim_start().starts_with('<') && next_start(text).is_some()
}

/// Reads one event after the other, so that a broken one spoils no other.
pub(super) fn read(text: &str, names: &RuntimeNames) -> ExportedLog {
    let mut log = ExportedLog::default();
    let mut rest = text;
    while let Some(start) = next_start(rest) {
        let event = &rest[start..];
        let Some(end) = event.find(END).map(|at| at + END.len()) else {
            // The export was cut off here.
            log.unreadable += 1;
            break;
        };
        match read_one(&event[..end], names) {
            Some(entry) => log.entries.push(entry),
            None => log.unreadable += 1,
        }
        rest = &event[end..];
    }
    log
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
    let event = without_control_characters(event);
    let document = Document::parse(&event).ok()?;
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

/// An event without the characters that XML does not have (XML 1.0, 2.2): Windows writes what a
/// program logged, escapes of a terminal too, as `&#27;`.
fn without_control_characters(event: &str) -> Cow<'_, str> {
    #[expect(clippy::expect_used, reason = "the pattern stands here, and tests use it")]
    static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new("(?i)&#(?:x([0-9a-f]{1,8})|([0-9]{1,9}));|[\u{0}-\u{8}\u{b}\u{c}\u{e}-\u{1f}]")
            .expect("a pattern of this file")
    });
    REFERENCE.replace_all(event, |found: &Captures<'_>| {
        let hexadecimal = found.get(1).and_then(|it| u32::from_str_radix(it.as_str(), 16).ok());
        let number = hexadecimal.or_else(|| found.get(2)?.as_str().parse().ok());
        let is_of_xml = |c: &char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
        match number.and_then(char::from_u32).filter(is_of_xml) {
            Some(_) => found[0].to_owned(),
            None => char::REPLACEMENT_CHARACTER.to_string(),
        }
    })
}

/// The child of this name, in the namespace of its parent.
fn child<'d, 'i>(parent: Node<'d, 'i>, name: &str) -> Option<Node<'d, 'i>> {
    let own = parent.tag_name().namespace();
    parent
        .children()
        .find(|child| child.tag_name().name() == name && child.tag_name().namespace() == own)
}

/// The texts of an element, each on a line of its own. A name is lost with its element, so that a
/// secret is masked while it is known to be one.
fn texts(element: Node<'_, '_>) -> String {
    let names_secret = |it: Node<'_, '_>| {
        let name = it.attribute("Name").unwrap_or_default();
        is_name_of_secret(name) || is_name_of_secret(it.tag_name().name())
    };
    let shown = |node: Node<'_, '_>| -> Option<String> {
        let text = node.text()?;
        let own = [node.parent(), node.parent().and_then(|parent| parent.parent())];
        let is_secret = own.into_iter().flatten().any(names_secret);
        Some(if is_secret && !text.trim().is_empty() { MASK.to_owned() } else { text.to_owned() })
    };
    let mut text = String::new();
    for part in element.descendants().filter(Node::is_text).filter_map(shown) {
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
