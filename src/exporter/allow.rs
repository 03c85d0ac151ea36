//! What a module may be asked for: without it, an exporter would open connections for anybody who
//! can reach it.

use std::fmt;

use ipnet::IpNet;

use super::target::{self, TargetError};
use crate::list::{self, EndpointList, HostPattern, PatternError};
use crate::model::{Host, Kind};

/// Which hosts and ports requests may name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowList(Vec<AllowRule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct AllowRule {
    hosts: AllowedHosts,
    ports: AllowedPorts,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum AllowedHosts {
    Pattern(HostPattern),
    Network(IpNet),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum AllowedPorts {
    /// The one that is usual for the kind as which the host is measured.
    OfKind,
    These(Vec<u16>),
}

/// Why a text allows nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AllowError {
    #[error("'*' would let anybody have any host probed: name domains, as *.contoso.com")]
    Everything,
    #[error("'{0}' has a {{parameter}}, which only endpoint lists have: write a wildcard")]
    Template(String),
    #[error("'{text}' is no port: a port is a number from 1 to 65535")]
    Port { text: String },
    #[error("'{text}': {error}")]
    Host { text: String, error: PatternError },
    #[error(transparent)]
    Address(#[from] TargetError),
}

impl AllowList {
    /// Reads names, wildcards (`*.contoso.com`), addresses and networks, each with a port behind a
    /// colon where it is not the one that is usual for the kind.
    ///
    /// # Errors
    /// The first that is none.
    pub fn parse(texts: &[String]) -> Result<Self, AllowError> {
        texts.iter().map(|text| AllowRule::parse(text)).collect::<Result<_, _>>().map(Self)
    }

    /// The names of lists with the ports of their entries: those that are always part of a run, and
    /// those of the groups `with`.
    #[must_use]
    pub fn of_lists(lists: &[EndpointList], with: &[String]) -> Self {
        let entries = lists.iter().flat_map(|list| &list.entries).filter(|entry| {
            entry.group.as_ref().is_none_or(|group| with.iter().any(|one| one == group))
        });
        let rules = entries.map(|entry| AllowRule {
            hosts: AllowedHosts::Pattern(entry.host.clone()),
            ports: AllowedPorts::These(entry.ports.clone()),
        });
        Self(rules.collect())
    }

    /// Allows one host and port more.
    pub fn add(&mut self, host: &Host, port: u16) {
        self.0.push(AllowRule {
            hosts: AllowedHosts::Pattern(HostPattern::Literal(host.clone())),
            ports: AllowedPorts::These(vec![port]),
        });
    }

    /// Whether any port of this host is allowed.
    #[must_use]
    pub fn covers_host(&self, host: &Host) -> bool {
        self.0.iter().any(|rule| rule.hosts.cover(host))
    }

    /// Whether this port of this host is allowed, for what would be measured as `kind`.
    #[must_use]
    pub fn covers(&self, host: &Host, port: u16, kind: Kind) -> bool {
        self.0.iter().any(|rule| {
            rule.hosts.cover(host)
                && match &rule.ports {
                    AllowedPorts::OfKind => list::default_port(kind) == Some(port),
                    AllowedPorts::These(ports) => ports.contains(&port),
                }
        })
    }
}

/// The first few, for a message.
impl fmt::Display for AllowList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 8;
        for (index, rule) in self.0.iter().take(SHOWN).enumerate() {
            write!(f, "{}{rule}", if index == 0 { "" } else { ", " })?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

impl AllowRule {
    fn parse(text: &str) -> Result<Self, AllowError> {
        let text = text.trim();
        if let Some(hosts) = AllowedHosts::of_addresses(text) {
            return Ok(Self { hosts, ports: AllowedPorts::OfKind });
        }
        let (host, ports) = match text.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                let number = port.parse().ok().filter(|port| *port > 0);
                let number = number.ok_or_else(|| AllowError::Port { text: port.to_owned() })?;
                (host, AllowedPorts::These(vec![number]))
            }
            _ => (text, AllowedPorts::OfKind),
        };
        Ok(Self { hosts: AllowedHosts::parse(host)?, ports })
    }
}

impl fmt::Display for AllowRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.hosts {
            AllowedHosts::Pattern(pattern) => pattern.fmt(f)?,
            AllowedHosts::Network(network) => network.fmt(f)?,
        }
        match &self.ports {
            AllowedPorts::OfKind => Ok(()),
            AllowedPorts::These(ports) => {
                let ports: Vec<_> = ports.iter().map(ToString::to_string).collect();
                write!(f, " (port {})", ports.join(", "))
            }
        }
    }
}

impl AllowedHosts {
    fn of_addresses(text: &str) -> Option<Self> {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<std::net::IpAddr>() {
            let literal = HostPattern::Literal(Host::Address(address.to_canonical()));
            return Some(Self::Pattern(literal));
        }
        bare.parse::<IpNet>().ok().map(|network| Self::Network(network.trunc()))
    }

    fn parse(text: &str) -> Result<Self, AllowError> {
        if text == "*" {
            return Err(AllowError::Everything);
        }
        if let Some(addresses) = Self::of_addresses(text) {
            return Ok(addresses);
        }
        let pattern = HostPattern::parse(text)
            .map_err(|error| AllowError::Host { text: text.to_owned(), error })?;
        match pattern {
            HostPattern::Template(_) => Err(AllowError::Template(text.to_owned())),
            HostPattern::Literal(host) => {
                Ok(Self::Pattern(HostPattern::Literal(target::one_form(host)?)))
            }
            wildcard @ HostPattern::Wildcard(_) => Ok(Self::Pattern(wildcard)),
        }
    }

    fn cover(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Pattern(pattern), host) => pattern.covers(host),
            (Self::Network(network), Host::Address(address)) => network.contains(address),
            (Self::Network(_), Host::Name(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::target::ProbeTarget;
    use super::*;

    fn allowed(rules: &[&str], text: &str) -> bool {
        let rules: Vec<String> = rules.iter().map(|&rule| rule.to_owned()).collect();
        let allow = AllowList::parse(&rules).unwrap();
        let Ok(target) = ProbeTarget::parse(text) else { return false };
        let port = target.port.unwrap_or(443);
        let covers = allow.covers(&target.host, port, Kind::Https);
        assert!(!covers || allow.covers_host(&target.host), "{text}");
        covers
    }

    /// Each spelling that somebody may try to get elsewhere by.
    #[test]
    fn tricks_lead_nowhere() {
        const RULES: &[&str] = &[
            "*.servicebus.windows.net",
            "api.contoso.com",
            "sql.contoso.com:1433",
            "bücher.example",
            "10.1.0.0/16",
            "192.0.2.7:8443",
            "[fd00::1]:443",
            "fd00:1::/64",
        ];
        for (text, expected) in [
            ("ns.servicebus.windows.net", true),
            ("NS.ServiceBus.Windows.Net.", true),
            ("ns.servicebus.windows.net:443", true),
            ("a.b.servicebus.windows.net", true),
            ("ns.servicebus.windows.net:22", false),
            ("servicebus.windows.net", false),
            ("evilservicebus.windows.net", false),
            ("ns.servicebus.windows.net.evil.com", false),
            ("ns.servicebus.windows.net@evil.com", false),
            ("evil.com#.servicebus.windows.net", false),
            ("evil.com/.servicebus.windows.net", false),
            ("evil.com?.servicebus.windows.net", false),
            ("evil.com\\.servicebus.windows.net", false),
            ("evil.com%2f.servicebus.windows.net", false),
            ("evil.com:443:.servicebus.windows.net", false),
            ("evil.com\u{0}.servicebus.windows.net", false),
            ("evil.com\r\nns.servicebus.windows.net", false),
            ("*.servicebus.windows.net", false),
            ("ns.servicebus。windows。net", true),
            ("api.contoso.com", true),
            ("x.api.contoso.com", false),
            // A Cyrillic "а" in the place of a Latin one.
            ("\u{430}pi.contoso.com", false),
            ("sql.contoso.com:1433", true),
            ("sql.contoso.com", false),
            ("xn--bcher-kva.example", true),
            ("BÜCHER.example", true),
            ("10.1.2.3", true),
            ("0xa010203", true),
            ("167838211", true),
            ("012.1.2.3", true),
            ("10.66051", true),
            ("10.2.0.1", false),
            ("127.0.0.1", false),
            ("2130706433", false),
            ("0x7f.1", false),
            ("localhost", false),
            ("169.254.169.254", false),
            ("::ffff:10.1.2.3", true),
            ("[::ffff:a01:203]:443", true),
            ("::ffff:169.254.169.254", false),
            ("192.0.2.7:8443", true),
            ("192.0.2.7", false),
            ("fd00::1", true),
            ("[fd00:0:0::1]:443", true),
            ("[fd00::1]:80", false),
            ("fd00:1::ffff", true),
            ("[fe80::1%eth0]", false),
            ("fd00::1%1", false),
        ] {
            assert_eq!(allowed(RULES, text), expected, "{text}");
        }
        assert!(!allowed(&[], "api.contoso.com"));
        assert!(allowed(&["2130706433"], "127.0.0.1"), "of `allow` too, notations do not matter");
    }

    #[test]
    fn what_allows_everything_or_nothing_is_an_error() {
        for (text, expected) in [
            ("*", "any host"),
            ("*:443", "any host"),
            ("{factory}.contoso.com", "a wildcard"),
            ("api.contoso.com:0", "no port"),
            ("api.contoso.com:70000", "no port"),
            ("https://api.contoso.com", "'https://api.contoso.com'"),
            ("a.*.com", "first label"),
            ("", "empty"),
            ("1.2.3.4.5", "ends in a number"),
        ] {
            let error = AllowList::parse(&[text.to_owned()]).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_list_allows_the_names_and_ports_of_its_entries() {
        let list = list::find("adf-shir", crate::model::Cloud::Public).unwrap();
        let allow = AllowList::of_lists(&[list], &[]);
        for (text, expected) in [
            ("contoso.servicebus.windows.net", true),
            ("contoso-df.westeurope.datafactory.azure.net", true),
            ("contoso.blob.core.windows.net", false),
            ("www.contoso.com", false),
        ] {
            let target = ProbeTarget::parse(text).unwrap();
            assert_eq!(allow.covers(&target.host, 443, Kind::Https), expected, "{text}");
        }
        assert!(allow.to_string().contains("*.servicebus.windows.net (port 443)"), "{allow}");
    }
}
