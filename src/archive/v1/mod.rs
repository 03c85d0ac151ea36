//! Version 1 of the archive's lines. These structs are the format: the model can change without
//! them, and they change only by optional fields.
//!
//! Whoever reads an archive ignores fields and line types it does not know, so that a later
//! program may add what an earlier one can do without. What an earlier one cannot do without
//! needs a new [`SCHEMA`].

mod certificate;
mod dns;
mod endpoint;
mod follow_up;
mod network;
mod proxy;
mod route;
mod trail;

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(super) use certificate::{Certificate, Fingerprint, Presented};
pub(super) use dns::Lookup;
use endpoint::Endpoint;
pub(super) use follow_up::FollowUps;
use follow_up::ReportedNode;
use network::{Obstacle, Pending};
use route::RouteChoice;
pub(super) use trail::Trail;

use super::reference::{References, Unresolved};
use crate::model;

/// What the first line says.
pub(super) const SCHEMA: &str = "pathproof.records/1";

/// What every line can be read as.
#[derive(Deserialize)]
pub(super) struct Tag<'a> {
    #[serde(rename = "type")]
    pub(super) line: Cow<'a, str>,
}

/// What the first line of every version can be read as.
#[derive(Deserialize)]
pub(super) struct Version<'a> {
    pub(super) schema: Cow<'a, str>,
}

/// The first line: what holds for the whole run.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename = "run")]
pub(super) struct Run<'a> {
    schema: Cow<'a, str>,
    version: Cow<'a, str>,
    /// How many `record` lines follow, so that a file cut between two lines is noticed. Absent in
    /// files written by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) records: Option<u64>,
    started_at: Timestamp,
    took_ns: Nanoseconds,
    options: Vec<Cow<'a, str>>,
    vantage: Vantage<'a>,
    cloud: Cow<'a, str>,
    lists: Vec<Cow<'a, str>>,
    private_networks: Vec<IpNet>,
    is_resolver_given: bool,
    is_self_contained: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    agent_files_differ: Vec<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    nodes: Vec<ReportedNode<'a>>,
}

impl<'a> Run<'a> {
    /// The line that announces `records` records of `run`.
    pub(super) fn new(run: &'a model::Run, records: usize) -> Self {
        Self {
            schema: SCHEMA.into(),
            version: (&*run.version).into(),
            records: u64::try_from(records).ok(),
            started_at: run.started_at,
            took_ns: run.took.into(),
            options: borrow_all(&run.options),
            vantage: (&run.vantage).into(),
            cloud: (&*run.cloud).into(),
            lists: borrow_all(&run.lists),
            private_networks: run.private_networks.clone(),
            is_resolver_given: run.is_resolver_given,
            is_self_contained: run.is_self_contained,
            agent_files_differ: borrow_all(&run.agent_files_differ),
            nodes: run.nodes.iter().map(ReportedNode::from).collect(),
        }
    }
}

impl From<Run<'_>> for model::Run {
    fn from(run: Run<'_>) -> Self {
        Self {
            version: run.version.into_owned(),
            started_at: run.started_at,
            took: run.took_ns.into(),
            options: own_all(run.options),
            vantage: run.vantage.into(),
            cloud: run.cloud.into_owned(),
            lists: own_all(run.lists),
            private_networks: run.private_networks,
            is_resolver_given: run.is_resolver_given,
            is_self_contained: run.is_self_contained,
            control: None,
            agent_files_differ: own_all(run.agent_files_differ),
            absent: Vec::new(),
            nodes: to_size(run.nodes.into_iter().map(model::ReportedNode::from)),
            kept_in: None,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Vantage<'a> {
    hostname: Cow<'a, str>,
    os: Cow<'a, str>,
    account: Cow<'a, str>,
    addresses: Vec<IpAddr>,
    resolvers: Vec<SocketAddr>,
    proxy_source: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proxy_url: Option<Cow<'a, str>>,
}

impl<'a> From<&'a model::Vantage> for Vantage<'a> {
    fn from(vantage: &'a model::Vantage) -> Self {
        Self {
            hostname: (&*vantage.hostname).into(),
            os: (&*vantage.os).into(),
            account: (&*vantage.account).into(),
            addresses: vantage.addresses.clone(),
            resolvers: vantage.resolvers.clone(),
            proxy_source: (&*vantage.proxy_source).into(),
            proxy_url: vantage.proxy_url.as_deref().map(Cow::from),
        }
    }
}

impl From<Vantage<'_>> for model::Vantage {
    fn from(vantage: Vantage<'_>) -> Self {
        Self {
            hostname: vantage.hostname.into_owned(),
            os: vantage.os.into_owned(),
            account: vantage.account.into_owned(),
            addresses: vantage.addresses,
            resolvers: vantage.resolvers,
            proxy_source: vantage.proxy_source.into_owned(),
            proxy_url: vantage.proxy_url.map(Cow::into_owned),
        }
    }
}

/// What the control address did (`run.control`). A line of its own: it may refer to certificates,
/// and nothing stands before the first line.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename = "control")]
pub(super) struct Control<'a> {
    pub(super) trail: Trail<'a>,
}

/// What was said of names that cannot exist (`run.absent`).
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename = "absent")]
pub(super) struct Absent {
    pub(super) lookups: Vec<u64>,
}

/// Everything seen for one probe.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename = "record")]
pub(super) struct Record<'a> {
    endpoint: Endpoint<'a>,
    route: RouteChoice<'a>,
    lookups: Vec<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    proxies: Vec<ProxyLookup<'a>>,
    trails: Vec<Trail<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    follow_ups: Option<Box<FollowUps<'a>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    obstacle: Option<Obstacle<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pending: Option<Pending>,
    at: Timestamp,
}

impl<'a> Record<'a> {
    /// The line of `record`, whose lookups have these numbers and whose trails are these.
    pub(super) fn new(
        record: &'a model::Record,
        lookups: Vec<u64>,
        proxies: Vec<ProxyLookup<'a>>,
        trails: Vec<Trail<'a>>,
        follow_ups: Option<Box<FollowUps<'a>>>,
    ) -> Self {
        Self {
            endpoint: (&*record.endpoint).into(),
            route: (&record.route).into(),
            lookups,
            proxies,
            trails,
            follow_ups,
            obstacle: record.obstacle.as_ref().map(Obstacle::from),
            pending: record.pending.as_ref().map(Pending::from),
            at: record.at,
        }
    }

    /// The record, with what it refers to.
    pub(super) fn resolve(self, references: &References) -> Result<model::Record, Unresolved> {
        let mut lookups = Vec::with_capacity(self.lookups.len());
        for number in self.lookups {
            lookups.push(references.lookup(number)?);
        }
        let proxies = self.proxies.into_iter().map(|proxy| proxy.resolve(references));
        let proxies = proxies.collect::<Result<_, _>>()?;
        let mut trails = Vec::with_capacity(self.trails.len());
        for trail in self.trails {
            trails.push(trail.resolve(references)?);
        }
        let follow_ups = self.follow_ups.map(|asked| asked.resolve(references)).transpose()?;
        Ok(model::Record {
            endpoint: Arc::new(self.endpoint.into()),
            route: self.route.into(),
            lookups,
            proxies,
            trails,
            follow_ups: follow_ups.unwrap_or_default(),
            obstacle: self.obstacle.map(model::Obstacle::from),
            pending: self.pending.map(model::Pending::from),
            at: self.at,
        })
    }
}

/// How a proxy's own name resolved.
#[derive(Serialize, Deserialize)]
pub(super) struct ProxyLookup<'a> {
    proxy: Cow<'a, str>,
    lookups: Vec<u64>,
}

impl<'a> ProxyLookup<'a> {
    pub(super) fn new(proxy: &'a model::Proxied, lookups: Vec<u64>) -> Self {
        Self { proxy: (&*proxy.url).into(), lookups }
    }

    fn resolve(self, references: &References) -> Result<model::ProxyLookup, Unresolved> {
        let lookups = self.lookups.into_iter().map(|number| references.lookup(number));
        Ok(model::ProxyLookup {
            proxy: model::Proxied { url: Arc::from(&*self.proxy) },
            lookups: lookups.collect::<Result<_, _>>()?,
        })
    }
}

/// A length of time in nanoseconds: nothing is lost, and 64 bits hold five centuries.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
struct Nanoseconds(u64);

impl From<Duration> for Nanoseconds {
    fn from(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl From<Nanoseconds> for Duration {
    fn from(nanoseconds: Nanoseconds) -> Self {
        Self::from_nanos(nanoseconds.0)
    }
}

fn borrow_all(texts: &[String]) -> Vec<Cow<'_, str>> {
    texts.iter().map(|text| Cow::from(&**text)).collect()
}

fn own_all(texts: Vec<Cow<'_, str>>) -> Vec<String> {
    to_size(texts.into_iter().map(Cow::into_owned))
}

/// Collects into exactly as much memory as is needed. Vectors that were parsed have room for four
/// at least, `collect` would take that room over, and records stay in memory by the hundred
/// thousand.
fn to_size<T>(items: impl ExactSizeIterator<Item = T>) -> Vec<T> {
    let mut kept = Vec::with_capacity(items.len());
    kept.extend(items);
    kept
}

/// A wire enum of words, each the same as a domain enum's variant of that name.
macro_rules! words {
    ($name:ident { $($variant:ident),+ $(,)? }) => {
        #[derive(Clone, Copy, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum $name { $($variant),+ }

        impl From<model::$name> for $name {
            fn from(word: model::$name) -> Self {
                match word { $(model::$name::$variant => Self::$variant),+ }
            }
        }

        impl From<$name> for model::$name {
            fn from(word: $name) -> Self {
                match word { $($name::$variant => Self::$variant),+ }
            }
        }
    };
}
use words;
