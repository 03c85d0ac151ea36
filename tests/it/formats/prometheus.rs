//! The metrics, read by promtool.

use std::fs;
use std::process::{Command, Stdio};

use pathproof::report::prometheus;

use super::{reports, written};
use crate::emission::has;

#[test]
fn promtool_has_nothing_against_the_metrics() {
    if !has("promtool") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, report) in reports() {
        let text = written(|out| prometheus::report(&report, out));
        let file = folder.path().join("metrics.prom");
        fs::write(&file, &text).unwrap();
        let mut promtool = Command::new("promtool");
        promtool.args(["check", "metrics"]).stdin(Stdio::from(fs::File::open(&file).unwrap()));
        let output = promtool.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{name}: {said}\n{text}");
    }
}

fn metrics(case: &str) -> String {
    let report = reports().into_iter().find(|(name, _)| name == case).unwrap().1;
    written(|out| prometheus::report(&report, out))
}

#[test]
fn a_run_says_what_it_can_know() {
    let text = metrics("two-faults");
    for line in [
        "# TYPE pathproof_endpoint_status gauge",
        "status=\"fail\"} 1.0",
        "pathproof_prediction{state=\"",
        "pathproof_run_timestamp_seconds 1",
        "pathproof_run_duration_seconds ",
        "pathproof_build_info{version=\"",
        "phase=\"tcp\"} 0.",
        "pathproof_finding_info{entry=\"",
    ] {
        assert!(text.contains(line), "no {line:?} in\n{text}");
    }
}

#[test]
fn gateways_are_counted_and_have_no_series_of_their_own() {
    let text = metrics("gateways");
    assert!(text.contains("pathproof_gateways{deployment=\""), "{text}");
    assert!(!text.contains("host=\"g0-") && !text.contains("host=\"gv0-"), "{text}");
    for state in ["reachable", "unreachable", "unassigned"] {
        assert!(text.contains(&format!("state=\"{state}\"}}")), "{text}");
    }
}
