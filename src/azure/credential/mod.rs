//! Whose rights are used: the first of the contract's sources that is there.
//!
//! Our own code, not `azure_identity`: that refuses Azure Arc, which is what on-premises hosts of
//! the runtime have, and hard-codes the addresses that tests must replace.

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
pub enum Kind {
    /// `PATHPROOF_ACCESS_TOKEN`.
    Token,
    /// The identity of this machine or container.
    ManagedIdentity,
    /// `AZURE_FEDERATED_TOKEN_FILE`.
    WorkloadIdentity,
    /// `AZURE_CLIENT_SECRET`.
    ClientSecret,
    /// `az account get-access-token`.
    AzureCli,
}

impl Kind {
    /// Every source, in order.
    pub const ALL: [Self; 5] = [
        Self::Token,
        Self::ManagedIdentity,
        Self::WorkloadIdentity,
        Self::ClientSecret,
        Self::AzureCli,
    ];

    /// As outputs name it.
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

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the environment says about identities. Empty variables count as unset.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Azure's cloud, which decides authority and audience.
    pub cloud: Cloud,
    /// `PATHPROOF_ACCESS_TOKEN`.
    pub token: Option<Secret>,
    /// `IDENTITY_ENDPOINT`.
    pub identity_endpoint: Option<String>,
    /// `IDENTITY_HEADER`: App Service and Container Apps; Azure Arc sets none.
    pub identity_header: Option<Secret>,
    /// `AZURE_POD_IDENTITY_AUTHORITY_HOST`: where the instance metadata service answers.
    pub metadata_host: Option<String>,
    /// `AZURE_AUTHORITY_HOST`.
    pub authority: Option<String>,
    /// `AZURE_TENANT_ID`.
    pub tenant: Option<String>,
    /// `AZURE_CLIENT_ID`.
    pub client: Option<String>,
    /// `AZURE_CLIENT_SECRET`.
    pub client_secret: Option<Secret>,
    /// `AZURE_FEDERATED_TOKEN_FILE`.
    pub federated_token_file: Option<PathBuf>,
    /// Where Azure Arc's agent puts the files that prove who asks.
    pub arc_tokens: PathBuf,
}

impl Surroundings {
    /// Reads them by `variable`.
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

    /// What an answer may repeat of what was sent.
    pub(super) fn secrets(&self) -> Secrets {
        let all = [&self.token, &self.identity_header, &self.client_secret];
        Secrets::of(all.into_iter().flatten().cloned())
    }

    /// For whom the token is: Resource Manager of the cloud, wherever it is reached.
    fn audience(&self) -> &'static str {
        match self.cloud {
            Cloud::Public => "https://management.azure.com/",
            Cloud::UsGov => "https://management.usgovcloudapi.net/",
            Cloud::China => "https://management.chinacloudapi.cn/",
        }
    }
}

/// Why there is no token. Never holds one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// No source has one.
    #[error("no credentials for Azure: {}", list(.tried))]
    None {
        /// Each source and why not.
        tried: Vec<(Kind, String)>,
    },
    /// A source that is set up, and fails: another identity in its place would surprise.
    #[error("{kind}: {why}")]
    Failed {
        /// Which.
        kind: Kind,
        /// How.
        why: String,
    },
}

fn list(tried: &[(Kind, String)]) -> String {
    let tried: Vec<_> = tried.iter().map(|(kind, why)| format!("{kind}: {why}")).collect();
    tried.join("; ")
}

/// What a source says.
enum Told {
    /// A token.
    Token(Secret),
    /// It is not set up here.
    Absent(String),
    /// It is set up, and fails.
    Failed(String),
}

/// Gives tokens, always from the same source.
#[derive(Debug)]
pub struct Credential {
    surroundings: Surroundings,
    only: Option<Kind>,
    kind: Option<Kind>,
}

impl Credential {
    /// Tokens from the first source that is there, or from `only` this one.
    #[must_use]
    pub const fn new(surroundings: Surroundings, only: Option<Kind>) -> Self {
        Self { surroundings, only, kind: None }
    }

    /// The source of the last token.
    #[must_use]
    pub const fn kind(&self) -> Option<Kind> {
        self.kind
    }

    /// Every secret of its own.
    pub(super) fn secrets(&self) -> Secrets {
        self.surroundings.secrets()
    }

    /// Whether asking again can give another token.
    pub(super) fn is_renewable(&self) -> bool {
        self.kind != Some(Kind::Token)
    }

    pub(super) async fn token(&mut self) -> Result<Secret, CredentialError> {
        let mut tried = Vec::new();
        let kinds = match self.kind.or(self.only) {
            Some(kind) => vec![kind],
            None => Kind::ALL.to_vec(),
        };
        for kind in kinds {
            match self.ask(kind).await {
                Told::Token(token) if token.is_empty() => {
                    let why = "gave an empty token".to_owned();
                    return Err(CredentialError::Failed { kind, why });
                }
                Told::Token(token) => {
                    self.kind = Some(kind);
                    return Ok(token);
                }
                Told::Absent(why) => tried.push((kind, why)),
                Told::Failed(why) => return Err(CredentialError::Failed { kind, why }),
            }
        }
        Err(CredentialError::None { tried })
    }

    async fn ask(&self, kind: Kind) -> Told {
        let surroundings = &self.surroundings;
        match kind {
            Kind::Token => match &surroundings.token {
                Some(token) => Told::Token(token.clone()),
                None => Told::Absent("not set".to_owned()),
            },
            Kind::ManagedIdentity => identity::token(surroundings).await,
            Kind::WorkloadIdentity => directory::by_assertion(surroundings).await,
            Kind::ClientSecret => directory::by_secret(surroundings).await,
            Kind::AzureCli => command_line::token(surroundings).await,
        }
    }
}

/// What every source of tokens answers.
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
}

/// The words of an error of Microsoft Entra or of the metadata service.
#[derive(Default, Deserialize)]
struct TokenError {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

/// An answer that holds a token is a few kilobytes.
const MOST_BYTES: usize = 1 << 20;

/// The text of an answer of whoever gives out tokens, which is not believed to end by itself.
async fn text_of(response: reqwest::Response) -> Result<String, String> {
    let bytes = bounded(response, MOST_BYTES).await?;
    String::from_utf8(bytes).map_err(|_| "the answer is no UTF-8".to_owned())
}

/// A token of an answer, or why there is none. The body is never repeated as it is: it may hold
/// what was sent, of which `secrets` are left out.
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

/// A client that asks for tokens.
fn http(timeout: Duration, connect: Duration, by_proxy: bool) -> Result<reqwest::Client, String> {
    let builder = reqwest::Client::builder()
        .user_agent(user_agent())
        .timeout(timeout)
        .connect_timeout(connect)
        .redirect(reqwest::redirect::Policy::none());
    let builder = if by_proxy { builder } else { builder.no_proxy() };
    builder.build().map_err(|error| super::exchange::chain(&error))
}

/// `application/x-www-form-urlencoded`.
fn form(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(key, value)| format!("{}={}", form_encoded(key), form_encoded(value)))
        .collect();
    pairs.join("&")
}
