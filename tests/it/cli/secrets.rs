//! Secrets in arguments and in what servers send: refused or masked, and repeated nowhere.

use std::fs;

use super::{pathproof, run, shown};

const CANARY: &str = "CANARY7";

#[test]
fn a_key_or_a_password_pasted_into_the_command_line_is_refused_unseen() {
    let key =
        format!("IR@0d2a@myadf@ServiceEndpoint=myadf.westeurope.datafactory.azure.net@{CANARY}");
    let quoted = format!("'{key}'");
    let option = format!("--auth-key={key}");
    let url = format!("https://user:{CANARY}@host.contoso.com/x");
    let token = format!("--service-urls=https://{CANARY}@host.contoso.com");
    let bare = format!("user:{CANARY}@host.contoso.com");
    for (arguments, words) in [
        (
            &["check", "--auth-key", &key][..],
            &["--auth-key", "authentication key", "- for standard"][..],
        ),
        (&["check", "--auth-key", &quoted], &["--auth-key", "authentication key"]),
        (&["check", &option], &["--auth-key", "authentication key"]),
        (&["check", "--service-urls", &key], &["--service-urls", "authentication key"]),
        (&["check", "--list", &key], &["--list", "authentication key"]),
        (&["check", "--agent-config", &key], &["--agent-config", "authentication key"]),
        (&["check", &key], &["authentication key"]),
        (&["replay", &key], &["authentication key"]),
        (&["ledger", "show", &key], &["authentication key"]),
        (&["rules", "decide", &key, "--flows", "x"], &["authentication key"]),
        (&[&key], &["authentication key"]),
        (&["check", "--endpoint", &url], &["--endpoint", "https://***@host.contoso.com"]),
        (&["check", &token], &["--service-urls", "https://***@host.contoso.com"]),
        (&["check", "--endpoint", &bare], &["--endpoint ***@host.contoso.com"]),
        (&["check", "--peer", &bare], &["--peer ***@host.contoso.com"]),
        (&["resolve", &url], &["https://***@host"]),
    ] {
        let ended = run(arguments);
        ended.refuses(words);
        assert!(!ended.stderr.contains(CANARY), "{}", ended.stderr);
    }
}

#[test]
fn cookies_and_queries_of_old_records_are_masked_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.jsonl");
    let case = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/http-answers/records.jsonl");
    let text = fs::read_to_string(case).unwrap();
    let headers = format!(
        "\"headers\":[[\"Set-Cookie\",\"sid={CANARY}; Path=/\"],[\"Location\",\
         \"http://login.contoso.com/?SAMLRequest={CANARY}#{CANARY}\"],"
    );
    let hostile = text
        .replace("\"headers\":[]", "\"headers\":[[\"X\",\"y\"]]")
        .replace("\"headers\":[", &headers);
    assert_ne!(hostile, text, "the case holds no header any more");
    fs::write(&path, hostile).unwrap();
    let mut n_shown = 0;
    for format in ["table", "json", "jsonl"] {
        let output = folder.path().join(format!("report.{format}"));
        let arguments = ["replay", shown(&path), "--format", format, "--output", shown(&output)];
        let ended = pathproof(&arguments).output().unwrap();
        assert_ne!(ended.status.code(), Some(2), "{ended:?}");
        let report = fs::read_to_string(&output).unwrap();
        assert!(!report.contains(CANARY), "{format}: {report}");
        n_shown += report.matches("?***").count();
    }
    assert!(n_shown > 0, "where it points is shown");
}

#[test]
fn redacted_reports_and_records_name_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    let case = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/two-faults/records.jsonl");
    fs::write(&key, "short").unwrap();
    run(&["replay", case, "--redact", "--redact-key", shown(&key)])
        .refuses(&["--redact-key", "at least 16"]);
    fs::write(&key, [7; 32]).unwrap();
    let saved = |name: &str, arguments: &[&str]| {
        let (records, report) = (
            folder.path().join(format!("{name}.jsonl")),
            folder.path().join(format!("{name}.txt")),
        );
        let given = ["--save-records", shown(&records), "--output", shown(&report)];
        let whole = [&["replay", case, "--redact"][..], &given, arguments].concat();
        let ended = pathproof(&whole).output().unwrap();
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        (fs::read_to_string(records).unwrap(), fs::read_to_string(report).unwrap())
    };
    let (records, report) = saved("one", &["--redact-key", shown(&key)]);
    assert_eq!(saved("other", &["--redact-key", shown(&key)]).0, records);
    assert_ne!(saved("alone", &[]).0, records);
    for text in [&records, &report] {
        for original in ["shir-01", "operator", "10.50.1.10", "10.0.0.53", "Contoso Proxy CA"] {
            assert!(!text.contains(original), "{original}: {text}");
        }
    }
    assert!(report.contains("address-") && report.contains("relay-"), "{report}");
}
