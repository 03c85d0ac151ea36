//! The options about proxies.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::Args;

use crate::proxy_config::ProxyOptions;
use crate::route::{ProxyUrl, Way};

/// How the runtime is configured to leave this host.
#[derive(Default, Args)]
#[command(next_help_heading = "Which way it leaves")]
pub(in crate::cli) struct ProxyArgs {
    /// How the runtime is configured to leave [default: auto]
    ///
    /// auto: agent where its files are found, else os. agent: its diahost.exe.config and
    /// diawp.exe.config. os: the environment, on Windows also the user's and the machine's
    /// settings. none: direct. Or a proxy (http, https, socks5, socks5h), or a script.
    #[arg(long, value_name = "auto|agent|os|none|URL|pac:URL_OR_FILE")]
    pub(in crate::cli) proxy: Option<String>,
    /// Where diahost.exe.config and diawp.exe.config are [default: where the runtime is installed]
    #[arg(long, value_name = "FILE|DIR")]
    pub(in crate::cli) agent_config: Option<PathBuf>,
    /// A file with user:password, for proxies whose URL holds none
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) proxy_credentials: Option<PathBuf>,
    /// What goes direct, as NO_PROXY is written; adds to what is configured
    #[expect(clippy::doc_markdown, reason = "help text, where backticks would show")]
    #[arg(long, value_name = "LIST")]
    pub(in crate::cli) no_proxy: Option<String>,
    /// A second way, measured too for every endpoint that is not private: tells misrouting from
    /// blocking
    #[arg(long, value_name = "none|URL")]
    pub(in crate::cli) alternate_proxy: Option<String>,
}

impl ProxyArgs {
    /// What the options choose, with every URL in them read.
    ///
    /// # Errors
    /// An option's value cannot be read. It is not repeated: it may hold a password.
    pub(in crate::cli) fn options(&self) -> Result<ProxyOptions> {
        let mode = self.proxy.as_deref().map(str::parse).transpose()?.unwrap_or_default();
        let alternate = match self.alternate_proxy.as_deref().map(str::trim) {
            None => None,
            Some(word) if word.eq_ignore_ascii_case("none") => Some(Way::Direct),
            Some(url) => {
                let url =
                    ProxyUrl::parse(url).map_err(|error| anyhow!("--alternate-proxy: {error}"))?;
                Some(Way::Proxy(url))
            }
        };
        Ok(ProxyOptions {
            mode,
            agent_config: self.agent_config.clone(),
            credentials_file: self.proxy_credentials.clone(),
            no_proxy: self.no_proxy.clone(),
            alternate,
        })
    }
}

/// The URLs may hold passwords.
impl fmt::Debug for ProxyArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyArgs")
            .field("proxy_given", &self.proxy.is_some())
            .field("agent_config", &self.agent_config)
            .field("proxy_credentials", &self.proxy_credentials)
            .field("no_proxy", &self.no_proxy)
            .field("alternate_proxy_given", &self.alternate_proxy.is_some())
            .finish()
    }
}
