//! Security admin rules in plans, states and templates: what writes them does not put them in
//! force.

use serde_json::{Value, json};

use super::{Folder, rule, run};

const MANAGER: &str =
    "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/networkManagers/m";
const IN: &str = "40.112.72.101";
const OUT: &str = "40.112.73.101";

/// The values of a resource of Terraform, by its type.
fn values(kind: &str, access: &str) -> Value {
    let admin_rule = json!({"name": "aa", "action": access, "direction": "Outbound",
        "priority": 10, "protocol": "Tcp",
        "admin_rule_collection_id":
            format!("{MANAGER}/securityAdminConfigurations/c/ruleCollections/rc"),
        "source": [{"address_prefix": "*", "address_prefix_type": "IPPrefix"}],
        "destination": [{"address_prefix": "40.112.72.0/24", "address_prefix_type": "IPPrefix"}],
        "source_port_ranges": ["0-65535"], "destination_port_ranges": ["443"]});
    match kind {
        "azurerm_network_security_group" => json!({"name": "nsg", "resource_group_name": "r",
            "security_rule": [{"name": "own", "priority": 100, "access": access,
                "direction": "Outbound", "protocol": "*", "source_port_range": "*",
                "destination_port_range": "*", "source_address_prefix": "*",
                "destination_address_prefix": "*"}]}),
        "azurerm_network_manager_admin_rule" => admin_rule,
        "azurerm_network_manager_deployment" => json!({"network_manager_id": MANAGER,
            "location": "westeurope", "scope_access": access, "configuration_ids": ["/c"]}),
        "azurerm_network_manager_static_member" => json!({"name": "us", "network_group_id": "/g"}),
        "azurerm_resource_group_template_deployment" => json!({"name": "other"}),
        "azapi_resource_action" => json!({"type": "Microsoft.Network/networkManagers@2024-05-01",
            "resource_id": MANAGER, "action": "commit", "method": "POST",
            "body": {"commitType": access, "targetLocations": ["westeurope"]}}),
        other => panic!("{other}"),
    }
}

const NSG: &str = "azurerm_network_security_group";
const RULE: &str = "azurerm_network_manager_admin_rule";
const DEPLOYMENT: &str = "azurerm_network_manager_deployment";

/// A plan of these types, each with its access or scope and with what is done.
fn plan(changes: &[(&str, &str, &str)]) -> String {
    let change = |(kind, access, action): &(&str, &str, &str)| {
        let own = values(kind, access);
        let (before, after) = match *action {
            "create" => (Value::Null, own),
            "delete" => (own, Value::Null),
            _ => (own.clone(), own),
        };
        json!({"address": format!("{kind}.x"), "mode": "managed", "type": kind, "name": "x",
            "change": {"actions": [action], "before": before, "after": after,
                "after_unknown": {}}})
    };
    let changes: Vec<_> = changes.iter().map(change).collect();
    json!({"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": changes})
        .to_string()
}

/// What `rules diff` says of the flow that the admin rule is about, and of another.
#[track_caller]
fn reviewed(plan: &str) -> [String; 2] {
    let folder = Folder::new();
    let plan = folder.put("plan.json", plan);
    let flows = folder.put("flows.csv", format!("{IN},443,tcp,10.0.0.4\n{OUT},443,tcp,10.0.0.4\n"));
    let ended = run(&["rules", "diff", &plan, "--flows", &flows, "--format", "json"]);
    let review: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    [0, 1].map(|at| review["required"][at]["change"].as_str().unwrap().to_owned())
}

#[test]
fn a_written_admin_rule_is_not_one_in_force() {
    let folder = Folder::new();
    let flows = folder.put("flows.csv", format!("{IN},443,tcp,10.0.0.4\n{OUT},443,tcp,10.0.0.4\n"));
    let decided = |files: &[&str]| {
        let ended = run(&[&["rules", "decide"], files, &["--flows", &flows]].concat());
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.stdout.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let resource = |kind: &str, access: &str| {
        json!({"address": format!("{kind}.x"), "mode": "managed", "type": kind, "name": "x",
            "values": values(kind, access)})
    };
    let state = |group: &str, access: &str| {
        json!({"format_version": "1.0", "terraform_version": "1.9.0", "values": {"root_module":
            {"resources": [resource(NSG, group), resource(RULE, access)]}}})
    };
    for (group, access, expected, beside) in [
        ("Deny", "AlwaysAllow", "unknown", "deny"),
        ("Allow", "Deny", "unknown", "allow"),
        // The group denies it, in force or not.
        ("Deny", "Deny", "deny", "deny"),
        // The flow goes on to the group, in force or not.
        ("Allow", "Allow", "allow", "allow"),
        ("Deny", "Allow", "deny", "deny"),
    ] {
        let state = folder.put("state.json", state(group, access).to_string());
        let lines = decided(&[&state]);
        assert!(lines[0].starts_with(expected), "{group} {access}: {lines:?}");
        assert!(lines[1].starts_with(beside), "{group} {access}: {lines:?}");
        let says_why = lines[0].contains("in force only where its configuration is deployed");
        assert_eq!(says_why, expected == "unknown", "{lines:?}");
    }
    // A list of a configuration's rules is what was written; effective rules are what counts.
    let nsg = json!({"name": "nsg", "securityRules": [rule("own", 100, "Deny", "*", "*")]});
    let nsg = folder.put("nsg.json", nsg.to_string());
    let id = format!("{MANAGER}/securityAdminConfigurations/c/ruleCollections/rc/rules/aa");
    let written = json!({"id": id, "name": "aa", "etag": "\"1\"", "kind": "Custom",
        "type": "Microsoft.Network/networkManagers/securityAdminConfigurations/ruleCollections/rules",
        "access": "AlwaysAllow", "direction": "Outbound", "priority": 10, "protocol": "Tcp",
        "sources": [{"addressPrefix": "*"}], "destinations": [{"addressPrefix": "40.112.72.0/24"}],
        "destinationPortRanges": ["443"]});
    let mut active = written.clone();
    active["ruleCollectionAppliesToGroups"] = json!([]);
    active["commitTime"] = "2026-01-01T00:00:00Z".into();
    let mut effective = active.clone();
    effective["commitTime"] = Value::Null;
    for (admin, expected) in [(written, "unknown"), (active, "unknown"), (effective, "allow")] {
        let admin = folder.put("admin.json", json!({"value": [admin]}).to_string());
        let lines = decided(&[&nsg, &admin]);
        assert!(lines[0].starts_with(expected) && lines[1].starts_with("deny"), "{lines:?}");
    }
}

#[test]
fn a_change_of_what_is_deployed_is_a_change_of_the_rules_in_force() {
    let both = |group: &'static str, access: &'static str| {
        [(NSG, group, "no-op"), (RULE, access, "no-op")]
    };
    let with = |own: [(&'static str, &'static str, &'static str); 2], more| {
        reviewed(&plan(&[&own[..], &[more]].concat()))
    };
    for action in ["create", "update", "delete"] {
        let deployed = (DEPLOYMENT, "SecurityAdmin", action);
        // Only what the rule is about can change.
        assert_eq!(with(both("Allow", "Deny"), deployed), ["unknown", "same"], "{action}");
        assert_eq!(with(both("Deny", "AlwaysAllow"), deployed), ["unknown", "same"], "{action}");
        // What the group denies stays denied.
        assert_eq!(with(both("Deny", "Deny"), deployed), ["same", "same"], "{action}");
        // Rules that are in no file may come into force.
        let alone = plan(&[(NSG, "Allow", "no-op"), deployed]);
        assert_eq!(reviewed(&alone), ["unknown", "unknown"], "{action}");
        // Configurations of another scope hold no admin rules.
        let other = (DEPLOYMENT, "Connectivity", action);
        assert_eq!(with(both("Allow", "Deny"), other), ["same", "same"], "{action}");
    }
    for (kind, scope, expected) in [
        ("azapi_resource_action", "SecurityAdmin", "unknown"),
        ("azapi_resource_action", "Connectivity", "same"),
        ("azurerm_network_manager_static_member", "", "unknown"),
        ("azurerm_resource_group_template_deployment", "", "unknown"),
        (DEPLOYMENT, "SecurityAdmin", "unknown"),
    ] {
        let [said, _] = with(both("Allow", "Deny"), (kind, scope, "create"));
        assert_eq!(said, expected, "{kind} {scope}");
        let [said, _] = with(both("Allow", "Deny"), (kind, scope, "no-op"));
        assert_eq!(said, "same", "{kind} {scope}");
    }
}

#[test]
fn a_change_of_an_admin_rule_that_may_be_in_force_is_no_sure_one() {
    for (group, access, action, expected) in [
        ("Deny", "AlwaysAllow", "create", "unknown"),
        ("Deny", "AlwaysAllow", "delete", "unknown"),
        ("Allow", "Deny", "create", "unknown"),
        ("Deny", "Deny", "create", "same"),
        ("Allow", "Deny", "no-op", "same"),
        ("Deny", "AlwaysAllow", "no-op", "same"),
    ] {
        let plan = plan(&[(NSG, group, "no-op"), (RULE, access, action)]);
        assert_eq!(reviewed(&plan), [expected, "same"], "{group} {access} {action}");
    }
    // The same doubt on both sides does not hide that the rule does the opposite.
    let mut changed: Value =
        serde_json::from_str(&plan(&[(NSG, "Allow", "no-op"), (RULE, "Deny", "update")])).unwrap();
    changed["resource_changes"][1]["change"]["after"]["action"] = "AlwaysAllow".into();
    assert_eq!(reviewed(&changed.to_string()), ["unknown", "same"]);
}

/// Sets are paired by their names before any is paired by its place.
#[test]
fn a_set_that_is_new_makes_no_other_set_look_changed() {
    let folder = Folder::new();
    let plan =
        folder.put("plan.json", plan(&[(NSG, "Deny", "no-op"), (RULE, "AlwaysAllow", "create")]));
    let flows = folder.put("flows.csv", format!("{IN},443,tcp,10.0.0.4\n"));
    let said = run(&["rules", "diff", &plan, "--flows", &flows]).stdout;
    assert!(said.contains("aa (added)"), "{said}");
    for words in ["own (", ": removed", ": added"] {
        assert!(!said.contains(words), "{words}: {said}");
    }
}

#[test]
fn what_if_tells_of_commits_too() {
    let folder = Folder::new();
    let flows = folder.put("flows.csv", format!("{IN},443,tcp,10.0.0.4\n{OUT},443,tcp,10.0.0.4\n"));
    let nsg = json!({"properties": {"securityRules": [rule("own", 100, "Allow", "*", "*")]}});
    let admin = json!({"properties": {"access": "Deny", "direction": "Outbound", "priority": 10,
        "protocol": "Tcp", "sources": [], "destinations": [{"addressPrefix": "40.112.72.0/24"}]}});
    let network = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network";
    let rule_id = format!("{MANAGER}/securityAdminConfigurations/c/ruleCollections/rc/rules/aa");
    for (word, expected) in [("Create", "unknown"), ("NoChange", "same")] {
        let answer = json!({"status": "Succeeded", "changes": [
            {"resourceId": format!("{network}/networkSecurityGroups/n"), "changeType": "NoChange",
                "before": nsg, "after": nsg},
            {"resourceId": rule_id, "changeType": "NoChange", "before": admin, "after": admin},
            {"resourceId": format!("{MANAGER}/commits/c"), "changeType": word,
                "before": null, "after": {"properties": {}}},
        ]});
        let answer = folder.put("what-if.json", answer.to_string());
        let ended = run(&["rules", "diff", &answer, "--flows", &flows, "--format", "json"]);
        let review: Value = serde_json::from_str(&ended.stdout).unwrap();
        let said = [0, 1].map(|at| review["required"][at]["change"].as_str().unwrap());
        assert_eq!(said, [expected, "same"], "{word} {}", ended.stdout);
    }
}
