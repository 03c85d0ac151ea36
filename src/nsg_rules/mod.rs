//! Keeping a rule of a live network security group right: what it should hold, how that differs
//! from what is there, and when not to touch it.
//!
//! A rule is ours where its name is the one asked for (or that with `-2`, `-3`, …) and its
//! description begins with [`MARKER`]. All others are foreign, and are never touched, unless one is
//! taken over. The description also says which jobs write the rule and what they wrote, so that a
//! person's change and another job's addresses are not undone.

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
    Condition, Fate, Outcome, ResourceManager, Stand, Step, Stopped, Work, Wrote, stand,
};
pub use self::document::{
    Action, Change, Held, Plan, PlanError, PlanState, RefusalDocument, Removed, RuleDocument, Tool,
};
pub use self::guard::{Bounds, Refusal, judge, judge_rollback};
pub use self::left_out::{LeftOut, Reason, left_out, unmet};
pub use self::live::{LiveError, LiveGroup, LiveRule};
pub use self::mark::{Mark, is_job_name, job_of};
pub use self::rollback::{Restore, Rollback};
pub use self::rule::{Properties, RuleMeaning, RuleSource, Side, SourceError};
pub use self::text::plan_text;
pub use crate::firewall::MARKER;

use self::assign::Assignment;
use crate::firewall::{PortSet, ProofLevel};

/// Whether a rule, and those numbered after it, can be called so (networkSecurityGroup.json: at
/// most 80 characters, a letter or digit first, a letter, digit or `_` last).
#[must_use]
pub fn is_rule_name(name: &str) -> bool {
    const LONGEST_NUMBER: usize = "-1000".len();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.len() + LONGEST_NUMBER <= 80
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(is_word)
        && name.chars().all(|c| is_word(c) || matches!(c, '.' | '-'))
}

/// What is asked for.
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
    /// Where the rules stand.
    pub priority: PriorityChoice,
    /// How well an address must be proven.
    pub proof: ProofLevel,
    /// How long an address stays after it was last seen.
    pub keep: Duration,
    /// The share of the live addresses that may go at once, percent.
    pub max_shrink: u8,
    /// The time.
    pub now: Timestamp,
}

/// The priority of the first rule; others follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriorityChoice {
    /// That of the live rule, else a free one before the rules that deny what it allows.
    Auto,
    /// This one.
    At(u16),
}

/// An address or a prefix that was seen now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What.
    pub net: IpNet,
    /// The ports it is needed on.
    pub ports: PortSet,
    /// For which name.
    pub name: String,
    /// How it was proven, in words.
    pub how: String,
}

/// What a ledger knows of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// The name it was seen for.
    pub name: String,
    /// The address, or a prefix that stood in a live rule.
    pub net: IpNet,
    /// When last.
    pub last_seen: Timestamp,
    /// How well it was proven; `None` where it only stood in the live rule.
    pub proof: Option<ProofLevel>,
}

/// What is known when a plan is made.
#[derive(Clone, Copy, Debug)]
pub struct Knowledge<'a> {
    /// What was seen now.
    pub seen: &'a [Seen],
    /// What speaks against a write already: required names without an address, old tags.
    pub refusals: &'a [Refusal],
    /// What may not enter a rule.
    pub left_out: &'a [LeftOut],
    /// What the ledger knows; `None` without one: then what the live rule holds counts as seen now.
    pub ledger: Option<&'a [Remembered]>,
    /// The group as it is.
    pub live: &'a LiveGroup,
}

/// A plan, and what a ledger should learn from it.
#[derive(Clone, Debug)]
pub struct Planned {
    /// What is to be changed, and what speaks against it.
    pub plan: Plan,
    /// Prefixes of the live rule that the ledger does not know: they count as seen now.
    pub adopted: Vec<IpNet>,
}

/// Compares what should be there with what is.
#[must_use]
pub fn plan(intent: &Intent, knowledge: Knowledge<'_>) -> Planned {
    let live = knowledge.live;
    let own = live.own_or_adopted(&intent.rule_name, intent.adopt);
    let desired = desired::desired(intent, knowledge, &own);
    let mut refusals = knowledge.refusals.to_vec();
    let assignment = assign::assign(intent, live, &own, &desired.blocks);
    let rules: Vec<RuleDocument> =
        assignment.rules.iter().map(|rule| rule.document(&desired)).collect();
    let changes = if rules.is_empty() {
        refusals.push(Refusal::Empty);
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
    let notes = desired.notes.into_iter().chain(notes).collect();
    let mut plan = Plan::new(intent, rules, changes, &refusals, notes);
    plan.left_out = knowledge.left_out.iter().cloned().chain(left_out).collect();
    Planned { plan, adopted: desired.adopted }
}

#[cfg(test)]
mod tests;
