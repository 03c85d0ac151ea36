//! What many names have in common that go by one proxy, or whose route one fault leaves unknown.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::judged::{JudgedRecord, SEVERAL};
use super::ways;
use crate::diagnose::finding::Draft;
use crate::diagnose::route;
use crate::diagnose::words::list;
use crate::model::{Cause, End, Finding, Owner, Record, Route, Severity, Trail};

/// Endpoints that fail in the same way, each of which keeps its own finding.
#[derive(Default)]
struct EndpointGroup<'a> {
    names: Vec<String>,
    findings: Vec<&'a Finding>,
}

pub(super) fn findings(judged: &[JudgedRecord<'_>], from: &str) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let mut by_proxy: BTreeMap<&str, Vec<&JudgedRecord<'_>>> = BTreeMap::new();
    for one in judged.iter().filter(|(_, verdict)| verdict.counts) {
        if let Some(proxy) = one.0.route.proxy() {
            by_proxy.entry(&proxy.url).or_default().push(one);
        }
    }
    for (url, users) in by_proxy {
        // Private names are never sent to the proxy. Where another route is proven, that has its
        // own finding.
        let is_weighed =
            |(record, verdict): &&JudgedRecord<'_>| is_sent(record) && !ways::is_misrouted(verdict);
        let users: Vec<_> = users.into_iter().filter(is_weighed).collect();
        // What lets another name pass does nothing to every name.
        if judged.iter().any(|one| is_passed(one, url)) {
            continue;
        }
        let mut groups: BTreeMap<Cause, EndpointGroup<'_>> = BTreeMap::new();
        for (record, verdict) in &users {
            let of_proxy = verdict.findings.iter().find(|finding| is_of_proxy(finding));
            if let Some(finding) = of_proxy {
                let group = groups.entry(finding.cause).or_default();
                group.names.push(record.endpoint.host_port());
                group.findings.push(finding);
            }
        }
        for (cause, group) in groups {
            let Some(words) = words_for(cause) else { continue };
            if group.findings.len() == users.len() && users.len() >= SEVERAL {
                let words = format!("the proxy {url} {words}: all {} endpoints alike", users.len());
                drafts.push(group.draft(cause, words).fact("proxy", url).fact("from", from));
            }
        }
    }
    drafts.extend(unknown_routes(judged));
    drafts
}

fn is_sent(record: &Record) -> bool {
    !route::is_private(record)
}

/// Whether the proxy at `url` carried the connection to an endpoint, by whatever way that is
/// configured to go, and nothing is said against the proxy there.
fn is_passed((record, verdict): &JudgedRecord<'_>, url: &str) -> bool {
    let is_by_it = |trail: &Trail| matches!(trail.route(), Route::Proxy(it) if *it.url == *url);
    let is_carried =
        |trail: &Trail| trail.tunnel().is_some() && matches!(trail.end(), End::Complete);
    !verdict.findings.iter().any(is_of_proxy)
        && record.trails.iter().any(|trail| is_by_it(trail) && is_carried(trail))
}

/// Whether a finding is about the proxy, and follows from nothing else.
fn is_of_proxy(finding: &Finding) -> bool {
    words_for(finding.cause).is_some() && finding.explained_by.is_none()
}

/// What a proxy does to every name, for causes that are the proxy's own.
const fn words_for(cause: Cause) -> Option<&'static str> {
    Some(match cause {
        Cause::ProxyUnresolvable => "cannot be found by its name",
        Cause::ProxyRefused => "refuses every connection",
        Cause::ProxyTimeout => "answers nobody",
        Cause::ProxyUnreachable => "cannot be reached",
        Cause::ProxyAuthRequired => "wants a sign-in for every name",
        Cause::ProxyAuthRejected => "rejects the credentials for every name",
        Cause::ProxyDenied => "denies every name",
        Cause::ProxyUpstreamDns => "resolves no name",
        Cause::ProxyUpstreamUnreachable => "reaches no name",
        Cause::ProxyNotAProxy => "does not answer as a proxy does",
        Cause::ProxyTunnelClosed => "ends every tunnel at once",
        _ => return None,
    })
}

/// One script or one configuration file that leaves the route of many names unknown.
fn unknown_routes(judged: &[JudgedRecord<'_>]) -> Vec<Draft> {
    let mut groups: BTreeMap<(Cause, &str), EndpointGroup<'_>> = BTreeMap::new();
    for (record, verdict) in judged {
        let Err(fault) = &record.route.configured else { continue };
        let is_fault = |cause| matches!(cause, Cause::ProxyPacError | Cause::RouteConfigInvalid);
        if let Some(finding) = verdict.findings.iter().find(|finding| is_fault(finding.cause)) {
            let group = groups.entry((finding.cause, &fault.message)).or_default();
            group.names.push(record.endpoint.host_port());
            group.findings.push(finding);
        }
    }
    groups
        .into_iter()
        .filter(|(_, group)| group.findings.len() >= SEVERAL)
        .map(|((cause, message), group)| {
            let n_names = group.findings.len();
            let words = if cause == Cause::ProxyPacError {
                format!("one script leaves open which way {n_names} endpoints go")
            } else {
                format!("the runtime cannot use its configuration: {n_names} endpoints are cut off")
            };
            group.draft(cause, words).evidence(message)
        })
        .collect()
}

impl EndpointGroup<'_> {
    /// One draft for all, with the worst severity and the least certainty among them.
    fn draft(&self, cause: Cause, words: String) -> Draft {
        let is = |severity| self.findings.iter().any(|finding| finding.severity == severity);
        let severity = [Severity::Fail, Severity::Warn]
            .into_iter()
            .find(|severity| is(*severity))
            .unwrap_or(Severity::Unknown);
        let names = list(&self.names, 4);
        // They are alike, so the evidence of the first stands for that of all.
        let seen = self.findings.first().into_iter().flat_map(|first| first.evidence.clone());
        let draft = Draft::new(cause, words)
            .severity(severity)
            .all_evidence(seen)
            .fact("host", names.clone())
            .fact("endpoint", names);
        let least = self.findings.iter().min_by_key(|finding| finding.certainty);
        let Some(least) = least else { return draft };
        let draft = draft.certainty_of(least).owner(least.owner).destinations(
            self.findings.iter().flat_map(|finding| finding.advice.destinations.clone()),
        );
        let known = least.advice.facts.iter().find(|(placeholder, _)| *placeholder == "configured");
        let draft = known
            .into_iter()
            .fold(draft, |draft, (placeholder, value)| draft.fact(placeholder, value));
        let is_of_service = cause == Cause::ProxyAuthRequired && severity == Severity::Unknown;
        let is_of_own_route = cause == Cause::ProxyUnreachable && least.owner == Owner::Host;
        match least.advice.template {
            Cow::Borrowed(own) if is_of_service || is_of_own_route => draft.template(own),
            _ => draft,
        }
    }
}
