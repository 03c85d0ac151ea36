//! Managed identities: App Service and Container Apps, Azure Arc, and virtual machines.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{
    CredentialEnvironment, Secret, Secrets, TokenOutcome, form, http, read_token, text_of,
};
use crate::azure::endpoint::AzureEndpoint;
use crate::azure::exchange::chain;
use crate::files;

/// The address of the instance metadata service in every virtual machine.
const METADATA: &str = "http://169.254.169.254";
/// Outside Azure nobody answers there, and the next source must not wait for long.
const METADATA_CONNECT: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(15);
/// The service is slow to start, and busy at times (Microsoft's guidance: try again).
const ATTEMPTS: u32 = 4;
/// The limit of Arc's key files, which are smaller (Microsoft's managed-identity documentation of
/// Azure Arc).
const ARC_KEY_BYTES: u64 = 4096;

pub(super) async fn token(environment: &CredentialEnvironment) -> TokenOutcome {
    match (&environment.identity_endpoint, &environment.identity_header) {
        (Some(endpoint), Some(header)) => platform(environment, endpoint, header).await,
        (Some(endpoint), None) => arc(environment, endpoint).await,
        (None, _) => metadata(environment).await,
    }
}

/// Asks the identity service of App Service, Functions and Container Apps
/// (app-service/overview-managed-identity, REST).
async fn platform(
    environment: &CredentialEnvironment,
    endpoint: &str,
    header: &Secret,
) -> TokenOutcome {
    let mut query = vec![("api-version", "2019-08-01"), ("resource", environment.audience())];
    if let Some(client) = &environment.client {
        query.push(("client_id", client));
    }
    let headers = [("x-identity-header", header.expose())];
    match ask(endpoint, &query, &headers, TIMEOUT).await {
        Ok((status, body, _)) => read_token(status, &body, &environment.secrets())
            .map_or_else(TokenOutcome::Failed, TokenOutcome::Token),
        Err(why) => TokenOutcome::Failed(why.to_string()),
    }
}

/// Asks the metadata service of a virtual machine (how-to-use-vm-token).
async fn metadata(environment: &CredentialEnvironment) -> TokenOutcome {
    let host = environment.metadata_host.as_deref().unwrap_or(METADATA);
    let endpoint = format!("{}/metadata/identity/oauth2/token", host.trim_end_matches('/'));
    let mut query = vec![("api-version", "2018-02-01"), ("resource", environment.audience())];
    if let Some(client) = &environment.client {
        query.push(("client_id", client));
    }
    let mut attempt = 1;
    loop {
        match ask(&endpoint, &query, &[("metadata", "true")], METADATA_CONNECT).await {
            Ok((404 | 410 | 429 | 500..=599, _, _)) if attempt < ATTEMPTS => {
                tokio::time::sleep(Duration::from_millis(200) * 2u32.pow(attempt)).await;
                attempt += 1;
            }
            // The machine has no identity, or not this one: other sources may have one.
            Ok((400, body, _)) => {
                let why = read_token(400, &body, &environment.secrets()).err();
                return TokenOutcome::Absent(why.unwrap_or_default());
            }
            Ok((status, body, _)) => {
                return read_token(status, &body, &environment.secrets())
                    .map_or_else(TokenOutcome::Failed, TokenOutcome::Token);
            }
            Err(MetadataError::Unsafe(why)) => return TokenOutcome::Failed(why),
            Err(MetadataError::Unanswered(_)) => {
                return TokenOutcome::Absent(
                    "no metadata service answers: not in Azure".to_owned(),
                );
            }
        }
    }
}

/// Asks Azure Arc's agent. Its first response names a file that only permitted accounts can read
/// (azure-arc/servers/managed-identity-authentication).
async fn arc(environment: &CredentialEnvironment, endpoint: &str) -> TokenOutcome {
    let query = [("api-version", "2020-06-01"), ("resource", environment.audience())];
    let challenge = match ask(endpoint, &query, &[("metadata", "true")], TIMEOUT).await {
        Ok((401, _, Some(challenge))) => challenge,
        Ok((status, _, _)) => {
            return TokenOutcome::Failed(format!(
                "Azure Arc: status {status} in place of a challenge"
            ));
        }
        Err(why) => return TokenOutcome::Failed(format!("Azure Arc: {why}")),
    };
    let key = match read_key(&challenge, &environment.arc_tokens) {
        Ok(key) => key,
        Err(why) => return TokenOutcome::Failed(format!("Azure Arc: {why}")),
    };
    let authorization = format!("Basic {}", key.expose());
    let headers = [("metadata", "true"), ("authorization", authorization.as_str())];
    match ask(endpoint, &query, &headers, TIMEOUT).await {
        Ok((status, body, _)) => read_token(status, &body, &Secrets::of([key])).map_or_else(
            |why| TokenOutcome::Failed(format!("Azure Arc: {why}")),
            TokenOutcome::Token,
        ),
        Err(why) => TokenOutcome::Failed(format!("Azure Arc: {why}")),
    }
}

/// Reads the key file that a challenge names. A process that only pretends to be the agent must not
/// make us send other files, so only small `.key` files in the agent's own folder are read.
fn read_key(challenge: &str, folder: &Path) -> Result<Secret, String> {
    let path = challenge
        .split_once("realm=")
        .map(|(_, path)| PathBuf::from(path.trim().trim_matches('"')))
        .ok_or_else(|| "its challenge names no file".to_owned())?;
    if path.parent() != Some(folder) || path.extension().is_none_or(|own| own != "key") {
        return Err(format!("its challenge names a file outside {}", folder.display()));
    }
    let advice = "run as root, as an administrator, or as a member of the group himds";
    let unreadable =
        |error: &dyn std::fmt::Display| format!("{}: {error}; {advice}", path.display());
    let size = std::fs::metadata(&path).map_err(|error| unreadable(&error))?.len();
    if size > ARC_KEY_BYTES {
        return Err(format!("{}: {size} bytes are too many for a key", path.display()));
    }
    files::read_text(&path, ARC_KEY_BYTES)
        .map(|text| Secret::new(&text))
        .map_err(|error| unreadable(&error))
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
enum MetadataError {
    #[error("{0}")]
    Unsafe(String),
    #[error("{0}")]
    Unanswered(String),
}

/// A status, a body, and the challenge of `WWW-Authenticate`.
type MetadataReply = (u16, String, Option<String>);

/// Makes a request without any proxy: these addresses are this machine's.
async fn ask(
    endpoint: &str,
    query: &[(&str, &str)],
    headers: &[(&'static str, &str)],
    connect: Duration,
) -> Result<MetadataReply, MetadataError> {
    let endpoint = AzureEndpoint::identity(endpoint)
        .map_err(|error| MetadataError::Unsafe(error.to_string()))?;
    let client = http(TIMEOUT, connect, false).map_err(MetadataError::Unsafe)?;
    let mut request = client.get(format!("{endpoint}?{}", form(query)));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let unanswered = |error: reqwest::Error| {
        MetadataError::Unanswered(format!("{endpoint} does not answer: {}", chain(&error)))
    };
    let response = request.send().await.map_err(unanswered)?;
    let challenge = response.headers().get("www-authenticate");
    let challenge = challenge.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let status = response.status().as_u16();
    let text = text_of(response)
        .await
        .map_err(|why| MetadataError::Unanswered(format!("{endpoint} does not answer: {why}")))?;
    Ok((status, text, challenge))
}
