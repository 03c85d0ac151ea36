//! An old ClientHello: TLS 1.1 and 1.0 alone (RFC 4346, RFC 2246), and how a server replies to it.
//! No handshake is ever completed with it; it only tells a server that speaks no newer version from
//! one that does not want this client.

use super::tls_record::{alert_name, fatal_alert};

/// The newest version it offers. Without the extension of RFC 8446 §4.2.1 a server may choose any
/// below it.
const TLS_1_1: u16 = 0x0302;
/// What old servers have: ephemeral and plain RSA with AES and 3DES, all of SHA-1, and that the
/// client knows of secure renegotiation (RFC 5746 §3.3).
const SUITES: [u16; 12] = [
    0xc009, 0xc00a, 0xc013, 0xc014, 0x0033, 0x0039, 0x002f, 0x0035, 0xc012, 0x0016, 0x000a, 0x00ff,
];
/// secp256r1, secp384r1, secp521r1 (RFC 8422 §5.1.1).
const GROUPS: [u16; 3] = [0x0017, 0x0018, 0x0019];

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

/// The record to send to a server named `name`; an address is not named (RFC 6066 §3).
#[must_use]
pub fn request(name: Option<&str>, random: &[u8; 32]) -> Vec<u8> {
    let mut hello = TLS_1_1.to_be_bytes().to_vec();
    hello.extend(random);
    // No session to resume.
    hello.push(0);
    hello.extend(sized(&numbers(&SUITES)));
    // One compression method: none.
    hello.extend([1, 0]);
    let mut extensions = Vec::new();
    if let Some(name) = name {
        let entry = [&[0][..], &sized(name.as_bytes())].concat();
        extensions.extend(extension(0, &sized(&entry)));
    }
    extensions.extend(extension(10, &sized(&numbers(&GROUPS))));
    // Points as they are.
    extensions.extend(extension(11, &[1, 0]));
    hello.extend(sized(&extensions));

    let length = u32::try_from(hello.len()).unwrap_or(u32::MAX).to_be_bytes();
    let handshake = [&[CLIENT_HELLO], &length[1..], &hello].concat();
    // The record's own version is the oldest, as RFC 8446 §5.1 has it for a first ClientHello.
    [&[HANDSHAKE, 3, 1][..], &sized(&handshake)].concat()
}

fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &sized(data)].concat()
}

fn numbers(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// The data with its length in front, two bytes. Everything here is short.
fn sized(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], data].concat()
}

/// How a server replied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OldHelloReply {
    /// Too few bytes have come to tell.
    Undecided,
    /// A ServerHello, with the version that it chooses.
    Chosen(u16),
    /// A fatal alert, by its name.
    Alert(String),
    /// The bytes are neither.
    Unreadable,
}

/// Reads the reply out of what has come.
#[must_use]
pub fn reply(bytes: &[u8]) -> OldHelloReply {
    match bytes {
        [HANDSHAKE, 3, _, _, _, SERVER_HELLO, _, _, _, major, minor, ..] => {
            OldHelloReply::Chosen(u16::from_be_bytes([*major, *minor]))
        }
        [HANDSHAKE, 3, _, _, _, kind, ..] if *kind != SERVER_HELLO => OldHelloReply::Unreadable,
        _ => match (fatal_alert(bytes), bytes.first()) {
            (Some(code), _) => OldHelloReply::Alert(alert_name(code)),
            (None, None | Some(21 | &HANDSHAKE)) if bytes.get(1).is_none_or(|byte| *byte == 3) => {
                OldHelloReply::Undecided
            }
            (None, _) => OldHelloReply::Unreadable,
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_server_reads_what_is_offered() {
        let bytes = request(Some("ams.servicebus.windows.net"), &[7; 32]);
        let mut acceptor = rustls::server::Acceptor::default();
        acceptor.read_tls(&mut &bytes[..]).unwrap();
        // A server of today reads it and misses what it needs: nothing is malformed.
        let error = acceptor.accept().err().map(|(error, _)| error);
        let peer = matches!(error, None | Some(rustls::Error::PeerIncompatible(_)));
        assert!(peer, "{error:?}");
        let name = b"ams.servicebus.windows.net";
        assert!(bytes.windows(name.len()).any(|window| window == name));
        assert_eq!(&bytes[9..11], [3, 2], "TLS 1.1 is the newest");
        assert_eq!(usize::from(u16::from_be_bytes([bytes[3], bytes[4]])), bytes.len() - 5);
        assert!(request(None, &[7; 32]).len() < bytes.len());
    }

    #[test]
    fn replies_are_told_apart() {
        let hello = [22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2, 7];
        for (bytes, expected) in [
            (&hello[..], OldHelloReply::Chosen(0x0302)),
            (&hello[..10], OldHelloReply::Undecided),
            (&[22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1], OldHelloReply::Chosen(0x0301)),
            (&[], OldHelloReply::Undecided),
            (&[21, 3, 1, 0, 2, 2], OldHelloReply::Undecided),
            (&[21, 3, 1, 0, 2, 2, 70], OldHelloReply::Alert("protocol_version".to_owned())),
            (&[21, 3, 1, 0, 2, 1, 0], OldHelloReply::Undecided),
            (b"HTTP/1.1 400 Bad Request", OldHelloReply::Unreadable),
            (&[22, 3, 1, 0, 4, 11, 0], OldHelloReply::Unreadable),
            (&[22, 2], OldHelloReply::Unreadable),
        ] {
            assert_eq!(reply(bytes), expected, "{bytes:02x?}");
        }
    }

    proptest! {
        #[test]
        fn a_reply_stands_whatever_follows(bytes in prop::collection::vec(any::<u8>(), 0..24)) {
            let whole = reply(&bytes);
            for end in 0..bytes.len() {
                let early = reply(&bytes[..end]);
                prop_assert!(early == OldHelloReply::Undecided || early == whole);
            }
        }
    }
}
