//! Tokens of Microsoft Entra, for a workload's federated token or for a client's secret
//! (Microsoft's `OAuth` 2.0 client credentials flow).

use std::time::Duration;

use super::{
    CredentialEnvironment, CredentialSource, TokenOutcome, form, http, read_token, text_of,
};
use crate::azure::endpoint::{AzureEndpoint, is_loopback};
use crate::azure::exchange::chain;
use crate::azure::secret::Secret;
use crate::files;

const TIMEOUT: Duration = Duration::from_secs(30);

pub(super) async fn by_assertion(environment: &CredentialEnvironment) -> TokenOutcome {
    let Some(path) = &environment.federated_token_file else {
        return TokenOutcome::Absent("AZURE_FEDERATED_TOKEN_FILE is not set".to_owned());
    };
    // The file is read each time: Kubernetes replaces it every hour.
    let assertion = match files::read_text(path, files::SHORT) {
        Ok(text) => Secret::new(&text),
        Err(error) => {
            return TokenOutcome::Failed(format!(
                "AZURE_FEDERATED_TOKEN_FILE {}: {error}",
                path.display()
            ));
        }
    };
    let proof = [
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion.expose()),
    ];
    ask(environment, CredentialSource::WorkloadIdentity, &proof).await
}

pub(super) async fn by_secret(environment: &CredentialEnvironment) -> TokenOutcome {
    let Some(secret) = &environment.client_secret else {
        return TokenOutcome::Absent("AZURE_CLIENT_SECRET is not set".to_owned());
    };
    ask(environment, CredentialSource::ClientSecret, &[("client_secret", secret.expose())]).await
}

async fn ask(
    environment: &CredentialEnvironment,
    kind: CredentialSource,
    proof: &[(&str, &str)],
) -> TokenOutcome {
    let (Some(tenant), Some(client)) = (&environment.tenant, &environment.client) else {
        return TokenOutcome::Failed(format!(
            "AZURE_TENANT_ID and AZURE_CLIENT_ID must be set too for a {kind}"
        ));
    };
    match request(environment, tenant, client, proof).await {
        Ok(token) => TokenOutcome::Token(token),
        Err(why) => TokenOutcome::Failed(why),
    }
}

async fn request(
    environment: &CredentialEnvironment,
    tenant: &str,
    client: &str,
    proof: &[(&str, &str)],
) -> Result<Secret, String> {
    let is_tenant = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if !tenant.chars().all(is_tenant) {
        return Err("AZURE_TENANT_ID is no tenant's id or domain".to_owned());
    }
    let authority =
        environment.authority.as_deref().unwrap_or(AzureEndpoint::authority(environment.cloud));
    let authority = AzureEndpoint::parse(authority).map_err(|error| error.to_string())?;
    let url = authority.join(&format!("/{tenant}/oauth2/v2.0/token"));
    let scope = format!("{}.default", environment.audience());
    let mut pairs =
        vec![("grant_type", "client_credentials"), ("client_id", client), ("scope", &scope)];
    pairs.extend(proof);
    let is_near = reqwest::Url::parse(&url).is_ok_and(|url| is_loopback(&url));
    let http = http(TIMEOUT, TIMEOUT, !is_near)?;
    let unanswered =
        |error: reqwest::Error| format!("{authority} does not answer: {}", chain(&error));
    let response = http
        .post(url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(&pairs))
        .send()
        .await
        .map_err(unanswered)?;
    let status = response.status().as_u16();
    let text =
        text_of(response).await.map_err(|why| format!("{authority} does not answer: {why}"))?;
    let sent = proof.iter().map(|(_, value)| Secret::new(value));
    read_token(status, &text, &environment.secrets().and(sent))
}
