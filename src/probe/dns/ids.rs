//! Ids that nobody can guess (RFC 5452 §9.1).

use crate::model::{DnsFailure, OsError};

/// Random ids, drawn from the system in batches.
pub(super) struct Ids {
    bytes: [u8; 256],
    next: usize,
}

impl Default for Ids {
    fn default() -> Self {
        Self { bytes: [0; 256], next: 256 }
    }
}

impl Ids {
    pub(super) fn next(&mut self) -> Result<u16, DnsFailure> {
        if self.next == self.bytes.len() {
            getrandom::fill(&mut self.bytes).map_err(no_random_bytes)?;
            self.next = 0;
        }
        let id = u16::from_be_bytes([self.bytes[self.next], self.bytes[self.next + 1]]);
        self.next += 2;
        Ok(id)
    }
}

/// One id, for a question that has a connection to itself.
pub(super) fn random_id() -> Result<u16, DnsFailure> {
    let mut bytes = [0; 2];
    getrandom::fill(&mut bytes).map_err(no_random_bytes)?;
    Ok(u16::from_be_bytes(bytes))
}

/// A question that can be forged is not asked.
fn no_random_bytes(error: getrandom::Error) -> DnsFailure {
    let symbol = format!("no random bytes: {error}");
    DnsFailure::System(OsError { code: error.raw_os_error().unwrap_or(0), symbol })
}
