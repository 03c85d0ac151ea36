//! Splits hosts as people paste them: with a scheme, a path, a port, quotes, commas and blanks.

/// The parts of a pasted URL, without its path, query and fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pasted<'a> {
    pub(super) scheme: Option<&'a str>,
    /// The host, without the brackets of an IPv6 literal.
    pub(super) host: &'a str,
    pub(super) port: Option<&'a str>,
}

/// The reason why a text is no host with a port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PastedError {
    /// `user:password@host`. The text is not repeated: it may hold a secret.
    #[error("a user name or password stands before the host: give the host alone")]
    UserInformation,
    /// A bracket of an IPv6 address has no counterpart.
    #[error("a bracket of the IPv6 address has no other half")]
    Bracket,
    /// There are several colons outside brackets.
    #[error("several colons: an IPv6 address with a port is written [ADDRESS]:PORT")]
    Colons,
    #[error("'{0}' is no port: a port is a number from 1 to 65535")]
    Port(String),
}

/// Removes blanks, quotes and separators, which surround a name in a list that was copied.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';' | '\u{200b}' | '\u{feff}')
    })
}

/// Splits a text of the form `[SCHEME://]HOST[:PORT][/…]`.
pub(super) fn split(text: &str) -> Result<Pasted<'_>, PastedError> {
    let text = trim(text);
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, text),
    };
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(PastedError::UserInformation);
    }
    if let Some(bracketed) = authority.strip_prefix('[') {
        let (host, after) = bracketed.split_once(']').ok_or(PastedError::Bracket)?;
        let port = match after.strip_prefix(':') {
            Some(port) => Some(port),
            None if after.is_empty() => None,
            None => return Err(PastedError::Bracket),
        };
        return Ok(Pasted { scheme, host, port });
    }
    if authority.contains(']') {
        return Err(PastedError::Bracket);
    }
    match authority.split_once(':') {
        None => Ok(Pasted { scheme, host: authority, port: None }),
        Some((host, port)) if !port.contains(':') => Ok(Pasted { scheme, host, port: Some(port) }),
        Some(_) if authority.parse::<std::net::Ipv6Addr>().is_ok() => {
            Ok(Pasted { scheme, host: authority, port: None })
        }
        Some(_) => Err(PastedError::Colons),
    }
}

/// Reads a port, where one was given.
pub(super) fn port(text: Option<&str>) -> Result<Option<u16>, PastedError> {
    let Some(text) = text.map(str::trim) else { return Ok(None) };
    // `parse` would accept a sign.
    let number =
        if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None };
    match number {
        Some(0) | None => Err(PastedError::Port(text.chars().take(40).collect())),
        Some(port) => Ok(Some(port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_found() {
        for (text, scheme, host, port) in [
            ("we.frontend.clouddatahub.net", None, "we.frontend.clouddatahub.net", None),
            (" https://a.net/ ", Some("https"), "a.net", None),
            ("sb://a.net:443/path?x=1:2", Some("sb"), "a.net", Some("443")),
            ("\"a.net\",", None, "a.net", None),
            ("a.net:", None, "a.net", Some("")),
            ("[2001:db8::1]:8060", None, "2001:db8::1", Some("8060")),
            ("[::1]", None, "::1", None),
            ("2001:db8::1", None, "2001:db8::1", None),
            ("\u{feff}a.net\u{200b}\u{a0}", None, "a.net", None),
        ] {
            assert_eq!(split(text), Ok(Pasted { scheme, host, port }), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_says_why() {
        for (text, expected) in [
            ("https://me:secret@a.net/", PastedError::UserInformation),
            ("[::1", PastedError::Bracket),
            ("[::1]8060", PastedError::Bracket),
            ("a]:1", PastedError::Bracket),
            ("a:1:2", PastedError::Colons),
        ] {
            let error = split(text).unwrap_err();
            assert_eq!(error, expected, "{text}");
            assert!(!error.to_string().contains("secret"));
        }
    }

    #[test]
    fn ports_are_1_to_65535() {
        for (text, expected) in
            [("1", Some(1)), (" 443 ", Some(443)), ("65535", Some(65535)), ("0", None)]
        {
            assert_eq!(port(Some(text)).ok().flatten(), expected, "{text}");
        }
        for text in ["65536", "+443", "-1", "", "https", "4 4"] {
            assert!(port(Some(text)).is_err(), "{text}");
        }
        assert_eq!(port(None), Ok(None));
    }
}
