//! Parses endpoint lists (TOML) and reports all errors of a file at once.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::entry::{
    EndpointList, FINGERPRINTS, ListEntry, REACHES, default_fingerprint, default_port,
};
use super::error::{ListError, ListErrors, ListProblem, TextPosition};
use super::limits::MAX_LIST_BYTES;
use super::pattern::{HostPattern, is_word};
use super::request::{ENDPOINT, GATEWAY, PEER};
use super::role;
use super::suggest::nearest;
use crate::model::{Cloud, Expectation, Fingerprint, HostName, Kind, Role};

/// Reads a list. `file` is the name that errors show.
///
/// # Errors
/// [`ListErrors`] with the line and column of each error, what was found and what was expected.
pub fn parse(text: &str, file: &str) -> Result<EndpointList, ListErrors> {
    let mut reader = ListReader { problems: Vec::new() };
    let list = reader.document(text);
    match list {
        Some(list) if reader.problems.is_empty() => Ok(list),
        _ => Err(reader.into_errors(text, file)),
    }
}

const LIST_KEYS: &[&str] = &["id", "title", "cloud", "entry"];
const ENTRY_KEYS: &[&str] = &[
    "id",
    "role",
    "host",
    "ports",
    "kind",
    "purpose",
    "required",
    "group",
    "instead-of",
    "reach",
    "fingerprint",
    "private-link-zones",
    "service-domains",
    "service-tags",
    "source",
    "date",
    "note",
];

/// The ids of endpoints that no list holds.
const RESERVED: [&str; 3] = [GATEWAY, ENDPOINT, PEER];

/// Collects the errors of a list with their byte offsets.
struct ListReader {
    problems: Vec<(usize, ListProblem)>,
}

/// A table of the file, and its name in messages.
struct ListTable<'a, 't> {
    pairs: &'a DeTable<'t>,
    start: usize,
    name: &'static str,
}

/// An entry with the byte offsets that checks between entries report.
struct LocatedEntry {
    entry: ListEntry,
    id_at: usize,
    instead_of_at: usize,
}

impl ListReader {
    fn document(&mut self, text: &str) -> Option<EndpointList> {
        if text.len() > MAX_LIST_BYTES {
            self.problems.push((0, ListProblem::TooLarge));
            return None;
        }
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            self.problems.push((at, ListProblem::Syntax(error.message().to_owned())));
        }
        // The parser recovers from a syntax error, but further errors would only follow from it.
        if !self.problems.is_empty() {
            return None;
        }
        let root = ListTable { pairs: root.get_ref(), start: 0, name: "the list" };
        self.check_keys(&root, LIST_KEYS);
        let id = self.word(&root, "id");
        if id.is_none() && !root.pairs.contains_key("id") {
            self.missing(&root, "id");
        }
        let title = self.text(&root, "title").map(|(title, _)| title);
        let cloud = self.cloud(&root);
        let entries = self.entries(&root, text);
        let id = id?.0;
        Some(EndpointList { title: title.unwrap_or_else(|| id.clone()), id, cloud, entries })
    }

    fn entries(&mut self, root: &ListTable<'_, '_>, text: &str) -> Vec<ListEntry> {
        let mut located = Vec::new();
        match root.pairs.get("entry") {
            None => self.missing(root, "entry"),
            Some(value) => match value.get_ref() {
                DeValue::Array(tables) if !tables.is_empty() => {
                    for table in tables {
                        match table.get_ref() {
                            DeValue::Table(entry) => located.extend(self.entry(&ListTable {
                                pairs: entry,
                                start: table.span().start,
                                name: "the entry",
                            })),
                            other => {
                                self.wrong_type("entry", other, table.span(), "[[entry]] tables");
                            }
                        }
                    }
                }
                other => self.wrong_type("entry", other, value.span(), "[[entry]] tables"),
            },
        }
        self.check_between(&located, text);
        located.into_iter().map(|located| located.entry).collect()
    }

    fn entry(&mut self, table: &ListTable<'_, '_>) -> Option<LocatedEntry> {
        self.check_keys(table, ENTRY_KEYS);
        for key in ["id", "host"] {
            if !table.pairs.contains_key(key) {
                self.missing(table, key);
            }
        }
        let id = self.word(table, "id");
        if let Some((id, span)) = &id
            && RESERVED.contains(&id.as_str())
        {
            self.value(span.start, "id", id, "an id that is not reserved for endpoints of no list");
        }
        let host = self.host(table);
        let kind = self.one_of(table, "kind", &Kind::ALL.map(|kind| (kind.as_str(), kind)));
        let kind = kind.map_or(Kind::Https, |(kind, _)| kind);
        let ports = self.ports(table, kind);
        let reach = self.one_of(table, "reach", &REACHES).map(|(reach, _)| reach);
        let fingerprint = self.one_of(table, "fingerprint", &FINGERPRINTS);
        if let Some((Fingerprint::RelayNamespace, span)) = &fingerprint
            && kind != Kind::Relay
        {
            let expected = "none, as the entry's kind is not relay";
            self.value(span.start, "fingerprint", "relay-namespace", expected);
        }
        let private_zones = self.domains(table, "private-link-zones");
        let service_domains = self.domains(table, "service-domains");
        let service_tags = self.texts(table, "service-tags");
        let instead_of = self.word(table, "instead-of");
        let group = self.word(table, "group").map(|(group, _)| group);
        let role = self.one_of(table, "role", &Role::ALL.map(|role| (role.as_str(), role)));
        let purpose = self.text(table, "purpose").map(|(text, _)| text).unwrap_or_default();
        let required = self.boolean(table, "required").unwrap_or(true);
        let source = self.text(table, "source").map(|(text, _)| text).unwrap_or_default();
        let date = self.date(table);
        let note = self.text(table, "note").map(|(text, _)| text).unwrap_or_default();
        // All keys are read before this line, so that every error of the entry is reported.
        let (own_id, host) = (id.as_ref()?.0.clone(), host?);
        let role = role.map_or_else(
            || role::of_entry(&own_id, kind, &host, group.as_deref()),
            |(role, _)| role,
        );
        let fingerprint = match fingerprint {
            Some((fingerprint, _)) => fingerprint,
            None if role == Role::Gateway => Fingerprint::None,
            None => default_fingerprint(kind),
        };
        let entry = ListEntry {
            purpose,
            required,
            group,
            source,
            date,
            note,
            id: own_id,
            role,
            host,
            ports: ports?,
            kind,
            instead_of: instead_of.as_ref().map(|(id, _)| id.clone()),
            expect: Expectation {
                reach: reach.unwrap_or_default(),
                private_zones: private_zones.into_iter().map(|(name, _)| name).collect(),
                service_domains: service_domains.into_iter().map(|(name, _)| name).collect(),
                fingerprint,
                service_tags: service_tags.into_iter().map(|(tag, _)| tag).collect(),
            },
        };
        let at = |found: &Option<(String, Range<usize>)>| found.as_ref().map_or(0, |f| f.1.start);
        Some(LocatedEntry { entry, id_at: at(&id), instead_of_at: at(&instead_of) })
    }

    /// Checks that ids are unique, that a host and port occurs once, and that `instead-of` names an
    /// entry.
    fn check_between(&mut self, located: &[LocatedEntry], text: &str) {
        let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
        let mut hosts: BTreeMap<(String, u16), usize> = BTreeMap::new();
        for LocatedEntry { entry, id_at, .. } in located {
            let first = *ids.entry(&entry.id).or_insert(*id_at);
            if first != *id_at {
                let what = format!("the id '{}'", entry.id);
                let first_line = TextPosition::of(text, first).line;
                self.problems.push((*id_at, ListProblem::Duplicate { what, first_line }));
            }
            for port in &entry.ports {
                let first = *hosts.entry((entry.host.to_string(), *port)).or_insert(*id_at);
                if first != *id_at {
                    let what = format!("{} port {port}", entry.host);
                    let first_line = TextPosition::of(text, first).line;
                    self.problems.push((*id_at, ListProblem::Duplicate { what, first_line }));
                }
            }
        }
        for LocatedEntry { entry, instead_of_at, .. } in located {
            let Some(other) = &entry.instead_of else { continue };
            if *other == entry.id || !ids.contains_key(other.as_str()) {
                let others = ids.keys().copied().filter(|id| *id != entry.id);
                let problem = ListProblem::Value {
                    key: "instead-of".to_owned(),
                    found: quoted(other),
                    expected: "the id of another entry of this list".to_owned(),
                    suggestion: nearest(other, others).map(str::to_owned),
                };
                self.problems.push((*instead_of_at, problem));
            }
        }
    }

    fn cloud(&mut self, table: &ListTable<'_, '_>) -> Option<Cloud> {
        self.one_of(table, "cloud", &Cloud::ALL.map(|cloud| (cloud.as_str(), cloud)))
            .map(|(cloud, _)| cloud)
    }

    fn host(&mut self, table: &ListTable<'_, '_>) -> Option<HostPattern> {
        let (text, span) = self.text(table, "host")?;
        match HostPattern::parse(&text) {
            Ok(host) => Some(host),
            Err(error) => {
                let expected = format!("a name, a *.wildcard or a {{template}}: {error}");
                self.value(span.start, "host", &text, &expected);
                None
            }
        }
    }

    fn ports(&mut self, table: &ListTable<'_, '_>, kind: Kind) -> Option<Vec<u16>> {
        const EXPECTED: &str = "an array of ports, as [443]";
        let Some(value) = table.pairs.get("ports") else {
            let port = default_port(kind);
            if port.is_none() {
                self.missing(table, "ports");
            }
            return port.map(|port| vec![port]);
        };
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type("ports", value.get_ref(), value.span(), EXPECTED);
            return None;
        };
        if items.is_empty() {
            self.value_raw(value.span().start, "ports", "empty", "at least one port");
            return None;
        }
        let mut ports = Vec::new();
        for item in items {
            let DeValue::Integer(number) = item.get_ref() else {
                self.wrong_type("ports", item.get_ref(), item.span(), EXPECTED);
                continue;
            };
            match u16::from_str_radix(number.as_str(), number.radix()) {
                Ok(port) if port > 0 && !ports.contains(&port) => ports.push(port),
                Ok(port) if port > 0 => {
                    let expected = "each port once";
                    self.value_raw(item.span().start, "ports", number.as_str(), expected);
                }
                _ => {
                    let expected = "ports from 1 to 65535";
                    self.value_raw(item.span().start, "ports", number.as_str(), expected);
                }
            }
        }
        Some(ports)
    }

    /// The text of a TOML date.
    fn date(&mut self, table: &ListTable<'_, '_>) -> String {
        const EXPECTED: &str = "a date without quotes, as 2026-11-21";
        let Some(value) = table.pairs.get("date") else { return String::new() };
        match value.get_ref() {
            DeValue::Datetime(date) if date.date.is_some() && date.time.is_none() => {
                return date.to_string();
            }
            DeValue::Datetime(date) => {
                self.value_raw(value.span().start, "date", &date.to_string(), EXPECTED);
            }
            other => self.wrong_type("date", other, value.span(), EXPECTED),
        }
        String::new()
    }

    /// An array of domain names.
    fn domains(
        &mut self,
        table: &ListTable<'_, '_>,
        key: &'static str,
    ) -> Vec<(String, Range<usize>)> {
        let mut domains = self.texts(table, key);
        for (text, span) in &mut domains {
            match HostName::parse(text) {
                Ok(name) => name.as_str().clone_into(text),
                Err(error) => {
                    self.value(span.start, key, text, &format!("domain names: {error}"));
                }
            }
        }
        domains
    }

    /// An array of strings that are not empty.
    fn texts(
        &mut self,
        table: &ListTable<'_, '_>,
        key: &'static str,
    ) -> Vec<(String, Range<usize>)> {
        const EXPECTED: &str = "an array of strings";
        let Some(value) = table.pairs.get(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(key, value.get_ref(), value.span(), EXPECTED);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::String(text) if text.trim().is_empty() => {
                    self.value_raw(item.span().start, key, "an empty string", "some text");
                }
                DeValue::String(text) => texts.push((text.to_string(), item.span())),
                other => self.wrong_type(key, other, item.span(), EXPECTED),
            }
        }
        texts
    }

    /// A string that is one of `words`.
    fn one_of<T: Copy>(
        &mut self,
        table: &ListTable<'_, '_>,
        key: &'static str,
        words: &[(&'static str, T)],
    ) -> Option<(T, Range<usize>)> {
        let (text, span) = self.text(table, key)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some((*value, span));
        }
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let problem = ListProblem::Value {
            key: key.to_owned(),
            found: quoted(&text),
            expected: format!("one of {}", words.join(", ")),
            suggestion: nearest(&text, words.iter().copied()).map(str::to_owned),
        };
        self.problems.push((span.start, problem));
        None
    }

    /// A string that can be an id.
    fn word(
        &mut self,
        table: &ListTable<'_, '_>,
        key: &'static str,
    ) -> Option<(String, Range<usize>)> {
        let (text, span) = self.text(table, key)?;
        if is_word(&text) {
            return Some((text, span));
        }
        self.value(span.start, key, &text, "lower-case letters, digits and hyphens");
        None
    }

    fn text(
        &mut self,
        table: &ListTable<'_, '_>,
        key: &'static str,
    ) -> Option<(String, Range<usize>)> {
        let value = table.pairs.get(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some((text.to_string(), value.span())),
            other => {
                self.wrong_type(key, other, value.span(), "a string");
                None
            }
        }
    }

    fn boolean(&mut self, table: &ListTable<'_, '_>, key: &'static str) -> Option<bool> {
        let value = table.pairs.get(key)?;
        match value.get_ref() {
            DeValue::Boolean(boolean) => Some(*boolean),
            other => {
                self.wrong_type(key, other, value.span(), "true or false");
                None
            }
        }
    }

    fn check_keys(&mut self, table: &ListTable<'_, '_>, allowed: &'static [&'static str]) {
        for key in table.pairs.keys() {
            let name: &str = key.get_ref();
            if !allowed.contains(&name) {
                let problem = ListProblem::UnknownKey {
                    key: short(name),
                    allowed,
                    suggestion: nearest(name, allowed.iter().copied())
                        .and_then(|near| allowed.iter().copied().find(|key| *key == near)),
                };
                self.problems.push((key.span().start, problem));
            }
        }
    }

    fn missing(&mut self, table: &ListTable<'_, '_>, key: &'static str) {
        self.problems.push((table.start, ListProblem::MissingKey { key, table: table.name }));
    }

    fn wrong_type(
        &mut self,
        key: &str,
        value: &DeValue<'_>,
        span: Range<usize>,
        expected: &'static str,
    ) {
        let found = value.type_str();
        let problem = ListProblem::Type { key: key.to_owned(), found, expected };
        self.problems.push((span.start, problem));
    }

    fn value(&mut self, at: usize, key: &str, found: &str, expected: &str) {
        self.value_shown(at, key, quoted(found), expected);
    }

    fn value_raw(&mut self, at: usize, key: &str, found: &str, expected: &str) {
        self.value_shown(at, key, short(found), expected);
    }

    fn value_shown(&mut self, at: usize, key: &str, found: String, expected: &str) {
        let problem = ListProblem::Value {
            key: key.to_owned(),
            found,
            expected: expected.to_owned(),
            suggestion: None,
        };
        self.problems.push((at, problem));
    }

    fn into_errors(mut self, text: &str, file: &str) -> ListErrors {
        self.problems.sort_by_key(|(at, _)| *at);
        let n_more = self.problems.len().saturating_sub(ListErrors::SHOWN);
        self.problems.truncate(ListErrors::SHOWN);
        let errors = self
            .problems
            .into_iter()
            .map(|(at, problem)| ListError {
                file: file.to_owned(),
                position: TextPosition::of(text, at),
                problem,
            })
            .collect();
        ListErrors { errors, n_more }
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", short(text))
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the committed schema is read, and written anew")]
mod schema;
#[cfg(test)]
mod tests;
