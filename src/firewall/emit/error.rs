//! The reasons why nothing is written, and Azure's limits that lead to them.

use std::ops::RangeInclusive;

/// The reason why nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    #[error("there is no address to allow: an empty rule would block what it should allow")]
    NoAddresses,
    #[error("there is no name to allow")]
    NoNames,
    /// There are more prefixes than Azure takes in one group.
    #[error(
        "{found} prefixes are more than the {MOST_PREFIXES} that a network security group takes: \
         widen them (--aggregate /24) or allow a service tag instead"
    )]
    TooManyPrefixes { found: usize },
    #[error(
        "'{0}' is no name for a rule: at most 80 letters, digits, '_', '.' and '-', a letter or \
         digit first, a letter, digit or '_' last"
    )]
    Name(String),
    #[error(
        "'{0}' is no name for a group of addresses, which takes at most 63 letters, digits, '-' and \
         '_': give a shorter or plainer one (--name)"
    )]
    GroupName(String),
    /// A priority is outside the range that Azure takes.
    #[error(
        "priorities {first} to {last} are not all within {least} to {most}, as Azure wants them"
    )]
    Priority {
        /// The priority of the first rule.
        first: u32,
        /// The priority of the last rule.
        last: u32,
        least: u32,
        most: u32,
    },
}

/// The most prefixes on one side of the rules of a group (azure-virtual-network-limits).
pub(super) const MOST_PREFIXES: usize = 4000;
/// The priorities of rules (network-security-groups-overview).
pub(super) const RULE_PRIORITIES: RangeInclusive<u32> = 100..=4096;
/// The priorities of rule collection groups and of collections (firewallPolicy.json).
pub(super) const COLLECTION_PRIORITIES: RangeInclusive<u32> = 100..=65_000;

pub(super) fn check_priorities(
    first: u32,
    last: u32,
    taken: RangeInclusive<u32>,
) -> Result<(), EmitError> {
    if taken.contains(&first) && taken.contains(&last) {
        return Ok(());
    }
    Err(EmitError::Priority { first, last, least: *taken.start(), most: *taken.end() })
}

/// Checks a name by the pattern that Azure has for rules (networkSecurityGroup.json).
pub(super) fn check_name(name: &str) -> Result<(), EmitError> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_fine = name.chars().count() <= 80
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(is_word)
        && name.chars().all(|c| is_word(c) || matches!(c, '.' | '-'));
    if is_fine { Ok(()) } else { Err(EmitError::Name(name.chars().take(100).collect())) }
}
