//! The files of `--from`: what a run saw, in any of the forms in which it is saved.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::archive;
use crate::cli::check;
use crate::cli::input::{self, Stdin};
use crate::cli::service_tag_ranges::ServiceTagRanges;
use crate::firewall::{Evidence, EvidenceTarget};
use crate::model::Records;

/// A file given by `--from`.
pub(super) enum FromFile {
    /// What a report, records or the output of `resolve` show.
    Evidence(Evidence),
    /// The text of a list of addresses and names.
    List(String),
}

/// What a run saved, in the form in which it was saved.
pub(super) enum SavedRun {
    Records(Box<Records>),
    /// The text of a JSON report, or of the names that `resolve` wrote.
    Report(String),
    /// The text of a list of addresses and names.
    List(String),
}

/// Reads a JSON report (whole or as lines), saved records, what `resolve` wrote, or a list.
pub(super) fn read(path: &Path, stdin: &mut Stdin) -> Result<FromFile> {
    Ok(match open(path, stdin)? {
        SavedRun::Records(records) => FromFile::Evidence(of_records(&records)),
        SavedRun::Report(text) => FromFile::Evidence(of_report(path, &text)?),
        SavedRun::List(text) => FromFile::List(text),
    })
}

/// What the report of this text saw.
pub(super) fn of_report(path: &Path, text: &str) -> Result<Evidence> {
    Evidence::read(text).with_context(|| format!("--from: {}", path.display()))
}

/// Reads the same, without a judgement of what is in it.
pub(super) fn open(path: &Path, stdin: &mut Stdin) -> Result<SavedRun> {
    let name = path.display().to_string();
    let text = input::read_large_text(stdin, path, "--from")?;
    if !text.trim_start().starts_with('{') {
        return Ok(SavedRun::List(text));
    }
    let first: Option<Value> = text.lines().next().and_then(|line| serde_json::from_str(line).ok());
    Ok(match first {
        // The whole report is on one line.
        Some(first) if first.get("endpoints").is_some() || first.get("names").is_some() => {
            SavedRun::Report(text)
        }
        Some(first) if first.get("type").is_some_and(|kind| kind == "begin") => {
            let report = from_lines(&first, &text).with_context(|| format!("--from: {name}"))?;
            SavedRun::Report(report.to_string())
        }
        Some(_) => SavedRun::Records(Box::new(archive::read(text.as_bytes(), &name)?)),
        None => SavedRun::Report(text),
    })
}

/// What a run saw.
pub(super) fn of_records(records: &Records) -> Evidence {
    Evidence::of(records, &check::conclude(records, &ServiceTagRanges::default()))
}

/// Refuses files of an older `resolve`, which do not say which ports their names need: a guess
/// could be a wrong rule.
pub(super) fn require_ports(targets: &[&EvidenceTarget], file: &str) -> Result<()> {
    let Some(target) = targets.iter().find(|target| target.port.is_none()) else { return Ok(()) };
    bail!(
        "{file} does not say which port {} needs: an older pathproof wrote it; write it again with \
         pathproof resolve --format json",
        target.host
    )
}

/// Puts a report together from its lines.
fn from_lines(begin: &Value, text: &str) -> Result<Value> {
    let mut endpoints = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let mut line: Value =
            serde_json::from_str(line).with_context(|| format!("line {}", index + 1))?;
        match line["type"].as_str() {
            Some("endpoint") => endpoints.push(line["data"].take()),
            Some("begin" | "end") => {}
            _ => bail!("line {}: expected a type begin, endpoint or end", index + 1),
        }
    }
    let data = &begin["data"];
    Ok(serde_json::json!({"schema": data["schema"], "run": data["run"], "endpoints": endpoints}))
}
