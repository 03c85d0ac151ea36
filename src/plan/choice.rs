//! Which ways an endpoint is measured, from the way it is configured to go.

use crate::model::{Endpoint, Host, Kind, Reach, Route, RouteChoice, RouteIntent};
use crate::route::{ProxyScheme, RouteDecision, RouteError, Scheme, Way};

/// How many of the ways that a script names after its first are measured: each costs a chain of
/// time-outs where it is dead.
const FALLBACKS_MEASURED: usize = 2;

/// The way that an endpoint is configured to go, as it is recorded, and the ways to measure, which
/// hold the proxies' credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The choice as the record holds it.
    pub route: RouteChoice,
    /// Each way once: the configured one, what a client tries next, the alternate.
    pub ways: Vec<Way>,
}

/// What a configuration is asked for an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteQuestion<'a> {
    /// The host of the URL.
    pub host: &'a Host,
    pub port: u16,
    pub scheme: Scheme,
}

/// What is to be asked for `endpoint`, unless it goes direct whatever the configuration says: the
/// runtime uses its proxy for sources and destinations "which use the HTTP or HTTPS protocol"
/// (Microsoft, create-self-hosted-integration-runtime, proxy server considerations).
///
/// # Errors
/// Why it goes [`direct`], where there is nothing to ask.
pub fn question(endpoint: &Endpoint) -> Result<RouteQuestion<'_>, &'static str> {
    let Some(host) = endpoint.subject.host() else {
        return Err("a pattern has no route");
    };
    let scheme = match endpoint.kind {
        Kind::Https | Kind::Relay | Kind::Tls => Scheme::Https,
        Kind::Http => Scheme::Http,
        Kind::Tds => return Err("SQL Server's protocol uses no HTTP proxy"),
        Kind::Tcp => return Err("plain TCP uses no HTTP proxy"),
    };
    Ok(RouteQuestion { host, port: endpoint.port, scheme })
}

/// The choice for `endpoint`, for which the configuration has `decided`; `alternate` is
/// `--alternate-proxy`. Where nobody knows what is configured the alternate alone is measured: a
/// direct attempt would show a way that nothing says is taken.
#[must_use]
pub fn choose(
    endpoint: &Endpoint,
    decided: Result<RouteDecision, RouteError>,
    alternate: Option<Way>,
) -> Choice {
    let intended = intended(endpoint);
    let (mut route, mut ways) = match decided {
        Ok(decision) => {
            let route = decision.choice(intended);
            let fallbacks = decision.fallbacks.into_iter().take(FALLBACKS_MEASURED);
            (route, std::iter::once(decision.way).chain(fallbacks).collect())
        }
        Err(error) => (error.choice(intended), Vec::new()),
    };
    if let Some(way) = alternate {
        let alternate = way.route();
        if route.configured.as_ref() != Ok(&alternate) {
            route.alternate = Some(alternate);
        }
        ways.push(way);
    }
    let mut choice = Choice { route, ways: each_once(ways) };
    if intended == RouteIntent::Direct {
        choice.keep_private();
    }
    choice
}

/// What the endpoint needs, as far as its list says so.
const fn intended(endpoint: &Endpoint) -> RouteIntent {
    match endpoint.expect.reach {
        Reach::Private => RouteIntent::Direct,
        Reach::Any | Reach::Public => RouteIntent::Any,
    }
}

/// The choice for `endpoint` where `source` says that there is no proxy.
#[must_use]
pub fn direct(endpoint: &Endpoint, source: &str) -> Choice {
    let route = RouteChoice::new(intended(endpoint), Route::Direct, source);
    Choice { route, ways: vec![Way::Direct] }
}

impl Choice {
    /// Keeps a private name from every proxy, which would learn it by being measured. Where
    /// a proxy is configured the direct way is measured instead.
    pub fn keep_private(&mut self) {
        if !self.ways.is_empty() && self.route.configured.is_ok() {
            self.ways = vec![Way::Direct];
        } else {
            self.ways.retain(|way| *way == Way::Direct);
        }
        self.route.alternate = self.route.alternate.take().filter(|way| *way == Route::Direct);
    }

    /// Whether a proxy would learn the name.
    #[must_use]
    pub fn tells_a_proxy(&self) -> bool {
        self.ways.iter().any(|way| matches!(way, Way::Proxy(_)))
    }
}

/// Compares ways as records show them: with credentials and without, one proxy is one way there.
fn each_once(ways: Vec<Way>) -> Vec<Way> {
    let mut seen: Vec<Route> = Vec::new();
    ways.into_iter()
        .filter(|way| {
            let route = way.route();
            let is_new = !seen.contains(&route);
            seen.push(route);
            is_new
        })
        .collect()
}

/// Whether this program speaks the way's protocol. SOCKS 4, which scripts mean by `SOCKS`, has no
/// names: what it would reach is what this host resolves.
#[must_use]
pub fn can_be_measured(way: &Way) -> bool {
    match way {
        Way::Direct => true,
        Way::Proxy(proxy) => proxy.scheme() != ProxyScheme::Socks4,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::{Expectation, Origin, Role, Subject};
    use crate::route::ProxyUrl;

    fn endpoint(kind: Kind, reach: Reach) -> Endpoint {
        Endpoint {
            entry: "endpoint".into(),
            role: Role::Other,
            subject: Subject::Host(Host::parse("a.example").unwrap()),
            port: 443,
            kind,
            purpose: String::new(),
            source_document: String::new(),
            required: true,
            origin: Origin::List,
            discovered: None,
            order: 0,
            expect: Expectation { reach, ..Expectation::default() },
        }
    }

    fn way(text: &str) -> Way {
        if text == "direct" { Way::Direct } else { Way::Proxy(ProxyUrl::parse(text).unwrap()) }
    }

    /// The choice where `configured` is the decision's way and its fallbacks.
    fn choice(kind: Kind, reach: Reach, configured: &[&str], alternate: Option<&str>) -> Choice {
        let mut ways = configured.iter().map(|text| way(text));
        let decision = match ways.next() {
            Some(first) => Ok(RouteDecision {
                exception: None,
                way: first,
                why: "--proxy".to_owned(),
                fallbacks: ways.collect(),
                questions: Vec::new(),
            }),
            None => Err(RouteError::Elsewhere { file: "a".to_owned(), what: "b".to_owned() }),
        };
        let endpoint = endpoint(kind, reach);
        match question(&endpoint) {
            Ok(_) => choose(&endpoint, decision, alternate.map(way)),
            Err(why) => direct(&endpoint, why),
        }
    }

    fn shown(choice: &Choice) -> Vec<String> {
        choice.ways.iter().map(|way| way.route().to_string()).collect()
    }

    #[test]
    fn the_ways_to_measure() {
        const A: &str = "http://a:1";
        const B: &str = "http://b:1";
        const C: &str = "http://c:1";
        const D: &str = "http://d:1";
        let check = |kind, reach, configured: &[&str], alternate, expected: &[&str]| {
            let choice = choice(kind, reach, configured, alternate);
            assert_eq!(shown(&choice), expected, "{kind:?} {reach:?} {configured:?} {alternate:?}");
        };
        check(Kind::Https, Reach::Any, &["direct"], None, &["direct"]);
        check(Kind::Https, Reach::Any, &[A], None, &[A]);
        check(Kind::Https, Reach::Public, &[A], Some("direct"), &[A, "direct"]);
        check(Kind::Relay, Reach::Any, &["direct"], Some(A), &["direct", A]);
        check(Kind::Http, Reach::Any, &[A, "direct"], Some(A), &[A, "direct"]);
        check(Kind::Tls, Reach::Any, &[A, B, C, D], Some("direct"), &[A, B, C, "direct"]);
        // Nobody knows what is configured.
        check(Kind::Https, Reach::Any, &[], None, &[]);
        check(Kind::Https, Reach::Any, &[], Some(A), &[A]);
        // No proxy hears a private name.
        check(Kind::Https, Reach::Private, &[A], Some(B), &["direct"]);
        check(Kind::Https, Reach::Private, &["direct"], Some(B), &["direct"]);
        check(Kind::Https, Reach::Private, &[], Some(B), &[]);
        check(Kind::Https, Reach::Private, &[], Some("direct"), &["direct"]);
        // The agent's proxy carries HTTP only.
        check(Kind::Tcp, Reach::Any, &[A], Some(B), &["direct"]);
        check(Kind::Tds, Reach::Any, &[], Some(B), &["direct"]);
    }

    #[test]
    fn records_say_what_is_configured_whatever_is_measured() {
        let proxied = Some(Arc::<str>::from("http://a:1"));
        let configured = |choice: &Choice| choice.route.proxy().map(|proxy| Arc::clone(&proxy.url));
        let private = choice(Kind::Https, Reach::Private, &["http://u:p@a:1"], Some("http://b:1"));
        assert_eq!(configured(&private), proxied);
        assert_eq!(private.route.intended, RouteIntent::Direct);
        assert_eq!(private.route.alternate, None, "it is not measured");

        let mut found = choice(Kind::Https, Reach::Any, &["http://u:p@a:1"], Some("direct"));
        assert!(found.tells_a_proxy());
        found.keep_private();
        assert!(!found.tells_a_proxy());
        assert_eq!((configured(&found), shown(&found)), (proxied, vec!["direct".to_owned()]));
        assert_eq!(found.route.alternate, Some(Route::Direct));

        let tcp = choice(Kind::Tcp, Reach::Any, &["http://a:1"], None);
        assert_eq!(tcp.route.configured, Ok(Route::Direct));
        assert_eq!(tcp.route.why, "plain TCP uses no HTTP proxy");

        let same = choice(Kind::Https, Reach::Any, &["http://a:1"], Some("http://a:1"));
        assert_eq!(same.route.alternate, None, "it is no second way");
    }

    #[test]
    fn the_scheme_is_that_of_the_kind() {
        for (kind, expected) in [
            (Kind::Https, Some(Scheme::Https)),
            (Kind::Relay, Some(Scheme::Https)),
            (Kind::Tls, Some(Scheme::Https)),
            (Kind::Http, Some(Scheme::Http)),
            (Kind::Tcp, None),
            (Kind::Tds, None),
        ] {
            let endpoint = endpoint(kind, Reach::Any);
            let scheme = question(&endpoint).ok().map(|question| question.scheme);
            assert_eq!(scheme, expected, "{kind:?}");
        }
    }

    #[test]
    fn credentials_do_not_make_another_way() {
        let choice = choice(Kind::Https, Reach::Any, &["http://u:p@a:1"], Some("http://a:1"));
        let [Way::Proxy(proxy)] = &choice.ways[..] else { panic!("{choice:?}") };
        assert!(proxy.credentials().is_some());
        assert!(!format!("{choice:?}").contains("u:p"));
    }
}
