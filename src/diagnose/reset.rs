//! Whether a reset came from the far end or from something nearer. The far end's answer takes a
//! round trip, and the connect shows how long that is: a reset that came much sooner was sent by
//! something between, if it was the far end that answered the connect.
//!
//! The hop limit of the reset would say more, but systems show it to privileged programs only.

use std::time::Duration;

use super::finding::Draft;
use super::words::duration;
use crate::model::{Failure, HttpFailure, Seen, TdsFailure, TlsFailureKind, Trail};

/// A connect that took less than this says more about scheduling than about the network.
const MEASURABLE: Duration = Duration::from_millis(5);
/// A connect that took this long may have repeated its SYN (RFC 6298 section 2.1), so its time is
/// not that of a round trip.
const REPEATED: Duration = Duration::from_secs(1);
/// A reset that came this many times sooner is no coincidence: a round trip varies, but hardly
/// below half of itself.
const SOONER: u32 = 2;

/// Adds to the first of `drafts` what the times say about the sender of a reset, where a trail
/// without a proxy ended with one. They do not change the certainty: a far end that resets without
/// waiting for any data looks the same, and so does a middlebox that is slow.
pub(super) fn weigh(trail: &Trail, failure: &Failure, took: Duration, drafts: &mut [Draft]) {
    let (Some(draft), Some(sent)) = (drafts.first_mut(), answered_with_reset(failure)) else {
        return;
    };
    let connects = trail.passed().iter().filter(|step| matches!(step.seen, Seen::Tcp));
    for line in connects.filter_map(|connect| compare(sent, took, connect.took)) {
        draft.add_evidence(line);
    }
}

/// What had been sent when the reset came.
fn answered_with_reset(failure: &Failure) -> Option<&'static str> {
    match failure {
        Failure::Tls(failure) if matches!(failure.kind, TlsFailureKind::Reset(_)) => {
            Some("ClientHello")
        }
        Failure::Http(HttpFailure::Reset(_)) => Some("request"),
        Failure::Tds(TdsFailure::Reset(_)) => Some("pre-login"),
        _ => None,
    }
}

fn compare(sent: &str, reset: Duration, connect: Duration) -> Option<String> {
    if !(MEASURABLE..REPEATED).contains(&connect) {
        return None;
    }
    let times = format!(
        "reset {} after the {sent}, and the connect took {}",
        duration(reset),
        duration(connect)
    );
    Some(if reset * SOONER <= connect {
        format!(
            "{times}: possibly by something nearer than the far end, which could do so only \
             without waiting for the {sent}"
        )
    } else {
        format!("{times}: time enough for the far end, and for anything nearer")
    })
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use super::*;
    use crate::model::{Cause, OpenTrail, OsError, Route, TcpFailure, TimeoutBy, TlsFailure};

    fn os() -> OsError {
        OsError { code: 104, symbol: "ECONNRESET".to_owned() }
    }

    fn tls(kind: TlsFailureKind) -> Failure {
        Failure::Tls(TlsFailure { kind, presented: None })
    }

    /// What is added to the evidence, where the connect and the failure took so long.
    fn added(connect: Option<Duration>, failure: &Failure, took: Duration) -> Vec<String> {
        let remote = SocketAddr::from((Ipv4Addr::LOCALHOST, 443));
        let mut open = OpenTrail::new(Route::Direct, remote, jiff::Timestamp::UNIX_EPOCH);
        if let Some(connect) = connect {
            open.pass(Seen::Tcp, connect);
        }
        let trail = open.fail(failure.clone(), took);
        let mut drafts = [Draft::new(Cause::TlsReset, "reset the connection")];
        weigh(&trail, failure, took, &mut drafts);
        let [draft] = drafts;
        draft.into_run_finding().evidence
    }

    #[test]
    fn a_reset_much_sooner_than_the_connect_comes_from_nearer() {
        let ms = Duration::from_millis;
        let (nearer, anywhere) =
            (Some("possibly by something nearer"), Some("time enough for the far end"));
        for (connect, reset, expected) in [
            (ms(38), ms(2), nearer),
            (ms(38), ms(19), nearer),
            (ms(38), ms(20), anywhere),
            (ms(38), ms(38), anywhere),
            (ms(38), ms(900), anywhere),
            (ms(5), ms(1), nearer),
            // Too short to be measured: a network of one's own.
            (ms(4), ms(1), None),
            (ms(999), ms(20), nearer),
            // A SYN that was lost: how long a round trip is, is not known.
            (ms(1000), ms(20), None),
            (ms(3040), ms(20), None),
        ] {
            let lines = added(Some(connect), &tls(TlsFailureKind::Reset(os())), reset);
            assert_eq!(
                lines.len(),
                usize::from(expected.is_some()),
                "{connect:?} {reset:?}: {lines:?}"
            );
            for (line, words) in lines.iter().zip(expected) {
                assert!(line.contains(words), "{connect:?} {reset:?}: {line}");
                let numbers = [duration(reset), duration(connect)];
                assert!(numbers.iter().all(|number| line.contains(number)), "{line}");
            }
        }
    }

    #[test]
    fn only_a_reset_in_answer_to_something_is_weighed() {
        let (connect, took) = (Duration::from_millis(40), Duration::from_millis(1));
        for (failure, sent) in [
            (tls(TlsFailureKind::Reset(os())), Some("ClientHello")),
            (Failure::Http(HttpFailure::Reset(os())), Some("request")),
            (Failure::Tds(TdsFailure::Reset(os())), Some("pre-login")),
            // Before anything was sent.
            (tls(TlsFailureKind::ResetOnWrite(os())), None),
            (Failure::Tcp(TcpFailure::Reset(os())), None),
            (tls(TlsFailureKind::Closed { received: 0 }), None),
            (tls(TlsFailureKind::TimedOut { whose: TimeoutBy::Ours(took), received: 0 }), None),
        ] {
            let lines = added(Some(connect), &failure, took);
            let said = lines
                .first()
                .map(|line| line.contains(&format!("after the {}", sent.unwrap_or("-"))));
            assert_eq!(said, sent.map(|_| true), "{failure:?}: {lines:?}");
        }
        // A record that says nothing of the connect.
        assert!(added(None, &tls(TlsFailureKind::Reset(os())), took).is_empty());
    }
}
