//! Finds all addresses that a rule set lets flows out to.

use super::decide::{Met, RuleJudge};
use super::flow::Flow;
use super::missing::Property;
use super::rule::{Access, Rule, RuleDialect};
use crate::model::AddressSet;

/// The addresses that a rule set lets one kind of flow out to. Application rules do not count,
/// because they match names, and neither does the host's own network (`VirtualNetwork`).
#[derive(Clone, Debug, Default)]
pub(super) struct AllowedAddresses {
    /// The addresses that are let through for sure.
    pub(super) surely: AddressSet,
    /// The addresses that each rule lets through for sure, by its index in the set, ascending.
    pub(super) by_rule: Vec<(usize, AddressSet)>,
}

impl RuleJudge<'_> {
    /// The addresses that flows like `kind` may go to, whatever the destination of `kind` itself.
    pub(super) fn reach(&self, kind: &Flow) -> AllowedAddresses {
        if self.set().dialect == RuleDialect::List {
            return self.reach_of_list(kind);
        }
        let mut reach = AllowedAddresses::default();
        let mut undecided = AddressSet::everything();
        for (index, rule) in self.set().rules().iter().enumerate() {
            if undecided.is_empty() {
                break;
            }
            let extent = self.destination(index);
            let known = match self.is_met_but_for_destination(index, kind) {
                Met::Not => continue,
                Met::Surely => &extent.known,
                Met::Perhaps => &AddressSet::new(),
            };
            let taken = undecided.intersection(known);
            let is_allowed = rule.access == Property::Known(Access::Allow) && !is_own_network(rule);
            if is_allowed && !taken.is_empty() {
                reach.surely = reach.surely.union(&taken);
                reach.by_rule.push((index, taken));
            }
            // If a rule may allow an address, the rules behind it still decide: what they allow is
            // allowed either way. If it may deny an address, the address is not allowed for sure.
            undecided = match rule.access {
                Property::Known(Access::Allow) => undecided.difference(known),
                _ if rule.destination.names.is_empty() => undecided.difference(&extent.possible()),
                _ => undecided.difference(known),
            };
        }
        reach
    }

    /// Every line of a list allows, so that the result is the union of all lines.
    fn reach_of_list(&self, kind: &Flow) -> AllowedAddresses {
        let rules = self.set().rules().iter().enumerate();
        let by_rule: Vec<_> = rules
            .filter(|(index, rule)| {
                rule.access == Property::Known(Access::Allow)
                    && self.is_met_but_for_destination(*index, kind) == Met::Surely
            })
            .map(|(index, _)| (index, self.destination(index).known.clone()))
            .filter(|(_, known)| !known.is_empty())
            .collect();
        AllowedAddresses { surely: by_rule.iter().map(|(_, known)| known).collect(), by_rule }
    }
}

fn is_own_network(rule: &Rule) -> bool {
    let scope = &rule.destination;
    scope.addresses.is_empty()
        && !scope.tags.is_empty()
        && scope.tags.iter().all(|tag| tag.eq_ignore_ascii_case("VirtualNetwork"))
}
