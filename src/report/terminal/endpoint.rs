//! Endpoints by status: those that need attention in full, those that pass in a line each.

use std::net::SocketAddr;

use super::super::assemble::Judged;
use super::super::route::{self, Further};
use super::page::Page;
use super::passing;
use crate::diagnose::{self, catalogue, taken_as_private};
use crate::model::{
    Cause, Certainty, Finding, Owner, Record, RouteIntent, Severity, Status, Verdict,
};

/// How many endpoints of one cause are shown in full; where there are more, [`EXAMPLES`] are.
const IN_FULL: usize = 5;
const EXAMPLES: usize = 3;
/// How many of the others are named.
const NAMED: usize = 6;
/// How many facts of the evidence are shown. Each is shown whole: its end may be the name that
/// matters, and the diagnosis has bounded what strangers say.
const FACTS: usize = 3;

/// How many endpoints are listed under a finding of the run.
const GROUPED: usize = 16;

/// The findings of the run, each with the endpoints whose own finding it says: said once.
pub(super) struct Groups<'a> {
    all: Vec<(&'a Finding, Vec<Judged<'a>>)>,
}

impl<'a> Groups<'a> {
    pub(super) fn of(findings: &'a [Finding], endpoints: &[Judged<'a>]) -> Self {
        let mut all: Vec<(&Finding, Vec<Judged>)> =
            findings.iter().map(|finding| (finding, Vec::new())).collect();
        for judged in endpoints {
            if let Some((_, said)) = all.iter_mut().find(|(finding, _)| is_said(finding, judged.1))
            {
                said.push(*judged);
            }
        }
        Self { all }
    }

    /// Whether an endpoint is said under a finding of the run.
    fn has(&self, verdict: &Verdict) -> bool {
        self.all.iter().any(|(finding, _)| is_said(finding, verdict))
    }
}

fn is_said(of_run: &Finding, verdict: &Verdict) -> bool {
    verdict.findings.first().is_some_and(|own| diagnose::says(of_run, own))
}

/// What is only to be known of the run.
pub(super) fn write_notes(page: &mut Page, findings: &[Finding]) {
    for finding in findings.iter().filter(|finding| finding.is_note()) {
        page.plain(&format!("Note: {} ({})", finding.message, finding.cause));
    }
}

/// Findings of the run as a whole, where they have the severity of `status`, each with the
/// endpoints it speaks of.
pub(super) fn write_run_findings(page: &mut Page, status: Status, groups: &Groups) {
    let is_due = |finding: &Finding| status_of(finding.severity) == status && !finding.is_note();
    for (finding, endpoints) in groups.all.iter().filter(|(finding, _)| is_due(finding)) {
        page.status(status, &format!("All endpoints  {}", cause_and_certainty(finding)));
        write_finding(page, finding);
        for (record, verdict) in endpoints.iter().take(GROUPED) {
            page.under(&in_group(record, verdict));
        }
        if endpoints.len() > GROUPED {
            page.under(&format!("... and {} more (see --format json)", endpoints.len() - GROUPED));
        }
    }
}

/// `- host:port`, and what else is to be said of it.
fn in_group(record: &Record, verdict: &Verdict) -> String {
    let optional = if record.endpoint.required { "" } else { ", not required" };
    let others: Vec<&str> =
        verdict.findings.iter().skip(1).map(|finding| finding.cause.code()).collect();
    let others =
        if others.is_empty() { String::new() } else { format!("; also {}", others.join(", ")) };
    format!("- {}{optional}{others}", record.endpoint.host_port())
}

const fn status_of(severity: Severity) -> Status {
    match severity {
        Severity::Fail => Status::Fail,
        Severity::Warn => Status::Warn,
        Severity::Unknown => Status::Unknown,
    }
}

/// The endpoints of `status`.
pub(super) fn write(
    page: &mut Page,
    status: Status,
    endpoints: &[Judged],
    has_proxies: bool,
    groups: &Groups,
) {
    let is_shown = |(_, verdict): &&Judged| verdict.status == status && !groups.has(verdict);
    let of_status: Vec<Judged> = endpoints.iter().filter(is_shown).copied().collect();
    if status == Status::Pass {
        passing::write_passes(page, &of_status, has_proxies);
        return;
    }
    for (cause, same) in by_cause(&of_status) {
        let shown = if same.len() > IN_FULL { EXAMPLES } else { same.len() };
        for (record, verdict) in &same[..shown] {
            write_block(page, record, verdict, has_proxies);
        }
        let rest = &same[shown..];
        if !rest.is_empty() {
            let hosts: Vec<String> =
                rest.iter().take(NAMED).map(|(record, _)| record.endpoint.host_port()).collect();
            let hosts = hosts.join(", ");
            let code = cause.map_or("the same", Cause::code);
            let n_rest = rest.len();
            let dots = if n_rest > NAMED { ", ..." } else { "" };
            page.under(&format!(
                "... and {n_rest} more with {code} (see --format json): {hosts}{dots}"
            ));
        }
    }
}

/// Endpoints of the same cause together, in the order of the first of each.
fn by_cause<'a>(judged: &[Judged<'a>]) -> Vec<(Option<Cause>, Vec<Judged<'a>>)> {
    let mut groups: Vec<(Option<Cause>, Vec<Judged>)> = Vec::new();
    for (record, verdict) in judged {
        match groups.iter_mut().find(|(cause, _)| *cause == verdict.cause) {
            Some((_, same)) => same.push((record, verdict)),
            None => groups.push((verdict.cause, vec![(record, verdict)])),
        }
    }
    groups
}

fn write_block(page: &mut Page, record: &Record, verdict: &Verdict, has_proxies: bool) {
    let host_port = record.endpoint.host_port();
    let optional = if record.endpoint.required { "" } else { ", not required" };
    let Some((own, others)) = verdict.findings.split_first() else {
        page.status(verdict.status, &format!("{host_port}{optional}"));
        return;
    };
    page.status(verdict.status, &format!("{host_port}  {}{optional}", cause_and_certainty(own)));
    write_finding(page, own);
    for other in others.iter().take(FACTS) {
        let why = other.explained_by.map(|cause| format!(" (explained by {cause})"));
        let why = why.unwrap_or_default();
        page.under(&format!("also {}{why}: {}", other.cause, other.message));
    }
    if others.len() > FACTS {
        page.under(&format!("... and {} more findings", others.len() - FACTS));
    }
    if has_proxies {
        write_route(page, record);
    }
    // What others can do stands under "What to do next".
    if own.owner == Owner::Nobody && own.severity == Severity::Unknown && !own.remedy.is_empty() {
        page.under(&format!("Next: {}", own.remedy));
    }
}

/// The way intended, configured and measured; and both legs of each way through a proxy.
fn write_route(page: &mut Page, record: &Record) {
    let choice = &record.route;
    if record.trails.is_empty() && record.obstacle.is_some() {
        // What was not asked goes nowhere: neither a pattern, nor a name before its way was
        // decided.
        return;
    }
    let configured = match &choice.configured {
        Ok(route) => format!("{route} ({})", choice.why),
        Err(_) => "unknown".to_owned(),
    };
    let measured: Vec<String> =
        route::measured(record).into_iter().map(ToString::to_string).collect();
    let measured = if measured.is_empty() { "none".to_owned() } else { measured.join(", ") };
    let intended =
        if taken_as_private(record).is_some() { RouteIntent::Direct } else { choice.intended };
    page.under(&format!(
        "Route: intended {}, configured {configured}, measured {measured}",
        intended.as_str()
    ));
    for legs in route::legs(record).iter().take(FACTS) {
        let further = match &legs.further {
            Some(Further::Answer(answer)) => format!("; it answers: {answer}"),
            Some(Further::Ended(end)) => format!("; then {end}"),
            Some(Further::Beyond(beyond)) => format!("; beyond it: {beyond}"),
            None => String::new(),
        };
        page.under(&format!("To the proxy {}: {}{further}", legs.proxy, legs.to_it));
    }
}

fn write_finding(page: &mut Page, finding: &Finding) {
    page.under(&finding.message);
    if !finding.evidence.is_empty() {
        page.under(&format!("Seen: {}", evidence(finding)));
    }
    if finding.certainty != Certainty::Proven && !finding.rivals.is_empty() {
        page.under(&format!("Also possible: {}", rivals(finding)));
    }
}

/// What else it could be, and what tells it apart: `this host's own firewall (tcp_local_denied):
/// try from a neighbour`.
fn rivals(finding: &Finding) -> String {
    let told = |cause: &Cause| {
        let rival = catalogue::rival(*cause);
        format!("{} ({cause}): {}", rival.phrase, rival.test)
    };
    let told: Vec<String> = finding.rivals.iter().map(told).collect();
    told.join("; ")
}

fn evidence(finding: &Finding) -> String {
    let facts: Vec<&str> = finding.evidence.iter().take(FACTS).map(String::as_str).collect();
    // Several facts about one address name it once; the first may say from where it was asked too.
    let socket = facts.first().and_then(|fact| fact.split_once(": ")).map(|(socket, _)| socket);
    let socket = socket.and_then(|words| words.split(' ').next());
    let socket = socket.filter(|word| word.parse::<SocketAddr>().is_ok());
    let mut text = facts.first().map_or_else(String::new, |fact| (*fact).to_owned());
    for fact in facts.iter().skip(1) {
        let own = socket.and_then(|socket| fact.strip_prefix(socket)?.strip_prefix(": "));
        text.push_str("; ");
        text.push_str(own.unwrap_or(fact));
    }
    if finding.evidence.len() > FACTS {
        text.push_str("; ...");
    }
    text
}

fn cause_and_certainty(finding: &Finding) -> String {
    match finding.certainty {
        Certainty::Proven => finding.cause.to_string(),
        Certainty::Likely | Certainty::Possible => {
            format!("{} ({})", finding.cause, finding.certainty.as_str())
        }
    }
}
