//! From the rules that are there to those that should be, in an order that Azure accepts.

use ipnet::IpNet;

use super::desired::day;
use super::document::{Action, Change, Held, Removed, RuleDocument};
use super::guard::Refusal;
use super::live::{LiveGroup, LiveRule, RuleMeaning};
use super::{MARKER, Remembered};

/// The changes, in the order in which they can be made: what allows comes before what takes away,
/// and no two rules ever share a priority.
pub(super) fn changes(
    own: &[(u32, &LiveRule)],
    rules: &[RuleDocument],
    ledger: &[Remembered],
) -> Vec<Change> {
    let mut waiting: Vec<Change> = Vec::new();
    for rule in rules {
        let before = own.iter().find(|(_, live)| live.name == rule.name).map(|(_, live)| *live);
        let is_same = before.is_some_and(|live| live.meaning == RuleMeaning::of(&rule.properties));
        if !is_same {
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

fn in_order(own: &[(u32, &LiveRule)], mut waiting: Vec<Change>) -> Vec<Change> {
    let mut held: Vec<(String, u32)> = own
        .iter()
        .filter(|(_, rule)| rule.meaning.is_outbound())
        .map(|(_, rule)| (rule.name.clone(), rule.meaning.priority))
        .collect();
    let mut ordered = Vec::new();
    while !waiting.is_empty() {
        let can_be_made = |change: &Change| match &change.after {
            Some(after) => {
                let priority = RuleMeaning::of(after).priority;
                !held.iter().any(|(name, own)| *own == priority && *name != change.name)
            }
            None => false,
        };
        let blocks_nothing = |change: &Change| change.after.is_none();
        let next = waiting
            .iter()
            .position(can_be_made)
            .or_else(|| waiting.iter().position(blocks_nothing))
            .unwrap_or(0);
        let change = waiting.remove(next);
        held.retain(|(name, _)| *name != change.name);
        if let Some(after) = &change.after {
            held.push((change.name.clone(), RuleMeaning::of(after).priority));
        }
        ordered.push(change);
    }
    ordered
}

fn change(before: Option<&LiveRule>, rule: Option<&RuleDocument>, ledger: &[Remembered]) -> Change {
    let old = before.map(|live| live.meaning.destination.addresses.clone()).unwrap_or_default();
    let new = rule
        .map(|rule| RuleMeaning::of(&rule.properties).destination.addresses)
        .unwrap_or_default();
    let removed = old.difference(&new);
    let removed = removed
        .prefixes()
        .into_iter()
        .map(|net| Removed { prefix: net.to_string(), last_seen: last_seen(net, ledger) });
    let why = |net: &IpNet| {
        rule.into_iter()
            .flat_map(|rule| &rule.prefixes)
            .find(|held| held.prefix.parse::<IpNet>().is_ok_and(|own| own.contains(net)))
            .map(|held| held.why.clone())
            .unwrap_or_default()
    };
    let added = new.difference(&old).prefixes();
    Change {
        action: match (before, rule) {
            (None, _) => Action::Create,
            (Some(_), Some(_)) => Action::Update,
            (Some(_), None) => Action::Delete,
        },
        // A change is of a rule that is there, or of one that should be.
        name: before
            .map(|live| live.name.clone())
            .or_else(|| rule.map(|rule| rule.name.clone()))
            .unwrap_or_default(),
        before: before.map(|live| live.properties.clone()),
        after: rule.map(|rule| rule.properties.clone()),
        add: added.iter().map(|net| Held { prefix: net.to_string(), why: why(net) }).collect(),
        remove: removed.collect(),
    }
}

fn last_seen(net: IpNet, ledger: &[Remembered]) -> Option<String> {
    let of_it = ledger.iter().filter(|row| row.net.contains(&net) || net.contains(&row.net));
    of_it.map(|row| row.last_seen).max().map(day)
}

/// How a live rule stands to a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stand {
    /// As it was when the plan was made.
    Before,
    /// As planned.
    After,
    /// Otherwise.
    Neither(Refusal),
}

/// How `live` stands to `change`.
#[must_use]
pub fn stand(live: &LiveGroup, change: &Change) -> Stand {
    let rule = live.rule(&change.name);
    let is = |properties: &Option<serde_json::Value>| match (rule, properties) {
        (None, None) => true,
        (Some(rule), Some(properties)) => {
            rule.is_marked() && rule.meaning == RuleMeaning::of(properties)
        }
        _ => false,
    };
    if is(&change.after) {
        return Stand::After;
    }
    let what = match (rule, &change.before) {
        (Some(rule), _) if !rule.is_marked() => {
            return Stand::Neither(if change.before.is_none() {
                Refusal::NameTaken { name: rule.name.clone() }
            } else {
                let what = format!("lost its description \"{MARKER}…\", which makes it foreign,");
                Refusal::Changed { rule: rule.name.clone(), what }
            });
        }
        _ if is(&change.before) => return taken_priority(live, change).unwrap_or(Stand::Before),
        (None, _) => "was deleted",
        (Some(_), None) => "was created",
        (Some(_), Some(_)) => "was changed",
    };
    Stand::Neither(Refusal::Changed { rule: change.name.clone(), what: what.to_owned() })
}

/// A foreign rule that took the priority since the plan.
fn taken_priority(live: &LiveGroup, change: &Change) -> Option<Stand> {
    let after = RuleMeaning::of(change.after.as_ref()?);
    let other = live.rules.iter().find(|rule| {
        !rule.name.eq_ignore_ascii_case(&change.name)
            && !rule.is_marked()
            && rule.meaning.direction == after.direction
            && rule.meaning.priority == after.priority
    })?;
    Some(Stand::Neither(Refusal::PriorityTaken {
        priority: after.priority,
        by: other.name.clone(),
        free: None,
    }))
}
