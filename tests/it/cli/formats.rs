//! Every format, from records and from saved JSON; and reports for one team.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::Path;

use pathproof::ledger::{Ledger, LedgerSighting, Proof};
use serde_json::Value;

use super::{Ended, Folder, run, shown};
use crate::golden;

/// Every extension but the table's.
const EXTENSIONS: [&str; 8] = ["json", "jsonl", "md", "html", "csv", "xml", "prom", "sarif"];

fn case(name: &str, file: &str) -> String {
    shown(&golden::folder().join(name).join(file)).to_owned()
}

/// What a command wrote in every format, and how it ended.
fn every_format(command: &[&str]) -> (Ended, BTreeMap<&'static str, Vec<u8>>) {
    let folder = Folder::new();
    let files = EXTENSIONS.map(|extension| folder.at(&format!("report.{extension}")));
    let outputs = files.iter().flat_map(|file| ["--output", shown(file)]);
    let ended = run(&command.iter().copied().chain(outputs).collect::<Vec<_>>());
    let read = |file: &Path| fs::read(file).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    let written = EXTENSIONS.into_iter().zip(&files).map(|(it, file)| (it, read(file))).collect();
    (ended, written)
}

/// `replay` with `options` writes what `report render` with `team` makes of `saved`.
#[track_caller]
fn are_the_same(name: &str, options: &[&str], saved: &str, team: &[&str]) {
    let records = case(name, "records.jsonl");
    let (first, expected) = every_format(&[&["replay", &*records][..], options].concat());
    let (second, found) = every_format(&[&["report", "render", saved][..], team].concat());
    assert_eq!(first.code, second.code, "{name}: {first:?} {second:?}");
    for (extension, bytes) in &expected {
        assert!(!bytes.is_empty(), "{name}: {extension}");
        let same = bytes == &found[extension];
        assert!(same, "{name}: .{extension} of saved JSON is not what --format writes");
    }
}

#[test]
fn saved_json_gives_the_bytes_that_the_run_gives_in_every_format() {
    let (folder, baseline) = (Folder::new(), case("healthy", "report.json"));
    let team = ["--owner", "firewall", "--owner", "host"];
    for name in golden::case_names() {
        let saved = folder.at(&format!("{name}.json"));
        let records = case(&name, "records.jsonl");
        let replayed = run(&["replay", &records, "--output", shown(&saved)]);
        assert!(saved.exists(), "{name}: {replayed:?}");
        are_the_same(&name, &[], shown(&saved), &[]);
        if ["two-faults", "tls-chains", "route-faults", "gateways", "inspected"].contains(&&*name) {
            are_the_same(&name, &team, shown(&saved), &team);
        }
        if name == "inspected" {
            let since = ["--baseline", &*baseline];
            let output = ["--output", shown(&saved)];
            run(&[&["replay", &*records][..], &since, &output].concat());
            are_the_same(&name, &since, shown(&saved), &[]);
            are_the_same(&name, &[&since[..], &team].concat(), shown(&saved), &team);
        }
    }
}

#[test]
fn the_change_request_takes_all_flows_and_what_the_ledger_knows() {
    let report = case("tcp-failures", "report.json");
    let csv = |more: &[&str]| {
        let command = [&["report", "render", &*report, "--format", "csv"][..], more].concat();
        let ended = run(&command);
        assert_eq!(ended.stderr, "", "{command:?}");
        ended.stdout
    };
    let (wrong, all) = (csv(&[]), csv(&["--all"]));
    assert!(!wrong.contains("\r\npass,") && all.contains("\r\npass,"), "{wrong}\n{all}");
    let read: Value = serde_json::from_str(&fs::read_to_string(&report).unwrap()).unwrap();
    let began = read["run"]["started_at"].as_str().unwrap();
    assert!(wrong.contains(began), "{began}: {wrong}");

    let folder = Folder::new();
    let known = folder.at("known.db");
    let line = wrong.lines().find(|line| line.starts_with("fail,tcp_timeout,")).unwrap();
    let cells: Vec<&str> = line.split(',').collect();
    let sighting = LedgerSighting {
        name: cells[5].to_owned(),
        net: cells[6].parse::<IpAddr>().unwrap().into(),
        at: "2026-01-02T03:04:05Z".parse().unwrap(),
        proof: Proof::Tls,
        source: "dns".to_owned(),
    };
    Ledger::open(&known).unwrap().note(&[sighting]).unwrap();
    let dated = csv(&["--ledger", shown(&known)]);
    let changed: Vec<_> =
        dated.lines().zip(wrong.lines()).filter(|(new, old)| new != old).collect();
    let expected = line.replace(began, "2026-01-02T03:04:05Z");
    assert_eq!(changed, [(&*expected, line)]);

    let none = folder.at("none.db");
    let command = ["report", "render", &*report, "--format", "csv", "--ledger", shown(&none)];
    run(&command).refuses(&["none.db", "there is no ledger here"]);
}

#[test]
fn what_cannot_be_rendered_is_refused_with_the_next_step() {
    let (report, records) = (case("healthy", "report.json"), case("healthy", "records.jsonl"));
    let folder = Folder::new();
    let text = folder.at("report.txt");
    for (more, words) in [
        (&[][..], &["no format is given", "--format", "pathproof replay"][..]),
        (&["--format", "table"], &["--format table", "pathproof replay"]),
        (&["--output", shown(&text)], &["report.txt", "pathproof replay"]),
    ] {
        run(&[&["report", "render", &*report][..], more].concat()).refuses(words);
    }
    assert!(!text.exists());
    let command = ["report", "render", &*records, "--format", "csv"];
    run(&command).refuses(&["records.jsonl", "--format json"]);
}

fn json(command: &[&str]) -> (Ended, Value) {
    let ended = run(&[command, &["--format", "json"]].concat());
    let read = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}"));
    (ended, read)
}

#[test]
fn a_team_gets_its_own_and_the_exit_code_follows() {
    let records = case("two-faults", "records.jsonl");
    let (whole, all) = json(&["replay", &records]);
    assert_eq!(whole.code, Some(1));
    let owners: Vec<&str> =
        all["actions"].as_array().unwrap().iter().map(|it| it["owner"].as_str().unwrap()).collect();
    assert!(owners.contains(&"firewall") && owners.iter().any(|it| *it != "firewall"));

    let (ended, own) = json(&["replay", &records, "--owner", "firewall"]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(own["run"]["exit"], 1);
    assert!(ended.stderr.contains("Only what firewall can fix"), "{}", ended.stderr);
    assert_eq!(own["only"]["owners"][0], "firewall");
    assert!(own["actions"].as_array().unwrap().iter().all(|it| it["owner"] == "firewall"));
    let lengths = |read: &Value| read["endpoints"].as_array().unwrap().len();
    let left_out = own["only"]["left_out"]["endpoints"].as_u64().unwrap();
    assert_eq!(lengths(&own) + usize::try_from(left_out).unwrap(), lengths(&all));

    // Nothing of it is Microsoft's.
    let records = case("located", "records.jsonl");
    let (ended, own) = json(&["replay", &records, "--owner", "azure"]);
    assert_eq!((ended.code, &own["run"]["exit"]), (Some(0), &Value::from(0)));
    let table = run(&["replay", &records, "--owner", "azure"]);
    assert_eq!(table.code, Some(0));
    assert!(!table.stdout.contains("Firewall team"), "{}", table.stdout);
    run(&["replay", &records, "--owner", "me"]).refuses(&["data-platform"]);
}

/// Whoever looks at the first line of a report for one team must not take it for the whole.
#[test]
fn a_team_without_a_task_is_not_told_that_all_is_well() {
    let folder = tempfile::tempdir().unwrap();
    let into = |name: &str| folder.path().join(name).display().to_string();
    for (name, owner, verdict, counted) in [
        (
            "service-stopped",
            "firewall",
            "The runtime's service on this host does not run; nothing for the firewall team; 1 \
             finding of other teams is left out: the network lets the runtime be online",
            "Only what firewall can fix: 1 finding and 0 endpoints of others are left out",
        ),
        (
            "located",
            "dns",
            "Nothing for the DNS team; 4 endpoints of other teams are left out: the runtime would \
             be limited",
            "Only what dns can fix: 4 findings and 4 endpoints of others are left out",
        ),
    ] {
        let records = case(name, "records.jsonl");
        let outputs = ["out.txt", "out.md", "out.html", "out.json"].map(into);
        let mut command = vec!["replay", &records, "--owner", owner, "--quiet"];
        command.extend(outputs.iter().flat_map(|path| ["--output", path]));
        assert_eq!(run(&command).code, Some(0), "{name}");
        let read = |path: &String| {
            let words: Vec<String> = fs::read_to_string(path)
                .unwrap()
                .replace("&#39;", "'")
                .split_whitespace()
                .map(str::to_owned)
                .collect();
            words.join(" ")
        };
        let [table, ticket, page, saved] = &outputs;
        assert!(read(table).starts_with(&format!("WARN {verdict}")), "{}", read(table));
        assert!(read(ticket).starts_with(&format!("# WARN: {verdict}")), "{}", read(ticket));
        assert!(read(page).contains(&format!("<title>WARN: {verdict}")), "{}", read(page));
        for report in [table, ticket, page] {
            assert!(read(report).contains(counted), "{report}: {}", read(report));
        }
        // The saved report says the same again.
        let again = run(&["report", "render", saved, "--format", "markdown"]);
        assert_eq!((again.code, again.stdout), (Some(0), fs::read_to_string(ticket).unwrap()));
        let shown = run(&["replay", &records, "--owner", owner]);
        assert!(!shown.stderr.contains("Only what"), "said twice: {}", shown.stderr);
    }
    // A team that has a task reads of its own share, and that it is a share.
    let records = case("two-faults", "records.jsonl");
    let table = run(&["replay", &records, "--owner", "firewall"]);
    assert!(table.stdout.starts_with("FAIL    For the firewall team: "), "{}", table.stdout);
    assert!(table.stdout.contains("Only what firewall can fix: "), "{}", table.stdout);
    // What the runtime can be follows from what others have to fix too, and says so.
    let records = case("dns-codes", "records.jsonl");
    for format in ["table", "markdown", "html"] {
        let shown = run(&["replay", &records, "--owner", "firewall", "--format", format]).stdout;
        let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("with what others have to fix: scheduled copies run"), "{words}");
        let whole = run(&["replay", &records, "--format", format]).stdout;
        assert!(whole.contains("scheduled copies run"), "{whole}");
        assert!(!whole.contains("what others have to fix"), "{whole}");
    }
    // Where all is well there is nothing to leave out.
    let healthy = run(&["replay", &case("healthy", "records.jsonl"), "--owner", "dns"]);
    assert!(healthy.stdout.starts_with("PASS    All "), "{}", healthy.stdout);
}

#[test]
fn who_only_has_to_help_gets_the_task_and_why() {
    // The exemption is the proxy team's; installing the root is the host's.
    let records = case("inspected", "records.jsonl");
    let (_, own) = json(&["replay", &records, "--owner", "host"]);
    let actions = own["actions"].as_array().unwrap();
    assert!(!actions.is_empty() && actions.iter().all(|it| it["owner"] == "host"), "{own}");
    let has = |it: &Value| {
        it["findings"].as_array().unwrap().iter().any(|it| it["cause"] == "tls_intercepted")
    };
    assert!(own["endpoints"].as_array().unwrap().iter().any(has), "{own}");
}

#[test]
fn the_table_of_a_team_is_of_what_its_report_holds() {
    for name in golden::case_names() {
        let records = case(&name, "records.jsonl");
        for owner in ["firewall", "proxy", "dns"] {
            let (ended, own) = json(&["replay", &records, "--owner", owner]);
            let table = run(&["replay", &records, "--owner", owner]);
            assert_eq!(ended.code, table.code, "{name} {owner}");
            let actions = own["actions"].as_array().unwrap();
            let has_tasks = table.stdout.contains("What to do next");
            assert_eq!(has_tasks, !actions.is_empty(), "{name} {owner}: {}", table.stdout);
        }
    }
}
