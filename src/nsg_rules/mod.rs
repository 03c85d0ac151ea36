//! Keeping a rule of a live network security group right: what it should hold, how that differs
//! from what is there, and when not to touch it.
//!
//! A rule is ours where its name is the one asked for (or that with `-2`, `-3`, …) and its
//! description begins with [`MARKER`]. All others are foreign, and are never touched.

mod assign;
mod desired;
mod difference;
mod document;
mod guard;
mod live;
mod text;

use std::time::Duration;

use ipnet::IpNet;
use jiff::Timestamp;

pub use self::desired::{Unproven, unproven_relays};
pub use self::difference::{Stand, stand};
pub use self::document::{
    Action, Change, Held, Plan, PlanError, Removed, Restore, Rollback, RuleDocument, Tool,
};
pub use self::guard::{Refusal, limits_now};
pub use self::live::{LiveError, LiveGroup, LiveRule, RuleMeaning};
pub use self::text::plan_text;

use self::assign::Allotment;
use crate::firewall::{PortSet, ProofLevel};

/// How the description of every rule of ours begins.
pub const MARKER: &str = "Written by pathproof";

/// The description of a rule that is kept (at most 140 characters).
const DESCRIPTION: &str =
    "Written by pathproof, kept right by its rules apply; edits by hand do not stay";

/// Whether a rule, and those numbered after it, can be called so (networkSecurityGroup.json: at most
/// 80 characters, a letter or digit first, a letter, digit or `_` last).
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
    /// Relays that are required and have no address that may enter a rule.
    pub unproven: &'a [Unproven],
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
    let own = live.own(&intent.rule_name);
    let wanted = desired::wanted(intent, knowledge, &own);
    let mut refusals: Vec<Refusal> =
        knowledge.unproven.iter().cloned().map(Refusal::RelayUnproven).collect();
    let allotment = if wanted.blocks.is_empty() {
        refusals.push(Refusal::Empty);
        Allotment::default()
    } else {
        assign::allot(intent, live, &own, &wanted.blocks)
    };
    refusals.extend(allotment.refusals);
    let rules: Vec<RuleDocument> =
        allotment.rules.iter().map(|rule| rule.document(&wanted)).collect();
    refusals.extend(guard::shrink(&own, &rules, intent.max_shrink));
    refusals.extend(guard::limits(live, &own, &rules));
    let changes = if wanted.blocks.is_empty() {
        Vec::new()
    } else {
        difference::changes(&own, &rules, knowledge.ledger.unwrap_or_default())
    };
    let mut notes = wanted.notes;
    notes.extend(allotment.notes);
    let plan = Plan::new(intent, rules, changes, &refusals, notes);
    Planned { plan, adopted: wanted.adopted }
}

#[cfg(test)]
mod tests;
