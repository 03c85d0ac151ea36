//! Causes as rivals of another cause: what else the same records could mean, and the next thing to
//! try in order to find out.

use super::index::entry;
use crate::model::Cause;

/// How a report words a rival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rival {
    /// What the rival would be, as a noun phrase.
    pub phrase: &'static str,
    /// What shows whether it is the rival, as an instruction without a full stop.
    pub test: &'static str,
}

/// The words for `cause` as a rival. A cause that is no rival of another has the catalogue's
/// sentence.
#[must_use]
pub fn rival(cause: Cause) -> Rival {
    let found = RIVALS.iter().find(|(known, ..)| *known == cause);
    match found {
        Some((_, phrase, test)) => Rival { phrase, test },
        None => Rival {
            phrase: entry(cause).sentence.trim_end_matches('.'),
            test: "see pathproof explain",
        },
    }
}

/// Whether `cause` has words of its own as a rival.
#[must_use]
pub fn is_worded(cause: Cause) -> bool {
    RIVALS.iter().any(|(known, ..)| *known == cause)
}

const RIVALS: &[(Cause, &str, &str)] = &[
    (Cause::DnsNxdomain, "a name that does not exist", "ask another name server by --resolver IP"),
    (
        Cause::DnsNodata,
        "a name without an address of this family",
        "ask another name server by --resolver IP",
    ),
    (
        Cause::DnsRefused,
        "a name server that refuses this name by policy",
        "ask the same server for a name that it is known to answer",
    ),
    (
        Cause::DnsTimeout,
        "a name server that is slow or silent",
        "ask again with a longer --timeout, and another server by --resolver IP",
    ),
    (
        Cause::DnsResolverUnreachable,
        "a name server that cannot be reached",
        "connect to its TCP port 53: --endpoint tcp://SERVER:53",
    ),
    (
        Cause::DnsSinkhole,
        "a filter in DNS that answers with an address of its own",
        "ask a name server outside this network by --resolver IP",
    ),
    (
        Cause::DnsViewsDiffer,
        "name servers that do not say the same",
        "ask each of them: --resolver IP, once for each",
    ),
    (
        Cause::DnsOsOverride,
        "an entry of this host's own (hosts file, NRPT)",
        "look for the name in the hosts file, and on Windows in Get-DnsClientNrptPolicy",
    ),
    (
        Cause::RouteProxyRequired,
        "a network that leaves by a proxy only",
        "add --alternate-proxy URL",
    ),
    (
        Cause::RouteDirectRequired,
        "a name that has to go directly, past the proxy",
        "add --alternate-proxy none",
    ),
    (
        Cause::RouteConfigMismatch,
        "a runtime that leaves by another way than this run",
        "run pathproof agent lint on the node",
    ),
    (Cause::ProxyAuthRequired, "a proxy that wants a sign-in", "add --proxy-credentials FILE"),
    (
        Cause::ProxyAuthRejected,
        "a proxy that ends the connection for an account which it rejects",
        "open a page by this proxy in a browser as the same account",
    ),
    (
        Cause::ProxyDenied,
        "a rule of the proxy",
        "look for the name and the time in the proxy's log",
    ),
    (
        Cause::ProxyUpstreamDns,
        "a proxy that cannot resolve the name",
        "resolve the name on the proxy itself",
    ),
    (
        Cause::ProxyUpstreamUnreachable,
        "a proxy that cannot reach the address",
        "connect to it from the proxy itself",
    ),
    (
        Cause::ProxyNotAProxy,
        "something that is no proxy at the proxy's address",
        "look at what listens there",
    ),
    (
        Cause::ProxyTunnelClosed,
        "a proxy that closes what it opened",
        "look for the name and the time in the proxy's log",
    ),
    (
        Cause::TcpRefused,
        "a port where nothing listens, or a firewall that rejects",
        "connect to it from another network",
    ),
    (
        Cause::TcpTimeout,
        "a path that is silent altogether",
        "look whether a new connection to the address is accepted",
    ),
    (Cause::TcpLocalDenied, "this host's own firewall", "try from a neighbour in the same subnet"),
    (
        Cause::TcpAnsweredByMiddlebox,
        "a middlebox that accepts for the far end",
        "connect to 192.0.2.1 on the same port, where nothing can answer",
    ),
    (
        Cause::TlsIntercepted,
        "TLS inspection on the way",
        "compare the issuer with what another network is shown",
    ),
    (
        Cause::TlsReset,
        "a device that resets TLS by the server name",
        "look for this host, the name and the time in the firewall's log",
    ),
    (
        Cause::TlsClosed,
        "a device that closes TLS by the server name",
        "look for this host, the name and the time in the firewall's log",
    ),
    (
        Cause::TlsTimeout,
        "a device that drops TLS by the server name",
        "look for this host, the name and the time in the firewall's log",
    ),
    (
        Cause::TlsLargePacketsLost,
        "large packets that are lost on the way",
        "ping the address with 1400 bytes that may not be fragmented",
    ),
    (Cause::HostClockSkew, "this host's clock", "compare it: w32tm /query /status, timedatectl"),
    (
        Cause::HttpClosed,
        "a far end that closes without an answer",
        "try the same name from another network",
    ),
    (Cause::HttpBlockPage, "a web filter's page", "open the address in a browser on this host"),
    (
        Cause::HttpNotTheService,
        "another service that answers under this name",
        "try the same name from another network",
    ),
    (
        Cause::HttpServiceError,
        "the service itself, out of order for a while",
        "try the same name from another network, and look at Azure's status page",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rival_of_the_catalogue_has_words_that_fit_a_list() {
        for &cause in Cause::ALL {
            for rival in entry(cause).rivals {
                assert!(is_worded(*rival), "{cause} names {rival}, which has no words");
            }
        }
        for (cause, phrase, test) in RIVALS {
            for text in [phrase, test] {
                assert!(!text.is_empty() && !text.ends_with('.') && !text.contains(';'), "{cause}");
            }
        }
    }

    #[test]
    fn no_cause_stands_twice() {
        let mut causes: Vec<Cause> = RIVALS.iter().map(|(cause, ..)| *cause).collect();
        causes.sort_unstable();
        causes.dedup();
        assert_eq!(causes.len(), RIVALS.len());
    }
}
