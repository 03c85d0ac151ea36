//! Checks the agent's two configuration files: for what .NET refuses, for what it reads in another
//! way than was meant, and for names that they send the wrong way.

use super::agent_config::{AgentConfigError, AgentProxy, DefaultProxy, ProxyAddress, Setting};
use super::bypass::{BypassEntry, LocalView};
use super::decide::{AgentRoute, Configuration, RouteDecision, RouteError, Way};
use super::dotnet_regex::{Pattern, PatternFault};
use super::no_proxy::Scheme;
use super::pattern_meaning::{PatternMeaning, PatternReach, pattern_for};
use super::redacted::redacted_url;
use super::suggest::is_placeholder;
use crate::model::{Cause, Host, HostName};

/// Where relay namespaces live, in each cloud (Microsoft, "domain and outbound port requirements").
const RELAY_DOMAINS: [&str; 3] =
    ["servicebus.windows.net", "servicebus.usgovcloudapi.net", "servicebus.chinacloudapi.cn"];

/// Whether a name is a relay's, or a relay gateway's.
#[must_use]
pub fn is_relay(name: &HostName) -> bool {
    RELAY_DOMAINS.iter().any(|domain| name.as_str() != *domain && name.is_within(domain))
}

/// The names whose way is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LintNames {
    /// Names with a private endpoint, which must go direct.
    pub private: Vec<HostName>,
    /// Relay namespaces, which are public and must not bypass the proxy.
    pub relay: Vec<HostName>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LintFinding {
    pub kind: LintKind,
    pub weight: LintWeight,
    /// The name of the file; the first one, where the finding is about both.
    pub file: String,
    pub line: Option<u32>,
    /// The column, which is known for XML that is not well-formed.
    pub column: Option<u32>,
    pub message: String,
    pub remedy: String,
}

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LintWeight {
    /// The setting works, and could be misread.
    Note,
    /// The setting works, though not as was probably meant.
    Warning,
    /// The setting does not work.
    Error,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LintKind {
    /// The file is no configuration at all.
    Unreadable,
    /// .NET refuses an element, an attribute or a value.
    Refused,
    /// The two files differ, which is the cause `route_config_mismatch`.
    FilesDisagree,
    /// A private name goes to the proxy, which is the cause `route_private_via_proxy`.
    PrivateViaProxy,
    /// A relay goes direct past the proxy.
    RelayBypassed,
    /// A bypass expression that .NET refuses.
    PatternInvalid,
    /// A bypass expression that does not match what it seems to mean.
    PatternNeverMatches,
    /// A bypass expression that matches more than it seems to mean.
    PatternTooWide,
    /// A bypass expression with a placeholder of the documentation in it.
    PatternPlaceholder,
    /// A bypass expression that only .NET can evaluate.
    PatternNotEvaluated,
    /// The address has a user name or a password, which .NET does not use.
    Credentials,
    /// An address that .NET Framework cannot use.
    AddressUnusable,
    /// Other settings switch off the script or the detection.
    ScriptIgnored,
    /// The script cannot be read from its location.
    ScriptUnusable,
    /// A module, another file or the detection decides; none of them is evaluated here.
    DecidedElsewhere,
}

impl LintKind {
    /// The word that reports use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Refused => "refused",
            Self::FilesDisagree => "files-disagree",
            Self::PrivateViaProxy => "private-via-proxy",
            Self::RelayBypassed => "relay-bypassed",
            Self::PatternInvalid => "pattern-invalid",
            Self::PatternNeverMatches => "pattern-never-matches",
            Self::PatternTooWide => "pattern-too-wide",
            Self::PatternPlaceholder => "pattern-placeholder",
            Self::PatternNotEvaluated => "pattern-not-evaluated",
            Self::Credentials => "credentials",
            Self::AddressUnusable => "address-unusable",
            Self::ScriptIgnored => "script-ignored",
            Self::ScriptUnusable => "script-unusable",
            Self::DecidedElsewhere => "decided-elsewhere",
        }
    }

    /// What it means, in one sentence.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Unreadable => "The file is no configuration of .NET Framework at all.",
            Self::Refused => ".NET Framework refuses an element, an attribute or a value.",
            Self::FilesDisagree => "The runtime's files say different things about the proxy.",
            Self::PrivateViaProxy => {
                "A name with a private endpoint is sent to the proxy, which cannot reach it."
            }
            Self::RelayBypassed => "A relay is sent direct, past the proxy that was meant for it.",
            Self::PatternInvalid => "A bypass expression is one that .NET Framework refuses.",
            Self::PatternNeverMatches => {
                "A bypass expression does not match what it seems to mean."
            }
            Self::PatternTooWide => "A bypass expression matches more than it seems to mean.",
            Self::PatternPlaceholder => {
                "A bypass expression holds a placeholder of the documentation."
            }
            Self::PatternNotEvaluated => {
                "A bypass expression is one that only .NET Framework can evaluate."
            }
            Self::Credentials => {
                "The proxy's address holds a user name or a password, which .NET Framework does not use."
            }
            Self::AddressUnusable => "The proxy's address is one that .NET Framework cannot use.",
            Self::ScriptIgnored => "Other settings switch off the script or the detection.",
            Self::ScriptUnusable => "The script cannot be read from its location.",
            Self::DecidedElsewhere => {
                "A module, another file or the detection decides, and none of them is evaluated here."
            }
        }
    }

    /// The contract's cause, where there is one.
    #[must_use]
    pub const fn cause(self) -> Option<Cause> {
        match self {
            Self::FilesDisagree => Some(Cause::RouteConfigMismatch),
            Self::PrivateViaProxy => Some(Cause::RoutePrivateViaProxy),
            _ => None,
        }
    }
}

/// Checks each file by itself, and the others against the first.
#[must_use]
pub fn lint(
    files: &[Result<AgentProxy, AgentConfigError>],
    names: &LintNames,
    here: &LocalView,
) -> Vec<LintFinding> {
    let mut findings = Vec::new();
    let mut readable = Vec::new();
    for file in files {
        match file {
            Ok(agent) => {
                readable.push(agent);
                LintOfFile { file: &agent.file, findings: &mut findings }.judge(agent, names, here);
            }
            Err(error) => findings.push(unreadable(error)),
        }
    }
    if let [first, others @ ..] = &readable[..] {
        findings.extend(others.iter().filter_map(|other| disagreement(first, other)));
    }
    findings
}

fn unreadable(error: &AgentConfigError) -> LintFinding {
    let (file, line, column) = match error {
        AgentConfigError::Empty { file }
        | AgentConfigError::TooLong { file, .. }
        | AgentConfigError::Encoding { file, .. } => (file, None, None),
        AgentConfigError::DocumentType { file, line }
        | AgentConfigError::Crowded { file, line }
        | AgentConfigError::Root { file, line, .. } => (file, Some(*line), None),
        AgentConfigError::NotWellFormed { file, line, column, .. } => {
            (file, Some(*line), Some(*column))
        }
    };
    LintFinding {
        kind: LintKind::Unreadable,
        weight: LintWeight::Error,
        file: file.clone(),
        line,
        column,
        message: error.to_string(),
        remedy: "put back the copy made before the change, and make the change again; the service \
                 does not start with such a file"
            .to_owned(),
    }
}

/// The differences between two files, one sentence for each setting.
#[must_use]
pub fn differences(first: &AgentProxy, other: &AgentProxy) -> Vec<String> {
    let [ours, theirs] = [first, other].map(|agent| settings(agent.default_proxy.as_ref()));
    let sentence = |(ours, theirs): (&ComparedSetting, &ComparedSetting)| {
        let name = ours.name;
        if ours.shown == theirs.shown {
            return format!(
                "{name} is {} in {} and in {}, and differs in a part that is not shown",
                ours.shown, first.file, other.file
            );
        }
        format!("{name} is {} in {} and {} in {}", ours.shown, first.file, theirs.shown, other.file)
    };
    ours.iter()
        .zip(&theirs)
        .filter(|(ours, theirs)| ours.exact != theirs.exact)
        .map(sentence)
        .collect()
}

fn disagreement(first: &AgentProxy, other: &AgentProxy) -> Option<LintFinding> {
    let differences = differences(first, other);
    (!differences.is_empty()).then(|| LintFinding {
        kind: LintKind::FilesDisagree,
        weight: LintWeight::Warning,
        file: first.file.clone(),
        line: first.default_proxy.as_ref().map(|section| section.line),
        column: None,
        message: format!("the files disagree: {}", differences.join("; ")),
        remedy: format!(
            "write the same <defaultProxy> into {} and {}, and restart the service",
            first.file, other.file
        ),
    })
}

/// A setting of a file, as it is compared with the other file's.
struct ComparedSetting {
    name: &'static str,
    /// What sentences say of it, without credentials.
    shown: String,
    /// What is compared.
    exact: String,
}

impl ComparedSetting {
    fn plain(name: &'static str, value: String) -> Self {
        Self { name, shown: value.clone(), exact: value }
    }
}

/// Each setting that is compared.
fn settings(section: Option<&DefaultProxy>) -> [ComparedSetting; 8] {
    let plain = ComparedSetting::plain;
    let word = |setting: Setting| match setting {
        Setting::Unspecified => "not given".to_owned(),
        Setting::True => "true".to_owned(),
        Setting::False => "false".to_owned(),
    };
    let absent = || "not given".to_owned();
    let Some(section) = section else {
        return [
            "enabled",
            "useDefaultCredentials",
            "proxyaddress",
            "bypassonlocal",
            "usesystemdefault",
            "scriptLocation",
            "autoDetect",
            "bypasslist",
        ]
        .map(|name| plain(name, absent()));
    };
    let proxy = &section.proxy;
    let address = match &proxy.address {
        None => absent(),
        Some(ProxyAddress::Malformed(_)) => "malformed".to_owned(),
        Some(address) => address.meant().map_or_else(absent, |url| format!("{url}")),
    };
    let list = |pattern: fn(&BypassEntry) -> String| {
        let patterns: Vec<String> =
            section.bypass.iter().map(|entry| format!("'{}'", pattern(entry))).collect();
        if patterns.is_empty() { absent() } else { patterns.join(", ") }
    };
    [
        plain("enabled", section.enabled.to_string()),
        plain("useDefaultCredentials", section.use_default_credentials.to_string()),
        plain("proxyaddress", address),
        plain("bypassonlocal", word(proxy.bypass_on_local)),
        plain("usesystemdefault", word(proxy.use_system_default)),
        ComparedSetting {
            name: "scriptLocation",
            shown: proxy.script_location.as_deref().map_or_else(absent, redacted_url),
            exact: proxy.script_location.clone().unwrap_or_else(absent),
        },
        plain("autoDetect", word(proxy.auto_detect)),
        ComparedSetting {
            name: "bypasslist",
            shown: list(BypassEntry::shown),
            exact: list(|entry| entry.pattern.clone()),
        },
    ]
}

struct LintOfFile<'a> {
    file: &'a str,
    findings: &'a mut Vec<LintFinding>,
}

impl LintOfFile<'_> {
    fn judge(&mut self, agent: &AgentProxy, names: &LintNames, here: &LocalView) {
        for fault in &agent.faults {
            let remedy = "correct it: .NET refuses the whole section otherwise, and the runtime \
                          can send nothing";
            self.add(LintKind::Refused, LintWeight::Error, fault.line, &fault.message, remedy);
        }
        if let Some(section) = &agent.default_proxy {
            self.judge_address(section);
            self.judge_script(section);
            for entry in &section.bypass {
                self.judge_pattern(entry);
            }
        }
        match AgentRoute::new(agent, here.clone(), Vec::new()) {
            Ok(route) => {
                let has_proxy = route.proxy().is_some();
                self.judge_names(&Configuration::Agent(route), has_proxy, agent, names);
            }
            Err(RouteError::Elsewhere { what, .. }) => {
                let line = agent.default_proxy.as_ref().map_or(1, |section| section.line);
                let message = format!("{what} decides, which is not followed here");
                let remedy = "give the proxy with --proxy to check the way";
                self.add(LintKind::DecidedElsewhere, LintWeight::Note, line, &message, remedy);
            }
            // The checks above have found it, with its line.
            Err(_) => {}
        }
    }

    fn judge_address(&mut self, section: &DefaultProxy) {
        let line = section.proxy.line;
        let Some(address) = &section.proxy.address else { return };
        let unusable = match address {
            ProxyAddress::Usable(_) => None,
            ProxyAddress::WrongScheme(url) => Some(format!(
                "proxyaddress is {}://, and .NET Framework speaks to proxies by http:// alone",
                url.scheme().as_str()
            )),
            ProxyAddress::NoScheme(_) => {
                Some("proxyaddress has no http://, so .NET takes the host for a scheme".to_owned())
            }
            ProxyAddress::Malformed(error) => Some(format!("proxyaddress: {error}")),
        };
        if let Some(message) = unusable {
            let remedy = match address.meant() {
                Some(url) => {
                    format!("write proxyaddress=\"http://{}:{}/\"", url.host(), url.port())
                }
                None => "write proxyaddress=\"http://HOST:PORT/\"".to_owned(),
            };
            self.add(LintKind::AddressUnusable, LintWeight::Error, line, &message, &remedy);
        }
        if address.meant().is_some_and(|url| url.credentials().is_some()) {
            self.add(
                LintKind::Credentials,
                LintWeight::Warning,
                line,
                "proxyaddress holds credentials in clear text, and .NET does not use them",
                "take them out and change the password; set useDefaultCredentials=\"true\" and run \
                 the service as an account that the proxy knows, or use the custom proxy of the \
                 Configuration Manager",
            );
        }
    }

    fn judge_script(&mut self, section: &DefaultProxy) {
        let proxy = &section.proxy;
        let others = [
            (proxy.address.is_some(), "proxyaddress"),
            (proxy.bypass_on_local != Setting::Unspecified, "bypassonlocal"),
            (!section.bypass.is_empty(), "bypasslist"),
        ];
        let set: Vec<&str> =
            others.iter().filter(|(is_set, _)| *is_set).map(|(_, name)| *name).collect();
        let has_script = proxy.script_location.is_some() || proxy.auto_detect == Setting::True;
        if has_script && !set.is_empty() {
            let message = format!(
                "scriptLocation and autoDetect are not used: {} beside them switch them off",
                set.join(", ")
            );
            let remedy = "keep either the script or the fixed proxy with its bypass list";
            self.add(LintKind::ScriptIgnored, LintWeight::Warning, proxy.line, &message, remedy);
        }
    }

    fn judge_pattern(&mut self, entry: &BypassEntry) {
        let BypassEntry { pattern, line } = entry;
        let shown = entry.shown();
        let meaning = PatternMeaning::guess(pattern);
        let write = |meaning: Option<&PatternMeaning>| {
            meaning.map_or_else(
                || "write a regular expression such as ^https?://host\\.contoso\\.com$".to_owned(),
                |meaning| format!("write {}", meaning.pattern()),
            )
        };
        if is_placeholder(pattern) {
            let message = format!("'{shown}' holds a placeholder of the documentation");
            let remedy = "put the factory's name and region in its place";
            self.add(LintKind::PatternPlaceholder, LintWeight::Error, *line, &message, remedy);
            return;
        }
        let compiled = match Pattern::compile(pattern) {
            Ok(compiled) => compiled,
            Err(PatternFault::Invalid(reason)) => {
                let message = format!(
                    "'{shown}' is no regular expression ({reason}); .NET then makes no proxy and \
                     every request fails"
                );
                let remedy = write(meaning.as_ref());
                self.add(LintKind::PatternInvalid, LintWeight::Error, *line, &message, &remedy);
                return;
            }
            Err(PatternFault::Unsupported(reason)) => {
                let message = format!("'{shown}' cannot be evaluated here: {reason}");
                let remedy = "check by hand what it matches";
                self.add(LintKind::PatternNotEvaluated, LintWeight::Note, *line, &message, remedy);
                return;
            }
        };
        let matches = |uri: &str| compiled.is_match(uri) == Ok(true);
        if matches("https://a.example") && matches("https://192.0.2.1") {
            let message = format!("'{shown}' matches every name: nothing goes to the proxy");
            let remedy = "name the hosts that must go direct";
            self.add(LintKind::PatternTooWide, LintWeight::Warning, *line, &message, remedy);
            return;
        }
        let Some(meaning) = meaning else { return };
        let sample = meaning.sample();
        if !matches(&format!("https://{sample}")) && !matches(&format!("http://{sample}")) {
            let message = format!(
                "'{shown}' does not match https://{sample}: that is all it is compared with, \
                 without a path and without the scheme's own port"
            );
            let remedy = write(Some(&meaning));
            self.add(LintKind::PatternNeverMatches, LintWeight::Warning, *line, &message, &remedy);
            return;
        }
        let stranger = meaning.strangers().into_iter().find(|s| matches(&format!("https://{s}")));
        if let Some(stranger) = stranger {
            let message = format!("'{shown}' also matches https://{stranger}");
            // Microsoft's own page shows full names without escapes.
            let is_documented =
                meaning.reach == PatternReach::Itself && meaning.domain.labels().count() > 2;
            let weight = if is_documented { LintWeight::Note } else { LintWeight::Warning };
            let remedy = write(Some(&meaning));
            self.add(LintKind::PatternTooWide, weight, *line, &message, &remedy);
        }
    }

    fn judge_names(
        &mut self,
        route: &Configuration,
        has_proxy: bool,
        agent: &AgentProxy,
        names: &LintNames,
    ) {
        if !has_proxy {
            return;
        }
        let line = agent.default_proxy.as_ref().map_or(1, |section| section.line);
        let decide = |name: &HostName| -> Option<RouteDecision> {
            let host = Host::Name(name.clone());
            // The time matters only to scripts, and none is evaluated here.
            let now = jiff::Zoned::default();
            route.decide(&host, Scheme::Https.default_port(), Scheme::Https, &now).ok()
        };
        for name in &names.private {
            if let Some(RouteDecision { way: Way::Proxy(proxy), .. }) = decide(name) {
                let message = format!("the private name {name} goes to the proxy {proxy}");
                let remedy =
                    format!("add <add address=\"{}\" /> to <bypasslist>", pattern_for(name));
                let kind = LintKind::PrivateViaProxy;
                self.add(kind, LintWeight::Error, line, &message, &remedy);
            }
        }
        let samples: Vec<HostName> = if names.relay.is_empty() {
            let sample = |domain: &&str| HostName::parse(&format!("any-relay.{domain}")).ok();
            RELAY_DOMAINS.iter().filter_map(sample).collect()
        } else {
            Vec::new()
        };
        for name in names.relay.iter().chain(&samples) {
            if let Some(RouteDecision { way: Way::Direct, why, .. }) = decide(name) {
                let message = format!("the relay {name} goes past the proxy: {why}");
                let remedy = "narrow that rule, unless the firewall lets this host reach the relay \
                              directly";
                let kind = LintKind::RelayBypassed;
                self.add(kind, LintWeight::Warning, line, &message, remedy);
            }
        }
    }

    fn add(&mut self, kind: LintKind, weight: LintWeight, line: u32, message: &str, remedy: &str) {
        self.findings.push(LintFinding {
            kind,
            weight,
            file: self.file.to_owned(),
            line: Some(line),
            column: None,
            message: message.to_owned(),
            remedy: remedy.to_owned(),
        });
    }
}

#[cfg(test)]
mod tests;
