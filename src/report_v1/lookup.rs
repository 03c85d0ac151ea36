//! What a resolver said of a name.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Milliseconds;

/// What one resolver said of a name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Lookup<'a> {
    /// Address and port of the name server, or `os`: the operating system's own way.
    pub resolver: Cow<'a, str>,
    /// `ok`, or what went wrong.
    pub outcome: Cow<'a, str>,
    /// From the name to its addresses.
    pub chain: Vec<ChainLink<'a>>,
    /// Where it led.
    pub addresses: Vec<IpAddr>,
    /// More addresses came than are kept; said only where it is so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_cut: bool,
    /// How long it took.
    pub took_ms: Milliseconds,
}

/// A record of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChainLink<'a> {
    /// Whose it is.
    #[serde(default)]
    pub name: Cow<'a, str>,
    /// `CNAME`, `A` or `AAAA`.
    #[serde(rename = "type")]
    pub record_type: Cow<'a, str>,
    /// How long it may be kept, seconds.
    #[serde(default)]
    pub ttl: u32,
    /// Where it leads: a name or an address.
    pub data: Cow<'a, str>,
}
