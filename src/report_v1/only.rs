//! What is left out of a report for one team.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::StatusWord;
use crate::model::Status;

/// Whose report this is, where it is not everyone's (`--owner`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct OnlyOwners<'a> {
    /// Those who can fix what is left.
    pub owners: Vec<Cow<'a, str>>,
    /// What others can fix.
    pub left_out: LeftOut<'a>,
    /// What the whole report comes to, for which this one cannot speak; `unknown` too where an
    /// older program did not say it.
    #[serde(with = "StatusWord")]
    pub whole: Status,
}

/// How much is left out of a report for one team.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct LeftOut<'a> {
    /// Endpoints of which all findings are others'.
    pub endpoints: usize,
    /// Findings, of the run and of endpoints.
    pub findings: usize,
    /// The causes of findings of the run that are others'.
    pub causes_of_run: Vec<Cow<'a, str>>,
}

impl Default for OnlyOwners<'_> {
    fn default() -> Self {
        Self { owners: Vec::new(), left_out: LeftOut::default(), whole: Status::Unknown }
    }
}
