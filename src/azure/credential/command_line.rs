//! Tokens of the identity that is signed in to the Azure CLI.

use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;

use super::{CredentialEnvironment, TokenOutcome};
use crate::azure::error::one_line;
use crate::azure::secret::Secret;

/// The CLI is Python, and slow to start on a busy host.
const TIMEOUT: Duration = Duration::from_mins(1);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CliToken {
    access_token: String,
}

pub(super) async fn token(environment: &CredentialEnvironment) -> TokenOutcome {
    let program = if cfg!(windows) { "az.cmd" } else { "az" };
    let arguments = ["account", "get-access-token", "--output", "json", "--resource"];
    let mut command = tokio::process::Command::new(program);
    command
        .args(arguments)
        .arg(environment.audience())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let output = match tokio::time::timeout(TIMEOUT, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            return TokenOutcome::Absent("az is not on the PATH".to_owned());
        }
        Ok(Err(error)) => return TokenOutcome::Failed(format!("az cannot be run: {error}")),
        Err(_) => {
            return TokenOutcome::Failed(format!("az did not end in {} s", TIMEOUT.as_secs()));
        }
    };
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        let last = words.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        return TokenOutcome::Failed(format!(
            "az says: {}",
            one_line(&environment.secrets().mask(last), 300)
        ));
    }
    match serde_json::from_slice::<CliToken>(&output.stdout) {
        Ok(answer) => TokenOutcome::Token(Secret::new(&answer.access_token)),
        Err(_) => TokenOutcome::Failed("az printed no token".to_owned()),
    }
}
