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

fn saved(case: &str) -> String {
    let cases = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    shown(&cases.join(case).join("records.jsonl")).to_owned()
}

#[test]
fn quiet_leaves_errors_only() {
    let check = ["check", "--only", "relay", "--resolver", "127.0.0.1:1"];
    let loud = run(&check);
    assert!(loud.stderr.contains("hint"), "{loud:?}");
    for quiet in ["-q", "--quiet"] {
        let ended = run(&[&check[..], &[quiet]].concat());
        assert_eq!((ended.code, ended.stderr.as_str()), (loud.code, ""), "{ended:?}");
        assert!(ended.stdout.contains("UNKNOWN"), "{ended:?}");
    }
    let wrong = run(&["-q", "replay", "nowhere.jsonl"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("nowhere.jsonl"), "{wrong:?}");
}

#[test]
fn colour_is_as_asked() {
    let records = saved("healthy");
    let is_colored = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = pathproof(&[&["replay", &records][..], arguments].concat());
        command.envs(variables.iter().copied());
        String::from_utf8(command.output().unwrap().stdout).unwrap().contains('\u{1b}')
    };
    let forced = ("CLICOLOR_FORCE", "1");
    assert!(!is_colored(&[], &[]), "a pipe is no terminal");
    assert!(is_colored(&["--color", "always"], &[]));
    assert!(is_colored(&[], &[forced]));
    assert!(!is_colored(&["--color", "never"], &[forced]));
    assert!(!is_colored(&[], &[("NO_COLOR", "1")]));
}

#[test]
fn verbose_adds_every_step_and_short_forms_do() {
    let records = saved("healthy");
    let plain = run(&["replay", &records]);
    assert!(!plain.stdout.contains("Every step"), "{plain:?}");
    for verbose in ["-v", "--verbose"] {
        let ended = run(&["replay", &records, verbose]);
        assert_eq!(ended.code, plain.code);
        assert!(ended.stdout.contains("\nEvery step\n"), "{ended:?}");
        assert!(ended.stdout.contains("tls: handshake completed"), "{ended:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("r.log");
    let ended = run(&["replay", &records, "-f", "json", "-o", shown(&report)]);
    assert_eq!((ended.code, ended.stdout.as_str()), (plain.code, ""), "{ended:?}");
    assert!(fs::read_to_string(&report).unwrap().starts_with('{'));
}

/// What is no terminal gets names whole, however long they are.
#[test]
fn a_pipe_gets_whole_names() {
    for case in ["healthy", "path-private-endpoints", "gateways"] {
        let ended = run(&["replay", &saved(case)]);
        let passed = ended.stdout.lines().filter(|line| line.starts_with("PASS"));
        for line in passed {
            assert!(!line.contains("..."), "{case}: {line}");
        }
    }
}

/// The table wraps its lines, so words are compared.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_hint_says_what_the_report_does_not() {
    let offline = ["check", "--resolver", "127.0.0.1:1", "--discover", "no"];
    for (names, next) in [
        (
            &["relay"][..],
            "the required name that is not known yet, run this again with --service-urls FILE",
        ),
        (
            &["relay", "control"],
            "the 2 required names that are not known yet, run this again with --service-urls FILE \
             --factory NAME --region REGION",
        ),
    ] {
        let only = names.iter().flat_map(|name| ["--only", name]);
        let ended = run(&offline.into_iter().chain(only).collect::<Vec<_>>());
        assert!(ended.stderr.contains(next), "{ended:?}");
        let hints = ended.stderr.lines().filter_map(|line| line.split_once("hint: "));
        for (_, hint) in hints {
            assert!(!words(&ended.stdout).contains(&words(hint)), "said twice: {hint}");
        }
    }
}
