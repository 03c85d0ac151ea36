//! Endpoint lists and their entries, before they are made concrete.

use super::pattern::HostPattern;
use crate::model::{Cloud, Expectation, Fingerprint, Kind, Reach, Role};

/// A list of the hosts that must be reachable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointList {
    /// The id of the list, such as `adf-shir`.
    pub id: String,
    pub title: String,
    /// The cloud of the list, unless it is for several.
    pub cloud: Option<Cloud>,
    /// The entries in the order of the report. There is at least one, and their ids are unique.
    pub entries: Vec<ListEntry>,
}

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListEntry {
    /// The id of the entry, such as `relay`.
    pub id: String,
    pub role: Role,
    pub host: HostPattern,
    /// At least one port.
    pub ports: Vec<u16>,
    pub kind: Kind,
    /// One sentence on what the runtime needs it for.
    pub purpose: String,
    /// Whether the runtime needs it.
    pub required: bool,
    /// The group of `--with` that adds this entry. An entry without a group is always part of a
    /// run.
    pub group: Option<String>,
    /// The entry that this one stands in for. This entry is left out where no name for it is known,
    /// and the other one where the service named only this one.
    pub instead_of: Option<String>,
    pub expect: Expectation,
    /// The document that the entry is taken from.
    pub source: String,
    /// The date of the document, such as `2025-03-31`; empty where it has none.
    pub date: String,
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

    /// Whether a word of `--only` is the id or the role of this entry.
    pub(super) fn is_meant_by(&self, word: &str) -> bool {
        word == self.id || word == self.role.as_str()
    }
}

impl EndpointList {
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

/// The port of an endpoint of this kind where none is given; TCP alone has none.
#[must_use]
pub const fn default_port(kind: Kind) -> Option<u16> {
    match kind {
        Kind::Https | Kind::Relay | Kind::Tls => Some(443),
        Kind::Http => Some(80),
        Kind::Tds => Some(1433),
        Kind::Tcp => None,
    }
}

/// The fingerprint of a kind where an entry names none. The relay's is documented for namespaces,
/// not for their gateways.
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
