//! Certificates, each once, and the chains they were presented in, each once.

use std::fmt;
use std::sync::Arc;

use data_encoding::HEXLOWER_PERMISSIVE;
use serde::{Deserialize, Serialize};

use super::super::reference::{References, Unresolved};
use crate::model::{self, Trust, serial};

/// One certificate. Chains refer to it by its fingerprint.
#[derive(Serialize)]
#[serde(tag = "type", rename = "certificate")]
pub(crate) struct Certificate<'a> {
    #[serde(flatten)]
    pub(crate) certificate: &'a model::Certificate,
}

/// A chain as it was shown, leaf first, and how it was judged. Trails refer to it by its number.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename = "presented")]
pub(crate) struct Presented {
    pub(crate) number: u64,
    chain: Vec<Fingerprint>,
    trust: Arc<Trust>,
}

impl Presented {
    pub(crate) fn new(number: u64, presented: &model::Presented) -> Self {
        Self {
            number,
            chain: presented.chain.iter().map(|link| Fingerprint(link.fingerprint)).collect(),
            trust: Arc::clone(&presented.trust),
        }
    }

    pub(crate) fn resolve(self, references: &References) -> Result<model::Presented, Unresolved> {
        let chain = self.chain.iter().map(|sha256| references.certificate(sha256));
        Ok(model::Presented { chain: chain.collect::<Result<_, _>>()?, trust: self.trust })
    }
}

/// The SHA-256 of a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Fingerprint(#[serde(with = "serial::hex")] pub(crate) [u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER_PERMISSIVE.encode(&self.0))
    }
}
