//! Whose a rule is, and what of it: a person's change, another job's addresses, a rule that is
//! taken over, its source and its words.

use jiff::{SignedDuration, Timestamp};
use pathproof::ledger::{Ledger, LedgerSighting, Proof};
use serde_json::{Value, json};

use super::{FIRST, NAME, Scene, foreign, names, own};

const RULE: &str = "Allow-Azure-Relay";
const OTHER: &str = "fabrikam.servicebus.windows.net";

fn with(rule: Value, changes: &Value) -> Value {
    let mut rule = rule;
    for (key, value) in changes.as_object().unwrap() {
        rule["properties"][key] = value.clone();
    }
    rule
}

fn description(scene: &Scene) -> String {
    scene.properties(RULE).unwrap()["description"].as_str().unwrap().to_owned()
}

#[test]
fn what_a_person_changed_is_not_turned_back() {
    for (changes, words) in [
        (json!({"access": "Deny"}), "its access is deny, and allow was written"),
        (json!({"direction": "Inbound"}), "its direction is inbound"),
        (json!({"protocol": "*"}), "its protocol is *, and tcp was written"),
        (json!({"destinationPortRanges": ["80"]}), "its ports are 80, and 443 was written"),
        (json!({"sourcePortRange": "443"}), "its source ports are 443, and * was written"),
    ] {
        let scene = Scene::new(&[]);
        scene.apply(&[]).ends(0, &["done: create"]);
        let written = json!({"properties": scene.properties(RULE).unwrap()});
        let changed = with(written, &changes)["properties"].clone();
        scene.manager.meddle(&scene.nsg, RULE, Some(changed.clone()));
        let n_writes = scene.manager.n_writes();
        let words = ["refused (changed_by_hand)", words, "--adopt"];
        scene.rules("plan", &["--out", "plan.json"]).ends(4, &words);
        scene.apply(&[]).ends(4, &words);
        scene.saved("apply", "plan.json", &[]).ends(4, &words);
        assert_eq!(scene.manager.n_writes(), n_writes);
        scene.apply(&["--adopt"]).ends(0, &["done: update"]);
        let now = scene.properties(RULE).unwrap();
        assert_eq!(
            [&now["access"], &now["direction"], &now["protocol"], &now["destinationPortRanges"]],
            [&json!("Allow"), &json!("Outbound"), &json!("Tcp"), &json!(["443"])]
        );
    }
    // A rule of an older version says less, and was always outbound, allow, tcp.
    let scene = Scene::new(&[with(own(RULE, 200, &FIRST), &json!({"access": "Deny"}))]);
    scene.apply(&[]).ends(4, &["refused (changed_by_hand)", "its access is deny"]);
    assert_eq!(scene.manager.n_writes(), 0);
}

/// A ledger saw these so many days ago.
fn remember(scene: &Scene, ledger: &str, name: &str, addresses: &[&str], days: i64) {
    let sighting = |address: &&str| LedgerSighting {
        name: name.to_owned(),
        net: format!("{address}/32").parse().unwrap(),
        at: Timestamp::now() - SignedDuration::from_hours(24 * days),
        proof: Proof::Published,
        source: "dns".to_owned(),
    };
    let sightings: Vec<_> = addresses.iter().map(sighting).collect();
    Ledger::open(&scene.at(ledger)).unwrap().note(&sightings).unwrap();
}

/// Two runtimes behind one group, a job with a ledger of its own on each host, as one is tempted
/// to set them up.
fn two_jobs() -> Scene {
    let scene = Scene::new(&[]);
    scene.put("other.json", &names(&[("relay", OTHER, &["40.112.72.115", "40.112.72.116"])]));
    scene.apply(&["--ledger", "a.db"]).ends(0, &["done: create"]);
    let other = ["--ledger", "b.db", "--from", "other.json"];
    let base = ["rules", "apply", "--yes", "--nsg", &scene.nsg, "--rollback", "b.json"];
    let url = scene.manager.url();
    let arguments = [&base[..], &["--arm-endpoint", &url], &other].concat();
    scene.run(&arguments).ends(0, &["done: update"]);
    scene
}

#[test]
fn another_jobs_addresses_do_not_leave_the_rule() {
    let scene = two_jobs();
    assert_eq!(scene.live(RULE).unwrap().len(), 5);
    let mark = description(&scene);
    // On the next day nothing has to change; the first job knows of the other's addresses by now.
    scene.apply(&["--ledger", "a.db"]).ends(0, &["Nothing to do"]);
    // A week later they would go: they are no job's of this ledger.
    remember(&scene, "c.db", NAME, &FIRST, 0);
    remember(&scene, "c.db", "rule Allow-Azure-Relay", &["40.112.72.115", "40.112.72.116"], 8);
    let n_writes = scene.manager.n_writes();
    let words = ["refused (foreign_source)", "2 would leave", "--rule-name", "--adopt"];
    scene.apply(&["--ledger", "c.db"]).ends(4, &words);
    scene.rules("plan", &["--ledger", "c.db", "--out", "plan.json"]).ends(4, &words);
    // The file's own word counts for nothing.
    let mut plan = scene.json("plan.json");
    plan["refusals"] = json!([]);
    scene.put("plan.json", &plan);
    scene.saved("apply", "plan.json", &[]).ends(4, &words);
    assert_eq!(scene.manager.n_writes(), n_writes);
    assert_eq!(description(&scene), mark);
    // Whoever knows better takes the rule, and it is this job's alone.
    scene.apply(&["--ledger", "c.db", "--adopt"]).ends(0, &["- 40.112.72.115/32", "done: update"]);
    assert_eq!(scene.live(RULE).unwrap(), FIRST);
    assert!(!description(&scene).contains('+'), "{}", description(&scene));
}

#[test]
fn jobs_of_one_name_are_one_job() {
    let scene = Scene::new(&[]);
    scene.apply(&["--job", "contoso"]).ends(0, &["done: create"]);
    assert!(
        description(&scene).starts_with("Written by pathproof [contoso outbound allow tcp 443]")
    );
    remember(&scene, "c.db", NAME, &FIRST[2..], 8);
    scene.sees("seen.json", &FIRST[..2]);
    let ledger = ["--ledger", "c.db"];
    scene.apply(&[&ledger[..], &["--job", "fabrikam"]].concat()).ends(4, &["contoso"]);
    scene.apply(&[&ledger[..], &["--job", "contoso"]].concat()).ends(0, &["- 40.112.72.110/32"]);
    scene.apply(&["--job", "no spaces"]).ends(2, &["at most 24 letters"]);
}

#[test]
fn a_rule_of_the_communitys_script_is_taken_over() {
    let mut script = foreign(RULE, 300, "Allow", "");
    script["properties"]["description"] = json!("CHG0012345");
    script["properties"]["destinationAddressPrefixes"] = json!(["40.112.72.101", "40.112.72.104"]);
    script["properties"]["destinationAddressPrefix"] = Value::Null;
    let scene = Scene::new(&[script]);
    let refused = scene.rules("plan", &["--out", "refused.json"]);
    refused.ends(4, &["refused (name_taken)", "--adopt"]);
    // Its priority stays, as it does once it is taken over.
    assert_eq!(scene.json("refused.json")["changes"][0]["after"]["priority"], 300);
    scene.rules("plan", &["--adopt", "--out", "plan.json"]).ends(
        1,
        &[
            "~ update Allow-Azure-Relay",
            "- protocol: *",
            "+ protocol: tcp",
            "- description: CHG0012345",
            "outbound allow tcp 443] CHG0012345",
        ],
    );
    // What was approved is a file, and a file alone takes over no rule.
    scene.saved("apply", "plan.json", &[]).ends(4, &["refused (name_taken)", "--adopt"]);
    assert_eq!(scene.manager.n_writes(), 0);
    let adopt = ["--adopt", "--rollback", "back.json"];
    scene.saved("apply", "plan.json", &adopt).ends(0, &["done: update"]);
    assert_eq!(scene.live(RULE).unwrap(), FIRST);
    assert_eq!(scene.properties(RULE).unwrap()["priority"], 300);
    scene.saved("rollback", "back.json", &[]).ends(0, &["done: update"]);
    assert_eq!(description(&scene), "CHG0012345");
}

#[test]
fn the_source_stays_unless_another_is_given() {
    let group = format!("{}/applicationSecurityGroups/shir", {
        let scene = Scene::new(&[]);
        scene.nsg.split("/networkSecurityGroups").next().unwrap().to_owned()
    });
    let narrow = json!({"sourceAddressPrefix": "10.1.2.0/24"});
    let scene = Scene::new(&[with(own(RULE, 200, &FIRST[..2]), &narrow)]);
    scene.apply(&[]).ends(0, &["from 10.1.2.0/24", "done: update"]);
    assert_eq!(scene.properties(RULE).unwrap()["sourceAddressPrefix"], "10.1.2.0/24");

    let asg =
        json!({"sourceAddressPrefix": null, "sourceApplicationSecurityGroups": [{"id": group}]});
    let scene = Scene::new(&[with(own(RULE, 200, &FIRST[..2]), &asg)]);
    scene.apply(&[]).ends(0, &["done: update"]);
    let now = scene.properties(RULE).unwrap();
    assert_eq!(now["sourceApplicationSecurityGroups"], json!([{"id": group}]));
    assert!(now["sourceAddressPrefix"].is_null(), "{now}");

    // Asked for, and shown as a change of its own.
    let scene = Scene::new(&[own(RULE, 200, &FIRST)]);
    let source = ["--rule-source", "10.1.2.0/24", "--rule-source", "10.1.3.0/24"];
    scene.apply(&source).ends(0, &["- source: *", "+ source: 10.1.2.0/23", "done: update"]);
    let now = scene.properties(RULE).unwrap();
    assert_eq!(now["sourceAddressPrefixes"], json!(["10.1.2.0/24", "10.1.3.0/24"]));
    scene.apply(&[]).ends(0, &["Nothing to do"]);
    scene.apply(&["--rule-source", &group]).ends(0, &["+ source: /subscriptions/"]);
    scene.apply(&["--rule-source", &group, "--rule-source", "10.0.0.0/8"]).ends(2, &["not both"]);
    scene.apply(&["--rule-source", "hosts"]).ends(2, &["--rule-source", "'hosts' is no source"]);

    // A new rule takes every source, and says so.
    let scene = Scene::new(&[]);
    scene.rules("plan", &[]).ends(1, &["note: Allow-Azure-Relay allows every source (*)"]);
    let narrow = scene.rules("plan", &["--rule-source", "10.1.2.0/24"]);
    assert!(!narrow.stdout.contains("every source"), "{}", narrow.stdout);
}

#[test]
fn words_behind_the_mark_stay_and_what_stays_for_a_while_is_named() {
    let words =
        json!({"description": "Written by pathproof [contoso outbound allow tcp 443] CHG7"});
    let scene = Scene::new(&[with(own(RULE, 200, &["13.69.0.1"]), &words)]);
    remember(&scene, "ledger.db", NAME, &["13.69.0.1"], 3);
    let day = (Timestamp::now() - SignedDuration::from_hours(72)).strftime("%Y-%m-%d").to_string();
    let note =
        format!("note: 13.69.0.1/32 of {NAME} is no longer in DNS, last seen {day}, and stays");
    scene.apply(&["--ledger", "ledger.db", "--job", "contoso"]).ends(0, &[&note, "done: update"]);
    assert_eq!(description(&scene), "Written by pathproof [contoso outbound allow tcp 443] CHG7");
}

#[test]
fn what_became_of_each_change_is_there_for_programs() {
    let scene = Scene::new(&[]);
    let json = |ended: &super::Ended| serde_json::from_str::<Value>(&ended.stdout).unwrap();
    let format = ["--format", "json"];
    let done = json(&scene.apply(&format).ends(0, &[]));
    assert_eq!(done["schema"], "pathproof.applied/1");
    assert_eq!(done["changes"], json!([{"name": RULE, "change": "create", "outcome": "done"}]));
    assert_eq!(done["rollback"], "back.json");
    assert_eq!(json(&scene.apply(&format).ends(0, &[]))["changes"], json!([]));

    scene.sees("seen.json", &["10.0.0.4"]);
    let refused = json(&scene.apply(&format).ends(4, &[]));
    assert_eq!(refused["refusals"][0]["guard"], "relay_unresolved");

    let scene = Scene::new(&[]);
    scene.manager.fault("PUT", RULE, 1, super::arm::Fault::NeverEnds);
    let patience = ["--azure-deadline", "1s"];
    let undecided = json(&scene.apply(&[&format[..], &patience].concat()).ends(2, &[]));
    assert_eq!(undecided["changes"][0]["outcome"], "undecided");
    assert_eq!(undecided["changes"][0]["found"], "it is accepted and not in force yet");
}
