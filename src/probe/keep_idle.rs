//! A connection that is kept idle, and then used.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::time::{Instant, timeout};

use super::http;
use super::os_error::{ErrorMeaning, meaning, os_error};
use super::shared::RunShared;
use crate::model::{
    Failure, Held, HeldOutcome, HoldFailure, Host, HttpFailure, OpenTrail, Seen, Trail,
};

/// Keeps `stream` idle, and then asks over it as it would have been asked at once.
pub(super) async fn keep_idle<S>(
    stream: S,
    shared: &RunShared,
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
    // Whatever comes while it is idle ends the stream: the far end sends nothing of its own accord.
    if let Ok(read) = timeout(idle, stream.read(&mut byte)).await {
        let after = began.elapsed();
        return match read {
            Err(error) if meaning(&error) == ErrorMeaning::Reset => {
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
