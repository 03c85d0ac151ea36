//! Which names the runtime on this host uses, by what was seen of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use regex::{Captures, Regex};

use super::{CleanText, LogEntry, LogLevel, RuntimeNames};
use crate::model::{Cloud, GatewayName, HostName, LoggedError, RELAY_GATEWAY, Role, Sighting};

/// How much older than the newest entry of the logs one may be and still count: what a runtime used
/// before that it may use no more.
const COUNTS_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How many different errors are kept, and how much of each.
const ERRORS_KEPT: usize = 5_000;
const ERROR_SHOWN: usize = 1_500;

/// What names are taken from.
#[derive(Clone, Debug)]
pub enum NameSource {
    /// A file of the runtime's configuration, with its text.
    Configuration { file: String, text: CleanText },
    /// An event log or an exported one, as it is called in sentences.
    Log { called: String, entries: Vec<LogEntry> },
    /// The cache of the DNS client, at the time when it was read.
    DnsCache { names: Vec<String>, read_at: Timestamp },
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovery {
    /// The runtime's names, by what they are and then by name.
    pub names: Vec<SeenName>,
    /// Other factories that were seen, the latest first: a host runs one runtime, so they are
    /// those that it was registered with before.
    pub other_factories: Vec<SeenName>,
    /// What the logs hold of trouble, the newest first. Of errors that differ in times, durations
    /// and activities alone, the newest.
    pub errors: Vec<LoggedError>,
}

/// A name that was seen, where and when last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenName {
    pub host: HostName,
    /// The entry of the list that it belongs to.
    pub entry: String,
    pub role: Role,
    pub cloud: Cloud,
    pub sighting: Sighting,
    /// Anything on this host may have asked DNS for a name.
    pub is_in_cache_alone: bool,
}

/// Takes the runtime's names and errors from what was seen on a host.
#[must_use]
pub fn discover(sources: &[NameSource], names: &RuntimeNames) -> Discovery {
    let logs = || {
        sources.iter().filter_map(|source| match source {
            NameSource::Log { called, entries } => Some((called, entries)),
            NameSource::Configuration { .. } | NameSource::DnsCache { .. } => None,
        })
    };
    let newest = logs().flat_map(|(_, entries)| entries).filter_map(|entry| entry.at).max();
    let counts = |entry: &&LogEntry| match (entry.at, newest) {
        (Some(at), Some(newest)) => newest.duration_since(at) <= COUNTS_FOR,
        _ => true,
    };

    let mut seen = BTreeMap::new();
    for source in sources {
        match source {
            NameSource::Configuration { file, text } => {
                // The bypass list holds regular expressions, in which a dot is escaped.
                let text = text.as_str().replace("\\.", ".");
                for host in names.in_text(&text) {
                    note(&mut seen, names, host, file, None, false);
                }
            }
            NameSource::Log { called, entries } => {
                for entry in entries.iter().filter(counts) {
                    for host in names.in_text(entry.text.as_str()) {
                        note(&mut seen, names, host, called, entry.at, false);
                    }
                }
            }
            NameSource::DnsCache { names: cached, read_at } => {
                for host in cached.iter().flat_map(|name| names.in_text(name)) {
                    note(&mut seen, names, host, "the DNS cache", Some(*read_at), true);
                }
            }
        }
    }
    let entries = logs().flat_map(|(_, entries)| entries).filter(counts);
    let (names, other_factories) = of_one_runtime(seen.into_values().collect());
    Discovery { names, other_factories, errors: errors(entries) }
}

/// Keeps the latest sighting of a name; one elsewhere than in the cache counts more.
fn note(
    seen: &mut BTreeMap<HostName, SeenName>,
    names: &RuntimeNames,
    host: HostName,
    seen_in: &str,
    seen_at: Option<Timestamp>,
    is_in_cache_alone: bool,
) {
    let Some(known) = names.of(&host) else { return };
    // A run gives a relay's gateways an entry of their own.
    let is_gateway = known.role == Role::Relay && GatewayName::parse(&host).is_some();
    let new = SeenName {
        host: host.clone(),
        entry: if is_gateway { RELAY_GATEWAY.to_owned() } else { known.entry.clone() },
        role: if is_gateway { Role::Gateway } else { known.role },
        cloud: known.cloud,
        sighting: Sighting { seen_in: seen_in.to_owned(), seen_at },
        is_in_cache_alone,
    };
    match seen.get_mut(&host) {
        Some(old) if age(old) >= age(&new) => {}
        Some(old) => *old = new,
        None => {
            seen.insert(host, new);
        }
    }
}

/// What is seen later counts more, and what the cache alone holds counts least.
fn age(name: &SeenName) -> (bool, Option<Timestamp>) {
    (!name.is_in_cache_alone, name.sighting.seen_at)
}

/// The names of the runtime that was seen last: of one factory and one cloud. The other factories
/// stand apart.
fn of_one_runtime(mut seen: Vec<SeenName>) -> (Vec<SeenName>, Vec<SeenName>) {
    let latest = |names: &[SeenName], is: fn(&SeenName) -> bool| {
        let chosen = names.iter().filter(|name| is(name));
        chosen.max_by(|left, right| age(left).cmp(&age(right))).cloned()
    };
    let factory = latest(&seen, |name| name.role == Role::Control);
    let Some(leading) = factory.clone().or_else(|| latest(&seen, |_| true)) else {
        return (Vec::new(), Vec::new());
    };
    seen.retain(|name| name.cloud == leading.cloud || name.role == Role::Control);
    let is_other = |name: &SeenName| {
        name.role == Role::Control && Some(&name.host) != factory.as_ref().map(|it| &it.host)
    };
    let (mut others, mut names): (Vec<_>, Vec<_>) = seen.into_iter().partition(is_other);
    others.sort_by_key(|name| Reverse(age(name)));
    names.sort_by(|left, right| (&left.entry, &left.host).cmp(&(&right.entry, &right.host)));
    (names, others)
}

/// The texts of trouble, the newest first.
fn errors<'a>(entries: impl Iterator<Item = &'a LogEntry>) -> Vec<LoggedError> {
    let mut trouble: Vec<&LogEntry> =
        entries.filter(|entry| entry.level != Some(LogLevel::Information)).collect();
    // Stable: what does not say when it was keeps its place behind what does.
    trouble.sort_by_key(|entry| Reverse(entry.at));
    let mut errors: Vec<LoggedError> = Vec::new();
    let mut known = HashSet::new();
    for entry in trouble {
        let text = entry.text.in_one_line(ERROR_SHOWN);
        if text.is_empty() || !known.insert(shape(&text)) {
            continue;
        }
        errors.push(LoggedError { at: entry.at, text });
        if errors.len() == ERRORS_KEPT {
            break;
        }
    }
    errors
}

/// A text without what differs each time that one thing goes wrong: activities, times, durations.
/// Addresses and codes stay.
fn shape(text: &str) -> String {
    #[expect(clippy::expect_used, reason = "the pattern stands here, and a test uses it")]
    static CHANGING: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?ix) (?<address> \b\d+\.\d+\.[\d.]+ )
            | \b[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\b
            | \b\d+:\d\d:\d\d(?:[.,]\d+)?(?:\ [ap]m)?
            | \b\d{1,4}[-/]\d{1,2}[-/]\d{1,4}(?:t\d+)?
            | \b\d+(?:[.,]\d+)?\ ?(?:ms|milliseconds?|s|sec|seconds?|minutes?)\b
            | \b\d+[.,]\d+\b",
        )
        .expect("a pattern of this file")
    });
    let shape = CHANGING.replace_all(text, |found: &Captures<'_>| {
        found.name("address").map_or("#", |address| address.as_str()).to_owned()
    });
    shape.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_one_shape_whenever_it_happens() {
        let error = |seconds: &str, id: &str| {
            format!(
                "the time cost is: {seconds} seconds, the error code is: X, activityId is: {id}"
            )
        };
        let first = error("0.1210392", "8f1c6f4e-1df8-4a7e-9a55-0c8a4b8e7c11");
        assert_eq!(shape(&first), shape(&error("12", "8f1c6f4e-1df8-4a7e-9a55-0c8a4b8e7c12")));
        assert_eq!(shape("at 2026-11-20 10:11:12.1 PM"), shape("at 2026-11-21 1:11:12 AM"));
        for (one, other) in [
            ("failed to connect to wu-relay-01", "failed to connect to wu-relay-02"),
            ("no answer from 10.0.0.1:443", "no answer from 10.0.0.2:443"),
            ("error 10060", "error 10061"),
        ] {
            assert_ne!(shape(one), shape(other));
        }
    }
}
