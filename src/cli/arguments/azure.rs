//! How Azure is reached.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::duration;
use crate::azure::CredentialSource;

/// How Azure is asked.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Azure")]
pub(in crate::cli) struct AzureArgs {
    /// Where Resource Manager answers [default: the cloud's]
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) arm_endpoint: Option<String>,
    /// Only this source of tokens [default: the first that is there: PATHPROOF_ACCESS_TOKEN,
    /// managed identity, workload identity, client secret, the Azure CLI]
    #[expect(clippy::doc_markdown, reason = "help text, where backticks would show")]
    #[arg(long, value_enum, value_name = "SOURCE")]
    pub(in crate::cli) credential: Option<CredentialArg>,
    /// Of everything that is asked of Azure
    #[arg(id = "azure_deadline", long = "azure-deadline", value_name = "DURATION",
        default_value = "10m", value_parser = duration::parse)]
    pub(in crate::cli) patience: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum CredentialArg {
    /// The variable `PATHPROOF_ACCESS_TOKEN`
    Token,
    /// Of this machine or container
    ManagedIdentity,
    /// `AZURE_FEDERATED_TOKEN_FILE`
    WorkloadIdentity,
    /// `AZURE_CLIENT_SECRET`
    ClientSecret,
    /// Whoever is signed in to az
    AzureCli,
}

impl From<CredentialArg> for CredentialSource {
    fn from(source: CredentialArg) -> Self {
        match source {
            CredentialArg::Token => Self::Token,
            CredentialArg::ManagedIdentity => Self::ManagedIdentity,
            CredentialArg::WorkloadIdentity => Self::WorkloadIdentity,
            CredentialArg::ClientSecret => Self::ClientSecret,
            CredentialArg::AzureCli => Self::AzureCli,
        }
    }
}
