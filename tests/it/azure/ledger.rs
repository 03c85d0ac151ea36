//! `ledger`, and what a plan remembers by it.

use std::fs;

use jiff::{SignedDuration, Timestamp};
use pathproof::ledger::{Ledger, Proof, Sighting};

use super::{FIRST, NAME, Scene, own};

const RULE: &str = "Allow-Azure-Relay";
const LEDGER: [&str; 2] = ["--ledger", "ledger.db"];

fn days_ago(days: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(24 * days)
}

fn note(scene: &Scene, address: &str, days: i64, proof: Proof) {
    let sighting = Sighting {
        name: NAME.to_owned(),
        net: format!("{address}/32").parse().unwrap(),
        at: days_ago(days),
        proof,
        source: "dns".to_owned(),
    };
    Ledger::open(&scene.at("ledger.db")).unwrap().note(&[sighting]).unwrap();
}

#[test]
fn an_address_stays_for_a_while_after_it_left_dns() {
    let scene = Scene::new(&[own(RULE, 200, &[FIRST[0], "13.69.0.1", "13.69.0.6"])]);
    note(&scene, "13.69.0.6", 6, Proof::Published);
    note(&scene, "13.69.0.1", 8, Proof::Published);
    let day = days_ago(8).strftime("%Y-%m-%d").to_string();
    scene.apply(&LEDGER).ends(0, &["- 13.69.0.1/32", &format!("last seen {day}")]);
    assert_eq!(scene.live(RULE).unwrap(), ["13.69.0.6", FIRST[0], FIRST[1], FIRST[2]]);
    scene.apply(&[&LEDGER[..], &["--keep", "5d"]].concat()).ends(0, &["- 13.69.0.6/32"]);
    assert_eq!(scene.live(RULE).unwrap(), FIRST);
}

#[test]
fn what_nobody_remembers_counts_as_seen_now() {
    let scene = Scene::new(&[own(RULE, 200, &["13.69.0.1"])]);
    scene.apply(&LEDGER).ends(0, &["done: update"]);
    assert_eq!(scene.live(RULE).unwrap(), ["13.69.0.1", FIRST[0], FIRST[1], FIRST[2]]);
    let shown = scene.run(&["ledger", "show", "ledger.db"]);
    shown.ends(
        0,
        &["rule Allow-Azure-Relay", "13.69.0.1", "live", "nsg-1", NAME, FIRST[2], "seen.json"],
    );
    // From now on it is remembered, and goes when its time is over.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    scene.apply(&[&LEDGER[..], &["--keep", "1s"]].concat()).ends(0, &["- 13.69.0.1/32"]);
    assert_eq!(scene.live(RULE).unwrap(), FIRST);
}

#[test]
fn what_was_proven_less_well_than_asked_does_not_enter() {
    let scene = Scene::new(&[]);
    note(&scene, "13.69.0.1", 1, Proof::Resolved);
    note(&scene, "13.69.0.2", 1, Proof::Tls);
    scene.apply(&LEDGER).ends(0, &[]);
    assert_eq!(scene.live(RULE).unwrap(), ["13.69.0.2", FIRST[0], FIRST[1], FIRST[2]]);
}

#[test]
fn export_and_prune() {
    let scene = Scene::new(&[]);
    note(&scene, "13.69.0.1", 100, Proof::Resolved);
    note(&scene, "13.69.0.2", 1, Proof::Tls);
    let csv = scene.run(&["ledger", "export", "--ledger", "ledger.db"]).ends(0, &[]).stdout;
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(lines[0], "name,address,first_seen,last_seen,proof,source");
    assert!(
        lines[1].starts_with(&format!("{NAME},13.69.0.1,")) && lines[1].ends_with(",resolved,dns")
    );
    assert_eq!(lines.len(), 3);
    let json =
        scene.run(&["ledger", "export", "ledger.db", "--format", "json", "--output", "l.json"]);
    assert_eq!(json.ends(0, &[]).stdout, "");
    let json = scene.json("l.json");
    assert_eq!(json["schema"], "pathproof.ledger/1");
    assert_eq!(json["sightings"][1]["proof"], "tls");
    scene.run(&["ledger", "prune", "ledger.db"]).ends(0, &["sightings forgotten: 1"]);
    let shown = scene.run(&["ledger", "show", "ledger.db"]).ends(0, &["13.69.0.2"]);
    assert!(!shown.stdout.contains("13.69.0.1"));
}

#[test]
fn files_that_are_no_ledger_are_left_as_they_are() {
    let scene = Scene::new(&[]);
    fs::write(scene.at("text.db"), "no database, but long enough to be one by its size".repeat(20))
        .unwrap();
    let foreign = rusqlite::Connection::open(scene.at("foreign.db")).unwrap();
    foreign.execute_batch("CREATE TABLE theirs (x); PRAGMA user_version = 1;").unwrap();
    drop(foreign);
    note(&scene, "13.69.0.1", 1, Proof::Tls);
    fs::copy(scene.at("ledger.db"), scene.at("newer.db")).unwrap();
    let newer = rusqlite::Connection::open(scene.at("newer.db")).unwrap();
    newer.execute_batch("PRAGMA user_version = 99;").unwrap();
    drop(newer);
    for (file, words) in [
        ("text.db", "no ledger of pathproof"),
        ("foreign.db", "no ledger of pathproof"),
        ("newer.db", "newer pathproof"),
        (".", "cannot open the ledger"),
    ] {
        let before = fs::read(scene.at(file)).ok();
        scene.rules("plan", &["--ledger", file]).ends(2, &[words]);
        scene.run(&["ledger", "show", file]).ends(2, &[words]);
        assert_eq!(fs::read(scene.at(file)).ok(), before, "{file}");
    }
    scene.run(&["ledger", "show", "none.db"]).ends(2, &["there is no ledger here"]);
    assert!(!scene.at("none.db").exists());
    assert!(scene.manager.log().is_empty());
}

#[test]
fn two_jobs_at_once_share_a_ledger() {
    let scene = Scene::new(&[]);
    let url = scene.manager.url();
    let children: Vec<_> = (0..4)
        .map(|_| {
            let mut command = scene.command(&[
                "rules",
                "plan",
                "--nsg",
                &scene.nsg,
                "--arm-endpoint",
                &url,
                "--from",
                "seen.json",
                "--ledger",
                "ledger.db",
            ]);
            command.stdout(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert_eq!(child.wait().unwrap().code(), Some(1));
    }
    assert_eq!(Ledger::open_existing(&scene.at("ledger.db")).unwrap().rows().unwrap().len(), 3);
}
