//! The verdict of a run in one sentence, and what it means for the runtime: the same words in every
//! format that people read.

use super::wording::{counted, team_in_sentence};
use crate::model::{Cause, GatewayName, HostName, Role, Severity, Status};
use crate::report_v1::{Endpoint, Finding, LeftOut, OnlyOwners, Report};

/// The verdict of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VerdictLine {
    /// That of the run.
    pub(super) status: Status,
    /// One sentence without its full stop.
    pub(super) words: String,
    /// Nothing fails, and the runtime is worse off all the same: the reason stands nowhere else.
    pub(super) is_surprise: bool,
}

/// What is counted of an endpoint. A gateway that Azure has not assigned is not counted at all.
#[derive(Clone, Copy, Debug)]
pub(super) struct CountedEndpoint {
    pub(super) status: Status,
    pub(super) is_required: bool,
    pub(super) is_gateway: bool,
    /// It fails, or would if it were required.
    pub(super) is_failing: bool,
}

/// What was found of the run as a whole.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RunFindings<'a> {
    /// The first cause that fails it.
    pub(super) failure: Option<&'a str>,
    pub(super) warnings: usize,
    /// The runtime's service on the measuring host does not run: this is said before all else.
    pub(super) is_service_stopped: bool,
}

/// The verdict of a report.
pub(super) fn of_report(report: &Report) -> VerdictLine {
    let (failures, others): (Vec<&Finding>, Vec<&Finding>) = report
        .findings
        .iter()
        .filter(|finding| !is_note(finding))
        .partition(|finding| finding.severity == Severity::Fail);
    let failure = failures.first().map(|finding| &*finding.cause);
    let counted = report.endpoints.iter().filter(|endpoint| !endpoint.is_unassigned());
    let is_service_stopped =
        report.findings.iter().any(|finding| finding.cause == Cause::RuntimeServiceStopped.code());
    let of_run = RunFindings { failure, warnings: others.len(), is_service_stopped };
    let allows = &*report.prediction.network_allows;
    of(counted.map(CountedEndpoint::from), of_run, allows, report.only.as_ref())
}

/// Whether a finding is only to be known: nothing is worse for it, and nobody has to do anything.
pub(super) fn is_note(finding: &Finding) -> bool {
    finding.owner == "nobody" && finding.severity == Severity::Warn
}

/// The deployment and the rest of a relay gateway's name.
pub(super) fn gateway_of(endpoint: &Endpoint) -> Option<GatewayName> {
    (endpoint.role.as_deref() == Some(Role::Gateway.as_str()))
        .then(|| GatewayName::parse(&HostName::parse(&endpoint.host).ok()?))?
}

impl From<&Endpoint<'_>> for CountedEndpoint {
    fn from(endpoint: &Endpoint) -> Self {
        let is_lowered = |finding: &Finding| {
            finding.severity == Severity::Warn
                && Cause::parse(&finding.cause).is_some_and(|it| it.severity() == Severity::Fail)
        };
        Self {
            status: endpoint.status,
            is_required: endpoint.is_required(),
            is_gateway: gateway_of(endpoint).is_some(),
            is_failing: endpoint.status == Status::Fail || endpoint.findings.iter().any(is_lowered),
        }
    }
}

/// The verdict from what is counted; `allows` is the contract's word. What is `only` some teams'
/// is said of these teams, and never that all is well where something else was left out.
pub(super) fn of(
    endpoints: impl Iterator<Item = CountedEndpoint>,
    of_run: RunFindings,
    allows: &str,
    only: Option<&OnlyOwners>,
) -> VerdictLine {
    let mut tally = VerdictTally { of_run, warnings: of_run.warnings, ..VerdictTally::default() };
    for endpoint in endpoints {
        tally.count(endpoint);
    }
    let only = only.filter(|only| only.left_out.findings > 0);
    let is_nothing_theirs = only.is_some_and(|only| tally.is_well() && only.whole != Status::Pass);
    let (status, words) = match only {
        Some(only) if is_nothing_theirs => (Status::Warn, nothing_for(only)),
        Some(only) => {
            let (status, words) = tally.verdict();
            (status, format!("For {}: {}", whom(only), uncapitalized(&words)))
        }
        None => tally.verdict(),
    };
    let is_surprise =
        matches!(status, Status::Pass | Status::Warn) && matches!(allows, "limited" | "offline");
    let joint = if is_surprise && !is_nothing_theirs { ", yet" } else { ":" };
    let outlook = match allows {
        // What fails is something else's: "fails: the runtime can be online" contradicts itself.
        "online" if status == Status::Fail => {
            "; what the runtime itself needs can be reached".to_owned()
        }
        // By the letter it is online, and nobody would call it that.
        "online" if tally.gateways > 0 && tally.gateways == tally.gateways_failing => {
            let n_gateways = tally.gateways;
            format!(", yet none of {n_gateways} gateways of the relay can be reached")
        }
        "online" => format!("{joint} the network lets the runtime be online"),
        "limited" => format!("{joint} the runtime would be limited"),
        "offline" => format!("{joint} the runtime would be offline"),
        _ => String::new(),
    };
    let words = format!("{words}{outlook}");
    // Whoever can start it: without it nothing else here is of use.
    let stopped = Cause::RuntimeServiceStopped.code();
    let is_left_out =
        |only: &OnlyOwners| only.left_out.causes_of_run.iter().any(|cause| cause == stopped);
    let is_stopped = of_run.is_service_stopped || only.is_some_and(is_left_out);
    let words = if is_stopped { stopped_and(&words) } else { words };
    VerdictLine { status, words, is_surprise }
}

/// The verdict of a host whose runtime cannot use what the network allows.
fn stopped_and(words: &str) -> String {
    format!("The runtime's service on this host does not run; {}", uncapitalized(words))
}

/// The verdict for those of whose work nothing is wrong, while something else is.
fn nothing_for(only: &OnlyOwners) -> String {
    let LeftOut { endpoints, findings, .. } = only.left_out;
    let (count, noun) = if endpoints > 0 { (endpoints, "endpoint") } else { (findings, "finding") };
    let verb = if count == 1 { "is" } else { "are" };
    format!("Nothing for {}; {} of other teams {verb} left out", whom(only), counted(count, noun))
}

/// Whose a report is that leaves something out, within a sentence.
pub(super) fn share_of(report: &Report) -> Option<String> {
    report.only.as_ref().filter(|only| only.left_out.findings > 0).map(whom)
}

fn whom(only: &OnlyOwners) -> String {
    let teams: Vec<&str> = only.owners.iter().map(|owner| team_in_sentence(owner)).collect();
    teams.join(" and ")
}

fn uncapitalized(words: &str) -> String {
    let mut rest = words.chars();
    let first = rest.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(rest).collect()
}

/// Required endpoints by status, and warnings of all.
#[derive(Default)]
struct VerdictTally<'a> {
    of_run: RunFindings<'a>,
    required: usize,
    failing: usize,
    unknown: usize,
    /// Of those that are not required too, and of the run.
    warnings: usize,
    /// Required or not.
    total: usize,
    passing: usize,
    gateways: usize,
    gateways_failing: usize,
}

impl VerdictTally<'_> {
    fn count(&mut self, endpoint: CountedEndpoint) {
        let required = usize::from(endpoint.is_required);
        self.total += 1;
        self.required += required;
        match endpoint.status {
            Status::Pass => self.passing += 1,
            Status::Warn => self.warnings += 1,
            Status::Fail => self.failing += 1,
            Status::Unknown => self.unknown += required,
        }
        if endpoint.is_gateway {
            self.gateways += 1;
            self.gateways_failing += usize::from(endpoint.is_failing);
        }
    }

    /// Whether nothing that is counted asks for anything.
    fn is_well(&self) -> bool {
        self.failing == 0
            && self.of_run.failure.is_none()
            && self.unknown == 0
            && self.warnings == 0
    }

    fn verdict(&self) -> (Status, String) {
        let required = counted(self.required, "required endpoint");
        if self.total == 0 {
            return (Status::Unknown, "Nothing was tested".to_owned());
        }
        if self.failing > 0 {
            let verb = if self.failing == 1 { "fails" } else { "fail" };
            return (Status::Fail, format!("{} of {required} {verb}", self.failing));
        }
        if let Some(cause) = self.of_run.failure {
            let but_the_run = if cause == Cause::RuntimeServiceStopped.code() {
                String::new()
            } else {
                format!(", but the run does ({cause})")
            };
            return (Status::Fail, format!("No required endpoint fails{but_the_run}"));
        }
        if self.unknown > 0 {
            let words = format!("{} of {required} could not be tested", self.unknown);
            return (Status::Unknown, words);
        }
        let works = match self.required {
            0 => format!("No endpoint is required; {} of {} pass", self.passing, self.total),
            1 => "The required endpoint works".to_owned(),
            _ => format!("All {required} work"),
        };
        match self.warnings {
            0 => (Status::Pass, works),
            n_warnings => (Status::Warn, format!("{works}, {}", counted(n_warnings, "warning"))),
        }
    }
}
