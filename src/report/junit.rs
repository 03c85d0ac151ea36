//! The report as `JUnit`'s XML, which build servers read: a suite an entry, a case an endpoint, and
//! a suite for the run as a whole.

use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{
    NonSuccessKind, Property, Report as Document, TestCase, TestCaseStatus, TestSuite,
};

use super::Guarded;
use super::diff::{is_worse, table};
use super::wording::counted;
use crate::model::{Severity, Status, visible};
use crate::report_v1::{Change, Endpoint, Finding, Report, Trail, What};

/// Writes the report.
///
/// # Errors
/// What `out` returns.
pub fn report(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let mut document = Document::new("pathproof");
    for suite in suites(report) {
        document.add_test_suite(suite);
    }
    let text = document.to_string().map_err(io::Error::other)?;
    // Jenkins' schema knows this count of a suite only, and refuses a file that has it of all.
    let text = text.replacen(&format!(" skipped=\"{}\"", document.skipped), "", 1);
    let mut out = Guarded::new(out);
    out.write_all(text.as_bytes())?;
    out.finish().map(drop)
}

/// A suite an entry, in the order of the report, and that of the run.
fn suites(report: &Report) -> Vec<TestSuite> {
    let mut entries: Vec<(&str, Vec<&Endpoint>)> = Vec::new();
    for endpoint in &report.endpoints {
        match entries.iter_mut().find(|(entry, _)| *entry == endpoint.entry) {
            Some((_, endpoints)) => endpoints.push(endpoint),
            None => entries.push((&endpoint.entry, vec![endpoint])),
        }
    }
    let mut suites: Vec<TestSuite> = entries
        .into_iter()
        .map(|(entry, endpoints)| {
            let mut suite = suite(report, entry);
            suite.add_test_cases(endpoints.into_iter().map(|one| case(report, one)));
            suite
        })
        .collect();
    suites.push(of_run(report));
    suites
}

fn suite(report: &Report, name: &str) -> TestSuite {
    let mut suite = TestSuite::new(&*visible(name));
    let host = visible(&report.run.vantage.hostname);
    suite.extra.insert("hostname".into(), (&*host).into());
    if let Some(at) = report.run.started_at {
        let at = at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        suite.extra.insert("timestamp".into(), at.into());
    }
    suite
}

fn case(report: &Report, endpoint: &Endpoint) -> TestCase {
    let counts = endpoint.is_required() && !endpoint.is_unassigned();
    let status = match endpoint.status {
        Status::Pass | Status::Warn => None,
        Status::Fail => Some(Severity::Fail),
        Status::Unknown => Some(Severity::Unknown),
    };
    let mut case = judged(report, &endpoint.host_port(), status, counts, &endpoint.findings);
    case.set_classname(&*visible(&endpoint.entry));
    case.set_time(took(endpoint));
    case
}

/// A case that ends as `status` says; `None` passes, and what is to be said of it stands in its
/// output.
fn judged(
    report: &Report,
    name: &str,
    status: Option<Severity>,
    counts: bool,
    findings: &[Finding],
) -> TestCase {
    let text: Vec<String> = findings.iter().map(in_full).collect();
    let text = text.join("\n\n");
    let leaves_out_unknown = report.run.fail_on.as_deref() == Some("fail");
    let mut status = match status {
        None | Some(Severity::Warn) => {
            let mut case = TestCase::new(&*visible(name), TestCaseStatus::success());
            if !text.is_empty() {
                case.set_system_out(text);
            }
            return case;
        }
        Some(Severity::Fail) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Some(Severity::Unknown) if counts && !leaves_out_unknown => {
            TestCaseStatus::non_success(NonSuccessKind::Error)
        }
        Some(Severity::Unknown) => TestCaseStatus::skipped(),
    };
    if let Some(first) = findings.first() {
        status.set_message(&*visible(&first.message)).set_type(&*visible(&first.cause));
    }
    status.set_description(text);
    TestCase::new(&*visible(name), status)
}

/// Everything that is to be said of a finding, a fact a line.
fn in_full(finding: &Finding) -> String {
    let Finding { cause, certainty, message, evidence, rivals, owner, remedy, .. } = finding;
    let severity = finding.severity.as_str();
    let mut lines = vec![format!("{severity} {cause} ({certainty}): {message}")];
    lines.extend(evidence.iter().map(|fact| format!("  {fact}")));
    if !rivals.is_empty() {
        lines.push(format!("  It could also be: {}", rivals.join(", ")));
    }
    if !remedy.is_empty() {
        lines.push(format!("  To do ({owner}): {remedy}"));
    }
    if let Some(other) = &finding.explained_by {
        lines.push(format!("  Follows from: {other}"));
    }
    lines.iter().map(|line| visible(line).into_owned()).collect::<Vec<_>>().join("\n")
}

/// From the first question to the last answer, as far as that can be told: lookups are asked at
/// once, and so are addresses.
fn took(endpoint: &Endpoint) -> Duration {
    let trail = |trail: &Trail| trail.steps.iter().map(|step| step.took_ms.as_f64()).sum::<f64>();
    let longest = |times: &mut dyn Iterator<Item = f64>| times.fold(0.0, f64::max);
    let lookups = longest(&mut endpoint.lookups.iter().map(|lookup| lookup.took_ms.as_f64()));
    let trails = longest(&mut endpoint.trails.iter().map(trail));
    Duration::try_from_secs_f64((lookups + trails) / 1000.0).unwrap_or_default()
}

/// What was found of the run as a whole, and where nothing else says it why the run ends as it
/// does.
fn of_run(report: &Report) -> TestSuite {
    let mut suite = suite(report, "run");
    let allows = &report.prediction.network_allows;
    suite.add_properties([
        Property::new("version", &*visible(&report.tool.version)),
        Property::new("network_allows", &*visible(allows)),
    ]);
    for finding in &report.findings {
        let one = std::slice::from_ref(finding);
        let mut case = judged(report, &finding.cause, Some(finding.severity), true, one);
        case.set_classname("run");
        suite.add_test_case(case);
    }
    if let Some(changes) = &report.changes {
        suite.add_test_case(since_baseline(changes));
    }
    let changes = report.changes.as_deref().unwrap_or_default();
    let fails = report.findings.iter().any(|finding| finding.severity == Severity::Fail)
        || report.endpoints.iter().any(|endpoint| endpoint.status == Status::Fail)
        || is_worse(changes);
    if report.run.exit == Some(1) && !fails {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status
            .set_type("prediction")
            .set_message(format!("the runtime would be {}", visible(allows)));
        let because: Vec<_> = report.prediction.because.iter().map(|it| visible(it)).collect();
        status.set_description(because.join("\n"));
        suite.add_test_case(in_run("prediction", status));
    }
    suite
}

/// A regression fails the run.
fn since_baseline(changes: &[Change]) -> TestCase {
    let lines: Vec<String> = changes.iter().filter_map(table::line).collect();
    let text = lines.iter().map(|line| visible(line).into_owned()).collect::<Vec<_>>().join("\n");
    let worse = changes.iter().filter(|it| matches!(it.what, What::Regression { .. })).count();
    if is_worse(changes) {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type("regression").set_message(counted(worse, "regression"));
        status.set_description(text);
        return in_run("baseline", status);
    }
    let mut case = in_run("baseline", TestCaseStatus::success());
    if !text.is_empty() {
        case.set_system_out(text);
    }
    case
}

fn in_run(name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname("run");
    case
}
