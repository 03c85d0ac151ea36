//! `demo` as its users start it. Everything is on loopback: `lab::demo` counts what is not.

use std::fs;
use std::process::{Command, Output};

use pathproof::demo::STAGE;
use pathproof::model::Cause;
use serde_json::Value;

use crate::schema;

fn demo(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_pathproof");
    Command::new(program).arg("demo").args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// What the tour says of each row of the stage.
#[track_caller]
fn tells_the_tour(shown: &str) {
    for said in ["No packet goes to\nany network", "Real    ", "Staged  "] {
        assert!(shown.contains(said), "no {said:?} in {shown}");
    }
    for staged in STAGE {
        let cause = staged.expected.map_or("pass", |cause| cause.code());
        let line = format!("ok  {cause:<30}{}\n    {}\n", staged.host, staged.story);
        assert!(shown.contains(&line), "no {line:?} in {shown}");
    }
}

/// What is the same in every run of a report: all but times.
fn without_times(report: &Value) -> Vec<String> {
    let lines = report["endpoints"].as_array().unwrap().iter().map(|endpoint| {
        let findings = endpoint["findings"].as_array().unwrap().iter();
        let findings: Vec<String> = findings
            .map(|one| format!("{} {} {}", one["cause"], one["severity"], one["message"]))
            .collect();
        format!("{} {} {} {findings:?}", endpoint["host"], endpoint["status"], endpoint["cause"])
    });
    lines.collect()
}

#[test]
fn the_tour_ends_with_0_and_tells_what_was_staged_around_the_report() {
    let output = demo(&[]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert_eq!(text(&output.stderr), "");
    tells_the_tour(shown);
    let positions = ["Staged  ", "What to do next\n", "By pathproof ", "What was staged, and what"]
        .map(|part| shown.find(part).unwrap_or_else(|| panic!("no {part:?} in {shown}")));
    assert!(positions.is_sorted(), "{positions:?}");
    for line in shown.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    // Loopback is how it is played, and nothing that the report speaks of.
    let report = &shown[positions[1]..positions[3]];
    assert!(!report.contains("127.0.0.1"), "{report}");
}

#[test]
fn with_v_the_table_has_every_step() {
    let output = demo(&["-v"]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(shown.contains("52.166.10.1:443"), "{shown}");
    tells_the_tour(shown);
}

#[test]
fn every_format_is_written_and_the_tour_is_told_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let extensions = ["txt", "json", "jsonl", "md", "html", "csv", "xml", "sarif", "prom"];
    let paths = extensions.map(|extension| {
        folder.path().join(format!("demo.{extension}")).to_str().unwrap().to_owned()
    });
    let output = demo(&paths.each_ref().map(|path| ["-o", path]).concat());
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    tells_the_tour(shown);
    assert!(!shown.contains("What to do next"), "the report is in the files: {shown}");
    for path in &paths {
        let written = fs::read_to_string(path).unwrap();
        // Prometheus' text and SARIF have fewer words.
        for host in ["contoso-hub.servicebus.windows.net", "contosolake.dfs.core.windows.net"] {
            assert!(written.contains(host), "no {host} in {path}");
        }
    }
    let report: Value = serde_json::from_str(&fs::read_to_string(&paths[1]).unwrap()).unwrap();
    assert_eq!(schema::faults(&report), <[String; 0]>::default());
    let endpoints = report["endpoints"].as_array().unwrap();
    for staged in STAGE {
        let endpoint = endpoints.iter().find(|one| one["host"] == staged.host).unwrap();
        assert_eq!(endpoint["cause"].as_str(), staged.expected.map(Cause::code));
        if endpoint["origin"] != "gateway" {
            // Whoever is sent the page knows what it is of.
            assert_eq!(endpoint["purpose"], format!("Staged: {}", staged.story));
        }
    }
}

#[test]
fn a_report_for_programs_stands_alone_on_standard_output_and_is_the_same_each_time() {
    let [first, second] = [&["--format", "json"][..], &["-q", "--format", "json"]].map(|given| {
        let output = demo(given);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        (serde_json::from_slice::<Value>(&output.stdout).unwrap(), output.stderr)
    });
    tells_the_tour(text(&first.1));
    assert_eq!(text(&second.1), "", "-q");
    assert_eq!(without_times(&first.0), without_times(&second.0));
}

#[test]
fn what_cannot_be_written_is_said_before_anything_is_staged() {
    let output = demo(&["-o", "nowhere/demo.html"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
    assert!(text(&output.stderr).contains("nowhere/demo.html"), "{output:?}");
}
