//! Decides what a rule set does with a flow.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::LazyLock;

use super::candidates::{AddressTable, Candidates, PortTable};
use super::flow::Flow;
use super::missing::{Missing, Property};
use super::port::Protocol;
use super::rule::{Access, Direction, Rule, RuleDialect, RuleSet};
use super::scope::{Extent, NetworkContext, Scope, is_platform};
use crate::model::AddressSet;

/// The fate of a flow, and the rule that decides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision<'a> {
    Allow {
        by: &'a Rule,
    },
    Deny {
        by: &'a Rule,
    },
    /// It is not known whether a rule matches that comes before every sure match.
    Undecided {
        by: &'a Rule,
        /// The fact that would decide it.
        missing: Missing,
    },
}

impl<'a> Decision<'a> {
    #[must_use]
    pub const fn by(&self) -> &'a Rule {
        match self {
            Self::Allow { by } | Self::Deny { by } | Self::Undecided { by, .. } => by,
        }
    }

    /// The word in JSON.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Allow { .. } => "allow",
            Self::Deny { .. } => "deny",
            Self::Undecided { .. } => "unknown",
        }
    }
}

/// A rule set with lookup tables, to decide about many flows.
///
/// Azure takes the first rule that matches. So each property of the flow gives a precomputed set of
/// rules that could match, and only the rules in all of these sets are tested exactly.
#[derive(Debug)]
pub struct RuleJudge<'a> {
    set: &'a RuleSet,
    /// The extent of each different scope, because rules share tags.
    extents: Vec<Extent>,
    /// The indices in `extents` of each rule's source and destination.
    sides: Vec<(usize, usize)>,
    sources: AddressTable,
    destinations: AddressTable,
    ports: PortTable,
    /// One set for each [`Protocol`].
    protocols: [Candidates; Protocol::ALL.len()],
    /// One set for each [`Direction`].
    directions: [Candidates; 2],
    /// The IPv4 and the IPv6 sources of flows that do not name theirs.
    origins: [AddressSet; 2],
}

/// Whether a flow has a property that a rule asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum RuleMatch {
    Yes,
    Maybe(Missing),
    No,
}

impl<'a> RuleJudge<'a> {
    /// Builds the tables, with the facts that rules may depend on.
    #[must_use]
    pub fn new(set: &'a RuleSet, knowledge: NetworkContext<'_>) -> Self {
        let mut indices = HashMap::new();
        let mut extents = Vec::new();
        let mut intern = |scope: &'a Scope| {
            *indices.entry(scope).or_insert_with(|| {
                extents.push(knowledge.extent(scope));
                extents.len() - 1
            })
        };
        let sides: Vec<_> = set
            .rules()
            .iter()
            .map(|rule| (intern(&rule.source), intern(&rule.destination)))
            .collect();
        let rules = set.rules();
        // An address cannot rule out a rule that matches names, or this host wherever it is.
        let reach = |scope: &Scope, index: usize| {
            let extent: &Extent = &extents[index];
            let is_ruled_out = scope.names.is_empty() && !scope.holds_unknown_network(extent);
            is_ruled_out.then(|| extent.possible())
        };
        let sources = AddressTable::new(
            rules
                .iter()
                .zip(&sides)
                .map(|(rule, (source, _))| (*source, reach(&rule.source, *source))),
        );
        let destinations =
            AddressTable::new(rules.iter().zip(&sides).map(|(rule, (_, destination))| {
                (*destination, reach(&rule.destination, *destination))
            }));
        let ports = PortTable::new(rules.iter().map(|rule| rule.destination_ports.known()));
        let protocols = Protocol::ALL.map(|protocol| {
            Candidates::of(rules, |rule| {
                rule.protocols.known().is_none_or(|set| set.contains(protocol))
            })
        });
        let looks_both_ways = ignores_direction(set.dialect);
        let directions = [Direction::Inbound, Direction::Outbound]
            .map(|way| Candidates::of(rules, |rule| looks_both_ways || rule.may_look(way)));
        let origins = [true, false].map(|is_v4| {
            let known = knowledge.sources.map(AddressSet::prefixes).unwrap_or_default();
            known.into_iter().filter(|net| net.addr().is_ipv4() == is_v4).collect()
        });
        Self { set, extents, sides, sources, destinations, ports, protocols, directions, origins }
    }

    #[must_use]
    pub const fn set(&self) -> &'a RuleSet {
        self.set
    }

    #[must_use]
    pub fn decide(&self, flow: &Flow) -> Decision<'a> {
        if let Some(decision) = self.decide_platform(flow) {
            return decision;
        }
        let all = &self.directions[flow.direction as usize];
        let candidates = [
            all,
            &self.protocols[flow.protocol as usize],
            flow.port.map_or(all, |port| self.ports.find(port)),
            flow.source.map_or(all, |source| self.sources.find(source)),
        ];
        let destinations = flow.address.map_or(all, |address| self.destinations.find(address));
        let rules = self.set.rules();
        // The first rule that may match by what user-defined routes leave open, or that may not be
        // in force.
        let mut doubted: Option<(&'a Rule, Missing)> = None;
        let may_be_alike = |by: &Rule, missing: &Missing| {
            *missing == Missing::UserRoutes || by.doubt.as_ref() == Some(missing)
        };
        for index in destinations.common(&candidates) {
            let by = &rules[index];
            match (self.rule_matches(index, flow), doubted.take()) {
                (RuleMatch::No, first) => doubted = first,
                (RuleMatch::Maybe(missing), None) if may_be_alike(by, &missing) => {
                    doubted = Some((by, missing));
                }
                (RuleMatch::Maybe(missing), Some(first))
                    if may_be_alike(by, &missing) && is_alike(first.0, by) =>
                {
                    doubted = Some(first);
                }
                (RuleMatch::Maybe(missing), None) => return Decision::Undecided { by, missing },
                (RuleMatch::Maybe(_), Some((by, missing))) => {
                    return Decision::Undecided { by, missing };
                }
                (RuleMatch::Yes, doubted) => return settle_behind(doubted, by, flow),
            }
        }
        // No rule matches, which the last rule of each set stands for.
        settle_behind(doubted, &rules[rules.len() - 1], flow)
    }

    /// The decision about a flow to Azure's platform, which security rules match only where they
    /// name its tags, and routes never (network-security-groups-overview, Azure platform
    /// considerations).
    fn decide_platform(&self, flow: &Flow) -> Option<Decision<'a>> {
        if flow.direction == Direction::Inbound || !flow.address.is_some_and(is_platform) {
            return None;
        }
        match self.set.dialect {
            RuleDialect::List => return None,
            // The flow never leaves the host's network.
            RuleDialect::AzureFirewall
            | RuleDialect::Routes
            | RuleDialect::EffectiveRoutes
            | RuleDialect::ApplianceRoutes => {
                return Some(Decision::Allow { by: &BY_PLATFORM });
            }
            RuleDialect::Nsg | RuleDialect::Effective | RuleDialect::Admin => {}
        }
        for (index, by) in self.set.rules().iter().enumerate() {
            if !by.destination.tags.iter().any(|tag| names_platform(tag, flow)) {
                continue;
            }
            match self.rule_matches(index, flow) {
                RuleMatch::No => {}
                RuleMatch::Maybe(missing) => return Some(Decision::Undecided { by, missing }),
                RuleMatch::Yes => return Some(settle(by)),
            }
        }
        Some(Decision::Allow { by: &BY_PLATFORM })
    }

    /// The extent of a rule's destination.
    pub(super) fn destination(&self, index: usize) -> &Extent {
        &self.extents[self.sides[index].1]
    }

    /// The extent of a rule's source.
    pub(super) fn source(&self, index: usize) -> &Extent {
        &self.extents[self.sides[index].0]
    }

    fn rule_matches(&self, index: usize, flow: &Flow) -> RuleMatch {
        let rule = &self.set.rules()[index];
        self.properties_match(index, flow).and(|| {
            match destination_matches(&rule.destination, self.destination(index), flow) {
                // An inbound flow ends at this host, which is in the virtual network.
                RuleMatch::Maybe(_) | RuleMatch::No
                    if flow.direction == Direction::Inbound
                        && rule.destination.holds_unknown_network(self.destination(index)) =>
                {
                    RuleMatch::Yes
                }
                other => other,
            }
        })
    }

    /// Whether a rule matches a flow, apart from the destination's address and name.
    pub(super) fn is_met_but_for_destination(&self, index: usize, flow: &Flow) -> Met {
        match self.properties_match(index, flow) {
            RuleMatch::Yes => Met::Surely,
            RuleMatch::Maybe(_) => Met::Perhaps,
            RuleMatch::No => Met::Not,
        }
    }

    fn properties_match(&self, index: usize, flow: &Flow) -> RuleMatch {
        let rule = &self.set.rules()[index];
        let direction = match &rule.direction {
            _ if ignores_direction(self.set.dialect) => RuleMatch::Yes,
            own => property(own, |direction| *direction == flow.direction),
        };
        direction
            .and(|| property(&rule.protocols, |protocols| protocols.contains(flow.protocol)))
            .and(|| match (&rule.destination_ports, flow.port) {
                _ if !flow.protocol.has_ports() => RuleMatch::Yes,
                (ports, Some(port)) => property(ports, |ports| ports.contains(port)),
                (Property::Known(ports), None) if ports.is_any() => RuleMatch::Yes,
                (_, None) => RuleMatch::Maybe(Missing::Port),
            })
            .and(|| match &rule.source_ports {
                _ if !flow.protocol.has_ports() => RuleMatch::Yes,
                Property::Known(ports) if ports.is_any() => RuleMatch::Yes,
                Property::Known(_) => RuleMatch::Maybe(Missing::SourcePort),
                Property::Unknown(missing) => RuleMatch::Maybe(missing.clone()),
            })
            .and(|| self.source_matches(&rule.source, self.source(index), flow))
            .and(|| match &rule.priority {
                // The position of such a rule is unknown, so that another may come first.
                Property::Unknown(missing) => RuleMatch::Maybe(missing.clone()),
                Property::Known(_) => RuleMatch::Yes,
            })
            .and(|| rule.doubt.clone().map_or(RuleMatch::Yes, RuleMatch::Maybe))
    }

    /// A flow of this host leaves from the virtual network, whatever its address: an outbound
    /// rule's `VirtualNetwork` holds it. Where its address is not known, `Internet` does not (Azure
    /// evaluates addresses as they are before translation).
    fn source_matches(&self, scope: &Scope, extent: &Extent, flow: &Flow) -> RuleMatch {
        let is = |tag: &str, word: &str| tag.eq_ignore_ascii_case(word);
        let is_outbound = flow.direction == Direction::Outbound;
        let holds_own_network =
            is_outbound && scope.tags.iter().any(|tag| is(tag, "VirtualNetwork"));
        if let Some(source) = flow.source {
            if is_outbound && scope.holds_unknown_network(extent) {
                return RuleMatch::Yes;
            }
            return held(extent, source);
        }
        if holds_own_network {
            return RuleMatch::Yes;
        }
        let holds_family = match flow.address {
            Some(IpAddr::V4(_)) => extent.known.v4().is_full(),
            Some(IpAddr::V6(_)) => extent.known.v6().is_full(),
            None => extent.known.is_everything(),
        };
        if holds_family {
            return RuleMatch::Yes;
        }
        if let Some(known) = self.origins_of(flow).filter(|_| is_outbound) {
            return hold_all(extent, known);
        }
        let is_internet_alone = scope.addresses.is_empty()
            && scope.unknown.is_empty()
            && scope.tags.iter().all(|tag| is(tag, "Internet"));
        if is_internet_alone && is_outbound {
            return RuleMatch::No;
        }
        let open = extent.open.first().map(|(_, missing)| missing.clone());
        RuleMatch::Maybe(open.unwrap_or(Missing::Source))
    }

    /// The known sources of a flow that does not name its own.
    fn origins_of(&self, flow: &Flow) -> Option<&AddressSet> {
        let [v4, v6] = &self.origins;
        let own = match flow.address {
            Some(IpAddr::V6(_)) => v6,
            Some(IpAddr::V4(_)) => v4,
            None if v4.is_empty() => v6,
            None => v4,
        };
        (!own.is_empty()).then_some(own)
    }
}

/// Whether a rule matches a flow, without the fact that would decide it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Met {
    Surely,
    Perhaps,
    Not,
}

impl RuleMatch {
    /// Both must hold. If one surely does not, nothing needs to be known of the other.
    fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::No => Self::No,
            Self::Yes => other(),
            Self::Maybe(missing) => match other() {
                Self::No => Self::No,
                Self::Yes | Self::Maybe(_) => Self::Maybe(missing),
            },
        }
    }
}

fn destination_matches(scope: &Scope, extent: &Extent, flow: &Flow) -> RuleMatch {
    let by_name = match &flow.name {
        _ if scope.names.is_empty() => RuleMatch::No,
        Some(name) if scope.names.iter().any(|pattern| pattern.matches(name)) => RuleMatch::Yes,
        Some(_) => RuleMatch::No,
        None => RuleMatch::Maybe(Missing::Name),
    };
    if by_name == RuleMatch::Yes {
        return by_name;
    }
    match flow.address.map(|address| held(extent, address)) {
        Some(RuleMatch::No) => by_name,
        Some(by_address) => by_address,
        None if extent.known.is_everything() => RuleMatch::Yes,
        None if extent.possible().is_empty() => by_name,
        None => RuleMatch::Maybe(missing_of(extent)),
    }
}

/// What is missing to know whether a side holds a flow of which only the name is known: its
/// address, unless a part of the side may hold every address, so that none would decide.
fn missing_of(extent: &Extent) -> Missing {
    let is_every = |(within, _): &&(AddressSet, Missing)| within.is_everything();
    extent.open.iter().find(is_every).map_or(Missing::Address, |(_, missing)| missing.clone())
}

/// Settles by a rule that matches, behind one that may. A default route makes most rules of
/// `VirtualNetwork` doubtful, which makes no difference where the rule behind them does the same.
fn settle_behind<'a>(
    doubted: Option<(&'a Rule, Missing)>,
    by: &'a Rule,
    flow: &Flow,
) -> Decision<'a> {
    match doubted {
        Some((first, missing)) if !is_alike(first, by) => {
            Decision::Undecided { by: first, missing }
        }
        _ => settle_flow(by, flow),
    }
}

/// Whether two rules surely do the same with a flow.
fn is_alike(left: &Rule, right: &Rule) -> bool {
    left.access.known().is_some() && left.access == right.access && left.onward == right.onward
}

/// What a rule does that matches. Effective rules leave out IPv6 only.
fn settle_flow<'a>(by: &'a Rule, flow: &Flow) -> Decision<'a> {
    match (&by.access, flow.address) {
        (Property::Unknown(Missing::Family), Some(IpAddr::V4(_))) => {
            Decision::Undecided { by, missing: Missing::Unlisted }
        }
        _ => settle(by),
    }
}

fn settle(by: &Rule) -> Decision<'_> {
    match &by.access {
        Property::Known(Access::Allow) => Decision::Allow { by },
        Property::Known(Access::Deny) => Decision::Deny { by },
        Property::Unknown(missing) => Decision::Undecided { by, missing: missing.clone() },
    }
}

fn property<T>(property: &Property<T>, is_met: impl FnOnce(&T) -> bool) -> RuleMatch {
    match property {
        Property::Known(value) if is_met(value) => RuleMatch::Yes,
        Property::Known(_) => RuleMatch::No,
        Property::Unknown(missing) => RuleMatch::Maybe(missing.clone()),
    }
}

/// Whether a side holds all of these addresses. It is unknown where it holds some of them.
fn hold_all(extent: &Extent, addresses: &AddressSet) -> RuleMatch {
    if addresses.is_subset(&extent.known) {
        return RuleMatch::Yes;
    }
    let is_open = |(within, _): &&(AddressSet, Missing)| !within.intersection(addresses).is_empty();
    match extent.open.iter().find(is_open) {
        Some((_, missing)) => RuleMatch::Maybe(missing.clone()),
        None if extent.known.intersection(addresses).is_empty() => RuleMatch::No,
        None => {
            let shown: Vec<_> = addresses.prefixes().iter().map(ToString::to_string).collect();
            RuleMatch::Maybe(Missing::Sources(shown.join(" and ").into()))
        }
    }
}

fn held(extent: &Extent, address: IpAddr) -> RuleMatch {
    if extent.known.contains(address) {
        return RuleMatch::Yes;
    }
    extent
        .open
        .iter()
        .find(|(within, _)| within.contains(address))
        .map_or(RuleMatch::No, |(_, missing)| RuleMatch::Maybe(missing.clone()))
}

/// Lists and Azure Firewall's rules have no directions: they match a source and a destination.
pub(super) const fn ignores_direction(dialect: RuleDialect) -> bool {
    matches!(dialect, RuleDialect::List | RuleDialect::AzureFirewall)
}

/// The rule that stands for Azure itself, which lets flows to the platform through.
pub(super) static BY_PLATFORM: LazyLock<Rule> = LazyLock::new(|| {
    let mut rule = Rule::outbound("Azure platform", 0, Access::Allow);
    "let through by Azure itself".clone_into(&mut rule.location);
    rule
});

/// Whether a rule with this tag applies to a flow to the platform.
fn names_platform(tag: &str, flow: &Flow) -> bool {
    /// The port of the key management service (virtual-networks/service-tags-overview).
    const LICENSING: u16 = 1688;
    match tag.to_ascii_lowercase().as_str() {
        "azureplatformdns" | "azureplatformimds" => true,
        "azureplatformlkm" => flow.port == Some(LICENSING),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
