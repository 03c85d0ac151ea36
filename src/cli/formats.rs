//! A whole report in the format that was asked for: of a run, or saved.

use anyhow::{Context, Result, bail};

use super::arguments::{FormatArgs, ReportFormat};
use super::hint;
use super::output::{self, ReportOutput};
use crate::ledger::Ledger;
use crate::report::csv::CsvOptions;
use crate::report::{self, csv, html, json, junit, markdown, prometheus, sarif};
use crate::report_v1::Report;

/// What the options of formats say, read before anything is measured.
pub(super) fn csv_options(given: &FormatArgs) -> Result<CsvOptions> {
    let first_seen = match &given.ledger {
        None => Vec::new(),
        Some(path) => Ledger::open_to_read(path)?.rows().context("--ledger")?,
    };
    let first_seen = first_seen.into_iter().map(|row| (row.name, row.net, row.first_seen));
    Ok(CsvOptions { is_all: given.all, first_seen: first_seen.collect() })
}

/// Writes `report` to `destination`.
pub(super) fn write(
    report: &Report,
    destination: &ReportOutput,
    options: &CsvOptions,
) -> Result<()> {
    let path = destination.path.as_deref();
    match destination.format {
        ReportFormat::Table => bail!("the table is made from records: pathproof replay RECORDS"),
        ReportFormat::Json => output::write(path, |mut out| json::write(report, &mut out)),
        ReportFormat::Jsonl => output::write(path, |mut out| json::write_lines(report, &mut out)),
        ReportFormat::Html => output::write(path, |mut out| html::report(report, &mut out)),
        ReportFormat::Csv => output::write(path, |mut out| csv::report(report, options, &mut out)),
        ReportFormat::Sarif => output::write(path, |mut out| sarif::report(report, &mut out)),
        ReportFormat::Markdown => output::write(path, |mut out| markdown::report(report, &mut out)),
        ReportFormat::Junit => output::write(path, |mut out| junit::report(report, &mut out)),
        ReportFormat::Prometheus => {
            output::write(path, |mut out| prometheus::report(report, &mut out))
        }
    }
}

/// Says on standard error what a report for one team leaves out, unless what goes to standard
/// output says it itself.
pub(super) fn say_left_out(report: &Report, destinations: &[ReportOutput]) {
    let is_said = |one: &ReportOutput| {
        let is_for_people =
            matches!(one.format, ReportFormat::Table | ReportFormat::Markdown | ReportFormat::Html);
        one.path.is_none() && is_for_people
    };
    if let Some(text) = report::left_out(report).filter(|_| !destinations.iter().any(is_said)) {
        hint::hint(&text);
    }
}
