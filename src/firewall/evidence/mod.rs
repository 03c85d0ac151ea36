//! What a run saw of each endpoint, as far as rules need it: taken from records and what they come
//! to, or from a saved report or the names that `resolve` wrote. Both come into the same type, so
//! that the same facts give the same rules whatever file holds them.

mod of_records;
mod of_saved;

use std::collections::HashSet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;

pub use self::of_saved::EvidenceError;
use super::flow::Flow;
use super::missing::Missing;
use super::port::Protocol;
use super::requirement::{Class, ConnectOutcome, Requirement};
use super::scope::NamePattern;
use crate::model::{ChainTrust, GatewayName, Host, HostName, Kind, Origin, Role};
use crate::route::ProxyUrl;

/// What a run saw.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// One per endpoint.
    pub targets: Vec<EvidenceTarget>,
    /// The name servers that were asked.
    pub resolvers: Vec<SocketAddr>,
    /// This host's own addresses.
    pub own_addresses: Vec<IpAddr>,
    /// When the run began, where the file says so.
    pub seen_at: Option<Timestamp>,
}

/// What was seen of one endpoint.
#[derive(Clone, Debug)]
pub struct EvidenceTarget {
    /// The entry's id.
    pub entry: String,
    /// What it is to the runtime; of reports that know no roles, what the entry says.
    pub role: Role,
    /// The name, address, wildcard or template as it was written.
    pub host: String,
    /// The name; `None` for a literal address, and for a template with nothing to make it concrete.
    pub name: Option<NamePattern>,
    /// The port; `None` where the file does not say it, as those of an older `resolve`.
    pub port: Option<u16>,
    /// What proves it, where the file says so.
    pub kind: Option<Kind>,
    /// Where it came from, where the file says so.
    pub origin: Option<Origin>,
    /// Whether the runtime needs it. A gateway that is not assigned yet is not needed.
    pub required: bool,
    /// Whether it is a gateway that Azure has not put to use yet: there is nothing to reach.
    pub is_unassigned: bool,
    /// Which way it is configured to go.
    pub way: ConfiguredRoute,
    /// Where its proxy was found, and what was seen there.
    pub proxies: Vec<Approach>,
    /// Its addresses.
    pub sightings: Vec<AddressSighting>,
}

/// The way a name is configured to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfiguredRoute {
    /// Straight from this host.
    Direct,
    /// Through a proxy.
    Proxy(ProxyUrl),
    /// Not known, with what kept it from being known.
    Unknown(String),
}

/// One address of a name.
#[derive(Clone, Debug)]
pub struct AddressSighting {
    /// How it was come to.
    pub approach: Approach,
    /// The names of the chain that led to it, without the endpoint's own.
    pub chain: Vec<HostName>,
    /// Whether it proved by TLS to be the endpoint's host.
    pub identity: Identity,
}

/// An address, and what came of connecting to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Approach {
    /// The address.
    pub address: IpAddr,
    /// From which of this host's addresses, once connected.
    pub local: Option<IpAddr>,
    /// Whether it could be connected.
    pub measured: Option<ConnectOutcome>,
}

/// Whether an address proved by TLS to be a host: under the public roots, for that name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Identity {
    /// No handshake with it was recorded.
    #[default]
    NotAsked,
    /// The connection was not made.
    NotConnected(ConnectOutcome),
    /// It did not answer the ClientHello.
    Silent,
    /// The handshake ended otherwise, in the report's word.
    Broken(String),
    /// Its chain leads to no public root.
    OtherAuthority {
        /// Who issued the certificate.
        issuer: String,
    },
    /// Its certificate is for other names.
    OtherName {
        /// Those.
        names: Vec<String>,
    },
    /// It did.
    Proven,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 3;
        match self {
            Self::NotAsked => f.write_str("no TLS handshake with it was recorded"),
            Self::NotConnected(measured) => {
                write!(f, "it could not be connected ({})", measured.as_str())
            }
            Self::Silent => f.write_str("it did not answer the ClientHello"),
            Self::Broken(outcome) => write!(f, "its TLS handshake failed ({outcome})"),
            Self::OtherAuthority { issuer } => {
                write!(f, "its certificate, by '{issuer}', is not trusted under the public roots")
            }
            Self::OtherName { names } if names.is_empty() => {
                f.write_str("it presented a certificate without names")
            }
            Self::OtherName { names } => {
                let shown: Vec<_> = names.iter().take(SHOWN).map(String::as_str).collect();
                let more = match names.len().saturating_sub(SHOWN) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                write!(
                    f,
                    "it presented a certificate for {}{more}, not for that name",
                    shown.join(", ")
                )
            }
            Self::Proven => f.write_str("it proved itself by TLS"),
        }
    }
}

/// What a run saw holds nothing of an entry or role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no entry or role '{word}': choose with --only among {}", there.join(", "))]
pub struct NotHeld {
    /// As given.
    pub word: String,
    /// The entries and roles that there are.
    pub there: Vec<String>,
}

impl Evidence {
    /// The targets that words of `--only` mean: those of an entry, or those of a role. A relay
    /// namespace stands for itself and its gateways.
    ///
    /// # Errors
    /// [`NotHeld`] where a word means none of them.
    pub fn choose(&self, words: &[impl AsRef<str>]) -> Result<Vec<&EvidenceTarget>, NotHeld> {
        let is_of = |target: &EvidenceTarget, word: &str| {
            target.entry == word || target.role.as_str() == word
        };
        let mut brings_gateways = false;
        for word in words.iter().map(AsRef::as_ref) {
            let is_relay = |target: &EvidenceTarget| target.is_relay() && is_of(target, word);
            let has_relay = word == Role::Relay.as_str() || self.targets.iter().any(is_relay);
            brings_gateways |= has_relay;
            let is_held =
                |target: &EvidenceTarget| is_of(target, word) || (has_relay && target.is_gateway());
            if !self.targets.iter().any(is_held) {
                let held = |target: &EvidenceTarget| {
                    [target.entry.clone(), target.role.as_str().to_owned()]
                };
                let mut there: Vec<_> = self.targets.iter().flat_map(held).collect();
                there.sort_unstable();
                there.dedup();
                return Err(NotHeld { word: word.to_owned(), there });
            }
        }
        let is_chosen = |target: &&EvidenceTarget| {
            words.iter().any(|word| is_of(target, word.as_ref()))
                || (brings_gateways && target.is_gateway())
        };
        Ok(self.targets.iter().filter(is_chosen).collect())
    }

    /// The flows that this host must be able to open, by the route each name takes: a proxied
    /// name needs its proxy, a direct one its own addresses, and all need the name servers. Those
    /// of gateways that nobody listed are a class of their own.
    #[must_use]
    pub fn requirements(&self) -> Vec<Requirement> {
        let mut requirements = Vec::new();
        for (target, class) in self.needed() {
            match &target.way {
                ConfiguredRoute::Direct => requirements.extend(self.own_flows(target, &class)),
                ConfiguredRoute::Proxy(proxy) => {
                    requirements.extend(self.proxy_flows(target, proxy, &class))
                }
                ConfiguredRoute::Unknown(why) => {
                    let unknown = |requirement| Requirement {
                        missing: Some(Missing::Route(why.as_str().into())),
                        ..requirement
                    };
                    requirements.extend(self.own_flows(target, &class).into_iter().map(unknown));
                }
            }
        }
        for resolver in self.resolvers.iter().filter(|resolver| !resolver.ip().is_loopback()) {
            for protocol in [Protocol::Udp, Protocol::Tcp] {
                let host = Host::Address(resolver.ip());
                let flow = Flow { protocol, ..Flow::tcp(host, resolver.port()) };
                let sources = self.sources(None, flow.address);
                let endpoint = format!("name server {resolver}");
                requirements
                    .push(Requirement { sources, ..Requirement::new(flow, endpoint, "dns") });
            }
        }
        unique(requirements)
    }

    /// The flows as whoever carries them sees them, whatever the route: what a list of names or
    /// addresses must hold.
    #[must_use]
    pub fn own_requirements(&self) -> Vec<Requirement> {
        let needed = self.needed();
        unique(needed.flat_map(|(target, class)| self.own_flows(target, &class)).collect())
    }

    /// What is required, then the assigned gateways that follow from it.
    fn needed(&self) -> impl Iterator<Item = (&EvidenceTarget, Class)> {
        let required = self.targets.iter().filter(|target| target.required);
        let derived = self.targets.iter().filter(|target| target.is_derived_gateway());
        required
            .map(|target| (target, Class::Required))
            .chain(derived.map(|target| (target, Class::Gateway(target.deployment()))))
    }

    fn own_flows(&self, target: &EvidenceTarget, class: &Class) -> Vec<Requirement> {
        let name = match &target.name {
            Some(NamePattern::Name(name)) => Some(name.clone()),
            // No flow goes to a wildcard: what is behind it is not known.
            Some(NamePattern::Ending(_)) => return Vec::new(),
            None if target.sightings.is_empty() => return Vec::new(),
            None => None,
        };
        let flow = |address| Flow {
            name: name.clone(),
            address,
            port: target.port,
            ..Flow::tcp(Host::Address(IpAddr::from([0, 0, 0, 0])), 0)
        };
        if target.sightings.is_empty() {
            return vec![self.requires(target, flow(None), None, class)];
        }
        let of = |sighting: &AddressSighting| {
            let approach = &sighting.approach;
            self.requires(target, flow(Some(approach.address)), Some(approach), class)
        };
        target.sightings.iter().map(of).collect()
    }

    fn proxy_flows(
        &self,
        target: &EvidenceTarget,
        proxy: &ProxyUrl,
        class: &Class,
    ) -> Vec<Requirement> {
        if target.proxies.is_empty() {
            let flow = Flow::tcp(proxy.host().clone(), proxy.port());
            return vec![self.requires(target, flow, None, class)];
        }
        let of = |approach: &Approach| {
            let flow = Flow::tcp(Host::Address(approach.address), proxy.port());
            self.requires(target, flow, Some(approach), class)
        };
        target.proxies.iter().map(of).collect()
    }

    fn requires(
        &self,
        target: &EvidenceTarget,
        flow: Flow,
        approach: Option<&Approach>,
        class: &Class,
    ) -> Requirement {
        let sources = self.sources(approach.and_then(|approach| approach.local), flow.address);
        Requirement {
            measured: approach.and_then(|approach| approach.measured),
            class: class.clone(),
            is_control: target.is_control(),
            sources,
            ..Requirement::new(flow, target.shown(), &target.entry)
        }
    }

    /// Where a flow leaves from: as it was seen, else any of this host's addresses of its family.
    fn sources(&self, seen: Option<IpAddr>, to: Option<IpAddr>) -> Vec<IpAddr> {
        if let Some(address) = seen {
            return vec![address.to_canonical()];
        }
        let is_possible =
            |own: &&IpAddr| to.is_none_or(|address| address.is_ipv4() == own.is_ipv4());
        self.own_addresses.iter().filter(is_possible).copied().collect()
    }
}

/// Many names share a proxy, and gateways an address: the first says what it is for.
fn unique(mut requirements: Vec<Requirement>) -> Vec<Requirement> {
    let mut seen = HashSet::new();
    requirements.retain(|requirement| seen.insert(requirement.flow.clone()));
    requirements
}

impl EvidenceTarget {
    /// As `host:port`.
    #[must_use]
    pub fn shown(&self) -> String {
        match (self.host.parse::<IpAddr>(), self.port) {
            (Ok(address), Some(port)) => SocketAddr::new(address, port).to_string(),
            (Err(_), Some(port)) => format!("{}:{port}", self.host),
            (_, None) => self.host.clone(),
        }
    }

    /// Whether it is one host: no wildcard, and no template with nothing to make it concrete.
    #[must_use]
    pub fn is_concrete(&self) -> bool {
        match &self.name {
            Some(name) => !name.is_wildcard(),
            None => !self.sightings.is_empty(),
        }
    }

    /// Whether it is a relay namespace.
    #[must_use]
    pub fn is_relay(&self) -> bool {
        self.role == Role::Relay
    }

    /// Whether it is of the control plane, which has a service tag.
    #[must_use]
    pub const fn is_control(&self) -> bool {
        self.role.is_control_plane()
    }

    /// Whether it is a gateway of a relay's deployment.
    #[must_use]
    pub fn is_gateway(&self) -> bool {
        self.role == Role::Gateway
    }

    /// Whether it is a gateway in use that nobody listed: it follows from its relay.
    #[must_use]
    pub fn is_derived_gateway(&self) -> bool {
        self.is_gateway() && !self.required && !self.is_unassigned
    }

    /// Whether it leaves through a proxy.
    #[must_use]
    pub const fn is_proxied(&self) -> bool {
        matches!(self.way, ConfiguredRoute::Proxy(_))
    }

    /// The deployment of a gateway, as `prod-by3-010`.
    fn deployment(&self) -> String {
        let parts = match &self.name {
            Some(NamePattern::Name(name)) => GatewayName::parse(name),
            _ => None,
        };
        parts.map_or_else(|| "another deployment".to_owned(), |parts| parts.deployment)
    }
}

/// What a chain lacks that does not prove its host.
fn short_of_proof(public: &ChainTrust, names: Vec<String>, issuer: String) -> Identity {
    match public {
        ChainTrust::Trusted => Identity::OtherName { names },
        ChainTrust::UnknownIssuer | ChainTrust::Invalid { .. } | ChainTrust::NotJudged { .. } => {
            Identity::OtherAuthority { issuer }
        }
    }
}

/// What the two sources of evidence tell of one trail.
struct TrailSummary {
    is_direct: bool,
    approach: Approach,
    identity: Identity,
}

/// The addresses of lookups, each once, with what the direct trails showed of it.
fn sightings(
    literal: Option<IpAddr>,
    lookups: impl Iterator<Item = (Vec<HostName>, Vec<IpAddr>)>,
    walked: &[TrailSummary],
) -> Vec<AddressSighting> {
    let mut sightings: Vec<AddressSighting> = Vec::new();
    let literal = literal.map(|address| (Vec::new(), vec![address]));
    for (chain, addresses) in literal.into_iter().chain(lookups) {
        for address in addresses {
            if !sightings.iter().any(|sighting| sighting.approach.address == address) {
                let own = || walked.iter().filter(|own| own.approach.address == address);
                let direct = || own().filter(|own| own.is_direct);
                sightings.push(AddressSighting {
                    approach: merged(address, direct().map(|own| own.approach)),
                    chain: chain.clone(),
                    identity: direct().map(|own| &own.identity).max().cloned().unwrap_or_default(),
                });
            }
        }
    }
    sightings
}

/// Where trails by the configured proxy led, each address once.
fn proxies(walked: &[TrailSummary]) -> Vec<Approach> {
    let mut proxies: Vec<Approach> = Vec::new();
    for own in walked.iter().filter(|own| !own.is_direct) {
        if !proxies.iter().any(|proxy| proxy.address == own.approach.address) {
            proxies.push(own.approach);
        }
    }
    proxies
}

/// What the first trails that know it say of an address.
fn merged(address: IpAddr, mut trails: impl Iterator<Item = Approach> + Clone) -> Approach {
    let local = trails.clone().find_map(|own| own.local);
    Approach { address, local, measured: trails.find_map(|own| own.measured) }
}

#[cfg(test)]
mod tests;
