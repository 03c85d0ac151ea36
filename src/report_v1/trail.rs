//! What was seen at one address by one route, as steps.

use std::borrow::Cow;
use std::net::SocketAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Detail, Milliseconds};

/// What was seen at one address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Trail<'a> {
    /// `direct`, or a proxy's URL.
    pub route: Cow<'a, str>,
    /// From which address of this host, once connected; `null` where it was not.
    #[serde(default)]
    pub local: Option<SocketAddr>,
    /// To which: the proxy's, where the route leads through one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<SocketAddr>,
    /// When it began, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// In order; only the last can have failed.
    #[serde(default)]
    pub steps: Vec<Step<'a>>,
}

/// One step of a trail.
///
/// `outcome` is `ok`, or how the step failed: for `tcp` `refused`, `timeout`, `unreachable`,
/// `reset`, `local_denied`, `error`; for `proxy` `tls`, `timeout`, `closed`, `reset`, `not_proxy`,
/// `head_too_long`, `answered`, `no_method`, `rejected`, `socks_reply`, `error`; for `tls`
/// `reset_on_write`, `reset`, `closed`, `timeout`, `not_tls`, `version`, `alert`, `error`; for
/// `http` `timeout`, `closed`, `reset`, `not_http`, `head_too_long`, `tls_error`, `error`; for
/// `tds` `timeout`, `closed`, `reset`, `not_tds`, `error`; for `hold` `silent`, `reset`, `error`;
/// and for a step that this host could not take `no_route`, `no_local_address`,
/// `descriptor_limit`, `port_limit`, `cancelled`, `budget_spent`, `not_testable`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Step<'a> {
    /// `tcp`, `proxy`, `tls`, `http`, `tds` or `hold`.
    #[serde(rename = "step")]
    pub name: Cow<'a, str>,
    /// `ok`, or how it failed.
    pub outcome: Cow<'a, str>,
    /// How long it took.
    #[serde(default)]
    pub took_ms: Milliseconds,
    /// What it saw.
    #[serde(default)]
    pub detail: Detail<'a>,
}
