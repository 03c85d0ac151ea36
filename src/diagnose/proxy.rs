//! `proxy_*` of one trail: what a proxy that opened no tunnel says of itself, or keeps to itself.

use std::time::Duration;

use super::finding::{Draft, duration};
use crate::model::{Cause, HttpAnswer, ProxyFailure};

/// What a tunnel that was not opened means; the message is what is said of the proxy's address.
pub(super) fn failed(failure: &ProxyFailure, took: Duration) -> Draft {
    let after = duration(took);
    match failure {
        ProxyFailure::TimedOut { received, .. } => {
            Draft::new(Cause::ProxyTimeout, "did not answer the request for a tunnel")
                .evidence(format!("silent after {received} bytes, for {after}"))
        }
        ProxyFailure::Answered { answer, with_credentials } => answered(answer, *with_credentials),
        ProxyFailure::SocksNoMethod { with_credentials: false } => {
            Draft::new(Cause::ProxyAuthRequired, "wants a user name, and none is configured")
        }
        ProxyFailure::SocksNoMethod { with_credentials: true } | ProxyFailure::SocksRejected => {
            Draft::new(Cause::ProxyAuthRejected, "rejects the user name and password")
        }
        ProxyFailure::SocksReply(2) => Draft::new(Cause::ProxyDenied, "denies the destination"),
        ProxyFailure::SocksReply(code) => {
            Draft::new(Cause::ProxyUpstreamUnreachable, "could not reach the destination")
                .evidence(format!("SOCKS5 reply {code}"))
        }
        ProxyFailure::Tls(_)
        | ProxyFailure::Closed { .. }
        | ProxyFailure::Reset(_)
        | ProxyFailure::NotProxy { .. }
        | ProxyFailure::HeadTooLong { .. }
        | ProxyFailure::Other(_) => {
            Draft::new(Cause::ProxyNotAProxy, "does not answer as a proxy does")
                .evidence(format!("after {after}"))
        }
    }
}

fn answered(answer: &HttpAnswer, with_credentials: bool) -> Draft {
    let words = format!("{} {}", answer.status, answer.reason);
    let draft = match answer.status {
        407 if with_credentials => {
            Draft::new(Cause::ProxyAuthRejected, "rejects the credentials that were sent")
        }
        407 => Draft::new(Cause::ProxyAuthRequired, "wants a sign-in that was not given"),
        403 => Draft::new(Cause::ProxyDenied, "denies the destination"),
        502..=504 => Draft::new(Cause::ProxyUpstreamUnreachable, "could not reach the destination"),
        _ => Draft::new(Cause::ProxyNotAProxy, "does not answer as a proxy does"),
    };
    draft.evidence(words)
}
