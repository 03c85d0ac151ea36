//! How this host and its runtime are configured to reach the network: options, the runtime's own
//! files, the environment and Windows' settings become one [`ProxyConfig`], and a [`Router`] then
//! asks it about every endpoint.
//!
//! | `--proxy` | decides |
//! |---|---|
//! | absent, `auto` | `agent` with `--agent-config` or where the runtime is installed, else `os` |
//! | `agent` | the two files of the runtime; direct where they name no proxy |
//! | `os` | the environment, and without a proxy there, Windows' settings: user, then machine |
//! | `none`, a URL, `pac:` | that, whatever else is configured |
//!
//! `--no-proxy` adds to what the configuration itself exempts from the proxy. Messages name these
//! options: they are what a reader of the message can change.
//!
//! The files name this module for [`ProxyConfig`], of which each makes a part.
#![expect(
    clippy::disallowed_methods,
    reason = "this room reads the machine's settings, and runs scripts against the clock"
)]

mod agent_files;
mod credentials;
mod error;
mod mode;
mod origin;
mod router;
mod script_location;
mod script_runner;
#[cfg(windows)]
mod windows;

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

pub use self::agent_files::{
    AgentFile, AgentFilesError, FILES, installed, none_installed, none_installed_here,
    read as read_agent_files, read_data_map,
};
pub use self::credentials::CredentialsFault;
pub use self::error::ProxyConfigError;
pub use self::mode::{ProxyMode, ProxyModeError};
pub use self::origin::{ProxyDecider, ProxyOrigin};
pub use self::router::Router;
pub use self::script_location::{ScriptLocation, ScriptLocationError, script_problem};
use self::script_location::{read_script, script_of_file};
use self::script_runner::{Recipe, ScriptSource};
use crate::route::{
    self, AgentProxy, AgentRoute, Credentials, Exceptions, FixedProxy, LocalView, ProxyUrl, Way,
    WindowsSettings, WindowsWay, WithSource, redacted_path,
};

/// The mode of the runtime that nobody else can read (Microsoft, create-self-hosted-integration-
/// runtime: "encrypted with Windows DPAPI").
pub const CUSTOM_PROXY: &str = "the custom proxy of the Configuration Manager is stored \
    encrypted and cannot be read: where one is set there, these files do not count";

/// What the command line says about proxies.
#[derive(Debug, Default)]
pub struct ProxyOptions {
    /// Which configuration decides.
    pub mode: ProxyMode,
    /// The runtime's files, where they are not those of the installed runtime: a folder or a file.
    pub agent_config: Option<PathBuf>,
    /// A file with `user:password` for proxies whose URL holds none.
    pub credentials_file: Option<PathBuf>,
    /// What goes direct beside what is configured, as `NO_PROXY` is written.
    pub no_proxy: Option<String>,
    /// A second way to measure.
    pub alternate: Option<Way>,
}

/// What the configuration of this host is read from.
pub struct HostSettings<'a> {
    /// Reads a variable of the environment.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The folder of the installed runtime's files.
    pub installed: Option<PathBuf>,
    /// The user's and the machine's settings; empty elsewhere than on Windows.
    pub windows: WindowsSettings,
    /// What .NET takes for local.
    pub local: LocalView,
}

/// How the runtime is configured to leave this host. Nothing is fetched yet: a script of another
/// host is fetched by [`ProxyConfig::into_router`].
pub struct ProxyConfig {
    pub origin: ProxyOrigin,
    /// The proxy or the script, without credentials.
    pub shown: Option<String>,
    /// What the user should know.
    pub notes: Vec<String>,
    /// How the runtime's two files differ, a sentence each, and last which of them decides.
    pub agent_files_differ: Vec<String>,
    recipe: Recipe,
    script: ScriptSource,
    credentials: Option<Credentials>,
    alternate: Option<Way>,
}

/// The URLs within may hold passwords, so it shows only what reports show.
impl fmt::Debug for ProxyConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyConfig")
            .field("origin", &self.origin)
            .field("shown", &self.shown)
            .finish_non_exhaustive()
    }
}

/// What .NET takes for local on a host of these addresses.
#[must_use]
pub fn local_view(addresses: Vec<IpAddr>) -> LocalView {
    #[cfg(windows)]
    let domain = windows::dns_domain();
    #[cfg(not(windows))]
    let domain = None;
    LocalView { domain, addresses }
}

impl ProxyConfig {
    /// Reads the configuration that the options choose, on this host.
    ///
    /// # Errors
    /// [`ProxyConfigError`] where a URL or a list cannot be read, or a file is missing or
    /// malformed.
    pub fn read(options: ProxyOptions, local: LocalView) -> Result<Self, ProxyConfigError> {
        #[cfg(windows)]
        let windows = windows::settings();
        #[cfg(not(windows))]
        let windows = WindowsSettings::default();
        let variable =
            |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into());
        let host = HostSettings {
            variable: &variable,
            installed: installed().map(|found| found.folder),
            windows,
            local,
        };
        Self::read_from(options, &host)
    }

    /// The same on a host with these settings.
    ///
    /// # Errors
    /// As [`ProxyConfig::read`].
    pub fn read_from(
        options: ProxyOptions,
        host: &HostSettings<'_>,
    ) -> Result<Self, ProxyConfigError> {
        let ProxyOptions { mode, agent_config, credentials_file, no_proxy, alternate } = options;
        let agent_config = agent_config.as_deref();
        let exceptions: Vec<Exceptions> =
            no_proxy.iter().map(|list| Exceptions::of_convention(list, "--no-proxy")).collect();
        let mut config = match mode {
            ProxyMode::Agent => of_agent(agent_config, host, exceptions)?,
            ProxyMode::Auto if agent_config.is_some() || host.installed.is_some() => {
                of_agent(agent_config, host, exceptions)?.chosen_by_auto()
            }
            ProxyMode::Auto => of_system(host, exceptions)?.chosen_by_auto(),
            ProxyMode::Os => of_system(host, exceptions)?,
            mode @ (ProxyMode::None | ProxyMode::Url(_) | ProxyMode::Script(_)) => {
                let mut config = of_option(mode, exceptions)?;
                // The files decide nothing here, but a user who names them wants to hear of their
                // faults.
                if let Some(path) = agent_config {
                    let files = agent_files::read(path).map_err(ProxyConfigError::AgentConfig)?;
                    config.agent_files_differ =
                        differences(&parsed(files)?, "--proxy decides here");
                }
                config
            }
        };
        config.credentials = match &credentials_file {
            Some(path) => Some(credentials::read(path)?),
            None => None,
        };
        config.alternate = alternate;
        let has_proxy = config.shown.is_some() || matches!(config.alternate, Some(Way::Proxy(_)));
        if config.credentials.is_some() && !has_proxy {
            let note = "--proxy-credentials: no proxy is configured that they could be sent to";
            config.notes.push(note.to_owned());
        }
        Ok(config)
    }

    fn chosen_by_auto(mut self) -> Self {
        self.origin.is_auto = true;
        self
    }

    fn new(decided_by: ProxyDecider, place: String, recipe: Recipe) -> Self {
        let shown = match &recipe {
            Recipe::Fixed(fixed) => {
                fixed.https.as_ref().or(fixed.http.as_ref()).map(|named| named.value.shown())
            }
            Recipe::Direct { .. } | Recipe::Agent { .. } | Recipe::Script { .. } => None,
        };
        let notes = recipe.exceptions().iter().flat_map(notes_on_ignored).collect();
        Self {
            origin: ProxyOrigin { decided_by, is_auto: false, place },
            shown,
            notes,
            agent_files_differ: Vec::new(),
            recipe,
            script: ScriptSource::None,
            credentials: None,
            alternate: None,
        }
    }
}

fn notes_on_ignored(exceptions: &Exceptions) -> Vec<String> {
    let note = |entry: &route::Ignored| {
        let route::Ignored { index, text, why } = entry;
        format!("rule {index} of {} ('{text}') matches nothing: {why}", exceptions.source())
    };
    exceptions.ignored().into_iter().map(note).collect()
}

/// The configuration that `--proxy` itself gives: a URL, a script, or `none`.
fn of_option(
    mode: ProxyMode,
    exceptions: Vec<Exceptions>,
) -> Result<ProxyConfig, ProxyConfigError> {
    match mode {
        ProxyMode::Url(proxy) => {
            let named = WithSource { value: proxy, source: "--proxy".to_owned() };
            let (https, http) = (Some(named.clone()), Some(named));
            let recipe = Recipe::Fixed(FixedProxy { https, http, exceptions });
            Ok(ProxyConfig::new(ProxyDecider::Option, "--proxy".to_owned(), recipe))
        }
        ProxyMode::Script(given) => {
            if cfg!(not(feature = "pac")) {
                return Err(ProxyConfigError::NoScripts);
            }
            let location =
                ScriptLocation::parse(&given).map_err(ProxyConfigError::ScriptLocation)?;
            let script = match &location {
                ScriptLocation::File(path) => {
                    let unreadable = |error| ProxyConfigError::ScriptUnreadable {
                        path: redacted_path(&path.to_string_lossy()),
                        error,
                    };
                    ScriptSource::Text(script_of_file(path).map_err(unreadable)?)
                }
                ScriptLocation::Web(url) => ScriptSource::Web(url.clone()),
            };
            let source = format!("pac:{}", location.shown());
            let recipe = Recipe::Script { source, exceptions };
            let config = ProxyConfig::new(ProxyDecider::Option, "--proxy pac".to_owned(), recipe);
            Ok(ProxyConfig { shown: Some(location.shown()), script, ..config })
        }
        ProxyMode::None | ProxyMode::Auto | ProxyMode::Agent | ProxyMode::Os => {
            let source = "--proxy none".to_owned();
            let recipe = Recipe::Direct { source: source.clone() };
            Ok(ProxyConfig::new(ProxyDecider::Option, source, recipe))
        }
    }
}

/// `os`: the environment decides before the user's settings, and these before the machine's, as
/// .NET has it.
fn of_system(
    host: &HostSettings<'_>,
    exceptions: Vec<Exceptions>,
) -> Result<ProxyConfig, ProxyConfigError> {
    let of_os = |place: String, recipe| ProxyConfig::new(ProxyDecider::Os, place, recipe);
    if let Some(mut fixed) = route::from_environment(host.variable)? {
        let proxies = [&fixed.https, &fixed.http].into_iter().flatten();
        let mut variables: Vec<String> = proxies.map(|named| named.source.clone()).collect();
        variables.extend(fixed.exceptions.iter().map(|list| list.source().to_owned()));
        variables.dedup();
        fixed.exceptions.splice(0..0, exceptions);
        let place = format!("environment ({})", variables.join(", "));
        return Ok(of_os(place, Recipe::Fixed(fixed)));
    }
    let found = route::from_windows(&host.windows)
        .map_err(|named| ProxyConfigError::Windows { setting: named.source, error: named.value })?;
    let mut config = match found {
        Some(WindowsWay::Fixed(mut fixed)) => {
            let named = fixed.https.as_ref().or(fixed.http.as_ref());
            let setting = named.map_or_else(String::new, |named| named.source.clone());
            fixed.exceptions.splice(0..0, exceptions);
            of_os(setting, Recipe::Fixed(fixed))
        }
        Some(WindowsWay::Script(WithSource { value, source })) => {
            let (script, shown) = read_script(&value);
            let recipe = Recipe::Script { source: source.clone(), exceptions };
            let config = of_os(source, recipe);
            ProxyConfig { script, shown: Some(shown), ..config }
        }
        None => {
            let words = if cfg!(windows) {
                "no proxy is set: neither in the environment nor for the user or the machine"
            } else {
                "no proxy is set in the environment"
            };
            let recipe = Recipe::Direct { source: words.to_owned() };
            of_os(words.to_owned(), recipe)
        }
    };
    if host.windows.user.auto_detect {
        let note = "automatic detection (WPAD) is on for this user and is not followed here: if \
                    it finds a script, give that with --proxy pac:URL";
        config.notes.push(note.to_owned());
    }
    Ok(config)
}

/// `agent`: the runtime's own files, of which the host service's decides.
fn of_agent(
    agent_config: Option<&Path>,
    host: &HostSettings<'_>,
    exceptions: Vec<Exceptions>,
) -> Result<ProxyConfig, ProxyConfigError> {
    let files = match (agent_config, &host.installed) {
        (Some(path), _) => agent_files::read(path).map_err(ProxyConfigError::AgentConfig)?,
        (None, Some(folder)) => agent_files::read(folder)?,
        (None, None) => return Err(ProxyConfigError::NoneInstalled),
    };
    let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
    let mut agents = parsed(files)?;
    let agent_files_differ = differences(&agents, "");
    let deciding = agents.swap_remove(0);

    let mut notes = Vec::new();
    if let [only] = &paths[..] {
        notes.push(format!(
            "the runtime has two such files, {} and {}: only {} was read",
            FILES[0],
            FILES[1],
            only.display()
        ));
    }
    notes.push(format!("{CUSTOM_PROXY}; give it with --proxy URL"));
    let (mut shown, mut script) = (None, ScriptSource::None);
    // Where .NET refuses the file nothing can be sent at all: the router says so of each endpoint.
    if let Ok(route) = AgentRoute::new(&deciding, host.local.clone(), Vec::new()) {
        shown = route.proxy().map(ProxyUrl::shown);
        if let Some(location) = route.script_location() {
            let (source, words) = read_script(location);
            (script, shown) = (source, Some(words));
        }
    }
    let recipe = Recipe::Agent { file: deciding, local: host.local.clone(), exceptions };
    let mut config = ProxyConfig::new(ProxyDecider::Agent, paths[0].display().to_string(), recipe);
    config.notes.extend(notes);
    Ok(ProxyConfig { shown, agent_files_differ, script, ..config })
}

/// The contents of the files, all of which must be well-formed.
fn parsed(files: Vec<AgentFile>) -> Result<Vec<AgentProxy>, ProxyConfigError> {
    let one = |file: AgentFile| {
        let AgentFile { path, read } = file;
        read.map_err(|error| ProxyConfigError::AgentFile { path, error })
    };
    files.into_iter().map(one).collect()
}

/// How the second file differs from the first, which decides unless `otherwise` says what does.
fn differences(files: &[AgentProxy], otherwise: &str) -> Vec<String> {
    let [first, other, ..] = files else { return Vec::new() };
    let mut sentences = route::differences(first, other);
    if !sentences.is_empty() {
        let [ours, theirs] = [&first.file, &other.file];
        let decides = match otherwise {
            "" => format!("the routes here are those of {ours}"),
            words => words.to_owned(),
        };
        sentences.push(format!(
            "{ours} is read by {}, {theirs} by {}; {decides}",
            agent_files::process_of(ours),
            agent_files::process_of(theirs)
        ));
    }
    sentences
}

#[cfg(test)]
mod tests;
