#![expect(clippy::disallowed_methods, reason = "reports of the golden cases are read")]

use std::fs;
use std::path::Path;

use super::*;

#[test]
fn every_report_of_the_golden_cases_is_read() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut read = 0;
    for case in fs::read_dir(cases).unwrap() {
        let path = case.unwrap().path().join("report.json");
        let saved = Saved::read(&fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(saved.run.started_at.is_some() && !saved.run.vantage.hostname.is_empty());
        read += 1;
    }
    assert!(read > 30, "{read} reports");
}

#[test]
fn what_is_no_report_is_refused_with_its_place() {
    for (text, words) in [
        ("", "line 1"),
        ("[]", "line 1"),
        (r#"{"type":"begin","data":{}}"#, "schema"),
        (
            r#"{"schema":"pathproof.names/1","names":[]}"#,
            "this is what resolve --format json writes",
        ),
        (r#"{"schema":"pathproof.report/2","endpoints":[]}"#, "pathproof.report/1"),
        (r#"{"schema":"pathproof.report/1"}"#, "endpoints"),
        (
            r#"{"schema":"pathproof.report/1","endpoints":[{"entry":"e","host":"h","port":1,"status":"fine"}]}"#,
            "fine",
        ),
    ] {
        let error = Saved::read(text).unwrap_err().to_string();
        assert!(error.contains(words), "{words:?} in {error}");
    }
}

#[test]
fn what_a_later_version_adds_is_ignored() {
    let text = r#"{"schema":"pathproof.report/1","new":1,"findings":[{"cause":"moon_phase",
        "severity":"warn","owner":"moon","since":3}],"endpoints":[{"entry":"e","host":"fd00::1",
        "port":443,"status":"pass","colour":"red","lookups":[{"outcome":"timeout"}],"trails":[
        {"route":"","steps":[{"step":"dance","outcome":"ok","detail":{"chain":[]}}]}]}]}"#;
    let saved = Saved::read(text).unwrap();
    assert_eq!(saved.findings[0].cause, "moon_phase");
    let endpoint = &saved.endpoints[0];
    assert_eq!(endpoint.place(), "[fd00::1]:443");
    assert!(endpoint.is_required());
    assert_eq!(endpoint.addresses(), None, "silence is no answer");
    assert_eq!(endpoint.times("dance"), [0.0]);
}
