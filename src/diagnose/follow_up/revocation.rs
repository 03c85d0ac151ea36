//! `tls_revocation_unreachable`: nobody says whether the certificates that were shown are revoked.

use crate::diagnose::Case;
use crate::diagnose::dns;
use crate::diagnose::finding::{Draft, list, place};
use crate::model::{Cause, Destination, End, Obstacle, RevocationHost};

pub(super) fn judge(case: &Case<'_>) -> Option<Draft> {
    let hosts = &case.record.follow_ups.revocation;
    let silent: Vec<&RevocationHost> =
        hosts.iter().map(|host| &**host).filter(|host| is_unreachable(host)).collect();
    if silent.is_empty() {
        return None;
    }
    let names = list(silent.iter().map(|host| format!("{}:{}", host.host, host.port)), 4);
    let answering = hosts.len() - silent.len();
    // wincrypt.h: CERT_CHAIN_URL_RETRIEVAL_TIMEOUT_MILLISECONDS_DEFAULT, and the same with
    // REV_ACCUMULATIVE; the policy "Certificate Path Validation" can change both.
    Some(
        Draft::new(
            Cause::TlsRevocationUnreachable,
            format!(
                "{}: {names} {} not say whether its certificates are revoked",
                place(case.endpoint()),
                if silent.len() == 1 { "does" } else { "do" }
            ),
        )
        .all_evidence(silent.iter().map(|host| evidence(host)))
        .evidence(format!("{answering} of {} revocation hosts answer", hosts.len()))
        .evidence(
            "a blocked one costs a check of the chain up to 15 s, all of them up to 20 s (Windows \
             defaults: wincrypt.h)",
        )
        .fact("revocation", names)
        .at(silent.iter().flat_map(|host| destinations(host))),
    )
}

/// At each of its addresses; by name alone where none is known.
fn destinations(host: &RevocationHost) -> Vec<Destination> {
    let at = |address| Destination {
        name: host.host.to_string(),
        address,
        port: host.port,
        protocol: "tcp",
    };
    let mut all: Vec<Destination> =
        host.trails.iter().map(|trail| at(Some(trail.remote().ip()))).collect();
    if all.is_empty() {
        all.push(at(None));
    }
    all
}

/// What was asked to its end, and did not answer.
fn is_unreachable(host: &RevocationHost) -> bool {
    let is_over = |obstacle: &Obstacle| {
        matches!(obstacle, Obstacle::Cancelled | Obstacle::BudgetSpent | Obstacle::PortLimit(_))
            || matches!(obstacle, Obstacle::DescriptorLimit(_))
    };
    let stopped = host
        .trails
        .iter()
        .any(|trail| matches!(trail.end(), End::Stopped(obstacle) if is_over(obstacle)));
    !host.has_answered() && !stopped
}

fn evidence(host: &RevocationHost) -> String {
    let place = format!("{}:{}", host.host, host.port);
    if let Some(trail) = host.trails.first() {
        let step = trail.failure().map_or("tcp", |failure| failure.step());
        return format!("{place} at {}: no answer, {step} failed", trail.remote().ip());
    }
    match host.lookups.first() {
        Some(lookup) => format!("{place}: {}", dns::evidence(lookup)),
        None => format!("{place}: no address"),
    }
}
