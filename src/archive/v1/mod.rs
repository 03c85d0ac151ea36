//! Version 1 of the archive's lines. The model's leaves are saved as they derive serde; the structs
//! here are what is shaped otherwise in a file, above all what refers to other lines by number. The
//! format changes only by optional fields.
//!
//! Whoever reads an archive ignores fields and line types it does not know, so that a later
//! program may add what an earlier one can do without. What an earlier one cannot do without
//! needs a new [`SCHEMA`].
//!
//! `reference` and this module name each other: it follows the numbers that these lines hold, and
//! the lines are made with the numbers that it gives. The two are one format.

mod certificate;
mod dns;
mod endpoint;
mod follow_up;
mod proxy;
mod route;
mod trail;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(super) use certificate::{Certificate, Fingerprint, Presented};
pub(super) use dns::Lookup;
use endpoint::Endpoint;
pub(super) use follow_up::FollowUps;
use route::RouteChoice;
pub(super) use trail::Trail;

use super::reference::{References, Unresolved};
use crate::model::{
    self, HostRuntime, Obstacle, Pending, Proxied, Redacted, ReportedNode, Vantage, serial,
};

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
    #[serde(rename = "took_ns", with = "serial::nanoseconds")]
    took: Duration,
    options: Cow<'a, [String]>,
    vantage: Cow<'a, Vantage>,
    cloud: Cow<'a, str>,
    lists: Cow<'a, [String]>,
    private_networks: Cow<'a, [IpNet]>,
    is_resolver_given: bool,
    is_self_contained: bool,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    agent_files_differ: Cow<'a, [String]>,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    nodes: Cow<'a, [ReportedNode]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    runtime: Option<Cow<'a, HostRuntime>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redacted: Option<Cow<'a, Redacted>>,
}

impl<'a> Run<'a> {
    /// The line that announces `records` records of `run`.
    pub(super) fn new(run: &'a model::Run, records: usize) -> Self {
        Self {
            schema: SCHEMA.into(),
            version: (&*run.version).into(),
            records: u64::try_from(records).ok(),
            started_at: run.started_at,
            took: run.took,
            options: Cow::from(&run.options),
            vantage: Cow::Borrowed(&run.vantage),
            cloud: (&*run.cloud).into(),
            lists: Cow::from(&run.lists),
            private_networks: Cow::from(&run.private_networks),
            is_resolver_given: run.is_resolver_given,
            is_self_contained: run.is_self_contained,
            agent_files_differ: Cow::from(&run.agent_files_differ),
            nodes: Cow::from(&run.nodes),
            runtime: run.runtime.as_ref().map(Cow::Borrowed),
            redacted: run.redacted.as_ref().map(Cow::Borrowed),
        }
    }
}

impl From<Run<'_>> for model::Run {
    fn from(run: Run<'_>) -> Self {
        Self {
            version: run.version.into_owned(),
            started_at: run.started_at,
            took: run.took,
            options: run.options.into_owned(),
            vantage: run.vantage.into_owned(),
            cloud: run.cloud.into_owned(),
            lists: run.lists.into_owned(),
            private_networks: run.private_networks.into_owned(),
            is_resolver_given: run.is_resolver_given,
            is_self_contained: run.is_self_contained,
            control: None,
            agent_files_differ: run.agent_files_differ.into_owned(),
            absent: Vec::new(),
            nodes: run.nodes.into_owned(),
            runtime: run.runtime.map(Cow::into_owned),
            redacted: run.redacted.map(Cow::into_owned),
            kept_in: None,
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

/// What name servers answered for names that cannot exist (`run.absent`).
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
    obstacle: Option<Cow<'a, Obstacle>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pending: Option<Cow<'a, Pending>>,
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
            obstacle: record.obstacle.as_ref().map(Cow::Borrowed),
            pending: record.pending.as_ref().map(Cow::Borrowed),
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
            obstacle: self.obstacle.map(Cow::into_owned),
            pending: self.pending.map(Cow::into_owned),
            at: self.at,
        })
    }
}

/// How a proxy's own name resolved.
#[derive(Serialize, Deserialize)]
pub(super) struct ProxyLookup<'a> {
    proxy: Cow<'a, Proxied>,
    lookups: Vec<u64>,
}

impl<'a> ProxyLookup<'a> {
    pub(super) fn new(proxy: &'a Proxied, lookups: Vec<u64>) -> Self {
        Self { proxy: Cow::Borrowed(proxy), lookups }
    }

    fn resolve(self, references: &References) -> Result<model::ProxyLookup, Unresolved> {
        let lookups = self.lookups.into_iter().map(|number| references.lookup(number));
        Ok(model::ProxyLookup {
            proxy: self.proxy.into_owned(),
            lookups: lookups.collect::<Result<_, _>>()?,
        })
    }
}
