//! TLS inspection. One foreign issuer in front of unrelated names is one finding of the run, which
//! names the endpoints that are exempt from the inspection and those that must be.

use std::collections::BTreeMap;

use super::finding::Draft;
use super::tls;
use super::words::list;
use crate::model::{
    Cause, Certificate, Destination, Finding, Owner, Presented, Record, Severity, Status, Trail,
    Verdict,
};

/// From how many names on a foreign issuer is taken for an inspection. One name alone is as likely
/// a service with an authority of its own.
const SEVERAL: usize = 2;
/// How many names a sentence holds.
const NAMED: usize = 8;

/// A foreign issuer, and the endpoints whose certificates it signed.
struct Inspector<'a> {
    issuer: &'a str,
    /// The issuer's own certificate, where it was sent along.
    certificate: Option<&'a Certificate>,
    hosts: Vec<String>,
    /// The destinations of the endpoints' findings.
    destinations: Vec<Destination>,
    is_trusted: bool,
    /// Whether a required endpoint fails by it.
    is_failing: bool,
}

pub(super) fn of_run(judged: &[(&Record, &Verdict)]) -> Vec<Draft> {
    let mut inspectors: BTreeMap<&str, Inspector<'_>> = BTreeMap::new();
    let mut exempt: Vec<String> = Vec::new();
    for (record, verdict) in judged {
        let Some(host) = record.endpoint.subject.host() else { continue };
        let mut shown = record.trails.iter().filter_map(presented);
        let Some(presented) = shown.next() else { continue };
        if presented.proves(host) {
            exempt.push(host.to_string());
        }
        let Some(is_trusted) = foreign(verdict) else { continue };
        let Some(leaf) = presented.chain.first().filter(|leaf| leaf.issuer != leaf.subject) else {
            continue;
        };
        let inspector = inspectors.entry(&leaf.issuer).or_insert_with(|| Inspector {
            issuer: &leaf.issuer,
            certificate: None,
            hosts: Vec::new(),
            destinations: Vec::new(),
            is_trusted,
            is_failing: false,
        });
        let sent = presented.chain.get(1).filter(|above| above.subject == leaf.issuer);
        inspector.certificate = inspector.certificate.or(sent.map(|above| &**above));
        inspector.hosts.push(host.to_string());
        let is_of = |f: &&Finding| matches!(f.cause, Cause::TlsIntercepted | Cause::TlsUntrusted);
        let found = verdict.findings.iter().find(is_of);
        inspector
            .destinations
            .extend(found.into_iter().flat_map(|f| f.advice.destinations.iter().cloned()));
        inspector.is_trusted &= is_trusted;
        inspector.is_failing |= verdict.status == Status::Fail;
    }
    inspectors
        .into_values()
        .filter(|one| one.hosts.len() >= SEVERAL)
        .map(|one| one.draft(&exempt))
        .collect()
}

/// The certificates of a handshake, whether it was completed or not.
fn presented(trail: &Trail) -> Option<&Presented> {
    let broken = trail.failure().and_then(|failure| match failure {
        crate::model::Failure::Tls(failure) => failure.presented.as_ref(),
        _ => None,
    });
    trail.tls().map(|session| &session.presented).or(broken)
}

/// Where the verdict is about a foreign issuer: whether this host trusts that issuer.
fn foreign(verdict: &Verdict) -> Option<bool> {
    let found = |cause| verdict.findings.iter().any(|finding| finding.cause == cause);
    if found(Cause::TlsIntercepted) {
        return Some(true);
    }
    found(Cause::TlsUntrusted).then_some(false)
}

impl Inspector<'_> {
    fn draft(&self, exempt: &[String]) -> Draft {
        let short = tls::short_name(self.issuer);
        let cause = if self.is_trusted { Cause::TlsIntercepted } else { Cause::TlsUntrusted };
        let mut draft = Draft::new(
            cause,
            format!(
                "TLS of {} endpoints is opened by one authority that is not public: '{short}'",
                self.hosts.len()
            ),
        )
        .severity(if self.is_trusted || !self.is_failing { Severity::Warn } else { Severity::Fail })
        .evidence(format!("issuer: {}", self.issuer))
        .evidence(match self.certificate {
            Some(certificate) => {
                format!("SHA-256 of the issuer's certificate: {}", certificate.fingerprint_hex())
            }
            None => "the issuer's certificate was not sent along".to_owned(),
        });
        if !exempt.is_empty() {
            draft.add_evidence(format!("exempt already: {}", list(exempt, NAMED)));
        }
        // This is never proven: a service that moves to a public root newer than the embedded ones
        // looks the same.
        draft
            .owner(Owner::Proxy)
            .fact("host", list(&self.hosts, NAMED))
            .fact("issuer", short)
            .destinations(self.destinations.iter().cloned())
    }
}
