//! `agent status`: the runtime on this host, for people and as JSON (`pathproof.agent/1`).

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Serialize;

use super::terminal::Style;
use super::terminal::page::Page;
use super::wording::utc;
use crate::diagnose::explain;
use crate::model::{HostRuntime, LoggedError, Sighting};
use crate::report_v1;

/// What is known of the runtime on a host.
#[derive(Debug)]
pub struct AgentStatus<'a> {
    pub runtime: &'a HostRuntime,
    /// `None` where nothing is installed, or its files cannot be read.
    pub proxy: Option<StatusProxy>,
    /// The Internet settings of the service's account, which count where the runtime's files name
    /// no proxy; `None` where there is no service, or accounts have no settings of their own.
    pub account_proxy: Option<StatusAccountProxy>,
    pub names: Vec<StatusName>,
    /// Factories that were seen and are not that of this runtime any more.
    pub other_factories: Vec<StatusName>,
    /// Nothing says which of several factories is that of this runtime: they are all others.
    pub is_factory_open: bool,
}

/// The runtime's proxy configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusProxy {
    /// `agent`, or `os` where its files leave it to the system.
    pub mode: &'static str,
    /// The proxy or script without credentials; `None` where none is set.
    pub url: Option<String>,
    /// What says so.
    pub source: String,
}

/// The Internet settings of the account that the service runs as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusAccountProxy {
    pub account: String,
    /// In words, without passwords; `None` where they cannot be read.
    pub settings: Option<String>,
    /// Whether this account's are the same; `None` where that is not known.
    #[serde(rename = "same_here")]
    pub is_same: Option<bool>,
    /// Why they cannot be read.
    pub unreadable: Option<String>,
}

/// A name that the runtime uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusName {
    pub host: String,
    pub entry: String,
    pub sighting: Sighting,
}

#[derive(Serialize)]
struct AgentDocument<'a> {
    schema: &'static str,
    installed: Option<report_v1::InstalledRuntime<'a>>,
    version: Option<Cow<'a, str>>,
    service: Option<report_v1::RuntimeService<'a>>,
    proxy: Option<&'a StatusProxy>,
    account_proxy: Option<&'a StatusAccountProxy>,
    names: Vec<NameWire<'a>>,
    other_factories: Vec<NameWire<'a>>,
    errors: Vec<ErrorWire<'a>>,
}

#[derive(Serialize)]
struct NameWire<'a> {
    host: &'a str,
    entry: &'a str,
    seen_in: &'a str,
    seen_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct ErrorWire<'a> {
    at: Option<Timestamp>,
    text: &'a str,
    explained: Option<&'static str>,
}

/// The status as one JSON object.
#[must_use]
pub fn json(status: &AgentStatus<'_>) -> String {
    let report_v1::HostRuntime { installed, version, service, errors: _ } = status.runtime.into();
    let errors = status.runtime.errors.iter();
    let document = AgentDocument {
        schema: "pathproof.agent/1",
        installed,
        version,
        service,
        proxy: status.proxy.as_ref(),
        account_proxy: status.account_proxy.as_ref(),
        names: status.names.iter().map(NameWire::of).collect(),
        other_factories: status.other_factories.iter().map(NameWire::of).collect(),
        errors: errors
            .map(|error| ErrorWire {
                at: error.at,
                text: &error.text,
                explained: explain::meaning(&error.text),
            })
            .collect(),
    };
    // A structure of texts cannot fail to be written.
    let mut json = serde_json::to_string_pretty(&document).unwrap_or_default();
    json.push('\n');
    json
}

impl<'a> NameWire<'a> {
    fn of(name: &'a StatusName) -> Self {
        let Sighting { seen_in, seen_at } = &name.sighting;
        Self { host: &name.host, entry: &name.entry, seen_in, seen_at: *seen_at }
    }
}

/// The status as text, wrapped to the terminal.
#[must_use]
pub fn table(status: &AgentStatus<'_>, style: &Style) -> String {
    let mut page = Page::new(style);
    page.heading("The runtime on this host");
    for (label, text) in facts(status) {
        page.indented(&format!("{label:<10} {text}"));
    }
    write_names(&mut page, "Names it uses", &status.names);
    let others = if status.is_factory_open {
        "Factories that were seen; nothing says which of them it uses now"
    } else {
        "Other factories that were seen"
    };
    write_names(&mut page, others, &status.other_factories);
    write_errors(&mut page, &status.runtime.errors);
    page.finish()
}

fn facts(status: &AgentStatus<'_>) -> Vec<(&'static str, String)> {
    let HostRuntime { installed, service, .. } = status.runtime;
    let Some(installed) = installed else {
        return vec![("installed", "no".to_owned())];
    };
    let or_unknown = |text: &str| match text {
        "" => "cannot be read".to_owned(),
        text => text.to_owned(),
    };
    let service = service.as_ref().map_or_else(
        || "there is no service DIAHostService".to_owned(),
        |service| {
            format!(
                "{}; start type {}; account {}",
                service.state.as_str(),
                service.start.as_str(),
                or_unknown(&service.account)
            )
        },
    );
    let proxy = status.proxy.as_ref().map_or_else(
        || "cannot be read".to_owned(),
        |proxy| {
            let url = proxy.url.as_deref().unwrap_or("none");
            format!("{url} ({}: {})", proxy.mode, proxy.source)
        },
    );
    let mut facts = vec![
        ("installed", format!("{} (by {})", installed.path, installed.found_by.as_str())),
        ("version", or_unknown(&installed.version)),
        ("service", service),
        ("proxy", proxy),
    ];
    facts.extend(status.account_proxy.as_ref().map(|own| ("settings", account_settings(own))));
    facts
}

/// `proxy p:8080 for the account NT SERVICE\DIAHostService; this account has others`.
fn account_settings(own: &StatusAccountProxy) -> String {
    let StatusAccountProxy { account, settings, is_same, unreadable } = own;
    let here = match is_same {
        Some(true) => "; the same for this account",
        Some(false) => "; this account has others",
        None => "",
    };
    let (settings, unreadable) = (settings.as_deref(), unreadable.as_deref());
    match settings {
        Some(settings) => format!("{settings} for the account {account}{here}"),
        None => format!(
            "those of the account {account} cannot be read: {}",
            unreadable.unwrap_or_default()
        ),
    }
}

fn write_names(page: &mut Page, heading: &str, names: &[StatusName]) {
    if names.is_empty() {
        return;
    }
    page.heading(heading);
    for StatusName { host, entry, sighting } in names {
        page.bullet(&format!("{host} ({entry}), seen in {}", seen(sighting)));
    }
}

/// As `WHERE, TIME`, or the place alone where the time is not known.
pub(super) fn seen(sighting: &Sighting) -> String {
    match sighting.seen_at {
        Some(at) => format!("{}, {}", sighting.seen_in, utc(at)),
        None => sighting.seen_in.clone(),
    }
}

/// The latest errors of the event log, each with what it means.
pub(super) fn write_errors(page: &mut Page, errors: &[LoggedError]) {
    if errors.is_empty() {
        return;
    }
    page.heading("Latest errors in the runtime's event log");
    for error in errors {
        let at = error.at.map_or_else(|| "(no time)".to_owned(), utc);
        page.bullet(&format!("{at}: {}", error.text));
        if let Some(meaning) = explain::meaning(&error.text) {
            page.under_bullet(&format!("= {meaning}"));
        }
    }
}
