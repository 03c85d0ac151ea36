//! What was asked again of an endpoint. Connections that were held stand among the trails.

use super::step::{self, Chains};
use super::{host_text, trail};
use crate::model::{self, HopAnswer, HopsFoundBy};
use crate::report_v1::{Hop, Located, OldHello, RevocationHost, Rung, SegmentLadder};

impl<'a> From<&'a model::Located> for Located<'a> {
    fn from(located: &'a model::Located) -> Self {
        let last = located.last_hop();
        Self {
            last_hop: last.and_then(model::Hop::address),
            hops: last.map_or(0, |hop| hop.ttl),
            found_by: match located.found_by() {
                HopsFoundBy::Tcp => None,
                HopsFoundBy::IcmpEcho => Some("icmp_echo".into()),
            },
            remote: Some(located.remote),
            path: located.hops.iter().map(Hop::from).collect(),
        }
    }
}

impl<'a> From<&'a model::Hop> for Hop<'a> {
    fn from(hop: &'a model::Hop) -> Self {
        Self {
            ttl: hop.ttl,
            address: hop.address(),
            tcp: word(&hop.tcp).into(),
            udp: word(&hop.udp).into(),
            echo: Some(&hop.echo).filter(|echo| !echo.is_not_asked()).map(|echo| word(echo).into()),
        }
    }
}

/// `silence`, `time_exceeded`, `accepted`, `not_listened`, `not_asked`, or the system's code.
fn word(answer: &HopAnswer) -> &str {
    match answer {
        HopAnswer::NotAsked => "not_asked",
        HopAnswer::Unheard => "not_listened",
        HopAnswer::Silence => "silence",
        HopAnswer::Expired { .. } => "time_exceeded",
        HopAnswer::Answered { os: None, .. } => "accepted",
        HopAnswer::Answered { os: Some(os), .. } | HopAnswer::NotSent(os) => &os.symbol,
    }
}

pub(super) fn segments<'a>(
    ladder: &'a model::SegmentLadder,
    chains: &mut Chains<'a>,
) -> SegmentLadder<'a> {
    let rung = |rung: &'a model::Rung| Rung {
        max_segment: rung.segment,
        bound: (!rung.bound.is_both()).then(|| "incoming".into()),
        outcome: rung
            .failure
            .as_ref()
            .map_or("ok", |failure| step::outcome(failure, chains))
            .into(),
        took_ms: rung.took.into(),
    };
    SegmentLadder { remote: Some(ladder.remote), rungs: ladder.rungs.iter().map(rung).collect() }
}

pub(super) fn revocation<'a>(
    host: &'a model::RevocationHost,
    chains: &mut Chains<'a>,
) -> RevocationHost<'a> {
    RevocationHost {
        host: host_text(&host.host),
        port: host.port,
        path: host.path.as_deref().map(Into::into),
        answered: host.has_answered(),
        lookups: super::lookups(&host.lookups),
        trails: host.trails.iter().map(|one| trail(one, model::Kind::Http, chains)).collect(),
    }
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
        Self {
            remote: Some(hello.remote),
            outcome: outcome.into(),
            version: version.map(Into::into),
            alert: alert.map(Into::into),
            took_ms: hello.took.into(),
        }
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
