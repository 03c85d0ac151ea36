//! `tls_large_packets_lost`: a handshake that stays silent with ordinary segments, and works with
//! small ones.

use crate::diagnose::case::Case;
use crate::diagnose::finding::Draft;
use crate::diagnose::words::duration;
use crate::model::{Cause, Owner, Rung, SegmentBound, SegmentLadder, Trail};

/// Changes the draft about a silent handshake by what smaller segments to the same address showed.
pub(in crate::diagnose) fn weigh(case: &Case<'_>, trail: &Trail, drafts: &mut [Draft]) {
    let ladders = &case.record.follow_ups.segments;
    let ladder = ladders.iter().find(|ladder| ladder.remote == trail.remote());
    let silence = drafts.iter_mut().find(|draft| draft.cause == Cause::TlsTimeout);
    let (Some(ladder), Some(silence)) = (ladder, silence) else { return };
    match ladder.passed() {
        Some(segment) => *silence = lost(ladder, segment),
        None if ladder.rungs.iter().any(Rung::is_completed) => {
            if ladder.again().is_some_and(Rung::is_completed) {
                *silence = once(ladder);
            } else {
                add_rungs(ladder, silence);
            }
        }
        None => {
            let least = ladder.rungs.iter().filter_map(|rung| Some((rung.segment?, rung.bound)));
            if let Some((least, bound)) = least.min_by_key(|(segment, _)| *segment) {
                let segments = segments(bound);
                silence.add_evidence(format!("silent with {segments} down to {least} bytes too"));
                // What this side sends may be lost for its size all the same.
                if bound.is_both() {
                    silence.rule_out(Cause::TlsLargePacketsLost);
                }
            }
        }
    }
}

/// The draft for a silence that did not come again. A filter would have dropped the repetition too.
fn once(ladder: &SegmentLadder) -> Draft {
    let mut draft = Draft::new(
        Cause::TlsTimeout,
        "did not answer the ClientHello once, and completed the handshake when it was repeated",
    )
    .possible()
    .without_rival(Cause::TlsLargePacketsLost)
    .owner(Owner::Host)
    .template(
        "Run the check again (pathproof watch --every 1m): {host} was silent once. If that comes \
         and goes, look at the load of this host and of what inspects TLS on the way.",
    );
    add_rungs(ladder, &mut draft);
    draft
}

fn lost(ladder: &SegmentLadder, segment: u16) -> Draft {
    let of_that_size = ladder.rungs.iter().find(|rung| rung.segment == Some(segment));
    let segments = segments(of_that_size.map(|rung| rung.bound).unwrap_or_default());
    let mut draft = Draft::new(
        Cause::TlsLargePacketsLost,
        format!("answers only while {segments} have at most {segment} bytes: larger ones are lost"),
    );
    add_rungs(ladder, &mut draft);
    draft
}

/// What was kept small.
const fn segments(bound: SegmentBound) -> &'static str {
    match bound {
        SegmentBound::Both => "segments",
        SegmentBound::Incoming => "incoming segments",
    }
}

fn add_rungs(ladder: &SegmentLadder, draft: &mut Draft) {
    for rung in &ladder.rungs {
        let how = match rung.segment {
            None => "once more as it was".to_owned(),
            Some(segment) => format!("{} of {segment} bytes", segments(rung.bound)),
        };
        let outcome = if rung.is_completed() { "the handshake was completed" } else { "failed" };
        draft.add_evidence(format!("{how}: {outcome} after {}", duration(rung.took)));
    }
}
