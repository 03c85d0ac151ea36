//! What a proxy means by an answer that does not open the tunnel: its own words decide first, then
//! its status.

use super::status;
use crate::diagnose::blockpage::{self, SessionTrust};
use crate::diagnose::finding::Draft;
use crate::diagnose::quote::{status_line, title};
use crate::diagnose::relay::contains;
use crate::diagnose::words::{list, shorten};
use crate::model::{Cause, HttpAnswer, Severity};

/// The scheme that credentials are sent by ahead of any question.
const OWN_SCHEME: &str = "Basic";

/// How a remedy begins where the account of the runtime's service may pass.
macro_rules! untried {
    () => {
        "Run check as the account of the runtime's service (docs/windows.md says how). Only if \
         that account is refused too: "
    };
}
pub(super) use untried;

macro_rules! account_remedy {
    () => {
        "the runtime's service (DIAHostService) run under a dedicated domain account that {proxy} \
         accepts, whose password seldom changes (when it does, change it in the service's settings \
         and restart the service), and set useDefaultCredentials=\"true\" in both of its \
         configuration files."
    };
}

/// The remedy for a sign-in that only the account of the runtime's service can do (Microsoft,
/// create-self-hosted-integration-runtime, note on NTLM).
pub(super) const ACCOUNT_REMEDY: AccountRemedy = AccountRemedy {
    known: concat!("Let ", account_remedy!()),
    untried: concat!(untried!(), "let ", account_remedy!()),
};

/// What to do about a sign-in as the account of a process.
pub(super) struct AccountRemedy {
    /// Where the account of the runtime's service is known not to pass.
    pub(super) known: &'static str,
    /// Where that account was not tried: a change may not be needed at all.
    pub(super) untried: &'static str,
}

/// What `answer` means where a tunnel to `destination` was asked for.
pub(super) fn judge(answer: &HttpAnswer, with_credentials: bool, destination: &str) -> Draft {
    let draft = if answer.status == 407 {
        sign_in(answer, with_credentials)
    } else if is_rejection_by_tinyproxy(answer) {
        Draft::new(Cause::ProxyAuthRejected, "rejects the user name and password that were sent")
            .evidence("status 401, which tinyproxy says to wrong credentials")
    } else {
        by_words(answer, destination).unwrap_or_else(|| by_status(answer, destination))
    };
    quoted(draft, answer)
}

/// Whether tinyproxy rejects the credentials: version 1.11 asks for them with 407, and refuses
/// wrong ones with 401.
fn is_rejection_by_tinyproxy(answer: &HttpAnswer) -> bool {
    answer.status == 401
        && answer.header("Server").is_some_and(|server| server.starts_with("tinyproxy/"))
}

/// What the proxy means by an answer to a request in absolute form. `None` where the answer may be
/// the far end's own.
pub(in crate::diagnose) fn in_place_of_the_service(
    answer: &HttpAnswer,
    destination: &str,
) -> Option<Draft> {
    let is_error = answer.status >= 400;
    let is_of_proxy_itself = answer.header("X-Squid-Error").is_some()
        || (is_error && answer.header("Server").is_some_and(blockpage::is_proxy_product));
    if answer.status == 407 || is_of_proxy_itself {
        return Some(judge(answer, false, destination));
    }
    // Squid marks its own errors; what it only passes on bears its `Via` as well.
    let is_by_via = matches!(answer.status, 403 | 502..=504)
        && answer.header("Via").is_some_and(|via| !contains(via, "squid"))
        && blockpage::middlebox_mark(answer).is_some();
    if is_by_via || (is_error && status::error(answer).is_some()) {
        let draft = judge(answer, false, destination);
        return Some(draft.likely().rivals(&[Cause::HttpServiceError]));
    }
    None
}

/// Status 407 (RFC 9110 section 15.5.8).
fn sign_in(answer: &HttpAnswer, with_credentials: bool) -> Draft {
    let schemes = answer.offered_schemes();
    let offers = |scheme: &str| schemes.iter().any(|own| own.eq_ignore_ascii_case(scheme));
    let offered = list(&schemes, 6);
    if with_credentials && (schemes.is_empty() || offers(OWN_SCHEME)) {
        let draft = Draft::new(
            Cause::ProxyAuthRejected,
            "rejects the user name and password that were sent",
        );
        return if schemes.is_empty() { draft } else { draft.proven() };
    }
    if schemes.is_empty() {
        return Draft::new(Cause::ProxyAuthRequired, "wants a sign-in, and does not say which");
    }
    let draft =
        Draft::new(Cause::ProxyAuthRequired, format!("wants a sign-in by {offered}")).proven();
    let draft = if with_credentials {
        draft.evidence(format!("the credentials given are for {OWN_SCHEME}, which is not offered"))
    } else {
        draft
    };
    if schemes.iter().all(|scheme| is_of_account(scheme)) {
        let tries = if offers("NTLM") && !with_credentials {
            "tries it with a user name and password (--proxy-credentials) only"
        } else {
            "cannot try it"
        };
        return draft
            .severity(Severity::Unknown)
            .evidence(format!(
                "the account of the runtime's service may pass; this program {tries}"
            ))
            .template(ACCOUNT_REMEDY.untried);
    }
    draft
}

/// Whether a scheme signs in as the account of the process, with a secret that only the operating
/// system holds.
pub(super) fn is_of_account(scheme: &str) -> bool {
    ["NTLM", "Negotiate", "Kerberos"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
}

/// The finding for a proxy that names the reason, in a header or on its page.
fn by_words(answer: &HttpAnswer, destination: &str) -> Option<Draft> {
    if let Some(cause) = status::error(answer).and_then(status::meaning) {
        return Some(upstream(cause, destination).proven());
    }
    if let Some(error) = answer.header("X-Squid-Error") {
        return Some(squid(error, answer.status, destination));
    }
    if let Some(page) = blockpage::page(answer, SessionTrust::Open) {
        let draft = Draft::new(
            Cause::ProxyDenied,
            format!("denies {destination} with the block page of {}", page.product),
        )
        .evidence(page.told_by);
        return Some(if page.is_named { draft.proven() } else { draft });
    }
    if !(answer.status == 404 || answer.status >= 500) {
        return None;
    }
    // Tinyproxy has these words for names that it cannot resolve too.
    if contains(&answer.body, UNABLE) {
        return Some(
            upstream(Cause::ProxyUpstreamUnreachable, destination)
                .possible()
                .rivals(&[Cause::ProxyUpstreamDns]),
        );
    }
    let is_said = |words: &[&str]| {
        words.iter().any(|word| contains(&answer.reason, word) || contains(&answer.body, word))
    };
    if is_said(DNS_WORDS) {
        return Some(
            upstream(Cause::ProxyUpstreamDns, destination)
                .rivals(&[Cause::ProxyUpstreamUnreachable]),
        );
    }
    (answer.status >= 500 && is_said(CONNECT_WORDS)).then(|| {
        upstream(Cause::ProxyUpstreamUnreachable, destination).rivals(&[Cause::ProxyUpstreamDns])
    })
}

/// How proxies' pages and reason phrases say that a name does not resolve, lower case: Blue Coat's
/// exceptions, Privoxy's and `McAfee` Web Gateway's templates, and the system's own words.
const DNS_WORDS: &[&str] = &[
    "dns_unresolved_hostname",
    "dns_server_failure",
    "no such domain",
    "host not found",
    "unknown host",
    "could not resolve",
    "cannot resolve",
    "unable to resolve",
    "failed to resolve",
    "unable to determine ip address",
    "name or service not known",
    "name resolution",
    "dns resolution",
    "dns lookup",
    "dns error",
];

/// How proxies' pages and reason phrases say that the far end cannot be reached, lower case.
const CONNECT_WORDS: &[&str] = &[
    "tcp_error",
    "unable to connect",
    "could not connect",
    "cannot connect",
    "failed to connect",
    "connection refused",
    "connection timed out",
    "no route to host",
    "network is unreachable",
];

/// Every word that is looked for in a proxy's answer, lower case.
pub(in crate::diagnose) fn words_of_proxies() -> impl Iterator<Item = &'static str> {
    const OF_TINYPROXY: &[&str] = &["tinyproxy/", UNABLE];
    OF_TINYPROXY.iter().chain(DNS_WORDS).chain(CONNECT_WORDS).chain(WEB_SERVERS).copied()
}

/// What tinyproxy says of a way that it does not find.
const UNABLE: &str = "tinyproxy was unable to connect";

/// The draft for what a proxy says of the way beyond it.
fn upstream(cause: Cause, destination: &str) -> Draft {
    Draft::new(
        cause,
        match cause {
            Cause::ProxyUpstreamDns => {
                format!("says that it cannot resolve the name of {destination}")
            }
            Cause::ProxyUpstreamUnreachable => format!("says that it cannot reach {destination}"),
            _ => format!("denies {destination}"),
        },
    )
}

/// Squid's error pages, by the names of their templates (`errors/templates` of its source).
fn squid(error: &str, code: u16, destination: &str) -> Draft {
    let name = error.split_whitespace().next().unwrap_or_default();
    match name {
        "ERR_DNS_FAIL" => upstream(Cause::ProxyUpstreamDns, destination).proven(),
        // Squid 5 and later find no destination for a name that does not resolve, and say 500;
        // a peer that may not be used gives the same name with another status.
        "ERR_CANNOT_FORWARD" if code == 500 => Draft::new(
            Cause::ProxyUpstreamDns,
            format!("finds no way to {destination}: most likely it cannot resolve the name"),
        )
        .rivals(&[Cause::ProxyUpstreamUnreachable]),
        "ERR_CANNOT_FORWARD" => upstream(Cause::ProxyUpstreamUnreachable, destination)
            .possible()
            .rivals(&[Cause::ProxyUpstreamDns]),
        "ERR_CONNECT_FAIL" | "ERR_SECURE_CONNECT_FAIL" => {
            upstream(Cause::ProxyUpstreamUnreachable, destination).proven()
        }
        "ERR_ACCESS_DENIED" | "ERR_FORWARDING_DENIED" | "ERR_ACL_TIME_QUOTA_EXCEEDED" => {
            upstream(Cause::ProxyDenied, destination).proven()
        }
        "ERR_UNSUP_REQ"
        | "ERR_INVALID_URL"
        | "ERR_INVALID_REQ"
        | "ERR_PROTOCOL_UNKNOWN"
        | "ERR_CONFLICT_HOST"
        | "ERR_TOO_BIG" => Draft::new(
            Cause::ProxyDenied,
            format!("refuses to handle the request for {destination}"),
        ),
        // Read and write errors, time-outs, empty answers, and an organisation's own templates.
        _ if code < 500 => upstream(Cause::ProxyDenied, destination),
        _ => upstream(Cause::ProxyUpstreamUnreachable, destination)
            .rivals(&[Cause::ProxyUpstreamDns]),
    }
}

/// What the status alone means, given whether a proxy or a web server seems to have sent it.
fn by_status(answer: &HttpAnswer, destination: &str) -> Draft {
    let is_proxy = blockpage::middlebox_mark(answer).is_some();
    let is_web_server = !is_proxy && answer.header("Server").is_some_and(is_web_server);
    let no_proxy = || {
        Draft::new(
            Cause::ProxyNotAProxy,
            format!(
                "answers the request for {destination} as a web server does: {}",
                answer.status
            ),
        )
    };
    match answer.status {
        403 | 451 if is_web_server => {
            upstream(Cause::ProxyDenied, destination).possible().rivals(&[Cause::ProxyNotAProxy])
        }
        403 | 451 if is_proxy => upstream(Cause::ProxyDenied, destination),
        403 | 451 => upstream(Cause::ProxyDenied, destination).rivals(&[Cause::ProxyNotAProxy]),
        502..=504 if is_web_server => no_proxy().rivals(&[Cause::ProxyUpstreamUnreachable]),
        500 | 502..=504 => upstream(Cause::ProxyUpstreamUnreachable, destination)
            .possible()
            .rivals(&[Cause::ProxyUpstreamDns, Cause::ProxyNotAProxy]),
        300..=399 if is_proxy => Draft::new(
            Cause::ProxyDenied,
            format!("redirects the request for {destination} elsewhere"),
        )
        .possible()
        .rivals(&[Cause::ProxyAuthRequired]),
        300..=399 => no_proxy().rivals(&[Cause::ProxyAuthRequired, Cause::ProxyDenied]),
        400..=599 if is_proxy => upstream(Cause::ProxyDenied, destination)
            .possible()
            .rivals(&[Cause::ProxyUpstreamUnreachable]),
        _ => no_proxy().rivals(&[Cause::ProxyDenied]),
    }
}

/// The web servers that `Server` fields name, lower case.
const WEB_SERVERS: &[&str] = &[
    "nginx",
    "openresty",
    "apache/",
    "microsoft-iis",
    "microsoft-httpapi",
    "lighttpd",
    "caddy",
    "litespeed",
    "jetty",
    "coyote",
    "kestrel",
    "simplehttp",
    "werkzeug",
    "gunicorn",
];

/// Whether a `Server` field is that of a web server, none of which is a proxy by default.
fn is_web_server(server: &str) -> bool {
    server.eq_ignore_ascii_case("apache") || WEB_SERVERS.iter().any(|known| contains(server, known))
}

/// Adds what the proxy said as evidence. What says most stands first.
pub(super) fn quoted(draft: Draft, answer: &HttpAnswer) -> Draft {
    const LONGEST: usize = 160;
    const FIELDS: &[&str] =
        &["X-Squid-Error", "Proxy-Status", "Proxy-Authenticate", "Location", "Server", "Via"];
    let mut draft = draft.evidence(format!("HTTP {}", shorten(&status_line(answer), LONGEST)));
    for field in FIELDS {
        let values: Vec<&str> = answer
            .headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(field))
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
            .collect();
        if !values.is_empty() {
            draft = draft.evidence(format!("{field}: {}", shorten(&values.join(", "), LONGEST)));
        }
    }
    match title(&answer.body) {
        Some(title) => draft.evidence(format!("title: {title}")),
        None => draft,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cause::*, Certainty};

    const DESTINATION: &str = "ams.servicebus.windows.net:443";

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> HttpAnswer {
        HttpAnswer {
            status,
            reason: String::new(),
            headers: headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            body: body.to_owned(),
            is_cut: false,
        }
    }

    #[track_caller]
    fn check(answer: &HttpAnswer, cause: Cause, certainty: Certainty, rivals: &[Cause]) {
        let finding = judge(answer, false, DESTINATION).into_run_finding();
        let found = (finding.cause, finding.certainty, &*finding.rivals);
        assert_eq!(found, (cause, certainty, rivals), "{answer:?}\n{finding:#?}");
    }

    #[test]
    fn squid_is_believed_as_far_as_it_says_something() {
        // As squid 5.7 answers CONNECT: status and error.
        for (status, error, cause, certainty, rivals) in [
            (503, "ERR_DNS_FAIL 0", ProxyUpstreamDns, Certainty::Proven, &[][..]),
            (
                500,
                "ERR_CANNOT_FORWARD 0",
                ProxyUpstreamDns,
                Certainty::Likely,
                &[ProxyUpstreamUnreachable],
            ),
            (
                503,
                "ERR_CANNOT_FORWARD 0",
                ProxyUpstreamUnreachable,
                Certainty::Possible,
                &[ProxyUpstreamDns],
            ),
            (503, "ERR_CONNECT_FAIL 111", ProxyUpstreamUnreachable, Certainty::Proven, &[]),
            (
                502,
                "ERR_READ_ERROR 0",
                ProxyUpstreamUnreachable,
                Certainty::Likely,
                &[ProxyUpstreamDns],
            ),
            (403, "ERR_ACCESS_DENIED 0", ProxyDenied, Certainty::Proven, &[]),
            (403, "ERR_OF_THE_HOUSE", ProxyDenied, Certainty::Likely, &[]),
        ] {
            let headers = [("Server", "squid/5.7"), ("X-Squid-Error", error)];
            check(&answer(status, &headers, ""), cause, certainty, rivals);
        }
    }

    #[test]
    fn proxy_status_decides_over_the_status() {
        for (status, value, cause) in [
            (502, "gw; error=dns_timeout", ProxyUpstreamDns),
            (502, "gw; error=destination_ip_unroutable", ProxyUpstreamUnreachable),
            (502, "gw; error=destination_ip_prohibited", ProxyDenied),
            (403, "gw; error=http_request_denied", ProxyDenied),
            (504, "gw; error=connection_timeout", ProxyUpstreamUnreachable),
        ] {
            let answer = answer(status, &[("Proxy-Status", value)], "");
            check(&answer, cause, Certainty::Proven, &[]);
        }
        // An error that says nothing of the way beyond leaves it to the status.
        let internal = answer(502, &[("Proxy-Status", "gw; error=proxy_internal_error")], "");
        check(
            &internal,
            ProxyUpstreamUnreachable,
            Certainty::Possible,
            &[ProxyUpstreamDns, ProxyNotAProxy],
        );
    }

    #[test]
    fn products_are_known_by_their_pages() {
        let tiny = "<p>Tinyproxy was unable to connect to the remote web server.</p>";
        for (status, body, cause, certainty, rivals) in [
            (403, "Internet Security by Zscaler", ProxyDenied, Certainty::Proven, &[][..]),
            (
                403,
                "<title>Forcepoint</title> This page is blocked",
                ProxyDenied,
                Certainty::Proven,
                &[],
            ),
            (
                403,
                "<title>McAfee Web Gateway - Notification</title>",
                ProxyDenied,
                Certainty::Proven,
                &[],
            ),
            (
                503,
                "<td>Network Error (dns_unresolved_hostname)</td>",
                ProxyUpstreamDns,
                Certainty::Likely,
                &[ProxyUpstreamUnreachable],
            ),
            (
                503,
                "<td>Network Error (tcp_error)</td>",
                ProxyUpstreamUnreachable,
                Certainty::Likely,
                &[ProxyUpstreamDns],
            ),
            (500, tiny, ProxyUpstreamUnreachable, Certainty::Possible, &[ProxyUpstreamDns]),
        ] {
            check(&answer(status, &[], body), cause, certainty, rivals);
        }
    }

    #[test]
    fn a_bare_status_leaves_rivals() {
        let nginx = [("Server", "nginx/1.22.1")];
        let tiny = [("Server", "tinyproxy/1.11.1")];
        let via = [("Via", "1.1 proxy01")];
        for (status, headers, cause, certainty, rivals) in [
            (403, &[][..], ProxyDenied, Certainty::Likely, &[ProxyNotAProxy][..]),
            (403, &nginx, ProxyDenied, Certainty::Possible, &[ProxyNotAProxy]),
            (403, &tiny, ProxyDenied, Certainty::Likely, &[]),
            (405, &nginx, ProxyNotAProxy, Certainty::Likely, &[ProxyDenied]),
            (404, &[], ProxyNotAProxy, Certainty::Likely, &[ProxyDenied]),
            (400, &[], ProxyNotAProxy, Certainty::Likely, &[ProxyDenied]),
            (405, &via, ProxyDenied, Certainty::Possible, &[ProxyUpstreamUnreachable]),
            (502, &nginx, ProxyNotAProxy, Certainty::Likely, &[ProxyUpstreamUnreachable]),
            (
                502,
                &via,
                ProxyUpstreamUnreachable,
                Certainty::Possible,
                &[ProxyUpstreamDns, ProxyNotAProxy],
            ),
            (302, &nginx, ProxyNotAProxy, Certainty::Likely, &[ProxyAuthRequired, ProxyDenied]),
            (302, &via, ProxyDenied, Certainty::Possible, &[ProxyAuthRequired]),
        ] {
            check(&answer(status, headers, ""), cause, certainty, rivals);
        }
    }

    #[test]
    fn sign_ins_are_named_and_weighed_by_who_could_pass_them() {
        let fields = |schemes: &[&str]| {
            let fields: Vec<_> = schemes.iter().map(|it| ("Proxy-Authenticate", *it)).collect();
            answer(407, &fields, "")
        };
        for (schemes, with_credentials, cause, severity) in [
            (&["Basic realm=\"x\""][..], false, ProxyAuthRequired, Severity::Fail),
            (&["Basic realm=\"x\""], true, ProxyAuthRejected, Severity::Fail),
            (&["Negotiate", "NTLM"], false, ProxyAuthRequired, Severity::Unknown),
            // Credentials for a scheme that is not offered were not rejected.
            (&["Negotiate", "NTLM"], true, ProxyAuthRequired, Severity::Unknown),
            (&["Negotiate", "NTLM", "Basic realm=\"x\""], false, ProxyAuthRequired, Severity::Fail),
            (&["Negotiate", "NTLM", "Basic realm=\"x\""], true, ProxyAuthRejected, Severity::Fail),
            (&["Digest realm=\"x\", nonce=\"y\""], true, ProxyAuthRequired, Severity::Fail),
            (&[], true, ProxyAuthRejected, Severity::Fail),
            (&[], false, ProxyAuthRequired, Severity::Fail),
        ] {
            let finding = judge(&fields(schemes), with_credentials, DESTINATION).into_run_finding();
            assert_eq!((finding.cause, finding.severity), (cause, severity), "{schemes:?}");
            let account = finding.remedy.contains("domain account");
            assert_eq!(account, severity == Severity::Unknown, "{}", finding.remedy);
        }
        let both = judge(&fields(&["Negotiate, NTLM", "Basic realm=x"]), false, DESTINATION);
        assert_eq!(both.message(), "wants a sign-in by Negotiate, NTLM and Basic");
    }

    #[test]
    fn an_answer_in_absolute_form_is_the_proxys_where_it_says_so() {
        let squid_via = ("Via", "1.1 proxy01 (squid/5.7)");
        for (status, headers, expected) in [
            (503, &[("X-Squid-Error", "ERR_DNS_FAIL 0"), squid_via][..], Some(ProxyUpstreamDns)),
            (403, &[("X-Squid-Error", "ERR_ACCESS_DENIED 0"), squid_via], Some(ProxyDenied)),
            // What squid passes on is the service's.
            (403, &[squid_via], None),
            (404, &[("Via", "1.1 proxy01")], None),
            (403, &[("Via", "1.1 proxy01")], Some(ProxyDenied)),
            (504, &[("Via", "1.1 proxy01")], Some(ProxyUpstreamUnreachable)),
            (503, &[("Via", "1.1 varnish")], None),
            (502, &[("Proxy-Status", "gw; error=dns_error")], Some(ProxyUpstreamDns)),
            (200, &[("Proxy-Status", "gw; error=dns_error")], None),
            (500, &[("Server", "tinyproxy/1.11.1")], Some(ProxyUpstreamUnreachable)),
            (200, &[("Server", "tinyproxy/1.11.1")], None),
            (407, &[], Some(ProxyAuthRequired)),
            (500, &[], None),
        ] {
            let found = in_place_of_the_service(&answer(status, headers, ""), DESTINATION);
            assert_eq!(found.map(|draft| draft.cause), expected, "{status} {headers:?}");
        }
    }

    #[test]
    fn a_proxys_words_are_bounded() {
        let long = "x".repeat(5_000);
        let answer = answer(503, &[("X-Squid-Error", &long), ("Via", &long)], &long);
        let finding = judge(&answer, false, DESTINATION).into_run_finding();
        assert!(finding.evidence.iter().all(|line| line.len() < 200), "{:?}", finding.evidence);
    }
}
