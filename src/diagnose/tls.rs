//! `tls_*` of one address: the handshake, and the chain that was presented.

use std::time::Duration;

use super::blockpage::{self, SessionTrust};
use super::catalogue::{RENEW_BY_MICROSOFT, RENEW_BY_SERVICE};
use super::finding::Draft;
use super::words::{day, duration, list, quoted_bytes, silence};
use super::{http, quote};
use crate::model::{
    Cause, Certificate, ChainTrust, Endpoint, Host, HttpAnswer, Owner, Presented, Role, Severity,
    TlsFailure, TlsFailureKind, Validity, certifies,
};

/// What is wrong with the chain that was presented for `endpoint`. Nobody on the way can replace a
/// certificate of a public authority: wrong dates of one are this host's clock, or for those to
/// mend who run the service.
pub(super) fn judge_service(presented: &Presented, host: &Host, endpoint: &Endpoint) -> Vec<Draft> {
    let leaf = presented.chain.first();
    let is_public = presented.trust.public == ChainTrust::Trusted;
    let is_its_own = leaf.is_some_and(|leaf| certifies(&leaf.names, host));
    let of_service = |draft: Draft| match draft.cause {
        Cause::TlsExpired | Cause::TlsNotYetValid if is_public && is_its_own => {
            let (owner, template) = if is_microsofts(endpoint) {
                (Owner::Azure, RENEW_BY_MICROSOFT)
            } else {
                (Owner::DataPlatform, RENEW_BY_SERVICE)
            };
            draft.without_further().further(owner, template)
        }
        // Whatever answers there is not the service, which is what has to be put right.
        Cause::TlsExpired | Cause::TlsNotYetValid if is_public => draft.without_further(),
        _ => draft,
    };
    judge(presented, host).into_iter().map(of_service).collect()
}

/// Whether Microsoft runs what the endpoint is for.
fn is_microsofts(endpoint: &Endpoint) -> bool {
    !endpoint.expect.service_tags.is_empty()
        || matches!(
            endpoint.role,
            Role::Relay
                | Role::Gateway
                | Role::Control
                | Role::Frontend
                | Role::Download
                | Role::KeyVault
                | Role::Login
                | Role::Portal
        )
}

/// What is wrong with a chain. There is nothing where it proves the host.
pub(super) fn judge(presented: &Presented, host: &Host) -> Vec<Draft> {
    let mut drafts = Vec::new();
    drafts.extend(judge_trust(presented));
    if let Some(leaf) = presented.chain.first() {
        if !certifies(&leaf.names, host) {
            drafts.push(name_mismatch(leaf, host));
        }
        drafts.extend(judge_dates(presented, leaf));
    }
    drafts
}

fn judge_trust(presented: &Presented) -> Option<Draft> {
    let Some(leaf) = presented.chain.first() else {
        return Some(Draft::new(Cause::TlsUntrusted, "presented no certificate").proven());
    };
    let issuer = short_name(&leaf.issuer);
    let trust = &presented.trust;
    let draft = match (&trust.public, &trust.host) {
        (ChainTrust::Trusted, _) => return None,
        (ChainTrust::NotJudged { reason }, _) => {
            return Some(
                Draft::new(
                    Cause::VantageBroken,
                    "presented a certificate that could not be judged against the public roots",
                )
                .evidence(reason.clone()),
            );
        }
        (ChainTrust::UnknownIssuer, ChainTrust::Trusted) => Draft::new(
            Cause::TlsIntercepted,
            format!(
                "presented a certificate by '{issuer}', trusted by this host, not by the public web"
            ),
        ),
        (ChainTrust::UnknownIssuer, ChainTrust::UnknownIssuer) => Draft::new(
            Cause::TlsUntrusted,
            format!(
                "presented a certificate by '{issuer}', trusted neither by this host nor by the public web"
            ),
        ),
        (ChainTrust::UnknownIssuer, ChainTrust::Invalid { reason }) => Draft::new(
            Cause::TlsUntrusted,
            format!("presented a certificate by '{issuer}' that is not valid: {reason}"),
        ),
        (ChainTrust::UnknownIssuer, ChainTrust::NotJudged { reason }) => Draft::new(
            Cause::TlsUntrusted,
            format!("presented a certificate by '{issuer}', which is not a public authority"),
        )
        .possible()
        .evidence(format!("whether this host trusts it is not known: {reason}")),
        (ChainTrust::Invalid { reason }, _) => Draft::new(
            Cause::TlsUntrusted,
            format!("presented a certificate by '{issuer}' that is not valid: {reason}"),
        )
        .proven()
        .template("Find what answers for {host} at {addresses}: its chain is defective.")
        .without_further(),
    };
    Some(
        draft
            .evidence("expected: a chain that leads to a public web root")
            .all_evidence(presented.chain.iter().enumerate().map(describe))
            .all_evidence(shape(&presented.chain).map(str::to_owned))
            .fact("issuer", issuer),
    )
}

/// Changes the draft about an inspected session whose page may be the inspection's own: whether the
/// service answers is unknown then.
pub(super) fn unproven_page(draft: Draft, presented: &Presented, answer: &HttpAnswer) -> Draft {
    if draft.cause != Cause::TlsIntercepted || draft.is_of_proxy() {
        return draft;
    }
    let issuer = presented.chain.first().map_or("", |leaf| short_name(&leaf.issuer));
    let quoted = quote::answer(answer);
    let message = format!("is opened by '{issuer}', and its page proves nothing: {quoted}");
    let mut draft = draft.severity(Severity::Unknown).rivals(&[Cause::HttpBlockPage]);
    draft.set_message(message);
    quote::with_head(draft, answer)
}

/// What the number of certificates and their issuers give away.
fn shape(chain: &[std::sync::Arc<Certificate>]) -> Option<&'static str> {
    match chain {
        [only] if only.issuer == only.subject => Some("it is self-signed"),
        [_] => Some("it came alone: the far end may have left out the authority between"),
        _ => None,
    }
}

fn judge_dates(presented: &Presented, leaf: &Certificate) -> Option<Draft> {
    let draft = match &presented.trust.validity {
        Validity::Current => return None,
        Validity::Expired { subject, not_after } => Draft::new(
            Cause::TlsExpired,
            format!("presented a certificate that expired on {}", day(*not_after)),
        )
        .evidence(format!("'{}' was valid until {not_after}", short_name(subject)))
        .fact("until", format!("valid until {not_after}")),
        Validity::NotYet { subject, not_before } => Draft::new(
            Cause::TlsNotYetValid,
            format!("presented a certificate that is valid only from {}", day(*not_before)),
        )
        .evidence(format!("'{}' is valid from {not_before}", short_name(subject)))
        .fact("until", format!("valid from {not_before}")),
    };
    Some(draft.fact("issuer", short_name(&leaf.issuer)))
}

fn describe((index, certificate): (usize, &std::sync::Arc<Certificate>)) -> String {
    let role = if index == 0 { "seen" } else { "then" };
    format!(
        "{role}: '{}' by '{}', SHA-256 {}",
        short_name(&certificate.subject),
        short_name(&certificate.issuer),
        certificate.fingerprint_hex()
    )
}

fn name_mismatch(leaf: &Certificate, host: &Host) -> Draft {
    let presented = if leaf.names.is_empty() {
        format!("no names (subject '{}')", short_name(&leaf.subject))
    } else {
        list(&leaf.names, 3)
    };
    let draft = Draft::new(
        Cause::TlsNameMismatch,
        format!("presented a certificate for {presented}, not for {host}"),
    )
    .proven()
    .evidence(format!("expected: {host}"))
    .evidence(format!("seen: {}", list(&leaf.names, 12)));
    match host {
        // Private endpoints show the service's certificate, which has the public name only.
        Host::Name(name) if name.is_privatelink() => {
            let public: Vec<&str> = name.labels().filter(|label| *label != "privatelink").collect();
            draft.owner(Owner::DataPlatform).remedy(format!(
                "Ask for the public name ({}): the certificate never holds privatelink names, and \
                 clients must not use them.",
                public.join(".")
            ))
        }
        Host::Name(_) => draft,
        Host::Address(_) => draft.owner(Owner::DataPlatform).remedy(
            "Ask for the host by its name: certificates hold addresses only where someone put \
             them there.",
        ),
    }
}

/// The common name of a distinguished name, or the whole name where it has none.
#[must_use]
pub fn short_name(name: &str) -> &str {
    name.split(", ")
        .find_map(|part| part.trim_start().strip_prefix("CN="))
        .filter(|common| !common.is_empty())
        .unwrap_or(name)
}

/// The drafts for a handshake that was not completed: how it ended, and what is wrong with the
/// chain that had been presented by then.
pub(super) fn failed(failure: &TlsFailure, took: Duration, endpoint: &Endpoint) -> Vec<Draft> {
    let mut drafts = vec![ended(&failure.kind, took, endpoint)];
    if let (Some(presented), Some(host)) = (&failure.presented, endpoint.subject.host()) {
        drafts.extend(judge_service(presented, host, endpoint));
    }
    drafts
}

fn ended(kind: &TlsFailureKind, took: Duration, endpoint: &Endpoint) -> Draft {
    let after = duration(took);
    match kind {
        TlsFailureKind::ResetOnWrite(os) => {
            Draft::new(Cause::TcpReset, "accepted the connection and reset it at once")
                .evidence(format!("{os} when the ClientHello was written, after {after}"))
        }
        TlsFailureKind::Reset(os) => {
            Draft::new(Cause::TlsReset, "reset the connection after the ClientHello")
                .evidence(format!("{os} after {after}"))
        }
        TlsFailureKind::Closed { received } => {
            Draft::new(Cause::TlsClosed, "closed the connection after the ClientHello")
                .evidence(format!("end of stream after {after}, {received} bytes received"))
        }
        TlsFailureKind::TimedOut { whose, received } => {
            let message = if *received == 0 {
                "did not answer the ClientHello"
            } else {
                "fell silent in the middle of the handshake"
            };
            Draft::new(Cause::TlsTimeout, message).evidence(silence(whose, *received, took))
        }
        TlsFailureKind::NotTls { first_bytes } => not_tls(first_bytes, endpoint),
        TlsFailureKind::Version { detail } => {
            Draft::new(Cause::TlsVersion, "offers neither TLS 1.2 nor 1.3")
                .evidence(detail.clone())
                .proven()
        }
        TlsFailureKind::Alert { name } => {
            Draft::new(Cause::TlsAlert, format!("ended the handshake with the alert {name}"))
                .proven()
        }
        TlsFailureKind::Other { detail } => {
            Draft::new(Cause::TlsNotTls, "does not speak valid TLS on this port")
                .evidence(detail.clone())
                .possible()
        }
    }
}

/// The draft for bytes that are not TLS. A filter's page in clear text names its own cause.
fn not_tls(first_bytes: &[u8], endpoint: &Endpoint) -> Draft {
    let Some(answer) = http::parse(first_bytes) else {
        return Draft::new(Cause::TlsNotTls, "does not speak TLS on this port")
            .proven()
            .evidence(format!("first bytes: {}", quoted_bytes(first_bytes)));
    };
    let of_a_filter = blockpage::judge(&answer, SessionTrust::Open)
        .or_else(|| http::captive_portal(&answer, endpoint, SessionTrust::Open))
        .or_else(|| blockpage::in_place_of_tls(&answer));
    if let Some(draft) = of_a_filter {
        return draft.evidence("in clear text, in answer to a ClientHello");
    }
    let message = format!("answers in clear text, not in TLS: {}", quote::answer(&answer));
    quote::with_head(Draft::new(Cause::TlsNotTls, message).proven(), &answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_name_is_what_people_know() {
        for (name, expected) in [
            ("C=US, O=Zscaler Inc., CN=Zscaler Root CA", "Zscaler Root CA"),
            ("CN=lab root", "lab root"),
            ("O=No common name", "O=No common name"),
            ("CN=", "CN="),
            ("", ""),
        ] {
            assert_eq!(short_name(name), expected);
        }
    }
}
