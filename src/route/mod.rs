//! Decides which way each name is configured to go, and why: by `NO_PROXY`, .NET bypass lists, the
//! agent's own configuration files or a PAC script. The room is pure: callers read the files, and
//! pass in what a script asks of DNS, the clock and this host.

mod agent_config;
mod agent_lint;
mod bypass;
mod bypass_match;
mod decide;
mod dotnet_regex;
mod environment;
mod exceptions;
mod no_proxy;
#[cfg(feature = "pac")]
mod pac;
mod pattern_meaning;
mod proxy_url;
mod redacted;
mod suggest;
mod windows;

pub use agent_config::{
    AgentConfigError, AgentProxy, ConfigFault, DefaultProxy, ProxyAddress, ProxyElement, Setting,
};
pub use agent_lint::{LintFinding, LintKind, LintNames, LintWeight, differences, is_relay, lint};
pub use bypass::{BypassEntry, BypassList, InvalidRule, LocalView, Undecided, uri_form};
pub use bypass_match::BypassMatch;
pub use decide::{
    AgentRoute, Configuration, FixedProxy, RouteDecision, RouteError, Way, WithSource,
};
pub use dotnet_regex::{GaveUp, Pattern, PatternFault};
pub use environment::{EnvironmentError, from_environment};
pub use exceptions::Exceptions;
pub use no_proxy::{Ignored, NoProxy, NoProxyDialect, Scheme};
#[cfg(feature = "pac")]
pub use pac::{
    PacAnswer, PacChoice, PacError, PacErrorKind, PacEvaluation, PacLimits, PacResolver, PacScript,
    PacSurroundings,
};
pub use proxy_url::{Credentials, ProxyScheme, ProxyUrl, ProxyUrlError};
pub use redacted::{redacted_path, redacted_url};
pub use suggest::{Suggestion, corrected_fragment, suggest};
pub use windows::{WindowsProxies, WindowsSettings, WindowsWay, from_windows};
