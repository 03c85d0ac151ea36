//! The verdict in one line, and what it means for the runtime.

use super::super::assemble::Judged;
use super::super::only_owners;
use super::super::verdict_line::{self, CountedEndpoint, RunFindings};
use super::page::Page;
use crate::model::{Cause, Conclusion, NetworkAllows, Severity, Status};
use crate::report_v1::OnlyOwners;

pub(super) fn write(
    page: &mut Page,
    endpoints: &[Judged],
    gateways: &[Judged],
    conclusion: &Conclusion,
    only: Option<&OnlyOwners>,
) {
    let counted = counted(endpoints, false).chain(counted(gateways, true));
    let of_run = conclusion.findings.iter().filter(|finding| !finding.is_note());
    let (failures, others): (Vec<_>, Vec<_>) =
        of_run.partition(|finding| finding.severity == Severity::Fail);
    let failure = failures.first().map(|finding| finding.cause.code());
    let is_service_stopped =
        conclusion.findings.iter().any(|finding| finding.cause == Cause::RuntimeServiceStopped);
    let of_run = RunFindings { failure, warnings: others.len(), is_service_stopped };
    let prediction = &conclusion.prediction;
    let verdict = verdict_line::of(counted, of_run, prediction.network_allows.as_str(), only);
    page.status(verdict.status, &verdict.words);
    if verdict.is_surprise {
        for reason in &prediction.because {
            page.under(reason);
        }
    }
    for consequence in only_owners::consequences(&prediction.consequences, only) {
        page.under(&consequence);
    }
}

fn counted(judged: &[Judged], is_gateway: bool) -> impl Iterator<Item = CountedEndpoint> {
    judged.iter().filter(|(_, verdict)| verdict.counts).map(move |(record, verdict)| {
        CountedEndpoint {
            status: verdict.status,
            is_required: record.endpoint.required,
            is_gateway,
            is_failing: verdict.is_lowered || verdict.status == Status::Fail,
        }
    })
}

/// Where the network is no reason, whoever reads this goes on to look at this host.
pub(super) fn write_next(page: &mut Page, conclusion: &Conclusion) {
    let prediction = &conclusion.prediction;
    if prediction.network_allows != NetworkAllows::Online || prediction.not_looked_at.is_empty() {
        return;
    }
    page.heading("If the runtime has trouble all the same, look at this host next");
    for line in &prediction.not_looked_at {
        page.bullet(line);
    }
}
