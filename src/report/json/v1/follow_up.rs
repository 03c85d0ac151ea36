//! What was asked again of an endpoint: `located`, `segments`, `upgrade`, `revocation`. Connections
//! that were held stand among the trails.

use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

use super::step::Chains;
use super::{Lookup, Milliseconds, Trail, as_text};
use crate::model::{self, HopAnswer};

/// Where a silent address is blocked.
#[derive(Serialize)]
pub(super) struct Located<'a> {
    /// Which router answered last, as far as it is known.
    last_hop: Option<IpAddr>,
    /// Its number of hops from here; 0 where none answered.
    hops: u8,
    remote: SocketAddr,
    /// Every time to live that was tried.
    path: Vec<Hop<'a>>,
}

impl<'a> From<&'a model::Located> for Located<'a> {
    fn from(located: &'a model::Located) -> Self {
        let last = located.last_hop();
        Self {
            last_hop: last.and_then(model::Hop::address),
            hops: last.map_or(0, |hop| hop.ttl),
            remote: located.remote,
            path: located.hops.iter().map(Hop::from).collect(),
        }
    }
}

#[derive(Serialize)]
struct Hop<'a> {
    ttl: u8,
    address: Option<IpAddr>,
    tcp: &'a str,
    udp: &'a str,
}

impl<'a> From<&'a model::Hop> for Hop<'a> {
    fn from(hop: &'a model::Hop) -> Self {
        Self { ttl: hop.ttl, address: hop.address(), tcp: word(&hop.tcp), udp: word(&hop.udp) }
    }
}

/// `silence`, `time_exceeded`, `accepted`, or the system's code.
fn word(answer: &HopAnswer) -> &str {
    match answer {
        HopAnswer::Silence => "silence",
        HopAnswer::Expired { .. } => "time_exceeded",
        HopAnswer::Answered { os: None, .. } => "accepted",
        HopAnswer::Answered { os: Some(os), .. } | HopAnswer::NotSent(os) => &os.symbol,
    }
}

/// A silent handshake, begun again with small segments.
#[derive(Serialize)]
pub(super) struct SegmentLadder {
    remote: SocketAddr,
    rungs: Vec<Rung>,
}

#[derive(Serialize)]
struct Rung {
    /// Missing where nothing was limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_segment: Option<u16>,
    /// `ok`, or how it failed, in the words of steps.
    outcome: &'static str,
    took_ms: Milliseconds,
}

impl SegmentLadder {
    pub(super) fn new(ladder: &model::SegmentLadder, chains: &mut Chains) -> Self {
        let rung = |rung: &model::Rung| Rung {
            max_segment: rung.segment,
            outcome: rung
                .failure
                .as_ref()
                .map_or("ok", |failure| super::step::outcome(failure, chains)),
            took_ms: rung.took.into(),
        };
        Self { remote: ladder.remote, rungs: ladder.rungs.iter().map(rung).collect() }
    }
}

/// Who says whether the chain is revoked.
#[derive(Serialize)]
pub(super) struct RevocationHost<'a> {
    #[serde(serialize_with = "as_text")]
    host: &'a model::Host,
    port: u16,
    /// What was asked for, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    answered: bool,
    lookups: Vec<Lookup<'a>>,
    trails: Vec<Trail<'a>>,
}

impl<'a> RevocationHost<'a> {
    pub(super) fn new(host: &'a model::RevocationHost, chains: &mut Chains) -> Self {
        let trail = |trail| Trail::new(trail, model::Kind::Http, chains);
        Self {
            host: &host.host,
            port: host.port,
            path: host.path.as_deref(),
            answered: host.has_answered(),
            lookups: host.lookups.iter().map(|lookup| Lookup::from(&**lookup)).collect(),
            trails: host.trails.iter().map(trail).collect(),
        }
    }
}

/// A handshake that was ended without a word, begun again with TLS 1.1 and 1.0 alone.
#[derive(Serialize)]
pub(super) struct OldHello<'a> {
    remote: SocketAddr,
    /// `server_hello`, `alert`, `closed`, `reset`, `silence`, `unreadable`, `not_connected`.
    outcome: &'static str,
    /// Of a ServerHello: what it chooses, `1.0` or `1.1`, or four hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<&'a str>,
    took_ms: Milliseconds,
}

impl<'a> From<&'a model::OldHello> for OldHello<'a> {
    fn from(hello: &'a model::OldHello) -> Self {
        use model::OldHelloOutcome as Outcome;
        let (outcome, version, alert) = match &hello.outcome {
            Outcome::Chosen { version } => ("server_hello", Some(version_number(*version)), None),
            Outcome::Alert { name } => ("alert", None, Some(&**name)),
            Outcome::Closed => ("closed", None, None),
            Outcome::Reset(_) => ("reset", None, None),
            Outcome::Silence => ("silence", None, None),
            Outcome::Unreadable => ("unreadable", None, None),
            Outcome::NotConnected => ("not_connected", None, None),
        };
        Self { remote: hello.remote, outcome, version, alert, took_ms: hello.took.into() }
    }
}

/// RFC 8446 section 4.1.2: the numbers on the wire count from SSL 3.0.
fn version_number(version: u16) -> String {
    match version {
        0x0301 => "1.0".to_owned(),
        0x0302 => "1.1".to_owned(),
        other => format!("{other:04x}"),
    }
}
