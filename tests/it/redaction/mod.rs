//! `--redact`: nothing of this side is left in any format or in the records, and what is left is
//! judged as before.

mod canary;
mod reports;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use pathproof::model::{
    AddressClass, Cause, Conclusion, Host, HostName, LinkData, Records, Status, Subject, classify,
};
use pathproof::redact::{RedactionKey, Redactor, labelled};
use pathproof::report::{self, diff::Diff, merge};
use pathproof::{archive, report_v1};

use crate::scene::is_azure;
use crate::{golden, scene};

/// The same in every run of the tests.
fn key() -> RedactionKey {
    RedactionKey::shared(b"a key for tests alone")
}

/// The records redacted, saved, and read again.
fn redacted(records: &Records) -> Records {
    let redacted = Redactor::new(key(), is_azure).redact(records);
    archive::read(&*saved(&redacted), "redacted").unwrap_or_else(|error| panic!("{error}"))
}

fn saved(records: &Records) -> Vec<u8> {
    let mut bytes = Vec::new();
    archive::write(records, &mut bytes).expect("writing to memory");
    bytes
}

/// A format and what makes it of records: a new format is one more line.
type Format = (&'static str, fn(&Records, &Conclusion) -> String);

const WIDE: report::Style = report::Style { width: 160, color: false };

const FORMATS: &[Format] = &[
    ("table", |records, concluded| text(records, &report::table(records, concluded, &WIDE))),
    ("verbose", |records, concluded| text(records, &report::verbose(records, concluded, &WIDE))),
    ("json", |records, concluded| {
        written(|out| report::json::report(records, concluded, None, out))
    }),
    ("jsonl", |records, concluded| {
        written(|out| {
            report::json::begin(&records.run, out)?;
            for (record, verdict) in records.records.iter().zip(&concluded.verdicts) {
                report::json::endpoint(record, verdict, out)?;
            }
            report::json::end(&records.run, concluded, None, out)
        })
    }),
    ("resolve", |records, _| text(records, &report::resolve::table(records, &WIDE))),
    ("resolve, json", |records, _| written(|out| report::resolve::json(records, out))),
    ("resolve, plain", |records, _| written(|out| report::resolve::plain(records, out))),
    ("diff", |records, concluded| {
        let now = report::assemble(records, concluded, None);
        let nothing = report_v1::Report { endpoints: Vec::new(), ..now.clone() };
        let diff = Diff::between(&nothing, &now);
        report::diff::table(&diff, &WIDE) + &written(|out| diff.json(out))
    }),
    ("merge", |records, concluded| {
        let now = report::assemble(records, concluded, None);
        let merged =
            merge::Merged::of(vec![merge::MergedHost::of("report.json", &now, &[])], vec![]);
        report::merge::table(&merged, &WIDE) + &written(|out| merged.json(out))
    }),
    ("html", |records, concluded| of_report(records, concluded, report::html::report)),
    ("markdown", |records, concluded| of_report(records, concluded, report::markdown::report)),
    ("csv", |records, concluded| {
        let options = report::csv::CsvOptions { is_all: true, ..Default::default() };
        let report = report::assemble(records, concluded, None);
        written(|out| report::csv::report(&report, &options, out))
    }),
    ("junit", |records, concluded| of_report(records, concluded, report::junit::report)),
    ("sarif", |records, concluded| of_report(records, concluded, report::sarif::report)),
    ("prometheus", |records, concluded| of_report(records, concluded, report::prometheus::report)),
    ("records", |records, _| String::from_utf8(saved(records)).expect("JSON is UTF-8")),
];

fn text(records: &Records, table: &str) -> String {
    labelled(table, records.run.redacted.as_ref()).into_owned()
}

fn of_report(
    records: &Records,
    concluded: &Conclusion,
    write: fn(&report_v1::Report, &mut Vec<u8>) -> std::io::Result<()>,
) -> String {
    let report = report::assemble(records, concluded, None);
    written(|out| write(&report, out))
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes).expect("writing to memory");
    String::from_utf8(bytes).expect("UTF-8")
}

/// Status, causes with their certainty, and whether it counts.
type Judged = (Status, Vec<(Cause, &'static str, Vec<Cause>)>, bool);

fn judged(conclusion: &Conclusion) -> (Vec<Judged>, Vec<Cause>, &'static str) {
    let of_verdict = |verdict: &pathproof::model::Verdict| {
        let findings = verdict.findings.iter();
        let causes =
            findings.map(|one| (one.cause, one.certainty.as_str(), one.rivals.clone())).collect();
        (verdict.status, causes, verdict.counts)
    };
    let verdicts = conclusion.verdicts.iter().map(of_verdict).collect();
    let of_run = conclusion.findings.iter().map(|finding| finding.cause).collect();
    (verdicts, of_run, conclusion.prediction.network_allows.as_str())
}

#[test]
fn redacted_records_are_judged_as_the_originals() {
    let mut different = Vec::new();
    for name in golden::case_names() {
        let records = golden::read(&name);
        let redacted = redacted(&records);
        let (before, after) = (scene::conclude(&records), scene::conclude(&redacted));
        let (left, right) = (judged(&before), judged(&after));
        if left == right {
            continue;
        }
        different.push(format!("{name}: {:?}\n{:?}", (&left.1, left.2), (&right.1, right.2)));
        for (index, (one, other)) in left.0.iter().zip(&right.0).enumerate() {
            if one != other {
                let subject = &records.records[index].endpoint.subject;
                different.push(format!("  {subject}: {one:?}\n   now {other:?}"));
            }
        }
    }
    assert!(different.is_empty(), "\n{}", different.join("\n"));
}

#[test]
fn nothing_of_the_originals_is_left_in_any_golden_case() {
    let mut left = Vec::new();
    for name in golden::case_names() {
        let records = golden::read(&name);
        let originals = originals(&records);
        let redacted = redacted(&records);
        let concluded = scene::conclude(&redacted);
        for (format, render) in FORMATS {
            let text = render(&redacted, &concluded).to_ascii_lowercase();
            let found = originals.iter().filter(|original| holds_word(&text, original));
            left.extend(found.map(|original| format!("{name}, {format}: {original}")));
        }
    }
    left.truncate(40);
    assert!(left.is_empty(), "\n{}", left.join("\n"));
}

/// Whether `text` holds `word` and it is no part of a longer one.
pub(crate) fn holds_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let is_of_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let before = text[..at].chars().next_back();
        let mut after = text[at + word.len()..].chars();
        let is_cut = |c: Option<char>| !c.is_some_and(is_of_word);
        let next = after.next();
        // `10.0.0.5` is no part of `110.0.0.5` nor of `10.0.0.5.1`.
        let goes_on = next == Some('.') && after.next().is_some_and(|c| c.is_ascii_digit());
        is_cut(before) && is_cut(next) && !goes_on && before != Some('.')
    })
}

/// What identifies this side in the records, lower case.
pub(crate) fn originals(records: &Records) -> BTreeSet<String> {
    let mut found: BTreeSet<String> =
        ["contoso", "contoso-adf", "operator", "shir-01", "zscaler intermediate root ca"]
            .map(str::to_owned)
            .into();
    let mut name = |name: &HostName| {
        let text = name.as_str();
        let is_customers = text.contains("contoso")
            || text
                .strip_suffix(".servicebus.windows.net")
                .is_some_and(|label| !label.ends_with("-sb") && !label.ends_with("privatelink"))
            || (text.ends_with(".blob.core.windows.net") && !text.starts_with("blob."))
            || text.ends_with(".database.windows.net");
        if is_customers {
            found.insert(text.to_owned());
        }
    };
    let mut addresses: BTreeSet<IpAddr> = records.run.vantage.addresses.iter().copied().collect();
    addresses.extend(records.run.vantage.resolvers.iter().map(std::net::SocketAddr::ip));
    for record in &records.records {
        if let Subject::Host(Host::Name(subject)) = &record.endpoint.subject {
            name(subject);
        }
        for trail in &record.trails {
            addresses.extend(trail.local().map(|local| local.ip()));
            addresses.insert(trail.remote().ip());
        }
        let of_proxies = record.proxies.iter().flat_map(|proxy| &proxy.lookups);
        for lookup in record.lookups.iter().chain(of_proxies) {
            name(&lookup.name);
            for link in lookup.answers().flat_map(|answer| &answer.chain) {
                match &link.data {
                    LinkData::Alias(target) => name(target),
                    LinkData::Address(address) => {
                        addresses.insert(*address);
                    }
                }
            }
        }
    }
    let private = addresses.iter().filter(|one| classify(**one) == AddressClass::Private);
    found.extend(private.map(ToString::to_string));
    found
}

#[test]
fn one_key_gives_the_same_placeholders_and_another_gives_others() {
    let records = golden::read("two-faults");
    let of = |secret: &[u8]| {
        let redacted = Redactor::new(RedactionKey::shared(secret), is_azure).redact(&records);
        String::from_utf8(saved(&redacted)).expect("JSON is UTF-8")
    };
    assert_eq!(of(b"one"), of(b"one"));
    assert_ne!(of(b"one"), of(b"another"));
}

#[test]
fn what_is_redacted_stays_as_it_is() {
    let once = redacted(&golden::read("proxy-sign-in"));
    let twice = Redactor::new(RedactionKey::of_run(&[1; 32]), is_azure).redact(&once);
    assert_eq!(once, twice);
}

#[test]
fn records_keep_sharing_what_they_share() {
    let records = golden::read("gateways");
    let shared = |records: &Records| {
        let lookups = records.records.iter().flat_map(|record| &record.lookups);
        lookups.map(Arc::as_ptr).collect::<BTreeSet<_>>().len()
    };
    assert_eq!(shared(&redacted(&records)), shared(&records));
}
