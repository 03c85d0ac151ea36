//! Makes the client for Azure from the options and the environment.

use anyhow::{Context, Result};

use super::arguments::AzureArgs;
use crate::azure::{ArmClient, AzureEndpoint, Credential, CredentialEnvironment, Pace};
use crate::model::Cloud;

/// A client of Resource Manager, by the options and the environment.
pub(super) fn client(azure: &AzureArgs, cloud: Cloud) -> Result<ArmClient> {
    let endpoint = azure.arm_endpoint.as_deref().unwrap_or(AzureEndpoint::resource_manager(cloud));
    let endpoint = AzureEndpoint::parse(endpoint).context("--arm-endpoint")?;
    let environment = CredentialEnvironment::read(cloud, |name| std::env::var(name).ok());
    let credential = Credential::new(environment, azure.credential.map(Into::into));
    Ok(ArmClient::new(endpoint, credential, Pace::new(azure.patience))?)
}

/// An asynchronous runtime of one thread: requests to Azure follow one another.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")
}

/// Says which endpoint was asked with which source of tokens; `None` before there is a token.
pub(super) fn signed_in(client: &ArmClient) -> Option<String> {
    let kind = client.credential().kind()?;
    Some(format!("Azure: {}, signed in by {kind}", client.endpoint()))
}
