//! `tls_large_packets_lost`: a handshake that is silent as it is, and works with small segments.

use crate::diagnose::Case;
use crate::diagnose::finding::{Draft, duration};
use crate::model::{Cause, SegmentLadder, Trail};

/// What the ladder at the trail's address makes of its silence.
pub(in crate::diagnose) fn weigh(case: &Case<'_>, trail: &Trail, drafts: &mut [Draft]) {
    let ladders = &case.record.follow_ups.segments;
    let ladder = ladders.iter().find(|ladder| ladder.remote == trail.remote());
    let silence = drafts.iter_mut().find(|draft| draft.cause == Cause::TlsTimeout);
    let (Some(ladder), Some(silence)) = (ladder, silence) else { return };
    match ladder.passed() {
        Some(segment) => *silence = lost(ladder, segment),
        None => {
            if let Some(least) = ladder.rungs.iter().map(|rung| rung.segment).min() {
                silence.note(format!("silent with segments down to {least} bytes too"));
                silence.rule_out(Cause::TlsLargePacketsLost);
            }
        }
    }
}

fn lost(ladder: &SegmentLadder, segment: u16) -> Draft {
    let mut draft = Draft::new(
        Cause::TlsLargePacketsLost,
        format!("answers only while segments have at most {segment} bytes: larger ones are lost"),
    );
    for rung in &ladder.rungs {
        let came_to = match rung.failure {
            None => "the handshake was completed",
            Some(_) => "failed",
        };
        let took = duration(rung.took);
        draft.note(format!("segments of {} bytes: {came_to} after {took}", rung.segment));
    }
    draft
}
