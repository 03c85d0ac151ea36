//! The two closed sets of words, as the contract writes them.

use serde::{Deserialize, Serialize};

use crate::model::{Severity, Status};

/// [`Status`] as the contract writes it.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Status", rename_all = "lowercase")]
pub enum StatusWord {
    /// As [`Status::Pass`].
    Pass,
    /// As [`Status::Warn`].
    Warn,
    /// As [`Status::Fail`].
    Fail,
    /// As [`Status::Unknown`].
    Unknown,
}

/// [`Severity`] as the contract writes it.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Severity", rename_all = "lowercase")]
pub enum SeverityWord {
    /// As [`Severity::Fail`].
    Fail,
    /// As [`Severity::Warn`].
    Warn,
    /// As [`Severity::Unknown`].
    Unknown,
}
