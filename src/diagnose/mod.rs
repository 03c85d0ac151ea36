//! From records to verdicts. The room is pure: it opens no socket and asks no clock.
//!
//! [`verdict`] judges one record. Every layer has a file that says what a failure of that layer
//! means; `compare` weighs the trails of a name against each other, and `route` the ways that lead
//! to it. [`conclude`] adds what many records have in common (`run`) and what the runtime can do in
//! this network (`prediction`). The sentences and remedies of all causes are in the [`catalogue`].
//!
//! A layer returns drafts: findings that `finding::settle` joins by their cause, and that get their
//! owner and remedy when the endpoint is known.

mod absent;
mod action;
mod advice;
mod blockpage;
mod case;
pub mod catalogue;
mod clock;
mod compare;
mod contradiction;
mod dns;
mod ending;
mod essence;
mod exception;
pub mod explain;
mod explained;
mod finding;
mod follow_up;
mod gateway;
mod host_runtime;
mod http;
mod interception;
mod obstacle;
mod one_name;
mod path;
mod prediction;
mod proxy;
mod quote;
mod relay;
mod reported;
mod reset;
mod route;
mod run;
mod sinkhole;
mod source;
mod system;
mod tcp;
mod tds;
mod tls;
mod words;

use std::ops::ControlFlow;

use crate::model::{
    self, Conclusion, Ending, FailOn, Kind, Record, Records, Run, Severity, Status, Summary,
    Verdict,
};
use crate::ordered_work::OrderedWork;
pub use action::actions;
pub use advice::advice_for_one;
use case::Case;
pub use case::{IsAzure, RangeLookup, ranges_unknown};
pub use ending::ending;
pub use essence::{essence, essence_of_bytes};
pub use explained::says;
use finding::Draft;
pub use path::taken_as_private;
pub use sinkhole::{is_filter, is_name_of_filter};
pub use tcp::fact as tcp_fact;
pub use tls::short_name;

/// How many records a thread judges at a time.
const BATCH: usize = 1024;

/// Whether the rest of the run may change what is concluded of a record: what connected may have
/// been a middlebox where nothing else is proven, and a name that a server refuses may be the only
/// one that it refuses.
#[must_use]
pub fn takes_the_run(record: &Record) -> bool {
    let takes_control = record.trails.iter().any(|trail| {
        trail.is_connected() && (record.endpoint.kind == Kind::Tcp || trail.failure().is_some())
    });
    takes_control || one_name::takes_others(record)
}

/// Judges one record without the others. The verdict is the same while a run goes on and after it,
/// unless [`takes_the_run`] says otherwise.
#[must_use]
pub fn verdict(record: &Record, run: &Run, is_azure: IsAzure<'_>) -> Verdict {
    let case = Case { record, run, is_azure };
    let is_resolved_here = route::is_resolved_here(record);
    if is_resolved_here && gateway::is_unassigned(record, run) {
        return unassigned(&case, gateway::unassigned(record));
    }
    let of_name = if is_resolved_here {
        finding::settle(dns::judge(&case).into_iter().chain(path::judge(&case)))
    } else {
        Vec::new()
    };
    let route::Judgement { drafts, is_proven } = route::judge(&case, of_name);
    if !is_resolved_here && gateway::is_unknown_to_proxy(record, &drafts) {
        return unassigned(&case, gateway::unassigned_beyond_proxy(record));
    }
    let mut drafts = follow_up::judge(&case, is_proven, drafts);
    drafts.extend(obstacle::judge(&case, is_resolved_here));
    let mut drafts = finding::settle(drafts);
    // A warning needs proof as a pass does.
    if !is_proven && drafts.iter().all(Draft::is_warning) {
        drafts.push(obstacle::nothing_asked(record));
    }
    finish(&case, is_proven, drafts)
}

/// The verdict on a gateway that is not in use yet, which counts neither as good nor as bad.
fn unassigned(case: &Case<'_>, draft: Draft) -> Verdict {
    let finding = draft.into_finding(case.endpoint());
    Verdict {
        status: Status::Unknown,
        cause: Some(finding.cause),
        findings: vec![finding],
        counts: false,
        is_lowered: false,
        expected: Vec::new(),
    }
}

/// Judges a whole run. `verdicts[i]` of the conclusion belongs to `records[i]`, and its ending is
/// that of the default `--fail-on`.
#[must_use]
pub fn conclude(records: &Records, is_azure: IsAzure<'_>) -> Conclusion {
    let batches = records.records.chunks(BATCH);
    let most = batches.len();
    let room = Vec::with_capacity(records.records.len());
    let verdicts = OrderedWork::new(batches, room).run(most, |work| {
        while let Some((batch, ticket)) = work.next(Iterator::next) {
            let judged = batch.iter().map(|record| verdict(record, &records.run, is_azure));
            let judged: Vec<Verdict> = judged.collect();
            ticket.submit(|verdicts| {
                verdicts.extend(judged);
                ControlFlow::Continue(())
            });
        }
    });
    conclude_with(records, verdicts)
}

/// Judges a run whose records were judged one by one before, as a stream of endpoints does.
#[must_use]
pub fn conclude_with(records: &Records, mut verdicts: Vec<Verdict>) -> Conclusion {
    one_name::compare_with_others(records, &mut verdicts);
    let findings = run::findings(records, &verdicts);
    explained::mark(&mut verdicts, &findings);
    let prediction = prediction::predict(records, &verdicts);
    let summary = summarise(&verdicts);
    let actions = actions(&verdicts, &findings);
    let ending = Ending::default();
    let conclusion = Conclusion { verdicts, findings, actions, summary, prediction, ending };
    Conclusion { ending: self::ending(records, &conclusion, FailOn::default()), ..conclusion }
}

fn summarise(verdicts: &[Verdict]) -> Summary {
    let mut summary = Summary::default();
    for verdict in verdicts.iter().filter(|verdict| verdict.counts) {
        match verdict.status {
            Status::Pass => summary.pass += 1,
            Status::Warn => summary.warn += 1,
            Status::Fail => summary.fail += 1,
            Status::Unknown => summary.unknown += 1,
        }
    }
    summary
}

fn finish(case: &Case<'_>, is_proven: bool, drafts: Vec<Draft>) -> Verdict {
    let is_failure = drafts.iter().any(Draft::is_failure);
    let finished = |draft: Draft| {
        let from = case.sources(draft.all_destinations());
        draft.fact("from", from).into_finding(case.endpoint())
    };
    let mut findings: Vec<_> = drafts.into_iter().map(finished).collect();
    finding::sort(&mut findings);
    let is_unknown = |finding: &model::Finding| finding.severity == Severity::Unknown;
    let first = findings.first();
    let status = match first.map(|finding| finding.severity) {
        None => Status::Pass,
        Some(Severity::Fail) => Status::Fail,
        // A warning does not hide that something could not be asked.
        Some(Severity::Warn) if !is_failure && !is_proven && findings.iter().any(is_unknown) => {
            Status::Unknown
        }
        Some(Severity::Warn) => Status::Warn,
        Some(Severity::Unknown) => Status::Unknown,
    };
    Verdict {
        status,
        cause: first.map(|finding| finding.cause),
        findings,
        counts: true,
        is_lowered: is_failure && status != Status::Fail,
        expected: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use proptest::prelude::*;

    use super::*;
    use crate::archive::arbitrary;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        /// Whatever was seen, the parts of the conclusion agree with each other.
        #[test]
        fn conclusions_are_consistent(records in arbitrary::records()) {
            let conclusion = conclude(&records, &|address: IpAddr| Some(address.is_ipv4()));
            prop_assert_eq!(conclusion.verdicts.len(), records.records.len());
            let counted = conclusion.verdicts.iter().filter(|verdict| verdict.counts).count();
            let Summary { pass, warn, fail, unknown } = conclusion.summary;
            prop_assert_eq!(pass + warn + fail + unknown, counted);
            for (record, verdict) in records.records.iter().zip(&conclusion.verdicts) {
                prop_assert_eq!(verdict.cause, verdict.findings.first().map(|first| first.cause));
                let is_pass = verdict.status == Status::Pass;
                prop_assert_eq!(is_pass, verdict.findings.is_empty());
                let is_connected = record.trails.iter().any(crate::model::Trail::is_connected);
                prop_assert!(!is_pass || is_connected);
                let has_fail = verdict.findings.iter().any(|f| f.severity == Severity::Fail);
                prop_assert_eq!(has_fail, verdict.status == Status::Fail);
                prop_assert!(!has_fail || record.endpoint.required);
                for (index, finding) in verdict.findings.iter().enumerate() {
                    let before = verdict.findings[..index].iter();
                    let twice = before.filter(|other| other.cause == finding.cause).count();
                    prop_assert_eq!(twice, 0, "{} stands twice", finding.cause);
                    prop_assert!(!finding.remedy.is_empty() && !finding.message.is_empty());
                }
            }
        }
    }
}
