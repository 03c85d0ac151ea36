use proptest::prelude::*;

use super::*;
use crate::firewall::nsg::{RuleFile, read};
use crate::firewall::{Doubt, NetworkContext, Refused, RuleSet, read_flows, synthesize};

fn required(flows: &str) -> Vec<Requirement> {
    read_flows(flows, "flows")
        .unwrap()
        .into_iter()
        .map(|flow| {
            let shown = flow.to_string();
            Requirement::new(flow, shown, "relay")
        })
        .collect()
}

/// `allow NAME PRIORITY PREFIXES PORTS` a line, outbound; tcp, or what stands behind it.
fn group(rules: &[&str]) -> RuleSet {
    let rules: Vec<_> = rules
        .iter()
        .map(|text| {
            let words: Vec<_> = text.split(' ').collect();
            let (access, name, priority, prefixes, ports, protocol) = match words[..] {
                [access, name, priority, prefixes, ports] => {
                    (access, name, priority, prefixes, ports, "Tcp")
                }
                [access, name, priority, prefixes, ports, protocol] => {
                    (access, name, priority, prefixes, ports, protocol)
                }
                _ => panic!("{text}"),
            };
            serde_json::json!({
                "name": name, "access": access, "priority": priority, "direction": "Outbound",
                "protocol": protocol, "sourceAddressPrefix": "*", "sourcePortRange": "*",
                "destinationAddressPrefixes": prefixes.split(',').collect::<Vec<_>>(),
                "destinationPortRanges": ports.split(',').collect::<Vec<_>>(),
            })
        })
        .collect();
    let text = serde_json::json!({"name": "nsg", "securityRules": rules}).to_string();
    read(&[RuleFile { name: "f", text: &text }]).unwrap().remove(0)
}

fn check<T>(sets: &[&RuleSet], flows: &str, see: impl FnOnce(&Verification<'_>) -> T) -> T {
    let judges: Vec<_> =
        sets.iter().map(|set| RuleJudge::new(set, NetworkContext::default())).collect();
    see(&verify(&judges, &required(flows), CorrectionAdvice::default()))
}

#[test]
fn gaps_name_the_deciding_rule_and_the_smallest_correction() {
    let flows = "13.66.60.119,443,tcp\n13.66.60.120,443,tcp\n13.66.60.120,1433,tcp\n";
    for (rules, gaps, corrections) in [
        // A rule that can grow.
        (
            &["allow relay 100 13.66.60.119 443", "deny no 200 * *"][..],
            &["no", "no"][..],
            &[
                "nsg: add an outbound rule with priority 199, before no, that allows tcp 443,1433 to \
               13.66.60.120/32",
            ][..],
        ),
        (
            &[
                "allow relay 100 13.66.60.119 443",
                "allow sql 101 13.66.60.120 1433",
                "deny no 200 * *",
            ],
            &["no"],
            &["nsg: add to the destinations of relay: 13.66.60.120/32"],
        ),
        // No room before the rule that denies.
        (
            &["deny no 100 Internet *"],
            &["no", "no", "no"],
            &[
                "nsg: no priority from 100 is free before no: give it a higher number, then allow \
               tcp 443 to 13.66.60.119/32 before it",
                "nsg: no priority from 100 is free before no: give it a higher number, then allow \
               tcp 443,1433 to 13.66.60.120/32 before it",
            ],
        ),
        // Two rules deny, and one new rule does.
        (
            &["deny first 150 13.66.60.119 443", "deny no 200 * *"],
            &["first", "no", "no"],
            &[
                "nsg: add an outbound rule with priority 149, before first, that allows tcp 443 to \
               13.66.60.119/32",
                "nsg: add an outbound rule with priority 199, before no, that allows tcp 443,1433 to \
               13.66.60.120/32",
            ],
        ),
        (&["allow all 100 Internet *"], &[], &[]),
    ] {
        check(&[&group(rules)], flows, |seen| {
            let by: Vec<_> = seen.gaps.iter().map(|gap| gap.decision.by().name.as_str()).collect();
            assert_eq!(by, gaps, "{rules:?}");
            let texts: Vec<_> = seen.corrections.iter().map(ToString::to_string).collect();
            assert_eq!(texts, corrections, "{rules:?}");
        });
    }
}

#[test]
fn excess_is_measured_in_addresses() {
    let flows = "13.66.60.119,443,tcp\n13.66.60.120,443,tcp\n";
    let set = group(&[
        "allow relay 100 13.66.60.0/24,20.0.0.1,13.66.60.119 443",
        "deny some 150 13.66.61.0/24 *",
        "allow wide 200 13.66.60.0/22 443",
        "deny no 300 * *",
    ]);
    check(&[&set], flows, |seen| {
        let excess: Vec<_> = seen
            .excess
            .iter()
            .map(|excess| format!("{} {} {}", excess.rule.name, excess.beyond, excess.required))
            .collect();
        // The /22 without the two /24 that rules before it take.
        assert_eq!(excess, ["wide 512 0", "relay 255 2"]);
        let Breadth::Addresses { unused } = &seen.excess[1].breadth else {
            panic!("not addresses")
        };
        assert_eq!(unused.iter().map(ToString::to_string).collect::<Vec<_>>(), ["20.0.0.1/32"]);
        assert_eq!((seen.beyond[0].addresses.v4, seen.beyond[0].required.v4), (767, 2));
    });
    // In a row only what all let through counts.
    let narrow = group(&["allow relay 100 13.66.60.119,13.66.60.120 443", "deny no 300 * *"]);
    check(&[&set, &narrow], flows, |seen| assert_eq!(seen.beyond[0].addresses.v4, 0));
    // What an allow may take is let through by the next one all the same; what a denial may take
    // is sure of nothing.
    for (rules, expected) in [
        (
            &["allow tag 100 Nowhere 443", "allow all 200 13.66.60.0/24 443", "deny no 300 * *"][..],
            254,
        ),
        (&["deny tag 100 Nowhere 443", "allow all 200 13.66.60.0/24 443", "deny no 300 * *"], 0),
    ] {
        check(&[&group(rules)], flows, |seen| {
            assert_eq!(seen.beyond[0].addresses.v4, expected, "{rules:?}");
        });
    }
    // Without a rule of its own a group lets the Internet through.
    check(&[&group(&[])], flows, |seen| {
        let [excess] = &seen.excess[..] else { panic!("{:?}", seen.excess) };
        assert_eq!(excess.rule.name, "AllowInternetOutBound");
        assert_eq!(excess.breadth, Breadth::Tags(vec!["Internet".to_owned()]));
        let public = AddressSet::of_class(crate::model::AddressClass::Public).count().v4;
        // The platform's own address is in the virtual network, whose rule comes first.
        assert_eq!((excess.beyond.v4, excess.required.v4), (public - 3, 2));
    });
}

#[test]
fn wildcards_of_lists_are_named() {
    let list = read(&[RuleFile { name: "list", text: "*.servicebus.windows.net\ncontoso.com\n" }])
        .unwrap();
    check(&[&list[0]], "ns.servicebus.windows.net,443,tcp\nother.net,443,tcp\n", |seen| {
        assert_eq!(seen.gaps.len(), 1);
        assert_eq!(seen.corrections[0].to_string(), "list: allow other.net tcp 443");
        let [excess] = &seen.excess[..] else { panic!("{:?}", seen.excess) };
        assert_eq!(excess.breadth, Breadth::Wildcards(vec!["*.servicebus.windows.net".to_owned()]));
    });
}

#[test]
fn rules_that_no_flow_reaches_are_found() {
    for (rules, expected) in [
        (
            &["deny all 100 * *", "allow late 200 13.66.60.0/24 443"][..],
            &["late by all, contradicted"][..],
        ),
        (
            &["allow wide 100 13.0.0.0/8 1-1024", "allow late 200 13.66.60.0/24 443"],
            &["late by wide"],
        ),
        // Two halves together.
        (
            &[
                "allow a 100 13.66.60.0/25 *",
                "deny b 110 13.66.60.128/25 *",
                "allow late 200 13.66.60.0/24 443",
            ],
            &["late by a b, contradicted"],
        ),
        (&["allow a 100 13.66.60.0/25 *", "allow late 200 13.66.60.0/24 443"], &[]),
        (&["allow a 100 * 80", "allow late 200 13.66.60.0/24 443"], &[]),
        // A narrower protocol leaves flows to the wider one.
        (&["deny a 100 * * Udp", "allow late 200 13.66.60.0/24 443"], &[]),
        (&["deny a 100 * * Tcp", "allow late 200 13.66.60.0/24 443 *"], &[]),
        (
            &["deny a 100 * * *", "allow late 200 13.66.60.0/24 443 Udp"],
            &["late by a, contradicted"],
        ),
        // Of a tag that is not known only the same tag or everything is sure to hold it.
        (&["allow a 100 Storage 443", "deny late 200 storage 443"], &[]),
        (&["allow a 100 Storage 443", "deny late 200 Storage 443"], &["late by a, contradicted"]),
        (&["allow a 100 Internet 443", "deny late 200 Storage 443"], &[]),
        (&["allow a 100 * *", "deny late 200 Storage 443"], &["late by a, contradicted"]),
    ] {
        check(&[&group(rules)], "13.66.60.119,443,tcp", |seen| {
            let shadowed: Vec<_> = seen
                .shadowed
                .iter()
                .map(|(_, shadowed)| {
                    let by: Vec<_> = shadowed.by.iter().map(|rule| rule.name.as_str()).collect();
                    let contradicted = if shadowed.is_contradicted { ", contradicted" } else { "" };
                    format!("{} by {}{contradicted}", shadowed.rule.name, by.join(" "))
                })
                .collect();
            assert_eq!(shadowed, expected, "{rules:?}");
        });
    }
}

#[test]
fn measurements_that_the_rules_do_not_explain_are_named() {
    let set = group(&["allow relay 100 13.66.60.119 443", "deny no 200 * *"]);
    let judges = [RuleJudge::new(&set, NetworkContext::default())];
    let blocked = ConnectOutcome::TimedOut;
    for (address, measured, expected) in [
        ("13.66.60.119", Some(blocked), &["relay timeout"][..]),
        ("13.66.60.120", Some(ConnectOutcome::Connected), &["no connected"]),
        ("13.66.60.119", Some(ConnectOutcome::Connected), &[]),
        ("13.66.60.120", Some(blocked), &[]),
        ("13.66.60.120", None, &[]),
    ] {
        let mut required = required(&format!("{address},443,tcp"));
        required[0].measured = measured;
        let seen: Vec<_> = verify(&judges, &required, CorrectionAdvice::default())
            .contradictions
            .iter()
            .map(|own| format!("{} {}", own.decision.by().name, own.measured.as_str()))
            .collect();
        assert_eq!(seen, expected, "{address}");
    }
}

/// What would be recommended must be what `emit` would write, and must stay.
#[test]
fn corrections_are_such_that_last() {
    let set = group(&["allow relay 100 13.66.60.119 443", "deny no 200 * *"]);
    let judges = [RuleJudge::new(&set, NetworkContext::default())];
    let addresses = AddressSet::parse("13.66.60.0/24").unwrap();
    let advised = |address: &str, entry: &str, refused: &[Refused]| {
        let mut required = required(&format!("{address},443,tcp"));
        entry.clone_into(&mut required[0].entry);
        required[0].is_control = entry == "control";
        let control = Some(("DataFactoryManagement", &addresses));
        let seen = verify(&judges, &required, CorrectionAdvice { refused, control });
        assert_eq!(seen.gaps.len(), 1, "{address}");
        seen.corrections.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    let doubted = [Refused {
        address: "23.38.106.11".parse().unwrap(),
        endpoint: "23.38.106.11 tcp 443".to_owned(),
        reason: Doubt::NotPublished,
    }];
    for (address, entry, refused, expected) in [
        ("13.66.60.120", "relay", &[][..], "add to the destinations of relay: 13.66.60.120/32"),
        (
            "13.66.60.120",
            "control",
            &[],
            "to the tag DataFactoryManagement, which holds 13.66.60.120/32",
        ),
        ("13.66.61.120", "control", &[], "add to the destinations of relay: 13.66.61.120/32"),
        (
            "10.60.0.9",
            "control",
            &[],
            "by a rule of your own (rules emit and apply write no private",
        ),
        ("23.38.106.11", "download", &doubted, "(no published range of the cloud holds it)"),
    ] {
        let text = advised(address, entry, refused);
        assert!(text.contains(expected), "{expected:?} in {text:?}");
    }
}

/// Every address that a flow may leave from counts; where they are not treated alike, nothing is
/// known.
#[test]
fn all_sources_must_be_let_through() {
    let mut rules = Vec::new();
    for (name, priority, access, from) in [
        ("a", 100, "Allow", "10.0.0.4"),
        ("b", 101, "Allow", "10.0.1.0/24"),
        ("no", 200, "Deny", "*"),
    ] {
        rules.push(serde_json::json!({"name": name, "access": access, "priority": priority,
            "direction": "Outbound", "protocol": "*", "sourceAddressPrefix": from,
            "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "*"}));
    }
    let text = serde_json::json!({"name": "nsg", "securityRules": rules}).to_string();
    let set = read(&[RuleFile { name: "f", text: &text }]).unwrap().remove(0);
    let given = AddressSet::parse("10.0.0.0/24").unwrap();
    for (sources, known, expected) in [
        (&["10.0.0.4"][..], None, "allow"),
        (&["10.0.0.4", "10.0.1.9"], None, "allow"),
        (&["10.0.0.5"], None, "deny"),
        (&["10.0.0.4", "10.0.0.5"], None, "unknown: 10.0.0.4 and 10.0.0.5"),
        (&[], None, "unknown: --source-address"),
        (&[], Some(AddressSet::parse("10.0.1.0/28").unwrap()), "allow"),
        (&[], Some(AddressSet::parse("10.9.0.0/24").unwrap()), "deny"),
        (&[], Some(given), "unknown: 10.0.0.0/24"),
    ] {
        let knowledge = NetworkContext { sources: known.as_ref(), ..NetworkContext::default() };
        let judges = [RuleJudge::new(&set, knowledge)];
        let mut required = required("13.66.60.119,443,tcp");
        required[0].sources = sources.iter().map(|own| own.parse().unwrap()).collect();
        let (_, decision) = decide(&judges, &required[0]).unwrap();
        let (word, rest) = expected.split_once(": ").unwrap_or((expected, ""));
        assert_eq!(decision.as_str(), word, "{sources:?} {known:?}");
        if let Decision::Undecided { missing, .. } = &decision {
            assert!(missing.to_string().contains(rest), "{missing}");
        }
    }
}

/// A gap of a gateway that nobody listed is a warning, and its address is in use.
#[test]
fn gateways_are_a_class_of_their_own() {
    let set = group(&["allow relay 100 13.66.60.119,13.66.60.120 443", "deny no 200 * *"]);
    let judges = [RuleJudge::new(&set, NetworkContext::default())];
    let mut required =
        required("13.66.60.119,443,tcp\n13.66.60.120,443,tcp\n13.66.60.121,443,tcp\n");
    for own in &mut required[1..] {
        own.class = Class::Gateway("prod-am3-010".to_owned());
    }
    let seen = verify(&judges, &required, CorrectionAdvice::default());
    assert_eq!((seen.n_required, seen.gaps.len(), seen.excess.len()), (1, 0, 0));
    let [own] = &seen.gateways[..] else { panic!("{:?}", seen.gateways) };
    assert_eq!((own.n_allowed, own.denied.len(), own.undecided.len()), (1, 1, 0));
    assert_eq!(seen.beyond[0].addresses.v4, 0);
}

#[test]
fn what_is_not_known_is_no_gap() {
    check(&[&group(&["allow a 100 Storage 443"])], "13.66.60.119,443,tcp", |seen| {
        assert!(seen.gaps.is_empty() && seen.corrections.is_empty());
        assert_eq!(seen.undecided[0].decision.by().name, "a");
    });
}

proptest! {
    /// What `synthesize` makes, `verify` finds complete, and nothing beyond.
    #[test]
    #[expect(clippy::format_collect, reason = "a few lines of a test")]
    fn what_is_synthesized_is_complete_and_no_more(
        flows in proptest::collection::vec((any::<u32>(), 1_u16..6, any::<bool>()), 1..40),
    ) {
        let flows: String = flows
            .iter()
            .map(|(address, port, is_tcp)| format!(
                "{},{port},{}\n",
                std::net::Ipv4Addr::from_bits(*address),
                if *is_tcp { "tcp" } else { "udp" }
            ))
            .collect();
        let required = required(&flows);
        let set = synthesize("own", &required);
        let judges = [RuleJudge::new(&set, NetworkContext::default())];
        let seen = verify(&judges, &required, CorrectionAdvice::default());
        prop_assert!(seen.gaps.is_empty() && seen.undecided.is_empty() && seen.excess.is_empty());
        let is_none = |beyond: &Beyond| beyond.addresses.v4 == 0 && beyond.addresses.v6 == 0;
        prop_assert!(seen.beyond.iter().all(is_none));
    }
}

/// Admin rules come before the groups and routes behind them: what they end is not let through
/// beyond what is required, and what they lead past the groups is.
#[test]
fn what_is_beyond_counts_admin_rules_and_routes() {
    let text = |value: serde_json::Value| value.to_string();
    let admin = |name: &str, priority: u32, access: &str, prefix: &str| {
        serde_json::json!({"id": format!("/x/securityAdminConfigurations/c/rules/{name}"),
            "properties": {"access": access, "priority": priority, "direction": "Outbound",
            "protocol": "Tcp", "sources": [], "destinations": [{"addressPrefix": prefix}]}})
    };
    let admin = text(serde_json::json!({"value": [
        admin("never", 1, "Deny", "13.66.60.0/25"),
        admin("goes-on", 2, "Allow", "20.0.0.0/24"),
        admin("always", 3, "AlwaysAllow", "20.1.0.0/24"),
    ]}));
    let route = |prefix: &str, hop: &str| {
        serde_json::json!({"source": "User", "state": "Active", "addressPrefix": [prefix],
            "nextHopType": hop, "nextHopIpAddress": []})
    };
    let routes = text(serde_json::json!({"value": [
        route("0.0.0.0/0", "Internet"), route("13.66.60.192/26", "None"),
    ]}));
    let read = |text: &str| read(&[RuleFile { name: "f", text }]).unwrap().remove(0);
    let (admin, routes) = (read(&admin), read(&routes));
    let nsg = group(&["allow relay 100 13.66.60.0/24 443", "deny no 200 * *"]);
    let flow = "13.66.60.130,443,tcp";
    let beyond = |sets: &[&RuleSet]| check(sets, flow, |seen| seen.beyond[0].addresses.v4);
    assert_eq!(beyond(&[&nsg]), 255);
    assert_eq!(beyond(&[&nsg, &routes]), 191);
    assert_eq!(beyond(&[&admin, &nsg]), 127 + 256);
    assert_eq!(beyond(&[&admin, &nsg, &routes]), 63 + 256);
    // Only the rule that ends the row lets anything through by itself.
    check(&[&admin, &nsg], flow, |seen| {
        let rules: Vec<_> = seen.excess.iter().map(|own| own.rule.name.as_str()).collect();
        assert_eq!(rules, ["always", "relay"]);
    });
}
