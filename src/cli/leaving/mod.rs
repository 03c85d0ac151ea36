//! How the runtime is configured to leave this host: options, its own files, the environment and
//! Windows' settings come to one configuration, which a [`router::Router`] asks for every endpoint.
//!
//! | `--proxy` | decides |
//! |---|---|
//! | not given, `auto` | `agent` with `--agent-config` or where the runtime is installed, else `os` |
//! | `agent` | the two files of the runtime; direct where they name no proxy |
//! | `os` | the environment; where it names no proxy, on Windows the user's settings, then the machine's |
//! | `none`, a URL, `pac:` | that, whatever else is configured |
//!
//! `--no-proxy` adds to what the configuration itself keeps from the proxy.

mod agent_files;
mod engine;
mod location;
mod router;
#[cfg(windows)]
mod windows;

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use self::agent_files::AgentFile;
pub(super) use self::agent_files::{
    FILES, installed, none_installed, read as read_agent_files, read_data_map,
};
use self::engine::{Recipe, Script};
use self::location::{Location, LocationError};
use super::arguments::Leaving;
use super::{input, recorded};
use crate::list;
use crate::route::{
    self, AgentProxy, AgentRoute, Credentials, Exceptions, FixedProxy, LintWeight, LocalView,
    ProxyUrl, Way, WindowsSettings, WindowsWay, WithSource,
};

/// The mode of the runtime that nobody else can read (Microsoft, create-self-hosted-integration-
/// runtime: "encrypted with Windows DPAPI").
pub(super) const CUSTOM_PROXY: &str = "the custom proxy of the Configuration Manager is stored \
    encrypted and cannot be read: where one is set there, these files do not count";

/// What the configuration of this host is read from.
pub(super) struct Here<'a> {
    /// The environment.
    pub(super) variable: &'a dyn Fn(&str) -> Option<String>,
    /// The folder of the installed runtime's files.
    pub(super) installed: Option<PathBuf>,
    /// The user's and the machine's settings.
    pub(super) windows: WindowsSettings,
    /// What .NET takes for local.
    pub(super) local: LocalView,
}

/// How the runtime is configured to leave, read and sound, with nothing fetched yet.
pub(super) struct Configured {
    /// Where the configuration was taken from, in words.
    pub(super) source: String,
    /// The proxy or the script, without credentials.
    pub(super) shown: Option<String>,
    /// What the user should know.
    pub(super) notes: Vec<String>,
    /// How the agent's two files differ, a sentence each, and last which of them was taken.
    pub(super) agent_files_differ: Vec<String>,
    recipe: Recipe,
    script: Script,
    credentials: Option<Credentials>,
    alternate: Option<Way>,
}

/// The URLs within may hold passwords.
impl fmt::Debug for Configured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Configured")
            .field("source", &self.source)
            .field("shown", &self.shown)
            .finish_non_exhaustive()
    }
}

/// Reads what the options name, on this host.
///
/// # Errors
/// A URL or a list that cannot be read, a file that is missing or malformed. No error repeats a
/// password.
pub(super) fn configured(options: &Leaving, local: LocalView) -> Result<Configured> {
    #[cfg(windows)]
    let windows = windows::settings();
    #[cfg(not(windows))]
    let windows = WindowsSettings::default();
    let variable = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into());
    configured_at(options, &Here { variable: &variable, installed: installed(), windows, local })
}

/// What .NET takes for local on this host.
pub(super) fn local_view(addresses: Vec<std::net::IpAddr>) -> LocalView {
    #[cfg(windows)]
    let domain = windows::dns_domain();
    #[cfg(not(windows))]
    let domain = None;
    LocalView { domain, addresses }
}

fn configured_at(options: &Leaving, here: &Here<'_>) -> Result<Configured> {
    let exceptions: Vec<Exceptions> =
        options.no_proxy.iter().map(|list| Exceptions::of_convention(list, "--no-proxy")).collect();
    let mut configured = match Asked::of(options)? {
        Asked::Agent { is_auto } => agent(options, here, exceptions, is_auto)?,
        Asked::Auto if options.agent_config.is_some() || here.installed.is_some() => {
            agent(options, here, exceptions, true)?
        }
        Asked::Auto => os(here, exceptions, true)?,
        Asked::Os => os(here, exceptions, false)?,
        explicit => {
            let mut configured = explicitly(explicit, exceptions)?;
            // It decides nothing, and whoever names it wants to hear what is wrong with it.
            if let Some(place) = &options.agent_config {
                let files = sound(agent_files::read(place).context("--agent-config")?)?;
                configured.agent_files_differ = differences(&files, "--proxy decides here");
            }
            configured
        }
    };
    configured.credentials = match &options.proxy_credentials {
        Some(path) => Some(read_credentials(path)?),
        None => None,
    };
    configured.alternate = match options.alternate_proxy.as_deref().map(str::trim) {
        None => None,
        Some(word) if word.eq_ignore_ascii_case("none") => Some(Way::Direct),
        Some(url) => {
            let url =
                ProxyUrl::parse(url).map_err(|error| anyhow!("--alternate-proxy: {error}"))?;
            Some(Way::Proxy(url))
        }
    };
    if configured.credentials.is_some() && configured.shown.is_none() {
        let has_alternate = matches!(configured.alternate, Some(Way::Proxy(_)));
        if !has_alternate {
            let note = "--proxy-credentials: no proxy is configured that they could be sent to";
            configured.notes.push(note.to_owned());
        }
    }
    Ok(configured)
}

/// What `--proxy` asks for.
enum Asked {
    Auto,
    Agent { is_auto: bool },
    Os,
    None,
    Url(ProxyUrl),
    Script(String),
}

impl Asked {
    fn of(options: &Leaving) -> Result<Self> {
        let Some(text) = options.proxy.as_deref().map(str::trim) else { return Ok(Self::Auto) };
        let lower = text.to_ascii_lowercase();
        Ok(match lower.as_str() {
            "auto" if options.agent_config.is_some() => Self::Agent { is_auto: true },
            "auto" => Self::Auto,
            "agent" => Self::Agent { is_auto: false },
            "os" => Self::Os,
            "none" => Self::None,
            "direct" | "off" => bail!("--proxy {lower}: say none for the direct way"),
            "system" | "env" | "environment" => bail!("--proxy {lower}: say os"),
            "pac" | "wpad" => bail!("--proxy {lower}: say pac:FILE or pac:http://HOST/PATH"),
            _ if lower.starts_with("pac:") => Self::Script(text[4..].to_owned()),
            _ => Self::Url(ProxyUrl::parse(text).map_err(|error| anyhow!("--proxy: {error}"))?),
        })
    }
}

impl Configured {
    fn new(source: String, recipe: Recipe) -> Self {
        let shown = match &recipe {
            Recipe::Fixed(fixed) => {
                fixed.https.as_ref().or(fixed.http.as_ref()).map(|named| named.value.shown())
            }
            _ => None,
        };
        let notes = recipe.exceptions().iter().flat_map(ignored).collect();
        Self {
            source,
            shown,
            notes,
            agent_files_differ: Vec::new(),
            recipe,
            script: Script::None,
            credentials: None,
            alternate: None,
        }
    }
}

fn ignored(exceptions: &Exceptions) -> Vec<String> {
    let words = |entry: &route::Ignored| {
        let place = exceptions.source();
        format!("rule {} of {place} ('{}') matches nothing: {}", entry.index, entry.text, entry.why)
    };
    exceptions.ignored().into_iter().map(words).collect()
}

fn explicitly(asked: Asked, exceptions: Vec<Exceptions>) -> Result<Configured> {
    match asked {
        Asked::Url(proxy) => {
            let named = WithSource { value: proxy, source: "--proxy".to_owned() };
            let (https, http) = (Some(named.clone()), Some(named));
            let recipe = Recipe::Fixed(FixedProxy { https, http, exceptions });
            Ok(Configured::new("--proxy".to_owned(), recipe))
        }
        Asked::Script(place) => {
            refuse_without_pac()?;
            let location =
                Location::parse(&place).map_err(|error| anyhow!("--proxy pac: {error}"))?;
            let script = match &location {
                Location::File(path) => {
                    Script::Source(input::read_file(path).with_context(|| {
                        let place = recorded::misspelt(&path.to_string_lossy());
                        format!("--proxy pac: cannot read {place}")
                    })?)
                }
                Location::Web(url) => Script::Web(url.clone()),
            };
            let source = format!("pac:{}", location.shown());
            let recipe = Recipe::Script { source, exceptions };
            let configured = Configured::new("--proxy pac".to_owned(), recipe);
            Ok(Configured { shown: Some(location.shown()), script, ..configured })
        }
        _ => {
            let source = "--proxy none".to_owned();
            Ok(Configured::new(source.clone(), Recipe::Direct { source }))
        }
    }
}

/// `os`: the environment decides before the user's settings, and these before the machine's, as
/// .NET has it.
fn os(here: &Here<'_>, exceptions: Vec<Exceptions>, is_auto: bool) -> Result<Configured> {
    let prefix = if is_auto { "auto: os: " } else { "os: " };
    if let Some(mut fixed) = route::from_environment(here.variable)? {
        let proxies = [&fixed.https, &fixed.http].into_iter().flatten();
        let mut places: Vec<String> = proxies.map(|named| named.source.clone()).collect();
        places.extend(fixed.exceptions.iter().map(|list| list.source().to_owned()));
        places.dedup();
        fixed.exceptions.splice(0..0, exceptions);
        let source = format!("{prefix}environment ({})", places.join(", "));
        return Ok(Configured::new(source, Recipe::Fixed(fixed)));
    }
    let found = route::from_windows(&here.windows)
        .map_err(|error| anyhow!("{}: {}", error.source, error.value))?;
    let mut configured = match found {
        Some(WindowsWay::Fixed(mut fixed)) => {
            let named = fixed.https.as_ref().or(fixed.http.as_ref());
            let place = named.map_or_else(String::new, |named| named.source.clone());
            let source = format!("{prefix}{place}");
            fixed.exceptions.splice(0..0, exceptions);
            Configured::new(source, Recipe::Fixed(fixed))
        }
        Some(WindowsWay::Script(WithSource { value, source })) => {
            let (script, shown) = script_of(&value);
            let recipe = Recipe::Script { source: source.clone(), exceptions };
            let configured = Configured::new(format!("{prefix}{source}"), recipe);
            Configured { script, shown: Some(shown), ..configured }
        }
        None => {
            let words = if cfg!(windows) {
                "no proxy is set: neither in the environment nor for the user or the machine"
            } else {
                "no proxy is set in the environment"
            };
            let recipe = Recipe::Direct { source: words.to_owned() };
            Configured::new(format!("{prefix}{words}"), recipe)
        }
    };
    if here.windows.user.auto_detect {
        let note = "automatic detection (WPAD) is on for this user and is not followed here: if \
                    it finds a script, give that with --proxy pac:URL";
        configured.notes.push(note.to_owned());
    }
    Ok(configured)
}

fn agent(
    options: &Leaving,
    here: &Here<'_>,
    exceptions: Vec<Exceptions>,
    is_auto: bool,
) -> Result<Configured> {
    let files = match (&options.agent_config, &here.installed) {
        (Some(place), _) => agent_files::read(place).context("--agent-config")?,
        (None, Some(folder)) => agent_files::read(folder)?,
        (None, None) => bail!("--proxy agent: {} with --agent-config", none_installed()),
    };
    let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
    let mut agents = sound(files)?;
    let differ = differences(&agents, "");
    let deciding = agents.swap_remove(0);
    let prefix = if is_auto { "auto: agent: " } else { "agent: " };
    let source = format!("{prefix}{}", paths[0].display());

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
    let (mut shown, mut script) = (None, Script::None);
    // What .NET refuses in the file is each endpoint's own fault: nothing can be sent at all.
    if let Ok(route) = AgentRoute::new(&deciding, here.local.clone(), Vec::new()) {
        shown = route.proxy().map(ProxyUrl::shown);
        if let Some(location) = route.script_location() {
            let (found, words) = script_of(location);
            (script, shown) = (found, Some(words));
        }
    }
    let recipe = Recipe::Agent { file: deciding, local: here.local.clone(), exceptions };
    let mut configured = Configured::new(source, recipe);
    configured.notes.extend(notes);
    Ok(Configured { shown, script, agent_files_differ: differ, ..configured })
}

/// The script of a configuration, and its place in words. What cannot be read is no error of this
/// command line: it is what the runtime meets too.
fn script_of(place: &str) -> (Script, String) {
    match Location::parse(place) {
        Err(error) => (Script::Missing(error.to_string()), "a script".to_owned()),
        Ok(location) => {
            let script = match &location {
                Location::Web(url) => Script::Web(url.clone()),
                Location::File(path) => match input::read_file(path) {
                    Ok(source) => Script::Source(source),
                    Err(error) => Script::Missing(format!("cannot be read: {error:#}")),
                },
            };
            (script, location.shown())
        }
    }
}

/// Why the script of the agent's file cannot be had, where it cannot. That this program does not
/// fetch from shares is no fault of the file.
pub(super) fn script_problem(place: &str) -> Option<(LintWeight, String)> {
    let weight = match Location::parse(place) {
        Err(LocationError::Share) => LintWeight::Note,
        _ => LintWeight::Warning,
    };
    match script_of(place) {
        (Script::Missing(reason), _) => Some((weight, reason)),
        _ => None,
    }
}

/// The files, all of which must be readable.
fn sound(files: Vec<AgentFile>) -> Result<Vec<AgentProxy>> {
    let one =
        |file: AgentFile| file.read.with_context(|| format!("cannot use {}", file.path.display()));
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

/// The first line of the file: `user:password`, nothing decoded.
fn read_credentials(path: &Path) -> Result<Credentials> {
    let option = || format!("--proxy-credentials {}", path.display());
    let bytes = input::read_file(path)
        .with_context(|| format!("--proxy-credentials: cannot read {}", path.display()))?;
    let text = list::decode(&bytes).map_err(|_| anyhow!("{}: it is not UTF-8", option()))?;
    let line = text.lines().next().unwrap_or_default();
    if line.trim().is_empty() {
        bail!("{}: its first line is empty; expected user:password", option());
    }
    if !line.contains(':') {
        bail!("{}: its first line holds no colon; expected user:password", option());
    }
    Credentials::parse(line).with_context(option)
}

#[cfg(feature = "pac")]
#[expect(clippy::unnecessary_wraps, reason = "without the feature it refuses")]
const fn refuse_without_pac() -> Result<()> {
    Ok(())
}

#[cfg(not(feature = "pac"))]
fn refuse_without_pac() -> Result<()> {
    bail!("--proxy pac: this program was built without scripts (feature pac): give the proxy's URL")
}

#[cfg(test)]
mod tests;
