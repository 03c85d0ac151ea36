//! `report diff|merge` and `--baseline`, which compare JSON reports of other times and hosts, and
//! `report render`, which writes one anew.

use std::fs;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use jiff::Timestamp;

use super::arguments::{
    self, FailOnArg, ReportArgs, ReportCommand, ReportFormat, ReportingArgs, ShowingArgs,
};
use super::exit::Exit;
use super::formats;
use super::hint;
use super::input::{self, Stdin};
use super::output::{self, ReportOutput};
use super::progress::Bar;
use super::redaction::{Redaction, labelled};
use crate::ordered_work::OrderedWork;
use crate::report::diff::Diff;
use crate::report::handout;
use crate::report::merge::{Merged, MergedHost, Unreadable};
use crate::report::{self, Style};
use crate::report_v1;

pub(super) fn report(command: &ReportArgs) -> Result<Exit> {
    match &command.command {
        ReportCommand::Diff(command) => diff(command),
        ReportCommand::Merge(command) => merge(command),
        ReportCommand::Render(command) => render(command),
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

/// Reads a JSON report.
pub(super) fn read(
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
    let is_page = |format| matches!(format, ReportFormat::Html | ReportFormat::Markdown);
    if let Some(page) = destinations.iter().find(|one| is_page(one.format)) {
        let format = if page.format == ReportFormat::Html { "html" } else { "markdown" };
        bail!(
            "--format {format}: a comparison is written as table or json; report merge and report \
             render write pages"
        );
    }
    let mut stdin = Stdin::default();
    let mut redaction = Redaction::read(&command.showing.redaction)?;
    let before = redaction.apply_to_report(read(&command.before, "BEFORE", &mut stdin)?);
    let after = redaction.apply_to_report(read(&command.after, "AFTER", &mut stdin)?);
    let diff = Diff::between(&before, &after).only_owners(&command.showing.owners.owner);
    write(
        &destinations,
        &redaction,
        |style| report::diff::table(&diff, style),
        |_, mut out| diff.json(&mut out),
    )?;
    Ok(exit_of(&diff, FailOnArg::Unknown))
}

/// Writes a saved report in other formats. It ends as the run did, or as what is left of it says.
fn render(command: &arguments::RenderArgs) -> Result<Exit> {
    let given = &command.formats;
    let destinations = output::destinations(given.format, &given.output)?;
    if let Some(table) = destinations.iter().find(|one| one.format == ReportFormat::Table) {
        let which = match (&table.path, given.format) {
            (Some(path), _) => format!("--output {}: ", path.display()),
            (None, Some(_)) => "--format table: ".to_owned(),
            (None, None) => "no format is given: ".to_owned(),
        };
        bail!(
            "{which}a saved report is written as markdown, html, csv, junit, sarif, prometheus, \
             json or jsonl (--format, or --output FILE by its extension); the table is made from \
             records: pathproof replay RECORDS"
        );
    }
    let csv = formats::csv_options(given)?;
    let mut redaction = Redaction::read(&command.redaction)?;
    let saved = read(&command.report, "REPORT", &mut Stdin::default())?;
    let saved = redaction.apply_to_report(saved);
    let report = report::only_owners(saved, &given.owners.owner);
    formats::say_left_out(&report, &destinations);
    let mut exit = report::exit(&report);
    for destination in &destinations {
        if let Err(error) = formats::write(&report, destination, &csv) {
            hint::error(&error);
            exit = exit.or(Exit::CouldNotWork);
        }
    }
    Ok(exit)
}

/// Merges the reports that can be read, and shows an error for each of the others.
fn merge(command: &arguments::MergeArgs) -> Result<Exit> {
    let destinations = destinations(&command.showing)?;
    let mut redaction = Redaction::read(&command.showing.redaction)?;
    let (hosts, unreadable) = read_hosts(command, &mut redaction);
    if hosts.is_empty() {
        bail!("nothing to merge: none of these is a JSON report, as --format json writes it");
    }
    let merged = Merged::of(hosts, unreadable).at(Timestamp::now());
    write(
        &destinations,
        &redaction,
        |style| report::merge::table(&merged, style),
        |format, mut out| match format {
            ReportFormat::Html => report::html::merged(&merged, &mut out),
            ReportFormat::Markdown => handout::markdown(&report::merge::handout(&merged), &mut out),
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

/// Reads what `report merge` is given. Of a report as much is kept as merging needs, so that
/// thousands of them fit into memory.
fn read_hosts(
    command: &arguments::MergeArgs,
    redaction: &mut Redaction,
) -> (Vec<MergedHost>, Vec<Unreadable>) {
    let bar = Bar::of_files();
    let mut wanted: Vec<(String, Result<PathBuf>)> = Vec::new();
    for given in &command.reports {
        match files(given) {
            Ok(files) => {
                bar.expect(files.len());
                wanted.extend(files.into_iter().map(|path| (path.display().to_string(), Ok(path))));
            }
            Err(error) => wanted.push((given.display().to_string(), Err(error))),
        }
    }
    let mut stdin = Stdin::default();
    let texts = wanted.into_iter().map(move |(file, path)| {
        let text = path.and_then(|path| input::read_large_text(&mut stdin, &path, "REPORT"));
        (file, text)
    });
    let understood = |file: &str, text: Result<String>| {
        report_v1::Report::read(&text?).with_context(|| format!("REPORT: {file}"))
    };
    let owners = &command.showing.owners.owner;
    let (mut hosts, mut unreadable) = (Vec::new(), Vec::new());
    let mut take = |file: &str, host: Result<MergedHost>, redaction: &mut Redaction| match host {
        Ok(host) => hosts.push(host),
        Err(error) => {
            bar.above(|| hint::error(&error));
            let error = redaction.error_about(file, &format!("{error:#}"));
            unreadable.push(Unreadable { file: redaction.file(file), error });
        }
    };
    if redaction.is_asked_for() {
        // Placeholders are given in the order of the files.
        for (file, text) in texts {
            let host = understood(&file, text).map(|saved| {
                let is_new = saved.run.redacted.is_none();
                let report = redaction.apply_to_report(saved);
                let file = redaction.file(&file);
                if is_new {
                    MergedHost::redacted_together(&file, &report, owners)
                } else {
                    MergedHost::of(&file, &report, owners)
                }
            });
            take(&file, host, redaction);
            bar.advance(1);
        }
    } else {
        // Files are read one after the other, and understood side by side.
        let read = OrderedWork::new(texts, Vec::new()).run(usize::MAX, |work| {
            while let Some(((file, text), ticket)) = work.next(Iterator::next) {
                let host =
                    understood(&file, text).map(|report| MergedHost::of(&file, &report, owners));
                ticket.submit(|read| {
                    bar.advance(1);
                    read.push((file, host));
                    ControlFlow::Continue(())
                });
            }
        });
        for (file, host) in read {
            take(&file, host, redaction);
        }
    }
    drop(bar);
    (hosts, unreadable)
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
    let format = showing.format.map(ReportFormat::from);
    let destinations = output::destinations(format, &showing.output)?;
    let is_here = |one: &&ReportOutput| {
        !matches!(
            one.format,
            ReportFormat::Table | ReportFormat::Json | ReportFormat::Markdown | ReportFormat::Html
        )
    };
    match destinations.iter().find(is_here) {
        Some(ReportOutput { path: Some(path), .. }) => bail!(
            "--output {}: several reports are written as .txt, .json, .md and .html; report \
             render writes one in every format",
            path.display()
        ),
        _ => Ok(destinations),
    }
}

fn write(
    destinations: &[ReportOutput],
    redaction: &Redaction,
    table: impl Fn(&Style) -> String,
    other: impl Fn(ReportFormat, &mut (dyn Write + Send)) -> io::Result<()>,
) -> Result<()> {
    let legend = redaction.legend();
    for destination in destinations {
        let path = destination.path.as_deref();
        if destination.format == ReportFormat::Table {
            let (width, color) = output::style(path);
            let text = table(&Style { width, color });
            output::write_table(path, &labelled(&text, legend.as_ref()))?;
        } else {
            output::write(path, |out| other(destination.format, out))?;
        }
    }
    Ok(())
}
