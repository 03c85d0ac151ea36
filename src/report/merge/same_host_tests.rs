//! A host is one host, however many reports it wrote and whatever a redaction calls it.

use serde_json::{Value, json};

use super::failure_tests::{Host, SERVFAIL, hosts, report, said};
use super::*;

const MONDAY: &str = "2026-03-02T12:00:00Z";
const TUESDAY: &str = "2026-03-03T12:00:00Z";

/// A report, and the file that holds it.
type File = (String, Value);

fn written(host: &Host, started_at: &str) -> Value {
    let mut report = report(host);
    report["run"]["started_at"] = json!(started_at);
    report
}

fn merged(files: &[File]) -> Merged {
    let read = |(file, report): &File| {
        MergedHost::of(file, &Report::read(&report.to_string()).unwrap(), &[])
    };
    Merged::of(files.iter().map(read).collect(), vec![])
}

/// Twenty healthy hosts, whose reports are of Monday.
fn healthy() -> Vec<File> {
    let all = hosts(20, |_, host| host.resolver = "10.0.0.50");
    all.iter().map(|host| (format!("ok-{}.json", host.number), written(host, MONDAY))).collect()
}

/// So many hosts of another name server, which answers or does not.
fn others(n: usize, is_broken: bool) -> Vec<Host> {
    let mut all = hosts(n, |_, host| {
        host.resolver = "10.0.0.99";
        if is_broken {
            host.found = vec![("relay", SERVFAIL)];
        }
    });
    for host in &mut all {
        host.number += 50;
    }
    all
}

/// What people are told in every format.
fn in_every_format(merged: &Merged) -> Vec<String> {
    let table = table(merged, &Style { width: 1000, color: false });
    let (mut ticket, mut page) = (Vec::new(), Vec::new());
    crate::report::handout::markdown(&handout(merged), &mut ticket).unwrap();
    crate::report::html::merged(merged, &mut page).unwrap();
    [table.into_bytes(), ticket, page].map(|one| String::from_utf8(one).unwrap()).into()
}

#[track_caller]
fn every_format_says(merged: &Merged, words: &str) {
    for text in in_every_format(merged) {
        // Markdown escapes dots in no place that matters here, and hyphens in none.
        assert!(text.replace('\\', "").contains(words), "{words:?} in {text}");
    }
}

#[test]
fn six_reports_of_one_host_are_one_host() {
    let mut files = healthy();
    let bad = &others(1, true)[0];
    let at = |minute: usize| format!("2026-03-02T12:0{minute}:00Z");
    files.extend((0..6).map(|one| (format!("bad-{one}.json"), written(bad, &at(one)))));
    let merged = merged(&files);
    assert_eq!(said(&merged), ["TooFewHosts [relay dns_servfail 1/20]: "]);
    assert_eq!(merged.n_hosts(), 21);
    every_format_says(&merged, "5 older reports of 1 host were left out: bad-");
    let value = serde_json::to_value(&merged.passed_over).unwrap();
    assert_eq!(value.as_array().unwrap().len(), 5);
    assert_eq!(value[0]["hostname"], "n50");
    assert_eq!(value[0]["why"], "older");
}

#[test]
fn a_file_counts_once_however_often_it_is_given() {
    let mut files = healthy();
    let bad = written(&others(1, true)[0], MONDAY);
    for file in ["bad.json", "bad.json", "copies/bad.json"] {
        files.push((file.to_owned(), bad.clone()));
    }
    let merged = merged(&files);
    assert_eq!(merged.failures[0].failed[0].failing, 1);
    let words = "2 reports of 1 host were left out, since another file holds the same run: ";
    every_format_says(&merged, words);
}

#[test]
fn what_was_repaired_since_fails_no_more() {
    let mut files = healthy();
    let put = |files: &mut Vec<File>, day: &str, is_broken| {
        let all = others(6, is_broken);
        let file = |host: &Host| (format!("{}-{day}.json", host.number), written(host, day));
        files.extend(all.iter().map(file));
    };
    put(&mut files, TUESDAY, false);
    put(&mut files, MONDAY, true);
    let repaired = merged(&files);
    assert_eq!((said(&repaired), repaired.n_hosts()), (vec![], 26));
    assert!(!repaired.is_violated());
    every_format_says(&repaired, "6 older reports of 6 hosts were left out: 50-2026");
    files.reverse();
    assert_eq!(merged(&files).passed_over, repaired.passed_over);
}

#[test]
fn the_newest_report_tells_whatever_the_name_is_written_like() {
    let mut files = healthy();
    let all = others(6, true);
    files.extend(all.iter().map(|host| (format!("{}.json", host.number), written(host, TUESDAY))));
    let mut earlier = written(&others(1, false)[0], MONDAY);
    earlier["run"]["vantage"]["hostname"] = json!("N50");
    files.push(("earlier.json".to_owned(), earlier));
    let merged = merged(&files);
    assert_eq!(said(&merged), ["Explained [relay dns_servfail 6/20]: 10.0.0.99 6/0"]);
    assert_eq!(merged.passed_over[0].file, "earlier.json");
}

/// `localhost` is the name of many hosts.
#[test]
fn hosts_without_a_name_are_told_apart_by_what_they_wrote() {
    let mut files = Vec::new();
    for (at, host) in others(3, true).iter().enumerate() {
        let mut report = written(host, MONDAY);
        report["run"]["vantage"]["hostname"] = json!("localhost");
        files.push((format!("{at}.json"), report.clone()));
        files.push((format!("copy-{at}.json"), report));
    }
    let merged = merged(&files);
    assert_eq!((merged.n_hosts(), merged.passed_over.len()), (3, 3));
}

/// Images that were copied without another name: at one moment they run at several addresses.
#[test]
fn a_name_that_several_hosts_bear_says_nothing() {
    let named = |host: &Host, at: &str, address: &str| {
        let mut report = written(host, at);
        report["run"]["vantage"]["hostname"] = json!("srv");
        report["run"]["vantage"]["addresses"] = json!([address]);
        report
    };
    let one = &others(1, true)[0];
    let mut files = vec![
        ("a.json".to_owned(), named(one, MONDAY, "10.1.0.4")),
        ("moved.json".to_owned(), named(one, TUESDAY, "10.2.0.4")),
    ];
    let moved = merged(&files);
    assert_eq!((moved.n_hosts(), moved.passed_over.len()), (1, 1));
    files.push(("b.json".to_owned(), named(one, MONDAY, "10.2.0.4")));
    let several = merged(&files);
    assert_eq!((several.n_hosts(), several.passed_over.len()), (2, 1));
    assert_eq!(several.passed_over[0].file, "b.json");
}

/// Two machines with one name seldom begin in the same moment, and the one that fails is there.
#[test]
fn two_addresses_at_overlapping_times_are_two_hosts() {
    let named = |host: &Host, at: &str, address: &str| {
        let mut report = written(host, at);
        report["run"]["took_ms"] = json!(5214);
        report["run"]["vantage"]["hostname"] = json!("runtime");
        report["run"]["vantage"]["addresses"] = json!([address]);
        report
    };
    let broken = named(&others(1, true)[0], "2026-03-02T11:59:59Z", "10.9.0.5");
    let healthy = &others(1, false)[0];
    let both = |at: &str| {
        let healthy = named(healthy, at, "10.1.0.5");
        merged(&[("a.json".to_owned(), healthy), ("b.json".to_owned(), broken.clone())])
    };
    let overlapping = both("2026-03-02T12:00:00Z");
    assert_eq!((overlapping.n_hosts(), overlapping.passed_over.len()), (2, 0));
    assert!(overlapping.is_violated());
    // Who has another address after the run was over has moved.
    let moved = both("2026-03-02T12:00:05Z");
    assert_eq!((moved.n_hosts(), moved.passed_over.len()), (1, 1));
}

/// Redacted reports of six hosts with as many relays, resolvers and subnets, all of which are the
/// first of their report; or that have the names which a key gave them.
fn redacted(key: Option<&str>) -> Vec<File> {
    let mut files = healthy();
    for (at, host) in others(6, true).iter().enumerate() {
        let mut report = written(host, MONDAY);
        let label = |kind: &str| match key {
            Some(key) => format!("{kind}-{key}{at}"),
            None => format!("{kind}-1"),
        };
        report["run"]["vantage"]["hostname"] = json!(label("host"));
        report["endpoints"][0]["host"] =
            json!(format!("{}.servicebus.windows.net", label("relay")));
        report["endpoints"][0]["lookups"][0]["resolver"] = json!("10.99.7.7:53");
        report["endpoints"][0]["route"]["why"] = json!("rule text-1 of diahost.exe.config");
        let stand_in = json!({"label": label("address"), "shown": "10.99.7.7"});
        report["run"]["redacted"] = json!({"addresses": [stand_in]});
        files.push((format!("f{at}.json"), report));
    }
    files
}

#[test]
fn placeholders_of_different_reports_are_different_names() {
    let merged = merged(&redacted(None));
    assert_eq!(said(&merged), ["NothingShared [relay dns_servfail 6/20]: "]);
    assert_eq!((merged.n_hosts(), merged.passed_over.len()), (26, 0));
    every_format_says(&merged, "6 reports were redacted without a key that others share");
    // Nor have they the same findings.
    let endpoints: BTreeSet<_> =
        merged.groups.iter().flat_map(|group| &group.findings).map(|one| &one.endpoint).collect();
    assert_eq!(endpoints.len(), 6);
    let first = endpoints.first().unwrap().as_deref();
    assert_eq!(first, Some("relay relay-1.servicebus.windows.net:443 of f0.json"));
}

#[test]
fn a_shared_key_makes_names_that_are_compared_and_not_commands() {
    let merged = merged(&redacted(Some("5f3a9c0")));
    assert_eq!(
        said(&merged),
        ["Explained [relay dns_servfail 6/20]: \
             10.99.7.7 6/0 = rule text-1 of diahost.exe.config 6/0"]
    );
    assert_eq!(merged.failures[0].tests, []);
    for text in in_every_format(&merged) {
        assert!(!text.contains("pathproof check"), "{text}");
        assert!(!text.contains("redacted without"), "{text}");
    }
}

/// Of the same words in a report that is not redacted nothing is hidden.
#[test]
fn a_name_that_looks_like_a_placeholder_is_a_name() {
    let all = hosts(26, |number, host| {
        host.relay = "relay-1.servicebus.windows.net";
        if number < 6 {
            host.resolver = "10.0.0.99";
            host.found = vec![("relay", SERVFAIL)];
        }
    });
    let files: Vec<File> =
        all.iter().map(|host| (format!("{}.json", host.number), written(host, MONDAY))).collect();
    assert_eq!(said(&merged(&files)), ["Explained [relay dns_servfail 6/20]: 10.0.0.99 6/0"]);
}
