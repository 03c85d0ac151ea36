//! How far a rule set reaches: every address it lets a port out to.

use super::decide::{Judge, Met};
use super::flow::Flow;
use super::missing::Setting;
use super::rule::{Access, Rule};
use crate::model::AddressSet;

/// The addresses that a rule set lets one kind of flow out to. Names are not counted: an
/// application rule admits no address. Nor is the host's own network, which `VirtualNetwork` stands
/// for.
#[derive(Clone, Debug, Default)]
pub(super) struct Reach {
    /// For sure.
    pub(super) surely: AddressSet,
    /// By rule, as places in the set, in order.
    pub(super) by_rule: Vec<(usize, AddressSet)>,
}

impl Judge<'_> {
    /// Where flows like `kind` may go; its destination is not looked at.
    pub(super) fn reach(&self, kind: &Flow) -> Reach {
        let mut reach = Reach::default();
        let mut undecided = AddressSet::everything();
        for (place, rule) in self.set().rules().iter().enumerate() {
            if undecided.is_empty() {
                break;
            }
            let extent = self.destination(place);
            let known = match self.is_met_but_for_destination(place, kind) {
                Met::Not => continue,
                Met::Surely => &extent.known,
                Met::Perhaps => &AddressSet::new(),
            };
            let taken = undecided.intersection(known);
            let is_allowed = rule.access == Setting::Known(Access::Allow) && !is_own_network(rule);
            if is_allowed && !taken.is_empty() {
                reach.surely = reach.surely.union(&taken);
                reach.by_rule.push((place, taken));
            }
            // Where a rule may let through, those behind it still decide: what they let through
            // is let through either way. What it may deny is sure of nothing any more.
            undecided = match rule.access {
                Setting::Known(Access::Allow) => undecided.difference(known),
                _ if rule.destination.names.is_empty() => undecided.difference(&extent.possible()),
                _ => undecided.difference(known),
            };
        }
        reach
    }
}

fn is_own_network(rule: &Rule) -> bool {
    let scope = &rule.destination;
    scope.addresses.is_empty()
        && !scope.tags.is_empty()
        && scope.tags.iter().all(|tag| tag.eq_ignore_ascii_case("VirtualNetwork"))
}
