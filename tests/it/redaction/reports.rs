//! `--redact` of saved reports: nothing of the originals is left, and what is left says the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use pathproof::model::{Cause, HostRuntime, LoggedError, Records};
use pathproof::redact::{RedactionKey, Redactor, labelled};
use pathproof::report::{self, diff::Diff, merge};
use pathproof::report_v1::{Endpoint, Finding, Report};
use serde_json::Value;

use super::canary::{CANARIES, found_in};
use super::{WIDE, holds_word, key, originals, redacted, written};
use crate::scene::is_azure;
use crate::{golden, scene};

/// A format and what makes it of a report: a new format is one more line.
type Format = (&'static str, fn(&Report<'static>) -> String);

const FORMATS: &[Format] = &[
    ("json", |report| written(|out| report::json::write(report, out))),
    ("jsonl", |report| written(|out| report::json::write_lines(report, out))),
    ("html", |report| written(|out| report::html::report(report, out))),
    ("markdown", |report| written(|out| report::markdown::report(report, out))),
    ("csv", |report| {
        let options = report::csv::CsvOptions { is_all: true, ..Default::default() };
        written(|out| report::csv::report(report, &options, out))
    }),
    ("junit", |report| written(|out| report::junit::report(report, out))),
    ("sarif", |report| written(|out| report::sarif::report(report, out))),
    ("prometheus", |report| written(|out| report::prometheus::report(report, out))),
    ("diff", |report| {
        let nothing = Report { endpoints: Vec::new(), ..report.clone() };
        let diff = Diff::between(&nothing, report);
        report::diff::table(&diff, &WIDE) + &written(|out| diff.json(out))
    }),
    ("merge", |report| {
        let host = merge::MergedHost::of("file-1", report, &[]);
        let merged = merge::Merged::of(vec![host], vec![]);
        let page = written(|out| report::html::merged(&merged, out));
        report::merge::table(&merged, &WIDE) + &written(|out| merged.json(out)) + &page
    }),
];

fn redactor() -> Redactor<'static> {
    Redactor::new(key(), is_azure)
}

/// The report that the original records of a case give.
fn saved(name: &str) -> Report<'static> {
    let path = golden::folder().join(name).join("report.json");
    let text = fs::read_to_string(&path).expect("the report of the case");
    Report::read(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn nothing_of_the_originals_is_left_in_any_saved_report() {
    let mut left = Vec::new();
    for name in golden::case_names() {
        let originals = originals(&golden::read(&name));
        let redacted = redactor().redact_report(saved(&name));
        for (format, render) in FORMATS {
            let text = render(&redacted).to_ascii_lowercase();
            let found = originals.iter().filter(|original| holds_word(&text, original));
            left.extend(found.map(|original| format!("{name}, {format}: {original}")));
        }
    }
    left.truncate(40);
    assert!(left.is_empty(), "\n{}", left.join("\n"));
}

#[test]
fn no_canary_of_any_field_of_a_report_is_left_in_any_format() {
    let mut left = Vec::new();
    let mut fitting = Fitting::new();
    let mut n_fields = 0;
    for name in golden::case_names() {
        let path = golden::folder().join(&name).join("report.json");
        let (report, n) = with_canaries(&path, &mut fitting);
        n_fields += n;
        let redacted = redactor().redact_report(report);
        for (format, render) in FORMATS {
            let text = render(&redacted);
            left.extend(found_in(&text).map(|what| format!("{name}, {format}: {what}")));
        }
    }
    left.truncate(20);
    assert!(left.is_empty(), "\n{}", left.join("\n"));
    assert!(n_fields > 1000, "only {n_fields} fields took a canary");
}

/// The saved report with canaries in all fields that can hold one, and in how many these are.
fn with_canaries(path: &Path, fitting: &mut Fitting) -> (Report<'static>, usize) {
    let text = fs::read_to_string(path).expect("the report of the case");
    let mut whole: Value = serde_json::from_str(&text).expect("a report is JSON");
    let mut n_fields = 0;
    // A part of a list can be read alone, which is quicker than the whole for each field.
    let lists = ["findings", "actions", "endpoints"];
    let mut parts: Vec<(&str, Value)> = Vec::new();
    for list in lists {
        let items = whole[list].as_array_mut().map(std::mem::take).unwrap_or_default();
        parts.extend(items.into_iter().map(|item| (list, item)));
    }
    for (list, part) in &mut parts {
        n_fields += put_canaries(list, part, |part| alone(list, part), fitting);
    }
    n_fields += put_canaries("", &mut whole, Clone::clone, fitting);
    for (list, part) in parts {
        whole[list].as_array_mut().expect("a list").push(part);
    }
    (Report::read(&whole.to_string()).expect("what was read before"), n_fields)
}

/// A report with nothing but `part` in one of its lists.
fn alone(list: &str, part: &Value) -> Value {
    let mut report = serde_json::json!({"schema": "pathproof.report/1", "endpoints": []});
    report[list] = Value::Array(vec![part.clone()]);
    report
}

/// Which canary fits into the field of a place, whatever number of its list it is.
type Fitting = BTreeMap<String, Option<&'static str>>;

fn put_canaries(
    list: &str,
    part: &mut Value,
    report_of: impl Fn(&Value) -> Value,
    fitting: &mut Fitting,
) -> usize {
    let mut n_fields = 0;
    for pointer in super::canary::texts(part, String::new()) {
        let names = pointer.split('/').filter(|name| name.parse::<usize>().is_err());
        let place = names.fold(list.to_owned(), |place, name| place + "/" + name);
        let fits = *fitting.entry(place).or_insert_with(|| {
            CANARIES.iter().copied().find(|canary| {
                let mut tried = part.clone();
                *tried.pointer_mut(&pointer).expect("the same") = Value::from(*canary);
                Report::read(&report_of(&tried).to_string()).is_ok()
            })
        });
        if let Some(canary) = fits {
            n_fields += 1;
            *part.pointer_mut(&pointer).expect("the text that was found") = Value::from(canary);
        }
    }
    n_fields
}

/// All that is judged in a report, and nothing that names anyone.
fn judged(report: &Report) -> Vec<String> {
    let finding = |finding: &Finding| {
        let Finding { cause, severity, certainty, rivals, owner, explained_by, .. } = finding;
        format!("{cause} {severity:?} {certainty} {rivals:?} {owner} {explained_by:?}")
    };
    let endpoint = |endpoint: &Endpoint| {
        let findings: Vec<String> = endpoint.findings.iter().map(finding).collect();
        let Endpoint { role, port, kind, required, origin, status, cause, .. } = endpoint;
        let steps = endpoint.trails.iter().flat_map(|trail| &trail.steps);
        let steps: Vec<_> = steps.map(|step| (&step.name, &step.outcome, &step.took_ms)).collect();
        let hops = endpoint.located.iter().flat_map(|located| &located.path);
        let hops: Vec<_> = hops.map(|hop| (&hop.tcp, &hop.udp)).collect();
        let resolved: Vec<_> = endpoint.lookups.iter().map(|lookup| &lookup.outcome).collect();
        format!(
            "{role:?} {port:?} {kind:?} {required:?} {origin:?} {status:?} {cause:?} {findings:?} \
             {steps:?} {hops:?} {resolved:?}"
        )
    };
    let actions = report.actions.iter().map(|action| {
        format!("{} {:?} {}", action.owner, action.causes, action.destinations.len())
    });
    let Report { summary, run, prediction, .. } = report;
    let of_run = format!("{summary:?} {:?} {:?}", run.exit, prediction.network_allows);
    let findings = report.findings.iter().map(finding);
    actions.chain(findings).chain(report.endpoints.iter().map(endpoint)).chain([of_run]).collect()
}

#[test]
fn redacted_reports_judge_as_the_originals() {
    for name in golden::case_names() {
        let before = saved(&name);
        let after = redactor().redact_report(before.clone());
        assert_eq!(judged(&after), judged(&before), "{name}");
        assert_eq!(report::exit(&after), report::exit(&before), "{name}");
        let mut again = Redactor::new(RedactionKey::of_run(&[1; 32]), is_azure);
        assert_eq!(again.redact_report(after.clone()), after, "{name}: redacted twice");
    }
}

#[test]
fn names_that_were_the_same_are_the_same() {
    for name in golden::case_names() {
        let before = saved(&name);
        let after = redactor().redact_report(before.clone());
        let mut called: BTreeMap<String, String> = BTreeMap::new();
        let hosts = before.endpoints.iter().zip(&after.endpoints);
        for (before, after) in hosts {
            let known = called.entry(before.host.to_string()).or_insert(after.host.to_string());
            assert_eq!(*known, after.host, "{name}");
        }
        let different: BTreeSet<&String> = called.values().collect();
        assert_eq!(different.len(), called.len(), "{name}: {called:?}");
        // Of the records alone the same placeholders come, as both are made by one key.
        let of_records = redacted(&golden::read(&name));
        let concluded = scene::conclude(&of_records);
        let of_records = report::assemble(&of_records, &concluded, None);
        let hosts = |report: &Report| {
            report.endpoints.iter().map(|one| one.host.to_string()).collect::<BTreeSet<_>>()
        };
        assert_eq!(hosts(&after), hosts(&of_records), "{name}");
    }
}

/// What was found of the runtime on its host stays in a report, as it does in records.
#[test]
fn the_runtime_of_the_host_is_kept() {
    let mut n_found = 0;
    for name in golden::case_names() {
        let after = redactor().redact_report(saved(&name));
        let of_records = redacted(&golden::read(&name));
        let concluded = scene::conclude(&of_records);
        let of_records = report::assemble(&of_records, &concluded, None);
        assert_eq!(after.run.runtime, of_records.run.runtime, "{name}");
        let sightings = after.endpoints.iter().map(|one| &one.discovered);
        let of_records = of_records.endpoints.iter().map(|one| &one.discovered);
        assert!(sightings.clone().eq(of_records), "{name}");
        n_found += usize::from(after.run.runtime.is_some() && sightings.flatten().count() > 0);
    }
    assert!(n_found >= 2, "only {n_found} cases hold what was found on a host");
}

#[test]
fn hosts_are_merged_and_compared_as_before() {
    let names: Vec<String> = golden::case_names().into_iter().collect();
    for pair in names.windows(2) {
        let before: Vec<Report> = pair.iter().map(|name| saved(name)).collect();
        let mut redactor = redactor();
        let after: Vec<Report> =
            before.iter().map(|report| redactor.redact_report(report.clone())).collect();
        let groups = |reports: &[Report<'static>]| {
            let hosts = reports.iter().map(|report| merge::MergedHost::of("file", report, &[]));
            let merged = merge::Merged::of(hosts.collect(), vec![]);
            let sizes: Vec<_> = merged.groups.iter().map(|one| one.findings.len()).collect();
            (merged.common.len(), sizes.into_iter().collect::<BTreeSet<_>>())
        };
        assert_eq!(groups(&after), groups(&before), "{pair:?}");
        let changes = |reports: &[Report<'static>]| {
            let diff = Diff::between(&reports[0], &reports[1]);
            let kind = |change: &_| {
                let value = serde_json::to_value(change).expect("a change is JSON");
                format!("{} {}", value["kind"], value["endpoint"]["port"])
            };
            diff.changes.iter().map(kind).collect::<Vec<_>>()
        };
        assert_eq!(changes(&after), changes(&before), "{pair:?}");
    }
}

/// The sentences that diagnosis wrote.
fn sentences(report: &Report) -> Vec<String> {
    let of_endpoints = report.endpoints.iter().flat_map(|endpoint| &endpoint.findings);
    let mut all = Vec::new();
    for finding in report.findings.iter().chain(of_endpoints) {
        all.extend([finding.message.to_string(), finding.remedy.to_string()]);
        all.extend(finding.evidence.iter().cloned());
    }
    all.extend(report.actions.iter().map(|action| action.text.to_string()));
    let prediction = &report.prediction;
    for texts in [&prediction.because, &prediction.consequences, &prediction.not_looked_at] {
        all.extend(texts.iter().cloned());
    }
    all
}

#[test]
fn sentences_read_as_those_made_from_redacted_records() {
    /// Of a hundred. The others name destinations in another order, or repeat a title or a node.
    const LEAST_ALIKE: usize = 90;
    let (mut n_alike, mut n_all) = (0, 0);
    let mut others = BTreeSet::new();
    for name in golden::case_names() {
        let of_records = redacted(&golden::read(&name));
        let concluded = scene::conclude(&of_records);
        let expected = sentences(&report::assemble(&of_records, &concluded, None));
        let expected: BTreeSet<String> = expected.into_iter().collect();
        for found in sentences(&redactor().redact_report(saved(&name))) {
            n_all += 1;
            if expected.contains(&found) {
                n_alike += 1;
            } else {
                others.insert(format!("{name}: {found}"));
            }
        }
    }
    let others: Vec<String> = others.into_iter().collect();
    assert!(
        n_alike * 100 >= n_all * LEAST_ALIKE,
        "{n_alike} of {n_all} sentences\n{}",
        others.join("\n")
    );
}

/// Words of sentences from redacted records, which no stranger chose.
#[test]
fn the_vocabulary_is_that_of_all_golden_reports() {
    let mut words = BTreeSet::new();
    let mut take = |text: &str| {
        let is_of_token = |c: char| c.is_alphanumeric() || "._-:*\\@%+'".contains(c);
        for token in text.split(|c| !is_of_token(c)) {
            let word = token.trim_matches(|c: char| "'-.:*".contains(c)).to_lowercase();
            let is_word = word.chars().all(|c| c.is_ascii_lowercase() || "-_'".contains(c));
            if is_word && word.contains(|c: char| c.is_ascii_lowercase()) {
                words.insert(word);
            }
        }
    };
    for name in golden::case_names() {
        let records =
            Redactor::new(RedactionKey::of_run(&[7; 32]), is_azure).redact(&golden::read(&name));
        let concluded = scene::conclude(&records);
        let report = report::assemble(&records, &concluded, None);
        for text in sentences(&report) {
            take(&text);
        }
        for endpoint in &report.endpoints {
            take(&endpoint.route.why);
            take(endpoint.gateways_skipped.as_deref().unwrap_or_default());
        }
    }
    for cause in Cause::ALL {
        let entry = pathproof::diagnose::catalogue::entry(*cause);
        [entry.sentence, entry.told_by, entry.remedy].into_iter().for_each(&mut take);
    }
    let text = words.iter().fold(String::new(), |text, word| text + word + "\n");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/redact/words_of_reports.txt");
    if std::env::var_os("PATHPROOF_BLESS").is_some() {
        fs::write(&path, &text).expect("the words");
    }
    let saved = fs::read_to_string(&path).expect("the words");
    assert!(saved == text, "other words than saved (PATHPROOF_BLESS=1 rewrites them, then review)");
}

#[test]
fn addresses_are_called_by_their_labels() {
    let mut redactor = redactor();
    let report = redactor.redact_report(saved("two-faults"));
    let nothing = Report { endpoints: Vec::new(), ..report.clone() };
    let table = report::diff::table(&Diff::between(&nothing, &report), &WIDE);
    assert!(labelled(&table, Some(&redactor.legend())).contains("address-"), "{table}");
    assert!(report.run.redacted.is_some_and(|legend| !legend.addresses.is_empty()));
}

/// What an entry of the log means is the same, redacted or not: in a report, and in records that
/// are replayed.
#[test]
fn a_logged_text_means_the_same_when_it_is_redacted() {
    let texts = [
        "failed to connect to contoso-adf.westeurope.datafactory.azure.net (10.77.1.4): Unable to \
         connect to the remote server 10.77.8.9:3128",
        "Unable to connect to the remote server. Failed to connect to proxy77.contoso.local",
        "failed to connect to wss://contoso-77.servicebus.windows.net:443/$servicebus",
        "SocketException: the error code is 11002 on shir-77",
        "the error code is: UnexpectedFault, activityId is: 77, failed to connect to sql77",
        "A request to the remote server failed: 407",
        "The copy of payroll77.csv failed after 10061 ms",
        "node shir-77 is Limited: connected to Azure Relay",
        "contoso77",
    ];
    let mut records = golden::read(golden::case_names().first().expect("a case"));
    let error = |text: &&str| LoggedError { at: None, text: (*text).to_owned() };
    let errors = texts.iter().map(error).collect();
    records.run.runtime = Some(HostRuntime { errors, ..HostRuntime::default() });
    let explained = |report: &Report<'_>| -> Vec<Option<String>> {
        let errors = report.run.runtime.as_ref().expect("the runtime").errors.iter();
        errors.map(|one| one.explained.as_deref().map(str::to_owned)).collect()
    };
    let report = |records: &Records| {
        let concluded = scene::conclude(records);
        let report = report::assemble(records, &concluded, None);
        Report::read(&written(|out| report::json::write(&report, out))).expect("a report")
    };
    let plain = report(&records);
    let expected = explained(&plain);
    assert_eq!(expected.iter().filter(|one| one.is_some()).count(), 5, "{expected:?}");
    let replayed = report(&redacted(&records));
    for report in [redactor().redact_report(plain), replayed] {
        assert_eq!(explained(&report), expected);
        let json = written(|out| report::json::write(&report, out));
        for own in ["contoso", "10.77", "shir-77", "sql77", "payroll77", "proxy77"] {
            assert!(!json.contains(own), "{own} in {:?}", report.run.runtime);
        }
    }
}
