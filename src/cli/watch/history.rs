//! The states of every endpoint since the first round, for the page of `--output`.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Result, bail};
use jiff::Timestamp;

use crate::cli::arguments::WatchFormat;
use crate::cli::output;
use crate::model::{Cause, Conclusion, Records};
use crate::report::html::{self, Timeline, WatchedEndpoint, WatchedState};
use crate::report::{self, prometheus};

/// What stands in the file of `--output`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WatchFile {
    /// Every endpoint over time.
    Page,
    /// The metrics of the last round.
    Metrics,
}

impl WatchFile {
    /// By the format, else by the file's extension. A file that cannot be written is refused before
    /// the first round.
    pub(super) fn of(format: WatchFormat, path: &Path) -> Result<Self> {
        let ends_with = |wanted: &str| {
            path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
        };
        let file = if format == WatchFormat::Prometheus || ends_with("prom") {
            Self::Metrics
        } else if ends_with("html") {
            Self::Page
        } else {
            bail!(
                "--output {}: watch writes a page, or metrics; end its name with .html or .prom \
                 (lines go to standard output, by --format)",
                path.display()
            );
        };
        output::check_writable(path)?;
        Ok(file)
    }
}

/// Replaces the file by the metrics of a round.
pub(super) fn write_metrics(path: &Path, records: &Records, conclusion: &Conclusion) -> Result<()> {
    let report = report::assemble(records, conclusion, None);
    output::write(Some(path), |mut out| prometheus::report(&report, &mut out))
}

/// Every endpoint that counted in a round, with the states that it went through.
#[derive(Debug, Default)]
pub(super) struct WatchHistory {
    timeline: Option<Timeline>,
    index: HashMap<(String, u16), usize>,
}

impl WatchHistory {
    /// Takes a round in. Gives whether it showed anything new.
    pub(super) fn take(&mut self, records: &Records, conclusion: &Conclusion) -> bool {
        let run = &records.run;
        let timeline = self.timeline.get_or_insert_with(|| Timeline {
            hostname: run.vantage.hostname.clone(),
            begun: run.started_at,
            ended: run.started_at,
            rounds: 0,
            tracks: Vec::new(),
        });
        timeline.rounds += 1;
        timeline.ended = run.started_at.checked_add(run.took).unwrap_or(run.started_at);
        let mut is_new = false;
        for (record, verdict) in records.records.iter().zip(&conclusion.verdicts) {
            let endpoint = &*record.endpoint;
            let key = (endpoint.subject.to_string(), endpoint.port);
            let known = self.index.get(&key).copied();
            if known.is_none() && !verdict.counts {
                continue;
            }
            let at = known.unwrap_or_else(|| {
                timeline.tracks.push(WatchedEndpoint {
                    entry: endpoint.entry.clone(),
                    host_port: endpoint.host_port(),
                    states: Vec::new(),
                });
                self.index.insert(key, timeline.tracks.len() - 1);
                timeline.tracks.len() - 1
            });
            let message = verdict.findings.first().map(|finding| finding.message.clone());
            let state = WatchedState {
                since: record.at,
                status: verdict.status,
                cause: verdict.cause.map(|cause| Cause::code(cause).to_owned()),
                message: message.unwrap_or_default(),
            };
            let states = &mut timeline.tracks[at].states;
            let is_as_before = states
                .last()
                .is_some_and(|last| last.status == state.status && last.cause == state.cause);
            if !is_as_before {
                states.push(state);
                is_new = true;
            }
        }
        is_new
    }

    /// The last state of each endpoint is known up to then.
    pub(super) fn end(&mut self, at: Timestamp) {
        if let Some(timeline) = &mut self.timeline {
            timeline.ended = at;
        }
    }

    /// Writes the page; nothing where no round was measured.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        match &self.timeline {
            Some(timeline) => {
                output::write(Some(path), |mut out| html::watched(timeline, &mut out))
            }
            None => Ok(()),
        }
    }
}
