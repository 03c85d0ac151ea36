//! Why a request to Azure failed, in Azure's words where it has any.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use super::credential::CredentialError;
use super::endpoint::AzureEndpointError;
use super::secret::Secrets;
use crate::model::is_obeyed;

/// Why a request to Resource Manager did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ArmError {
    /// Azure refused, in the last of all attempts.
    #[error("{0}")]
    Refused(Box<ApiError>),
    /// There was no response.
    #[error("{what}: {why}")]
    Unanswered { what: String, why: String },
    /// The response is not one that Resource Manager gives.
    #[error("{what}: the answer is not what Resource Manager gives: {why}")]
    Malformed { what: String, why: String },
    /// An accepted operation did not end before the deadline.
    #[error(
        "{what}: Azure accepted it and had not finished it after {} s (--azure-deadline)",
        waited.as_secs()
    )]
    Unfinished { what: String, waited: Duration },
    /// An accepted operation failed.
    #[error("{what}: Azure accepted it, and it {status}: {error}")]
    Failed {
        what: String,
        /// `failed` or `was cancelled`.
        status: &'static str,
        error: Box<ApiError>,
    },
    /// The rule was changed since it was read.
    #[error("{what}: the group was changed by someone else at the same time")]
    Overtaken { what: String },
    /// This host does not trust the certificate: nothing was sent.
    #[error(
        "{what}: the certificate of {endpoint} is not trusted here ({why}): where TLS is inspected \
         on the way, this host must trust the inspecting authority"
    )]
    Untrusted { what: String, endpoint: String, why: String },
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The URL is one to which no token is sent.
    #[error(transparent)]
    Endpoint(#[from] AzureEndpointError),
}

impl ArmError {
    /// Whether Azure said nothing about what was asked: no response, or one that it is busy or in
    /// trouble. What it said earlier may still hold then; a refusal is an answer.
    #[must_use]
    pub const fn is_no_answer(&self) -> bool {
        match self {
            Self::Unanswered { .. } => true,
            Self::Refused(error) => matches!(error.status, 408 | 409 | 425 | 429 | 500..=599),
            _ => false,
        }
    }

    /// The same error with advice for a missing right. Without it the advice is that for security
    /// rules.
    pub(super) fn for_want_of(self, advice: &'static str) -> Self {
        match self {
            Self::Refused(error) => {
                Self::Refused(Box::new(ApiError { right: Some(advice), ..*error }))
            }
            other => other,
        }
    }
}

/// An error in Resource Manager's words, with the id by which Azure's support finds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiError {
    pub what: String,
    /// The HTTP status; 0 for the error of an operation, which has none.
    pub status: u16,
    /// Azure's code, such as `AuthorizationFailed`.
    pub code: String,
    /// Azure's message, shortened.
    pub message: String,
    /// The header `x-ms-correlation-request-id`, by which Azure's support finds the request.
    pub correlation: String,
    /// How often the request was made.
    pub attempts: u32,
    /// Advice for a missing right, of requests that are not about security rules.
    pub right: Option<&'static str>,
}

#[derive(Default, Deserialize)]
struct ErrorBody {
    #[serde(default)]
    error: ErrorDetail,
}

#[derive(Default, Deserialize)]
#[serde(untagged)]
enum ErrorDetail {
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
    /// Reads the error in a response, whatever its body is. `secrets` are taken out of it.
    pub(super) fn read(
        what: &str,
        status: u16,
        body: &str,
        correlation: &str,
        secrets: &Secrets,
    ) -> Self {
        let body: ErrorBody = serde_json::from_str(body).unwrap_or_default();
        let (code, message) = match body.error {
            ErrorDetail::Object { code, message } => {
                (code.unwrap_or_default(), message.unwrap_or_default())
            }
            ErrorDetail::Nothing => (String::new(), String::new()),
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

    /// What a user can do about it, where that is known.
    fn advice(&self) -> Option<&'static str> {
        match (self.status, self.code.as_str()) {
            (401, _) => Some(
                "the token is not accepted: is it of this tenant, and for Resource Manager \
                 (https://management.azure.com/)?",
            ),
            (403, "LinkedAuthorizationFailed") => Some(
                "the rule names an application security group: the identity needs \
                 Microsoft.Network/applicationSecurityGroups/joinNetworkSecurityRule/action on that \
                 group (deploy/azure/role-application-group.json)",
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

/// Somebody else's text on one line, so that it cannot pass for a line of ours.
pub(super) fn one_line(text: &str, most: usize) -> String {
    text.chars().map(|c| if is_obeyed(c) { ' ' } else { c }).take(most).collect()
}
