//! The space of flows, cut where rules begin or end to match. Within a slice everything but the
//! address of the other end is alike to all rules.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::fate::{Fates, RulePart, fact};
use crate::firewall::decide::{BY_PLATFORM, RuleJudge, ignores_direction};
use crate::firewall::missing::{Missing, Property};
use crate::firewall::port::{PortSet, Protocol, ProtocolSet};
use crate::firewall::row::{is_appliance, is_group, leads_to_appliance};
use crate::firewall::rule::{Direction, Onward, Rule, RuleDialect};
use crate::firewall::scope::{Extent, PLATFORM_ADDRESSES, Scope};
use crate::model::{AddressSet, IntervalMap, Ranges, SetInterner};

/// A rule that matches flows of a slice, or may.
#[derive(Clone, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) rule: &'a Rule,
    /// The extent of the other end's addresses.
    pub(super) peer: &'a Extent,
    /// The parts that may or may not match, each with the facts that decide it.
    pub(super) doubts: Vec<(RulePart, Vec<Missing>)>,
    /// The number of this rule's addresses, access and way onward, as they are compared between
    /// both sides.
    content: usize,
}

/// The kind of flows in a slice.
#[derive(Clone, Debug)]
pub(super) struct FlowKind {
    pub(super) direction: Direction,
    pub(super) protocols: ProtocolSet,
    pub(super) ports: PortSet,
    /// The addresses of this host.
    pub(super) own: AddressSet,
}

/// Two rows of rule sets, which are compared.
pub(super) struct Sides<'a> {
    /// Before and after.
    rows: [&'a [RuleJudge<'a>]; 2],
    /// The addresses of this host, where they are known.
    own: AddressSet,
}

/// A rule of one of the sets, with the addresses that it matches.
struct Entry<'a> {
    /// Before or after, and the index of the set.
    place: (usize, usize),
    rule: &'a Rule,
    dialect: RuleDialect,
    own: Arc<Extent>,
    peer: &'a Extent,
    content: usize,
    /// The ports on which it applies at most, whatever its own ports are.
    limit: PortSet,
}

/// The addresses that a search is about. Azure treats flows to its platform unlike all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PeerKind {
    Ordinary,
    Platform,
}

impl<'a> Sides<'a> {
    pub(super) fn new(
        before: &'a [RuleJudge<'a>],
        after: &'a [RuleJudge<'a>],
        own: Option<&AddressSet>,
    ) -> Self {
        Self { rows: [before, after], own: own.cloned().unwrap_or_else(AddressSet::everything) }
    }

    /// Calls `see` with the fates of the flows of every slice in which the sides have different
    /// rules.
    pub(super) fn each_slice(&self, mut see: impl FnMut(&FlowKind, [Fates<'a>; 2])) {
        for direction in [Direction::Outbound, Direction::Inbound] {
            let sets = || self.rows.iter().flat_map(|row| row.iter());
            if direction == Direction::Inbound
                && sets().all(|judge| ignores_direction(judge.set().dialect))
            {
                continue;
            }
            for destination in [PeerKind::Ordinary, PeerKind::Platform] {
                let entries = self.entries(direction, destination);
                if destination == PeerKind::Ordinary
                    || (direction == Direction::Outbound
                        && entries.iter().any(|entry| entry.dialect != RuleDialect::AzureFirewall))
                {
                    self.cut_protocols(direction, destination, &entries, &mut see);
                }
            }
        }
    }

    /// The rules for this direction, in the order of their sets.
    fn entries(&self, direction: Direction, destination: PeerKind) -> Vec<Entry<'a>> {
        let mut contents: HashMap<_, usize> = HashMap::new();
        let mut owns: HashMap<&Scope, Arc<Extent>> = HashMap::new();
        let mut entries = Vec::new();
        for (side, row) in self.rows.iter().enumerate() {
            for (number, judge) in row.iter().enumerate() {
                let dialect = judge.set().dialect;
                for (index, rule) in judge.set().rules().iter().enumerate() {
                    if !ignores_direction(dialect) && !rule.may_look(direction) {
                        continue;
                    }
                    let (own, peer) = match direction {
                        Direction::Outbound => (&rule.source, judge.destination(index)),
                        Direction::Inbound => (&rule.destination, judge.source(index)),
                    };
                    let Some(limit) = applies(rule, dialect, destination) else { continue };
                    let extent = owns
                        .entry(own)
                        .or_insert_with(|| {
                            let extent = match direction {
                                Direction::Outbound => judge.source(index),
                                Direction::Inbound => judge.destination(index),
                            };
                            Arc::new(of_this_host(own, extent))
                        })
                        .clone();
                    let open: Vec<_> = peer
                        .open
                        .iter()
                        .map(|(within, missing)| (within.clone(), fact(missing, rule)))
                        .collect();
                    let access = match &rule.access {
                        Property::Known(access) => Property::Known(*access),
                        Property::Unknown(missing) => Property::Unknown(fact(missing, rule)),
                    };
                    let next = contents.len();
                    let content = *contents
                        .entry((peer.known.clone(), open, access, rule.onward.clone()))
                        .or_insert(next);
                    entries.push(Entry {
                        place: (side, number),
                        rule,
                        dialect,
                        own: extent,
                        peer,
                        content,
                        limit,
                    });
                }
            }
        }
        entries
    }

    fn cut_protocols(
        &self,
        direction: Direction,
        destination: PeerKind,
        entries: &[Entry<'a>],
        see: &mut impl FnMut(&FlowKind, [Fates<'a>; 2]),
    ) {
        // Protocols that no rule tells apart are looked at together.
        let mut alike: BTreeMap<(bool, Vec<bool>), ProtocolSet> = BTreeMap::new();
        for protocol in Protocol::ALL {
            let could = |entry: &Entry<'_>| {
                entry.rule.protocols.known().is_none_or(|set| set.contains(protocol))
            };
            let key = (protocol.has_ports(), entries.iter().map(could).collect());
            let own = alike.entry(key).or_default();
            *own = own.union(protocol.into());
        }
        for ((has_ports, held), protocols) in alike {
            let held = held.iter().enumerate().filter_map(|(index, is)| is.then_some(index));
            let held: Vec<_> = held.collect();
            let slices = if has_ports {
                cut_ports(entries, &held)
            } else {
                let all = held.into_iter().filter(|index| entries[*index].limit.is_any());
                vec![(PortSet::any(), all.collect())]
            };
            for (ports, indices) in slices {
                let kind = FlowKind { direction, protocols, ports, own: AddressSet::new() };
                let entries: Vec<_> = indices.iter().map(|index| &entries[*index]).collect();
                self.cut_own(&kind, has_ports, destination, &entries, see);
            }
        }
    }

    /// Cuts by the address of this host.
    fn cut_own(
        &self,
        kind: &FlowKind,
        has_ports: bool,
        destination: PeerKind,
        entries: &[&Entry<'a>],
        see: &mut impl FnMut(&FlowKind, [Fates<'a>; 2]),
    ) {
        for (own, parts) in own_classes(entries, &self.own) {
            let mut rows: [Vec<Vec<Candidate<'a>>>; 2] =
                self.rows.map(|row| row.iter().map(|_| Vec::new()).collect());
            for (entry, part) in entries.iter().zip(&parts) {
                let facts = match part {
                    OwnPart::Outside => continue,
                    OwnPart::Known => None,
                    OwnPart::Open(facts) => Some(facts.clone()),
                };
                let (side, set) = entry.place;
                rows[side][set].push(entry.candidate(has_ports, facts));
            }
            if is_alike(&rows) && self.ends_are_alike(kind.direction, destination) {
                continue;
            }
            let peers = peers(kind.direction, destination, &own);
            let fates = [0, 1].map(|side| {
                let fates = |is_wanted: fn(RuleDialect) -> bool| {
                    self.rows[side]
                        .iter()
                        .zip(&rows[side])
                        .filter(|(judge, _)| is_wanted(judge.set().dialect))
                        .map(|(judge, candidates)| {
                            Fates::of_set(candidates, &peers, last_rule(judge, destination))
                        })
                        .reduce(Fates::and)
                };
                let gated =
                    |gate: Option<Fates<'a>>, next: Option<Fates<'a>>, onward: &Onward| match (
                        gate, next,
                    ) {
                        (Some(gate), Some(next)) => Some(gate.gate(next, onward)),
                        (gate, next) => gate.or(next),
                    };
                let groups = fates(is_group);
                let admin = fates(|own| own == RuleDialect::Admin);
                let groups = gated(admin, groups, &Onward::PastGroups);
                let routes = fates(leads_to_appliance);
                let appliances = gated(routes, fates(is_appliance), &Onward::Direct);
                match (groups, appliances) {
                    (Some(groups), Some(appliances)) => groups.and(appliances),
                    (groups, appliances) => groups.or(appliances).unwrap_or_default(),
                }
            });
            see(&FlowKind { own, ..kind.clone() }, fates);
        }
    }

    /// Whether flows that no rule matches end alike on both sides.
    fn ends_are_alike(&self, direction: Direction, destination: PeerKind) -> bool {
        let [before, after] =
            self.rows.map(|row| row.iter().map(|judge| judge.set().dialect).collect::<Vec<_>>());
        // Admin rules and routes lead flows past the sets behind them.
        if before != after {
            return false;
        }
        // The last rule of a set is for outbound flows, where it is a candidate like the others.
        if direction == Direction::Outbound && destination == PeerKind::Ordinary {
            return true;
        }
        let ends = self.rows.map(|row| {
            row.iter().map(|judge| &last_rule(judge, destination).access).collect::<Vec<_>>()
        });
        ends[0] == ends[1]
    }
}

/// The ports on which a rule applies to flows to these addresses, whatever its own ports are;
/// `None` where it does not.
fn applies(rule: &Rule, dialect: RuleDialect, destination: PeerKind) -> Option<PortSet> {
    const LICENSING: u16 = 1688;
    if destination == PeerKind::Ordinary || dialect == RuleDialect::List {
        return Some(PortSet::any());
    }
    if dialect == RuleDialect::AzureFirewall || dialect.is_routes() {
        return None;
    }
    let names = |tag: &str| rule.destination.tags.iter().any(|own| own.eq_ignore_ascii_case(tag));
    if names("AzurePlatformDNS") || names("AzurePlatformIMDS") {
        Some(PortSet::any())
    } else {
        names("AzurePlatformLKM").then(|| LICENSING.into())
    }
}

/// The rule that decides where no other does.
fn last_rule<'a>(judge: &RuleJudge<'a>, destination: PeerKind) -> &'a Rule {
    let rules = judge.set().rules();
    match (destination, judge.set().dialect) {
        (PeerKind::Ordinary, _) | (_, RuleDialect::List) => &rules[rules.len() - 1],
        (PeerKind::Platform, _) => &BY_PLATFORM,
    }
}

/// The addresses that flows of this host go to or come from.
fn peers(direction: Direction, destination: PeerKind, own: &AddressSet) -> AddressSet {
    let platform: AddressSet = PLATFORM_ADDRESSES.into_iter().collect();
    let everything = AddressSet::from_ranges(
        if own.v4().is_empty() { Ranges::default() } else { Ranges::full() },
        if own.v6().is_empty() { Ranges::default() } else { Ranges::full() },
    );
    match (direction, destination) {
        (Direction::Inbound, _) => everything,
        (Direction::Outbound, PeerKind::Ordinary) => everything.difference(&platform),
        (Direction::Outbound, PeerKind::Platform) => everything.intersection(&platform),
    }
}

/// The addresses of this host that a rule matches. The host is in the virtual network, whatever its
/// address.
fn of_this_host(scope: &Scope, extent: &Extent) -> Extent {
    if scope.holds_unknown_network(extent) {
        Extent { known: AddressSet::everything(), open: Vec::new() }
    } else {
        extent.clone()
    }
}

/// The ports at which the same rules apply, with the indices of these rules.
fn cut_ports(entries: &[Entry<'_>], held: &[usize]) -> Vec<(PortSet, Vec<usize>)> {
    let mut runs = Vec::new();
    for index in held {
        let entry = &entries[*index];
        let limit = entry.limit.ranges();
        let ports = match &entry.rule.destination_ports {
            Property::Known(ports) => ports.ranges().intersection(limit),
            Property::Unknown(_) => limit.clone(),
        };
        runs.extend(ports.runs().iter().map(|(first, last)| (*first, *last, *index)));
    }
    let mut interner = SetInterner::default();
    let map = IntervalMap::new(runs, &mut interner);
    let sets = interner.into_sets();
    let mut ports: BTreeMap<usize, Vec<(u16, u16)>> = BTreeMap::new();
    for (number, first) in map.starts().iter().enumerate() {
        let last = map.starts().get(number + 1).map_or(u16::MAX, |next| next - 1);
        ports.entry(map.set_of(number).index()).or_default().push((*first, last));
    }
    let slice = |(set, runs): (usize, Vec<_>)| (PortSet::from_runs(runs), sets[set].to_vec());
    ports.into_iter().map(slice).collect()
}

/// Whether a rule matches a class of this host's addresses.
#[derive(Clone, Debug)]
enum OwnPart {
    Known,
    Open(Vec<Missing>),
    Outside,
}

/// The classes of this host's addresses that no rule tells apart, with what each rule has of them.
fn own_classes(entries: &[&Entry<'_>], universe: &AddressSet) -> Vec<(AddressSet, Vec<OwnPart>)> {
    // Each different extent has a number, and so does each of its parts.
    let mut numbers: HashMap<*const Extent, usize> = HashMap::new();
    let mut extents: Vec<&Extent> = Vec::new();
    let of_entry: Vec<_> = entries
        .iter()
        .map(|entry| {
            *numbers.entry(Arc::as_ptr(&entry.own)).or_insert_with(|| {
                extents.push(&entry.own);
                extents.len() - 1
            })
        })
        .collect();
    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    for (number, extent) in extents.iter().enumerate() {
        let open = extent.open.iter().map(|(within, _)| within);
        for (part, addresses) in std::iter::once(&extent.known).chain(open).enumerate() {
            let part = (number, part);
            v4.extend(addresses.v4().runs().iter().map(|(first, last)| (*first, *last, part)));
            v6.extend(addresses.v6().runs().iter().map(|(first, last)| (*first, *last, part)));
        }
    }
    let mut interner = SetInterner::default();
    let v4 = IntervalMap::new(v4, &mut interner);
    let v6 = IntervalMap::new(v6, &mut interner);
    let mut runs_v4: BTreeMap<usize, Vec<(u32, u32)>> = BTreeMap::new();
    let mut runs_v6: BTreeMap<usize, Vec<(u128, u128)>> = BTreeMap::new();
    for (number, first) in v4.starts().iter().enumerate() {
        let last = v4.starts().get(number + 1).map_or(u32::MAX, |next| next - 1);
        runs_v4.entry(v4.set_of(number).index()).or_default().push((*first, last));
    }
    for (number, first) in v6.starts().iter().enumerate() {
        let last = v6.starts().get(number + 1).map_or(u128::MAX, |next| next - 1);
        runs_v6.entry(v6.set_of(number).index()).or_default().push((*first, last));
    }
    let sets = interner.into_sets();
    (0..sets.len())
        .filter_map(|set| {
            let v4 = runs_v4.remove(&set).unwrap_or_default();
            let v6 = runs_v6.remove(&set).unwrap_or_default();
            let class = AddressSet::from_ranges(Ranges::from_runs(v4), Ranges::from_runs(v6));
            let class = class.intersection(universe);
            let part_of = |extent: usize| {
                let parts = sets[set].iter().filter(|(own, _)| *own == extent);
                let parts: Vec<_> = parts.map(|(_, part)| *part).collect();
                match parts.first() {
                    None => OwnPart::Outside,
                    Some(0) => OwnPart::Known,
                    Some(_) => OwnPart::Open(
                        parts.iter().map(|part| extents[extent].open[part - 1].1.clone()).collect(),
                    ),
                }
            };
            let of_extents: Vec<_> = (0..extents.len()).map(part_of).collect();
            let parts = of_entry.iter().map(|extent| of_extents[*extent].clone()).collect();
            (!class.is_empty()).then_some((class, parts))
        })
        .collect()
}

impl<'a> Entry<'a> {
    /// The rule as a candidate for flows that it may match. `own` are the facts that decide whether
    /// it matches this host's address.
    fn candidate(&self, has_ports: bool, own: Option<Vec<Missing>>) -> Candidate<'a> {
        let rule = self.rule;
        let mut doubts = Vec::new();
        let mut doubt = |part, missing: &Missing| doubts.push((part, vec![fact(missing, rule)]));
        if let (Property::Unknown(missing), false) =
            (&rule.direction, ignores_direction(self.dialect))
        {
            doubt(RulePart::Direction, missing);
        }
        if let Property::Unknown(missing) = &rule.protocols {
            doubt(RulePart::Protocol, missing);
        }
        if has_ports {
            if let Property::Unknown(missing) = &rule.destination_ports {
                doubt(RulePart::Ports, missing);
            }
            match &rule.source_ports {
                Property::Known(ports) if ports.is_any() => {}
                Property::Known(ports) => {
                    doubt(RulePart::SourcePorts(ports.texts()), &Missing::SourcePort);
                }
                Property::Unknown(missing) => {
                    doubt(RulePart::SourcePorts(Vec::new()), missing);
                }
            }
        }
        if let Property::Unknown(missing) = &rule.priority {
            doubt(RulePart::Priority, missing);
        }
        if let Some(missing) = &rule.doubt {
            doubt(RulePart::InForce, missing);
        }
        if let Some(mut facts) = own {
            for one in &mut facts {
                *one = fact(one, rule);
            }
            facts.sort();
            doubts.push((RulePart::Own, facts));
        }
        Candidate { rule, peer: self.peer, doubts, content: self.content }
    }
}

/// Whether both sides have rules of the same content in the same order.
fn is_alike(rows: &[Vec<Vec<Candidate<'_>>>; 2]) -> bool {
    let [before, after] = rows;
    before.len() == after.len()
        && before.iter().zip(after).all(|(before, after)| {
            before.len() == after.len()
                && before.iter().zip(after).all(|(left, right)| {
                    left.content == right.content && left.doubts == right.doubts
                })
        })
}
