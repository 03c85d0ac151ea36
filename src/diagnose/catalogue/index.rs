//! Which entry belongs to which cause.

use super::entry::CatalogueEntry;
use super::{application, dns, path, proxy, route, run, tcp, tls};
use crate::model::{Cause, Owner};

/// What is known about `cause`.
#[must_use]
pub const fn entry(cause: Cause) -> &'static CatalogueEntry {
    match cause {
        Cause::DnsViewsDiffer => &dns::VIEWS_DIFFER,
        Cause::DnsNxdomain => &dns::NXDOMAIN,
        Cause::DnsNodata => &dns::NODATA,
        Cause::DnsServfail => &dns::SERVFAIL,
        Cause::DnsRefused => &dns::REFUSED,
        Cause::DnsTimeout => &dns::TIMEOUT,
        Cause::DnsResolverUnreachable => &dns::RESOLVER_UNREACHABLE,
        Cause::DnsTcpBlocked => &dns::TCP_BLOCKED,
        Cause::DnsCnameLoop => &dns::CNAME_LOOP,
        Cause::DnsMalformed => &dns::MALFORMED,
        Cause::DnsSinkhole => &dns::SINKHOLE,
        Cause::DnsOsOverride => &dns::OS_OVERRIDE,
        Cause::DnsResolverDown => &dns::RESOLVER_DOWN,
        Cause::PathPrivateEndpointAbsent => &path::PRIVATE_ENDPOINT_ABSENT,
        Cause::PathPrivateZoneNotLinked => &path::PRIVATE_ZONE_NOT_LINKED,
        Cause::PathPrivateRecordMissing => &path::PRIVATE_RECORD_MISSING,
        Cause::PathPrivateOutsideNetwork => &path::PRIVATE_OUTSIDE_NETWORK,
        Cause::PathMixed => &path::MIXED,
        Cause::PathPublicExpected => &path::PUBLIC_EXPECTED,
        Cause::PathNotAzure => &path::NOT_AZURE,
        Cause::RoutePrivateViaProxy => &route::PRIVATE_VIA_PROXY,
        Cause::RouteProxyRequired => &route::PROXY_REQUIRED,
        Cause::RouteDirectRequired => &route::DIRECT_REQUIRED,
        Cause::RouteConfigInvalid => &route::CONFIG_INVALID,
        Cause::RouteConfigMismatch => &route::CONFIG_MISMATCH,
        Cause::ProxyUnresolvable => &proxy::UNRESOLVABLE,
        Cause::ProxyRefused => &proxy::REFUSED,
        Cause::ProxyTimeout => &proxy::TIMEOUT,
        Cause::ProxyUnreachable => &proxy::UNREACHABLE,
        Cause::ProxyAuthRequired => &proxy::AUTH_REQUIRED,
        Cause::ProxyAuthRejected => &proxy::AUTH_REJECTED,
        Cause::ProxyDenied => &proxy::DENIED,
        Cause::ProxyUpstreamDns => &proxy::UPSTREAM_DNS,
        Cause::ProxyUpstreamUnreachable => &proxy::UPSTREAM_UNREACHABLE,
        Cause::ProxyNotAProxy => &proxy::NOT_A_PROXY,
        Cause::ProxyTunnelClosed => &proxy::TUNNEL_CLOSED,
        Cause::ProxyPacError => &proxy::PAC_ERROR,
        Cause::TcpRefused => &tcp::REFUSED,
        Cause::TcpTimeout => &tcp::TIMEOUT,
        Cause::TcpUnreachable => &tcp::UNREACHABLE,
        Cause::TcpReset => &tcp::RESET,
        Cause::TcpLocalDenied => &tcp::LOCAL_DENIED,
        Cause::TcpSomeAddresses => &tcp::SOME_ADDRESSES,
        Cause::TcpFamily => &tcp::FAMILY,
        Cause::TcpAnsweredByMiddlebox => &tcp::ANSWERED_BY_MIDDLEBOX,
        Cause::TlsIntercepted => &tls::INTERCEPTED,
        Cause::TlsUntrusted => &tls::UNTRUSTED,
        Cause::TlsNameMismatch => &tls::NAME_MISMATCH,
        Cause::TlsExpired => &tls::EXPIRED,
        Cause::TlsNotYetValid => &tls::NOT_YET_VALID,
        Cause::TlsReset => &tls::RESET,
        Cause::TlsClosed => &tls::CLOSED,
        Cause::TlsTimeout => &tls::TIMEOUT,
        Cause::TlsNotTls => &tls::NOT_TLS,
        Cause::TlsVersion => &tls::VERSION,
        Cause::TlsAlert => &tls::ALERT,
        Cause::TlsLargePacketsLost => &tls::LARGE_PACKETS_LOST,
        Cause::TlsRevocationUnreachable => &tls::REVOCATION_UNREACHABLE,
        Cause::HttpTimeout => &application::HTTP_TIMEOUT,
        Cause::HttpClosed => &application::HTTP_CLOSED,
        Cause::HttpBlockPage => &application::HTTP_BLOCK_PAGE,
        Cause::HttpCaptivePortal => &application::HTTP_CAPTIVE_PORTAL,
        Cause::HttpSourceRefused => &application::HTTP_SOURCE_REFUSED,
        Cause::HttpNotTheService => &application::HTTP_NOT_THE_SERVICE,
        Cause::HttpUpgradeBlocked => &application::HTTP_UPGRADE_BLOCKED,
        Cause::HttpServiceError => &application::HTTP_SERVICE_ERROR,
        Cause::TdsNoAnswer => &application::TDS_NO_ANSWER,
        Cause::HoldIdleDropped => &application::HOLD_IDLE_DROPPED,
        Cause::HoldReset => &application::HOLD_RESET,
        Cause::RelayGatewayUnassigned => &application::RELAY_GATEWAY_UNASSIGNED,
        Cause::HostClockSkew => &run::HOST_CLOCK_SKEW,
        Cause::RuntimeContradiction => &run::RUNTIME_CONTRADICTION,
        Cause::RuntimeServiceStopped => &run::RUNTIME_SERVICE_STOPPED,
        Cause::RuntimeVersionExpired => &run::RUNTIME_VERSION_EXPIRED,
        Cause::RuntimeVersionExpiring => &run::RUNTIME_VERSION_EXPIRING,
        Cause::RuntimeVersionsDiffer => &run::RUNTIME_VERSIONS_DIFFER,
        Cause::RuntimeCredentialsUnsynced => &run::RUNTIME_CREDENTIALS_UNSYNCED,
        Cause::NotTestable => &run::NOT_TESTABLE,
        Cause::NotRun => &run::NOT_RUN,
        Cause::VantageBroken => &run::VANTAGE_BROKEN,
        Cause::BudgetSpent => &run::BUDGET_SPENT,
    }
}

/// What others than the entry's owner have to do about `cause`, as templates too.
#[must_use]
pub const fn further(cause: Cause) -> &'static [(Owner, &'static str)] {
    match cause {
        Cause::TlsExpired | Cause::TlsNotYetValid => &[(Owner::Proxy, tls::RENEW)],
        Cause::TlsUntrusted | Cause::TlsIntercepted => &[(Owner::Host, tls::INSTALL_ROOT)],
        Cause::RouteProxyRequired => &[(Owner::Firewall, route::OPEN_DIRECT)],
        Cause::RouteDirectRequired => &[(Owner::Proxy, route::LET_PROXY_CARRY)],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_its_own_full_entry() {
        for &cause in Cause::ALL {
            let entry = entry(cause);
            assert_eq!(entry.cause, cause);
            for text in [entry.sentence, entry.told_by, entry.remedy, entry.source] {
                assert!(!text.trim().is_empty() && text.trim() == text, "{cause}: {text:?}");
            }
            assert!(entry.sentence.ends_with('.'), "{cause}: {}", entry.sentence);
            assert!(!entry.rivals.contains(&cause), "{cause} is its own rival");
        }
    }

    #[test]
    fn no_two_causes_share_a_sentence() {
        let mut sentences: Vec<_> = Cause::ALL.iter().map(|cause| entry(*cause).sentence).collect();
        sentences.sort_unstable();
        sentences.dedup();
        assert_eq!(sentences.len(), Cause::ALL.len());
    }
}
