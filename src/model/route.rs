//! Which way a name goes: meant to, configured to, and why.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Which way a name goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// Straight from this host.
    Direct,
    Proxy(Proxied),
}

/// A proxy, as reports show it: its URL without credentials.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Proxied {
    /// The URL, as `http://proxy.contoso.com:3128`.
    pub url: Arc<str>,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => f.write_str("direct"),
            Self::Proxy(proxy) => f.write_str(&proxy.url),
        }
    }
}

/// The way a name is meant to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteIntent {
    /// Never through a proxy: a private endpoint.
    Direct,
    /// Through the proxy only.
    Proxy,
    /// Either way will do.
    Any,
}

impl RouteIntent {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Proxy => "proxy",
            Self::Any => "any",
        }
    }
}

/// The way intended, the way configured, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteChoice {
    /// What the endpoint needs.
    pub intended: RouteIntent,
    /// What the configuration says; it is measured, but for private names that would be sent to a
    /// proxy: those are measured direct.
    pub configured: Result<Route, RouteFault>,
    /// The rule that decided, in words.
    pub why: String,
    /// What sends the name past the proxy that others go through; `None` where nothing does, or no
    /// proxy is configured.
    pub exception: Option<ExceptionKind>,
    /// What a client tries next where the configured way fails, in order: a script may name many.
    /// The first two are measured too, a private name's none.
    pub fallbacks: Vec<Route>,
    /// `--alternate-proxy`: measured too, for telling misrouting from blocking.
    pub alternate: Option<Route>,
    /// What a script asked of DNS to decide.
    pub questions: Vec<PacQuestion>,
}

impl RouteChoice {
    /// A choice without a script and without a second way.
    #[must_use]
    pub fn new(intended: RouteIntent, configured: Route, why: impl Into<String>) -> Self {
        Self {
            intended,
            configured: Ok(configured),
            why: why.into(),
            exception: None,
            fallbacks: Vec::new(),
            alternate: None,
            questions: Vec::new(),
        }
    }

    /// The proxy that the name is configured to go through.
    #[must_use]
    pub const fn proxy(&self) -> Option<&Proxied> {
        match &self.configured {
            Ok(Route::Proxy(proxy)) => Some(proxy),
            Ok(Route::Direct) | Err(_) => None,
        }
    }
}

/// Where a rule stands that sends a name past the proxy: who can change it follows from that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionKind {
    /// `NO_PROXY` of the environment.
    Environment,
    /// The option `--no-proxy`.
    Option,
    /// The bypass list of the runtime's own configuration files.
    AgentFile,
    /// The exceptions of Windows' own settings.
    System,
    /// The answer of a script.
    Script,
}

/// Why it is not known which way a name is configured to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteFault {
    /// What kind of fault.
    pub kind: RouteFaultKind,
    /// What is wrong, and where.
    pub message: String,
}

/// Where the fault lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteFaultKind {
    /// A proxy auto-configuration script that cannot be read, or that throws.
    Script,
    /// A configuration that the runtime itself cannot use: it can send nothing.
    Refused,
    /// The decision lies where this program does not look.
    Elsewhere,
}

/// A name that a script asked for, and what it was told: evidence that a replay cannot find again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacQuestion {
    pub name: String,
    /// Its addresses; none where it did not resolve.
    pub addresses: Vec<IpAddr>,
}
