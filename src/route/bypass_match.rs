//! What kept a name from the proxy.

use std::fmt;

/// Why a name goes direct although a proxy is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BypassMatch {
    /// A rule of the list.
    Rule {
        /// Its place in the list, counted from 1.
        index: usize,
        /// The rule as written.
        text: String,
    },
    /// No rule of the list: the client does so by itself.
    BuiltIn(&'static str),
}

impl BypassMatch {
    pub(crate) const LOOPBACK: Self = Self::BuiltIn("loopback never goes through a proxy");
}

impl fmt::Display for BypassMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule { index, text } => write!(f, "rule {index} ({text})"),
            Self::BuiltIn(reason) => f.write_str(reason),
        }
    }
}
