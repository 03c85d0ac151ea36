//! What a report says stands whole in each format, and the commands in it do what is said of them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{run, shown};
use crate::golden;

fn records(case: &str) -> String {
    shown(&golden::folder().join(case).join("records.jsonl")).to_owned()
}

fn report(case: &str) -> Value {
    let ended = run(&["replay", &records(case), "--format", "json"]);
    serde_json::from_str(&ended.stdout).unwrap()
}

/// Formats wrap their lines, so words are compared.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The names that the command in a table writes.
fn written(command: &str) -> BTreeSet<String> {
    let ended = run(&command.split_whitespace().skip(1).collect::<Vec<_>>());
    assert_eq!(ended.code, Some(0), "{command}: {ended:?}");
    let lines = ended.stdout.lines().filter(|line| !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

/// An exemption too many is a hole in what the proxy inspects.
#[test]
fn the_list_of_an_action_holds_its_names_and_no_other() {
    let mut commands = 0;
    for case in golden::case_names() {
        let report = report(&case);
        let exempted: Vec<BTreeSet<String>> = report["actions"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| {
                it["owner"] == "proxy" && it["text"].as_str().unwrap().starts_with("Exempt")
            })
            .map(|it| {
                let destinations = it["destinations"].as_array().unwrap();
                destinations.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
            })
            .collect();
        for more in [&[][..], &["--owner", "proxy"]] {
            let table = run(&[&["replay", &records(&case)][..], more].concat()).stdout;
            let lists = table.lines().filter(|line| line.ends_with("--format tls-exemptions"));
            for command in lists {
                commands += 1;
                let names = written(command.trim());
                assert!(exempted.contains(&names), "{case} {more:?} {command}: {names:?}");
            }
        }
    }
    assert!(commands >= 6, "{commands} commands");
}

/// Nobody but the service can replace what a public authority signed for its name.
#[test]
fn wrong_dates_of_a_public_certificate_are_not_for_the_proxy_team() {
    let mut of_service = 0;
    for case in golden::case_names() {
        for action in report(&case)["actions"].as_array().unwrap() {
            let text = action["text"].as_str().unwrap();
            if action["causes"].as_array().unwrap().iter().any(|it| it == "tls_expired")
                && text.contains("Microsoft Azure RSA TLS Issuing CA")
            {
                of_service += 1;
                assert_eq!(action["owner"], "azure", "{case}: {text}");
            }
        }
    }
    assert!(of_service >= 2, "{of_service} actions");
}

#[test]
fn evidence_is_not_cut() {
    let mut shown = 0;
    for case in golden::case_names() {
        let report = report(&case);
        for verbose in [&[][..], &["-v"]] {
            let table = run(&[&["replay", &records(&case)][..], verbose].concat()).stdout;
            let table = words(&table);
            for endpoint in report["endpoints"].as_array().unwrap() {
                let Some(own) = endpoint["findings"].as_array().unwrap().first() else { continue };
                let (host, port) = (endpoint["host"].as_str().unwrap(), &endpoint["port"]);
                let cause = own["cause"].as_str().unwrap();
                // Of many alike, some are shown in full.
                let message = words(own["message"].as_str().unwrap());
                let heads = ["", " (likely)", " (possible)"].map(|certainty| {
                    ["", ", not required"].map(|optional| {
                        format!("{host}:{port} {cause}{certainty}{optional} {message} Seen:")
                    })
                });
                if !heads.iter().flatten().any(|head| table.contains(head)) {
                    continue;
                }
                shown += 1;
                for fact in own["evidence"].as_array().unwrap().iter().take(3) {
                    let fact = words(fact.as_str().unwrap());
                    // Several facts about one address name it once.
                    let rest = fact.split_once(": ").map_or("", |(_, rest)| rest);
                    let is_whole =
                        table.contains(&fact) || (!rest.is_empty() && table.contains(rest));
                    assert!(is_whole, "{case} {host}: {fact}\n{table}");
                }
            }
        }
    }
    assert!(shown > 100, "{shown} endpoints");
}

/// Where the names came from, which runtime this is, and what to look at when the network is no
/// reason.
#[test]
fn what_is_known_of_this_host_stands_in_every_format_for_people() {
    let report = report("service-stopped");
    let folder = tempfile::tempdir().unwrap();
    let outputs =
        ["r.txt", "r.md", "r.html"].map(|name| shown(&folder.path().join(name)).to_owned());
    let mut command = vec!["replay".to_owned(), records("service-stopped")];
    command.extend(outputs.iter().flat_map(|path| ["--output".to_owned(), path.clone()]));
    run(&command.iter().map(String::as_str).collect::<Vec<_>>());
    let runtime = &report["run"]["runtime"];
    let mut facts: Vec<String> = [
        &runtime["installed"]["path"],
        &runtime["installed"]["found_by"],
        &runtime["version"],
        &runtime["service"]["state"],
        &runtime["service"]["account"],
        &report["endpoints"][0]["discovered"]["seen_in"],
    ]
    .map(|fact| fact.as_str().unwrap().to_owned())
    .into();
    facts.push("2026-03-02 08:14:00 UTC".to_owned());
    facts.push("If the runtime has trouble all the same, look at this host next".to_owned());
    let next = report["prediction"]["not_looked_at"].as_array().unwrap();
    facts.extend(next.iter().map(|line| line.as_str().unwrap().to_owned()));
    for path in outputs {
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.replace("&#39;", "'").replace("&#34;", "\"").replace('`', "");
        let text = words(&text.replace("\\\\", "\\"));
        for fact in &facts {
            assert!(text.contains(&**fact), "{path}: {fact}\n{text}");
        }
    }
}

/// Help, completions and manual are made from one place, and offer what is accepted.
#[test]
fn what_render_offers_it_does() {
    let help = run(&["report", "render", "--help"]).stdout;
    let format = help.split_once("-f, --format").unwrap().1.split_once("--output").unwrap().0;
    assert!(!format.contains("table"), "{format}");
    assert!(!help.contains(".txt"), "{help}");
    let saved = shown(&golden::folder().join("healthy").join("report.json")).to_owned();
    let shell = run(&["completions", "bash"]).stdout;
    let render = "\n        pathproof__subcmd__report__subcmd__render)";
    let of_render = shell.split_once(render).unwrap().1.split_once("esac").unwrap().0;
    assert!(of_render.contains("json jsonl markdown"), "{of_render}");
    assert!(!of_render.contains("table json"), "{of_render}");
    for format in ["json", "jsonl", "markdown", "html", "csv", "junit", "sarif", "prometheus"] {
        assert!(format!("{help} ").contains(format), "{format}: {help}");
        assert_eq!(run(&["report", "render", &saved, "--format", format]).code, Some(0));
    }
}

/// An answer that did not arrive was not given.
#[test]
#[cfg(target_os = "linux")]
fn help_that_cannot_be_written_is_2() {
    for words in [&["--help"][..], &["-V"], &["check", "-h"], &["--version"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let ended = super::Ended::of(super::pathproof(words).stdout(full).output().unwrap());
        assert_eq!(ended.code, Some(2), "{words:?}: {ended:?}");
        assert!(ended.stderr.contains("cannot write to standard output"), "{ended:?}");
    }
}
