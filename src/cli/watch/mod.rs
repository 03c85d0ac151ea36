//! `watch`: runs `check` again and again, and prints what changes. Every round reads the
//! configuration, asks the name servers and judges certificates anew.

mod history;
mod transition;

use std::ffi::OsString;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;

use super::arguments::{WatchArgs, WatchFormat};
use super::check;
use super::exit::Exit;
use super::hint;
use super::input::Stdin;
use super::measure::{Measurement, RunSession};
use super::on_this_host::{self, LookedAt};
use super::output;
use super::redaction::{Redaction, labelled};
use super::request::PreparedRun;
use super::service_tag_ranges::ServiceTagRanges;
use crate::model::{Records, Redacted, Summary, visible};
use crate::probe::Wishes;
use crate::probe::tls::TlsClient;
use history::{WatchFile, WatchHistory};
use transition::{States, WatchLine};

/// The exit code is that of the last whole round; what happened before is in the lines.
pub(super) fn watch(command: &WatchArgs, arguments: &[OsString]) -> Result<Exit> {
    let (targets, measuring) = (&command.targets, &command.measuring);
    let WatchArgs { discovery, redaction, .. } = command;
    let stdin = &mut Stdin::default();
    let found = on_this_host::look(discovery, LookedAt::HostOfNames, stdin)?;
    // What changes is reported, not where the names were found.
    let hints = found.hints_for(targets, redaction.redact, false);
    let prepared = check::prepare(targets, measuring, &found, hints, redaction.redact, stdin)?;
    let file = match (&command.output, command.format) {
        (Some(path), format) => Some((path, WatchFile::of(format, path)?)),
        (None, WatchFormat::Prometheus) => {
            bail!("--format prometheus: name the file of the metrics by --output FILE.prom")
        }
        (None, WatchFormat::Text | WatchFormat::Jsonl) => None,
    };
    let published = ServiceTagRanges::read(command.service_tags.as_deref())?;
    let mut redaction = Redaction::read(&command.redaction)?;
    let session = RunSession::begin()?;
    let begun = Instant::now();
    let mut states = States::default();
    let mut history = WatchHistory::default();
    let mut lines = WatchOutput { format: command.format, is_open: true, redacted: None };
    let (mut rounds, mut changes) = (0_u64, 0_u64);
    let (mut exit, mut summary) = (Exit::Unknown, Summary::default());
    while lines.is_open {
        let round = Instant::now();
        match measure(command, prepared.clone(), arguments, &session, rounds == 0) {
            // A round that was interrupted says nothing about the endpoints that it did not reach.
            Ok(_) if rounds > 0 && session.is_interrupted() => break,
            Ok(records) => {
                let records = redaction.apply(records, &published);
                lines.redacted.clone_from(&records.run.redacted);
                let conclusion = check::conclude(&records, &published);
                exit = check::ending(&records, &conclusion, command.fail_on).exit;
                summary = conclusion.summary;
                if rounds == 0 {
                    lines.put(&WatchLine::Begin { at: records.run.started_at, summary })?;
                }
                for change in states.changes(&records, &conclusion) {
                    changes += u64::from(rounds > 0);
                    lines.put(&WatchLine::Transition(change))?;
                }
                rounds += 1;
                let is_new = history.take(&records, &conclusion);
                match file {
                    Some((path, WatchFile::Page)) if is_new => history.write(path)?,
                    // A full disk for a moment does not end a watch of days.
                    Some((path, WatchFile::Metrics)) => {
                        if let Err(error) = history::write_metrics(path, &records, &conclusion) {
                            hint::error(&error);
                        }
                    }
                    _ => {}
                }
            }
            Err(error) if rounds == 0 => return Err(error),
            // A file that cannot be read for a moment does not end a watch of days.
            Err(error) => hint::error(&error),
        }
        let next = round.elapsed().max(command.every) + round.duration_since(begun);
        if command.long.is_some_and(|long| next >= long)
            || !session.pause(next.saturating_sub(begun.elapsed()))
        {
            break;
        }
    }
    let ended = Timestamp::now();
    lines.put(&WatchLine::End { at: ended, rounds, changes, summary })?;
    if let Some((path, WatchFile::Page)) = file {
        history.end(ended);
        history.write(path)?;
    }
    Ok(exit)
}

fn measure(
    command: &WatchArgs,
    prepared: PreparedRun,
    arguments: &[OsString],
    session: &RunSession,
    is_first: bool,
) -> Result<Records> {
    let tls = TlsClient::new(check::judge(&command.trust)?);
    let make = if is_first { Measurement::new } else { Measurement::again };
    let wishes = Wishes { no_revocation: command.no_revocation, ..Wishes::default() };
    let measurement = make(prepared, &command.measuring, tls, false, arguments)?.wish(wishes);
    measurement.carry_out_in(session, |_, _| {})
}

/// Writes lines to standard output until nobody reads it any more.
struct WatchOutput {
    format: WatchFormat,
    is_open: bool,
    redacted: Option<Redacted>,
}

impl WatchOutput {
    fn put(&mut self, line: &WatchLine) -> Result<()> {
        if !self.is_open {
            return Ok(());
        }
        let mut text = match self.format {
            WatchFormat::Text | WatchFormat::Prometheus => {
                labelled(&visible(&line.to_string()), self.redacted.as_ref())
            }
            WatchFormat::Jsonl => serde_json::to_string(line)?,
        };
        text.push('\n');
        let written = output::stream(text.as_bytes());
        self.is_open = written.is_ok();
        output::unless_pipe_closed(written).context("cannot write to standard output")
    }
}
