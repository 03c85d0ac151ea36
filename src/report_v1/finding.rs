//! What is wrong, and who can fix it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::SeverityWord;
use crate::model::Severity;

/// Something that is wrong, of an endpoint or of the run as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding<'a> {
    /// The stable code, which `pathproof explain` takes; a later version may bring more.
    pub cause: Cow<'a, str>,
    /// How bad it is here.
    #[serde(with = "SeverityWord")]
    pub severity: Severity,
    /// How sure it is: `proven`, `likely` or `possible`.
    #[serde(default)]
    pub certainty: Cow<'a, str>,
    /// What is wrong, in one sentence.
    #[serde(default)]
    pub message: Cow<'a, str>,
    /// What was seen that says so.
    #[serde(default)]
    pub evidence: Cow<'a, [String]>,
    /// The causes that would look the same and are not ruled out.
    #[serde(default)]
    pub rivals: Vec<Cow<'a, str>>,
    /// Who can fix it.
    #[serde(default)]
    pub owner: Cow<'a, str>,
    /// What to do.
    #[serde(default)]
    pub remedy: Cow<'a, str>,
    /// The cause that this follows from: there is nothing to do about it alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explained_by: Option<Cow<'a, str>>,
}
