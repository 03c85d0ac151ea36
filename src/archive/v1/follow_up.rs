//! What was asked again of an endpoint.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::reference::{Numbers, References, Unresolved};
use super::trail::{Failure, Trail};
use crate::model::{self, Located, OldHello, SegmentBound, serial};

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct FollowUps<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    located: Option<Cow<'a, Located>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    segments: Vec<SegmentLadder<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    holds: Vec<Trail<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upgrade: Option<Trail<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    revocation: Vec<RevocationHost<'a>>,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    old_hellos: Cow<'a, [OldHello]>,
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
            located: located.as_ref().map(Cow::Borrowed),
            segments: segments.iter().map(|one| SegmentLadder::new(one, numbers)).collect(),
            holds: holds.iter().map(|trail| Trail::new(trail, numbers)).collect(),
            upgrade: upgrade.as_ref().map(|trail| Trail::new(trail, numbers)),
            revocation: revocation
                .map(|(host, lookups)| RevocationHost::new(host, lookups, numbers))
                .collect(),
            old_hellos: Cow::from(old_hellos),
        }
    }

    pub(crate) fn resolve(self, references: &References) -> Result<model::FollowUps, Unresolved> {
        let trails = |trails: Vec<Trail<'_>>| {
            trails.into_iter().map(|trail| trail.resolve(references)).collect::<Result<Vec<_>, _>>()
        };
        let segments = self.segments.into_iter().map(|ladder| ladder.resolve(references));
        let revocation = self.revocation.into_iter().map(|host| host.resolve(references));
        Ok(model::FollowUps {
            located: self.located.map(Cow::into_owned),
            segments: segments.collect::<Result<_, _>>()?,
            holds: trails(self.holds)?,
            upgrade: self.upgrade.map(|trail| trail.resolve(references)).transpose()?,
            revocation: revocation.collect::<Result<_, _>>()?,
            old_hellos: self.old_hellos.into_owned(),
        })
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
    #[serde(default, skip_serializing_if = "SegmentBound::is_both")]
    bound: SegmentBound,
    #[serde(rename = "took_ns", with = "serial::nanoseconds")]
    took: Duration,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Failure<'a>>,
}

impl<'a> SegmentLadder<'a> {
    fn new(ladder: &'a model::SegmentLadder, numbers: &Numbers) -> Self {
        let rung = |rung: &'a model::Rung| Rung {
            segment: rung.segment,
            bound: rung.bound,
            took: rung.took,
            failure: rung.failure.as_ref().map(|failure| Failure::new(failure, numbers)),
        };
        Self { remote: ladder.remote, rungs: ladder.rungs.iter().map(rung).collect() }
    }

    fn resolve(self, references: &References) -> Result<model::SegmentLadder, Unresolved> {
        let rungs = self.rungs.into_iter().map(|rung| {
            let failure = rung.failure.map(|failure| failure.resolve(references)).transpose()?;
            let Rung { segment, bound, took, .. } = rung;
            Ok::<_, Unresolved>(model::Rung { segment, bound, failure, took })
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
