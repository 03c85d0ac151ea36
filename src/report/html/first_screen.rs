//! What is seen first: the verdict, what it means for the runtime, and who has to act.

use std::borrow::Cow;

use super::super::only_owners::{consequences, left_out};
use super::super::step_words;
use super::super::verdict_line::VerdictLine;
use super::super::wording::{counted, counts, listed, measured_at};
use super::StatusBadge;
use crate::report_v1::Report;

/// The head of the page.
pub(super) struct FirstScreen<'a> {
    pub(super) badge: StatusBadge,
    pub(super) headline: String,
    /// Why the runtime would be worse off, where nothing else says it.
    pub(super) because: &'a [String],
    pub(super) consequences: Vec<Cow<'a, str>>,
    pub(super) when: String,
    pub(super) took: String,
    pub(super) hostname: Cow<'a, str>,
    pub(super) addresses: String,
    pub(super) counts: Vec<(StatusBadge, usize)>,
    /// What a report for one team leaves out, and what is only to be known.
    pub(super) notes: Vec<String>,
}

pub(super) fn of<'a>(report: &'a Report, verdict: &VerdictLine) -> FirstScreen<'a> {
    let run = &report.run;
    let notes = report.findings.iter().filter(|finding| super::verdict_line::is_note(finding));
    FirstScreen {
        badge: StatusBadge::of(verdict.status),
        headline: verdict.words.clone(),
        because: if verdict.is_surprise { &report.prediction.because } else { &[] },
        consequences: consequences(&report.prediction.consequences, report.only.as_ref()).collect(),
        when: measured_at(run.started_at),
        took: run.took_ms.map(step_words::time).unwrap_or_default(),
        hostname: (&*run.vantage.hostname).into(),
        addresses: listed(&run.vantage.addresses, 3),
        counts: counts(report.summary)
            .map(|(count, word)| (StatusBadge::of_word(word), count))
            .collect(),
        notes: left_out(report)
            .into_iter()
            .chain(notes.map(|note| format!("{} ({})", note.message, note.cause)))
            .collect(),
    }
}

/// How many tasks there are, as `2 tasks`.
pub(super) fn tasks(count: usize) -> String {
    counted(count, "task")
}
