//! What kept this host from asking: never the far end's failure.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::serial;

/// An error of the operating system, as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OsError {
    /// The raw code: `errno` on Unix, a `WSA*` code on Windows.
    pub code: i32,
    /// Its symbol (`ECONNREFUSED`, `WSAECONNREFUSED`), or the system's text where it has none here.
    pub symbol: String,
}

impl fmt::Display for OsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.symbol, self.code)
    }
}

/// Whose time-out ended the wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeoutBy {
    /// Our own time-out of this length.
    #[serde(rename = "ours_ns", with = "serial::nanoseconds")]
    Ours(Duration),
    /// The kernel gave up first (`ETIMEDOUT`, `WSAETIMEDOUT`).
    Kernel(OsError),
}

/// Why something was not asked, or not to its end. It makes `unknown`, never `fail`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// This host has no route for the address's family (IPv6 on an IPv4-only host).
    NoRoute(OsError),
    /// The local address to leave from cannot be used: `--source` is not of this host, or of the
    /// other family.
    NoLocalAddress(OsError),
    /// This process has no file descriptor left.
    DescriptorLimit(OsError),
    /// Out of ephemeral ports.
    PortLimit(OsError),
    /// Interrupted by the user.
    Cancelled,
    /// The run's `--deadline` passed.
    BudgetSpent,
    /// A wildcard or template that nothing makes concrete; `hint` is the option that would help.
    NotTestable {
        /// One sentence with the next command.
        hint: String,
    },
}

/// What a run that was ended early was waiting for, where it had no address to go to yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    pub awaited: Awaited,
    #[serde(rename = "took_ns", with = "serial::nanoseconds")]
    pub took: Duration,
}

/// What happens before the first connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Awaited {
    /// The endpoint's name was being looked up.
    Lookup,
    /// The way to it was being decided: a script was being fetched, or it asked for names.
    Route,
    /// The name of its proxy was being looked up.
    ProxyLookup,
}
