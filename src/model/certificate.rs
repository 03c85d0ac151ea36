//! Certificates as presented, and how far they are trusted.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::name::Host;
use super::serial;

/// One X.509 certificate (RFC 5280), read once and shared by every handshake that presents it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// SHA-256 of [`Self::der`].
    #[serde(rename = "sha256", with = "serial::hex")]
    pub fingerprint: [u8; 32],
    /// The subject's distinguished name, as x509 tools print it.
    pub subject: String,
    /// The issuer's distinguished name.
    pub issuer: String,
    /// Subject alternative names: DNS names as written, addresses as text.
    pub names: Vec<String>,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// CRL and OCSP URLs.
    pub revocation: Vec<String>,
    /// The bytes of the certificate; none where it was redacted, which leaves facts alone.
    #[serde(default, skip_serializing_if = "is_empty", with = "serial::base64")]
    pub der: Arc<[u8]>,
}

fn is_empty(der: &Arc<[u8]>) -> bool {
    der.is_empty()
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

impl Presented {
    /// Whether the chain proves the far end to be `host`, to anyone.
    #[must_use]
    pub fn proves(&self, host: &Host) -> bool {
        self.chain.first().is_some_and(|leaf| proves(&self.trust.public, &leaf.names, host))
    }
}

/// Whether a chain proves the far end to be `host`, to anyone: it leads to a public root and is for
/// the name. Dates do not count: who holds the key of an expired certificate is still the host.
/// `names` are the subject alternative names of the leaf, as [`Certificate::names`] has them. This
/// is the one rule for records and for saved reports.
#[must_use]
pub fn proves(public: &ChainTrust, names: &[String], host: &Host) -> bool {
    *public == ChainTrust::Trusted && certifies(names, host)
}

/// Whether a certificate with these subject alternative names is for `host` (RFC 9525 section 6):
/// a wildcard stands for one whole leftmost label, the common name counts for nothing.
#[must_use]
pub fn certifies(names: &[String], host: &Host) -> bool {
    match host {
        Host::Address(address) => {
            names.iter().any(|name| name.parse::<IpAddr>().is_ok_and(|name| name == *address))
        }
        Host::Name(host) => names.iter().any(|name| covers(name, host.as_str())),
    }
}

fn covers(presented: &str, host: &str) -> bool {
    let presented = presented.strip_suffix('.').unwrap_or(presented);
    match presented.strip_prefix("*.") {
        // Like web browsers: a wildcard stands before at least two labels.
        Some(parent) => {
            parent.contains('.')
                && host.split_once('.').is_some_and(|(label, rest)| {
                    !label.is_empty() && rest.eq_ignore_ascii_case(parent)
                })
        }
        None => presented.eq_ignore_ascii_case(host),
    }
}

/// How a chain was judged. Whether it is for the right name is left to diagnosis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    /// Against the public web roots.
    pub public: ChainTrust,
    /// Against what this host trusts (its store, and `--ca-file`).
    pub host: ChainTrust,
    /// Its dates at the time of the handshake.
    pub validity: Validity,
}

/// Whether a chain leads to a trusted root. Its dates do not count: it is judged at a time at which
/// the presented certificates are valid, so that an expired leaf of a foreign CA stays foreign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChainTrust {
    /// The chain leads to a trusted root.
    Trusted,
    /// It leads to no trusted root.
    UnknownIssuer,
    /// A defect of the chain itself: a bad signature, a CA that may not sign, a revoked leaf.
    Invalid {
        /// The verifier's own words.
        reason: String,
    },
    /// It could not be judged (the host's store cannot be read).
    NotJudged { reason: String },
}

/// The dates of a chain at the time of the handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Validity {
    /// Every certificate of the chain is valid.
    Current,
    /// The validity of one certificate has ended.
    Expired {
        /// The certificate's subject.
        subject: String,
        not_after: Timestamp,
    },
    /// One has not begun.
    NotYet {
        /// The certificate's subject.
        subject: String,
        not_before: Timestamp,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_one_leftmost_label() {
        for (presented, host, expected) in [
            ("*.servicebus.windows.net", "ams.servicebus.windows.net", true),
            ("*.SERVICEBUS.windows.net.", "ams.servicebus.windows.net", true),
            ("*.servicebus.windows.net", "a.b.servicebus.windows.net", false),
            ("*.servicebus.windows.net", "servicebus.windows.net", false),
            ("ams.servicebus.windows.net", "ams.servicebus.windows.net", true),
            ("am*.servicebus.windows.net", "ams.servicebus.windows.net", false),
            ("a.*.windows.net", "a.servicebus.windows.net", false),
            ("*.net", "windows.net", false),
            ("*", "localhost", false),
            ("localhost", "localhost", true),
        ] {
            assert_eq!(covers(presented, host), expected, "{presented} for {host}");
        }
    }
}
