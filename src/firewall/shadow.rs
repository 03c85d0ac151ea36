//! Finds rules that no flow ever reaches.

use super::decide::RuleJudge;
use super::missing::Property;
use super::port::PortSet;
use super::rule::{Rule, RuleDialect};
use super::scope::{Extent, Scope};
use crate::model::AddressSet;

/// A rule that rules before it make ineffective, because they match all of its flows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shadowed<'a> {
    pub rule: &'a Rule,
    /// The rules that match its flows, in order.
    pub by: Vec<&'a Rule>,
    /// Whether one of them has another action.
    pub is_contradicted: bool,
}

impl<'a> RuleJudge<'a> {
    /// The rules that are never reached. Only known facts count, so that an empty result does not
    /// prove that every rule is reached.
    #[must_use]
    pub fn shadowed(&self) -> Vec<Shadowed<'a>> {
        // The lines of a list have no order that matters.
        if self.set().dialect == RuleDialect::List || self.set().dialect.is_routes() {
            return Vec::new();
        }
        let rules = self.set().rules();
        (0..rules.len())
            .filter(|index| is_own(&rules[*index]))
            .filter_map(|index| self.shadow_of(index))
            .collect()
    }

    fn shadow_of(&self, index: usize) -> Option<Shadowed<'a>> {
        let rules = self.set().rules();
        let rule = &rules[index];
        let wide: Vec<_> =
            (0..index).filter(|before| self.takes_all_but_destination(*before, index)).collect();
        let by = match wide.iter().find(|before| self.holds_destination(**before, index)) {
            Some(one) => vec![*one],
            None => self.together(&wide, index)?,
        };
        let by: Vec<_> = by.into_iter().map(|index| &rules[index]).collect();
        let is_contradicted = by.iter().any(|before| before.access != rule.access);
        Some(Shadowed { rule, by, is_contradicted })
    }

    fn takes_all_but_destination(&self, before: usize, index: usize) -> bool {
        let (earlier, rule) = (&self.set().rules()[before], &self.set().rules()[index]);
        let same_direction = match (&earlier.direction, &rule.direction) {
            (Property::Known(a), Property::Known(b)) => a == b,
            _ => false,
        };
        let (Property::Known(wide), Property::Known(narrow)) =
            (&earlier.protocols, &rule.protocols)
        else {
            return false;
        };
        let ports = |wide: &Property<PortSet>, narrow: &Property<PortSet>| match (wide, narrow) {
            (Property::Known(wide), Property::Known(narrow)) => narrow.is_subset(wide),
            (Property::Known(wide), Property::Unknown(_)) => wide.is_any(),
            (Property::Unknown(_), _) => false,
        };
        same_direction
            && earlier.priority.known().is_some()
            && earlier.access.known().is_some()
            && earlier.doubt.is_none()
            && narrow.is_subset(*wide)
            && ports(&earlier.destination_ports, &rule.destination_ports)
            && ports(&earlier.source_ports, &rule.source_ports)
            && holds(&earlier.source, self.source(before), &rule.source, self.source(index))
    }

    fn holds_destination(&self, before: usize, index: usize) -> bool {
        let (earlier, rule) = (&self.set().rules()[before], &self.set().rules()[index]);
        holds(
            &earlier.destination,
            self.destination(before),
            &rule.destination,
            self.destination(index),
        )
    }

    /// The rules that hold the destination together, where none of them does alone.
    fn together(&self, wide: &[usize], index: usize) -> Option<Vec<usize>> {
        let rule = &self.set().rules()[index];
        let mut rest = self.destination(index).possible();
        if !rule.destination.names.is_empty() || rest.is_empty() {
            return None;
        }
        let mut by = Vec::new();
        for before in wide {
            let known = &self.destination(*before).known;
            if !known.is_disjoint(&rest) {
                by.push(*before);
                rest = rest.difference(known);
            }
            if rest.is_empty() {
                return Some(by);
            }
        }
        None
    }
}

/// Whether the user wrote the rule. Azure's default rules and the last rule of a set are meant to
/// be behind all others.
fn is_own(rule: &Rule) -> bool {
    rule.priority.known().is_none_or(|priority| *priority <= 4096)
}

/// Whether one side of a rule holds everything that a side of another may hold.
fn holds(wide: &Scope, wide_extent: &Extent, narrow: &Scope, narrow_extent: &Extent) -> bool {
    if wide == narrow && wide.unknown.is_empty() {
        return true;
    }
    let names = narrow.names.iter().all(|name| wide.names.contains(name))
        || wide_extent.known.is_everything();
    let is_within = |addresses: &AddressSet| addresses.is_subset(&wide_extent.known);
    names
        && is_within(&narrow_extent.known)
        && narrow_extent.open.iter().all(|(open, _)| is_within(open))
}
