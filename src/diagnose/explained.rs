//! Findings that follow from another finding. They stay in the report, and nobody has to do
//! anything about them on their own (contract, Causes).

use std::collections::HashSet;

use crate::model::{Cause, Certainty, Destination, Finding, Verdict};

/// Sets `explained_by` of every finding that a proven finding of the same endpoint, or of the run,
/// explains.
pub(super) fn mark(verdicts: &mut [Verdict], of_run: &[Finding]) {
    let of_run: Vec<Explainer> =
        of_run.iter().filter(|finding| is_proven(finding)).map(Explainer::new).collect();
    for verdict in verdicts {
        let own: Vec<Cause> =
            verdict.findings.iter().filter(|finding| is_proven(finding)).map(|f| f.cause).collect();
        for finding in &mut verdict.findings {
            if finding.explained_by.is_some() {
                continue;
            }
            let by_own = own.iter().copied().find(|cause| explains(*cause, finding.cause));
            let by_run = || {
                let mut explainers = of_run.iter();
                explainers.find(|one| one.explains(finding)).map(|one| one.cause)
            };
            finding.explained_by = by_own.or_else(by_run);
        }
    }
}

fn is_proven(finding: &Finding) -> bool {
    finding.certainty == Certainty::Proven
}

/// A proven finding of the run, and the names it is about. No names mean all of them.
struct Explainer<'a> {
    cause: Cause,
    names: HashSet<(&'a str, u16)>,
}

impl<'a> Explainer<'a> {
    fn new(finding: &'a Finding) -> Self {
        let names = finding.advice.destinations.iter().map(name_and_port).collect();
        Self { cause: finding.cause, names }
    }

    fn explains(&self, finding: &Finding) -> bool {
        let is_meant = |to: &Destination| self.names.contains(&name_and_port(to));
        let is_of_all = self.names.is_empty();
        explains(self.cause, finding.cause)
            && (is_of_all || finding.advice.destinations.iter().all(is_meant))
    }
}

fn name_and_port(destination: &Destination) -> (&str, u16) {
    (&destination.name, destination.port)
}

/// Whether nothing remains to be done about `other` where `cause` is proven.
fn explains(cause: Cause, other: Cause) -> bool {
    match cause {
        // That another route leads there and that this one does not is the same fact.
        Cause::RouteProxyRequired | Cause::RouteDirectRequired => is_about_route(other),
        Cause::HostClockSkew => matches!(other, Cause::TlsExpired | Cause::TlsNotYetValid),
        Cause::TcpAnsweredByMiddlebox => matches!(
            other,
            Cause::TlsTimeout
                | Cause::TlsClosed
                | Cause::TlsReset
                | Cause::HttpTimeout
                | Cause::HttpClosed
                | Cause::TdsNoAnswer
        ),
        _ => false,
    }
}

/// Whether a cause says that a route does not lead out. A name that leads elsewhere, or a
/// certificate that was presented, is a fact of its own.
fn is_about_route(cause: Cause) -> bool {
    let is_of = |layer: &str| cause.code().starts_with(layer);
    (is_of("tcp_") || is_of("proxy_") || is_of("dns_") && cause != Cause::DnsViewsDiffer)
        || matches!(
            cause,
            Cause::TlsTimeout
                | Cause::TlsClosed
                | Cause::TlsReset
                | Cause::HttpTimeout
                | Cause::HttpClosed
        )
}

/// Whether a finding of the run has the cause of `finding`, and all its destinations.
#[must_use]
pub fn says(of_run: &Finding, finding: &Finding) -> bool {
    let to = &of_run.advice.destinations;
    finding.cause == of_run.cause
        && !to.is_empty()
        && finding.advice.destinations.iter().all(|one| to.binary_search(one).is_ok())
}
