//! What is left out of a report for one team.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Whose report this is, where it is not everyone's (`--owner`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct OnlyOwners<'a> {
    /// Those who can fix what is left.
    pub owners: Vec<Cow<'a, str>>,
    /// What others can fix.
    pub left_out: LeftOut,
}

/// How much is left out of a report for one team.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct LeftOut {
    /// Endpoints of which all findings are others'.
    pub endpoints: usize,
    /// Findings, of the run and of endpoints.
    pub findings: usize,
}
