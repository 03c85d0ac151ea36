//! The runtime on this host: where it is installed, whether its service runs, and which names it
//! uses.
//!
//! What the system has to be asked stands behind [`HostAnswers`], so that all that follows from the
//! answers is the same code, and tested, on every system. Event logs and their exported files are
//! foreign input that may hold authentication keys: their text leaves this room only as
//! [`CleanText`], from which keys are gone.
#![expect(clippy::disallowed_methods, reason = "this room looks at the folders of this host")]

mod account_proxies;
mod answers;
mod clean_text;
mod discovery;
pub mod event_log;
mod installation;
mod named_secrets;
mod runtime_names;
mod secret_arguments;
mod secret_extent;
mod self_checks;
#[cfg(test)]
mod told_host;
#[cfg(windows)]
mod windows;

pub use account_proxies::{ServiceAccountProxies, service_account_proxies};
pub use answers::{
    HostAnswers, InternetSettings, LogUnreadable, ServiceAnswer, SettingsUnreadable, account,
    this_host,
};
pub use clean_text::CleanText;
pub use discovery::{Discovery, NameSource, SeenName, discover};
pub use event_log::{ExportedLog, LogEntry, LogLevel, NoEvents};
pub use installation::{
    CONFIG_FILES, Installation, folder_with_files, installed, look_at, service_of,
};
pub use runtime_names::{RuntimeName, RuntimeNames};
pub use self_checks::self_checks;
#[cfg(test)]
pub(crate) use told_host::ToldHost;

/// The event logs that the runtime writes (Microsoft, how-to-configure-shir-for-log-analytics-
/// collection).
pub const EVENT_LOGS: [&str; 2] = ["Connectors - Integration Runtime", "Integration Runtime"];
/// How many events of this host's logs are asked for, the newest first: days of a runtime that
/// tries every minute, in well under a second.
pub const EVENTS_ASKED: usize = 4_000;
/// The name of the runtime's service.
pub const SERVICE: &str = "DIAHostService";
