//! `rules diff` as its users start it.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use super::handouts::{EVIL, read_markdown};
use super::{Folder, rule, run, shown};
use crate::sarif;

fn case(name: &str) -> String {
    shown(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name)).to_owned()
}

fn group(name: &str, rules: &[Value]) -> String {
    let group = json!({"name": name, "properties": {"securityRules": rules}});
    serde_json::to_string_pretty(&group).unwrap()
}

/// `pathproof.rules-diff/1` as the contract writes it; re-declared by hand.
#[derive(Debug, Deserialize)]
struct Review {
    schema: String,
    required: Vec<Required>,
    admitted: Vec<Space>,
    no_longer_admitted: Vec<Space>,
    unknown: Vec<Space>,
    without_effect: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Required {
    flow: RequiredFlow,
    before: Side,
    after: Side,
    change: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequiredFlow {
    name: Option<String>,
    destination: String,
    port: Option<u16>,
    protocol: String,
    source: Option<String>,
    direction: String,
}

#[derive(Debug, Deserialize)]
struct Side {
    decision: String,
    rule: String,
}

#[derive(Debug, Deserialize)]
struct Space {
    direction: String,
    protocol: String,
    ports: Vec<String>,
    prefixes: Vec<String>,
    addresses: Value,
}

fn review(arguments: &[&str]) -> (Option<i32>, Review) {
    let ended = run(&[&["rules", "diff"], arguments, &["--format", "json"]].concat());
    let review =
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    (ended.code, review)
}

fn spaces(spaces: &[Space]) -> Vec<String> {
    let shown = |own: &Space| {
        let prefixes = own.prefixes.join(",");
        format!("{} {} {} {prefixes}", own.direction, own.protocol, own.ports.join(","))
    };
    spaces.iter().map(shown).collect()
}

/// An outbound rule for TCP.
fn tcp(name: &str, priority: u32, access: &str, prefix: &str, ports: &str) -> Value {
    let mut rule = rule(name, priority, access, prefix, ports);
    rule["properties"]["protocol"] = "Tcp".into();
    rule
}

#[test]
fn a_change_is_reviewed_before_it_is_made() {
    let folder = Folder::new();
    let deny = rule("deny", 4000, "Deny", "*", "*");
    let relay = |prefix| tcp("relay", 100, "Allow", prefix, "443");
    let before = folder.put("before.json", group("nsg", &[relay("40.112.72.0/24"), deny.clone()]));
    let flows = folder.put(
        "flows.csv",
        "destination,port,protocol,source\n40.112.72.101,443,tcp,10.0.0.4\n40.112.73.1,443,tcp,\n",
    );
    let after = |name: &str, rules: &[Value]| folder.put(name, group("nsg", rules));
    let wider = after("wider.json", &[relay("40.112.72.0/23"), deny.clone()]);
    let less = after("less.json", &[relay("40.112.72.0/26"), deny.clone()]);
    let idle = after(
        "idle.json",
        &[relay("40.112.72.0/24"), tcp("again", 200, "Allow", "40.112.72.7", "443"), deny.clone()],
    );
    let unknown = after("unknown.json", &[tcp("relay", 100, "Allow", "Nowhere", "443"), deny]);
    let with = |after: &str, more: &[&str]| {
        review(&[&[before.as_str(), after, "--flows", &flows][..], more].concat())
    };

    let (code, seen) = with(&wider, &[]);
    assert_eq!((code, seen.schema.as_str()), (Some(0), "pathproof.rules-diff/1"));
    assert_eq!(spaces(&seen.admitted), ["outbound tcp 443 40.112.73.0/24"]);
    assert_eq!(seen.admitted[0].addresses["v4"], 256);
    assert!(seen.no_longer_admitted.is_empty() && seen.unknown.is_empty(), "{seen:?}");
    let gained = &seen.required[1];
    assert_eq!((&*gained.change, &*gained.before.rule), ("gained", "deny"));
    assert_eq!((&*gained.before.decision, &*gained.after.decision), ("deny", "allow"));
    assert_eq!(gained.after.rule, "relay");
    let flow = &seen.required[0].flow;
    assert_eq!((&*flow.destination, flow.port), ("40.112.72.101", Some(443)));
    assert_eq!((flow.source.as_deref(), &*flow.direction), (Some("10.0.0.4"), "outbound"));
    assert_eq!((flow.name.as_deref(), &*flow.protocol), (None, "tcp"));
    assert_eq!(seen.required[0].change, "same");
    assert_eq!(with(&wider, &["--fail-on", "admitted"]).0, Some(1));

    let (code, seen) = with(&less, &["--fail-on", "admitted"]);
    assert_eq!((code, &*seen.required[0].change), (Some(1), "lost"));
    let expected = ["outbound tcp 443 40.112.72.128/25", "outbound tcp 443 40.112.72.64/26"];
    let mut lost: Vec<_> = seen.no_longer_admitted.iter().flat_map(|own| &own.prefixes).collect();
    lost.sort();
    assert_eq!(lost.len(), expected.len(), "{lost:?}");

    let (code, seen) = with(&idle, &["--fail-on", "admitted"]);
    assert_eq!(code, Some(0), "{seen:?}");
    assert_eq!(seen.without_effect, ["again"]);

    let (code, seen) = with(&unknown, &[]);
    assert_eq!((code, &*seen.required[0].change), (Some(3), "unknown"), "{seen:?}");
    assert!(!seen.unknown.is_empty());
    let table = run(&["rules", "diff", &before, &unknown, "--flows", &flows]).stdout;
    assert!(table.contains("service tag Nowhere"), "the fact is named: {table}");

    let table = run(&["rules", "diff", &before, &before]);
    assert_eq!((table.code, table.stderr.as_str()), (Some(0), ""));
    assert!(table.stdout.contains("Every flow is decided as before"), "{table:?}");
    run(&["rules", "diff", &before]).refuses(&["holds one side of a change", "BEFORE AFTER"]);
    run(&["rules", "diff", &before, &less, "--from", &flows]).refuses(&["--flows"]);
}

#[test]
fn what_a_run_needs_is_lost_by_the_rule_that_denies_it() {
    let folder = Folder::new();
    let allow = folder.put("before.json", group("nsg", &[rule("all", 100, "Allow", "*", "*")]));
    let deny = folder.put("after.json", group("nsg", &[rule("none", 100, "Deny", "*", "*")]));
    for evidence in ["healthy/report.json", "healthy/records.jsonl"] {
        let (code, seen) = review(&[&allow, &deny, "--from", &case(evidence)]);
        assert_eq!(code, Some(1), "{evidence}");
        let lost: Vec<_> = seen.required.iter().filter(|own| own.change == "lost").collect();
        assert!(lost.iter().any(|own| own.after.rule == "none" && own.flow.name.is_some()));
    }
}

/// A change of hostile names, which loses what a run needs.
fn hostile(format: &str) -> (Folder, super::Ended) {
    let folder = Folder::new();
    let before = [rule(&format!("allow {EVIL}"), 100, "Allow", "*", "*")];
    let after = [
        tcp(&format!("relay {EVIL}"), 100, "Allow", "40.112.72.0/24", "443"),
        tcp(&format!("again {EVIL}"), 150, "Allow", "40.112.72.101", "443"),
        rule(&format!("deny {EVIL}"), 200, "Deny", "*", "*"),
    ];
    let [before, after] = [("before.json", &before[..]), ("after.json", &after)]
        .map(|(name, rules)| folder.put(name, group(EVIL, rules)));
    let from = case("healthy/report.json");
    let ended = run(&["rules", "diff", &before, &after, "--from", &from, "--format", format]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    (folder, ended)
}

#[test]
fn a_board_and_a_pull_request_are_given_the_same_facts() {
    let table = hostile("table").1.stdout;
    let (rows, words) = read_markdown(&hostile("markdown").1.stdout);
    let page = hostile("html").1.stdout;
    for heading in ["required flows", "No longer let through", "Rules that change and decide"] {
        assert!(table.contains(heading), "{heading}: {table}");
        assert!(words.contains(heading), "{heading}: {words}");
        assert!(page.contains(heading), "{heading}: {page}");
    }
    let lost = rows.iter().find(|row| row[0] == "lost").expect("a lost flow");
    assert!(lost[8].starts_with("allow by ") && lost[9].starts_with("deny by "), "{lost:?}");
    assert!(rows.iter().any(|row| row[0] == "outbound" && row[4] == "any address"), "{rows:?}");
    assert!(!page.contains("<script>alert") && !page.contains("<b>"), "{page}");
    assert!(page.contains("&#60;script&#62;alert") || page.contains("&lt;script&gt;alert"));

    let (_folder, ended) = hostile("sarif");
    let log = sarif::read(&ended.stdout);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let of = |id: &str| results.iter().filter(|one| one["ruleId"] == id).collect::<Vec<_>>();
    assert!(!of("required-flow-lost").is_empty());
    assert_eq!(of("rule-without-effect").len(), 1, "{:?}", of("rule-without-effect"));
    let region = &of("required-flow-lost")[0]["locations"][0]["physicalLocation"];
    assert!(region["artifactLocation"]["uri"].as_str().unwrap().ends_with("after.json"));
    assert!(region["region"]["startLine"].as_u64().unwrap() > 1);
    assert_eq!(log["runs"][0]["properties"]["rules_diff"]["schema"], "pathproof.rules-diff/1");
}

fn terraform_change(kind: &str, actions: &[&str], before: &Value, after: &Value) -> Value {
    json!({"address": format!("{kind}.x"), "mode": "managed", "type": kind, "name": "x",
        "change": {"actions": actions, "before": before, "after": after, "after_unknown": {}}})
}

fn terraform_rule(name: &str, prefix: &str) -> Value {
    json!({"access": "Allow", "description": null, "destination_address_prefix": prefix,
        "destination_address_prefixes": null, "destination_port_range": "443",
        "destination_port_ranges": null, "direction": "Outbound", "name": name, "priority": 100,
        "protocol": "Tcp", "source_address_prefix": "*", "source_address_prefixes": null,
        "source_port_range": "*", "network_security_group_name": "nsg",
        "resource_group_name": "rg"})
}

#[test]
fn a_plan_of_terraform_stands_alone() {
    let folder = Folder::new();
    let deny = json!({"access": "Deny", "destination_address_prefix": "*",
        "destination_port_range": "*", "direction": "Outbound", "name": "deny", "priority": 4000,
        "protocol": "*", "source_address_prefix": "*", "source_port_range": "*"});
    let inline = terraform_rule("relay", "40.112.72.0/24");
    // The provider reads the list back with the rules that are resources of their own.
    let nsg = json!({"name": "nsg", "resource_group_name": "rg", "security_rule": [inline, deny]});
    for version in ["0.1", "0.2", "1.0", "1.2"] {
        let mut plan = json!({"format_version": version, "terraform_version": "1.13.0",
        "resource_changes": [
            terraform_change("azurerm_network_security_group", &["no-op"], &nsg, &nsg),
            terraform_change("azurerm_network_security_rule", &["update"],
                &terraform_rule("relay", "40.112.72.0/24"),
                &terraform_rule("relay", "40.112.73.0/24")),
            terraform_change("azurerm_public_ip", &["create"], &Value::Null, &json!({})),
        ]});
        let path = folder.put("plan.json", plan.to_string());
        let (code, seen) = review(&[&path]);
        assert_eq!(code, Some(0));
        assert_eq!(spaces(&seen.admitted), ["outbound tcp 443 40.112.73.0/24"], "{version}");
        assert_eq!(spaces(&seen.no_longer_admitted), ["outbound tcp 443 40.112.72.0/24"]);
        assert!(seen.unknown.is_empty(), "{seen:?}");
        // Only one side counts where there is one: as it would be.
        let flows = folder.put("flows.csv", "40.112.73.1,443,tcp\n40.112.72.1,443,tcp\n");
        let decided = run(&["rules", "decide", &path, "--flows", &flows]).stdout;
        assert!(decided.starts_with("allow") && decided.contains("deny"), "{decided}");

        // What is known only after apply is unknown, and named.
        plan["resource_changes"][1]["change"]["after_unknown"] =
            json!({"destination_address_prefix": true});
        let path = folder.put("unknown.json", plan.to_string());
        let flows = folder.put("flows.csv", "40.112.72.1,443,tcp\n");
        let (code, seen) = review(&[&path, "--flows", &flows]);
        assert_eq!((code, &*seen.required[0].change), (Some(3), "unknown"));
        let table = run(&["rules", "diff", &path]).stdout;
        assert!(
            table.contains("$.resource_changes[1].change.after.destination_address_prefix")
                || table.contains("known only after apply"),
            "{table}"
        );
    }
}

/// A group with its rules inside deletes what the daily job added beside them.
#[test]
fn rules_of_the_job_that_a_change_deletes_are_named() {
    let folder = Folder::new();
    let mut relay = tcp("relay", 100, "Allow", "40.112.72.0/24", "443");
    relay["properties"]["description"] = json!("Written by pathproof from example");
    let deny = rule("deny", 4000, "Deny", "*", "*");
    let group = |rules: &[&Value]| json!({"name": "nsg", "properties": {"securityRules": rules}});
    let before = folder.put("before.json", group(&[&relay, &deny]).to_string());
    let after = folder.put("after.json", group(&[&deny]).to_string());
    let deleting = run(&["rules", "diff", &before, &after]).stdout;
    assert!(deleting.contains("deletes what pathproof wrote (relay)"), "{deleting}");
    assert!(deleting.contains("security_rule in azurerm_network_security_group"), "{deleting}");
    let adding = run(&["rules", "diff", &after, &before]).stdout;
    assert!(!adding.contains("deletes"), "{adding}");
}

#[test]
fn a_what_if_answer_stands_alone() {
    let folder = Folder::new();
    let side = |prefix: &str| {
        json!({"name": "nsg", "properties": {"securityRules": [
        tcp("relay", 100, "Allow", prefix, "443"), rule("deny", 4000, "Deny", "*", "*")]}})
    };
    let id =
        "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/nsg";
    let answer = json!({"status": "Succeeded", "changes": [
        {"resourceId": "/subscriptions/s/providers/Microsoft.Network/publicIPAddresses/x",
         "changeType": "Create", "before": null, "after": {}},
        {"resourceId": id, "changeType": "Modify", "before": side("40.112.72.0/24"),
         "after": side("40.112.72.0/23"), "delta": []},
    ]});
    let path = folder.put("whatif.json", answer.to_string());
    let (code, seen) = review(&[&path]);
    assert_eq!(
        (code, spaces(&seen.admitted)),
        (Some(0), vec!["outbound tcp 443 40.112.73.0/24".to_owned()])
    );
    let ids = json!({"properties": {"changes": [{"resourceId": id, "changeType": "Modify"}]}});
    let path = folder.put("ids.json", ids.to_string());
    run(&["rules", "diff", &path]).refuses(&["$.properties.changes[0]", "FullResourcePayloads"]);
}

#[test]
fn a_group_that_a_change_makes_is_not_guessed() {
    let folder = Folder::new();
    let nsg = json!({"name": "nsg", "security_rule": []});
    let plan = json!({"format_version": "1.2", "resource_changes": [
        terraform_change("azurerm_network_security_group", &["create"], &Value::Null, &nsg)]});
    let path = folder.put("plan.json", plan.to_string());
    let (_, seen) = review(&[&path]);
    assert!(seen.admitted.is_empty() && seen.no_longer_admitted.is_empty(), "{seen:?}");
    let table = run(&["rules", "diff", &path]).stdout;
    assert!(table.contains("the change creates the group"), "{table}");
}

#[test]
fn what_cannot_be_reviewed_is_refused_with_the_next_step() {
    let folder = Folder::new();
    for (name, text, words) in [
        ("main.tf", "resource \"a\" \"b\" {}", &["terraform show -json"][..]),
        ("main.bicep", "param a string", &["az bicep build"]),
        (
            "terraform.tfstate",
            r#"{"version": 4, "terraform_version": "1.9", "serial": 1}"#,
            &["terraform show -json"],
        ),
        ("later.json", r#"{"format_version": "2.0", "values": {}}"#, &["$.format_version", "2.0"]),
        (
            "empty.json",
            r#"{"format_version": "1.2", "resource_changes": []}"#,
            &["$.resource_changes", "azurerm_network_security_group"],
        ),
        (
            "odd.json",
            r#"{"format_version": "1.2", "resource_changes": 7}"#,
            &["$.resource_changes"],
        ),
    ] {
        let path = folder.put(name, text);
        run(&["rules", "diff", &path]).refuses(words);
        run(&["rules", "diff", &path, &path]).refuses(words);
    }
}

/// An effective security admin rule, as the network manager's API lists it.
fn admin_rule(name: &str, priority: u32, access: &str, prefix: &str) -> Value {
    let parent = "/providers/Microsoft.Network/networkManagers/m/securityAdminConfigurations/c";
    json!({"id": format!("{parent}/ruleCollections/r/rules/{name}"),
        "kind": "Custom", "ruleCollectionAppliesToGroups": [], "properties": {
            "access": access, "priority": priority, "direction": "Outbound", "protocol": "Any",
            "sources": [{"addressPrefix": "*", "addressPrefixType": "IPPrefix"}],
            "destinations": [{"addressPrefix": prefix, "addressPrefixType": "IPPrefix"}],
            "sourcePortRanges": ["0-65535"], "destinationPortRanges": ["0-65535"]}})
}

/// Decisions in words: `allow RULE of SET`.
fn decisions(files: &[&str], flows: &str) -> Vec<String> {
    let all = [&["rules", "decide"], files, &["--flows", flows]].concat();
    let ended = run(&all);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let words = |line: &str| {
        let (flow, by) = line.split_once("  by ").expect(line);
        format!("{} {by}", flow.split_whitespace().next().expect("a decision"))
    };
    ended.stdout.lines().map(words).collect()
}

#[test]
fn admin_rules_groups_routes_and_appliance_are_asked_in_azures_order() {
    let folder = Folder::new();
    let admin = folder.put(
        "admin.json",
        json!({"value": [
            admin_rule("never", 1, "Deny", "40.112.72.1/32"),
            admin_rule("always", 2, "AlwaysAllow", "40.112.72.2/32"),
            admin_rule("allowed", 3, "Allow", "40.112.72.3/32"),
        ]})
        .to_string(),
    );
    let nsg = folder.put(
        "nsg.json",
        group(
            "nsg",
            &[
                rule("web", 100, "Allow", "40.112.73.0/24", "*"),
                rule("first", 110, "Allow", "40.112.72.1", "*"),
                rule("deny", 4000, "Deny", "*", "*"),
            ],
        ),
    );
    let route = |name: &str, prefix: &str, hop: &str| {
        json!({"name": name, "properties": {
        "addressPrefix": prefix, "nextHopType": hop, "nextHopIpAddress": "10.0.0.4"}})
    };
    let routes = folder.put(
        "routes.json",
        json!({"name": "rt", "properties": {"disableBgpRoutePropagation": true, "routes": [
            route("default", "0.0.0.0/0", "VirtualAppliance"),
            route("near", "40.112.73.0/25", "Internet"),
            route("hole", "40.112.73.9/32", "None"),
        ]}})
        .to_string(),
    );
    let appliance = folder.put("appliance.txt", "40.112.73.200\n");
    let flows = folder.put(
        "flows.csv",
        "40.112.72.1,443,tcp\n40.112.72.2,443,tcp\n40.112.72.3,443,tcp\n40.112.73.1,443,tcp\n\
         40.112.73.9,443,tcp\n40.112.73.200,443,tcp\n40.112.73.201,443,tcp\n",
    );
    // Without the appliance's rules, what a route sends there is not known.
    let expected_without = [
        "deny never of admin rules",
        "unknown default of rt",
        "deny deny of nsg",
        "allow near of rt",
        "deny hole of rt",
        "unknown default of rt",
        "unknown default of rt",
    ];
    let expected_with = [
        "deny never of admin rules",
        "deny (no rule) of",
        "deny deny of nsg",
        "allow near of rt",
        "deny hole of rt",
        "allow 40.112.73.200 of",
        "deny (no rule) of",
    ];
    for order in [[&nsg, &routes, &admin], [&routes, &admin, &nsg], [&admin, &nsg, &routes]] {
        let files: Vec<&str> = order.iter().map(|file| file.as_str()).collect();
        let seen = decisions(&files, &flows);
        for (seen, expected) in seen.iter().zip(expected_without) {
            assert!(seen.starts_with(expected), "{seen}: {expected}");
        }
        assert!(seen[1].contains("the appliance 10.0.0.4"), "{}", seen[1]);
        let files = [&[appliance.as_str()][..], &files].concat();
        let seen = decisions(&files, &flows);
        for (seen, expected) in seen.iter().zip(expected_with) {
            assert!(seen.starts_with(expected), "{seen}: {expected}");
        }
    }
    // An admin rule that always allows is enough for the groups.
    assert_eq!(decisions(&[&nsg, &admin], &flows)[1], "allow always of admin rules");
}

#[test]
fn flows_between_nodes_come_in() {
    let folder = Folder::new();
    let inbound = |prefix: &str| {
        let mut rule = tcp("nodes", 100, "Allow", "*", "8060");
        rule["properties"]["direction"] = "Inbound".into();
        rule["properties"]["sourceAddressPrefix"] = prefix.into();
        let mut deny = rule.clone();
        deny["name"] = "deny".into();
        deny["properties"]["priority"] = 200.into();
        deny["properties"]["access"] = "Deny".into();
        deny["properties"]["sourceAddressPrefix"] = "*".into();
        group("nsg", &[rule, deny])
    };
    let before = folder.put("before.json", inbound("10.0.0.0/24"));
    let after = folder.put("after.json", inbound("10.0.0.0/25"));
    let flows = folder.put(
        "flows.csv",
        "direction,source,destination,port,protocol\ninbound,10.0.0.200,10.0.0.4,8060,tcp\n\
         inbound,10.0.0.5,10.0.0.4,8060,tcp\n",
    );
    let (code, seen) = review(&[&before, &after, "--flows", &flows]);
    assert_eq!(code, Some(1), "{seen:?}");
    let changes: Vec<_> = seen.required.iter().map(|own| own.change.as_str()).collect();
    assert_eq!(changes, ["lost", "same"]);
    assert_eq!(seen.required[0].flow.direction, "inbound");
    assert_eq!(spaces(&seen.no_longer_admitted), ["inbound tcp 8060 10.0.0.128/25"]);
}

/// What stands beside a file that holds both sides is on both of them, and a note says so.
#[test]
fn a_second_file_beside_a_plan_is_on_both_sides() {
    let folder = Folder::new();
    let nsg = json!({"name": "nsg", "resource_group_name": "rg",
        "security_rule": [terraform_rule("relay", "40.112.72.0/24")]});
    let none = json!({"name": "nsg", "resource_group_name": "rg", "security_rule": []});
    let plan = json!({"format_version": "1.2", "terraform_version": "1.13.0", "resource_changes":
        [terraform_change("azurerm_network_security_group", &["update"], &nsg, &none)]});
    let plan = folder.put("plan.json", plan.to_string());
    let other = folder.put("other.json", group("other", &[]));
    let flows = folder.put("flows.csv", "40.112.72.1,443,tcp\n");
    let seen = run(&["rules", "diff", &plan, &other, "--flows", &flows]);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    assert!(seen.stdout.contains("holds both sides of the change"), "{seen:?}");
    // As they are and as they would be: the plan's rules as they would be are those of AFTER.
    assert_eq!(run(&["rules", "diff", &other, &plan, "--flows", &flows]).code, Some(0));
    run(&["rules", "diff", &plan, &plan]).refuses(&["each hold both sides", "one at a time"]);
}
