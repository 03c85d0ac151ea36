use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::firewall::{
    Access, Extent, Flow, NetworkContext, Onward, Protocol, RuleDialect, decide_in_a_row,
    in_azures_order, read_flows,
};
use crate::tags::{ServiceTag, ServiceTags};

/// `allow 100 tcp Storage 443,1433`, with `from SOURCE` or `inbound` behind it.
fn rule(text: &str) -> Rule {
    let words: Vec<_> = text.split_whitespace().collect();
    let [access, priority, protocol, destination, ports, rest @ ..] = &words[..] else {
        panic!("{text}")
    };
    let access = Access::parse(access).unwrap();
    let mut rule = Rule::outbound(&format!("r{priority}"), priority.parse().unwrap(), access);
    rule.protocols = ProtocolSet::parse(protocol).unwrap().into();
    rule.destination = side(destination);
    let ports = ports.split(',').map(|text| PortSet::parse(text).unwrap());
    rule.destination_ports = ports.fold(PortSet::default(), |all, own| all.union(&own)).into();
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        match *word {
            "from" => rule.source = side(rest.next().unwrap()),
            "inbound" => rule.direction = Direction::Inbound.into(),
            "maybe" => {
                let why = rest.next().unwrap();
                rule.access =
                    Property::Unknown(Missing::Value { path: "$".into(), why: (*why).into() });
            }
            other => panic!("{other}"),
        }
    }
    rule
}

fn side(text: &str) -> Scope {
    let mut scope = Scope::default();
    for part in text.split(',') {
        match part.strip_prefix("asg:") {
            Some(name) => scope.unknown.push(Missing::ApplicationGroup(name.into())),
            None => scope.add(part),
        }
    }
    scope
}

fn set(rules: &[&str]) -> RuleSet {
    of_rules(rules.iter().map(|text| rule(text)).collect())
}

fn of_rules(rules: Vec<Rule>) -> RuleSet {
    RuleSet::by_priority("nsg", "", RuleDialect::Nsg, rules)
}

/// Every space in a line: `+ tcp 443 13.66.60.0/24`.
fn lines(seen: &RulesDiff<'_>) -> Vec<String> {
    let line = |sign: &str, own: &ChangedSpace<'_>| {
        let shown = |set: &AddressSet| {
            let all: Vec<_> = set.prefixes().iter().map(ToString::to_string).collect();
            if set.is_everything() { "*".to_owned() } else { all.join(",") }
        };
        let direction = if own.direction == Direction::Inbound { " inbound" } else { "" };
        let own_side = shown(&own.own);
        let from = if own_side == "*" { String::new() } else { format!(" own {own_side}") };
        let missing: Vec<_> = own.missing.iter().map(ToString::to_string).collect();
        let why = if missing.is_empty() { String::new() } else { format!(" {}", missing.len()) };
        format!(
            "{sign} {} {} {}{from}{direction}{why}",
            own.protocols,
            own.ports,
            shown(&own.peers)
        )
    };
    let all = [("+", &seen.admitted), ("-", &seen.no_longer_admitted), ("?", &seen.undecided)];
    all.into_iter().flat_map(|(sign, own)| own.iter().map(move |own| line(sign, own))).collect()
}

fn compared(before: &[&str], after: &[&str]) -> (Vec<String>, Vec<String>) {
    let (before, after) = (set(before), set(after));
    let facts = NetworkContext::default();
    let [before, after] = [&before, &after].map(|set| [RuleJudge::new(set, facts)]);
    let seen = diff(&before, &after, &[], None);
    let rules = seen.without_effect.iter();
    let rules = rules.map(|own| format!("{} {}", own.rule.name, own.edit.as_str())).collect();
    (lines(&seen), rules)
}

#[test]
fn what_changes_is_said_once_and_exactly() {
    let relay = "allow 100 tcp 13.66.60.0/24 443";
    for (before, after, expected, idle) in [
        (&[relay][..], &[relay][..], &[][..], &[][..]),
        (&[relay], &["allow 110 tcp 13.66.60.0/24 443"], &[], &["r110 added", "r100 removed"]),
        (&[], &[relay], &["+ tcp 443 13.66.60.0/24"], &[]),
        (&[relay], &[], &["- tcp 443 13.66.60.0/24"], &[]),
        (&[relay], &["allow 100 tcp 13.66.60.0/23 443"], &["+ tcp 443 13.66.61.0/24"], &[]),
        // The same addresses at more ports and protocols are one line.
        (
            &[relay],
            &["allow 100 * 13.66.60.0/24 443,1000-2000"],
            &[
                "+ icmp,esp,ah * 13.66.60.0/24",
                "+ tcp 1000-2000 13.66.60.0/24",
                "+ udp 443,1000-2000 13.66.60.0/24",
            ],
            &[],
        ),
        (&[], &["allow 100 * 13.66.60.0/24 *"], &["+ any protocol * 13.66.60.0/24"], &[]),
        // An exception is exact, and a rule behind it changes nothing.
        (
            &[],
            &[
                "deny 90 * 10.0.0.0/31 *",
                "allow 100 tcp 10.0.0.0/30 443",
                "allow 110 tcp 10.0.0.3 443",
            ],
            &["+ tcp 443 10.0.0.2/31"],
            &["r90 added", "r110 added"],
        ),
        // Sources count, and both families.
        (
            &[],
            &["allow 100 tcp 10.1.0.0/31,fd00::/127 443 from 10.0.0.0/24"],
            &["+ tcp 443 10.1.0.0/31 own 10.0.0.0/24"],
            &[],
        ),
        (
            &["allow 100 tcp * 8060 from 10.0.0.0/24 inbound"],
            &["allow 100 tcp * 8060 from 10.0.0.0/25 inbound"],
            &["- tcp 8060 10.0.0.128/25 inbound"],
            &[],
        ),
        // Facts that are not known are named, and cancel out where they are the same.
        (
            &["allow 100 tcp Nowhere 443"],
            &["allow 110 tcp Nowhere 443"],
            &[],
            &["r110 added", "r100 removed"],
        ),
        (
            &["allow 100 tcp asg:a 443", "deny 200 * * *"],
            &["allow 100 tcp asg:b 443", "deny 200 * * *"],
            &["? tcp 443 * 2"],
            &[],
        ),
        (
            &["allow 100 tcp 10.0.0.1 443"],
            &["allow 100 tcp 10.0.0.1 443 maybe x"],
            &["? tcp 443 10.0.0.1/32 1"],
            &[],
        ),
        (
            &["allow 100 tcp 10.0.0.1 443 maybe x"],
            &["allow 100 tcp 10.0.0.1 443 maybe x", "deny 90 tcp 10.0.0.2 443"],
            &[],
            &["r90 added"],
        ),
    ] {
        // The platform's own addresses are left out of `*`.
        let (seen, unused) = compared(before, after);
        let seen: Vec<_> = seen.iter().map(|line| short(line)).collect();
        assert_eq!(seen, expected, "{before:?} {after:?}");
        assert_eq!(unused, idle, "{before:?} {after:?}");
    }
}

/// Everything but the platform's addresses is many prefixes.
fn short(line: &str) -> String {
    line.split(' ')
        .map(|word| if word.len() > 300 { "*" } else { word })
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn sets_are_paired_by_name_and_then_by_order_within_their_kind() {
    let named = |dialect, name: &str, rules: &[&str]| {
        RuleSet::by_priority(name, "", dialect, rules.iter().map(|text| rule(text)).collect())
    };
    let (nsg, admin) = (RuleDialect::Nsg, RuleDialect::Admin);
    let (narrow, wide) = ("allow 100 tcp 10.0.0.1 443", "allow 100 tcp 10.0.0.0/24 443");
    let before = [named(nsg, "kept", &[narrow]), named(nsg, "old", &[narrow])];
    let after = [
        named(admin, "first", &[narrow]),
        named(nsg, "new", &[wide]),
        named(nsg, "kept", &[narrow]),
    ];
    let facts = NetworkContext::default();
    let before: Vec<_> = before.iter().map(|set| RuleJudge::new(set, facts)).collect();
    let after: Vec<_> = after.iter().map(|set| RuleJudge::new(set, facts)).collect();
    let changed = changed_rules(&before, &after).into_iter().map(|(own, _)| {
        let what = (own.set, own.rule.name.as_str(), own.edit.as_str());
        format!("{} {} {}", what.0, what.1, what.2)
    });
    assert_eq!(
        changed.collect::<Vec<_>>(),
        ["first r100 added", "first (no rule) added", "new r100 modified"]
    );
}

#[test]
fn required_flows_are_lost_gained_or_unknown() {
    let before = set(&[
        "allow 100 tcp 13.66.60.0/24 443",
        "allow 110 tcp Nowhere 80",
        "deny 120 tcp 13.66.61.1 80",
    ]);
    let after = set(&[
        "allow 90 tcp 13.66.61.1 443",
        "deny 91 tcp 13.66.60.1 443",
        "allow 100 tcp 13.66.60.0/24 443",
        "allow 110 tcp Nowhere 80",
        "allow 120 tcp 13.66.61.1 80",
    ]);
    let facts = NetworkContext::default();
    let [before, after] = [&before, &after].map(|set| [RuleJudge::new(set, facts)]);
    let flows = read_flows(
        "13.66.60.1,443,tcp\n13.66.60.2,443,tcp\n13.66.61.1,443,tcp\n8.8.8.8,443,tcp\n\
         8.8.8.8,80,tcp\n13.66.61.1,80,tcp\n",
        "flows",
    )
    .unwrap();
    let required: Vec<_> = flows
        .into_iter()
        .map(|flow| Requirement::new(flow.clone(), flow.to_string(), "flow"))
        .collect();
    let seen = diff(&before, &after, &required, None);
    let seen: Vec<_> = seen
        .required
        .iter()
        .map(|own| {
            let (before, after) = (own.before.decision.by(), own.after.decision.by());
            format!("{} {} {}", own.change.as_str(), before.name, after.name)
        })
        .collect();
    assert_eq!(
        seen,
        [
            "lost r100 r91",
            "same r100 r100",
            "gained (no rule) r90",
            "same (no rule) (no rule)",
            "same r110 r110",
            "unknown r110 r110",
        ]
    );
}

/// What the unknown things of a random world are: the addresses of two tags and of a group, and
/// whether a condition holds.
#[derive(Clone, Copy, Debug)]
struct World {
    tags: [u8; 2],
    group: u8,
}

fn addresses(base: &str, bits: u8) -> Vec<IpAddr> {
    let IpAddr::V4(base) = base.parse().unwrap() else { panic!("{base}") };
    let all = (0..8).filter(|bit| bits & (1 << bit) != 0);
    all.map(|bit| IpAddr::V4((base.to_bits() + bit).into())).collect()
}

fn tag(name: &str, bits: u8) -> ServiceTag {
    let prefixes: Vec<ipnet::IpNet> =
        addresses("20.0.0.0", bits).into_iter().map(ipnet::IpNet::from).collect();
    ServiceTag {
        name: name.to_owned(),
        change_number: 1,
        region: String::new(),
        system_service: String::new(),
        addresses: prefixes.iter().copied().collect(),
        prefixes,
    }
}

fn any_side() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => (0..8_u8, 29..=32_u8).prop_map(|(host, length)| format!("20.0.0.{host}/{length}")),
        1 => Just("*".to_owned()),
        1 => Just("TagA".to_owned()),
        1 => Just("TagB".to_owned()),
        1 => Just("TagA,20.0.0.3".to_owned()),
        1 => Just("asg:group".to_owned()),
        1 => Just("TagA,TagB".to_owned()),
    ]
}

fn any_rule() -> impl Strategy<Value = String> {
    (
        prop_oneof![Just("allow"), Just("deny")],
        100..120_u32,
        prop_oneof![Just("tcp"), Just("udp"), Just("*"), Just("icmp")],
        any_side(),
        prop_oneof![Just("443"), Just("80-443"), Just("*"), Just("80,8060")],
        prop_oneof![2 => Just("*".to_owned()), 1 => any_side()],
        prop_oneof![3 => Just(""), 1 => Just("inbound")],
    )
        .prop_map(|(access, priority, protocol, destination, ports, source, inbound)| {
            format!("{access} {priority} {protocol} {destination} {ports} from {source} {inbound}")
        })
}

fn any_group() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(any_rule(), 0..6)
}

fn sampled_flows() -> Vec<Flow> {
    let hosts = |number: u32| IpAddr::V4((0x1400_0000 + number).into());
    let mut flows = Vec::new();
    for direction in [Direction::Outbound, Direction::Inbound] {
        for (protocol, port) in [
            (Protocol::Tcp, Some(443)),
            (Protocol::Tcp, Some(80)),
            (Protocol::Udp, Some(8060)),
            (Protocol::Tcp, Some(1)),
            (Protocol::Icmp, None),
        ] {
            for destination in (0..9).map(hosts) {
                for source in [0, 3, 5, 8].map(hosts) {
                    flows.push(Flow {
                        name: None,
                        address: Some(destination),
                        port,
                        protocol,
                        source: Some(source),
                        direction,
                    });
                }
            }
        }
    }
    flows
}

fn holds(spaces: &[ChangedSpace<'_>], flow: &Flow) -> bool {
    let (peer, own) = match flow.direction {
        Direction::Outbound => (flow.address, flow.source),
        Direction::Inbound => (flow.source, flow.address),
    };
    spaces.iter().any(|space| {
        space.direction == flow.direction
            && space.protocols.contains(flow.protocol)
            && flow.port.is_none_or(|port| space.ports.contains(port))
            && peer.is_some_and(|peer| space.peers.contains(peer))
            && own.is_some_and(|own| space.own.contains(own))
    })
}

/// The sets in a world in which some of the rules that may be in force are so.
fn in_force(sets: &[RuleSet], world: World) -> Vec<RuleSet> {
    let own = |set: &RuleSet| {
        let (_, rules) = set.rules().split_last().unwrap();
        let is_there = |rule: &&Rule| {
            let number = rule.priority.known().unwrap() % 8;
            rule.doubt.is_none() || world.group & (1 << number) != 0
        };
        let sure = |rule: &Rule| Rule { doubt: None, ..rule.clone() };
        set.clone().with_rules(rules.iter().filter(is_there).map(sure).collect())
    };
    sets.iter().map(own).collect()
}

/// A set of any kind. Among admin rules every other allow leads past the groups, among routes every
/// third leads to an appliance.
fn any_set() -> impl Strategy<Value = (RuleDialect, Vec<String>)> {
    let dialect = prop_oneof![
        4 => Just(RuleDialect::Nsg),
        1 => Just(RuleDialect::Admin),
        1 => Just(RuleDialect::Routes),
        1 => Just(RuleDialect::AzureFirewall),
    ];
    (dialect, any_group())
}

fn row_of(sets: &[(RuleDialect, Vec<String>)]) -> Vec<RuleSet> {
    let set = |(dialect, rules): &(RuleDialect, Vec<String>)| {
        let mut rules: Vec<_> = rules.iter().map(|text| rule(text)).collect();
        for rule in &mut rules {
            let priority = *rule.priority.known().unwrap();
            let is_allowed = rule.access.known() == Some(&Access::Allow);
            match dialect {
                RuleDialect::Admin => {
                    if is_allowed && priority % 2 == 0 {
                        rule.onward = Onward::PastGroups;
                    }
                    if priority % 5 < 2 {
                        rule.doubt =
                            Some(Missing::Value { path: "$".into(), why: "in force".into() });
                    }
                }
                RuleDialect::Routes if is_allowed && priority % 3 == 0 => {
                    rule.onward = Onward::Appliance("10.0.0.4".into());
                }
                RuleDialect::Routes if is_allowed => rule.onward = Onward::Direct,
                _ => {}
            }
        }
        let set = RuleSet::by_priority(&format!("{dialect:?}"), "", *dialect, rules);
        match dialect {
            RuleDialect::Admin => set.with_passing_end("(none)", Onward::Next),
            RuleDialect::Routes => set.with_passing_end("(none)", Onward::Direct),
            _ => set,
        }
    };
    let mut sets: Vec<_> = sets.iter().map(set).collect();
    // A subnet has one route table.
    let mut n_tables = 0;
    sets.retain(|set| {
        n_tables += usize::from(set.dialect == RuleDialect::Routes);
        set.dialect != RuleDialect::Routes || n_tables == 1
    });
    in_azures_order(sets, &[]).unwrap()
}

proptest! {
    /// The space agrees with deciding about each flow, in every world that the unknown facts could
    /// be: what is admitted is so in all of them, and what is in no space is the same in all.
    #[test]
    fn spaces_agree_with_deciding_each_flow(
        before in proptest::collection::vec(any_set(), 1..4),
        after in proptest::collection::vec(any_set(), 1..4),
        keeps in any::<bool>(),
        worlds in proptest::collection::vec((any::<[u8; 2]>(), any::<u8>()), 3),
    ) {
        // Half of the changes are to one rule.
        let mut after = after;
        if keeps {
            let changed = std::mem::take(&mut after[0].1);
            after.clone_from(&before);
            after[0].1.extend(changed.into_iter().take(1));
        }
        let (before, after) = (row_of(&before), row_of(&after));
        let unknown = NetworkContext::default();
        let [was, is] = [&before, &after]
            .map(|sets| sets.iter().map(|set| RuleJudge::new(set, unknown)).collect::<Vec<_>>());
        let seen = diff(&was, &is, &[], None);
        for (tags, group) in worlds {
            let world = World { tags, group };
            let tags = ServiceTags::new(
                "Public".to_owned(),
                1,
                vec![tag("TagA", world.tags[0]), tag("TagB", world.tags[1])],
            )
            .unwrap();
            let members = addresses("20.0.0.0", world.group).into_iter().collect();
            let groups = [("group".to_owned(), members)].into();
            let facts = NetworkContext {
                tags: Some(&tags),
                groups: Some(&groups),
                ..NetworkContext::default()
            };
            let own = [&before, &after].map(|sets| in_force(sets, world));
            let rows = [&own[0], &own[1]]
                .map(|sets| sets.iter().map(|set| RuleJudge::new(set, facts)).collect::<Vec<_>>());
            // Firewalls have no directions, so that their flows are outbound.
            let is_directed = |set: &RuleSet| set.dialect != RuleDialect::AzureFirewall;
            let is_two_way = before.iter().chain(&after).any(is_directed);
            for flow in sampled_flows() {
                if flow.direction == Direction::Inbound && !is_two_way {
                    continue;
                }
                let decided =
                    |row: &[RuleJudge<'_>]| decide_in_a_row(row, &flow).unwrap().1.as_str();
                // What is decided for sure is so in every world.
                for (row, of_world) in [(&was, &rows[0]), (&is, &rows[1])] {
                    let said = decided(row);
                    prop_assert!(said == "unknown" || said == decided(of_world), "{flow:?}");
                }
                let [was, is] = [decided(&rows[0]), decided(&rows[1])];
                let told = [
                    holds(&seen.admitted, &flow),
                    holds(&seen.no_longer_admitted, &flow),
                    holds(&seen.undecided, &flow),
                ];
                let is_right = match told {
                    [true, false, false] => was == "deny" && is == "allow",
                    [false, true, false] => was == "allow" && is == "deny",
                    [false, false, false] => was == is,
                    [false, false, true] => true,
                    _ => false,
                };
                prop_assert!(is_right, "{flow:?}: {was} {is} {told:?} {world:?}");
            }
        }
        // Without unknown facts nothing is unknown.
        let none = |sets: &[RuleSet]| sets.iter().flat_map(RuleSet::rules).all(|rule| {
            let is_open = |scope: &Scope| {
                let extent: Extent = unknown.extent(scope);
                !extent.open.is_empty()
            };
            let is_known = rule.access.known().is_some();
            let is_sure = is_known && rule.doubt.is_none();
            is_sure && !is_open(&rule.source) && !is_open(&rule.destination)
        });
        if none(&before) && none(&after) {
            prop_assert!(seen.undecided.is_empty());
        }
    }
}
