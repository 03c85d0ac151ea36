//! The reason why a name does not go to the proxy.

use std::fmt;

/// Why a name goes direct although a proxy is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BypassMatch {
    Rule {
        /// The position of the rule in its list, counted from 1.
        index: usize,
        /// The rule as written.
        text: String,
    },
    /// The client does so by itself, without a rule of the list.
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
