//! What a file leaves open: objects that are expressions, what a what-if did not analyse, and
//! changes of which rules are in force.

use serde_json::{Value, json};

use super::planned_tests::{decided, plan, sides};
use super::*;

const FLOW: &str = "40.112.72.101,443,tcp,10.50.1.10";

fn id(rest: &str) -> String {
    format!("/subscriptions/s/resourceGroups/net/providers/Microsoft.Network/{rest}")
}

fn template(resources: &[Value]) -> Vec<RuleSet> {
    let text = json!({"$schema":
        "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0", "parameters": {"p": {"type": "object"}},
        "resources": resources});
    read(&[RuleFile { name: "t.json", text: &text.to_string() }]).unwrap()
}

fn collections(access: &str) -> Value {
    json!({"priority": 900, "ruleCollections": [{"name": "c", "priority": 100,
        "ruleCollectionType": "FirewallPolicyFilterRuleCollection", "action": {"type": access},
        "rules": [{"ruleType": "NetworkRule", "name": access, "ipProtocols": ["Any"],
            "sourceAddresses": ["*"], "destinationAddresses": ["*"],
            "destinationPorts": ["*"]}]}]})
}

fn security_rules(access: &str) -> Value {
    json!({"securityRules": [{"name": access, "properties": {"priority": 100, "access": access,
        "direction": "Outbound", "protocol": "Tcp", "sourcePortRange": "*",
        "destinationPortRange": "443", "sourceAddressPrefix": "*",
        "destinationAddressPrefix": "*"}}]})
}

/// A resource whose properties are an expression is not one without properties.
#[test]
fn an_object_that_is_an_expression_is_unknown() {
    let own = |kind: &str, name: &str, properties: &Value| {
        json!({"type": format!("Microsoft.Network/{kind}"), "name": name,
            "properties": properties})
    };
    let hidden = json!("[parameters('p')]");
    let joined = json!("[union(parameters('p'), createObject('securityRules', createArray()))]");
    let groups = "firewallPolicies/ruleCollectionGroups";
    let open = own(groups, "pol/m", &collections("Allow"));
    let fixed = json!({"securityRules": [{"name": "r", "properties": hidden}]});
    for resources in [
        vec![own("networkSecurityGroups", "n", &hidden)],
        vec![own("networkSecurityGroups", "n", &joined)],
        vec![own("networkSecurityGroups", "n", &fixed)],
        vec![own("routeTables", "n", &hidden)],
        vec![own("azureFirewalls", "fw", &hidden)],
        vec![own(groups, "pol/n", &hidden), open.clone()],
        vec![own("firewallPolicies", "pol", &hidden), open.clone()],
    ] {
        let found = decided(&template(&resources), FLOW);
        assert!(found.starts_with("unknown"), "{found}: {resources:?}");
    }
    // So is a firewall whose condition is, and one that is only referred to has no rules here.
    let classic = json!({"networkRuleCollections": [{"name": "c", "properties": {"priority": 100,
        "action": {"type": "Allow"}, "rules": [{"name": "r", "protocols": ["Any"],
            "sourceAddresses": ["*"], "destinationAddresses": ["*"],
            "destinationPorts": ["*"]}]}}]});
    let mut firewall = own("azureFirewalls", "fw", &classic);
    assert_eq!(decided(&template(&[firewall.clone()]), FLOW), "allow r");
    firewall["condition"] = hidden.clone();
    let found = decided(&template(&[firewall]), FLOW);
    assert!(found.starts_with("unknown (whether the firewall"), "{found}");
    let set = template(&[own("networkSecurityGroups", "n", &fixed)]);
    assert_eq!(decided(&set, FLOW), "unknown r");
    let missing = set[0].rules()[0].access.clone();
    assert!(format!("{missing:?}").contains("parameters('p')"), "{missing:?}");
    // What is known stays known.
    assert_eq!(
        decided(&template(&[own("firewallPolicies", "pol", &json!({})), open]), FLOW),
        "allow Allow"
    );
    // A text where a thing should be is no rule and no route.
    let text = json!(["[x]"]).to_string();
    let error = read(&[RuleFile { name: "f.json", text: &text }]).unwrap_err().to_string();
    assert!(error.contains("without any rules"), "{error}");
}

/// A change of a what-if answer.
fn seen(kind: &str, rest: &str, before: &Value, after: &Value) -> Value {
    let side = |properties: &Value| match properties {
        Value::Null => Value::Null,
        own => json!({"id": id(rest), "name": last(rest), "properties": own}),
    };
    json!({"resourceId": id(rest), "changeType": kind, "before": side(before),
        "after": side(after), "unsupportedReason": "x"})
}

fn what_if(changes: &[Value], more: &Value) -> String {
    let mut own = json!({"status": "Succeeded", "error": null, "changes": changes});
    if let (Some(own), Some(more)) = (own.as_object_mut(), more.as_object()) {
        own.extend(more.clone());
    }
    own.to_string()
}

#[test]
fn what_a_what_if_does_not_show_is_unknown() {
    let group = security_rules("Allow");
    let open = seen("NoChange", "networkSecurityGroups/n", &group, &group);
    let own = collections("Allow");
    let rules = seen("NoChange", "firewallPolicies/pol/ruleCollectionGroups/g", &own, &own);
    let (none, empty) = (Value::Null, json!({}));
    let pol = "firewallPolicies/pol";
    for changes in [
        vec![open, seen("Deploy", "routeTables/rt", &none, &none)],
        vec![seen("Deploy", "azureFirewalls/fw", &none, &none)],
        vec![seen("Deploy", pol, &empty, &none), rules.clone()],
        vec![seen("Unsupported", pol, &none, &none), rules.clone()],
        vec![seen("Modify", pol, &empty, &json!("[reference('a')]")), rules],
    ] {
        let [_, after] = sides(&what_if(&changes, &json!({})));
        let found = decided(&after, FLOW);
        assert!(found.starts_with("unknown"), "{found}: {changes:?}");
    }
}

#[test]
fn what_a_what_if_could_not_analyse_may_write_rules() {
    let group = security_rules("Allow");
    let open = seen("Ignore", "networkSecurityGroups/n", &group, &Value::Null);
    let unsupported = |id: &str| {
        json!({"changes": [open, {"resourceId": id, "changeType": "Unsupported",
            "unsupportedReason": "x", "before": null, "after": null}]})
    };
    let deployment = "/subscriptions/s/resourceGroups/net/providers/Microsoft.Resources/\
                      deployments/nested";
    let potential = |rest: &str, kind: &str| {
        json!({"potentialChanges":
            [seen(kind, rest, &Value::Null, &json!({"priority": 100}))]})
    };
    let short = json!({"diagnostics": [{"code": "NestedDeploymentShortCircuited",
        "level": "Warning", "message": "m", "target": deployment}]});
    let other = json!({"diagnostics": [{"code": "Other", "level": "Info", "message": "m"}]});
    let storage = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/\
                   storageAccounts/[reference('x').y]";
    let unknown = "unknown (whether the group is as here)";
    for (more, expected) in [
        (potential("networkSecurityGroups/n/securityRules/deny", "Create"), unknown),
        (potential("networkSecurityGroups/n/securityRules/deny", "NoEffect"), "allow Allow"),
        (potential("publicIPAddresses/p", "Create"), "allow Allow"),
        (unsupported(deployment), unknown),
        (unsupported("[format('{0}/securityRules/deny', reference('x').y)]"), unknown),
        (unsupported("extensibility:///[concat('x')]/Microsoft.Network/y"), unknown),
        (unsupported(&id("networkSecurityGroups/[reference('x').y]/securityRules/r")), unknown),
        (unsupported(&id("publicIPAddresses/p")), "allow Allow"),
        (unsupported(storage), "allow Allow"),
        (short, unknown),
        (other, "allow Allow"),
    ] {
        let [before, after] = sides(&what_if(std::slice::from_ref(&open), &more));
        assert_eq!(decided(&before, FLOW), "allow Allow", "{more}");
        assert_eq!(decided(&after, FLOW), expected, "{more}");
    }
    // A classic firewall holds its rules itself.
    let own = json!({"networkRuleCollections": [{"name": "c", "properties": {"priority": 100,
        "action": {"type": "Allow"}, "rules": [{"name": "r", "protocols": ["Any"],
            "sourceAddresses": ["*"], "destinationAddresses": ["*"],
            "destinationPorts": ["*"]}]}}]});
    let firewall = seen("Ignore", "azureFirewalls/fw", &own, &Value::Null);
    let more = potential("azureFirewalls/other", "Create");
    let [before, after] = sides(&what_if(&[firewall], &more));
    assert_eq!(decided(&before, FLOW), "allow r");
    assert!(decided(&after, FLOW).starts_with("unknown"), "{}", decided(&after, FLOW));
}

fn change(kind: &str, before: &Value, after: &Value, unknown: &Value) -> Value {
    let word = match (before, after) {
        (Value::Null, _) => "create",
        (_, Value::Null) => "delete",
        (before, after) if before == after => "no-op",
        _ => "update",
    };
    json!({"address": format!("{kind}.x"), "mode": "managed", "type": kind, "name": "x",
        "change": {"actions": [word], "before": before, "after": after,
            "after_unknown": unknown}})
}

fn nsg(name: &str, access: &str) -> Value {
    json!({"id": id(&format!("networkSecurityGroups/{name}")), "name": name,
        "resource_group_name": "net", "security_rule": [{"name": access, "priority": 100,
            "access": access, "direction": "Outbound", "protocol": "Tcp",
            "source_port_range": "*", "destination_port_range": "443",
            "source_address_prefix": "*", "destination_address_prefix": "*"}]})
}

const GROUP_TYPE: &str = "azurerm_network_security_group";

/// What becomes of the flow before and after, in a plan that keeps the group `n` and makes these
/// changes.
fn reviewed(changes: &[Value]) -> [String; 2] {
    let own = nsg("n", "Allow");
    let kept = change(GROUP_TYPE, &own, &own, &json!({}));
    let [before, after] = sides(&plan("1.2", &[&[kept], changes].concat()));
    [decided(&before, FLOW), decided(&after, FLOW)]
        .map(|own| own.split(' ').next().unwrap_or_default().to_owned())
}

#[test]
fn a_change_of_which_rules_are_in_force_is_seen() {
    let (own, other) = (id("networkSecurityGroups/N"), id("networkSecurityGroups/other"));
    let of = |group: &Value| {
        json!({"subnet_id": id("virtualNetworks/v/subnets/a"),
            "network_security_group_id": group})
    };
    let network =
        |group: &str| json!({"name": "v", "subnet": [{"name": "a", "security_group": group}]});
    let laid = |kind: &str, more: &Value| {
        let mut own = json!({"type": format!("Microsoft.Network/{kind}@2023-09-01"),
            "resource_id": id("virtualNetworks/v/subnets/a"),
            "body": {"properties": {"networkSecurityGroup": {"id": other}}}});
        own.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        own
    };
    let (none, known) = (Value::Null, json!({}));
    let subnet = "azurerm_subnet_network_security_group_association";
    let nic = "azurerm_network_interface_security_group_association";
    let made = json!({"network_security_group_id": true});
    let (own_of, other_of) = (of(&json!(own)), of(&json!(other)));
    for (what, expected) in [
        (change(subnet, &none, &own_of, &known), ["unknown", "allow"]),
        (change(subnet, &own_of, &none, &known), ["allow", "unknown"]),
        (change(subnet, &own_of, &other_of, &known), ["allow", "unknown"]),
        (change(nic, &own_of, &other_of, &known), ["allow", "unknown"]),
        // What it is given is not in the file.
        (change(subnet, &none, &other_of, &known), ["allow", "unknown"]),
        (change(subnet, &own_of, &of(&none), &made), ["allow", "unknown"]),
        (change(subnet, &own_of, &own_of, &known), ["allow", "allow"]),
        // The subnet of a new interface met nothing there before.
        (change(subnet, &none, &own_of, &json!({"subnet_id": true})), ["allow", "allow"]),
        (
            change("azurerm_virtual_network", &network(&own), &network(&other), &known),
            ["allow", "unknown"],
        ),
        (
            change("azurerm_virtual_network", &network(&own), &network(&own), &json!({"id": true})),
            ["allow", "allow"],
        ),
        (
            change(
                "azapi_update_resource",
                &none,
                &laid("virtualNetworks/subnets", &known),
                &known,
            ),
            ["allow", "unknown"],
        ),
        (change("azurerm_network_watcher_flow_log", &none, &other_of, &known), ["allow", "allow"]),
    ] {
        assert_eq!(reviewed(std::slice::from_ref(&what)), expected, "{what}");
    }
    // What a later plan lays over a group may hold by then.
    let own = nsg("n", "Allow");
    let over = change(
        "azapi_update_resource",
        &none,
        &json!({"type": "Microsoft.Network/networkSecurityGroups@2024-05-01",
            "resource_id": id("networkSecurityGroups/n"),
            "body": {"properties": security_rules("Deny")}}),
        &known,
    );
    let mut later: Value =
        serde_json::from_str(&plan("1.2", &[change(GROUP_TYPE, &own, &own, &known)])).unwrap();
    later["deferred_changes"] = json!([{"reason": "resource_config_unknown",
        "resource_change": over}]);
    let [before, after] = sides(&later.to_string());
    assert_eq!(decided(&before, FLOW), "allow Allow");
    assert!(decided(&after, FLOW).starts_with("unknown"), "{}", decided(&after, FLOW));
    // A group that is made with its association is known afterwards.
    let text = plan(
        "1.2",
        &[
            change(GROUP_TYPE, &none, &nsg("new", "Allow"), &json!({"id": true})),
            change(subnet, &none, &of(&none), &made),
        ],
    );
    let [_, after] = sides(&text);
    assert_eq!(decided(&after, FLOW), "allow Allow");
    // One that is made again has the id that it had.
    let mut again = change(GROUP_TYPE, &nsg("n", "Allow"), &nsg("n", "Allow"), &json!({}));
    again["change"]["actions"] = json!(["delete", "create"]);
    let [_, after] = sides(&plan("1.2", &[again, change(subnet, &own_of, &of(&none), &made)]));
    assert_eq!(decided(&after, FLOW), "allow Allow");
    // Rules alone are what they are, wherever they are in force.
    let own = nsg("n", "Allow");
    let text = plan(
        "1.2",
        &[change(GROUP_TYPE, &own, &own, &known), change(subnet, &own_of, &other_of, &known)],
    );
    let sets = read(&[RuleFile { name: "plan.json", text: &text }]).unwrap();
    assert_eq!(decided(&sets, FLOW), "allow Allow");
}

#[test]
fn other_tables_and_policies_in_force_are_seen() {
    let known = json!({});
    let table = json!({"id": id("routeTables/rt"), "name": "rt", "resource_group_name": "net",
        "route": [{"name": "d", "address_prefix": "0.0.0.0/0", "next_hop_type": "None"}]});
    let joined = json!({"subnet_id": id("virtualNetworks/v/subnets/a"),
        "route_table_id": id("routeTables/rt")});
    let changes = [
        change("azurerm_route_table", &table, &table, &known),
        change("azurerm_subnet_route_table_association", &Value::Null, &joined, &known),
    ];
    let [before, after] = sides(&plan("1.2", &changes));
    assert!(decided(&before, FLOW).starts_with("unknown"));
    assert_eq!(decided(&after, FLOW), "deny d");

    let policy = json!({"id": id("firewallPolicies/pol"), "name": "pol",
        "resource_group_name": "net", "base_policy_id": null});
    let group = json!({"name": "g", "firewall_policy_id": id("firewallPolicies/pol"),
        "priority": 100, "network_rule_collection": [{"name": "c", "priority": 100,
            "action": "Allow", "rule": [{"name": "r", "protocols": ["TCP"],
                "source_addresses": ["*"], "destination_addresses": ["*"],
                "destination_ports": ["443"]}]}]});
    let firewall = |policy: &str| {
        json!({"name": "fw", "resource_group_name": "net",
            "firewall_policy_id": id(&format!("firewallPolicies/{policy}"))})
    };
    for (policy_after, expected) in [("pol", "allow r"), ("other", "unknown")] {
        let changes = [
            change("azurerm_firewall_policy", &policy, &policy, &known),
            change("azurerm_firewall_policy_rule_collection_group", &group, &group, &known),
            change("azurerm_firewall", &firewall("pol"), &firewall(policy_after), &known),
        ];
        let [before, after] = sides(&plan("1.2", &changes));
        assert_eq!(decided(&before, FLOW), "allow r");
        assert!(decided(&after, FLOW).starts_with(expected), "{}", decided(&after, FLOW));
    }

    // The same of a what-if.
    let own = security_rules("Allow");
    let open = seen("NoChange", "networkSecurityGroups/n", &own, &own);
    let network = |group: &str| {
        json!({"subnets": [{"name": "a", "properties":
            {"networkSecurityGroup": {"id": id(&format!("networkSecurityGroups/{group}"))}}}]})
    };
    for (group, expected) in [("n", "allow"), ("closed", "unknown")] {
        let moved = seen("Modify", "virtualNetworks/v", &network("n"), &network(group));
        let [before, after] = sides(&what_if(&[open.clone(), moved], &json!({})));
        assert_eq!(decided(&before, FLOW), "allow Allow");
        assert!(decided(&after, FLOW).starts_with(expected), "{}", decided(&after, FLOW));
    }
}

#[test]
fn other_resources_of_terraform_write_rules_too() {
    let (none, known) = (Value::Null, json!({}));
    let deployed = |kind: &str| {
        json!({"type": "Microsoft.Resources/deployments@2022-09-01", "name": "d",
            "body": {"properties": {"template": {"resources": [{"type": kind}]}}}})
    };
    let rule = "Microsoft.Network/networkSecurityGroups/securityRules";
    let action = |method: &str| {
        json!({"type": format!("{rule}@2023-09-01"), "method": method,
            "resource_id": id("networkSecurityGroups/n/securityRules/deny")})
    };
    let classic = json!({"name": "c", "azure_firewall_name": "fw", "priority": 100,
        "action": "Deny", "rule": []});
    let network = "azurerm_firewall_network_rule_collection";
    let application = "azurerm_firewall_application_rule_collection";
    for (what, expected) in [
        (change("azapi_resource", &none, &deployed(rule), &known), "unknown"),
        (change("azapi_resource", &none, &deployed("Microsoft.Web/sites"), &known), "allow"),
        (change("azapi_resource", &none, &deployed("x"), &json!({"body": true})), "unknown"),
        (change("azapi_resource_action", &none, &action("PUT"), &known), "unknown"),
        (change("azapi_resource_action", &none, &action("GET"), &known), "allow"),
        (change(network, &none, &classic, &known), "unknown"),
        (change(application, &classic, &none, &known), "unknown"),
        (change(network, &classic, &classic, &known), "allow"),
    ] {
        let [before, after] = reviewed(std::slice::from_ref(&what));
        assert_eq!([before.as_str(), after.as_str()], ["allow", expected], "{what}");
    }
}

#[test]
fn a_prefix_of_an_ip_group_that_is_deleted_is_lost() {
    let known = json!({});
    let hosts = id("ipGroups/hosts");
    let ip_group = json!({"id": hosts, "name": "hosts", "resource_group_name": "net",
        "cidrs": ["40.112.72.0/24", "40.112.73.0/24"]});
    let cidr = json!({"ip_group_id": hosts, "cidr": "40.112.72.0/24"});
    let more = json!({"ip_group_id": hosts, "cidr": "40.112.74.0/24"});
    let group = json!({"name": "g", "firewall_policy_id": id("firewallPolicies/pol"),
        "priority": 100, "network_rule_collection": [{"name": "c", "priority": 100,
            "action": "Allow", "rule": [{"name": "r", "protocols": ["TCP"],
                "source_addresses": ["*"], "destination_ip_groups": [hosts],
                "destination_ports": ["443"]}]}]});
    let text = plan(
        "1.2",
        &[
            change("azurerm_ip_group", &ip_group, &ip_group, &known),
            change("azurerm_ip_group_cidr", &cidr, &Value::Null, &known),
            change("azurerm_ip_group_cidr", &Value::Null, &more, &known),
            change("azurerm_firewall_policy_rule_collection_group", &group, &group, &known),
        ],
    );
    let [before, after] = sides(&text);
    for (flow, was, is) in [
        ("40.112.72.1,443,tcp", "allow r", "deny (no rule)"),
        ("40.112.73.1,443,tcp", "allow r", "allow r"),
        ("40.112.74.1,443,tcp", "deny (no rule)", "allow r"),
    ] {
        assert_eq!([decided(&before, flow), decided(&after, flow)], [was, is], "{flow}");
    }
}

/// A base policy that a plan takes into use comes from a file of its own, which is on both sides.
#[test]
fn a_file_beside_a_plan_is_on_both_sides() {
    let policy = |base: &Value| {
        json!({"id": id("firewallPolicies/pol"), "name": "pol", "resource_group_name": "net",
            "base_policy_id": base})
    };
    let group = json!({"name": "g", "firewall_policy_id": id("firewallPolicies/pol"),
        "priority": 100, "network_rule_collection": [{"name": "c", "priority": 100,
            "action": "Allow", "rule": [{"name": "r", "protocols": ["TCP"],
                "source_addresses": ["*"], "destination_addresses": ["*"],
                "destination_ports": ["443"]}]}]});
    let corp = json!([{"id": id("firewallPolicies/corp/ruleCollectionGroups/c"), "name": "c",
        "properties": collections("Deny")}])
    .to_string();
    let base = json!(id("firewallPolicies/corp"));
    let text = plan(
        "1.2",
        &[
            change("azurerm_firewall_policy", &policy(&Value::Null), &policy(&base), &json!({})),
            change("azurerm_firewall_policy_rule_collection_group", &group, &group, &json!({})),
        ],
    );
    let plan = RuleFile { name: "plan.json", text: &text };
    let corp = RuleFile { name: "corp.json", text: &corp };
    assert!(holds_both_sides(plan).unwrap() && !holds_both_sides(corp).unwrap());
    for files in [[plan, corp], [corp, plan]] {
        let [before, after] = read_change(&files).unwrap().unwrap();
        assert_eq!(decided(&before, FLOW), "allow r");
        assert_eq!(decided(&after, FLOW), "deny Deny");
    }
}

/// A state that was read again has empty texts for what is not there, and the DNS proxy in a block.
#[test]
fn a_policy_of_terraform_without_a_base_and_with_a_proxy() {
    let kinds = ["azurerm_firewall_policy", "azurerm_firewall_policy_rule_collection_group"];
    let policy = |base: &Value, dns: &Value| {
        json!({"id": id("firewallPolicies/pol"), "name": "pol", "resource_group_name": "net",
            "base_policy_id": base, "dns": dns})
    };
    let rule = |name: &str, members: &Value| {
        let mut own = json!({"name": name, "protocols": ["TCP"], "source_addresses": ["*"],
            "destination_addresses": [], "destination_ports": ["443"]});
        for (key, value) in members.as_object().unwrap() {
            own[key] = value.clone();
        }
        own
    };
    let group = json!({"name": "g", "firewall_policy_id": id("firewallPolicies/pol"),
        "priority": 100, "network_rule_collection": [{"name": "c", "priority": 100,
            "action": "Allow", "rule": [
                rule("named", &json!({"destination_fqdns": ["a.windows.net"]})),
                rule("r", &json!({"destination_addresses": ["40.112.72.0/24"],
                    "destination_ports": ["80"]}))]}]});
    let block = |enabled: &Value| json!([{"proxy_enabled": enabled, "servers": []}]);
    let (on, off) = (block(&json!(true)), block(&json!(false)));
    let none = json!([]);
    let known = json!({});
    for (base, dns, unknown, by_address, by_name) in [
        (json!(null), &on, &known, "allow r", "allow named"),
        (json!(""), &on, &known, "allow r", "allow named"),
        (json!(""), &off, &known, "allow r", "unknown named"),
        (json!(""), &none, &known, "allow r", "unknown named"),
        (json!(""), &json!(null), &known, "allow r", "unknown named"),
        (json!(""), &off, &json!({"dns": true}), "allow r", "unknown named"),
        (json!(""), &off, &json!({"dns": [{"proxy_enabled": true}]}), "allow r", "unknown named"),
        (
            json!(id("firewallPolicies/corp")),
            &on,
            &known,
            "unknown base policy corp",
            "unknown base policy corp",
        ),
    ] {
        let own = policy(&base, dns);
        let sure = policy(&Value::Null, &on);
        let text = plan(
            "1.2",
            &[change(kinds[0], &sure, &own, unknown), change(kinds[1], &group, &group, &known)],
        );
        let [before, after] = sides(&text);
        assert_eq!(decided(&before, "a.windows.net,443,tcp"), "allow named");
        let flows = ["40.112.72.101,80,tcp", "a.windows.net,443,tcp"];
        let found = flows.map(|flow| decided(&after, flow));
        assert_eq!(found, [by_address, by_name], "{own} {unknown}");
    }
    // A hop that is not there has no name either.
    let table = json!({"name": "rt", "route": [{"name": "d", "address_prefix": "0.0.0.0/0",
        "next_hop_type": "VirtualAppliance", "next_hop_in_ip_address": ""}]});
    let [_, after] = sides(&plan("1.2", &[change("azurerm_route_table", &table, &table, &known)]));
    let onward = format!("{:?}", after[0].rules()[0].onward);
    assert!(onward.contains("(no address)"), "{onward}");
}
