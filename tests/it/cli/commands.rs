//! Commands that a report gives to its reader: each is run as it stands.

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::Path;

use serde_json::Value;

use super::{Ended, pathproof};

/// The commands of a report: each stands in one line, however long, to be copied.
fn commands(table: &str) -> Vec<String> {
    let lines = table.lines().map(str::trim_start);
    lines.filter(|line| line.starts_with("pathproof ")).map(str::to_owned).collect()
}

#[test]
fn commands_of_a_report_hold_what_they_promise() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut n_run = 0;
    for entry in fs::read_dir(root.join("tests/cases")).unwrap() {
        let case = entry.unwrap().file_name().into_string().unwrap();
        let records = format!("tests/cases/{case}/records.jsonl");
        let replay = |format: &str| {
            let mut command = pathproof(&["replay", &records, "--format", format]);
            Ended::of(command.current_dir(root).output().unwrap()).stdout
        };
        let report: Value = serde_json::from_str(&replay("json")).unwrap();
        for command in commands(&replay("table")) {
            let words: Vec<&str> = command.split(' ').skip(1).collect();
            assert!(words.contains(&records.as_str()), "{command}");
            let ended = Ended::of(pathproof(&words).current_dir(root).output().unwrap());
            assert_eq!(ended.code, Some(0), "{command}\n{}", ended.stderr);
            // All names of the entries that the command is about which the report requires, and not
            // only those that are behind it today.
            let only: Vec<_> = words.windows(2).filter(|pair| pair[0] == "--only").collect();
            assert!(!only.is_empty(), "{command}");
            let is_meant = |endpoint: &&Value| {
                endpoint["required"] == true && only.iter().any(|pair| endpoint["entry"] == pair[1])
            };
            let endpoints = report["endpoints"].as_array().unwrap();
            let required = endpoints.iter().filter(is_meant);
            let hosts = required.map(|endpoint| endpoint["host"].as_str().unwrap());
            // An address is no name that could be exempt.
            let names: BTreeSet<&str> =
                hosts.filter(|host| host.parse::<IpAddr>().is_err()).collect();
            for name in names {
                assert!(ended.stdout.contains(name), "{command}: {name}\n{}", ended.stdout);
            }
            n_run += 1;
        }
    }
    assert!(n_run >= 3, "{n_run} commands");
}
