//! The other forms of a report: JSON Lines, an endpoint as soon as it is done; and the names that
//! `resolve` writes, which have the same parts.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{
    Action, Change, Endpoint, Finding, Lookup, Milliseconds, OnlyOwners, Prediction, Run, Source,
    Summary, Tool,
};

/// A line of the JSON Lines form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum Line<'a> {
    /// The first line.
    Begin(Box<Begin<'a>>),
    /// An endpoint that is done.
    Endpoint(Box<Endpoint<'a>>),
    /// The last line.
    End(Box<End<'a>>),
}

/// What is known before anything was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begin<'a> {
    /// As of a whole report.
    pub schema: Cow<'a, str>,
    /// The program that concludes.
    #[serde(default)]
    pub tool: Tool<'a>,
    /// When, where and how it is measured.
    #[serde(default)]
    pub run: Run<'a>,
}

/// What only the whole run can tell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct End<'a> {
    /// How long the run took.
    pub took_ms: Milliseconds,
    /// The exit code.
    pub exit: u8,
    /// `--fail-on`: the least status that the exit code tells.
    pub fail_on: Cow<'a, str>,
    /// How many endpoints came to each status.
    pub summary: Summary,
    /// What was found of the run as a whole.
    pub findings: Vec<Finding<'a>>,
    /// What to do next.
    pub actions: Vec<Action<'a>>,
    /// What it means for the runtime.
    pub prediction: Prediction<'a>,
    /// The earlier report that this one was compared with (`--baseline`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Source<'a>>,
    /// What changed since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<Change<'a>>>,
    /// Whose report it is, where it holds only what some teams can fix (`--owner`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<OnlyOwners<'a>>,
}

/// A name of `resolve`, with the port on which it is needed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Name<'a> {
    /// The entry of the endpoint list.
    pub entry: Cow<'a, str>,
    /// What it is to the runtime.
    pub role: Cow<'a, str>,
    /// As of an endpoint.
    pub host: Cow<'a, str>,
    /// The port on which it is needed.
    pub port: u16,
    /// What proves it.
    pub kind: Cow<'a, str>,
    /// Whether the runtime needs it.
    pub required: bool,
    /// Where it came from.
    pub origin: Cow<'a, str>,
    /// Why it does not resolve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cow<'a, str>>,
    /// Of every resolver, each once.
    pub addresses: Vec<IpAddr>,
    /// What each resolver said.
    pub lookups: Vec<Lookup<'a>>,
}
