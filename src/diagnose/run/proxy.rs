//! What many names have in common that go by one proxy, or whose route one fault leaves unknown.

use std::collections::BTreeMap;

use super::judged::{JudgedRecord, SEVERAL};
use super::ways;
use crate::diagnose::finding::Draft;
use crate::diagnose::words::list;
use crate::diagnose::{proxy as diagnose_proxy, route};
use crate::model::{Cause, Finding, Record, Severity};

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
        // Private names are never sent to the proxy.
        let users: Vec<_> = users.into_iter().filter(|(record, _)| is_sent(record)).collect();
        // Another route is proven for all of them, and has its own finding.
        if users.iter().all(|(_, verdict)| ways::is_misrouted(verdict)) {
            continue;
        }
        let mut groups: BTreeMap<Cause, EndpointGroup<'_>> = BTreeMap::new();
        for (record, verdict) in &users {
            let of_proxy =
                verdict.findings.iter().find(|finding| words_for(finding.cause).is_some());
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
        match (cause, severity) {
            (Cause::ProxyAuthRequired, Severity::Unknown) => {
                draft.template(diagnose_proxy::ACCOUNT_REMEDY)
            }
            _ => draft,
        }
    }
}
