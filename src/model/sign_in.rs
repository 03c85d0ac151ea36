//! A sign-in to a proxy by messages: NTLM and Negotiate sign in a connection, not a request.

use serde::{Deserialize, Serialize};

use super::obstacle::OsError;

/// A scheme whose sign-in takes messages on one connection (MS-NTHT; RFC 4559).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInScheme {
    Ntlm,
    Negotiate,
}

/// What the messages of a sign-in are made by. Negotiate carries either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInProtocol {
    Ntlm,
    Kerberos,
}

/// Whose account a sign-in is by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountSource {
    /// The user name and password that were given for the proxy.
    Given,
    /// The account that the program runs as, whose secret only the operating system holds.
    Process,
}

/// How far a sign-in came. None of its messages is kept: they prove the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    pub scheme: SignInScheme,
    /// What its messages were made by; `None` where none was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<SignInProtocol>,
    /// As `CONTOSO\anna`; empty where the operating system does not say.
    pub account: String,
    pub source: AccountSource,
    /// The service principal name that the messages are for (`HTTP/proxy.contoso.com`), where they
    /// are for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// How many messages were sent.
    pub messages: u32,
    /// How many of them the proxy answered with a challenge.
    pub challenges: u32,
    /// What this host's security package said in place of the next message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<OsError>,
}

impl SignInScheme {
    /// As it is written in header fields.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ntlm => "NTLM",
            Self::Negotiate => "Negotiate",
        }
    }

    /// The scheme of that name, whatever its case.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let all = [Self::Ntlm, Self::Negotiate];
        all.into_iter().find(|scheme| scheme.as_str().eq_ignore_ascii_case(name))
    }
}

impl SignInProtocol {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ntlm => "NTLM",
            Self::Kerberos => "Kerberos",
        }
    }

    /// What made a message: NTLM's bear a mark, also inside the envelope of Negotiate (MS-NLMP
    /// section 2.2.1).
    #[must_use]
    pub fn of_message(message: &[u8]) -> Self {
        const MARK: &[u8] = b"NTLMSSP\0";
        let is_ntlm = message.windows(MARK.len()).any(|bytes| bytes == MARK);
        if is_ntlm { Self::Ntlm } else { Self::Kerberos }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_made_a_message_is_told_by_its_mark() {
        for (message, expected) in [
            (&b"NTLMSSP\0\x01\0\0\0"[..], SignInProtocol::Ntlm),
            (b"\x60\x40\x06\x06NTLMSSP\0\x01", SignInProtocol::Ntlm),
            (b"\x60\x82\x06\x06", SignInProtocol::Kerberos),
            (b"", SignInProtocol::Kerberos),
        ] {
            assert_eq!(SignInProtocol::of_message(message), expected, "{message:?}");
        }
    }
}
