//! The three messages of NTLM (MS-NLMP section 2.2.1), as a client with a user name and a password
//! sends them: `NTLMv2` alone, and nothing signed or sealed, which HTTP has no use for. Where they
//! stand in a request is for [`super::connect`].

mod hash;

use hash::{hmac_md5, response_key, utf16};

const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";

/// Flags of messages (MS-NLMP section 2.2.2.5).
mod flag {
    pub(super) const UNICODE: u32 = 0x0000_0001;
    pub(super) const OEM: u32 = 0x0000_0002;
    pub(super) const REQUEST_TARGET: u32 = 0x0000_0004;
    pub(super) const NTLM: u32 = 0x0000_0200;
    pub(super) const ALWAYS_SIGN: u32 = 0x0000_8000;
    pub(super) const EXTENDED_SESSION_SECURITY: u32 = 0x0008_0000;
    /// The server's alone: its attributes are in its message.
    pub(super) const TARGET_INFO: u32 = 0x0080_0000;
    pub(super) const KEY_128: u32 = 0x2000_0000;
    pub(super) const KEY_56: u32 = 0x8000_0000;
    /// What is offered.
    pub(super) const ALL: u32 = UNICODE
        | OEM
        | REQUEST_TARGET
        | NTLM
        | ALWAYS_SIGN
        | EXTENDED_SESSION_SECURITY
        | KEY_128
        | KEY_56;
}

/// What a server says of itself in its challenge (MS-NLMP section 2.2.2.1).
mod attribute {
    pub(super) const END: u16 = 0;
    pub(super) const FLAGS: u16 = 6;
    pub(super) const TIMESTAMP: u16 = 7;
    /// In the flags: the last message holds an integrity code.
    pub(super) const HAS_INTEGRITY_CODE: u32 = 2;
}

/// Whose password it is. Nothing of it is ever printed.
#[derive(Clone, Copy)]
pub struct NtlmAccount<'a> {
    /// Empty where the user name stands alone or holds an `@`.
    pub domain: &'a str,
    pub user: &'a str,
    pub password: &'a str,
}

/// What makes a response new each time.
#[derive(Clone, Copy, Debug)]
pub struct NtlmFreshness {
    /// Random bytes, new for each message.
    pub nonce: [u8; 8],
    /// The time in units of 100 ns since 1601, for servers that do not say theirs.
    pub filetime: u64,
}

/// The bytes are no challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are no challenge of NTLM")]
pub struct NotAChallenge;

impl<'a> NtlmAccount<'a> {
    /// `DOMAIN\user`, `user@domain` or `user`, with its password.
    #[must_use]
    pub fn of(login: &'a str, password: &'a str) -> Self {
        let (domain, user) = login.split_once('\\').unwrap_or(("", login));
        Self { domain, user, password }
    }
}

/// The first message: what the client can do, and nothing of who it is.
#[must_use]
pub fn negotiate() -> Vec<u8> {
    let mut message = [&SIGNATURE[..], &1_u32.to_le_bytes(), &flag::ALL.to_le_bytes()].concat();
    // No domain and no workstation are named.
    message.extend([0; 16]);
    message
}

/// The last message: the proof that whoever sends it knows the password. `negotiate` is the first
/// message and `challenge` the server's, as they were sent.
///
/// # Errors
/// [`NotAChallenge`] where the server sent anything else.
pub fn authenticate(
    negotiate: &[u8],
    challenge: &[u8],
    account: NtlmAccount<'_>,
    fresh: NtlmFreshness,
) -> Result<Vec<u8>, NotAChallenge> {
    let server = Challenge::read(challenge).ok_or(NotAChallenge)?;
    let NtlmAccount { domain, user, password } = account;
    let key = response_key(user, domain, password);
    let has_integrity_code = server.timestamp.is_some();

    let time = server.timestamp.unwrap_or_else(|| fresh.filetime.to_le_bytes());
    let proven = [
        &[1, 1, 0, 0, 0, 0, 0, 0][..],
        &time,
        &fresh.nonce,
        &[0; 4],
        &server.attributes(has_integrity_code),
        &[0; 4],
    ]
    .concat();
    let proof = hmac_md5(&key, &[&server.nonce, &proven]);
    let response = [&proof[..], &proven].concat();
    // Where the server says the time, the older response is not given (section 3.1.5.1.2).
    let older_response = if has_integrity_code {
        vec![0; 24]
    } else {
        [&hmac_md5(&key, &[&server.nonce, &fresh.nonce])[..], &fresh.nonce].concat()
    };

    let is_unicode = server.flags & flag::UNICODE != 0;
    let text = |text: &str| if is_unicode { utf16(text) } else { text.as_bytes().to_vec() };
    let other_text = if is_unicode { flag::OEM } else { flag::UNICODE };
    let flags = server.flags & flag::ALL & !other_text;
    let parts = [older_response, response, text(domain), text(user), Vec::new(), Vec::new()];
    let message = |code: Option<[u8; 16]>| last_message(&parts, flags, code);
    if !has_integrity_code {
        return message(None).ok_or(NotAChallenge);
    }
    let without_code = message(Some([0; 16])).ok_or(NotAChallenge)?;
    let session_key = hmac_md5(&key, &[&proof]);
    let code = hmac_md5(&session_key, &[negotiate, challenge, &without_code]);
    message(Some(code)).ok_or(NotAChallenge)
}

/// The last message with these parts: the responses, domain, user, workstation and session key.
/// `None` where a part is longer than the message can say.
fn last_message(parts: &[Vec<u8>; 6], flags: u32, code: Option<[u8; 16]>) -> Option<Vec<u8>> {
    const HEAD: usize = 64;
    // The code stands behind a version that is not told.
    let code = code.map(|code| [&[0; 8][..], &code].concat()).unwrap_or_default();
    let mut message = [&SIGNATURE[..], &3_u32.to_le_bytes()].concat();
    let mut offset = u32::try_from(HEAD + code.len()).ok()?;
    for part in parts {
        let length = u16::try_from(part.len()).ok()?;
        message.extend(length.to_le_bytes());
        message.extend(length.to_le_bytes());
        message.extend(offset.to_le_bytes());
        offset += u32::from(length);
    }
    message.extend(flags.to_le_bytes());
    message.extend(code);
    message.extend(parts.concat());
    Some(message)
}

/// A server's message.
struct Challenge<'a> {
    flags: u32,
    nonce: [u8; 8],
    /// Its attributes, without their end.
    attributes: Vec<(u16, &'a [u8])>,
    timestamp: Option<[u8; 8]>,
}

impl<'a> Challenge<'a> {
    fn read(message: &'a [u8]) -> Option<Self> {
        if !message.starts_with(SIGNATURE) || u32_at(message, 8)? != 2 {
            return None;
        }
        let flags = u32_at(message, 20)?;
        let nonce = message.get(24..32)?.try_into().ok()?;
        // Old servers end here, leave the field empty, or have other things there: the flag tells
        // (section 2.2.1.2).
        let has_attributes = flags & flag::TARGET_INFO != 0;
        let attributes = match (u16_at(message, 40), u32_at(message, 44)) {
            (Some(length @ 1..), Some(offset)) if has_attributes => {
                let start = usize::try_from(offset).ok()?;
                let bytes = message.get(start..start.checked_add(usize::from(length))?)?;
                read_attributes(bytes)?
            }
            _ => Vec::new(),
        };
        let timestamp = attributes.iter().find_map(|(id, value)| {
            (*id == attribute::TIMESTAMP).then_some(*value)?.try_into().ok()
        });
        Some(Self { flags, nonce, attributes, timestamp })
    }

    /// The attributes as they are sent back, with their end.
    fn attributes(&self, has_integrity_code: bool) -> Vec<u8> {
        let mut sent = Vec::new();
        let mut flags = 0;
        for (id, value) in &self.attributes {
            match (*id, u32_at(value, 0)) {
                (attribute::FLAGS, Some(given)) if has_integrity_code => flags = given,
                _ => write_attribute(&mut sent, *id, value),
            }
        }
        if has_integrity_code {
            let flags = (flags | attribute::HAS_INTEGRITY_CODE).to_le_bytes();
            write_attribute(&mut sent, attribute::FLAGS, &flags);
        }
        write_attribute(&mut sent, attribute::END, &[]);
        sent
    }
}

fn read_attributes(mut bytes: &[u8]) -> Option<Vec<(u16, &[u8])>> {
    let mut attributes = Vec::new();
    loop {
        let (id, length) = (u16_at(bytes, 0)?, usize::from(u16_at(bytes, 2)?));
        if id == attribute::END {
            return Some(attributes);
        }
        let value = bytes.get(4..4 + length)?;
        attributes.push((id, value));
        bytes = &bytes[4 + length..];
    }
}

fn write_attribute(message: &mut Vec<u8>, id: u16, value: &[u8]) {
    // Values come from a message whose lengths are of 16 bits, or are four bytes.
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    message.extend(id.to_le_bytes());
    message.extend(length.to_le_bytes());
    message.extend(value);
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests;
