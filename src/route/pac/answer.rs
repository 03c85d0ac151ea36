//! The answers of scripts, such as `PROXY a:3128; SOCKS5 b:1080; DIRECT`.

use super::error::{PacError, PacErrorKind};
use crate::model::Route;
use crate::route::proxy_url::{ProxyScheme, ProxyUrl};

/// The ways of an answer, in order of preference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacAnswer {
    /// At least one of them is [`PacChoice::Direct`] or [`PacChoice::Proxy`].
    pub choices: Vec<PacChoice>,
}

/// One way of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PacChoice {
    /// `DIRECT`, or nothing at all.
    Direct,
    /// Through this proxy.
    Proxy(ProxyUrl),
    /// An element that browsers skip: its word is unknown, or its proxy is malformed.
    Skipped {
        /// The element, without anything that could be a password.
        text: String,
        why: String,
    },
}

impl PacChoice {
    /// The route of this choice, unless it is skipped.
    #[must_use]
    pub fn route(&self) -> Option<Route> {
        match self {
            Self::Direct => Some(Route::Direct),
            Self::Proxy(proxy) => Some(proxy.route()),
            Self::Skipped { .. } => None,
        }
    }

    fn parse(text: &str) -> Self {
        let (word, address) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let address = address.trim();
        let scheme = match word.to_ascii_uppercase().as_str() {
            "DIRECT" if address.is_empty() => return Self::Direct,
            "PROXY" | "HTTP" => ProxyScheme::Http,
            "HTTPS" => ProxyScheme::Https,
            "SOCKS" | "SOCKS4" => ProxyScheme::Socks4,
            "SOCKS5" => ProxyScheme::Socks5,
            _ => return Self::skipped(text, "expected DIRECT, PROXY, HTTPS, SOCKS or SOCKS5"),
        };
        // The address is read as that of a URL, with the default port of the word's scheme.
        if address.contains(['/', '@']) || address.is_empty() {
            return Self::skipped(text, "expected HOST:PORT");
        }
        match ProxyUrl::parse(&format!("{}://{address}", named(scheme))) {
            Ok(proxy) => Self::Proxy(ProxyUrl::new(scheme, proxy.host().clone(), proxy.port())),
            Err(error) => Self::skipped(text, &error.to_string()),
        }
    }

    fn skipped(text: &str, why: &str) -> Self {
        let text = if text.contains('@') {
            "(not shown: it holds an '@')".to_owned()
        } else {
            text.chars().take(80).collect()
        };
        Self::Skipped { text, why: why.to_owned() }
    }
}

impl PacAnswer {
    /// Reads what a script returned. An empty text means direct.
    ///
    /// # Errors
    /// [`PacErrorKind::Unusable`] where nothing of it can be used.
    pub fn parse(text: &str) -> Result<Self, PacError> {
        let elements = text.split(';').map(str::trim).filter(|element| !element.is_empty());
        let mut choices: Vec<PacChoice> = elements.map(PacChoice::parse).collect();
        if choices.is_empty() {
            choices.push(PacChoice::Direct);
        }
        if choices.iter().any(|choice| choice.route().is_some()) {
            return Ok(Self { choices });
        }
        let skipped: Vec<String> = choices
            .iter()
            .take(3)
            .filter_map(|choice| match choice {
                PacChoice::Skipped { text, why } => Some(format!("'{text}': {why}")),
                _ => None,
            })
            .collect();
        Err(PacErrorKind::Unusable(skipped.join("; ")).into())
    }
}

/// The scheme in whose URLs an address is read: SOCKS 4 has no URL of its own, and the default
/// port is the same.
const fn named(scheme: ProxyScheme) -> &'static str {
    match scheme {
        ProxyScheme::Http => "http",
        ProxyScheme::Https => "https",
        ProxyScheme::Socks4 | ProxyScheme::Socks5 | ProxyScheme::Socks5h => "socks5",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lists_are_read_as_browsers_do() {
        for (given, expected) in [
            ("DIRECT", "direct"),
            ("", "direct"),
            (" ; ", "direct"),
            ("direct;", "direct"),
            ("PROXY p:3128; DIRECT", "http://p:3128 direct"),
            ("PROXY p", "http://p:80"),
            (
                "HTTP p:1;HTTPS q;SOCKS r;SOCKS4 s:2;SOCKS5 t",
                "http://p:1 https://q:443 socks4://r:1080 socks4://s:2 socks5://t:1080",
            ),
            ("proxy\tP.Contoso.com:8080", "http://p.contoso.com:8080"),
            ("PROXY [2001:db8::1]:3128", "http://[2001:db8::1]:3128"),
            ("PROXYp:1; QUIC q:1; PROXY :1; PROXY p:0; DIRECT x; DIRECT", "- - - - - direct"),
            ("PROXY http://p:1; PROXY q:1", "- http://q:1"),
        ] {
            let answer = PacAnswer::parse(given).unwrap();
            let found: Vec<String> = answer
                .choices
                .iter()
                .map(|choice| choice.route().map_or("-".to_owned(), |route| route.to_string()))
                .collect();
            assert_eq!(found.join(" "), expected, "{given}");
        }
    }

    #[test]
    fn an_answer_without_a_way_says_why() {
        for (given, part) in [
            ("PROXY", "expected HOST:PORT"),
            ("proxy.contoso.com:8080", "expected DIRECT, PROXY"),
            ("PROXY p:99999", "port"),
            ("undefined", "expected DIRECT"),
        ] {
            let error = PacAnswer::parse(given).unwrap_err().to_string();
            assert!(error.contains(part) && error.contains(given), "{given}: {error}");
        }
        let error = PacAnswer::parse("PROXY anna:geheim@p:1").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("geheim"), "{error}");
    }

    proptest! {
        #[test]
        fn no_answer_panics(text in "\\PC{0,60}", plausible in "((PROXY|SOCKS|DIRECT|HTTPS)[ a-z:.@0-9\\[\\]]{0,12};){0,4}") {
            for text in [text, plausible] {
                if let Ok(answer) = PacAnswer::parse(&text) {
                    prop_assert!(answer.choices.iter().any(|choice| choice.route().is_some()));
                }
            }
        }
    }
}
