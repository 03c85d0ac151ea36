//! kill -9 at any moment, and two jobs at once: whatever happens, a run later the rules are right,
//! and every rollback file is whole and its run's own.

use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{FIRST, Scene, names, own};

const RULE: &str = "Allow-Azure-Relay";

/// Every file that puts a group back, each read wholly.
pub(super) fn rollback_files(scene: &Scene) -> Vec<(String, Value)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(scene.folder.path()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.starts_with("rollback-") {
            continue;
        }
        let document = scene.json(&name);
        assert_eq!(document["schema"], "pathproof.rollback/1", "{name}");
        assert!(!document["changes"].as_array().unwrap().is_empty(), "{name}");
        files.push((name, document));
    }
    files
}

fn start(scene: &Scene, more: &[&str]) -> Child {
    let url = scene.manager.url();
    let base = ["rules", "apply", "--yes", "--nsg", &scene.nsg, "--arm-endpoint", &url];
    let mut command = scene.command(&[&base[..], more].concat());
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// A group in which a run has four rules to change: two that move, one that goes, one that is new.
fn crowded() -> Scene {
    let second = serde_json::json!({"name": "Allow-Azure-Relay-2", "properties": {
        "description": "Written by pathproof", "priority": 201, "access": "Allow",
        "direction": "Outbound", "protocol": "Tcp", "sourceAddressPrefix": "*",
        "sourcePortRange": "*", "destinationAddressPrefixes": ["2603:1020:201::1/128"],
        "destinationPortRange": "443",
    }});
    let scene = Scene::new(&[
        own(RULE, 200, &["13.69.0.1"]),
        second,
        own("Allow-Azure-Relay-3", 202, &["13.69.0.2"]),
    ]);
    scene.put(
        "seen.json",
        &names(&[("relay", super::NAME, &[FIRST[0], FIRST[1], "2603:1020:201::2"])]),
    );
    scene
}

/// How often: 20, or as `benches/kill.sh` says.
fn rounds() -> u32 {
    let given = std::env::var("PATHPROOF_KILLS").ok();
    given.map_or(20, |text| text.parse().expect("PATHPROOF_KILLS is a number"))
}

#[test]
fn kill_9_at_any_moment() {
    let arguments = ["--from", "seen.json", "--priority", "201", "--ledger", "ledger.db"];
    // How long an undisturbed run takes, and what it leaves.
    let scene = crowded();
    let begun = Instant::now();
    assert!(start(&scene, &arguments).wait().unwrap().success());
    let mut whole = begun.elapsed();
    let right = scene.manager.rules(&scene.nsg);
    let n_whole = scene.manager.n_writes();
    assert!(n_whole >= 3, "{n_whole}");

    let (mut n_written, mut n_killed, mut round) = (0, 0, 0);
    while n_killed < rounds() {
        round += 1;
        assert!(round < 10 * rounds(), "runs end before they are killed");
        let scene = crowded();
        let before = scene.manager.rules(&scene.nsg);
        let mut child = start(&scene, &arguments);
        // Evenly over the whole run, in no order.
        let part = f64::from(round * 7919 % 1009) / 1009.0;
        std::thread::sleep(whole.mul_f64(part));
        child.kill().unwrap();
        let was_killed = !child.wait().unwrap().success();
        n_killed += u32::from(was_killed);
        if !was_killed {
            // The machine is quicker than it was: a round only counts where it was killed.
            whole = whole.mul_f64(0.9);
        }
        let files = rollback_files(&scene);
        if scene.manager.n_writes() > 0 {
            n_written += u32::from(was_killed);
            assert_eq!(files.len(), 1, "what puts it back is there before the first write");
            let changes = files[0].1["changes"].as_array().unwrap();
            for rule in &before {
                let change = changes.iter().find(|change| change["name"] == rule["name"]);
                let restored = &change.unwrap()["before"]["priority"];
                assert_eq!(restored, &rule["properties"]["priority"]);
            }
        }
        // The next run ends what this one began, and the one after has nothing to do.
        settle(&scene, &arguments);
        let now = scene.manager.rules(&scene.nsg);
        assert_eq!(shown(&now), shown(&right), "round {round}");
        let n_writes = scene.manager.n_writes();
        assert!(start(&scene, &arguments).wait().unwrap().success());
        assert_eq!(scene.manager.n_writes(), n_writes);
    }
    println!("killed {n_killed} runs, {n_written} of them after a write");
}

/// Runs until a run succeeds: what was under way when the last one was killed may still land.
fn settle(scene: &Scene, arguments: &[&str]) {
    let begun = Instant::now();
    while !start(scene, arguments).wait().unwrap().success() {
        assert!(begun.elapsed() < Duration::from_mins(1), "it never settles");
    }
}

/// What the rules do: versions and states apart.
fn shown(rules: &[Value]) -> Vec<(String, Value, Value, Value)> {
    let mut shown: Vec<_> = rules
        .iter()
        .map(|rule| {
            let own = &rule["properties"];
            let name = rule["name"].as_str().unwrap().to_owned();
            let addresses = own["destinationAddressPrefixes"].clone();
            (name, own["priority"].clone(), own["access"].clone(), addresses)
        })
        .collect();
    shown.sort_by(|one, other| one.0.cmp(&other.0));
    shown
}

#[test]
fn two_jobs_at_once_come_together() {
    const OTHER: [&str; 2] = ["40.112.72.115", "40.112.72.116"];
    for _ in 0..5 {
        let scene = Scene::new(&[]);
        let other = names(&[("relay", "fabrikam.servicebus.windows.net", &OTHER)]);
        scene.put("other.json", &other);
        let begun = Instant::now();
        loop {
            let mut jobs = [
                start(&scene, &["--from", "seen.json", "--ledger", "a.db"]),
                start(&scene, &["--from", "other.json", "--ledger", "b.db"]),
            ];
            let ended: Vec<_> = jobs.iter_mut().map(|job| job.wait().unwrap().code()).collect();
            // Whoever comes second may be refused; it never fails otherwise.
            assert!(ended.iter().all(|code| matches!(code, Some(0 | 4))), "{ended:?}");
            if ended == [Some(0), Some(0)] && scene.live(RULE).unwrap().len() == 5 {
                break;
            }
            assert!(begun.elapsed() < Duration::from_mins(1), "they never come together");
        }
        let mut held = scene.live(RULE).unwrap();
        held.sort();
        assert_eq!(held, [FIRST[0], FIRST[1], FIRST[2], OTHER[0], OTHER[1]].map(str::to_owned));
        // Each run that wrote has its own way back.
        let files = rollback_files(&scene);
        assert!(files.len() >= 2, "{files:?}");
        let writers = scene.properties(RULE).unwrap()["description"].clone();
        assert!(writers.as_str().unwrap().contains('+'), "both are in the mark: {writers}");
    }
}
