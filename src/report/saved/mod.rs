//! JSON reports read back, as far as comparing them needs. The report's contract is the
//! interface: fields that are not known here are ignored, so that reports of later versions are
//! read too.

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{Cause, FileKind, Severity, Status};

const SCHEMA: &str = "pathproof.report/1";

/// A JSON report.
#[derive(Clone, Debug, Deserialize)]
pub struct Saved {
    /// When and where it was measured.
    #[serde(default)]
    pub run: SavedRun,
    /// Findings of the run as a whole.
    #[serde(default)]
    pub findings: Vec<SavedFinding>,
    /// One for each host and port.
    pub endpoints: Vec<SavedEndpoint>,
    /// What it means for the runtime.
    #[serde(default)]
    pub prediction: SavedPrediction,
}

/// When and where a report was measured.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct SavedRun {
    /// When the run began.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// From where.
    #[serde(default)]
    pub vantage: SavedVantage,
}

/// The host that measured.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct SavedVantage {
    /// Its own name.
    #[serde(default)]
    pub hostname: String,
}

/// What the report expects of the runtime.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct SavedPrediction {
    /// `online`, `limited`, `offline` or `unknown`.
    #[serde(default)]
    pub network_allows: String,
}

/// Something that was wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedFinding {
    /// The stable code: one that a later version may have brought.
    pub cause: String,
    /// How bad it was there.
    #[serde(with = "SeverityWord")]
    pub severity: Severity,
    /// One sentence.
    #[serde(default)]
    pub message: String,
    /// Who can mend it.
    #[serde(default)]
    pub owner: String,
    /// What to do.
    #[serde(default)]
    pub remedy: String,
}

/// An endpoint, and what was seen of it.
#[derive(Clone, Debug, Deserialize)]
pub struct SavedEndpoint {
    /// The list's entry.
    pub entry: String,
    /// A name, an address or a pattern.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether the runtime needs it.
    #[serde(default = "yes")]
    pub required: bool,
    /// What the report made of it.
    #[serde(with = "StatusWord")]
    pub status: Status,
    /// Why it was no pass.
    #[serde(default)]
    pub cause: Option<String>,
    /// How it was configured to leave.
    #[serde(default)]
    pub route: SavedRoute,
    /// What was wrong, its own cause first.
    #[serde(default)]
    pub findings: Vec<SavedFinding>,
    #[serde(default)]
    lookups: Vec<Lookup>,
    #[serde(default)]
    trails: Vec<Trail>,
}

/// The way an endpoint was configured to go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct SavedRoute {
    /// `direct`, a proxy's URL, or `unknown`.
    #[serde(default)]
    pub configured: String,
    /// What said so.
    #[serde(default)]
    pub why: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Lookup {
    outcome: String,
    #[serde(default)]
    addresses: Vec<IpAddr>,
}

#[derive(Clone, Debug, Deserialize)]
struct Trail {
    route: String,
    #[serde(default)]
    steps: Vec<Step>,
}

#[derive(Clone, Debug, Deserialize)]
struct Step {
    #[serde(rename = "step")]
    name: String,
    outcome: String,
    #[serde(default)]
    took_ms: f64,
    #[serde(default)]
    detail: Detail,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Detail {
    /// Of a handshake: leaf first.
    #[serde(default)]
    chain: Vec<Certificate>,
}

#[derive(Clone, Debug, Deserialize)]
struct Certificate {
    issuer: String,
}

const fn yes() -> bool {
    true
}

/// [`Status`] as the contract writes it.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Status", rename_all = "lowercase")]
pub(super) enum StatusWord {
    Pass,
    Warn,
    Fail,
    Unknown,
}

/// [`Severity`] as the contract writes it.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Severity", rename_all = "lowercase")]
pub(super) enum SeverityWord {
    Fail,
    Warn,
    Unknown,
}

/// Why a text is no report.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// Not what the contract describes.
    #[error("no JSON report, as --format json writes it: {error}")]
    Malformed {
        /// What and where.
        error: serde_json::Error,
    },
    /// Another of the program's own files.
    #[error("this is {0}; a report is meant here, which --format json writes")]
    OtherKind(FileKind),
    /// JSON of another kind or version.
    #[error("schema '{0}' is no report: expected {SCHEMA}, which --format json writes")]
    Schema(String),
}

// Not a source: its words are part of the message.
impl From<serde_json::Error> for SavedError {
    fn from(error: serde_json::Error) -> Self {
        Self::Malformed { error }
    }
}

impl Saved {
    /// Reads a JSON report.
    ///
    /// # Errors
    /// [`SavedError`], with line and column.
    pub fn read(text: &str) -> Result<Self, SavedError> {
        #[derive(Deserialize)]
        struct Kind {
            schema: String,
        }
        if let Some(kind) = FileKind::of(text.as_bytes()).filter(|kind| *kind != FileKind::Report) {
            return Err(SavedError::OtherKind(kind));
        }
        let kind: Kind = serde_json::from_str(text)?;
        if kind.schema != SCHEMA {
            return Err(SavedError::Schema(kind.schema));
        }
        Ok(serde_json::from_str(text)?)
    }
}

impl SavedEndpoint {
    /// As `host:port`, an IPv6 address in brackets.
    #[must_use]
    pub fn place(&self) -> String {
        match self.host.parse::<IpAddr>() {
            Ok(address) => std::net::SocketAddr::new(address, self.port).to_string(),
            Err(_) => format!("{}:{}", self.host, self.port),
        }
    }

    /// Whether it is a gateway that Azure has not put to use: there is nothing to reach yet.
    pub(super) fn is_unassigned(&self) -> bool {
        self.cause.as_deref() == Some(Cause::RelayGatewayUnassigned.code())
    }

    /// Every address that its name led to; `None` where no name server said, either way.
    pub(super) fn addresses(&self) -> Option<BTreeSet<IpAddr>> {
        const SAID: [&str; 3] = ["ok", "nxdomain", "nodata"];
        let mut said =
            self.lookups.iter().filter(|one| SAID.contains(&one.outcome.as_str())).peekable();
        said.peek()?;
        Some(said.flat_map(|lookup| lookup.addresses.iter().copied()).collect())
    }

    /// Who issued the certificates that were shown by the configured way.
    pub(super) fn issuers(&self) -> BTreeSet<&str> {
        let steps = self.own_steps().filter(|step| step.name == "tls");
        steps.filter_map(|step| step.detail.chain.first()).map(|leaf| &*leaf.issuer).collect()
    }

    /// How long `step` took wherever it succeeded by the configured way, milliseconds.
    pub(super) fn times(&self, step: &str) -> Vec<f64> {
        let steps = self.own_steps().filter(|one| one.name == step && one.outcome == "ok");
        steps.map(|one| one.took_ms).collect()
    }

    fn own_steps(&self) -> impl Iterator<Item = &Step> {
        let own = self.trails.iter().filter(|trail| trail.route == self.route.configured);
        own.flat_map(|trail| &trail.steps)
    }
}

#[cfg(test)]
mod tests;
