//! What was asked again of an endpoint: `located`, `segments`, `revocation`, `old_hellos`.
//! Connections that were held idle stand among the trails.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::{Lookup, Milliseconds, Trail};

/// Where a silent address is blocked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Located<'a> {
    /// Which router answered last; `null` where none is known.
    pub last_hop: Option<IpAddr>,
    /// Its number of hops from here; 0 where none answered.
    pub hops: u8,
    /// `icmp_echo` where it is known by echo requests alone, as this system reports none of what
    /// routers say of a connect; missing where it answered TCP itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found_by: Option<Cow<'a, str>>,
    /// The silent address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<SocketAddr>,
    /// Every time to live that was tried.
    pub path: Vec<Hop<'a>>,
}

/// What answered packets of one time to live.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Hop<'a> {
    /// The time to live.
    pub ttl: u8,
    /// Who answered; `null` where it is not known.
    pub address: Option<IpAddr>,
    /// To a TCP segment: `silence`, `time_exceeded`, `accepted`, or the system's code; or
    /// `not_listened` where the far end said nothing and what routers say cannot be heard.
    pub tcp: Cow<'a, str>,
    /// To a UDP datagram, in the same words; `not_asked` where none was sent.
    pub udp: Cow<'a, str>,
    /// To an ICMP echo request, in the same words; missing where none was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub echo: Option<Cow<'a, str>>,
}

/// A silent handshake, begun again with small segments.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct SegmentLadder<'a> {
    /// With which address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<SocketAddr>,
    /// Each size that was tried.
    pub rungs: Vec<Rung<'a>>,
}

/// A handshake with one segment size.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Rung<'a> {
    /// The size in bytes; missing where nothing was limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_segment: Option<u16>,
    /// `incoming` where only what came in was limited; missing where both directions were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound: Option<Cow<'a, str>>,
    /// `ok`, or how it failed, in the words of steps.
    pub outcome: Cow<'a, str>,
    /// How long it took.
    pub took_ms: Milliseconds,
}

/// Who says whether the chain is revoked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct RevocationHost<'a> {
    /// The host that the chain names.
    pub host: Cow<'a, str>,
    /// The port that it is asked on.
    pub port: u16,
    /// What was asked for, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<Cow<'a, str>>,
    /// Whether it answered.
    pub answered: bool,
    /// What each resolver said.
    pub lookups: Vec<Lookup<'a>>,
    /// What was seen at each address.
    pub trails: Vec<Trail<'a>>,
}

/// A handshake that was ended without a word, begun again with TLS 1.1 and 1.0 alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct OldHello<'a> {
    /// With which address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<SocketAddr>,
    /// `server_hello`, `alert`, `closed`, `reset`, `silence`, `unreadable` or `not_connected`.
    pub outcome: Cow<'a, str>,
    /// The version that a `ServerHello` chose: `1.0` or `1.1`, or four hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Cow<'a, str>>,
    /// The name of the alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<Cow<'a, str>>,
    /// How long it took.
    pub took_ms: Milliseconds,
}
