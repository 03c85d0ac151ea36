//! What a module may be asked for: without it, an exporter would open connections for anybody who
//! can reach it.

use std::fmt;
use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use super::target::{self, TargetError};
use crate::list::{self, AdHocError, EndpointList, HostPattern, PatternError};
use crate::model::{Host, Kind};

/// Which hosts and ports requests may name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowList(Vec<AllowRule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct AllowRule {
    /// As which alone the host may be measured.
    kind: Option<Kind>,
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
    #[error("'{0}' would let anybody have any host probed: name domains, as *.contoso.com")]
    Everything(String),
    #[error("'{0}' has a {{parameter}}, which only endpoint lists have: write a wildcard")]
    Template(String),
    #[error("'{text}' is no port: a port is a number from 1 to 65535")]
    Port { text: String },
    #[error("'{text}': {error}")]
    Host { text: String, error: PatternError },
    #[error(transparent)]
    Address(#[from] TargetError),
    #[error(transparent)]
    Kind(#[from] AdHocError),
}

impl AllowList {
    /// Reads names, wildcards (`*.contoso.com`), addresses and networks, each with a kind before
    /// `://` where it is measured as that, and a port behind a colon where it is not the one that
    /// is usual for the kind.
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
            kind: None,
            hosts: AllowedHosts::Pattern(entry.host.clone()),
            ports: AllowedPorts::These(entry.ports.clone()),
        });
        Self(rules.collect())
    }

    /// Allows one host and port more.
    pub fn add(&mut self, host: &Host, port: u16) {
        self.0.push(AllowRule {
            kind: None,
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
        self.0.iter().any(|rule| rule.covers(host, port, kind))
    }

    /// Whether a port that the module measures by itself is allowed: where a rule names no port, it
    /// means all of them.
    #[must_use]
    pub fn covers_own(&self, host: &Host, port: u16, kind: Kind) -> bool {
        let is_of_any_port = |rule: &AllowRule| {
            rule.ports == AllowedPorts::OfKind
                && rule.hosts.cover(host)
                && rule.kind.is_none_or(|own| own == kind)
        };
        self.covers(host, port, kind) || self.0.iter().any(is_of_any_port)
    }

    /// As what a host is measured where the request does not say it: the first kind that is named
    /// beside the host and this port.
    #[must_use]
    pub fn kind_of(&self, host: &Host, port: Option<u16>) -> Option<Kind> {
        self.0.iter().find_map(|rule| {
            let kind = rule.kind?;
            let port = port.or_else(|| list::default_port(kind))?;
            rule.covers(host, port, kind).then_some(kind)
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
        let (kind, text) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(list::parse_kind(scheme)?), rest),
            None => (None, text),
        };
        let (hosts, ports) = hosts_and_ports(text)?;
        if ports == AllowedPorts::OfKind
            && kind.is_some_and(|kind| list::default_port(kind).is_none())
        {
            return Err(AdHocError::NoPort(text.to_owned()).into());
        }
        Ok(Self { kind, hosts, ports })
    }

    fn covers(&self, host: &Host, port: u16, kind: Kind) -> bool {
        self.kind.is_none_or(|own| own == kind)
            && self.hosts.cover(host)
            && match &self.ports {
                AllowedPorts::OfKind => list::default_port(kind) == Some(port),
                AllowedPorts::These(ports) => ports.contains(&port),
            }
    }
}

fn hosts_and_ports(text: &str) -> Result<(AllowedHosts, AllowedPorts), AllowError> {
    if let Some(hosts) = AllowedHosts::of_addresses(text)? {
        return Ok((hosts, AllowedPorts::OfKind));
    }
    let (host, ports) = match text.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            let number = port.parse().ok().filter(|port| *port > 0);
            let number = number.ok_or_else(|| AllowError::Port { text: port.to_owned() })?;
            (host, AllowedPorts::These(vec![number]))
        }
        _ => (text, AllowedPorts::OfKind),
    };
    Ok((AllowedHosts::parse(host)?, ports))
}

impl fmt::Display for AllowRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(kind) = self.kind {
            write!(f, "{}://", kind.as_str())?;
        }
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
    fn of_addresses(text: &str) -> Result<Option<Self>, AllowError> {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            let literal = HostPattern::Literal(Host::Address(address.to_canonical()));
            return Ok(Some(Self::Pattern(literal)));
        }
        let Ok(network) = bare.parse::<IpNet>() else { return Ok(None) };
        let network = canonical(network.trunc());
        if network.prefix_len() == 0 {
            return Err(AllowError::Everything(text.to_owned()));
        }
        Ok(Some(Self::Network(network)))
    }

    fn parse(text: &str) -> Result<Self, AllowError> {
        if text == "*" {
            return Err(AllowError::Everything(text.to_owned()));
        }
        if let Some(addresses) = Self::of_addresses(text)? {
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

/// A network of addresses in the form in which targets have them: `::ffff:10.0.0.0/104` is
/// `10.0.0.0/8`.
fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(mapped) = network else { return network };
    let length = mapped.prefix_len().checked_sub(96);
    let inner = mapped.addr().to_ipv4_mapped().zip(length);
    let inner = inner.and_then(|(address, length)| Ipv4Net::new(address, length).ok());
    inner.map_or(network, IpNet::V4)
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
        let kind = target.kind.or_else(|| allow.kind_of(&target.host, target.port));
        let covers = allow.covers(&target.host, port, kind.unwrap_or(Kind::Https));
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
            "::ffff:192.168.0.0/112",
            "tls://mail.contoso.com:8443",
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
            ("192.168.0.3", true),
            ("::ffff:192.168.0.3", true),
            ("192.169.0.3", false),
            ("mail.contoso.com:8443", true),
            ("tls://mail.contoso.com:8443", true),
            ("https://mail.contoso.com:8443", false),
            ("mail.contoso.com", false),
            ("relay://api.contoso.com", true),
            ("https://evil.com/api.contoso.com", false),
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
            ("tls://*", "any host"),
            ("0.0.0.0/0", "'0.0.0.0/0' would let anybody have any host"),
            ("10.0.0.0/0", "any host"),
            ("::/0", "any host"),
            ("::ffff:0:0/96", "any host"),
            ("tcp://node2", "tcp://node2:PORT"),
            ("{factory}.contoso.com", "a wildcard"),
            ("api.contoso.com:0", "no port"),
            ("api.contoso.com:70000", "no port"),
            ("https://api.contoso.com/x", "'/'"),
            ("tdss://api.contoso.com", "did you mean 'tds'?"),
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
