//! The way to an endpoint as it was measured, leg by leg: what works, what is broken, what was not
//! tried.

use std::borrow::Cow;
use std::collections::HashMap;

use super::super::step_words;
use super::super::verdict_line::gateway_of;
use crate::model::Severity;
use crate::report_v1::{Endpoint, Finding, Lookup, Step, Trail};

/// What came of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum LegState {
    Works,
    /// Works, with a finding.
    Odd,
    NotTried,
    Broken,
}

impl LegState {
    /// The class of its line, and the symbol and the word that say the same.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Works => "ok",
            Self::Odd => "odd",
            Self::NotTried => "not",
            Self::Broken => "bad",
        }
    }

    pub(super) const fn symbol(self) -> &'static str {
        match self {
            Self::Works => "\u{2713}",
            Self::Odd => "!",
            Self::NotTried => "\u{2013}",
            Self::Broken => "\u{2715}",
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Odd => "works, with a finding",
            Self::NotTried => "not tried",
            Self::Broken => "broken",
        }
    }
}

/// Where a leg leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum LegEnd {
    NameServer,
    Proxy,
    Far,
}

/// Where a leg breaks, as far as it can be told from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum BreakPoint {
    /// On this host.
    Here,
    /// Somewhere between here and there.
    Between,
    /// What is there answered, and not as it should.
    There,
}

/// One leg of a way, and what came of it.
#[derive(Debug)]
pub(super) struct WayLeg<'a> {
    /// `dns`, or the step of the trail.
    pub(super) layer: Cow<'a, str>,
    pub(super) to: LegEnd,
    pub(super) state: LegState,
    pub(super) breaks: BreakPoint,
    /// The contract's word for what came of it.
    pub(super) outcome: Cow<'a, str>,
    pub(super) words: String,
    pub(super) took: Option<String>,
}

impl WayLeg<'_> {
    /// `TCP: no answer, our time-out of 5.0 s (5.0 s)`.
    pub(super) fn said(&self) -> String {
        let took = self.took.as_ref().map(|took| format!(", {took}")).unwrap_or_default();
        // The time-out says how long it took.
        let took =
            if self.outcome == "timeout" && self.to != LegEnd::NameServer { "" } else { &*took };
        format!("{}: {}{took}", step_words::layer(&self.layer), self.words)
    }
}

/// The way to an endpoint.
#[derive(Debug)]
pub(super) struct MeasuredWay<'a> {
    pub(super) endpoint: &'a Endpoint<'a>,
    /// The trail that is shown: of the configured way the one that failed, where one did.
    pub(super) trail: Option<&'a Trail<'a>>,
    pub(super) legs: Vec<WayLeg<'a>>,
}

/// The layer that a cause speaks of, as a leg is called.
fn layer_of(cause: &str) -> &str {
    match cause.split('_').next().unwrap_or_default() {
        "dns" | "path" | "relay" => "dns",
        layer => layer,
    }
}

impl<'a> MeasuredWay<'a> {
    pub(super) fn of(endpoint: &'a Endpoint<'a>) -> Self {
        let mut legs = Vec::new();
        let is_proxied = is_proxied(endpoint);
        let of_proxy = endpoint.proxies.iter().find(|it| it.proxy == endpoint.route.configured);
        if let Some(lookup) = of_proxy.filter(|_| is_proxied) {
            lookups(endpoint, &lookup.lookups, "proxy", &mut legs);
        }
        if !is_proxied || blame(endpoint, "dns").is_some() {
            lookups(endpoint, &endpoint.lookups, "dns", &mut legs);
        }
        let trail = shown(endpoint);
        let steps = trail.map(|trail| &*trail.steps).unwrap_or_default();
        legs.extend(steps.iter().map(|step| leg(endpoint, step, is_proxied)));
        let is_tried = |name: &str| steps.iter().any(|step| step.name == name);
        let expected = expected(endpoint.kind.as_deref().unwrap_or_default(), is_proxied);
        legs.extend(expected.into_iter().filter(|name| !is_tried(name)).map(|name| WayLeg {
            layer: name.into(),
            to: station(name, is_proxied),
            state: LegState::NotTried,
            breaks: BreakPoint::There,
            outcome: "".into(),
            words: "not tried".to_owned(),
            took: None,
        }));
        let is_routed_wrong = blame(endpoint, "route") == Some(Severity::Fail);
        let has_broken = legs.iter().any(|leg| leg.state == LegState::Broken);
        if is_routed_wrong
            && !has_broken
            && let Some(first) = legs.iter_mut().find(|leg| leg.to != LegEnd::NameServer)
        {
            first.state = LegState::Broken;
            first.breaks = BreakPoint::Here;
        }
        Self { endpoint, trail, legs }
    }

    /// Ways of the same shape are one picture.
    fn shape(&self) -> String {
        let Endpoint { cause, role, route, .. } = self.endpoint;
        let deployment = gateway_of(self.endpoint).map(|it| it.deployment).unwrap_or_default();
        // What lies behind a broken proxy or name server is all the same to it.
        let is_cut_off = self.broken().is_some_and(|leg| leg.to != LegEnd::Far);
        let behind = if is_cut_off {
            String::new()
        } else {
            format!("{}|{deployment}", role.as_deref().unwrap_or_default())
        };
        let cause = cause.as_deref().unwrap_or_default();
        let status = self.endpoint.status.as_str();
        let mut shape = format!("{status}|{cause}|{}|{behind}", route.configured);
        for leg in &self.legs {
            shape.push('|');
            shape.push_str(&leg.layer);
            shape.push_str(leg.state.class());
            shape.push_str(&leg.outcome);
        }
        shape
    }

    /// The first leg that is broken.
    pub(super) fn broken(&self) -> Option<&WayLeg<'a>> {
        self.legs.iter().find(|leg| leg.state == LegState::Broken)
    }
}

/// Ways of the same shape together, in the order of the first of each.
pub(super) fn alike<'a>(ways: impl Iterator<Item = MeasuredWay<'a>>) -> Vec<Vec<MeasuredWay<'a>>> {
    let mut groups: Vec<Vec<MeasuredWay>> = Vec::new();
    let mut index = HashMap::new();
    for way in ways {
        let at = *index.entry(way.shape()).or_insert(groups.len());
        if at == groups.len() {
            groups.push(Vec::new());
        }
        groups[at].push(way);
    }
    groups
}

pub(super) fn is_proxied(endpoint: &Endpoint) -> bool {
    endpoint.route.configured.contains("://")
}

/// How bad what was found of a layer is.
fn blame(endpoint: &Endpoint, layer: &str) -> Option<Severity> {
    blamed(endpoint, layer).map(|finding| finding.severity)
}

fn blamed<'a>(endpoint: &'a Endpoint, layer: &str) -> Option<&'a Finding<'a>> {
    let of_it = endpoint.findings.iter().filter(|finding| layer_of(&finding.cause) == layer);
    of_it.min_by_key(|finding| finding.severity)
}

fn lookups<'a>(
    endpoint: &'a Endpoint<'a>,
    lookups: &'a [Lookup<'a>],
    layer: &str,
    legs: &mut Vec<WayLeg<'a>>,
) {
    let blame = blame(endpoint, layer);
    let has_answer = lookups.iter().any(|lookup| lookup.outcome == "ok");
    for lookup in lookups {
        let (state, breaks) = match (&*lookup.outcome, blame) {
            ("not_asked", _) => (LegState::NotTried, BreakPoint::There),
            ("ok", Some(Severity::Fail)) if layer == "dns" => (LegState::Broken, BreakPoint::There),
            ("ok", Some(Severity::Warn)) if layer == "dns" => (LegState::Odd, BreakPoint::There),
            ("ok", _) => (LegState::Works, BreakPoint::There),
            _ if has_answer && blame != Some(Severity::Fail) => (LegState::Odd, BreakPoint::There),
            ("timeout" | "unreachable" | "tcp_blocked", _) => {
                (LegState::Broken, BreakPoint::Between)
            }
            _ => (LegState::Broken, BreakPoint::There),
        };
        let of = match &*lookup.resolver {
            "os" => "this host's own way".to_owned(),
            server => server.trim_end_matches(":53").to_owned(),
        };
        legs.push(WayLeg {
            layer: "dns".into(),
            to: LegEnd::NameServer,
            state,
            breaks,
            outcome: (&*lookup.outcome).into(),
            words: format!("{of}: {}", step_words::lookup(lookup)),
            took: Some(step_words::time(lookup.took_ms)),
        });
    }
}

/// Of the configured way the trail that failed, else the first.
fn shown<'a>(endpoint: &'a Endpoint<'a>) -> Option<&'a Trail<'a>> {
    let is_own = |trail: &&Trail| trail.route == endpoint.route.configured;
    let is_failed = |trail: &&Trail| {
        trail
            .steps
            .last()
            .is_some_and(|step| step.outcome != "ok" && !step_words::is_not_taken(&step.outcome))
    };
    let own = || endpoint.trails.iter().filter(is_own);
    own().find(is_failed).or_else(|| own().next()).or_else(|| endpoint.trails.first())
}

fn leg<'a>(endpoint: &'a Endpoint<'a>, step: &'a Step<'a>, is_proxied: bool) -> WayLeg<'a> {
    let finding = blamed(endpoint, &step.name);
    let mut words = step_words::outcome(step);
    let (state, breaks) = match (&*step.outcome, finding.map(|finding| finding.severity)) {
        ("ok", Some(severity)) => {
            if let Some(finding) = finding {
                words = format!("{words} ({})", finding.cause);
            }
            let is_fail = severity == Severity::Fail;
            (if is_fail { LegState::Broken } else { LegState::Odd }, BreakPoint::There)
        }
        ("ok", None) => (LegState::Works, BreakPoint::There),
        (outcome, _) if step_words::is_not_taken(outcome) => (LegState::NotTried, BreakPoint::Here),
        ("local_denied", _) => (LegState::Broken, BreakPoint::Here),
        (
            "timeout" | "refused" | "unreachable" | "reset" | "reset_on_write" | "closed"
            | "silent" | "error",
            _,
        ) => (LegState::Broken, BreakPoint::Between),
        _ => (LegState::Broken, BreakPoint::There),
    };
    WayLeg {
        layer: (&*step.name).into(),
        to: station(&step.name, is_proxied),
        state,
        breaks,
        outcome: (&*step.outcome).into(),
        words,
        took: Some(step_words::time(step.took_ms)),
    }
}

fn station(step: &str, is_proxied: bool) -> LegEnd {
    match step {
        "tcp" | "proxy" if is_proxied => LegEnd::Proxy,
        _ => LegEnd::Far,
    }
}

/// The steps that a kind of endpoint takes.
fn expected(kind: &str, is_proxied: bool) -> Vec<&'static str> {
    let mut steps = vec!["tcp"];
    if is_proxied {
        steps.push("proxy");
    }
    steps.extend_from_slice(match kind {
        "tcp" => &[],
        "tls" => &["tls"],
        "http" => &["http"],
        "tds" => &["tds"],
        _ => &["tls", "http"],
    });
    steps
}
