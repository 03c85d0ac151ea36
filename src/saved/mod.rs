//! JSON reports read back, as far as comparing them and writing rules for them needs, and the
//! names that `resolve` wrote, which have the same parts. The contract is the interface: fields that
//! are not known here are ignored, so that reports of later versions are read too. This is the only
//! reader of them.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{Cause, FileKind, Severity, Status};

const SCHEMA: &str = "pathproof.report/1";
/// What `resolve` writes.
const NAMES_SCHEMA: &str = "pathproof.names/1";

/// A JSON report.
#[derive(Clone, Debug, Deserialize)]
pub struct Saved {
    /// When and where it was measured.
    #[serde(default)]
    pub run: SavedRun,
    /// Findings of the run as a whole.
    #[serde(default)]
    pub findings: Vec<SavedFinding>,
    /// One for each host and port; of `resolve`, its names.
    #[serde(alias = "names")]
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
    /// Its own addresses.
    #[serde(default)]
    pub addresses: Vec<IpAddr>,
    /// The name servers that were asked.
    #[serde(default)]
    pub resolvers: Vec<SocketAddr>,
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
    /// What it is to the runtime, in the report's word; older reports do not say.
    #[serde(default)]
    pub role: Option<String>,
    /// A name, an address or a pattern.
    pub host: String,
    /// The port; `None` where a file of an older `resolve` does not say.
    #[serde(default)]
    pub port: Option<u16>,
    /// What proves it, in the contract's word.
    #[serde(default)]
    pub kind: Option<String>,
    /// Where it came from, in the contract's word.
    #[serde(default)]
    pub origin: Option<String>,
    /// Whether the runtime needs it, where the file says so.
    #[serde(default)]
    pub required: Option<bool>,
    /// What the report made of it; `unknown` where it holds no conclusion.
    #[serde(default = "unknown", with = "StatusWord")]
    pub status: Status,
    /// Why it was no pass, or does not resolve.
    #[serde(default)]
    pub cause: Option<String>,
    /// How it was configured to leave.
    #[serde(default)]
    pub route: SavedRoute,
    /// What was wrong, its own cause first.
    #[serde(default)]
    pub findings: Vec<SavedFinding>,
    /// What each resolver said.
    #[serde(default)]
    pub lookups: Vec<SavedLookup>,
    /// What was seen at each address, by each route.
    #[serde(default)]
    pub trails: Vec<SavedTrail>,
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

/// What one resolver said of a name.
#[derive(Clone, Debug, Deserialize)]
pub struct SavedLookup {
    /// `ok`, or what went wrong.
    #[serde(default)]
    pub outcome: String,
    /// From the name to its addresses.
    #[serde(default)]
    pub chain: Vec<SavedLink>,
    /// Where it led.
    #[serde(default)]
    pub addresses: Vec<IpAddr>,
}

/// A record of a chain.
#[derive(Clone, Debug, Deserialize)]
pub struct SavedLink {
    /// `CNAME`, `A` or `AAAA`.
    #[serde(rename = "type")]
    pub record_type: String,
    /// Where it leads.
    pub data: String,
}

/// What was seen at one address.
#[derive(Clone, Debug, Deserialize)]
pub struct SavedTrail {
    /// `direct`, or a proxy's URL.
    pub route: String,
    /// From which address, once connected.
    #[serde(default)]
    pub local: Option<SocketAddr>,
    /// To which: the proxy's, where the route leads through one.
    #[serde(default)]
    pub remote: Option<SocketAddr>,
    /// In order; only the last can have failed.
    #[serde(default)]
    pub steps: Vec<SavedStep>,
}

/// One step of a trail.
#[derive(Clone, Debug, Deserialize)]
pub struct SavedStep {
    /// `tcp`, `proxy`, `tls`, `http`, …
    #[serde(rename = "step")]
    pub name: String,
    /// `ok`, or how it failed.
    pub outcome: String,
    #[serde(default)]
    took_ms: f64,
    /// What it saw.
    #[serde(default)]
    pub detail: SavedDetail,
}

/// What a step saw, as far as it is needed here.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct SavedDetail {
    /// Of a handshake: leaf first.
    #[serde(default)]
    pub chain: Vec<SavedCertificate>,
    /// How the chain was judged.
    #[serde(default)]
    pub trust: SavedTrust,
}

/// A certificate of a chain.
#[derive(Clone, Debug, Deserialize)]
pub struct SavedCertificate {
    /// The issuer's distinguished name.
    #[serde(default)]
    pub issuer: String,
    /// The subject alternative names.
    #[serde(default)]
    pub names: Vec<String>,
}

/// How a chain was judged.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct SavedTrust {
    /// Under the public web roots.
    #[serde(default)]
    pub public: SavedOutcome,
}

/// A judgement in one word: `trusted`, `unknown_issuer`, …
#[derive(Clone, Debug, Default, Deserialize)]
pub struct SavedOutcome {
    /// The word.
    #[serde(default)]
    pub outcome: String,
}

const fn unknown() -> Status {
    Status::Unknown
}

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

/// Why a text is no report.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// Not what the contract describes.
    #[error("no JSON report, as --format json writes it: {error}")]
    Malformed {
        /// What and where.
        error: serde_json::Error,
    },
    /// An endpoint of a report without its port.
    #[error("no JSON report, as --format json writes it: the endpoint {host} has no port")]
    NoPort {
        /// Which.
        host: String,
    },
    /// Another of the program's own files.
    #[error("this is {0}; a report is meant here, which --format json writes")]
    OtherKind(FileKind),
    /// JSON of another kind or version.
    #[error("schema '{found}' is not read here: expected {expected}, which --format json writes")]
    Schema {
        /// What it says it is.
        found: String,
        /// What is read.
        expected: String,
    },
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
        if let Some(kind) = FileKind::of(text.as_bytes()).filter(|kind| *kind != FileKind::Report) {
            return Err(SavedError::OtherKind(kind));
        }
        let saved = Self::read_as(text, &[SCHEMA])?;
        match saved.endpoints.iter().find(|endpoint| endpoint.port.is_none()) {
            Some(endpoint) => Err(SavedError::NoPort { host: endpoint.host.clone() }),
            None => Ok(saved),
        }
    }

    /// Reads a JSON report, or the names that `resolve` wrote.
    ///
    /// # Errors
    /// [`SavedError`], with line and column.
    pub fn read_names_too(text: &str) -> Result<Self, SavedError> {
        Self::read_as(text, &[SCHEMA, NAMES_SCHEMA])
    }

    fn read_as(text: &str, schemas: &[&str]) -> Result<Self, SavedError> {
        #[derive(Deserialize)]
        struct Kind {
            schema: String,
        }
        let kind: Kind = serde_json::from_str(text)?;
        if !schemas.contains(&kind.schema.as_str()) {
            return Err(SavedError::Schema { found: kind.schema, expected: schemas.join(" or ") });
        }
        Ok(serde_json::from_str(text)?)
    }
}

impl SavedEndpoint {
    /// Whether the runtime needs it, which is taken for granted where nothing is said.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.required.unwrap_or(true)
    }

    /// As `host:port`, an IPv6 address in brackets.
    #[must_use]
    pub fn place(&self) -> String {
        match (self.host.parse::<IpAddr>(), self.port) {
            (Ok(address), Some(port)) => SocketAddr::new(address, port).to_string(),
            (Err(_), Some(port)) => format!("{}:{port}", self.host),
            (_, None) => self.host.clone(),
        }
    }

    /// Whether it is a gateway that Azure has not put to use: there is nothing to reach yet.
    #[must_use]
    pub fn is_unassigned(&self) -> bool {
        self.cause.as_deref() == Some(Cause::RelayGatewayUnassigned.code())
    }

    /// Every address that its name led to; `None` where no name server said, either way.
    #[must_use]
    pub fn addresses(&self) -> Option<BTreeSet<IpAddr>> {
        const SAID: [&str; 3] = ["ok", "nxdomain", "nodata"];
        let mut said =
            self.lookups.iter().filter(|one| SAID.contains(&one.outcome.as_str())).peekable();
        said.peek()?;
        Some(said.flat_map(|lookup| lookup.addresses.iter().copied()).collect())
    }

    /// Who issued the certificates that were shown by the configured way.
    #[must_use]
    pub fn issuers(&self) -> BTreeSet<&str> {
        let steps = self.own_steps().filter(|step| step.name == "tls");
        steps.filter_map(|step| step.detail.chain.first()).map(|leaf| &*leaf.issuer).collect()
    }

    /// How long `step` took wherever it succeeded by the configured way, milliseconds.
    #[must_use]
    pub fn times(&self, step: &str) -> Vec<f64> {
        let steps = self.own_steps().filter(|one| one.name == step && one.outcome == "ok");
        steps.map(|one| one.took_ms).collect()
    }

    fn own_steps(&self) -> impl Iterator<Item = &SavedStep> {
        let own = self.trails.iter().filter(|trail| trail.route == self.route.configured);
        own.flat_map(|trail| &trail.steps)
    }
}

#[cfg(test)]
mod tests;
