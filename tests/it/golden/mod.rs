//! Golden cases: `tests/cases/NAME/{records.jsonl, report.json}`. Saved records must give the same
//! report, byte for byte.
//!
//! `PATHPROOF_BLESS=1` rewrites the reports from the records; read the difference before it is
//! committed. `PATHPROOF_BLESS=records` also writes the records of [`cases`] anew.

mod cases;
mod certainty;
mod deep_cases;
mod proxies;
mod two_faults;
mod words;

use std::collections::BTreeSet;
use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pathproof::model::{Cause, Conclusion, Records};
use pathproof::{archive, report};

use crate::scene;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

fn case_names() -> BTreeSet<String> {
    let entries = fs::read_dir(folder()).expect("tests/cases");
    entries
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name in UTF-8"))
        .collect()
}

fn read(name: &str) -> Records {
    let path = folder().join(name).join("records.jsonl");
    let file = fs::File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let label = format!("{name}/records.jsonl");
    archive::read(BufReader::new(file), &label).unwrap_or_else(|error| panic!("{error}"))
}

fn render(records: &Records, conclusion: &Conclusion) -> String {
    let mut bytes = Vec::new();
    report::json::report(records, conclusion, None, &mut bytes).expect("writing to memory");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

#[test]
fn saved_records_give_the_saved_reports() {
    let bless = std::env::var_os("PATHPROOF_BLESS");
    if bless.as_ref().is_some_and(|what| what == "records") {
        write_records();
    }
    let mut different = Vec::new();
    for name in case_names() {
        let records = read(&name);
        let report = render(&records, &scene::conclude(&records));
        let path = folder().join(&name).join("report.json");
        if bless.is_some() {
            fs::write(&path, &report).expect("the report");
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if let Some(line) = first_difference(&expected, &report) {
            different.push(format!("{name}/report.json:{line}"));
        }
    }
    assert!(
        different.is_empty(),
        "other reports than saved (PATHPROOF_BLESS=1 rewrites them):\n{}",
        different.join("\n")
    );
}

/// A user's own list may call its entries anything: roles decide, so that every verdict stays.
#[test]
fn ids_of_entries_are_labels() {
    for name in case_names() {
        let records = read(&name);
        let expected = render(&records, &scene::conclude(&records));
        let mut own = records;
        for record in &mut own.records {
            let endpoint = Arc::make_mut(&mut record.endpoint);
            endpoint.entry = format!("own-{}", endpoint.entry);
        }
        // Through the archive too, which derives the roles of old records from their ids.
        let mut bytes = Vec::new();
        archive::write(&own, &mut bytes).expect("writing to memory");
        let own = archive::read(&*bytes, &name).unwrap_or_else(|error| panic!("{error}"));
        let found = render(&own, &scene::conclude(&own)).replace("\"own-", "\"");
        assert_eq!(first_difference(&expected, &found), None, "{name}");
    }
}

fn write_records() {
    let all = cases::all().into_iter().chain(proxies::all()).chain(deep_cases::all());
    let all = all.chain(two_faults::all());
    for (name, records) in all {
        let case = folder().join(name);
        fs::create_dir_all(&case).expect("the case's folder");
        let mut bytes = Vec::new();
        archive::write(&records, &mut bytes).expect("writing to memory");
        fs::write(case.join("records.jsonl"), bytes).expect("the records");
    }
}

/// The number of the first line that differs, and both versions of it.
fn first_difference(expected: &str, found: &str) -> Option<String> {
    if expected == found {
        return None;
    }
    let lines = expected.lines().chain([""]).zip(found.lines().chain([""]));
    let (index, (expected, found)) =
        lines.enumerate().find(|(_, (expected, found))| expected != found).unwrap_or_default();
    Some(format!("{}\n  saved: {expected}\n  found: {found}", index + 1))
}

#[test]
fn every_cause_stands_in_a_case() {
    let mut found = BTreeSet::new();
    for name in case_names() {
        let conclusion = scene::conclude(&read(&name));
        let findings = conclusion.verdicts.iter().flat_map(|verdict| &verdict.findings);
        found.extend(findings.chain(&conclusion.findings).map(|finding| finding.cause.code()));
    }
    let all: BTreeSet<&str> = Cause::ALL.iter().map(|cause| cause.code()).collect();
    let missing: BTreeSet<&str> = all.difference(&found).copied().collect();
    assert!(missing.is_empty(), "causes that no case produces: {missing:?}");
}

/// Every finding can be read and acted upon.
#[test]
fn findings_of_all_cases_are_complete() {
    for name in case_names() {
        let records = read(&name);
        let conclusion = scene::conclude(&records);
        let findings = conclusion.verdicts.iter().flat_map(|verdict| &verdict.findings);
        for finding in findings.chain(&conclusion.findings) {
            let Some(what) = flaw(finding) else { continue };
            panic!("{name}: {what}: {finding:#?}");
        }
    }
}

fn flaw(finding: &pathproof::model::Finding) -> Option<&'static str> {
    use pathproof::model::Certainty;
    const LONGEST_MESSAGE: usize = 200;
    let texts = || finding.evidence.iter().chain([&finding.message, &finding.remedy]);
    if finding.message.is_empty() || finding.message.chars().count() > LONGEST_MESSAGE {
        return Some("the message is empty or long");
    }
    if finding.remedy.is_empty() {
        return Some("no remedy");
    }
    if texts().any(|text| text.contains(['{', '}', '\n'])) {
        return Some("an open place or a line break");
    }
    if texts().any(|text| text.contains("  ") || text.trim() != text) {
        return Some("stray blanks");
    }
    if finding.certainty == Certainty::Proven && !finding.rivals.is_empty() {
        return Some("proven, with rivals");
    }
    None
}
