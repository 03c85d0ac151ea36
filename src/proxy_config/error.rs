//! Why a configuration cannot be used. No message repeats a password.

use std::path::PathBuf;

use super::agent_files::{AgentFilesError, none_installed};
use super::credentials::CredentialsFault;
use super::script_location::ScriptLocationError;
use crate::files::FileError;
use crate::route::{AgentConfigError, EnvironmentError, ProxyUrlError};

/// Why the configuration of this host cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProxyConfigError {
    /// The files that `--agent-config` names cannot be read.
    #[error("--agent-config")]
    AgentConfig(#[source] AgentFilesError),
    /// The files of the installed runtime cannot be read.
    #[error(transparent)]
    Installed(#[from] AgentFilesError),
    /// `--proxy agent` was given on a host without a runtime.
    #[error("--proxy agent: {} with --agent-config", none_installed())]
    NoneInstalled,
    /// A file of the runtime is malformed.
    #[error("cannot use {}", path.display())]
    AgentFile {
        path: PathBuf,
        /// Its first fault.
        #[source]
        error: AgentConfigError,
    },
    /// A variable of the environment holds no proxy.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// A setting of Windows holds no proxy.
    #[error("{setting}: {error}")]
    Windows {
        /// The setting, and whose it is.
        setting: String,
        /// The fault. It is not a source: its words are part of the message.
        error: ProxyUrlError,
    },
    /// `--proxy pac:` was given something that names no script. The inner error is not a source:
    /// its words are part of the message.
    #[error("--proxy pac: {0}")]
    ScriptLocation(ScriptLocationError),
    /// The script's file cannot be read.
    #[error("--proxy pac: cannot read {path}")]
    ScriptUnreadable {
        /// The file; where it looks like a misspelt address, without what may be a password.
        path: String,
        /// The system's reason.
        #[source]
        error: FileError,
    },
    /// A script was given to a program that cannot run one.
    #[error(
        "--proxy pac: this program was built without scripts (feature pac): give the proxy's URL"
    )]
    NoScripts,
    /// The file of `--proxy-credentials` cannot be read.
    #[error("--proxy-credentials: cannot read {}", path.display())]
    CredentialsUnreadable {
        path: PathBuf,
        /// The system's reason.
        #[source]
        error: FileError,
    },
    /// The file of `--proxy-credentials` does not hold a user name and a password.
    #[error("--proxy-credentials {}", path.display())]
    Credentials {
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        fault: CredentialsFault,
    },
}
