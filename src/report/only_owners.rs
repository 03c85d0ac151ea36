//! A report for one team: only what that team can fix (`--owner`).
//!
//! A finding is a team's where the team owns it, or where the team has an action for it. What only
//! follows from another team's finding goes: nobody can fix it alone. An endpoint of whose findings
//! none is left goes as well; endpoints that pass stay, since they tell what works. The status of
//! an endpoint, the counts and the exit code follow what is left. What the runtime can be is said
//! as it is.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::exit::exit;
use super::verdict_line;
use super::wording::counted;
use crate::model::{Cause, Conclusion, Ending, Owner, Records, Severity, Status};
use crate::report_v1::{Action, Endpoint, Finding, LeftOut, OnlyOwners, Report, Summary};

/// Leaves of `report` what `owners` can fix. No owner is everyone.
#[must_use]
pub fn only_owners<'a>(mut report: Report<'a>, owners: &[Owner]) -> Report<'a> {
    if owners.is_empty() {
        return report;
    }
    let is_theirs = |word: &str| owners.iter().any(|owner| owner.as_str() == word);
    let before = sizes(&report);
    let whole = verdict_line::of_report(&report).status;
    let of_run_before = causes(&report.findings);
    report.actions.retain(|action| is_theirs(&action.owner));
    let tasks = Tasks::of(&report.actions);
    report.findings.retain(|finding| is_theirs(&finding.owner) || tasks.name(&finding.cause));
    let of_run = causes(&report.findings);
    report.endpoints.retain_mut(|endpoint| {
        if endpoint.findings.is_empty() {
            return true;
        }
        let host_port = (&*endpoint.host, endpoint.port.unwrap_or_default());
        endpoint.findings.retain(|finding| {
            is_theirs(&finding.owner) || tasks.are_for(&finding.cause, host_port)
        });
        let own = causes(&endpoint.findings);
        let stands = |cause: &str| own.contains(cause) || of_run.contains(cause);
        endpoint.findings.retain(|finding| finding.explained_by.as_deref().is_none_or(stands));
        judge_again(endpoint);
        !endpoint.findings.is_empty()
    });
    drop(tasks);
    if let Some(changes) = &mut report.changes {
        changes.retain(|change| owners.iter().any(|owner| change.what.concerns(owner.as_str())));
    }
    report.summary = summary(&report.endpoints);
    let after = sizes(&report);
    let earlier = report.only.take();
    let whole = earlier.as_ref().map_or(whole, |only| only.whole);
    let earlier = earlier.map(|only| only.left_out).unwrap_or_default();
    let gone = of_run_before.difference(&of_run).map(|cause| Cow::Owned(cause.clone()));
    let causes_of_run: BTreeSet<Cow<'_, str>> =
        earlier.causes_of_run.into_iter().chain(gone).collect();
    report.only = Some(OnlyOwners {
        owners: owners.iter().map(|owner| owner.as_str().into()).collect(),
        left_out: LeftOut {
            endpoints: earlier.endpoints + before.endpoints - after.endpoints,
            findings: earlier.findings + before.findings - after.findings,
            causes_of_run: causes_of_run.into_iter().collect(),
        },
        whole,
    });
    report.run.exit = Some(exit(&report).code());
    report
}

/// What a report for one team leaves out, in a sentence; `None` of a whole report.
#[must_use]
pub fn left_out(report: &Report) -> Option<String> {
    report.only.as_ref().map(left_out_of)
}

pub(super) fn left_out_of(only: &OnlyOwners) -> String {
    let owners: Vec<&str> = only.owners.iter().map(|owner| &**owner).collect();
    let LeftOut { endpoints, findings, .. } = only.left_out;
    format!(
        "Only what {} can fix: {} and {} of others are left out",
        owners.join(" or "),
        counted(findings, "finding"),
        counted(endpoints, "endpoint"),
    )
}

/// What the runtime can be, in the words of `lines`: in a report for one team, what others have to
/// fix counts there too.
pub(super) fn consequences<'a>(
    lines: &'a [String],
    only: Option<&OnlyOwners>,
) -> impl Iterator<Item = Cow<'a, str>> {
    let leaves_out = only.is_some_and(|only| only.left_out.findings > 0);
    lines.iter().map(move |line| {
        if leaves_out {
            format!("with what others have to fix: {line}").into()
        } else {
            line.into()
        }
    })
}

/// What a table for one team is made from.
#[derive(Debug)]
pub struct Narrowed<'a> {
    pub(super) records: Records,
    pub(super) conclusion: Conclusion,
    /// Where nothing is left out, this is everyone's.
    pub(super) only: Option<&'a OnlyOwners<'a>>,
    /// Those of everyone: the file of the run holds them.
    pub(super) all: (&'a Records, &'a Conclusion),
}

/// Leaves of what a table is made from what is left in `report`, which was made from it.
#[must_use]
pub fn narrowed<'a>(
    records: &'a Records,
    conclusion: &'a Conclusion,
    report: &'a Report<'a>,
) -> Narrowed<'a> {
    let left: HashMap<(&str, u16), &Endpoint> = report
        .endpoints
        .iter()
        .map(|endpoint| ((&*endpoint.host, endpoint.port.unwrap_or_default()), endpoint))
        .collect();
    let is_in = |all: &[Finding], one: &crate::model::Finding| {
        all.iter().any(|it| it.cause == one.cause.code() && it.message == one.message)
    };
    let owners: Vec<&str> =
        report.only.iter().flat_map(|only| &only.owners).map(|owner| &**owner).collect();
    let mut kept = Records { run: records.run.clone(), records: Vec::new() };
    let mut concluded = Conclusion { verdicts: Vec::new(), ..conclusion.clone() };
    for (record, verdict) in records.records.iter().zip(&conclusion.verdicts) {
        let host = record.endpoint.subject.to_string();
        let Some(endpoint) = left.get(&(&*host, record.endpoint.port)) else { continue };
        let mut verdict = verdict.clone();
        verdict.findings.retain(|finding| is_in(&endpoint.findings, finding));
        verdict.status = endpoint.status;
        verdict.cause = endpoint.cause.as_deref().and_then(Cause::parse);
        verdict.is_lowered &= endpoint.status == Status::Warn;
        kept.records.push(record.clone());
        concluded.verdicts.push(verdict);
    }
    concluded.findings.retain(|finding| is_in(&report.findings, finding));
    concluded.actions.retain(|action| owners.contains(&action.owner.as_str()));
    let Summary { pass, warn, fail, unknown } = report.summary;
    concluded.summary = crate::model::Summary { pass, warn, fail, unknown };
    concluded.ending =
        Ending { exit: exit(report), left_out: 0, fail_on: conclusion.ending.fail_on };
    let (only, all) = (report.only.as_ref(), (records, conclusion));
    Narrowed { records: kept, conclusion: concluded, only, all }
}

/// Where the actions that are left are to be done, by cause.
struct Tasks<'a>(HashMap<&'a str, Vec<&'a Action<'a>>>);

impl<'a> Tasks<'a> {
    fn of(actions: &'a [Action]) -> Self {
        let mut by_cause: HashMap<&str, Vec<&Action>> = HashMap::new();
        for action in actions {
            for cause in &action.causes {
                by_cause.entry(cause).or_default().push(action);
            }
        }
        Self(by_cause)
    }

    fn name(&self, cause: &str) -> bool {
        self.0.contains_key(cause)
    }

    fn are_for(&self, cause: &str, (host, port): (&str, u16)) -> bool {
        self.0.get(cause).into_iter().flatten().any(|action| {
            let mut destinations = action.destinations.iter();
            action.destinations.is_empty()
                || destinations.any(|one| one.name == host && one.port == port)
        })
    }
}

fn causes(findings: &[Finding]) -> HashSet<String> {
    findings.iter().map(|finding| finding.cause.clone().into_owned()).collect()
}

/// An endpoint is what the findings that are left make of it. One that was proven stays so.
fn judge_again(endpoint: &mut Endpoint) {
    let any = |severity| endpoint.findings.iter().any(|finding| finding.severity == severity);
    endpoint.status = match endpoint.status {
        Status::Pass | Status::Warn => endpoint.status,
        _ if any(Severity::Fail) => Status::Fail,
        _ if any(Severity::Unknown) => Status::Unknown,
        was if endpoint.findings.is_empty() => was,
        _ => Status::Warn,
    };
    endpoint.cause = endpoint.findings.first().map(|finding| finding.cause.clone());
}

fn summary(endpoints: &[Endpoint]) -> Summary {
    let mut summary = Summary::default();
    for endpoint in endpoints.iter().filter(|endpoint| !endpoint.is_unassigned()) {
        match endpoint.status {
            Status::Pass => summary.pass += 1,
            Status::Warn => summary.warn += 1,
            Status::Fail => summary.fail += 1,
            Status::Unknown => summary.unknown += 1,
        }
    }
    summary
}

/// How much there is of what may be left out. Gateways that Azure has not assigned are nobody's.
fn sizes(report: &Report) -> LeftOut<'static> {
    let counting = || report.endpoints.iter().filter(|endpoint| !endpoint.is_unassigned());
    let of_endpoints: usize = counting().map(|endpoint| endpoint.findings.len()).sum();
    let findings = report.findings.len() + of_endpoints;
    LeftOut { endpoints: counting().count(), findings, causes_of_run: Vec::new() }
}
