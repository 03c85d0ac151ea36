//! Files that hold a part of what decides: plans of rules alone, groups of one name, rules that a
//! group deletes when it is written. What is not in the file is never guessed.

use serde_json::{Value, json};

use super::{Folder, run};
use crate::sarif;

const GROUP: &str = "azurerm_network_security_group";
const RULE: &str = "azurerm_network_security_rule";

fn change(kind: &str, actions: &[&str], before: &Value, after: &Value) -> Value {
    json!({"address": format!("{kind}.x"), "mode": "managed", "type": kind, "name": "x",
        "change": {"actions": actions, "before": before, "after": after, "after_unknown": {}}})
}

fn plan(changes: &[Value]) -> Value {
    json!({"format_version": "1.2", "terraform_version": "1.13.0", "resource_changes": changes})
}

fn rule(name: &str, priority: u32, access: &str, prefix: &str, group: &str) -> Value {
    json!({"access": access, "destination_address_prefix": prefix, "destination_port_range": "443",
        "direction": "Outbound", "name": name, "priority": priority, "protocol": "Tcp",
        "source_address_prefix": "*", "source_port_range": "*",
        "network_security_group_name": "nsg", "resource_group_name": group})
}

fn nsg(group: &str, rules: &[Value]) -> Value {
    json!({"name": "nsg", "resource_group_name": group, "security_rule": rules, "id": format!(
        "/subscriptions/s/resourceGroups/{group}/providers/Microsoft.Network/networkSecurityGroups/nsg")})
}

fn kept(kind: &str, own: &Value) -> Value {
    change(kind, &["no-op"], own, own)
}

/// What `rules diff` says of the one required flow: its exit code, its change, and all it wrote.
fn reviewed(plan: &Value, flow: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let folder = Folder::new();
    let file = folder.put("plan.json", plan.to_string());
    let flows = folder.put("flows.csv", flow);
    let fixed = ["rules", "diff", &file, "--flows", &flows, "--format", "json"];
    let ended = run(&[&fixed, more].concat());
    let said = format!("{}{}", ended.stdout, ended.stderr);
    let seen: Value = serde_json::from_str(&ended.stdout).unwrap_or_default();
    let word = seen["required"][0]["change"].as_str().unwrap_or_default().to_owned();
    (ended.code, word, said)
}

/// `allow NAME of SET` for one flow, and what is said beside it.
fn decided(text: &Value, more: &[&str]) -> (String, String) {
    let folder = Folder::new();
    let file = folder.put("rules.json", text.to_string());
    let flows = folder.put("flows.csv", RELAY);
    let ended = run(&[&["rules", "decide", &file, "--flows", &flows], more].concat());
    (ended.stdout, ended.stderr)
}

const RELAY: &str = "40.112.72.101,443,tcp,10.50.1.10\n";

#[test]
fn a_group_that_is_written_deletes_the_rules_beside_it() {
    let allow = rule("allow", 200, "Allow", "40.112.72.0/24", "rg");
    let deny = rule("deny", 4000, "Deny", "*", "rg");
    let (both, less) =
        (nsg("rg", &[allow.clone(), deny.clone()]), nsg("rg", std::slice::from_ref(&deny)));
    let updated = change(GROUP, &["update"], &both, &less);
    let (code, word, said) = reviewed(&plan(&[updated.clone(), kept(RULE, &allow)]), RELAY, &[]);
    assert_eq!((code, word.as_str()), (Some(1), "lost"), "{said}");
    assert!(said.contains("rule allow: writing the group deletes it"), "{said}");

    // Both are written: which comes last is not in the plan.
    let mut wider = allow.clone();
    wider["priority"] = 201.into();
    let written = change(RULE, &["update"], &allow, &wider);
    let (code, word, said) = reviewed(&plan(&[updated, written.clone()]), RELAY, &[]);
    assert_eq!((code, word.as_str()), (Some(3), "unknown"), "{said}");
    assert!(said.contains("which of them comes last"), "{said}");

    // A group whose list stays is as it was read, and the rule's own resource decides.
    let tagged = change(GROUP, &["update"], &both, &both);
    assert_eq!(reviewed(&plan(&[tagged, written]), RELAY, &[]).1, "same");

    // Rules that move out of the group are there before.
    let moved = change(GROUP, &["update"], &both, &less);
    let created = change(RULE, &["create"], &Value::Null, &allow);
    let (code, word, said) = reviewed(&plan(&[moved, created]), RELAY, &[]);
    assert_eq!((code, word.as_str()), (Some(3), "unknown"), "{said}");

    // The list of a group that is there is not empty because it is not known.
    let mut unknown = change(
        GROUP,
        &["update"],
        &both,
        &json!({"name": "nsg",
        "resource_group_name": "rg"}),
    );
    unknown["change"]["after_unknown"] = json!({"security_rule": true});
    let (code, word, said) = reviewed(&plan(&[unknown, kept(RULE, &allow)]), RELAY, &[]);
    assert_eq!((code, word.as_str()), (Some(3), "unknown"), "{said}");

    // A group that is made anew has lost what is not made with it.
    let anew = change(GROUP, &["delete", "create"], &both, &less);
    let (code, _, said) = reviewed(&plan(&[anew, kept(RULE, &allow)]), RELAY, &[]);
    assert_eq!(code, Some(1), "{said}");
}

#[test]
fn rules_without_their_group_are_reviewed_as_far_as_the_file_goes() {
    let allow = rule("allow", 200, "Allow", "40.112.72.0/24", "rg");
    let other = rule("other", 201, "Allow", "1.2.3.4/32", "rg");
    let deleted = change(RULE, &["delete"], &allow, &Value::Null);
    let created = change(RULE, &["create"], &Value::Null, &allow);
    let mut moved = allow.clone();
    moved["destination_address_prefix"] = "40.112.73.0/24".into();
    let updated = change(RULE, &["update"], &allow, &moved);
    let elsewhere = "8.8.8.8,53,udp,10.50.1.10\n";
    for (name, changes) in [
        ("deleted", &[deleted.clone(), kept(RULE, &other)][..]),
        ("alone", &[deleted]),
        ("created", &[created]),
        ("updated", &[updated, kept(RULE, &other)]),
    ] {
        let (code, word, said) = reviewed(&plan(changes), RELAY, &[]);
        assert_ne!(word, "same", "{name}: {said}");
        let seen: Value = serde_json::from_str(said.split("\npathproof").next().unwrap()).unwrap();
        assert_eq!(seen["required"][0]["changed_rules"], json!(["allow"]), "{name}: {said}");
        assert!(said.contains("the group nsg is not in this file"), "{name}: {said}");
        assert_eq!(code, Some(3), "{name}: {said}");
        // The other rules are the same on both sides.
        let (code, word, said) = reviewed(&plan(changes), elsewhere, &[]);
        assert_eq!((code, word.as_str()), (Some(0), "same"), "{name}: {said}");
    }
    // No rule comes before the first priority.
    let mut first = allow.clone();
    first["priority"] = 100.into();
    let (said, _) = decided(&plan(&[kept(RULE, &first)]), &[]);
    assert!(said.starts_with("allow "), "{said}");
    let (said, _) = decided(&plan(&[kept(RULE, &allow)]), &[]);
    assert!(said.starts_with("unknown "), "{said}");

    let id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/\
              networkSecurityGroups/nsg/securityRules/allow";
    let own = json!({"name": "allow", "properties": {"access": "Allow", "direction": "Outbound",
        "priority": 200, "protocol": "Tcp", "sourceAddressPrefix": "*", "sourcePortRange": "*",
        "destinationAddressPrefix": "40.112.72.0/24", "destinationPortRange": "443"}});
    let answer = json!({"status": "Succeeded", "changes": [
        {"resourceId": id, "changeType": "Delete", "before": own, "after": null}]});
    let (code, word, said) = reviewed(&answer, RELAY, &[]);
    assert_eq!((code, word.as_str()), (Some(3), "unknown"), "{said}");

    // Two templates of rules alone are compared alike.
    let folder = Folder::new();
    let template = |prefix: &str| {
        let mut own = own.clone();
        own["properties"]["destinationAddressPrefix"] = prefix.into();
        own["type"] = "Microsoft.Network/networkSecurityGroups/securityRules".into();
        own["name"] = "nsg/allow".into();
        json!({"$schema": "x/deploymentTemplate.json#", "resources": [own]}).to_string()
    };
    let files = [("a", "40.112.72.0/24"), ("b", "40.112.73.0/24")]
        .map(|(name, prefix)| folder.put(name, template(prefix)));
    let flows = folder.put("flows.csv", RELAY);
    let ended = run(&["rules", "diff", &files[0], &files[1], "--flows", &flows]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("it may depend on allow (modified)"), "{ended:?}");
}

#[test]
fn groups_of_one_name_are_told_apart_by_their_resource_group() {
    let deny = rule("deny", 4000, "Deny", "*", "north");
    let allow = rule("allow", 200, "Allow", "40.112.72.0/24", "west");
    let groups = [kept(GROUP, &nsg("north", &[])), kept(GROUP, &nsg("west", &[]))];
    let rules = [kept(RULE, &deny), kept(RULE, &allow)];
    let whole = plan(&[&groups[..], &rules].concat());
    for (choice, expected) in
        [("north/nsg", "deny "), ("WEST/NSG", "allow "), ("s/west/nsg", "allow ")]
    {
        let (said, error) = decided(&whole, &["--group", choice]);
        assert!(said.starts_with(expected), "{choice}: {said}{error}");
    }
    let (_, said) = decided(&whole, &["--group", "nsg"]);
    assert!(said.contains("north/nsg, west/nsg"), "{said}");
    let (said, _) = decided(&whole, &["--in-a-row"]);
    assert!(said.contains("deny of north/nsg"), "{said}");

    // A rule of a group elsewhere is none of the group that has the same name.
    let mut created = allow.clone();
    created.as_object_mut().unwrap().remove("id");
    let apart = plan(&[
        kept(GROUP, &nsg("north", &[])),
        kept(RULE, &deny),
        change(RULE, &["create"], &Value::Null, &created),
    ]);
    let (said, error) = decided(&apart, &["--group", "north/nsg"]);
    assert!(said.starts_with("deny "), "{said}{error}");

    let id = |group: &str, rest: &str| {
        format!(
            "/subscriptions/s/resourceGroups/{group}/providers/Microsoft.Network/networkSecurityGroups/nsg{rest}"
        )
    };
    let arm = |name: &str, priority: u32, access: &str| {
        json!({"name": name, "properties": {"access": access, "direction": "Outbound",
            "priority": priority, "protocol": "*", "sourceAddressPrefix": "*", "sourcePortRange": "*",
            "destinationAddressPrefix": "*", "destinationPortRange": "*"}})
    };
    let held = json!({"name": "nsg", "properties": {"securityRules": [arm("deny", 4000, "Deny")]}});
    let answer = json!({"status": "Succeeded", "changes": [
        {"resourceId": id("one", ""), "changeType": "NoChange", "before": held, "after": held},
        {"resourceId": id("two", "/securityRules/allow"), "changeType": "Create", "before": null,
         "after": arm("allow", 200, "Allow")}]});
    let (code, word, said) = reviewed(&answer, RELAY, &["--group", "one/nsg"]);
    assert_eq!((code, word.as_str()), (Some(0), "same"), "{said}");

    let module = |group: &str, resources: Value| {
        json!({"type": "Microsoft.Resources/deployments", "name": group, "resourceGroup": group,
            "properties": {"expressionEvaluationOptions": {"scope": "inner"}, "template":
                {"resources": resources}}})
    };
    let kind = "Microsoft.Network/networkSecurityGroups";
    let mut child = arm("nsg/allow", 200, "Allow");
    child["type"] = format!("{kind}/securityRules").into();
    let template = json!({"$schema": "x/deploymentTemplate.json#", "resources": [
        module("one", json!([
            {"type": kind, "name": "nsg", "properties": {"securityRules": []}}, child])),
        module("two", json!([{"type": kind, "name": "nsg", "properties":
            {"securityRules": [arm("deny", 4000, "Deny")]}}]))]});
    let (said, error) = decided(&template, &["--in-a-row"]);
    assert!(said.contains("deny of two/nsg"), "{said}{error}");
    let (said, error) = decided(&template, &["--group", "two/nsg"]);
    assert!(said.starts_with("deny "), "{said}{error}");
}

#[test]
fn what_a_template_only_names_is_not_in_it() {
    let kind = "Microsoft.Network/networkSecurityGroups";
    let deny = |name: &str, priority: u32, prefix: &str| {
        json!({"name": name, "properties": {"access": "Deny", "direction": "Outbound",
            "priority": priority, "protocol": "*", "sourceAddressPrefix": "*", "sourcePortRange": "*",
            "destinationAddressPrefix": prefix, "destinationPortRange": "*"}})
    };
    let with = |resources: Value| {
        json!({"$schema": "x/deploymentTemplate.json#", "languageVersion": "2.0",
            "parameters": {"name": {"type": "string"}, "deploy": {"type": "bool"}},
            "resources": resources})
    };
    let existing = json!({"existing": true, "type": kind, "name": "nsg"});
    let mut child = deny("[format('{0}/{1}', 'nsg', 'smtp')]", 300, "13.0.0.0/8");
    child["type"] = format!("{kind}/securityRules").into();
    for resources in [json!({"g": existing}), json!({"g": existing, "r": child})] {
        let (said, error) = decided(&with(resources), &[]);
        assert!(said.starts_with("unknown "), "{said}{error}");
        assert!(said.contains("the group nsg is not in this file"), "{said}");
    }

    // Whether the group is as it is written depends on its condition.
    let own = json!({"type": kind, "name": "nsg", "condition": "[parameters('deploy')]",
        "properties": {"securityRules": [deny("deny", 200, "*")]}});
    let (said, error) = decided(&with(json!({"g": own})), &[]);
    assert!(said.starts_with("unknown ") && said.contains("parameters('deploy')"), "{said}{error}");

    // A name that has no value is its expression, and a child of it belongs to it.
    let mut child = deny("[format('{0}/{1}',parameters('name'),'deny')]", 200, "40.112.72.0/24");
    child["type"] = format!("{kind}/securityRules").into();
    let group = json!({"type": kind, "name": "[parameters('name')]", "properties": {}});
    let template = with(json!({"g": group, "r": child}));
    let (said, error) = decided(&template, &["--group", "[parameters('name')]"]);
    assert!(said.starts_with("deny ") && said.contains("by deny"), "{said}{error}");
}

#[test]
fn what_else_a_plan_does_to_rules_is_said() {
    let group = kept(GROUP, &nsg("rg", &[]));
    let allow = kept(RULE, &rule("allow", 200, "Allow", "40.112.72.0/24", "rg"));
    let id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/\
              networkSecurityGroups/nsg/securityRules/allow";
    let update = change(
        "azapi_update_resource",
        &["create"],
        &Value::Null,
        &json!({
        "type": "Microsoft.Network/networkSecurityGroups/securityRules@2024-01-01",
        "resource_id": id, "body": {"properties": {"access": "Deny"}}}),
    );
    let (code, word, said) = reviewed(&plan(&[group.clone(), allow.clone(), update]), RELAY, &[]);
    assert_eq!((code, word.as_str()), (Some(1), "lost"), "{said}");

    let deployment = |content: &str| {
        change(
            "azurerm_resource_group_template_deployment",
            &["create"],
            &Value::Null,
            &json!({"name": "d", "template_content": content}),
        )
    };
    let rules = "{\"resources\": [{\"type\": \"Microsoft.Network/networkSecurityGroups\"}]}";
    let (code, word, said) =
        reviewed(&plan(&[group.clone(), allow.clone(), deployment(rules)]), RELAY, &[]);
    assert_eq!((code, word.as_str()), (Some(3), "unknown"), "{said}");
    assert!(said.contains("deploys a template, which is not read"), "{said}");
    let other = deployment("{\"resources\": [{\"type\": \"Microsoft.Web/sites\"}]}");
    assert_eq!(reviewed(&plan(&[group.clone(), allow.clone(), other]), RELAY, &[]).0, Some(0));

    let mut deferred = plan(&[group, allow]);
    deferred["complete"] = false.into();
    deferred["deferred_changes"] = json!([{"reason": "provider_config_unknown", "resource_change":
        change(RULE, &["create"], &Value::Null, &rule("later", 100, "Deny", "*", "rg"))}]);
    let (code, word, said) = reviewed(&deferred, RELAY, &[]);
    assert_eq!((code, word.as_str()), (Some(3), "unknown"), "{said}");
    assert!(said.contains("left to a later plan") && said.contains("$.complete"), "{said}");
}

#[test]
fn what_azure_refuses_is_said_in_every_document() {
    let arm = |name: &str, priority: u32, access: &str, prefix: &str| {
        json!({"name": name, "properties": {"access": access, "direction": "Outbound",
            "priority": priority, "protocol": "*", "sourceAddressPrefix": "*", "sourcePortRange": "*",
            "destinationAddressPrefix": prefix, "destinationPortRange": "*"}})
    };
    let (allow, deny) = (arm("a", 200, "Allow", "40.112.72.0/24"), arm("d", 200, "Deny", "*"));
    let late = arm("late", 5000, "Deny", "13.0.0.0/8");
    for rules in [[&allow, &deny, &late], [&deny, &allow, &late]] {
        let group = json!({"name": "nsg", "securityRules": rules});
        let (said, _) = decided(&group, &[]);
        assert!(said.starts_with("unknown ") && said.contains("has priority 200 too"), "{said}");
    }
    // Rules that no flow meets both decide.
    let apart =
        json!({"name": "nsg", "securityRules": [allow, arm("d", 200, "Deny", "13.0.0.0/8")]});
    assert!(decided(&apart, &[]).0.starts_with("allow "));

    let folder = Folder::new();
    let group = json!({"name": "nsg", "securityRules": [allow, deny, late]}).to_string();
    let file = folder.put("nsg.json", group);
    let flows = folder.put("flows.csv", RELAY);
    for command in [&["verify"][..], &["diff", file.as_str()]] {
        for format in ["table", "json", "markdown", "html", "sarif"] {
            let fixed = ["--flows", &flows, "--format", format, "--quiet"];
            let ended = run(&[&["rules"], command, &[file.as_str()], &fixed[..]].concat());
            assert_eq!(ended.stderr, "", "{command:?} {format}");
            for word in ["SecurityRuleConflict", "has priority 5000"] {
                assert!(ended.stdout.contains(word), "{command:?} {format}: {}", ended.stdout);
            }
            if format == "sarif" {
                let log = sarif::read(&ended.stdout);
                let told = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"];
                assert!(told[0]["message"]["text"].as_str().is_some(), "{log}");
            }
        }
    }
}

#[test]
fn texts_that_are_no_list_are_refused_with_the_next_step() {
    let folder = Folder::new();
    let flows = folder.put("flows.csv", RELAY);
    for (name, text, words) in [
        ("own.bicep", "// Written by hand\nparam x string\n", &["az bicep build"][..]),
        ("c.txt", "/*\n block\n*/\nparam x string\n", &["az bicep build"]),
        ("c.tf", "// ours\nresource \"a\" \"b\" {\n}\n", &["terraform show -json"]),
        ("d.txt", "// ours\nresource \"a\" \"b\" {\n}\n", &["terraform show -json"]),
        ("x.bicepparam", "using './main.bicep'\n", &["az bicep build-params"]),
        ("table.txt", "Name    Priority\n------  ------\nDeny443 100\n", &["line 1", "-o json"]),
        ("words.txt", "contoso.com is allowed\n", &["line 1", "contoso.com is allowed"]),
        ("label.txt", "contoso.com\nDenyAll\n", &["line 2", "two labels"]),
        ("empty.json", "{}", &["without any rules"]),
        (
            "failed.json",
            r#"{"status": "Failed", "error": {"code": "X", "message": "bad"}, "changes": null}"#,
            &["a what-if that failed (bad)"],
        ),
    ] {
        let path = folder.put(name, text);
        run(&["rules", "decide", &path, "--flows", &flows]).refuses(words);
        run(&["rules", "diff", &path]).refuses(words);
    }
    let list = folder.put("list.txt", "40.112.72.0/24 relay of the factory\ncontoso.com # ours\n");
    assert_eq!(run(&["rules", "decide", &list, "--flows", &flows]).code, Some(0));
}

#[test]
fn effective_rules_of_a_network_manager_come_before_the_group() {
    let rule = |name: &str, priority: u32, access: &str, ports: &str| {
        json!({"name": name, "protocol": "All", "sourcePortRange": "0-65535", "access": access,
            "destinationPortRange": ports, "sourceAddressPrefix": "0.0.0.0/0",
            "destinationAddressPrefix": "0.0.0.0/0", "priority": priority, "direction": "Outbound"})
    };
    let answer = |group: &[Value], admin: &[Value]| {
        json!({"value": [
            {"networkSecurityGroup": {"id": "/x/networkSecurityGroups/nsg"},
             "association": {"subnet": {"id": "x"}}, "effectiveSecurityRules": group},
            {"networkSecurityGroup": null, "effectiveSecurityRules": admin,
             "association": {"networkManager": {"id": "/x/networkManagers/nm"}}}]})
    };
    let all = rule("securityRules/all", 100, "Allow", "0-65535");
    let end = rule("defaultSecurityRules/DenyAllOutBound", 65500, "Deny", "0-65535");
    let ssh = rule("ssh", 10, "Deny", "22-22");
    let (said, error) =
        decided(&answer(&[all.clone(), end.clone()], std::slice::from_ref(&ssh)), &[]);
    assert!(said.starts_with("allow ") && said.contains("by all"), "{said}{error}");
    let tls = rule("tls", 10, "Deny", "443-443");
    let (said, _) = decided(&answer(&[all, end.clone()], &[tls]), &[]);
    assert!(said.starts_with("deny ") && said.contains("by tls of admin rules of nm"), "{said}");
    let always = rule("always", 10, "AlwaysAllow", "443-443");
    let (said, _) = decided(&answer(std::slice::from_ref(&end), &[always]), &[]);
    assert!(said.starts_with("allow "), "{said}");
    // A list that is cut says nothing of IPv6 for a flow of IPv4.
    let (said, _) = decided(&answer(&[], &[]), &[]);
    assert!(said.contains("the rest of the effective rules") && !said.contains("IPv6"), "{said}");

    let bare = json!({"name": "nsg", "securityRules": [], "defaultSecurityRules": []});
    assert!(
        decided(&bare, &[]).0.contains("by AllowInternetOutBound"),
        "the defaults always exist"
    );
}
