//! Words that every format for people uses alike.

use crate::model::Owner;

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
