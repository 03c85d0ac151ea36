//! What this host's system is asked about the runtime.

use std::fmt;
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
    /// The identifier (SID) of an account, as `S-1-5-80-…`.
    fn account_sid(&self, account: &str) -> Option<String>;
    /// The Internet settings of the account with this identifier; of this program's account where
    /// none is given.
    ///
    /// # Errors
    /// They are there and cannot be read, or the account's part of the registry is not loaded.
    fn internet_settings(&self, sid: Option<&str>) -> Result<InternetSettings, SettingsUnreadable>;
    /// Whether a policy gives every account the machine's settings (`ProxySettingsPerUser`).
    fn has_settings_per_machine(&self) -> bool;
}

/// The values of an account's key `Internet Settings`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct InternetSettings {
    /// `Connections\DefaultConnectionSettings`, which decides where it is there.
    pub connection: Option<Vec<u8>>,
    /// Whether a proxy is set (`ProxyEnable`).
    pub proxy_enable: Option<u32>,
    /// The proxy, or one for each scheme (`ProxyServer`).
    pub proxy_server: Option<String>,
    /// What goes direct (`ProxyOverride`).
    pub proxy_override: Option<String>,
    /// The address of a script (`AutoConfigURL`).
    pub auto_config_url: Option<String>,
}

/// The texts are left out, because they may hold a password.
impl fmt::Debug for InternetSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InternetSettings")
            .field("has_connection", &self.connection.is_some())
            .field("proxy_enable", &self.proxy_enable)
            .finish_non_exhaustive()
    }
}

/// Why the settings of an account cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsUnreadable {
    /// Windows knows no account of this name.
    #[error("there is no such account here")]
    NoAccount,
    /// Its part of the registry is loaded while something runs as the account.
    #[error("they are loaded only while the service runs")]
    NotLoaded,
    #[error("only an administrator may read them")]
    Denied,
    /// The system's words.
    #[error("{0}")]
    Other(String),
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

    fn account_sid(&self, _: &str) -> Option<String> {
        None
    }

    fn internet_settings(&self, _: Option<&str>) -> Result<InternetSettings, SettingsUnreadable> {
        Ok(InternetSettings::default())
    }

    fn has_settings_per_machine(&self) -> bool {
        false
    }
}
