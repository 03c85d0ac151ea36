//! Words that every format for people uses alike.

use jiff::Timestamp;

use crate::model::Owner;
use crate::report_v1::Summary;

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
