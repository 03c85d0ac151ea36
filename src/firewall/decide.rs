//! What a rule set does with a flow.

use std::collections::HashMap;
use std::net::IpAddr;

use super::candidates::{Candidates, PortTable, Table};
use super::flow::Flow;
use super::missing::{Missing, Setting};
use super::port::Protocol;
use super::rule::{Access, Direction, Rule, RuleSet};
use super::scope::{Extent, Knowledge, Scope};

/// What becomes of a flow, and by which rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision<'a> {
    /// It is let through.
    Allow {
        /// The first rule that matches.
        by: &'a Rule,
    },
    /// It is not.
    Deny {
        /// The first rule that matches.
        by: &'a Rule,
    },
    /// A rule that comes before every sure match could match.
    Undecided {
        /// That rule.
        by: &'a Rule,
        /// What would tell.
        missing: Missing,
    },
}

impl<'a> Decision<'a> {
    /// The deciding rule.
    #[must_use]
    pub const fn by(&self) -> &'a Rule {
        match self {
            Self::Allow { by } | Self::Deny { by } | Self::Undecided { by, .. } => by,
        }
    }

    /// The contract's word.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Allow { .. } => "allow",
            Self::Deny { .. } => "deny",
            Self::Undecided { .. } => "unknown",
        }
    }
}

/// What becomes of a flow that passes several sets in a row (subnet and network interface): all
/// must allow, so that one that denies decides, whatever the others do not know. The place is
/// the deciding set's; where all allow, the last's.
#[must_use]
pub fn decide_in_a_row<'a>(judges: &'a [Judge<'a>], flow: &Flow) -> Option<(usize, Decision<'a>)> {
    let mut decisions: Vec<_> = judges.iter().map(|judge| judge.decide(flow)).enumerate().collect();
    let place = decisions
        .iter()
        .position(|(_, decision)| matches!(decision, Decision::Deny { .. }))
        .or_else(|| {
            decisions
                .iter()
                .position(|(_, decision)| matches!(decision, Decision::Undecided { .. }))
        })
        .or_else(|| decisions.len().checked_sub(1))?;
    Some(decisions.swap_remove(place))
}

/// A rule set made ready for many flows.
///
/// Azure takes the first rule that matches, so the answer is found in two steps: per property of
/// the flow the rules that could match (a lookup each, precomputed), intersected; then the first
/// of those, judged exactly.
#[derive(Debug)]
pub struct Judge<'a> {
    set: &'a RuleSet,
    /// Each different scope once: rules share tags.
    extents: Vec<Extent>,
    /// Of each rule the places of its source and destination among `extents`.
    sides: Vec<(usize, usize)>,
    sources: Table,
    destinations: Table,
    ports: PortTable,
    /// By [`Protocol`].
    protocols: [Candidates; Protocol::ALL.len()],
    outbound: Candidates,
}

/// How far a rule's property is met.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Match {
    Yes,
    Maybe(Missing),
    No,
}

impl<'a> Judge<'a> {
    /// Makes `set` ready, with what is known of the world.
    #[must_use]
    pub fn new(set: &'a RuleSet, knowledge: Knowledge<'_>) -> Self {
        let mut places = HashMap::new();
        let mut extents = Vec::new();
        let mut intern = |scope: &'a Scope| {
            *places.entry(scope).or_insert_with(|| {
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
        // What a name decides, no address can rule out.
        let reach = |scope: &Scope, place: usize| {
            if scope.names.is_empty() { Some(extents[place].possible()) } else { None }
        };
        let sources = Table::new(
            rules
                .iter()
                .zip(&sides)
                .map(|(rule, (source, _))| (*source, reach(&rule.source, *source))),
        );
        let destinations = Table::new(rules.iter().zip(&sides).map(|(rule, (_, destination))| {
            (*destination, reach(&rule.destination, *destination))
        }));
        let ports = PortTable::new(rules.iter().map(|rule| rule.destination_ports.known()));
        let protocols = Protocol::ALL.map(|protocol| {
            Candidates::of(rules, |rule| {
                rule.protocols.known().is_none_or(|set| set.contains(protocol))
            })
        });
        let outbound = Candidates::of(rules, |rule| rule.may_look(Direction::Outbound));
        Self { set, extents, sides, sources, destinations, ports, protocols, outbound }
    }

    /// The set.
    #[must_use]
    pub const fn set(&self) -> &'a RuleSet {
        self.set
    }

    /// What becomes of `flow`.
    #[must_use]
    pub fn decide(&self, flow: &Flow) -> Decision<'a> {
        let all = &self.outbound;
        let candidates = [
            all,
            &self.protocols[flow.protocol as usize],
            flow.port.map_or(all, |port| self.ports.find(port)),
            flow.source.map_or(all, |source| self.sources.find(source)),
        ];
        let destinations = flow.address.map_or(all, |address| self.destinations.find(address));
        for place in destinations.common(&candidates) {
            let by = &self.set.rules()[place];
            match self.rule_matches(place, flow) {
                Match::No => {}
                Match::Maybe(missing) => return Decision::Undecided { by, missing },
                Match::Yes => return settle(by),
            }
        }
        // The last rule of a set matches everything.
        settle(&self.set.rules()[self.set.rules().len() - 1])
    }

    /// The extent of a rule's destination.
    pub(super) fn destination(&self, place: usize) -> &Extent {
        &self.extents[self.sides[place].1]
    }

    /// The extent of a rule's source.
    pub(super) fn source(&self, place: usize) -> &Extent {
        &self.extents[self.sides[place].0]
    }

    fn rule_matches(&self, place: usize, flow: &Flow) -> Match {
        let rule = &self.set.rules()[place];
        self.properties_match(place, flow)
            .and(|| destination_matches(&rule.destination, self.destination(place), flow))
    }

    /// Everything but the destination's address and name.
    pub(super) fn is_met_but_for_destination(&self, place: usize, flow: &Flow) -> Met {
        match self.properties_match(place, flow) {
            Match::Yes => Met::Surely,
            Match::Maybe(_) => Met::Perhaps,
            Match::No => Met::Not,
        }
    }

    fn properties_match(&self, place: usize, flow: &Flow) -> Match {
        let rule = &self.set.rules()[place];
        setting(&rule.direction, |direction| *direction == Direction::Outbound)
            .and(|| setting(&rule.protocols, |protocols| protocols.contains(flow.protocol)))
            .and(|| match (&rule.destination_ports, flow.port) {
                _ if !flow.protocol.has_ports() => Match::Yes,
                (ports, Some(port)) => setting(ports, |ports| ports.contains(port)),
                (Setting::Known(ports), None) if ports.is_any() => Match::Yes,
                (_, None) => Match::Maybe(Missing::Port),
            })
            .and(|| match &rule.source_ports {
                _ if !flow.protocol.has_ports() => Match::Yes,
                Setting::Known(ports) if ports.is_any() => Match::Yes,
                Setting::Known(_) => Match::Maybe(Missing::SourcePort),
                Setting::Unknown(missing) => Match::Maybe(missing.clone()),
            })
            .and(|| source_matches(&rule.source, self.source(place), flow))
            .and(|| match &rule.priority {
                // It may come anywhere, so that another may come first.
                Setting::Unknown(missing) => Match::Maybe(missing.clone()),
                Setting::Known(_) => Match::Yes,
            })
    }
}

/// How far a rule meets a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Met {
    /// It does.
    Surely,
    /// It may.
    Perhaps,
    /// It does not.
    Not,
}

impl Match {
    /// Both must be met; what is surely not met needs no more knowledge.
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

fn destination_matches(scope: &Scope, extent: &Extent, flow: &Flow) -> Match {
    let by_name = match &flow.name {
        _ if scope.names.is_empty() => Match::No,
        Some(name) if scope.names.iter().any(|pattern| pattern.matches(name)) => Match::Yes,
        Some(_) => Match::No,
        None => Match::Maybe(Missing::Name),
    };
    if by_name == Match::Yes {
        return by_name;
    }
    match flow.address.map(|address| held(extent, address)) {
        Some(Match::No) => by_name,
        Some(by_address) => by_address,
        None if extent.known.is_everything() => Match::Yes,
        None if extent.possible().is_empty() => by_name,
        None => Match::Maybe(Missing::Address),
    }
}

fn settle(by: &Rule) -> Decision<'_> {
    match &by.access {
        Setting::Known(Access::Allow) => Decision::Allow { by },
        Setting::Known(Access::Deny) => Decision::Deny { by },
        Setting::Unknown(missing) => Decision::Undecided { by, missing: missing.clone() },
    }
}

fn setting<T>(setting: &Setting<T>, is_met: impl FnOnce(&T) -> bool) -> Match {
    match setting {
        Setting::Known(value) if is_met(value) => Match::Yes,
        Setting::Known(_) => Match::No,
        Setting::Unknown(missing) => Match::Maybe(missing.clone()),
    }
}

fn held(extent: &Extent, address: IpAddr) -> Match {
    if extent.known.contains(address) {
        return Match::Yes;
    }
    extent
        .open
        .iter()
        .find(|(within, _)| within.contains(address))
        .map_or(Match::No, |(_, missing)| Match::Maybe(missing.clone()))
}

/// A flow whose source is not given leaves from this host, which is in the virtual network: an
/// outbound rule's `VirtualNetwork` holds it and `Internet` does not (Azure evaluates addresses
/// as they are before translation).
fn source_matches(scope: &Scope, extent: &Extent, flow: &Flow) -> Match {
    let is = |tag: &str, word: &str| tag.eq_ignore_ascii_case(word);
    let is_own_network = || scope.tags.iter().any(|tag| is(tag, "VirtualNetwork"));
    match flow.source {
        Some(source) => match held(extent, source) {
            // The host of the rules is in the virtual network, whatever its address.
            Match::Maybe(Missing::VirtualNetwork) => Match::Yes,
            other => other,
        },
        None if is_own_network() => Match::Yes,
        None => {
            let holds_family = match flow.address {
                Some(IpAddr::V4(_)) => extent.known.v4().is_full(),
                Some(IpAddr::V6(_)) => extent.known.v6().is_full(),
                None => extent.known.is_everything(),
            };
            let is_internet_alone = scope.addresses.is_empty()
                && scope.unknown.is_empty()
                && scope.tags.iter().all(|tag| is(tag, "Internet"));
            if holds_family {
                Match::Yes
            } else if is_internet_alone {
                Match::No
            } else {
                extent.open.first().map_or(Match::Maybe(Missing::Source), |(_, missing)| {
                    Match::Maybe(missing.clone())
                })
            }
        }
    }
}

#[cfg(test)]
mod tests;
