//! A report as SARIF: a rule for each cause that was found, a result for each finding, and a
//! logical location for every endpoint, found wanting or not. What was seen at each address stays
//! in the JSON report; here it stands as the evidence of the findings.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::format::{
    self, DefaultLevel, LogicalLocation, PropertyBag, RuleTable, SarifInvocation, SarifLevel,
    SarifLocation, SarifResult, SarifRule, SarifRun, SarifText, words,
};
use crate::diagnose::catalogue::{self, CatalogueEntry};
use crate::model::{Cause, Severity, visible};
use crate::report::markdown::inert::inline;
use crate::report_v1::{Endpoint, Finding, Report, Run};

/// Writes the report as one SARIF file.
///
/// # Errors
/// What `out` returns.
pub fn report(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let mut rules = RuleTable::default();
    let locations = ReportLocations::of(report);
    let mut results = Vec::new();
    for finding in &report.findings {
        results.push(result(finding, None, locations.host(), &mut rules));
    }
    for (at, endpoint) in report.endpoints.iter().enumerate() {
        for finding in &endpoint.findings {
            results.push(result(finding, Some(endpoint), locations.endpoint(at), &mut rules));
        }
    }
    let run = SarifRun {
        tool: rules.into_tool(&report.tool.name, &report.tool.version),
        invocations: Some([invocation(&report.run)]),
        logical_locations: locations.all,
        results,
        column_kind: "unicodeCodePoints",
        properties: of_whole(report)?,
    };
    format::write(run, out)
}

const fn level(severity: Severity) -> SarifLevel {
    match severity {
        Severity::Fail => SarifLevel::Error,
        Severity::Warn => SarifLevel::Warning,
        Severity::Unknown => SarifLevel::None,
    }
}

fn result(
    finding: &Finding,
    endpoint: Option<&Endpoint>,
    location: LogicalLocation,
    rules: &mut RuleTable,
) -> SarifResult {
    let level = level(finding.severity);
    let at = endpoint.map_or_else(|| "this host".to_owned(), Endpoint::host_port);
    SarifResult {
        rule_id: visible(&finding.cause).into_owned(),
        rule_index: rules.index(&finding.cause, || rule(&finding.cause)),
        kind: level.kind(),
        level,
        message: message(finding, &at),
        partial_fingerprints: BTreeMap::from([(
            "causeAtLocation/v1",
            format!("{} {}", visible(&finding.cause), location.fully_qualified_name),
        )]),
        locations: vec![SarifLocation {
            logical_locations: vec![location],
            physical_location: None,
        }],
        properties: of_finding(finding, endpoint),
    }
}

/// What is wrong, what says so and what to do: viewers show this first, and some nothing else.
fn message(finding: &Finding, at: &str) -> SarifText {
    let mut text = format!("{}: {}", visible(at), visible(&finding.message));
    for seen in finding.evidence.iter() {
        text.extend(["\nSeen: ", &visible(seen)]);
    }
    if !finding.remedy.is_empty() {
        let (owner, remedy) = (visible(&finding.owner), visible(&finding.remedy));
        text.extend(["\nTo do (", &owner, "): ", &remedy]);
    }
    SarifText::plain(&text)
}

fn of_finding(finding: &Finding, endpoint: Option<&Endpoint>) -> PropertyBag {
    let mut bag = PropertyBag::new();
    bag.insert("severity".to_owned(), finding.severity.as_str().into());
    for (name, text) in [
        ("certainty", Some(&finding.certainty)),
        ("owner", Some(&finding.owner)),
        ("remedy", Some(&finding.remedy)),
        ("explainedBy", finding.explained_by.as_ref()),
    ] {
        if let Some(text) = text {
            bag.insert(name.to_owned(), visible(text).into());
        }
    }
    bag.insert("rivals".to_owned(), words(&finding.rivals));
    bag.insert("evidence".to_owned(), words(&finding.evidence));
    if let Some(endpoint) = endpoint {
        bag.insert("required".to_owned(), endpoint.is_required().into());
        bag.insert("status".to_owned(), endpoint.status.as_str().into());
    }
    bag
}

/// The host and, by entry, its endpoints.
struct ReportLocations {
    all: Vec<LogicalLocation>,
    /// The location of each endpoint of the report.
    endpoints: Vec<usize>,
}

impl ReportLocations {
    fn of(report: &Report) -> Self {
        let host = visible(&report.run.vantage.hostname);
        let name = if host.is_empty() { "this host".into() } else { host };
        let mut all = vec![LogicalLocation {
            fully_qualified_name: format!("run/{name}"),
            name: name.into_owned(),
            kind: "host",
            ..LogicalLocation::default()
        }];
        let mut entries: BTreeMap<&str, usize> = BTreeMap::new();
        let mut endpoints = Vec::new();
        for endpoint in &report.endpoints {
            let entry = visible(&endpoint.entry);
            let parent = *entries.entry(&endpoint.entry).or_insert_with(|| {
                all.push(LogicalLocation {
                    name: entry.clone().into_owned(),
                    fully_qualified_name: entry.clone().into_owned(),
                    kind: "entry",
                    ..LogicalLocation::default()
                });
                all.len() - 1
            });
            let host_port = endpoint.host_port();
            let name = visible(&host_port);
            endpoints.push(all.len());
            all.push(LogicalLocation {
                index: None,
                fully_qualified_name: format!("{entry}/{name}"),
                name: name.into_owned(),
                kind: "endpoint",
                parent_index: Some(parent),
                properties: of_endpoint(endpoint),
            });
        }
        Self { all, endpoints }
    }

    fn host(&self) -> LogicalLocation {
        self.referred(0)
    }

    fn endpoint(&self, at: usize) -> LogicalLocation {
        self.referred(self.endpoints[at])
    }

    /// The location as a result names it: its details stand in the table.
    fn referred(&self, index: usize) -> LogicalLocation {
        LogicalLocation {
            index: Some(index),
            parent_index: None,
            properties: PropertyBag::new(),
            ..self.all[index].clone()
        }
    }
}

fn of_endpoint(endpoint: &Endpoint) -> PropertyBag {
    let mut bag = PropertyBag::new();
    bag.insert("status".to_owned(), endpoint.status.as_str().into());
    bag.insert("required".to_owned(), endpoint.is_required().into());
    for (name, text) in [
        ("cause", endpoint.cause.as_ref()),
        ("kind", endpoint.kind.as_ref()),
        ("role", endpoint.role.as_ref()),
        ("origin", endpoint.origin.as_ref()),
        ("purpose", Some(&endpoint.purpose)),
        ("route", Some(&endpoint.route.configured)),
    ] {
        if let Some(text) = text {
            bag.insert(name.to_owned(), visible(text).into());
        }
    }
    if let Some(addresses) = endpoint.addresses() {
        bag.insert("addresses".to_owned(), json!(addresses));
    }
    bag
}

fn invocation(run: &Run) -> SarifInvocation {
    let took = run.took_ms.map(|took| SignedDuration::from_micros(micros(took.as_f64())));
    let end = |start: Timestamp| took.and_then(|took| start.checked_add(took).ok());
    SarifInvocation {
        arguments: Some(run.options.iter().map(|one| visible(one).into_owned()).collect()),
        start_time_utc: run.started_at,
        end_time_utc: run.started_at.and_then(end),
        machine: Some(visible(&run.vantage.hostname).into_owned()),
        account: Some(visible(&run.vantage.account).into_owned()),
        exit_code: run.exit,
        // A report is there: whatever it says, the program did its work.
        execution_successful: true,
        tool_execution_notifications: Vec::new(),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a run takes less than 292,000 years")]
fn micros(milliseconds: f64) -> i64 {
    (milliseconds * 1000.0) as i64
}

/// What SARIF has no field for: what it means for the runtime, and what each team has to do.
fn of_whole(report: &Report) -> io::Result<PropertyBag> {
    fn value(part: &impl Serialize) -> io::Result<Value> {
        Ok(serde_json::to_value(part)?)
    }
    let mut bag = PropertyBag::new();
    bag.insert("summary".to_owned(), value(&report.summary)?);
    bag.insert("prediction".to_owned(), value(&report.prediction)?);
    bag.insert("actions".to_owned(), value(&report.actions)?);
    bag.insert("vantage".to_owned(), value(&report.run.vantage)?);
    if let Some(changes) = &report.changes {
        bag.insert("changes".to_owned(), value(changes)?);
    }
    Ok(bag)
}

/// The rule of a cause, as `explain` knows it.
fn rule(code: &str) -> SarifRule {
    if let Some(cause) = Cause::parse(code) {
        return rule_of_entry(catalogue::entry(cause));
    }
    let sentence = "This version of pathproof does not know this cause: a later one explains it.";
    SarifRule {
        id: visible(code).into_owned(),
        short_description: SarifText::plain(sentence),
        full_description: SarifText::plain(sentence),
        help: SarifText::plain(sentence),
        default_configuration: DefaultLevel { level: SarifLevel::Warning },
        properties: PropertyBag::new(),
    }
}

fn rule_of_entry(entry: &CatalogueEntry) -> SarifRule {
    let rivals: Vec<_> = entry.rivals.iter().map(|cause| cause.code()).collect();
    let further = catalogue::further(entry.cause);
    let mut parts = vec![("Told by", entry.told_by.to_owned())];
    if !rivals.is_empty() {
        parts.push(("Rivals", rivals.join(", ")));
    }
    parts.push(("Owner", entry.owner.as_str().to_owned()));
    parts.push(("Remedy", catalogue::in_form(entry.remedy)));
    for (owner, remedy) in further {
        parts.push(("Also", format!("({}) {}", owner.as_str(), catalogue::in_form(remedy))));
    }
    parts.push(("Source", entry.source.to_owned()));
    let (mut text, mut markdown) = (entry.sentence.to_owned(), inline(entry.sentence));
    markdown.push('\n');
    for (word, said) in &parts {
        text.extend(["\n", word, ": ", said]);
        markdown.extend(["\n- **", word, "**: ", &inline(said)]);
    }
    let code = entry.cause.code();
    let layer = code.split('_').next().unwrap_or(code);
    let mut properties = PropertyBag::new();
    properties.insert("tags".to_owned(), json!(["network", layer]));
    properties.insert("owner".to_owned(), entry.owner.as_str().into());
    properties.insert("rivals".to_owned(), json!(rivals));
    SarifRule {
        id: code.to_owned(),
        short_description: SarifText::plain(entry.sentence),
        full_description: SarifText::plain(&format!(
            "{} Told by: {}",
            entry.sentence, entry.told_by
        )),
        help: SarifText::with_markdown(&text, &markdown),
        default_configuration: DefaultLevel { level: level(entry.cause.severity()) },
        properties,
    }
}
