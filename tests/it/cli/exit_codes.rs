//! Exit codes (contract): 0 as expected, 1 violated, 2 could not work, 3 something required
//! unknown.

use std::net::TcpListener;

use super::run;

/// Nothing is asked of any name server here: all endpoints are addresses.
const QUICK: [&str; 6] = ["--resolver", "127.0.0.1:1", "--timeout", "500ms", "--only", "endpoint"];

fn check(arguments: &[&str]) -> Option<i32> {
    let ended = run(&[&["check"][..], &QUICK, arguments].concat());
    assert!(!ended.stdout.is_empty(), "{ended:?}");
    ended.code
}

#[test]
fn codes_say_what_holds() {
    let open = TcpListener::bind("127.0.0.1:0").unwrap();
    let works = format!("tcp://{}", open.local_addr().unwrap());
    let closed = {
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("tcp://{}", port.local_addr().unwrap())
    };

    assert_eq!(check(&["--endpoint", &works]), Some(0));
    assert_eq!(check(&["--endpoint", &works, "--endpoint", &closed]), Some(1));
    assert_eq!(check(&["--endpoint", &closed, "--fail-on", "fail"]), Some(1));
}

#[test]
fn what_fails_the_run_alone_fails_its_headline_too() {
    let records =
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/reported-versions/records.jsonl");
    let ended = run(&["replay", records]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let expected = "FAIL    No required endpoint fails, but the run does (runtime_version_expired)";
    assert!(ended.stdout.starts_with(expected), "{ended:?}");
}

#[test]
fn a_source_that_is_not_this_hosts_is_refused_before_anything_is_sent() {
    // A documentation address (RFC 5737), which no host has.
    let source = ["--source", "203.0.113.9", "--only", "relay", "--resolver", "127.0.0.1:1"];
    for command in [&["check"][..], &["watch"], &["resolve"], &["rules", "emit", "--format", "csv"]]
    {
        let ended = run(&[command, &source].concat());
        ended
            .refuses(&["--source 203.0.113.9: no interface of this host has this address (it has"]);
    }
}

#[test]
fn options_that_leave_nothing_to_probe_are_refused() {
    let all = ["--skip", "relay", "--skip", "control", "--skip", "download"];
    let emit = &["rules", "emit", "--format", "csv"][..];
    for command in [&["check"], &["watch"], &["resolve"], emit] {
        let ended = run(&[command, &all].concat());
        ended.refuses(&["nothing is left to probe", "--skip control"]);
    }
}

#[test]
fn what_the_exit_code_leaves_out_is_said_aloud() {
    let relay_alone = ["check", "--only", "relay", "--resolver", "127.0.0.1:1"];
    let ended = run(&[&relay_alone[..], &["--fail-on", "fail"]].concat());
    assert!(ended.stderr.contains("1 required endpoint is unknown"), "{ended:?}");
    assert!(ended.stdout.contains("Exit code 0: --fail-on fail leaves"), "{ended:?}");
    let json = run(&[&relay_alone[..], &["--format", "json"]].concat()).stdout;
    assert!(json.contains("\"exit\":3,\"fail_on\":\"unknown\""), "{json}");
}

#[test]
fn something_required_that_is_unknown_is_3() {
    let relay_alone = ["check", "--only", "relay", "--resolver", "127.0.0.1:1"];
    assert_eq!(run(&relay_alone).code, Some(3));
    let tolerant = [&relay_alone[..], &["--fail-on", "fail"]].concat();
    assert_eq!(run(&tolerant).code, Some(0));
}

#[test]
fn a_warning_counts_where_it_is_asked_to() {
    // A name server that is not there makes the download host, which is not required, a warning.
    let download =
        ["check", "--only", "download", "--resolver", "127.0.0.1:1", "--timeout", "300ms"];
    assert_eq!(run(&download).code, Some(0));
    assert_eq!(run(&[&download[..], &["--fail-on", "warn"]].concat()).code, Some(1));
}

#[test]
fn a_name_given_by_hand_is_resolved_whatever_is_chosen_of_the_lists() {
    let download = ["resolve", "--only", "download", "--resolver", "127.0.0.1:1"];
    let asked = ["--timeout", "300ms", "--format", "json", "ns.servicebus.windows.net"];
    let ended = run(&[&download[..], &asked].concat());
    assert!(ended.stdout.contains("\"host\":\"ns.servicebus.windows.net\""), "{ended:?}");
    assert_eq!(ended.code, Some(1), "{ended:?}");
}

#[test]
fn help_and_version_are_answers() {
    for arguments in [&["--help"][..], &["--version"], &["check", "--help"]] {
        let ended = run(arguments);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.stdout.contains("pathproof"), "{ended:?}");
        assert_eq!(ended.stderr, "");
    }
}
