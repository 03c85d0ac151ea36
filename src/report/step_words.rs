//! What a resolver said and what a step came to, in words: of a report, live or saved. A word of
//! the contract that is not known here stays what it is.

use std::fmt::Write as _;

use crate::report_v1::{
    Answer, Certificate, Detail, Hop, Located, Lookup, Milliseconds, OldHello, RevocationHost,
    Rung, SegmentLadder, SignIn, Step, Trust,
};

/// What a layer is called.
pub(super) fn layer(step: &str) -> &str {
    match step {
        "dns" => "DNS",
        "tcp" => "TCP",
        "proxy" => "Proxy",
        "tls" => "TLS",
        "http" => "HTTP",
        "tds" => "SQL Server",
        "hold" => "Idle",
        other => other,
    }
}

/// What `--locate` looked for.
pub(super) fn located(located: &Located) -> String {
    let to = located.remote.map(|to| format!(" to {to}")).unwrap_or_default();
    format!("Where the silence{to} begins")
}

/// Who answers packets that live so long, and how.
pub(super) fn hop(hop: &Hop) -> String {
    let who = hop.address.map_or_else(|| "not known".to_owned(), |it| it.to_string());
    let (beside, answer) = beside_tcp(hop);
    format!("hop {}: {who}; TCP {}, {beside} {answer}", hop.ttl, hop.tcp)
}

/// Whether nothing was heard of packets that live so long.
pub(super) fn is_silent(hop: &Hop) -> bool {
    let is_nothing = |word: &str| matches!(word, "silence" | "not_listened" | "not_asked");
    is_nothing(&hop.tcp) && is_nothing(beside_tcp(hop).1)
}

/// What was asked beside TCP, and what came of it.
fn beside_tcp<'a>(hop: &'a Hop) -> (&'static str, &'a str) {
    match &hop.echo {
        Some(echo) => ("ICMP echo", echo),
        None => ("UDP", &hop.udp),
    }
}

/// What small segments were tried on.
pub(super) fn ladder(ladder: &SegmentLadder) -> String {
    let to = ladder.remote.map(|to| format!(" with {to}")).unwrap_or_default();
    format!("The same handshake{to} with small segments")
}

/// A size of segments, and what came of it.
pub(super) fn rung(rung: &Rung) -> String {
    let size = rung.max_segment.map_or_else(
        || "as large as they are".to_owned(),
        |size| match rung.bound {
            Some(_) => format!("incoming segments of at most {size} bytes"),
            None => format!("segments of at most {size} bytes"),
        },
    );
    let is_ok = rung.outcome == "ok";
    let outcome = if is_ok { "the handshake was completed" } else { &*rung.outcome };
    format!("{size}: {outcome}")
}

/// What an old `ClientHello` met.
pub(super) fn old_hello(hello: &OldHello) -> String {
    let to = hello.remote.map(|to| format!(" with {to}")).unwrap_or_default();
    let version = hello.version.as_deref().unwrap_or_default();
    let alert = hello.alert.as_deref().unwrap_or_default();
    let text = format!("TLS 1.0 and 1.1 alone{to}: {} {version}{alert}", hello.outcome);
    text.trim_end().to_owned()
}

/// Whether a host answered that a certificate names.
pub(super) fn revocation(host: &RevocationHost) -> String {
    let answered = if host.answered { "answered" } else { "did not answer" };
    let path = host.path.as_deref().unwrap_or_default();
    format!("Revocation: http://{}:{}{path} {answered}", host.host, host.port)
}

/// `12 ms`, `3.4 ms`, `5 s`.
pub(super) fn time(took: Milliseconds) -> String {
    let milliseconds = took.as_f64();
    if milliseconds >= 1000.0 {
        format!("{:.1} s", milliseconds / 1000.0)
    } else {
        format!("{milliseconds} ms")
    }
}

/// What a resolver said: the addresses, or what went wrong.
pub(super) fn lookup(lookup: &Lookup) -> String {
    let words = match &*lookup.outcome {
        "ok" => {
            let shown: Vec<String> =
                lookup.addresses.iter().take(4).map(ToString::to_string).collect();
            let more = match lookup.addresses.len() - shown.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            return format!("{}{more}", shown.join(", "));
        }
        "nxdomain" => "no such name (NXDOMAIN)",
        "nodata" => "no address (NODATA)",
        "servfail" => "SERVFAIL",
        "refused" => "REFUSED",
        "cname_loop" => "a chain of aliases that leads back to itself",
        "timeout" => "no answer",
        "unreachable" => "cannot be reached",
        "tcp_blocked" => "the answer is too long for UDP, and TCP 53 is blocked",
        "malformed" => "an answer that cannot be read",
        "not_asked" => "not asked",
        "system_error" => "the operating system found no address",
        other => other,
    };
    words.to_owned()
}

/// Whether the step was not taken at all, for a reason of this host.
pub(super) fn is_not_taken(outcome: &str) -> bool {
    matches!(
        outcome,
        "no_route"
            | "no_local_address"
            | "descriptor_limit"
            | "port_limit"
            | "cancelled"
            | "budget_spent"
            | "not_testable"
    )
}

/// What a step came to, in a few words without its time.
pub(super) fn outcome(step: &Step) -> String {
    let detail = &step.detail;
    let words = match (&*step.name, &*step.outcome) {
        (_, "ok") => return succeeded(step),
        (_, "no_route") => "not tried: this host has no route there",
        (_, "no_local_address") => "not tried: the source address is not for this family",
        (_, "descriptor_limit" | "port_limit") => "not tried: a limit of this host",
        (_, "cancelled") => "not finished: the run was interrupted",
        (_, "budget_spent") => "not finished: the run's deadline passed",
        (_, "not_testable") => "cannot be tested from here",
        ("tcp", "refused") => "refused",
        ("tcp", "timeout") => "no answer",
        ("tcp", "unreachable") => "unreachable",
        ("tcp", "local_denied") => "not allowed by this host itself",
        ("proxy", "tls") => "TLS with the proxy failed",
        ("proxy", "timeout") => "the proxy did not answer",
        ("proxy", "closed") => "the proxy closed the connection",
        ("proxy", "not_proxy") => "what answers there is no proxy",
        ("proxy", "head_too_long") => "an answer without end",
        ("proxy", "answered") => "the proxy refused",
        ("proxy", "no_method") => "the proxy offers no way to sign in",
        ("proxy", "rejected") => "the proxy rejected the credentials",
        ("proxy", "socks_reply") => "the proxy refused",
        ("tls", "timeout") => "no answer to the ClientHello",
        ("tls", "closed") => "closed after the ClientHello",
        ("tls", "reset") => "reset after the ClientHello",
        ("tls", "reset_on_write") => "reset while the ClientHello was written",
        ("tls", "not_tls") => "what answers does not speak TLS",
        ("tls", "version") => "no common version of TLS",
        ("tls", "alert") => "alert",
        ("http", "timeout") => "no answer to the request",
        ("http", "closed") => "closed without an answer",
        ("http", "not_http") => "what answers does not speak HTTP",
        ("http", "tls_error") => "TLS failed during the request",
        ("http", "head_too_long") => "an answer without end",
        ("tds", "timeout") => "no answer of SQL Server",
        ("tds", "closed") => "closed without an answer of SQL Server",
        ("tds", "not_tds") => "what answers is no SQL Server",
        ("hold", "silent") => "the idle connection was dead in silence",
        (_, "reset") => "reset",
        (_, other) => other,
    };
    let mut text = words.to_owned();
    if let Some(limit) = detail.limit_ms {
        // Writing to a String cannot fail.
        let _ = write!(text, " within our time-out of {}", time(limit));
    }
    for part in particulars(detail) {
        // Writing to a String cannot fail.
        let _ = write!(text, ", {part}");
    }
    text
}

/// What a failed step has to say besides.
fn particulars(detail: &Detail) -> Vec<String> {
    let mut parts = Vec::new();
    parts.extend(detail.syns.map(|syns| format!("{syns} SYN sent")));
    parts.extend(detail.os.as_ref().map(|os| os.symbol.clone().into_owned()));
    parts.extend(detail.alert.as_ref().map(|alert| alert.clone().into_owned()));
    parts.extend(detail.sign_in.as_deref().map(sign_in));
    parts.extend(detail.answer.as_deref().map(answer));
    parts.extend(detail.socks_reply.map(|reply| format!("SOCKS reply {reply}")));
    let received = detail.received.filter(|bytes| *bytes > 0);
    parts.extend(received.map(|bytes| format!("{bytes} bytes received")));
    parts.extend(detail.first_bytes.as_ref().map(|bytes| format!("first bytes: {bytes}")));
    parts.extend(detail.text.as_ref().map(|text| text.clone().into_owned()));
    parts.extend(detail.http.as_deref().map(answer));
    parts
}

fn succeeded(step: &Step) -> String {
    let detail = &step.detail;
    match &*step.name {
        "tcp" => "connected".to_owned(),
        "proxy" => match (&detail.answer, &detail.bound) {
            (Some(answer), _) => {
                let signed_in = detail.sign_in.as_deref().map(|it| format!(", {}", sign_in(it)));
                let signed_in = signed_in.unwrap_or_default();
                format!("tunnel opened{signed_in}, {}", self::answer(answer))
            }
            (None, Some(bound)) => format!("tunnel opened from {bound}"),
            (None, None) => "passed on".to_owned(),
        },
        "tls" => {
            let version = detail.version.as_deref().unwrap_or("a session");
            let issuer = detail.chain().first().map(issuer);
            let issuer = issuer.map(|name| format!(", issued by {name}")).unwrap_or_default();
            let trust = detail.trust.as_deref().map(trust).unwrap_or_default();
            format!("{version}{issuer}{trust}")
        }
        "http" => detail.http.as_deref().map_or_else(|| "answered".to_owned(), answer),
        "tds" => {
            let version = detail.version.as_deref().unwrap_or_default();
            format!("SQL Server {version}").trim_end().to_owned()
        }
        "hold" => match (detail.idle_ms, detail.closed_after_ms) {
            (_, Some(after)) => format!("closed in order by the far end after {}", time(after)),
            (Some(idle), None) => format!("still usable after {} idle", time(idle)),
            (None, None) => "still usable".to_owned(),
        },
        _ => "ok".to_owned(),
    }
}

/// `sign-in by NTLM as CONTOSO\anna`.
fn sign_in(sign_in: &SignIn) -> String {
    match &*sign_in.account {
        "" => format!("sign-in by {}", sign_in.scheme),
        account => format!("sign-in by {} as {account}", sign_in.scheme),
    }
}

/// The name of an issuer, of all its parts what people call it.
pub(super) fn issuer(certificate: &Certificate) -> String {
    let parts = certificate.issuer.split(", ");
    let named = parts.clone().find_map(|part| part.strip_prefix("CN="));
    named.map_or_else(|| certificate.issuer.clone().into_owned(), str::to_owned)
}

/// Where a chain is not what it should be.
fn trust(trust: &Trust) -> String {
    let mut text = String::new();
    match (&*trust.public.outcome, &*trust.host.outcome) {
        ("trusted", _) => {}
        (_, "trusted") => text.push_str(", trusted by this host only: no public root"),
        ("not_judged", _) => {}
        _ => text.push_str(", not trusted"),
    }
    match &*trust.validity.outcome {
        "expired" => text.push_str(", expired"),
        "not_yet_valid" => text.push_str(", not yet valid"),
        _ => {}
    }
    text
}

/// `403 Forbidden, Server: squid/6.1, Location: …`.
pub(super) fn answer(answer: &Answer) -> String {
    let mut text = format!("HTTP {} {}", answer.status, answer.reason).trim_end().to_owned();
    for (name, value) in [
        ("Server", &answer.server),
        ("Via", &answer.via),
        ("Location", &answer.location),
        ("Content-Type", &answer.content_type),
        ("Proxy-Authenticate", &answer.proxy_authenticate),
        ("Proxy-Status", &answer.proxy_status),
        ("X-Squid-Error", &answer.x_squid_error),
    ] {
        if let Some(value) = value {
            // Writing to a String cannot fail.
            let _ = write!(text, ", {name}: {value}");
        }
    }
    text
}
