//! Certificates, each once, and the chains they were presented in, each once.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use data_encoding::{BASE64, Encoding, HEXLOWER_PERMISSIVE};
use jiff::Timestamp;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::super::reference::{References, Unresolved};
use super::{borrow_all, own_all};
use crate::model;

/// One certificate. Chains refer to it by its fingerprint.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename = "certificate")]
pub(crate) struct Certificate<'a> {
    pub(crate) sha256: Fingerprint,
    subject: Cow<'a, str>,
    issuer: Cow<'a, str>,
    names: Vec<Cow<'a, str>>,
    not_before: Timestamp,
    not_after: Timestamp,
    revocation: Vec<Cow<'a, str>>,
    pub(crate) der: Bytes,
}

impl<'a> From<&'a model::Certificate> for Certificate<'a> {
    fn from(certificate: &'a model::Certificate) -> Self {
        Self {
            sha256: Fingerprint(certificate.fingerprint),
            subject: (&*certificate.subject).into(),
            issuer: (&*certificate.issuer).into(),
            names: borrow_all(&certificate.names),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            revocation: borrow_all(&certificate.revocation),
            der: Bytes(certificate.der.to_vec()),
        }
    }
}

impl From<Certificate<'_>> for model::Certificate {
    fn from(certificate: Certificate<'_>) -> Self {
        Self {
            der: Arc::from(certificate.der.0),
            fingerprint: certificate.sha256.0,
            subject: certificate.subject.into_owned(),
            issuer: certificate.issuer.into_owned(),
            names: own_all(certificate.names),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            revocation: own_all(certificate.revocation),
        }
    }
}

/// A chain as it was shown, leaf first, and how it was judged. Trails refer to it by its number.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename = "presented")]
pub(crate) struct Presented<'a> {
    pub(crate) number: u64,
    chain: Vec<Fingerprint>,
    trust: Trust<'a>,
}

impl<'a> Presented<'a> {
    pub(crate) fn new(number: u64, presented: &'a model::Presented) -> Self {
        Self {
            number,
            chain: presented.chain.iter().map(|link| Fingerprint(link.fingerprint)).collect(),
            trust: (&*presented.trust).into(),
        }
    }

    pub(crate) fn resolve(self, references: &References) -> Result<model::Presented, Unresolved> {
        let chain = self.chain.iter().map(|sha256| references.certificate(sha256));
        Ok(model::Presented {
            chain: chain.collect::<Result<_, _>>()?,
            trust: Arc::new(self.trust.into()),
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Trust<'a> {
    public: ChainTrust<'a>,
    host: ChainTrust<'a>,
    validity: Validity<'a>,
}

impl<'a> From<&'a model::Trust> for Trust<'a> {
    fn from(trust: &'a model::Trust) -> Self {
        Self {
            public: (&trust.public).into(),
            host: (&trust.host).into(),
            validity: (&trust.validity).into(),
        }
    }
}

impl From<Trust<'_>> for model::Trust {
    fn from(trust: Trust<'_>) -> Self {
        Self {
            public: trust.public.into(),
            host: trust.host.into(),
            validity: trust.validity.into(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ChainTrust<'a> {
    Trusted,
    UnknownIssuer,
    Invalid { reason: Cow<'a, str> },
    NotJudged { reason: Cow<'a, str> },
}

impl<'a> From<&'a model::ChainTrust> for ChainTrust<'a> {
    fn from(trust: &'a model::ChainTrust) -> Self {
        match trust {
            model::ChainTrust::Trusted => Self::Trusted,
            model::ChainTrust::UnknownIssuer => Self::UnknownIssuer,
            model::ChainTrust::Invalid { reason } => Self::Invalid { reason: (&**reason).into() },
            model::ChainTrust::NotJudged { reason } => {
                Self::NotJudged { reason: (&**reason).into() }
            }
        }
    }
}

impl From<ChainTrust<'_>> for model::ChainTrust {
    fn from(trust: ChainTrust<'_>) -> Self {
        match trust {
            ChainTrust::Trusted => Self::Trusted,
            ChainTrust::UnknownIssuer => Self::UnknownIssuer,
            ChainTrust::Invalid { reason } => Self::Invalid { reason: reason.into_owned() },
            ChainTrust::NotJudged { reason } => Self::NotJudged { reason: reason.into_owned() },
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Validity<'a> {
    Current,
    Expired { subject: Cow<'a, str>, not_after: Timestamp },
    NotYet { subject: Cow<'a, str>, not_before: Timestamp },
}

impl<'a> From<&'a model::Validity> for Validity<'a> {
    fn from(validity: &'a model::Validity) -> Self {
        match validity {
            model::Validity::Current => Self::Current,
            model::Validity::Expired { subject, not_after } => {
                Self::Expired { subject: (&**subject).into(), not_after: *not_after }
            }
            model::Validity::NotYet { subject, not_before } => {
                Self::NotYet { subject: (&**subject).into(), not_before: *not_before }
            }
        }
    }
}

impl From<Validity<'_>> for model::Validity {
    fn from(validity: Validity<'_>) -> Self {
        match validity {
            Validity::Current => Self::Current,
            Validity::Expired { subject, not_after } => {
                Self::Expired { subject: subject.into_owned(), not_after }
            }
            Validity::NotYet { subject, not_before } => {
                Self::NotYet { subject: subject.into_owned(), not_before }
            }
        }
    }
}

/// The SHA-256 of a certificate, in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint(pub(crate) [u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER_PERMISSIVE.encode(&self.0))
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expecting = "the 64 hexadecimal digits of a SHA-256";
        let bytes =
            deserializer.deserialize_str(Encoded { encoding: &HEXLOWER_PERMISSIVE, expecting })?;
        <[u8; 32]>::try_from(&*bytes)
            .map(Self)
            .map_err(|_| de::Error::invalid_length(bytes.len() * 2, &expecting))
    }
}

/// Bytes as base64 (RFC 4648 §4).
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expecting = "bytes as base64 with padding";
        deserializer.deserialize_str(Encoded { encoding: &BASE64, expecting }).map(Self)
    }
}

struct Encoded<'e> {
    encoding: &'e Encoding,
    expecting: &'static str,
}

impl Visitor<'_> for Encoded<'_> {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<u8>, E> {
        self.encoding
            .decode(text.as_bytes())
            .map_err(|error| E::custom(format_args!("{error}, expected {}", self.expecting)))
    }
}
