//! The identity that is used: that of the first of the contract's sources that is set up.
//!
//! This is our own code because `azure_identity` refuses Azure Arc, which on-premises hosts of the
//! runtime have, and hard-codes the addresses that tests must replace.

mod command_line;
mod directory;
mod identity;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::error::one_line;
use super::exchange::{bounded, user_agent};
use super::form_encoded;
use super::secret::{Secret, Secrets};
use crate::model::Cloud;

/// A source of tokens, in the contract's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialSource {
    /// The variable `PATHPROOF_ACCESS_TOKEN`.
    Token,
    /// The identity of this machine or container.
    ManagedIdentity,
    /// The federated token in `AZURE_FEDERATED_TOKEN_FILE`.
    WorkloadIdentity,
    /// The secret in `AZURE_CLIENT_SECRET`.
    ClientSecret,
    /// Whoever is signed in to the Azure CLI.
    AzureCli,
}

impl CredentialSource {
    /// Every source, in the order in which they are tried.
    pub const ALL: [Self; 5] = [
        Self::Token,
        Self::ManagedIdentity,
        Self::WorkloadIdentity,
        Self::ClientSecret,
        Self::AzureCli,
    ];

    /// The name in outputs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "PATHPROOF_ACCESS_TOKEN",
            Self::ManagedIdentity => "managed identity",
            Self::WorkloadIdentity => "workload identity",
            Self::ClientSecret => "client secret",
            Self::AzureCli => "Azure CLI",
        }
    }
}

impl fmt::Display for CredentialSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the environment says about identities. Empty variables count as unset.
#[derive(Clone, Debug)]
pub struct CredentialEnvironment {
    /// Azure's cloud, which decides authority and audience.
    pub cloud: Cloud,
    /// `PATHPROOF_ACCESS_TOKEN`: a token that somebody else asked for.
    pub token: Option<Secret>,
    /// `IDENTITY_ENDPOINT`: where App Service, Container Apps and Azure Arc give tokens.
    pub identity_endpoint: Option<String>,
    /// `IDENTITY_HEADER`: App Service and Container Apps; Azure Arc sets none.
    pub identity_header: Option<Secret>,
    /// `AZURE_POD_IDENTITY_AUTHORITY_HOST`: where the instance metadata service answers.
    pub metadata_host: Option<String>,
    /// `AZURE_AUTHORITY_HOST`: where tokens are asked for.
    pub authority: Option<String>,
    /// `AZURE_TENANT_ID`: the directory of the application.
    pub tenant: Option<String>,
    /// `AZURE_CLIENT_ID`: the application, or the managed identity.
    pub client: Option<String>,
    /// `AZURE_CLIENT_SECRET`: the application's secret.
    pub client_secret: Option<Secret>,
    /// `AZURE_FEDERATED_TOKEN_FILE`: the file with the token of a workload identity.
    pub federated_token_file: Option<PathBuf>,
    /// Where Azure Arc's agent puts the files that prove who asks.
    pub arc_tokens: PathBuf,
}

impl CredentialEnvironment {
    /// Reads the environment through `variable`.
    #[must_use]
    pub fn read(cloud: Cloud, variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let secret = |name: &str| variable(name).map(|value| Secret::new(&value));
        // Microsoft's managed-identity documentation of Azure Arc-enabled servers.
        let arc_tokens = match variable("ProgramData") {
            Some(folder) if cfg!(windows) => {
                PathBuf::from(folder).join("AzureConnectedMachineAgent").join("Tokens")
            }
            _ => PathBuf::from("/var/opt/azcmagent/tokens"),
        };
        Self {
            cloud,
            token: secret("PATHPROOF_ACCESS_TOKEN"),
            identity_endpoint: variable("IDENTITY_ENDPOINT"),
            identity_header: secret("IDENTITY_HEADER"),
            metadata_host: variable("AZURE_POD_IDENTITY_AUTHORITY_HOST"),
            authority: variable("AZURE_AUTHORITY_HOST"),
            tenant: variable("AZURE_TENANT_ID"),
            client: variable("AZURE_CLIENT_ID"),
            client_secret: secret("AZURE_CLIENT_SECRET"),
            federated_token_file: variable("AZURE_FEDERATED_TOKEN_FILE").map(PathBuf::from),
            arc_tokens,
        }
    }

    /// The secrets that a response may repeat.
    pub(super) fn secrets(&self) -> Secrets {
        let all = [&self.token, &self.identity_header, &self.client_secret];
        Secrets::of(all.into_iter().flatten().cloned())
    }

    /// Whom the token is for: the cloud's Resource Manager, at whatever address it is reached.
    fn audience(&self) -> &'static str {
        match self.cloud {
            Cloud::Public => "https://management.azure.com/",
            Cloud::UsGov => "https://management.usgovcloudapi.net/",
            Cloud::China => "https://management.chinacloudapi.cn/",
        }
    }
}

/// Why there is no token. No message holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// No source is set up.
    #[error("no credentials for Azure: {}", list(.tried))]
    None {
        /// Each source, and why it has no token.
        tried: Vec<(CredentialSource, String)>,
    },
    /// A source that is set up failed. The next one is not tried: it could be another identity.
    #[error("{kind}: {why}")]
    Failed { kind: CredentialSource, why: String },
}

fn list(tried: &[(CredentialSource, String)]) -> String {
    let tried: Vec<_> = tried.iter().map(|(kind, why)| format!("{kind}: {why}")).collect();
    tried.join("; ")
}

/// What a source of tokens gives.
enum TokenOutcome {
    Token(Secret),
    /// The source is not set up on this host.
    Absent(String),
    /// The source is set up, and failed.
    Failed(String),
}

/// Gives tokens, all of them from the same source.
#[derive(Debug)]
pub struct Credential {
    environment: CredentialEnvironment,
    only: Option<CredentialSource>,
    kind: Option<CredentialSource>,
}

impl Credential {
    /// Takes tokens from the first source that is set up, or from `only` this one.
    #[must_use]
    pub const fn new(environment: CredentialEnvironment, only: Option<CredentialSource>) -> Self {
        Self { environment, only, kind: None }
    }

    /// The source of the last token.
    #[must_use]
    pub const fn kind(&self) -> Option<CredentialSource> {
        self.kind
    }

    pub(super) fn secrets(&self) -> Secrets {
        self.environment.secrets()
    }

    /// Whether the source can give another token when this one has expired.
    pub(super) fn is_renewable(&self) -> bool {
        self.kind != Some(CredentialSource::Token)
    }

    pub(super) async fn token(&mut self) -> Result<Secret, CredentialError> {
        let mut tried = Vec::new();
        let kinds = match self.kind.or(self.only) {
            Some(kind) => vec![kind],
            None => CredentialSource::ALL.to_vec(),
        };
        for kind in kinds {
            match self.ask(kind).await {
                TokenOutcome::Token(token) if token.is_empty() => {
                    let why = "gave an empty token".to_owned();
                    return Err(CredentialError::Failed { kind, why });
                }
                TokenOutcome::Token(token) => {
                    self.kind = Some(kind);
                    return Ok(token);
                }
                TokenOutcome::Absent(why) => tried.push((kind, why)),
                TokenOutcome::Failed(why) => return Err(CredentialError::Failed { kind, why }),
            }
        }
        Err(CredentialError::None { tried })
    }

    async fn ask(&self, kind: CredentialSource) -> TokenOutcome {
        let environment = &self.environment;
        match kind {
            CredentialSource::Token => match &environment.token {
                Some(token) => TokenOutcome::Token(token.clone()),
                None => TokenOutcome::Absent("not set".to_owned()),
            },
            CredentialSource::ManagedIdentity => identity::token(environment).await,
            CredentialSource::WorkloadIdentity => directory::by_assertion(environment).await,
            CredentialSource::ClientSecret => directory::by_secret(environment).await,
            CredentialSource::AzureCli => command_line::token(environment).await,
        }
    }
}

/// The response of every source but Azure's CLI.
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
}

/// An error of Microsoft Entra or of the metadata service.
#[derive(Default, Deserialize)]
struct TokenError {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

/// A response with a token is a few kilobytes.
const MOST_BYTES: usize = 1 << 20;

/// Reads the text of a response up to a limit, as what answers may not be what it should be.
async fn text_of(response: reqwest::Response) -> Result<String, String> {
    let bytes = bounded(response, MOST_BYTES).await?;
    String::from_utf8(bytes).map_err(|_| "the answer is no UTF-8".to_owned())
}

/// Reads the token in a response, or says why there is none. `secrets` are taken out of the words:
/// the body may repeat what was sent.
fn read_token(status: u16, body: &str, secrets: &Secrets) -> Result<Secret, String> {
    if status == 200 {
        let answer: Result<TokenAnswer, _> = serde_json::from_str(body);
        return answer
            .map(|answer| Secret::new(&answer.access_token))
            .map_err(|_| "the answer holds no access_token".to_owned());
    }
    let error: TokenError = serde_json::from_str(body).unwrap_or_default();
    let words = format!("{} {}", error.error, error.error_description);
    let words = one_line(&secrets.mask(words.trim()), 300);
    Err(if words.is_empty() {
        format!("status {status}")
    } else {
        format!("status {status}: {words}")
    })
}

/// An HTTP client for requests for tokens.
fn http(timeout: Duration, connect: Duration, by_proxy: bool) -> Result<reqwest::Client, String> {
    let builder = reqwest::Client::builder()
        .user_agent(user_agent())
        .timeout(timeout)
        .connect_timeout(connect)
        .redirect(reqwest::redirect::Policy::none());
    let builder = if by_proxy { builder } else { builder.no_proxy() };
    builder.build().map_err(|error| super::exchange::chain(&error))
}

/// Encodes pairs as `application/x-www-form-urlencoded`.
fn form(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(key, value)| format!("{}={}", form_encoded(key), form_encoded(value)))
        .collect();
    pairs.join("&")
}
