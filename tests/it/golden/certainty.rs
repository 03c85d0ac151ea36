//! Certainty is earned. `truth.json` beside the records of a case says what was really wrong at
//! its hosts: the world the records come from, and then every other world that would have left
//! the same records. What is `proven` must be true in all of them.
//!
//! Records that differ in no more than names, times and which of Azure's addresses it was are the
//! same to a client: their worlds are taken together, whichever case states them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use pathproof::archive;
use pathproof::model::{Cause, Certainty, Finding, LookupOutcome, Record, Records};
use serde::Deserialize;
use serde_json::Value;

use super::{case_names, folder, read};
use crate::scene;

/// What was wrong where records were made, or where the same could have been.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct World {
    /// In words.
    what: String,
    /// What is wrong and leaves traces.
    #[serde(default)]
    faults: Vec<String>,
    /// What is wrong too, behind what is seen.
    #[serde(default)]
    hidden: Vec<String>,
}

impl World {
    fn is_true(&self, cause: Cause) -> bool {
        self.faults.iter().chain(&self.hidden).any(|fault| fault == cause.code())
    }
}

/// By host; the run's own findings stand under `the run`.
type Truth = BTreeMap<String, Vec<World>>;

const THE_RUN: &str = "the run";

struct Situation {
    /// `case: host`.
    label: String,
    /// What a client saw of it.
    seen: String,
    worlds: Vec<World>,
    findings: Vec<Finding>,
}

fn situations() -> Vec<Situation> {
    let mut all = Vec::new();
    for name in case_names() {
        let Ok(text) = fs::read_to_string(folder().join(&name).join("truth.json")) else {
            continue;
        };
        let mut truth: Truth =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let records = read(&name);
        let conclusion = scene::conclude(&records);
        for (index, verdict) in conclusion.verdicts.iter().enumerate() {
            let host = records.records[index].endpoint.subject.to_string();
            let Some(worlds) = truth.remove(&host) else { continue };
            let (label, seen) = (format!("{name}: {host}"), seen(&records, index, &host));
            all.push(Situation { label, seen, worlds, findings: verdict.findings.clone() });
        }
        if let Some(worlds) = truth.remove(THE_RUN) {
            let label = format!("{name}: {THE_RUN}");
            let findings = conclusion.findings;
            all.push(Situation { seen: label.clone(), label, worlds, findings });
        }
        assert!(truth.is_empty(), "{name}/truth.json: no such host: {:?}", truth.keys());
    }
    all
}

/// The records of one host as it would be for any other: without names, times, and which of
/// Azure's addresses.
fn seen(records: &Records, index: usize, host: &str) -> String {
    let one = Records { run: records.run.clone(), records: vec![records.records[index].clone()] };
    let mut bytes = Vec::new();
    archive::write(&one, &mut bytes).expect("writing to memory");
    let is_alone = if is_silent_alone(records, index) { "; its server answers others" } else { "" };
    let text = String::from_utf8(bytes).expect("JSON is UTF-8").replace(host, "HOST");
    let (label, _) = host.split_once('.').unwrap_or((host, ""));
    let lines = text.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).expect("a line of JSON");
        anonymise(&mut line, label);
        line.to_string()
    });
    lines.chain([is_alone.to_owned()]).collect()
}

/// Whether a server that is silent about this name gave addresses of others.
fn is_silent_alone(records: &Records, index: usize) -> bool {
    let of = |record: &Record, outcome| {
        let lookups = record.lookups.iter().filter(move |one| one.outcome() == outcome);
        lookups.map(|one| one.resolver).collect::<Vec<_>>()
    };
    let silent = of(&records.records[index], LookupOutcome::TimedOut);
    let answers = |record| of(record, LookupOutcome::Addresses);
    let answered: Vec<_> = records.records.iter().flat_map(answers).collect();
    !silent.is_empty() && silent.iter().all(|server| answered.contains(server))
}

fn anonymise(value: &mut Value, label: &str) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| {
                !name.ends_with("_ns")
                    && !["at", "entry", "purpose", "origin", "order", "required", "service_tags"]
                        .contains(&name.as_str())
            });
            fields.values_mut().for_each(|value| anonymise(value, label));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| anonymise(value, label)),
        Value::String(text) => {
            let address = text.strip_suffix(":443").unwrap_or(text).parse();
            if address.is_ok_and(|address| scene::is_azure(address) == Some(true)) {
                "AZURE".clone_into(text);
            } else if let Some(rest) = text.strip_prefix(label) {
                *text = format!("LABEL{rest}");
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Why the findings do not do justice to one of the worlds that leave their records.
fn injustice(findings: &[Finding], world: &World) -> Option<String> {
    let proven = findings.iter().filter(|finding| finding.certainty == Certainty::Proven);
    if let Some(false_one) = proven.map(|finding| finding.cause).find(|it| !world.is_true(*it)) {
        return Some(format!("{false_one} is proven, and not true where {}", world.what));
    }
    let named: BTreeSet<&str> = findings
        .iter()
        .flat_map(|finding| finding.rivals.iter().chain([&finding.cause]))
        .map(|cause| cause.code())
        .collect();
    let unnamed = world.faults.iter().find(|fault| !named.contains(fault.as_str()))?;
    Some(format!("{unnamed} is neither cause nor rival, and it is true where {}", world.what))
}

#[test]
fn nothing_is_proven_that_a_rival_explains() {
    let situations = situations();
    let mut worlds: BTreeMap<&str, Vec<&World>> = BTreeMap::new();
    for situation in &situations {
        worlds.entry(&situation.seen).or_default().extend(&situation.worlds);
    }
    let mut wrong = Vec::new();
    for Situation { label, seen, findings, .. } in &situations {
        let unjust = worlds[seen.as_str()].iter().filter_map(|world| injustice(findings, world));
        wrong.extend(unjust.map(|what| format!("{label}: {what}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_bench_is_as_large_as_promised() {
    let situations = situations();
    let is_double = |one: &&Situation| {
        let recorded = &one.worlds[0];
        recorded.faults.len() + recorded.hidden.len() >= 2
    };
    let (all, double) = (situations.len(), situations.iter().filter(is_double).count());
    assert!(all >= 60 && double * 3 >= all, "{all} situations, {double} with two faults");
    let rivalled = situations.iter().filter(|one| one.worlds.len() > 1).count();
    assert!(rivalled * 3 >= all, "{all} situations, {rivalled} with rival worlds");
}

#[test]
fn truths_are_told_in_the_contracts_words() {
    for Situation { label, worlds, findings, .. } in situations() {
        for world in worlds {
            assert!(!world.what.is_empty(), "{label}");
            for fault in world.faults.iter().chain(&world.hidden) {
                assert!(Cause::parse(fault).is_some(), "{label}: {fault}");
            }
            let is_seen = |fault: &&String| findings.iter().any(|it| it.cause.code() == **fault);
            let not_hidden = world.hidden.iter().find(is_seen);
            assert!(not_hidden.is_none(), "{label}: {not_hidden:?} is found, so not hidden");
        }
    }
}

/// Records of two cases that differ in names only are known to be the same.
#[test]
fn what_a_client_cannot_tell_apart_is_one_class() {
    let all = situations();
    let class = |label: &str| {
        let found = all.iter().find(|one| one.label.starts_with(label));
        &found.unwrap_or_else(|| panic!("{label}")).seen
    };
    let refusal = class("tcp-failures: refused.");
    assert_eq!(refusal, class("two-faults: refusal-hides-expired."));
    assert_ne!(refusal, class("tcp-failures: kernel."));
}
