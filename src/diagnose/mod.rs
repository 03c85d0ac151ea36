//! Records to verdicts. Pure: no sockets, no clock.
//!
//! One file a layer says what a failure of that layer means; [`compare`](self) weighs the trails of
//! a name against each other; `run` finds what many records have in common; `prediction` says what
//! it comes to for the runtime. The words stand in the [`catalogue`].

mod absent;
mod action;
mod advice;
mod blockpage;
pub mod catalogue;
mod clock;
mod compare;
mod contradiction;
mod dns;
mod ending;
mod exception;
pub mod explain;
mod explained;
mod finding;
mod follow_up;
mod gateway;
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

use std::net::IpAddr;
use std::ops::ControlFlow;

use crate::model::{
    self, Conclusion, End, Ending, Endpoint, FailOn, Kind, Obstacle, Record, Records, Run,
    Severity, Status, Summary, Verdict,
};
use crate::ordered_work::OrderedWork;
pub use action::actions;
pub use ending::ending;
pub use explained::says;
use finding::Draft;
pub use path::taken_as_private;
pub use tcp::fact as tcp_fact;

/// How many records a thread judges at a time.
const BATCH: usize = 1024;

/// Which addresses the cloud publishes as its own.
pub trait Published: Sync {
    /// Whether it publishes `address`; `None` where that is not known.
    fn holds(&self, address: IpAddr) -> Option<bool>;

    /// The list that says so, as `service tags of 2025-11-17`.
    fn source(&self) -> Option<String> {
        None
    }
}

impl<F: Fn(IpAddr) -> Option<bool> + Sync> Published for F {
    fn holds(&self, address: IpAddr) -> Option<bool> {
        self(address)
    }
}

/// What judges whether an address is the cloud's.
pub type IsAzure<'a> = &'a dyn Published;

/// An [`IsAzure`] for where no published ranges are at hand: nothing is known, nothing is found.
#[must_use]
pub const fn ranges_unknown(_: IpAddr) -> Option<bool> {
    None
}

/// The control address has no route, and there is no other family that could have one: this host
/// has no way out at all.
fn has_no_way_out(run: &Run) -> bool {
    let has_no_route = run
        .control
        .as_ref()
        .is_some_and(|control| matches!(control.end(), End::Stopped(Obstacle::NoRoute(_))));
    has_no_route && run.vantage.addresses.iter().all(IpAddr::is_ipv4)
}

/// Whether the rest of the run may change what is said of a record: what connected may have been a
/// middlebox where nothing else is proven, and a name that a server refuses may be the only one.
#[must_use]
pub fn takes_the_run(record: &Record) -> bool {
    let takes_control = record.trails.iter().any(|trail| {
        trail.is_connected() && (record.endpoint.kind == Kind::Tcp || trail.failure().is_some())
    });
    takes_control || one_name::takes_others(record)
}

/// One record, with what it is judged against.
#[derive(Clone, Copy)]
struct Case<'a> {
    record: &'a Record,
    run: &'a Run,
    is_azure: IsAzure<'a>,
}

impl<'a> Case<'a> {
    fn endpoint(&self) -> &'a Endpoint {
        &self.record.endpoint
    }

    /// An address that cannot answer was accepted: an accepted connection proves nothing.
    fn is_control_accepted(&self) -> bool {
        self.run.control.as_ref().is_some_and(crate::model::Trail::is_connected)
    }

    /// The same of the run that it is a part of.
    fn has_no_way_out(&self) -> bool {
        has_no_way_out(self.run)
    }

    /// This host's own addresses, for firewall rules.
    fn from(&self) -> String {
        match &*self.run.vantage.addresses {
            [] => "this host".to_owned(),
            addresses => finding::list(addresses, 3),
        }
    }
}

/// What one record means, whatever the others say: the same while a run goes on and afterwards,
/// but for what [`takes_the_run`].
#[must_use]
pub fn verdict(record: &Record, run: &Run, is_azure: IsAzure<'_>) -> Verdict {
    let case = Case { record, run, is_azure };
    let is_resolved_here = route::is_resolved_here(record);
    if is_resolved_here && gateway::is_unassigned(record, run) {
        return unassigned(&case, gateway::unassigned(record));
    }
    let mut drafts = Vec::new();
    if is_resolved_here {
        dns::judge(&case, &mut drafts);
        path::judge(&case, &mut drafts);
    }
    let is_proven = route::judge(&case, &mut drafts);
    if !is_resolved_here && gateway::is_unknown_to_proxy(record, &drafts) {
        return unassigned(&case, gateway::unassigned_beyond_proxy(record));
    }
    follow_up::judge(&case, is_proven, &mut drafts);
    obstacle::judge(&case, is_resolved_here, &mut drafts);
    // A warning needs proof as a pass does.
    if !is_proven && drafts.iter().all(Draft::is_warning) {
        drafts.push(obstacle::nothing_asked(record));
    }
    settle(&case, is_proven, drafts)
}

/// A gateway that is not in use yet.
fn unassigned(case: &Case<'_>, draft: Draft) -> Verdict {
    let finding = draft.of(case.endpoint());
    Verdict {
        status: Status::Unknown,
        cause: Some(finding.cause),
        findings: vec![finding],
        counts: false,
        is_lowered: false,
    }
}

/// What a whole run means, and how it ends where nothing else was asked for. `verdicts[i]` belongs
/// to `records[i]`.
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

/// The same where the verdicts are known already, as a stream of endpoints leaves them behind.
#[must_use]
pub fn conclude_with(records: &Records, mut verdicts: Vec<Verdict>) -> Conclusion {
    one_name::tell(records, &mut verdicts);
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

fn settle(case: &Case<'_>, is_proven: bool, drafts: Vec<Draft>) -> Verdict {
    let is_failure = drafts.iter().any(Draft::is_failure);
    let finished = |draft: Draft| draft.fact("from", case.from()).of(case.endpoint());
    let mut findings: Vec<_> = drafts.into_iter().map(finished).collect();
    finding::sort(&mut findings);
    let is_unknown = |finding: &model::Finding| finding.severity == Severity::Unknown;
    let first = findings.first();
    let status = match first.map(|finding| finding.severity) {
        None => Status::Pass,
        Some(Severity::Fail) => Status::Fail,
        // What is to be known besides does not stand for what could not be asked.
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
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::archive::arbitrary;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        /// Whatever was seen, what is concluded of it is sound.
        #[test]
        fn conclusions_are_sound(records in arbitrary::records()) {
            let conclusion = conclude(&records, &|address: IpAddr| Some(address.is_ipv4()));
            prop_assert_eq!(conclusion.verdicts.len(), records.records.len());
            let counted = conclusion.verdicts.iter().filter(|verdict| verdict.counts).count();
            let Summary { pass, warn, fail, unknown } = conclusion.summary;
            prop_assert_eq!(pass + warn + fail + unknown, counted);
            for (record, verdict) in records.records.iter().zip(&conclusion.verdicts) {
                prop_assert_eq!(verdict.cause, verdict.findings.first().map(|first| first.cause));
                let is_pass = verdict.status == Status::Pass;
                prop_assert_eq!(is_pass, verdict.findings.is_empty());
                prop_assert!(!is_pass || record.trails.iter().any(crate::model::Trail::is_connected));
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
