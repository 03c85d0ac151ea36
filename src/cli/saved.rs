//! `report diff|merge` and `--baseline`, which compare JSON reports of other times and hosts.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use super::arguments::{
    self, FailOnArg, ReportArgs, ReportCommand, ReportFormat, ReportingArgs, ShowingArgs,
};
use super::exit::Exit;
use super::hint;
use super::input::{self, Stdin};
use super::output::{self, ReportOutput};
use super::progress::Bar;
use crate::model::Owner;
use crate::report::diff::Diff;
use crate::report::merge::{Host, Merged, Unreadable};
use crate::report::{self, Style};
use crate::report_v1;

pub(super) fn report(command: &ReportArgs) -> Result<Exit> {
    match &command.command {
        ReportCommand::Diff(command) => diff(command),
        ReportCommand::Merge(command) => merge(command),
    }
}

/// Reads the report of `--baseline`.
pub(super) fn baseline(
    reporting: &ReportingArgs,
    stdin: &mut Stdin,
) -> Result<Option<report_v1::Report<'static>>> {
    reporting.baseline.as_ref().map(|path| read(path, "--baseline", stdin)).transpose()
}

/// A regression is a violation; an endpoint that has become unknown is unknown.
pub(super) fn exit_of(diff: &Diff, fail_on: FailOnArg) -> Exit {
    if diff.is_violated() {
        Exit::Violated
    } else if diff.is_unknown() && fail_on != FailOnArg::Fail {
        Exit::Unknown
    } else {
        Exit::Satisfied
    }
}

fn read(
    path: &Path,
    option: &'static str,
    stdin: &mut Stdin,
) -> Result<report_v1::Report<'static>> {
    let text = input::read_large_text(stdin, path, option)?;
    let _bar = Bar::of_work(&format!("reading {}", path.display()), text.len());
    report_v1::Report::read(&text).with_context(|| format!("{option}: {}", path.display()))
}

fn diff(command: &arguments::DiffArgs) -> Result<Exit> {
    let destinations = destinations(&command.showing)?;
    if destinations.iter().any(|one| one.format == ReportFormat::Html) {
        bail!(
            "--format html: a comparison is written as table or json; report merge and check write pages"
        );
    }
    let mut stdin = Stdin::default();
    let before = read(&command.before, "BEFORE", &mut stdin)?;
    let after = read(&command.after, "AFTER", &mut stdin)?;
    let mut diff = Diff::between(&before, &after);
    if let Some(owner) = command.showing.owner {
        diff = diff.of_owner(owner.as_str());
    }
    write(
        &destinations,
        |style| report::diff::table(&diff, style),
        |_, mut out| diff.json(&mut out),
    )?;
    Ok(exit_of(&diff, FailOnArg::Unknown))
}

/// Merges the reports that can be read, and shows an error for each of the others.
fn merge(command: &arguments::MergeArgs) -> Result<Exit> {
    let destinations = destinations(&command.showing)?;
    let mut stdin = Stdin::default();
    let owner = command.showing.owner.map(Owner::as_str);
    let (mut hosts, mut unreadable) = (Vec::new(), Vec::new());
    let bar = Bar::of_files();
    let mut refuse = |file: String, error: &anyhow::Error| {
        bar.above(|| hint::error(error));
        unreadable.push(Unreadable { file, error: format!("{error:#}") });
    };
    for given in &command.reports {
        let files = match files(given) {
            Ok(files) => files,
            Err(error) => {
                refuse(given.display().to_string(), &error);
                continue;
            }
        };
        bar.expect(files.len());
        for path in files {
            let file = path.display().to_string();
            match read(&path, "REPORT", &mut stdin) {
                Ok(saved) => hosts.push(Host::of(&file, &saved, owner)),
                Err(error) => refuse(file, &error),
            }
            bar.advance(1);
        }
    }
    drop(bar);
    if hosts.is_empty() {
        bail!("nothing to merge: none of these is a JSON report, as --format json writes it");
    }
    let merged = Merged::of(hosts, unreadable);
    write(
        &destinations,
        |style| report::merge::table(&merged, style),
        |format, mut out| match format {
            ReportFormat::Html => report::html::merged(&merged, &mut out),
            _ => merged.json(&mut out),
        },
    )?;
    Ok(if !merged.unreadable.is_empty() {
        Exit::CouldNotWork
    } else if merged.is_violated() {
        Exit::Violated
    } else if merged.is_unknown() {
        Exit::Unknown
    } else {
        Exit::Satisfied
    })
}

/// The file itself, or the `.json` files of a folder in the order of their names.
fn files(given: &Path) -> Result<Vec<PathBuf>> {
    if !given.is_dir() {
        return Ok(vec![given.to_owned()]);
    }
    let context = || format!("REPORT: cannot read the folder {}", given.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(given).with_context(context)? {
        let path = entry.with_context(context)?.path();
        if path.extension().is_some_and(|it| it.eq_ignore_ascii_case("json")) && path.is_file() {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(anyhow!("REPORT: no .json file in the folder {}", given.display()));
    }
    files.sort();
    Ok(files)
}

fn destinations(showing: &ShowingArgs) -> Result<Vec<ReportOutput>> {
    let destinations = output::destinations(showing.format, &showing.output)?;
    match destinations.iter().find(|one| one.format == ReportFormat::Jsonl) {
        Some(ReportOutput { path: Some(path), .. }) => {
            bail!("--output {}: .jsonl is a run's; here are .txt, .json and .html", path.display())
        }
        _ => Ok(destinations),
    }
}

fn write(
    destinations: &[ReportOutput],
    table: impl Fn(&Style) -> String,
    other: impl Fn(ReportFormat, &mut (dyn Write + Send)) -> io::Result<()>,
) -> Result<()> {
    for destination in destinations {
        let path = destination.path.as_deref();
        if destination.format == ReportFormat::Table {
            let (width, color) = output::style(path);
            let text = table(&Style { width, color });
            output::write_table(path, &text)?;
        } else {
            output::write(path, |out| other(destination.format, out))?;
        }
    }
    Ok(())
}
