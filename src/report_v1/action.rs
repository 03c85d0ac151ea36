//! What to do next.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// One owner's task, with every destination that it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Action<'a> {
    /// Who can do it.
    pub owner: Cow<'a, str>,
    /// What to do.
    pub text: Cow<'a, str>,
    /// The causes that it takes away.
    pub causes: Vec<Cow<'a, str>>,
    /// Where it has to work.
    pub destinations: Vec<Destination<'a>>,
}

/// Where a flow leads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Destination<'a> {
    /// The name or address as it is required.
    pub name: Cow<'a, str>,
    /// `null` where none is known here: the name does not resolve, or a proxy resolves it.
    pub address: Option<IpAddr>,
    /// The port of the flow.
    pub port: u16,
    /// `tcp` or `udp`.
    pub protocol: Cow<'a, str>,
}
