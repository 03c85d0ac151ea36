//! What was seen of each endpoint, each step with its time; and the certificates, each once.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};

use super::super::step_words::{self, time};
use super::super::wording::{sighted, team_of, utc};
use super::ways::LegState;
use super::{StatusBadge, groups};
use crate::diagnose::catalogue;
use crate::model::{Cause, Status};
use crate::report_v1::{Certificate, Detail, Endpoint, Finding, Lookup, Report, Trail};

/// All of it: what fails first.
pub(super) struct EvidenceList<'a> {
    /// Findings of the run as a whole.
    pub(super) of_run: Vec<ShownFinding<'a>>,
    /// The latest errors of the runtime's event log: when, what, and what that means.
    pub(super) logged: Vec<LoggedLine<'a>>,
    pub(super) groups: Vec<EvidenceGroup<'a>>,
    pub(super) certificates: Vec<&'a Certificate<'a>>,
}

/// An error of the runtime's event log.
pub(super) struct LoggedLine<'a> {
    pub(super) at: String,
    pub(super) text: &'a str,
    pub(super) explained: &'a str,
}

/// Endpoints that fold out one by one, or, where many belong together and came to the same, all at
/// once: a browser takes a second for thousands of folds.
pub(super) struct EvidenceGroup<'a> {
    pub(super) badge: StatusBadge,
    /// `256 endpoints: gateways of prod-am3-010`; `None` where each folds out by itself.
    pub(super) what: Option<String>,
    pub(super) cause: &'a str,
    pub(super) endpoints: Vec<SeenEndpoint<'a>>,
}

/// An endpoint with everything that was seen of it.
pub(super) struct SeenEndpoint<'a> {
    pub(super) badge: StatusBadge,
    pub(super) host_port: String,
    pub(super) cause: &'a str,
    pub(super) about: String,
    pub(super) findings: Vec<ShownFinding<'a>>,
    /// Every step with its time, a line each.
    pub(super) steps: String,
}

/// A finding with what it could be besides.
pub(super) struct ShownFinding<'a> {
    pub(super) badge: StatusBadge,
    pub(super) cause: &'a str,
    pub(super) certainty: &'a str,
    pub(super) message: &'a str,
    pub(super) evidence: &'a [String],
    pub(super) rivals: Vec<String>,
    pub(super) team: &'a str,
    pub(super) remedy: &'a str,
    pub(super) explained_by: &'a str,
}

/// A step, or what introduces some.
struct EvidenceLine {
    /// What came of it; `None` for what introduces others.
    state: Option<LegState>,
    at: String,
    text: String,
    took: String,
    /// The numbers of certificates.
    chain: Vec<usize>,
}

pub(super) fn of<'a>(report: &'a Report<'a>) -> EvidenceList<'a> {
    let mut store = CertificateNumbers::default();
    let mut endpoints: Vec<&Endpoint> = report.endpoints.iter().collect();
    endpoints.sort_by_key(|endpoint| match endpoint.status {
        Status::Fail => 0,
        Status::Warn => 1,
        Status::Unknown => 2,
        Status::Pass => 3,
    });
    // What stands with a team's tasks is not said again.
    let told: HashSet<(&str, &str)> = report
        .actions
        .iter()
        .flat_map(|action| action.causes.iter().map(|cause| (&*action.owner, &**cause)))
        .collect();
    let groups = in_groups(&endpoints).into_iter();
    let groups = groups.map(|members| group(&members, &told, &mut store)).collect();
    let of_run = report.findings.iter().map(|finding| found(finding, &told)).collect();
    let errors = report.run.runtime.iter().flat_map(|runtime| &runtime.errors);
    let logged = errors.map(|error| LoggedLine {
        at: error.at.map(utc).unwrap_or_default(),
        text: &error.text,
        explained: error.explained.as_deref().unwrap_or_default(),
    });
    EvidenceList { of_run, logged: logged.collect(), groups, certificates: store.all }
}

/// Those of one status, cause and family together, in the order of the first of each, where there
/// are more than a person reads one by one.
fn in_groups<'a>(endpoints: &[&'a Endpoint<'a>]) -> Vec<Vec<&'a Endpoint<'a>>> {
    let key = |it: &'a Endpoint<'a>| (it.status, it.cause.as_deref(), groups::family(&it.host));
    let mut sizes: HashMap<_, usize> = HashMap::new();
    for endpoint in endpoints {
        *sizes.entry(key(endpoint)).or_default() += 1;
    }
    let mut begun: HashMap<_, usize> = HashMap::new();
    let mut all: Vec<Vec<&Endpoint>> = Vec::new();
    for endpoint in endpoints {
        let key = key(endpoint);
        if sizes[&key] <= groups::SINGLY {
            all.push(vec![endpoint]);
            continue;
        }
        let at = *begun.entry(key).or_insert(all.len());
        if at == all.len() {
            all.push(Vec::new());
        }
        all[at].push(endpoint);
    }
    all
}

fn group<'a>(
    members: &[&'a Endpoint<'a>],
    told: &HashSet<(&str, &str)>,
    store: &mut CertificateNumbers<'a>,
) -> EvidenceGroup<'a> {
    let first = members[0];
    let family = || groups::family(&first.host);
    EvidenceGroup {
        badge: StatusBadge::of(first.status),
        what: (members.len() > 1).then(|| format!("{} endpoints: {}", members.len(), family())),
        cause: first.cause.as_deref().unwrap_or_default(),
        endpoints: members.iter().map(|endpoint| seen(endpoint, told, store)).collect(),
    }
}

/// Certificates, each once: thousands of endpoints present a few dozen.
#[derive(Default)]
struct CertificateNumbers<'a> {
    numbers: HashMap<&'a str, usize>,
    all: Vec<&'a Certificate<'a>>,
}

impl<'a> CertificateNumbers<'a> {
    fn numbers(&mut self, detail: &'a Detail<'a>) -> Vec<usize> {
        let of_proxy = detail.session.iter().flat_map(|session| session.chain.iter());
        let chain = detail.chain().iter().chain(of_proxy);
        chain.map(|certificate| self.number(certificate)).collect()
    }

    fn number(&mut self, certificate: &'a Certificate<'a>) -> usize {
        let number = *self.numbers.entry(&certificate.sha256).or_insert(self.all.len() + 1);
        if number > self.all.len() {
            self.all.push(certificate);
        }
        number
    }
}

fn found<'a>(finding: &'a Finding<'a>, told: &HashSet<(&str, &str)>) -> ShownFinding<'a> {
    let is_told = told.contains(&(&*finding.owner, &*finding.cause));
    let is_open = finding.certainty != "proven";
    let rivals = finding.rivals.iter().filter(|_| is_open).map(|code| match Cause::parse(code) {
        Some(cause) => {
            let rival = catalogue::rival(cause);
            format!("{} ({code}): {}", rival.phrase, rival.test)
        }
        None => code.clone().into_owned(),
    });
    ShownFinding {
        badge: StatusBadge::of_word(finding.severity.as_str()),
        cause: &finding.cause,
        certainty: &finding.certainty,
        message: &finding.message,
        evidence: &finding.evidence,
        rivals: rivals.collect(),
        team: if finding.owner == "nobody" { "" } else { team_of(&finding.owner) },
        remedy: if is_told { "" } else { &finding.remedy },
        explained_by: finding.explained_by.as_deref().unwrap_or_default(),
    }
}

fn seen<'a>(
    endpoint: &'a Endpoint<'a>,
    told: &HashSet<(&str, &str)>,
    store: &mut CertificateNumbers<'a>,
) -> SeenEndpoint<'a> {
    let mut lines = Vec::new();
    lines.extend(endpoint.lookups.iter().map(|lookup| looked_up(&endpoint.host, lookup)));
    for proxy in &endpoint.proxies {
        lines.extend(proxy.lookups.iter().map(|lookup| looked_up(&proxy.proxy, lookup)));
    }
    for trail in &endpoint.trails {
        went(trail, "", store, &mut lines);
    }
    if let Some(upgrade) = &endpoint.upgrade {
        went(upgrade, "WebSocket upgrade, ", store, &mut lines);
    }
    follow_ups(endpoint, store, &mut lines);
    SeenEndpoint {
        badge: StatusBadge::of(endpoint.status),
        host_port: endpoint.host_port(),
        cause: endpoint.cause.as_deref().unwrap_or_default(),
        about: about(endpoint),
        findings: endpoint.findings.iter().map(|finding| found(finding, told)).collect(),
        steps: in_lines(&lines),
    }
}

/// The steps as text: thousands of endpoints are no burden to a browser then, and a ticket takes
/// them as they are.
fn in_lines(lines: &[EvidenceLine]) -> String {
    let has_times = lines.iter().any(|line| !line.at.is_empty());
    let width = if has_times { 13 } else { 0 };
    let mut text = String::new();
    for line in lines {
        // Writing to a String cannot fail.
        let _ = write!(text, "{:width$}", line.at);
        match line.state {
            Some(state) => {
                let _ = write!(text, "{} {}", state.symbol(), line.text);
            }
            None => text.push_str(&line.text),
        }
        if !line.took.is_empty() {
            let _ = write!(text, ", {}", line.took);
        }
        if let [first, rest @ ..] = &*line.chain {
            let _ = write!(text, " [certificate {first}");
            for number in rest {
                let _ = write!(text, ", {number}");
            }
            text.push(']');
        }
        text.push('\n');
    }
    text
}

/// `Azure Relay; entry relay, required; direct (no proxy is configured)`.
fn about(endpoint: &Endpoint) -> String {
    let required = if endpoint.is_required() { "required" } else { "not required" };
    let origin = endpoint.origin.as_deref().map(|it| format!(", from {it}")).unwrap_or_default();
    let found = endpoint.discovered.as_ref().map(|it| format!(" ({})", sighted(it)));
    let found = found.unwrap_or_default();
    let route = &endpoint.route;
    let way = match &*route.configured {
        "" => String::new(),
        way => format!("; goes {way} ({})", route.why),
    };
    let document =
        endpoint.source_document.as_ref().map(|it| format!("; {it}")).unwrap_or_default();
    let skipped = endpoint.gateways_skipped.as_ref();
    let skipped =
        skipped.map(|why| format!("; gateways not looked for: {why}")).unwrap_or_default();
    format!(
        "{}; entry {}, {required}{origin}{found}{way}{document}{skipped}",
        endpoint.purpose, endpoint.entry
    )
}

fn heading(at: Option<Timestamp>, text: String) -> EvidenceLine {
    EvidenceLine { state: None, at: moment(at), text, took: String::new(), chain: Vec::new() }
}

fn moment(at: Option<Timestamp>) -> String {
    at.map(|at| at.strftime("%H:%M:%S%.3f").to_string()).unwrap_or_default()
}

fn looked_up(name: &str, lookup: &Lookup) -> EvidenceLine {
    let is_ok = lookup.outcome == "ok";
    let state = match &*lookup.outcome {
        "ok" => LegState::Works,
        "not_asked" => LegState::NotTried,
        _ => LegState::Broken,
    };
    let mut text = format!("DNS: {name} asked of {}: ", lookup.resolver);
    if !is_ok {
        text.push_str(&step_words::lookup(lookup));
        text.push(' ');
    }
    for (at, link) in lookup.chain.iter().enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "{} {} ({} s)", link.record_type, link.data, link.ttl);
    }
    if lookup.is_cut {
        text.push_str(", and more");
    }
    EvidenceLine {
        state: Some(state),
        at: String::new(),
        text: text.trim_end().to_owned(),
        took: time(lookup.took_ms),
        chain: Vec::new(),
    }
}

fn went<'a>(
    trail: &'a Trail<'a>,
    what: &str,
    store: &mut CertificateNumbers<'a>,
    lines: &mut Vec<EvidenceLine>,
) {
    let to = trail.remote.map(|to| format!(" to {to}")).unwrap_or_default();
    let from = trail.local.map(|from| format!(" from {from}")).unwrap_or_default();
    let way =
        if trail.route == "direct" { "Direct".to_owned() } else { format!("By {}", trail.route) };
    lines.push(heading(trail.at, format!("{what}{way}{to}{from}")));
    let mut passed = 0.0;
    for step in &trail.steps {
        let state = match &*step.outcome {
            "ok" => LegState::Works,
            not_taken if step_words::is_not_taken(not_taken) => LegState::NotTried,
            _ => LegState::Broken,
        };
        passed += step.took_ms.as_f64();
        let ended = trail.at.and_then(|at| {
            at.checked_add(SignedDuration::try_from_secs_f64(passed / 1000.0).ok()?).ok()
        });
        lines.push(EvidenceLine {
            state: Some(state),
            at: moment(ended),
            text: format!("{}: {}", step_words::layer(&step.name), step_words::outcome(step)),
            // The time-out says how long it took.
            took: match step.detail.limit_ms {
                Some(_) => String::new(),
                None => time(step.took_ms),
            },
            chain: store.numbers(&step.detail),
        });
    }
}

fn plain(state: LegState, text: String, took: String) -> EvidenceLine {
    let at = String::new();
    EvidenceLine { state: Some(state), at, text, took, chain: Vec::new() }
}

fn follow_ups<'a>(
    endpoint: &'a Endpoint<'a>,
    store: &mut CertificateNumbers<'a>,
    lines: &mut Vec<EvidenceLine>,
) {
    if let Some(located) = &endpoint.located {
        lines.push(heading(None, step_words::located(located)));
        for hop in &located.path {
            let is_silent = step_words::is_silent(hop);
            let state = if is_silent { LegState::NotTried } else { LegState::Works };
            lines.push(plain(state, step_words::hop(hop), String::new()));
        }
    }
    for ladder in &endpoint.segments {
        lines.push(heading(None, step_words::ladder(ladder)));
        for rung in &ladder.rungs {
            let state = if rung.outcome == "ok" { LegState::Works } else { LegState::Broken };
            lines.push(plain(state, step_words::rung(rung), time(rung.took_ms)));
        }
    }
    for hello in &endpoint.old_hellos {
        lines.push(plain(LegState::Odd, step_words::old_hello(hello), time(hello.took_ms)));
    }
    for host in &endpoint.revocation {
        lines.push(heading(None, step_words::revocation(host)));
        lines.extend(host.lookups.iter().map(|lookup| looked_up(&host.host, lookup)));
        for trail in &host.trails {
            went(trail, "", store, lines);
        }
    }
}
