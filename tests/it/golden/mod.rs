//! Golden cases: `tests/cases/NAME/{records.jsonl, report.json}`. Saved records must give the same
//! report, byte for byte.
//!
//! `PATHPROOF_BLESS=1` rewrites the reports from the records; read the difference before it is
//! committed. `PATHPROOF_BLESS=records` also writes the records of [`cases`] anew.

mod cases;
mod certainty;
mod deep_cases;
mod evidence;
mod on_this_host;
mod proxies;
mod two_faults;
mod windows_answers;
mod words;

use std::collections::BTreeSet;
use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pathproof::diagnose::catalogue;
use pathproof::model::{Cause, Certainty, Conclusion, Records};
use pathproof::{archive, report};

use crate::scene;

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

pub(crate) fn case_names() -> BTreeSet<String> {
    let entries = fs::read_dir(folder()).expect("tests/cases");
    entries
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name in UTF-8"))
        .collect()
}

pub(crate) fn read(name: &str) -> Records {
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
    let all = all.chain(two_faults::all()).chain(evidence::all()).chain(on_this_host::all());
    let all = all.chain(windows_answers::all());
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
    if finding.evidence.iter().collect::<BTreeSet<_>>().len() < finding.evidence.len() {
        return Some("evidence that is said twice");
    }
    if texts().any(|text| text.starts_with("1 endpoints") || text.contains(" 1 endpoints")) {
        return Some("one in the plural");
    }
    if texts().any(|text| text.contains(['{', '}', '\n'])) {
        return Some("an open placeholder or a line break");
    }
    if texts().any(|text| text.contains("  ") || text.trim() != text) {
        return Some("stray blanks");
    }
    if finding.certainty == Certainty::Proven && !finding.rivals.is_empty() {
        return Some("proven, with rivals");
    }
    None
}

/// Whoever reads "likely" is told what else it could be, in words, and what would tell.
#[test]
fn what_is_not_proven_names_a_rival_that_has_words() {
    let mut bare = Vec::new();
    for name in case_names() {
        let conclusion = scene::conclude(&read(&name));
        let of_endpoints = conclusion.verdicts.iter().flat_map(|verdict| &verdict.findings);
        for finding in conclusion.findings.iter().chain(of_endpoints) {
            let is_bare = finding.certainty != Certainty::Proven && finding.rivals.is_empty();
            if is_bare || !finding.rivals.iter().all(|rival| catalogue::is_worded(*rival)) {
                bare.push(format!("{name}: {} {:?}", finding.message, finding.rivals));
            }
        }
    }
    assert!(bare.is_empty(), "\n{}", bare.join("\n"));
}

/// The table of a case, as a file gets it.
fn shown(name: &str) -> String {
    let records = read(name);
    let style = report::Style { width: 80, color: false };
    report::table(&records, &scene::conclude(&records), &style)
}

#[test]
fn what_was_pending_is_said_with_its_time() {
    let records = read("pending");
    let text = render(&records, &scene::conclude(&records));
    for line in [
        "half.servicebus.windows.net:443 was not finished: 40.112.72.102 was still connecting \
         after 2.0 s when the run was interrupted",
        "40.112.72.102:443 from 10.50.1.10:51514 at 12:00:00 UTC: still connecting after 2.0 s (2 \
         SYNs sent)",
        "40.112.72.101 was still in the TLS handshake after 2.0 s",
        "40.112.72.101 was still waiting for the HTTP answer after 1.9 s",
        "10.0.0.8 was still waiting for the proxy to answer after 2.0 s",
        "its name was still being looked up after 2.0 s when the run was interrupted",
        "the way to it was still being decided by a script after 2.0 s when the run's deadline",
        "the name of its proxy was still being looked up after 2.0 s",
        "never.servicebus.windows.net:443 was not asked: the run was interrupted",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("not reached"), "{text}");
    assert!(text.contains("\"took_ms\":2004"), "{text}");
}

#[test]
fn what_is_blocked_alike_keeps_its_facts() {
    let text = shown("attempts-all-blocked").replace("\n        ", " ");
    for fact in [
        "40.112.72.101:443 from 10.50.1.10:51514 at 12:00:00 UTC: no answer to SYN for 5.0 s (3 \
         SYNs sent)",
        "alike at 23.38.106.11:443, 40.74.24.70:443 and 40.112.72.102:443",
        "last hop that answered: 10.50.3.2, hop 2, for 4 endpoints",
        "this host's own firewall (tcp_local_denied): try from a neighbour in the same subnet",
        "a network that leaves by a proxy only (route_proxy_required): add --alternate-proxy URL",
    ] {
        assert!(text.contains(fact), "{fact}\n{text}");
    }
    assert!(!text.contains("all alike: tcp_timeout"), "{text}");
    let found = scene::conclude(&read("attempts-all-blocked"));
    let relay = format!("{:?}", found.verdicts[0].findings);
    assert!(relay.contains("other packets come to 40.112.72.101, hop 3"), "{relay}");
}

#[test]
fn every_step_is_told_where_that_is_asked_for() {
    for (name, lines) in [
        (
            "healthy",
            &[
                "* dns: amsprodwe.servicebus.windows.net asked of 10.0.0.53:53",
                "(TTL ",
                "* 40.112.72.101:443 from 10.50.1.10:51514 at 2026-03-02 12:00:00.000 UTC",
                "tcp: connected, 12.0 ms",
                "tls: handshake completed, 31.0 ms",
                "< TLSv1.3, TLS13_AES_256_GCM_SHA384",
                "0 subject: ",
                "issuer: ",
                "public roots: trusted; this host: trusted; dates are current",
                "http: answered, 18.0 ms",
                "< HTTP 4",
            ][..],
        ),
        ("pending", &["tcp: the run was interrupted, after 2.0 s", "tls: the run was interrupted"]),
        (
            "attempts-all-blocked",
            &["tcp: no answer to SYN for 5.0 s (3 SYNs sent)", "2 10.50.3.2: "],
        ),
        ("proxy-sign-in", &["* 10.0.0.8:3128, the proxy", "< HTTP 407 "]),
        ("idle-connections", &["* kept idle:", "hold: idle for 60.0 s, and it still works"]),
    ] {
        let records = read(name);
        let style = report::Style { width: 200, color: false };
        let text = report::verbose(&records, &scene::conclude(&records), &style);
        for line in lines {
            assert!(text.contains(line), "{name}: {line}\n{text}");
        }
    }
}
