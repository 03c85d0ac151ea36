//! Lists of hosts that go direct, from `--no-proxy`, `NO_PROXY` or Windows. One dialect decides;
//! the others are compared with it, because the author of a list had one of them in mind.

use super::bypass_match::BypassMatch;
use super::no_proxy::{Ignored, NoProxy, NoProxyDialect, Scheme};
use crate::model::{ExceptionKind, Host};

/// The dialects that share `NO_PROXY` and disagree on it.
const OF_THE_ENVIRONMENT: [NoProxyDialect; 3] =
    [NoProxyDialect::Go, NoProxyDialect::Curl, NoProxyDialect::DotNet];

/// A list of hosts that go direct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exceptions {
    /// The list as the deciding dialect reads it.
    list: NoProxy,
    /// The list as the other dialects read it.
    others: Vec<NoProxy>,
    /// The option, variable or setting that holds the list.
    source: String,
}

/// The decision of a list about a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Excepted {
    /// The host goes direct, by the rule that the text names.
    Direct(String),
    /// The host is not on the list. The text names another dialect by which it would be.
    No(Option<String>),
}

impl Exceptions {
    /// Reads the value of `NO_PROXY`. Go's reading decides, since it knows the most forms
    /// (suffixes, leading dots, `*`, CIDR, ports), but without its special case for loopback.
    #[must_use]
    pub fn of_convention(text: &str, source: &str) -> Self {
        Self::read(text, NoProxyDialect::Go, source)
    }

    /// Reads a list of which `dialect` decides.
    #[must_use]
    pub fn read(text: &str, dialect: NoProxyDialect, source: &str) -> Self {
        let is_shared = OF_THE_ENVIRONMENT.contains(&dialect);
        let others = OF_THE_ENVIRONMENT.into_iter().filter(|other| is_shared && *other != dialect);
        let list = NoProxy::parse(text, dialect);
        Self {
            list: if is_shared { list.without_loopback_rule() } else { list },
            others: others.map(|other| NoProxy::parse(text, other)).collect(),
            source: source.to_owned(),
        }
    }

    /// The kind of exception that this list makes.
    pub(super) fn kind(&self) -> ExceptionKind {
        if self.source == "--no-proxy" {
            ExceptionKind::Option
        } else if self.list.dialect() == NoProxyDialect::WinInet {
            ExceptionKind::System
        } else {
            ExceptionKind::Environment
        }
    }

    /// The option, variable or setting that holds the list, such as `NO_PROXY`.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Entries that match nothing for any client that reads this list.
    #[must_use]
    pub fn ignored(&self) -> Vec<&Ignored> {
        let is_ignored_by = |other: &NoProxy, entry: &Ignored| {
            other.ignored().iter().any(|ignored| ignored.text == entry.text)
        };
        let by_all = |entry: &&Ignored| self.others.iter().all(|o| is_ignored_by(o, entry));
        self.list.ignored().iter().filter(by_all).collect()
    }

    pub(super) fn decide(&self, host: &Host, port: u16, scheme: Scheme) -> Excepted {
        let matched = self.list.decide(host, port, scheme);
        let (agree, dissent): (Vec<&NoProxy>, Vec<&NoProxy>) = self
            .others
            .iter()
            .partition(|o| o.decide(host, port, scheme).is_some() == matched.is_some());
        let Some(matched) = matched else {
            let other = dissent.first().and_then(|other| other.decide(host, port, scheme));
            return Excepted::No(other.filter(is_rule).map(|rule| {
                format!("{} would keep it direct as {}", self.words(&rule), read_by(&dissent))
            }));
        };
        let mut words = self.words(&matched);
        if !dissent.is_empty() {
            let mut readers = vec![&self.list];
            readers.extend(agree);
            words = format!("{words} (as {}; not so for {})", read_by(&readers), names(&dissent));
        }
        Excepted::Direct(words)
    }

    fn words(&self, matched: &BypassMatch) -> String {
        match matched {
            BypassMatch::Rule { index, text } => format!("rule {index} of {}: {text}", self.source),
            BypassMatch::BuiltIn(reason) => (*reason).to_owned(),
        }
    }
}

fn names(lists: &[&NoProxy]) -> String {
    let names: Vec<&str> = lists.iter().map(|list| list.dialect().as_str()).collect();
    names.join(" and ")
}

fn read_by(lists: &[&NoProxy]) -> String {
    let verb = if lists.len() == 1 { "reads" } else { "read" };
    format!("{} {verb} it", names(lists))
}

const fn is_rule(matched: &BypassMatch) -> bool {
    matches!(matched, BypassMatch::Rule { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(list: &str, host: &str, port: u16) -> Excepted {
        let host = Host::parse(host).unwrap();
        Exceptions::of_convention(list, "NO_PROXY").decide(&host, port, Scheme::Https)
    }

    #[test]
    fn the_rule_is_named_and_so_is_who_reads_it_otherwise() {
        for (list, host, port, expected) in [
            ("contoso.com", "contoso.com", 443, "rule 1 of NO_PROXY: contoso.com"),
            (".b.net, .contoso.com", "a.contoso.com", 443, "rule 2 of NO_PROXY: .contoso.com"),
            (
                "contoso.com",
                "a.contoso.com",
                443,
                "rule 1 of NO_PROXY: contoso.com (as Go and curl read it; not so for .NET)",
            ),
            (
                "*.contoso.com",
                "a.contoso.com",
                443,
                "rule 1 of NO_PROXY: *.contoso.com (as Go reads it; not so for curl and .NET)",
            ),
            (
                "a.net:8443",
                "a.net",
                8443,
                "rule 1 of NO_PROXY: a.net:8443 (as Go reads it; not so for curl and .NET)",
            ),
            (
                "10.0.0.0/8",
                "10.1.2.3",
                443,
                "rule 1 of NO_PROXY: 10.0.0.0/8 (as Go and curl read it; not so for .NET)",
            ),
        ] {
            assert_eq!(decided(list, host, port), Excepted::Direct(expected.to_owned()), "{list}");
        }
    }

    #[test]
    fn what_another_client_would_keep_direct_is_said() {
        let words =
            "rule 1 of NO_PROXY: .contoso.com would keep it direct as curl and .NET read it";
        assert_eq!(
            decided(".contoso.com", "contoso.com", 443),
            Excepted::No(Some(words.to_owned()))
        );
        assert_eq!(decided("contoso.com", "other.net", 443), Excepted::No(None));
        assert_eq!(decided("contoso.com", "127.0.0.1", 443), Excepted::No(None), "loopback");
    }

    #[test]
    fn entries_that_nobody_reads_are_named() {
        let list = Exceptions::of_convention("a.com,*.b.com,a:http,[::1]:443", "NO_PROXY");
        let ignored: Vec<&str> = list.ignored().iter().map(|entry| entry.text.as_str()).collect();
        assert_eq!(ignored, ["a:http"]);
    }
}
