//! Plans: in the shapes that Terraform, Resource Manager and this program write them.

use serde_json::{Value, json};

use super::*;
use crate::firewall::{
    NetworkContext, RuleDialect, RuleJudge, decide_in_a_row, in_azures_order, read_flows,
};

fn change(kind: &str, before: &Value, after: &Value, unknown: &Value) -> Value {
    json!({"address": format!("{kind}.x"), "mode": "managed", "type": kind, "name": "x",
        "provider_name": "registry.terraform.io/hashicorp/azurerm",
        "change": {"actions": ["update"], "before": before, "after": after,
            "after_unknown": unknown, "before_sensitive": {}, "after_sensitive": {}}})
}

pub(super) fn plan(version: &str, changes: &[Value]) -> String {
    json!({"format_version": version, "terraform_version": "1.13.0", "resource_changes": changes})
        .to_string()
}

/// A rule as providers write it: both numbers of every pair, lists empty or null.
fn rule(name: &str, access: &str, prefix: &Value, prefixes: &Value) -> Value {
    json!({"access": access, "description": "", "destination_address_prefix": prefix,
        "destination_address_prefixes": prefixes,
        "destination_application_security_group_ids": null,
        "destination_port_range": "", "destination_port_ranges": ["443", "1433"],
        "direction": "Outbound", "name": name, "priority": 100, "protocol": "Tcp",
        "source_address_prefix": "10.1.2.3/0", "source_address_prefixes": [],
        "source_application_security_group_ids": [], "source_port_range": "*",
        "source_port_ranges": []})
}

/// `allow NAME` of every set in a row.
pub(super) fn decided(sets: &[RuleSet], flow: &str) -> String {
    let sets = in_azures_order(sets.to_vec(), &[]).unwrap();
    let judges: Vec<_> =
        sets.iter().map(|set| RuleJudge::new(set, NetworkContext::default())).collect();
    let flow = &read_flows(flow, "flow").unwrap()[0];
    let (_, decision) = decide_in_a_row(&judges, flow).unwrap();
    format!("{} {}", decision.as_str(), decision.by().name)
}

pub(super) fn sides(text: &str) -> [Vec<RuleSet>; 2] {
    read_change(&[RuleFile { name: "plan.json", text }]).unwrap().expect("both sides")
}

fn error(text: &str) -> String {
    read(&[RuleFile { name: "f.json", text }]).unwrap_err().to_string()
}

#[test]
fn providers_write_both_numbers_of_a_pair() {
    let prefix = json!("40.112.72.0/24");
    for (prefix, prefixes) in
        [(&prefix, json!([])), (&prefix, Value::Null), (&Value::Null, json!(["40.112.72.0/24"]))]
    {
        for version in ["0.1", "0.2", "1.0", "1.1", "1.2"] {
            let nsg = json!({"name": "nsg", "security_rule": [
                rule("relay", "Deny", prefix, &prefixes)]});
            let text =
                plan(version, &[change("azurerm_network_security_group", &nsg, &nsg, &json!({}))]);
            let [_, after] = sides(&text);
            assert_eq!(decided(&after, "40.112.72.9,443,tcp"), "deny relay");
            assert_eq!(decided(&after, "40.112.73.9,443,tcp"), "allow AllowInternetOutBound");
            assert_eq!(decided(&after, "40.112.72.9,80,tcp"), "allow AllowInternetOutBound");
        }
    }
}

/// `after_unknown` says of a whole resource, of a list, of an element and of a member that it is
/// not known: what depends on it is unknown, and nothing else.
#[test]
fn what_is_known_only_after_apply_is_unknown_at_every_level() {
    let own = rule("relay", "Deny", &json!("40.112.72.0/24"), &json!([]));
    let nsg = json!({"name": "nsg", "security_rule": [own]});
    let mut without = own.clone();
    without.as_object_mut().unwrap().remove("access");
    let half = json!({"name": "nsg", "security_rule": [without]});
    let bare = json!({"name": "nsg"});
    for (after, unknown, inside, outside) in [
        (&nsg, json!({}), "deny relay", "allow AllowInternetOutBound"),
        (&nsg, json!({"id": true}), "deny relay", "allow AllowInternetOutBound"),
        (
            &half,
            json!({"security_rule": [{"access": true}]}),
            "unknown relay",
            "allow AllowInternetOutBound",
        ),
        (
            &nsg,
            json!({"security_rule": [{"destination_address_prefix": true}]}),
            "unknown relay",
            "unknown relay",
        ),
        (
            &nsg,
            json!({"security_rule": [true]}),
            "unknown $.resource_changes[0].change.after.securityRules[0]",
            "unknown $.resource_changes[0].change.after.securityRules[0]",
        ),
        (
            &bare,
            json!({"security_rule": true}),
            "unknown $.resource_changes[0].change.after.securityRules",
            "unknown $.resource_changes[0].change.after.securityRules",
        ),
        (
            &Value::Null,
            json!(true),
            "unknown $.resource_changes[0].change.after.securityRules",
            "unknown $.resource_changes[0].change.after.securityRules",
        ),
    ] {
        let changes = [change("azurerm_network_security_group", &nsg, after, &unknown)];
        let [before, after] = sides(&plan("1.2", &changes));
        assert_eq!(decided(&before, "40.112.72.9,443,tcp"), "deny relay");
        assert_eq!(decided(&after, "40.112.72.9,443,tcp"), inside, "{unknown}");
        assert_eq!(decided(&after, "40.112.73.9,443,tcp"), outside, "{unknown}");
    }
}

fn route(name: &str, prefix: &str, hop: &str) -> Value {
    let address = if hop == "VirtualAppliance" { json!("10.0.0.4") } else { Value::Null };
    json!({"name": name, "address_prefix": prefix, "next_hop_type": hop,
        "next_hop_in_ip_address": address})
}

#[test]
fn route_tables_of_plans_are_on_both_sides() {
    let table = |routes: &[Value]| {
        json!({"name": "rt", "bgp_route_propagation_enabled": true,
            "route": routes})
    };
    let internet = route("out", "0.0.0.0/0", "Internet");
    let none = route("stop", "40.112.72.0/24", "None");
    let text = plan(
        "1.2",
        &[change(
            "azurerm_route_table",
            &table(std::slice::from_ref(&internet)),
            &table(&[internet.clone(), none.clone()]),
            &json!({}),
        )],
    );
    let [before, after] = sides(&text);
    assert_eq!(before[0].dialect, RuleDialect::Routes);
    assert_eq!(decided(&before, "40.112.72.9,443,tcp"), "allow out");
    assert_eq!(decided(&after, "40.112.72.9,443,tcp"), "deny stop");

    // A route that is a resource of its own stands in the list too, as it was when it was read.
    let mut single = none;
    single["route_table_name"] = json!("rt");
    let mut elsewhere = single.clone();
    elsewhere["address_prefix"] = json!("40.112.73.0/24");
    let both = table(&[internet.clone(), single.clone()]);
    let text = plan(
        "1.2",
        &[
            change("azurerm_route_table", &both, &both, &json!({})),
            change("azurerm_route", &single, &elsewhere, &json!({})),
        ],
    );
    let [before, after] = sides(&text);
    assert_eq!(decided(&before, "40.112.72.9,443,tcp"), "deny stop");
    assert_eq!(decided(&after, "40.112.72.9,443,tcp"), "allow out");
    assert_eq!(decided(&after, "40.112.73.9,443,tcp"), "deny stop");

    // What a table that is not there led where, the file does not say.
    let text = plan(
        "1.2",
        &[change("azurerm_route_table", &Value::Null, &table(&[internet]), &json!({}))],
    );
    let [before, after] = sides(&text);
    assert!(decided(&before, "40.112.72.9,443,tcp").starts_with("unknown"));
    assert_eq!(decided(&after, "40.112.72.9,443,tcp"), "allow out");
    // One whose routes are known only after apply may lead anywhere.
    let table = json!({"name": "rt"});
    let text =
        plan("1.2", &[change("azurerm_route_table", &table, &table, &json!({"route": true}))]);
    let [_, after] = sides(&text);
    assert!(decided(&after, "40.112.72.9,443,tcp").starts_with("unknown"));
}

#[test]
fn a_planned_route_table_says_whose_it_is_and_what_it_learns() {
    let internet = route("out", "0.0.0.0/0", "Internet");
    let firewall = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/\
                    hub/subnets/AzureFirewallSubnet";
    for (key, value, learns) in [
        ("bgp_route_propagation_enabled", json!(false), false),
        ("bgp_route_propagation_enabled", json!(true), true),
        ("disable_bgp_route_propagation", json!(true), false),
        ("disable_bgp_route_propagation", json!(false), true),
        ("tags", Value::Null, true),
    ] {
        let table = json!({"name": "rt", key: value, "subnets": [firewall], "route": [internet]});
        let text = plan("1.2", &[change("azurerm_route_table", &table, &table, &json!({}))]);
        let [_, after] = sides(&text);
        assert_eq!(after[0].dialect, RuleDialect::ApplianceRoutes);
        assert_eq!(after[0].takes_no_learned_routes, !learns, "{key}: {value}");
    }
    let table = json!({"name": "rt", "subnets": [], "route": [internet]});
    let text = plan("1.2", &[change("azurerm_route_table", &table, &table, &json!({}))]);
    assert_eq!(sides(&text)[1][0].dialect, RuleDialect::Routes);
}

#[test]
fn admin_rules_and_azapi_bodies_of_plans() {
    let admin = json!({"name": "never", "action": "Deny", "direction": "Outbound", "priority": 1,
        "protocol": "Tcp", "admin_rule_collection_id": null,
        "source": [{"address_prefix": "*", "address_prefix_type": "IPPrefix"}],
        "destination": [{"address_prefix": "40.112.72.0/24", "address_prefix_type": "IPPrefix"}],
        "source_port_ranges": ["0-65535"], "destination_port_ranges": ["443"]});
    let nsg = json!({"type": "Microsoft.Network/networkSecurityGroups@2024-01-01", "name": "nsg",
        "parent_id": "/subscriptions/s/resourceGroups/rg",
        "body": {"properties": {"securityRules": [{"name": "all", "properties": {
            "access": "Allow", "direction": "Outbound", "priority": 100, "protocol": "*",
            "sourceAddressPrefix": "*", "sourcePortRange": "*",
            "destinationAddressPrefix": "*", "destinationPortRange": "*"}}]}}});
    let mut as_text = nsg.clone();
    as_text["body"] = nsg["body"].to_string().into();
    for nsg in [&nsg, &as_text] {
        let text = plan(
            "1.2",
            &[
                change(
                    "azurerm_network_manager_admin_rule",
                    &admin,
                    &admin,
                    &json!({"admin_rule_collection_id": true}),
                ),
                change("azapi_resource", nsg, nsg, &json!({"output": true})),
            ],
        );
        let [_, after] = sides(&text);
        assert_eq!(after.len(), 2);
        assert_eq!(decided(&after, "40.112.72.9,443,tcp"), "unknown never");
        assert_eq!(decided(&after, "40.112.73.9,443,tcp"), "allow all");
    }
}

#[test]
fn templates_hold_routes_and_admin_rules() {
    let template = json!({"contentVersion": "1.0.0.0", "$schema":
    "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "resources": [
        {"type": "Microsoft.Network/routeTables", "name": "rt", "properties": {"routes": [
            {"name": "out", "properties": {"addressPrefix": "0.0.0.0/0",
                "nextHopType": "Internet"}}]}},
        {"type": "Microsoft.Network/routeTables/routes", "name": "rt/stop", "properties":
            {"addressPrefix": "40.112.72.0/24", "nextHopType": "None"}},
        {"type": "Microsoft.Network/routeTables/routes", "name": "rt/perhaps",
            "condition": "[reference('x').y]", "properties":
            {"addressPrefix": "40.112.73.0/24", "nextHopType": "Internet"}},
        {"type":
            "Microsoft.Network/networkManagers/securityAdminConfigurations/ruleCollections/rules",
            "name": "m/c/r/never", "kind": "Custom", "properties": {"access": "Deny",
            "direction": "Outbound", "priority": 1, "protocol": "Any",
            "sources": [], "destinations": [{"addressPrefix": "40.112.74.0/24",
            "addressPrefixType": "IPPrefix"}]}},
    ]});
    let sets = read(&[RuleFile { name: "t.json", text: &template.to_string() }]).unwrap();
    for (flow, expected) in [
        ("40.112.71.1,443,tcp", "allow out"),
        ("40.112.72.1,443,tcp", "deny stop"),
        ("40.112.73.1,443,tcp", "unknown perhaps"),
    ] {
        assert_eq!(decided(&sets, flow), expected, "{flow}");
    }
    assert!(decided(&sets, "40.112.74.1,443,tcp").starts_with("unknown "));
    assert_eq!(sets.iter().filter(|set| set.dialect == RuleDialect::Routes).count(), 1);
}

#[test]
fn a_saved_plan_of_rules_holds_both_sides() {
    let properties = |prefix: &str, access: &str, priority: u32| {
        json!({"access": access, "direction": "Outbound", "priority": priority, "protocol": "Tcp",
            "sourceAddressPrefix": "*", "sourcePortRange": "*",
            "destinationAddressPrefixes": [prefix], "destinationPortRange": "443"})
    };
    let saved = json!({"schema": "pathproof.plan/1", "nsg":
        "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/networkSecurityGroups/nsg-a",
        "live": [
            {"name": "Relay", "properties": properties("40.112.72.0/24", "Allow", 200)},
            {"name": "old", "properties": properties("40.112.74.0/24", "Allow", 201)},
            {"name": "deny", "properties": properties("0.0.0.0/0", "Deny", 4000)},
        ],
        "changes": [
            {"action": "update", "name": "relay", "before": null,
                "after": properties("40.112.73.0/24", "Allow", 200)},
            {"action": "delete", "name": "old", "before": null, "after": null},
            {"action": "create", "name": "relay-2", "before": null,
                "after": properties("40.112.75.0/24", "Allow", 202)},
        ], "rules": [], "refusals": [], "notes": []});
    let [before, after] = sides(&saved.to_string());
    assert_eq!(before[0].name, "nsg-a");
    for (flow, was, will_be) in [
        ("40.112.72.1,443,tcp", "allow Relay", "deny deny"),
        ("40.112.73.1,443,tcp", "deny deny", "allow relay"),
        ("40.112.74.1,443,tcp", "allow old", "deny deny"),
        ("40.112.75.1,443,tcp", "deny deny", "allow relay-2"),
    ] {
        assert_eq!(decided(&before, flow), was, "{flow}");
        assert_eq!(decided(&after, flow), will_be, "{flow}");
    }
    let mut old = saved.clone();
    old.as_object_mut().unwrap().remove("live");
    let said = error(&old.to_string());
    assert!(said.contains("$.live") && said.contains("rules plan --out"), "{said}");
}

#[test]
fn base_policies_in_a_circle_are_refused() {
    let policy = |name: &str, base: &str| {
        json!({"name": name, "type": "Microsoft.Network/firewallPolicies", "properties":
            {"basePolicy": {"id": format!("/subscriptions/s/x/firewallPolicies/{base}")}}})
    };
    let said = error(&json!([policy("a", "b"), policy("b", "a")]).to_string());
    assert!(said.contains("each other's base policy"), "{said}");
}

/// JSON that goes deeper than any file of Azure is refused, and does not end the program.
#[test]
fn deep_nesting_is_refused() {
    let text = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(error(&text).contains("recursion limit"), "{}", error(&text));
}
