//! What diagnosis uses of an HTTP answer, and nothing else of it: the words of the tables that
//! pages are recognised by, and the header fields that are judged. Whatever else a page or a field
//! says may name whose network it is, so a redacted record keeps the essence alone.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::blockpage::{judged_fields, words_of_pages};
use super::proxy::{has_meaning, proxy_error, words_of_proxies};
use super::{http, relay, source};
use crate::model::{Host, HttpAnswer};

/// What stands where something was said that is not kept.
const LEFT_OUT: &str = "-";

/// The answer as far as diagnosis uses it. `host` says what stands for a host that it points to.
#[must_use]
pub fn essence(answer: &HttpAnswer, mut host: impl FnMut(&Host) -> Host) -> HttpAnswer {
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .filter_map(|(name, value)| {
            let kept = field(&name.to_ascii_lowercase(), value, &mut host)?;
            Some((name.clone(), kept))
        })
        .collect();
    // What is read over all fields of a name is kept once.
    let schemes = answer.offered_schemes().into_iter().map(known_scheme).collect::<Vec<_>>();
    if !schemes.is_empty() {
        headers.push(("Proxy-Authenticate".to_owned(), schemes.join(", ")));
    }
    if let Some(error) = proxy_error(answer) {
        let error = if has_meaning(error) { error } else { "other" };
        headers.push(("Proxy-Status".to_owned(), format!("proxy; error={error}")));
    }
    HttpAnswer {
        status: answer.status,
        reason: reason(&answer.reason),
        headers,
        body: body(answer),
        is_cut: answer.is_cut,
    }
}

/// The first bytes of something that is no TLS, no proxy or no server, as far as they are judged:
/// an HTTP answer's essence, or the beginning by which a protocol is known.
#[must_use]
pub fn essence_of_bytes(bytes: &[u8], host: impl FnMut(&Host) -> Host) -> Vec<u8> {
    const BEGINNINGS: &[&[u8]] =
        &[b"SSH-2.0-", b"SSH-1.99-", b"HTTP/1.1 ", b"HTTP/1.0 ", b"HTTP/1.", b"220 ", b"+OK "];
    if let Some(answer) = http::parse(bytes) {
        let answer = essence(&answer, host);
        let mut text = format!("HTTP/1.1 {} {}\r\n", answer.status, answer.reason);
        for (name, value) in &answer.headers {
            text.extend([name, ": ", value, "\r\n"]);
        }
        text.push_str("\r\n");
        text.push_str(&answer.body);
        return text.into_bytes();
    }
    match bytes {
        // A TLS record, and SOCKS5's choice of a method.
        [kind @ (0x15 | 0x16), 3, ..] => vec![*kind, 3],
        [5, 0 | 2 | 0xff] => bytes.to_vec(),
        [] => Vec::new(),
        _ => {
            let known = BEGINNINGS.iter().find(|beginning| bytes.starts_with(beginning));
            known.map_or_else(|| LEFT_OUT.into(), |beginning| beginning.to_vec())
        }
    }
}

/// What is kept of a field. `None` where nothing reads it, or where all of its name are read
/// together.
fn field(name: &str, value: &str, host: &mut impl FnMut(&Host) -> Host) -> Option<String> {
    const ERRORS_OF_SQUID: &[&str] = &[
        "ERR_DNS_FAIL",
        "ERR_CANNOT_FORWARD",
        "ERR_CONNECT_FAIL",
        "ERR_SECURE_CONNECT_FAIL",
        "ERR_ACCESS_DENIED",
        "ERR_FORWARDING_DENIED",
        "ERR_ACL_TIME_QUOTA_EXCEEDED",
        "ERR_UNSUP_REQ",
        "ERR_INVALID_URL",
        "ERR_INVALID_REQ",
        "ERR_PROTOCOL_UNKNOWN",
        "ERR_CONFLICT_HOST",
        "ERR_TOO_BIG",
        "ERR_READ_ERROR",
        "ERR_READ_TIMEOUT",
        "ERR_WRITE_ERROR",
        "ERR_ZERO_SIZE_OBJECT",
    ];
    Some(match name {
        "server" | "via" => known_words(value).unwrap_or_else(|| LEFT_OUT.to_owned()),
        "content-type" => content_type(value),
        "location" => match http::redirect(value) {
            Some((scheme, target)) => {
                let target = host(&target);
                let front = if scheme.is_empty() { "//" } else { "://" };
                match target {
                    Host::Address(address) if address.is_ipv6() => {
                        format!("{scheme}{front}[{address}]/")
                    }
                    target => format!("{scheme}{front}{target}/"),
                }
            }
            None => "/".to_owned(),
        },
        // `Mon, 02 Mar 2026 12:00:00 GMT`, and no comment within it.
        "date" => {
            let is_date = value.len() == 29 && jiff::fmt::rfc2822::parse(value).is_ok();
            if is_date { value.to_owned() } else { return None }
        }
        "age" => {
            let is_number = value.len() < 12 && value.bytes().all(|byte| byte.is_ascii_digit());
            if is_number { value.to_owned() } else { return None }
        }
        "trackingid" => LEFT_OUT.to_owned(),
        "x-squid-error" => {
            let error = value.split_whitespace().next().unwrap_or_default();
            match ERRORS_OF_SQUID.iter().find(|known| **known == error) {
                Some(known) => format!("{known} 0"),
                None => known_words(value).unwrap_or_else(|| "ERR_OTHER 0".to_owned()),
            }
        }
        "proxy-authenticate" => return None,
        // `Proxy-Status` without an error still says that a proxy is there.
        "proxy-status" if value.contains("error") => return None,
        judged if judged_fields().any(|field| field.eq_ignore_ascii_case(judged)) => {
            LEFT_OUT.to_owned()
        }
        _ => return None,
    })
}

fn content_type(value: &str) -> String {
    const KNOWN: &[&str] = &[
        "text/html",
        "text/plain",
        "text/xml",
        "application/xhtml+xml",
        "application/json",
        "application/problem+json",
        "application/atom+xml",
        "application/xml",
        "application/javascript",
        "application/octet-stream",
        "application/ocsp-response",
        "application/pkix-crl",
    ];
    let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if KNOWN.contains(&&*kind) {
        return kind;
    }
    known_words(&kind).unwrap_or_else(|| LEFT_OUT.to_owned())
}

fn reason(text: &str) -> String {
    const USUAL: &[&str] = &[
        "",
        "OK",
        "No Content",
        "Moved Permanently",
        "Found",
        "See Other",
        "Temporary Redirect",
        "Permanent Redirect",
        "Bad Request",
        "Unauthorized",
        "Forbidden",
        "Not Found",
        "Method Not Allowed",
        "Not Allowed",
        "Proxy Authentication Required",
        "Request Timeout",
        "Gone",
        "Upgrade Required",
        "Too Many Requests",
        "Unavailable For Legal Reasons",
        "Internal Server Error",
        "Not Implemented",
        "Bad Gateway",
        "Service Unavailable",
        "Gateway Timeout",
        "HTTP Version Not Supported",
        "Network Authentication Required",
        "Connection established",
        "Connection Established",
        "Switching Protocols",
    ];
    if USUAL.contains(&text) {
        return text.to_owned();
    }
    known_words(text).unwrap_or_default()
}

/// The words by which the page is judged, a line each, below a beginning that makes it a page where
/// it was one.
fn body(answer: &HttpAnswer) -> String {
    if answer.body.is_empty() {
        return String::new();
    }
    let is_html = HttpAnswer { headers: Vec::new(), ..answer.clone() }.is_html();
    let mut kept = if is_html { "<html>\n" } else { LEFT_OUT }.to_owned();
    if let Some(words) = known_words(&answer.body) {
        kept.push('\n');
        kept.push_str(&words.replace(SEPARATOR, "\n"));
    }
    kept
}

/// What stands between two known words; no known word holds it.
const SEPARATOR: &str = " / ";

/// The words of `text` that diagnosis knows, in their order, each once and as spelt.
fn known_words(text: &str) -> Option<String> {
    static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        const OF_HEADERS: &[&str] = &["apache", "html", "json", "xml", "javascript"];
        let mut words: Vec<&str> = words_of_pages()
            .chain(words_of_proxies())
            .chain(relay::WORDS.iter().copied())
            .chain(source::NO_PUBLIC_ACCESS.iter().copied())
            .chain(OF_HEADERS.iter().copied())
            .filter(|word| !word.is_empty())
            .collect();
        words.sort_unstable();
        words.dedup();
        AhoCorasick::builder().ascii_case_insensitive(true).build(&words).ok()
    });
    let mut seen = Vec::new();
    let mut found: Vec<&str> = Vec::new();
    for one in WORDS.as_ref()?.find_overlapping_iter(text) {
        if !seen.contains(&one.pattern()) {
            seen.push(one.pattern());
            found.push(&text[one.range()]);
        }
    }
    (!found.is_empty()).then(|| found.join(SEPARATOR))
}

/// The schemes of IANA's registry; of any other it is kept that there is one.
fn known_scheme(scheme: &str) -> &str {
    const KNOWN: &[&str] = &[
        "Basic",
        "Bearer",
        "Digest",
        "DPoP",
        "GNAP",
        "HOBA",
        "Kerberos",
        "Mutual",
        "Negotiate",
        "NTLM",
        "OAuth",
        "SCRAM-SHA-1",
        "SCRAM-SHA-256",
        "vapid",
    ];
    if KNOWN.iter().any(|known| known.eq_ignore_ascii_case(scheme)) { scheme } else { "Other" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reduced(headers: &[(&str, &str)], body: &str) -> HttpAnswer {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let answer = HttpAnswer {
            status: 403,
            reason: "CANARY".to_owned(),
            headers,
            body: body.to_owned(),
            is_cut: false,
        };
        essence(&answer, |_| Host::parse("host-1.example").expect("a host"))
    }

    #[test]
    fn known_words_are_kept_and_all_others_are_not() {
        let answer = reduced(
            &[
                ("Server", "CANARY squid/5.7 (CANARY)"),
                ("Via", "1.1 CANARY (squid/5.7)"),
                ("Location", "http://CANARY.contoso.com/CANARY?CANARY"),
                ("Content-Type", "text/html; charset=CANARY"),
                ("Proxy-Authenticate", "Basic realm=\"CANARY\", CANARY x"),
                ("Proxy-Status", "CANARY; error=dns_error; details=\"CANARY\""),
                ("X-Squid-Error", "ERR_CANARY 0"),
                ("Date", "Mon, 02 Mar 2026 12:00:00 GMT"),
                ("Set-Cookie", "CANARY=1"),
                ("X-CANARY", "1"),
            ],
            "<html><title>CANARY</title>Blocked by CANARY's Administrator: url category x",
        );
        let text = format!("{answer:?}");
        assert!(!text.contains("CANARY"), "{text}");
        for kept in [
            "Blocked by",
            "Administrator",
            "url category",
            "<html>",
            "squid",
            "http://host-1.example/",
            "Basic, Other",
            "error=dns_error",
            "12:00:00 GMT",
        ] {
            assert!(text.contains(kept), "{kept}: {text}");
        }
    }

    #[test]
    fn bytes_keep_what_a_protocol_is_known_by() {
        let host = |host: &Host| host.clone();
        for (bytes, expected) in [
            (&b"SSH-2.0-CANARY"[..], &b"SSH-2.0-"[..]),
            (b"\x16\x03\x01CANARY", b"\x16\x03"),
            (b"CANARY", b"-"),
            (b"\x05\xff", b"\x05\xff"),
            (b"", b""),
        ] {
            assert_eq!(essence_of_bytes(bytes, host), expected);
        }
    }
}
