//! How serde writes the fields for which it has no form of its own.

use std::fmt;

use data_encoding::{BASE64, Encoding, HEXLOWER_PERMISSIVE};
use serde::de::{self, Deserialize, Deserializer, Visitor};

/// A length of time in nanoseconds: nothing is lost, and 64 bits hold five centuries.
pub(crate) mod nanoseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn of(duration: Duration) -> u64 {
        u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
    }

    pub(crate) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(of(*duration))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_nanos)
    }
}

/// Bytes as base64 (RFC 4648 section 4).
pub(crate) mod base64 {
    use serde::{Deserializer, Serializer};

    use super::{BASE64, Encoded};

    pub(crate) fn serialize<S: Serializer>(
        bytes: &impl AsRef<[u8]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(bytes.as_ref()))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>, B: From<Vec<u8>>>(
        deserializer: D,
    ) -> Result<B, D::Error> {
        let expecting = "bytes as base64 with padding";
        deserializer.deserialize_str(Encoded { encoding: &BASE64, expecting }).map(B::from)
    }
}

/// A SHA-256 in hexadecimal.
pub(crate) mod hex {
    use serde::{Deserializer, Serializer, de};

    use super::{Encoded, HEXLOWER_PERMISSIVE};

    pub(crate) fn serialize<S: Serializer>(
        digest: &[u8; 32],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&HEXLOWER_PERMISSIVE.encode(digest))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<[u8; 32], D::Error> {
        let expecting = "the 64 hexadecimal digits of a SHA-256";
        let bytes =
            deserializer.deserialize_str(Encoded { encoding: &HEXLOWER_PERMISSIVE, expecting })?;
        <[u8; 32]>::try_from(&*bytes)
            .map_err(|_| de::Error::invalid_length(bytes.len() * 2, &expecting))
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

/// Reads a list into exactly as much memory as it needs. Records stay in memory by the hundred
/// thousand, and a list that grew while it was read has room for more.
pub(crate) fn fitted<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let mut items = Vec::deserialize(deserializer)?;
    items.shrink_to_fit();
    Ok(items)
}
