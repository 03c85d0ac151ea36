//! An endpoint: what is required of it, what was seen of it and what that comes to.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::{
    ExpectedFlow, Finding, Located, Lookup, OldHello, RevocationHost, SegmentLadder, Sighting,
    StatusWord, Step, Trail,
};
use crate::model::{Cause, Status};

/// An endpoint, and what was seen of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Endpoint<'a> {
    /// The entry of the endpoint list.
    pub entry: Cow<'a, str>,
    /// What it is to the runtime; older reports do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Cow<'a, str>>,
    /// The name as required, lower case, without a trailing dot; an address; or a pattern as it is
    /// written, where nothing makes it concrete.
    pub host: Cow<'a, str>,
    /// The port; an older `resolve` did not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// What proves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Cow<'a, str>>,
    /// What the runtime needs it for.
    #[serde(default)]
    pub purpose: Cow<'a, str>,
    /// The document that says so, with its date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_document: Option<Cow<'a, str>>,
    /// Whether the runtime needs it. A gateway that is not assigned yet is not required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// Where it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Cow<'a, str>>,
    /// Where it was seen on the host that measured, for one that was found there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discovered: Option<Sighting<'a>>,
    /// What it comes to; `unknown` where the file holds no conclusion.
    #[serde(default = "unknown", with = "StatusWord")]
    pub status: Status,
    /// Why it is no pass; `null` on a pass.
    #[serde(default)]
    pub cause: Option<Cow<'a, str>>,
    /// Which way it goes, and why.
    #[serde(default)]
    pub route: RouteChoice<'a>,
    /// What is wrong, its own cause first.
    #[serde(default)]
    pub findings: Vec<Finding<'a>>,
    /// What each resolver said.
    #[serde(default)]
    pub lookups: Vec<Lookup<'a>>,
    /// How the names of its proxies resolved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proxies: Vec<ProxyLookup<'a>>,
    /// What was seen at each address, by each route; connections that were held idle (`--hold`)
    /// come last.
    #[serde(default)]
    pub trails: Vec<Trail<'a>>,
    /// Where a silent address is blocked (`--locate`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub located: Option<Located<'a>>,
    /// What small segments did to a handshake that met silence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<SegmentLadder<'a>>,
    /// The WebSocket upgrade on the relay's path (`--hold`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrade: Option<Trail<'a>>,
    /// The hosts that the chain names for revocation lists and OCSP.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revocation: Vec<RevocationHost<'a>>,
    /// What a `ClientHello` of old versions alone met, where the ordinary one was ended in silence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub old_hellos: Vec<OldHello<'a>>,
    /// Why the gateways of this relay were not looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateways_skipped: Option<Cow<'a, str>>,
    /// What given rules predict of its flows, beside what was measured (`--expect`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expected: Vec<ExpectedFlow<'a>>,
}

const fn unknown() -> Status {
    Status::Unknown
}

/// The way an endpoint goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct RouteChoice<'a> {
    /// Which way it has to go: `direct`, `proxy` or `any`.
    pub intended: Cow<'a, str>,
    /// Which way it is configured to go: `direct`, a proxy's URL, or `unknown` where `why` says
    /// what kept it from being known.
    pub configured: Cow<'a, str>,
    /// What says so.
    pub why: Cow<'a, str>,
    /// Each way that was measured, in the order of `trails`.
    pub measured: Vec<Cow<'a, str>>,
    /// What a script names for the case that the configured way fails.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fallbacks: Vec<Cow<'a, str>>,
    /// The other way that was measured for comparison (`--alternate-proxy`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alternate: Option<Cow<'a, str>>,
    /// What a script asked of DNS to decide.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<PacQuestion<'a>>,
}

/// A name that a proxy auto-configuration script resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct PacQuestion<'a> {
    /// The name that it asked for.
    pub name: Cow<'a, str>,
    /// What it was told.
    pub addresses: Cow<'a, [IpAddr]>,
}

/// How a proxy's own name resolved: the beginning of the leg to the proxy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ProxyLookup<'a> {
    /// Its URL without credentials.
    pub proxy: Cow<'a, str>,
    /// What each resolver said.
    pub lookups: Vec<Lookup<'a>>,
}

impl Endpoint<'_> {
    /// Whether the runtime needs it, which is taken for granted where nothing is said.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.required.unwrap_or(true)
    }

    /// As `host:port`, an IPv6 address in brackets.
    #[must_use]
    pub fn host_port(&self) -> String {
        match (self.host.parse::<IpAddr>(), self.port) {
            (Ok(address), Some(port)) => SocketAddr::new(address, port).to_string(),
            (Err(_), Some(port)) => format!("{}:{port}", self.host),
            (_, None) => self.host.clone().into_owned(),
        }
    }

    /// Whether it is a gateway that Azure has not put to use: there is nothing to reach yet.
    #[must_use]
    pub fn is_unassigned(&self) -> bool {
        self.cause.as_deref() == Some(Cause::RelayGatewayUnassigned.code())
    }

    /// Every address that its name led to; `None` where no name server said, either way.
    #[must_use]
    pub fn addresses(&self) -> Option<BTreeSet<IpAddr>> {
        const SAID: [&str; 3] = ["ok", "nxdomain", "nodata"];
        let mut said = self.lookups.iter().filter(|one| SAID.contains(&&*one.outcome)).peekable();
        said.peek()?;
        Some(said.flat_map(|lookup| lookup.addresses.iter().copied()).collect())
    }

    /// Who issued the certificates that were shown by the configured way.
    #[must_use]
    pub fn issuers(&self) -> BTreeSet<&str> {
        let steps = self.own_steps().filter(|step| step.name == "tls");
        steps.filter_map(|step| step.detail.chain().first()).map(|leaf| &*leaf.issuer).collect()
    }

    /// How long `step` took wherever it succeeded by the configured way, milliseconds.
    #[must_use]
    pub fn times(&self, step: &str) -> Vec<f64> {
        let steps = self.own_steps().filter(|one| one.name == step && one.outcome == "ok");
        steps.map(|one| one.took_ms.as_f64()).collect()
    }

    fn own_steps(&self) -> impl Iterator<Item = &Step<'_>> {
        let own = self.trails.iter().filter(|trail| trail.route == self.route.configured);
        own.flat_map(|trail| &trail.steps)
    }
}
