//! What this host's system is asked about the runtime.

use std::path::Path;

/// What a system answers. What it cannot say is `None` or empty.
pub trait HostAnswers {
    /// The value `DiacmdPath` of the runtime's Configuration Manager.
    fn diacmd_path(&self) -> Option<String>;
    /// The service of this name.
    fn service(&self, name: &str) -> Option<ServiceAnswer>;
    /// The folder of 64-bit programs (`%ProgramW6432%`).
    fn program_files(&self) -> Option<String>;
    /// The file version of a program: `5.44.8984.1`.
    fn file_version(&self, program: &Path) -> Option<[u16; 4]>;
    /// Up to `most` events of a log as XML, the newest first; none where there is no such log.
    ///
    /// # Errors
    /// The log is there and cannot be read.
    fn events(&self, log: &str, most: usize) -> Result<Vec<String>, LogUnreadable>;
    /// The names in the cache of the system's DNS client; `None` where it does not show them.
    fn cached_names(&self) -> Option<Vec<String>>;
    /// The account that this program runs as, with its domain.
    fn account(&self) -> Option<String> {
        None
    }
    /// Which build of Windows this is: `20348`.
    fn build(&self) -> Option<String> {
        None
    }
    /// The packages of SSPI by their names: `Negotiate`.
    fn security_packages(&self) -> Option<Vec<String>> {
        None
    }
}

/// How the service control manager describes a service, in its own numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceAnswer {
    /// `dwCurrentState` of `SERVICE_STATUS_PROCESS`.
    pub state: u32,
    /// `dwStartType` of `QUERY_SERVICE_CONFIG`; `None` where this account may not ask.
    pub start: Option<u32>,
    /// `lpServiceStartName`; empty where this account may not ask.
    pub account: String,
    /// `lpBinaryPathName`: the command line of its program.
    pub command: String,
}

/// Why an event log cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event log \"{log}\" cannot be read: {reason}")]
pub struct LogUnreadable {
    pub log: String,
    /// The system's words.
    pub reason: String,
}

/// What answers on this host.
#[must_use]
pub fn this_host() -> impl HostAnswers {
    #[cfg(windows)]
    return super::windows::Windows;
    #[cfg(not(windows))]
    OtherSystem
}

/// The account that this program runs as, with its domain; `None` where accounts have none.
#[must_use]
pub fn account() -> Option<String> {
    #[cfg(windows)]
    return super::windows::account();
    #[cfg(not(windows))]
    None
}

/// The runtime is made for Windows alone.
#[cfg(not(windows))]
struct OtherSystem;

#[cfg(not(windows))]
impl HostAnswers for OtherSystem {
    fn diacmd_path(&self) -> Option<String> {
        None
    }

    fn service(&self, _: &str) -> Option<ServiceAnswer> {
        None
    }

    fn program_files(&self) -> Option<String> {
        None
    }

    fn file_version(&self, _: &Path) -> Option<[u16; 4]> {
        None
    }

    fn events(&self, _: &str, _: usize) -> Result<Vec<String>, LogUnreadable> {
        Ok(Vec::new())
    }

    fn cached_names(&self) -> Option<Vec<String>> {
        None
    }
}
