//! What a run saw of each endpoint, as far as rules need it: read from a JSON report or from what
//! `resolve --format json` writes. The report's contract is the interface.

use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;
use serde::Deserialize;

use super::flow::Flow;
use super::port::Protocol;
use super::requirement::{Measured, Requirement};
use super::scope::NamePattern;
use crate::model::{Host, HostName, Kind, Role};

/// What a run saw.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// One per endpoint.
    pub targets: Vec<Target>,
    /// The name servers that were asked.
    pub resolvers: Vec<SocketAddr>,
    /// When the run began, where the file says so.
    pub seen_at: Option<Timestamp>,
}

/// What was seen of one endpoint.
#[derive(Clone, Debug)]
pub struct Target {
    /// The entry's id.
    pub entry: String,
    /// What it is to the runtime; of reports that know no roles, what the entry says.
    pub role: Role,
    /// The name; `None` for a literal address.
    pub name: Option<NamePattern>,
    /// The port.
    pub port: u16,
    /// Whether the runtime needs it. A gateway that is not assigned yet is not needed.
    pub required: bool,
    /// The proxy it goes through, as `http://proxy:3128`.
    pub proxy: Option<String>,
    /// Where that proxy was found, and whether it could be connected.
    pub proxies: Vec<(IpAddr, Option<Measured>)>,
    /// Its addresses.
    pub sightings: Vec<Sighting>,
}

/// One address of a name.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// The address.
    pub address: IpAddr,
    /// The names of the chain that led to it, without the endpoint's own.
    pub chain: Vec<HostName>,
    /// Whether it showed a certificate for the name, under the public roots.
    pub is_proven_by_tls: bool,
    /// Whether it could be connected.
    pub measured: Option<Measured>,
}

/// Why a text is no evidence.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// Not what the contract describes.
    #[error("no report: {error}")]
    Malformed {
        /// What and where.
        error: serde_json::Error,
    },
    /// JSON of another kind or version.
    #[error("schema '{0}' is not known here: expected pathproof.report/1 or pathproof.names/1")]
    Schema(String),
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

// Not a source: its words are part of the message.
impl From<serde_json::Error> for EvidenceError {
    fn from(error: serde_json::Error) -> Self {
        Self::Malformed { error }
    }
}

impl Evidence {
    /// Reads a JSON report, or the names that `resolve` wrote.
    ///
    /// # Errors
    /// [`EvidenceError`] with line and column.
    pub fn read(text: &str) -> Result<Self, EvidenceError> {
        let report: Report = serde_json::from_str(text)?;
        if !matches!(report.schema.as_str(), "pathproof.report/1" | "pathproof.names/1") {
            return Err(EvidenceError::Schema(report.schema));
        }
        let endpoints = report.endpoints.into_iter().chain(report.names);
        Ok(Self {
            targets: endpoints.filter_map(Endpoint::into_target).collect(),
            seen_at: report.run.started_at.as_deref().and_then(|text| text.parse().ok()),
            resolvers: report.run.vantage.resolvers,
        })
    }

    /// The targets that words of `--only` mean: those of an entry, or those of a role. A relay
    /// namespace stands for itself and its gateways.
    ///
    /// # Errors
    /// [`NotHeld`] where a word means none of them.
    pub fn choose(&self, words: &[impl AsRef<str>]) -> Result<Vec<&Target>, NotHeld> {
        let is_of =
            |target: &Target, word: &str| target.entry == word || target.role.as_str() == word;
        let mut brings_gateways = false;
        for word in words.iter().map(AsRef::as_ref) {
            let is_relay = |target: &Target| target.role == Role::Relay && is_of(target, word);
            let has_relay = word == Role::Relay.as_str() || self.targets.iter().any(is_relay);
            brings_gateways |= has_relay;
            let is_held = |target: &Target| {
                is_of(target, word) || (has_relay && target.role == Role::Gateway)
            };
            if !self.targets.iter().any(is_held) {
                let held =
                    |target: &Target| [target.entry.clone(), target.role.as_str().to_owned()];
                let mut there: Vec<_> = self.targets.iter().flat_map(held).collect();
                there.sort_unstable();
                there.dedup();
                return Err(NotHeld { word: word.to_owned(), there });
            }
        }
        let is_chosen = |target: &&Target| {
            words.iter().any(|word| is_of(target, word.as_ref()))
                || (brings_gateways && target.role == Role::Gateway)
        };
        Ok(self.targets.iter().filter(is_chosen).collect())
    }

    /// The flows that this host must be able to open, by the route each name takes: a proxied
    /// name needs its proxy, a direct one its own addresses, and all need the name servers.
    #[must_use]
    pub fn requirements(&self) -> Vec<Requirement> {
        let mut requirements = Vec::new();
        for target in self.targets.iter().filter(|target| target.required) {
            match &target.proxy {
                Some(url) => requirements.extend(target.proxy_flows(url)),
                None => requirements.extend(target.own_flows()),
            }
        }
        for resolver in self.resolvers.iter().filter(|resolver| !resolver.ip().is_loopback()) {
            for protocol in [Protocol::Udp, Protocol::Tcp] {
                let host = Host::Address(resolver.ip());
                requirements.push(Requirement {
                    flow: Flow { protocol, ..Flow::tcp(host, resolver.port()) },
                    endpoint: format!("name server {resolver}"),
                    entry: "dns".to_owned(),
                    measured: None,
                });
            }
        }
        // Many names share a proxy, and gateways an address.
        let mut seen = std::collections::HashSet::new();
        requirements.retain(|requirement| seen.insert(requirement.flow.clone()));
        requirements
    }

    /// The flows as whoever carries them sees them, whatever the route: what a list of names or
    /// addresses must hold.
    #[must_use]
    pub fn own_requirements(&self) -> Vec<Requirement> {
        self.targets.iter().filter(|target| target.required).flat_map(Target::own_flows).collect()
    }
}

impl Target {
    /// As `host:port`.
    #[must_use]
    pub fn shown(&self) -> String {
        match (&self.name, self.sightings.first()) {
            (Some(name), _) => format!("{name}:{}", self.port),
            (None, Some(sighting)) => SocketAddr::new(sighting.address, self.port).to_string(),
            (None, None) => format!(":{}", self.port),
        }
    }

    fn own_flows(&self) -> Vec<Requirement> {
        let name = match &self.name {
            Some(NamePattern::Name(name)) => Some(name.clone()),
            // No flow goes to a wildcard: what is behind it is not known.
            Some(NamePattern::Ending(_)) => return Vec::new(),
            None => None,
        };
        let flow = |address| Flow {
            name: name.clone(),
            address,
            port: Some(self.port),
            protocol: Protocol::Tcp,
            source: None,
        };
        if self.sightings.is_empty() {
            return vec![self.requires(flow(None), None)];
        }
        self.sightings
            .iter()
            .map(|sighting| self.requires(flow(Some(sighting.address)), sighting.measured.clone()))
            .collect()
    }

    fn proxy_flows(&self, url: &str) -> Vec<Requirement> {
        let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
        let authority = authority.split('/').next().unwrap_or(authority);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().unwrap_or(8080)),
            None => (authority, 80),
        };
        if self.proxies.is_empty() {
            let host = Host::parse(host).ok();
            return host
                .map(|host| self.requires(Flow::tcp(host, port), None))
                .into_iter()
                .collect();
        }
        self.proxies
            .iter()
            .map(|(address, measured)| {
                self.requires(Flow::tcp(Host::Address(*address), port), measured.clone())
            })
            .collect()
    }

    fn requires(&self, flow: Flow, measured: Option<Measured>) -> Requirement {
        Requirement { flow, endpoint: self.shown(), entry: self.entry.clone(), measured }
    }
}

#[derive(Deserialize)]
struct Report {
    schema: String,
    #[serde(default)]
    run: Run,
    #[serde(default)]
    endpoints: Vec<Endpoint>,
    /// Of `resolve`.
    #[serde(default)]
    names: Vec<Endpoint>,
}

#[derive(Default, Deserialize)]
struct Run {
    #[serde(default)]
    started_at: Option<String>,
    #[serde(default)]
    vantage: Vantage,
}

#[derive(Default, Deserialize)]
struct Vantage {
    #[serde(default)]
    resolvers: Vec<SocketAddr>,
}

#[derive(Deserialize)]
struct Endpoint {
    entry: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    kind: String,
    host: String,
    /// `resolve` has none: what a list names is reached by 443 but for a few.
    #[serde(default = "https")]
    port: u16,
    #[serde(default = "yes")]
    required: bool,
    #[serde(default)]
    cause: Option<String>,
    #[serde(default)]
    route: Option<Route>,
    #[serde(default)]
    findings: Vec<Finding>,
    #[serde(default)]
    lookups: Vec<Lookup>,
    #[serde(default)]
    trails: Vec<Trail>,
}

const fn https() -> u16 {
    443
}

const fn yes() -> bool {
    true
}

#[derive(Deserialize)]
struct Route {
    configured: String,
}

#[derive(Deserialize)]
struct Finding {
    cause: String,
}

#[derive(Deserialize)]
struct Lookup {
    #[serde(default)]
    chain: Vec<Link>,
    #[serde(default)]
    addresses: Vec<IpAddr>,
}

#[derive(Deserialize)]
struct Link {
    #[serde(rename = "type")]
    record_type: String,
    data: String,
}

#[derive(Deserialize)]
struct Trail {
    route: String,
    remote: SocketAddr,
    #[serde(default)]
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    #[serde(rename = "step")]
    name: String,
    outcome: String,
    #[serde(default)]
    detail: serde_json::Value,
}

impl Endpoint {
    /// A template with nothing to make it concrete is no target.
    fn into_target(self) -> Option<Target> {
        let (name, literal) = match Host::parse(&self.host) {
            Ok(Host::Address(address)) => (None, Some(address)),
            Ok(Host::Name(name)) => (Some(NamePattern::Name(name)), None),
            Err(_) => (Some(NamePattern::parse(&self.host).ok()?), None),
        };
        let configured = self.route.map(|route| route.configured).unwrap_or_default();
        let proxy = (!matches!(configured.as_str(), "" | "direct")).then_some(configured);
        // A chain that is bad for the name, or foreign, is none of the service's.
        let is_doubted = self.findings.iter().any(|finding| {
            finding.cause.starts_with("tls_") && finding.cause != "tls_revocation_unreachable"
        });
        let (direct, proxied): (Vec<_>, Vec<_>) =
            self.trails.iter().partition(|trail| trail.route == "direct");
        let proven = |address| !is_doubted && direct.iter().any(|trail| trail.is_proof_of(address));
        let mut sightings: Vec<Sighting> = Vec::new();
        let mut see = |address: IpAddr, chain: Vec<HostName>| {
            if !sightings.iter().any(|sighting| sighting.address == address) {
                let trail = direct.iter().find(|trail| trail.remote.ip() == address);
                sightings.push(Sighting {
                    address,
                    chain,
                    is_proven_by_tls: proven(address),
                    measured: trail.and_then(|trail| trail.connect()),
                });
            }
        };
        if let Some(address) = literal {
            see(address, Vec::new());
        }
        for lookup in &self.lookups {
            for address in &lookup.addresses {
                see(*address, lookup.aliases());
            }
        }
        // Without a kind, as names have none, the id alone says what it is.
        let kind = Kind::parse(&self.kind).unwrap_or(Kind::Https);
        Some(Target {
            role: Role::parse(&self.role).unwrap_or_else(|| Role::of_entry(&self.entry, kind)),
            entry: self.entry,
            name,
            port: self.port,
            required: self.required && self.cause.as_deref() != Some("relay_gateway_unassigned"),
            proxy,
            proxies: proxied.iter().fold(Vec::new(), |mut proxies, trail| {
                if !proxies.iter().any(|(address, _)| *address == trail.remote.ip()) {
                    proxies.push((trail.remote.ip(), trail.connect()));
                }
                proxies
            }),
            sightings,
        })
    }
}

impl Lookup {
    fn aliases(&self) -> Vec<HostName> {
        self.chain
            .iter()
            .filter(|link| link.record_type == "CNAME")
            .filter_map(|link| HostName::parse(&link.data).ok())
            .collect()
    }
}

impl Trail {
    /// How the connect ended. What this host's own limits prevented was not measured.
    fn connect(&self) -> Option<Measured> {
        const SEEN: [&str; 5] = ["refused", "timeout", "unreachable", "reset", "local_denied"];
        let step = self.steps.iter().find(|step| step.name == "tcp")?;
        match step.outcome.as_str() {
            "ok" => Some(Measured::Connected),
            outcome if SEEN.contains(&outcome) => {
                Some(Measured::Blocked { outcome: outcome.to_owned() })
            }
            _ => None,
        }
    }

    fn is_proof_of(&self, address: IpAddr) -> bool {
        let is_trusted = |step: &Step| {
            let trust = &step.detail["trust"];
            step.name == "tls"
                && step.outcome == "ok"
                && trust["public"]["outcome"] == "trusted"
                && trust["validity"]["outcome"] == "current"
        };
        self.remote.ip() == address && self.steps.iter().any(is_trusted)
    }
}

#[cfg(test)]
mod tests;
