//! What a system error means for a question over UDP.

use std::io;

use crate::model::{DnsFailure, Obstacle};
use crate::probe::os_error::{ErrorMeaning, meaning, os_error};

/// Where opening a socket failed: the same code means different things at each.
#[derive(Debug)]
pub(super) enum OpenError {
    Create(io::Error),
    Bind(io::Error),
    Connect { error: io::Error, is_bound: bool },
}

impl OpenError {
    pub(super) fn into_failure(self) -> DnsFailure {
        let (Self::Create(error) | Self::Bind(error) | Self::Connect { error, .. }) = &self;
        let os = os_error(error);
        let obstacle = match (&self, meaning(error)) {
            (_, ErrorMeaning::NoResources) => Obstacle::DescriptorLimit(os),
            (Self::Bind(_), _) if error.kind() == io::ErrorKind::AddrInUse => {
                Obstacle::PortLimit(os)
            }
            // A server whose family this host does not speak cannot be bound to either.
            (Self::Bind(_), _) => Obstacle::NoLocalAddress(os),
            // Linux: an address of loopback, and a server beyond.
            (Self::Connect { is_bound: true, .. }, ErrorMeaning::InvalidArgument) => {
                Obstacle::NoLocalAddress(os)
            }
            // Linux answers EAGAIN where no ephemeral port is left for UDP.
            (Self::Connect { .. }, ErrorMeaning::NoLocalEnd) => Obstacle::PortLimit(os),
            (Self::Connect { .. }, _) if error.kind() == io::ErrorKind::WouldBlock => {
                Obstacle::PortLimit(os)
            }
            (Self::Create(_) | Self::Connect { .. }, _) => return DnsFailure::Unreachable(os),
        };
        DnsFailure::NotAsked(obstacle)
    }
}

/// What an error on an open, connected socket says about the server.
///
/// A reset is how Windows reports ICMP port unreachable for UDP. Everything else kept a packet
/// from getting there, this host's own policy (`EPERM`) included; the code says what.
pub(super) fn failure(error: &io::Error) -> DnsFailure {
    let os = os_error(error);
    match meaning(error) {
        ErrorMeaning::Refused | ErrorMeaning::Reset => DnsFailure::PortClosed(os),
        ErrorMeaning::NoResources => DnsFailure::NotAsked(Obstacle::DescriptorLimit(os)),
        _ => DnsFailure::Unreachable(os),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn errors_of_this_host_are_obstacles_and_those_of_the_way_are_failures() {
        let error = io::Error::from_raw_os_error;
        let connect = |code, is_bound| OpenError::Connect { error: error(code), is_bound };
        for (open, expected) in [
            (OpenError::Create(error(libc::EMFILE)), "descriptors"),
            (OpenError::Create(error(libc::EAFNOSUPPORT)), "unreachable"),
            (OpenError::Bind(error(libc::EADDRNOTAVAIL)), "address"),
            (OpenError::Bind(error(libc::EAFNOSUPPORT)), "address"),
            (OpenError::Bind(error(libc::EADDRINUSE)), "ports"),
            (connect(libc::EAGAIN, false), "ports"),
            (connect(libc::EADDRNOTAVAIL, false), "ports"),
            (connect(libc::ENETUNREACH, false), "unreachable"),
            (connect(libc::EINVAL, true), "address"),
            (connect(libc::EINVAL, false), "unreachable"), // a blackhole route
        ] {
            let what = format!("{open:?}");
            let found = match open.into_failure() {
                DnsFailure::NotAsked(Obstacle::DescriptorLimit(_)) => "descriptors",
                DnsFailure::NotAsked(Obstacle::NoLocalAddress(_)) => "address",
                DnsFailure::NotAsked(Obstacle::PortLimit(_)) => "ports",
                DnsFailure::Unreachable(_) => "unreachable",
                other => panic!("{what}: {other:?}"),
            };
            assert_eq!(found, expected, "{what}");
        }
    }

    #[test]
    fn only_a_refusal_is_a_closed_port() {
        for (code, is_closed) in [
            (libc::ECONNREFUSED, true),
            (libc::ECONNRESET, true),
            (libc::EHOSTUNREACH, false),
            (libc::ENETUNREACH, false),
            (libc::EPERM, false),
        ] {
            let found = failure(&io::Error::from_raw_os_error(code));
            assert_eq!(matches!(found, DnsFailure::PortClosed(_)), is_closed, "{found:?}");
            assert_eq!(matches!(found, DnsFailure::Unreachable(_)), !is_closed, "{found:?}");
        }
    }
}
