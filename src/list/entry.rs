//! Lists and their entries, as written.

use super::pattern::HostPattern;
use crate::model::{Cloud, Expectation, Fingerprint, Kind, Reach, Role};

/// A list of what must be reachable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointList {
    /// As `adf-shir`.
    pub id: String,
    /// What it is for.
    pub title: String,
    /// The cloud it is of, where it is of one alone.
    pub cloud: Option<Cloud>,
    /// In the order of the report; never empty, and no id twice.
    pub entries: Vec<ListEntry>,
}

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListEntry {
    /// As `relay`.
    pub id: String,
    /// What it is to the runtime.
    pub role: Role,
    /// Which names.
    pub host: HostPattern,
    /// Which ports; never empty.
    pub ports: Vec<u16>,
    /// What proves it.
    pub kind: Kind,
    /// What it is for, in one sentence.
    pub purpose: String,
    /// Whether the runtime needs it.
    pub required: bool,
    /// The group of `--with` that brings it; entries without one are always asked.
    pub group: Option<String>,
    /// The entry that this one stands in for: it is left out where no name for it is known, and
    /// the other is left out where only this one was named by the service.
    pub instead_of: Option<String>,
    /// What is expected of its names and answers.
    pub expect: Expectation,
    /// The document that says so.
    pub source: String,
    /// The document's own date, as `2025-03-31`; empty where none is known.
    pub date: String,
    /// What else there is to know.
    pub note: String,
}

impl ListEntry {
    /// The document that says so, with its date where one is known.
    pub(super) fn document(&self) -> String {
        match &*self.date {
            "" => self.source.clone(),
            date => format!("{} ({date})", self.source),
        }
    }

    /// Whether a word of `--only` is its id or its role.
    pub(super) fn is_meant_by(&self, word: &str) -> bool {
        word == self.id || word == self.role.as_str()
    }
}

impl EndpointList {
    /// The entry of this id.
    #[must_use]
    pub fn entry(&self, id: &str) -> Option<&ListEntry> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    /// The groups that `--with` may name, in the order of the list.
    #[must_use]
    pub fn groups(&self) -> Vec<&str> {
        let mut groups = Vec::new();
        for group in self.entries.iter().filter_map(|entry| entry.group.as_deref()) {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        groups
    }
}

/// The port that a kind has where none is given.
pub(super) const fn default_port(kind: Kind) -> Option<u16> {
    match kind {
        Kind::Https | Kind::Relay | Kind::Tls => Some(443),
        Kind::Http => Some(80),
        Kind::Tds => Some(1433),
        Kind::Tcp => None,
    }
}

/// What the answers of a kind must show, where nothing else is said. The relay's fingerprint is
/// documented for namespaces, not for their gateways.
pub(super) const fn default_fingerprint(kind: Kind) -> Fingerprint {
    match kind {
        Kind::Relay => Fingerprint::RelayNamespace,
        Kind::Https | Kind::Tls | Kind::Tds | Kind::Http | Kind::Tcp => Fingerprint::None,
    }
}

/// The words of the keys `reach` and `fingerprint`.
pub(super) const REACHES: [(&str, Reach); 2] = [("any", Reach::Any), ("public", Reach::Public)];
pub(super) const FINGERPRINTS: [(&str, Fingerprint); 2] =
    [("none", Fingerprint::None), ("relay-namespace", Fingerprint::RelayNamespace)];
