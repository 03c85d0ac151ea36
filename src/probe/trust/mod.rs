//! How far a chain is trusted: by the public web roots, by this host, and until when.
//!
//! A chain is judged after the handshake and never inside it: the platform's verifier may ask the
//! network for revocation on Windows, which would be measured as the far end's slowness.

mod certificate;
mod path;
mod pem;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, TrustAnchor};
use sha2::{Digest, Sha256};

use self::path::{HostStore, Verified, issued_path, moments, verify};
pub use self::pem::{TrustError, is_der, read_der, read_pem};
use crate::model::{Certificate, ChainTrust, Presented, Trust, Validity};

/// Roots of Azure's services that the public web roots no longer hold (`roots/README.md`).
const AZURE_ROOTS: [(&str, &str); 2] = [
    ("digicert_global_root_ca.pem", include_str!("roots/digicert_global_root_ca.pem")),
    ("baltimore_cybertrust_root.pem", include_str!("roots/baltimore_cybertrust_root.pem")),
];

/// Judges chains. Equal chains are read and verified once, however many endpoints present them:
/// what is remembered lives as long as the judge.
#[derive(Debug)]
pub struct ChainJudge {
    public: Vec<TrustAnchor<'static>>,
    host: HostStore,
    certificates: ByFingerprint<Arc<Certificate>>,
    chains: ByFingerprint<Arc<OnceLock<JudgedChain>>>,
}

/// What is known of bytes, by their SHA-256.
type ByFingerprint<V> = Mutex<HashMap<[u8; 32], V>>;

/// What is known of a chain, whatever the time.
#[derive(Debug)]
struct JudgedChain {
    chain: Arc<[Arc<Certificate>]>,
    /// The certificates whose dates count, leaf first.
    path: Vec<Arc<Certificate>>,
    /// The trust while all of these are within their dates.
    trust: Arc<Trust>,
    vouched: Option<Vouched>,
}

/// Whose roots a chain leads to: who vouches for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Voucher {
    /// The public web roots do, whatever this host trusts besides.
    PublicRoots,
    /// The roots of this host alone do.
    HostRoots,
}

/// The presented certificates that a root vouches for: a far end may send any others along.
#[derive(Clone, Debug)]
pub struct Vouched {
    /// Who vouches for them.
    pub by: Voucher,
    /// Those on the verified path, leaf first. Where the platform's verifier does not tell its
    /// path, the leaf alone is known to be on it.
    pub certificates: Vec<Arc<Certificate>>,
}

impl ChainJudge {
    /// A judge by `public_roots` (by default the embedded public web roots), and by this host's
    /// store with `extra` added to it. The host's store is read here, which takes some
    /// milliseconds; where it cannot be read, chains are [`ChainTrust::NotJudged`] for the host.
    ///
    /// # Errors
    /// [`TrustError::NotACertificate`] where a root cannot be read.
    pub fn new(
        public_roots: Option<Vec<CertificateDer<'static>>>,
        extra: Vec<CertificateDer<'static>>,
    ) -> Result<Self, TrustError> {
        let public = match public_roots {
            Some(roots) => pem::anchors(&roots, "the public roots given")?,
            None => embedded_roots()?,
        };
        Ok(Self::of(public, HostStore::open(extra)?))
    }

    /// A judge on a stage: the public web roots are `public_roots`, and the host trusts
    /// `host_roots`. This host's own store is not read, and its verifier, which may ask the network
    /// on Windows, is not used.
    ///
    /// # Errors
    /// [`TrustError::NotACertificate`] where a root cannot be read.
    pub fn on_stage(
        public_roots: &[CertificateDer<'static>],
        host_roots: Vec<CertificateDer<'static>>,
    ) -> Result<Self, TrustError> {
        let public = pem::anchors(public_roots, "the staged public roots")?;
        Ok(Self::of(public, HostStore::of(host_roots)?))
    }

    fn of(public: Vec<TrustAnchor<'static>>, host: HostStore) -> Self {
        Self {
            public,
            host,
            certificates: ByFingerprint::default(),
            chains: ByFingerprint::default(),
        }
    }

    /// Judges a chain as presented, leaf first, at `now`. Blocks for as long as the platform's
    /// verifier does: milliseconds on Linux, on Windows up to its revocation time-out.
    #[must_use]
    pub fn judge(&self, chain: &[CertificateDer<'_>], now: Timestamp) -> Presented {
        let slot = remembered(&self.chains, chain_key(chain), Arc::default);
        // Handshakes that see the same chain for the first time wait here for one verification.
        let judged = slot.get_or_init(|| self.judge_anew(chain, now));
        let trust = match validity(&judged.path, now) {
            Validity::Current => Arc::clone(&judged.trust),
            validity => Arc::new(Trust { validity, ..Trust::clone(&judged.trust) }),
        };
        Presented { chain: Arc::clone(&judged.chain), trust }
    }

    /// The verified certificates of a chain that this judge has judged; `None` where it was not
    /// verified.
    #[must_use]
    pub fn vouched(&self, presented: &Presented) -> Option<Vouched> {
        let ders: Vec<_> =
            presented.chain.iter().map(|one| CertificateDer::from_slice(&one.der)).collect();
        let slot = remembered(&self.chains, chain_key(&ders), Arc::default);
        slot.get()?.vouched.clone()
    }

    fn judge_anew(&self, ders: &[CertificateDer<'_>], now: Timestamp) -> JudgedChain {
        let chain: Arc<[Arc<Certificate>]> = ders.iter().map(|der| self.read(der)).collect();
        let moments = moments(&chain, now);
        let public = verify(&self.public, ders, &moments);
        let host = self.host.verify(ders, &chain, &moments);
        let path = path_of(&chain, &public, &host);
        let vouched = vouched_of(&chain, &public, &host);
        let trust = Trust { public: public.trust, host: host.trust, validity: Validity::Current };
        JudgedChain { chain, path, trust: Arc::new(trust), vouched }
    }

    /// Intermediates are shared by many chains: each is read once.
    fn read(&self, der: &CertificateDer<'_>) -> Arc<Certificate> {
        let fingerprint = Sha256::digest(der).into();
        remembered(&self.certificates, fingerprint, || {
            Arc::new(certificate::read(der, fingerprint))
        })
    }
}

/// The certificates whose dates count: those of the path that was verified, else those that name
/// each other as issuer. An expired certificate that was sent along and not used does not count.
fn path_of(
    chain: &[Arc<Certificate>],
    public: &Verified,
    host: &Verified,
) -> Vec<Arc<Certificate>> {
    let verified = [public, host].into_iter().find_map(|verified| verified.path.clone());
    let indices = verified.unwrap_or_else(|| issued_path(chain, host.at));
    indices.into_iter().filter_map(|index| chain.get(index).cloned()).collect()
}

fn vouched_of(chain: &[Arc<Certificate>], public: &Verified, host: &Verified) -> Option<Vouched> {
    let (by, verified) = if public.trust == ChainTrust::Trusted {
        (Voucher::PublicRoots, public)
    } else if host.trust == ChainTrust::Trusted {
        (Voucher::HostRoots, host)
    } else {
        return None;
    };
    let indices = verified.path.as_deref().unwrap_or(&[0]);
    let certificates = indices.iter().filter_map(|index| chain.get(*index).cloned()).collect();
    Some(Vouched { by, certificates })
}

/// The dates of a path at `now`, the leaf's before the others'.
fn validity(path: &[Arc<Certificate>], now: Timestamp) -> Validity {
    for certificate in path {
        let subject = || certificate.subject.clone();
        if now > certificate.not_after {
            return Validity::Expired { subject: subject(), not_after: certificate.not_after };
        }
        if now < certificate.not_before {
            return Validity::NotYet { subject: subject(), not_before: certificate.not_before };
        }
    }
    Validity::Current
}

fn embedded_roots() -> Result<Vec<TrustAnchor<'static>>, TrustError> {
    let mut anchors = webpki_roots::TLS_SERVER_ROOTS.to_vec();
    for (name, text) in AZURE_ROOTS {
        anchors.extend(pem::anchors(&read_pem(text, name)?, name)?);
    }
    Ok(anchors)
}

/// Lengths are part of the key, so that no two chains share one by the way they are cut.
fn chain_key(chain: &[CertificateDer<'_>]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for der in chain {
        hash.update(der.len().to_be_bytes());
        hash.update(der);
    }
    hash.finalize().into()
}

fn remembered<K: Eq + Hash, V: Clone>(
    memory: &Mutex<HashMap<K, V>>,
    key: K,
    make: impl FnOnce() -> V,
) -> V {
    // A panic elsewhere cannot leave a map half written: an entry is there or it is not.
    let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
    memory.entry(key).or_insert_with(make).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_roots_include_azures_older_ones() {
        let anchors = embedded_roots().unwrap();
        assert_eq!(anchors.len(), webpki_roots::TLS_SERVER_ROOTS.len() + AZURE_ROOTS.len());
        // As `roots/README.md` has them from the source.
        let fingerprints = [
            "4348a0e9444c78cb265e058d5e8944b4d84f9662bd26db257f8934a443c70161",
            "16af57a9f676b0ab126095aa5ebadef22ab31119d644ac95cd4b93dbf3f26aeb",
        ];
        for ((name, text), expected) in AZURE_ROOTS.into_iter().zip(fingerprints) {
            let root = read_pem(text, name).unwrap();
            let fingerprint = Sha256::digest(&root[0]).into();
            let certificate = certificate::read(&root[0], fingerprint);
            assert_eq!(certificate.fingerprint_hex(), expected, "{name}");
            let anchor = webpki::anchor_from_trusted_cert(&root[0]).unwrap();
            assert!(anchors.iter().any(|known| known.subject == anchor.subject), "{name}");
        }
    }
}
