//! What a rule set does with every address of a slice, in which all else of the flows is fixed.

use super::slice::Candidate;
use crate::firewall::missing::{Missing, Property};
use crate::firewall::rule::{Access, Onward, Rule};
use crate::model::AddressSet;

/// What becomes of the flows of a slice, by the address of their other end.
#[derive(Clone, Debug, Default)]
pub(super) struct Fates<'a> {
    pub(super) allowed: AddressSet,
    pub(super) denied: AddressSet,
    /// Where facts that are not known decide. The doubts are those of sets in a row.
    pub(super) open: Vec<(Vec<OpenFate<'a>>, AddressSet)>,
    /// The addresses that each rule decides about.
    pub(super) by_rule: Vec<(&'a Rule, AddressSet)>,
}

/// How facts that are not known decide about an address: the first of `conditions` that holds has
/// its rule decide, and `end` where none does.
#[derive(Clone, Debug)]
pub(super) struct OpenFate<'a> {
    conditions: Vec<Condition<'a>>,
    end: &'a Rule,
}

/// When a rule matches that may or may not.
#[derive(Clone, Debug)]
struct Condition<'a> {
    rule: &'a Rule,
    /// Each of these parts of the rule must match, which the facts beside it decide.
    parts: Vec<(RulePart, Vec<Missing>)>,
}

/// A part of a rule of which it is not known whether it matches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum RulePart {
    Direction,
    Protocol,
    Ports,
    /// The source ports of the flow are not known, so that these ports are a condition.
    SourcePorts(Vec<String>),
    /// The address of this host.
    Own,
    /// The position of the rule.
    Priority,
    /// The address of the other end.
    Peer,
    /// Whether the rule is in force at all.
    InForce,
}

impl<'a> OpenFate<'a> {
    /// Whether the same facts decide in the same way. Then both sides do the same, whatever the
    /// facts are.
    fn is_same(&self, other: &OpenFate<'_>) -> bool {
        let access = |rule: &Rule| known_access(rule);
        self.conditions.len() == other.conditions.len()
            && access(self.end) == access(other.end)
            && self.end.onward == other.end.onward
            && self.conditions.iter().zip(&other.conditions).all(|(own, other)| {
                own.parts == other.parts
                    && access(own.rule) == access(other.rule)
                    && own.rule.onward == other.rule.onward
            })
    }

    /// The facts that decide.
    fn missing(&self) -> impl Iterator<Item = Missing> + '_ {
        let parts = self.conditions.iter().flat_map(|own| &own.parts);
        parts.flat_map(|(_, facts)| facts.iter().cloned()).chain(match &self.end.access {
            Property::Known(_) => None,
            Property::Unknown(missing) => Some(missing.clone()),
        })
    }

    /// The rules that may decide.
    pub(super) fn rules(&self) -> impl Iterator<Item = &'a Rule> {
        self.conditions.iter().map(|own| own.rule).chain([self.end])
    }
}

/// The access of a rule, in which a value that is not known is a fact of that rule.
fn known_access(rule: &Rule) -> Property<Access> {
    match &rule.access {
        Property::Known(access) => Property::Known(*access),
        Property::Unknown(missing) => Property::Unknown(fact(missing, rule)),
    }
}

/// A fact as it is compared between two files. A value that cannot be evaluated is the same fact
/// where the same text stands in a rule of the same name: its path differs as soon as a rule is put
/// before it.
pub(super) fn fact(missing: &Missing, rule: &Rule) -> Missing {
    match missing {
        Missing::Value { why, .. } => {
            Missing::Value { path: rule.name.as_str().into(), why: why.clone() }
        }
        other => other.clone(),
    }
}

/// Whether two lists of doubts come to the same.
pub(super) fn are_same(left: &[OpenFate<'_>], right: &[OpenFate<'_>]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.is_same(right))
}

/// The facts that decide these doubts, each once.
pub(super) fn missing_of(doubts: &[OpenFate<'_>]) -> Vec<Missing> {
    let mut all: Vec<Missing> = doubts.iter().flat_map(OpenFate::missing).collect();
    all.sort();
    all.dedup();
    all
}

/// Addresses for which rules were met that may match.
struct Conditional<'a> {
    conditions: Vec<Condition<'a>>,
    addresses: AddressSet,
}

impl<'a> Fates<'a> {
    /// Follows the addresses of `peers` through the rules of one set, to `last` where none matches.
    pub(super) fn of_set(candidates: &[Candidate<'a>], peers: &AddressSet, last: &'a Rule) -> Self {
        let mut fates = Self::default();
        let mut undecided = vec![Conditional { conditions: Vec::new(), addresses: peers.clone() }];
        for candidate in candidates {
            if undecided.is_empty() {
                return fates;
            }
            let mut next: Vec<Conditional<'a>> = Vec::with_capacity(undecided.len());
            for own in undecided {
                fates.meet(candidate, own, &mut next);
            }
            undecided = next;
        }
        for own in undecided {
            fates.settle(last, own.conditions, own.addresses);
        }
        fates
    }

    /// Sorts addresses by whether a rule matches them. Those that it does not surely match go to
    /// `next`.
    fn meet(
        &mut self,
        candidate: &Candidate<'a>,
        own: Conditional<'a>,
        next: &mut Vec<Conditional<'a>>,
    ) {
        let Conditional { conditions, mut addresses } = own;
        let extent = candidate.peer;
        let known = addresses.intersection(&extent.known);
        if !known.is_empty() {
            addresses = addresses.difference(&extent.known);
            if candidate.doubts.is_empty() {
                self.settle(candidate.rule, conditions.clone(), known);
            } else {
                next.push(with(&conditions, candidate, Vec::new(), known));
            }
        }
        // An address may be within several parts that are not known: any of them may hold it.
        let mut pieces = vec![(Vec::new(), addresses)];
        for (within, missing) in &extent.open {
            let mut split = Vec::with_capacity(pieces.len() + 1);
            for (facts, piece) in pieces {
                let inside = piece.intersection(within);
                if inside.is_empty() {
                    split.push((facts, piece));
                    continue;
                }
                let outside = piece.difference(within);
                if !outside.is_empty() {
                    split.push((facts.clone(), outside));
                }
                let mut facts = facts;
                facts.push(fact(missing, candidate.rule));
                split.push((facts, inside));
            }
            pieces = split;
        }
        for (facts, piece) in pieces.into_iter().filter(|(_, piece)| !piece.is_empty()) {
            next.push(if facts.is_empty() {
                Conditional { conditions: conditions.clone(), addresses: piece }
            } else {
                with(&conditions, candidate, facts, piece)
            });
        }
    }

    fn settle(
        &mut self,
        rule: &'a Rule,
        mut conditions: Vec<Condition<'a>>,
        addresses: AddressSet,
    ) {
        // A rule that may match makes no difference where the next one does the same.
        let end = known_access(rule);
        while conditions.last().is_some_and(|own| {
            end.known().is_some() && known_access(own.rule) == end && own.rule.onward == rule.onward
        }) {
            conditions.pop();
        }
        match (&rule.access, conditions.is_empty()) {
            (Property::Known(Access::Allow), true) => {
                self.allowed = self.allowed.union(&addresses);
            }
            (Property::Known(Access::Deny), true) => self.denied = self.denied.union(&addresses),
            _ => self.open.push((vec![OpenFate { conditions, end: rule }], addresses.clone())),
        }
        self.by_rule.push((rule, addresses));
    }

    /// The fates of flows that pass this and then `next`, which flows that a rule of this `onward`
    /// lets through do not meet.
    pub(super) fn gate(self, next: Self, onward: &Onward) -> Self {
        let mut past = AddressSet::new();
        for (rule, addresses) in self.by_rule.iter().filter(|(rule, _)| rule.onward == *onward) {
            // Where it is among doubts, it may not be the rule that decides.
            let is_doubted = |doubts: &[OpenFate<'a>]| {
                doubts.iter().flat_map(OpenFate::rules).any(|own| std::ptr::eq(own, *rule))
            };
            let doubted: AddressSet = self
                .open
                .iter()
                .filter(|(doubts, _)| is_doubted(doubts))
                .map(|(_, addresses)| addresses)
                .collect();
            past = past.union(&addresses.difference(&doubted));
        }
        let past = past.difference(&self.denied);
        let mut unsure = AddressSet::new();
        for (doubts, addresses) in &self.open {
            if doubts.iter().flat_map(OpenFate::rules).any(|rule| rule.onward == *onward) {
                unsure = unsure.union(&addresses.difference(&past));
            }
        }
        // What the next set denies is not denied for sure where it may not be asked.
        let denied = next.denied.difference(&past);
        let mut open: Vec<_> = next
            .by_rule
            .iter()
            .filter(|(rule, _)| rule.access == Property::Known(Access::Deny))
            .map(|(rule, addresses)| {
                let addresses = addresses.intersection(&denied).intersection(&unsure);
                (vec![OpenFate { conditions: Vec::new(), end: rule }], addresses)
            })
            .collect();
        open.extend(
            next.open.into_iter().map(|(doubts, within)| (doubts, within.difference(&past))),
        );
        open.retain(|(_, addresses)| !addresses.is_empty());
        let by_rule = next.by_rule.into_iter();
        self.and(Self {
            allowed: next.allowed.union(&past),
            denied: denied.difference(&unsure),
            open,
            by_rule: by_rule.map(|(rule, own)| (rule, own.difference(&past))).collect(),
        })
    }

    /// The fates of flows that pass this and then `next`: both must allow.
    pub(super) fn and(self, next: Self) -> Self {
        let mut open = Vec::new();
        for (doubts, addresses) in &self.open {
            let allowed = addresses.intersection(&next.allowed);
            if !allowed.is_empty() {
                open.push((doubts.clone(), allowed));
            }
            for (others, within) in &next.open {
                let both = addresses.intersection(within);
                if !both.is_empty() {
                    open.push((doubts.iter().chain(others).cloned().collect(), both));
                }
            }
        }
        for (doubts, addresses) in next.open {
            let allowed = addresses.intersection(&self.allowed);
            if !allowed.is_empty() {
                open.push((doubts, allowed));
            }
        }
        Self {
            allowed: self.allowed.intersection(&next.allowed),
            denied: self.denied.union(&next.denied),
            open,
            by_rule: self.by_rule.into_iter().chain(next.by_rule).collect(),
        }
    }
}

fn with<'a>(
    conditions: &[Condition<'a>],
    candidate: &Candidate<'a>,
    mut facts: Vec<Missing>,
    addresses: AddressSet,
) -> Conditional<'a> {
    let mut parts = candidate.doubts.clone();
    if !facts.is_empty() {
        facts.sort();
        parts.push((RulePart::Peer, facts));
    }
    let condition = Condition { rule: candidate.rule, parts };
    let conditions = conditions.iter().cloned().chain([condition]).collect();
    Conditional { conditions, addresses }
}
