//! What was staged beside what the program said of it.

use super::stage::{STAGE, StagedEndpoint};
use crate::model::{Cause, Conclusion, Records, Status};

/// One staged endpoint, and what came of it.
#[derive(Debug)]
pub struct StagedOutcome {
    pub staged: &'static StagedEndpoint,
    /// What was concluded; `None` where no record of it is there.
    pub concluded: Option<(Status, Option<Cause>)>,
}

impl StagedOutcome {
    /// Whether the fault got its cause, or what works got none.
    #[must_use]
    pub fn is_as_staged(&self) -> bool {
        match (self.concluded, self.staged.expected) {
            (Some((_, Some(cause))), Some(expected)) => cause == expected,
            (Some((status, None)), None) => status == Status::Pass,
            _ => false,
        }
    }
}

/// Compares the whole stage with what was concluded of its records, in the order of the table.
#[must_use]
pub fn compare(records: &Records, conclusion: &Conclusion) -> Vec<StagedOutcome> {
    let concluded = |staged: &StagedEndpoint| {
        let is_its = |(record, _): &(&crate::model::Record, _)| {
            let endpoint = &record.endpoint;
            endpoint.port == staged.port && endpoint.subject.to_string() == staged.host
        };
        let (_, verdict) = records.records.iter().zip(&conclusion.verdicts).find(is_its)?;
        Some((verdict.status, verdict.cause))
    };
    STAGE.iter().map(|staged| StagedOutcome { staged, concluded: concluded(staged) }).collect()
}
