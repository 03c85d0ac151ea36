//! The changes from the live rules to the desired ones, in an order that Azure accepts.

use ipnet::IpNet;

use super::desired::day;
use super::document::{PrefixReason, RemovedPrefix, RuleAction, RuleChange, RuleDocument};
use super::live::{LiveGroup, LiveRule};
use super::rule::RuleProperties;
use super::{Intent, Remembered};
use crate::model::AddressSet;

/// The changes in the order in which they can be made. What allows comes before what takes away,
/// and no two rules share a priority at any time.
pub(super) fn changes(
    intent: &Intent,
    live: &LiveGroup,
    own: &[(u32, &LiveRule)],
    rules: &[RuleDocument],
    ledger: &[Remembered],
) -> Vec<RuleChange> {
    let mut waiting: Vec<RuleChange> = Vec::new();
    for rule in rules {
        // Also a foreign rule of the name: the refused plan shows what is there.
        let before = live.rule(&rule.name);
        let is_kept = |live: &LiveRule| {
            !live.is_failed() && is_kept(intent, &live.properties, &rule.properties)
        };
        if !before.is_some_and(is_kept) {
            waiting.push(change(before, Some(rule), ledger));
        }
    }
    for (_, live) in own {
        if !rules.iter().any(|rule| rule.name == live.name) {
            waiting.push(change(Some(live), None, ledger));
        }
    }
    in_order(own, waiting)
}

/// Whether the live rule needs no write. One that an older version wrote counts as this job's, and
/// gets its mark when it is next written.
fn is_kept(intent: &Intent, live: &RuleProperties, desired: &RuleProperties) -> bool {
    let is_unmarked = live.mark().is_some_and(|mark| mark.jobs.is_empty());
    live.is_same_as(desired) || is_unmarked && !intent.adopt && live.meaning() == desired.meaning()
}

fn in_order(own: &[(u32, &LiveRule)], mut waiting: Vec<RuleChange>) -> Vec<RuleChange> {
    let mut held: Vec<(String, Option<u16>)> = own
        .iter()
        .filter(|(_, rule)| rule.meaning().is_outbound())
        .map(|(_, rule)| (rule.name.clone(), rule.meaning().priority))
        .collect();
    let mut ordered = Vec::new();
    while !waiting.is_empty() {
        let can_be_made = |change: &RuleChange| match &change.after {
            Some(after) => {
                let priority = after.meaning().priority;
                !held.iter().any(|(name, own)| *own == priority && *name != change.name)
            }
            None => false,
        };
        let blocks_nothing = |change: &RuleChange| change.after.is_none();
        let next = waiting
            .iter()
            .position(can_be_made)
            .or_else(|| waiting.iter().position(blocks_nothing))
            .unwrap_or(0);
        let change = waiting.remove(next);
        held.retain(|(name, _)| *name != change.name);
        if let Some(after) = &change.after {
            held.push((change.name.clone(), after.meaning().priority));
        }
        ordered.push(change);
    }
    ordered
}

fn change(
    before: Option<&LiveRule>,
    rule: Option<&RuleDocument>,
    ledger: &[Remembered],
) -> RuleChange {
    let addresses = |properties: Option<&RuleProperties>| -> AddressSet {
        properties.map(|own| own.meaning().destination.addresses.clone()).unwrap_or_default()
    };
    let old = addresses(before.map(|live| &live.properties));
    let new = addresses(rule.map(|rule| &rule.properties));
    let removed = old.difference(&new).prefixes();
    let why = |net: &IpNet| {
        rule.into_iter()
            .flat_map(|rule| &rule.prefixes)
            .find(|held| held.prefix.contains(net))
            .map(|held| held.why.clone())
            .unwrap_or_default()
    };
    let added = new.difference(&old).prefixes();
    RuleChange {
        action: RuleAction::between(
            before.map(|live| &live.properties),
            rule.map(|rule| &rule.properties),
        ),
        // One of the two is given: a change is of a live rule or of a desired one.
        name: before
            .map(|live| live.name.clone())
            .or_else(|| rule.map(|rule| rule.name.clone()))
            .unwrap_or_default(),
        before: before.map(|live| live.properties.clone()),
        after: rule.map(|rule| rule.properties.clone()),
        add: added.iter().map(|net| PrefixReason { prefix: *net, why: why(net) }).collect(),
        remove: removed
            .into_iter()
            .map(|net| RemovedPrefix { prefix: net, last_seen: last_seen(net, ledger) })
            .collect(),
    }
}

fn last_seen(net: IpNet, ledger: &[Remembered]) -> Option<String> {
    let of_it = ledger.iter().filter(|row| row.net.contains(&net) || net.contains(&row.net));
    of_it.map(|row| row.last_seen).max().map(day)
}
