//! What was staged beside what the program said of it.

use super::stage::{STAGE, StagedEndpoint};
use crate::model::{Cause, Record, Status, Verdict};

/// One staged endpoint, and what came of it.
#[derive(Clone, Copy, Debug)]
pub struct StagedOutcome {
    pub staged: &'static StagedEndpoint,
    /// What was concluded; `None` where it was not measured.
    pub concluded: Option<(Status, Option<Cause>)>,
}

impl StagedOutcome {
    /// Whether the fault got its cause, or what works passed.
    #[must_use]
    pub fn is_as_staged(&self) -> bool {
        match (self.staged.expected, self.concluded) {
            (Some(expected), Some((_, cause))) => cause == Some(expected),
            (None, Some((status, _))) => status == Status::Pass,
            (_, None) => false,
        }
    }

    /// What the program said, in a word: a cause, or a status where there is none.
    #[must_use]
    pub fn said(&self) -> &'static str {
        match self.concluded {
            Some((_, Some(cause))) => cause.code(),
            Some((status, None)) => status.as_str(),
            None => "nothing",
        }
    }

    /// What it was to say.
    #[must_use]
    pub fn expected(&self) -> &'static str {
        self.staged.expected.map_or(Status::Pass.as_str(), Cause::code)
    }
}

/// Compares the whole stage with what was concluded of its records, in the order of the table;
/// `verdicts[i]` belongs to `records[i]`.
#[must_use]
pub fn compare(records: &[Record], verdicts: &[Verdict]) -> Vec<StagedOutcome> {
    let concluded = |staged: &StagedEndpoint| {
        let is_its = |(record, _): &(&Record, &Verdict)| staged.is(&record.endpoint);
        let (_, verdict) = records.iter().zip(verdicts).find(is_its)?;
        Some((verdict.status, verdict.cause))
    };
    STAGE.iter().map(|staged| StagedOutcome { staged, concluded: concluded(staged) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(
        expected: Option<Cause>,
        concluded: Option<(Status, Option<Cause>)>,
    ) -> StagedOutcome {
        let staged = STAGE.iter().find(|staged| staged.expected == expected).unwrap();
        StagedOutcome { staged, concluded }
    }

    #[test]
    fn a_fault_that_does_not_get_its_cause_is_seen() {
        let dropped = Some(Cause::TcpTimeout);
        for (expected, concluded, holds, said) in [
            (dropped, Some((Status::Fail, dropped)), true, "tcp_timeout"),
            (dropped, Some((Status::Warn, dropped)), true, "tcp_timeout"),
            (dropped, Some((Status::Fail, Some(Cause::TcpRefused))), false, "tcp_refused"),
            (dropped, Some((Status::Pass, None)), false, "pass"),
            (dropped, None, false, "nothing"),
            (None, Some((Status::Pass, None)), true, "pass"),
            (None, Some((Status::Warn, Some(Cause::TlsIntercepted))), false, "tls_intercepted"),
            (None, None, false, "nothing"),
        ] {
            let outcome = outcome(expected, concluded);
            assert_eq!(outcome.is_as_staged(), holds, "{concluded:?}");
            assert_eq!(outcome.said(), said);
        }
        assert_eq!(outcome(dropped, None).expected(), "tcp_timeout");
        assert_eq!(outcome(None, None).expected(), "pass");
    }

    #[test]
    fn a_run_without_records_is_as_staged_nowhere() {
        let outcomes = compare(&[], &[]);
        assert_eq!(outcomes.len(), STAGE.len());
        assert!(!outcomes.iter().any(StagedOutcome::is_as_staged));
    }
}
