//! The exit code of a run (contract, Exit codes).

use crate::model::{
    Conclusion, Ending, Exit, FailOn, Finding, NetworkAllows, Records, Severity, Status,
};

/// A failure ends with exit code 1, and a required endpoint whose status is unknown with 3.
/// `fail_on` says whether warnings count as failures, and whether unknown endpoints count.
#[must_use]
pub fn ending(records: &Records, conclusion: &Conclusion, fail_on: FailOn) -> Ending {
    let is_unknown = |finding: &Finding| finding.severity == Severity::Unknown;
    let is_failure = |finding: &Finding| finding.severity == Severity::Fail;
    let mut violated = conclusion.findings.iter().any(is_failure);
    let mut unknown = 0;
    for (record, verdict) in records.records.iter().zip(&conclusion.verdicts) {
        if !verdict.counts {
            continue;
        }
        violated |= verdict.status == Status::Fail
            || (fail_on == FailOn::Warn && verdict.status == Status::Warn);
        // A verdict of `warn` may also hold a finding of something that could not be asked.
        let is_required = record.endpoint.required;
        unknown += usize::from(is_required && verdict.findings.iter().any(is_unknown));
    }
    let is_warning = |finding: &Finding| !finding.is_note();
    violated |= fail_on == FailOn::Warn && conclusion.findings.iter().any(is_warning);
    // Required endpoints decide the prediction, so one below online is never a success.
    violated |= matches!(
        conclusion.prediction.network_allows,
        NetworkAllows::Limited | NetworkAllows::Offline
    ) && unknown == 0;
    let (exit, left_out) = if violated {
        (Exit::Violated, 0)
    } else if unknown == 0 {
        (Exit::Satisfied, 0)
    } else if fail_on == FailOn::Fail {
        (Exit::Satisfied, unknown)
    } else {
        (Exit::Unknown, 0)
    };
    Ending { exit, fail_on, left_out }
}
