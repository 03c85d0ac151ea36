//! What a system error means for a question over UDP.

use std::io;

use crate::model::{DnsFailure, Obstacle};
use crate::probe::os_error::{Meaning, meaning, os_error};

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
            (_, Meaning::NoResources) => Obstacle::DescriptorLimit(os),
            (Self::Bind(_), _) if error.kind() == io::ErrorKind::AddrInUse => {
                Obstacle::PortLimit(os)
            }
            // A server whose family this host does not speak cannot be bound to either.
            (Self::Bind(_), _) => Obstacle::NoLocalAddress(os),
            // Linux: an address of loopback, and a server beyond.
            (Self::Connect { is_bound: true, .. }, Meaning::InvalidArgument) => {
                Obstacle::NoLocalAddress(os)
            }
            // Linux answers EAGAIN where no ephemeral port is left for UDP.
            (Self::Connect { .. }, Meaning::NoLocalEnd) => Obstacle::PortLimit(os),
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
        Meaning::Refused | Meaning::Reset => DnsFailure::PortClosed(os),
        Meaning::NoResources => DnsFailure::NotAsked(Obstacle::DescriptorLimit(os)),
        _ => DnsFailure::Unreachable(os),
    }
}
