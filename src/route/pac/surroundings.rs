//! What a script may know of the world, and how much of it it may use up.

use std::net::IpAddr;
use std::time::Duration;

/// Resolves a name to its addresses of both families; a name that does not resolve has none.
pub type PacResolver = dyn Fn(&str) -> Vec<IpAddr>;

/// The functions and facts by which a script learns about the world.
pub struct PacSurroundings {
    /// Resolves the names that the script asks for.
    pub resolve: Box<PacResolver>,
    /// This host's addresses, beginning with the one that connections to the Internet leave from.
    pub own_addresses: Vec<IpAddr>,
    /// A monotonic clock, for the limit of time.
    pub clock: Box<dyn Fn() -> Duration>,
}

/// The resources that a script may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacLimits {
    /// The time for loading the script and for each evaluation, with its lookups. A lookup that has
    /// begun is not cut short.
    pub time: Duration,
    /// The memory in bytes.
    pub memory: usize,
    /// The stack in bytes.
    pub stack: usize,
    /// The number of different names that one evaluation may ask for.
    pub questions: usize,
    /// The size of the source in bytes.
    pub source: usize,
}

impl Default for PacLimits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(5),
            memory: 64 << 20,
            stack: 512 << 10,
            questions: 64,
            source: 4 << 20,
        }
    }
}
