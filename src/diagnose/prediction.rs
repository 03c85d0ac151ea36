//! What the network allows the runtime to be.
//!
//! The control plane decides between online and offline, the relay between online and limited:
//! without it interactive authoring fails and the status is "Limited", while activities run
//! (Microsoft, create-self-hosted-integration-runtime; data-factory-private-link).

use super::{finding, relay, reported};
use crate::model::{
    NetworkAllows, Prediction, Record, Records, Role, Run, Severity, Status, Verdict,
};

/// How many endpoints are named one by one.
const NAMED: usize = 8;
/// And in one sentence; never more than [`NAMED`].
const NAMED_IN_SENTENCE: usize = 3;

/// What decides too, and is not the network's: the order is that of what goes wrong most.
const NOT_LOOKED_AT: &[&str] = &[
    "service state: whether DIAHostService runs and starts automatically (Get-Service \
     DIAHostService)",
    "authentication key: whether this node is registered with the current one (Configuration \
     Manager; event log \"Connectors - Integration Runtime\")",
    "version: whether it has expired, or an auto-update is under way (Configuration Manager, Help)",
    "service account: its proxy settings and trust may differ from this account's (NT \
     SERVICE\\DIAHostService)",
    "host: memory, disk and clock; and the runtime's other nodes",
];

pub(super) fn predict(records: &Records, verdicts: &[Verdict]) -> Prediction {
    let run = &records.run;
    let mut control = Part::default();
    let mut relays = Part::default();
    let mut updates = Part::default();
    for (record, verdict) in records.records.iter().zip(verdicts) {
        let endpoint = &record.endpoint;
        match endpoint.role {
            Role::Control | Role::Frontend if endpoint.required => {
                control.take(record, verdict, run)
            }
            Role::Relay | Role::Gateway if endpoint.required && verdict.counts => {
                relays.take(record, verdict, run);
            }
            Role::Download => updates.take(record, verdict, run),
            _ => {}
        }
    }
    if records.run.is_self_contained {
        relays = Part::default();
    }

    let mut because = Vec::new();
    let mut consequences = Vec::new();
    let network_allows = if control.fails() {
        because.extend(control.failed.lines());
        consequences.push(format!(
            "the runtime goes offline: pipelines fail with no available node ({})",
            control.blamed()
        ));
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
    } else if relays.fails() {
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
    if relays.refused.count > 0 {
        because.push("the relay's own IP filter refuses this host's public address".to_owned());
    }
    if relays.fails() {
        let copies =
            if network_allows == NetworkAllows::Limited { "scheduled copies run, " } else { "" };
        consequences
            .push(format!("{copies}test connection and data preview fail ({})", relays.blamed()));
        consequences
            .push("credentials kept on the nodes cannot be pushed or synchronised".to_owned());
    }
    if updates.fails() {
        consequences.push(format!(
            "no auto-update: the version expires, a year after its release, and the runtime goes \
             offline ({})",
            updates.blamed()
        ));
    }
    consequences.extend(reported::consequences(records));
    let not_looked_at = NOT_LOOKED_AT.iter().map(|line| (*line).to_owned()).collect();
    Prediction { network_allows, because, consequences, not_looked_at }
}

/// The endpoints of one part of the runtime.
#[derive(Default)]
struct Part {
    total: usize,
    failed: Named,
    unknown: Named,
    /// Those that answer, and refuse this host by their own IP filter.
    refused: Named,
}

impl Part {
    fn take(&mut self, record: &Record, verdict: &Verdict, run: &Run) {
        self.total += 1;
        let mut answers = record.trails.iter().filter_map(crate::model::Trail::http);
        if answers.any(relay::is_address_refused) {
            self.refused.add(record, verdict);
        }
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
        self.failed.count > 0 || self.refused.count > 0
    }

    /// The endpoints that a consequence comes from.
    fn blamed(&self) -> String {
        let sets = [("failing: ", &self.failed), ("refused by the IP filter of ", &self.refused)];
        let named = sets.iter().filter(|(_, set)| set.count > 0);
        let named = named.map(|(words, set)| format!("{words}{}", set.places()));
        named.collect::<Vec<_>>().join("; ")
    }

    fn is_known(&self) -> bool {
        self.total > 0 && self.unknown.count == 0
    }
}

/// Endpoints with their causes: the first few by name.
#[derive(Default)]
struct Named {
    count: usize,
    first: Vec<(String, &'static str)>,
}

impl Named {
    fn add(&mut self, record: &Record, verdict: &Verdict) {
        self.count += 1;
        if self.first.len() < NAMED {
            let cause = verdict.cause.map_or("", crate::model::Cause::code);
            self.first.push((finding::place(&record.endpoint), cause));
        }
    }

    fn lines(&self) -> impl Iterator<Item = String> {
        let rest = self.count - self.first.len();
        let first = self.first.iter().map(|(place, cause)| format!("{place}: {cause}"));
        first.chain((rest > 0).then(|| format!("and {rest} more")))
    }

    /// The same in a sentence, without the causes.
    fn places(&self) -> String {
        let first = self.first.iter().map(|(place, _)| place.as_str());
        // Those that were not kept are only counted.
        let rest = std::iter::repeat_n("", self.count - self.first.len());
        finding::list(first.chain(rest), NAMED_IN_SENTENCE)
    }
}
