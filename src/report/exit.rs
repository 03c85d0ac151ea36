//! How a command ends that shows a report, by what the report says.

use super::diff::{is_unknown_now, is_worse};
use super::verdict_line::is_note;
use crate::model::{Exit, FailOn, Severity, Status};
use crate::report_v1::{Endpoint, Finding, Report};

/// The exit code of the run that made the report. Of a report for one team ([`only_owners`]), and
/// of one that does not say it, what it holds decides.
///
/// [`only_owners`]: super::only_owners
#[must_use]
pub fn exit(report: &Report) -> Exit {
    let said = match report.run.exit {
        Some(0) => Some(Exit::Satisfied),
        Some(1) => Some(Exit::Violated),
        Some(3) => Some(Exit::Unknown),
        _ => None,
    };
    match said {
        Some(said) if report.only.is_none() => said,
        _ => judged(report),
    }
}

fn judged(report: &Report) -> Exit {
    let fail_on = match report.run.fail_on.as_deref() {
        Some("warn") => FailOn::Warn,
        Some("fail") => FailOn::Fail,
        _ => FailOn::Unknown,
    };
    let counting = || report.endpoints.iter().filter(|endpoint| !endpoint.is_unassigned());
    let violates =
        |status| status == Status::Fail || (fail_on == FailOn::Warn && status == Status::Warn);
    let run_violates = |finding: &Finding| {
        finding.severity == Severity::Fail || (fail_on == FailOn::Warn && !is_note(finding))
    };
    let is_unknown = |endpoint: &Endpoint| {
        let mut findings = endpoint.findings.iter();
        endpoint.is_required() && findings.any(|finding| finding.severity == Severity::Unknown)
    };
    let unknown = counting().any(is_unknown);
    let changes = report.changes.as_deref().unwrap_or_default();
    // What the runtime can be depends on every team.
    let is_worse_off = report.only.is_none()
        && matches!(&*report.prediction.network_allows, "limited" | "offline")
        && !unknown;
    if counting().any(|endpoint| violates(endpoint.status))
        || report.findings.iter().any(run_violates)
        || is_worse_off
        || is_worse(changes)
    {
        Exit::Violated
    } else if (unknown || is_unknown_now(changes)) && fail_on != FailOn::Fail {
        Exit::Unknown
    } else {
        Exit::Satisfied
    }
}
