//! `tcp_*` of one address. An errno alone proves little: what it leaves open is among the rivals,
//! and the time that the attempt took is evidence.

use std::time::Duration;

use super::finding::Draft;
use super::words::{duration, syns_sent};
use crate::model::{Cause, OsError, Owner, Run, TcpFailure, TimeoutBy, Unreachable};

/// "Host unreachable" after this long more likely means that no host answered ARP (Linux gives up
/// after three requests, a second apart) than that a firewall said so.
const ARP_PATIENCE: Duration = Duration::from_millis(2500);

/// The remedy for a route that this host itself does not have, or has to nowhere: no firewall is
/// asked for it, as no packet left.
pub(super) fn own_route_remedy(run: &Run) -> &'static str {
    if run.vantage.os.contains("Windows") {
        "Add or correct the route of this host to {destinations}: Find-NetRoute -RemoteIPAddress \
         ADDRESS shows the one it takes, Get-NetRoute shows all."
    } else {
        "Add or correct the route of this host to {destinations}: ip route get ADDRESS shows the \
         one it takes, ip route shows all."
    }
}

/// What a failed connect means. `syns` is how many SYNs it sent, where that is known.
pub(super) fn failed(failure: &TcpFailure, took: Duration, syns: Option<u32>, run: &Run) -> Draft {
    let fact = fact(failure, took, syns);
    match failure {
        TcpFailure::Refused(_) => Draft::new(Cause::TcpRefused, "refused the connection"),
        TcpFailure::TimedOut(TimeoutBy::Ours(patience)) => {
            Draft::new(Cause::TcpTimeout, format!("did not answer within {}", duration(*patience)))
        }
        TcpFailure::TimedOut(TimeoutBy::Kernel(_)) => Draft::new(
            Cause::TcpTimeout,
            format!("did not answer: this host's system gave up after {}", duration(took)),
        ),
        TcpFailure::Unreachable { kind: Unreachable::Network, .. } => {
            Draft::new(Cause::TcpUnreachable, "could not be reached: network unreachable")
        }
        TcpFailure::Unreachable { kind: Unreachable::Host, .. } => {
            let draft = Draft::new(
                Cause::TcpUnreachable,
                "could not be reached: host unreachable or prohibited",
            );
            let why = if took >= ARP_PATIENCE {
                "that slowly: most likely an ARP that nobody answered"
            } else {
                "that fast: a router or firewall said so"
            };
            return draft.evidence(fact).evidence(why);
        }
        TcpFailure::Unreachable { kind: Unreachable::Blackhole, .. } => Draft::new(
            Cause::TcpUnreachable,
            "could not be reached: a blackhole route of this host",
        )
        .proven()
        .owner(Owner::Host)
        .template(own_route_remedy(run)),
        TcpFailure::Reset(_) => {
            Draft::new(Cause::TcpReset, "reset the connection while it was being made")
        }
        TcpFailure::Denied(_) => {
            Draft::new(Cause::TcpLocalDenied, "is forbidden by this host's own policy").proven()
        }
        TcpFailure::Other(os) => {
            Draft::new(Cause::TcpUnreachable, format!("could not be connected to: {os}")).possible()
        }
    }
    .evidence(fact)
}

/// What was seen of a failed connect, without what it means: `refused after 0.1 ms (ECONNREFUSED)`,
/// `no answer to SYN for 2.0 s (2 SYNs sent)`.
#[must_use]
pub fn fact(failure: &TcpFailure, took: Duration, syns: Option<u32>) -> String {
    let after = duration(took);
    let ended = |how: &str, os: &OsError| format!("{how} after {after} ({})", os.symbol);
    match failure {
        TcpFailure::Refused(os) => ended("refused", os),
        TcpFailure::TimedOut(whose) => {
            let code = match whose {
                TimeoutBy::Ours(_) => None,
                TimeoutBy::Kernel(os) => Some(os.symbol.clone()),
            };
            let remarks: Vec<String> = code.into_iter().chain(syns.map(syns_sent)).collect();
            let remarks = remarks.join(", ");
            let remarks = if remarks.is_empty() { remarks } else { format!(" ({remarks})") };
            format!("no answer to SYN for {after}{remarks}")
        }
        TcpFailure::Unreachable { kind: Unreachable::Network, os } => {
            ended("network unreachable", os)
        }
        TcpFailure::Unreachable { kind: Unreachable::Host, os } => ended("host unreachable", os),
        TcpFailure::Unreachable { kind: Unreachable::Blackhole, os } => {
            ended("stopped by a blackhole route", os)
        }
        TcpFailure::Reset(os) => ended("reset", os),
        TcpFailure::Denied(os) => ended("denied by this host", os),
        TcpFailure::Other(os) => ended("failed", os),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Vantage;

    #[test]
    fn facts_have_one_style() {
        let os = |symbol: &str| OsError { code: 1, symbol: symbol.to_owned() };
        let ours = || TcpFailure::TimedOut(TimeoutBy::Ours(Duration::from_secs(2)));
        let kernel = TcpFailure::TimedOut(TimeoutBy::Kernel(os("ETIMEDOUT")));
        let prohibited =
            TcpFailure::Unreachable { kind: Unreachable::Host, os: os("EHOSTUNREACH") };
        for (failure, millis, syns, expected) in [
            (ours(), 2000, Some(2), "no answer to SYN for 2.0 s (2 SYNs sent)"),
            (ours(), 2000, Some(1), "no answer to SYN for 2.0 s (1 SYN sent)"),
            (ours(), 2000, None, "no answer to SYN for 2.0 s"),
            (kernel, 4012, Some(3), "no answer to SYN for 4.0 s (ETIMEDOUT, 3 SYNs sent)"),
            (
                TcpFailure::Refused(os("ECONNREFUSED")),
                1,
                Some(1),
                "refused after 1.0 ms (ECONNREFUSED)",
            ),
            (prohibited, 0, None, "host unreachable after 0.0 ms (EHOSTUNREACH)"),
        ] {
            assert_eq!(fact(&failure, Duration::from_millis(millis), syns), expected);
        }
    }

    #[test]
    fn a_blackhole_route_is_for_whoever_administers_the_host() {
        let os = OsError { code: 22, symbol: "EINVAL".to_owned() };
        let failure = TcpFailure::Unreachable { kind: Unreachable::Blackhole, os };
        for (system, command) in
            [("Ubuntu 24.04", "ip route get"), ("Windows Server 2022", "Find-NetRoute")]
        {
            let vantage = Vantage { os: system.to_owned(), ..Vantage::default() };
            let run = Run { vantage, ..Run::default() };
            let finding = failed(&failure, Duration::ZERO, None, &run).into_run_finding();
            assert_eq!(finding.owner, Owner::Host);
            assert!(finding.remedy.contains(command), "{system}: {}", finding.remedy);
            assert!(!finding.remedy.contains("firewall"), "{}", finding.remedy);
        }
    }
}
