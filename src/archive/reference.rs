//! What lines refer to: written once, however many records share it, and shared again when read.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::v1::Fingerprint;
use super::{Defect, v1};
use crate::model::{Certificate, Lookup, NameError, Presented, Trust};

/// A reference to something that no earlier line holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    #[error("lookup {0} is referred to, but no earlier line holds it")]
    Lookup(u64),
    #[error("presented chain {0} is referred to, but no earlier line holds it")]
    Presented(u64),
    /// A revocation host that is neither a name nor an address.
    #[error(transparent)]
    Host(#[from] NameError),
    #[error("certificate {0} is referred to, but no earlier line holds it")]
    Certificate(String),
}

/// What the lines read so far hold.
#[derive(Default)]
pub(super) struct References {
    lookups: HashMap<u64, Arc<Lookup>>,
    presented: HashMap<u64, Presented>,
    certificates: HashMap<Fingerprint, Arc<Certificate>>,
    /// Chains are shared by content: two judgements of one chain hold the same certificates.
    chains: HashMap<Vec<[u8; 32]>, Arc<[Arc<Certificate>]>>,
}

impl References {
    pub(super) fn add_lookup(&mut self, number: u64, lookup: Arc<Lookup>) -> Result<(), Defect> {
        match self.lookups.insert(number, lookup) {
            None => Ok(()),
            Some(_) => Err(Defect::Twice { what: "lookup", number }),
        }
    }

    pub(super) fn add_presented(&mut self, presented: v1::Presented) -> Result<(), Defect> {
        let number = presented.number;
        let mut presented = presented.resolve(self)?;
        let chain = self.chains.entry(fingerprints(&presented)).or_insert(presented.chain);
        presented.chain = Arc::clone(chain);
        match self.presented.insert(number, presented) {
            None => Ok(()),
            Some(_) => Err(Defect::Twice { what: "presented chain", number }),
        }
    }

    /// The first line of a certificate counts: its bytes are the same in all.
    pub(super) fn add_certificate(&mut self, certificate: Certificate) {
        let key = Fingerprint(certificate.fingerprint);
        self.certificates.entry(key).or_insert_with(|| Arc::new(certificate));
    }

    pub(super) fn certificate(&self, sha256: &Fingerprint) -> Result<Arc<Certificate>, Unresolved> {
        let found = self.certificates.get(sha256).cloned();
        found.ok_or_else(|| Unresolved::Certificate(sha256.to_string()))
    }

    pub(super) fn lookup(&self, number: u64) -> Result<Arc<Lookup>, Unresolved> {
        self.lookups.get(&number).cloned().ok_or(Unresolved::Lookup(number))
    }

    pub(super) fn presented(&self, number: u64) -> Result<Presented, Unresolved> {
        self.presented.get(&number).cloned().ok_or(Unresolved::Presented(number))
    }
}

/// The numbers of what was written so far.
#[derive(Default)]
pub(super) struct Numbers {
    /// By address: the records being written keep their lookups alive.
    lookups: HashMap<*const Lookup, u64>,
    /// By content, so that the same chain is one line whoever read it.
    presented: HashMap<Vec<[u8; 32]>, Vec<NumberedTrust>>,
    n_presented: u64,
    certificates: HashSet<[u8; 32]>,
}

/// A chain's judgement and the number of the two together.
type NumberedTrust = (Arc<Trust>, u64);

impl Numbers {
    /// The number of `lookup`, and whether it is new.
    pub(super) fn add_lookup(&mut self, lookup: &Arc<Lookup>) -> (u64, bool) {
        let next = self.lookups.len() as u64;
        let number = *self.lookups.entry(Arc::as_ptr(lookup)).or_insert(next);
        (number, number == next)
    }

    /// The number of `presented`, if it is new.
    pub(super) fn add_presented(&mut self, presented: &Presented) -> Option<u64> {
        let judged = self.presented.entry(fingerprints(presented)).or_default();
        if judged.iter().any(|(trust, _)| *trust == presented.trust) {
            return None;
        }
        let number = self.n_presented;
        judged.push((Arc::clone(&presented.trust), number));
        self.n_presented += 1;
        Some(number)
    }

    /// Whether `certificate` is new.
    pub(super) fn add_certificate(&mut self, certificate: &Certificate) -> bool {
        self.certificates.insert(certificate.fingerprint)
    }

    /// The number that [`Self::add_presented`] gave.
    pub(super) fn presented(&self, presented: &Presented) -> u64 {
        self.presented
            .get(&fingerprints(presented))
            .and_then(|judged| judged.iter().find(|(trust, _)| *trust == presented.trust))
            .map(|(_, number)| *number)
            .expect("a trail's chains are added before the trail is written")
    }
}

fn fingerprints(presented: &Presented) -> Vec<[u8; 32]> {
    presented.chain.iter().map(|certificate| certificate.fingerprint).collect()
}
