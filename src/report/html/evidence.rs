//! What was seen of each endpoint, each step with its time; and the certificates, each once.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::super::step_words::{self, time};
use super::super::wording::team_of;
use super::Badge;
use super::ways::State;
use crate::diagnose::catalogue;
use crate::model::{Cause, Status};
use crate::report_v1::{Certificate, Detail, Endpoint, Finding, Lookup, Report, Trail};

/// All of it: what fails first.
pub(super) struct Evidence<'a> {
    /// Findings of the run as a whole.
    pub(super) of_run: Vec<Found<'a>>,
    pub(super) seen: Vec<Seen<'a>>,
    pub(super) certificates: Vec<&'a Certificate<'a>>,
}

/// An endpoint.
pub(super) struct Seen<'a> {
    pub(super) badge: Badge,
    pub(super) place: String,
    pub(super) cause: &'a str,
    pub(super) about: String,
    pub(super) findings: Vec<Found<'a>>,
    pub(super) lines: Vec<Line>,
}

/// A finding.
pub(super) struct Found<'a> {
    pub(super) badge: Badge,
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
pub(super) struct Line {
    /// `h` for what introduces others.
    pub(super) class: &'static str,
    pub(super) symbol: &'static str,
    pub(super) at: String,
    pub(super) text: String,
    pub(super) took: String,
    /// The numbers of certificates.
    pub(super) chain: Vec<usize>,
}

pub(super) fn of<'a>(report: &'a Report<'a>) -> Evidence<'a> {
    let mut store = Certificates::default();
    let mut endpoints: Vec<&Endpoint> = report.endpoints.iter().collect();
    endpoints.sort_by_key(|endpoint| match endpoint.status {
        Status::Fail => 0,
        Status::Warn => 1,
        Status::Unknown => 2,
        Status::Pass => 3,
    });
    let seen = endpoints.into_iter().map(|endpoint| seen(endpoint, &mut store)).collect();
    let of_run = report.findings.iter().map(found).collect();
    Evidence { of_run, seen, certificates: store.all }
}

/// Certificates, each once: thousands of endpoints present a few dozen.
#[derive(Default)]
struct Certificates<'a> {
    numbers: HashMap<&'a str, usize>,
    all: Vec<&'a Certificate<'a>>,
}

impl<'a> Certificates<'a> {
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

fn found<'a>(finding: &'a Finding<'a>) -> Found<'a> {
    let is_open = finding.certainty != "proven";
    let rivals = finding.rivals.iter().filter(|_| is_open).map(|code| match Cause::parse(code) {
        Some(cause) => {
            let rival = catalogue::rival(cause);
            format!("{} ({code}): {}", rival.phrase, rival.test)
        }
        None => code.clone().into_owned(),
    });
    Found {
        badge: Badge::of_word(finding.severity.as_str()),
        cause: &finding.cause,
        certainty: &finding.certainty,
        message: &finding.message,
        evidence: &finding.evidence,
        rivals: rivals.collect(),
        team: if finding.owner == "nobody" { "" } else { team_of(&finding.owner) },
        remedy: &finding.remedy,
        explained_by: finding.explained_by.as_deref().unwrap_or_default(),
    }
}

fn seen<'a>(endpoint: &'a Endpoint<'a>, store: &mut Certificates<'a>) -> Seen<'a> {
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
    Seen {
        badge: Badge::of(endpoint.status),
        place: endpoint.place(),
        cause: endpoint.cause.as_deref().unwrap_or_default(),
        about: about(endpoint),
        findings: endpoint.findings.iter().map(found).collect(),
        lines,
    }
}

/// `Azure Relay; entry relay, required; direct (no proxy is configured)`.
fn about(endpoint: &Endpoint) -> String {
    let required = if endpoint.is_required() { "required" } else { "not required" };
    let origin = endpoint.origin.as_deref().map(|it| format!(", from {it}")).unwrap_or_default();
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
        "{}; entry {}, {required}{origin}{way}{document}{skipped}",
        endpoint.purpose, endpoint.entry
    )
}

fn heading(at: Option<Timestamp>, text: String) -> Line {
    Line { class: "h", symbol: "", at: moment(at), text, took: String::new(), chain: Vec::new() }
}

fn moment(at: Option<Timestamp>) -> String {
    at.map(|at| at.strftime("%H:%M:%S%.3f").to_string()).unwrap_or_default()
}

fn looked_up(name: &str, lookup: &Lookup) -> Line {
    let is_ok = lookup.outcome == "ok";
    let state = match &*lookup.outcome {
        "ok" => State::Works,
        "not_asked" => State::NotTried,
        _ => State::Broken,
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
        text.push_str(&format!("{} {} ({} s)", link.record_type, link.data, link.ttl));
    }
    if lookup.is_cut {
        text.push_str(", and more");
    }
    Line {
        class: state.class(),
        symbol: state.symbol(),
        at: String::new(),
        text: text.trim_end().to_owned(),
        took: time(lookup.took_ms),
        chain: Vec::new(),
    }
}

fn went<'a>(trail: &'a Trail<'a>, what: &str, store: &mut Certificates<'a>, lines: &mut Vec<Line>) {
    let to = trail.remote.map(|to| format!(" to {to}")).unwrap_or_default();
    let from = trail.local.map(|from| format!(" from {from}")).unwrap_or_default();
    let way =
        if trail.route == "direct" { "Direct".to_owned() } else { format!("By {}", trail.route) };
    lines.push(heading(trail.at, format!("{what}{way}{to}{from}")));
    let mut passed = 0.0;
    for step in &trail.steps {
        let state = match &*step.outcome {
            "ok" => State::Works,
            not_taken if step_words::is_not_taken(not_taken) => State::NotTried,
            _ => State::Broken,
        };
        passed += step.took_ms.as_f64();
        let ended = trail.at.and_then(|at| {
            at.checked_add(SignedDuration::try_from_secs_f64(passed / 1000.0).ok()?).ok()
        });
        lines.push(Line {
            class: state.class(),
            symbol: state.symbol(),
            at: moment(ended),
            text: format!("{}: {}", step_words::layer(&step.name), step_words::outcome(step)),
            took: time(step.took_ms),
            chain: store.numbers(&step.detail),
        });
    }
}

fn plain(state: State, text: String, took: String) -> Line {
    let at = String::new();
    Line { class: state.class(), symbol: state.symbol(), at, text, took, chain: Vec::new() }
}

fn follow_ups<'a>(endpoint: &'a Endpoint<'a>, store: &mut Certificates<'a>, lines: &mut Vec<Line>) {
    if let Some(located) = &endpoint.located {
        let to = located.remote.map(|to| format!(" to {to}")).unwrap_or_default();
        lines.push(heading(None, format!("Where the silence{to} begins")));
        for hop in &located.path {
            let who = hop.address.map_or_else(|| "not known".to_owned(), |it| it.to_string());
            let is_silent = hop.tcp == "silence" && hop.udp == "silence";
            let state = if is_silent { State::NotTried } else { State::Works };
            let text = format!("hop {}: {who}; TCP {}, UDP {}", hop.ttl, hop.tcp, hop.udp);
            lines.push(plain(state, text, String::new()));
        }
    }
    for ladder in &endpoint.segments {
        let to = ladder.remote.map(|to| format!(" with {to}")).unwrap_or_default();
        lines.push(heading(None, format!("The same handshake{to} with small segments")));
        for rung in &ladder.rungs {
            let is_ok = rung.outcome == "ok";
            let size = rung.max_segment.map_or_else(
                || "as large as they are".to_owned(),
                |size| format!("segments of at most {size} bytes"),
            );
            let outcome = if is_ok { "the handshake was completed" } else { &*rung.outcome };
            let state = if is_ok { State::Works } else { State::Broken };
            lines.push(plain(state, format!("{size}: {outcome}"), time(rung.took_ms)));
        }
    }
    for hello in &endpoint.old_hellos {
        let to = hello.remote.map(|to| format!(" with {to}")).unwrap_or_default();
        let version = hello.version.as_deref().unwrap_or_default();
        let alert = hello.alert.as_deref().unwrap_or_default();
        let text = format!("TLS 1.0 and 1.1 alone{to}: {} {version}{alert}", hello.outcome);
        lines.push(plain(State::Odd, text.trim_end().to_owned(), time(hello.took_ms)));
    }
    for host in &endpoint.revocation {
        let answered = if host.answered { "answered" } else { "did not answer" };
        let path = host.path.as_deref().unwrap_or_default();
        let text = format!("Revocation: http://{}:{}{path} {answered}", host.host, host.port);
        lines.push(heading(None, text));
        lines.extend(host.lookups.iter().map(|lookup| looked_up(&host.host, lookup)));
        for trail in &host.trails {
            went(trail, "", store, lines);
        }
    }
}
