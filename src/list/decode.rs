//! Decodes the bytes of a file.

/// The reason why bytes are no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The file is longer than [`super::MAX_INPUT_BYTES`].
    #[error(
        "larger than {} MiB, the most that is read of a list, rules, a plan or a key: this is not the \
         file that is meant",
        super::limits::MAX_INPUT_BYTES >> 20
    )]
    TooLarge,
    /// The text is not UTF-8, and has no byte order mark of UTF-16.
    #[error(
        "byte {offset} is not UTF-8 (0x{byte:02x}): save the file as UTF-8, or as UTF-16 with a \
         byte order mark"
    )]
    NotUtf8 { offset: usize, byte: u8 },
    /// The text has a byte order mark of UTF-16, but is not UTF-16.
    #[error(
        "byte {offset} is not UTF-16, though the byte order mark says so: save the file as UTF-8"
    )]
    NotUtf16 {
        /// The offset in the file, counting the byte order mark.
        offset: usize,
    },
}

/// Decodes UTF-8 with or without a byte order mark, or UTF-16 with one, which Windows PowerShell
/// writes into redirected files.
///
/// # Errors
/// [`DecodeError`] with the offset of the first byte that is neither.
pub fn decode(bytes: &[u8]) -> Result<String, DecodeError> {
    if bytes.len() > super::limits::MAX_INPUT_BYTES {
        return Err(DecodeError::TooLarge);
    }
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest, 3),
        _ => utf8(bytes, 0),
    }
}

fn utf8(bytes: &[u8], before: usize) -> Result<String, DecodeError> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|error| {
        let at = error.valid_up_to();
        DecodeError::NotUtf8 { offset: before + at, byte: bytes[at] }
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, DecodeError> {
    const MARK: usize = 2;
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len());
    let mut offset = MARK;
    for character in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        let character = character.map_err(|_| DecodeError::NotUtf16 { offset })?;
        offset += 2 * character.len_utf16();
        text.push(character);
    }
    if rest.is_empty() { Ok(text) } else { Err(DecodeError::NotUtf16 { offset }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_by_their_mark() {
        for (bytes, expected) in [
            (&b"relay"[..], Ok("relay")),
            (b"", Ok("")),
            (b"\xef\xbb\xbfrelay", Ok("relay")),
            (b"\xff\xfer\0\xe9\0", Ok("ré")),
            (b"\xfe\xff\0r\0\xe9", Ok("ré")),
            (b"\xff\xfe\x3d\xd8\x00\xde", Ok("\u{1f600}")),
            (b"ab\xe9c", Err(DecodeError::NotUtf8 { offset: 2, byte: 0xe9 })),
            (b"\xef\xbb\xbfa\xff", Err(DecodeError::NotUtf8 { offset: 4, byte: 0xff })),
            (b"\xff\xfer\0\0", Err(DecodeError::NotUtf16 { offset: 4 })),
            (b"\xff\xfer\0\x3d\xd8x\0", Err(DecodeError::NotUtf16 { offset: 4 })),
        ] {
            assert_eq!(decode(bytes), expected.map(str::to_owned), "{bytes:02x?}");
        }
    }

    #[test]
    fn what_is_too_large_is_refused_unread() {
        let bytes = vec![0xff; crate::list::MAX_INPUT_BYTES + 1];
        assert_eq!(decode(&bytes), Err(DecodeError::TooLarge));
    }
}
