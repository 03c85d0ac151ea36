//! Connections that are kept idle and used again, and the WebSocket upgrade that a listener of the
//! relay begins with.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::time::{Instant, timeout};

use crate::model::{
    Failure, Held, HeldOutcome, HoldFailure, Host, HttpFailure, OpenTrail, Seen, Trail,
};
use crate::probe::http;
use crate::probe::os_error::{Meaning, meaning, os_error};
use crate::probe::runner::Shared;
use crate::probe::walk::{self, Purpose, Target};
use crate::route::Way;

/// One connection a rung of the ladder, and one for the upgrade, by the first way that the relay
/// was reached by.
pub(super) async fn ask(
    shared: &Shared,
    target: Target<'_>,
    ways: &[Way],
    trails: &[Trail],
    hold: Duration,
) -> (Vec<Trail>, Option<Trail>) {
    let reached = trails.iter().find(|trail| trail.http().is_some());
    let Some(reached) = reached else { return (Vec::new(), None) };
    let Some(way) = ways.iter().find(|way| way.route() == *reached.route()) else {
        return (Vec::new(), None);
    };
    let again = |purpose| async move {
        let target = Target { purpose, ..target };
        match way {
            Way::Direct => walk::direct(shared, target, reached.remote()).await,
            Way::Proxy(proxy) => walk::by_proxy_at(shared, target, proxy, reached.remote()).await,
        }
    };
    let rungs = ladder(hold).into_iter().map(|idle| again(Purpose::Hold(idle)));
    let rungs = futures_util::future::join_all(rungs);
    let (holds, upgrade) = futures_util::join!(rungs, again(Purpose::Upgrade));
    (holds, Some(upgrade))
}

/// How long each connection is idle: 30, 60, 120 and 240 seconds as far as they are less than
/// `hold`, and `hold`. Below half a minute, its eighth, quarter and half.
fn ladder(hold: Duration) -> Vec<Duration> {
    const RUNGS: [Duration; 4] = [
        Duration::from_secs(30),
        Duration::from_mins(1),
        Duration::from_mins(2),
        Duration::from_mins(4),
    ];
    let below = if hold <= RUNGS[0] {
        [hold / 8, hold / 4, hold / 2].to_vec()
    } else {
        RUNGS.into_iter().filter(|rung| *rung < hold).collect()
    };
    below.into_iter().chain([hold]).collect()
}

/// Keeps `stream` idle, and then asks over it as it would have been asked at once.
pub(in crate::probe) async fn keep_idle<S>(
    stream: S,
    shared: &Shared,
    host: &Host,
    port: u16,
    idle: Duration,
    trail: OpenTrail,
) -> Trail
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let patience = shared.settings.timeout;
    let began = Instant::now();
    let so_far = trail.clone();
    let kept = Box::pin(idle_then_ask(stream, host, port, idle, patience, trail));
    match shared.stop.or(kept).await {
        Ok(trail) => trail,
        Err(obstacle) => so_far.stop_after(obstacle, Some(began.elapsed())),
    }
}

async fn idle_then_ask<S>(
    mut stream: S,
    host: &Host,
    port: u16,
    idle: Duration,
    patience: Duration,
    mut trail: OpenTrail,
) -> Trail
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let began = Instant::now();
    let mut byte = [0];
    // Whatever comes in the pause is the far end's last word, or its end.
    if let Ok(read) = timeout(idle, stream.read(&mut byte)).await {
        let after = began.elapsed();
        return match read {
            Err(error) if meaning(&error) == Meaning::Reset => {
                let failure = HoldFailure::Reset { idle, after, os: os_error(&error) };
                trail.fail(Failure::Hold(failure), after)
            }
            // TLS without a close_notify is an end all the same.
            Ok(_) | Err(_) => {
                let outcome = HeldOutcome::Closed { after };
                trail.pass(Seen::Hold(Held { idle, outcome }), after);
                trail.complete()
            }
        };
    }
    let answer = http::get(stream, host, port, patience).await;
    let took = began.elapsed();
    let failure = match answer {
        Ok((answer, took_to_answer)) => {
            let outcome = HeldOutcome::Answered;
            trail.pass(Seen::Hold(Held { idle, outcome }), took.saturating_sub(took_to_answer));
            trail.pass(Seen::Http(Box::new(answer)), took_to_answer);
            return trail.complete();
        }
        Err((failure, _)) => failure,
    };
    let failure = match failure {
        HttpFailure::TimedOut { whose, received: 0 } => HoldFailure::Silent { idle, whose },
        HttpFailure::Reset(os) => HoldFailure::Reset { idle, after: took, os },
        HttpFailure::Other(os) => HoldFailure::Other { idle, os },
        HttpFailure::Closed { received: 0 } => {
            let outcome = HeldOutcome::Closed { after: took };
            trail.pass(Seen::Hold(Held { idle, outcome }), took);
            return trail.complete();
        }
        // It still carries bytes; what is wrong with them is another matter.
        failure => {
            trail.pass(Seen::Hold(Held { idle, outcome: HeldOutcome::Answered }), idle);
            return trail.fail(Failure::Http(failure), took.saturating_sub(idle));
        }
    };
    trail.fail(Failure::Hold(failure), took)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_fits_into_the_time_given() {
        for (hold, expected) in [
            (240, &[30, 60, 120, 240][..]),
            (600, &[30, 60, 120, 240, 600]),
            (90, &[30, 60, 90]),
            (60, &[30, 60]),
            (24, &[3, 6, 12, 24]),
        ] {
            let found: Vec<u64> =
                ladder(Duration::from_secs(hold)).iter().map(Duration::as_secs).collect();
            assert_eq!(found, expected, "{hold}");
        }
    }
}
