//! Microsoft Entra: a workload's federated token, or a client's secret, for a token of ours
//! (Microsoft's `OAuth` 2.0 client credentials flow).

use std::time::Duration;

use super::{Kind, Surroundings, Told, form, http, read_token, text_of};
use crate::azure::endpoint::{Endpoint, is_loopback};
use crate::azure::exchange::chain;
use crate::azure::secret::Secret;

const TIMEOUT: Duration = Duration::from_secs(30);

pub(super) async fn by_assertion(surroundings: &Surroundings) -> Told {
    let Some(path) = &surroundings.federated_token_file else {
        return Told::Absent("AZURE_FEDERATED_TOKEN_FILE is not set".to_owned());
    };
    // Read each time: Kubernetes replaces it every hour.
    let assertion = match std::fs::read_to_string(path) {
        Ok(text) => Secret::new(&text),
        Err(error) => {
            return Told::Failed(format!("AZURE_FEDERATED_TOKEN_FILE {}: {error}", path.display()));
        }
    };
    let proof = [
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion.expose()),
    ];
    ask(surroundings, Kind::WorkloadIdentity, &proof).await
}

pub(super) async fn by_secret(surroundings: &Surroundings) -> Told {
    let Some(secret) = &surroundings.client_secret else {
        return Told::Absent("AZURE_CLIENT_SECRET is not set".to_owned());
    };
    ask(surroundings, Kind::ClientSecret, &[("client_secret", secret.expose())]).await
}

async fn ask(surroundings: &Surroundings, kind: Kind, proof: &[(&str, &str)]) -> Told {
    let (Some(tenant), Some(client)) = (&surroundings.tenant, &surroundings.client) else {
        return Told::Failed(format!(
            "AZURE_TENANT_ID and AZURE_CLIENT_ID must be set too for a {kind}"
        ));
    };
    match request(surroundings, tenant, client, proof).await {
        Ok(token) => Told::Token(token),
        Err(why) => Told::Failed(why),
    }
}

async fn request(
    surroundings: &Surroundings,
    tenant: &str,
    client: &str,
    proof: &[(&str, &str)],
) -> Result<Secret, String> {
    let is_tenant = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if !tenant.chars().all(is_tenant) {
        return Err("AZURE_TENANT_ID is no tenant's id or domain".to_owned());
    }
    let authority =
        surroundings.authority.as_deref().unwrap_or(Endpoint::authority(surroundings.cloud));
    let authority = Endpoint::parse(authority).map_err(|error| error.to_string())?;
    let url = authority.join(&format!("/{tenant}/oauth2/v2.0/token"));
    let scope = format!("{}.default", surroundings.audience());
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
    read_token(status, &text, &surroundings.secrets().and(sent))
}
