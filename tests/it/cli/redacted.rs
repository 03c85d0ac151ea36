//! `--redact` of saved reports, and what standard error says under it.

use std::fs;

use super::{Folder, pathproof, run, shown};
use crate::{golden, redaction};

const KEY: &str = "a key that is long enough for tests";
/// What identifies someone in the two cases.
const ORIGINALS: [&str; 8] = [
    "contoso",
    "shir-01",
    "operator",
    "10.50.1.10",
    "10.0.0.53",
    "amsprodwe",
    "node-a.json",
    "node-b.json",
];

fn case(name: &str, file: &str) -> String {
    shown(&golden::folder().join(name).join(file)).to_owned()
}

/// Standard output of a command line that ended with `code`, in which no original is left.
#[track_caller]
fn redacted(arguments: &[&str], code: i32) -> String {
    let ended = run(arguments);
    assert_eq!(ended.code, Some(code), "{ended:?}");
    let lower = ended.stdout.to_lowercase();
    for original in ORIGINALS {
        assert!(!lower.contains(original), "{original} of {arguments:?}: {}", ended.stdout);
    }
    ended.stdout
}

#[test]
fn saved_reports_are_redacted_in_every_format() {
    let report = case("two-faults", "report.json");
    for format in ["html", "markdown", "csv", "junit", "sarif", "prometheus", "json", "jsonl"] {
        let text = redacted(&["report", "render", &report, "--redact", "--format", format], 1);
        assert!(text.contains("relay-1"), "{format}: {text}");
    }
    run(&["report", "render", &report, "--redact-key", "key", "--format", "json"])
        .refuses(&["--redact"]);
}

#[test]
fn hosts_and_their_files_are_redacted_alike() {
    let folder = Folder::new();
    let original = |name: &str| fs::read_to_string(case(name, "report.json")).unwrap();
    let one = folder.put("node-a.json", original("two-faults"));
    let other = folder.put("node-b.json", original("two-faults"));
    let third = folder.put("contoso.json", "{}");
    let merged = redacted(&["report", "merge", &one, &other, "--redact", "-f", "json"], 1);
    assert!(merged.contains("\"file-1\"") && merged.contains("\"file-2\""), "{merged}");
    assert_eq!(merged.matches("\"hosts\"").count(), 1, "both hosts have the same findings");
    for format in ["table", "json", "html"] {
        let with_third = ["report", "merge", &one, &other, &third, "--redact", "--format", format];
        redacted(&with_third, 2);
    }
    let gateways = folder.put("later.json", original("gateways"));
    for format in ["table", "json"] {
        let ended = run(&["report", "diff", &one, &gateways, "--format", format]);
        let code = ended.code.unwrap();
        let text =
            redacted(&["report", "diff", &one, &gateways, "--redact", "--format", format], code);
        let n_changes = |text: &str| text.matches("\"kind\"").count();
        assert_eq!(n_changes(&text), n_changes(&ended.stdout), "{text}");
    }
}

#[test]
fn a_key_gives_the_same_placeholders_of_reports_and_records() {
    let folder = Folder::new();
    let key = folder.put("key", KEY);
    let with_key = ["--redact", "--redact-key", &key, "--format", "json"];
    let of = |command: &[&str]| redacted(&[command, &with_key].concat(), 1);
    let (report, records) =
        (case("two-faults", "report.json"), case("two-faults", "records.jsonl"));
    let rendered = of(&["report", "render", &report]);
    assert_eq!(of(&["report", "render", &report]), rendered);
    let hosts = |text: &str| {
        let report: serde_json::Value = serde_json::from_str(text).unwrap();
        let endpoints = report["endpoints"].as_array().unwrap();
        let hosts = endpoints.iter().map(|endpoint| endpoint["host"].to_string());
        hosts.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(hosts(&of(&["replay", &records])), hosts(&rendered));
}

#[test]
fn an_earlier_report_is_redacted_with_the_run_that_is_compared_with_it() {
    let (before, records) = (case("gateways", "report.json"), case("two-faults", "records.jsonl"));
    for format in ["table", "json", "html"] {
        let arguments = ["replay", &records, "--baseline", &before, "--format", format];
        let code = run(&arguments).code.unwrap();
        redacted(&[&arguments[..], &["--redact"]].concat(), code);
    }
    // The same network before and after: nothing changed, whatever its names are called.
    let same = case("two-faults", "report.json");
    let text =
        redacted(&["replay", &records, "--baseline", &same, "--format", "json", "--redact"], 1);
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["changes"], serde_json::json!([]), "{text}");
}

#[test]
fn standard_error_names_no_originals() {
    let folder = Folder::new();
    for name in golden::case_names() {
        let records = case(&name, "records.jsonl");
        let out = folder.at("report.json");
        let more = ["--fail-on", "fail", "--owner", "dns", "--output", shown(&out)];
        let arguments = [&["replay", &records, "--redact"][..], &more].concat();
        let ended = pathproof(&arguments).output().unwrap();
        let stderr = String::from_utf8(ended.stderr).unwrap().to_lowercase();
        for original in redaction::originals(&golden::read(&name)) {
            assert!(!redaction::holds_word(&stderr, &original), "{name}: {stderr}");
        }
    }
}
