//! How Azure is asked: the options and the environment to a client, and a thread to wait on.

use anyhow::{Context, Result};

use super::arguments::Azure;
use crate::azure::{Client, Credential, Endpoint, Pace, Surroundings};
use crate::model::Cloud;

/// Resource Manager, by the options and the environment.
pub(super) fn client(azure: &Azure, cloud: Cloud) -> Result<Client> {
    let endpoint = azure.arm_endpoint.as_deref().unwrap_or(Endpoint::resource_manager(cloud));
    let endpoint = Endpoint::parse(endpoint).context("--arm-endpoint")?;
    let surroundings = Surroundings::read(cloud, |name| std::env::var(name).ok());
    let credential = Credential::new(surroundings, azure.credential.map(Into::into));
    Ok(Client::new(endpoint, credential, Pace::new(azure.patience))?)
}

/// One thread is enough: Azure is asked one thing after the other.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")
}

/// Who was asked, and with whose rights; once there is a token.
pub(super) fn signed_in(client: &Client) -> Option<String> {
    let kind = client.credential().kind()?;
    Some(format!("Azure: {}, signed in by {kind}", client.endpoint()))
}
