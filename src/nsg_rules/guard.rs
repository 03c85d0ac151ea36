//! The guards: when a write would do harm (contract, Rules).

use std::fmt;

use super::desired::Unproven;
use super::document::{Plan, RuleDocument};
use super::live::{LiveGroup, LiveRule, RuleMeaning, n_prefixes};
use crate::model::{AddressCount, AddressSet};

/// Azure's limits of a group (azure-virtual-network-limits): prefixes of one side, and rules.
const MOST_PREFIXES: usize = 4000;
const MOST_RULES: usize = 1000;

/// Why nothing is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A relay that is required has no address that may enter a rule.
    RelayUnproven(Unproven),
    /// There is nothing to allow.
    Empty,
    /// Too much of what is there would go.
    Shrink {
        /// Of the live addresses, percent, rounded up.
        percent: u8,
        /// How many go.
        removed: AddressCount,
        /// What is allowed.
        most: u8,
    },
    /// The live rule allows more than addresses that can be counted.
    Unmeasurable {
        /// The rule.
        rule: String,
        /// What it allows.
        what: String,
    },
    /// More prefixes than the group takes.
    TooManyPrefixes {
        /// After the change.
        found: usize,
    },
    /// More rules than the group takes.
    TooManyRules {
        /// After the change.
        found: usize,
    },
    /// A foreign rule has the name.
    NameTaken {
        /// The name.
        name: String,
    },
    /// A foreign rule has the priority.
    PriorityTaken {
        /// The priority.
        priority: u32,
        /// Whose it is.
        by: String,
        /// One that is free.
        free: Option<u32>,
    },
    /// No priority is left for it.
    NoPriority {
        /// The rule before which it must stand.
        before: Option<(String, u32)>,
    },
    /// A live rule is neither as it was when the plan was made nor as planned.
    Changed {
        /// The rule.
        rule: String,
        /// What became of it.
        what: String,
    },
}

impl Refusal {
    /// A stable word for it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::RelayUnproven(_) => "relay_unresolved",
            Self::Empty => "empty",
            Self::Shrink { .. } | Self::Unmeasurable { .. } => "shrink",
            Self::TooManyPrefixes { .. } | Self::TooManyRules { .. } => "limit",
            Self::NameTaken { .. } => "name_taken",
            Self::PriorityTaken { .. } | Self::NoPriority { .. } => "priority_taken",
            Self::Changed { .. } => "changed",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RelayUnproven(own) => write!(
                f,
                "{own}: a rule without it would cut the runtime off. Run pathproof check here, and \
                 plan again once it resolves"
            ),
            Self::Empty => f.write_str(
                "there is no address to allow: an empty rule would block what it should allow",
            ),
            Self::Shrink { percent, removed, most } => write!(
                f,
                "{percent}% of the live addresses ({removed}) would go, more than --max-shrink \
                 {most}: if they are truly no longer used, plan again with a larger --max-shrink"
            ),
            Self::Unmeasurable { rule, what } => write!(
                f,
                "the live rule {rule} allows {what}: what would go cannot be counted. Put it right \
                 by hand, or plan with --max-shrink 100"
            ),
            Self::TooManyPrefixes { found } => write!(
                f,
                "the group would hold {found} destination prefixes, and takes {MOST_PREFIXES}: \
                 remove rules that are no longer used, or allow a service tag instead"
            ),
            Self::TooManyRules { found } => {
                write!(f, "the group would hold {found} rules, and takes {MOST_RULES}")
            }
            Self::NameTaken { name } => write!(
                f,
                "{name} is a rule that pathproof did not write: choose another --rule-name, and \
                 remove that rule yourself once it is replaced"
            ),
            Self::PriorityTaken { priority, by, free } => {
                write!(f, "priority {priority} belongs to {by}, which pathproof did not write")?;
                match free {
                    Some(free) => write!(f, ": --priority {free} is free, or give auto"),
                    None => f.write_str(": give --priority auto"),
                }
            }
            Self::NoPriority { before: Some((rule, priority)) } => write!(
                f,
                "no priority is free before {rule} (priority {priority}), which denies what is to \
                 be allowed: move that rule to a higher number"
            ),
            Self::NoPriority { before: None } => {
                f.write_str("no priority from 100 to 4096 is free: remove rules that are not used")
            }
            Self::Changed { rule, what } => {
                write!(f, "{rule} {what} since the plan was made: plan again")
            }
        }
    }
}

/// Whether too much of what is there would go. The families are judged apart: one IPv6 prefix
/// outnumbers all of IPv4.
pub(super) fn shrink(
    own: &[(u32, &LiveRule)],
    rules: &[RuleDocument],
    most: u8,
) -> Option<Refusal> {
    if most >= 100 || rules.is_empty() {
        return None;
    }
    for (_, rule) in own {
        if let Some(what) = rule.meaning.destination.beyond_addresses() {
            return Some(Refusal::Unmeasurable { rule: rule.name.clone(), what });
        }
    }
    let before: AddressSet =
        own.iter().map(|(_, rule)| &rule.meaning.destination.addresses).collect();
    let after: Vec<_> =
        rules.iter().map(|rule| RuleMeaning::of(&rule.properties).destination.addresses).collect();
    let after: AddressSet = after.iter().collect();
    let (all, removed) = (before.count(), before.difference(&after).count());
    let share = |removed: u128, all: u128| match all {
        0 => 0,
        // Counts of IPv6 fill 128 bits: divide before multiplying where they are large.
        _ if all > u128::MAX / 100 => removed.div_ceil(all / 100),
        _ => (removed * 100).div_ceil(all),
    };
    let percent = share(removed.v4, all.v4).max(share(removed.v6, all.v6)).min(100);
    let percent = u8::try_from(percent).unwrap_or(100);
    (percent > most).then_some(Refusal::Shrink { percent, removed, most })
}

/// Whether the plan, made some time ago, still fits into the group as it is now.
#[must_use]
pub fn limits_now(live: &LiveGroup, plan: &Plan) -> Vec<Refusal> {
    limits(live, &live.own(&plan.rule_name), &plan.rules)
}

/// Whether the group would hold more than Azure takes, foreign rules counted.
pub(super) fn limits(
    live: &LiveGroup,
    own: &[(u32, &LiveRule)],
    rules: &[RuleDocument],
) -> Vec<Refusal> {
    let is_own =
        |rule: &LiveRule| own.iter().any(|(_, own)| own.name.eq_ignore_ascii_case(&rule.name));
    let foreign: Vec<_> = live.rules.iter().filter(|rule| !is_own(rule)).collect();
    let n_foreign: usize = foreign.iter().map(|rule| n_prefixes(&rule.properties)).sum();
    let n_after = n_foreign + rules.iter().map(|rule| rule.prefixes.len()).sum::<usize>();
    let n_rules = foreign.len() + rules.len();
    let mut refusals = Vec::new();
    if n_after > MOST_PREFIXES {
        refusals.push(Refusal::TooManyPrefixes { found: n_after });
    }
    if n_rules > MOST_RULES {
        refusals.push(Refusal::TooManyRules { found: n_rules });
    }
    refusals
}
