//! What the network allows the runtime to be.
//!
//! The control plane decides between online and offline, the relay between online and limited:
//! without it interactive authoring fails and the status is "Limited", while activities run
//! (Microsoft, create-self-hosted-integration-runtime; data-factory-private-link).

use super::{finding, gateway, relay};
use crate::model::{NetworkAllows, Prediction, Record, Records, Run, Severity, Status, Verdict};

/// How many endpoints are named one by one.
const NAMED: usize = 8;

/// What decides too, and is not the network's: the order is that of what goes wrong most.
const NOT_LOOKED_AT: &[&str] = &[
    "service state: whether DIAHostService runs and starts automatically",
    "authentication key: whether this node is registered with the current one",
    "version: whether it has expired, or an auto-update is under way",
    "service account: its proxy settings and trust may differ from this account's",
    "host: memory, disk and clock; and the runtime's other nodes",
];

pub(super) fn predict(records: &Records, verdicts: &[Verdict]) -> Prediction {
    let run = &records.run;
    let mut control = Part::default();
    let mut relays = Part::default();
    let mut updates = Part::default();
    let mut is_address_refused = false;
    for (record, verdict) in records.records.iter().zip(verdicts) {
        let endpoint = &record.endpoint;
        match endpoint.entry.as_str() {
            "control" | "frontend" if endpoint.required => control.take(record, verdict, run),
            "relay" | gateway::ENTRY if endpoint.required && verdict.counts => {
                relays.take(record, verdict, run);
                let mut answers = record.trails.iter().filter_map(crate::model::Trail::http);
                is_address_refused |= answers.any(relay::is_address_refused);
            }
            "download" => updates.take(record, verdict, run),
            _ => {}
        }
    }
    if records.run.is_self_contained {
        relays = Part::default();
        is_address_refused = false;
    }

    let mut because = Vec::new();
    let mut consequences = Vec::new();
    let network_allows = if control.fails() {
        because.extend(control.failed.lines());
        consequences
            .push("the runtime goes offline: pipelines fail with no available node".to_owned());
        consequences.push("a new node cannot be registered".to_owned());
        NetworkAllows::Offline
    } else if !control.is_known() {
        if control.total == 0 {
            because.push("no control endpoint of the runtime was checked".to_owned());
        }
        because.extend(control.unknown.lines());
        because.extend(relays.failed.lines());
        because.extend(relays.unknown.lines());
        NetworkAllows::Unknown
    } else if relays.fails() || is_address_refused {
        because.extend(relays.failed.lines());
        NetworkAllows::Limited
    } else if relays.is_known() || records.run.is_self_contained {
        because.push("everything required was reached".to_owned());
        NetworkAllows::Online
    } else {
        if relays.total == 0 {
            because.push("no relay of the runtime was checked".to_owned());
        }
        because.extend(relays.unknown.lines());
        NetworkAllows::Unknown
    };
    if is_address_refused {
        because.push("the relay's own IP filter refuses this host's public address".to_owned());
    }
    if relays.fails() || is_address_refused {
        consequences
            .push("interactive authoring fails: test connection, browse, preview data".to_owned());
        consequences
            .push("credentials kept on the nodes cannot be pushed or synchronised".to_owned());
        if network_allows == NetworkAllows::Limited {
            consequences.push("scheduled pipelines still run".to_owned());
        }
    }
    if updates.fails() {
        consequences.push(
            "auto-update fails: a version goes offline once it expires, a year after its release"
                .to_owned(),
        );
    }
    let not_looked_at = NOT_LOOKED_AT.iter().map(|line| (*line).to_owned()).collect();
    Prediction { network_allows, because, consequences, not_looked_at }
}

/// The endpoints of one part of the runtime.
#[derive(Default)]
struct Part {
    total: usize,
    failed: Named,
    unknown: Named,
}

impl Part {
    fn take(&mut self, record: &Record, verdict: &Verdict, run: &Run) {
        self.total += 1;
        match verdict.status {
            Status::Pass => {}
            // What is not required makes a warning of a failure: a finding that would fail it.
            Status::Warn => {
                let would_fail =
                    verdict.cause.is_some_and(|cause| cause.severity() == Severity::Fail);
                if would_fail && !record.endpoint.required && !super::is_reached(record, run) {
                    self.failed.add(record, verdict);
                }
            }
            Status::Fail => self.failed.add(record, verdict),
            Status::Unknown => self.unknown.add(record, verdict),
        }
    }

    fn fails(&self) -> bool {
        self.failed.count > 0
    }

    fn is_known(&self) -> bool {
        self.total > 0 && self.unknown.count == 0
    }
}

/// Endpoints with their causes: the first few by name.
#[derive(Default)]
struct Named {
    count: usize,
    first: Vec<String>,
}

impl Named {
    fn add(&mut self, record: &Record, verdict: &Verdict) {
        self.count += 1;
        if self.first.len() < NAMED {
            let cause = verdict.cause.map_or("", crate::model::Cause::code);
            self.first.push(format!("{}: {cause}", finding::place(&record.endpoint)));
        }
    }

    fn lines(&self) -> impl Iterator<Item = String> {
        let rest = self.count - self.first.len();
        self.first.iter().cloned().chain((rest > 0).then(|| format!("and {rest} more")))
    }
}
