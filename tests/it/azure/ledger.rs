//! `ledger`, and what a plan remembers by it.

use std::fs;

use jiff::{SignedDuration, Timestamp};
use pathproof::ledger::{Ledger, LedgerSighting, Proof};

use super::{FIRST, NAME, Scene, own};

const RULE: &str = "Allow-Azure-Relay";
const LEDGER: [&str; 2] = ["--ledger", "ledger.db"];

fn days_ago(days: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(24 * days)
}

fn note(scene: &Scene, address: &str, days: i64, proof: Proof) {
    let sighting = LedgerSighting {
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

/// Terraform and templates that write a group's rules inside it delete all others.
#[test]
fn a_rule_that_something_deletes_is_said_to_be_gone() {
    let gone =
        "note: Allow-Azure-Relay is not in the group, and the ledger knows its addresses since";
    let scene = Scene::new(&[]);
    let first = scene.apply(&LEDGER).ends(0, &["done: create"]);
    assert!(!first.stdout.contains(gone), "{first:?}");
    let scene = Scene::new(&[]);
    note(&scene, FIRST[0], 1, Proof::Published);
    let words = ["security_rule, securityRules", "--format tfvars-json or bicep-params"];
    scene.apply(&LEDGER).ends(0, &[&[gone], &words[..]].concat());
    let second = scene.apply(&LEDGER).ends(0, &["Nothing to do"]);
    assert!(!second.stdout.contains(gone), "{second:?}");
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

#[test]
fn an_address_of_the_future_does_not_stay_for_ever() {
    let scene = Scene::new(&[own(RULE, 200, &[FIRST[0], "13.69.0.1"])]);
    note(&scene, "13.69.0.1", -365 * 70, Proof::Published);
    for command in [["ledger", "show", "ledger.db"], ["ledger", "export", "ledger.db"]] {
        scene.run(&command).ends(0, &["later than now", "13.69.0.1", "set"]);
    }
    // It counts as seen now, is named, and is of the past from then on.
    scene.apply(&LEDGER).ends(0, &["later than now", "13.69.0.1"]);
    assert_eq!(scene.live(RULE).unwrap(), ["13.69.0.1", FIRST[0], FIRST[1], FIRST[2]]);
    let shown = scene.run(&["ledger", "show", "ledger.db"]).ends(0, &["13.69.0.1"]);
    assert!(!shown.stderr.contains("later than now"), "{shown:?}");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let keep = [&LEDGER[..], &["--keep", "1s"]].concat();
    let ended = scene.apply(&keep).ends(0, &["- 13.69.0.1/32"]);
    assert!(!ended.stderr.contains("later than now"), "{ended:?}");
    assert_eq!(scene.live(RULE).unwrap(), FIRST);
}

#[test]
fn prune_forgets_the_future_too() {
    let scene = Scene::new(&[]);
    note(&scene, "13.69.0.1", -365 * 70, Proof::Published);
    let prune = ["ledger", "prune", "ledger.db", "--keep", "30d"];
    scene.run(&prune).ends(0, &["later than now", "forgotten: 0"]);
    assert!(!scene.run(&prune).ends(0, &[]).stderr.contains("later"));
}

/// Where files cannot grow: a quota, which is to a program what a full disk is.
#[test]
#[cfg(unix)]
fn a_full_disk_is_said_and_nothing_is_written() {
    let scene = Scene::new(&[]);
    note(&scene, "13.69.0.1", 1, Proof::Tls);
    let before = fs::read(scene.at("ledger.db")).unwrap();
    let many: Vec<String> = (0..200).map(|n| format!("40.112.72.{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    scene.sees("seen.json", &many);
    let url = scene.manager.url();
    for blocks in [16, 72] {
        let program = env!("CARGO_BIN_EXE_pathproof");
        let limit = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mut command = scene.command(&[]);
        let environment: Vec<_> = command
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect();
        command = std::process::Command::new("/bin/sh");
        command.current_dir(scene.folder.path()).env_clear().envs(environment);
        command.args(["-c", &limit, program, "rules", "plan", "--nsg", &scene.nsg]);
        command.args(["--arm-endpoint", &url, "--from", "seen.json", "--ledger", "ledger.db"]);
        super::Ended::of(&mut command).ends(2, &["no space is left for the ledger", "make room"]);
        assert_eq!(fs::read(scene.at("ledger.db")).unwrap(), before, "{blocks}");
    }
    scene.run(&["ledger", "show", "ledger.db"]).ends(0, &["13.69.0.1"]);
}

#[test]
fn each_thing_that_is_wrong_with_a_ledger_has_its_sentence() {
    let scene = Scene::new(&[]);
    note(&scene, "13.69.0.1", 1, Proof::Tls);
    let sound = fs::read(scene.at("ledger.db")).unwrap();
    fs::write(scene.at("empty.db"), "").unwrap();
    let damaged = |name: &str, from: &[u8], to: &[u8]| {
        let mut bytes = sound.clone();
        let at = bytes.windows(from.len()).rposition(|window| window == from).unwrap();
        bytes[at..at + to.len()].copy_from_slice(to);
        fs::write(scene.at(name), bytes).unwrap();
    };
    damaged("text.db", b"13.69.0.1", b"13.69.0.2");
    damaged("utf8.db", b"contoso", b"\xff\xff");
    damaged("column.db", b"first_seen TEXT", b"first_sEEm");
    fs::write(scene.at("short.db"), &sound[..sound.len() / 2]).unwrap();
    for (file, words) in [
        ("empty.db", "the file is empty"),
        ("text.db", "the checksum of 13.69.0.2/32"),
        ("utf8.db", "the ledger is damaged"),
        ("column.db", "the ledger is damaged"),
        ("short.db", "damaged"),
    ] {
        let ended = scene.run(&["ledger", "show", file]).ends(2, &[words]);
        let advice =
            if file == "empty.db" { "rules plan --ledger" } else { "restore it from a copy" };
        assert!(ended.stderr.contains(advice), "{ended:?}");
    }
}
