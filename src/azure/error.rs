//! What Azure says when it refuses, and what becomes of a request that it does not answer.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use super::credential::CredentialError;
use super::endpoint::EndpointError;
use super::secret::Secrets;
use crate::model::is_obeyed;

/// Why something asked of Resource Manager was not done.
#[derive(Debug, thiserror::Error)]
pub enum ArmError {
    /// An answer that says no, after what could be tried again was.
    #[error("{0}")]
    Refused(Box<ApiError>),
    /// No answer.
    #[error("{what}: {why}")]
    Unanswered {
        /// The request.
        what: String,
        /// What happened to it.
        why: String,
    },
    /// An answer that makes no sense.
    #[error("{what}: the answer is not what Resource Manager gives: {why}")]
    Malformed {
        /// The request.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// An operation that did not end in time.
    #[error(
        "{what}: Azure accepted it and had not finished it after {} s (--azure-deadline)",
        waited.as_secs()
    )]
    Unfinished {
        /// The request.
        what: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// An operation that ended badly.
    #[error("{what}: Azure accepted it, and it {status}: {error}")]
    Failed {
        /// The request.
        what: String,
        /// `failed` or `was cancelled`.
        status: &'static str,
        /// Azure's words.
        error: Box<ApiError>,
    },
    /// The version that was read is no longer the one that is there.
    #[error("{what}: the group was changed by someone else at the same time")]
    Overtaken {
        /// The request.
        what: String,
    },
    /// A certificate that this host does not trust: nothing was sent.
    #[error(
        "{what}: the certificate of {endpoint} is not trusted here ({why}): where TLS is inspected \
         on the way, this host must trust the inspecting authority"
    )]
    Untrusted {
        /// The request.
        what: String,
        /// Who presented it.
        endpoint: String,
        /// What is wrong with it.
        why: String,
    },
    /// No token.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// A place to which no token goes.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
}

impl ArmError {
    /// With this advice where a right is missing; without it, a security rule's is given.
    pub(super) fn for_want_of(self, advice: &'static str) -> Self {
        match self {
            Self::Refused(error) => {
                Self::Refused(Box::new(ApiError { right: Some(advice), ..*error }))
            }
            other => other,
        }
    }
}

/// An error as Resource Manager words it, with what support needs to find it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiError {
    /// The request.
    pub what: String,
    /// The status; 0 where it is an operation's.
    pub status: u16,
    /// Azure's code, as `AuthorizationFailed`.
    pub code: String,
    /// Azure's words, shortened.
    pub message: String,
    /// `x-ms-correlation-request-id`.
    pub correlation: String,
    /// How often it was asked.
    pub attempts: u32,
    /// What to do where a right is missing, of requests that are not for security rules.
    pub right: Option<&'static str>,
}

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    error: Inner,
}

#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Inner {
    Object {
        #[serde(default)]
        code: Option<String>,
        #[serde(default)]
        message: Option<String>,
    },
    #[default]
    Nothing,
}

impl ApiError {
    /// Reads the error of an answer, whatever it is; `secrets` are what it must not repeat.
    pub(super) fn read(
        what: &str,
        status: u16,
        body: &str,
        correlation: &str,
        secrets: &Secrets,
    ) -> Self {
        let body: Body = serde_json::from_str(body).unwrap_or_default();
        let (code, message) = match body.error {
            Inner::Object { code, message } => {
                (code.unwrap_or_default(), message.unwrap_or_default())
            }
            Inner::Nothing => (String::new(), String::new()),
        };
        Self {
            what: what.to_owned(),
            status,
            code: one_line(&secrets.mask(&code), 100),
            message: one_line(&secrets.mask(&message), 600),
            correlation: one_line(&secrets.mask(correlation), 100),
            attempts: 1,
            right: None,
        }
    }

    /// What to do about it, where that is known.
    fn advice(&self) -> Option<&'static str> {
        match (self.status, self.code.as_str()) {
            (401, _) => Some(
                "the token is not accepted: is it of this tenant, and for Resource Manager \
                 (https://management.azure.com/)?",
            ),
            (403, _) => self.right.or(Some(
                "the identity lacks a right: it needs networkSecurityGroups/read and \
                 networkSecurityGroups/securityRules/read, write and delete on this group",
            )),
            (404, _) => Some("is it spelt right, and may this identity see it?"),
            (_, "SecurityRuleConflict") => {
                Some("another rule has this priority and direction: plan again")
            }
            (409 | 429, _) => {
                Some("something else is changing the group or its network: try again later")
            }
            (500.., _) => Some("the service is in trouble: try again later"),
            _ => None,
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.what.is_empty() {
            write!(f, "{}: ", self.what)?;
        }
        if self.status != 0 {
            write!(f, "status {}", self.status)?;
        }
        if !self.code.is_empty() {
            write!(f, " {}", self.code)?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message.trim_end_matches('.'))?;
        }
        if self.attempts > 1 {
            write!(f, " ({} times)", self.attempts)?;
        }
        if let Some(advice) = self.advice() {
            write!(f, "; {advice}")?;
        }
        if !self.correlation.is_empty() {
            write!(f, " [correlation id {}]", self.correlation)?;
        }
        Ok(())
    }
}

/// What comes from outside does not begin a line of ours.
pub(super) fn one_line(text: &str, most: usize) -> String {
    text.chars().map(|c| if is_obeyed(c) { ' ' } else { c }).take(most).collect()
}
