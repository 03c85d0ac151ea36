//! `tcp_*`: connections that are not made.

use super::entry::CatalogueEntry;
use crate::model::{Cause, Owner};

/// The rivals of every blocked connect, where no alternate route was measured.
const BLOCKED: &[Cause] = &[Cause::TcpLocalDenied, Cause::RouteProxyRequired];

/// The remedy for a firewall, with all destinations.
const ALLOW: &str = "Allow TCP {port} out from {from} to {destinations}{tags}.";

pub(super) const REFUSED: CatalogueEntry = CatalogueEntry {
    cause: Cause::TcpRefused,
    sentence: "The connection is refused.",
    told_by: "ECONNREFUSED: a reset by the far end, a firewall that rejects with a reset or with \
              ICMP port unreachable, or this host's own firewall: one error to a client.",
    rivals: BLOCKED,
    owner: Owner::Firewall,
    remedy: "Allow TCP {port} out from {from} to {destinations}{tags}. If the rule is there, \
             check that something listens there and that this host's own firewall does not reject.",
    source: "RFC 9293 section 3.5.2; RFC 1122 section 4.2.3.9",
};

pub(super) const TIMEOUT: CatalogueEntry = CatalogueEntry {
    cause: Cause::TcpTimeout,
    sentence: "Nothing answers the attempt to connect.",
    told_by: "Silence: a firewall or NSG that drops (on the way or on this host), a route that \
              leads nowhere, or a host that is down.",
    rivals: BLOCKED,
    owner: Owner::Firewall,
    remedy: ALLOW,
    source: "RFC 9293 section 3.8.3; Microsoft, create-self-hosted-integration-runtime (Ports and \
             firewalls)",
};

pub(super) const UNREACHABLE: CatalogueEntry = CatalogueEntry {
    cause: Cause::TcpUnreachable,
    sentence: "The network says that the address cannot be reached.",
    told_by: "ICMP unreachable (net, host or prohibited: one error on Linux), an ARP that nobody \
              answers (after about 3 s), a blackhole route, or no route of any family.",
    rivals: BLOCKED,
    owner: Owner::Firewall,
    remedy: "Check the routes from {from} to {destinations}, and whether a firewall on the way \
             rejects TCP {port} there as prohibited.",
    source: "RFC 1122 section 3.2.2.1; RFC 1812 section 5.2.7.1",
};

pub(super) const RESET: CatalogueEntry = CatalogueEntry {
    cause: Cause::TcpReset,
    sentence: "The connection is reset before any TLS is exchanged.",
    told_by: "ECONNRESET in the connect, or when the ClientHello is written: what accepted the \
              connection dropped it at once.",
    rivals: &[Cause::TcpRefused, Cause::TlsReset],
    owner: Owner::Firewall,
    remedy: "Find the device that accepts and resets TCP {port} to {destinations}: a \
             transparent proxy, a load balancer without a backend, or an intrusion prevention \
             system.",
    source: "RFC 9293 section 3.5.2",
};

pub(super) const LOCAL_DENIED: CatalogueEntry = CatalogueEntry {
    cause: Cause::TcpLocalDenied,
    sentence: "This host's own policy forbids the connection.",
    told_by: "EACCES, EPERM or WSAEACCES from the connect itself. A local firewall that drops looks \
              like tcp_timeout, and one that rejects like tcp_refused.",
    rivals: &[],
    owner: Owner::Host,
    remedy: "Allow TCP {port} out to {destinations} in this host's own firewall, security \
             software or routing policy.",
    source: "connect(2); WinSock error codes",
};

pub(super) const SOME_ADDRESSES: CatalogueEntry = CatalogueEntry {
    cause: Cause::TcpSomeAddresses,
    sentence: "Some of the name's addresses work and others do not.",
    told_by: "Every address is tried on its own. Clients pick one by chance, so it fails now and \
              then; rules that hold yesterday's addresses are the usual reason.",
    rivals: &[],
    owner: Owner::Firewall,
    remedy: ALLOW,
    source: "contract, Causes",
};

pub(super) const FAMILY: CatalogueEntry = CatalogueEntry {
    cause: Cause::TcpFamily,
    sentence: "One address family works and the other, which this host has a route for, does not.",
    told_by: "All addresses of one family fail to connect while one of the other works. Clients \
              lose a time-out before they fall back.",
    rivals: &[Cause::TcpLocalDenied],
    owner: Owner::Firewall,
    remedy: "Allow TCP {port} out from {from} to {destinations}, or take that address family off \
             this host's default route.",
    source: "RFC 8305 section 1",
};

pub(super) const ANSWERED_BY_MIDDLEBOX: CatalogueEntry = CatalogueEntry {
    cause: Cause::TcpAnsweredByMiddlebox,
    sentence: "A middlebox accepts connections to every address.",
    told_by: "192.0.2.1, where nothing can answer, is accepted too: an accepted connection proves \
              nothing, and what fails after it fails behind the middlebox.",
    rivals: &[Cause::HttpServiceError],
    owner: Owner::Firewall,
    remedy: "Ask whoever runs the firewall or transparent proxy in front of {from} what it does \
             with TCP {port} to {host}: it accepts first and blocks afterwards.",
    source: "RFC 5737; Microsoft, connection-troubleshoot (Azure Firewall answers TCP ping)",
};
