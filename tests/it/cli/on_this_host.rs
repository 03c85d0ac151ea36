//! Names and errors of the runtime on this host: from exported event logs, which every system
//! reads.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Ended, pathproof, run, shown};

const SECRET: &str = "q7Zk1+WmT0r/9aXcV3bN5sLpY8eHdUgJfQ2iOtR4xE6=";

fn log(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/event-log").join(name)
}

/// Reaches nothing: the name server's port on loopback is closed, so no name has an address.
fn planned(arguments: &[&str]) -> (Ended, Value) {
    let mut command = pathproof(&["check", "--timeout", "500ms", "--resolver", "127.0.0.1:9"]);
    command.args(arguments).args(["--format", "json", "--no-gateways"]);
    let ended = Ended::of(command.output().unwrap());
    let report = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    (ended, report)
}

fn endpoints(report: &Value) -> Vec<(String, String, bool)> {
    let endpoints = report["endpoints"].as_array().unwrap().iter();
    endpoints
        .map(|one| {
            let text = |field: &str| one[field].as_str().unwrap().to_owned();
            (text("host"), text("origin"), one["required"].as_bool().unwrap())
        })
        .collect()
}

/// On a node that is offline `check` needs no option: its log names the factory and the relays.
#[test]
fn check_takes_the_names_of_the_log() {
    let xml = log("offline.xml");
    let (ended, report) = planned(&["--events", shown(&xml)]);
    assert_eq!(
        endpoints(&report),
        [
            ("wu-relay-01.servicebus.windows.net".into(), "discovered".into(), true),
            ("contoso-adf.westeurope.datafactory.azure.net".into(), "discovered".into(), true),
            ("download.microsoft.com".into(), "list".into(), false),
        ]
    );
    let control = &report["endpoints"][1];
    assert_eq!(control["discovered"]["seen_in"], shown(&xml));
    assert_eq!(control["discovered"]["seen_at"], "2026-11-20T10:12:30.1234567Z");
    for words in ["no names were given", "contoso-old.westeurope", "--factory HOST"] {
        assert!(ended.stderr.contains(words), "no {words:?} in {}", ended.stderr);
    }
    let errors = report["run"]["runtime"]["errors"].as_array().unwrap();
    assert_eq!(errors[0]["at"], "2026-11-20T10:12:30.1234567Z");
    assert!(errors[0]["explained"].as_str().unwrap().contains("not the key"), "{errors:?}");
    assert_eq!(ended.code, Some(1), "{ended:?}");
}

/// A hint repeats nothing that the report says; other factories stand in no report.
#[test]
fn names_stand_in_the_report_or_beside_it() {
    let xml = log("offline.xml");
    let check = |format: &str| {
        let line = ["check", "--timeout", "500ms", "--resolver", "127.0.0.1:9", "--no-gateways"];
        let more = ["--events", shown(&xml), "--format", format];
        Ended::of(pathproof(&[&line[..], &more[..]].concat()).output().unwrap())
    };
    for (format, are_reported) in [("table", true), ("html", true), ("csv", false)] {
        let Ended { stdout, stderr, .. } = check(format);
        assert!(stdout.contains("wu-relay-01"), "{stdout}");
        assert!(stderr.contains("no names were given"), "{stderr}");
        assert!(stderr.contains("contoso-old.westeurope"), "{stderr}");
        assert_eq!(stderr.contains("wu-relay-01"), !are_reported, "{format}: {stderr}");
    }
}

/// Advice for a run that does not begin would hide why.
#[test]
fn an_error_stands_alone() {
    for arguments in [&["--proxy", "htp://p:1"][..], &["--ca-file", "/nowhere.pem"]] {
        let line = ["check", "--list", "adf-shir", "--discover", "no"];
        let ended = run(&[&line[..], arguments].concat());
        ended.refuses(&[arguments[0]]);
        assert!(!ended.stderr.contains("hint:"), "{}", ended.stderr);
    }
}

#[test]
fn what_is_redacted_is_not_named_beside_the_report() {
    let (ended, report) = planned(&["--events", shown(&log("offline.xml")), "--redact"]);
    let all = format!("{}{}", ended.stdout, ended.stderr);
    for original in ["contoso-adf", "contoso-old", "wu-relay-01"] {
        assert!(!all.contains(original), "{original} in {all}");
    }
    assert_eq!(endpoints(&report)[1].0, "factory-1.westeurope.datafactory.azure.net");
    assert!(ended.stderr.contains("no names were given"), "{}", ended.stderr);
}

/// Names of the command line win; a list, a region and a value of --set are none.
#[test]
fn names_that_are_given_win() {
    let xml = log("offline.xml");
    let events = ["--events", shown(&xml)];
    let discovered = |arguments: &[&str]| {
        let (_, report) = planned(&[&events, arguments].concat());
        let all = endpoints(&report).into_iter();
        all.filter(|(_, origin, _)| origin == "discovered").count()
    };
    for (arguments, expected) in [
        (&["--region", "westeurope"][..], 2),
        (&["--list", "adf-shir"], 2),
        (&["--discover", "yes"], 2),
        (&["--factory", "mine", "--region", "westeurope"], 0),
        (&["--endpoint", "a.contoso.com"], 0),
        (&["--workspace", "w"], 0),
        (&["--discover", "no"], 0),
    ] {
        assert_eq!(discovered(arguments), expected, "{arguments:?}");
    }
}

#[test]
fn agent_status_reads_an_exported_log_on_any_system() {
    let (xml, text) = (log("offline.xml"), log("offline.txt"));
    let status = run(&["agent", "status", "--events", shown(&xml), "--format", "json"]);
    let report: Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(report["schema"], "pathproof.agent/1");
    let names: Vec<_> = report["names"].as_array().unwrap().iter().collect();
    assert_eq!(names.len(), 2);
    assert_eq!(names[0]["host"], "contoso-adf.westeurope.datafactory.azure.net");
    assert_eq!((&names[0]["entry"], &names[1]["entry"]), (&"control".into(), &"relay".into()));
    assert_eq!(names[0]["seen_in"], shown(&xml));
    assert!(report["errors"][0]["explained"].is_string(), "{report}");
    if !cfg!(windows) {
        for nothing in ["installed", "version", "service", "proxy"] {
            assert_eq!(report[nothing], Value::Null, "{nothing}");
        }
        assert_eq!(status.code, Some(3));
        assert!(status.stderr.contains("no runtime is installed on this host"), "{status:?}");
    }
    let table = run(&["agent", "status", "--events", shown(&text)]);
    for words in ["contoso-adf.westeurope.datafactory.azure.net (control)", "2026-11-20 10:12:30"] {
        assert!(table.stdout.contains(words), "no {words:?} in {}", table.stdout);
    }
}

/// What is no log, or none that can be read, is said.
#[test]
fn an_export_without_events_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.xml");
    fs::write(&empty, " \r\n").unwrap();
    run(&["check", "--events", shown(&empty)]).refuses(&["--events", "empty.xml", "wevtutil"]);
    let missing = folder.path().join("missing.xml");
    run(&["agent", "status", "--events", shown(&missing)]).refuses(&["missing.xml"]);
}

/// A key that stands in a log is in nothing that is written: reports, records, tables, errors.
#[test]
fn a_key_of_a_log_is_written_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let key = format!("IR@1@a@ServiceEndpoint=a.westeurope.datafactory.azure.net@{SECRET}");
    for name in ["offline.xml", "offline.txt"] {
        let export = fs::read_to_string(log(name)).unwrap();
        for place in ["Failed to get", "Integration Runtime", "shir-01", "UnexpectedFault"] {
            let path = folder.path().join(name);
            fs::write(&path, export.replace(place, &format!("{place} {key} {place}"))).unwrap();
            let records = folder.path().join("records.jsonl");
            let table = folder.path().join("report.txt");
            let (ended, report) =
                planned(&["--events", shown(&path), "--save-records", shown(&records)]);
            let replayed = run(&["replay", shown(&records), "--verbose", "-o", shown(&table)]);
            let status = run(&["agent", "status", "--events", shown(&path)]);
            let written = format!(
                "{ended:?}{report}{replayed:?}{status:?}{}{}",
                fs::read_to_string(&records).unwrap(),
                fs::read_to_string(&table).unwrap()
            );
            for part in [&SECRET[..14], &SECRET[15..30], &SECRET[30..]] {
                assert!(!written.contains(part), "{name}, {place}: {written}");
            }
        }
    }
}

fn refused(path: &Path) -> String {
    let ended = run(&["agent", "status", "--events", shown(path)]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    ended.stderr
}

/// The errors that are shown are those of the network, each once, in front of what the runtime logs
/// of its work.
#[test]
fn errors_of_the_network_are_not_pushed_out() {
    let relay = String::from(
        "2026-11-20 09:00:00Z failed to connect to wss://wu-relay-01.servicebus.windows.net:443/\n",
    );
    let later = (10..60).map(|second| {
        format!(
            "2026-11-20 10:00:{second}Z the error code is: UnexpectedFault, time cost is: 0.{second} \
             seconds, activityId is: 8f1c6f4e-1df8-4a7e-9a55-0c8a4b8e7c{second}\n\
             2026-11-20 11:00:{second}Z The source returned 10061 rows of file {second}.csv\n"
        )
    });
    let text = relay + &later.collect::<String>();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.txt");
    fs::write(&path, text).unwrap();
    let ended = run(&["agent", "status", "-q", "-f", "json", "--events", shown(&path)]);
    let status: Value = serde_json::from_str(&ended.stdout).unwrap();
    let errors: Vec<_> =
        status["errors"].as_array().unwrap().iter().map(|one| &one["at"]).collect();
    assert_eq!(errors, ["2026-11-20T10:00:59Z", "2026-11-20T09:00:00Z"]);
}

#[test]
fn what_is_no_export_is_refused_with_the_command_that_makes_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    fs::write(&path, b"ElfFile\0\0\x01").unwrap();
    assert!(refused(&path).contains("/lf:true /f:xml"));
    fs::write(&path, "# A page\n\nof contoso-hub.servicebus.windows.net\n").unwrap();
    assert!(refused(&path).contains("holds no event"));
}
