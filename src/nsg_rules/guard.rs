//! The guards, which refuse a write that would do harm (contract, Rules). They judge a plan when it
//! is made, and a saved plan again before it is applied: the file may have been edited.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::altered::altered;
use super::apply::{Drift, RuleStep, drift};
use super::document::{RuleChange, RulePlan};
use super::live::{LiveGroup, LiveRule};
use super::rule::RuleProperties;
use crate::model::{AddressCount, AddressSet};

/// Azure's limits of a group: prefixes of one side, and rules (azure-virtual-network-limits).
const MOST_PREFIXES: usize = 4000;
const MOST_RULES: usize = 1000;

/// Why a guard refuses the write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuardRefusal {
    /// A required name has no address that may enter a rule.
    Unresolved {
        /// The endpoint, as `host:port`.
        endpoint: String,
        /// The reason, as the end of a sentence.
        why: String,
    },
    /// A required name has a public address that no published range holds.
    NotPublished {
        /// The endpoint, as `host:port`.
        endpoint: String,
        addresses: Vec<IpAddr>,
        /// Which tags were used, and how old they are.
        tags: String,
    },
    /// The service tags are older than `--max-tags-age`.
    TagsTooOld {
        /// Which tags, and how old they are.
        tags: String,
        /// The accepted age in days, rounded up.
        most_days: u64,
    },
    /// No address would be allowed.
    Empty,
    /// Too many of the live addresses would go.
    Shrink {
        /// The share of the live addresses that goes, in percent, rounded up.
        percent: u8,
        /// How many addresses go.
        removed: AddressCount,
        /// The share that may go, in percent.
        most: u8,
    },
    /// The live rule allows something that cannot be counted as addresses.
    Unmeasurable {
        rule: String,
        /// The tags or groups that it allows.
        what: String,
    },
    /// More prefixes than the group takes.
    TooManyPrefixes {
        /// The number after the change.
        found: usize,
    },
    /// More rules than the group takes.
    TooManyRules {
        /// The number after the change.
        found: usize,
    },
    /// A foreign rule has the name.
    NameTaken { name: String },
    /// Another rule has the priority.
    PriorityTaken {
        priority: u16,
        /// The rule that has it.
        by: String,
        /// A priority that is free.
        free: Option<u16>,
    },
    /// No priority is free for the rule.
    NoPriority {
        /// The denying rule before which it must come, and its priority.
        before: Option<(String, u16)>,
    },
    /// A live rule is neither as it was when the plan was made nor as planned.
    Changed {
        rule: String,
        /// What happened to the rule, as the middle of a sentence.
        what: String,
    },
    /// A rule is not as `rules apply` left it.
    ChangedAfter {
        rule: String,
        /// What happened to the rule, as the middle of a sentence.
        what: String,
    },
    /// Somebody changed what the rule does since pathproof wrote it.
    ChangedByHand {
        rule: String,
        /// What is different, in words.
        what: String,
    },
    /// Addresses would leave a rule that another job writes too.
    ForeignSource {
        rule: String,
        /// The other jobs.
        jobs: Vec<String>,
        /// How many addresses would leave.
        leaving: AddressCount,
    },
    /// More jobs write the rule than its description can hold.
    TooManyJobs { rule: String },
    /// A saved plan takes over a rule, and the command line does not say so.
    NotAdopted { rule: String },
    /// The plan is too old, or from the future.
    Stale {
        /// When it was made.
        made_at: Timestamp,
        /// The accepted age.
        most: Duration,
    },
    /// The plan would write what pathproof never writes.
    Altered {
        rule: String,
        /// What is different, in words.
        what: String,
    },
}

impl GuardRefusal {
    /// The guard's stable word.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Unresolved { .. } => "relay_unresolved",
            Self::NotPublished { .. } | Self::TagsTooOld { .. } => "not_published",
            Self::Empty => "empty",
            Self::Shrink { .. } | Self::Unmeasurable { .. } => "shrink",
            Self::TooManyPrefixes { .. } | Self::TooManyRules { .. } => "limit",
            Self::NameTaken { .. } | Self::NotAdopted { .. } => "name_taken",
            Self::PriorityTaken { .. } | Self::NoPriority { .. } => "priority_taken",
            Self::Changed { .. } | Self::ChangedAfter { .. } => "changed",
            Self::ChangedByHand { .. } => "changed_by_hand",
            Self::ForeignSource { .. } | Self::TooManyJobs { .. } => "foreign_source",
            Self::Stale { .. } => "plan_stale",
            Self::Altered { .. } => "plan_altered",
        }
    }
}

impl fmt::Display for GuardRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unresolved { endpoint, why } => write!(
                f,
                "{endpoint} {why}: a rule without it would cut the runtime off. Run \
                 pathproof check here, and plan again once it resolves"
            ),
            Self::NotPublished { endpoint, addresses, tags } => {
                let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
                write!(
                    f,
                    "{} of {endpoint}: no published range of the cloud holds it ({tags}), and a \
                     rule without it would cut the runtime off. Get the current tags (pathproof \
                     tags update --subscription ID --output FILE), and plan again with \
                     --service-tags FILE",
                    addresses.join(", ")
                )
            }
            Self::TagsTooOld { tags, most_days } => write!(
                f,
                "{tags}, and --max-tags-age accepts {most_days} days. Get the current tags \
                 (pathproof tags update --subscription ID --output FILE), and plan again with \
                 --service-tags FILE"
            ),
            Self::Empty => f.write_str(
                "there is no address to allow: an empty rule would block what it should allow",
            ),
            Self::Shrink { percent, removed, most } => write!(
                f,
                "{percent}% of the live addresses ({removed}) would go, more than --max-shrink \
                 {most}: if they are truly no longer used, give a larger --max-shrink"
            ),
            Self::Unmeasurable { rule, what } => write!(
                f,
                "the live rule {rule} allows {what}: what would go cannot be counted. Put it right \
                 by hand, or give --max-shrink 100"
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
                "{name} is a rule that pathproof did not write: choose another --rule-name, or \
                 take the rule over with --adopt"
            ),
            Self::NotAdopted { rule } => write!(
                f,
                "the plan takes over {rule}, which pathproof did not write: apply it with --adopt \
                 if that is meant"
            ),
            Self::PriorityTaken { priority, by, free } => {
                write!(f, "priority {priority} belongs to {by}, which is not changed here")?;
                match free {
                    Some(free) => write!(f, ": --priority {free} is free, or give auto"),
                    None => f.write_str(": plan again with --priority auto"),
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
            Self::ChangedAfter { rule, what } => {
                write!(f, "{rule} {what} after it was applied: put it right by hand")
            }
            Self::ChangedByHand { rule, what } => write!(
                f,
                "somebody changed {rule} since pathproof wrote it: {what}. Ask who did, and why; \
                 --adopt writes the rule as it should be"
            ),
            Self::ForeignSource { rule, jobs, leaving } => write!(
                f,
                "{leaving} would leave {rule}, which another job writes too ({}): they may be that \
                 job's. Give each job a --rule-name of its own, or all of them the same --job and \
                 ledger; --adopt takes the rule for this job alone",
                jobs.join(", ")
            ),
            Self::TooManyJobs { rule } => write!(
                f,
                "more jobs write {rule} than its description can hold: give each job a --rule-name \
                 of its own, or all of them the same --job"
            ),
            Self::Stale { made_at, most } => write!(
                f,
                "the plan was made at {made_at}, and plans of the last {} h are accepted \
                 (--max-age): plan again",
                most.as_secs().div_ceil(3600)
            ),
            Self::Altered { rule, what } => write!(
                f,
                "{rule}: {what}, which pathproof never plans: somebody changed the file. Plan again"
            ),
        }
    }
}

/// The limits that the user sets to a write.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The share of the live addresses that may go at once, in percent.
    pub max_shrink: u8,
    /// How old a saved plan may be.
    pub max_age: Duration,
    /// Whether a rule may be taken over.
    pub adopt: bool,
    /// The time of the run.
    pub now: Timestamp,
}

/// The refusals of a saved plan, by what it would do to the group as it is now.
#[must_use]
pub fn judge(plan: &RulePlan, live: &LiveGroup, bounds: Bounds) -> Vec<GuardRefusal> {
    let mut refusals: Vec<GuardRefusal> = stale(plan, bounds).into_iter().collect();
    let altered = altered(plan).into_iter();
    let altered = altered.map(|(rule, what)| GuardRefusal::Altered { rule: rule.to_owned(), what });
    refusals.extend(altered);
    let mut own = live.own(&plan.rule_name);
    for change in &plan.changes {
        let Some(rule) = live.rule(&change.name) else { continue };
        if !own.iter().any(|(_, own)| own.name == rule.name) {
            let is_foreign = |before: &RuleProperties| before.mark().is_none();
            if change.before.as_ref().is_some_and(is_foreign) && !bounds.adopt {
                refusals.push(GuardRefusal::NotAdopted { rule: rule.name.clone() });
            }
            own.push((0, rule));
        }
    }
    let steps: Vec<RuleStep> = plan.changes.iter().map(RuleStep::from).collect();
    refusals.extend(steps.iter().filter_map(|step| match drift(live, step, &steps) {
        Drift::Drifted(refusal) => Some(refusal),
        Drift::AsBefore | Drift::AsPlanned => None,
    }));
    refusals.extend(changes(live, &own, &plan.changes, bounds.max_shrink));
    if !bounds.adopt {
        let job = plan.job.as_deref().unwrap_or_default();
        refusals.extend(ownership(job, &own, &plan.changes));
    }
    refusals.dedup();
    refusals
}

/// The refusals of a rollback file, which may undo what pathproof changed and nothing else.
#[must_use]
pub fn judge_rollback(steps: &[RuleStep], live: &LiveGroup) -> Vec<GuardRefusal> {
    let is_foreign = |properties: &RuleProperties| properties.mark().is_none();
    let mut refusals = Vec::new();
    for step in steps {
        let what = match (&step.before, &step.after) {
            (Some(applied), _) if is_foreign(applied) => "it undoes what pathproof did not write",
            (None, Some(restored)) if is_foreign(restored) => {
                "it brings back a rule that pathproof never wrote"
            }
            _ => match drift(live, step, steps) {
                Drift::Drifted(GuardRefusal::Changed { rule, what }) => {
                    refusals.push(GuardRefusal::ChangedAfter { rule, what });
                    continue;
                }
                Drift::Drifted(refusal) => {
                    refusals.push(refusal);
                    continue;
                }
                Drift::AsBefore | Drift::AsPlanned => continue,
            },
        };
        refusals.push(GuardRefusal::Altered { rule: step.name.clone(), what: what.to_owned() });
    }
    refusals
}

/// A plan that is so little ahead of the time was made by another clock.
const AHEAD: SignedDuration = SignedDuration::from_mins(10);

fn stale(plan: &RulePlan, bounds: Bounds) -> Option<GuardRefusal> {
    let age = bounds.now.duration_since(plan.made_at);
    let most = SignedDuration::try_from(bounds.max_age).unwrap_or(SignedDuration::MAX);
    let is_fresh = -AHEAD <= age && age <= most;
    (!is_fresh).then_some(GuardRefusal::Stale { made_at: plan.made_at, most: bounds.max_age })
}

/// The refusals of what the changes do to the group as a whole.
pub(super) fn changes(
    live: &LiveGroup,
    own: &[(u32, &LiveRule)],
    changes: &[RuleChange],
    max_shrink: u8,
) -> Vec<GuardRefusal> {
    let change_of =
        |rule: &LiveRule| changes.iter().find(|own| own.name.eq_ignore_ascii_case(&rule.name));
    let is_own = |rule: &LiveRule| own.iter().any(|(_, own)| own.name == rule.name);
    let is_new = |change: &&RuleChange| {
        !own.iter().any(|(_, own)| own.name.eq_ignore_ascii_case(&change.name))
    };
    let created = changes.iter().filter(is_new).filter_map(|change| change.after.as_ref());
    let stays = |rule: &'_ LiveRule| match change_of(rule) {
        Some(change) => change.after.clone(),
        None => Some(rule.properties.clone()),
    };
    let of_own = live.rules.iter().filter(|rule| is_own(rule)).filter_map(stays);
    let after: Vec<RuleProperties> = of_own.chain(created.cloned()).collect();
    let foreign: Vec<_> = live.rules.iter().filter(|rule| !is_own(rule)).collect();
    let mut refusals = Vec::new();
    if !changes.is_empty() && after.is_empty() {
        refusals.push(GuardRefusal::Empty);
    } else if !changes.is_empty() {
        refusals.extend(shrink(own, &after, max_shrink));
    }
    let n_prefixes = foreign.iter().map(|rule| rule.properties.n_prefixes()).sum::<usize>()
        + after.iter().map(RuleProperties::n_prefixes).sum::<usize>();
    if n_prefixes > MOST_PREFIXES {
        refusals.push(GuardRefusal::TooManyPrefixes { found: n_prefixes });
    }
    if foreign.len() + after.len() > MOST_RULES {
        refusals.push(GuardRefusal::TooManyRules { found: foreign.len() + after.len() });
    }
    refusals
}

/// The refusal where too many of the live addresses would go. IPv4 and IPv6 are judged apart, as
/// one IPv6 prefix has more addresses than all of IPv4.
fn shrink(own: &[(u32, &LiveRule)], after: &[RuleProperties], most: u8) -> Option<GuardRefusal> {
    if most >= 100 {
        return None;
    }
    for (_, rule) in own {
        if let Some(what) = rule.meaning().destination.beyond_addresses() {
            return Some(GuardRefusal::Unmeasurable { rule: rule.name.clone(), what });
        }
    }
    let before: AddressSet =
        own.iter().map(|(_, rule)| &rule.meaning().destination.addresses).collect();
    let after: AddressSet = after.iter().map(|own| &own.meaning().destination.addresses).collect();
    let (all, removed) = (before.count(), before.difference(&after).count());
    let share = |removed: u128, all: u128| match all {
        0 => 0,
        // Counts of IPv6 fill 128 bits: divide before multiplying where they are large.
        _ if all > u128::MAX / 100 => removed.div_ceil(all / 100),
        _ => (removed * 100).div_ceil(all),
    };
    let percent = share(removed.v4, all.v4).max(share(removed.v6, all.v6)).min(100);
    let percent = u8::try_from(percent).unwrap_or(100);
    (percent > most).then_some(GuardRefusal::Shrink { percent, removed, most })
}

/// The refusals where a write would undo what a person or another job did to our rules.
pub(super) fn ownership(
    job: &str,
    own: &[(u32, &LiveRule)],
    changes: &[RuleChange],
) -> Vec<GuardRefusal> {
    let mut refusals = Vec::new();
    let after: AddressSet = own
        .iter()
        .filter(|(_, rule)| {
            !changes.iter().any(|change| change.name.eq_ignore_ascii_case(&rule.name))
        })
        .map(|(_, rule)| &rule.properties)
        .chain(changes.iter().filter_map(|change| change.after.as_ref()))
        .map(|own| &own.meaning().destination.addresses)
        .collect();
    for (_, rule) in own {
        let Some(mark) = rule.properties.mark() else { continue };
        if let Some(what) = mark.changed_by_hand(rule.meaning()) {
            refusals.push(GuardRefusal::ChangedByHand { rule: rule.name.clone(), what });
        }
        let others: BTreeSet<String> = mark.others(job).map(str::to_owned).collect();
        let leaving = rule.meaning().destination.addresses.difference(&after);
        if !others.is_empty() && !leaving.is_empty() {
            refusals.push(GuardRefusal::ForeignSource {
                rule: rule.name.clone(),
                jobs: others.into_iter().collect(),
                leaving: leaving.count(),
            });
        }
    }
    refusals
}
