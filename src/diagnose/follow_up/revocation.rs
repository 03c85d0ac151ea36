//! `tls_revocation_unreachable`: no revocation host says whether the presented certificates are
//! revoked.

use crate::diagnose::blockpage::{self, SessionTrust};
use crate::diagnose::case::Case;
use crate::diagnose::finding::Draft;
use crate::diagnose::quote;
use crate::diagnose::words::{list, lookup_evidence};
use crate::model::{
    AddressClass, Cause, ChainTrust, Destination, End, Host, HttpAnswer, Obstacle, Owner,
    RevocationHost, Trail, classify,
};

/// The remedy for a filter that answers instead of the revocation hosts.
const FILTERED: &str = "Ask whoever runs the web filter to pass HTTP from {from} to {revocation}, \
                        which the certificates of {host} name, unchanged.";

pub(super) fn judge(case: &Case<'_>) -> Option<Draft> {
    let hosts = case.record.follow_ups.revocation.iter().map(|host| &**host);
    let hosts: Vec<&RevocationHost> = hosts.filter(|host| is_vouched_for(case, host)).collect();
    let silent: Vec<&RevocationHost> =
        hosts.iter().copied().filter(|host| is_unreachable(host)).collect();
    if silent.is_empty() {
        return None;
    }
    let names = list(silent.iter().map(|host| &host.host), 4);
    let answering = hosts.len() - silent.len();
    // wincrypt.h: CERT_CHAIN_URL_RETRIEVAL_TIMEOUT_MILLISECONDS_DEFAULT, and the same with
    // REV_ACCUMULATIVE; the policy "Certificate Path Validation" can change both.
    let draft = Draft::new(
        Cause::TlsRevocationUnreachable,
        format!(
            "{}: {names} {} not say whether its certificates are revoked",
            case.endpoint().host_port(),
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
    .destinations(silent.iter().flat_map(|host| destinations(host)));
    let is_filtered = silent.iter().all(|host| pages(host).next().is_some());
    Some(if is_filtered { draft.owner(Owner::Proxy).template(FILTERED) } else { draft })
}

/// Whether a verified chain names the revocation host. Records of earlier versions hold the hosts
/// of any certificate, and nothing that a foreign certificate says may become advice.
fn is_vouched_for(case: &Case<'_>, host: &RevocationHost) -> bool {
    let Host::Name(name) = &host.host else { return false };
    let sessions = case.record.trails.iter().filter_map(Trail::tls);
    let verified = sessions.filter(|session| {
        let trust = &session.presented.trust;
        trust.public == ChainTrust::Trusted || trust.host == ChainTrust::Trusted
    });
    let mut urls = verified
        .flat_map(|session| session.presented.chain.iter())
        .flat_map(|certificate| &certificate.revocation);
    host.port == 80 && urls.any(|url| names(url, name.as_str()))
}

/// Whether the host of `url` is `name`.
fn names(url: &str, name: &str) -> bool {
    let authority = url.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#']).next());
    let host = authority.map(|authority| authority.strip_suffix(":80").unwrap_or(authority));
    host.is_some_and(|host| host.strip_suffix('.').unwrap_or(host).eq_ignore_ascii_case(name))
}

/// The host at each of its addresses, or by name alone where no address is known.
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

/// Whether the host was asked to the end of every trail, and did not answer.
fn is_unreachable(host: &RevocationHost) -> bool {
    let is_over = |obstacle: &Obstacle| {
        matches!(obstacle, Obstacle::Cancelled | Obstacle::BudgetSpent | Obstacle::PortLimit(_))
            || matches!(obstacle, Obstacle::DescriptorLimit(_))
    };
    let stopped = host
        .trails
        .iter()
        .any(|trail| matches!(trail.end(), End::Stopped(obstacle) if is_over(obstacle)));
    !has_answered(host) && !stopped && !is_left_out(host)
}

/// Whether the host has addresses where something may answer, and none of them was asked: a private
/// address of a public authority, or a family that is switched off.
fn is_left_out(host: &RevocationHost) -> bool {
    let mut addresses = host.lookups.iter().flat_map(|lookup| lookup.addresses());
    host.trails.is_empty()
        && addresses.any(|address| classify(address) != AddressClass::NotRoutable)
}

/// Whether the host gave an answer that is not a filter's page.
fn has_answered(host: &RevocationHost) -> bool {
    let answers = host.trails.iter().filter_map(Trail::http).count();
    answers > pages(host).count()
}

/// Pages for people that came instead of an answer.
fn pages(host: &RevocationHost) -> impl Iterator<Item = &HttpAnswer> {
    let is_own_url = host.path.is_some();
    host.trails.iter().filter_map(Trail::http).filter(move |answer| {
        (is_own_url && answer.is_html()) || blockpage::judge(answer, SessionTrust::Open).is_some()
    })
}

fn evidence(host: &RevocationHost) -> String {
    let host_port = format!("{}:{}", host.host, host.port);
    if let Some(page) = pages(host).next() {
        return format!(
            "{host_port}: a page for people in place of an answer: {}",
            quote::answer(page)
        );
    }
    if let Some(trail) = host.trails.first() {
        let step = trail.failure().map_or("tcp", |failure| failure.step());
        return format!("{host_port} at {}: no answer, {step} failed", trail.remote().ip());
    }
    match host.lookups.first() {
        Some(lookup) => format!("{host_port}: {}", lookup_evidence(lookup)),
        None => format!("{host_port}: no address"),
    }
}
