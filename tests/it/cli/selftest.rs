//! `selftest` as its users start it. Everything is on loopback: `lab::demo` counts what is not.

#[cfg(unix)]
use super::pathproof;
use super::run;
use serde_json::Value;

/// What every system is asked, in the order in which it is told.
const CHECKS: [&str; 15] = [
    "account",
    "registry",
    "services",
    "event_log",
    "dns_cache",
    "sign_in",
    "refused_connect",
    "small_segments",
    "icmp_errors",
    "hop_answers",
    "hop_answers_v6",
    "terminal",
    "interrupt",
    "terminate",
    "paths",
];

fn checks(shown: &str) -> Vec<(String, String, String)> {
    let read: Value = serde_json::from_str(shown).unwrap();
    assert_eq!(read["schema"], "pathproof.selftest/1");
    let text = |one: &Value, field: &str| one[field].as_str().unwrap().to_owned();
    let all = read["checks"].as_array().unwrap().iter();
    all.map(|one| (text(one, "check"), text(one, "outcome"), text(one, "text"))).collect()
}

#[test]
#[cfg(target_os = "linux")]
fn what_this_system_has_works_and_what_windows_alone_has_is_not_here() {
    let ended = run(&["selftest", "--format", "json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stderr, "");
    let found = checks(&ended.stdout);
    let (loopback, others) = found.split_last().unwrap();
    assert_eq!(others.iter().map(|(name, ..)| &**name).collect::<Vec<_>>(), CHECKS);
    assert_eq!((&*loopback.0, &*loopback.1), ("loopback_probe", "ok"));
    for (name, outcome, text) in others {
        let expected = match &**name {
            "account" | "registry" | "services" | "event_log" | "dns_cache" | "sign_in"
            | "terminal" => "not_here",
            // A host may be without IPv6.
            "hop_answers_v6" if text.contains("no IPv6") => "not_here",
            _ => "ok",
        };
        assert_eq!(outcome, expected, "{name}: {text}");
    }
    let text = |name: &str| &found.iter().find(|one| one.0 == name).unwrap().2;
    assert_eq!(text("interrupt"), "SIGINT ends a run in order");
    assert_eq!(text("terminate"), "SIGTERM ends a run in order");
    assert_eq!(text("event_log"), "only Windows has event logs");
}

/// The one verdict follows what fails: here, that no file can be written.
#[test]
#[cfg(unix)]
fn one_failure_is_the_verdict() {
    let mut selftest = pathproof(&["selftest"]);
    let ended = super::Ended::of(selftest.env("TMPDIR", "/nowhere/at/all").output().unwrap());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let failed: Vec<&str> =
        ended.stdout.lines().filter(|line| line.starts_with("FAILED")).collect();
    assert_eq!(failed.len(), 1, "{ended:?}");
    assert!(failed[0].contains("paths: no folder for temporary files"), "{failed:?}");
    assert!(ended.stdout.contains("\nVerdict: failed. "), "{ended:?}");
    for line in ended.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn a_file_takes_what_was_found() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("selftest.json");
    let ended = run(&["selftest", "-f", "json", "-o", file.to_str().unwrap()]);
    assert_eq!((ended.code, &*ended.stdout), (Some(0), ""), "{ended:?}");
    assert_eq!(checks(&std::fs::read_to_string(&file).unwrap()).len(), CHECKS.len() + 1);
    run(&["selftest", "-o", "nowhere/selftest.json"]).refuses(&["does not exist"]);
}
