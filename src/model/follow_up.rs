//! What was asked again because of what was seen first: where a silent address is blocked, whether
//! small packets pass, how long an idle connection lives, who answers for revocation.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::dns::Lookup;
use super::name::Host;
use super::obstacle::{OsError, TimeoutBy};
use super::serial;
use super::step::{Failure, HttpAnswer};
use super::trail::Trail;

/// What was asked again of one endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FollowUps {
    /// `--locate`: how far packets to a silent address come.
    pub located: Option<Located>,
    /// Handshakes that were not answered, begun again with small segments; one for each address.
    pub segments: Vec<SegmentLadder>,
    /// `--hold`: one connection for each pause, all to one address; the last step of each is
    /// `hold`.
    pub holds: Vec<Trail>,
    /// `--hold`: a WebSocket upgrade on the relay's path, without a token.
    pub upgrade: Option<Trail>,
    /// Who says whether the certificates that were shown are revoked.
    pub revocation: Vec<Arc<RevocationHost>>,
    /// Handshakes that ended without an alert, begun again with old versions of TLS; one for each
    /// address.
    pub old_hellos: Vec<OldHello>,
}

impl FollowUps {
    /// Whether nothing was asked again.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.located.is_none()
            && self.segments.is_empty()
            && self.holds.is_empty()
            && self.upgrade.is_none()
            && self.revocation.is_empty()
            && self.old_hellos.is_empty()
    }
}

/// How far packets to a silent address come, by their time to live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Located {
    /// Which address and port.
    pub remote: SocketAddr,
    /// One for each time to live, from 1.
    pub hops: Vec<Hop>,
}

impl Located {
    /// Which packets its last hop is known by.
    #[must_use]
    pub fn found_by(&self) -> HopsFoundBy {
        let is_unheard = self.hops.iter().any(|hop| hop.tcp == HopAnswer::Unheard);
        if is_unheard && !self.hops.iter().any(|hop| hop.tcp.is_expired()) {
            HopsFoundBy::IcmpEcho
        } else {
            HopsFoundBy::Tcp
        }
    }

    /// The last hop that answered a connect to the real port, or, where routers' answers to those
    /// were not listened to, an echo request.
    #[must_use]
    pub fn last_hop(&self) -> Option<&Hop> {
        let by = self.found_by();
        self.hops.iter().rev().find(|hop| match by {
            HopsFoundBy::Tcp => hop.tcp.is_expired(),
            HopsFoundBy::IcmpEcho => hop.echo.is_expired(),
        })
    }
}

/// Which packets show how far the way goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HopsFoundBy {
    /// SYNs to the real port.
    Tcp,
    /// Echo requests: the system keeps to itself what routers say of a connect.
    IcmpEcho,
}

/// What came back from packets of one time to live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// The time to live they were sent with.
    pub ttl: u8,
    /// The answer to a SYN to the real port.
    pub tcp: HopAnswer,
    /// The answer to a datagram to a port where nobody listens; routers answer both alike.
    pub udp: HopAnswer,
    /// The answer to an ICMP echo request, which Windows sends in place of the datagram.
    #[serde(default, skip_serializing_if = "HopAnswer::is_not_asked")]
    pub echo: HopAnswer,
}

impl Hop {
    /// The answer to the packet that went beside the SYN: the datagram, or the echo request.
    #[must_use]
    pub const fn beside(&self) -> &HopAnswer {
        if self.echo.is_not_asked() { &self.udp } else { &self.echo }
    }

    /// Whether nothing came back from any of its packets.
    #[must_use]
    pub const fn is_silent(&self) -> bool {
        !self.tcp.has_come() && !self.beside().has_come()
    }

    /// Which router it was, as far as either answer names it.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        match (&self.tcp, self.beside()) {
            (HopAnswer::Expired { from: Some(from) }, _)
            | (_, HopAnswer::Expired { from: Some(from) }) => Some(*from),
            _ => None,
        }
    }
}

/// What came back from one packet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HopAnswer {
    /// No packet of this kind was sent.
    #[default]
    NotAsked,
    /// Nothing came back.
    Silence,
    /// ICMP time exceeded: a router there received it and passed it on no further.
    Expired {
        /// The address of the router, where the system reports it.
        from: Option<IpAddr>,
    },
    /// The far end's own answer, or ICMP that is no time exceeded.
    Answered {
        /// The system's error; `None` where the connection was accepted.
        os: Option<OsError>,
        /// The address of the sender, where the system reports it.
        from: Option<IpAddr>,
    },
    /// The far end said nothing, and what routers say is not listened to: this system cannot.
    Unheard,
    /// This host could not send it.
    NotSent(OsError),
}

impl HopAnswer {
    /// Whether a router said that the time to live had expired there.
    #[must_use]
    pub const fn is_expired(&self) -> bool {
        matches!(self, Self::Expired { .. })
    }

    /// Whether no packet of this kind was sent.
    #[must_use]
    pub const fn is_not_asked(&self) -> bool {
        matches!(self, Self::NotAsked)
    }

    /// Whether anything came back.
    #[must_use]
    pub const fn has_come(&self) -> bool {
        matches!(self, Self::Expired { .. } | Self::Answered { .. })
    }
}

/// A handshake that was not answered, begun again as it was and with ever smaller segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentLadder {
    /// Which address and port.
    pub remote: SocketAddr,
    /// The handshake without a limit, then from the largest segment to the smallest.
    pub rungs: Vec<Rung>,
}

impl SegmentLadder {
    /// The largest segment with which, as with every smaller one, the handshake was completed,
    /// bytes. `None` where it was completed without a limit too: size was not what it failed for.
    #[must_use]
    pub fn passed(&self) -> Option<u16> {
        if self.again().is_some_and(Rung::is_completed) {
            return None;
        }
        let failed = self.rungs.iter().filter(|rung| !rung.is_completed());
        let lost = failed.filter_map(|rung| rung.segment).min();
        let completed = self.rungs.iter().filter(|rung| rung.is_completed());
        let passed = completed.filter_map(|rung| rung.segment);
        passed.filter(|segment| lost.is_none_or(|lost| *segment < lost)).max()
    }

    /// The handshake as it was, begun once more beside the others; older records have none.
    #[must_use]
    pub fn again(&self) -> Option<&Rung> {
        self.rungs.iter().find(|rung| rung.segment.is_none())
    }
}

/// One handshake of a [`SegmentLadder`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// The largest segment that either side sends, bytes (`TCP_MAXSEG`); `None`: the path's own.
    pub segment: Option<u16>,
    /// In which directions it is the largest.
    pub bound: SegmentBound,
    /// How it failed; `None` where it was completed.
    pub failure: Option<Failure>,
    /// How long it took, the connect included.
    pub took: Duration,
}

impl Rung {
    /// Whether its handshake was completed.
    #[must_use]
    pub const fn is_completed(&self) -> bool {
        self.failure.is_none()
    }
}

/// In which directions a system can keep the segments of a connection small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentBound {
    /// What this side sends, and what it is sent.
    #[default]
    Both,
    /// What it is sent alone: by a small receive window.
    Incoming,
}

impl SegmentBound {
    /// Whether what this side sends is bound too.
    #[must_use]
    pub const fn is_both(&self) -> bool {
        matches!(self, Self::Both)
    }
}

/// A connection that was kept idle and used again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// How long it was to be idle.
    #[serde(rename = "idle_ns", with = "serial::nanoseconds")]
    pub idle: Duration,
    /// How it ended.
    pub outcome: HeldOutcome,
}

/// How an idle connection ended that did not break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldOutcome {
    /// The connection still worked.
    Answered,
    /// The far end closed it in order after this long: what the path would have done is not known.
    Closed {
        /// How long the connection had been idle by then.
        #[serde(rename = "after_ns", with = "serial::nanoseconds")]
        after: Duration,
    },
}

/// An idle connection that broke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldFailure {
    /// What was sent after the pause was not answered.
    Silent {
        /// How long it had been idle.
        #[serde(rename = "idle_ns", with = "serial::nanoseconds")]
        idle: Duration,
        whose: TimeoutBy,
    },
    /// It was reset, in the pause or at its first use after it.
    Reset {
        /// How long it was to be idle.
        #[serde(rename = "idle_ns", with = "serial::nanoseconds")]
        idle: Duration,
        /// After how long it was reset.
        #[serde(rename = "after_ns", with = "serial::nanoseconds")]
        after: Duration,
        os: OsError,
    },
    /// Another error of the operating system.
    Other {
        /// How long it was to be idle.
        #[serde(rename = "idle_ns", with = "serial::nanoseconds")]
        idle: Duration,
        os: OsError,
    },
}

impl HoldFailure {
    /// How long the connection was to be idle.
    #[must_use]
    pub const fn idle(&self) -> Duration {
        match self {
            Self::Silent { idle, .. } | Self::Reset { idle, .. } | Self::Other { idle, .. } => {
                *idle
            }
        }
    }
}

/// A host that certificates name for revocation lists or OCSP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationHost {
    pub host: Host,
    /// The port: 80, except in records of earlier versions.
    pub port: u16,
    /// What was asked for: path and query of the certificate's own URL. Records of earlier versions
    /// have none: they asked for `/`.
    pub path: Option<String>,
    /// What each resolver answered for it.
    pub lookups: Vec<Arc<Lookup>>,
    /// One trail for each address.
    pub trails: Vec<Trail>,
}

impl RevocationHost {
    /// Whether anything answered that may be a list or a responder: a page for people in answer to
    /// a certificate's own URL is somebody else's.
    #[must_use]
    pub fn has_answered(&self) -> bool {
        let is_foreign = |answer: &HttpAnswer| self.path.is_some() && answer.is_html();
        self.trails.iter().filter_map(Trail::http).any(|answer| !is_foreign(answer))
    }
}

/// A handshake that ended after the ClientHello without an alert, begun again with a ClientHello
/// that offers TLS 1.1 and 1.0 alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OldHello {
    /// Which address and port.
    pub remote: SocketAddr,
    /// How long it took, the connect included.
    #[serde(rename = "took_ns", with = "serial::nanoseconds")]
    pub took: Duration,
    /// How it ended.
    pub outcome: OldHelloOutcome,
}

/// How a ClientHello was answered that offers TLS 1.1 and 1.0 alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OldHelloOutcome {
    /// A ServerHello that chooses this version (`0x0301` is TLS 1.0, `0x0302` TLS 1.1).
    Chosen {
        /// The number in the ServerHello.
        version: u16,
    },
    /// A fatal alert (RFC 5246 §7.2), named.
    Alert {
        /// Its name, as `protocol_version`.
        name: String,
    },
    /// The stream ended before either.
    Closed,
    /// The connection was reset before either.
    Reset(OsError),
    /// Silence until our time-out.
    Silence,
    /// Bytes that are neither.
    Unreadable,
    /// The second connection was not made.
    NotConnected,
}

/// What the cloud reports of one node of the runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedNode {
    pub name: String,
    pub machine: String,
    /// `Online`, `Limited`, `Offline`, …
    pub status: String,
    /// What it can do, as reported (`serviceBusConnected`): name and `True` or `False`.
    pub capabilities: Vec<(String, bool)>,
    /// `5.44.8984.1`; empty where nothing is reported, as the texts below.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// `UpToDate`, `Expired`, …: the node's, else the runtime's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version_status: String,
    /// The newest version that there was to install.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub latest_version: String,
    /// Whether the runtime updates itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_update: Option<bool>,
    /// When its version expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When it was last connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_connected: Option<Timestamp>,
}

impl ReportedNode {
    /// Whether the capability `name` is there; `None` where nothing is reported of it.
    #[must_use]
    pub fn can(&self, name: &str) -> Option<bool> {
        let found = self.capabilities.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, is_there)| *is_there)
    }
}
