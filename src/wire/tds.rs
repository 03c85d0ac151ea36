//! SQL Server's pre-login exchange (MS-TDS 2.2.6.5): the first thing a client says, and what only
//! SQL Server answers.

use crate::model::TdsAnswer;

/// Packet header, bytes (MS-TDS 2.2.3.1).
const HEADER: usize = 8;
/// The packet size before one is negotiated (MS-TDS 2.2.3.1.3).
const PACKET_LIMIT: usize = 4096;
/// Packet type of a pre-login.
const TYPE_PRELOGIN: u8 = 0x12;
/// Packet type of every answer.
const TYPE_RESPONSE: u8 = 0x04;
/// Status bit: the last packet of the message.
const END_OF_MESSAGE: u8 = 0x01;

const TOKEN_VERSION: u8 = 0x00;
const TOKEN_ENCRYPTION: u8 = 0x01;
const TOKEN_INSTANCE: u8 = 0x02;
const TOKEN_THREAD_ID: u8 = 0x03;
const TOKEN_MARS: u8 = 0x04;
const TERMINATOR: u8 = 0xff;

/// What the bytes received so far are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerRead {
    /// Nothing against an answer, but not whole yet.
    Partial,
    /// An answer of SQL Server.
    Done(TdsAnswer),
    /// The bytes are not an answer of SQL Server.
    NotTds,
}

/// The pre-login packet, as a client sends it.
#[must_use]
pub fn prelogin() -> Vec<u8> {
    let options: [(u8, &[u8]); 5] = [
        // A client's version is informative; encryption off asks for nothing, and the server says
        // what it insists on; an empty instance name; no thread id; no multiple result sets.
        (TOKEN_VERSION, &[0; 6]),
        (TOKEN_ENCRYPTION, &[0]),
        (TOKEN_INSTANCE, &[0]),
        (TOKEN_THREAD_ID, &[0; 4]),
        (TOKEN_MARS, &[0]),
    ];
    let table = options.len() * 5 + 1;
    let data = options.iter().map(|(_, value)| value.len()).sum::<usize>();

    let mut packet = Vec::with_capacity(HEADER + table + data);
    packet.extend([TYPE_PRELOGIN, END_OF_MESSAGE]);
    packet.extend(short(HEADER + table + data));
    // Channel, packet number, window.
    packet.extend([0, 0, 1, 0]);
    let mut offset = table;
    for (token, value) in options {
        packet.push(token);
        packet.extend(short(offset));
        packet.extend(short(value.len()));
        offset += value.len();
    }
    packet.push(TERMINATOR);
    for (_, value) in options {
        packet.extend(value);
    }
    packet
}

/// Reads an answer out of what has come. Both VERSION and ENCRYPTION stand in every server's
/// answer (MS-TDS 2.2.6.5), so bytes without them are none.
#[must_use]
pub fn read_answer(bytes: &[u8]) -> AnswerRead {
    match bytes {
        [] => return AnswerRead::Partial,
        [TYPE_RESPONSE, ..] => {}
        _ => return AnswerRead::NotTds,
    }
    let Some(length) = be_u16(bytes, 2) else { return AnswerRead::Partial };
    if !(HEADER + 1..=PACKET_LIMIT).contains(&length) {
        return AnswerRead::NotTds;
    }
    let Some(payload) = bytes.get(HEADER..length) else { return AnswerRead::Partial };
    let version = option(payload, TOKEN_VERSION);
    let encryption = option(payload, TOKEN_ENCRYPTION);
    match (version, encryption) {
        (Some([major, minor, high, low, ..]), Some([encryption, ..])) => {
            let build = u16::from_be_bytes([*high, *low]);
            let version = format!("{major}.{minor}.{build}");
            AnswerRead::Done(TdsAnswer { version, encryption: *encryption })
        }
        _ => AnswerRead::NotTds,
    }
}

/// The value of option `wanted`, where the table has it within the payload.
fn option(payload: &[u8], wanted: u8) -> Option<&[u8]> {
    let mut rows = payload.chunks(5);
    loop {
        match rows.next()? {
            [TERMINATOR, ..] => return None,
            [token, offset_high, offset_low, length_high, length_low] if *token == wanted => {
                let start = usize::from(u16::from_be_bytes([*offset_high, *offset_low]));
                let length = usize::from(u16::from_be_bytes([*length_high, *length_low]));
                return payload.get(start..start + length);
            }
            _ => {}
        }
    }
}

fn be_u16(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at..at + 2)? {
        [high, low] => Some(usize::from(u16::from_be_bytes([*high, *low]))),
        _ => None,
    }
}

/// Two bytes, big-endian. Everything measured here is shorter than a packet.
fn short(length: usize) -> [u8; 2] {
    debug_assert!(length <= PACKET_LIMIT);
    u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An answer as SQL Server 2022 gives it: 16.0.1000, encryption required.
    const ANSWER: &[u8] = &[
        0x04, 0x01, 0x00, 0x2b, 0x00, 0x00, 0x01, 0x00, // header, 43 bytes
        0x00, 0x00, 0x1a, 0x00, 0x06, // VERSION at 26
        0x01, 0x00, 0x20, 0x00, 0x01, // ENCRYPTION at 32
        0x02, 0x00, 0x21, 0x00, 0x01, // INSTOPT at 33
        0x03, 0x00, 0x22, 0x00, 0x00, // THREADID, empty
        0x04, 0x00, 0x22, 0x00, 0x01, // MARS at 34
        0xff, 0x10, 0x00, 0x03, 0xe8, 0x00, 0x00, 0x03, 0x00, 0x00,
    ];

    #[test]
    fn an_answer_is_read_when_it_is_whole() {
        let expected = TdsAnswer { version: "16.0.1000".to_owned(), encryption: 3 };
        assert_eq!(read_answer(ANSWER), AnswerRead::Done(expected));
        for end in 0..ANSWER.len() {
            assert_eq!(read_answer(&ANSWER[..end]), AnswerRead::Partial, "{end}");
        }
    }

    #[test]
    fn other_bytes_are_no_answer() {
        let mut beyond = ANSWER.to_vec();
        beyond[10] = 0xff;
        let mut unversioned = ANSWER.to_vec();
        unversioned[8] = 0x05;
        let mut tiny = ANSWER.to_vec();
        tiny[3] = 0x08;
        for (what, bytes) in [
            ("HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice()),
            ("a login's echo", &prelogin()),
            ("a value outside the packet", &beyond),
            ("no VERSION", &unversioned),
            ("no payload", &tiny),
            ("a packet beyond the limit", &[0x04, 0x01, 0xff, 0xff, 0, 0, 0, 0]),
        ] {
            assert_eq!(read_answer(bytes), AnswerRead::NotTds, "{what}");
        }
    }

    #[test]
    fn a_prelogin_is_a_message_a_server_can_read() {
        let packet = prelogin();
        assert_eq!(packet[..2], [TYPE_PRELOGIN, END_OF_MESSAGE]);
        assert_eq!(be_u16(&packet, 2), Some(packet.len()));
        let payload = &packet[HEADER..];
        for (token, length) in [(0, 6), (1, 1), (2, 1), (3, 4), (4, 1)] {
            assert_eq!(option(payload, token).map(<[u8]>::len), Some(length), "token {token}");
        }
        assert_eq!(option(payload, 5), None);
    }

    proptest! {
        #[test]
        fn arbitrary_answers_are_read_without_panic(
            mut bytes in prop::collection::vec(any::<u8>(), 0..96),
            is_response: bool,
        ) {
            if let (true, [kind, _, high, ..]) = (is_response, bytes.as_mut_slice()) {
                (*kind, *high) = (TYPE_RESPONSE, 0);
            }
            let read = read_answer(&bytes);
            if bytes.first().is_some_and(|kind| *kind != TYPE_RESPONSE) {
                prop_assert_eq!(read, AnswerRead::NotTds);
            }
        }
    }
}
