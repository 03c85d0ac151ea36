//! The two closed sets of words, as the contract writes them.

use serde::{Deserialize, Serialize};

use crate::model::{Severity, Status};

/// What an endpoint comes to.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Status"))]
#[serde(remote = "Status", rename_all = "lowercase")]
pub enum StatusWord {
    /// Everything that was expected was proven.
    Pass,
    /// It works, with something to look at.
    Warn,
    /// An expectation is violated.
    Fail,
    /// It could not be asked, or was left open.
    Unknown,
}

/// How bad a finding is.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Severity"))]
#[serde(remote = "Severity", rename_all = "lowercase")]
pub enum SeverityWord {
    /// An expectation is violated.
    Fail,
    /// It works, with something to look at.
    Warn,
    /// It could not be asked.
    Unknown,
}
