//! `agent`: the runtime on this host. `agent lint`: faults in its own proxy configuration.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use super::arguments::{AgentArgs, AgentCommand, AgentLintArgs, LintFormat};
use super::exit::Exit;
use super::input::Stdin;
use super::{agent_status, hint, output, vantage};
use crate::list::{self, UrlHost};
use crate::model::{Host, HostName, visible};
use crate::proxy_config::{self, FILES};
use crate::report::sarif::{self, FileLocation, FileResult, FileRule, LintedFiles, SarifLevel};
use crate::route::{
    self, AgentProxy, AgentRoute, LintFinding, LintKind, LintNames, LintWeight, LocalView, ProxyUrl,
};

pub(super) fn agent(command: &AgentArgs) -> Result<Exit> {
    match &command.command {
        AgentCommand::Lint(lint) => self::lint(lint),
        AgentCommand::Status(status) => agent_status::status(status),
    }
}

fn lint(command: &AgentLintArgs) -> Result<Exit> {
    let output = command.output.as_deref();
    if let Some(path) = output {
        output::check_writable(path)?;
    }
    if command.suggest && command.format == LintFormat::Sarif {
        bail!("--suggest writes text to paste, which SARIF has no field for: give one of the two");
    }
    let mut names = LintNames {
        private: host_names(&command.private, "--private")?,
        relay: host_names(&command.relay, "--relay")?,
    };
    for path in &command.service_urls {
        names.relay.extend(relays(path, &mut Stdin::default())?);
    }
    let folder = if let Some(given) = &command.dir {
        given.clone()
    } else {
        let found = proxy_config::installed();
        found.ok_or_else(|| anyhow!(proxy_config::none_installed()))?.folder
    };
    let files = proxy_config::read_agent_files(&folder)?;
    if let [only] = &files[..] {
        let other = FILES.iter().find(|name| !only.path.ends_with(name)).unwrap_or(&FILES[1]);
        bail!("cannot read {other}: it is not beside {}", only.path.display());
    }
    let purviews = proxy_config::read_data_map(&files)?;
    let which = if purviews.is_empty() { "both files" } else { "all of these files" };
    let (paths, files): (Vec<_>, Vec<_>) =
        files.into_iter().chain(purviews).map(|file| (file.path, file.read)).unzip();
    let here = proxy_config::local_view(vantage::addresses());
    let mut findings = route::lint(&files, &names, &here);
    findings.extend(files.iter().flatten().filter_map(|agent| judge_script(agent, &here)));
    let once = each_once(&findings);
    let mut text = String::new();
    for same in &once {
        write_finding(&mut text, same);
    }
    if findings.is_empty() {
        let names = files.iter().flatten().map(|agent| agent.file.as_str());
        let _ = writeln!(text, "{}: nothing to say", names.collect::<Vec<_>>().join(" and "));
    }
    let is_wrong = findings.iter().any(|finding| finding.weight > LintWeight::Note);
    let corrected = files
        .iter()
        .flatten()
        .find_map(|agent| route::corrected_fragment(agent, &names.private, &names.relay));
    if let Some(fragment) = corrected.as_ref().filter(|_| is_wrong || command.suggest) {
        let _ = writeln!(text, "\nfor {which}:\n{}", fragment.trim_end());
    }
    if command.suggest {
        let given = command.proxy.as_deref().map(ProxyUrl::parse).transpose();
        // The error never repeats the URL, which may hold a password.
        let given = given.map_err(|error| anyhow!("--proxy: {error}"))?;
        let of_files = || files.iter().flatten().find_map(AgentProxy::proxy).cloned();
        match given.or_else(of_files) {
            Some(proxy) => {
                if corrected.is_none() {
                    let section = route::suggest(&names.private, &proxy).bypass_list;
                    let _ = writeln!(text, "\nfor {which}:\n{}", section.trim_end());
                }
                write_suggestion(&mut text, &names.private, &proxy);
            }
            None => hint::hint(
                "the files name no proxy: add --proxy URL to see what would be right for one",
            ),
        }
    }
    hint::hint(proxy_config::CUSTOM_PROXY);
    output::write(output, |mut out| match command.format {
        LintFormat::Table => out.write_all(text.as_bytes()),
        LintFormat::Sarif => {
            let results = once.iter().filter_map(|same| result(same, &paths)).collect();
            let corrected = corrected.as_ref().filter(|_| is_wrong).map(|own| own.trim_end());
            let properties = corrected.map(|own| ("corrected", own.into())).into_iter().collect();
            sarif::files(&LintedFiles { results, properties, notes: Vec::new() }, &mut out)
        }
    })?;
    Ok(if is_wrong { Exit::Violated } else { Exit::Satisfied })
}

/// A finding where the file names a script that cannot be had. Only `check` fetches scripts, so one
/// of another host gives no finding.
fn judge_script(agent: &AgentProxy, here: &LocalView) -> Option<LintFinding> {
    let route = AgentRoute::new(agent, here.clone(), Vec::new()).ok()?;
    let location = route.script_location()?;
    let (weight, problem) = proxy_config::script_problem(location)?;
    Some(LintFinding {
        kind: LintKind::ScriptUnusable,
        weight,
        file: agent.file.clone(),
        line: agent.default_proxy.as_ref().map(|section| section.proxy.line),
        column: None,
        message: format!("scriptLocation: {problem}"),
        remedy: "give the script's address as http://HOST/PATH or file:///C:/PATH".to_owned(),
    })
}

/// The relay namespaces and gateways among the runtime's names.
fn relays(path: &Path, stdin: &mut Stdin) -> Result<Vec<HostName>> {
    let text = stdin.read_text(path, "--service-urls")?;
    let urls =
        list::service_urls::parse(&text, &path.display().to_string()).context("--service-urls")?;
    let name = |url: &UrlHost| match url {
        UrlHost::Host(Host::Name(name)) if route::is_relay(name) => Some(name.clone()),
        _ => None,
    };
    Ok(urls.urls.iter().filter_map(|url| name(&url.host)).collect())
}

/// Groups findings that several files share: the files are mostly copies of each other.
fn each_once(findings: &[LintFinding]) -> Vec<Vec<&LintFinding>> {
    let said = |one: &LintFinding| (one.kind, one.weight, one.message.clone(), one.remedy.clone());
    let mut once: Vec<Vec<&LintFinding>> = Vec::new();
    for finding in findings {
        // Two lines of one file are two findings, whatever they say.
        let same = once.iter_mut().find(|same| {
            same.iter().all(|other| other.file != finding.file && said(other) == said(finding))
        });
        match same {
            Some(same) => same.push(finding),
            None => once.push(vec![finding]),
        }
    }
    once
}

/// The same finding of one or several files, for editors and code hosts.
fn result(same: &[&LintFinding], paths: &[PathBuf]) -> Option<FileResult> {
    let finding = same.first()?;
    let level = match finding.weight {
        LintWeight::Error => SarifLevel::Error,
        LintWeight::Warning => SarifLevel::Warning,
        LintWeight::Note => SarifLevel::Note,
    };
    let location = |finding: &&LintFinding| {
        let path = paths.iter().find(|path| path.ends_with(&finding.file));
        let number = |number: Option<u32>| number.and_then(|number| number.try_into().ok());
        FileLocation {
            file: Some(path.map_or_else(|| finding.file.clone(), |own| own.display().to_string())),
            line: number(finding.line),
            column: number(finding.column),
            named: None,
        }
    };
    let message = if finding.remedy.is_empty() {
        visible(&finding.message).into_owned()
    } else {
        format!("{}\nTo do: {}", visible(&finding.message), visible(&finding.remedy))
    };
    Some(FileResult {
        rule: FileRule { id: finding.kind.as_str(), sentence: finding.kind.meaning(), level },
        level,
        message,
        locations: same.iter().map(location).collect(),
        properties: Vec::new(),
    })
}

fn location(finding: &LintFinding) -> String {
    match (finding.line, finding.column) {
        (Some(line), Some(column)) => format!("{}:{line}:{column}", finding.file),
        (Some(line), None) => format!("{}:{line}", finding.file),
        (None, _) => finding.file.clone(),
    }
}

/// Writes one finding, or the same one of several files.
fn write_finding(text: &mut String, same: &[&LintFinding]) {
    let Some(finding) = same.first() else { return };
    let word = match finding.weight {
        LintWeight::Error => "error",
        LintWeight::Warning => "warning",
        LintWeight::Note => "note",
    };
    let locations: Vec<String> = same.iter().map(|finding| location(finding)).collect();
    let _ =
        writeln!(text, "{}: {word}: {}", visible(&locations.join(", ")), visible(&finding.message));
    if !finding.remedy.is_empty() {
        let _ = writeln!(text, "    {}", finding.remedy);
    }
}

/// Writes what would be right for these names and this proxy, as `NO_PROXY` and as PAC.
fn write_suggestion(text: &mut String, private: &[HostName], proxy: &ProxyUrl) {
    let suggestion = route::suggest(private, proxy);
    let _ = writeln!(text, "\nNO_PROXY={}", suggestion.no_proxy);
    let _ = writeln!(text, "\nPAC:\n{}", suggestion.pac.trim_end());
}

fn host_names(given: &[String], option: &str) -> Result<Vec<HostName>> {
    given
        .iter()
        .map(|text| HostName::parse(text).with_context(|| format!("{option} {text}")))
        .collect()
}
