//! What is written is read back by strict readers of what the vendors document: FortiOS' CLI
//! reference (`firewall address`, `addrgrp`, quoting), and PAN-OS' `set` format. `tests/it` has a
//! foreign reader of both.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use proptest::prelude::*;

use super::*;
use crate::firewall::emit::{Aggregation, RuleFormat, emit};
use crate::firewall::{ProofLevel, Proven};
use crate::model::Role;

/// What a reader saw: objects and groups by their names.
#[derive(Debug, Default)]
struct Seen {
    nets: BTreeMap<String, IpNet>,
    names: BTreeMap<String, String>,
    groups: BTreeMap<String, Vec<String>>,
}

impl Seen {
    fn has(&self, name: &str) -> bool {
        self.nets.contains_key(name) || self.names.contains_key(name)
    }

    /// The prefixes of a group and of the groups in it.
    fn nets_of(&self, group: &str) -> BTreeSet<IpNet> {
        let Some(members) = self.groups.get(group) else { return BTreeSet::new() };
        let of = |member: &String| match self.nets.get(member) {
            Some(net) => BTreeSet::from([*net]),
            None => self.nets_of(member),
        };
        members.iter().flat_map(of).collect()
    }

    fn names_of(&self, group: &str) -> BTreeSet<&str> {
        let Some(members) = self.groups.get(group) else { return BTreeSet::new() };
        let of = |member: &String| match self.names.get(member) {
            Some(name) => BTreeSet::from([name.as_str()]),
            None => self.names_of(member),
        };
        members.iter().flat_map(of).collect()
    }
}

/// The words of a line, and whether each stood in quotes. `escapes` says whether a backslash
/// escapes; neither system's special characters may stand outside quotes.
fn words(line: &str, escapes: bool) -> Vec<(String, bool)> {
    let mut words = Vec::new();
    let mut letters = line.chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            ' ' => {}
            '"' => {
                let mut word = String::new();
                loop {
                    match letters.next().expect("a quote is not closed") {
                        '"' => break,
                        '\\' if escapes => word.push(letters.next().expect("nothing is escaped")),
                        '?' => panic!("a console takes ? for a question: {line}"),
                        c => word.push(c),
                    }
                }
                assert!(matches!(letters.peek(), None | Some(' ')), "{line}");
                words.push((word, true));
            }
            c => {
                let mut word = String::from(c);
                while let Some(c) = letters.next_if(|c| *c != ' ') {
                    word.push(c);
                }
                assert!(
                    word.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:/[]".contains(c)),
                    "{line}"
                );
                words.push((word, false));
            }
        }
    }
    words
}

fn is_name(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

fn is_fqdn(name: &str) -> bool {
    name.len() <= 255 && !name.contains(['*', ' ', '"']) && name.parse::<IpAddr>().is_err()
}

fn read_fortios(text: &str) -> Seen {
    let mut seen = Seen::default();
    let (mut table, mut entry): (Option<String>, Option<String>) = (None, None);
    let (mut kind, mut tables) = (String::new(), BTreeMap::new());
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix('#') {
            // There are readers that see a quote begin in a comment.
            assert!(!comment.contains(['"', '\'', '\\', '?']), "{line}");
            continue;
        }
        let words = words(line, true);
        let plain: Vec<_> = words.iter().map(|(word, _)| word.as_str()).collect();
        match (&*plain, table.clone(), entry.clone()) {
            (["config", "firewall", own], None, None) => {
                assert!(["address", "address6", "addrgrp", "addrgrp6"].contains(own), "{line}");
                table = Some((*own).to_owned());
            }
            (["edit", name], Some(own), None) => {
                assert!(is_name(name) && words[1].1, "{line}");
                // Addresses and groups share their names, of both families.
                assert_eq!(tables.insert((*name).to_owned(), own), None, "{line}");
                entry = Some((*name).to_owned());
                kind.clear();
            }
            (["set", "type", own], Some(table), Some(_)) if table == "address" => {
                kind = (*own).to_owned();
            }
            (["set", "subnet", address, mask], Some(_), Some(name)) if kind == "ipmask" => {
                let (address, mask): (Ipv4Addr, Ipv4Addr) =
                    (address.parse().unwrap(), mask.parse().unwrap());
                let net = Ipv4Net::with_netmask(address, mask).unwrap();
                assert_eq!(net.addr(), net.network(), "{line}");
                seen.nets.insert(name, net.into());
            }
            (["set", "fqdn", host], Some(_), Some(name)) if kind == "fqdn" => {
                assert!(is_fqdn(host) && words[2].1, "{line}");
                seen.names.insert(name, (*host).to_owned());
            }
            (["set", "ip6", net], Some(table), Some(name)) if table == "address6" => {
                let net: IpNet = net.parse().unwrap();
                assert!(matches!(net, IpNet::V6(_)), "{line}");
                seen.nets.insert(name, net);
            }
            (["set", "comment", comment], Some(_), Some(_)) => {
                assert!(comment.len() <= 255 && words[2].1, "{line}");
            }
            ([verb @ ("set" | "append"), "member", members @ ..], Some(table), Some(name)) => {
                assert!(!members.is_empty() && table.starts_with("addrgrp"), "{line}");
                let of_family =
                    |member: &str| tables[member].ends_with('6') == table.ends_with('6');
                assert!(members.iter().all(|member| of_family(member)), "{line}");
                let group = seen.groups.entry(name).or_default();
                assert_eq!(*verb == "set", group.is_empty(), "{line}");
                group.extend(members.iter().map(|member| (*member).to_owned()));
                assert!(group.len() <= 300, "{line}");
            }
            (["next"], Some(_), Some(_)) => entry = None,
            (["end"], Some(_), None) => table = None,
            _ => panic!("unexpected in {table:?}, {entry:?}: {line}"),
        }
    }
    assert_eq!((table, entry), (None, None), "not closed");
    seen
}

fn read_panos(text: &str) -> Seen {
    let mut seen = Seen::default();
    for line in text.lines() {
        let words = words(line, false);
        let plain: Vec<_> = words.iter().map(|(word, _)| word.as_str()).collect();
        match &*plain {
            ["set", "address", name, "ip-netmask", net] => {
                assert!(is_name(name) && !seen.has(name), "{line}");
                seen.nets.insert((*name).to_owned(), net.parse().unwrap());
            }
            ["set", "address", name, "fqdn", host] => {
                assert!(is_name(name) && !seen.has(name) && is_fqdn(host), "{line}");
                seen.names.insert((*name).to_owned(), (*host).to_owned());
            }
            ["set", "address", name, "description", text] => {
                assert!(seen.has(name) && text.len() <= 1023 && words[4].1, "{line}");
            }
            ["set", "address-group", name, "static", "[", members @ .., "]"] => {
                assert!(is_name(name) && !members.is_empty() && !seen.has(name), "{line}");
                let is_there =
                    |member: &&str| seen.has(member) || seen.groups.contains_key(*member);
                assert!(members.iter().all(is_there), "{line}");
                let group = seen.groups.entry((*name).to_owned()).or_default();
                group.extend(members.iter().map(|member| (*member).to_owned()));
                assert!(group.len() <= 2500, "{line}");
            }
            ["set", "address-group", name, "description", text] => {
                assert!(seen.groups.contains_key(*name) && text.len() <= 1023, "{line}");
            }
            _ => panic!("unexpected: {line}"),
        }
    }
    seen
}

fn emission(proven: &[Proven]) -> Emission {
    Emission {
        name: "Allow-Relay".to_owned(),
        priority: 200,
        origin: "a \"hostile\" \u{2019}name?\\ $(touch a)\n".to_owned(),
        permits: Permit::of(proven, Aggregation::Exact),
        names: Vec::new(),
        applications: Vec::new(),
        requests: AccessRequest::of(proven, Aggregation::Exact, &[]),
    }
}

fn proven(address: IpAddr, port: u16, name: String, how: String) -> Proven {
    Proven {
        address,
        port,
        entry: "relay".to_owned(),
        role: Role::Relay,
        name,
        how,
        level: ProofLevel::Resolved,
        local: None,
    }
}

/// Names as hosts have them, of all lengths, and what is none.
fn a_name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{1,3}[0-9]{1,2}\\.(servicebus|frontend)\\.windows\\.net",
        2 => "[a-z0-9_]{1,20}(\\.[a-z0-9_]{1,20}){1,3}",
        2 => "([a-z][a-z0-9-]{58}[a-z]\\.){1,3}net",
        1 => "\\PC{0,20}",
        1 => "[a-z\"'?*\\\\ \n]{1,12}",
    ]
}

fn some_proven() -> impl Strategy<Value = Vec<Proven>> {
    let v4 = (0x2870_4800_u32..0x2870_4840).prop_map(|bits| IpAddr::V4(bits.into()));
    let v6 = (0_u128..16).prop_map(|low| IpAddr::V6(((0x2603_1030 << 96) + low).into()));
    let port = prop_oneof![Just(443_u16), Just(80), Just(1433)];
    let one = (prop_oneof![3 => v4, 1 => v6], port, a_name(), "\\PC{0,300}");
    proptest::collection::vec(one, 1..40).prop_map(|list| {
        let mut list: Vec<_> = list
            .into_iter()
            .map(|(address, port, name, how)| proven(address, port, name, how))
            .collect();
        list.sort_by_key(|one| one.address);
        list
    })
}

/// Compares what was read with what was to be written.
fn compare(seen: &Seen, emission: &Emission, has_v6_groups: bool) {
    for (number, permit) in emission.permits.iter().enumerate() {
        let name = emission.numbered(number);
        let mut nets = seen.nets_of(&name);
        if has_v6_groups {
            nets.extend(seen.nets_of(&format!("{name}-ipv6")));
        }
        let meant: BTreeSet<_> = permit.prefixes.iter().map(|prefix| prefix.net).collect();
        assert_eq!(nets, meant, "{name}");
        let is_meant = |request: &&AccessRequest| {
            let is_name =
                HostName::parse(&request.name).is_ok_and(|own| own.as_str() == request.name);
            is_name
                && request.name.parse::<IpAddr>().is_err()
                && request.address.is_some_and(|own| {
                    (!has_v6_groups || own.addr().is_ipv4())
                        && meant.iter().any(|net| net.contains(&own))
                })
                && permit.ports.contains(request.ports.parse().unwrap())
        };
        let meant: BTreeSet<_> = emission
            .requests
            .iter()
            .filter(is_meant)
            .map(|request| request.name.as_str())
            .collect();
        assert_eq!(seen.names_of(&format!("{name}-fqdn")), meant, "{name}");
    }
}

proptest! {
    /// Both formats give back the same addresses and names, whatever the names and proofs hold.
    #[test]
    fn what_is_written_is_read_back(list in some_proven()) {
        let emission = emission(&list);
        compare(&read_fortios(&emit(RuleFormat::Fortigate, &emission).unwrap()), &emission, true);
        compare(&read_panos(&emit(RuleFormat::PanosSet, &emission).unwrap()), &emission, false);
    }

    /// Different names have different objects.
    #[test]
    fn names_do_not_share_an_object(one in a_name(), other in a_name()) {
        prop_assert!(is_name(&name_of_name(&one)));
        prop_assert_eq!(name_of_name(&one) == name_of_name(&other), one == other);
    }
}

#[test]
fn names_that_look_alike_have_objects_of_their_own() {
    let long = "a".repeat(60);
    let names = [
        "a.b.net".to_owned(),
        "a_b.net".to_owned(),
        "a.b_net".to_owned(),
        "a.-b.net".to_owned(),
        format!("{long}.one.net"),
        format!("{long}.two.net"),
    ];
    let objects: BTreeSet<_> = names.iter().map(|name| name_of_name(name)).collect();
    assert_eq!(objects.len(), names.len(), "{objects:?}");
    assert!(objects.contains("pathproof-a_b_net"), "{objects:?}");
}

/// A group that a small model could not hold is a group of groups.
#[test]
fn large_groups_are_split() {
    let list: Vec<_> = (0..700_u32)
        .map(|number| {
            let address = IpAddr::V4((0x2870_4800 + 2 * number).into());
            proven(address, 443, format!("g{number}-prod-sb.servicebus.windows.net"), String::new())
        })
        .collect();
    let emission = emission(&list);
    let seen = read_fortios(&emit(RuleFormat::Fortigate, &emission).unwrap());
    compare(&seen, &emission, true);
    let parts = ["Allow-Relay-part1", "Allow-Relay-part2", "Allow-Relay-part3"];
    assert_eq!(seen.groups["Allow-Relay"], parts);
    assert_eq!(seen.groups["Allow-Relay-part3"].len(), 100);
    compare(&read_panos(&emit(RuleFormat::PanosSet, &emission).unwrap()), &emission, false);
}

#[test]
fn names_that_no_group_may_have_are_refused() {
    let list = [proven([40, 112, 72, 1].into(), 443, "a.net".to_owned(), String::new())];
    for name in ["a.b", &"x".repeat(63)] {
        let emission = Emission { name: name.to_owned(), ..emission(&list) };
        for format in [RuleFormat::Fortigate, RuleFormat::PanosSet] {
            let error = emit(format, &emission).unwrap_err();
            assert!(matches!(error, EmitError::GroupName(_)), "{format}: {error}");
        }
    }
}
