//! `check`: probe every endpoint from this host and report. The main job.

use std::cell::LazyCell;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

use super::arguments::{
    CheckArgs, FailOnArg, MeasuringArgs, ReportFormat, ReportingArgs, TargetArgs, TrustArgs,
};
use super::exit::Exit;
use super::formats;
use super::hint;
use super::input::Stdin;
use super::measure::Measurement;
use super::on_this_host::{self, FoundOnHost, LookedAt};
use super::output::{self, ReportOutput};
use super::redaction::{Redaction, labelled};
use super::request::{self, PreparedRun};
use super::rules::ExpectedRules;
use super::saved;
use super::service_tag_ranges::ServiceTagRanges;
use crate::model::{Conclusion, Ending, Obstacle, Record, Records, Run};
use crate::probe::tls::TlsClient;
use crate::probe::trust::{self, ChainJudge};
use crate::probe::{Stop, Wishes};
use crate::report::csv::CsvOptions;
use crate::report::diff::Diff;
use crate::report_v1::Report;

use crate::{archive, diagnose, files, report};

pub(super) fn check(command: &CheckArgs, arguments: &[OsString]) -> Result<Exit> {
    let reporting = &command.reporting;
    let destinations = output::destinations(reporting.formats.format, &reporting.formats.output)?;
    let csv = formats::csv_options(&reporting.formats)?;
    if let Some(path) = &command.save_records {
        output::check_writable(path)?;
    }
    let mut stdin = Stdin::default();
    let baseline = saved::baseline(reporting, &mut stdin)?;
    let published = ServiceTagRanges::read(reporting.service_tags.as_deref())?;
    let rules =
        ExpectedRules::read(&reporting.expected, reporting.service_tags.as_deref(), &mut stdin)?;
    let mut redaction = Redaction::read(&reporting.redaction)?;
    let CheckArgs { targets, measuring, discovery, .. } = command;
    let are_reported = destinations.iter().any(|one| says_where_names_were_found(one.format));
    let is_redacted = reporting.redaction.redact;
    let found = on_this_host::look(discovery, LookedAt::HostOfNames, &mut stdin)?;
    let hints = found.hints_for(targets, is_redacted, are_reported);
    let prepared = prepare(targets, measuring, &found, hints, is_redacted, &mut stdin)?;
    let tls = TlsClient::new(judge(&command.trust)?);
    let wishes =
        Wishes { locate: command.locate, hold: command.hold, no_revocation: command.no_revocation };
    let measurement = Measurement::new(prepared, &command.measuring, tls, false, arguments)?;
    let measurement = measurement.wish(wishes);

    // What one team can fix, which placeholders there are, and what rules say is known only when
    // all is.
    let streams = reporting.formats.owners.owner.is_empty()
        && !redaction.is_asked_for()
        && rules.is_none()
        && destinations.iter().any(|one| one.path.is_none() && one.format == ReportFormat::Jsonl);
    let mut lines =
        if streams { Some(JsonLines::begin(measurement.run(), &published)) } else { None };
    let mut records = measurement.carry_out(|record, stop| {
        if let Some(lines) = &mut lines {
            lines.finished(record, stop);
        }
    })?;
    records.run.kept_in = kept_in(command.save_records.as_deref(), &destinations);
    let (records, baseline) = redaction.apply_beside(records, &published, baseline);

    // What was measured is saved first: nothing after it can lose it.
    let saved = save(&records, command.save_records.as_deref());
    let plan = ReportPlan { destinations, csv, rules };
    let exit = report(&records, &published, &plan, reporting, baseline.as_ref(), lines);
    Ok(exit.or(saved))
}

/// Whether reports of this format name what was found on this host, and where.
const fn says_where_names_were_found(format: ReportFormat) -> bool {
    match format {
        ReportFormat::Table
        | ReportFormat::Json
        | ReportFormat::Jsonl
        | ReportFormat::Markdown
        | ReportFormat::Html => true,
        ReportFormat::Csv
        | ReportFormat::Junit
        | ReportFormat::Sarif
        | ReportFormat::Prometheus => false,
    }
}

/// Prepares a run, with the names that the runtime on this host uses where none are given. `hints`
/// say what was found here.
///
/// # Errors
/// As [`request::prepare`].
pub(super) fn prepare(
    targets: &TargetArgs,
    measuring: &MeasuringArgs,
    found: &FoundOnHost,
    hints: Vec<String>,
    is_redacted: bool,
    stdin: &mut Stdin,
) -> Result<PreparedRun> {
    let names = found.names_for(targets);
    let mut prepared = request::prepare_with(targets, measuring, &[], names, stdin)?;
    prepared.runtime = found.runtime_for(targets);
    prepared.other_account = found.other_account(is_redacted);
    prepared.hints.splice(..0, hints);
    Ok(prepared)
}

/// Saves the records in the file of `--save-records`. A file that cannot be written does not keep
/// the reports from being written.
pub(super) fn save(records: &Records, path: Option<&Path>) -> Exit {
    let Some(path) = path else { return Exit::Satisfied };
    let saved = output::write(Some(path), |out| archive::write(records, &mut &mut *out))
        .with_context(|| format!("--save-records {}", path.display()));
    match saved {
        Ok(()) => Exit::Satisfied,
        Err(error) => {
            hint::error(&error);
            Exit::CouldNotWork
        }
    }
}

/// The file that later commands can read: the records, or else a JSON report.
pub(super) fn kept_in(records: Option<&Path>, destinations: &[ReportOutput]) -> Option<String> {
    let is_json =
        |one: &&ReportOutput| matches!(one.format, ReportFormat::Json | ReportFormat::Jsonl);
    let reports = destinations.iter().filter(is_json).find_map(|one| one.path.as_deref());
    records.or(reports).map(|path| path.display().to_string())
}

/// Where reports go, and what their formats need beside the run.
pub(super) struct ReportPlan {
    pub(super) destinations: Vec<ReportOutput>,
    pub(super) csv: CsvOptions,
    /// The rules that are held against what was measured.
    pub(super) rules: Option<ExpectedRules>,
}

/// Diagnoses the records, compares them with `baseline`, and writes every report that was asked
/// for. A report that cannot be written does not keep the others from being written.
pub(super) fn report(
    records: &Records,
    published: &ServiceTagRanges,
    plan: &ReportPlan,
    reporting: &ReportingArgs,
    baseline: Option<&Report>,
    lines: Option<JsonLines>,
) -> Exit {
    let fail_on = reporting.fail_on;
    let mut conclusion = conclude(records, published);
    published.warn_if_old(&records.run, &conclusion);
    conclusion.ending = ending(records, &conclusion, fail_on);
    let mut exit = conclusion.ending.exit;
    if let Some(rules) = &plan.rules
        && let Err(error) = rules.hold_against(records, &mut conclusion)
    {
        hint::error(&error);
        exit = exit.or(Exit::CouldNotWork);
    }
    // What changed is part of the report, and how the run ends follows from it: the comparison
    // is of what was concluded before that is known.
    let compared = baseline.map(|before| (before, conclusion.clone()));
    let compared = compared
        .as_ref()
        .map(|(before, concluded)| (*before, report::assemble(records, concluded, None)));
    let since = compared.as_ref().map(|(before, now)| Diff::between(before, now));
    let since = since.as_ref();
    exit = exit.or(since.map_or(Exit::Satisfied, |diff| saved::exit_of(diff, fail_on)));
    conclusion.ending.exit = exit;
    let owners = &reporting.formats.owners.owner;
    let table = if reporting.verbose { report::verbose } else { report::table };
    let whole = LazyCell::new(|| {
        report::only_owners(report::assemble(records, &conclusion, since), owners)
    });
    if !owners.is_empty() {
        formats::say_left_out(&whole, &plan.destinations);
        exit = report::exit(&whole);
    }
    let mut lines = lines;
    for destination in &plan.destinations {
        let path = destination.path.as_deref();
        let written = match (destination.format, lines.take()) {
            (ReportFormat::Jsonl, Some(streamed)) if path.is_none() => {
                streamed.end(records, &conclusion, since)
            }
            (format, not_this_one) => {
                lines = not_this_one;
                match format {
                    ReportFormat::Table if owners.is_empty() => {
                        write_table(path, records, since, |style| {
                            table(records, &conclusion, style)
                        })
                    }
                    ReportFormat::Table => {
                        let narrowed = report::narrowed(records, &conclusion, &whole);
                        let since = since.map(|diff| diff.clone().only_owners(owners));
                        write_table(path, records, since.as_ref(), |style| {
                            report::table_of_owners(&narrowed, style, reporting.verbose)
                        })
                    }
                    // Large reports are written as they are made.
                    ReportFormat::Json if owners.is_empty() => output::write(path, |mut out| {
                        report::json::report(records, &conclusion, since, &mut out)
                    }),
                    ReportFormat::Jsonl if owners.is_empty() => output::write(path, |mut out| {
                        report::json::lines(records, &conclusion, since, &mut out)
                    }),
                    _ => formats::write(&whole, destination, &plan.csv),
                }
            }
        };
        if let Err(error) = written {
            hint::error(&error);
            exit = exit.or(Exit::CouldNotWork);
        }
    }
    exit
}

/// Diagnoses the records.
pub(super) fn conclude(records: &Records, published: &ServiceTagRanges) -> Conclusion {
    diagnose::conclude(records, &published.of(&records.run))
}

fn write_table(
    path: Option<&Path>,
    records: &Records,
    since: Option<&Diff>,
    table: impl FnOnce(&report::Style) -> String,
) -> Result<()> {
    let (width, color) = output::style(path);
    let style = report::Style { width, color };
    let mut table = table(&style);
    if let Some(since) = since {
        table.push('\n');
        table.push_str(&report::diff::table(since, &style));
    }
    output::write_table(path, &labelled(&table, records.run.redacted.as_ref()))
}

/// How the run ends by `--fail-on`. A hint says what that leaves out.
pub(super) fn ending(records: &Records, conclusion: &Conclusion, fail_on: FailOnArg) -> Ending {
    let ending = diagnose::ending(records, conclusion, fail_on.into());
    if ending.left_out > 0 {
        hint::hint(&left_out(ending.left_out));
    }
    ending
}

fn left_out(n_endpoints: usize) -> String {
    let (endpoints, verb) =
        if n_endpoints == 1 { ("endpoint", "is") } else { ("endpoints", "are") };
    format!(
        "{n_endpoints} required {endpoints} {verb} unknown, and --fail-on fail leaves that out of \
         the exit code"
    )
}

/// Reads the roots by which certificates are judged.
pub(super) fn judge(given: &TrustArgs) -> Result<Arc<ChainJudge>> {
    let read = |path: &Path, option: &str| {
        let name = path.display().to_string();
        let context = || format!("{option}: cannot read {name}");
        let bytes = files::read_bytes(path, files::LONG).with_context(context)?;
        let certificates = if trust::is_der(&bytes) {
            trust::read_der(bytes, &name)
        } else {
            trust::read_pem(&files::decode(bytes).with_context(context)?, &name)
        };
        certificates.with_context(|| option.to_owned())
    };
    let public = match &given.public_roots {
        Some(path) => Some(read(path, "--public-roots")?),
        None => None,
    };
    let mut extra = Vec::new();
    for path in &given.ca_file {
        extra.extend(read(path, "--ca-file")?);
    }
    Ok(Arc::new(ChainJudge::new(public, extra)?))
}

/// JSON Lines on standard output, an endpoint as soon as it is done.
#[derive(Debug)]
pub(super) struct JsonLines {
    run: Run,
    published: ServiceTagRanges,
    /// Endpoints whose verdict needs the whole run.
    held: Vec<(crate::model::Subject, u16)>,
    failed: Option<io::Error>,
}

impl JsonLines {
    fn begin(run: &Run, published: &ServiceTagRanges) -> Self {
        let (run_now, published) = (run.clone(), published.clone());
        let mut lines = Self { run: run_now, published, held: Vec::new(), failed: None };
        lines.put(|out| report::json::begin(run, out));
        lines
    }

    fn finished(&mut self, record: &Record, stop: &Stop) {
        if diagnose::takes_the_run(record) {
            self.held.push((record.endpoint.subject.clone(), record.endpoint.port));
            return;
        }
        let verdict = diagnose::verdict(record, &self.run, &self.published.of(&self.run));
        self.put(|out| report::json::endpoint(record, &verdict, out));
        if self.failed.is_some() {
            // Nobody reads the lines any more, so the run ends.
            stop.give(Obstacle::Cancelled);
        }
    }

    fn end(
        mut self,
        records: &Records,
        conclusion: &Conclusion,
        since: Option<&Diff>,
    ) -> Result<()> {
        for (record, verdict) in records.records.iter().zip(&conclusion.verdicts) {
            if self.held.contains(&(record.endpoint.subject.clone(), record.endpoint.port)) {
                self.put(|out| report::json::endpoint(record, verdict, out));
            }
        }
        self.put(|out| report::json::end(&records.run, conclusion, since, out));
        match self.failed {
            Some(error) => {
                output::unless_pipe_closed(Err(error)).context("cannot write to standard output")
            }
            None => Ok(()),
        }
    }

    fn put(&mut self, render: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) {
        if self.failed.is_some() {
            return;
        }
        let mut line = Vec::new();
        let written = render(&mut line).and_then(|()| output::stream(&line));
        self.failed = written.err();
    }
}
