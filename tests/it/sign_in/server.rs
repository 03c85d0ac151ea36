//! The server's side of NTLM, as far as a proxy on loopback needs it: it checks a response by
//! computing it anew, from the specification and not from the program.

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use md4::{Digest, Md4};
use md5::Md5;

const NONCE: [u8; 8] = *b"\x13\x57\x9b\xdf\x02\x46\x8a\xce";
const TIME: [u8; 8] = *b"\x00\x80\x3e\xd5\xde\xb1\x9d\x01";

/// What a request shows in `Proxy-Authorization`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Nothing,
    /// A scheme, and the message that stands behind it.
    Message(String, Vec<u8>),
}

pub(super) fn shown(request: &[u8]) -> Shown {
    let text = String::from_utf8_lossy(request);
    let field = text.lines().find_map(|line| line.strip_prefix("Proxy-Authorization: "));
    let Some((scheme, token)) = field.and_then(|field| field.split_once(' ')) else {
        return Shown::Nothing;
    };
    Shown::Message(scheme.to_owned(), BASE64.decode(token.as_bytes()).expect("Base64"))
}

/// Whether a message of NTLM is of this kind: 1 is the first, 3 the last.
pub(super) fn is_ntlm(message: &[u8], kind: u8) -> bool {
    message.starts_with(b"NTLMSSP\0") && message[8..12] == [kind, 0, 0, 0]
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn attribute(id: u8, value: &[u8]) -> Vec<u8> {
    [&[id, 0, u8::try_from(value.len()).unwrap(), 0], value].concat()
}

/// A challenge of a host in CONTOSO, as Windows and Samba write it: Unicode, extended session
/// security, with the names of the domain and the host, and with the time.
pub(super) fn challenge() -> Vec<u8> {
    let attributes = [
        attribute(2, &utf16("CONTOSO")),
        attribute(1, &utf16("PROXY01")),
        attribute(7, &TIME),
        attribute(0, &[]),
    ]
    .concat();
    let length = u16::try_from(attributes.len()).unwrap().to_le_bytes();
    [
        b"NTLMSSP\0\x02\0\0\0\0\0\0\0\x38\0\0\0",
        &0xa089_8205_u32.to_le_bytes()[..],
        &NONCE,
        &[0; 8],
        &length,
        &length,
        &56_u32.to_le_bytes(),
        &[0; 8],
        &attributes,
    ]
    .concat()
}

/// A part of a message, by where its length stands.
fn part(message: &[u8], field: usize) -> &[u8] {
    let number = |at: usize| usize::from(u16::from_le_bytes([message[at], message[at + 1]]));
    let start = number(field + 4);
    &message[start..start + number(field)]
}

fn mac(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Md5>::new_from_slice(key).unwrap();
    mac.update(bytes);
    mac.finalize().into_bytes().to_vec()
}

/// Whether the last message proves this account's password, and is whole.
pub(super) fn proves(
    first: &[u8],
    last: &[u8],
    (domain, user, password): (&str, &str, &str),
) -> bool {
    let name = [utf16(&user.to_uppercase()), utf16(domain)].concat();
    let key = mac(&Md4::digest(utf16(password)), &name);
    let (proof, rest) = part(last, 20).split_at(16);
    let expected = mac(&key, &[&NONCE[..], rest].concat());
    let session_key = mac(&key, proof);
    let mut without_code = last.to_vec();
    without_code[72..88].fill(0);
    let code = mac(&session_key, &[first, &challenge(), &without_code].concat());
    part(last, 28) == utf16(domain)
        && part(last, 36) == utf16(user)
        && proof == expected
        && rest[8..16] == TIME
        && last[72..88] == code
}
