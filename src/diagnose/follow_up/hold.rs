//! `hold_*`: connections that were kept idle and then used again, and the idle limit that they
//! show.

use std::time::Duration;

use crate::diagnose::case::Case;
use crate::diagnose::finding::{Draft, reached, settle};
use crate::diagnose::words::{duration, silence};
use crate::model::{Cause, Failure, HeldOutcome, HoldFailure, Seen, Trail};

/// The draft for one connection that did not outlive its pause.
pub(in crate::diagnose) fn failed(failure: &HoldFailure) -> Draft {
    let idle = duration(failure.idle());
    match failure {
        HoldFailure::Silent { whose, .. } => Draft::new(
            Cause::HoldIdleDropped,
            format!("did not answer on a connection that had been idle for {idle}"),
        )
        .evidence(format!("idle for {idle}, then {}", silence(whose, 0, failure.idle()))),
        HoldFailure::Reset { after, os, .. } => Draft::new(
            Cause::HoldReset,
            format!("reset a connection that was to be idle for {idle}"),
        )
        .evidence(format!("to be idle for {idle}: {os} after {}", duration(*after))),
        HoldFailure::Other { os, .. } => Draft::new(
            Cause::HoldReset,
            format!("broke a connection that was to be idle for {idle}"),
        )
        .evidence(format!("to be idle for {idle}: {os}"))
        .possible(),
    }
}

/// Weighs all pauses together: how long an idle connection lives on this path.
pub(super) fn judge(case: &Case<'_>) -> Vec<Draft> {
    let holds = &case.record.follow_ups.holds;
    let survived = holds.iter().filter_map(survived).max();
    let mut drafts: Vec<Draft> = Vec::new();
    for cause in [Cause::HoldIdleDropped, Cause::HoldReset] {
        let mut broken: Vec<(&HoldFailure, &Trail)> = holds
            .iter()
            .filter_map(broken)
            .filter(|(failure, _)| failed(failure).cause == cause)
            .collect();
        broken.sort_by_key(|(failure, _)| failure.idle());
        let Some((first, _)) = broken.first() else { continue };
        let of_each = broken.iter().map(|(failure, trail)| {
            let to = reached(case.endpoint(), trail);
            failed(failure).seen_in(trail).destinations(to)
        });
        let Some(mut draft) = settle(of_each).pop() else { continue };
        let limit = duration(first.idle());
        let lived = match survived.filter(|survived| *survived < first.idle()) {
            Some(survived) => format!("lives for {}, and not for {limit}", duration(survived)),
            None => format!("does not live for {limit}"),
        };
        let what = if cause == Cause::HoldReset { "is reset" } else { "is dropped in silence" };
        let host_port = case.endpoint().host_port();
        draft.set_message(format!("{host_port}: an idle connection {lived}: it {what} on the way"));
        drafts.push(draft);
    }
    drafts
}

/// How long the connection was idle, where it still worked afterwards.
fn survived(trail: &Trail) -> Option<Duration> {
    trail.passed().iter().find_map(|step| match &step.seen {
        Seen::Hold(held) if held.outcome == HeldOutcome::Answered => Some(held.idle),
        _ => None,
    })
}

fn broken(trail: &Trail) -> Option<(&HoldFailure, &Trail)> {
    match trail.failure() {
        Some(Failure::Hold(failure)) => Some((failure, trail)),
        _ => None,
    }
}
