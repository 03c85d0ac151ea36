//! Text as Windows writes it.

/// The bytes of a text as UTF-8 without a byte order mark: Windows `PowerShell` 5.1 writes UTF-16
/// with `>`, and UTF-8 with a mark with `Out-File -Encoding utf8`. What has no mark is given back
/// as it is, whatever it is.
#[must_use]
pub fn as_utf8(bytes: Vec<u8>) -> Vec<u8> {
    match &*bytes {
        [0xff, 0xfe, rest @ ..] => of_utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => of_utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => rest.to_vec(),
        _ => bytes,
    }
}

/// Half a character becomes U+FFFD: whoever reads the text finds it where it stands.
fn of_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Vec<u8> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    let broken = (!rest.is_empty()).then_some(char::REPLACEMENT_CHARACTER);
    let text: String = char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .chain(broken)
        .collect();
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_say_what_a_text_is() {
        for (bytes, expected) in [
            (&b"r\xc3\xa9"[..], "ré".as_bytes()),
            (b"\xef\xbb\xbfr\xc3\xa9", "ré".as_bytes()),
            (b"\xff\xfer\0\xe9\0", "ré".as_bytes()),
            (b"\xfe\xff\0r\0\xe9", "ré".as_bytes()),
            (b"\xff\xfe\x00\xd8a\0b", "\u{fffd}a\u{fffd}".as_bytes()),
            // DER and other bytes stay.
            (b"0\x82\x01\xff\xfe", b"0\x82\x01\xff\xfe"),
            (b"", b""),
        ] {
            assert_eq!(as_utf8(bytes.to_vec()), expected, "{bytes:02x?}");
        }
    }
}
