//! The certificates that a server presented, and how they were judged.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser};
use serde_json::value::RawValue;

/// Certificates, leaf first. Hundreds of thousands of endpoints show a few dozen chains, and
/// certificates are most of a report's bytes: clones share one chain, which is turned into JSON
/// once.
#[derive(Clone, Debug, Default)]
pub struct Chain<'a>(Arc<Shared<'a>>);

#[derive(Debug, Default)]
struct Shared<'a> {
    certificates: Vec<Certificate<'a>>,
    json: OnceLock<Box<RawValue>>,
}

impl<'a> FromIterator<Certificate<'a>> for Chain<'a> {
    fn from_iter<T: IntoIterator<Item = Certificate<'a>>>(certificates: T) -> Self {
        Self(Arc::new(Shared {
            certificates: certificates.into_iter().collect(),
            json: OnceLock::new(),
        }))
    }
}

impl<'a> Deref for Chain<'a> {
    type Target = [Certificate<'a>];

    fn deref(&self) -> &Self::Target {
        &self.0.certificates
    }
}

impl PartialEq for Chain<'_> {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

impl Serialize for Chain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Shared { certificates, json } = &*self.0;
        if json.get().is_none() {
            let rendered = serde_json::value::to_raw_value(certificates);
            // Another thread may have been quicker, with the same.
            let _ = json.set(rendered.map_err(ser::Error::custom)?);
        }
        json.get().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Chain<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}

/// A certificate of a chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Certificate<'a> {
    /// The subject's distinguished name.
    pub subject: Cow<'a, str>,
    /// The issuer's distinguished name.
    pub issuer: Cow<'a, str>,
    /// The SHA-256 of the certificate, hexadecimal.
    pub sha256: Cow<'a, str>,
    /// From when it holds, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Until when, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
    /// The subject alternative names.
    pub names: Cow<'a, [String]>,
}

/// Whether a chain leads to a root of each store, and whether its dates hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Trust<'a> {
    /// Under the public web roots.
    pub public: ChainTrust<'a>,
    /// Under the roots that this host trusts.
    pub host: ChainTrust<'a>,
    /// By the clock of this host.
    pub validity: Validity<'a>,
}

/// Whether a chain leads to a root of one store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ChainTrust<'a> {
    /// `trusted`, `unknown_issuer`, `invalid` or `not_judged`.
    pub outcome: Cow<'a, str>,
    /// Why it is invalid or was not judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'a, str>>,
}

/// Whether the dates of a chain hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Validity<'a> {
    /// `current`, `expired` or `not_yet_valid`.
    pub outcome: Cow<'a, str>,
    /// Whose date does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Cow<'a, str>>,
    /// When it expired, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
    /// From when it will hold, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
}
