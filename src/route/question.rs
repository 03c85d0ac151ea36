//! What a script asked of DNS: evidence that a replay cannot find again.

use std::net::IpAddr;

/// A name that a script asked for, and what it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacQuestion {
    /// The name.
    pub name: String,
    /// Its addresses; none where it did not resolve.
    pub addresses: Vec<IpAddr>,
}
