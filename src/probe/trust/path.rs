//! Verification of a chain against trust anchors, whatever its name and its dates.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::CertificateError;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use rustls_platform_verifier::Verifier as PlatformVerifier;
use webpki::{EndEntityCert, KeyUsage};

use super::pem::{TrustError, anchors};
use crate::model::{Certificate, ChainTrust};
use crate::probe::crypto;

/// How many moments are tried at most: a chain from the network may hold any number of
/// certificates.
const MOMENTS_LIMIT: usize = 8;

/// The outcome of a verification.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) trust: ChainTrust,
    /// When it succeeded, if it did.
    pub(super) at: Option<Timestamp>,
    /// The presented certificates it used, as indices, leaf first; where the verifier tells.
    pub(super) path: Option<Vec<usize>>,
}

impl Verified {
    const fn untrusted(trust: ChainTrust) -> Self {
        Self { trust, at: None, path: None }
    }
}

/// What this host trusts: its own store, and the roots the user added.
#[derive(Debug)]
pub(super) struct HostStore {
    /// On Linux this honours `SSL_CERT_FILE` and `SSL_CERT_DIR`. `None` where it is left out.
    store: Option<Result<PlatformVerifier, String>>,
    extra: Vec<CertificateDer<'static>>,
    extra_anchors: Vec<TrustAnchor<'static>>,
}

impl HostStore {
    /// Reads the host's store. One that cannot be read is remembered as that.
    pub(super) fn open(extra: Vec<CertificateDer<'static>>) -> Result<Self, TrustError> {
        let store = PlatformVerifier::new(crypto::provider()).map_err(|error| error.to_string());
        Ok(Self { store: Some(store), ..Self::of(extra)? })
    }

    /// A host that trusts these roots and no others.
    pub(super) fn of(roots: Vec<CertificateDer<'static>>) -> Result<Self, TrustError> {
        let extra_anchors = anchors(&roots, "the added roots")?;
        Ok(Self { store: None, extra: roots, extra_anchors })
    }

    pub(super) fn verify(
        &self,
        ders: &[CertificateDer<'_>],
        chain: &[Arc<Certificate>],
        moments: &[Timestamp],
    ) -> Verified {
        // A server's self-signed certificate that was added by itself: webpki has no path of
        // length zero, but the platforms' stores do.
        if ders.first().is_some_and(|leaf| self.extra.contains(leaf)) {
            let path = Some(vec![0]);
            return Verified { trust: ChainTrust::Trusted, at: None, path };
        }
        let by_extra = verify(&self.extra_anchors, ders, moments);
        match &self.store {
            _ if by_extra.trust == ChainTrust::Trusted => by_extra,
            None => by_extra,
            Some(Ok(store)) => verify_by_platform(store, ders, chain, moments),
            Some(Err(reason)) => {
                Verified::untrusted(ChainTrust::NotJudged { reason: reason.clone() })
            }
        }
    }
}

/// Verifies a chain, leaf first, against `anchors`: at the first of `moments` at which it holds.
pub(super) fn verify(
    anchors: &[TrustAnchor<'_>],
    ders: &[CertificateDer<'_>],
    moments: &[Timestamp],
) -> Verified {
    let Some((leaf, intermediates)) = ders.split_first() else {
        return Verified::untrusted(invalid("no certificate was presented"));
    };
    let end_entity = match EndEntityCert::try_from(leaf) {
        Ok(end_entity) => end_entity,
        Err(error) => return Verified::untrusted(invalid(&words(&error))),
    };
    let algorithms = crypto::provider().signature_verification_algorithms.all;
    let mut defect = None;
    for at in moments {
        match end_entity.verify_for_usage(
            algorithms,
            anchors,
            intermediates,
            unix_time(*at),
            KeyUsage::server_auth(),
            None,
            None,
        ) {
            Ok(path) => {
                let used = path.intermediate_certificates().filter_map(|used| {
                    let used = used.der();
                    ders.iter().position(|der| *der == used)
                });
                return Verified {
                    trust: ChainTrust::Trusted,
                    at: Some(*at),
                    path: Some([0].into_iter().chain(used).collect()),
                };
            }
            Err(webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. }) => {}
            // What a self-signed leaf made by `openssl req -x509` gives: it is its own issuer.
            Err(webpki::Error::CaUsedAsEndEntity)
                if end_entity.issuer() == end_entity.subject() =>
            {
                defect = Some(ChainTrust::UnknownIssuer);
            }
            Err(webpki::Error::UnknownIssuer) => defect = Some(ChainTrust::UnknownIssuer),
            Err(error) => defect = Some(invalid(&words(&error))),
        }
    }
    Verified::untrusted(defect.unwrap_or_else(never_valid_together))
}

fn verify_by_platform(
    store: &PlatformVerifier,
    ders: &[CertificateDer<'_>],
    chain: &[Arc<Certificate>],
    moments: &[Timestamp],
) -> Verified {
    let (Some((leaf, intermediates)), Some(certificate)) = (ders.split_first(), chain.first())
    else {
        return Verified::untrusted(invalid("no certificate was presented"));
    };
    let own_name = own_name(certificate);
    let mut defect = None;
    for at in moments {
        let outcome = store.verify_server_cert(leaf, intermediates, &own_name, &[], unix_time(*at));
        match outcome {
            Ok(_) => return Verified { trust: ChainTrust::Trusted, at: Some(*at), path: None },
            Err(rustls::Error::InvalidCertificate(error)) => match error {
                // The name is looked at last, on every platform: the chain itself holds.
                CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. } => {
                    return Verified { trust: ChainTrust::Trusted, at: Some(*at), path: None };
                }
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => {}
                CertificateError::UnknownIssuer => defect = Some(ChainTrust::UnknownIssuer),
                CertificateError::Other(_) if certificate.subject == certificate.issuer => {
                    defect = Some(ChainTrust::UnknownIssuer);
                }
                error => defect = Some(invalid(&platform_words(&error))),
            },
            Err(error) => defect = Some(invalid(&error.to_string())),
        }
    }
    Verified::untrusted(defect.unwrap_or_else(never_valid_together))
}

/// The moments at which a chain is tried: `now`, and where that is outside a certificate's dates,
/// the nearest to it at which the leaf is valid together with all the others, or with each.
pub(super) fn moments(chain: &[Arc<Certificate>], now: Timestamp) -> Vec<Timestamp> {
    let Some((leaf, others)) = chain.split_first() else { return vec![now] };
    let both = |a: (Timestamp, Timestamp), b: (Timestamp, Timestamp)| (a.0.max(b.0), a.1.min(b.1));
    let dates = |certificate: &Certificate| (certificate.not_before, certificate.not_after);
    let with_all = others.iter().fold(dates(leaf), |span, other| both(span, dates(other)));
    let with_each = others.iter().map(|other| both(dates(leaf), dates(other)));

    let mut moments = vec![now];
    for (from, to) in [with_all].into_iter().chain(with_each).chain([dates(leaf)]) {
        if from <= to && moments.len() < MOMENTS_LIMIT {
            let nearest = now.clamp(from, to);
            if !moments.contains(&nearest) {
                moments.push(nearest);
            }
        }
    }
    moments
}

/// The certificates that name each other as issuer, from the leaf up, as indices: what a verifier
/// went along that does not tell. Of a chain that was verified at `at`, a certificate that was not
/// valid then was not part.
pub(super) fn issued_path(chain: &[Arc<Certificate>], at: Option<Timestamp>) -> Vec<usize> {
    let mut path = Vec::new();
    let mut next = (!chain.is_empty()).then_some(0);
    while let Some(index) = next {
        path.push(index);
        let issuer = &chain[index].issuer;
        next = (0..chain.len())
            .find(|candidate| !path.contains(candidate) && chain[*candidate].subject == *issuer);
    }
    path.retain(|index| {
        let certificate = &chain[*index];
        *index == 0
            || at.is_none_or(|at| (certificate.not_before..=certificate.not_after).contains(&at))
    });
    path
}

/// A name the leaf is valid for, so that no error of the name hides one of the chain.
fn own_name(leaf: &Certificate) -> ServerName<'static> {
    leaf.names
        .iter()
        .map(|name| match name.strip_prefix("*.") {
            Some(parent) => format!("any.{parent}"),
            None => name.clone(),
        })
        .find_map(|name| ServerName::try_from(name).ok())
        .unwrap_or_else(|| ServerName::IpAddress(std::net::Ipv4Addr::UNSPECIFIED.into()))
}

fn unix_time(at: Timestamp) -> UnixTime {
    let seconds = u64::try_from(at.as_second()).unwrap_or(0);
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

fn invalid(reason: &str) -> ChainTrust {
    ChainTrust::Invalid { reason: reason.to_owned() }
}

fn never_valid_together() -> ChainTrust {
    invalid("there is no time at which all of its certificates are valid")
}

/// What is wrong with a chain by the platform's verifier, in the same words as [`words`] where it
/// is the same defect.
fn platform_words(error: &CertificateError) -> String {
    match error {
        CertificateError::BadEncoding => words(&webpki::Error::BadDer),
        CertificateError::BadSignature => words(&webpki::Error::InvalidSignatureForPublicKey),
        CertificateError::Revoked => words(&webpki::Error::CertRevoked),
        CertificateError::Other(other) => match other.0.downcast_ref::<webpki::Error>() {
            Some(error) => words(error),
            None => other.to_string(),
        },
        error => error.to_string(),
    }
}

/// What is wrong with a chain in words: webpki's errors have none for users.
fn words(error: &webpki::Error) -> String {
    let words = match error {
        webpki::Error::BadDer | webpki::Error::BadDerTime | webpki::Error::TrailingData(_) => {
            "a certificate cannot be read"
        }
        webpki::Error::CertRevoked => "a certificate is revoked",
        webpki::Error::CaUsedAsEndEntity => "a CA's certificate is used as the server's own",
        webpki::Error::EndEntityUsedAsCa => "a certificate that is no CA's has signed another",
        webpki::Error::InvalidSignatureForPublicKey => {
            "a signature does not match the key of the issuer it names"
        }
        webpki::Error::InvalidCertValidity => "a certificate ends before it begins",
        webpki::Error::NameConstraintViolation => "its CA may not sign for this name",
        webpki::Error::PathLenConstraintViolated => "its CA may not sign for another CA",
        webpki::Error::RequiredEkuNotFoundContext(_) => "the certificate is not for servers",
        webpki::Error::UnsupportedCertVersion => "a certificate is older than X.509 version 3",
        webpki::Error::UnsupportedSignatureAlgorithmContext(_)
        | webpki::Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            "a signature uses an algorithm that is no longer accepted"
        }
        other => return other.to_string(),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn year(year: i16) -> Timestamp {
        format!("{year}-01-01T00:00:00Z").parse().unwrap()
    }

    fn certificate(subject: &str, issuer: &str, from: i16, to: i16) -> Arc<Certificate> {
        Arc::new(Certificate {
            der: Arc::default(),
            fingerprint: [0; 32],
            subject: subject.to_owned(),
            issuer: issuer.to_owned(),
            names: Vec::new(),
            not_before: year(from),
            not_after: year(to),
            revocation: Vec::new(),
        })
    }

    #[test]
    fn a_chain_is_tried_when_its_certificates_are_valid_together() {
        fn check(dates: &[(i16, i16)], expected: &[i16]) {
            let chain: Vec<_> =
                dates.iter().map(|(from, to)| certificate("s", "i", *from, *to)).collect();
            let expected: Vec<_> = expected.iter().map(|at| year(*at)).collect();
            assert_eq!(moments(&chain, year(2026)), expected, "{dates:?}");
        }
        check(&[], &[2026]);
        check(&[(2025, 2027), (2020, 2030)], &[2026]);
        check(&[(2023, 2024), (2020, 2030)], &[2026, 2024]);
        check(&[(2028, 2029), (2020, 2030)], &[2026, 2028]);
        // An expired issuer: together with the leaf, then the leaf alone is valid now.
        check(&[(2020, 2030), (2020, 2024)], &[2026, 2024]);
        // Two that were never valid together, each tried with the leaf.
        check(&[(2020, 2025), (2021, 2022), (2023, 2024)], &[2026, 2022, 2024, 2025]);
        // Never valid with the leaf.
        check(&[(2022, 2025), (2020, 2021)], &[2026, 2025]);
        check(&[(2030, 2020)], &[2026]);
    }

    #[test]
    fn a_hostile_chain_is_not_tried_for_ever() {
        let mut chain = vec![certificate("s", "i", 1950, 2020)];
        chain.extend((1950..2000).map(|from| certificate("s", "i", from, from + 1)));
        assert_eq!(moments(&chain, year(2026)).len(), MOMENTS_LIMIT);
    }

    #[test]
    fn a_path_follows_the_issuers() {
        let leaf = certificate("leaf", "Issuing", 2020, 2030);
        let elder = certificate("Issuing", "Root", 2020, 2024);
        let stray = certificate("Stray", "Root", 2020, 2024);
        let root = certificate("Root", "Root", 2020, 2030);
        let chain = [leaf, stray, elder, root];
        assert_eq!(issued_path(&chain, None), [0, 2, 3]);
        // Verified in 2026, when the elder was no longer valid: another took its part.
        assert_eq!(issued_path(&chain, Some(year(2026))), [0, 3]);
        assert_eq!(issued_path(&chain, Some(year(2023))), [0, 2, 3]);

        let looping = [certificate("a", "b", 2020, 2030), certificate("b", "a", 2020, 2030)];
        assert_eq!(issued_path(&looping, None), [0, 1]);
        assert_eq!(issued_path(&[], None), [0; 0]);
    }
}
