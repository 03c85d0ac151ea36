//! Secrets in arguments and in what servers send: refused or masked, and repeated nowhere.

use std::fs;

use super::{Folder, pathproof, run, shown};

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

/// The old form, whose secret nothing marks, and the new one.
fn keys() -> [String; 2] {
    const ID: &str = "11111111-2222-3333-4444-555555555555";
    const HOST: &str = "cws.westeurope.datafactory.azure.net";
    [
        format!("IR@{ID}@cws@we@S3c{CANARY}bCdEfGhIjKlMnOpQrStUvWxYz0123456="),
        format!("IR@{ID}@cws@ServiceEndpoint={HOST}@S3c{CANARY}bCdEfGhIjKlMnOpQrStUvWxYz="),
    ]
}

/// Runs a command line, which must say something, and nothing of a secret.
#[track_caller]
fn says_no_secret(command: &mut std::process::Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(!said.is_empty(), "{command:?}");
    assert!(!said.contains("S3c") && !said.contains(CANARY), "{command:?}: {said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

#[test]
fn a_key_in_a_list_is_repeated_nowhere() {
    let folder = Folder::new();
    for key in keys() {
        let host = format!("id=\"x\"\n[[entry]]\nid=\"a\"\nhost=\"{key}\"\n");
        let every = format!(
            "id=\"{key}\"\n\"{key}\"=\"t\"\ncloud=\"{key}\"\n[[entry]]\nid=\"{key}\"\n\
             kind=\"{key}\"\nrole=\"{key}\"\ngroup=\"{key}\"\n\
             instead-of=\"{key}\"\nreach=\"{key}\"\n\
             fingerprint=\"{key}\"\nservice-domains=[\"{key}\"]\nhost=\"a.com\"\n"
        );
        let broken = format!("id = \"x\" \"{key}\"\n");
        for (text, word) in [(host, "'host'"), (every, "'kind'"), (broken, "TOML")] {
            let list = folder.put("list.toml", text);
            for arguments in [
                &["lists", "lint", &list][..],
                &["lists", "lint", &list, "-f", "sarif"],
                &["lists", "show", &list],
                &["check", "--list", &list],
                &["resolve", "--list", &list],
            ] {
                let said = says_no_secret(&mut pathproof(arguments));
                assert!(said.contains(word), "{arguments:?}: {said}");
            }
        }
        let texts = format!(
            "id=\"x\"\ntitle=\"{key}\"\n[[entry]]\nid=\"a\"\nhost=\"a.com\"\npurpose=\"{key}\"\n\
             note=\"{key}\"\nsource=\"{key}\"\nservice-tags=[\"{key}\"]\n"
        );
        let list = folder.put("texts.toml", texts);
        let said = says_no_secret(&mut pathproof(&["lists", "show", &list]));
        assert_eq!(said.matches("IR@****").count(), 5, "{said}");
        says_no_secret(&mut pathproof(&["lists", "lint", &list]));
    }
}

#[test]
fn a_key_in_a_configuration_is_repeated_nowhere() {
    let folder = Folder::new();
    for key in keys() {
        for text in [
            format!("[profile.\"{key}\"]\nregion=\"x\"\n"),
            format!("[\"{key}\"]\nregion=\"x\"\n"),
            format!("\"{key}\"=\"x\"\n"),
            format!("with=[\"{key}\"]\n"),
            format!("region = \"x\" \"{key}\"\n"),
            format!("[profile.x.\"{key}\"]\nregion=\"x\"\n"),
        ] {
            let file = folder.put("c.toml", text);
            let arguments = ["config", "show", "--config", &file, "--profile", "x"];
            says_no_secret(&mut pathproof(&arguments));
            says_no_secret(&mut pathproof(&["config", "show", "--config", &file]));
        }
        for variable in ["CONFIG", "PROFILE", "OUTPUT", "WITH", "REGION", "PROXY"] {
            let variable = format!("PATHPROOF_{variable}");
            says_no_secret(pathproof(&["config", "show"]).env(variable, &key));
        }
        let as_host = format!("http://{key}:3128/");
        says_no_secret(pathproof(&["config", "show"]).env("PATHPROOF_PROXY", &as_host));
        says_no_secret(pathproof(&["check", "--proxy", "os"]).env("HTTPS_PROXY", &as_host));
    }
}

#[test]
fn a_key_in_rules_flows_and_reports_is_repeated_nowhere() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/examples");
    let folder = Folder::new();
    let records = format!("{examples}/before.jsonl");
    let report = folder.at("before.json");
    let made = run(&["replay", &records, "--format", "json", "--output", shown(&report)]);
    assert_eq!(made.code, Some(1), "{made:?}");
    let report = fs::read_to_string(&report).unwrap();
    let before = folder.put("report.json", &report);
    let group = fs::read_to_string(format!("{examples}/nsg.json")).unwrap();
    let nsg = folder.put("nsg.json", &group);
    for key in keys() {
        let as_value = format!("\"{key}\"");
        let file = folder.put("key.txt", &key);
        says_no_secret(&mut pathproof(&["rules", "verify", &file, "--from", &before]));
        for text in [
            format!("{key},443,tcp\n"),
            format!("destination,port,protocol\n{key},443,tcp\na.com,{key},tcp\n"),
            format!("destination,port,protocol\na.com,443,{key}\n"),
        ] {
            let flows = folder.put("flows.csv", text);
            says_no_secret(&mut pathproof(&["rules", "decide", &nsg, "--flows", &flows]));
        }
        for place in ["\"Allow\"", "\"AzureCloud\"", "\"Outbound\"", "\"Internet\"", "\"443\""] {
            let rules = folder.put("altered.json", group.replace(place, &as_value));
            for format in ["text", "json", "sarif"] {
                let arguments = ["rules", "verify", &rules, "--from", &before, "-f", format];
                says_no_secret(&mut pathproof(&arguments));
            }
        }
        for place in ["\"fail\"", "\"tcp_timeout\"", "\"relay\"", "\"pathproof.report/1\""] {
            let altered = report.replace(place, &as_value);
            assert_ne!(altered, report, "{place}");
            let altered = folder.put("altered.json", altered);
            for format in ["table", "json", "html", "csv", "markdown", "junit", "sarif"] {
                says_no_secret(&mut pathproof(&["report", "render", &altered, "-f", format]));
            }
        }
    }
}

#[test]
fn a_key_in_the_files_of_the_runtime_is_repeated_nowhere() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/examples/runtime");
    for key in keys() {
        let folder = Folder::new();
        for name in ["diahost.exe.config", "diawp.exe.config"] {
            let text = fs::read_to_string(format!("{examples}/{name}")).unwrap();
            let address = "proxyaddress=\"http://10.0.0.8:3128\"";
            let text = text
                .replace(address, &format!("proxyaddress=\"http://{key}:3128/\""))
                .replace("<add address=\"", &format!("<add address=\"{key}\" /><add address=\""));
            folder.put(name, text);
        }
        let at = folder.at("");
        says_no_secret(&mut pathproof(&["agent", "lint", shown(&at)]));
        says_no_secret(&mut pathproof(&["agent", "lint", shown(&at), "-f", "sarif"]));
    }
}
