//! `http://` and `https://` addresses as far as fetching one document needs them (RFC 9110 §4.2).

use std::fmt::Write as _;
use std::net::IpAddr;

use crate::model::{Host, NameError};

/// An address, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpUrl {
    /// Whether the scheme is `https`.
    pub is_tls: bool,
    /// The host to connect to.
    pub host: Host,
    /// The port; 80 or 443 where none is given.
    pub port: u16,
    /// The request's target: path and query, never empty.
    pub target: String,
}

/// Why a text is no such address. What might be a password is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpUrlError {
    /// It has another scheme, or none.
    #[error("it must begin with http:// or https://")]
    Scheme,
    /// It holds a user name or a password.
    #[error("it holds a user name or a password, which are not sent")]
    UserInfo,
    /// Its host is neither a name nor an address.
    #[error(transparent)]
    Host(#[from] NameError),
    /// Its port is not a number from 1 to 65535.
    #[error("its port is no number from 1 to 65535")]
    Port,
    /// It holds a blank or a control character.
    #[error("it holds a blank or a control character: write it percent-encoded")]
    Character,
    /// It has more bytes than [`HttpUrl::LONGEST`].
    #[error("it has more than {} bytes", HttpUrl::LONGEST)]
    TooLong,
}

impl HttpUrl {
    /// The most bytes of an address.
    pub const LONGEST: usize = 4096;

    /// Takes an address apart. A fragment is dropped.
    ///
    /// # Errors
    /// [`HttpUrlError`] says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, HttpUrlError> {
        let text = text.trim();
        if text.len() > Self::LONGEST {
            return Err(HttpUrlError::TooLong);
        }
        let (scheme, rest) = text.split_once("://").ok_or(HttpUrlError::Scheme)?;
        let is_tls = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(HttpUrlError::Scheme),
        };
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        if rest.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(HttpUrlError::Character);
        }
        let end = rest.find(['/', '?', '\\']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        if authority.contains('@') {
            return Err(HttpUrlError::UserInfo);
        }
        let (host, port) = split_port(authority)?;
        Ok(Self {
            is_tls,
            host: Host::parse(host)?,
            port: port.unwrap_or(if is_tls { 443 } else { 80 }),
            target: target_of(target),
        })
    }

    /// Where a redirect leads (RFC 3986 §5.2, as far as redirects use it).
    ///
    /// # Errors
    /// [`HttpUrlError`] where the location cannot be fetched.
    pub fn join(&self, location: &str) -> Result<Self, HttpUrlError> {
        let location = location.trim();
        if location.contains("://") {
            return Self::parse(location);
        }
        let scheme = if self.is_tls { "https" } else { "http" };
        if location.starts_with("//") {
            return Self::parse(&format!("{scheme}:{location}"));
        }
        let path = self.target.split_once('?').map_or(&*self.target, |(path, _)| path);
        let target = match location.as_bytes() {
            [] => path.to_owned(),
            [b'/', ..] => location.to_owned(),
            [b'?', ..] => format!("{path}{location}"),
            _ => format!("{}/{location}", path.rsplit_once('/').map_or("", |(folder, _)| folder)),
        };
        Self::parse(&format!("{scheme}://{}{target}", self.authority()))
    }

    /// The field `Host` (RFC 9110 §7.2): the port only where it is not the scheme's own.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = match &self.host {
            Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
            host => host.to_string(),
        };
        let default = if self.is_tls { 443 } else { 80 };
        if self.port == default { host } else { format!("{host}:{}", self.port) }
    }

    /// As reports show it: without its query, which may hold a token.
    #[must_use]
    pub fn shown(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        let (path, mark) = match self.target.split_once('?') {
            Some((path, _)) => (path, "?…"),
            None => (&*self.target, ""),
        };
        format!("{scheme}://{}{path}{mark}", self.authority())
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), HttpUrlError> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => return Ok((authority, None)),
    };
    if port.is_empty() {
        return Ok((host, None));
    }
    match port.parse() {
        Ok(number) if number > 0 && port.bytes().all(|b| b.is_ascii_digit()) => {
            Ok((host, Some(number)))
        }
        _ => Err(HttpUrlError::Port),
    }
}

/// A target begins with a slash and is ASCII; what is not is percent-encoded (RFC 3986 §2.5).
fn target_of(text: &str) -> String {
    let mut target = String::with_capacity(text.len() + 1);
    if !text.starts_with('/') {
        target.push('/');
    }
    for c in text.strip_prefix('\\').unwrap_or(text).chars() {
        if c.is_ascii() {
            target.push(c);
        } else {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                // Writing to a String cannot fail.
                let _ = write!(target, "%{byte:02X}");
            }
        }
    }
    target
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        for (text, authority, port, target, shown) in [
            ("http://wpad/wpad.dat", "wpad", 80, "/wpad.dat", "http://wpad/wpad.dat"),
            ("HTTP://WPAD.Contoso.com", "wpad.contoso.com", 80, "/", "http://wpad.contoso.com/"),
            ("https://w:8443/p?token=1#x", "w:8443", 8443, "/p?token=1", "https://w:8443/p?…"),
            ("https://w?a", "w", 443, "/?a", "https://w/?…"),
            (
                "http://[2001:db8::1]:81/p",
                "[2001:db8::1]:81",
                81,
                "/p",
                "http://[2001:db8::1]:81/p",
            ),
            ("http://w:/ü", "w", 80, "/%C3%BC", "http://w/%C3%BC"),
        ] {
            let url = HttpUrl::parse(text).unwrap();
            assert_eq!(url.authority(), authority, "{text}");
            assert_eq!((url.port, url.target.as_str()), (port, target), "{text}");
            assert_eq!(url.shown(), shown, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_password() {
        for (text, expected) in [
            ("wpad.dat", HttpUrlError::Scheme),
            ("ftp://w/p", HttpUrlError::Scheme),
            ("http://anna:geheim@w/p", HttpUrlError::UserInfo),
            ("http://w:0/p", HttpUrlError::Port),
            ("http://w:+80/p", HttpUrlError::Port),
            ("http://w:65536", HttpUrlError::Port),
            ("http://w/a b", HttpUrlError::Character),
            ("http://w/a\r\nX: y", HttpUrlError::Character),
            ("http:///p", HttpUrlError::Host(NameError::Empty)),
        ] {
            assert_eq!(HttpUrl::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn redirects_lead_where_they_say() {
        let from = HttpUrl::parse("http://w:81/a/b?c").unwrap();
        for (location, expected) in [
            ("https://x/y", "https://x/y"),
            ("//x/y", "http://x/y"),
            ("/y", "http://w:81/y"),
            ("y", "http://w:81/a/y"),
            ("?d", "http://w:81/a/b?…"),
            ("", "http://w:81/a/b"),
        ] {
            assert_eq!(from.join(location).unwrap().shown(), expected, "{location}");
        }
        assert_eq!(from.join("ftp://x/"), Err(HttpUrlError::Scheme));
    }

    proptest! {
        #[test]
        fn no_address_panics(text in "\\PC{0,60}", plausible in "https?://[a-z0-9.:@\\[\\]/?#\\\\ü-]{0,40}") {
            for text in [text, plausible] {
                if let Ok(url) = HttpUrl::parse(&text) {
                    prop_assert!(url.target.starts_with('/') && url.target.is_ascii());
                    prop_assert!(!url.target.contains(['\r', '\n', ' ']));
                    let _ = url.join(&text);
                }
            }
        }
    }
}
