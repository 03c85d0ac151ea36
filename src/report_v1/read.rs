//! Text to reports.

use serde::Deserialize;

use super::{NAMES_SCHEMA, Report, SCHEMA};
use crate::model::FileKind;

/// Why a text is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not what the contract describes.
    #[error("no JSON report, as --format json writes it: {error}")]
    Malformed {
        /// What and where.
        error: serde_json::Error,
    },
    /// An endpoint of a report without its port.
    #[error("no JSON report, as --format json writes it: the endpoint {host} has no port")]
    NoPort {
        /// The host of that endpoint.
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
impl From<serde_json::Error> for ReadError {
    fn from(error: serde_json::Error) -> Self {
        Self::Malformed { error }
    }
}

impl Report<'static> {
    /// Reads a JSON report.
    ///
    /// # Errors
    /// [`ReadError`], with line and column.
    pub fn read(text: &str) -> Result<Self, ReadError> {
        if let Some(kind) = FileKind::of(text.as_bytes()).filter(|kind| *kind != FileKind::Report) {
            return Err(ReadError::OtherKind(kind));
        }
        let report = Self::read_as(text, &[SCHEMA])?;
        match report.endpoints.iter().find(|endpoint| endpoint.port.is_none()) {
            Some(endpoint) => Err(ReadError::NoPort { host: endpoint.host.clone().into_owned() }),
            None => Ok(report),
        }
    }

    /// Reads a JSON report, or the names that `resolve` wrote.
    ///
    /// # Errors
    /// [`ReadError`], with line and column.
    pub fn read_names_too(text: &str) -> Result<Self, ReadError> {
        Self::read_as(text, &[SCHEMA, NAMES_SCHEMA])
    }

    fn read_as(text: &str, schemas: &[&str]) -> Result<Self, ReadError> {
        #[derive(Deserialize)]
        struct Kind {
            schema: String,
        }
        let kind: Kind = serde_json::from_str(text)?;
        if !schemas.contains(&kind.schema.as_str()) {
            return Err(ReadError::Schema { found: kind.schema, expected: schemas.join(" or ") });
        }
        Ok(serde_json::from_str(text)?)
    }
}
