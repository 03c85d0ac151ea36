//! Endpoints that no list holds: `--endpoint` and `--peer`.

use std::fmt;
use std::net::SocketAddr;

use super::entry::default_port;
use super::pasted::{self, PastedError};
use super::suggest::{did_you_mean, nearest};
use crate::model::{Host, Kind, NameError};

/// An endpoint that was given by `--endpoint` or `--peer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdHoc {
    pub host: Host,
    pub port: u16,
    pub given_kind: Option<Kind>,
}

impl AdHoc {
    /// The given kind, or [`Kind::Https`].
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.given_kind.unwrap_or(Kind::Https)
    }
}

/// Its host and port, with the brackets that an IPv6 address needs.
impl fmt::Display for AdHoc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Address(address) => SocketAddr::new(*address, self.port).fmt(f),
            Host::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

/// The reason why a text is no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdHocError {
    /// The text before `://` is no kind.
    #[error(
        "'{given}' is no kind of endpoint{}; the kinds are {}",
        did_you_mean(*.suggestion),
        Kind::ALL.map(Kind::as_str).join(", ")
    )]
    Kind { given: String, suggestion: Option<&'static str> },
    /// A peer was given with another kind than `tcp`.
    #[error("a peer is another node, reached by TCP: give HOST or HOST:PORT")]
    PeerKind,
    /// The kind is `tcp`, which has no default port.
    #[error("a tcp endpoint has no default port: write tcp://{0}:PORT")]
    NoPort(String),
    #[error("'{0}' is a pattern: give one concrete name")]
    Pattern(String),
    #[error(transparent)]
    Pasted(#[from] PastedError),
    #[error(transparent)]
    Name(#[from] NameError),
}

/// Reads `[KIND://]HOST[:PORT]`. A path is dropped, so that pasted URLs work.
///
/// # Errors
/// [`AdHocError`] where the text has another form.
pub fn parse_endpoint(text: &str) -> Result<AdHoc, AdHocError> {
    let pasted = pasted::split(text)?;
    let given_kind = pasted.scheme.map(parse_kind).transpose()?;
    let host = host(pasted.host)?;
    let port = match pasted::port(pasted.port)? {
        Some(port) => port,
        None => default_port(given_kind.unwrap_or(Kind::Https))
            .ok_or_else(|| AdHocError::NoPort(host.to_string()))?,
    };
    Ok(AdHoc { host, port, given_kind })
}

/// Reads `[KIND://]HOST[:PORT]`, where entries decide what is not given.
///
/// # Errors
/// [`AdHocError`] where the text has another form.
pub fn parse_host(text: &str) -> Result<(Option<Kind>, Host, Option<u16>), AdHocError> {
    let pasted = pasted::split(text)?;
    let given_kind = pasted.scheme.map(parse_kind).transpose()?;
    Ok((given_kind, host(pasted.host)?, pasted::port(pasted.port)?))
}

/// Reads `HOST[:PORT]` of another node of the same runtime; the port is 8060 unless it was moved
/// (Microsoft, Create and configure a self-hosted integration runtime, Ports and firewalls).
///
/// # Errors
/// [`AdHocError`] where the text has another form.
pub fn parse_peer(text: &str) -> Result<AdHoc, AdHocError> {
    const NODE_PORT: u16 = 8060;
    let pasted = pasted::split(text)?;
    if pasted.scheme.is_some_and(|scheme| !scheme.eq_ignore_ascii_case("tcp")) {
        return Err(AdHocError::PeerKind);
    }
    let port = pasted::port(pasted.port)?.unwrap_or(NODE_PORT);
    Ok(AdHoc { host: host(pasted.host)?, port, given_kind: Some(Kind::Tcp) })
}

/// Reads what stands before `://`.
///
/// # Errors
/// [`AdHocError::Kind`] where it is no kind.
pub fn parse_kind(scheme: &str) -> Result<Kind, AdHocError> {
    let word = scheme.trim().to_ascii_lowercase();
    Kind::parse(&word).ok_or_else(|| AdHocError::Kind {
        given: scheme.chars().take(40).collect(),
        suggestion: nearest(&word, Kind::ALL.map(Kind::as_str)),
    })
}

fn host(text: &str) -> Result<Host, AdHocError> {
    if text.contains(['*', '{', '}']) {
        return Err(AdHocError::Pattern(text.chars().take(80).collect()));
    }
    Ok(Host::parse(text)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn endpoints_take_what_people_paste() {
        use Kind::{Http, Https, Relay, Tcp, Tds, Tls};
        for (text, host, port, kind) in [
            ("a.net", "a.net", 443, None),
            ("A.NET.:8443", "a.net", 8443, None),
            (" https://a.net/path?x#y ", "a.net", 443, Some(Https)),
            ("HTTP://a.net/", "a.net", 80, Some(Http)),
            ("relay://ns.servicebus.windows.net", "ns.servicebus.windows.net", 443, Some(Relay)),
            ("tds://s.database.windows.net", "s.database.windows.net", 1433, Some(Tds)),
            ("tls://a.net:1", "a.net", 1, Some(Tls)),
            ("tcp://[::1]:65535", "::1", 65535, Some(Tcp)),
            ("[2001:db8::1]", "2001:db8::1", 443, None),
            ("2001:db8::1", "2001:db8::1", 443, None),
            ("10.1.2.3:443", "10.1.2.3", 443, None),
            ("bücher.example", "xn--bcher-kva.example", 443, None),
        ] {
            let endpoint = parse_endpoint(text).unwrap();
            assert_eq!(
                (endpoint.host.to_string().as_str(), endpoint.port, endpoint.given_kind),
                (host, port, kind),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_endpoint_says_why() {
        let long = "a.".repeat(200);
        for (text, expected) in [
            ("", "empty"),
            ("https://", "empty"),
            ("tcp://a.net", "tcp://a.net:PORT"),
            ("htps://a.net", "did you mean 'https'?"),
            ("ftp://a.net", "the kinds are https, relay, tls, tds, http, tcp"),
            ("a.net:0", "'0' is no port"),
            ("a.net:65536", "'65536' is no port"),
            ("a.net:https", "'https' is no port"),
            ("a.net:", "'' is no port"),
            ("a b.net", "' '"),
            ("*.servicebus.windows.net", "one concrete name"),
            ("{factory}.x.net", "one concrete name"),
            ("::1:8060:x", "[ADDRESS]:PORT"),
            ("[::1", "bracket"),
            ("[fe80::1%eth0]:1", "':'"),
            (long.as_str(), "253"),
        ] {
            let error = parse_endpoint(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let error = parse_endpoint("https://me:hunter2@a.net").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn peers_are_tcp_at_8060() {
        for (text, host, port) in [
            ("node2.contoso.com", "node2.contoso.com", 8060),
            ("tcp://10.0.0.5:8061", "10.0.0.5", 8061),
            ("[fd00::5]", "fd00::5", 8060),
        ] {
            let peer = parse_peer(text).unwrap();
            assert_eq!((peer.host.to_string().as_str(), peer.port), (host, port), "{text}");
            assert_eq!(peer.kind(), Kind::Tcp);
        }
        assert_eq!(parse_peer("https://node2"), Err(AdHocError::PeerKind));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(
            text in "\\PC*",
            likely in "([a-z]{1,5}://)?\\[?[a-z0-9.:@-]*\\]?(:[0-9]{0,6})?/?",
        ) {
            let _ = (parse_endpoint(&text), parse_peer(&text));
            if let Ok(endpoint) = parse_endpoint(&likely) {
                prop_assert!(endpoint.port > 0);
            }
        }
    }
}
