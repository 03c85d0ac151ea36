//! Everything that was seen, and nothing that was concluded.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::dns::Lookup;
use super::endpoint::Endpoint;
use super::follow_up::{FollowUps, ReportedNode};
use super::host_runtime::HostRuntime;
use super::obstacle::{Obstacle, Pending};
use super::route::{Proxied, RouteChoice};
use super::trail::Trail;

/// A whole run: the seam between probing and diagnosis. Saved and read back it gives the same
/// report with no network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records {
    /// What holds for all of it.
    pub run: Run,
    /// One per endpoint and configured route.
    pub records: Vec<Record>,
}

/// What holds for the whole run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// The version of the program that measured.
    pub version: String,
    pub started_at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// The options as given, secrets taken out.
    pub options: Vec<String>,
    /// The host that the run was made from.
    pub vantage: Vantage,
    /// Which cloud: `public`, `usgov`, `china`.
    pub cloud: String,
    /// The lists that were used, as `adf-shir`.
    pub lists: Vec<String>,
    /// `--private-cidr`; empty means any private address.
    pub private_networks: Vec<IpNet>,
    /// The name servers were given by `--resolver`.
    pub is_resolver_given: bool,
    /// The runtime needs no relay (self-contained interactive authoring).
    pub is_self_contained: bool,
    /// What happened when an address that cannot answer (192.0.2.1, RFC 5737) was asked: a
    /// middlebox that accepts everything accepts this too. `None` where it was not asked.
    pub control: Option<Trail>,
    /// How the agent's two configuration files differ, a sentence each; empty where they agree or
    /// are not there.
    pub agent_files_differ: Vec<String>,
    /// What the name servers said of names that cannot exist: one that answers with an address lies
    /// about every name it does not know. Empty where it was not asked.
    pub absent: Vec<Arc<Lookup>>,
    /// What the cloud reports of the runtime's nodes, where it was given.
    pub nodes: Vec<ReportedNode>,
    /// What was found of the runtime on this host, where there is one.
    pub runtime: Option<HostRuntime>,
    /// What the placeholders of addresses stand in for, where the records are redacted.
    pub redacted: Option<Redacted>,
    /// The file that these records, or a JSON report of them, are in: for commands that go on from
    /// them. Not saved itself.
    pub kept_in: Option<String>,
}

/// That names, users and addresses of the measuring side were replaced, and how its addresses are
/// called in text. An address's place in a record holds a stand-in of the same class, so that
/// whatever is judged by it is judged alike.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redacted {
    /// One for each stand-in, in the order of the labels.
    pub addresses: Vec<StandIn>,
}

/// An address or a network that stands in for one of the measuring side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandIn {
    /// What text calls it: `address-1`, `network-1`.
    pub label: String,
    /// The stand-in as it is in the records: `10.91.7.20`, `10.91.0.0/16`.
    pub shown: String,
}

/// From where the run was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vantage {
    pub hostname: String,
    /// Operating system and version.
    pub os: String,
    /// The account the program ran as.
    pub account: String,
    /// This host's own addresses, loopback and link-local left out.
    pub addresses: Vec<IpAddr>,
    /// The name servers that were asked.
    pub resolvers: Vec<SocketAddr>,
    /// Where the proxy configuration was taken from, in words; `none` where there is none.
    pub proxy_source: String,
    /// The proxy, without credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_url: Option<String>,
}

/// Everything seen for one probe: an endpoint by its configured route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub endpoint: Arc<Endpoint>,
    /// Which way it is meant and configured to go.
    pub route: RouteChoice,
    /// What each resolver said, in the order of the resolvers. Empty for IP literals and patterns.
    pub lookups: Vec<Arc<Lookup>>,
    /// The proxies that trails were to go through, each with the lookups of its own name.
    pub proxies: Vec<ProxyLookup>,
    /// One per address and route, in the order of the routes, then of the addresses. By a proxy
    /// the address is the proxy's.
    pub trails: Vec<Trail>,
    /// What was asked again because of what was seen.
    pub follow_ups: FollowUps,
    /// What kept the record from being whole, if anything did.
    pub obstacle: Option<Obstacle>,
    /// What was being waited for when the run was ended, where no trail says it.
    pub pending: Option<Pending>,
    /// When the last step ended: the `now` of its certificates' dates.
    pub at: Timestamp,
}

/// How a proxy's own name resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyLookup {
    pub proxy: Proxied,
    /// What each resolver said, in the order of the resolvers. Empty for an IP literal.
    pub lookups: Vec<Arc<Lookup>>,
}
