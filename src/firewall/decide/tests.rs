use proptest::prelude::*;

use super::*;
use crate::firewall::{PortSet, ProtocolSet, RuleDialect, decide_in_a_row, read_flows};
use crate::model::{AddressSet, HostName};
use crate::tags::{ServiceTag, ServiceTags};

fn tags(list: &[(&str, &[&str])]) -> ServiceTags {
    let tag = |(name, prefixes): &(&str, &[&str])| {
        let prefixes: Vec<ipnet::IpNet> =
            prefixes.iter().map(|text| text.parse().unwrap()).collect();
        ServiceTag {
            name: (*name).to_owned(),
            change_number: 1,
            region: String::new(),
            system_service: String::new(),
            addresses: prefixes.iter().copied().collect(),
            prefixes,
        }
    };
    ServiceTags::new("Public".to_owned(), 1, list.iter().map(tag).collect()).unwrap()
}

/// `allow 100 tcp Storage 443,1433` with `from SOURCE` behind it where the source matters.
fn rule(text: &str) -> Rule {
    let words: Vec<_> = text.split_whitespace().collect();
    let [access, priority, protocol, destination, ports, rest @ ..] = &words[..] else {
        panic!("{text}")
    };
    let mut rule = Rule::outbound(
        &format!("r{priority}"),
        priority.parse().unwrap(),
        Access::parse(access).unwrap(),
    );
    rule.protocols = ProtocolSet::parse(protocol).unwrap().into();
    rule.destination = Scope::default();
    for part in destination.split(',') {
        match part.strip_prefix("name:") {
            Some(name) => rule.destination.names.push(name_pattern(name)),
            None => rule.destination.add(part),
        }
    }
    let ports = ports
        .split(',')
        .map(|text| PortSet::parse(text).unwrap())
        .fold(PortSet::default(), |all, ports| all.union(&ports));
    rule.destination_ports = ports.into();
    if let ["from", sources] = rest {
        rule.source = Scope::default();
        sources.split(',').for_each(|part| rule.source.add(part));
    }
    rule
}

fn name_pattern(text: &str) -> crate::firewall::NamePattern {
    crate::firewall::NamePattern::parse(text).unwrap()
}

fn set(rules: &[&str]) -> RuleSet {
    RuleSet::by_priority("nsg", "", RuleDialect::Nsg, rules.iter().map(|text| rule(text)).collect())
}

fn flow(text: &str) -> Flow {
    read_flows(text, "flow").unwrap().remove(0)
}

fn decided(rules: &[&str], knowledge: NetworkContext<'_>, text: &str) -> String {
    let set = set(rules);
    let judge = RuleJudge::new(&set, knowledge);
    let decision = judge.decide(&flow(text));
    format!("{} {}", decision.as_str(), decision.by().name)
}

#[test]
fn the_first_rule_that_matches_decides() {
    let rules = [
        "deny 200 * * *",
        "allow 100 tcp 13.66.60.0/24 443,1433",
        "deny 90 tcp 13.66.60.119 443",
        "allow 110 udp 13.66.62.1 53",
        "allow 120 icmp * 7",
        "allow 130 tcp 2603:1030::/32 1-1024",
    ];
    for (text, expected) in [
        ("13.66.60.118,443,tcp", "allow r100"),
        ("13.66.60.118,1433,tcp", "allow r100"),
        ("13.66.60.118,1434,tcp", "deny r200"),
        ("13.66.60.118,443,udp", "deny r200"),
        ("13.66.60.119,443,tcp", "deny r90"),
        ("::ffff:13.66.60.119,443,tcp", "deny r90"),
        ("13.66.61.0,443,tcp", "deny r200"),
        ("13.66.62.1,53,udp", "allow r110"),
        // Ports say nothing of a protocol without ports.
        ("8.8.8.8,,icmp", "allow r120"),
        ("2603:1030::1,1024,tcp", "allow r130"),
        ("2603:1030::1,1025,tcp", "deny r200"),
        ("2603:1031::1,443,tcp", "deny r200"),
    ] {
        assert_eq!(decided(&rules, NetworkContext::default(), text), expected, "{text}");
    }
    assert_eq!(
        decided(&rules[1..2], NetworkContext::default(), "8.8.8.8,53,tcp"),
        "deny (no rule)"
    );
}

#[test]
fn tags_decide_where_they_are_known_and_leave_open_where_not() {
    let tags =
        tags(&[("AzureCloud", &["13.64.0.0/11"]), ("AzureCloud.westeurope", &["13.69.0.0/17"])]);
    let knowledge = NetworkContext { tags: Some(&tags), ..NetworkContext::default() };
    let rules = [
        "allow 100 tcp azurecloud.WestEurope 443",
        "allow 110 udp Nowhere 443",
        "deny 120 tcp Nowhere 80",
        "deny 200 * * *",
    ];
    for (text, expected) in [
        ("13.69.0.1,443,tcp", "allow r100"),
        ("13.69.128.1,443,tcp", "deny r200"),
        ("13.69.0.1,443,udp", "unknown r110"),
        ("13.69.0.1,80,tcp", "unknown r120"),
        ("10.0.0.1,80,tcp", "unknown r120"),
    ] {
        assert_eq!(decided(&rules, knowledge, text), expected, "{text}");
    }
    // Without tags even those that are there are unknown.
    assert_eq!(decided(&rules, NetworkContext::default(), "13.69.0.1,443,tcp"), "unknown r100");
    let set = set(&rules);
    let judge = RuleJudge::new(&set, knowledge);
    let Decision::Undecided { missing, .. } = judge.decide(&flow("1.2.3.4,80,tcp")) else {
        panic!("decided")
    };
    assert_eq!(missing, Missing::Tag("Nowhere".into()));
}

#[test]
fn the_virtual_network_is_open_until_it_is_given() {
    let rules = [
        "allow 65000 * VirtualNetwork * from VirtualNetwork",
        "allow 65001 * Internet *",
        "deny 65500 * * *",
    ];
    let own = AddressSet::parse("10.50.0.0/16").unwrap();
    let given = NetworkContext { virtual_network: Some(&own), ..NetworkContext::default() };
    for (text, without, with) in [
        ("13.66.60.119,443,tcp", "allow r65001", "allow r65001"),
        ("10.50.1.4,1433,tcp", "unknown r65000", "allow r65000"),
        ("10.51.1.4,1433,tcp", "unknown r65000", "deny r65500"),
        ("192.0.2.1,443,tcp", "deny r65500", "deny r65500"),
        ("224.0.0.1,443,udp", "deny r65500", "deny r65500"),
        // A source outside what is given is not in the virtual network.
        ("10.50.1.4,1433,tcp,10.60.0.1", "unknown r65000", "deny r65500"),
        ("10.50.1.4,1433,tcp,10.50.0.1", "unknown r65000", "allow r65000"),
    ] {
        assert_eq!(decided(&rules, NetworkContext::default(), text), without, "{text}");
        assert_eq!(decided(&rules, given, text), with, "{text}");
    }
}

#[test]
fn sources_matter_where_they_are_given() {
    let rules = [
        "allow 100 tcp * 443 from 10.0.0.4",
        "deny 110 tcp * 443 from Internet",
        "deny 120 tcp * 443 from 0.0.0.0/0",
        "allow 130 tcp * 80 from ::/0",
    ];
    for (text, expected) in [
        ("13.66.60.119,443,tcp,10.0.0.4", "allow r100"),
        ("13.66.60.119,443,tcp,10.0.0.5", "deny r120"),
        ("13.66.60.119,443,tcp,20.0.0.5", "deny r110"),
        ("13.66.60.119,443,tcp", "unknown r100"),
        ("13.66.60.119,80,tcp", "unknown r130"),
        ("2603:1030::1,80,tcp", "allow r130"),
    ] {
        assert_eq!(decided(&rules, NetworkContext::default(), text), expected, "{text}");
    }
}

#[test]
fn names_decide_where_they_are_given() {
    let rules = ["allow 100 tcp name:*.servicebus.windows.net,10.0.0.0/8 443", "deny 200 * * *"];
    let mut both = flow("40.1.1.1,443,tcp");
    both.name = Some(HostName::parse("ns.servicebus.windows.net").unwrap());
    for (flow, expected) in [
        (flow("ns.servicebus.windows.net,443,tcp"), "allow r100"),
        // Its address could be among the prefixes.
        (flow("contoso.com,443,tcp"), "unknown r100"),
        (flow("10.1.1.1,443,tcp"), "allow r100"),
        // Its name could be among the names.
        (flow("40.1.1.1,443,tcp"), "unknown r100"),
        (flow("40.1.1.1,80,tcp"), "deny r200"),
        (both, "allow r100"),
    ] {
        let set = set(&rules);
        let judge = RuleJudge::new(&set, NetworkContext::default());
        let decision = judge.decide(&flow);
        assert_eq!(format!("{} {}", decision.as_str(), decision.by().name), expected, "{flow}");
    }
}

#[test]
fn what_cannot_be_read_of_a_rule_leaves_open_what_it_could_match() {
    let missing = Missing::Value { path: "$.x".into(), why: "[reference('y')]".into() };
    let base = "allow 100 tcp 13.66.60.0/24 443";
    let unknown_access = Rule { access: Property::Unknown(missing.clone()), ..rule(base) };
    let unknown_ports =
        Rule { destination_ports: Property::Unknown(missing.clone()), ..rule(base) };
    let unknown_priority =
        Rule { priority: Property::Unknown(missing.clone()), ..rule("deny 300 udp * *") };
    let unreadable = Rule::unreadable("rules", "$.x", &missing);
    for (rule, text, expected) in [
        (&unknown_access, "13.66.60.1,443,tcp", "unknown r100"),
        (&unknown_access, "13.66.60.1,80,tcp", "deny r200"),
        (&unknown_ports, "13.66.60.1,80,tcp", "unknown r100"),
        (&unknown_ports, "13.66.61.1,80,tcp", "deny r200"),
        (&unknown_priority, "8.8.8.8,53,udp", "unknown r300"),
        (&unknown_priority, "8.8.8.8,53,tcp", "deny r200"),
        (&unreadable, "8.8.8.8,53,tcp", "unknown rules"),
    ] {
        let rules = vec![self::rule("deny 200 * * *"), rule.clone()];
        let set = RuleSet::by_priority("nsg", "", RuleDialect::Nsg, rules);
        let judge = RuleJudge::new(&set, NetworkContext::default());
        let decision = judge.decide(&flow(text));
        assert_eq!(format!("{} {}", decision.as_str(), decision.by().name), expected, "{text}");
    }
}

#[test]
fn inbound_rules_decide_nothing_outbound() {
    let mut inbound = rule("deny 100 * * *");
    inbound.direction = Direction::Inbound.into();
    let rules = vec![inbound, rule("allow 200 * * *")];
    let set = RuleSet::by_priority("nsg", "", RuleDialect::Nsg, rules);
    let judge = RuleJudge::new(&set, NetworkContext::default());
    assert_eq!(judge.decide(&flow("8.8.8.8,53,tcp")).by().name, "r200");
}

#[test]
fn sets_in_a_row_must_all_allow() {
    let (allow, deny, open) =
        (set(&["allow 1 * * *"]), set(&["deny 2 * * *"]), set(&["allow 3 * Nowhere *"]));
    for (sets, expected) in [
        (vec![&allow, &allow], "1 allow r1"),
        (vec![&allow, &deny], "1 deny r2"),
        (vec![&open, &deny], "1 deny r2"),
        (vec![&open, &allow], "0 unknown r3"),
    ] {
        let judges: Vec<_> =
            sets.into_iter().map(|set| RuleJudge::new(set, NetworkContext::default())).collect();
        let flow = flow("8.8.8.8,53,tcp");
        let (index, decision) = decide_in_a_row(&judges, &flow).unwrap();
        assert_eq!(format!("{index} {} {}", decision.as_str(), decision.by().name), expected);
    }
    assert!(decide_in_a_row(&[], &flow("8.8.8.8,53,tcp")).is_none());
}

const DESTINATIONS: [&str; 9] = [
    "*",
    "10.0.0.0/30",
    "10.0.0.2",
    "13.66.60.0/29",
    "13.66.60.0/31,10.0.0.1",
    "Cloud",
    "Nowhere",
    "Internet",
    "VirtualNetwork",
];

/// One rule at a time, one property at a time, as the documentation says it.
fn brute_force(rules: &[(u32, bool, usize, usize, u16, u16)], flow: &Flow) -> String {
    let mut sorted = rules.to_vec();
    sorted.sort_by_key(|rule| rule.0);
    let IpAddr::V4(address) = flow.address.unwrap() else { unreachable!() };
    let [first, .., last] = address.octets();
    for (priority, is_allow, protocol, destination, low, high) in sorted {
        let is_protocol = match protocol {
            0 => true,
            1 => flow.protocol == Protocol::Tcp,
            _ => flow.protocol == Protocol::Udp,
        };
        let port = flow.port.unwrap();
        if !is_protocol || port < low || port > low.saturating_add(high) {
            continue;
        }
        let is_private = first == 10;
        let is_held = match DESTINATIONS[destination] {
            "*" => Some(true),
            "10.0.0.0/30" => Some(is_private && last < 4),
            "10.0.0.2" => Some(is_private && last == 2),
            "13.66.60.0/29" | "Cloud" => Some(!is_private && last < 8),
            "13.66.60.0/31,10.0.0.1" => {
                Some((!is_private && last < 2) || (is_private && last == 1))
            }
            "Nowhere" => None,
            "Internet" => Some(!is_private),
            "VirtualNetwork" => {
                if is_private {
                    None
                } else {
                    Some(false)
                }
            }
            other => unreachable!("{other}"),
        };
        match is_held {
            Some(false) => {}
            Some(true) => {
                return format!("{} r{priority}", if is_allow { "allow" } else { "deny" });
            }
            None => return format!("unknown r{priority}"),
        }
    }
    "deny (no rule)".to_owned()
}

proptest! {
    #[test]
    fn decisions_agree_with_brute_force(
        mut rules in proptest::collection::vec(
            (100_u32..4096, any::<bool>(), 0_usize..3, 0..DESTINATIONS.len(), 0_u16..6, 0_u16..4),
            0..90,
        ),
        flows in proptest::collection::vec((any::<bool>(), 0_u8..12, any::<bool>(), 1_u16..10), 16),
    ) {
        rules.sort_by_key(|rule| rule.0);
        rules.dedup_by_key(|rule| rule.0);
        let texts: Vec<_> = rules.iter().map(|rule| {
            let (priority, is_allow, protocol, to, low, more) = rule;
            format!(
                "{} {priority} {} {} {low}-{}",
                if *is_allow { "allow" } else { "deny" },
                ["*", "tcp", "udp"][*protocol],
                DESTINATIONS[*to],
                low + more,
            )
        }).collect();
        let set = set(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let tags = tags(&[("Cloud", &["13.66.60.0/29"])]);
        let context = NetworkContext { tags: Some(&tags), ..NetworkContext::default() };
        let judge = RuleJudge::new(&set, context);
        for (is_private, last, is_tcp, port) in flows {
            let flow = flow(&format!(
                "{}.{last},{port},{}",
                if is_private { "10.0.0" } else { "13.66.60" },
                if is_tcp { "tcp" } else { "udp" },
            ));
            let decision = judge.decide(&flow);
            prop_assert_eq!(
                format!("{} {}", decision.as_str(), &decision.by().name),
                brute_force(&rules, &flow),
                "{}", flow
            );
        }
    }
}

/// Azure lets its platform's addresses through unless a rule names their tags.
#[test]
fn the_platform_is_outside_the_rules() {
    let group = |tag: Option<&str>| {
        let mut rules = vec![serde_json::json!({"name": "no", "access": "Deny", "priority": 4096,
            "direction": "Outbound", "protocol": "*", "sourceAddressPrefix": "*",
            "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "*"})];
        if let Some(tag) = tag {
            rules.push(serde_json::json!({"name": "tag", "access": "Deny", "priority": 4000,
                "direction": "Outbound", "protocol": "*", "sourceAddressPrefix": "*",
                "sourcePortRange": "*", "destinationAddressPrefix": tag,
                "destinationPortRange": "*"}));
        }
        let text = serde_json::json!({"name": "nsg", "securityRules": rules}).to_string();
        crate::firewall::nsg::read(&[crate::firewall::nsg::RuleFile { name: "f", text: &text }])
            .unwrap()
            .remove(0)
    };
    for (tag, to, expected) in [
        (None, "168.63.129.16,53,udp", "allow Azure platform"),
        (None, "169.254.169.254,80,tcp", "allow Azure platform"),
        (None, "13.66.60.119,443,tcp", "deny no"),
        (Some("AzurePlatformDNS"), "168.63.129.16,53,udp", "deny tag"),
        (Some("azureplatformdns"), "169.254.169.254,80,tcp", "allow Azure platform"),
        (Some("AzurePlatformIMDS"), "169.254.169.254,80,tcp", "deny tag"),
        (Some("AzurePlatformLKM"), "168.63.129.16,53,udp", "allow Azure platform"),
        (Some("AzurePlatformLKM"), "168.63.129.16,1688,tcp", "unknown tag"),
        (Some("Internet"), "168.63.129.16,53,udp", "allow Azure platform"),
    ] {
        let set = group(tag);
        let judge = RuleJudge::new(&set, NetworkContext::default());
        let flow = crate::firewall::read_flows(to, "f").unwrap().remove(0);
        let decision = judge.decide(&flow);
        let seen = format!("{} {}", decision.as_str(), decision.by().name);
        assert_eq!(seen, expected, "{tag:?} {to}");
    }
}

/// What comes in is judged by the rules that look at it.
#[test]
fn flows_that_come_in_have_rules_of_their_own() {
    let text = serde_json::json!({"name": "nsg", "securityRules": [
        {"name": "peers", "access": "Allow", "priority": 100, "direction": "Inbound",
            "protocol": "Tcp", "sourceAddressPrefix": "10.0.0.0/24", "sourcePortRange": "*",
            "destinationAddressPrefix": "VirtualNetwork", "destinationPortRange": "8060"},
        {"name": "no", "access": "Deny", "priority": 4096, "direction": "Inbound",
            "protocol": "*", "sourceAddressPrefix": "*", "sourcePortRange": "*",
            "destinationAddressPrefix": "*", "destinationPortRange": "*"},
    ]});
    let text = text.to_string();
    let source = crate::firewall::nsg::RuleFile { name: "f", text: &text };
    let set = crate::firewall::nsg::read(&[source]).unwrap().remove(0);
    let judge = RuleJudge::new(&set, NetworkContext::default());
    for (line, expected) in [
        ("10.0.0.4,8060,tcp,10.0.0.5,inbound", "allow peers"),
        ("10.0.0.4,8061,tcp,10.0.0.5,inbound", "deny no"),
        ("10.0.0.4,8060,tcp,10.0.1.5,inbound", "deny no"),
        ("10.0.0.4,8060,tcp,,inbound", "unknown peers"),
        ("8.8.8.8,8060,tcp,10.0.0.5,outbound", "allow AllowInternetOutBound"),
    ] {
        let flow = crate::firewall::read_flows(line, "f").unwrap().remove(0);
        let decision = judge.decide(&flow);
        let seen = format!("{} {}", decision.as_str(), decision.by().name);
        assert_eq!(seen, expected, "{line}");
    }
}
