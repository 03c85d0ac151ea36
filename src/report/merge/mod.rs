//! Reports of several hosts side by side: hosts with the same findings together, the rarest
//! first, and apart from what all of them share.
//!
//! Two hosts have the same findings where the same causes stand at the same endpoints with the
//! same severity; messages, addresses and times may differ. A gateway that Azure has not assigned
//! is nobody's finding.
//!
//! Above them stands what the failures share and the successes do not (`failures`, by the method
//! of `cover`). Failures are alike where endpoints of one role fail by one cause. What counts as
//! a success is an endpoint of the same role on any host that works; one that fails for another
//! reason might hide the same fault and says nothing. Statements that one part explains become one.
//!
//! A host is one host however many reports it wrote (`same_host`), and a placeholder that was made
//! for one report alone is no name that others could share (`placeholders`).

mod answers;
mod cover;
mod facts;
mod failures;
mod handout;
mod host_test;
mod left_out;
mod placeholders;
mod same_host;
mod suspects;
mod times;
pub(super) mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::Style;
use super::terminal::page::Page;
use super::wording::counted_as;
use crate::model::{Owner, Severity, Status};
use crate::report_v1::{Finding, Report, SeverityWord};
use facts::HostFacts;
use placeholders::OwnNames;
use same_host::HostIdentity;

pub use failures::{CountedPart, Explained, FailedAlike, FailureStatement, SuspectedPart};
pub use handout::handout;
pub use host_test::HostTest;
pub use left_out::{LeftOutOfMerge, MergedOnly};
pub use placeholders::Placeholders;
pub use same_host::{PassedOver, WhyPassedOver};
pub use suspects::{PartKind, SharedPart};

/// How many hosts of a group are named in the table; the JSON has all.
const HOSTS_SHOWN: usize = 12;
/// How many findings of a group.
const FINDINGS_SHOWN: usize = 40;

/// A host's report, as far as it is put beside others.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MergedHost {
    /// Its own name.
    pub hostname: String,
    /// The file that was read.
    pub file: String,
    /// When it measured.
    pub started_at: Option<Timestamp>,
    /// The best state that the network allows the runtime.
    pub network_allows: String,
    /// Where what its report calls things means the same.
    pub placeholders: Placeholders,
    /// When the run was over, where that is known.
    #[serde(skip)]
    ended_at: Option<Timestamp>,
    #[serde(skip)]
    identity: HostIdentity,
    /// The one that destinations are reached from.
    #[serde(skip)]
    address: Option<IpAddr>,
    /// Whose findings are `seen`; empty where those of everyone are.
    #[serde(skip)]
    owners: Vec<Owner>,
    /// How many findings are of others.
    #[serde(skip)]
    n_left_out: usize,
    #[serde(skip)]
    seen: BTreeSet<SharedFinding>,
    #[serde(skip)]
    facts: HostFacts,
}

/// A finding without what differs from host to host. The worst come first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SharedFinding {
    /// How bad it is.
    #[serde(with = "SeverityWord")]
    pub severity: Severity,
    /// `relay ns.servicebus.windows.net:443`; `None` where it is of the run.
    pub endpoint: Option<String>,
    /// The stable code.
    pub cause: String,
    /// Who can mend it.
    pub owner: String,
    /// Whether the runtime needs the endpoint.
    pub required: bool,
}

/// A file that is no report.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Unreadable {
    /// The file's path as it was given.
    pub file: String,
    /// Why it was not read.
    pub error: String,
}

/// Hosts side by side.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Merged {
    /// What the failures share and the successes do not; the surest first, then those of most
    /// hosts.
    pub failures: Vec<FailureStatement>,
    /// What every host found.
    pub common: BTreeSet<SharedFinding>,
    /// The rarest first.
    pub groups: Vec<Group>,
    /// Reports that do not count, because a newer one of the same host does.
    pub passed_over: Vec<PassedOver>,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
    /// Whose findings these are, where others' were left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<MergedOnly>,
    /// When it is looked at, where that is known.
    #[serde(skip)]
    now: Option<Timestamp>,
}

/// Hosts with the same findings.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Group {
    /// By name, then by file.
    pub hosts: Vec<MergedHost>,
    /// What they found beyond what all hosts found.
    pub findings: BTreeSet<SharedFinding>,
}

impl MergedHost {
    /// What `report`, read from `file`, says; of `owners` only, where any are given.
    #[must_use]
    pub fn of(file: &str, report: &Report, owners: &[Owner]) -> Self {
        Self::named_by(Placeholders::of(report), file, report, owners)
    }

    /// The same of a report that was redacted here, together with the others.
    #[must_use]
    pub fn redacted_together(file: &str, report: &Report, owners: &[Owner]) -> Self {
        Self::named_by(Placeholders::Shared, file, report, owners)
    }

    fn named_by(placeholders: Placeholders, file: &str, report: &Report, owners: &[Owner]) -> Self {
        let own = OwnNames::of(report, placeholders);
        let is_theirs = |finding: &&Finding| {
            owners.is_empty() || owners.iter().any(|owner| finding.owner == owner.as_str())
        };
        let mut seen = BTreeSet::new();
        let n_others = |findings: &[Finding]| findings.iter().filter(|one| !is_theirs(one)).count();
        let mut n_left_out = n_others(&report.findings);
        for finding in report.findings.iter().filter(is_theirs) {
            seen.insert(SharedFinding::of(finding, None, true));
        }
        for endpoint in report.endpoints.iter().filter(|endpoint| !endpoint.is_unassigned()) {
            n_left_out += n_others(&endpoint.findings);
            for finding in endpoint.findings.iter().filter(is_theirs) {
                let mut name = format!("{} {}", endpoint.entry, endpoint.host_port());
                if own.hold_text(&name) {
                    name = format!("{name} of {file}");
                }
                seen.insert(SharedFinding::of(finding, Some(name), endpoint.is_required()));
            }
        }
        Self {
            hostname: report.run.vantage.hostname.clone().into_owned(),
            file: file.to_owned(),
            started_at: report.run.started_at,
            ended_at: ended_at(report),
            network_allows: report.prediction.network_allows.clone().into_owned(),
            identity: HostIdentity::of(file, report, placeholders),
            address: report.run.vantage.addresses.first().copied(),
            placeholders,
            owners: owners.to_vec(),
            n_left_out,
            seen,
            facts: HostFacts::of(report, &own, is_theirs),
        }
    }

    /// What it is called; with its file where the name says too little.
    fn called(&self, is_unique: bool) -> String {
        let Self { hostname, file, .. } = self;
        if is_unique && !hostname.is_empty() {
            hostname.clone()
        } else {
            format!("{hostname} ({file})").trim_start().to_owned()
        }
    }
}

impl SharedFinding {
    fn of(finding: &Finding, endpoint: Option<String>, required: bool) -> Self {
        Self {
            severity: finding.severity,
            endpoint,
            cause: finding.cause.clone().into_owned(),
            owner: finding.owner.clone().into_owned(),
            required,
        }
    }
}

impl Merged {
    /// Puts hosts side by side, each by its newest report.
    #[must_use]
    pub fn of(reports: Vec<MergedHost>, unreadable: Vec<Unreadable>) -> Self {
        let (hosts, passed_over) = same_host::newest(reports);
        let failures = failures::statements(&hosts);
        let only = MergedOnly::of(&hosts);
        let mut common = hosts.first().map(|host| host.seen.clone()).unwrap_or_default();
        let mut alike: BTreeMap<BTreeSet<SharedFinding>, Vec<MergedHost>> = BTreeMap::new();
        for host in hosts {
            common.retain(|seen| host.seen.contains(seen));
            alike.entry(host.seen.clone()).or_default().push(host);
        }
        let mut groups: Vec<Group> = alike
            .into_iter()
            .map(|(seen, mut hosts)| {
                hosts.sort_by(|a, b| (&a.hostname, &a.file).cmp(&(&b.hostname, &b.file)));
                Group { hosts, findings: &seen - &common }
            })
            .collect();
        groups.sort_by_key(|group| group.hosts.len());
        Self { failures, common, groups, passed_over, unreadable, only, now: None }
    }

    /// The same, looked at at a time: what is dated later is told.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        Self { now: Some(now), ..self }
    }

    /// Whether some host found an expectation violated.
    #[must_use]
    pub fn is_violated(&self) -> bool {
        self.findings().any(|seen| seen.severity == Severity::Fail)
    }

    /// Whether something required is unknown to some host.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.findings().any(|seen| seen.severity == Severity::Unknown && seen.required)
    }

    /// Writes one object, a statement and a group a line: `{"schema": "pathproof.merge/1",
    /// "failures": [{"outcome", "failed", "parts", "unexplained", "tests"}], "common", "groups":
    /// [{"hosts", "findings"}], "passed_over", "unreadable"}`, and
    /// `"only"` where it is for some teams.
    ///
    /// # Errors
    /// What `out` returns.
    pub fn json(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(b"{\"schema\":\"pathproof.merge/1\",\n\"failures\":")?;
        write_lines(&self.failures, out)?;
        out.write_all(b",\n\"common\":")?;
        serde_json::to_writer(&mut *out, &self.common)?;
        out.write_all(b",\n\"groups\":")?;
        write_lines(&self.groups, out)?;
        out.write_all(b",\n\"passed_over\":")?;
        write_lines(&self.passed_over, out)?;
        out.write_all(b",\n\"unreadable\":")?;
        serde_json::to_writer(&mut *out, &self.unreadable)?;
        if let Some(only) = &self.only {
            out.write_all(b",\n\"only\":")?;
            serde_json::to_writer(&mut *out, only)?;
        }
        out.write_all(b"}\n")?;
        out.flush()
    }

    /// What a host is called; with its file where the name says too little.
    pub(super) fn name_of(&self, host: &MergedHost) -> String {
        let all = self.groups.iter().flat_map(|group| &group.hosts);
        let is_unique = all.filter(|other| other.hostname == host.hostname).count() == 1;
        host.called(is_unique)
    }

    /// What is to be known of the reports beside what they found.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = same_host::sentences(&self.passed_over);
        notes.extend(times::sentences(self));
        let hosts = self.groups.iter().flat_map(|group| &group.hosts);
        let n_own = hosts.filter(|host| host.placeholders == Placeholders::Own).count();
        if n_own > 0 && self.n_hosts() > 1 {
            let reports = counted_as(n_own, "report was", "reports were");
            notes.push(format!(
                "{reports} redacted without a key that others share (--redact-key): a placeholder \
                 such as relay-1 or host-1 is something else in each report, so that names and \
                 addresses that were replaced are not compared."
            ));
        }
        notes
    }

    /// What the hosts come to, in one sentence.
    pub(super) fn headline(&self) -> (Status, String) {
        let reports = counted_as(self.n_hosts(), "report", "reports");
        let status = if self.is_violated() {
            Status::Fail
        } else if self.is_unknown() {
            Status::Unknown
        } else if self.findings().next().is_some() {
            Status::Warn
        } else {
            Status::Pass
        };
        let words = match &*self.groups {
            [_] => format!("{reports}, all with the same findings"),
            groups => format!("{reports}, {} different sets of findings", groups.len()),
        };
        match &self.only {
            Some(only) => only.headline(status, words),
            None => (status, words),
        }
    }

    fn findings(&self) -> impl Iterator<Item = &SharedFinding> {
        self.common.iter().chain(self.groups.iter().flat_map(|group| &group.findings))
    }

    pub(super) fn n_hosts(&self) -> usize {
        self.groups.iter().map(|group| group.hosts.len()).sum()
    }
}

/// The hosts as text for a terminal: what differs, then what all of them share.
#[must_use]
pub fn table(merged: &Merged, style: &Style) -> String {
    let mut page = Page::new(style);
    let n_hosts = merged.n_hosts();
    let (status, words) = merged.headline();
    page.status(status, &words);
    for Unreadable { file, .. } in &merged.unreadable {
        page.under(&format!("Not read: {file}"));
    }
    for note in merged.notes() {
        page.under(&note);
    }
    write_failures(&mut page, merged);
    for group in &merged.groups {
        page.heading(&format!("{} of {n_hosts}: {}", group.hosts.len(), names(merged, group)));
        if merged.groups.len() > 1 {
            let nothing = if merged.common.is_empty() {
                "nothing was found"
            } else {
                "nothing but what all of them share"
            };
            write(&mut page, &group.findings, nothing);
        }
    }
    page.heading("Found by all of them");
    write(&mut page, &merged.common, "nothing");
    page.finish()
}

fn write_failures(page: &mut Page, merged: &Merged) {
    let told = told::statements(merged);
    if !told.is_empty() {
        page.heading(told::heading(merged));
    }
    for statement in told {
        page.bullet(&statement.title);
        for line in &statement.lines {
            page.under_bullet(line);
        }
        for test in &statement.tests {
            page.under_bullet(&test.says);
            page.command(test.command);
        }
    }
}

/// When the run was over; `None` where the report does not say how long it took.
fn ended_at(report: &Report) -> Option<Timestamp> {
    let (begun, took) = report.run.started_at.zip(report.run.took_ms)?;
    let took = Duration::try_from_secs_f64(took.as_f64() / 1000.0).ok()?;
    begun.checked_add(took).ok()
}

/// Writes an array, an element a line.
fn write_lines(elements: &[impl Serialize], out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"[")?;
    for (at, element) in elements.iter().enumerate() {
        out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, element)?;
    }
    out.write_all(b"]")
}

fn write(page: &mut Page, findings: &BTreeSet<SharedFinding>, nothing: &str) {
    if findings.is_empty() {
        page.indented(nothing);
    }
    for found in findings.iter().take(FINDINGS_SHOWN) {
        page.bullet(&told::finding(found));
    }
    if findings.len() > FINDINGS_SHOWN {
        let n_hidden = findings.len() - FINDINGS_SHOWN;
        page.plain(&format!("... and {n_hidden} more (see --format json)"));
    }
}

/// The names of the hosts of a group.
fn names(merged: &Merged, group: &Group) -> String {
    let hosts = group.hosts.iter().take(HOSTS_SHOWN);
    let mut names: Vec<String> = hosts.map(|host| merged.name_of(host)).collect();
    if group.hosts.len() > HOSTS_SHOWN {
        names.push(format!("{} more", group.hosts.len() - HOSTS_SHOWN));
    }
    names.join(", ")
}

#[cfg(test)]
mod failure_tests;
#[cfg(test)]
mod same_host_tests;
#[cfg(test)]
mod soundness_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tie_tests;
