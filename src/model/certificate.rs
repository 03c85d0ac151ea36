//! Certificates as presented, and how far they are trusted.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

use super::name::Host;

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

impl Presented {
    /// Whether the chain proves the far end to be `host`, to anyone.
    #[must_use]
    pub fn proves(&self, host: &Host) -> bool {
        self.chain.first().is_some_and(|leaf| proves(&self.trust.public, &leaf.names, host))
    }
}

/// Whether a chain proves the far end to be `host`, to anyone: a public root and the name. Dates
/// apart: who holds the key of an expired certificate is still the host. `names` are the subject
/// alternative names of the leaf, as [`Certificate::names`] has them; the one rule for what was
/// recorded and for what a saved report tells.
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
