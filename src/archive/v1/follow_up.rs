//! What was asked again of an endpoint.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::reference::{Numbers, References, Unresolved};
use super::network::OsError;
use super::trail::{Failure, Trail};
use super::{Nanoseconds, to_size};
use crate::model;

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct FollowUps<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    located: Option<Located<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    segments: Vec<SegmentLadder<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    holds: Vec<Trail<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upgrade: Option<Trail<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    revocation: Vec<RevocationHost<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    old_hellos: Vec<OldHello<'a>>,
}

impl<'a> FollowUps<'a> {
    /// `lookups[i]` are the numbers of the lookups of `revocation[i]`.
    pub(crate) fn new(
        follow_ups: &'a model::FollowUps,
        lookups: Vec<Vec<u64>>,
        numbers: &Numbers,
    ) -> Self {
        let model::FollowUps { located, segments, holds, upgrade, revocation, old_hellos } =
            follow_ups;
        let revocation = revocation.iter().zip(lookups);
        Self {
            located: located.as_ref().map(Located::from),
            segments: segments.iter().map(|one| SegmentLadder::new(one, numbers)).collect(),
            holds: holds.iter().map(|trail| Trail::new(trail, numbers)).collect(),
            upgrade: upgrade.as_ref().map(|trail| Trail::new(trail, numbers)),
            revocation: revocation
                .map(|(host, lookups)| RevocationHost::new(host, lookups, numbers))
                .collect(),
            old_hellos: old_hellos.iter().map(OldHello::from).collect(),
        }
    }

    pub(crate) fn resolve(self, references: &References) -> Result<model::FollowUps, Unresolved> {
        let trails = |trails: Vec<Trail<'_>>| {
            trails.into_iter().map(|trail| trail.resolve(references)).collect::<Result<Vec<_>, _>>()
        };
        let segments = self.segments.into_iter().map(|ladder| ladder.resolve(references));
        let revocation = self.revocation.into_iter().map(|host| host.resolve(references));
        Ok(model::FollowUps {
            located: self.located.map(model::Located::from),
            segments: segments.collect::<Result<_, _>>()?,
            holds: trails(self.holds)?,
            upgrade: self.upgrade.map(|trail| trail.resolve(references)).transpose()?,
            revocation: revocation.collect::<Result<_, _>>()?,
            old_hellos: to_size(self.old_hellos.into_iter().map(model::OldHello::from)),
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Located<'a> {
    remote: SocketAddr,
    hops: Vec<Hop<'a>>,
}

impl<'a> From<&'a model::Located> for Located<'a> {
    fn from(located: &'a model::Located) -> Self {
        let hop = |hop: &'a model::Hop| Hop {
            ttl: hop.ttl,
            tcp: (&hop.tcp).into(),
            udp: (&hop.udp).into(),
        };
        Self { remote: located.remote, hops: located.hops.iter().map(hop).collect() }
    }
}

impl From<Located<'_>> for model::Located {
    fn from(located: Located<'_>) -> Self {
        let hop =
            |hop: Hop<'_>| model::Hop { ttl: hop.ttl, tcp: hop.tcp.into(), udp: hop.udp.into() };
        Self { remote: located.remote, hops: to_size(located.hops.into_iter().map(hop)) }
    }
}

#[derive(Serialize, Deserialize)]
struct Hop<'a> {
    ttl: u8,
    tcp: HopAnswer<'a>,
    udp: HopAnswer<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HopAnswer<'a> {
    Silence,
    Expired { from: Option<IpAddr> },
    Answered { os: Option<OsError<'a>>, from: Option<IpAddr> },
    NotSent(OsError<'a>),
}

impl<'a> From<&'a model::HopAnswer> for HopAnswer<'a> {
    fn from(answer: &'a model::HopAnswer) -> Self {
        match answer {
            model::HopAnswer::Silence => Self::Silence,
            model::HopAnswer::Expired { from } => Self::Expired { from: *from },
            model::HopAnswer::Answered { os, from } => {
                Self::Answered { os: os.as_ref().map(OsError::from), from: *from }
            }
            model::HopAnswer::NotSent(os) => Self::NotSent(os.into()),
        }
    }
}

impl From<HopAnswer<'_>> for model::HopAnswer {
    fn from(answer: HopAnswer<'_>) -> Self {
        match answer {
            HopAnswer::Silence => Self::Silence,
            HopAnswer::Expired { from } => Self::Expired { from },
            HopAnswer::Answered { os, from } => {
                Self::Answered { os: os.map(model::OsError::from), from }
            }
            HopAnswer::NotSent(os) => Self::NotSent(os.into()),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct SegmentLadder<'a> {
    remote: SocketAddr,
    rungs: Vec<Rung<'a>>,
}

#[derive(Serialize, Deserialize)]
struct Rung<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    segment: Option<u16>,
    took_ns: Nanoseconds,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Failure<'a>>,
}

impl<'a> SegmentLadder<'a> {
    fn new(ladder: &'a model::SegmentLadder, numbers: &Numbers) -> Self {
        let rung = |rung: &'a model::Rung| Rung {
            segment: rung.segment,
            took_ns: rung.took.into(),
            failure: rung.failure.as_ref().map(|failure| Failure::new(failure, numbers)),
        };
        Self { remote: ladder.remote, rungs: ladder.rungs.iter().map(rung).collect() }
    }

    fn resolve(self, references: &References) -> Result<model::SegmentLadder, Unresolved> {
        let rungs = self.rungs.into_iter().map(|rung| {
            let failure = rung.failure.map(|failure| failure.resolve(references)).transpose()?;
            Ok::<_, Unresolved>(model::Rung {
                segment: rung.segment,
                took: rung.took_ns.into(),
                failure,
            })
        });
        Ok(model::SegmentLadder { remote: self.remote, rungs: rungs.collect::<Result<_, _>>()? })
    }
}

#[derive(Serialize, Deserialize)]
struct RevocationHost<'a> {
    host: Cow<'a, str>,
    port: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<Cow<'a, str>>,
    lookups: Vec<u64>,
    trails: Vec<Trail<'a>>,
}

impl<'a> RevocationHost<'a> {
    fn new(host: &'a model::RevocationHost, lookups: Vec<u64>, numbers: &Numbers) -> Self {
        Self {
            host: host.host.to_string().into(),
            port: host.port,
            path: host.path.as_deref().map(Cow::from),
            lookups,
            trails: host.trails.iter().map(|trail| Trail::new(trail, numbers)).collect(),
        }
    }

    fn resolve(self, references: &References) -> Result<Arc<model::RevocationHost>, Unresolved> {
        let lookups = self.lookups.into_iter().map(|number| references.lookup(number));
        let trails = self.trails.into_iter().map(|trail| trail.resolve(references));
        Ok(Arc::new(model::RevocationHost {
            host: model::Host::parse(&self.host).map_err(Unresolved::Host)?,
            port: self.port,
            path: self.path.map(Cow::into_owned),
            lookups: lookups.collect::<Result<_, _>>()?,
            trails: trails.collect::<Result<_, _>>()?,
        }))
    }
}

#[derive(Serialize, Deserialize)]
struct OldHello<'a> {
    remote: SocketAddr,
    took_ns: Nanoseconds,
    outcome: OldHelloOutcome<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OldHelloOutcome<'a> {
    Chosen { version: u16 },
    Alert { name: Cow<'a, str> },
    Closed,
    Reset(OsError<'a>),
    Silence,
    Unreadable,
    NotConnected,
}

impl<'a> From<&'a model::OldHello> for OldHello<'a> {
    fn from(hello: &'a model::OldHello) -> Self {
        use model::OldHelloOutcome as Outcome;
        let outcome = match &hello.outcome {
            Outcome::Chosen { version } => OldHelloOutcome::Chosen { version: *version },
            Outcome::Alert { name } => OldHelloOutcome::Alert { name: (&**name).into() },
            Outcome::Closed => OldHelloOutcome::Closed,
            Outcome::Reset(os) => OldHelloOutcome::Reset(os.into()),
            Outcome::Silence => OldHelloOutcome::Silence,
            Outcome::Unreadable => OldHelloOutcome::Unreadable,
            Outcome::NotConnected => OldHelloOutcome::NotConnected,
        };
        Self { remote: hello.remote, took_ns: hello.took.into(), outcome }
    }
}

impl From<OldHello<'_>> for model::OldHello {
    fn from(hello: OldHello<'_>) -> Self {
        use model::OldHelloOutcome as Outcome;
        let outcome = match hello.outcome {
            OldHelloOutcome::Chosen { version } => Outcome::Chosen { version },
            OldHelloOutcome::Alert { name } => Outcome::Alert { name: name.into_owned() },
            OldHelloOutcome::Closed => Outcome::Closed,
            OldHelloOutcome::Reset(os) => Outcome::Reset(os.into()),
            OldHelloOutcome::Silence => Outcome::Silence,
            OldHelloOutcome::Unreadable => Outcome::Unreadable,
            OldHelloOutcome::NotConnected => Outcome::NotConnected,
        };
        Self { remote: hello.remote, outcome, took: hello.took_ns.into() }
    }
}

/// What the cloud reports of a node.
#[derive(Serialize, Deserialize)]
pub(super) struct ReportedNode<'a> {
    name: Cow<'a, str>,
    machine: Cow<'a, str>,
    status: Cow<'a, str>,
    capabilities: Vec<(Cow<'a, str>, bool)>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    version: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    version_status: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    latest_version: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auto_update: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_connected: Option<Timestamp>,
}

impl<'a> From<&'a model::ReportedNode> for ReportedNode<'a> {
    fn from(node: &'a model::ReportedNode) -> Self {
        let capabilities = node.capabilities.iter();
        Self {
            name: (&*node.name).into(),
            machine: (&*node.machine).into(),
            status: (&*node.status).into(),
            capabilities: capabilities.map(|(name, can)| ((&**name).into(), *can)).collect(),
            version: (&*node.version).into(),
            version_status: (&*node.version_status).into(),
            latest_version: (&*node.latest_version).into(),
            auto_update: node.auto_update,
            expires: node.expires,
            last_connected: node.last_connected,
        }
    }
}

impl From<ReportedNode<'_>> for model::ReportedNode {
    fn from(node: ReportedNode<'_>) -> Self {
        let capabilities = node.capabilities.into_iter();
        Self {
            name: node.name.into_owned(),
            machine: node.machine.into_owned(),
            status: node.status.into_owned(),
            capabilities: to_size(capabilities.map(|(name, can)| (name.into_owned(), can))),
            version: node.version.into_owned(),
            version_status: node.version_status.into_owned(),
            latest_version: node.latest_version.into_owned(),
            auto_update: node.auto_update,
            expires: node.expires,
            last_connected: node.last_connected,
        }
    }
}
