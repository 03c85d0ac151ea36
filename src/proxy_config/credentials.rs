//! The file of `--proxy-credentials`.

use std::path::Path;

use super::error::ProxyConfigError;
use crate::files;
use crate::route::{Credentials, ProxyUrlError};

/// Why a file holds no credentials. What it holds is never repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsFault {
    /// Its first line is empty.
    #[error("its first line is empty; expected user:password")]
    Empty,
    /// Nothing divides a user name from a password.
    #[error("its first line holds no colon; expected user:password")]
    NoColon,
    /// HTTP has no form for what it holds.
    #[error(transparent)]
    NotSendable(#[from] ProxyUrlError),
}

/// Reads the first line of the file: `user:password`, nothing decoded.
pub(super) fn read(path: &Path) -> Result<Credentials, ProxyConfigError> {
    let text = files::read_text(path, files::SHORT).map_err(|error| {
        ProxyConfigError::CredentialsUnreadable { path: path.to_owned(), error }
    })?;
    parse(&text).map_err(|fault| ProxyConfigError::Credentials { path: path.to_owned(), fault })
}

fn parse(text: &str) -> Result<Credentials, CredentialsFault> {
    let line = text.lines().next().unwrap_or_default();
    if line.trim().is_empty() {
        return Err(CredentialsFault::Empty);
    }
    if !line.contains(':') {
        return Err(CredentialsFault::NoColon);
    }
    Ok(Credentials::parse(line)?)
}
