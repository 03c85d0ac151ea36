//! Policies and IP groups of one name in several resource groups, and groups of rules that may not
//! be there.

use serde_json::{Value, json};

use crate::firewall::nsg::{RuleFile, read, read_change};
use crate::firewall::{NetworkContext, RuleJudge, RuleSet, read_flows};

const PROVIDER: &str = "providers/Microsoft.Network";

fn id(resource_group: &str, rest: &str) -> String {
    format!("/subscriptions/s/resourceGroups/{resource_group}/{PROVIDER}/{rest}")
}

/// A rule collection group of the policy `p`, as `az` prints it.
fn group(resource_group: &str, access: &str, rule: &Value) -> Value {
    json!({"id": id(resource_group, "firewallPolicies/p/ruleCollectionGroups/g"), "name": "g",
        "priority": 200, "ruleCollections": [{"name": "c", "priority": 100,
            "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
            "action": {"type": access}, "rules": [rule]}]})
}

fn network_rule(access: &str) -> Value {
    json!({"ruleType": "NetworkRule", "name": access, "ipProtocols": ["TCP"],
        "sourceAddresses": ["*"], "destinationAddresses": ["*"], "destinationPorts": ["443"]})
}

fn decided(set: &RuleSet) -> String {
    let flow = &read_flows("20.1.1.1,443,tcp,10.0.0.4", "flow").unwrap()[0];
    let decision = RuleJudge::new(set, NetworkContext::default()).decide(flow);
    format!("{} {}", decision.as_str(), decision.by().name)
}

fn sets(values: &[&Value]) -> Vec<RuleSet> {
    let texts: Vec<_> = values.iter().map(ToString::to_string).collect();
    let names: Vec<_> = (0..texts.len()).map(|number| format!("{number}.json")).collect();
    let files: Vec<_> =
        names.iter().zip(&texts).map(|(name, text)| RuleFile { name, text }).collect();
    read(&files).unwrap()
}

#[test]
fn policies_of_one_name_in_two_resource_groups_are_two() {
    let own = group("a", "Allow", &network_rule("Allow"));
    let other = group("b", "Deny", &network_rule("Deny"));
    let read = sets(&[&json!([own, other])]);
    let names: Vec<_> = read.iter().map(|set| (set.name.as_str(), decided(set))).collect();
    assert_eq!(names, [("a/p", "allow Allow".to_owned()), ("b/p", "deny Deny".to_owned())]);
    assert!(read[0].is_called("A/P") && !read[0].is_called("b/p"));

    // A base policy is the one of its own resource group.
    let child = json!({"id": id("c", "firewallPolicies/child"), "name": "child",
        "type": "Microsoft.Network/firewallPolicies",
        "basePolicy": {"id": id("B", "firewallPolicies/P")}});
    let read = sets(&[&child, &own, &other]);
    let child = read.iter().find(|set| set.is_called("c/child")).unwrap();
    assert_eq!((read.len(), decided(child)), (2, "deny Deny".to_owned()));

    // A policy without its groups says nothing, and is no mistake beside them.
    let alone = RuleFile { name: "policy.json", text: &bare_policy().to_string() };
    let error = crate::firewall::nsg::read(&[alone]).unwrap_err().to_string();
    assert!(error.contains("a firewall policy without its rule collection groups"), "{error}");
}

fn bare_policy() -> Value {
    json!({"id": id("a", "firewallPolicies/p"), "name": "p",
        "type": "Microsoft.Network/firewallPolicies"})
}

#[test]
fn ip_groups_of_one_name_in_two_resource_groups_are_two() {
    let ip_group = |resource_group: &str, address: &str| {
        json!({"id": id(resource_group, "ipGroups/relays"), "name": "relays",
            "type": "Microsoft.Network/IpGroups", "ipAddresses": [address]})
    };
    let rule = |resource_group: &str| {
        let mut rule = network_rule("relays");
        rule["destinationAddresses"] = json!([]);
        rule["destinationIpGroups"] = json!([id(resource_group, "ipGroups/Relays")]);
        group("a", "Allow", &rule)
    };
    let (near, far) = (ip_group("a", "20.1.1.0/24"), ip_group("b", "20.2.2.0/24"));
    for (asked, expected) in [("a", "allow relays"), ("b", "deny (no rule)")] {
        for groups in [[&near, &far], [&far, &near]] {
            assert_eq!(decided(&sets(&[&rule(asked), groups[0], groups[1]])[0]), expected);
        }
    }
    // That of another resource group says nothing; one given twice is the same.
    assert_eq!(decided(&sets(&[&rule("a"), &far])[0]), "unknown relays");
    assert_eq!(decided(&sets(&[&rule("a"), &near, &near])[0]), "allow relays");
}

/// A template or plan that holds a group and not its policy says so: other groups may come first.
#[test]
fn a_group_whose_policy_is_elsewhere_says_so() {
    let note = |set: &RuleSet| set.notes.iter().any(|note| note.contains("may decide first"));
    let own = group("a", "Allow", &network_rule("Allow"));
    assert!(note(&sets(&[&own])[0]), "one of them");
    assert!(!note(&sets(&[&json!([own])])[0]), "a list of all");
    assert!(!note(&sets(&[&own, &bare_policy()])[0]), "with its policy");
}

#[test]
fn a_group_that_may_not_be_there_is_not_taken_for_granted() {
    let template = |condition: &Value, of: &str| {
        let kind = format!("Microsoft.Network/{of}");
        let mut policy = json!({"type": "Microsoft.Network/firewallPolicies", "name": "p",
            "apiVersion": "2023-09-01", "properties": {}});
        let mut own = group("a", "Allow", &network_rule("Allow"));
        own["type"] = json!("Microsoft.Network/firewallPolicies/ruleCollectionGroups");
        own["name"] = json!("p/g");
        own["apiVersion"] = json!("2023-09-01");
        for resource in [&mut policy, &mut own] {
            if resource["type"] == kind {
                resource["condition"] = condition.clone();
            }
        }
        json!({"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
            "contentVersion": "1.0.0.0", "resources": [policy, own]})
    };
    let unknown = json!("[reference('x').enabled]");
    for (condition, of, expected) in [
        (json!(true), "firewallPolicies", "allow Allow"),
        (unknown.clone(), "firewallPolicies/ruleCollectionGroups", "unknown Allow"),
        (unknown, "firewallPolicies", "unknown (whether the policy is as here)"),
    ] {
        assert_eq!(decided(&sets(&[&template(&condition, of)])[0]), expected, "{condition}");
    }
}

/// A plan's change of a policy and of its only group; `None` where the side has none.
fn plan(policy: [bool; 2], rules: [Option<&str>; 2]) -> String {
    let policy_id = id("a", "firewallPolicies/p");
    let own = |is_there: bool| {
        is_there.then(|| json!({"name": "p", "resource_group_name": "a", "id": policy_id}))
    };
    let group = |access: Option<&str>| {
        access.map(|access| {
            json!({"name": "g", "firewall_policy_id": policy_id, "priority": 500,
                "application_rule_collection": [], "nat_rule_collection": [],
                "network_rule_collection": [{"name": "c", "priority": 100, "action": access,
                    "rule": [{"name": access, "protocols": ["TCP"], "source_addresses": ["*"],
                        "destination_addresses": ["*"], "destination_ports": ["443"]}]}]})
        })
    };
    let change = |kind: &str, sides: [Option<Value>; 2]| {
        let actions = match &sides {
            [Some(_), None] => "delete",
            [None, Some(_)] => "create",
            _ => "update",
        };
        json!({"address": format!("{kind}.x"), "mode": "managed", "type": kind,
            "change": {"actions": [actions], "before": sides[0], "after": sides[1],
                "after_unknown": {}}})
    };
    let mut changes =
        vec![change("azurerm_firewall_policy_rule_collection_group", rules.map(group))];
    if policy != [false, false] {
        changes.push(change("azurerm_firewall_policy", policy.map(own)));
    }
    json!({"format_version": "1.2", "terraform_version": "1.13.0", "resource_changes": changes})
        .to_string()
}

#[test]
fn plans_create_and_delete_the_only_group_of_a_policy() {
    const UNKNOWN: &str = "unknown (whether the policy is as here)";
    let (there, elsewhere) = ([true, true], [false, false]);
    for (policy, rules, before, after) in [
        (there, [None, Some("Allow")], "deny (no rule)", "allow Allow"),
        (there, [Some("Allow"), None], "allow Allow", "deny (no rule)"),
        (there, [Some("Deny"), Some("Allow")], "deny Deny", "allow Allow"),
        (elsewhere, [None, Some("Allow")], "deny (no rule)", "allow Allow"),
        (elsewhere, [Some("Allow"), None], "allow Allow", "deny (no rule)"),
        ([false, true], [None, Some("Allow")], UNKNOWN, "allow Allow"),
        ([true, false], [Some("Allow"), None], "allow Allow", UNKNOWN),
    ] {
        let text = plan(policy, rules);
        let file = RuleFile { name: "plan.json", text: &text };
        let sides = read_change(&[file]).unwrap().expect("both sides");
        for (sets, expected) in sides.iter().zip([before, after]) {
            let [set] = &sets[..] else { panic!("{} sets", sets.len()) };
            assert!(decided(set).starts_with(expected), "{policy:?} {rules:?}: {}", decided(set));
            let is_noted = set.notes.iter().any(|note| note.contains("may decide first"));
            assert_eq!(is_noted, policy == elsewhere, "{policy:?} {rules:?}: {:?}", set.notes);
        }
    }
    // Verified, the rules are as they would be.
    let text = plan(there, [Some("Allow"), None]);
    let read = read(&[RuleFile { name: "plan.json", text: &text }]).unwrap();
    assert_eq!(decided(&read[0]), "deny (no rule)");
}
