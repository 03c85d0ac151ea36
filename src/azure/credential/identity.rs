//! Managed identities: App Service and Container Apps, Azure Arc, and virtual machines.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Secret, Secrets, Surroundings, Told, form, http, read_token, text_of};
use crate::azure::endpoint::Endpoint;
use crate::azure::exchange::chain;

/// Where the instance metadata service answers in every virtual machine.
const METADATA: &str = "http://169.254.169.254";
/// Elsewhere nobody answers there: then the next source must not wait for long.
const METADATA_CONNECT: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(15);
/// The service is slow to start, and busy at times (Microsoft's guidance: try again).
const ATTEMPTS: u32 = 4;
/// Arc's key files are smaller (Microsoft's managed-identity documentation of Azure Arc).
const ARC_KEY_BYTES: u64 = 4096;

pub(super) async fn token(surroundings: &Surroundings) -> Told {
    match (&surroundings.identity_endpoint, &surroundings.identity_header) {
        (Some(endpoint), Some(header)) => platform(surroundings, endpoint, header).await,
        (Some(endpoint), None) => arc(surroundings, endpoint).await,
        (None, _) => metadata(surroundings).await,
    }
}

/// App Service, Functions and Container Apps (app-service/overview-managed-identity, REST).
async fn platform(surroundings: &Surroundings, endpoint: &str, header: &Secret) -> Told {
    let mut query = vec![("api-version", "2019-08-01"), ("resource", surroundings.audience())];
    if let Some(client) = &surroundings.client {
        query.push(("client_id", client));
    }
    let headers = [("x-identity-header", header.expose())];
    match ask(endpoint, &query, &headers, TIMEOUT).await {
        Ok((status, body, _)) => read_token(status, &body, &surroundings.secrets())
            .map_or_else(Told::Failed, Told::Token),
        Err(why) => Told::Failed(why.to_string()),
    }
}

/// A virtual machine (how-to-use-vm-token).
async fn metadata(surroundings: &Surroundings) -> Told {
    let host = surroundings.metadata_host.as_deref().unwrap_or(METADATA);
    let endpoint = format!("{}/metadata/identity/oauth2/token", host.trim_end_matches('/'));
    let mut query = vec![("api-version", "2018-02-01"), ("resource", surroundings.audience())];
    if let Some(client) = &surroundings.client {
        query.push(("client_id", client));
    }
    let mut attempt = 1;
    loop {
        match ask(&endpoint, &query, &[("metadata", "true")], METADATA_CONNECT).await {
            Ok((404 | 410 | 429 | 500..=599, _, _)) if attempt < ATTEMPTS => {
                tokio::time::sleep(Duration::from_millis(200) * 2u32.pow(attempt)).await;
                attempt += 1;
            }
            // The machine has no identity, or not this one: there may be other credentials.
            Ok((400, body, _)) => {
                let why = read_token(400, &body, &surroundings.secrets()).err();
                return Told::Absent(why.unwrap_or_default());
            }
            Ok((status, body, _)) => {
                return read_token(status, &body, &surroundings.secrets())
                    .map_or_else(Told::Failed, Told::Token);
            }
            Err(Unasked::Unsafe(why)) => return Told::Failed(why),
            Err(Unasked::Unanswered(_)) => {
                return Told::Absent("no metadata service answers: not in Azure".to_owned());
            }
        }
    }
}

/// Azure Arc: the answer to the first question names a file that only those who may ask can read
/// (azure-arc/servers/managed-identity-authentication).
async fn arc(surroundings: &Surroundings, endpoint: &str) -> Told {
    let query = [("api-version", "2020-06-01"), ("resource", surroundings.audience())];
    let challenge = match ask(endpoint, &query, &[("metadata", "true")], TIMEOUT).await {
        Ok((401, _, Some(challenge))) => challenge,
        Ok((status, _, _)) => {
            return Told::Failed(format!("Azure Arc: status {status} in place of a challenge"));
        }
        Err(why) => return Told::Failed(format!("Azure Arc: {why}")),
    };
    let key = match read_key(&challenge, &surroundings.arc_tokens) {
        Ok(key) => key,
        Err(why) => return Told::Failed(format!("Azure Arc: {why}")),
    };
    let authorization = format!("Basic {}", key.expose());
    let headers = [("metadata", "true"), ("authorization", authorization.as_str())];
    match ask(endpoint, &query, &headers, TIMEOUT).await {
        Ok((status, body, _)) => read_token(status, &body, &Secrets::of([key]))
            .map_or_else(|why| Told::Failed(format!("Azure Arc: {why}")), Told::Token),
        Err(why) => Told::Failed(format!("Azure Arc: {why}")),
    }
}

/// The key that a challenge names. Whoever answers on that port must not make us send any file:
/// only small `.key` files of the agent's own folder are read.
fn read_key(challenge: &str, folder: &Path) -> Result<Secret, String> {
    let path = challenge
        .split_once("realm=")
        .map(|(_, path)| PathBuf::from(path.trim().trim_matches('"')))
        .ok_or_else(|| "its challenge names no file".to_owned())?;
    if path.parent() != Some(folder) || path.extension().is_none_or(|own| own != "key") {
        return Err(format!("its challenge names a file outside {}", folder.display()));
    }
    let advice = "run as root, as an administrator, or as a member of the group himds";
    let unreadable = |error: std::io::Error| format!("{}: {error}; {advice}", path.display());
    let size = std::fs::metadata(&path).map_err(unreadable)?.len();
    if size > ARC_KEY_BYTES {
        return Err(format!("{}: {size} bytes are too many for a key", path.display()));
    }
    std::fs::read_to_string(&path).map(|text| Secret::new(&text)).map_err(unreadable)
}

/// Why nothing was asked, or answered.
#[derive(Debug, thiserror::Error)]
enum Unasked {
    #[error("{0}")]
    Unsafe(String),
    #[error("{0}")]
    Unanswered(String),
}

type Answer = (u16, String, Option<String>);

/// Asks past any proxy: these addresses mean this machine.
async fn ask(
    endpoint: &str,
    query: &[(&str, &str)],
    headers: &[(&'static str, &str)],
    connect: Duration,
) -> Result<Answer, Unasked> {
    let endpoint =
        Endpoint::identity(endpoint).map_err(|error| Unasked::Unsafe(error.to_string()))?;
    let client = http(TIMEOUT, connect, false).map_err(Unasked::Unsafe)?;
    let mut request = client.get(format!("{endpoint}?{}", form(query)));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let unanswered = |error: reqwest::Error| {
        Unasked::Unanswered(format!("{endpoint} does not answer: {}", chain(&error)))
    };
    let response = request.send().await.map_err(unanswered)?;
    let challenge = response.headers().get("www-authenticate");
    let challenge = challenge.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let status = response.status().as_u16();
    let text = text_of(response)
        .await
        .map_err(|why| Unasked::Unanswered(format!("{endpoint} does not answer: {why}")))?;
    Ok((status, text, challenge))
}
