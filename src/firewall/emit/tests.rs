use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::firewall::nsg::{RuleFile, read};
use crate::firewall::{
    CorrectionAdvice, Flow, NamePattern, NetworkContext, ProofLevel, Proven, Requirement,
    RuleJudge, verify,
};
use crate::model::{AddressSet, Host, Kind, Role};

fn proven(list: &[(&str, u16, &str)]) -> Vec<Proven> {
    let mut proven: Vec<_> = list
        .iter()
        .map(|(address, port, name)| Proven {
            address: address.parse().unwrap(),
            port: *port,
            entry: "relay".to_owned(),
            role: Role::Relay,
            name: (*name).to_owned(),
            how: "published in AzureCloud.westeurope".to_owned(),
            level: ProofLevel::Resolved,
            local: None,
        })
        .collect();
    proven.sort_by_key(|own| own.address);
    proven
}

fn emission(proven: &[Proven]) -> Emission {
    let names = ["*.servicebus.windows.net", "ns.servicebus.windows.net", "download.microsoft.com"];
    Emission {
        name: "Allow-Relay".to_owned(),
        priority: 200,
        origin: "report.json, service tags 376".to_owned(),
        permits: Permit::of(proven, Aggregation::Exact),
        names: names.iter().map(|name| NamePattern::parse(name).unwrap()).collect(),
        applications: Vec::new(),
        requests: AccessRequest::of(proven, Aggregation::Exact, &[]),
    }
}

fn sample() -> Vec<Proven> {
    proven(&[
        ("40.112.72.100", 443, "ns.servicebus.windows.net"),
        ("40.112.72.101", 443, "g0-prod-sb.servicebus.windows.net"),
        ("40.112.72.101", 443, "g1-prod-sb.servicebus.windows.net"),
        ("40.112.72.101", 443, "g2-prod-sb.servicebus.windows.net"),
        ("20.0.0.1", 1433, "s.database.windows.net"),
        ("2603:1030::1", 443, "ns.servicebus.windows.net"),
    ])
}

fn required(proven: &[Proven]) -> Vec<Requirement> {
    proven
        .iter()
        .map(|own| {
            let flow = Flow::tcp(Host::Address(own.address), own.port);
            Requirement::new(flow, own.name.clone(), &own.entry)
        })
        .collect()
}

/// What our own reader and `verify` make of what was written: gaps, and addresses let through
/// beyond what is required. Lists know no ports of addresses, and groups end with Azure's own
/// rules: a denial of everything stands behind what was written.
fn read_back(format: RuleFormat, text: &str, proven: &[Proven]) -> (usize, u128) {
    let mut text = text.to_owned();
    if format == RuleFormat::NsgJson {
        let deny = r#",{"name": "deny", "properties": {"protocol": "*", "sourcePortRange": "*",
            "destinationPortRange": "*", "sourceAddressPrefix": "*",
            "destinationAddressPrefix": "*", "access": "Deny", "priority": 4096,
            "direction": "Outbound"}}]"#;
        text.truncate(text.trim_end().len() - 1);
        text.push_str(deny);
    }
    if format == RuleFormat::ArmTemplate {
        // The group that the rules are added to has none of its own.
        let mut template: serde_json::Value = serde_json::from_str(&text).unwrap();
        template["resources"].as_array_mut().unwrap().push(serde_json::json!({
            "type": "Microsoft.Network/networkSecurityGroups",
            "name": "[parameters('networkSecurityGroupName')]", "properties": {}}));
        text = template.to_string();
    }
    let sets = read(&[RuleFile { name: format.as_str(), text: &text }]).unwrap();
    let judges: Vec<_> =
        sets.iter().map(|set| RuleJudge::new(set, NetworkContext::default())).collect();
    let seen = verify(&judges, &required(proven), CorrectionAdvice::default());
    assert!(seen.undecided.is_empty(), "{format}: {:?}", seen.undecided);
    (
        seen.gaps.len(),
        seen.beyond.iter().map(|beyond| beyond.addresses.v4 + beyond.addresses.v6).sum(),
    )
}

#[test]
fn what_is_written_is_read_back_without_a_gap() {
    let proven = sample();
    for (format, beyond) in [
        (RuleFormat::NsgJson, Some(0)),
        // The group's other rules are not in the template: Azure's own let the Internet through.
        (RuleFormat::ArmTemplate, None),
        (RuleFormat::AzureFirewall, Some(0)),
        // Each address on both ports.
        (RuleFormat::EdlIp, Some(4)),
        (RuleFormat::Csv, Some(0)),
    ] {
        let text = emit(format, &emission(&proven)).unwrap();
        let seen = read_back(format, &text, &proven);
        assert_eq!(seen.0, 0, "{format}");
        if let Some(beyond) = beyond {
            assert_eq!(seen.1, beyond, "{format}");
        }
    }
}

#[test]
fn a_table_has_a_row_for_a_name_without_an_address() {
    let names = ["foo.com", "*.x.com"].map(|name| (NamePattern::parse(name).unwrap(), 443.into()));
    let mut emission = emission(&proven(&[]));
    emission.requests = AccessRequest::named(&names, "pub.txt");
    let text = emit(RuleFormat::Csv, &emission).unwrap();
    assert_eq!(
        text.lines().skip(1).collect::<Vec<_>>(),
        [
            "outbound,,*.x.com,,443,tcp,,given in pub.txt",
            "outbound,,foo.com,,443,tcp,,given in pub.txt",
        ]
    );
    // The table is read back as the list that it was.
    let sets = read(&[RuleFile { name: "f", text: &text }]).unwrap();
    let names = |set: &crate::firewall::RuleSet| {
        let names = set.rules().iter().flat_map(|rule| rule.destination.names.clone());
        names.map(|name| name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(&sets[0]), ["*.x.com", "foo.com"]);
    let are_flows: Vec<_> = emission.requests.iter().map(AccessRequest::is_flow).collect();
    assert_eq!(are_flows, [false, true]);
    assert_eq!(emit(RuleFormat::NsgJson, &emission), Err(EmitError::NoAddresses));
    emission.requests.clear();
    assert_eq!(emit(RuleFormat::Csv, &emission), Err(EmitError::NoAddresses));
}

#[test]
fn each_address_of_a_prefix_keeps_its_own_proof() {
    let mut list = sample();
    let own = list.iter_mut().find(|own| own.name.starts_with("ns") && own.address.is_ipv4());
    own.unwrap().how.push_str(", TLS");
    let permits = Permit::of(&list, Aggregation::Exact);
    let prefixes = permits.iter().flat_map(|permit| &permit.prefixes);
    let joined = prefixes.clone().find(|prefix| prefix.net.prefix_len() == 31).unwrap();
    assert_eq!(
        joined.why,
        "g0-prod-sb.servicebus.windows.net g1-prod-sb.servicebus.windows.net and 1 more, published \
         in AzureCloud.westeurope; ns.servicebus.windows.net, published in AzureCloud.westeurope, \
         TLS"
    );
}

#[test]
fn every_format_holds_the_whole_set_and_its_proof() {
    let emission = emission(&sample());
    for format in RuleFormat::ALL {
        let text = emit(*format, &emission).unwrap();
        assert_eq!(text, emit(*format, &emission).unwrap(), "{format} is not deterministic");
        let holds = |word: &str| assert!(text.contains(word), "{format} lacks {word}:\n{text}");
        match format.holds() {
            Holds::Names => holds("download.microsoft.com"),
            // A row for each name and address.
            _ if *format == RuleFormat::Csv => {
                for number in 0..3 {
                    holds(&format!("g{number}-prod-sb.servicebus.windows.net,40.112.72.101,443,"));
                }
                holds("ns.servicebus.windows.net,40.112.72.100,443,tcp,relay,published in ");
                holds(",2603:1030::1,443,");
            }
            _ if *format == RuleFormat::Fortigate => {
                for word in ["40.112.72.100 255.255.255.254", "20.0.0.1 255.", "2603:1030::1/128"] {
                    holds(word);
                }
            }
            Holds::NsgRules | Holds::Addresses => {
                for word in ["40.112.72.100/31", "20.0.0.1/32", "2603:1030::1/128"] {
                    holds(word);
                }
            }
        }
        let has_comments = !matches!(
            format,
            RuleFormat::NsgJson
                | RuleFormat::AzureFirewall
                | RuleFormat::Csv
                | RuleFormat::EdlDomain
                | RuleFormat::SquidDomains
                | RuleFormat::TlsExemptions
        );
        if has_comments {
            holds("g0-prod-sb.servicebus.windows.net g1-prod-sb.servicebus.windows.net and 2 more");
            holds("published in AzureCloud.westeurope");
        }
        if format.holds() == Holds::NsgRules {
            // One rule per ports and family, numbered.
            for word in ["Allow-Relay-2", "Allow-Relay-3", "202"] {
                holds(word);
            }
        }
    }
}

#[test]
fn a_tag_stands_for_its_addresses_where_the_format_knows_tags() {
    let mut emission = emission(&sample());
    for permit in &mut emission.permits {
        permit.tag = Some("DataFactoryManagement".to_owned());
    }
    for format in RuleFormat::ALL {
        let text = emit(*format, &emission).unwrap();
        match format.holds() {
            Holds::NsgRules => {
                assert!(text.contains("DataFactoryManagement"), "{format}");
                // The proof of what the tag stands for stays, where there are comments.
                assert_eq!(
                    text.contains("40.112.72.100/31") && text.contains("published in AzureCloud"),
                    *format != RuleFormat::NsgJson,
                    "{format}"
                );
                assert!(!text.contains("destinationAddressPrefixes"), "{format}");
            }
            Holds::Addresses if *format == RuleFormat::Csv => {
                assert!(text.contains(",40.112.72.100,"), "{format}");
            }
            Holds::Addresses if *format == RuleFormat::Fortigate => {
                assert!(text.contains("subnet 40.112.72.100 255.255.255.254"), "{format}");
            }
            Holds::Addresses => assert!(text.contains("40.112.72.100/31"), "{format}"),
            Holds::Names => {}
        }
    }
}

#[test]
fn names_are_written_as_their_readers_want_them() {
    let emission = emission(&sample());
    let lines = |format| -> Vec<String> {
        let text = emit(format, &emission).unwrap();
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    };
    assert_eq!(
        lines(RuleFormat::EdlDomain),
        ["*.servicebus.windows.net", "download.microsoft.com", "ns.servicebus.windows.net"]
    );
    // Squid refuses a name beside a domain that covers it.
    assert_eq!(
        lines(RuleFormat::SquidDomains),
        [".servicebus.windows.net", "download.microsoft.com"]
    );
    assert_eq!(lines(RuleFormat::TlsExemptions), lines(RuleFormat::EdlDomain));
}

/// Until the new rules are there, the older ones let through what they let through before.
#[test]
fn windows_rules_are_there_before_older_ones_go() {
    let text = emit(RuleFormat::WindowsFirewall, &emission(&sample())).unwrap();
    let at = |word: &str| text.find(word).unwrap_or_else(|| panic!("{word} is not in {text}"));
    let remembered = at("$older = @(Get-NetFirewallRule -Group 'Allow-Relay'");
    assert!(remembered < at("New-NetFirewallRule"), "{text}");
    assert!(text.rfind("New-NetFirewallRule").unwrap() < at("Remove-NetFirewallRule"), "{text}");
    // Without input, the cmdlet could take all rules of the host.
    assert!(text.ends_with("if ($older) { $older | Remove-NetFirewallRule }\n"), "{text}");
    assert!(text.contains("# Windows lets everything out unless a profile blocks it"), "{text}");
}

#[test]
fn azure_firewall_says_how_it_knows_what_it_lets_through() {
    let plain = emission(&sample());
    let read = |emission: &Emission| -> serde_json::Value {
        serde_json::from_str(&emit(RuleFormat::AzureFirewall, emission).unwrap()).unwrap()
    };
    let rule = |value: &serde_json::Value, collection: usize, rule: usize| {
        value["properties"]["ruleCollections"][collection]["rules"][rule].clone()
    };
    let description = |rule: &serde_json::Value| rule["description"].as_str().unwrap().to_owned();
    let alone = rule(&read(&plain), 0, 0);
    assert!(description(&alone).starts_with("Written by pathproof"), "{alone}");
    let name = |name: &str| NamePattern::parse(name).unwrap();
    let applications = Application::of([
        (name("ns.servicebus.windows.net"), Kind::Relay, 443),
        (name("ocsp.digicert.com"), Kind::Http, 80),
        (name("s.database.windows.net"), Kind::Tds, 1433),
    ]);
    let both = read(&Emission { applications, ..plain });
    let beside = rule(&both, 0, 0);
    assert!(description(&beside).starts_with("By address: no TLS handshake"), "{beside}");
    let by_handshake = rule(&both, 1, 0);
    assert_eq!(by_handshake["targetFqdns"][0], "ns.servicebus.windows.net", "{both}");
    assert_eq!(by_handshake["terminateTLS"], false, "{both}");
    assert!(description(&by_handshake).contains("without TLS inspection"), "{both}");
    let by_request = rule(&both, 1, 1);
    assert_eq!(by_request["protocols"][0]["protocolType"], "Http", "{both}");
    assert!(by_request["terminateTLS"].is_null(), "{both}");
    assert!(both["properties"]["ruleCollections"][1]["rules"][2].is_null(), "{both}");
}

#[test]
fn widening_takes_public_neighbours_only() {
    let permits = Permit::of(
        &proven(&[("192.0.1.7", 443, "a"), ("40.112.72.101", 443, "b")]),
        Aggregation::Widened(16),
    );
    let nets: Vec<_> = permits[0].prefixes.iter().map(|prefix| prefix.net.to_string()).collect();
    assert!(
        nets.contains(&"40.112.0.0/16".to_owned()) && nets.contains(&"192.0.1.0/24".to_owned())
    );
    let all: AddressSet = permits[0].prefixes.iter().map(|prefix| prefix.net).collect();
    for reserved in ["192.0.2.1", "192.0.0.1"] {
        assert!(!all.contains(reserved.parse().unwrap()), "{reserved}");
    }
}

#[test]
fn what_comes_from_outside_begins_no_line() {
    let mut list = sample();
    list[0].how = "published in Evil\n'; rm -rf x #\u{2028}\u{2019}".to_owned();
    let mut emission = emission(&list);
    emission.origin = "a'\"\nrm -rf y\r\n\u{2018}; rm -rf z; \u{d1}\u{202e}".to_owned();
    for format in RuleFormat::ALL {
        let text = emit(*format, &emission).unwrap();
        assert!(text.is_ascii(), "{format}:\n{text}");
        assert!(
            !text.lines().any(|line| line.starts_with("rm") || line.starts_with('\'')),
            "{format}:\n{text}"
        );
    }
    let script = emit(RuleFormat::AzCli, &emission).unwrap();
    assert!(
        script.contains("--description 'Written by pathproof from a'\\''\" rm -rf y"),
        "{script}"
    );
}

#[test]
fn limits_are_kept() {
    let scattered: Vec<_> = (0..4001_u32)
        .map(|number| IpAddr::from((0x2800_0000 + 2 * number).to_be_bytes()).to_string())
        .collect();
    let many: Vec<_> = scattered.iter().map(|address| (address.as_str(), 443, "a")).collect();
    let fine = emission(&sample());
    for (format, emission, expected) in [
        (
            RuleFormat::NsgJson,
            Emission { permits: Vec::new(), ..fine.clone() },
            "no address to allow",
        ),
        (RuleFormat::EdlDomain, Emission { names: Vec::new(), ..fine.clone() }, "no name to allow"),
        (RuleFormat::Bicep, emission(&proven(&many)), "4001 prefixes are more than the 4000"),
        (RuleFormat::AzCli, Emission { priority: 99, ..fine.clone() }, "priorities 99 to 101"),
        (
            RuleFormat::AzureFirewall,
            Emission { priority: 65_001, ..fine.clone() },
            "not all within 100 to 65000",
        ),
        (RuleFormat::AzCli, Emission { priority: 4095, ..fine.clone() }, "priorities 4095 to 4097"),
        (
            RuleFormat::NsgJson,
            Emission { name: "a'b".to_owned(), ..fine.clone() },
            "is no name for a rule",
        ),
        (
            RuleFormat::NsgJson,
            Emission { name: "x".repeat(79), ..fine.clone() },
            "is no name for a rule",
        ),
    ] {
        let error = emit(format, &emission).unwrap_err().to_string();
        assert!(error.contains(expected), "{format}: {error}");
    }
    let firewall = Emission { priority: 5000, ..fine.clone() };
    assert!(emit(RuleFormat::AzureFirewall, &firewall).is_ok());
    // Other formats have room for more.
    assert!(emit(RuleFormat::EdlIp, &emission(&proven(&many))).is_ok());
    let long = Emission { origin: "x".repeat(300), ..fine };
    let text = emit(RuleFormat::NsgJson, &long).unwrap();
    let rules: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(rules[0]["properties"]["description"].as_str().unwrap().chars().count(), 140);
}

/// Public addresses of both families, some of them neighbours, on a few ports.
fn many_proven() -> impl Strategy<Value = Vec<Proven>> {
    let v4 = (0x2870_4800_u32..0x2870_4840).prop_map(|bits| IpAddr::V4(bits.into()));
    let v6 = (0_u128..16).prop_map(|low| IpAddr::V6(((0x2603_1030 << 96) + low).into()));
    let one = (prop_oneof![3 => v4, 1 => v6], prop_oneof![Just(443_u16), Just(80), Just(1433)]);
    proptest::collection::btree_set(one, 1..40).prop_map(|set| {
        let proven = |(address, port)| Proven {
            address,
            port,
            entry: "relay".to_owned(),
            role: Role::Relay,
            name: "ns.servicebus.windows.net".to_owned(),
            how: "resolved only".to_owned(),
            level: ProofLevel::Resolved,
            local: None,
        };
        set.into_iter().map(proven).collect()
    })
}

proptest! {
    /// Exact aggregation neither loses nor gains an address; widening loses none.
    #[test]
    fn aggregation_keeps_the_set(
        addresses in proptest::collection::btree_set(0x2870_4800_u32..0x2870_4900, 1..60),
        length in 16_u8..=32,
    ) {
        let list: Vec<_> = addresses
            .iter()
            .map(|bits| Proven {
                address: IpAddr::V4((*bits).into()),
                port: 443,
                entry: "relay".to_owned(),
                role: Role::Relay,
                name: "a".to_owned(),
                how: String::new(),
                level: ProofLevel::Resolved,
                local: None,
            })
            .collect();
        let own: AddressSet = list.iter().map(|proven| proven.address).collect();
        let set = |aggregation| -> AddressSet {
            Permit::of(&list, aggregation)[0].prefixes.iter().map(|prefix| prefix.net).collect()
        };
        prop_assert_eq!(&set(Aggregation::Exact), &own);
        prop_assert!(own.is_subset(&set(Aggregation::Widened(length))));
        let text = emit(RuleFormat::NsgJson, &emission(&list)).unwrap();
        prop_assert_eq!(read_back(RuleFormat::NsgJson, &text, &list), (0, 0));
    }

    /// Every format that we can read leaves no gap, and those with ports let through no more than
    /// what is required.
    #[test]
    fn what_is_written_leaves_no_gap(proven in many_proven()) {
        let emission = emission(&proven);
        for (format, is_exact) in [
            (RuleFormat::NsgJson, true),
            (RuleFormat::ArmTemplate, false),
            (RuleFormat::AzureFirewall, true),
            (RuleFormat::EdlIp, false),
            (RuleFormat::Csv, false),
        ] {
            let (gaps, beyond) = read_back(format, &emit(format, &emission).unwrap(), &proven);
            prop_assert_eq!(gaps, 0, "{}", format);
            prop_assert!(!is_exact || beyond == 0, "{}: {} beyond", format, beyond);
        }
    }
}
