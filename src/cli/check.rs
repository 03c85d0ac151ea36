//! `check`: probe every endpoint from this host and report. The main job.

use std::ffi::OsString;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

use super::arguments::{Check, FailOn, Format, Trust};
use super::exit::Exit;
use super::hint;
use super::input::{self, Stdin};
use super::measure::Measurement;
use super::output::{self, Destination};
use super::request;
use super::saved;
use crate::model::{
    Cloud, Conclusion, Finding, Kind, Obstacle, Record, Records, Run, Severity, Status,
};
use crate::probe::{Stop, Wishes, tls, trust};
use crate::report::diff::Diff;
use crate::report::saved::Saved;
use crate::{archive, diagnose, report, tags};

pub(super) fn check(command: &Check, arguments: &[OsString]) -> Result<Exit> {
    let reporting = &command.reporting;
    let destinations = output::destinations(reporting.format, &reporting.output)?;
    if let Some(path) = &command.save_records {
        output::check_writable(path)?;
    }
    let mut stdin = Stdin::default();
    let baseline = saved::baseline(reporting, &mut stdin)?;
    let prepared = request::prepare(&command.targets, &[], &mut stdin)?;
    for text in &prepared.hints {
        hint::hint(text);
    }
    let tls = tls::Client::new(judge(&command.trust)?);
    let wishes = Wishes { locate: command.locate, hold: command.hold };
    let measurement = Measurement::new(prepared, &command.measuring, tls, false, arguments)?;
    let measurement = measurement.wish(wishes);

    let streams = destinations.iter().any(|one| one.path.is_none() && one.format == Format::Jsonl);
    let mut lines = if streams { Some(Lines::begin(measurement.run())) } else { None };
    let mut records = measurement.carry_out(|record, stop| {
        if let Some(lines) = &mut lines {
            lines.finished(record, stop);
        }
    })?;
    records.run.kept_in = kept_in(command.save_records.as_deref(), &destinations);

    // What was measured is saved first: nothing after it can lose it.
    let saved = command.save_records.as_ref().map(|path| {
        output::write(Some(path), |out| archive::write(&records, &mut &mut *out))
            .with_context(|| format!("--save-records {}", path.display()))
    });
    let exit = report(&records, &destinations, reporting.fail_on, baseline.as_ref(), lines);
    match saved {
        Some(Err(error)) => {
            hint::error(&error);
            Ok(exit.or(Exit::CouldNotWork))
        }
        _ => Ok(exit),
    }
}

/// The file from which commands can go on: the records, or else a JSON report.
fn kept_in(records: Option<&Path>, destinations: &[Destination]) -> Option<String> {
    let is_json = |one: &&Destination| matches!(one.format, Format::Json | Format::Jsonl);
    let reports = destinations.iter().filter(is_json).find_map(|one| one.path.as_deref());
    records.or(reports).map(|path| path.display().to_string())
}

/// Concludes, compares with `baseline`, writes every report that was asked for, and says how it
/// ended. One that cannot be written does not keep the others from being written.
pub(super) fn report(
    records: &Records,
    destinations: &[Destination],
    fail_on: FailOn,
    baseline: Option<&Saved>,
    lines: Option<Lines>,
) -> Exit {
    let conclusion = conclude(records);
    let mut exit = exit_of(records, &conclusion, fail_on);
    let now = baseline.and_then(|_| {
        saved::of_run(records, &conclusion).map_err(|error| hint::error(&error)).ok()
    });
    if baseline.is_some() && now.is_none() {
        exit = exit.or(Exit::CouldNotWork);
    }
    let since = baseline.zip(now.as_ref()).map(|(before, now)| Diff::between(before, now));
    let since = since.as_ref();
    exit = exit.or(since.map_or(Exit::Satisfied, |diff| saved::exit_of(diff, fail_on)));
    let mut lines = lines;
    for destination in destinations {
        let written = match lines.take() {
            Some(streamed) if destination.path.is_none() => {
                streamed.end(records, &conclusion, since)
            }
            not_this_one => {
                lines = not_this_one;
                write(records, &conclusion, since, destination)
            }
        };
        if let Err(error) = written {
            hint::error(&error);
            exit = exit.or(Exit::CouldNotWork);
        }
    }
    exit
}

/// What the records come to.
pub(super) fn conclude(records: &Records) -> Conclusion {
    diagnose::conclude(records, &published(&records.run))
}

fn write(
    records: &Records,
    conclusion: &Conclusion,
    since: Option<&Diff>,
    destination: &Destination,
) -> Result<()> {
    let path = destination.path.as_deref();
    match destination.format {
        Format::Table => {
            let (width, color) = output::style(path);
            let style = report::Style { width, color };
            let mut table = report::table(records, conclusion, &style);
            if let Some(since) = since {
                table.push('\n');
                table.push_str(&report::diff::table(since, &style));
            }
            output::write(path, |out| out.write_all(table.as_bytes()))
        }
        Format::Json => output::write(path, |mut out| {
            report::json::report(records, conclusion, since, &mut out)
        }),
        Format::Jsonl => output::write(path, |mut out| {
            report::json::begin(&records.run, &mut out)?;
            for (record, verdict) in records.records.iter().zip(&conclusion.verdicts) {
                report::json::endpoint(record, verdict, &mut out)?;
            }
            report::json::end(&records.run, conclusion, since, &mut out)
        }),
    }
}

/// Fail is 1, something required that is unknown is 3; `--fail-on` says what counts.
pub(super) fn exit_of(records: &Records, conclusion: &Conclusion, fail_on: FailOn) -> Exit {
    let counted =
        || records.records.iter().zip(&conclusion.verdicts).filter(|(_, verdict)| verdict.counts);
    let any = |status| counted().any(|(_, verdict)| verdict.status == status);
    let run_warns = conclusion.findings.iter().any(|finding| !finding.is_note());
    let violated =
        any(Status::Fail) || (fail_on == FailOn::Warn && (any(Status::Warn) || run_warns));
    // A warning stands before what could not be asked; the exit code tells of both.
    let is_unknown = |finding: &Finding| finding.severity == Severity::Unknown;
    let unknown = counted().any(|(record, verdict)| {
        record.endpoint.required && verdict.findings.iter().any(is_unknown)
    });
    if violated {
        Exit::Violated
    } else if unknown && fail_on != FailOn::Fail {
        Exit::Unknown
    } else {
        Exit::Satisfied
    }
}

/// Whether the run's cloud publishes an address as its own; `None` where no ranges are at hand.
fn published(run: &Run) -> impl Fn(IpAddr) -> Option<bool> + use<> {
    let ranges = Cloud::parse(&run.cloud).map(tags::AzureRanges::embedded);
    move |address| ranges.map(|ranges| ranges.contains(address))
}

/// Who judges certificates.
pub(super) fn judge(given: &Trust) -> Result<Arc<trust::Judge>> {
    let read = |path: &Path, option: &str| {
        let bytes = input::read_file(path)
            .with_context(|| format!("{option}: cannot read {}", path.display()))?;
        trust::read_pem(&bytes, &path.display().to_string()).with_context(|| option.to_owned())
    };
    let public = match &given.public_roots {
        Some(path) => Some(read(path, "--public-roots")?),
        None => None,
    };
    let mut extra = Vec::new();
    for path in &given.ca_file {
        extra.extend(read(path, "--ca-file")?);
    }
    Ok(Arc::new(trust::Judge::new(public, extra)?))
}

/// Whether the verdict depends on the control, which is known at the end of a run only: what
/// connected may have been a middlebox where nothing else is proven.
fn takes_control(record: &Record) -> bool {
    record.trails.iter().any(|trail| {
        trail.is_connected() && (record.endpoint.kind == Kind::Tcp || trail.failure().is_some())
    })
}

/// JSON Lines on standard output, an endpoint as soon as it is done.
#[derive(Debug)]
pub(super) struct Lines {
    run: Run,
    /// Those whose verdict takes the control, which is known at the end only.
    held: Vec<(crate::model::Subject, u16)>,
    failed: Option<io::Error>,
}

impl Lines {
    fn begin(run: &Run) -> Self {
        let mut lines = Self { run: run.clone(), held: Vec::new(), failed: None };
        lines.put(|out| report::json::begin(run, out));
        lines
    }

    fn finished(&mut self, record: &Record, stop: &Stop) {
        if takes_control(record) {
            self.held.push((record.endpoint.subject.clone(), record.endpoint.port));
            return;
        }
        let verdict = diagnose::verdict(record, &self.run, &published(&self.run));
        self.put(|out| report::json::endpoint(record, &verdict, out));
        if self.failed.is_some() {
            // Nobody reads on: there is no one to measure for.
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
        let written = render(&mut line).and_then(|()| {
            let mut stdout = io::stdout().lock();
            stdout.write_all(&line)?;
            stdout.flush()
        });
        self.failed = written.err();
    }
}
