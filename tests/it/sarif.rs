//! SARIF is read back against the schema that OASIS publishes, of every golden report.

use std::path::Path;
use std::sync::LazyLock;
use std::{fs, str};

use jsonschema::Validator;
use pathproof::model::is_obeyed;
use pathproof::report::sarif;
use pathproof::report_v1::Report;
use serde_json::{Value, json};

use crate::golden;

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sarif/sarif-schema-2.1.0.json");
    let text = fs::read_to_string(path).expect("the schema");
    // The pattern of languages has a bracket too many, which no strict reader takes: the last one
    // of the two that open nothing.
    let text = text.replace("{2}]?$", "{2}$");
    let schema: Value = serde_json::from_str(&text).expect("the schema is JSON");
    let options = jsonschema::options().should_validate_formats(true);
    options.build(&schema).expect("the schema stands alone")
});

/// `text` as SARIF, which keeps the schema, and what the prose says beyond it: indices that lead to
/// what they name, levels that fit their kind, and no placeholder or link that nobody meant.
#[track_caller]
pub(crate) fn read(text: &str) -> Value {
    assert!(!text.contains(|c| is_obeyed(c) && c != '\n'), "characters that are obeyed: {text}");
    let log: Value = serde_json::from_str(text).expect("SARIF is JSON");
    let faults: Vec<_> = SCHEMA
        .iter_errors(&log)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert_eq!(faults, <[String; 0]>::default(), "{text}");
    let run = &log["runs"][0];
    for result in run["results"].as_array().expect("results") {
        let rule = &run["tool"]["driver"]["rules"][index(&result["ruleIndex"])];
        assert_eq!(rule["id"], result["ruleId"], "{result}");
        assert_eq!(result["kind"] == "fail", result["level"] != "none", "{result}");
        let message = result["message"]["text"].as_str().expect("text");
        let literal = message.replace("{{", "").replace("}}", "");
        assert!(!literal.contains(['{', '}']), "a placeholder in {message}");
        assert!(!message.replace("\\](", "").contains("]("), "a link in {message}");
        for place in result["locations"].as_array().expect("locations") {
            for named in place["logicalLocations"].as_array().into_iter().flatten() {
                let Some(at) = named["index"].as_u64() else { continue };
                let known = &run["logicalLocations"][usize::try_from(at).expect("small")];
                assert_eq!(known["fullyQualifiedName"], named["fullyQualifiedName"]);
            }
        }
    }
    log
}

fn index(value: &Value) -> usize {
    value.as_u64().and_then(|at| usize::try_from(at).ok()).expect("an index")
}

fn written(report: &Value) -> Value {
    let text = report.to_string();
    let report = Report::read(&text).expect("a report");
    let mut out = Vec::new();
    sarif::report(&report, &mut out).expect("memory does not fail");
    read(str::from_utf8(&out).expect("text"))
}

fn golden_report(name: &str) -> Value {
    let text = fs::read_to_string(golden::folder().join(name).join("report.json")).expect("a case");
    serde_json::from_str(&text).expect("a report is JSON")
}

#[test]
fn every_golden_report_keeps_the_schema_of_sarif() {
    for name in golden::case_names() {
        let report = golden_report(&name);
        let log = written(&report);
        let run = &log["runs"][0];
        // A result for each finding, a place for each endpoint.
        let of_endpoints = report["endpoints"].as_array().unwrap().iter();
        let findings: Vec<&Value> = of_endpoints
            .map(|endpoint| &endpoint["findings"])
            .chain([&report["findings"]])
            .flat_map(|findings| findings.as_array().unwrap())
            .collect();
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), findings.len(), "{name}");
        for finding in findings {
            let level = match finding["severity"].as_str().unwrap() {
                "fail" => "error",
                "warn" => "warning",
                _ => "none",
            };
            let is_it = |result: &&Value| {
                let properties = &result["properties"];
                result["ruleId"] == finding["cause"]
                    && result["level"] == level
                    && ["certainty", "owner", "rivals"]
                        .iter()
                        .all(|name| properties[name] == finding[name])
            };
            assert!(results.iter().any(|result| is_it(&result)), "{name}: {finding}");
        }
        let places = run["logicalLocations"].as_array().unwrap();
        let n_endpoints = places.iter().filter(|place| place["kind"] == "endpoint").count();
        assert_eq!(n_endpoints, report["endpoints"].as_array().unwrap().len(), "{name}");
    }
}

#[test]
fn a_rule_explains_its_cause_and_a_result_says_what_to_do() {
    let name = golden::case_names()
        .into_iter()
        .find(|name| golden_report(name)["endpoints"][0]["cause"] == "tcp_timeout");
    let report = golden_report(&name.expect("a case of silence"));
    let log = written(&report);
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    let of_endpoint = |one: &&Value| {
        let message = one["message"]["text"].as_str().unwrap();
        one["ruleId"] == "tcp_timeout"
            && message.starts_with(report["endpoints"][0]["host"].as_str().unwrap())
    };
    let result = results.iter().find(of_endpoint).unwrap();
    let finding = &report["endpoints"][0]["findings"][0];
    let message = result["message"]["text"].as_str().unwrap();
    assert!(message.contains(finding["remedy"].as_str().unwrap()), "{message}");
    let rule = &run["tool"]["driver"]["rules"][index(&result["ruleIndex"])];
    let help = &rule["help"];
    assert!(help["text"].as_str().unwrap().contains("Told by: "), "{help}");
    assert!(help["markdown"].as_str().unwrap().contains("- **Remedy**: "), "{help}");
    assert_eq!(run["invocations"][0]["exitCode"], report["run"]["exit"]);
    let place = &result["locations"][0]["logicalLocations"][0];
    let endpoint = &report["endpoints"][0];
    let (entry, host) = (endpoint["entry"].as_str().unwrap(), endpoint["host"].as_str().unwrap());
    assert_eq!(place["fullyQualifiedName"], format!("{entry}/{host}:{}", endpoint["port"]));
}

/// Whatever a report holds, also one that was edited: it stays text.
#[test]
fn hostile_text_is_inert_in_sarif() {
    const EVIL: &str = "pwn {0} {{1}} [click](javascript:alert(1)) ]]> \"'&<script> \u{1b}[31m\u{202e}\u{2066}\u{200f}\u{85}\r\n# pwn";
    let name = golden::case_names().into_iter().next().expect("a case");
    let mut report = golden_report(&name);
    let finding = json!({"cause": EVIL, "severity": "fail", "certainty": EVIL, "message": EVIL,
        "evidence": [EVIL], "rivals": [EVIL], "owner": EVIL, "remedy": EVIL});
    report["findings"] = json!([finding]);
    report["run"]["vantage"]["hostname"] = json!(EVIL);
    report["run"]["options"] = json!([EVIL]);
    report["tool"]["name"] = json!(EVIL);
    let endpoint = &mut report["endpoints"][0];
    for field in ["entry", "host", "purpose", "origin", "kind", "cause"] {
        endpoint[field] = json!(EVIL);
    }
    endpoint["findings"] = json!([finding]);
    let log = written(&report);
    let run = &log["runs"][0];
    // That of the run comes first.
    let result = &run["results"][1];
    for text in [&result["message"]["text"], &result["ruleId"], &run["tool"]["driver"]["name"]] {
        let text = text.as_str().unwrap();
        assert!(text.contains("pwn"), "it is there: {text}");
        assert!(!text.contains(|c| is_obeyed(c) && c != '\n'), "{text:?}");
    }
    // None of it begins a line.
    let message = result["message"]["text"].as_str().unwrap();
    assert!(!message.lines().any(|line| line.starts_with("# ")), "{message}");
}
