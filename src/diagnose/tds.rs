//! `tds_no_answer`: what a failed pre-login of SQL Server means.

use std::time::Duration;

use super::finding::Draft;
use super::words::{duration, quoted_bytes, silence};
use crate::model::{Cause, TdsFailure};

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
            format!("first bytes: {}", quoted_bytes(first_bytes)),
        ),
        TdsFailure::Other(os) => {
            ("failed at SQL Server's pre-login", format!("{os} after {after}"))
        }
    };
    Draft::new(Cause::TdsNoAnswer, message).evidence(evidence)
}
