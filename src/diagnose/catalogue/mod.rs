//! Every cause of the contract: what it means, how it is told from its rivals, who mends it and
//! how. Also those that later versions will find: records outlive the program that wrote them.
//!
//! Remedies are templates: `{host}` and its like are filled with what was seen ([`fill`]), or, for
//! `explain`, with words ([`in_words`]).

mod application;
mod dns;
mod path;
mod proxy;
mod route;
mod run;
mod tcp;
mod tls;

use std::borrow::Cow;

use crate::model::{Cause, Owner};

/// What is known of a cause, whatever the endpoint.
#[derive(Debug)]
pub struct Entry {
    /// Which.
    pub cause: Cause,
    /// What it means, in one sentence.
    pub sentence: &'static str,
    /// How it is told, and told from its rivals.
    pub told_by: &'static str,
    /// Causes that can leave the same record.
    pub rivals: &'static [Cause],
    /// Who can mend it, as a rule.
    pub owner: Owner,
    /// What to do: a template.
    pub remedy: &'static str,
    /// Where this is written down.
    pub source: &'static str,
}

/// The places a remedy may name, and the words for them where nothing was seen.
pub const PLACES: &[(&str, &str)] = &[
    ("revocation", "the revocation hosts"),
    ("host", "the host"),
    ("port", "the port"),
    ("place", "the host and port"),
    ("addresses", "its addresses"),
    ("destinations", "the host (its addresses)"),
    ("from", "this host"),
    ("resolvers", "the name servers"),
    ("zone", "the service's privatelink zone"),
    ("alias", "its privatelink name"),
    ("issuer", "the issuer shown"),
    ("networks", "the networks given by --private-cidr"),
    ("tags", ""),
    ("until", "the end of its validity"),
    ("proxy", "the proxy"),
    ("configured", "in the runtime's configuration"),
    ("pattern", "the name, its dots escaped,"),
];

/// What is known of `cause`.
#[must_use]
pub const fn entry(cause: Cause) -> &'static Entry {
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
        Cause::HttpNotTheService => &application::HTTP_NOT_THE_SERVICE,
        Cause::HttpUpgradeBlocked => &application::HTTP_UPGRADE_BLOCKED,
        Cause::HttpServiceError => &application::HTTP_SERVICE_ERROR,
        Cause::TdsNoAnswer => &application::TDS_NO_ANSWER,
        Cause::HoldIdleDropped => &application::HOLD_IDLE_DROPPED,
        Cause::HoldReset => &application::HOLD_RESET,
        Cause::RelayGatewayUnassigned => &application::RELAY_GATEWAY_UNASSIGNED,
        Cause::HostClockSkew => &run::HOST_CLOCK_SKEW,
        Cause::RuntimeContradiction => &run::RUNTIME_CONTRADICTION,
        Cause::NotTestable => &run::NOT_TESTABLE,
        Cause::NotRun => &run::NOT_RUN,
        Cause::VantageBroken => &run::VANTAGE_BROKEN,
        Cause::BudgetSpent => &run::BUDGET_SPENT,
    }
}

/// What others than the entry's owner have to do about `cause`: templates too.
#[must_use]
pub const fn further(cause: Cause) -> &'static [(Owner, &'static str)] {
    match cause {
        Cause::TlsExpired | Cause::TlsNotYetValid => &[(Owner::Proxy, tls::RENEW)],
        Cause::TlsUntrusted | Cause::TlsIntercepted => &[(Owner::Host, tls::INSTALL_ROOT)],
        _ => &[],
    }
}

/// `template` with its places filled by what `known` says, or else by the words for them.
pub(super) fn fill<'a>(template: &str, known: impl Fn(&str) -> Option<Cow<'a, str>>) -> String {
    let mut text = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((place, after)) = after.split_once('}') else {
            rest = after;
            break;
        };
        let value = known(place).or_else(|| words_for(place).map(Cow::Borrowed));
        text.push_str(value.as_deref().unwrap_or(place));
        rest = after;
    }
    text.push_str(rest);
    text
}

/// `template` with words in all its places.
#[must_use]
pub fn in_words(template: &str) -> String {
    fill(template, |_| None)
}

fn words_for(place: &str) -> Option<&'static str> {
    PLACES.iter().find(|(name, _)| *name == place).map(|(_, words)| *words)
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

    #[test]
    fn remedies_name_known_places_only() {
        for &cause in Cause::ALL {
            for part in entry(cause).remedy.split('{').skip(1) {
                let (place, _) = part.split_once('}').expect("a place ends with a brace");
                assert!(words_for(place).is_some(), "{cause}: {place}");
            }
            assert!(!in_words(entry(cause).remedy).contains(['{', '}']), "{cause}");
        }
    }

    #[test]
    fn places_are_filled_by_what_is_known_before_words() {
        let known = |place: &str| (place == "host").then_some(Cow::Borrowed("contoso.com"));
        assert_eq!(fill("to {host} from {from}.", known), "to contoso.com from this host.");
    }
}
