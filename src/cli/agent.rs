//! `agent lint`: the runtime's own proxy configuration, read and judged.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use super::arguments::{Agent, AgentCommand, AgentLint};
use super::exit::Exit;
use super::{input, output};
use crate::model::HostName;
use crate::route::{self, AgentProxy, LintFinding, LintNames, LintWeight, LocalView, ProxyUrl};

/// The two files that must agree (Microsoft, create-self-hosted-integration-runtime).
const FILES: [&str; 2] = ["diahost.exe.config", "diawp.exe.config"];
/// Where the runtime is installed, one folder a version, with the files in `Shared` of each.
const INSTALLED: &str = r"C:\Program Files\Microsoft Integration Runtime";

pub(super) fn agent(command: &Agent) -> Result<Exit> {
    match &command.command {
        AgentCommand::Lint(lint) => self::lint(lint),
    }
}

fn lint(command: &AgentLint) -> Result<Exit> {
    let names = LintNames {
        private: host_names(&command.private, "--private")?,
        relay: host_names(&command.relay, "--relay")?,
    };
    let folder = match &command.dir {
        Some(folder) => folder.clone(),
        None => installed()?,
    };
    let mut files = Vec::new();
    for name in FILES {
        let path = folder.join(name);
        let bytes =
            input::read_file(&path).with_context(|| format!("cannot read {}", path.display()))?;
        files.push(AgentProxy::parse(name, &bytes));
    }
    let here = LocalView { domain: None, addresses: Vec::new() };
    let findings = route::lint(&files, &names, &here);
    let mut text = String::new();
    for finding in &findings {
        write_finding(&mut text, finding);
    }
    if findings.is_empty() {
        let _ = writeln!(text, "{} and {}: nothing to say", FILES[0], FILES[1]);
    }
    if command.suggest {
        write_suggestion(&mut text, &files, &names, command.proxy.as_deref())?;
    }
    output::write(None, |out| out.write_all(text.as_bytes()))?;
    let is_wrong = findings.iter().any(|finding| finding.weight > LintWeight::Note);
    Ok(if is_wrong { Exit::Violated } else { Exit::Satisfied })
}

fn write_finding(text: &mut String, finding: &LintFinding) {
    let word = match finding.weight {
        LintWeight::Error => "error",
        LintWeight::Warning => "warning",
        LintWeight::Note => "note",
    };
    let place = match (finding.line, finding.column) {
        (Some(line), Some(column)) => format!("{}:{line}:{column}", finding.file),
        (Some(line), None) => format!("{}:{line}", finding.file),
        (None, _) => finding.file.clone(),
    };
    let _ = writeln!(text, "{place}: {word}: {}", finding.message);
    if !finding.remedy.is_empty() {
        let _ = writeln!(text, "    {}", finding.remedy);
    }
}

/// The first file's own section put right; where it names no proxy, what would be right for the
/// one given.
fn write_suggestion(
    text: &mut String,
    files: &[Result<AgentProxy, route::AgentConfigError>],
    names: &LintNames,
    proxy: Option<&str>,
) -> Result<()> {
    let LintNames { private, relay } = names;
    let corrected = files
        .iter()
        .filter_map(|file| file.as_ref().ok())
        .find_map(|agent| route::corrected_fragment(agent, private, relay));
    if let Some(fragment) = corrected {
        let _ = writeln!(text, "\nfor both files:\n{}", fragment.trim_end());
    }
    let Some(proxy) = proxy else { return Ok(()) };
    // The error never repeats the URL, which may hold a password.
    let proxy = ProxyUrl::parse(proxy).map_err(|error| anyhow!("--proxy: {error}"))?;
    let suggestion = route::suggest(private, &proxy);
    let _ = writeln!(text, "\nbypass list:\n{}", suggestion.bypass_list.trim_end());
    let _ = writeln!(text, "\nNO_PROXY={}", suggestion.no_proxy);
    let _ = writeln!(text, "\nPAC:\n{}", suggestion.pac.trim_end());
    Ok(())
}

fn host_names(given: &[String], option: &str) -> Result<Vec<HostName>> {
    given
        .iter()
        .map(|text| HostName::parse(text).with_context(|| format!("{option} {text}")))
        .collect()
}

/// The newest installed version's folder.
fn installed() -> Result<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(INSTALLED)
        .map(|entries| entries.flatten().map(|entry| entry.path().join("Shared")).collect())
        .unwrap_or_default();
    folders.retain(|folder| folder.join(FILES[0]).is_file());
    folders.sort();
    match folders.pop() {
        Some(folder) => Ok(folder),
        None => bail!(
            "no runtime is installed in {}: name the folder that holds {} and {}",
            Path::new(INSTALLED).display(),
            FILES[0],
            FILES[1]
        ),
    }
}
