//! Lengths of time.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A length of time in milliseconds, to a tenth: networks are no steadier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Milliseconds {
    tenths: u64,
}

impl Milliseconds {
    /// As a number of milliseconds.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "exact up to 28,000 years")]
        let tenths = self.tenths as f64;
        tenths / 10.0
    }
}

impl From<Duration> for Milliseconds {
    fn from(duration: Duration) -> Self {
        let tenths = (duration.as_nanos() + 50_000) / 100_000;
        Self { tenths: u64::try_from(tenths).unwrap_or(u64::MAX) }
    }
}

impl Serialize for Milliseconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.tenths.is_multiple_of(10) {
            return serializer.serialize_u64(self.tenths / 10);
        }
        serializer.serialize_f64(self.as_f64())
    }
}

impl<'de> Deserialize<'de> for Milliseconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        let tenths = match (number.as_u64(), number.as_f64()) {
            (Some(whole), _) => whole.saturating_mul(10),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "less than nothing becomes nothing, and too long the longest"
            )]
            (None, fraction) => (fraction.unwrap_or_default() * 10.0).round() as u64,
        };
        Ok(Self { tenths })
    }
}
