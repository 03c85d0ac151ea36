//! The smallest change that closes a gap.

use std::collections::HashSet;
use std::fmt;

use super::decide::{Decision, Judge};
use super::flow::Flow;
use super::missing::Setting;
use super::requirement::{Need, needs};
use super::rule::{Access, Dialect, Direction, Rule};

/// A change to one rule set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Which set.
    pub set: String,
    /// What to do.
    pub change: Change,
}

/// What closes a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A rule that comes early enough and has the ports: its destinations grow.
    Extend {
        /// The rule.
        rule: String,
        /// What it lacks.
        need: Need,
    },
    /// A new rule before the one that denies.
    Insert {
        /// A priority that is free and early enough.
        priority: u32,
        /// The rule that denies.
        before: String,
        /// What it must let through.
        need: Need,
    },
    /// No priority is free before the rule that denies.
    Renumber {
        /// The rule that denies.
        before: String,
        /// What a rule before it must let through.
        need: Need,
    },
    /// An entry of a list, or a rule of a firewall policy.
    Add {
        /// What is to be let through: names where they decide.
        flows: Vec<Flow>,
    },
}

/// The changes to `judge`'s set that let `denied` through: flows that it denies.
pub(super) fn corrections(judge: &Judge<'_>, denied: &[&Flow]) -> Vec<Correction> {
    let set = judge.set();
    let correction = |change| Correction { set: set.name.clone(), change };
    if matches!(set.dialect, Dialect::List | Dialect::AzureFirewall) {
        let flows = denied.iter().map(|flow| (*flow).clone()).collect();
        return vec![correction(Change::Add { flows })];
    }
    let mut deniers: Vec<&Rule> = Vec::new();
    for flow in denied {
        if let Decision::Deny { by } = judge.decide(flow)
            && !deniers.iter().any(|rule| std::ptr::eq(*rule, by))
        {
            deniers.push(by);
        }
    }
    let mut taken: HashSet<u32> = set
        .rules()
        .iter()
        .filter(|rule| rule.may_look(Direction::Outbound))
        .filter_map(|rule| rule.priority.known().copied())
        .collect();
    let mut changes = Vec::new();
    for denier in deniers {
        let flows = denied.iter().filter(|flow| std::ptr::eq(judge.decide(flow).by(), denier));
        for need in needs(flows.copied()) {
            let before = denier.name.clone();
            let change = if let Some(rule) = extendable(set.rules(), denier, &need) {
                Change::Extend { rule: rule.name.clone(), need }
            } else if let Some(priority) = free_priority(denier, &taken) {
                taken.insert(priority);
                Change::Insert { priority, before, need }
            } else {
                Change::Renumber { before, need }
            };
            changes.push(correction(change));
        }
    }
    changes
}

/// A rule of literal addresses that allows just these ports and comes before `denier`.
fn extendable<'a>(rules: &'a [Rule], denier: &Rule, need: &Need) -> Option<&'a Rule> {
    rules.iter().take_while(|rule| !std::ptr::eq(*rule, denier)).find(|rule| {
        rule.access == Setting::Known(Access::Allow)
            && rule.direction == Setting::Known(Direction::Outbound)
            && rule.priority.known().is_some()
            && rule.protocols.known().is_some_and(|own| *own == need.protocol.into())
            && rule.destination_ports.known() == Some(&need.ports)
            && rule.source.addresses.is_everything()
            // One service tag a rule, and not beside prefixes.
            && rule.destination.tags.is_empty()
            && rule.destination.unknown.is_empty()
            && !rule.destination.addresses.is_empty()
            && !rule.destination.addresses.is_everything()
    })
}

/// Just before the rule that denies, so that what is denied before stays so.
fn free_priority(denier: &Rule, taken: &HashSet<u32>) -> Option<u32> {
    let own = denier.priority.known().copied().unwrap_or(u32::MAX);
    (100..=own.saturating_sub(1).min(4096)).rev().find(|priority| !taken.contains(priority))
}

impl fmt::Display for Correction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = &self.set;
        match &self.change {
            Change::Extend { rule, need } => {
                write!(f, "{set}: add to the destinations of {rule}: {}", prefixes(need))
            }
            Change::Insert { priority, before, need } => write!(
                f,
                "{set}: add an outbound rule with priority {priority}, before {before}, that allows \
                 {} {} to {}",
                need.protocol,
                need.ports,
                prefixes(need)
            ),
            Change::Renumber { before, need } => write!(
                f,
                "{set}: no priority from 100 is free before {before}: give it a higher number, then \
                 allow {} {} to {} before it",
                need.protocol,
                need.ports,
                prefixes(need)
            ),
            Change::Add { flows } => {
                let flows: Vec<_> = flows.iter().map(ToString::to_string).collect();
                write!(f, "{set}: allow {}", flows.join(", "))
            }
        }
    }
}

fn prefixes(need: &Need) -> String {
    need.addresses.prefixes().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
