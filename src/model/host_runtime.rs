//! The runtime that is installed on the measuring host, and where the names that it uses were seen.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::serial;

/// What was found of the runtime on the measuring host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRuntime {
    /// Where it is installed; `None` where it is not, or where that cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed: Option<InstalledRuntime>,
    /// Its service, where the system has one of that name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<RuntimeService>,
    /// The latest errors of its event log, the newest first, without the keys that they held.
    #[serde(default, deserialize_with = "serial::fitted", skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<LoggedError>,
    /// Names were taken from this host for this run.
    #[serde(default)]
    pub has_given_names: bool,
}

/// An installation of the runtime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalledRuntime {
    /// The folder of its programs.
    pub path: String,
    pub found_by: FoundBy,
    /// The file version of its host service; empty where that cannot be read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
}

/// What led to an installation. The order is that in which they are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FoundBy {
    /// The value `DiacmdPath`, which Microsoft's own scripts read.
    Registry,
    /// The program of the service.
    Service,
    /// The usual folder.
    ProgramFiles,
}

impl FoundBy {
    pub const ALL: [Self; 3] = [Self::Registry, Self::Service, Self::ProgramFiles];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Service => "service",
            Self::ProgramFiles => "program-files",
        }
    }
}

/// The service of the runtime, as the service control manager describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuntimeService {
    pub state: ServiceState,
    pub start: StartType,
    /// The account that it runs as, `NT SERVICE\DIAHostService` unless it was changed; empty where
    /// that cannot be read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub account: String,
}

/// Whether a service runs (Microsoft, `SERVICE_STATUS_PROCESS`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceState {
    Running,
    Starting,
    Stopping,
    Stopped,
    Paused,
    /// A state that Windows did not have when this was written.
    Unknown,
}

impl ServiceState {
    pub const ALL: [Self; 6] =
        [Self::Running, Self::Starting, Self::Stopping, Self::Stopped, Self::Paused, Self::Unknown];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Starting => "starting",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Paused => "paused",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it serves nobody, and will not without a hand. One that starts may yet run.
    #[must_use]
    pub const fn is_down(self) -> bool {
        matches!(self, Self::Stopping | Self::Stopped | Self::Paused)
    }
}

/// How a service starts (Microsoft, `QUERY_SERVICE_CONFIG`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartType {
    Automatic,
    Manual,
    Disabled,
    /// It cannot be read, or is one of drivers.
    Unknown,
}

impl StartType {
    pub const ALL: [Self; 4] = [Self::Automatic, Self::Manual, Self::Disabled, Self::Unknown];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Manual => "manual",
            Self::Disabled => "disabled",
            Self::Unknown => "unknown",
        }
    }
}

/// An error of the runtime's event log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedError {
    /// When it was logged; `None` where an exported text does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    pub text: String,
}

/// Where a name was found on the measuring host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// The event log, the file or the cache, in words.
    pub seen_in: String,
    /// When it was written there last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Timestamp>,
}
