//! Certificates as presented, and how far they are trusted.

use std::sync::Arc;

use jiff::Timestamp;

/// One X.509 certificate (RFC 5280), read once and shared by every handshake that presents it.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The bytes.
    pub der: Arc<[u8]>,
    /// SHA-256 of the bytes.
    pub fingerprint: [u8; 32],
    /// The subject's distinguished name, as x509 tools print it.
    pub subject: String,
    /// The issuer's distinguished name.
    pub issuer: String,
    /// Subject alternative names: DNS names as written, addresses as text.
    pub names: Vec<String>,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// CRL and OCSP URLs.
    pub revocation: Vec<String>,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.subject)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

impl Certificate {
    /// The fingerprint in hexadecimal, as browsers and `openssl` print it without colons.
    #[must_use]
    pub fn fingerprint_hex(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        self.fingerprint
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .map(|nibble| char::from(DIGITS[usize::from(nibble)]))
            .collect()
    }
}

/// A chain as the far end presented it, leaf first, and how it was judged afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    /// Leaf first; empty where the far end sent none.
    pub chain: Arc<[Arc<Certificate>]>,
    /// What was made of it.
    pub trust: Arc<Trust>,
}

/// How a chain was judged, for any name: the name and `required` are diagnosis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// Against the public web roots.
    pub public: ChainTrust,
    /// Against what this host trusts (its store, and `--ca-file`).
    pub host: ChainTrust,
    /// Its dates at the time of the handshake.
    pub validity: Validity,
}

/// Whether a chain leads to a trusted root, dates apart (it is judged at a time at which the
/// presented certificates are valid, so that an expired leaf of a foreign CA stays foreign).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainTrust {
    /// It does.
    Trusted,
    /// It leads to no trusted root.
    UnknownIssuer,
    /// A defect of the chain itself: a bad signature, a CA that may not sign, a revoked leaf.
    Invalid {
        /// The verifier's words.
        reason: String,
    },
    /// It could not be judged (the host's store cannot be read).
    NotJudged {
        /// Why.
        reason: String,
    },
}

/// The dates of a chain at the time of the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validity {
    /// All within.
    Current,
    /// One has ended.
    Expired {
        /// Whose.
        subject: String,
        /// When it ended.
        not_after: Timestamp,
    },
    /// One has not begun.
    NotYet {
        /// Whose.
        subject: String,
        /// When it begins.
        not_before: Timestamp,
    },
}
