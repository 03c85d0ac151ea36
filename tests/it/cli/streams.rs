//! Reports go to standard output or to files, and whoever stops reading is no error.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::process::Stdio;

use super::{pathproof, run, shown};

#[test]
fn every_output_is_written_in_the_format_of_its_extension() {
    let open = TcpListener::bind("127.0.0.1:0").unwrap();
    let works = format!("tcp://{}", open.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| shown(&folder.path().join(name)).to_owned();
    let (text, json, lines, records) =
        (at("r.txt"), at("r.json"), at("r.jsonl"), at("records.jsonl"));
    let ended = run(&[
        "check",
        "--only",
        "endpoint",
        "--resolver",
        "127.0.0.1:1",
        "--endpoint",
        &works,
        "--output",
        &text,
        "--output",
        &json,
        "--output",
        &lines,
        "--save-records",
        &records,
    ]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{ended:?}");

    assert!(fs::read_to_string(&text).unwrap().contains("PASS"));
    let report: serde_json::Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    assert_eq!(report["summary"]["pass"], 1);
    let stream = fs::read_to_string(&lines).unwrap();
    let types: Vec<String> = stream
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["type"].to_string())
        .collect();
    assert_eq!(types, ["\"begin\"", "\"endpoint\"", "\"end\""]);

    let replayed = run(&["replay", &records, "--format", "json"]);
    assert_eq!(replayed.code, Some(0));
    assert_eq!(replayed.stdout, fs::read_to_string(&json).unwrap(), "a replay is the same report");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    for format in ["table", "json", "jsonl"] {
        let mut child = pathproof(&[
            "check",
            "--only",
            "relay",
            "--resolver",
            "127.0.0.1:1",
            "--format",
            format,
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
        drop(child.stdout.take());
        let status = child.wait().unwrap();
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!(status.code(), Some(3), "{format}: {stderr}");
        assert!(!stderr.contains("error") && !stderr.contains("panicked"), "{format}: {stderr}");
    }
}

#[test]
fn a_report_that_cannot_be_written_is_2_and_keeps_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good.json");
    let ended = run(&[
        "check",
        "--only",
        "relay",
        "--resolver",
        "127.0.0.1:1",
        "--output",
        shown(&good),
        "--output",
        "/dev/full",
        "--format",
        "json",
    ]);
    if cfg!(target_os = "linux") {
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains("/dev/full"), "{ended:?}");
        assert!(good.is_file());
    }
}
