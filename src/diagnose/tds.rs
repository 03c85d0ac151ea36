//! `tds_no_answer`.

use std::time::Duration;

use super::finding::{Draft, duration};
use super::http::shown;
use crate::model::{Cause, TdsFailure, TimeoutBy};

/// What a failed pre-login means; the message is what is said of the address.
pub(super) fn failed(failure: &TdsFailure, took: Duration) -> Draft {
    let after = duration(took);
    let (message, evidence) = match failure {
        TdsFailure::TimedOut { whose, received } => (
            "accepted the connection and stayed silent to SQL Server's pre-login",
            silence(whose, *received, took),
        ),
        TdsFailure::Closed { received } => (
            "accepted the connection and closed it at SQL Server's pre-login",
            format!("end of stream after {after}, {received} bytes received"),
        ),
        TdsFailure::Reset(os) => (
            "accepted the connection and reset it at SQL Server's pre-login",
            format!("{os} after {after}"),
        ),
        TdsFailure::NotTds { first_bytes } => (
            "answers SQL Server's pre-login with something else",
            format!("first bytes: {}", shown(first_bytes)),
        ),
        TdsFailure::Other(os) => {
            ("failed at SQL Server's pre-login", format!("{os} after {after}"))
        }
    };
    Draft::new(Cause::TdsNoAnswer, message).evidence(evidence)
}

/// How long the far end was silent, and after how much.
pub(super) fn silence(whose: &TimeoutBy, received: usize, took: Duration) -> String {
    let came = match received {
        0 => "no byte came".to_owned(),
        1 => "1 byte came, then none".to_owned(),
        _ => format!("{received} bytes came, then none"),
    };
    match whose {
        TimeoutBy::Ours(limit) => format!("{came} within our time-out of {}", duration(*limit)),
        TimeoutBy::Kernel(os) => {
            format!("{came} until the system gave up after {} ({os})", duration(took))
        }
    }
}
