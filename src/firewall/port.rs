//! Ports and protocols of rules.

use std::fmt;

use crate::model::Ranges;

/// A set of ports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PortSet(Ranges<u16>);

/// The reason why a text is no set of ports.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no port: expected something like 443, 11000-11999 or *")]
pub struct PortError {
    /// The text, shortened.
    pub text: String,
}

impl PortSet {
    #[must_use]
    pub fn any() -> Self {
        Self(Ranges::full())
    }

    /// The union of these runs, whose ends are included.
    #[must_use]
    pub fn from_runs(runs: Vec<(u16, u16)>) -> Self {
        Self(Ranges::from_runs(runs))
    }

    /// Reads a port, a range `FIRST-LAST` or `*`, as Azure's rules write them.
    ///
    /// # Errors
    /// [`PortError`] where the text is none of these.
    pub fn parse(text: &str) -> Result<Self, PortError> {
        let bare = text.trim();
        if bare == "*" {
            return Ok(Self::any());
        }
        let (first, last) = bare.split_once('-').unwrap_or((bare, bare));
        match (first.trim().parse::<u16>(), last.trim().parse::<u16>()) {
            (Ok(first), Ok(last)) if first <= last => {
                Ok(Self(Ranges::from_runs(vec![(first, last)])))
            }
            _ => Err(PortError { text: bare.chars().take(40).collect() }),
        }
    }

    /// The ports as ascending ranges.
    #[must_use]
    pub const fn ranges(&self) -> &Ranges<u16> {
        &self.0
    }

    /// Whether it holds every port.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.0.is_full()
    }

    /// Whether it holds `port`.
    #[must_use]
    pub fn contains(&self, port: u16) -> bool {
        self.0.contains(port)
    }

    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0))
    }

    /// Whether every port of this is in `other`.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// The number of ports.
    #[must_use]
    pub fn count(&self) -> u128 {
        self.0.count()
    }

    /// The ranges in the notation of Azure's rules: `443`, `11000-11999`, or `*` for every port.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        if self.is_any() {
            return vec!["*".to_owned()];
        }
        let run = |(first, last): &(u16, u16)| {
            if first == last { first.to_string() } else { format!("{first}-{last}") }
        };
        self.0.runs().iter().map(run).collect()
    }
}

impl From<u16> for PortSet {
    fn from(port: u16) -> Self {
        Self(Ranges::from_runs(vec![(port, port)]))
    }
}

impl FromIterator<u16> for PortSet {
    fn from_iter<I: IntoIterator<Item = u16>>(ports: I) -> Self {
        Self(ports.into_iter().map(|port| (port, port)).collect())
    }
}

impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.texts().join(","))
    }
}

/// A protocol that rules may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    Tcp,
    Udp,
    /// Both ICMP of IPv4 (RFC 792) and of IPv6 (RFC 4443).
    Icmp,
    Esp,
    Ah,
}

impl Protocol {
    pub const ALL: [Self; 5] = [Self::Tcp, Self::Udp, Self::Icmp, Self::Esp, Self::Ah];

    /// The word in files of flows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Icmp => "icmp",
            Self::Esp => "esp",
            Self::Ah => "ah",
        }
    }

    /// As Azure's rules name it.
    #[must_use]
    pub const fn azure(self) -> &'static str {
        match self {
            Self::Tcp => "Tcp",
            Self::Udp => "Udp",
            Self::Icmp => "Icmp",
            Self::Esp => "Esp",
            Self::Ah => "Ah",
        }
    }

    /// The protocol of this word, whatever its case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str().eq_ignore_ascii_case(text.trim()))
    }

    /// Whether its packets have ports.
    #[must_use]
    pub const fn has_ports(self) -> bool {
        matches!(self, Self::Tcp | Self::Udp)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of protocols.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ProtocolSet(u8);

impl ProtocolSet {
    /// Every protocol (`*`, and effective rules' `All`).
    pub const ANY: Self = Self((1 << Protocol::ALL.len()) - 1);

    /// Reads a protocol or a word for all of them.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "*" => Some(Self::ANY),
            word if word.eq_ignore_ascii_case("all") || word.eq_ignore_ascii_case("any") => {
                Some(Self::ANY)
            }
            word => Protocol::parse(word).map(Self::from),
        }
    }

    /// Whether it holds `protocol`.
    #[must_use]
    pub const fn contains(self, protocol: Protocol) -> bool {
        self.0 & (1 << protocol as u8) != 0
    }

    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every protocol of this is in `other`.
    #[must_use]
    pub const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
}

impl From<Protocol> for ProtocolSet {
    fn from(protocol: Protocol) -> Self {
        Self(1 << protocol as u8)
    }
}

impl fmt::Display for ProtocolSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ANY {
            return f.write_str("any protocol");
        }
        let words: Vec<_> = Protocol::ALL
            .into_iter()
            .filter(|protocol| self.contains(*protocol))
            .map(Protocol::as_str)
            .collect();
        f.write_str(&words.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_as_azure_writes_them() {
        for (text, expected) in [
            ("443", Some("443")),
            (" 11000 - 11999 ", Some("11000-11999")),
            ("*", Some("*")),
            ("0-65535", Some("*")),
            ("443-443", Some("443")),
            ("443-80", None),
            ("65536", None),
            ("", None),
            ("https", None),
        ] {
            let read = PortSet::parse(text).ok().map(|ports| ports.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn protocols_are_read_whatever_their_case() {
        for (text, expected) in [
            ("Tcp", Some("tcp")),
            ("UDP", Some("udp")),
            ("*", Some("any protocol")),
            ("All", Some("any protocol")),
            ("Any", Some("any protocol")),
            ("gre", None),
        ] {
            let read = ProtocolSet::parse(text).map(|set| set.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }
}
