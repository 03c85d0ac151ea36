//! `docs/report.schema.json`, with which other programs check what they read: every report keeps
//! it, those of the golden cases here and those of the lab where it reads them.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::golden;

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/report.schema.json");
    let text = fs::read_to_string(path).expect("the schema");
    let schema: Value = serde_json::from_str(&text).expect("the schema is JSON");
    assert!(jsonschema::meta::is_valid(&schema), "the schema is no JSON Schema");
    let options = jsonschema::options().should_validate_formats(true);
    options.build(&schema).expect("the schema stands alone")
});

/// Where and how a report breaks the schema.
pub(crate) fn faults(report: &Value) -> Vec<String> {
    let faults = SCHEMA.iter_errors(report);
    faults.map(|fault| format!("{}: {fault}", fault.instance_path())).collect()
}

fn golden_reports() -> impl Iterator<Item = (String, Value)> {
    golden::case_names().into_iter().map(|name| {
        let path = golden::folder().join(&name).join("report.json");
        let text = fs::read_to_string(path).expect("the report");
        (name, serde_json::from_str(&text).expect("a report is JSON"))
    })
}

#[test]
fn every_golden_report_keeps_the_schema() {
    for (name, report) in golden_reports() {
        assert_eq!(faults(&report), <[String; 0]>::default(), "{name}");
    }
}

#[test]
fn fields_of_later_versions_are_no_faults() {
    let (_, mut report) = golden_reports().next().expect("a case");
    report["weather"] = json!("rain");
    report["endpoints"][0]["colour"] = json!("red");
    report["endpoints"][0]["cause"] = json!("moon_phase");
    assert_eq!(faults(&report), <[String; 0]>::default());
}

/// One field of a report that was right is made wrong; `null` stands for a field that is missing.
#[test]
fn a_broken_field_breaks_the_schema() {
    const ENDPOINT: &str = "/endpoints/0";
    let broken = [
        ("/schema", json!("pathproof.report/2")),
        ("/tool/version", json!(1)),
        ("/run", Value::Null),
        ("/run/started_at", json!("yesterday")),
        ("/run/took_ms", json!("5 s")),
        ("/run/took_ms", json!(-1)),
        ("/run/vantage/addresses", json!(["10.50.1.256"])),
        ("/run/vantage/resolvers", json!(["10.0.0.53"])),
        ("/run/vantage/hostname", Value::Null),
        ("/run/exit", json!(256)),
        ("/run/fail_on", json!("never")),
        ("/summary/pass", json!(-1)),
        ("/findings", json!({})),
        ("/actions", Value::Null),
        ("/actions/0/owner", json!("somebody")),
        ("/actions/0/destinations/0/port", json!(65536)),
        ("/endpoints", Value::Null),
        ("/endpoints/0/host", Value::Null),
        ("/endpoints/0/role", json!("king")),
        ("/endpoints/0/port", json!("443")),
        ("/endpoints/0/kind", json!("quic")),
        ("/endpoints/0/required", json!("yes")),
        ("/endpoints/0/origin", json!("rumour")),
        ("/endpoints/0/status", json!("fine")),
        ("/endpoints/0/cause", json!("Silence!")),
        ("/endpoints/0/route/intended", json!("scenic")),
        ("/endpoints/0/route/measured", Value::Null),
        ("/endpoints/0/findings/0/severity", json!("bad")),
        ("/endpoints/0/findings/0/certainty", json!("sure")),
        ("/endpoints/0/findings/0/rivals", json!("tcp_reset")),
        ("/endpoints/0/findings/0/remedy", Value::Null),
        ("/endpoints/0/lookups/0/resolver", json!("the usual")),
        ("/endpoints/0/lookups/0/addresses", json!(["home"])),
        ("/endpoints/0/lookups/0/chain/0/type", json!("MX")),
        ("/endpoints/0/lookups/0/chain/0/ttl", json!("30 s")),
        ("/endpoints/0/trails/0/route", Value::Null),
        ("/endpoints/0/trails/0/remote", json!("40.112.72.101")),
        ("/endpoints/0/trails/0/at", json!(1_772_000_000)),
        ("/endpoints/0/trails/0/steps/0/step", json!("dance")),
        ("/endpoints/0/trails/0/steps/0/outcome", Value::Null),
        ("/endpoints/0/trails/0/steps/0/detail", json!([])),
        ("/prediction/network_allows", json!("maybe")),
        ("/prediction/because", Value::Null),
    ];
    let mut n_broken = vec![0; broken.len()];
    for (name, report) in golden_reports() {
        for ((pointer, wrong), n_broken) in broken.iter().zip(&mut n_broken) {
            // Of endpoints, the first that has such a field.
            let found = match pointer.strip_prefix(ENDPOINT) {
                Some(rest) => (0..report["endpoints"].as_array().map_or(0, Vec::len))
                    .map(|index| format!("/endpoints/{index}{rest}"))
                    .find(|pointer| report.pointer(pointer).is_some()),
                None => report.pointer(pointer).map(|_| (*pointer).to_owned()),
            };
            let Some(pointer) = found else { continue };
            let mut report = report.clone();
            let (parent, field) = pointer.rsplit_once('/').expect("a pointer begins with one");
            let parent = report.pointer_mut(parent).and_then(Value::as_object_mut);
            let parent = parent.expect("a field stands in an object");
            if wrong.is_null() {
                parent.remove(field);
            } else {
                parent.insert(field.to_owned(), wrong.clone());
            }
            assert!(!faults(&report).is_empty(), "{name}: {pointer} as {wrong} is no fault");
            *n_broken += 1;
        }
    }
    let untried = broken.iter().zip(n_broken).filter(|(_, n_broken)| *n_broken == 0);
    let untried: Vec<_> = untried.map(|((pointer, _), _)| pointer).collect();
    assert!(untried.is_empty(), "no golden report has {untried:?}");
}
