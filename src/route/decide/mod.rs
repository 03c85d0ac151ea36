//! Decides by a configuration which way a name goes, and why.

use jiff::Zoned;

use super::agent_config::{AgentProxy, ConfigFault, ProxyAddress, Setting};
use super::bypass::{BypassList, InvalidRule, LocalView, Undecided};
use super::bypass_match::BypassMatch;
use super::exceptions::{Excepted, Exceptions};
use super::no_proxy::Scheme;
#[cfg(feature = "pac")]
use super::pac::{PacChoice, PacScript};
use super::proxy_url::ProxyUrl;
use super::redacted::{redacted_path, redacted_url};
use crate::model::{
    Cause, ExceptionKind, Host, PacQuestion, Route, RouteChoice, RouteFault, RouteFaultKind,
    RouteIntent,
};

/// The authority that decides the way of a name.
#[derive(Debug)]
pub enum Configuration {
    /// There is no proxy.
    Direct {
        /// The words of reports, such as `--proxy none` or `no proxy is set`.
        source: String,
    },
    /// One proxy, or one for each scheme.
    Fixed(FixedProxy),
    /// The agent's own configuration.
    Agent(AgentRoute),
    /// A script decides.
    #[cfg(feature = "pac")]
    Pac {
        /// The loaded script, or the reason why there is none.
        script: Result<PacScript, String>,
        /// The words of reports, such as `pac:http://wpad.contoso.com/wpad.dat`.
        source: String,
        /// The lists of names for which the script is not asked.
        exceptions: Vec<Exceptions>,
    },
}

/// Proxies by scheme, from `--proxy URL` or the environment.
#[derive(Clone, Debug)]
pub struct FixedProxy {
    /// For `https` URLs.
    pub https: Option<WithSource<ProxyUrl>>,
    /// For `http` URLs.
    pub http: Option<WithSource<ProxyUrl>>,
    /// The lists of hosts that go direct all the same. The first list that holds a host decides.
    pub exceptions: Vec<Exceptions>,
}

/// A configured value, and the name of the option, variable or file that it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithSource<T> {
    pub value: T,
    /// The words of reports, such as `HTTPS_PROXY`.
    pub source: String,
}

/// A configuration file of the agent, compiled so that many names can be decided.
#[derive(Debug)]
pub struct AgentRoute {
    file: String,
    way: AgentWay,
    exceptions: Vec<Exceptions>,
    here: LocalView,
    /// `useDefaultCredentials`: .NET signs in to a proxy as its own account only where it is true,
    /// also to one that a script names.
    signs_in_account: bool,
}

#[derive(Debug)]
enum AgentWay {
    Direct(&'static str),
    Fixed {
        proxy: ProxyUrl,
        bypass: BypassList,
    },
    Script {
        location: String,
    },
    #[cfg(feature = "pac")]
    LoadedScript {
        script: Result<PacScript, String>,
        location: String,
    },
}

/// The way to a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Straight from this host.
    Direct,
    /// Through this proxy; it may carry credentials, which are not shown.
    Proxy(ProxyUrl),
}

impl Way {
    /// The form that records and reports hold.
    #[must_use]
    pub fn route(&self) -> Route {
        match self {
            Self::Direct => Route::Direct,
            Self::Proxy(proxy) => proxy.route(),
        }
    }

    fn without_account(self) -> Self {
        match self {
            Self::Direct => Self::Direct,
            Self::Proxy(proxy) => Self::Proxy(proxy.without_account()),
        }
    }
}

/// Which way a name is configured to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteDecision {
    pub way: Way,
    /// The rule that decided, such as `bypass rule 2 of diahost.exe.config: \.contoso\.com$`.
    pub why: String,
    /// The kind of list that sends the name past the proxy, where one does.
    pub exception: Option<ExceptionKind>,
    /// The ways that a client tries next where the first fails, in order: a script may name
    /// several.
    pub fallbacks: Vec<Way>,
    /// The DNS questions that a script asked to decide.
    pub questions: Vec<PacQuestion>,
}

impl RouteDecision {
    fn new(way: Way, why: impl Into<String>) -> Self {
        Self { way, why: why.into(), exception: None, fallbacks: Vec::new(), questions: Vec::new() }
    }

    /// A decision to go past the proxy, by a rule of `kind`.
    fn past(kind: ExceptionKind, why: impl Into<String>) -> Self {
        Self { exception: Some(kind), ..Self::new(Way::Direct, why) }
    }

    fn without_account(self) -> Self {
        Self {
            way: self.way.without_account(),
            fallbacks: self.fallbacks.into_iter().map(Way::without_account).collect(),
            ..self
        }
    }

    /// The form that a record holds, beside the route that the endpoint needs.
    #[must_use]
    pub fn choice(&self, intended: RouteIntent) -> RouteChoice {
        RouteChoice {
            exception: self.exception,
            fallbacks: self.fallbacks.iter().map(Way::route).collect(),
            questions: self.questions.clone(),
            ..RouteChoice::new(intended, self.way.route(), &self.why)
        }
    }
}

/// The reason why it is not known which way a name is configured to go.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// .NET makes no proxy of this file, and the runtime can send nothing at all.
    #[error("{file} cannot be used by .NET: {fault}")]
    AgentFault { file: String, fault: ConfigFault },
    /// .NET makes no proxy of this file because of an entry of its bypass list.
    #[error("{file} cannot be used by .NET: {rule}")]
    AgentRule {
        file: String,
        /// The first such entry.
        rule: InvalidRule,
    },
    /// Whether a bypass rule matches is not known.
    #[error("{file}, {undecided}")]
    AgentUndecided { file: String, undecided: Undecided },
    /// The decision lies where this program does not look.
    #[error("{file} leaves the decision to {what}: give the proxy with --proxy")]
    Elsewhere {
        file: String,
        /// What decides instead.
        what: String,
    },
    /// The script that a configuration names was not loaded.
    #[error("the script {location} of {file} was not loaded: give it with --proxy pac:URL_OR_FILE")]
    ScriptNotLoaded {
        /// The file that names it.
        file: String,
        /// The location as messages show it.
        location: String,
    },
    /// The script gave no answer.
    #[error("{source_name}: {message}")]
    Pac {
        source_name: String,
        /// The error, with its line in the script.
        message: String,
        /// The DNS questions that it asked before it failed.
        questions: Vec<PacQuestion>,
    },
}

impl RouteError {
    /// The form that a record holds, beside the route that the endpoint needs.
    #[must_use]
    pub fn choice(&self, intended: RouteIntent) -> RouteChoice {
        let (kind, questions) = match self {
            Self::Pac { questions, .. } => (RouteFaultKind::Script, questions.clone()),
            Self::ScriptNotLoaded { .. } => (RouteFaultKind::Script, Vec::new()),
            Self::AgentFault { .. } | Self::AgentRule { .. } => {
                (RouteFaultKind::Refused, Vec::new())
            }
            Self::AgentUndecided { .. } | Self::Elsewhere { .. } => {
                (RouteFaultKind::Elsewhere, Vec::new())
            }
        };
        let message = self.to_string();
        RouteChoice {
            intended,
            configured: Err(RouteFault { kind, message: message.clone() }),
            why: message,
            exception: None,
            fallbacks: Vec::new(),
            alternate: None,
            questions,
        }
    }

    /// The contract's cause, where there is one.
    #[must_use]
    pub const fn cause(&self) -> Option<Cause> {
        match self {
            Self::Pac { .. } | Self::ScriptNotLoaded { .. } => Some(Cause::ProxyPacError),
            _ => None,
        }
    }
}

impl Configuration {
    /// One proxy for both schemes, as `--proxy URL` means it.
    #[must_use]
    pub fn url(proxy: ProxyUrl, source: &str, exceptions: Vec<Exceptions>) -> Self {
        let named = WithSource { value: proxy, source: source.to_owned() };
        Self::Fixed(FixedProxy { https: Some(named.clone()), http: Some(named), exceptions })
    }

    /// Which way a request for `scheme://host:port` is configured to go. `now` is for scripts.
    ///
    /// # Errors
    /// [`RouteError`] where that cannot be known.
    pub fn decide(
        &self,
        host: &Host,
        port: u16,
        scheme: Scheme,
        now: &Zoned,
    ) -> Result<RouteDecision, RouteError> {
        match self {
            Self::Direct { source } => Ok(RouteDecision::new(Way::Direct, source)),
            Self::Fixed(fixed) => Ok(fixed.decide(host, port, scheme)),
            Self::Agent(agent) => agent.decide(host, port, scheme, now),
            #[cfg(feature = "pac")]
            Self::Pac { script, source, exceptions } => excepted(exceptions, host, port, scheme)
                .or_else(|remark| remark.add(ask(script, source, host, port, scheme, now))),
        }
    }
}

impl FixedProxy {
    fn decide(&self, host: &Host, port: u16, scheme: Scheme) -> RouteDecision {
        let (proxy, variable) = match scheme {
            Scheme::Https => (&self.https, "HTTPS_PROXY"),
            Scheme::Http => (&self.http, "http_proxy"),
        };
        let Some(proxy) = proxy else {
            return RouteDecision::new(Way::Direct, format!("{variable} is not set"));
        };
        excepted(&self.exceptions, host, port, scheme).unwrap_or_else(|remark| {
            let decision = RouteDecision::new(Way::Proxy(proxy.value.clone()), &proxy.source);
            RouteDecision { why: remark.after(decision.why), ..decision }
        })
    }
}

impl AgentRoute {
    /// Compiles a file by the rules of .NET Framework: settings of `<proxy>` and `<bypasslist>`
    /// switch the script and the detection off (`WebProxy.DeleteScriptEngine`). Where no proxy is
    /// named the runtime goes direct ("Configure proxy server settings", Microsoft's page of the
    /// self-hosted integration runtime).
    ///
    /// # Errors
    /// [`RouteError`] where .NET would refuse the file, or where something else decides.
    pub fn new(
        agent: &AgentProxy,
        here: LocalView,
        exceptions: Vec<Exceptions>,
    ) -> Result<Self, RouteError> {
        let way = way_of(agent)?;
        let signs_in_account =
            agent.default_proxy.as_ref().is_some_and(|section| section.use_default_credentials);
        Ok(Self { file: agent.file.clone(), way, exceptions, here, signs_in_account })
    }

    /// The location of a script that must be loaded before any name can be decided.
    #[must_use]
    pub fn script_location(&self) -> Option<&str> {
        match &self.way {
            AgentWay::Script { location } => Some(location),
            _ => None,
        }
    }

    /// Adds the script of [`AgentRoute::script_location`], or the reason why there is none.
    #[cfg(feature = "pac")]
    #[must_use]
    pub fn with_script(mut self, script: Result<PacScript, String>) -> Self {
        if let AgentWay::Script { location } = self.way {
            self.way = AgentWay::LoadedScript { script, location };
        }
        self
    }

    /// The proxy that the file names.
    #[must_use]
    pub fn proxy(&self) -> Option<&ProxyUrl> {
        match &self.way {
            AgentWay::Fixed { proxy, .. } => Some(proxy),
            _ => None,
        }
    }

    #[cfg_attr(not(feature = "pac"), expect(unused_variables, reason = "only scripts need it"))]
    fn decide(
        &self,
        host: &Host,
        port: u16,
        scheme: Scheme,
        now: &Zoned,
    ) -> Result<RouteDecision, RouteError> {
        let file = &self.file;
        let remark = match excepted(&self.exceptions, host, port, scheme) {
            // Exceptions mean nothing where nothing goes to a proxy.
            _ if matches!(self.way, AgentWay::Direct(_)) => Remark::default(),
            Ok(decision) => return Ok(decision),
            Err(remark) => remark,
        };
        let decided = match &self.way {
            AgentWay::Direct(reason) => {
                Ok(RouteDecision::new(Way::Direct, format!("{file} {reason}")))
            }
            AgentWay::Fixed { proxy, bypass } => {
                let matched =
                    bypass.decide(host, port, scheme, &self.here).map_err(|undecided| {
                        RouteError::AgentUndecided { file: file.clone(), undecided }
                    })?;
                Ok(match matched {
                    None => {
                        let why = format!("proxyaddress of {file}");
                        RouteDecision::new(Way::Proxy(proxy.clone()), why)
                    }
                    Some(BypassMatch::Rule { index, text }) => {
                        let why = format!("bypass rule {index} of {file}: {text}");
                        RouteDecision::past(ExceptionKind::AgentFile, why)
                    }
                    Some(BypassMatch::BuiltIn(reason)) => {
                        RouteDecision::new(Way::Direct, format!("{reason} ({file})"))
                    }
                })
            }
            AgentWay::Script { location } => {
                let location = redacted_url(location);
                Err(RouteError::ScriptNotLoaded { file: file.clone(), location })
            }
            #[cfg(feature = "pac")]
            AgentWay::LoadedScript { script, location } => {
                let source = format!("scriptLocation of {file} ({})", redacted_url(location));
                ask(script, &source, host, port, scheme, now)
            }
        };
        remark.add(if self.signs_in_account {
            decided
        } else {
            decided.map(RouteDecision::without_account)
        })
    }
}

fn way_of(agent: &AgentProxy) -> Result<AgentWay, RouteError> {
    let file = || agent.file.clone();
    if let Some(fault) = agent.faults.first() {
        return Err(RouteError::AgentFault { file: file(), fault: fault.clone() });
    }
    let Some(section) = &agent.default_proxy else {
        return Ok(AgentWay::Direct("has no <defaultProxy>"));
    };
    if let Some(other) = &section.config_source {
        let what = format!("the file {}", redacted_path(other));
        return Err(RouteError::Elsewhere { file: file(), what });
    }
    if !section.enabled {
        return Ok(AgentWay::Direct("says enabled=\"false\""));
    }
    if let Some(module) = &section.module {
        return Err(RouteError::Elsewhere { file: file(), what: module_words(module) });
    }
    let proxy = &section.proxy;
    if let Some(address) = &proxy.address {
        let refused = |message: String| {
            let fault = ConfigFault { line: proxy.line, message };
            Err(RouteError::AgentFault { file: file(), fault })
        };
        let url = match address {
            ProxyAddress::Usable(url) => url,
            ProxyAddress::WrongScheme(url) => {
                let scheme = url.scheme().as_str();
                return refused(format!("proxyaddress is {scheme}://, which it does not speak"));
            }
            ProxyAddress::NoScheme(url) => {
                return refused(format!("proxyaddress has no http://, as in {}/", url.shown()));
            }
            ProxyAddress::Malformed(error) => return refused(format!("proxyaddress: {error}")),
        };
        let on_local = proxy.bypass_on_local == Setting::True;
        let bypass = BypassList::new(&section.bypass, on_local)
            .map_err(|rule| RouteError::AgentRule { file: file(), rule })?;
        // .NET does not use the credentials of an address.
        let proxy = ProxyUrl::new(url.scheme(), url.host().clone(), url.port());
        return Ok(AgentWay::Fixed { proxy, bypass });
    }
    // An invalid entry still throws where there is no address to bypass.
    BypassList::new(&section.bypass, false)
        .map_err(|rule| RouteError::AgentRule { file: file(), rule })?;
    let is_script_dropped =
        proxy.bypass_on_local != Setting::Unspecified || !section.bypass.is_empty();
    match &proxy.script_location {
        _ if is_script_dropped => Ok(AgentWay::Direct("names no proxy")),
        Some(location) => Ok(AgentWay::Script { location: location.clone() }),
        None if proxy.auto_detect == Setting::True => Err(RouteError::Elsewhere {
            file: file(),
            what: "automatic detection (WPAD)".to_owned(),
        }),
        None if proxy.use_system_default == Setting::True => Ok(AgentWay::Direct(
            "names no proxy (usesystemdefault alone takes the service account's Internet \
             settings, which are not read here)",
        )),
        None => Ok(AgentWay::Direct("names no proxy")),
    }
}

/// The module in words: its type without the assembly behind it, where people write other things
/// too.
fn module_words(module: &str) -> String {
    let name = module.split(',').next().unwrap_or_default().trim();
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '+' | '`');
    if name.is_empty() || !name.chars().all(is_of_name) {
        return "a module".to_owned();
    }
    format!("the module {name}")
}

/// A remark in the reason of a decision: another client would have read a list in another way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Remark(Option<String>);

impl Remark {
    fn add(self, decided: Result<RouteDecision, RouteError>) -> Result<RouteDecision, RouteError> {
        decided.map(|decision| RouteDecision { why: self.after(decision.why.clone()), ..decision })
    }

    fn after(self, why: String) -> String {
        match self.0 {
            Some(remark) => format!("{why} ({remark})"),
            None => why,
        }
    }
}

/// The decision of the first list that holds the host.
fn excepted(
    exceptions: &[Exceptions],
    host: &Host,
    port: u16,
    scheme: Scheme,
) -> Result<RouteDecision, Remark> {
    let mut remark = Remark::default();
    for list in exceptions {
        match list.decide(host, port, scheme) {
            Excepted::Direct(why) => return Ok(RouteDecision::past(list.kind(), why)),
            Excepted::No(words) => remark.0 = remark.0.or(words),
        }
    }
    Err(remark)
}

#[cfg(feature = "pac")]
fn ask(
    script: &Result<PacScript, String>,
    source: &str,
    host: &Host,
    port: u16,
    scheme: Scheme,
    now: &Zoned,
) -> Result<RouteDecision, RouteError> {
    let failed = |message: String, questions| RouteError::Pac {
        source_name: source.to_owned(),
        message,
        questions,
    };
    let script = script.as_ref().map_err(|reason| failed(reason.clone(), Vec::new()))?;
    let evaluation = script.evaluate(host, port, scheme, now);
    let answer = match evaluation.answer {
        Ok(answer) => answer,
        Err(error) => return Err(failed(error.to_string(), evaluation.questions)),
    };
    let mut ways = answer.choices.into_iter().filter_map(|choice| match choice {
        PacChoice::Direct => Some(Way::Direct),
        PacChoice::Proxy(proxy) => Some(Way::Proxy(proxy)),
        PacChoice::Skipped { .. } => None,
    });
    let Some(way) = ways.next() else {
        return Err(failed("the answer names no way".to_owned(), evaluation.questions));
    };
    Ok(RouteDecision {
        exception: (way == Way::Direct).then_some(ExceptionKind::Script),
        way,
        why: format!("answer of {source}"),
        fallbacks: ways.collect(),
        questions: evaluation.questions,
    })
}

#[cfg(test)]
mod tests;
