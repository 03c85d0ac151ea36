//! What changed since an earlier report.

use std::borrow::Cow;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{SeverityWord, StatusWord};
use crate::model::{Severity, Status};

/// Where a report comes from, and what it came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Source<'a> {
    /// The host that measured.
    pub hostname: Cow<'a, str>,
    /// When; `null` where the report does not say.
    pub started_at: Option<Timestamp>,
    /// The best state that the network allowed the runtime.
    pub network_allows: Cow<'a, str>,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Change<'a> {
    /// Of which endpoint; `null` where it is of the run as a whole.
    #[serde(default)]
    pub endpoint: Option<ChangedEndpoint<'a>>,
    /// What it is that differs.
    #[serde(flatten)]
    pub what: What<'a>,
}

/// An endpoint, as far as a comparison names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ChangedEndpoint<'a> {
    /// The entry of the endpoint list.
    pub entry: Cow<'a, str>,
    /// A name, an address or a pattern.
    pub host: Cow<'a, str>,
    /// The port; 0 where the file does not say it.
    pub port: u16,
    /// Whether the runtime needs it.
    pub required: bool,
}

/// What differs, and how it was before and is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What<'a> {
    /// Worse than before, and it is known to be.
    Regression { before: Standing<'a>, after: Standing<'a> },
    /// Better than before.
    Recovery { before: Standing<'a>, after: Standing<'a> },
    /// It could not be asked this time.
    UnknownNow { before: Standing<'a>, after: Standing<'a> },
    /// No better and no worse, for another reason.
    OtherCause { before: Standing<'a>, after: Standing<'a> },
    /// Only the later report has it.
    NewEndpoint { after: Standing<'a> },
    /// Only the earlier report has it.
    GoneEndpoint { before: Standing<'a> },
    /// Its name leads elsewhere.
    Addresses { new: Vec<IpAddr>, gone: Vec<IpAddr> },
    /// Other authorities issued the certificates it shows.
    Issuers { before: Vec<Cow<'a, str>>, after: Vec<Cow<'a, str>> },
    /// It is configured to go another way.
    Route { before: Cow<'a, str>, after: Cow<'a, str>, why: Cow<'a, str> },
    /// A step takes another time, beyond what is noise.
    Latency(Latency<'a>),
    /// What a later version found; never written for a run of this one.
    #[serde(untagged)]
    #[cfg_attr(test, schemars(skip))]
    Other(Map<String, Value>),
}

/// How an endpoint, or a run, stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Standing<'a> {
    /// The status it came to.
    #[serde(with = "StatusWord")]
    pub status: Status,
    /// What was wrong.
    pub findings: Vec<ChangedFinding<'a>>,
}

/// A finding, as far as a comparison shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChangedFinding<'a> {
    /// The stable code.
    pub cause: Cow<'a, str>,
    /// How bad it was there.
    #[serde(with = "SeverityWord")]
    pub severity: Severity,
    /// What is wrong, in one sentence.
    pub message: Cow<'a, str>,
    /// Who can fix it.
    pub owner: Cow<'a, str>,
    /// What to do.
    pub remedy: Cow<'a, str>,
}

/// A step that takes another time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Latency<'a> {
    /// `tcp` or `proxy`.
    pub step: Cow<'a, str>,
    /// The shortest before.
    pub before_ms: f64,
    /// The shortest now.
    pub after_ms: f64,
}
