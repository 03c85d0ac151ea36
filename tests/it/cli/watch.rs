//! `watch`: what comes and goes, told as it does.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{pathproof, run, shown};

const ROUNDS: [&str; 8] =
    ["--only", "endpoint", "--resolver", "127.0.0.1:1", "--timeout", "200ms", "--every", "50ms"];

fn line(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> Value {
    let line = lines.next().expect("another line before --for is over").unwrap();
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

/// Nothing here waits for a time: each step is taken once the program has told of the one before.
#[test]
fn a_server_that_goes_away_and_comes_back_is_told_both_times() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let endpoint = format!("tcp://{address}");
    let mut child = pathproof(&["watch", "--endpoint", &endpoint, "--format", "jsonl"])
        .args(ROUNDS)
        .args(["--for", "1m"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();

    let begin = line(&mut lines);
    assert_eq!((&begin["type"], &begin["data"]["summary"]["pass"]), (&"begin".into(), &1.into()));

    drop(server);
    let gone = line(&mut lines);
    assert_eq!(gone["type"], "transition");
    let gone = &gone["data"];
    assert_eq!((&gone["host"], &gone["port"]), (&"127.0.0.1".into(), &address.port().into()));
    assert_eq!(gone["from"], serde_json::json!({"status": "pass", "cause": null}));
    assert_eq!(gone["to"], serde_json::json!({"status": "fail", "cause": "tcp_refused"}));
    assert!(gone["at"].as_str().unwrap().ends_with('Z'), "{gone}");
    assert!(gone["message"].as_str().unwrap().contains("refused"), "{gone}");

    let _server = TcpListener::bind(address).unwrap();
    let back = line(&mut lines);
    assert_eq!(back["data"]["from"]["cause"], "tcp_refused");
    assert_eq!(back["data"]["to"], serde_json::json!({"status": "pass", "cause": null}));

    let kill = format!("kill -INT {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    let end = line(&mut lines);
    assert_eq!((&end["type"], &end["data"]["changes"]), (&"end".into(), &2.into()));
    assert_eq!(child.wait().unwrap().code(), Some(0), "as the last round was");
    assert!(lines.next().is_none());
}

#[test]
fn the_time_given_ends_it_with_the_code_of_the_last_round() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("tcp://{free}");
    let arguments = ["watch", "--endpoint", &endpoint, "--for", "1ms"];
    let ended = run(&[&arguments[..], &ROUNDS[..]].concat());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let lines: Vec<&str> = ended.stdout.lines().collect();
    let [begin, failing, end] = *lines else { panic!("{ended:?}") };
    assert!(begin.contains(" begin: pass 0, warn 0, fail 1, unknown 0"), "{begin}");
    assert!(failing.contains(&format!("{free}: fail tcp_refused; ")), "{failing}");
    assert!(end.contains(" end: rounds 1, changes 0; "), "{end}");
}

#[test]
fn what_was_watched_is_a_page_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("watched.html");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("tcp://{free}");
    let watch = ["watch", "--endpoint", &endpoint, "--for", "1ms", "--output", shown(&page)];
    let ended = run(&[&watch[..], &ROUNDS[..]].concat());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.stdout.lines().count(), 3, "the lines are as they were: {ended:?}");
    let page = fs::read_to_string(page).unwrap();
    for words in ["0 changes in 1 round of 1 endpoint", "tcp_refused", &free.to_string()] {
        assert!(page.contains(words), "{words}");
    }
    let other = folder.path().join("watched.json");
    let refused = run(&["watch", "--endpoint", &endpoint, "--output", shown(&other)]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("end its name with .html"), "{refused:?}");
}

/// For a textfile collector: the file is there after the first round, and is the last round's.
#[test]
fn the_metrics_of_each_round_are_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("tcp://{free}");
    for (name, format) in [("watched.prom", "text"), ("metrics.txt", "prometheus")] {
        let file = folder.path().join(name);
        let watch = ["watch", "--endpoint", &endpoint, "--for", "1ms", "-f", format, "-o"];
        let ended = run(&[&watch[..], &[shown(&file)], &ROUNDS[..]].concat());
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert_eq!(ended.stdout.lines().count(), 3, "the lines are as they were: {ended:?}");
        let metrics = fs::read_to_string(file).unwrap();
        let port = free.port();
        let fails =
            format!("host=\"127.0.0.1\",port=\"{port}\",required=\"true\",status=\"fail\"}} 1");
        for words in ["cause=\"tcp_refused\"", &fails, "pathproof_run_timestamp_seconds "] {
            assert!(metrics.contains(words), "no {words} in {metrics}");
        }
    }
    let refused = run(&["watch", "--endpoint", &endpoint, "--format", "prometheus"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("--output FILE.prom"), "{refused:?}");
}

/// Without names `watch` takes them from a log as `check` does, in its first round and all others.
#[test]
fn names_of_a_log_are_watched() {
    let log = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/event-log/offline.xml");
    let watch = ["watch", "--events", log, "--for", "150ms", "--no-gateways", "--format", "jsonl"];
    let quick = ["--resolver", "127.0.0.1:1", "--timeout", "200ms", "--every", "50ms"];
    let ended = run(&[&watch[..], &quick].concat());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for name in
        ["contoso-adf.westeurope.datafactory.azure.net", "wu-relay-01.servicebus.windows.net"]
    {
        assert!(ended.stdout.contains(name), "no {name} in {}", ended.stdout);
    }
    assert_eq!(ended.stderr.matches("no names were given").count(), 1, "{}", ended.stderr);
    let none = run(&[&["watch", "--discover", "no", "--for", "1ms"][..], &quick].concat());
    assert!(!none.stdout.contains("contoso-adf"), "{none:?}");
}
