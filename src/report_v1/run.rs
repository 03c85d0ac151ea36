//! When, where and how a report was measured.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{HostRuntime, Milliseconds};

/// One run of the program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Run<'a> {
    /// When it began, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// How long it took. Not yet known when a stream begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<Milliseconds>,
    /// Its command line, without secrets.
    pub options: Cow<'a, [String]>,
    /// From where it was measured.
    pub vantage: Vantage<'a>,
    /// The runtime on the host that measured, where something was found of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<HostRuntime<'a>>,
    /// The exit code: 0 as expected, 1 violated, 3 unknown, others as the manual says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<u8>,
    /// `--fail-on`: the least status that the exit code tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_on: Option<Cow<'a, str>>,
    /// With `--redact`: what text calls the addresses that stand in for those of this side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redacted: Option<Redacted<'a>>,
}

/// That names, users and addresses of the measuring side are placeholders in this report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Redacted<'a> {
    /// One for each stand-in.
    pub addresses: Vec<StandIn<'a>>,
}

/// An address or network of the same class and in the same relations as the one it stands in for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct StandIn<'a> {
    /// What text calls it: `address-1`, `network-1`.
    pub label: Cow<'a, str>,
    /// The stand-in as it is in this report.
    pub shown: Cow<'a, str>,
}

/// The host that measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Vantage<'a> {
    /// Its own name.
    pub hostname: Cow<'a, str>,
    /// Its operating system.
    pub os: Cow<'a, str>,
    /// The account that the program ran as.
    pub account: Cow<'a, str>,
    /// Its own addresses.
    pub addresses: Cow<'a, [IpAddr]>,
    /// The name servers that were asked.
    pub resolvers: Cow<'a, [SocketAddr]>,
    /// Which proxy is configured.
    pub proxy: Proxy<'a>,
}

/// Which proxy a host is configured to use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Proxy<'a> {
    /// What says so, in words; `none` where nothing does.
    pub source: Cow<'a, str>,
    /// Its URL without credentials.
    pub url: Option<Cow<'a, str>>,
}
