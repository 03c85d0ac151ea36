//! What a policy leaves open: order, absent groups, and flows that rules may not match.

use serde_json::{Value, json};

use crate::firewall::nsg::{RuleFile, read};
use crate::firewall::{
    NetworkContext, RuleJudge, RuleSet, decide_in_a_row, in_azures_order, read_flows,
};

const PROVIDER: &str = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network";

fn id(rest: &str) -> String {
    format!("{PROVIDER}/{rest}")
}

fn policy(name: &str, properties: &Value) -> Value {
    json!({"id": id(&format!("firewallPolicies/{name}")), "name": name,
        "type": "Microsoft.Network/firewallPolicies", "properties": properties})
}

fn collection(priority: &Value, access: &str, rule: &Value) -> Value {
    json!({"name": "c", "priority": priority, "action": {"type": access}, "rules": [rule],
        "ruleCollectionType": "FirewallPolicyFilterRuleCollection"})
}

/// A group of the policy that `name` has before its slash.
fn group_of(name: &str, priority: &Value, collections: &Value) -> Value {
    let (policy, group) = name.split_once('/').unwrap();
    json!({"id": id(&format!("firewallPolicies/{policy}/ruleCollectionGroups/{group}")),
        "name": group,
        "properties": {"priority": priority, "ruleCollections": collections}})
}

fn group(name: &str, priority: &Value, access: &str, rule: &Value) -> Value {
    group_of(name, priority, &json!([collection(&json!(100), access, rule)]))
}

fn network_rule(name: &str) -> Value {
    json!({"ruleType": "NetworkRule", "name": name, "ipProtocols": ["TCP"],
        "sourceAddresses": ["*"], "destinationAddresses": ["*"], "destinationPorts": ["443"]})
}

/// The rule with these members instead of its own.
fn with(rule: Value, members: &Value) -> Value {
    let mut rule = rule;
    for (key, value) in members.as_object().unwrap() {
        rule[key] = value.clone();
    }
    rule
}

fn set(value: &Value) -> RuleSet {
    let text = value.to_string();
    let mut sets = read(&[RuleFile { name: "f.json", text: &text }]).unwrap();
    assert_eq!(sets.len(), 1, "{text}");
    sets.remove(0)
}

fn decided_flow(value: &Value, flow: &str) -> String {
    let set = set(value);
    let flow = &read_flows(flow, "flow").unwrap()[0];
    let decision = RuleJudge::new(&set, NetworkContext::default()).decide(flow);
    format!("{} {}", decision.as_str(), decision.by().name)
}

fn decided(value: &Value) -> String {
    decided_flow(value, "20.1.1.1,443,tcp,10.0.0.4")
}

fn error(value: &Value) -> String {
    read(&[RuleFile { name: "f.json", text: &value.to_string() }]).unwrap_err().to_string()
}

#[test]
fn an_ip_group_that_is_empty_matches_nothing() {
    let ip_group = |properties: &Value| {
        json!({"id": id("ipGroups/hosts"), "type": "Microsoft.Network/ipGroups", "name": "hosts",
            "properties": properties})
    };
    let named = json!([id("ipGroups/hosts")]);
    let by_source = json!({"sourceAddresses": [], "sourceIpGroups": named});
    let by_destination = json!({"destinationAddresses": [], "destinationIpGroups": named});
    let all = group("p/all", &json!(300), "Allow", &network_rule("all"));
    for (members, addresses, expected) in [
        (&by_source, json!([]), "allow all"),
        (&by_source, json!(["10.0.0.4"]), "deny own"),
        (&by_source, json!(["10.0.0.5"]), "allow all"),
        (&by_destination, json!([]), "allow all"),
        (&by_destination, json!(["20.1.1.1"]), "deny own"),
        // A rule that names no source at all is for every source.
        (&json!({"sourceAddresses": [""], "sourceIpGroups": []}), json!([]), "deny own"),
        (&json!({"destinationAddresses": []}), json!([]), "unknown own"),
        (&json!({"destinationPorts": []}), json!([]), "unknown own"),
    ] {
        let rule = with(network_rule("own"), members);
        let own = group("p/own", &json!(200), "Deny", &rule);
        let hosts = ip_group(&json!({"ipAddresses": addresses}));
        assert_eq!(decided(&json!([hosts, own, all])), expected, "{members} {addresses}");
    }
}

#[test]
fn a_priority_that_is_not_known_decides_only_alone() {
    let number = json!(200);
    let allows = |priority: &Value| group("p/a", priority, "Allow", &network_rule("a"));
    let denies = |priority: &Value| group("p/b", priority, "Deny", &network_rule("b"));
    for bad in [json!(null), json!("abc"), json!("[parameters('p')]"), json!(-1)] {
        assert_eq!(decided(&json!([allows(&bad), denies(&number)])), "unknown a", "{bad}");
        assert_eq!(decided(&json!([denies(&number), allows(&bad)])), "unknown a", "{bad}");
        assert_eq!(decided(&json!([allows(&bad)])), "allow a", "{bad}");
        let [own, other] = [("Allow", "a", &bad), ("Deny", "b", &number)]
            .map(|(access, name, priority)| collection(priority, access, &network_rule(name)));
        let both = group_of("p/g", &number, &json!([own, other]));
        assert_eq!(decided(&both), "unknown a", "{bad}");
        assert_eq!(decided(&group_of("p/g", &number, &json!([own]))), "allow a", "{bad}");
    }
    // Network rules come first, whatever their group's priority is.
    let application = json!({"ruleType": "ApplicationRule", "name": "app", "targetFqdns": ["*"],
        "sourceAddresses": ["*"], "protocols": [{"protocolType": "Https", "port": 443}]});
    let late = group("p/late", &json!(null), "Deny", &application);
    assert_eq!(decided(&json!([allows(&number), late])), "allow a");
    assert_eq!(decided(&json!([allows(&json!(null)), late])), "allow a");
}

#[test]
fn a_rule_without_a_list_is_not_taken_to_match_nothing() {
    let all = group("p/all", &json!(300), "Allow", &network_rule("all"));
    let application = json!({"ruleType": "ApplicationRule", "name": "own", "targetFqdns": ["*"],
        "sourceAddresses": ["*"], "protocols": [{"protocolType": "Https", "port": 443}]});
    let network = network_rule("own");
    let open = json!({"targetFqdns": []});
    for (rule, members, expected) in [
        (&network, json!({"ipProtocols": null}), "unknown own"),
        (&network, json!({"ipProtocols": []}), "unknown own"),
        (&network, json!({"ipProtocols": ["UDP"]}), "allow all"),
        (&application, json!({"protocols": null}), "unknown own"),
        (&application, open, "unknown own"),
    ] {
        let own = group("p/own", &json!(100), "Deny", &with(rule.clone(), &members));
        let udp = with(network_rule("all"), &json!({"ipProtocols": ["UDP"]}));
        let udp = group("p/all", &json!(300), "Allow", &udp);
        let behind = if rule == &application { &udp } else { &all };
        assert_eq!(decided(&json!([own, behind])), expected, "{members}");
    }
}

#[test]
fn groups_that_are_not_in_the_file_leave_all_open() {
    let second = group("p/second", &json!(300), "Allow", &network_rule("second"));
    let page = |link: &str| json!({"value": [second], "nextLink": link});
    assert_eq!(decided(&page("")), "allow second");
    let open = "unknown (whether the policy is as here)";
    assert_eq!(decided(&page("https://management.azure.com/x")), open);
    let listing = |names: &[&str]| {
        let of = |name: &&str| json!({"id": id(&format!("firewallPolicies/p/x/{name}"))});
        let groups: Vec<_> = names.iter().map(of).collect();
        policy("p", &json!({"ruleCollectionGroups": groups}))
    };
    for (names, expected) in [
        (&["SECOND"][..], "allow second"),
        (&[], "allow second"),
        (&["first", "second"], "unknown rule collection group first"),
    ] {
        assert_eq!(decided(&json!([listing(names), second])), expected, "{names:?}");
        assert_eq!(decided(&json!([second, listing(names)])), expected, "{names:?}");
    }
    let set = set(&json!([listing(&["first", "second"]), second]));
    let flow = &read_flows("20.1.1.1,443,tcp", "flow").unwrap()[0];
    let judge = RuleJudge::new(&set, NetworkContext::default());
    let said = format!("{:?}", judge.decide(flow));
    assert!(said.contains("rule-collection-group show"), "{said}");
}

#[test]
fn base_policies_without_groups_and_in_circles() {
    let on = |base: &str| json!({"basePolicy": {"id": id(&format!("firewallPolicies/{base}"))}});
    let own = group("c/g", &json!(100), "Allow", &network_rule("own"));
    let other = group("r/g", &json!(100), "Deny", &network_rule("other"));
    let (child, middle, root) =
        (policy("c", &on("b")), policy("b", &on("r")), policy("r", &json!({})));
    assert_eq!(decided(&json!([child, own, middle, root])), "allow own");
    assert_eq!(decided(&json!([child, own, middle, root, other])), "deny other");
    assert_eq!(decided(&json!([child, own, middle])), "unknown base policy r");
    for (policies, expected) in [
        (vec![policy("c", &on("c"))], "firewall policy c, which is its own base policy"),
        (vec![child.clone(), middle, policy("r", &on("b"))], "each other's base policy: b, r"),
        (vec![child, policy("b", &on("c"))], "each other's base policy: c, b"),
    ] {
        let mut all = policies;
        all.push(own.clone());
        let said = error(&Value::Array(all));
        assert!(said.contains(expected) && said.contains("basePolicy"), "{said}");
    }
    // The base policy of another resource group may have the same name.
    let base = "/subscriptions/s/resourceGroups/hub/providers/x/firewallPolicies/c";
    let child = policy("c", &json!({"basePolicy": {"id": base}}));
    assert_eq!(decided(&json!([child, own])), "unknown base policy c");
}

#[test]
fn application_rules_match_flows_of_their_protocol() {
    let rule = |protocols: &Value| {
        json!({"ruleType": "ApplicationRule", "name": "own", "sourceAddresses": ["*"],
            "targetFqdns": ["*.windows.net"], "protocols": protocols})
    };
    let of = |word: &str, port: u16| json!({"protocolType": word, "port": port});
    for (protocols, port, expected) in [
        (json!([of("Https", 443)]), 443, "allow own"),
        (json!([of("Https", 8443)]), 8443, "allow own"),
        (json!([of("Http", 443)]), 443, "unknown own"),
        (json!([of("Http", 8080)]), 8080, "unknown own"),
        (json!([of("Http", 80)]), 80, "allow own"),
        (json!([of("Http", 80)]), 443, "deny (no rule)"),
        (json!([of("Mssql", 443)]), 443, "unknown own"),
        (json!([of("mssql", 1433)]), 1433, "allow own"),
        (json!([of("Http", 443), of("Https", 443)]), 443, "allow own"),
        (json!([of("Http", 443), of("Https", 8443)]), 443, "unknown own"),
        (json!([of("Http", 443), of("Https", 8443)]), 8443, "allow own"),
    ] {
        let own = group("p/g", &json!(100), "Allow", &rule(&protocols));
        let flow = format!("a.windows.net,{port},tcp");
        assert_eq!(decided_flow(&own, &flow), expected, "{protocols} {port}");
    }
}

#[test]
fn names_in_network_rules_need_the_proxy_and_are_no_wildcards() {
    let named = |members: &Value| {
        let rule = with(network_rule("own"), &json!({"destinationAddresses": []}));
        group("p/g", &json!(100), "Allow", &with(rule, members))
    };
    let exact = named(&json!({"destinationFqdns": ["a.windows.net"]}));
    let wildcard = named(&json!({"destinationFqdns": ["*.windows.net"]}));
    let both = json!({"destinationFqdns": ["a.windows.net"], "destinationAddresses": ["20.1.1.1"]});
    let both = named(&both);
    let proxy = |settings: &Value| policy("p", &json!({"dnsSettings": settings}));
    let (on, off) = (json!({"enableProxy": true}), json!({"enableProxy": false}));
    for (rules, settings, flow, expected) in [
        (&exact, &json!(null), "a.windows.net", "unknown own"),
        (&exact, &json!("[parameters('dns')]"), "a.windows.net", "unknown own"),
        (&exact, &on, "a.windows.net", "allow own"),
        (&exact, &off, "a.windows.net", "unknown own"),
        (&exact, &json!({"servers": []}), "a.windows.net", "unknown own"),
        (&exact, &off, "b.windows.net", "deny (no rule)"),
        (&wildcard, &on, "a.windows.net", "unknown own"),
        (&both, &off, "20.1.1.1", "allow own"),
        (&both, &off, "a.windows.net", "unknown own"),
    ] {
        let all = json!([proxy(settings), rules]);
        let flow = format!("{flow},443,tcp");
        assert_eq!(decided_flow(&all, &flow), expected, "{settings} {flow}");
    }
    // A base policy may turn it on. Where the policy is in no file, it is not known to be off.
    let on_base = |settings: &Value| {
        policy(
            "p",
            &json!({"basePolicy": {"id": id("firewallPolicies/b")},
            "dnsSettings": settings}),
        )
    };
    let base = |settings: &Value| policy("b", &json!({"dnsSettings": settings}));
    let none = json!(null);
    for (all, expected) in [
        (json!([on_base(&none), base(&on), exact]), "allow own"),
        (json!([on_base(&none), base(&none), exact]), "unknown own"),
        (json!([on_base(&off), base(&on), exact]), "unknown own"),
        (json!([on_base(&on), base(&off), exact]), "allow own"),
        (json!([exact]), "allow own"),
        (exact.clone(), "allow own"),
    ] {
        assert_eq!(decided_flow(&all, "a.windows.net,443,tcp"), expected, "{all}");
    }
}

#[test]
fn names_of_a_classic_firewall_need_the_proxy_too() {
    let firewall = |members: &Value| {
        let rule = |name: &str, to: &Value| {
            with(
                json!({"name": name, "protocols": ["TCP"], "sourceAddresses": ["*"],
                "destinationPorts": ["443"]}),
                to,
            )
        };
        let rules = [
            rule("named", &json!({"destinationFqdns": ["a.windows.net"]})),
            rule("own", &json!({"destinationAddresses": ["20.1.1.1"], "destinationPorts": ["80"]})),
        ];
        let collection = json!({"name": "c", "properties": {"priority": 100,
            "action": {"type": "Allow"}, "rules": rules}});
        let properties = json!({"networkRuleCollections": [collection]});
        json!({"id": id("azureFirewalls/fw"), "name": "fw",
            "properties": with(properties, members)})
    };
    let more = |value: &Value| json!({"additionalProperties": {"Network.DNS.EnableProxy": value}});
    for (members, expected) in [
        (more(&json!("true")), "allow named"),
        (more(&json!("True")), "allow named"),
        (more(&json!("false")), "unknown named"),
        (more(&json!("[parameters('proxy')]")), "unknown named"),
        (json!({"additionalProperties": {}}), "unknown named"),
        (json!({}), "unknown named"),
        (json!({"DNSEnableProxy": true}), "allow named"),
        (json!({"DNSEnableProxy": null}), "unknown named"),
        // One that may have a policy instead of these rules is another firewall.
        (json!({"firewallPolicy": {"id": ""}, "DNSEnableProxy": true}), "allow named"),
        (json!({"firewallPolicy": "[parameters('policy')]", "DNSEnableProxy": true}), "unknown $"),
    ] {
        let own = firewall(&members);
        let found = decided_flow(&own, "a.windows.net,443,tcp");
        assert!(found.starts_with(expected), "{members}: {found}");
        if expected == "unknown named" {
            assert_eq!(decided_flow(&own, "20.1.1.1,80,tcp"), "allow own", "{members}");
        }
    }
}

/// Azure writes the id of what is not there as an empty text at times.
#[test]
fn a_base_policy_without_a_name_is_none() {
    let own = group("p/g", &json!(100), "Allow", &network_rule("own"));
    for (base, expected) in [
        (json!(null), "allow own"),
        (json!({"id": ""}), "allow own"),
        (json!(""), "allow own"),
        (json!({"id": "[parameters('base')]"}), "unknown base policy"),
    ] {
        let found = decided(&json!([policy("p", &json!({"basePolicy": base})), own]));
        assert!(found.starts_with(expected), "{base}: {found}");
    }
}

/// What is missing of a rule is named, not what would not decide.
#[test]
fn names_behind_a_tag_are_what_is_missing() {
    let rule = json!({"ruleType": "ApplicationRule", "name": "own", "sourceAddresses": ["*"],
        "protocols": [{"protocolType": "Https", "port": 443}], "targetFqdns": [],
        "fqdnTags": ["WindowsUpdate"]});
    let set = set(&group("p/g", &json!(100), "Allow", &rule));
    let flow = &read_flows("a.windows.net,443,tcp", "flow").unwrap()[0];
    let judge = RuleJudge::new(&set, NetworkContext::default());
    let said = format!("{:?}", judge.decide(flow));
    assert!(said.contains("FQDN tag WindowsUpdate"), "{said}");
}

#[test]
fn groups_and_collections_of_one_priority_that_contradict_each_other() {
    let number = json!(100);
    let allows = group("p/a", &number, "Allow", &network_rule("a"));
    let denies = |name: &str, rule: &Value| group(name, &number, "Deny", rule);
    let elsewhere = with(network_rule("b"), &json!({"destinationAddresses": ["30.0.0.0/8"]}));
    let same_but_later = with(allows.clone(), &json!({"etag": "x"}));
    for (other, expected) in [
        (denies("p/b", &network_rule("b")), "unknown a"),
        (denies("p/b", &elsewhere), "unknown a"),
        (group("p/b", &number, "Allow", &network_rule("b")), "allow a"),
        (group("p/b", &json!(200), "Deny", &network_rule("b")), "allow a"),
        // One name with different rules is one group, in two versions.
        (group("p/A", &json!(200), "Deny", &network_rule("a")), "unknown a"),
        (same_but_later, "allow a"),
    ] {
        let both = json!([allows, other]);
        assert_eq!(decided(&both), expected, "{other}");
        let is_noted = set(&both).notes.iter().any(|note| note.contains("taken as unknown"));
        assert_eq!(is_noted, expected.starts_with("unknown"), "{other}");
    }
    let apart = |access: &str, prefix: &str| {
        let rule = with(network_rule(access), &json!({"destinationAddresses": [prefix]}));
        collection(&number, access, &rule)
    };
    let all = apart("Deny", "*");
    let near = apart("Allow", "20.1.1.1");
    let far = apart("Deny", "30.0.0.0/8");
    for (collections, expected) in
        [(json!([near, all]), "unknown Allow"), (json!([near, far]), "allow Allow")]
    {
        assert_eq!(decided(&group_of("p/g", &number, &collections)), expected);
    }
}

fn admin_rule(access: &str, priority: u32, name: &str) -> Value {
    let kind = "networkManagers/m/securityAdminConfigurations/c/ruleCollections/r/rules";
    json!({"id": id(&format!("{kind}/{name}")), "kind": "Custom", "properties": {
        "priority": priority, "access": access, "direction": "Outbound", "protocol": "Tcp",
        "sources": [], "destinations": [], "destinationPortRanges": ["443"]}})
}

#[test]
fn admin_rules_whose_access_is_open_may_lead_past_the_groups() {
    let nsg = |access: &str| {
        json!({"name": "n", "securityRules": [{"name": "own", "priority": 100, "access": access,
            "direction": "Outbound", "protocol": "*", "sourcePortRange": "*",
            "destinationPortRange": "*", "sourceAddressPrefix": "*",
            "destinationAddressPrefix": "*"}]})
    };
    let (first, second) = (admin_rule("Allow", 10, "first"), admin_rule("Deny", 10, "second"));
    let open = admin_rule("[parameters('a')]", 10, "open");
    let always = admin_rule("AlwaysAllow", 10, "always");
    let page = |link: &str| json!({"value": [first], "nextLink": link});
    for (admin, access, expected) in [
        (json!({"value": [open]}), "Deny", "unknown open"),
        (json!({"value": [open]}), "Allow", "unknown open"),
        (json!({"value": [always]}), "Deny", "allow own"),
        (json!({"value": [first]}), "Deny", "deny own"),
        (json!({"value": [first, second]}), "Allow", "unknown first"),
        (json!({"value": [first, second]}), "Deny", "deny own"),
        (json!({"value": [always, first]}), "Deny", "unknown always"),
        (page(""), "Deny", "deny own"),
        (page("https://management.azure.com/x"), "Deny", "unknown $.nextLink"),
    ] {
        let texts = [admin.to_string(), nsg(access).to_string()];
        let [admin_file, nsg_file] = [("admin.json", &texts[0]), ("nsg.json", &texts[1])]
            .map(|(name, text)| RuleFile { name, text });
        let sets = in_azures_order(read(&[admin_file, nsg_file]).unwrap(), &[]).unwrap();
        let judges: Vec<_> =
            sets.iter().map(|set| RuleJudge::new(set, NetworkContext::default())).collect();
        let flow = &read_flows("20.1.1.1,443,tcp,10.0.0.4", "flow").unwrap()[0];
        let (_, decision) = decide_in_a_row(&judges, flow).unwrap();
        let found = format!("{} {}", decision.as_str(), decision.by().name);
        // The groups decide nothing that an admin rule leads past them.
        let expected = if expected == "allow own" { "allow always" } else { expected };
        assert!(found.starts_with(expected), "{admin} {access}: {found}");
    }
}
