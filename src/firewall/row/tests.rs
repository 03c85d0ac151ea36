//! Rows of random groups, route tables and appliances, against the words of Azure's documentation:
//! the longest prefix wins, at equal length the user's route, and all that a flow meets must allow.

use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::firewall::nsg::{self, RuleFile};
use crate::firewall::{NetworkContext, diff, read_flows};
use crate::model::AddressSet;

const PRIVATE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 0);
const PUBLIC: Ipv4Addr = Ipv4Addr::new(40, 0, 0, 0);
const HOSTS: u8 = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NextHop {
    Appliance,
    Internet,
    Nowhere,
    Local,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RuleTarget {
    Anything,
    Network,
    Internet,
    Prefix(Ipv4Net),
}

#[derive(Clone, Debug)]
struct WrittenRule {
    priority: u32,
    is_allow: bool,
    target: RuleTarget,
}

type WrittenRoutes = Vec<(Ipv4Net, NextHop)>;

/// A row, before it is written down.
#[derive(Clone, Debug)]
struct WrittenRow {
    network: Option<Vec<Ipv4Net>>,
    groups: [Vec<WrittenRule>; 2],
    routes: Option<WrittenRoutes>,
    appliance: Vec<Ipv4Net>,
    routes_of_appliance: Option<WrittenRoutes>,
    /// Whether the tables take the routes that a gateway learned.
    takes_learned_routes: bool,
}

/// What a stage does, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Allow,
    Deny,
    Open,
}

fn any_prefix() -> impl Strategy<Value = Ipv4Net> {
    let base = prop_oneof![Just(PRIVATE), Just(PUBLIC)];
    (base, 0..HOSTS, 28..=32_u8).prop_map(|(base, host, length)| {
        let address = Ipv4Addr::from_bits(base.to_bits() + u32::from(host));
        Ipv4Net::new(address, length).unwrap().trunc()
    })
}

fn any_routes() -> impl Strategy<Value = Option<WrittenRoutes>> {
    let prefix = prop_oneof![
        3 => any_prefix(),
        1 => Just("0.0.0.0/0".parse().unwrap()),
        1 => Just("10.0.0.0/8".parse().unwrap()),
    ];
    let hop = prop_oneof![
        3 => Just(NextHop::Appliance),
        1 => Just(NextHop::Internet),
        1 => Just(NextHop::Nowhere),
        1 => Just(NextHop::Local),
    ];
    proptest::option::weighted(
        0.8,
        proptest::collection::vec((prefix, hop), 0..6).prop_map(|mut routes| {
            // Azure refuses two routes of one prefix.
            routes.sort_by_key(|(prefix, _)| *prefix);
            routes.dedup_by_key(|(prefix, _)| *prefix);
            routes
        }),
    )
}

fn any_group() -> impl Strategy<Value = Vec<WrittenRule>> {
    let target = prop_oneof![
        1 => Just(RuleTarget::Anything),
        2 => Just(RuleTarget::Network),
        2 => Just(RuleTarget::Internet),
        2 => any_prefix().prop_map(RuleTarget::Prefix),
    ];
    let rules = proptest::collection::vec((100..4096_u32, any::<bool>(), target), 0..4);
    rules.prop_map(|mut rules| {
        rules.sort_by_key(|(priority, ..)| *priority);
        rules.dedup_by_key(|(priority, ..)| *priority);
        let written = |(priority, is_allow, target)| WrittenRule { priority, is_allow, target };
        rules.into_iter().map(written).collect()
    })
}

fn any_world() -> impl Strategy<Value = WrittenRow> {
    (
        proptest::option::of(proptest::collection::vec(any_prefix(), 1..4)),
        [any_group(), any_group()],
        any_routes(),
        proptest::collection::vec(any_prefix(), 1..4),
        any_routes(),
        any::<bool>(),
    )
        .prop_map(|(network, groups, routes, appliance, routes_of_appliance, takes)| {
            WrittenRow {
                network,
                groups,
                routes,
                appliance,
                routes_of_appliance,
                takes_learned_routes: takes,
            }
        })
}

impl WrittenRow {
    fn group(&self, rules: &[WrittenRule], to: Ipv4Addr) -> Fate {
        let own = |priority, is_allow, target| WrittenRule { priority, is_allow, target };
        let mut all = rules.to_vec();
        all.push(own(65_000, true, RuleTarget::Network));
        all.push(own(65_001, true, RuleTarget::Internet));
        all.push(own(65_500, false, RuleTarget::Anything));
        match &*self.possible(&all, to) {
            [true] => Fate::Allow,
            [false] => Fate::Deny,
            _ => Fate::Open,
        }
    }

    /// Every end that these rules may have, in any world that the doubts allow.
    fn possible(&self, rules: &[WrittenRule], to: Ipv4Addr) -> Vec<bool> {
        let [first, rest @ ..] = rules else { panic!("the last rule matches") };
        let is_named = self.user_routes().any(|own| own.prefix_len() > 0 && own.contains(&to));
        let is_in_network = self.network.iter().flatten().any(|own| own.contains(&to));
        let (is_held, is_doubted) = match first.target {
            RuleTarget::Anything => (true, false),
            RuleTarget::Prefix(prefix) => (prefix.contains(&to), false),
            RuleTarget::Network if is_in_network || is_named => (true, false),
            // What may match for want of the network's prefixes decides `unknown` at once.
            RuleTarget::Network if self.network.is_none() && to.is_private() => {
                return vec![true, false];
            }
            RuleTarget::Network => (false, self.user_routes().any(|own| own.prefix_len() == 0)),
            RuleTarget::Internet if to.is_private() || is_in_network => (false, false),
            RuleTarget::Internet => (!is_named, is_named),
        };
        if is_held {
            return vec![first.is_allow];
        }
        let mut ends = self.possible(rest, to);
        if is_doubted && !ends.contains(&first.is_allow) {
            ends.push(first.is_allow);
        }
        ends
    }

    fn user_routes(&self) -> impl Iterator<Item = &Ipv4Net> {
        self.routes.iter().flatten().map(|(prefix, _)| prefix)
    }

    /// The next hop; `None` where a prefix of the network could be longer, or where a prefix of
    /// `--vnet` could be behind a gateway.
    fn hop(&self, routes: &WrittenRoutes, to: Ipv4Addr) -> Option<NextHop> {
        let leads_elsewhere = |hop| matches!(hop, NextHop::Appliance | NextHop::Nowhere);
        let of_user = routes.iter().filter(|(prefix, _)| prefix.contains(&to));
        let own = self.network.iter().flatten().filter(|prefix| prefix.contains(&to));
        let own = own.max_by_key(|prefix| prefix.prefix_len());
        // A user's route wins where it is as long.
        let least = own.map_or(0, Ipv4Net::prefix_len);
        let longest = of_user.max_by_key(|(prefix, _)| prefix.prefix_len());
        if let Some((prefix, hop)) = longest.filter(|(prefix, _)| prefix.prefix_len() >= least) {
            let could_be_longer =
                self.network.is_none() && to.is_private() && prefix.prefix_len() < 32;
            return (!could_be_longer || !leads_elsewhere(*hop)).then_some(*hop);
        }
        let Some(own) = own else { return Some(NextHop::Internet) };
        let is_one_of_several = self.network.as_ref().is_some_and(|all| all.len() > 1);
        let is_sure = self.takes_learned_routes
            || !is_one_of_several
            || own.contains(&self.source().unwrap())
            || !longest.is_some_and(|(_, hop)| leads_elsewhere(*hop));
        is_sure.then_some(NextHop::Local)
    }

    /// The host is in the first prefix of its network.
    fn source(&self) -> Option<Ipv4Addr> {
        Some(self.network.as_ref()?[0].addr())
    }

    fn outcome(&self, to: Ipv4Addr) -> Fate {
        let mut stages: Vec<_> = self.groups.iter().map(|rules| self.group(rules, to)).collect();
        match self.routes.as_ref().map(|routes| self.hop(routes, to)) {
            Some(None) => stages.push(Fate::Open),
            Some(Some(NextHop::Nowhere)) => stages.push(Fate::Deny),
            Some(Some(NextHop::Internet | NextHop::Local)) => {}
            // Without routes of its own the node is taken to be behind the appliance.
            None | Some(Some(NextHop::Appliance)) => {
                let is_allowed = self.appliance.iter().any(|own| own.contains(&to));
                stages.push(if is_allowed { Fate::Allow } else { Fate::Deny });
                if let Some(routes) = &self.routes_of_appliance {
                    stages.push(match self.hop(routes, to) {
                        // The rules of a second appliance are not given.
                        None | Some(NextHop::Appliance) => Fate::Open,
                        Some(NextHop::Nowhere) => Fate::Deny,
                        Some(NextHop::Internet | NextHop::Local) => Fate::Allow,
                    });
                }
            }
        }
        [Fate::Deny, Fate::Open].into_iter().find(|own| stages.contains(own)).unwrap_or(Fate::Allow)
    }

    /// The files of the row.
    fn texts(&self) -> Vec<String> {
        let rule = |own: &WrittenRule| {
            let target = match own.target {
                RuleTarget::Anything => "*".to_owned(),
                RuleTarget::Network => "VirtualNetwork".to_owned(),
                RuleTarget::Internet => "Internet".to_owned(),
                RuleTarget::Prefix(prefix) => prefix.to_string(),
            };
            json!({"name": format!("r{}", own.priority), "priority": own.priority,
                "access": if own.is_allow { "Allow" } else { "Deny" }, "direction": "Outbound",
                "protocol": "*", "sourceAddressPrefix": "*", "sourcePortRange": "*",
                "destinationAddressPrefix": target, "destinationPortRange": "*"})
        };
        let group = |rules: &Vec<WrittenRule>| {
            let rules: Vec<_> = rules.iter().map(rule).collect();
            json!({"name": "nsg", "securityRules": rules}).to_string()
        };
        let route = |(prefix, hop): &(Ipv4Net, NextHop)| {
            let hop = match hop {
                NextHop::Appliance => "VirtualAppliance",
                NextHop::Internet => "Internet",
                NextHop::Nowhere => "None",
                NextHop::Local => "VnetLocal",
            };
            json!({"name": prefix.to_string(), "properties": {"addressPrefix": prefix,
                "nextHopType": hop, "nextHopIpAddress": "10.9.9.9"}})
        };
        let table = |routes: &WrittenRoutes, subnets: Value| {
            let routes: Vec<_> = routes.iter().map(route).collect();
            let keeps_out = !self.takes_learned_routes;
            json!({"name": "rt", "disableBgpRoutePropagation": keeps_out, "subnets": subnets,
                "routes": routes})
            .to_string()
        };
        let firewall = json!([{"id": "/x/virtualNetworks/hub/subnets/AzureFirewallSubnet"}]);
        let list: Vec<_> = self.appliance.iter().map(ToString::to_string).collect();
        let mut texts = vec![list.join("\n")];
        texts.extend(self.routes_of_appliance.iter().map(|own| table(own, firewall.clone())));
        texts.extend(self.routes.iter().map(|own| table(own, json!([]))));
        texts.extend(self.groups.iter().map(group));
        texts
    }

    fn sets(&self) -> Vec<RuleSet> {
        let texts = self.texts();
        let files: Vec<_> = texts.iter().map(|text| RuleFile { name: "file", text }).collect();
        let network: Vec<_> = self.network.iter().flatten().copied().map(IpNet::V4).collect();
        in_azures_order(nsg::read(&files).unwrap(), &network).unwrap()
    }
}

fn judges<'a>(world: &WrittenRow, sets: &'a [RuleSet]) -> Vec<RuleJudge<'a>> {
    let network: Option<AddressSet> =
        world.network.as_ref().map(|own| own.iter().copied().map(IpNet::V4).collect());
    let routes = user_routes(sets);
    let facts = NetworkContext {
        virtual_network: network.as_ref(),
        user_routes: Some(&routes),
        ..NetworkContext::default()
    };
    sets.iter().map(|set| RuleJudge::new(set, facts)).collect()
}

fn flows(world: &WrittenRow) -> Vec<(Ipv4Addr, Flow)> {
    let source = world.source().map(|own| own.to_string()).unwrap_or_default();
    let flow = |to: Ipv4Addr| {
        let line = format!("{to},443,tcp,{source}");
        (to, read_flows(&line, "flow").unwrap().remove(0))
    };
    let hosts = |base: Ipv4Addr| {
        (0..=HOSTS).map(move |host| Ipv4Addr::from_bits(base.to_bits() + u32::from(host)))
    };
    hosts(PRIVATE).chain(hosts(PUBLIC)).map(flow).collect()
}

fn decided(judges: &[RuleJudge<'_>], flow: &Flow) -> Fate {
    match decide_in_a_row(judges, flow).unwrap().1 {
        Decision::Allow { .. } => Fate::Allow,
        Decision::Deny { .. } => Fate::Deny,
        Decision::Undecided { .. } => Fate::Open,
    }
}

proptest! {
    #[test]
    fn rows_agree_with_the_longest_prefix(world in any_world()) {
        let sets = world.sets();
        let judges = judges(&world, &sets);
        for (to, flow) in flows(&world) {
            prop_assert_eq!(decided(&judges, &flow), world.outcome(to), "{}: {:?}", to, &world);
        }
    }

    /// The space of a change says of no flow what deciding it does not say.
    #[test]
    fn changes_of_rows_agree_with_deciding(
        before in any_world(),
        other in any_world(),
        part in 0..4,
    ) {
        let mut after = before.clone();
        match part {
            0 => after.routes = other.routes,
            1 => after.groups = other.groups,
            2 => after.routes_of_appliance = other.routes_of_appliance,
            _ => after.appliance = other.appliance,
        }
        let (was, is) = (before.sets(), after.sets());
        let (was, is) = (judges(&before, &was), judges(&after, &is));
        let seen = diff(&was, &is, &[], None);
        for (to, flow) in flows(&before) {
            let holds = |spaces: &[crate::firewall::ChangedSpace<'_>]| {
                spaces.iter().any(|own| {
                    own.direction == flow.direction
                        && own.protocols.contains(flow.protocol)
                        && own.peers.contains(to.into())
                        && flow.source.is_none_or(|source| own.own.contains(source))
                })
            };
            let sides = (decided(&was, &flow), decided(&is, &flow));
            let is_right = match sides {
                (Fate::Deny, Fate::Allow) => holds(&seen.admitted),
                (Fate::Allow, Fate::Deny) => holds(&seen.no_longer_admitted),
                (was, is) => {
                    (!holds(&seen.admitted) || was != Fate::Allow && is != Fate::Deny)
                        && (!holds(&seen.no_longer_admitted)
                            || was != Fate::Deny && is != Fate::Allow)
                }
            };
            prop_assert!(is_right, "{to}: {sides:?} {before:?} {after:?}");
        }
    }
}

/// What is not known of a route may lead past the appliance, to deciding and to comparing alike.
#[test]
fn a_route_of_an_unknown_hop_denies_nothing_for_sure() {
    let route = |hop: &str| {
        json!({"name": "rt", "routes": [{"name": "r", "properties": {
            "addressPrefix": "40.0.0.0/8", "nextHopType": hop}}]})
        .to_string()
    };
    let appliance = RuleFile { name: "list", text: "1.1.1.1\n" };
    let of = |text: &str| {
        let sets = nsg::read(&[RuleFile { name: "rt", text }, appliance]).unwrap();
        in_azures_order(sets, &[]).unwrap()
    };
    let (open, direct) = (of(&route("Elsewhere")), of(&route("Internet")));
    let facts = NetworkContext::default();
    let [open, direct] = [&open, &direct]
        .map(|sets| sets.iter().map(|set| RuleJudge::new(set, facts)).collect::<Vec<_>>());
    let flow = &read_flows("40.0.0.1,443,tcp", "flow").unwrap()[0];
    assert_eq!([decided(&open, flow), decided(&direct, flow)], [Fate::Open, Fate::Allow]);
    let seen = diff(&open, &direct, &[], None);
    assert!(seen.admitted.is_empty() && !seen.undecided.is_empty(), "{seen:?}");
}
