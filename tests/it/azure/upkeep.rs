//! The way from nothing to a rule that is right, and back.

use super::{FIRST, NAME, Scene, foreign, names, own};

const RULE: &str = "Allow-Azure-Relay";

#[test]
fn a_rule_is_planned_written_kept_and_put_back() {
    let scene = Scene::new(&[foreign("Deny-Internet", 1000, "Deny", "Internet")]);
    let before = scene.manager.rules(&scene.nsg);

    let planned = scene.rules("plan", &["--out", "plan.json"]);
    planned.ends(
        1,
        &[
            "+ create Allow-Azure-Relay",
            "40.112.72.101/32",
            NAME,
            "priority 200",
            "signed in by PATHPROOF_ACCESS_TOKEN",
            "To do: 1 to create",
        ],
    );
    assert_eq!(scene.manager.n_writes(), 0, "a plan writes nothing");
    assert_eq!(scene.json("plan.json")["schema"], "pathproof.plan/1");

    let url = scene.manager.url();
    let applied = scene.saved("apply", "plan.json", &["--rollback", "first.json"]);
    applied.ends(0, &["done: create Allow-Azure-Relay", "rules rollback first.json", &url]);
    assert_eq!(scene.live(RULE).unwrap(), FIRST);
    assert_eq!(scene.manager.n_writes(), 1);

    // Idempotent, whichever way it is asked.
    scene.saved("apply", "plan.json", &[]).ends(0, &["as planned"]);
    scene.apply(&[]).ends(0, &["Nothing to do"]);
    scene.rules("plan", &[]).ends(0, &["as it is"]);
    assert_eq!(scene.manager.n_writes(), 1, "a second run writes nothing");

    scene.saved("rollback", "first.json", &[]).ends(0, &["done: delete Allow-Azure-Relay"]);
    let after = scene.manager.rules(&scene.nsg);
    assert_eq!(strip(&after), strip(&before));
    scene.saved("rollback", "first.json", &[]).ends(0, &["what was there before is there"]);
    assert_eq!(scene.manager.n_writes(), 2);
}

fn strip(rules: &[serde_json::Value]) -> Vec<serde_json::Value> {
    rules.iter().map(|rule| rule["properties"].clone()).collect()
}

#[test]
fn without_a_ledger_nothing_leaves_the_rule() {
    let scene = Scene::new(&[own(RULE, 300, &["13.69.0.1", "40.112.72.101/32"])]);
    scene.apply(&[]).ends(0, &["~ update Allow-Azure-Relay", "+ 40.112.72.104/32", "priority 300"]);
    assert_eq!(scene.live(RULE).unwrap(), ["13.69.0.1", FIRST[0], FIRST[1], FIRST[2]]);
}

#[test]
fn several_runtimes_are_one_rule_and_the_job_asks_only_for_its_entries() {
    let scene = Scene::new(&[]);
    scene.put(
        "other.json",
        &names(&[
            ("relay", "fabrikam.servicebus.windows.net", &["40.112.72.115"]),
            ("control", "fabrikam.westeurope.datafactory.azure.net", &["40.74.24.70"]),
            ("control", "no-such.westeurope.datafactory.azure.net", &[]),
        ]),
    );
    scene.apply(&["--from", "other.json"]).ends(0, &["done: create"]);
    assert_eq!(scene.live(RULE).unwrap(), [FIRST[0], FIRST[1], FIRST[2], "40.112.72.115"]);
    let requests = scene.manager.log();
    let written: Vec<_> = requests.iter().filter(|request| request.writes()).collect();
    assert!(written[0].path.ends_with("/securityRules/Allow-Azure-Relay"), "{}", written[0].path);
    assert_eq!(written[0].header("if-none-match"), Some("*"));
    let agent = written[0].header("user-agent").unwrap();
    assert!(agent.starts_with("pathproof/"), "{agent}");
    assert!(written[0].header("x-ms-correlation-request-id").is_some());
}

#[test]
fn whoever_plans_for_the_control_plane_is_told_of_its_tag() {
    let scene = Scene::new(&[]);
    let host = "contoso-adf.eastus.datafactory.azure.net";
    let tags = "DataFactoryManagement";
    // The first is of facts.md, section 0; the second is Azure's and not the control plane's.
    for (address, words) in [
        ("40.78.229.99", ["DataFactoryManagement holds all", "needs no daily job"]),
        (FIRST[0], ["DataFactoryManagement does not hold 40.112.72.101", "needs these addresses"]),
    ] {
        scene.put("seen.json", &names(&[("control", host, &[address])]));
        let plan = scene.rules("plan", &["--only", "control"]);
        let plan = plan.ends(1, &[&words[..], &[tags, "note: ", address]].concat());
        assert!(!plan.stdout.contains("refused"), "{}", plan.stdout);
    }
}

#[test]
fn private_and_unpublished_addresses_never_enter() {
    let scene = Scene::new(&[]);
    scene.sees("seen.json", &["40.112.72.101", "10.0.0.4", "192.0.2.1"]);
    scene.apply(&["--out", "plan.json"]).ends(
        0,
        &[
            "left out of the rules:\n    10.0.0.4             contoso.servicebus.windows.net: private",
            "192.0.2.1            contoso.servicebus.windows.net: no service answers there",
        ],
    );
    assert_eq!(scene.live(RULE).unwrap(), ["40.112.72.101"]);
    assert_eq!(
        scene.json("plan.json")["left_out"],
        serde_json::json!([
            {"name": NAME, "address": "10.0.0.4", "reason": "private"},
            {"name": NAME, "address": "192.0.2.1", "reason": "sinkhole"},
        ])
    );
}

#[test]
fn auto_finds_a_place_before_what_denies() {
    let scene = Scene::new(&[
        foreign("Allow-Dns", 200, "Allow", "168.63.129.16"),
        foreign("Deny-Internet", 202, "Deny", "Internet"),
        foreign("Deny-Lan", 100, "Deny", "VirtualNetwork"),
    ]);
    scene.rules("plan", &[]).ends(1, &["priority 201"]);
    let scene = Scene::new(&[foreign("Deny-All", 150, "Deny", "*")]);
    scene.rules("plan", &[]).ends(1, &["priority 149"]);
    let scene = Scene::new(&[foreign("Deny-All", 150, "Deny", "*")]);
    scene
        .rules("plan", &["--priority", "400"])
        .ends(1, &["priority 400", "note: Deny-All (priority 150) comes before"]);
    let scene = Scene::new(&[foreign("Deny-AzureCloud", 110, "Deny", "AzureCloud")]);
    scene.rules("plan", &[]).ends(
        1,
        &["note: Allow-Azure-Relay (priority 109) comes before Deny-AzureCloud (priority 110)"],
    );
}

#[test]
fn rules_that_are_no_longer_needed_go_after_what_replaces_them() {
    let scene =
        Scene::new(&[own(RULE, 200, &FIRST), own("Allow-Azure-Relay-2", 201, &["40.112.72.115"])]);
    scene
        .apply(&[])
        .ends(0, &["done: update Allow-Azure-Relay\n", "done: delete Allow-Azure-Relay-2"]);
    assert_eq!(scene.live(RULE).unwrap(), [FIRST[0], FIRST[1], FIRST[2], "40.112.72.115"]);
    assert!(scene.live("Allow-Azure-Relay-2").is_none());
    scene.saved("rollback", "back.json", &[]).ends(0, &["done: create Allow-Azure-Relay-2"]);
    assert_eq!(scene.live("Allow-Azure-Relay-2").unwrap(), ["40.112.72.115"]);
    assert_eq!(scene.live(RULE).unwrap(), FIRST);
}

#[test]
fn moving_a_rule_never_makes_two_share_a_priority() {
    let second = serde_json::json!({"name": "Allow-Azure-Relay-2", "properties": {
        "description": "Written by pathproof", "priority": 201, "access": "Allow",
        "direction": "Outbound", "protocol": "Tcp", "sourceAddressPrefix": "*",
        "sourcePortRange": "*", "destinationAddressPrefixes": ["2603:1020:201::1/128"],
        "destinationPortRange": "443",
    }});
    let scene = Scene::new(&[own(RULE, 200, &FIRST), second]);
    // 200 and 201 become 201 and 202: one stays, the other passes it.
    scene.apply(&["--priority", "201"]).ends(0, &["priority 202"]);
    let mut priorities: Vec<_> = scene
        .manager
        .rules(&scene.nsg)
        .iter()
        .map(|rule| rule["properties"]["priority"].as_u64().unwrap())
        .collect();
    priorities.sort_unstable();
    assert_eq!(priorities, [201, 202]);
}

#[test]
fn a_plan_from_a_file_needs_no_azure_and_applies_to_nothing() {
    let scene = Scene::new(&[]);
    scene.put(
        "nsg.json",
        &serde_json::json!({"name": "nsg-1", "securityRules": [{
            "name": "Deny-Internet", "priority": 300, "access": "Deny", "direction": "Outbound",
            "protocol": "*", "sourceAddressPrefix": "*", "sourcePortRange": "*",
            "destinationAddressPrefix": "Internet", "destinationPortRange": "*",
        }]}),
    );
    let ended = scene.run(&[
        "rules",
        "plan",
        "--current",
        "nsg.json",
        "--from",
        "seen.json",
        "--format",
        "json",
        "--out",
        "plan.json",
    ]);
    let ended = ended.ends(1, &["\"guard\"".trim_matches('x')].map(|_| "\"pathproof.plan/1\""));
    assert_eq!(ended.stdout, scene.text("plan.json"), "what is shown is what is saved");
    assert!(scene.manager.log().is_empty());
    scene.saved("apply", "plan.json", &[]).ends(2, &["made from a file"]);
}

#[test]
fn without_from_the_names_are_resolved_first() {
    use crate::loopback::dns::{Say, Server};
    let dns = Server::start(|asked| match (asked.name.as_str(), asked.record_type) {
        (NAME, hickory_proto::rr::RecordType::A) => {
            Say::records(&[&format!("{NAME} 60 A 40.112.72.101")])
        }
        _ => Say::code(0, &[]),
    });
    let scene = Scene::new(&[]);
    std::fs::write(scene.at("urls.txt"), NAME).unwrap();
    let (url, server) = (scene.manager.url(), dns.address.to_string());
    let ended = scene.run(&[
        "rules",
        "plan",
        "--nsg",
        &scene.nsg,
        "--arm-endpoint",
        &url,
        "--service-urls",
        "urls.txt",
        "--resolver",
        &server,
        "--no-gateways",
    ]);
    ended.ends(1, &["+ 40.112.72.101/32", NAME]);
}

#[test]
fn command_lines_that_make_no_sense_are_refused() {
    let scene = Scene::new(&[]);
    let from = ["--from", "seen.json"];
    for (arguments, words) in [
        (&["rules", "plan"][..], "--nsg"),
        (&["rules", "apply"], "--yes"),
        (&["rules", "apply", "--yes"], "--nsg"),
        (&["rules", "plan", "--nsg", "nsg-1"], "no resource id"),
        (
            &[
                "rules",
                "plan",
                "--nsg",
                &scene.nsg,
                "--arm-endpoint",
                "http://management.azure.com",
            ],
            "over https only",
        ),
        (&["rules", "plan", "--current", "none.json"], "none.json"),
        (&["rules", "plan", "--current", "seen.json"], "no securityRules"),
        (&["rules", "plan", "--nsg", "x", "--current", "y"], "cannot be used with"),
        (&["rules", "plan", "--priority", "99"], "from 100 to 4096"),
        (&["rules", "plan", "--rule-name", "x-"], "--rule-name"),
        (&["rules", "plan", "--max-shrink", "101"], "--max-shrink"),
    ] {
        let arguments = if arguments.contains(&"apply") && !arguments.contains(&"--yes") {
            arguments.to_vec()
        } else {
            [arguments, &from].concat()
        };
        scene.run(&arguments).ends(2, &[words]);
    }
    scene.saved("apply", "seen.json", &[]).ends(2, &["pathproof.names/1", "pathproof.plan/1"]);
    scene.saved("rollback", "seen.json", &[]).ends(2, &["pathproof.rollback/1"]);
    assert!(scene.manager.log().is_empty());
}
