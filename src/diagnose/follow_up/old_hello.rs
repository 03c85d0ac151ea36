//! `tls_version` of a server that closes the connection instead of sending an alert: it answers a
//! ClientHello that offers old versions alone, and not the ordinary one.

use crate::diagnose::case::Case;
use crate::diagnose::finding::Draft;
use crate::diagnose::words::duration;
use crate::model::{Cause, OldHello, OldHelloOutcome, Route, Trail};

const ASKED: &str = "a second ClientHello that offers TLS 1.1 and 1.0 alone";

/// Adds the outcome of the second ClientHello to the draft about the end of the first. Where the
/// server chose an old version, the cause becomes [`Cause::TlsVersion`].
pub(in crate::diagnose) fn weigh(case: &Case<'_>, trail: &Trail, drafts: &mut Vec<Draft>) {
    let hellos = &case.record.follow_ups.old_hellos;
    // Follow-ups do not go through a proxy.
    let is_direct = *trail.route() == Route::Direct;
    let hello = hellos.iter().find(|hello| is_direct && hello.remote == trail.remote());
    let is_ended = |draft: &Draft| matches!(draft.cause, Cause::TlsClosed | Cause::TlsReset);
    let index = drafts.iter().position(is_ended);
    let (Some(hello), Some(index)) = (hello, index) else { return };
    let mut draft = drafts.remove(index);
    let line = format!("{ASKED}: {} after {}", answer_to(hello), duration(hello.took));
    if let OldHelloOutcome::Chosen { version } = hello.outcome
        && let Some(name) = name_of(version)
    {
        draft = draft.recast(Cause::TlsVersion).proven();
        draft.set_message(format!(
            "offers neither TLS 1.2 nor 1.3: it ends the connection after our ClientHello, and \
             answers an older one with {name}"
        ));
    }
    draft.add_evidence(line);
    drafts.insert(index, draft);
}

fn answer_to(hello: &OldHello) -> String {
    match &hello.outcome {
        OldHelloOutcome::Chosen { version } => match name_of(*version) {
            Some(name) => format!("a ServerHello that chooses {name}"),
            None => format!("a ServerHello that chooses the version {version:#06x}"),
        },
        OldHelloOutcome::Alert { name } => format!("the alert {name}"),
        OldHelloOutcome::Closed => "closed as well".to_owned(),
        OldHelloOutcome::Reset(os) => format!("reset as well ({os})"),
        OldHelloOutcome::Silence => "silence".to_owned(),
        OldHelloOutcome::Unreadable => "bytes that are no TLS".to_owned(),
        OldHelloOutcome::NotConnected => "no connection any more".to_owned(),
    }
}

/// The names of the versions that were offered, and of SSL 3.0, which some servers choose
/// nevertheless.
const fn name_of(version: u16) -> Option<&'static str> {
    match version {
        0x0300 => Some("SSL 3.0"),
        0x0301 => Some("TLS 1.0"),
        0x0302 => Some("TLS 1.1"),
        _ => None,
    }
}
