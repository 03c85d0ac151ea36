//! `hold_*`: connections that were kept idle and used again.

use super::finding::{Draft, duration};
use super::tds;
use crate::model::{Cause, HoldFailure};

/// What a connection means that did not outlive its pause.
pub(super) fn failed(failure: &HoldFailure) -> Draft {
    let idle = duration(failure.idle());
    match failure {
        HoldFailure::Silent { whose, .. } => Draft::new(
            Cause::HoldIdleDropped,
            format!("did not answer any more on a connection that had been idle for {idle}"),
        )
        .evidence(format!("after {idle} of silence: {}", tds::patience(whose))),
        HoldFailure::Reset { after, os, .. } => Draft::new(
            Cause::HoldReset,
            format!("reset a connection that was to be idle for {idle}"),
        )
        .evidence(format!("{os} after {}", duration(*after))),
        HoldFailure::Other { os, .. } => Draft::new(
            Cause::HoldReset,
            format!("broke a connection that was to be idle for {idle}"),
        )
        .evidence(os.to_string())
        .possible(),
    }
}
