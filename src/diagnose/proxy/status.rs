//! `Proxy-Status`: the reasons that intermediaries give for an error (RFC 9209).

use crate::model::{Cause, HttpAnswer, unquoted_parts};

/// The first error that an intermediary names, nearest the far end first (RFC 9209 section 2).
pub(in crate::diagnose) fn error(answer: &HttpAnswer) -> Option<&str> {
    let fields = answer.headers.iter();
    let mut values = fields
        .filter(|(name, _)| name.eq_ignore_ascii_case("Proxy-Status"))
        .map(|(_, value)| value.as_str());
    values.find_map(error_of)
}

/// The value of the first `error` parameter outside of quotes.
fn error_of(value: &str) -> Option<&str> {
    let parameters = unquoted_parts(value, |c| matches!(c, ';' | ','));
    let mut named = parameters.filter_map(|parameter| {
        let (name, value) = parameter.trim().split_once('=')?;
        (name.trim() == "error").then(|| value.trim())
    });
    named.find(|token| !token.is_empty())
}

/// The cause for an error type of RFC 9209 section 2.3. `None` where the type says no more than the
/// status does.
pub(super) fn meaning(error: &str) -> Option<Cause> {
    Some(match error {
        "dns_timeout" | "dns_error" => Cause::ProxyUpstreamDns,
        "destination_ip_prohibited" | "http_request_denied" => Cause::ProxyDenied,
        "destination_not_found"
        | "destination_unavailable"
        | "destination_ip_unroutable"
        | "connection_refused"
        | "connection_terminated"
        | "connection_timeout"
        | "connection_read_timeout"
        | "connection_write_timeout"
        | "connection_limit_reached"
        | "tls_protocol_error"
        | "tls_certificate_error"
        | "tls_alert_received"
        | "http_response_incomplete"
        | "http_response_timeout"
        | "http_protocol_error" => Cause::ProxyUpstreamUnreachable,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_outside_of_quotes_counts() {
        for (value, expected) in [
            ("proxy.contoso.com; error=dns_error; rcode=\"NXDOMAIN\"", Some("dns_error")),
            ("r34.example.net; error=http_request_error, other", Some("http_request_error")),
            (
                "origin; received-status=503, edge; error=connection_timeout",
                Some("connection_timeout"),
            ),
            (
                "edge;error=connection_refused;details=\"x; error=dns_error\"",
                Some("connection_refused"),
            ),
            ("edge; details=\"; error=dns_error\"", None),
            ("edge; next-hop=\"a=b\"", None),
            ("edge; error=", None),
            ("", None),
        ] {
            assert_eq!(error_of(value), expected, "{value}");
        }
    }

    #[test]
    fn error_types_have_their_causes() {
        for (error, expected) in [
            ("dns_timeout", Some(Cause::ProxyUpstreamDns)),
            ("destination_ip_prohibited", Some(Cause::ProxyDenied)),
            ("connection_refused", Some(Cause::ProxyUpstreamUnreachable)),
            ("proxy_internal_error", None),
            ("DNS_ERROR", None),
        ] {
            assert_eq!(meaning(error), expected, "{error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_value_panics(value in ".{0,80}") {
            let _ = error_of(&value).and_then(meaning);
        }
    }
}
