//! Words that every format for people uses alike.

use jiff::Timestamp;

use crate::model::Owner;
use crate::report_v1::{HostRuntime, Sighting, Summary};

/// The statuses that endpoints came to, with how many did, the worst first.
pub(super) fn counts(summary: Summary) -> impl Iterator<Item = (usize, &'static str)> {
    [
        (summary.fail, "fail"),
        (summary.warn, "warn"),
        (summary.unknown, "unknown"),
        (summary.pass, "pass"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
}

/// The same in one line.
pub(super) fn counts_line(summary: Summary) -> String {
    let counts: Vec<String> =
        counts(summary).map(|(count, word)| format!("{count} {word}")).collect();
    counts.join(", ")
}

/// A time, to the second.
pub(super) fn utc(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// When a report was measured.
pub(super) fn measured_at(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "at a time that the report does not say".to_owned(), utc)
}

/// `5.50.9000.1 in D:\IR\Shared (found by registry); service stopped, start automatic, account
/// NT SERVICE\DIAHostService`; empty where there is neither.
pub(super) fn runtime(runtime: &HostRuntime) -> String {
    let mut parts = Vec::new();
    if let Some(installed) = &runtime.installed {
        let version = runtime.version.as_deref().unwrap_or("installed");
        let found_by = match &*installed.found_by {
            "" => String::new(),
            by => format!(" (found by {by})"),
        };
        parts.push(format!("{version} in {}{found_by}", installed.path));
    }
    if let Some(service) = &runtime.service {
        let account = match &*service.account {
            "" => String::new(),
            account => format!(", account {account}"),
        };
        parts.push(format!("service {}, start {}{account}", service.state, service.start));
    }
    parts.join("; ")
}

/// As `WHERE, TIME`, or the place alone where the time is not known.
pub(super) fn sighted(Sighting { seen_in, seen_at }: &Sighting) -> String {
    match seen_at {
        Some(at) => format!("{seen_in}, {}", utc(*at)),
        None => seen_in.clone().into_owned(),
    }
}

/// What a ticket calls whoever can fix something.
pub(super) const fn team(owner: Owner) -> &'static str {
    match owner {
        Owner::Dns => "DNS team",
        Owner::Firewall => "Firewall team",
        Owner::Proxy => "Proxy team",
        Owner::Host => "Administrator of this host",
        Owner::Azure => "Microsoft",
        Owner::DataPlatform => "Data platform team",
        Owner::Nobody => "Nobody",
    }
}

/// The same for the contract's word; a word of a later version stays what it is.
pub(super) fn team_of(word: &str) -> &str {
    let owner = Owner::ALL.into_iter().find(|owner| owner.as_str() == word);
    match owner {
        Some(owner) => team(owner),
        None => word,
    }
}

/// The same within a sentence.
pub(super) fn team_in_sentence(word: &str) -> &str {
    match Owner::ALL.into_iter().find(|owner| owner.as_str() == word) {
        Some(Owner::Dns) => "the DNS team",
        Some(Owner::Firewall) => "the firewall team",
        Some(Owner::Proxy) => "the proxy team",
        Some(Owner::Host) => "the administrator of this host",
        Some(Owner::DataPlatform) => "the data platform team",
        Some(Owner::Azure | Owner::Nobody) | None => team_of(word),
    }
}

/// `a, b and 3 more`.
pub(super) fn listed<T: ToString>(items: &[T], shown: usize) -> String {
    let names: Vec<String> = items.iter().take(shown).map(T::to_string).collect();
    match items.len() - names.len() {
        0 => names.join(", "),
        rest => format!("{} and {rest} more", names.join(", ")),
    }
}

/// `1 warning`, `2 warnings`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    counted_as(count, noun, &format!("{noun}s"))
}

/// `1 address`, `2 addresses`.
pub(super) fn counted_as(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}
