//! Proxy URLs as people write them. Their credentials are never shown.

use std::fmt;
use std::sync::Arc;

use percent_encoding::percent_decode_str;

use crate::model::{Host, NameError, Proxied, Route, holds_auth_key};

/// A proxy, with the credentials for it.
///
/// `Debug` and `Display` show what [`ProxyUrl::shown`] shows.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl {
    scheme: ProxyScheme,
    host: Host,
    port: u16,
    credentials: Option<Credentials>,
    signs_in_account: bool,
}

/// The protocol of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProxyScheme {
    /// HTTP `CONNECT` (RFC 9110 §9.3.6) over a connection in clear text.
    Http,
    /// HTTP `CONNECT` inside TLS.
    Https,
    /// SOCKS 4. No URL names it, but a PAC may answer `SOCKS host:port`, which means it.
    Socks4,
    /// SOCKS 5 (RFC 1928). Curl resolves the name itself; .NET and this program leave it to the
    /// proxy.
    Socks5,
    /// SOCKS 5, with which every client leaves the name to the proxy.
    Socks5h,
}

impl ProxyScheme {
    /// The schemes a URL may name.
    const NAMED: [Self; 4] = [Self::Http, Self::Https, Self::Socks5, Self::Socks5h];

    /// The word before `://`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks4 => "socks4",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        }
    }

    /// The port where none is given: the scheme's own, as in .NET, Go and `WinINET`. (curl takes
    /// 1080 for every proxy.)
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            Self::Socks4 | Self::Socks5 | Self::Socks5h => 1080,
        }
    }
}

/// A user name and a password, which `Debug` and `Display` do not show.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    password: String,
}

/// The reason why a text is no proxy URL. No message repeats a user name or a password, nor
/// anything that might be one, such as a bad port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyUrlError {
    #[error("the proxy is empty: expected http://HOST:PORT")]
    Empty,
    /// Behind its last `@`, where a proxy has its host, stands the secret.
    #[error("this is an authentication key and no proxy: expected http://HOST:PORT")]
    AuthKey,
    #[error(
        "a proxy cannot be spoken to by '{scheme}': expected http, https, socks5 or socks5h{}",
        suggested(*suggestion)
    )]
    Scheme {
        scheme: String,
        /// The nearest known scheme.
        suggestion: Option<&'static str>,
    },
    /// The text is `http:/host` or `http:host`.
    #[error("'{0}:' must be followed by two slashes: {0}://HOST:PORT")]
    Slashes(&'static str),
    /// The text is `http//host`, of which a part could be taken for a user name and be sent.
    #[error("'{0}//' is no scheme: did you mean {0}://HOST:PORT?")]
    Colon(&'static str),
    #[error("the proxy has no host: expected http://HOST:PORT")]
    NoHost,
    /// The host is neither a name nor an address.
    #[error("the proxy's host is not valid: {0}")]
    Host(NameError),
    /// An IPv6 address has no brackets, or something else has them.
    #[error("the proxy's IPv6 address must stand in brackets: http://[2001:db8::1]:PORT")]
    Brackets,
    #[error("port 0 cannot be connected to: expected a port from 1 to 65535")]
    PortZero,
    /// The port is not a number, or above 65535.
    #[error("the proxy's port is no number from 1 to 65535")]
    Port,
    /// Something follows the host and the port.
    #[error(
        "a proxy has no path: expected http://HOST:PORT. The address of a PAC file is given as pac:URL"
    )]
    Path,
    /// The user name has a colon, or either part has a control character (RFC 7617 §2).
    #[error(
        "the proxy's credentials cannot be sent: a user name holds no colon, and neither part holds control characters (RFC 7617)"
    )]
    Credentials,
    /// The percent-decoded bytes are no UTF-8.
    #[error("the proxy's credentials are not UTF-8 after percent-decoding")]
    CredentialsEncoding,
}

fn suggested(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |scheme| format!("; did you mean {scheme}?"))
}

impl ProxyUrl {
    /// Reads `[SCHEME://][USER[:PASSWORD]@]HOST[:PORT][/]`; the scheme is `http` where none is
    /// given. User name and password are percent-decoded. They end at the last `@`, as in curl and
    /// .NET, so that a password may hold `@` and `/` unescaped.
    ///
    /// # Errors
    /// [`ProxyUrlError`], which never repeats the credentials.
    pub fn parse(text: &str) -> Result<Self, ProxyUrlError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ProxyUrlError::Empty);
        }
        if holds_auth_key(text) {
            return Err(ProxyUrlError::AuthKey);
        }
        let (scheme, rest) = split_scheme(text)?;
        let (credentials, authority) = match rest.rsplit_once('@') {
            Some((user_info, authority)) => (Credentials::from_user_info(user_info)?, authority),
            None => (None, rest),
        };
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        if authority.contains(['/', '?', '#', '\\']) {
            return Err(ProxyUrlError::Path);
        }
        let (host, port) = split_port(authority)?;
        if host.is_empty() {
            return Err(ProxyUrlError::NoHost);
        }
        let host = parse_host(host)?;
        let port = match port {
            Some(digits) => parse_port(digits)?,
            None => scheme.default_port(),
        };
        Ok(Self { scheme, host, port, credentials, signs_in_account: true })
    }

    /// Reads what [`ProxyUrl::shown`] wrote into a record or report. That may be a proxy that only
    /// a script can name.
    ///
    /// # Errors
    /// As [`ProxyUrl::parse`].
    pub fn parse_shown(url: &str) -> Result<Self, ProxyUrlError> {
        match url.strip_prefix("socks4://") {
            Some(rest) => {
                let proxy = Self::parse(&format!("socks5://{rest}"))?;
                Ok(Self { scheme: ProxyScheme::Socks4, ..proxy })
            }
            None => Self::parse(url),
        }
    }

    /// A proxy without credentials.
    #[must_use]
    pub const fn new(scheme: ProxyScheme, host: Host, port: u16) -> Self {
        Self { scheme, host, port, credentials: None, signs_in_account: true }
    }

    /// The same proxy with these credentials (`--proxy-credentials`) instead of its own.
    #[must_use]
    pub fn with_credentials(self, credentials: Credentials) -> Self {
        Self { credentials: Some(credentials), ..self }
    }

    /// The same proxy for a client that never signs in as its own account.
    #[must_use]
    pub fn without_account(self) -> Self {
        Self { signs_in_account: false, ..self }
    }

    /// Whether a client that is given no credentials for the proxy may sign in as its own account.
    #[must_use]
    pub const fn signs_in_account(&self) -> bool {
        self.signs_in_account
    }

    #[must_use]
    pub const fn scheme(&self) -> ProxyScheme {
        self.scheme
    }

    #[must_use]
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// The port, which is not 0.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    #[must_use]
    pub const fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// The URL without credentials, always with its port: `http://proxy.contoso.com:3128`.
    #[must_use]
    pub fn shown(&self) -> String {
        let scheme = self.scheme.as_str();
        match &self.host {
            Host::Address(address) if address.is_ipv6() => {
                format!("{scheme}://[{address}]:{}", self.port)
            }
            host => format!("{scheme}://{host}:{}", self.port),
        }
    }

    /// The route through the proxy, in the form that records and reports hold.
    #[must_use]
    pub fn route(&self) -> Route {
        Route::Proxy(Proxied { url: Arc::from(self.shown()) })
    }
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let with = if self.credentials.is_some() { " with credentials" } else { "" };
        write!(f, "ProxyUrl({}{with})", self.shown())
    }
}

impl Credentials {
    /// Reads `USER:PASSWORD` from the text of a file. Nothing is decoded, one line end is dropped,
    /// and the first colon separates the parts (RFC 7617 §2).
    ///
    /// # Errors
    /// [`ProxyUrlError::Credentials`] where there is no user name, or a control character.
    pub fn parse(text: &str) -> Result<Self, ProxyUrlError> {
        let line = text.strip_suffix('\n').unwrap_or(text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let (user, password) = line.split_once(':').unwrap_or((line, ""));
        Self::new(user.to_owned(), password.to_owned())
    }

    /// The user name, to be sent and not to be shown.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password, to be sent and not to be shown.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    fn new(user: String, password: String) -> Result<Self, ProxyUrlError> {
        let holds_control = |text: &str| text.chars().any(char::is_control);
        if user.is_empty() || user.contains(':') || holds_control(&user) || holds_control(&password)
        {
            return Err(ProxyUrlError::Credentials);
        }
        Ok(Self { user, password })
    }

    /// `None` for an empty user name and password (`http://@proxy`, `http://:@proxy`).
    fn from_user_info(user_info: &str) -> Result<Option<Self>, ProxyUrlError> {
        let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
        if user.is_empty() && password.is_empty() {
            return Ok(None);
        }
        let decode = |part: &str| match percent_decode_str(part).decode_utf8() {
            Ok(text) => Ok(text.into_owned()),
            Err(_) => Err(ProxyUrlError::CredentialsEncoding),
        };
        Self::new(decode(user)?, decode(password)?).map(Some)
    }
}

impl fmt::Display for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(credentials, not shown)")
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(not shown)")
    }
}

fn split_scheme(text: &str) -> Result<(ProxyScheme, &str), ProxyUrlError> {
    if let Some((word, rest)) = text.split_once("://")
        && is_scheme(word)
    {
        return ProxyScheme::NAMED
            .into_iter()
            .find(|scheme| scheme.as_str().eq_ignore_ascii_case(word))
            .map(|scheme| (scheme, rest))
            .ok_or_else(|| unknown_scheme(word));
    }
    // Without this check `http:proxy` and `http:/proxy` would be read as a host and a port.
    for scheme in ProxyScheme::NAMED {
        let word = scheme.as_str();
        if let Some((front, _)) = text.split_once("//")
            && front.eq_ignore_ascii_case(word)
        {
            return Err(ProxyUrlError::Colon(word));
        }
        if let Some((front, rest)) = text.split_once(':')
            && front.eq_ignore_ascii_case(word)
            && !rest.starts_with(|c: char| c.is_ascii_digit())
        {
            return Err(ProxyUrlError::Slashes(word));
        }
    }
    Ok((ProxyScheme::Http, text))
}

fn unknown_scheme(word: &str) -> ProxyUrlError {
    let lower = word.to_ascii_lowercase();
    // No edit distance leads from these words to the one that is meant.
    let suggestion = match lower.as_str() {
        "socks" | "socks4" | "socks4a" => Some("socks5"),
        _ => ProxyScheme::NAMED
            .into_iter()
            .map(|scheme| (strsim::damerau_levenshtein(scheme.as_str(), &lower), scheme.as_str()))
            .filter(|(distance, _)| *distance <= 2)
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, word)| word),
    };
    ProxyUrlError::Scheme { scheme: lower, suggestion }
}

/// Whether a word has the form of a scheme (RFC 3986 §3.1) and is short. A longer word was probably
/// pasted by mistake, and a message must not repeat it.
fn is_scheme(word: &str) -> bool {
    word.len() <= 10
        && word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), ProxyUrlError> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (_, after) = rest.split_once(']').ok_or(ProxyUrlError::Brackets)?;
        let host = &authority[..authority.len() - after.len()];
        return match after.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if after.is_empty() => Ok((host, None)),
            None => Err(ProxyUrlError::Brackets),
        };
    }
    match authority.rsplit_once(':') {
        Some((host, _)) if host.contains(':') => Err(ProxyUrlError::Brackets),
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((authority, None)),
    }
}

fn parse_host(text: &str) -> Result<Host, ProxyUrlError> {
    let host = Host::parse(text).map_err(ProxyUrlError::Host)?;
    let is_bracketed = text.starts_with('[');
    match &host {
        Host::Address(address) if address.is_ipv6() == is_bracketed => Ok(host),
        Host::Name(_) if !is_bracketed => Ok(host),
        _ => Err(ProxyUrlError::Brackets),
    }
}

fn parse_port(digits: &str) -> Result<u16, ProxyUrlError> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ProxyUrlError::Port);
    }
    match digits.parse() {
        Ok(0) => Err(ProxyUrlError::PortZero),
        Ok(port) => Ok(port),
        Err(_) => Err(ProxyUrlError::Port),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn urls_are_read_and_shown_without_credentials() {
        for (given, shown, credentials) in [
            ("http://proxy.contoso.com:3128", "http://proxy.contoso.com:3128", None),
            (" http://proxy.contoso.com:3128/ ", "http://proxy.contoso.com:3128", None),
            ("HTTP://Proxy.Contoso.COM", "http://proxy.contoso.com:80", None),
            ("https://proxy", "https://proxy:443", None),
            ("socks5://10.0.0.1", "socks5://10.0.0.1:1080", None),
            ("socks5h://proxy:1081", "socks5h://proxy:1081", None),
            ("proxy.contoso.com:8080", "http://proxy.contoso.com:8080", None),
            ("localhost", "http://localhost:80", None),
            ("10.0.0.1:8080", "http://10.0.0.1:8080", None),
            ("[::1]", "http://[::1]:80", None),
            ("http://[2001:db8::1]:3128", "http://[2001:db8::1]:3128", None),
            ("http://proxy:65535", "http://proxy:65535", None),
            ("http://@proxy:1", "http://proxy:1", None),
            ("http://anna@proxy:1", "http://proxy:1", Some(("anna", ""))),
            ("anna:geheim@proxy:1", "http://proxy:1", Some(("anna", "geheim"))),
            // .NET's HttpEnvironmentProxyTest: a domain, escaped or not; raw signs in a password.
            ("domain\\foo:bar@1.1.1.1", "http://1.1.1.1:80", Some(("domain\\foo", "bar"))),
            ("domain%5Cfoo:bar@1.1.1.1", "http://1.1.1.1:80", Some(("domain\\foo", "bar"))),
            (
                "foo:Pass$!#\\.$@127.0.0.1:3128",
                "http://127.0.0.1:3128",
                Some(("foo", "Pass$!#\\.$")),
            ),
            ("foo:bar@[::1]:3128", "http://[::1]:3128", Some(("foo", "bar"))),
            ("http://a:p@ss/w:rd@proxy:1/", "http://proxy:1", Some(("a", "p@ss/w:rd"))),
            ("http://a:100%25%zz@proxy:1", "http://proxy:1", Some(("a", "100%%zz"))),
            ("http://a:p%3A%40@proxy:1", "http://proxy:1", Some(("a", "p:@"))),
        ] {
            let proxy = ProxyUrl::parse(given).unwrap_or_else(|error| panic!("{given}: {error}"));
            assert_eq!(proxy.shown(), shown, "{given}");
            let found = proxy.credentials().map(|c| (c.user(), c.password()));
            assert_eq!(found, credentials, "{given}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_refused_with_the_reason() {
        let host = |text| ProxyUrlError::Host(Host::parse(text).unwrap_err());
        let scheme =
            |word: &str, suggestion| ProxyUrlError::Scheme { scheme: word.to_owned(), suggestion };
        for (given, expected) in [
            ("", ProxyUrlError::Empty),
            ("  ", ProxyUrlError::Empty),
            ("http://", ProxyUrlError::NoHost),
            ("http://:3128", ProxyUrlError::NoHost),
            ("http://a:b@:3128", ProxyUrlError::NoHost),
            (":3128", ProxyUrlError::NoHost),
            ("http://proxy:0", ProxyUrlError::PortZero),
            ("http://proxy:00", ProxyUrlError::PortZero),
            ("http://proxy:65536", ProxyUrlError::Port),
            ("http://proxy:", ProxyUrlError::Port),
            ("http://proxy:+80", ProxyUrlError::Port),
            ("http://proxy:http", ProxyUrlError::Port),
            ("htp://proxy:80", scheme("htp", Some("http"))),
            ("htpps://proxy:80", scheme("htpps", Some("https"))),
            ("socks://proxy", scheme("socks", Some("socks5"))),
            ("socks4a://proxy", scheme("socks4a", Some("socks5"))),
            ("ftp://proxy", scheme("ftp", Some("http"))),
            ("quic+x://proxy", scheme("quic+x", None)),
            ("http:proxy:80", ProxyUrlError::Slashes("http")),
            ("http:/proxy:80", ProxyUrlError::Slashes("http")),
            ("http//proxy:80", ProxyUrlError::Colon("http")),
            ("HTTPS//user:geheim@proxy:80", ProxyUrlError::Colon("https")),
            ("socks5h//user:x://y@proxy", ProxyUrlError::Colon("socks5h")),
            ("http://proxy:80/wpad.dat", ProxyUrlError::Path),
            ("http://proxy?x", ProxyUrlError::Path),
            ("http://2001:db8::1:3128", ProxyUrlError::Brackets),
            ("http://[proxy]:3128", host("[proxy]")),
            ("http://[10.0.0.1]:3128", ProxyUrlError::Brackets),
            ("http://[::1", ProxyUrlError::Brackets),
            ("http://[::1]3128", ProxyUrlError::Brackets),
            ("http://pro xy:80", host("pro xy")),
            ("http://us%3Aer:x@proxy", ProxyUrlError::Credentials),
            ("http://user:a%0d%0ab@proxy", ProxyUrlError::Credentials),
            ("http://:only@proxy", ProxyUrlError::Credentials),
            ("http://user:%ff@proxy", ProxyUrlError::CredentialsEncoding),
        ] {
            assert_eq!(ProxyUrl::parse(given).unwrap_err(), expected, "{given}");
        }
    }

    #[test]
    fn a_file_of_credentials_is_taken_as_it_is() {
        for (given, expected) in [
            ("anna:ge%20heim\n", Some(("anna", "ge%20heim"))),
            ("anna:a:b\r\n", Some(("anna", "a:b"))),
            ("anna", Some(("anna", ""))),
            ("CONTOSO\\anna:x ", Some(("CONTOSO\\anna", "x "))),
            ("", None),
            (":secret", None),
            ("anna:one\ntwo", None),
        ] {
            let found = Credentials::parse(given).ok();
            let found = found.as_ref().map(|c| (c.user(), c.password()));
            assert_eq!(found, expected, "{given:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_shown_is_read_again(text in "\\PC{0,40}") {
            if let Ok(proxy) = ProxyUrl::parse(&text) {
                let bare = ProxyUrl { credentials: None, ..proxy };
                prop_assert_eq!(ProxyUrl::parse(&bare.shown()).unwrap(), bare);
            }
        }

        #[test]
        fn credentials_are_never_shown(
            user in "QUser[a-z]{0,3}",
            password in "QPass[a-z:@/?#%0-9]{0,6}",
            scheme in "(http://|https://|socks5://|ftp://|http:/|http//|)",
            authority in "(proxy|proxy:0|proxy:x|\\[::1|:80|pro xy|proxy/p|)",
        ) {
            let text = format!("{scheme}{user}:{password}@{authority}");
            let printed = match ProxyUrl::parse(&text) {
                Ok(proxy) => format!(
                    "{proxy} {proxy:?} {} {:?} {}",
                    proxy.route(), proxy.credentials(), proxy.credentials().unwrap()
                ),
                Err(error) => format!("{error} {error:?}"),
            };
            prop_assert!(!printed.contains("QUser") && !printed.contains("QPass"), "{}", printed);
        }
    }
}
