//! What the network allows the runtime to be.
//!
//! The control plane decides between online and offline, the relay between online and limited:
//! without it interactive authoring fails and the status is "Limited", while activities run
//! (Microsoft, create-self-hosted-integration-runtime; data-factory-private-link).

use super::case::has_no_way_out;
use super::words::list;
use super::{dns, gateway, host_runtime, path, reported};
use crate::model::{Cause, NetworkAllows, Prediction, Record, Records, Role, Status, Verdict};

/// How many endpoints are listed with their causes.
const NAMED: usize = 8;
/// How many endpoints a sentence holds; never more than [`NAMED`].
const NAMED_IN_SENTENCE: usize = 3;

/// What also decides whether the runtime is online, and is no matter of the network. What goes
/// wrong most often comes first.
const NOT_LOOKED_AT: &[&str] = &[
    "service state: running, and automatic? (Get-Service DIAHostService)",
    "authentication key: is the node registered with the current one? (event log)",
    "version: expired, or an update under way? (Configuration Manager, Help)",
    "service account: its proxy and trust may differ (NT SERVICE\\DIAHostService)",
    "host: memory, disk and clock; and the runtime's other nodes",
];

pub(super) fn predict(records: &Records, verdicts: &[Verdict]) -> Prediction {
    let mut control = RuntimePart::default();
    let mut relays = RuntimePart::default();
    let mut updates = RuntimePart::default();
    for (record, verdict) in records.records.iter().zip(verdicts) {
        let endpoint = &record.endpoint;
        match endpoint.role {
            Role::Control | Role::Frontend if endpoint.required => control.take(record, verdict),
            Role::Relay | Role::Gateway if endpoint.required && verdict.counts => {
                relays.take(record, verdict);
            }
            Role::Download => updates.take(record, verdict),
            _ => {}
        }
    }
    if records.run.is_self_contained {
        relays = RuntimePart::default();
    }

    // Where no control endpoint could be asked for, none of the others was reached either. A host
    // without a default route may still have routes to private endpoints.
    let count = |cause| verdicts.iter().filter(|verdict| verdict.cause == Some(cause)).count();
    let (n_stuck, n_unnamed) = (count(Cause::VantageBroken), count(Cause::NotTestable));
    let is_cut_off = has_no_way_out(&records.run)
        && (control.cut_off > 0 || n_stuck > 0 && n_stuck + n_unnamed == verdicts.len());
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
    } else if is_cut_off {
        because.push("this host has no default route: nothing leaves it".to_owned());
        consequences.push("the runtime goes offline: no packet of it leaves this host".to_owned());
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
    if relays.fails() {
        let copies =
            if network_allows == NetworkAllows::Limited { "scheduled copies run, " } else { "" };
        consequences
            .push(format!("{copies}test connection and data preview fail ({})", relays.blamed()));
        consequences
            .push("credentials kept on the nodes cannot be pushed or synchronised".to_owned());
    }
    for part in [&control, &relays].into_iter().filter(|part| part.in_public.count > 0) {
        let endpoints = part.in_public.in_sentence();
        because.push(format!("meant to be private, and reached in public: {endpoints}"));
        consequences.push(format!(
            "the runtime stays online only while public network access is allowed to {endpoints}"
        ));
    }
    consequences.extend(gateway::none_reached(records, verdicts));
    if updates.fails() {
        consequences.push(format!(
            "no auto-update: the version expires, a year after its release, and the runtime goes \
             offline ({})",
            updates.blamed()
        ));
    }
    consequences.extend(reported::consequences(records));
    let is_service_known =
        records.run.runtime.as_ref().is_some_and(|runtime| runtime.service.is_some());
    let consequences =
        host_runtime::consequences(records).into_iter().chain(consequences).collect();
    let not_looked_at = NOT_LOOKED_AT
        .iter()
        .skip(usize::from(is_service_known))
        .map(|line| (*line).to_owned())
        .collect();
    Prediction { network_allows, because, consequences, not_looked_at }
}

/// The endpoints of one part of the runtime, by what their verdicts mean for it.
#[derive(Default)]
struct RuntimePart {
    total: usize,
    failed: NamedEndpoints,
    unknown: NamedEndpoints,
    /// Endpoints that are meant to be private, and are reached at public addresses.
    in_public: NamedEndpoints,
    /// How many endpoints were not asked because this host has no way out.
    cut_off: usize,
}

impl RuntimePart {
    fn take(&mut self, record: &Record, verdict: &Verdict) {
        self.total += 1;
        match verdict.status {
            Status::Pass => {}
            // An endpoint that is not required has a warning where it would fail otherwise.
            Status::Warn => {
                if verdict.is_lowered {
                    self.failed.add(record, verdict);
                }
            }
            // Whether the name has addresses of the other family is not known.
            Status::Fail if dns::is_of_one_family(record) => self.unknown.add(record, verdict),
            Status::Fail if path::is_reached_in_public(record, verdict) => {
                self.in_public.add(record, verdict);
            }
            Status::Fail => self.failed.add(record, verdict),
            Status::Unknown => {
                self.cut_off += usize::from(verdict.cause == Some(Cause::VantageBroken));
                self.unknown.add(record, verdict);
            }
        }
    }

    fn fails(&self) -> bool {
        self.failed.count > 0
    }

    /// The failing endpoints, to stand beside a consequence.
    fn blamed(&self) -> String {
        format!("failing: {}", self.failed.in_sentence())
    }

    fn is_known(&self) -> bool {
        self.total > 0 && self.unknown.count == 0
    }
}

/// Endpoints with their causes, of which only the first [`NAMED`] are kept by name.
#[derive(Default)]
struct NamedEndpoints {
    count: usize,
    first: Vec<(String, &'static str)>,
}

impl NamedEndpoints {
    fn add(&mut self, record: &Record, verdict: &Verdict) {
        self.count += 1;
        if self.first.len() < NAMED {
            let cause = verdict.cause.map_or("", crate::model::Cause::code);
            self.first.push((record.endpoint.host_port(), cause));
        }
    }

    fn lines(&self) -> impl Iterator<Item = String> {
        let rest = self.count - self.first.len();
        let first = self.first.iter().map(|(host_port, cause)| format!("{host_port}: {cause}"));
        first.chain((rest > 0).then(|| format!("and {rest} more")))
    }

    /// The endpoints in a sentence, without their causes.
    fn in_sentence(&self) -> String {
        let first = self.first.iter().map(|(host_port, _)| host_port.as_str());
        // Those whose names were not kept are only counted.
        let rest = std::iter::repeat_n("", self.count - self.first.len());
        list(first.chain(rest), NAMED_IN_SENTENCE)
    }
}
