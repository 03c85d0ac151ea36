//! Version 1 of the JSON report (contract, JSON report) as types that are both written and read:
//! the one declaration of its shape. A live run becomes a [`Report`] in `report`, a saved file by
//! [`Report::read`], and every format is made from it.
//!
//! # What reading forgives
//!
//! Fields may be added to version 1; what is here keeps its name and meaning. So fields that are
//! not known here are ignored, and those that an older program did not write are empty, zero or
//! `None`. Required is only what there is no reading a part without, such as an endpoint's host.
//! What version 1 knows is the same bytes when it is read and written again.
//!
//! # Words
//!
//! A word of the contract is text here (`Cow`, borrowed from the program on the way out): a cause,
//! an outcome or an origin that a later version brings stays what it is when it is read, shown and
//! written again. Whoever asks what a word means uses `parse` of the type in `model` and decides
//! what an unknown one is. Two sets are closed, because comparing reports is judging by them:
//! [`Status`] and [`Severity`]; another word there is an error.

mod action;
mod certificate;
mod change;
mod detail;
mod endpoint;
mod expected;
mod finding;
mod follow_up;
mod host_runtime;
mod lines;
mod lookup;
mod milliseconds;
mod only;
mod read;
mod run;
mod trail;
mod words;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use action::{Action, Destination};
pub use certificate::{Certificate, Chain, ChainTrust, Trust, Validity};
pub use change::{Change, ChangedEndpoint, ChangedFinding, Latency, Source, Standing, What};
pub use detail::{Answer, Detail, Os, Session, SignIn};
pub use endpoint::{Endpoint, PacQuestion, ProxyLookup, RouteChoice};
pub use expected::ExpectedFlow;
pub use finding::Finding;
pub use follow_up::{Hop, Located, OldHello, RevocationHost, Rung, SegmentLadder};
pub use host_runtime::{HostRuntime, InstalledRuntime, LoggedError, RuntimeService, Sighting};
pub use lines::{Begin, End, Line, Name};
pub use lookup::{ChainLink, Lookup};
pub use milliseconds::Milliseconds;
pub use only::{LeftOut, OnlyOwners};
pub use read::ReadError;
pub use run::{Proxy, Redacted, Run, StandIn, Vantage};
pub use trail::{Step, Trail};
pub use words::{SeverityWord, StatusWord};

#[cfg(doc)]
use crate::model::{Severity, Status};

/// What a report says it is.
pub const SCHEMA: &str = "pathproof.report/1";
/// What `resolve` writes says it is.
pub const NAMES_SCHEMA: &str = "pathproof.names/1";

/// A JSON report of `pathproof`: what one run found out about the way from one host to each
/// endpoint that the runtime needs. Readers ignore fields that they do not know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report<'a> {
    /// `pathproof.report/1`; it changes only with a breaking change.
    pub schema: Cow<'a, str>,
    /// The program that concluded; the one that measured may have been another.
    #[serde(default)]
    pub tool: Tool<'a>,
    /// When, where and how it was measured.
    #[serde(default)]
    pub run: Run<'a>,
    /// How many endpoints came to each status.
    #[serde(default)]
    pub summary: Summary,
    /// What was found of the run as a whole.
    #[serde(default)]
    pub findings: Vec<Finding<'a>>,
    /// What to do next, in the order of the table.
    #[serde(default)]
    pub actions: Vec<Action<'a>>,
    /// One for each host and port, by list order, then host.
    #[serde(alias = "names")]
    pub endpoints: Vec<Endpoint<'a>>,
    /// What it means for the runtime.
    #[serde(default)]
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

/// A program and its version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Tool<'a> {
    /// Its name: `pathproof`.
    pub name: Cow<'a, str>,
    /// The program's version.
    pub version: Cow<'a, str>,
}

/// How many endpoints came to each status. Gateways that Azure has not assigned are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Summary {
    /// Everything that was expected was proven.
    pub pass: usize,
    /// It works, with something to look at.
    pub warn: usize,
    /// An expectation is violated.
    pub fail: usize,
    /// It could not be asked.
    pub unknown: usize,
}

/// What the network allows the runtime, and what was not looked at to say so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Prediction<'a> {
    /// The best state that the network allows: `online`, `limited`, `offline` or `unknown`.
    pub network_allows: Cow<'a, str>,
    /// Why no better one.
    pub because: Cow<'a, [String]>,
    /// What works and what does not work then.
    pub consequences: Cow<'a, [String]>,
    /// What the state depends on beyond this report.
    pub not_looked_at: Cow<'a, [String]>,
}

#[cfg(test)]
mod tests;
