//! Every guard of the contract: exit 4, nothing written.

use std::fs;

use jiff::{SignedDuration, Timestamp};
use pathproof::ledger::{Ledger, LedgerSighting, Proof};
use serde_json::json;

use super::{FIRST, NAME, Scene, foreign, names, own};

const RULE: &str = "Allow-Azure-Relay";

/// Both the plan and the daily job refuse, and nothing is written.
#[track_caller]
fn refuses(scene: &Scene, more: &[&str], words: &[&str]) {
    let before = scene.manager.n_writes();
    scene.rules("plan", &[&["--out", "refused.json"][..], more].concat()).ends(4, words);
    scene.apply(more).ends(4, words);
    scene.saved("apply", "refused.json", &[]).ends(4, words);
    assert_eq!(scene.manager.n_writes(), before);
    assert!(!scene.at("back.json").exists(), "nothing is written that had to be put back");
}

#[test]
fn a_relay_that_does_not_resolve() {
    let scene = Scene::new(&[own(RULE, 200, &FIRST)]);
    scene.put(
        "seen.json",
        &names(&[
            ("relay", "fabrikam.servicebus.windows.net", &["40.112.72.115"]),
            ("relay", NAME, &[]),
        ]),
    );
    refuses(&scene, &[], &["relay_unresolved", NAME, "did not resolve"]);
    // An address that may not enter is none.
    scene.sees("seen.json", &["10.0.0.4"]);
    refuses(&scene, &[], &["relay_unresolved", "private"]);
    // One that is public, and in no published range, is said with the age of the tags.
    scene.sees("seen.json", &[FIRST[0], "9.9.9.9"]);
    let words = ["not_published", "9.9.9.9 of", NAME, "days old", "pathproof tags update"];
    refuses(&scene, &[], &words);
    scene.sees("seen.json", &FIRST);
    let old = ["--max-tags-age", "1d"];
    refuses(&scene, &old, &["not_published", "--max-tags-age accepts 1 days"]);
    // A wildcard is no name.
    scene.put("seen.json", &names(&[("relay", "*.servicebus.windows.net", &[])]));
    refuses(&scene, &[], &["relay_unresolved", "--service-urls"]);
}

#[test]
fn an_empty_set() {
    let scene = Scene::new(&[]);
    fs::write(scene.at("seen.json"), "10.0.0.0/8\n").unwrap();
    refuses(&scene, &[], &["refused (empty)"]);
}

#[test]
fn more_than_max_shrink() {
    let scene = Scene::new(&[own(RULE, 200, &[FIRST[0], "13.69.0.1", "13.69.0.2", "13.69.0.3"])]);
    remember(&scene, &["13.69.0.1", "13.69.0.2", "13.69.0.3"], 30);
    scene.sees("seen.json", &FIRST[..1]);
    let ledger = ["--ledger", "ledger.db"];
    refuses(&scene, &ledger, &["refused (shrink)", "75%", "--max-shrink 50"]);
    refuses(&scene, &[&ledger[..], &["--max-shrink", "74"]].concat(), &["refused (shrink)"]);
    scene.apply(&[&ledger[..], &["--max-shrink", "75"]].concat()).ends(0, &["- 13.69.0.1"]);
    assert_eq!(scene.live(RULE).unwrap(), [FIRST[0]]);
}

/// The ledger saw these so many days ago.
fn remember(scene: &Scene, addresses: &[&str], days: i64) {
    let at = Timestamp::now() - SignedDuration::from_hours(24 * days);
    let sighting = |address: &&str| LedgerSighting {
        name: NAME.to_owned(),
        net: format!("{address}/32").parse().unwrap(),
        at,
        proof: Proof::Published,
        source: "dns".to_owned(),
    };
    let sightings: Vec<_> = addresses.iter().map(sighting).collect();
    Ledger::open(&scene.at("ledger.db")).unwrap().note(&sightings).unwrap();
}

#[test]
fn a_live_rule_whose_loss_cannot_be_counted() {
    let mut wide = own(RULE, 200, &[]);
    wide["properties"]["destinationAddressPrefix"] = json!("AzureCloud");
    let scene = Scene::new(&[wide]);
    refuses(&scene, &[], &["refused (shrink)", "azurecloud"]);
    scene.rules("plan", &["--max-shrink", "100"]).ends(1, &["~ update"]);
}

#[test]
fn more_prefixes_than_a_group_takes() {
    let many: Vec<String> = (0..3998).map(|n| format!("10.{}.{}.0/30", n / 250, n % 250)).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut crowded = foreign("Crowded", 300, "Allow", "");
    crowded["properties"]["destinationAddressPrefixes"] = json!(many);
    let scene = Scene::new(&[crowded]);
    refuses(&scene, &[], &["refused (limit)", "4001"]);
    scene.sees("seen.json", &FIRST[..2]);
    scene.apply(&[]).ends(0, &["done: create"]);
}

#[test]
fn a_name_or_a_priority_of_someone_else() {
    let scene = Scene::new(&[foreign("allow-azure-relay", 300, "Allow", "Internet")]);
    refuses(&scene, &[], &["refused (name_taken)", "did not write"]);
    // What stands there is shown, and nothing else speaks against it.
    let ended = scene.rules("plan", &[]).ends(4, &["~ update", "- description: by hand"]);
    assert_eq!(ended.stdout.matches("refused (").count(), 1, "{}", ended.stdout);
    let scene = Scene::new(&[foreign("Mine", 200, "Allow", "Internet")]);
    refuses(
        &scene,
        &["--priority", "200"],
        &["refused (priority_taken)", "Mine", "--priority 201"],
    );
    scene.rules("plan", &["--priority", "auto"]).ends(1, &["priority 201"]);
    // Inbound priorities are others.
    let mut inbound = foreign("In", 200, "Allow", "*");
    inbound["properties"]["direction"] = json!("Inbound");
    Scene::new(&[inbound]).rules("plan", &["--priority", "200"]).ends(1, &["priority 200"]);
}

#[test]
fn what_changed_since_the_plan() {
    let changed = own(RULE, 200, &["13.69.0.9"])["properties"].clone();
    let mut unmarked = own(RULE, 200, &["13.69.0.1"])["properties"].clone();
    unmarked["description"] = json!("mine now");
    let taken = foreign("x", 200, "Allow", "*")["properties"].clone();
    for (live, name, properties, words) in [
        (true, RULE, Some(changed.clone()), "was changed"),
        (true, RULE, None, "was deleted"),
        (true, RULE, Some(unmarked), "lost its description"),
        (false, RULE, Some(changed), "was created"),
        (false, RULE, Some(taken.clone()), "refused (name_taken)"),
        (false, "Other", Some(taken), "refused (priority_taken)"),
    ] {
        let rules = [own(RULE, 200, &["13.69.0.1"])];
        let scene = Scene::new(if live { &rules } else { &[] });
        scene.rules("plan", &["--out", "plan.json"]).ends(1, &[]);
        scene.manager.meddle(&scene.nsg, name, properties);
        scene.saved("apply", "plan.json", &[]).ends(4, &[words, "nothing was written"]);
        assert_eq!(scene.manager.n_writes(), 0, "{words}");
    }
}

#[test]
fn a_foreign_rule_that_changes_is_nobodys_business() {
    let scene = Scene::new(&[foreign("Other", 300, "Allow", "*")]);
    scene.rules("plan", &["--out", "plan.json"]).ends(1, &[]);
    scene.manager.meddle(&scene.nsg, "Other", None);
    scene.saved("apply", "plan.json", &[]).ends(0, &["done: create"]);
}

#[test]
fn what_changed_since_it_was_applied_is_not_rolled_back() {
    let scene = Scene::new(&[]);
    scene.apply(&[]).ends(0, &[]);
    let changed = own(RULE, 200, &["13.69.0.9"])["properties"].clone();
    scene.manager.meddle(&scene.nsg, RULE, Some(changed));
    let before = scene.manager.n_writes();
    scene.saved("rollback", "back.json", &[]).ends(4, &["was changed", "by hand"]);
    assert_eq!(scene.manager.n_writes(), before);
}
