//! `lists new`: what it writes is a sound list, which `check` and `resolve` take.

use std::fs;

use serde_json::Value;

use super::{Folder, run, shown};

const REPORT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/lab-example/report.json");

#[track_caller]
fn is_sound(file: &str) {
    let linted = run(&["lists", "lint", file]);
    assert_eq!(linted.code, Some(0), "{linted:?}\n{}", fs::read_to_string(file).unwrap());
}

#[test]
fn a_list_from_names_is_sound_and_is_what_is_asked_for() {
    let folder = Folder::new();
    let list = folder.at("contoso.toml");
    let list = shown(&list);
    let names = ["api.contoso.example", "tds://sql.contoso.example", "*.vault.azure.net"];
    let ended = run(&[&["lists", "new"][..], &names, &["--output", list]].concat());
    assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "", ""));
    is_sound(list);
    assert!(fs::read_to_string(list).unwrap().contains("\nid = \"contoso\"\n"));

    // No resolver answers there: what is asked for is what the list holds.
    let offline = ["--resolver", "127.0.0.1:1", "--timeout", "300ms", "--format", "json"];
    let asked = run(&[&["resolve", "--list", list][..], &offline].concat());
    let names: Value = serde_json::from_str(&asked.stdout).unwrap_or_else(|_| panic!("{asked:?}"));
    let hosts = |value: &Value| value["host"].as_str().map(str::to_owned);
    let hosts: Vec<_> = names["names"].as_array().unwrap().iter().filter_map(hosts).collect();
    assert_eq!(&hosts[..2], ["api.contoso.example", "sql.contoso.example"]);

    // Someone has gone on with it.
    let again = run(&["lists", "new", "other.example", "--output", list]);
    again.refuses(&["contoso.toml is there already", "--output"]);
    assert!(!fs::read_to_string(list).unwrap().contains("other.example"));
}

#[test]
fn a_list_from_a_report_holds_its_endpoints() {
    let report: Value = serde_json::from_str(&fs::read_to_string(REPORT).unwrap()).unwrap();
    let folder = Folder::new();
    let list = folder.at("node.toml");
    let list = shown(&list);
    let ended = run(&["lists", "new", "own.example:8443", "--from", REPORT, "-o", list]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    is_sound(list);
    let text = fs::read_to_string(list).unwrap();
    assert!(
        text.contains("# Endpoints from names on the command line and the report report.json.")
    );
    assert!(text.contains("host = \"own.example\"\nkind = \"https\"\nports = [8443]\n"), "{text}");
    for endpoint in report["endpoints"].as_array().unwrap() {
        let host = endpoint["host"].as_str().unwrap();
        let is_kept = text.contains(&format!("host = \"{host}\"\n"));
        assert_eq!(is_kept, endpoint["origin"] != "gateway", "{host}\n{text}");
    }
}

#[test]
fn what_makes_no_list_is_refused() {
    run(&["lists", "new"]).refuses(&["[KIND://]HOST[:PORT]"]);
    run(&["lists", "new", "tcp://a.example"]).refuses(&["tcp://a.example:PORT"]);
    run(&["lists", "new", "--from", "absent.json"]).refuses(&["--from", "absent.json"]);
    let secret = run(&["lists", "new", "https://me:hunter2@a.example"]);
    secret.refuses(&["a user name or password"]);
    assert!(!secret.stderr.contains("hunter2"), "{}", secret.stderr);
}

#[test]
fn the_schema_is_the_one_that_new_lists_name() {
    let schema = run(&["lists", "schema"]);
    assert_eq!(schema.code, Some(0));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/endpoint-list.schema.json");
    assert_eq!(schema.stdout, fs::read_to_string(path).unwrap());
    let list = run(&["lists", "new", "a.example"]);
    assert!(list.stdout.starts_with("#:schema endpoint-list.schema.json\n"), "{}", list.stdout);
    assert!(list.stdout.contains("lists schema --output endpoint-list.schema.json\n"));
}

/// A tag that is like a known one is probably that one; others may be newer than this program.
#[test]
fn a_misspelt_service_tag_is_a_warning() {
    let folder = Folder::new();
    let list = |tags: &str| {
        let text = format!(
            "id = \"x\"\n[[entry]]\nid = \"a\"\nhost = \"a.com\"\nservice-tags = [{tags}]\n"
        );
        folder.put("x.toml", text)
    };
    let file = list("\"AzureClod\"");
    let linted = run(&["lists", "lint", &file]);
    assert_eq!(linted.code, Some(0), "{linted:?}");
    for words in ["x.toml:5:17: warning: 'AzureClod'", "did you mean 'AzureCloud'?", "sound"] {
        assert!(linted.stdout.contains(words), "{words}: {linted:?}");
    }
    let linted = run(&["lists", "lint", &file, "-f", "sarif"]);
    let sarif: Value = serde_json::from_str(&linted.stdout).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!((&result["level"], linted.code), (&"warning".into(), Some(0)), "{sarif}");
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 5, "{sarif}");

    let linted = run(&["lists", "lint", &list("'AzureClod'")]);
    assert!(linted.stdout.contains("x.toml:5:17: warning: 'AzureClod'"), "{linted:?}");

    let file = list("\"AzureCloud\", \"storage.westeurope\", \"Internet\", \"QuantumVacuum\"");
    let linted = run(&["lists", "lint", &file]);
    assert!(!linted.stdout.contains("warning"), "{linted:?}");
}
