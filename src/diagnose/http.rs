//! `http_*` of one address: whether the service itself answered the request.

use std::time::Duration;

use super::blockpage::{self, SessionTrust};
use super::finding::Draft;
use super::words::{duration, quoted_bytes, silence};
use super::{quote, relay, source};
use crate::model::{Cause, Endpoint, Fingerprint, Host, HttpAnswer, HttpFailure, Kind, Severity};

/// Hosts to which Azure's services redirect people to sign in.
const SIGN_IN: &[&str] = &[
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
    "login.windows.net",
    "login.live.com",
];

/// Whether an answer in which [`judge`] found nothing, within an inspected session, may have been
/// made by the inspection: it is a page for people that neither a service nor a front of one is
/// known by.
pub(super) fn is_unproven(answer: &HttpAnswer, endpoint: &Endpoint) -> bool {
    let stays_with_the_service = || {
        let target = answer.header("Location").and_then(RedirectTarget::of);
        matches!(answer.status, 301 | 302 | 303 | 307 | 308)
            && target.is_some_and(|target| target.is_own(endpoint, SessionTrust::Inspected))
    };
    answer.is_html()
        && !blockpage::is_of_a_front(answer)
        && !relay::is_relay(answer)
        && !stays_with_the_service()
}

/// What is wrong with an answer. `None` where it is the service's own.
pub(super) fn judge(
    answer: &HttpAnswer,
    endpoint: &Endpoint,
    session: SessionTrust,
) -> Option<Draft> {
    if let Some(draft) = source::refused(answer, endpoint, session) {
        return Some(draft);
    }
    let is_relay =
        endpoint.kind == Kind::Relay && endpoint.expect.fingerprint == Fingerprint::RelayNamespace;
    // The relay's own words prove it, whatever else the page says.
    if !is_relay || !relay::is_relay(answer) {
        let foreign = blockpage::judge(answer, session)
            .or_else(|| captive_portal(answer, endpoint, session))
            .or_else(|| gateway_error(answer));
        if let Some(draft) = foreign {
            return Some(draft);
        }
        if is_relay {
            let quoted = quote::answer(answer);
            let message = format!("answers without the relay's fingerprint: {quoted}");
            return Some(quote::with_head(Draft::new(Cause::HttpNotTheService, message), answer));
        }
    }
    (answer.status >= 500).then(|| {
        quote::with_head(
            Draft::new(
                Cause::HttpServiceError,
                format!("answers with an error of its own: {}", quote::status_line(answer)),
            )
            .severity(Severity::Warn),
            answer,
        )
    })
}

/// A redirect to a host outside the service's own domains (RFC 8952), or status 511 (RFC 6585).
pub(super) fn captive_portal(
    answer: &HttpAnswer,
    endpoint: &Endpoint,
    session: SessionTrust,
) -> Option<Draft> {
    if answer.status == 511 {
        let quoted = quote::answer(answer);
        let message = format!("is behind a network that wants a sign-in: {quoted}");
        return Some(quote::with_head(
            Draft::new(Cause::HttpCaptivePortal, message).proven(),
            answer,
        ));
    }
    if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = answer.header("Location")?;
    let target = RedirectTarget::of(location)?;
    if target.is_own(endpoint, session) {
        return None;
    }
    Some(quote::with_head(
        Draft::new(
            Cause::HttpCaptivePortal,
            format!(
                "redirects to {}, outside the service's own domains: {}",
                target.host,
                quote::answer(answer)
            ),
        )
        .evidence(format!("Location: {location}")),
        answer,
    ))
}

/// The host that a redirect leads to, and whether it leads out of TLS.
struct RedirectTarget {
    host: Host,
    is_clear: bool,
}

impl RedirectTarget {
    /// `None` for a relative reference, which stays on the same host, and for text without a host.
    fn of(location: &str) -> Option<Self> {
        let location = location.trim();
        let (scheme, rest) = match location.split_once("://") {
            Some((scheme, rest)) => (scheme, rest),
            None => ("", location.strip_prefix("//")?),
        };
        let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        let authority = authority.rsplit_once('@').map_or(authority, |(_, after)| after);
        let host = match authority.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        };
        Some(Self { host: Host::parse(host).ok()?, is_clear: scheme.eq_ignore_ascii_case("http") })
    }

    fn is_own(&self, endpoint: &Endpoint, session: SessionTrust) -> bool {
        if endpoint.subject.host() == Some(&self.host) {
            return true;
        }
        let Host::Name(target) = &self.host else { return false };
        let domains = &endpoint.expect.service_domains;
        if domains.iter().any(|domain| target.is_within(domain))
            || SIGN_IN.iter().any(|host| target.as_str() == *host)
        {
            return true;
        }
        // No list says which domains belong to such a host. A host that proved its name may
        // redirect its clients anywhere, but not out of TLS.
        let own_name = endpoint.subject.host().and_then(Host::name);
        domains.is_empty()
            && (own_name.is_some_and(|own| is_family(own.as_str(), target.as_str()))
                || (session == SessionTrust::Verified && !self.is_clear))
    }
}

/// The scheme, which may be missing, and the host of a redirect that names one.
pub(super) fn redirect(location: &str) -> Option<(&'static str, Host)> {
    let target = RedirectTarget::of(location)?;
    let scheme = match location.trim().split_once("://") {
        Some(_) if target.is_clear => "http",
        Some(_) => "https",
        None => "",
    };
    Some((scheme, target.host))
}

/// Whether two names differ only by a `www` or by labels in front: `contoso.com` and
/// `www.contoso.com`.
fn is_family(one: &str, other: &str) -> bool {
    let bare = |name: &str| name.strip_prefix("www.").unwrap_or(name).to_owned();
    let (one, other) = (bare(one), bare(other));
    let below = |child: &str, parent: &str| {
        parent.contains('.')
            && child
                .strip_suffix(parent)
                .is_some_and(|front| front.is_empty() || front.ends_with('.'))
    };
    below(&one, &other) || below(&other, &one)
}

/// A 502, 503 or 504 that bears the marks of a proxy on the way.
fn gateway_error(answer: &HttpAnswer) -> Option<Draft> {
    if !matches!(answer.status, 502..=504) {
        return None;
    }
    let (mark, value) = blockpage::middlebox_mark(answer)?;
    Some(quote::with_head(
        Draft::new(
            Cause::HttpNotTheService,
            format!(
                "answers with an error of a gateway on the way, not of the service: {}",
                quote::answer(answer)
            ),
        )
        .all_evidence(quote::beside_head(mark, value)),
        answer,
    ))
}

/// What a request without an answer means.
pub(super) fn failed(failure: &HttpFailure, took: Duration) -> Draft {
    let after = duration(took);
    match failure {
        HttpFailure::TimedOut { whose, received } => {
            Draft::new(Cause::HttpTimeout, "does not answer the request")
                .evidence(silence(whose, *received, took))
        }
        HttpFailure::Closed { received } => {
            Draft::new(Cause::HttpClosed, "closes the connection in place of an answer")
                .evidence(format!("end of stream after {after}, {received} bytes received"))
        }
        HttpFailure::Reset(os) => {
            Draft::new(Cause::HttpClosed, "resets the connection in place of an answer")
                .evidence(format!("{os} after {after}"))
        }
        HttpFailure::NotHttp { first_bytes } => {
            Draft::new(Cause::HttpNotTheService, "answers the request with what is no HTTP")
                .evidence(format!("first bytes: {}", quoted_bytes(first_bytes)))
        }
        HttpFailure::HeadTooLong { limit } => Draft::new(
            Cause::HttpNotTheService,
            format!("answers with an HTTP head that does not end within {limit} bytes"),
        ),
        HttpFailure::Tls { detail } => {
            Draft::new(Cause::TlsAlert, "ended TLS in answer to the request")
                .evidence(detail.clone())
        }
        HttpFailure::Other(os) => Draft::new(Cause::HttpClosed, "failed at the request")
            .evidence(format!("{os} after {after}"))
            .possible(),
    }
}

/// Reads an HTTP answer that came where TLS was expected.
pub(super) fn parse(bytes: &[u8]) -> Option<HttpAnswer> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(end) = response.parse(bytes).ok()? else { return None };
    Some(HttpAnswer {
        status: response.code?,
        reason: response.reason.unwrap_or_default().to_owned(),
        headers: response
            .headers
            .iter()
            .map(|header| {
                (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned())
            })
            .collect(),
        body: String::from_utf8_lossy(&bytes[end..]).into_owned(),
        is_cut: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_name_a_host_or_stay() {
        for (location, expected) in [
            ("http://portal.hotel.example/login?x=1", Some(("portal.hotel.example", true))),
            ("https://user@Portal.Example:8443/", Some(("portal.example", false))),
            ("//10.1.2.3/login", Some(("10.1.2.3", false))),
            ("http://[fd00::1]:8080/a", Some(("fd00::1", true))),
            ("/signin", None),
            ("signin", None),
            ("http:///nothing", None),
            ("", None),
        ] {
            let target = RedirectTarget::of(location);
            let found = target.as_ref().map(|target| (target.host.to_string(), target.is_clear));
            let expected = expected.map(|(host, is_clear)| (host.to_owned(), is_clear));
            assert_eq!(found, expected, "{location}");
        }
    }

    #[test]
    fn families_of_names_share_all_but_the_front() {
        for (one, other, expected) in [
            ("contoso.com", "www.contoso.com", true),
            ("www.contoso.com", "contoso.com", true),
            ("www.contoso.com", "login.contoso.com", true),
            ("a.contoso.com", "b.contoso.com", false),
            ("contoso.com", "notcontoso.com", false),
            ("contoso.com", "com", false),
        ] {
            assert_eq!(is_family(one, other), expected, "{one} {other}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_in_a_location_or_page_panics(text in ".{0,200}", bytes: Vec<u8>) {
            let _ = RedirectTarget::of(&text);
            let _ = parse(&bytes);
            let _ = parse(format!("HTTP/1.1 {text}\r\n\r\n").as_bytes());
        }
    }
}
