//! `<bypasslist>` and `bypassonlocal` as .NET Framework evaluates them (`System.Net.WebProxy`).
//!
//! The list holds regular expressions, matched anywhere in `SCHEME://HOST[:PORT]`, the port only
//! where it is not the scheme's own, whatever the case ("`<bypasslist>` Element (Network
//! Settings)", learn.microsoft.com, and .NET Framework's published source, `WebProxy`:
//! `IsBypassedManual`, `IsMatchInBypassList`, `IsLocal`).

use std::net::IpAddr;

use super::bypass_match::BypassMatch;
use super::dotnet_regex::{Pattern, PatternFault};
use super::no_proxy::Scheme;
use super::redacted::redacted_rule;
use crate::model::Host;

/// An `<add address="…"/>` that is left after all `<remove>` and `<clear>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BypassEntry {
    /// The expression as written, which may hold a password: it is not for messages.
    pub pattern: String,
    /// The line in the file, counted from 1.
    pub line: u32,
}

impl BypassEntry {
    /// The expression as messages show it.
    #[must_use]
    pub fn shown(&self) -> String {
        redacted_rule(&self.pattern)
    }
}

/// What .NET knows of the host it runs on, for `bypassonlocal`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalView {
    /// The primary DNS suffix (`IPGlobalProperties.DomainName`), without a leading dot.
    pub domain: Option<String>,
    /// This host's own addresses.
    pub addresses: Vec<IpAddr>,
}

/// A compiled bypass list, so that many names can be decided at little cost.
#[derive(Clone, Debug)]
pub struct BypassList {
    rules: Vec<BypassRule>,
    on_local: bool,
}

#[derive(Clone, Debug)]
struct BypassRule {
    entry: BypassEntry,
    /// The compiled expression, or the reason why it cannot be evaluated here.
    pattern: Result<Pattern, String>,
}

/// An entry that .NET refuses. Then no web proxy is made at all, and every request of the process
/// fails ("Error creating the Web Proxy specified in the 'system.net/defaultProxy' configuration
/// section"): `WebProxy.BypassList` throws.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: bypass rule {index} ('{pattern}') is {reason}")]
pub struct InvalidRule {
    /// The position in the list, counted from 1.
    pub index: usize,
    /// The expression as messages show it.
    pub pattern: String,
    /// The line in the file, counted from 1.
    pub line: u32,
    pub reason: String,
}

/// No rule matched, but one of them could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "line {line}: whether bypass rule {index} ('{pattern}') matches {uri} is not known: {reason}"
)]
pub struct Undecided {
    /// The position in the list, counted from 1.
    pub index: usize,
    /// The expression as messages show it.
    pub pattern: String,
    /// The line in the file, counted from 1.
    pub line: u32,
    /// The text that was to be matched.
    pub uri: String,
    pub reason: String,
}

impl BypassList {
    /// Compiles the entries.
    ///
    /// # Errors
    /// [`InvalidRule`] for the first entry that .NET refuses. An entry that only this program
    /// cannot evaluate is kept, and [`BypassList::decide`] reports it where it matters.
    pub fn new(entries: &[BypassEntry], on_local: bool) -> Result<Self, InvalidRule> {
        let mut rules = Vec::with_capacity(entries.len());
        for (position, entry) in entries.iter().enumerate() {
            let pattern = match Pattern::compile(&entry.pattern) {
                Ok(pattern) => Ok(pattern),
                Err(PatternFault::Unsupported(reason)) => Err(reason),
                Err(fault @ PatternFault::Invalid(_)) => {
                    return Err(InvalidRule {
                        index: position + 1,
                        pattern: entry.shown(),
                        line: entry.line,
                        reason: fault.to_string(),
                    });
                }
            };
            rules.push(BypassRule { entry: entry.clone(), pattern });
        }
        Ok(Self { rules, on_local })
    }

    /// The reason why this host goes direct; `None` where it goes to the proxy.
    ///
    /// # Errors
    /// [`Undecided`] where no rule matched and one could not be evaluated.
    pub fn decide(
        &self,
        host: &Host,
        port: u16,
        scheme: Scheme,
        here: &LocalView,
    ) -> Result<Option<BypassMatch>, Undecided> {
        if is_loopback(host) {
            return Ok(Some(BypassMatch::LOOPBACK));
        }
        if self.on_local && is_local(host, here) {
            return Ok(Some(BypassMatch::BuiltIn("bypassonlocal: the host is local")));
        }
        let uri = uri_form(host, port, scheme);
        let mut undecided = None;
        for (position, rule) in self.rules.iter().enumerate() {
            let index = position + 1;
            let found = match &rule.pattern {
                Ok(pattern) => pattern.is_match(&uri).map_err(|gave_up| gave_up.to_string()),
                Err(reason) => Err(reason.clone()),
            };
            match found {
                Ok(true) => {
                    return Ok(Some(BypassMatch::Rule { index, text: rule.entry.shown() }));
                }
                Ok(false) => {}
                Err(reason) => {
                    undecided.get_or_insert_with(|| Undecided {
                        index,
                        pattern: rule.entry.shown(),
                        line: rule.entry.line,
                        uri: uri.clone(),
                        reason,
                    });
                }
            }
        }
        undecided.map_or(Ok(None), Err)
    }
}

/// The text that expressions are matched against: `https://df.westeurope.datafactory.azure.net`,
/// with `:PORT` only where it is not the scheme's own, and IPv6 in brackets (`Uri.Host`).
#[must_use]
pub fn uri_form(host: &Host, port: u16, scheme: Scheme) -> String {
    let host = match host {
        Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
        host => host.to_string(),
    };
    if port == scheme.default_port() {
        format!("{}://{host}", scheme.as_str())
    } else {
        format!("{}://{host}:{port}", scheme.as_str())
    }
}

/// `Uri.IsLoopback`, which .NET checks before anything else.
fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Address(address) => address.to_canonical().is_loopback(),
        Host::Name(name) => matches!(name.as_str(), "localhost" | "loopback"),
    }
}

/// `WebProxy.IsLocal`: a name without a dot, a name right below this host's DNS suffix, or one of
/// its own addresses.
fn is_local(host: &Host, here: &LocalView) -> bool {
    match host {
        Host::Address(address) => here.addresses.contains(address),
        Host::Name(name) => match (name.parent(), &here.domain) {
            (None, _) => true,
            (Some(parent), Some(domain)) => parent.eq_ignore_ascii_case(domain),
            (Some(_), None) => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(patterns: &[&str], on_local: bool) -> Result<BypassList, InvalidRule> {
        let entries: Vec<BypassEntry> = patterns
            .iter()
            .zip(10..)
            .map(|(pattern, line)| BypassEntry { pattern: (*pattern).to_owned(), line })
            .collect();
        BypassList::new(&entries, on_local)
    }

    fn here() -> LocalView {
        LocalView {
            domain: Some("corp.contoso.com".to_owned()),
            addresses: vec!["10.1.2.3".parse().unwrap()],
        }
    }

    /// The columns are patterns, host, port, scheme and the rule that matches.
    #[test]
    fn expressions_are_matched_on_the_uri() {
        for (patterns, host, port, scheme, expected) in [
            // Microsoft's page of the runtime: a bare name. It matches, and more than it says.
            (
                &["df.westeurope.datafactory.azure.net"][..],
                "df.westeurope.datafactory.azure.net",
                443,
                Scheme::Https,
                Some(1),
            ),
            (
                &["df.westeurope.datafactory.azure.net"],
                "df-westeurope.datafactory.azure.net",
                443,
                Scheme::Https,
                Some(1),
            ),
            (
                &["df.westeurope.datafactory.azure.net"],
                "df.northeurope.datafactory.azure.net",
                443,
                Scheme::Https,
                None,
            ),
            // Microsoft's page of <bypasslist>.
            (&[r"[a-z]+\.contoso\.com"], "www.contoso.com.cpandl.com", 443, Scheme::Https, Some(1)),
            (&[r"[a-z]+\.contoso\.com$"], "www.contoso.com.cpandl.com", 443, Scheme::Https, None),
            (
                &[r"[a-z]+\.contoso\.com$", r"192\.168\.\d{1,3}\.\d{1,3}"],
                "192.168.4.5",
                443,
                Scheme::Https,
                Some(2),
            ),
            // The scheme and a port that is not its own are part of what is matched.
            (&[r"^contoso\.com"], "contoso.com", 443, Scheme::Https, None),
            (&[r"^https://contoso\.com$"], "contoso.com", 443, Scheme::Https, Some(1)),
            (&[r"^https://contoso\.com$"], "contoso.com", 80, Scheme::Http, None),
            (&[r"contoso\.com:443"], "contoso.com", 443, Scheme::Https, None),
            (&[r"contoso\.com:443"], "contoso.com", 443, Scheme::Http, Some(1)),
            (&[r"contoso\.com$"], "contoso.com", 8443, Scheme::Https, None),
            (&[r"contoso\.com/"], "contoso.com", 443, Scheme::Https, None),
            (&[r"//\[2001:db8::1]$"], "2001:db8::1", 443, Scheme::Https, Some(1)),
            (&["CONTOSO"], "www.contoso.com", 443, Scheme::Https, Some(1)),
            (&[""], "anything.example", 443, Scheme::Https, Some(1)),
            (&[], "anything.example", 443, Scheme::Https, None),
        ] {
            let found = list(patterns, false).unwrap();
            let found = found.decide(&Host::parse(host).unwrap(), port, scheme, &here()).unwrap();
            let expected = expected
                .map(|index| BypassMatch::Rule { index, text: patterns[index - 1].to_owned() });
            assert_eq!(found, expected, "{patterns:?} for {host}");
        }
    }

    #[test]
    fn local_hosts_and_loopback() {
        const LOCAL: Option<BypassMatch> =
            Some(BypassMatch::BuiltIn("bypassonlocal: the host is local"));
        for (host, on_local, expected) in [
            ("intranet", true, LOCAL),
            ("intranet", false, None),
            ("sql.corp.contoso.com", true, LOCAL),
            ("SQL.Corp.Contoso.com", true, LOCAL),
            ("a.sql.corp.contoso.com", true, None),
            ("www.contoso.com", true, None),
            ("10.1.2.3", true, LOCAL),
            ("10.1.2.4", true, None),
            ("localhost", false, Some(BypassMatch::LOOPBACK)),
            ("127.9.9.9", false, Some(BypassMatch::LOOPBACK)),
            ("::1", false, Some(BypassMatch::LOOPBACK)),
        ] {
            let found = list(&[], on_local).unwrap();
            let found = found.decide(&Host::parse(host).unwrap(), 443, Scheme::Https, &here());
            assert_eq!(found, Ok(expected), "{host}");
        }
        let bare = LocalView::default();
        let host = Host::parse("a.b").unwrap();
        assert_eq!(list(&[], true).unwrap().decide(&host, 443, Scheme::Https, &bare), Ok(None));
    }

    #[test]
    fn one_invalid_rule_breaks_the_list() {
        let error = list(&["a", "*.contoso.com", "b"], false).unwrap_err();
        assert_eq!((error.index, error.line), (2, 11));
        let text = error.to_string();
        assert!(text.contains("line 11") && text.contains("'*.contoso.com'"), "{text}");
    }

    #[test]
    fn a_rule_that_is_not_understood_is_not_taken_for_no_match() {
        let found = list(&[r"\p{IsGreek}", r"contoso\.com"], false).unwrap();
        let ask = |host: &str| {
            found.decide(&Host::parse(host).unwrap(), 443, Scheme::Https, &LocalView::default())
        };
        assert_eq!(
            ask("www.contoso.com"),
            Ok(Some(BypassMatch::Rule { index: 2, text: r"contoso\.com".to_owned() }))
        );
        let undecided = ask("www.example.com").unwrap_err();
        assert_eq!((undecided.index, undecided.line), (1, 10));
        assert_eq!(undecided.uri, "https://www.example.com");
    }
}
