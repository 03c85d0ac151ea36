//! What `--proxy` chooses.

use std::str::FromStr;

use crate::route::{ProxyUrl, ProxyUrlError};

/// Which configuration decides (contract, Which way it leaves).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProxyMode {
    /// The runtime's files where there are any, else the system's configuration.
    #[default]
    Auto,
    /// The runtime's files.
    Agent,
    /// The environment, and on Windows the user's and the machine's settings.
    Os,
    /// Everything goes direct.
    None,
    /// Everything goes through this proxy.
    Url(ProxyUrl),
    /// A script decides; the text behind `pac:`.
    Script(String),
}

/// Why a text chooses no configuration. It is not repeated: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyModeError {
    /// A word that other programs know, with the one that is meant here.
    #[error("--proxy {given}: say {expected}")]
    OtherWord {
        /// The word that was given.
        given: String,
        /// What to give instead.
        expected: &'static str,
    },
    /// A proxy that cannot be used. The inner error is not a source: its words are part of the
    /// message.
    #[error("--proxy: {0}")]
    Url(ProxyUrlError),
}

impl FromStr for ProxyMode {
    type Err = ProxyModeError;

    fn from_str(text: &str) -> Result<Self, ProxyModeError> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        let instead = |expected| Err(ProxyModeError::OtherWord { given: lower.clone(), expected });
        match lower.as_str() {
            "auto" => Ok(Self::Auto),
            "agent" => Ok(Self::Agent),
            "os" => Ok(Self::Os),
            "none" => Ok(Self::None),
            "direct" | "off" => instead("none for the direct way"),
            "system" | "env" | "environment" => instead("os"),
            "pac" | "wpad" => instead("pac:FILE or pac:http://HOST/PATH"),
            _ if lower.starts_with("pac:") => Ok(Self::Script(text[4..].to_owned())),
            _ => ProxyUrl::parse(text).map(Self::Url).map_err(ProxyModeError::Url),
        }
    }
}
