//! Keeps rules of a live network security group up to date: which rules are desired, how they
//! differ from the live ones, and when a write is refused.
//!
//! A rule is ours where its name is the one asked for (or that with `-2`, `-3`, …) and its
//! description begins with [`MARKER`]. All other rules are foreign and are never written, unless
//! one is taken over. The description also says which jobs write the rule and what they wrote, so
//! that a person's change and another job's addresses are not undone.
//!
//! The files name this module for what all stages of a plan share (its inputs, a group, a rule's
//! text), and it calls them in their order.

mod altered;
mod apply;
mod assign;
mod desired;
mod difference;
mod document;
mod guard;
mod left_out;
mod live;
mod mark;
mod rollback;
mod rule;
mod text;

use std::time::Duration;

use ipnet::IpNet;
use jiff::Timestamp;

pub use self::apply::{
    ApplyError, Drift, ResourceManager, RuleStep, StepOutcome, Work, WriteCondition, WriteFate,
    WriteOutcome, drift,
};
pub use self::document::{
    LiveRuleDocument, PlanError, PlanState, PrefixReason, RefusalDocument, RemovedPrefix,
    RuleAction, RuleChange, RuleDocument, RulePlan, ToolVersion,
};
pub use self::guard::{Bounds, GuardRefusal, judge, judge_rollback};
pub use self::left_out::{LeftOut, LeftOutReason, left_out, unmet};
pub use self::live::{LiveError, LiveGroup, LiveRule};
pub use self::mark::{Mark, is_job_name, job_of};
pub use self::rollback::{Restore, RollbackDocument};
pub use self::rule::{RuleMeaning, RuleProperties, RuleSide, RuleSource, SourceError};
pub use self::text::{conclusion, plan_text, property_lines};
pub use crate::firewall::MARKER;

use self::assign::Assignment;
use crate::firewall::{PortSet, ProofLevel};

/// Whether Azure takes this name for a rule, also with a number behind it
/// (networkSecurityGroup.json: at most 80 characters, a letter or digit first, a letter, digit or
/// `_` last).
#[must_use]
pub fn is_rule_name(name: &str) -> bool {
    const LONGEST_NUMBER: usize = "-1000".len();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.len() + LONGEST_NUMBER <= 80
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(is_word)
        && name.chars().all(|c| is_word(c) || matches!(c, '.' | '-'))
}

/// What the user asks for.
#[derive(Clone, Debug)]
pub struct Intent {
    /// The first rule's name; others are numbered from 2.
    pub rule_name: String,
    /// Who writes the rules.
    pub job: String,
    /// Whether a rule is taken over: one that pathproof did not write, that a person changed, or
    /// that another job writes.
    pub adopt: bool,
    /// Where the rules' flows come from; without it the live rule's source stays.
    pub source: Option<RuleSource>,
    /// The priority of the first rule.
    pub priority: PriorityChoice,
    /// How well an address must be proven.
    pub proof: ProofLevel,
    /// How long an address stays after it was last seen.
    pub keep: Duration,
    /// The share of the live addresses that may go at once, percent.
    pub max_shrink: u8,
    /// The time of the run.
    pub now: Timestamp,
}

/// The priority of the first rule; others follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriorityChoice {
    /// That of the live rule, else a free one before the rules that deny what it allows.
    Auto,
    /// Exactly this one.
    At(u16),
}

/// A prefix that this run saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenPrefix {
    pub net: IpNet,
    /// The ports it is needed on.
    pub ports: PortSet,
    /// The name that it was seen for.
    pub name: String,
    /// How it was proven, in words.
    pub how: String,
}

/// What a ledger knows of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// The name that it was seen for.
    pub name: String,
    /// The address, or a prefix that stood in a live rule.
    pub net: IpNet,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// How well it was proven; `None` where it only stood in the live rule.
    pub proof: Option<ProofLevel>,
}

/// Everything that a plan is made from.
#[derive(Clone, Copy, Debug)]
pub struct PlanInputs<'a> {
    /// What this run saw.
    pub seen: &'a [SeenPrefix],
    /// Refusals that are known already: required names without an address, old tags.
    pub refusals: &'a [GuardRefusal],
    /// What was seen and may not enter a rule.
    pub left_out: &'a [LeftOut],
    /// What the ledger knows. Without a ledger, everything in the live rule counts as seen now.
    pub ledger: Option<&'a [Remembered]>,
    /// The group as it is.
    pub live: &'a LiveGroup,
}

/// A plan, and what a ledger should learn from it.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The changes and the refusals.
    pub plan: RulePlan,
    /// Prefixes of the live rule that the ledger does not know: they count as seen now.
    pub adopted: Vec<IpNet>,
}

/// Plans the changes that make the live rules the desired ones.
#[must_use]
pub fn plan(intent: &Intent, knowledge: PlanInputs<'_>) -> Planned {
    let live = knowledge.live;
    let own = live.own_or_adopted(&intent.rule_name, intent.adopt);
    let desired = desired::desired(intent, knowledge, &own);
    let mut refusals = knowledge.refusals.to_vec();
    let assignment = assign::assign(intent, live, &own, &desired.blocks);
    let rules: Vec<RuleDocument> =
        assignment.rules.iter().map(|rule| rule.document(&desired)).collect();
    let changes = if rules.is_empty() {
        refusals.push(GuardRefusal::Empty);
        Vec::new()
    } else {
        difference::changes(intent, live, &own, &rules, knowledge.ledger.unwrap_or_default())
    };
    let Assignment { refusals: unassigned, left_out, notes, .. } = assignment;
    refusals.extend(unassigned);
    refusals.extend(guard::changes(live, &own, &changes, intent.max_shrink));
    if !intent.adopt {
        refusals.extend(guard::ownership(&intent.job, &own, &changes));
    }
    let written = changes.iter().filter(|change| change.after.is_some());
    let failed = written.filter_map(|change| live.rule(&change.name));
    let failed = failed.filter(|rule| rule.is_failed()).map(|rule| {
        format!(
            "Azure could not put {} into force (provisioningState Failed): it is written again",
            rule.name
        )
    });
    let notes = desired.notes.into_iter().chain(notes).chain(failed).collect();
    let mut plan = RulePlan::new(intent, rules, changes, &refusals, notes);
    plan.live = Some(live.rules.iter().map(LiveRuleDocument::from).collect());
    plan.left_out = knowledge.left_out.iter().cloned().chain(left_out).collect();
    Planned { plan, adopted: desired.adopted }
}

#[cfg(test)]
mod days_tests;
#[cfg(test)]
mod tests;
