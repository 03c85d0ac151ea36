//! Ends that come early: Ctrl-C, and a reader that goes away.

use std::io::Read as _;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use super::invocation::Report;
use super::namespace::{self, run};
use super::situation::{SITUATIONS, SPLIT};
use super::{Lab, wait_for};

#[test]
fn ctrl_c_reports_what_is_known() {
    reports_what_is_known("INT");
}

#[test]
fn termination_reports_what_is_known() {
    reports_what_is_known("TERM");
}

/// The report of what is known, the rest as `not_run` (contract, Exit codes).
fn reports_what_is_known(signal: &str) {
    let Some(lab) = Lab::shared() else { return };
    let drop = "drop.servicebus.windows.net";
    let rows = SITUATIONS.iter().filter(|row| [SPLIT, drop].contains(&row.host));
    // Left alone, this run takes a minute.
    let mut command = lab.check_within(Duration::from_mins(1), rows);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    // `ip netns exec` becomes the program: the process id is pathproof's.
    let child = command.spawn().unwrap();
    // Connecting to the one that is dropped; the other one needs far less than two seconds more.
    wait_for("a SYN to 52.166.20.5", || {
        let mut sockets = lab.client("ss");
        let sockets = run(sockets.args(["-Htn", "state", "syn-sent", "dst", "52.166.20.5"]))?;
        if sockets.stdout.is_empty() { Err("was not sent".to_owned()) } else { Ok(()) }
    })
    .unwrap();
    thread::sleep(Duration::from_secs(2));
    let begun = Instant::now();
    namespace::signal(signal, &child.id().to_string());
    let output = child.wait_with_output().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10), "did not end when told to");

    let report = Report::read(&command, &output);
    report.expect(SPLIT, "pass", None).unwrap();
    report.expect(drop, "unknown", Some("not_run")).unwrap();
    let pending = report.endpoint(drop).unwrap();
    let said = pending["findings"].to_string();
    assert!(said.contains("was still connecting after "), "{said}");
    let step = &pending["trails"][0]["steps"][0];
    assert_eq!(step["step"], "tcp", "{step:#}");
    assert!(step["took_ms"].as_f64().unwrap() > 500.0, "{step:#}");
    assert!(pending["trails"][0]["local"].is_string(), "{pending:#}");
    assert_eq!(output.status.code(), Some(3), "{}", report.stderr);
}

/// `pathproof … | head -1` ends in silence, not with a panic.
#[test]
fn a_reader_that_goes_away() {
    let Some(lab) = Lab::shared() else { return };
    let mut command = lab.check(SITUATIONS);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    let status = child.wait().unwrap();
    assert!(!stderr.contains("panicked") && !stderr.contains("error"), "{stderr}");
    // What was concluded still is: a script that reads one line sees the right code.
    assert_eq!(status.code(), Some(1), "{stderr}");
}
