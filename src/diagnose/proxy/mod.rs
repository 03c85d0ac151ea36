//! `proxy_*`: the way to a proxy, and what the proxy says of the way beyond it.
//!
//! The subject of every message is the proxy; [`compare`](super::compare) prefixes its URL.

mod answer;
mod sign_in;
mod status;

use std::time::Duration;

use super::case::Case;
use super::finding::Draft;
use super::words::{duration, lookup_evidence, quoted_bytes, silence};
use super::{dns, obstacle, tcp, tls};
use crate::model::{
    Cause, ChainTrust, DnsFailure, Failure, Host, HttpFailure, Owner, Presented, Proxied,
    ProxyFailure, Run, TcpFailure, TdsFailure, TlsFailure, TlsFailureKind, TlsSession, Trail,
    deciding,
};
pub(super) use answer::{in_place_of_the_service, words_of_proxies};
pub(super) use status::error as proxy_error;

/// The remedy for a TLS session with the proxy, whatever is wrong with its certificate.
const SESSION_REMEDY: &str =
    "Have {proxy} show a certificate for its own name that this host trusts.";

/// The remedy for a proxy that accepts the connection and stays silent.
const MUTE_REMEDY: &str = "Ask whoever runs {proxy} what it waits for: the way from it to {endpoint}, \
                           its name servers, or its own load.";

/// Whether an error that `Proxy-Status` names is one of those that say more than the status does.
pub(super) fn has_meaning(error: &str) -> bool {
    status::meaning(error).is_some()
}

/// The host of a proxy's URL, as text.
pub(super) fn host(url: &str) -> &str {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = authority.split_once('/').map_or(authority, |(front, _)| front);
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    host.trim_start_matches('[').trim_end_matches(']')
}

/// Where the proxy and its credentials were configured, for whoever is to correct them.
pub(super) fn configured_in(run: &Run) -> String {
    let is_given = |option: &str| {
        let mut given = run.options.iter().filter_map(|word| word.strip_prefix(option));
        given.any(|rest| rest.is_empty() || rest.starts_with('='))
    };
    let source = &*run.vantage.proxy_source;
    if is_given("--proxy-credentials") {
        "as --proxy-credentials gives it".to_owned()
    } else if source == "--proxy" {
        "as --proxy gives it".to_owned()
    } else if matches!(source, "" | "none") {
        "in the runtime's configuration".to_owned()
    } else {
        format!("as configured by {}", source.strip_prefix("auto: ").unwrap_or(source))
    }
}

/// The drafts for a proxy whose name has no address.
pub(super) fn unresolvable(case: &Case<'_>, proxy: &Proxied) -> Vec<Draft> {
    let Some(asked) = case.record.proxies.iter().find(|asked| asked.proxy == *proxy) else {
        return Vec::new();
    };
    let not_asked = asked.lookups.iter().flat_map(|lookup| &lookup.exchanges).find_map(|one| {
        match &one.result {
            Err(DnsFailure::NotAsked(obstacle)) => Some(obstacle),
            Ok(_) | Err(_) => None,
        }
    });
    let Some((reason, words, resolvers)) = dns::reason(&asked.lookups) else {
        return not_asked.map(|it| obstacle::draft(it, case.endpoint())).into_iter().collect();
    };
    let draft = Draft::new(Cause::ProxyUnresolvable, format!("cannot be found: {words}"))
        .evidence(format!("{reason}, for the proxy's own name"))
        .all_evidence(deciding(&asked.lookups).map(lookup_evidence))
        .fact("resolvers", resolvers);
    let is_sure = matches!(reason, Cause::DnsNxdomain | Cause::DnsNodata);
    // There is no trail whose comparison would prefix the subject.
    vec![if is_sure { draft.proven() } else { draft }.of_proxy(&proxy.url).prefix_subject("")]
}

/// The draft for a failed connection to the proxy.
pub(super) fn unconnected(
    failure: &TcpFailure,
    took: Duration,
    syns: Option<u32>,
    run: &Run,
) -> Draft {
    let draft = tcp::failed(failure, took, syns, run);
    match failure {
        // A policy of this host denies the proxy as it would deny any other address.
        TcpFailure::Denied(_) => draft.template(
            "Allow connections to {proxy} in this host's own firewall or security software.",
        ),
        TcpFailure::Refused(_) | TcpFailure::Reset(_) => draft.recast(Cause::ProxyRefused),
        TcpFailure::TimedOut(_) => draft.recast(Cause::ProxyTimeout),
        TcpFailure::Unreachable { .. } => draft.recast(Cause::ProxyUnreachable),
        TcpFailure::Other(_) => draft.recast(Cause::ProxyUnreachable).possible(),
    }
}

/// The drafts for a tunnel that was not opened.
pub(super) fn failed(
    failure: &ProxyFailure,
    took: Duration,
    proxy: &Proxied,
    case: &Case<'_>,
) -> Vec<Draft> {
    let after = duration(took);
    let destination = &*case.endpoint().host_port();
    let draft = match failure {
        ProxyFailure::SignIn { sign_in, failure } => {
            match sign_in::judge(sign_in, failure, took, destination, case.run) {
                Some(draft) => draft,
                None => return failed(failure, took, proxy, case),
            }
        }
        ProxyFailure::Tls(failure) => return failed_session(failure, took, proxy),
        ProxyFailure::TimedOut { whose, received: 0 } => Draft::new(
            Cause::ProxyTimeout,
            format!("accepts the connection and does not answer the request for {destination}"),
        )
        .evidence(silence(whose, 0, took))
        // A proxy that waits for its name servers, or for the far end, is silent too.
        .possible()
        .rivals(&[Cause::ProxyUpstreamUnreachable, Cause::ProxyUpstreamDns])
        .owner(Owner::Proxy)
        .template(MUTE_REMEDY),
        ProxyFailure::TimedOut { whose, received } => {
            Draft::new(Cause::ProxyTimeout, "falls silent in the middle of its answer")
                .evidence(silence(whose, *received, took))
                .rivals(&[Cause::ProxyNotAProxy])
                .owner(Owner::Proxy)
        }
        ProxyFailure::Closed { received: 0 } => {
            hung_up(&format!("end of stream after {after}, 0 bytes received"), destination)
        }
        ProxyFailure::Closed { received } => {
            Draft::new(Cause::ProxyNotAProxy, "closes the connection in the middle of its answer")
                .evidence(format!("end of stream after {after}, {received} bytes received"))
        }
        ProxyFailure::Reset(os) => hung_up(&format!("{os} after {after}"), destination),
        ProxyFailure::NotProxy { first_bytes } => not_a_proxy(first_bytes),
        ProxyFailure::HeadTooLong { limit } => Draft::new(
            Cause::ProxyNotAProxy,
            format!("answers with a head that does not end within {limit} bytes"),
        )
        .proven(),
        ProxyFailure::Answered { answer, with_credentials } => {
            answer::judge(answer, *with_credentials, destination)
        }
        ProxyFailure::SocksNoMethod { with_credentials } => no_method(*with_credentials),
        ProxyFailure::SocksRejected => {
            Draft::new(Cause::ProxyAuthRejected, "rejects the user name and password").proven()
        }
        ProxyFailure::SocksReply(code) => socks_reply(*code, destination),
        ProxyFailure::Other(os) => {
            Draft::new(Cause::ProxyNotAProxy, format!("failed at the request for {destination}"))
                .evidence(format!("{os} after {after}"))
                .possible()
        }
    };
    vec![draft.of_proxy(&proxy.url)]
}

/// The draft for a connection that was ended without an answer, which a server that is no proxy
/// does, and a proxy that denies by a reset.
fn hung_up(evidence: &str, destination: &str) -> Draft {
    Draft::new(
        Cause::ProxyNotAProxy,
        format!("ends the connection without a word at the request for {destination}"),
    )
    .evidence(evidence)
    .possible()
    .rivals(&[Cause::ProxyDenied, Cause::ProxyUpstreamUnreachable])
}

fn not_a_proxy(first_bytes: &[u8]) -> Draft {
    let draft =
        Draft::new(Cause::ProxyNotAProxy, "answers with what is no answer of an HTTP proxy")
            .proven()
            .evidence(format!("first bytes: {}", quoted_bytes(first_bytes)));
    match first_bytes {
        // A TLS record: alert or handshake, version 3.x (RFC 8446 section 5.1).
        [0x15 | 0x16, 3, ..] => {
            draft.evidence("these bytes are TLS: it may be a proxy that wants https:// in its URL")
        }
        // RFC 1928 section 3.
        [5, 0 | 2 | 0xff] => {
            draft.evidence("these bytes are SOCKS5: it may want socks5:// in its URL")
        }
        _ => draft,
    }
}

fn no_method(with_credentials: bool) -> Draft {
    if with_credentials {
        // Nothing was sent that could have been rejected.
        return Draft::new(
            Cause::ProxyAuthRequired,
            "accepts neither a client without a sign-in nor one with user name and password",
        )
        .evidence("SOCKS5: method 0xFF in answer to both");
    }
    Draft::new(Cause::ProxyAuthRequired, "wants a user name and password, and none is configured")
        .evidence("SOCKS5: does not accept a client without a sign-in")
}

/// The draft for a reply code (RFC 1928 section 6). Servers give 1 and 4 for names that they cannot
/// resolve too.
fn socks_reply(code: u8, destination: &str) -> Draft {
    const UNREACHABLE: Cause = Cause::ProxyUpstreamUnreachable;
    let could_not = |words: &str| {
        Draft::new(UNREACHABLE, format!("could not connect to {destination}: {words}"))
    };
    let draft = match code {
        2 => Draft::new(
            Cause::ProxyDenied,
            format!("does not allow the connection to {destination}"),
        )
        .proven(),
        3 => could_not("network unreachable").proven(),
        4 => could_not("host unreachable").rivals(&[Cause::ProxyUpstreamDns]),
        5 => could_not("connection refused").proven(),
        6 => could_not("time to live expired").proven(),
        7 => Draft::new(Cause::ProxyDenied, "does not support the command CONNECT"),
        8 => Draft::new(Cause::ProxyUpstreamDns, "takes no names, only addresses"),
        _ => could_not("general failure")
            .possible()
            .rivals(&[Cause::ProxyUpstreamDns, Cause::ProxyDenied]),
    };
    draft.evidence(format!("SOCKS5 reply {code}"))
}

/// The drafts for a handshake with an `https://` proxy that was not completed.
fn failed_session(failure: &TlsFailure, took: Duration, proxy: &Proxied) -> Vec<Draft> {
    let after = duration(took);
    // The handshake was given up because of the chain, so the fault of the chain is the cause.
    if let (TlsFailureKind::Other { detail }, Some(presented)) = (&failure.kind, &failure.presented)
    {
        let drafts = judge_chain(presented, proxy);
        if !drafts.is_empty() {
            return drafts.into_iter().map(|draft| draft.evidence(detail.clone())).collect();
        }
    }
    let ended = match &failure.kind {
        TlsFailureKind::TimedOut { whose, received } => {
            Draft::new(Cause::ProxyTimeout, "does not answer the TLS handshake with itself")
                .evidence(silence(whose, *received, took))
                .owner(Owner::Proxy)
        }
        TlsFailureKind::NotTls { first_bytes } => {
            let draft = Draft::new(Cause::ProxyNotAProxy, "does not speak TLS")
                .proven()
                .evidence(format!("first bytes: {}", quoted_bytes(first_bytes)));
            if first_bytes.starts_with(b"HTTP/1.") {
                draft.evidence("these bytes are HTTP: it may want http:// in its URL")
            } else {
                draft
            }
        }
        TlsFailureKind::Reset(os) | TlsFailureKind::ResetOnWrite(os) => {
            Draft::new(Cause::ProxyNotAProxy, "resets the connection at the TLS handshake")
                .evidence(format!("{os} after {after}"))
                .possible()
        }
        TlsFailureKind::Closed { received } => {
            Draft::new(Cause::ProxyNotAProxy, "closes the connection at the TLS handshake")
                .evidence(format!("end of stream after {after}, {received} bytes received"))
                .possible()
        }
        TlsFailureKind::Version { detail } => {
            Draft::new(Cause::TlsVersion, "offers neither TLS 1.2 nor 1.3")
                .proven()
                .evidence(detail.clone())
        }
        TlsFailureKind::Alert { name } => Draft::new(
            Cause::TlsAlert,
            format!("ended the handshake with itself with the alert {name}"),
        )
        .proven(),
        TlsFailureKind::Other { detail } => {
            Draft::new(Cause::ProxyNotAProxy, "does not speak valid TLS")
                .possible()
                .evidence(detail.clone())
        }
    };
    vec![ended.of_proxy(&proxy.url)]
}

/// What is wrong with the certificate of an `https://` proxy. Only this host has to trust it: an
/// organisation's own proxy has a certificate of the organisation's own authority.
pub(super) fn judge_session(session: &TlsSession, proxy: &Proxied) -> Vec<Draft> {
    judge_chain(&session.presented, proxy)
}

fn judge_chain(presented: &Presented, proxy: &Proxied) -> Vec<Draft> {
    let Ok(host) = Host::parse(host(&proxy.url)) else { return Vec::new() };
    let is_trusted_here = presented.trust.host == ChainTrust::Trusted;
    let drafts = tls::judge(presented, &host);
    let of_proxy =
        |draft: Draft| draft.owner(Owner::Proxy).template(SESSION_REMEDY).of_proxy(&proxy.url);
    drafts
        .into_iter()
        .filter(|draft| draft.cause != Cause::TlsIntercepted)
        .filter(|draft| !(is_trusted_here && draft.cause == Cause::TlsUntrusted))
        .map(of_proxy)
        .collect()
}

/// The draft for a tunnel that was opened and then ended, by the end of the stream or a reset,
/// before a byte of the far end came.
pub(super) fn tunnel_closed(failure: &Failure, took: Duration, destination: &str) -> Option<Draft> {
    let after = duration(took);
    let closed = || format!("end of stream after {after}, 0 bytes received");
    let (evidence, rival): (String, &'static [Cause]) = match failure {
        Failure::Tls(TlsFailure { presented: Some(_), .. }) => return None,
        Failure::Tls(TlsFailure { kind, .. }) => match kind {
            TlsFailureKind::Closed { received: 0 } => (closed(), &[Cause::TlsClosed]),
            TlsFailureKind::Reset(os) | TlsFailureKind::ResetOnWrite(os) => {
                (format!("{os} after {after}"), &[Cause::TlsReset])
            }
            _ => return None,
        },
        Failure::Http(HttpFailure::Closed { received: 0 })
        | Failure::Tds(TdsFailure::Closed { received: 0 }) => (closed(), &[Cause::HttpClosed]),
        Failure::Http(HttpFailure::Reset(os)) | Failure::Tds(TdsFailure::Reset(os)) => {
            (format!("{os} after {after}"), &[Cause::HttpClosed])
        }
        Failure::Tcp(_)
        | Failure::Proxy(_)
        | Failure::Http(_)
        | Failure::Tds(_)
        | Failure::Hold(_) => return None,
    };
    Some(
        Draft::new(
            Cause::ProxyTunnelClosed,
            format!("opens a tunnel to {destination} and ends it before a byte of the far end"),
        )
        .evidence(evidence)
        // The tunnel ends in the same way where the far end itself closes.
        .rivals(rival),
    )
}

/// The draft for a request in absolute form (RFC 9112 section 3.2.2) that the proxy did not answer.
pub(super) fn unanswered(
    failure: &HttpFailure,
    took: Duration,
    destination: &str,
) -> Option<Draft> {
    let after = duration(took);
    match failure {
        HttpFailure::TimedOut { whose, received: 0 } => Some(
            Draft::new(
                Cause::ProxyTimeout,
                format!("accepts the connection and does not answer the request for {destination}"),
            )
            .evidence(silence(whose, 0, took))
            .possible()
            .rivals(&[Cause::ProxyUpstreamUnreachable, Cause::HttpTimeout])
            .owner(Owner::Proxy)
            .template(MUTE_REMEDY),
        ),
        HttpFailure::Closed { received: 0 } => {
            Some(hung_up(&format!("end of stream after {after}, 0 bytes received"), destination))
        }
        HttpFailure::Reset(os) => Some(hung_up(&format!("{os} after {after}"), destination)),
        HttpFailure::NotHttp { first_bytes } => Some(not_a_proxy(first_bytes)),
        HttpFailure::TimedOut { .. }
        | HttpFailure::Closed { .. }
        | HttpFailure::HeadTooLong { .. }
        | HttpFailure::Tls { .. }
        | HttpFailure::Other(_) => None,
    }
}

/// Whether a trail asked a proxy for the whole URL, without a tunnel.
pub(super) fn is_absolute_form(trail: &Trail) -> bool {
    trail.tunnel().is_none() && matches!(trail.route(), crate::model::Route::Proxy(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxys_host_is_read_from_its_url() {
        for (url, expected) in [
            ("http://proxy.contoso.com:3128", Some("proxy.contoso.com")),
            ("https://10.0.0.8:8443", Some("10.0.0.8")),
            ("http://[fd00::8]:3128/", Some("fd00::8")),
            ("socks5://proxy", Some("proxy")),
            ("http://:3128", None),
            ("", None),
        ] {
            let host = Host::parse(host(url)).ok();
            assert_eq!(host.map(|host| host.to_string()).as_deref(), expected, "{url}");
        }
    }
}
