//! What changed from one round to the next, and how it is written.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::model::{Cause, Conclusion, Records, Status, Summary, Verdict};

/// A line of `watch`.
#[derive(Debug, Serialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub(super) enum WatchLine {
    /// Comes after the first round, before its transitions.
    Begin {
        #[serde(serialize_with = "moment")]
        at: Timestamp,
        #[serde(serialize_with = "counts")]
        summary: Summary,
    },
    Transition(Transition),
    End {
        #[serde(serialize_with = "moment")]
        at: Timestamp,
        rounds: u64,
        changes: u64,
        #[serde(serialize_with = "counts")]
        summary: Summary,
    },
}

/// The change of one endpoint from one state to another.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Transition {
    /// When its new state was measured.
    #[serde(serialize_with = "moment")]
    at: Timestamp,
    entry: String,
    host: String,
    port: u16,
    #[serde(skip)]
    host_and_port: String,
    /// `None` where the endpoint was not seen before.
    from: Option<EndpointState>,
    to: EndpointState,
    /// The first finding's message; empty on a pass.
    message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct EndpointState {
    status: &'static str,
    cause: Option<&'static str>,
}

impl EndpointState {
    fn of(verdict: &Verdict) -> Self {
        Self { status: verdict.status.as_str(), cause: verdict.cause.map(Cause::code) }
    }

    const fn is_pass(&self) -> bool {
        self.cause.is_none()
    }
}

/// The last state of every endpoint, by host and port. An endpoint that a round does not see, as a
/// gateway while its relay does not resolve, keeps its state.
#[derive(Debug, Default)]
pub(super) struct States(BTreeMap<(String, u16), EndpointState>);

impl States {
    /// The transitions of this round. An endpoint that was never seen before has one only where it
    /// does not pass.
    pub(super) fn changes(
        &mut self,
        records: &Records,
        conclusion: &Conclusion,
    ) -> Vec<Transition> {
        let mut changes = Vec::new();
        for (record, verdict) in records.records.iter().zip(&conclusion.verdicts) {
            let endpoint = &*record.endpoint;
            let host = endpoint.subject.to_string();
            let key = (host.clone(), endpoint.port);
            if !verdict.counts && !self.0.contains_key(&key) {
                continue;
            }
            let to = EndpointState::of(verdict);
            let from = self.0.insert(key, to);
            if from == Some(to) || (from.is_none() && to.is_pass()) {
                continue;
            }
            let message = verdict.findings.first().map(|finding| finding.message.clone());
            changes.push(Transition {
                at: record.at,
                entry: endpoint.entry.clone(),
                host,
                port: endpoint.port,
                host_and_port: endpoint.host_port(),
                from,
                to,
                message: message.unwrap_or_default(),
            });
        }
        changes.sort_by_key(|change| change.at);
        changes
    }
}

fn moment<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&format_args!("{at:.3}"))
}

fn counts<S: Serializer>(summary: &Summary, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(by_status(*summary).map(|(status, count)| (status.as_str(), count)))
}

const fn by_status(summary: Summary) -> [(Status, usize); 4] {
    let Summary { pass, warn, fail, unknown } = summary;
    [(Status::Pass, pass), (Status::Warn, warn), (Status::Fail, fail), (Status::Unknown, unknown)]
}

impl fmt::Display for WatchLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begin { at, summary } => write!(f, "{at:.3} begin: {}", in_words(*summary)),
            Self::Transition(change) => change.fmt(f),
            Self::End { at, rounds, changes, summary } => {
                let summary = in_words(*summary);
                write!(f, "{at:.3} end: rounds {rounds}, changes {changes}; {summary}")
            }
        }
    }
}

fn in_words(summary: Summary) -> String {
    by_status(summary).map(|(status, count)| format!("{} {count}", status.as_str())).join(", ")
}

impl fmt::Display for Transition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} {}: ", self.at, self.host_and_port)?;
        if let Some(from) = self.from {
            write!(f, "{from} -> ")?;
        }
        write!(f, "{}", self.to)?;
        if !self.message.is_empty() {
            write!(f, "; {}", self.message)?;
        }
        Ok(())
    }
}

impl fmt::Display for EndpointState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.status)?;
        self.cause.map_or(Ok(()), |cause| write!(f, " {cause}"))
    }
}
