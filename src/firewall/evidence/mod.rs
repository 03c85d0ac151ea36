//! What a run observed of each endpoint, as far as rules need it. It is taken from records and
//! their conclusion, or from a saved report or the names that `resolve` wrote. Both give the same
//! type, so that the same facts give the same rules whatever file holds them.

mod of_records;
mod of_saved;

use std::collections::HashSet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;

use super::flow::Flow;
use super::missing::Missing;
use super::port::Protocol;
use super::requirement::{Class, ConnectOutcome, Requirement};
use super::scope::NamePattern;
use crate::model::{ChainTrust, GatewayName, Host, HostName, Kind, Origin, Role};
pub use crate::report_v1::ReadError as EvidenceError;
use crate::route::ProxyUrl;

/// The observations of a run that rules are written and verified for.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    pub targets: Vec<EvidenceTarget>,
    pub resolvers: Vec<SocketAddr>,
    /// This host's own addresses.
    pub own_addresses: Vec<IpAddr>,
    /// The beginning of the run, where the file gives it.
    pub seen_at: Option<Timestamp>,
}

/// The observations of one endpoint.
#[derive(Clone, Debug)]
pub struct EvidenceTarget {
    /// The id of the entry.
    pub entry: String,
    /// The role, which is inferred from the entry for reports without roles.
    pub role: Role,
    /// The text of the name, address, wildcard or template.
    pub host: String,
    /// The name. A literal address has none, and neither has a template without concrete values.
    pub name: Option<NamePattern>,
    /// The port, which files of an older `resolve` do not have.
    pub port: Option<u16>,
    /// The kind, where the file gives it.
    pub kind: Option<Kind>,
    /// The origin, where the file gives it.
    pub origin: Option<Origin>,
    /// Whether the runtime needs it. A gateway that is not assigned yet is not needed.
    pub required: bool,
    /// Whether it is a gateway that Azure has not put to use yet, so that there is nothing to
    /// reach.
    pub is_unassigned: bool,
    pub way: ConfiguredRoute,
    /// The addresses of its proxy, with the results of connecting to them.
    pub proxies: Vec<Approach>,
    pub sightings: Vec<AddressSighting>,
}

/// The configured route of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfiguredRoute {
    Direct,
    Proxy(ProxyUrl),
    /// The route is unknown, for this reason.
    Unknown(String),
}

/// An address of a name, and what was observed there.
#[derive(Clone, Debug)]
pub struct AddressSighting {
    pub approach: Approach,
    /// The aliases that led to the address, without the endpoint's own name.
    pub chain: Vec<HostName>,
    pub identity: Identity,
}

/// An address, and the result of connecting to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Approach {
    pub address: IpAddr,
    /// The local address of the connection, where there was one.
    pub local: Option<IpAddr>,
    /// The result of connecting, where it was tried.
    pub measured: Option<ConnectOutcome>,
}

/// Whether an address has presented a certificate for a host that is trusted under the public
/// roots.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Identity {
    /// No handshake with it was recorded.
    #[default]
    NotAsked,
    NotConnected(ConnectOutcome),
    /// The address did not answer the ClientHello.
    Silent,
    /// The handshake failed otherwise, with this word of the report.
    Broken(String),
    /// The chain does not lead to a public root.
    OtherAuthority {
        issuer: String,
    },
    OtherName {
        names: Vec<String>,
    },
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

/// The evidence holds nothing of an entry or role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no entry or role '{word}': choose with --only among {}", there.join(", "))]
pub struct NotHeld {
    /// The given word.
    pub word: String,
    /// The entries and roles that the evidence holds.
    pub there: Vec<String>,
}

impl Evidence {
    /// The targets of the entries and roles that `--only` names, and those that it names
    /// themselves. A relay namespace brings its gateways, unless it is itself named.
    ///
    /// # Errors
    /// [`NotHeld`] where a word names none of them.
    pub fn choose(&self, words: &[impl AsRef<str>]) -> Result<Vec<&EvidenceTarget>, NotHeld> {
        let is_of = |target: &EvidenceTarget, word: &str| {
            target.entry == word || target.role.as_str() == word
        };
        let mut brings_gateways = false;
        for word in words.iter().map(AsRef::as_ref) {
            let is_relay = |target: &EvidenceTarget| target.is_relay() && is_of(target, word);
            let has_relay = word == Role::Relay.as_str() || self.targets.iter().any(is_relay);
            brings_gateways |= has_relay;
            let is_held = |target: &EvidenceTarget| {
                is_of(target, word) || target.host == word || (has_relay && target.is_gateway())
            };
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
            let is_meant = |word: &str| is_of(target, word) || target.host == word;
            words.iter().any(|word| is_meant(word.as_ref()))
                || (brings_gateways && target.is_gateway())
        };
        Ok(self.targets.iter().filter(is_chosen).collect())
    }

    /// The flows that this host must be able to open: to the proxy of a proxied name, to the
    /// addresses of a direct one, and to the name servers. Gateways that no list has are in a class
    /// of their own.
    #[must_use]
    pub fn requirements(&self) -> Vec<Requirement> {
        let mut requirements = Vec::new();
        for (target, class) in self.needed() {
            requirements.extend(self.flows_of_way(target, &class));
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

    /// The flows of one target by its configured way.
    pub(super) fn flows_of_way(&self, target: &EvidenceTarget, class: &Class) -> Vec<Requirement> {
        match &target.way {
            ConfiguredRoute::Direct => self.own_flows(target, class),
            ConfiguredRoute::Proxy(proxy) => self.proxy_flows(target, proxy, class),
            ConfiguredRoute::Unknown(why) => {
                let unknown = |requirement| Requirement {
                    missing: Some(Missing::Route(why.as_str().into())),
                    ..requirement
                };
                self.own_flows(target, class).into_iter().map(unknown).collect()
            }
        }
    }

    /// The flows to the endpoints themselves, whatever their routes: what a list on a proxy must
    /// hold.
    #[must_use]
    pub fn own_requirements(&self) -> Vec<Requirement> {
        let needed = self.needed();
        unique(needed.flat_map(|(target, class)| self.own_flows(target, &class)).collect())
    }

    /// The required targets, followed by the assigned gateways that belong to them.
    fn needed(&self) -> impl Iterator<Item = (&EvidenceTarget, Class)> {
        let required = self.targets.iter().filter(|target| target.required);
        let derived = self.targets.iter().filter(|target| target.is_derived_gateway());
        required
            .map(|target| (target, Class::Required))
            .chain(derived.map(|target| (target, Class::Gateway(target.deployment()))))
    }

    pub(super) fn own_flows(&self, target: &EvidenceTarget, class: &Class) -> Vec<Requirement> {
        let name = match &target.name {
            Some(NamePattern::Name(name)) => Some(name.clone()),
            // The names behind a wildcard are not known, so that no flow goes there.
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

    /// The source of a flow as it was observed, or else every address of this host in its family.
    fn sources(&self, seen: Option<IpAddr>, to: Option<IpAddr>) -> Vec<IpAddr> {
        if let Some(address) = seen {
            return vec![address.to_canonical()];
        }
        let is_possible =
            |own: &&IpAddr| to.is_none_or(|address| address.is_ipv4() == own.is_ipv4());
        self.own_addresses.iter().filter(is_possible).copied().collect()
    }
}

/// Drops repeated flows. Many names share a proxy, and the first one stands for all of them.
fn unique(mut requirements: Vec<Requirement>) -> Vec<Requirement> {
    let mut seen = HashSet::new();
    requirements.retain(|requirement| seen.insert(requirement.flow.clone()));
    requirements
}

impl EvidenceTarget {
    /// The text `host:port`.
    #[must_use]
    pub fn shown(&self) -> String {
        match (self.host.parse::<IpAddr>(), self.port) {
            (Ok(address), Some(port)) => SocketAddr::new(address, port).to_string(),
            (Err(_), Some(port)) => format!("{}:{port}", self.host),
            (_, None) => self.host.clone(),
        }
    }

    /// Whether the target is one host, and not a wildcard or a template without values.
    #[must_use]
    pub fn is_concrete(&self) -> bool {
        match &self.name {
            Some(name) => !name.is_wildcard(),
            None => !self.sightings.is_empty(),
        }
    }

    #[must_use]
    pub fn is_relay(&self) -> bool {
        self.role == Role::Relay
    }

    /// Whether the target belongs to the control plane, which has a service tag.
    #[must_use]
    pub const fn is_control(&self) -> bool {
        self.role.is_control_plane()
    }

    /// Whether it is a gateway of a relay's deployment.
    #[must_use]
    pub fn is_gateway(&self) -> bool {
        self.role == Role::Gateway
    }

    /// Whether the target is a gateway in use that was found from its relay and is in no list.
    #[must_use]
    pub fn is_derived_gateway(&self) -> bool {
        self.is_gateway() && !self.required && !self.is_unassigned
    }

    #[must_use]
    pub const fn is_proxied(&self) -> bool {
        matches!(self.way, ConfiguredRoute::Proxy(_))
    }

    /// The deployment of a gateway, such as `prod-by3-010`.
    fn deployment(&self) -> String {
        let parts = match &self.name {
            Some(NamePattern::Name(name)) => GatewayName::parse(name),
            _ => None,
        };
        parts.map_or_else(|| "another deployment".to_owned(), |parts| parts.deployment)
    }
}

/// The reason why a certificate chain does not prove its host.
fn short_of_proof(public: &ChainTrust, names: Vec<String>, issuer: String) -> Identity {
    match public {
        ChainTrust::Trusted => Identity::OtherName { names },
        ChainTrust::UnknownIssuer | ChainTrust::Invalid { .. } | ChainTrust::NotJudged { .. } => {
            Identity::OtherAuthority { issuer }
        }
    }
}

/// The facts of one trail that both sources of evidence give.
struct TrailSummary {
    is_direct: bool,
    approach: Approach,
    identity: Identity,
}

/// The different addresses of the lookups, with the facts of the direct trails.
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

/// The different addresses of the configured proxy.
fn proxies(walked: &[TrailSummary]) -> Vec<Approach> {
    let mut proxies: Vec<Approach> = Vec::new();
    for own in walked.iter().filter(|own| !own.is_direct) {
        if !proxies.iter().any(|proxy| proxy.address == own.approach.address) {
            proxies.push(own.approach);
        }
    }
    proxies
}

/// Joins the facts of several trails about one address.
fn merged(address: IpAddr, mut trails: impl Iterator<Item = Approach> + Clone) -> Approach {
    let local = trails.clone().find_map(|own| own.local);
    Approach { address, local, measured: trails.find_map(|own| own.measured) }
}

#[cfg(test)]
mod tests;
