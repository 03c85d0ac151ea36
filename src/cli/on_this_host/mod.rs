//! What `check`, `watch` and `agent status` find of the runtime on this host.

use std::path::Path;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;

use super::arguments::{DiscoveryArgs, TargetArgs, YesOrNo};
use super::input::Stdin;
use crate::diagnose::explain;
use crate::files::{self, FileError};
use crate::host::{
    self, CleanText, Discovery, EVENT_LOGS, EVENTS_ASKED, HostAnswers, NameSource, NoEvents,
    RuntimeNames, SeenName, ServiceAccountProxies, event_log,
};
use crate::list::DiscoveredName;
use crate::model::HostRuntime;
use crate::route::{WindowsProxies, redacted_url};

/// The largest exported log, bytes: one of the usual 20 MiB is twice as large in XML.
const LOG_LIMIT: u64 = 128 << 20;
/// How many errors a report shows.
const ERRORS: usize = 5;

/// What was found.
#[derive(Clone, Debug, Default)]
pub(super) struct FoundOnHost {
    pub(super) runtime: HostRuntime,
    pub(super) discovery: Discovery,
    /// What could not be read, a sentence each.
    pub(super) notes: Vec<String>,
    /// The Internet settings of the account that the service runs as, beside this account's.
    pub(super) account_proxies: Option<ServiceAccountProxies>,
}

/// Whose host is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LookedAt {
    /// That of the names: with an exported log, another one than this, whose service says nothing.
    HostOfNames,
    /// This one, whatever is exported.
    ThisHost,
}

impl FoundOnHost {
    /// What a run is to know of it; `None` where there is nothing to know.
    pub(super) fn runtime_for(&self, targets: &TargetArgs) -> Option<HostRuntime> {
        let has_given_names = !self.names_for(targets).is_empty();
        let is_known = self.runtime != HostRuntime::default();
        is_known.then(|| HostRuntime { has_given_names, ..self.runtime.clone() })
    }

    /// The names that a run takes from this host: none where the command line gives some.
    pub(super) fn names_for(&self, targets: &TargetArgs) -> Vec<DiscoveredName> {
        if gives_names(targets) {
            return Vec::new();
        }
        let names = self.discovery.names.iter();
        names
            .map(|name| DiscoveredName {
                host: name.host.clone(),
                sighting: name.sighting.clone(),
                is_in_use: !name.is_in_cache_alone,
            })
            .collect()
    }

    /// What the user should know where the service's account has other Internet settings; who it
    /// is and what they are is not said where the output is redacted.
    pub(super) fn other_account(&self, is_redacted: bool) -> Option<String> {
        let proxies = self.account_proxies.as_ref()?;
        if proxies.are_same() != Some(false) {
            return None;
        }
        let advice = "what passes here can fail there; docs/windows.md says how to run this as \
                      that account";
        if is_redacted {
            return Some(format!(
                "the account of the runtime's service has other Internet settings than this one \
                 (redacted): {advice}"
            ));
        }
        let words = |read: &Result<WindowsProxies, _>| read.as_ref().map(shown).unwrap_or_default();
        Some(format!(
            "the runtime's service runs as {}, whose Internet settings are not this account's \
             (there: {}; here: {}): {advice}",
            proxies.account,
            words(&proxies.of_service),
            words(&proxies.own)
        ))
    }

    /// What the user should know of the names that a run takes from this host or from its log. The
    /// names themselves are not said where the output is redacted, nor where a report says them.
    pub(super) fn hints_for(
        &self,
        targets: &TargetArgs,
        is_redacted: bool,
        are_reported: bool,
    ) -> Vec<String> {
        let mut hints = self.notes.clone();
        if gives_names(targets) || self.discovery.names.is_empty() {
            return hints;
        }
        let listed = |names: &[SeenName]| match names.len() {
            n_names if is_redacted => format!(" ({n_names}, redacted)"),
            _ => format!(":\n{}", names.iter().map(seen).collect::<Vec<_>>().join("\n")),
        };
        hints.push(format!(
            "no names were given, so those that the runtime uses are probed (--discover no leaves \
             them out){}",
            if are_reported { String::new() } else { listed(&self.discovery.names) }
        ));
        if !self.discovery.other_factories.is_empty() {
            hints.push(format!(
                "other factories were seen too, and are not probed; for one of them give \
                 --factory HOST{}",
                listed(&self.discovery.other_factories)
            ));
        }
        hints
    }
}

/// Internet settings in words, without passwords.
pub(super) fn shown(proxies: &WindowsProxies) -> String {
    let WindowsProxies { auto_detect, script, proxy, bypass } = proxies;
    let not_for = bypass.as_ref().map(|list| format!(", not for {list}")).unwrap_or_default();
    let proxy = proxy.as_ref().map(|proxy| format!("proxy {}{not_for}", redacted_url(proxy)));
    let script = script.as_ref().map(|script| format!("script {}", redacted_url(script)));
    let detects = auto_detect.then(|| "automatic detection".to_owned());
    let all: Vec<String> = [detects, script, proxy].into_iter().flatten().collect();
    if all.is_empty() { "no proxy".to_owned() } else { all.join(", ") }
}

/// `HOST, seen in WHERE at TIME`.
fn seen(name: &SeenName) -> String {
    let at = name.sighting.seen_at.map(|at| format!(" at {at:.0}")).unwrap_or_default();
    format!("{}, seen in {}{at}", name.host, name.sighting.seen_in)
}

/// Whether the command line says whose names they are. A list, a region or a value of `--set` names
/// no runtime.
fn gives_names(targets: &TargetArgs) -> bool {
    targets.factory.is_some()
        || targets.workspace.is_some()
        || targets.runtime.is_some()
        || targets.auth_key.is_some()
        || !targets.service_urls.is_empty()
        || !targets.endpoint.is_empty()
}

/// Looks at this host as far as the options allow, once for a whole run.
///
/// # Errors
/// A file of `--events` cannot be read, or holds no event.
pub(super) fn look(
    given: &DiscoveryArgs,
    looked_at: LookedAt,
    stdin: &mut Stdin,
) -> Result<FoundOnHost> {
    look_at(&host::this_host(), given, looked_at, stdin)
}

fn look_at(
    this_host: &dyn HostAnswers,
    given: &DiscoveryArgs,
    looked_at: LookedAt,
    stdin: &mut Stdin,
) -> Result<FoundOnHost> {
    if given.discover == YesOrNo::No && given.events.is_empty() {
        return Ok(FoundOnHost::default());
    }
    let names = RuntimeNames::embedded();
    let mut found = FoundOnHost::default();
    let mut sources = Vec::new();
    let is_this_host = given.events.is_empty() || looked_at == LookedAt::ThisHost;
    if given.discover == YesOrNo::Yes && is_this_host {
        found.runtime = host::look_at(this_host);
        let service = found.runtime.service.as_ref();
        found.account_proxies =
            service.and_then(|service| host::service_account_proxies(this_host, service));
    }
    if given.events.is_empty() {
        sources.extend(configuration(this_host, &names));
        for log in EVENT_LOGS {
            match this_host.events(log, EVENTS_ASKED) {
                Ok(events) => {
                    let events = events.iter();
                    let entries =
                        events.filter_map(|event| event_log::read_event(event, &names)).collect();
                    let called = format!("the event log \"{log}\"");
                    sources.push(NameSource::Log { called, entries });
                }
                Err(error) => found.notes.push(error.to_string()),
            }
        }
        let cached = this_host.cached_names().unwrap_or_default();
        sources.push(NameSource::DnsCache { names: cached, read_at: Timestamp::now() });
    }
    for path in &given.events {
        let (source, note) = exported(path, stdin, &names)?;
        sources.push(source);
        found.notes.extend(note);
    }
    found.discovery = host::discover(&sources, &names);
    let errors = found.discovery.errors.iter();
    let known = errors.filter(|error| {
        explain::meaning(&error.text).is_some() || !names.in_text(&error.text).is_empty()
    });
    found.runtime.errors = known.take(ERRORS).cloned().collect();
    if given.discover == YesOrNo::No {
        found.discovery = Discovery::default();
    }
    Ok(found)
}

/// The runtime's own configuration files, whose bypass lists may name its factory.
fn configuration(this_host: &dyn HostAnswers, names: &RuntimeNames) -> Vec<NameSource> {
    let Some(installation) = host::installed(this_host) else { return Vec::new() };
    let files = host::CONFIG_FILES.iter().filter_map(|file| {
        let bytes = files::read_bytes(&installation.folder.join(file), files::SHORT).ok()?;
        let text = CleanText::of(&files::decode_lossy(&bytes), names);
        Some(NameSource::Configuration { file: (*file).to_owned(), text })
    });
    files.collect()
}

/// The entries of an exported log, and what is to be said of it.
fn exported(
    path: &Path,
    stdin: &mut Stdin,
    names: &RuntimeNames,
) -> Result<(NameSource, Option<String>)> {
    let shown = path.display();
    let source = stdin.open_bytes(path, "--events")?;
    let bytes = match files::read_from(source, LOG_LIMIT) {
        Err(FileError::TooLarge { most }) => bail!(
            "--events: {shown} is larger than {} MiB: export the newest events only (wevtutil qe \
             LOG /f:xml /rd:true /c:5000)",
            most >> 20
        ),
        read => read.with_context(|| format!("--events: cannot read {shown}"))?,
    };
    // `wevtutil` writes the console's code page, of which the letters that names and codes are made
    // of are ASCII.
    let log = match event_log::read(&files::decode_lossy(&bytes), names) {
        Ok(log) => log,
        Err(fault @ NoEvents::Evtx) => bail!(
            "--events: {shown} {fault}: on Windows, wevtutil qe \"{shown}\" /lf:true /f:xml > \
             events.xml writes what is"
        ),
        Err(fault) => bail!(
            "--events: {shown} {fault}: export the log by wevtutil qe \"{}\" /f:xml > events.xml",
            EVENT_LOGS[0]
        ),
    };
    let note = match log.unreadable {
        0 => None,
        1 => Some(format!("--events: one event of {shown} cannot be read, and is left out")),
        n_unreadable => Some(format!(
            "--events: {n_unreadable} events of {shown} cannot be read, and are left out"
        )),
    };
    Ok((NameSource::Log { called: format!("{shown}"), entries: log.entries }, note))
}

#[cfg(test)]
mod tests;
