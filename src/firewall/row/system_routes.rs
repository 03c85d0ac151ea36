//! Azure's own routes, which a route table does not hold.

use ipnet::IpNet;

use crate::firewall::missing::{Missing, Property};
use crate::firewall::rule::{Access, Onward, Rule, RuleSet};
use crate::model::{AddressClass, AddressSet};

/// The table with Azure's routes to the prefixes of the virtual network, each of which wins over
/// shorter ones of the user's (virtual-networks-udr-overview, How Azure selects a route). A private
/// address may be in a prefix that is not known.
pub(super) fn with_system_routes(table: RuleSet, network: &[IpNet]) -> RuleSet {
    if network.is_empty() {
        return with_open_network(table);
    }
    network.iter().fold(table, |table, prefix| with_system_route(table, prefix.trunc(), network))
}

fn with_system_route(table: RuleSet, prefix: IpNet, network: &[IpNet]) -> RuleSet {
    // At equal length the user's route wins, so that it stays before.
    let is_shorter = |rule: &Rule| {
        prefix_of(rule).is_some_and(|own| {
            own.addr().is_ipv4() == prefix.addr().is_ipv4()
                && own.prefix_len() < prefix.prefix_len()
        })
    };
    let index = table.rules().iter().position(is_shorter).unwrap_or(usize::MAX);
    let mut route = system_route(prefix);
    let is_otherwise_led = table
        .rules()
        .iter()
        .find(|rule| {
            let is_systems = rule.location == SYSTEM;
            is_shorter(rule) && !is_systems && rule.destination.addresses.contains(prefix.addr())
        })
        .is_some_and(|rule| !leads_past(rule));
    // The host is in one of the prefixes: another may be behind a gateway.
    if table.takes_no_learned_routes && network.len() > 1 && is_otherwise_led {
        let mut open = route.clone();
        open.access = Property::Unknown(Missing::NetworkRoute(prefix));
        route.source = AddressSet::from(prefix).into();
        return table.with_rule_at(index, open).with_rule_at(index, route);
    }
    table.with_rule_at(index, route)
}

/// The location of Azure's own routes.
const SYSTEM: &str = "not in the table";

fn system_route(prefix: IpNet) -> Rule {
    let mut rule = Rule::outbound(&format!("Azure's own route to {prefix}"), 0, Access::Allow);
    SYSTEM.clone_into(&mut rule.location);
    rule.destination = AddressSet::from(prefix).into();
    rule.onward = Onward::Direct;
    rule
}

/// The table in which it is not known whether a route of the user's is that of a private address:
/// the network's own may be longer.
fn with_open_network(table: RuleSet) -> RuleSet {
    let private = AddressSet::of_class(AddressClass::Private);
    let open: Vec<(usize, Rule)> = table
        .rules()
        .iter()
        .enumerate()
        .filter_map(|(index, rule)| {
            let prefix = prefix_of(rule)?;
            let within = rule.destination.addresses.intersection(&private);
            let is_longest = prefix.prefix_len() == prefix.max_prefix_len();
            let is_open = rule.access.known().is_none();
            (!within.is_empty() && !is_longest && !is_open && !leads_past(rule)).then(|| {
                let mut open = rule.clone();
                open.destination = within.into();
                open.access = Property::Unknown(Missing::VirtualNetwork);
                open.onward = Onward::Direct;
                (index, open)
            })
        })
        .collect();
    // From behind, so that the indices stay true.
    open.into_iter().rev().fold(table, |table, (index, rule)| table.with_rule_at(index, rule))
}

/// Whether a route does what Azure's own do: it leads past every appliance.
fn leads_past(rule: &Rule) -> bool {
    rule.access == Property::Known(Access::Allow) && rule.onward == Onward::Direct
}

/// The prefix of a route; `None` where it is not known, or where the rule stands for no route.
fn prefix_of(rule: &Rule) -> Option<IpNet> {
    let destination = &rule.destination;
    let is_known = destination.tags.is_empty() && destination.unknown.is_empty();
    match &*destination.addresses.prefixes() {
        [prefix] if is_known => Some(*prefix),
        _ => None,
    }
}
