//! What given rules predict beside what was measured, as a table.

use super::super::beside_rules::{counts, decision, destination, of_report, title};
use super::StatusBadge;
use crate::model::{RuleAgreement, Status};
use crate::report_v1::Report;

/// The flows that do not work as predicted; the others are counted.
#[derive(Default)]
pub(super) struct RuleComparison {
    /// Empty where no rules were given.
    pub(super) counts: String,
    pub(super) lines: Vec<ComparedLine>,
}

/// A flow, with the cells of its row.
pub(super) struct ComparedLine {
    pub(super) badge: StatusBadge,
    pub(super) title: &'static str,
    pub(super) endpoint: String,
    pub(super) destination: String,
    pub(super) decision: String,
    pub(super) measured: String,
    pub(super) missing: String,
}

pub(super) fn of(report: &Report<'_>) -> RuleComparison {
    let groups = of_report(report);
    let counts = counts(&groups);
    let shown = groups.into_iter().filter(|own| own.agreement != RuleAgreement::WorksAsPredicted);
    let lines = shown.flat_map(|group| {
        group.flows.into_iter().map(move |(endpoint, flow)| ComparedLine {
            badge: StatusBadge::of(match group.agreement {
                RuleAgreement::Unknown => Status::Unknown,
                RuleAgreement::WorksAsPredicted => Status::Pass,
                RuleAgreement::BlockedAsPredicted => Status::Warn,
                RuleAgreement::BlockedAlthoughAllowed | RuleAgreement::WorksAlthoughDenied => {
                    Status::Fail
                }
            }),
            title: title(group.agreement),
            destination: destination(&flow),
            decision: decision(&flow),
            measured: flow.measured.as_deref().unwrap_or("not measured").to_owned(),
            missing: flow.missing.as_deref().unwrap_or_default().to_owned(),
            endpoint,
        })
    });
    RuleComparison { counts, lines: lines.collect() }
}
