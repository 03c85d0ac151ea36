//! Guesses which hosts a bypass expression is meant for, and writes an expression for just these.

use super::dotnet_regex::Pattern;
use crate::model::HostName;

/// Matches any port. The scheme's own port is not part of the text that is matched.
const PORT: &str = "(:\\d+)?";

/// The hosts that an expression is meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PatternMeaning {
    pub(super) domain: HostName,
    pub(super) reach: PatternReach,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PatternReach {
    /// Only the name itself.
    Itself,
    /// Only the names below it.
    Below,
}

impl PatternMeaning {
    /// Takes off what people write around a name (anchors, a scheme, a port, a path, wildcards).
    /// `None` where no name is left.
    pub(super) fn guess(pattern: &str) -> Option<Self> {
        const SCHEMES: &[&str] =
            &["https?://", "http(s)?://", "https://", "http://", ".*://", "*://", "//", "://"];
        const WILDCARDS: &[&str] = &[
            ".*\\.",
            "*\\.",
            ".+\\.",
            "[a-z]+\\.",
            "[^.]+\\.",
            "\\w+\\.",
            "*.",
            ".*.",
            ".*",
            "*",
            "\\.",
            ".",
        ];
        const ENDS: &[&str] = &["$", "(:\\d+)?", ":443", ":80", "/.*", "/*", "/", ".*", "*", "\\b"];
        let lower = pattern.trim().to_ascii_lowercase().replace("\\/", "/").replace("\\:", ":");
        let mut rest = lower.strip_prefix("(?i)").unwrap_or(&lower);
        rest = rest.strip_prefix('^').unwrap_or(rest);
        rest = SCHEMES.iter().find_map(|scheme| rest.strip_prefix(scheme)).unwrap_or(rest);
        // .NET does not compare paths.
        rest = rest.split_once('/').map_or(rest, |(host, _)| host);
        while let Some(shorter) = ENDS.iter().find_map(|end| rest.strip_suffix(end)) {
            rest = shorter;
        }
        let (rest, reach) = match WILDCARDS.iter().find_map(|sign| rest.strip_prefix(sign)) {
            Some(domain) => (domain, PatternReach::Below),
            None => (rest, PatternReach::Itself),
        };
        let text = rest.replace("\\.", ".").replace("\\-", "-");
        let is_name = text.contains('.')
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
        let domain = if is_name { HostName::parse(&text).ok()? } else { return None };
        Some(Self { domain, reach })
    }

    /// An example of a name that is meant.
    pub(super) fn sample(&self) -> String {
        match self.reach {
            PatternReach::Itself => self.domain.to_string(),
            PatternReach::Below => format!("a.{}", self.domain),
        }
    }

    /// Names that are not meant, and that a careless expression matches all the same.
    pub(super) fn strangers(&self) -> Vec<String> {
        let sample = self.sample();
        let mut strangers = vec![format!("{sample}.example.net")];
        if self.reach == PatternReach::Itself {
            strangers.push(format!("not-{sample}"));
        }
        let domain = self.domain.as_str();
        for (at, _) in domain.match_indices('.') {
            let joined = format!("{}-{}", &domain[..at], &domain[at + 1..]);
            strangers.push(match self.reach {
                PatternReach::Itself => joined,
                PatternReach::Below => format!("a.{joined}"),
            });
        }
        strangers
    }

    /// The expression for these hosts on any port, anchored at both ends.
    pub(super) fn pattern(&self) -> String {
        self.pattern_of("https?", PORT)
    }

    fn pattern_of(&self, scheme: &str, port: &str) -> String {
        let below = if self.reach == PatternReach::Below { "[^/:]+\\." } else { "" };
        let domain = self.domain.as_str().replace('.', "\\.");
        format!("^{scheme}://{below}{domain}{port}$")
    }

    /// The widest expression for these hosts that matches nothing which `original` does not match.
    /// `None` where there is none.
    pub(super) fn pattern_within(&self, original: &Pattern) -> Option<String> {
        // The labels cover what an expression may tell apart: letters, digits, other signs, a
        // single character, the greatest length, and several labels.
        let longest = "a1-".repeat(21);
        let labels = ["a", "a1", "1-b", "x_y", "9", "b.c", "b-1.c_2.9d", longest.as_str()];
        let hosts: Vec<String> = match self.reach {
            PatternReach::Itself => vec![self.domain.to_string()],
            PatternReach::Below => {
                labels.iter().map(|label| format!("{label}.{}", self.domain)).collect()
            }
        };
        let variants = [("https?", PORT), ("https?", ""), ("https", PORT), ("https", "")];
        variants.into_iter().chain([("http", PORT), ("http", "")]).find_map(|(scheme, port)| {
            let schemes: &[&str] = match scheme {
                "https?" => &["https", "http"],
                "https" => &["https"],
                _ => &["http"],
            };
            let ports: &[&str] =
                if port.is_empty() { &[""] } else { &["", ":1", ":443", ":8443", ":65535"] };
            let mut uris = schemes.iter().flat_map(|scheme| {
                hosts.iter().flat_map(move |host| {
                    ports.iter().map(move |port| format!("{scheme}://{host}{port}"))
                })
            });
            uris.all(|uri| original.is_match(&uri) == Ok(true))
                .then(|| self.pattern_of(scheme, port))
        })
    }
}

/// The expression for a single name.
pub(super) fn pattern_for(name: &HostName) -> String {
    PatternMeaning { domain: name.clone(), reach: PatternReach::Itself }.pattern()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::route::Pattern;

    #[test]
    fn meanings_are_guessed() {
        for (pattern, expected) in [
            (
                "df.westeurope.datafactory.azure.net",
                Some(("df.westeurope.datafactory.azure.net", PatternReach::Itself)),
            ),
            (
                r"^https?://df\.we\.azure\.net(:\d+)?$",
                Some(("df.we.azure.net", PatternReach::Itself)),
            ),
            (r"df\.azure\.net:443", Some(("df.azure.net", PatternReach::Itself))),
            ("https://df.azure.net/a/b", Some(("df.azure.net", PatternReach::Itself))),
            ("https://df.azure.net/", Some(("df.azure.net", PatternReach::Itself))),
            (r"https\:\/\/df\.azure\.net\/.*", Some(("df.azure.net", PatternReach::Itself))),
            ("*.contoso.com", Some(("contoso.com", PatternReach::Below))),
            (".contoso.com", Some(("contoso.com", PatternReach::Below))),
            (r".*\.contoso\.com$", Some(("contoso.com", PatternReach::Below))),
            (r"[a-z]+\.contoso\.com$", Some(("contoso.com", PatternReach::Below))),
            (r"^.*contoso\.com.*$", Some(("contoso.com", PatternReach::Below))),
            ("*contoso.com*", Some(("contoso.com", PatternReach::Below))),
            ("10.0.0.1", Some(("10.0.0.1", PatternReach::Itself))),
            (r"192\.168\.\d{1,3}\.\d{1,3}", None),
            ("(a|b).contoso.com", None),
            ("contoso", None),
            ("", None),
            ("a.com;b.com", None),
        ] {
            let found = PatternMeaning::guess(pattern);
            let found = found.as_ref().map(|m| (m.domain.as_str(), m.reach));
            assert_eq!(found, expected, "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_for_a_meaning_means_that_and_no_more(
            domain in "[a-z]{1,6}(\\.[a-z]{1,6}){1,3}",
            is_below in any::<bool>(),
        ) {
            let reach = if is_below { PatternReach::Below } else { PatternReach::Itself };
            let meaning = PatternMeaning { domain: HostName::parse(&domain).unwrap(), reach };
            let written = meaning.pattern();
            prop_assert!(written.is_ascii());
            let pattern = Pattern::compile(&written).unwrap();
            let sample = meaning.sample();
            for uri in [format!("https://{sample}"), format!("http://{sample}:8080")] {
                prop_assert_eq!(pattern.is_match(&uri), Ok(true));
            }
            for stranger in meaning.strangers() {
                prop_assert_eq!(pattern.is_match(&format!("https://{stranger}")), Ok(false));
            }
            if reach == PatternReach::Itself {
                prop_assert_eq!(PatternMeaning::guess(&written), Some(meaning));
            }
        }

        #[test]
        fn no_pattern_panics(pattern in "\\PC{0,40}") {
            let _ = PatternMeaning::guess(&pattern);
        }
    }
}
