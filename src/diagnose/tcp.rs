//! `tcp_*` of one address. Errno alone decides nothing: what it leaves open stands as rivals, and
//! the time it took as evidence.

use std::time::Duration;

use super::finding::{Draft, duration};
use crate::model::{Cause, Owner, TcpFailure, Unreachable, Whose};

/// An unreachable host that took this long is more likely an ARP that nobody answered (Linux gives
/// up after three questions, a second apart) than a firewall's word.
const ARP_PATIENCE: Duration = Duration::from_millis(2500);

/// What a failed connect means; the message is what is said of the address.
pub(super) fn failed(failure: &TcpFailure, took: Duration) -> Draft {
    let after = duration(took);
    match failure {
        TcpFailure::Refused(os) => Draft::new(Cause::TcpRefused, "refused the connection")
            .evidence(format!("{os} after {after}")),
        TcpFailure::TimedOut(Whose::Ours(patience)) => {
            Draft::new(Cause::TcpTimeout, format!("did not answer within {}", duration(*patience)))
                .evidence(format!("silent for {after}, until our time-out"))
        }
        TcpFailure::TimedOut(Whose::Kernel(os)) => Draft::new(
            Cause::TcpTimeout,
            format!("did not answer: this host's system gave up after {after}"),
        )
        .evidence(format!("{os} after {after}")),
        TcpFailure::Unreachable { kind: Unreachable::Network, os } => {
            Draft::new(Cause::TcpUnreachable, "could not be reached: network unreachable")
                .evidence(format!("{os} after {after}"))
        }
        TcpFailure::Unreachable { kind: Unreachable::Host, os } => {
            let draft = Draft::new(
                Cause::TcpUnreachable,
                "could not be reached: host unreachable or prohibited",
            )
            .evidence(format!("{os} after {after}"));
            if took >= ARP_PATIENCE {
                draft.evidence("that slowly: most likely an ARP that nobody answered")
            } else {
                draft.evidence("that fast: a router or firewall said so")
            }
        }
        TcpFailure::Unreachable { kind: Unreachable::Blackhole, os } => Draft::new(
            Cause::TcpUnreachable,
            "could not be reached: a blackhole route of this host",
        )
        .evidence(format!("{os} after {after}"))
        .proven()
        .owner(Owner::Host),
        TcpFailure::Reset(os) => {
            Draft::new(Cause::TcpReset, "reset the connection while it was being made")
                .evidence(format!("{os} after {after}"))
        }
        TcpFailure::Denied(os) => {
            Draft::new(Cause::TcpLocalDenied, "is forbidden by this host's own policy")
                .evidence(format!("{os} after {after}"))
                .proven()
        }
        TcpFailure::Other(os) => {
            Draft::new(Cause::TcpUnreachable, format!("could not be connected to: {os}"))
                .evidence(format!("{os} after {after}"))
                .possible()
        }
    }
}
