#![expect(clippy::disallowed_methods, reason = "reports of the golden cases are read")]
mod schema;

use std::fs;
use std::path::Path;

use super::*;
use crate::report::json;

fn written(report: &Report) -> String {
    let mut bytes = Vec::new();
    json::write(report, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn every_golden_report_that_is_read_and_written_again_is_the_same() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut read = 0;
    for case in fs::read_dir(cases).unwrap() {
        let path = case.unwrap().path().join("report.json");
        let text = fs::read_to_string(&path).unwrap();
        let report =
            Report::read(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(report.run.started_at.is_some() && !report.run.vantage.hostname.is_empty());
        for (again, before) in written(&report).lines().zip(text.lines()) {
            assert_eq!(again, before, "{}", path.display());
        }
        assert_eq!(written(&report).len(), text.len(), "{}", path.display());
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
        let error = Report::read(text).unwrap_err().to_string();
        assert!(error.contains(words), "{words:?} in {error}");
    }
}

#[test]
fn what_a_later_version_adds_is_ignored() {
    let text = r#"{"schema":"pathproof.report/1","new":1,"findings":[{"cause":"moon_phase",
        "severity":"warn","owner":"moon","since":3}],"endpoints":[{"entry":"e","host":"fd00::1",
        "port":443,"status":"pass","colour":"red","lookups":[{"outcome":"timeout"}],"trails":[
        {"route":"","steps":[{"step":"dance","outcome":"ok","detail":{"chain":[],"status":"late",
        "partner":1,"text":"t"}}]}]}],"changes":[{"endpoint":null,"kind":"mood","from":"a"}]}"#;
    let report = Report::read(text).unwrap();
    assert_eq!(report.findings[0].cause, "moon_phase");
    let endpoint = &report.endpoints[0];
    assert_eq!(endpoint.host_port(), "[fd00::1]:443");
    assert!(endpoint.is_required());
    assert_eq!(endpoint.addresses(), None, "silence is no answer");
    assert_eq!(endpoint.times("dance"), [0.0]);
    let detail = &endpoint.trails[0].steps[0].detail;
    assert_eq!((detail.text.as_deref(), &detail.http), (Some("t"), &None));
    let changes = serde_json::to_string(&report.changes).unwrap();
    assert_eq!(changes, r#"[{"endpoint":null,"from":"a","kind":"mood"}]"#);
    // What was missing is not made up.
    let again = written(&report);
    for name in ["role", "required", "remote", "not_after", "took_ms\":null"] {
        assert!(!again.contains(name), "{name} in {again}");
    }
    assert_eq!(Report::read(&again).unwrap(), report);
}

/// Their last digits are kept, as a lost SYN's wait taken off leaves them.
#[test]
fn times_that_are_compared_are_read_as_they_are_written() {
    for tenths in 10_000..40_000 {
        let time = f64::from(tenths) / 10.0 - 1000.0;
        let text = serde_json::to_string(&time).unwrap();
        assert_eq!(serde_json::from_str::<f64>(&text).unwrap().to_bits(), time.to_bits(), "{text}");
    }
}
