//! NTLM with a user name and a password, without the operating system's help.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::SecurityContext;
use crate::model::OsError;
use crate::route::Credentials;
use crate::wire::ntlm::{NtlmAccount, NtlmFreshness, authenticate, negotiate};

/// From 1601, which Windows counts from, to 1970.
const UNIX_EPOCH_OF_WINDOWS: Duration = Duration::from_hours(3_234_576);
/// `SEC_E_INVALID_TOKEN`, which SSPI says of the same.
const INVALID_TOKEN: i32 = 0x8009_0308_u32.cast_signed();

/// A sign-in whose messages are made here.
pub(super) struct OwnNtlm {
    credentials: Credentials,
    negotiate: Vec<u8>,
}

impl OwnNtlm {
    pub(super) fn new(credentials: &Credentials) -> Self {
        Self { credentials: credentials.clone(), negotiate: negotiate() }
    }
}

impl fmt::Debug for OwnNtlm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnNtlm").finish_non_exhaustive()
    }
}

impl SecurityContext for OwnNtlm {
    fn account(&self) -> String {
        self.credentials.user().to_owned()
    }

    fn target(&self) -> Option<String> {
        None
    }

    fn next(&mut self, challenge: Option<&[u8]>) -> Result<Vec<u8>, OsError> {
        let Some(challenge) = challenge else { return Ok(self.negotiate.clone()) };
        let mut nonce = [0; 8];
        // A nonce that is not random makes the response easier to guess at, for whoever listens.
        getrandom::fill(&mut nonce).map_err(|error| OsError {
            code: error.raw_os_error().unwrap_or_default(),
            symbol: error.to_string(),
        })?;
        let account = NtlmAccount::of(self.credentials.user(), self.credentials.password());
        let fresh = NtlmFreshness { nonce, filetime: filetime() };
        authenticate(&self.negotiate, challenge, account, fresh)
            .map_err(|_| OsError { code: INVALID_TOKEN, symbol: "SEC_E_INVALID_TOKEN".to_owned() })
    }
}

/// Now, in units of 100 ns since 1601.
fn filetime() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let units = (since_1970 + UNIX_EPOCH_OF_WINDOWS).as_nanos() / 100;
    u64::try_from(units).unwrap_or_default()
}
