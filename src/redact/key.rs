//! The key of a redaction: placeholders follow from it and from what they stand for.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// From what placeholders are made. HMAC-SHA256 under it cannot be turned back by whoever has the
/// redacted text alone.
#[derive(Clone)]
pub struct RedactionKey {
    mac: Hmac<Sha256>,
    is_shared: bool,
}

impl RedactionKey {
    /// The key that several runs and hosts share (`--redact-key`): the same original gets the same
    /// placeholder in all of them, so placeholders are named by digits of their HMAC.
    #[must_use]
    pub fn shared(secret: &[u8]) -> Self {
        Self { mac: of(secret), is_shared: true }
    }

    /// A key for one run: placeholders are counted from 1. `secret` must be random and is kept
    /// nowhere, as stand-ins for addresses follow from it.
    #[must_use]
    pub fn of_run(secret: &[u8; 32]) -> Self {
        Self { mac: of(secret), is_shared: false }
    }

    pub(super) const fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// What follows from `parts`, which are told apart by their lengths, for one purpose.
    pub(super) fn digest(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.mac.clone();
        for part in [purpose.as_bytes()].iter().chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// A MAC under `secret`, of which every length will do.
fn of(secret: &[u8]) -> Hmac<Sha256> {
    match Hmac::new_from_slice(secret) {
        Ok(mac) => mac,
        Err(error) => unreachable!("HMAC takes keys of every length: {error}"),
    }
}

impl fmt::Debug for RedactionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedactionKey").field("is_shared", &self.is_shared).finish_non_exhaustive()
    }
}
