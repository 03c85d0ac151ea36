//! What must be reachable, and what is expected of it.

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::host_runtime::Sighting;
use super::name::Host;
use super::role::Role;
use super::serial;

/// The entry of every gateway of a relay: no list holds it.
pub const RELAY_GATEWAY: &str = "relay-gateway";

/// An entry of a list made concrete (or shown as written, where nothing makes it so).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The entry's id: `relay`, `control`, …; `relay-gateway`, `endpoint` and `peer` for what no
    /// list holds. A label: what decides is the role.
    pub entry: String,
    /// What it is to the runtime.
    pub role: Role,
    /// What is to be reached.
    pub subject: Subject,
    /// The port, 1 to 65535.
    pub port: u16,
    /// What proves that it works.
    pub kind: Kind,
    /// What it is for, in one sentence.
    pub purpose: String,
    /// The document that says so, with its date; empty where none does.
    pub source_document: String,
    /// Whether the runtime needs it.
    pub required: bool,
    /// Where it came from.
    pub origin: Origin,
    /// Where it was seen on this host, for one that was found there.
    pub discovered: Option<Sighting>,
    /// The position of its entry in the lists: reports are sorted by it, then by host.
    pub order: u32,
    /// What is expected of its name and its answers.
    pub expect: Expectation,
}

impl Endpoint {
    /// The host and the port as `host:port`, an IPv6 literal in brackets.
    #[must_use]
    pub fn host_port(&self) -> String {
        match &self.subject {
            Subject::Host(Host::Address(address)) => {
                SocketAddr::new(*address, self.port).to_string()
            }
            subject => format!("{subject}:{}", self.port),
        }
    }
}

/// A concrete host, or a pattern that stays as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A host can be probed.
    Host(Host),
    /// A wildcard (`*.servicebus.windows.net`) or template (`{factory}.…`) with nothing to make it
    /// concrete.
    Pattern(String),
}

impl Subject {
    /// The host, where it is concrete.
    #[must_use]
    pub const fn host(&self) -> Option<&Host> {
        match self {
            Self::Host(host) => Some(host),
            Self::Pattern(_) => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => host.fmt(f),
            Self::Pattern(pattern) => f.write_str(pattern),
        }
    }
}

/// What proves that an endpoint works (contract, Status).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// TLS verified under the public roots, and an HTTP answer of the service.
    Https,
    /// The same, with the relay's own fingerprint.
    Relay,
    /// TLS verified for the name.
    Tls,
    /// A pre-login answer of SQL Server (MS-TDS 2.2.6.5).
    Tds,
    /// An HTTP answer in clear text.
    Http,
    /// A TCP connection that is accepted.
    Tcp,
}

impl Kind {
    /// Every kind, in the contract's order.
    pub const ALL: [Self; 6] =
        [Self::Https, Self::Relay, Self::Tls, Self::Tds, Self::Http, Self::Tcp];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Relay => "relay",
            Self::Tls => "tls",
            Self::Tds => "tds",
            Self::Http => "http",
            Self::Tcp => "tcp",
        }
    }

    /// The kind of this word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether its proof begins with a TLS handshake.
    #[must_use]
    pub const fn speaks_tls(self) -> bool {
        matches!(self, Self::Https | Self::Relay | Self::Tls)
    }
}

/// Where an endpoint came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// An entry of an endpoint list.
    List,
    /// A service URL (`--service-urls`).
    ServiceUrls,
    /// The control host of an authentication key.
    AuthKey,
    /// `--endpoint` or `--peer`.
    Option,
    /// The runtime on this host uses it: its configuration, its event log or the DNS cache.
    Discovered,
    /// Concluded from other input (`serviceRegion`).
    Derived,
    /// A gateway of a relay's deployment, found from its chain.
    Gateway,
}

impl Origin {
    pub const ALL: [Self; 7] = [
        Self::List,
        Self::ServiceUrls,
        Self::AuthKey,
        Self::Option,
        Self::Discovered,
        Self::Derived,
        Self::Gateway,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::ServiceUrls => "service-urls",
            Self::AuthKey => "auth-key",
            Self::Option => "option",
            Self::Discovered => "discovered",
            Self::Derived => "derived",
            Self::Gateway => "gateway",
        }
    }

    /// The origin of this word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.as_str() == text)
    }
}

/// What an endpoint's name and answers are measured against.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// Which path the name must take.
    pub reach: Reach,
    /// The private-link zones of this service (`privatelink.servicebus.windows.net`), for remedies.
    #[serde(deserialize_with = "serial::fitted")]
    pub private_zones: Vec<String>,
    /// The service's own domains: a redirect to a host outside them is a captive portal's. The
    /// endpoint's own name always counts.
    #[serde(deserialize_with = "serial::fitted")]
    pub service_domains: Vec<String>,
    /// What the answer must show.
    pub fingerprint: Fingerprint,
    /// The service tags whose ranges should hold its public addresses; empty where Azure does not
    /// host it.
    #[serde(deserialize_with = "serial::fitted")]
    pub service_tags: Vec<String>,
}

/// Which path a name must take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Private or public, as its chain says.
    #[default]
    Any,
    /// Public only: relay, download.
    Public,
    /// To a private endpoint: the user said so (`--private`).
    Private,
}

/// What an HTTP answer must show to be the service's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fingerprint {
    /// Nothing documented: any answer that is no block page.
    #[default]
    None,
    /// The root of a relay namespace without a token (facts.md, section 6; Microsoft's
    /// service-bus-troubleshooting-guide): an Atom feed "Publicly Listed Services", or an error
    /// with a tracking id.
    RelayNamespace,
}
