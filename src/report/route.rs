//! The way a name takes, as every format tells it: intended, configured, measured.

use std::time::Duration;

use crate::model::{
    Elapsed, Failure, HttpAnswer, LookupOutcome, Proxied, ProxyFailure, Record, Records, Role,
    Route, Seen, TcpFailure, Trail,
};
use crate::plan;

/// The ways that were measured, each once, in the order of the trails.
pub(super) fn measured(record: &Record) -> Vec<&Route> {
    let mut routes: Vec<&Route> = Vec::new();
    for trail in &record.trails {
        if !routes.contains(&trail.route()) {
            routes.push(trail.route());
        }
    }
    routes
}

/// Whether anything in the run has to do with a proxy: elsewhere the way needs no words.
pub(super) fn has_proxies(records: &Records) -> bool {
    records.run.vantage.proxy_url.is_some()
        || records.records.iter().any(|record| {
            let route = &record.route;
            route.configured != Ok(Route::Direct)
                || route.alternate.is_some()
                || route.fallbacks.iter().any(|way| *way != Route::Direct)
        })
}

/// Whether the gateways of a relay were not looked for: its chain, by which they are known, is
/// for the proxy alone to see.
pub(super) fn hides_gateways(record: &Record) -> bool {
    let endpoint = &record.endpoint;
    let is_resolved = |outcome| matches!(outcome, LookupOutcome::Addresses);
    endpoint.role == Role::Relay
        && record.route.proxy().is_some()
        && !record.lookups.iter().any(|lookup| is_resolved(lookup.outcome()))
        && plan::gateways_of(endpoint, &record.lookups).is_empty()
}

/// Why they were not, in words.
pub(super) const GATEWAYS_HIDDEN: &str = "only the proxy resolves the name";

/// The two legs of a way through a proxy, each in a few words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Legs {
    /// `10.0.0.8:3128`, or its URL where it has no address.
    pub(super) proxy: String,
    /// `ok, 1.2 ms`, `refused`.
    pub(super) to_it: String,
    /// What came of the second leg; nothing where the first fails.
    pub(super) further: Option<Further>,
}

/// The second leg, as far as the proxy lets it be seen.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Further {
    /// The proxy's own word, in place of the way on: `407 Proxy Authentication Required`.
    Answer(String),
    /// How the talk with the proxy ended without one.
    Ended(String),
    /// What came through it.
    Beyond(String),
}

/// The legs of each trail through a proxy; for a proxy without an address, why it has none.
pub(super) fn legs(record: &Record) -> Vec<Legs> {
    let mut legs: Vec<Legs> = record.trails.iter().filter_map(legs_of).collect();
    let is_tried = |proxy: &Proxied| {
        record.trails.iter().any(|trail| matches!(trail.route(), Route::Proxy(own) if own == proxy))
    };
    for asked in record.proxies.iter().filter(|asked| !is_tried(&asked.proxy)) {
        if let Some(lookup) = asked.lookups.first() {
            legs.push(Legs {
                proxy: asked.proxy.url.to_string(),
                to_it: format!("its name: {}", lookup.outcome().as_str()),
                further: None,
            });
        }
    }
    legs
}

fn legs_of(trail: &Trail) -> Option<Legs> {
    let Route::Proxy(_) = trail.route() else { return None };
    let proxy = trail.remote().to_string();
    let connected = trail.passed().iter().find(|step| step.seen == Seen::Tcp);
    let Some(connected) = connected else {
        let to_it = match trail.failure() {
            Some(Failure::Tcp(failure)) => word_for(failure),
            Some(_) | None => "not tried",
        };
        return Some(Legs { proxy, to_it: to_it.to_owned(), further: None });
    };
    let further = match trail.failure() {
        Some(Failure::Proxy(failure)) if failure.is_answer() => Further::Answer(refusal(failure)),
        Some(Failure::Proxy(failure)) => Further::Ended(refusal(failure)),
        Some(failure) if trail.tunnel().is_some() => {
            Further::Beyond(format!("a tunnel, in which {} failed", failure.step()))
        }
        Some(failure) => Further::Beyond(format!("{} failed", failure.step())),
        None => match trail.http() {
            Some(answer) if trail.tunnel().is_none() && answer.status >= 400 => {
                Further::Answer(in_short(answer))
            }
            None if trail.tunnel().is_none() => Further::Beyond("not tried".to_owned()),
            _ => Further::Beyond(format!("ok, {}", Elapsed(after(trail)))),
        },
    };
    let to_it = format!("ok, {}", Elapsed(connected.took));
    Some(Legs { proxy, to_it, further: Some(further) })
}

fn after(trail: &Trail) -> Duration {
    trail.passed().iter().skip(1).map(|step| step.took).sum()
}

const fn word_for(failure: &TcpFailure) -> &'static str {
    match failure {
        TcpFailure::Refused(_) => "refused",
        TcpFailure::TimedOut(_) => "silent",
        TcpFailure::Unreachable { .. } => "unreachable",
        TcpFailure::Reset(_) => "reset",
        TcpFailure::Denied(_) => "forbidden by this host",
        TcpFailure::Other(_) => "failed",
    }
}

pub(super) fn refusal(failure: &ProxyFailure) -> String {
    match failure {
        ProxyFailure::Answered { answer, .. } => in_short(answer),
        ProxyFailure::Tls(_) => "no TLS with the proxy".to_owned(),
        ProxyFailure::TimedOut { .. } => "silence".to_owned(),
        ProxyFailure::Closed { .. } => "closed by the proxy".to_owned(),
        ProxyFailure::Reset(_) => "reset by the proxy".to_owned(),
        ProxyFailure::NotProxy { .. } | ProxyFailure::HeadTooLong { .. } => {
            "no answer of a proxy".to_owned()
        }
        ProxyFailure::SocksNoMethod { .. } | ProxyFailure::SocksRejected => {
            "SOCKS5 sign-in refused".to_owned()
        }
        ProxyFailure::SocksReply(code) => format!("SOCKS5 reply {code}"),
        ProxyFailure::SignIn { sign_in, failure } => {
            format!("sign-in by {}: {}", sign_in.scheme.as_str(), refusal(failure))
        }
        ProxyFailure::Other(os) => os.to_string(),
    }
}

/// The status, and Squid's own word for it or else the reason phrase.
fn in_short(answer: &HttpAnswer) -> String {
    const LONGEST: usize = 60;
    let word = match answer.header("X-Squid-Error") {
        Some(error) => error.split_whitespace().next().unwrap_or_default(),
        None => &answer.reason,
    };
    let word: String = word.chars().take(LONGEST).collect();
    format!("{} {word}", answer.status).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::super::sample;
    use super::*;
    use crate::model::{OpenTrail, OsError, ProxyReply, Tunnel};

    const URL: &str = "http://10.0.0.8:3128";

    fn by_proxy() -> OpenTrail {
        let remote: SocketAddr = "10.0.0.8:3128".parse().unwrap();
        OpenTrail::new(sample::proxy(URL), remote, sample::start())
    }

    fn answered(status: u16, headers: &[(&str, &str)]) -> HttpAnswer {
        HttpAnswer {
            status,
            reason: "Reason".into(),
            headers: headers.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
            body: String::new(),
            is_cut: false,
        }
    }

    #[test]
    fn both_legs_are_told() {
        let connected = || {
            let mut trail = by_proxy();
            trail.pass(Seen::Tcp, Duration::from_millis(1));
            trail
        };
        let refuses = |answer| {
            let answer = Box::new(answer);
            let failure = ProxyFailure::Answered { answer, with_credentials: false };
            connected().fail(Failure::Proxy(failure), Duration::from_millis(3))
        };
        let os = || OsError { code: 111, symbol: "ECONNREFUSED".into() };
        let opened = || {
            let mut trail = connected();
            let reply = ProxyReply::Connect(Box::new(answered(200, &[])));
            let tunnel = Tunnel { session: None, reply, sign_in: None };
            trail.pass(Seen::Proxy(Box::new(tunnel)), Duration::from_millis(12));
            trail
        };
        let closed = Failure::Http(crate::model::HttpFailure::Closed { received: 0 });
        for (trail, to_it, further) in [
            (
                refuses(answered(503, &[("X-Squid-Error", "ERR_DNS_FAIL 0")])),
                "ok, 1.0 ms",
                Some(Further::Answer("503 ERR_DNS_FAIL".into())),
            ),
            (refuses(answered(403, &[])), "ok, 1.0 ms", Some(Further::Answer("403 Reason".into()))),
            (opened().complete(), "ok, 1.0 ms", Some(Further::Beyond("ok, 12.0 ms".into()))),
            (
                opened().fail(closed, Duration::ZERO),
                "ok, 1.0 ms",
                Some(Further::Beyond("a tunnel, in which http failed".into())),
            ),
            (
                by_proxy().fail(Failure::Tcp(TcpFailure::Refused(os())), Duration::ZERO),
                "refused",
                None,
            ),
        ] {
            let expected = Legs { proxy: "10.0.0.8:3128".into(), to_it: to_it.into(), further };
            assert_eq!(legs_of(&trail), Some(expected));
        }
    }

    #[test]
    fn each_way_is_named_once() {
        let mut record =
            sample::record("relay", "a.contoso.com").reached(&["10.1.1.1", "10.1.1.2"]);
        record.trails.push(by_proxy().complete());
        let shown: Vec<String> = measured(&record).iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["direct", URL]);
    }
}
