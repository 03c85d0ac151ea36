//! The runtime on the host that measured.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What was found of the runtime on the host that measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct HostRuntime<'a> {
    /// Where it is installed; left out where it is not, or where that cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installed: Option<InstalledRuntime<'a>>,
    /// The file version of its host service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Cow<'a, str>>,
    /// Its service, where there is one of that name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<RuntimeService<'a>>,
    /// The latest errors of its event log, the newest first.
    pub errors: Vec<LoggedError<'a>>,
}

/// An installation of the runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct InstalledRuntime<'a> {
    /// The folder of its programs.
    pub path: Cow<'a, str>,
    /// What led there: the registry, the service or the usual folder.
    pub found_by: Cow<'a, str>,
}

/// The service of a runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct RuntimeService<'a> {
    /// Whether it runs.
    pub state: Cow<'a, str>,
    /// How it starts.
    pub start: Cow<'a, str>,
    /// The account that it runs as; empty where that could not be read.
    pub account: Cow<'a, str>,
}

/// An error of the runtime's event log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct LoggedError<'a> {
    /// When it was logged; left out where the log does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// What was logged, without keys.
    pub text: Cow<'a, str>,
    /// What that means, as `explain` says; left out where nothing is known of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explained: Option<Cow<'a, str>>,
}

/// Where a name was found on the host that measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Sighting<'a> {
    /// The event log, the file or the cache.
    pub seen_in: Cow<'a, str>,
    /// When it was last written there; left out where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Timestamp>,
}
