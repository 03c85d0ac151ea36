//! Bytes of a file as text: UTF-8 or UTF-16, with or without a byte order mark.
//!
//! Windows `PowerShell` 5.1 writes UTF-16 with `>`, and UTF-8 with a mark with `Out-File -Encoding
//! utf8`; other programs leave the mark out.

use std::fmt;

/// How much of a text without a mark is looked at to tell its encoding, bytes.
pub(super) const TOLD_WITHIN: usize = 512;

/// Bytes that are no text, and the first place where they are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextError {
    /// The encoding that the file begins with.
    pub encoding: TextEncoding,
    /// The offset in the file of what cannot be read, a mark included.
    pub offset: usize,
    /// Its line, from 1.
    pub line: usize,
}

/// An encoding in which a text may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextEncoding {
    Utf8,
    Utf16Little,
    Utf16Big,
}

impl TextEncoding {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Little => "UTF-16 (LE)",
            Self::Utf16Big => "UTF-16 (BE)",
        }
    }

    /// The encoding of a text that begins with these bytes, and the length of its mark.
    ///
    /// Without a mark every other byte of the files that are read here is zero in UTF-16, since
    /// their keywords, names and numbers are ASCII, and none is in UTF-8.
    pub(super) fn of(begin: &[u8]) -> (Self, usize) {
        match begin {
            [0xff, 0xfe, ..] => return (Self::Utf16Little, 2),
            [0xfe, 0xff, ..] => return (Self::Utf16Big, 2),
            [0xef, 0xbb, 0xbf, ..] => return (Self::Utf8, 3),
            _ => {}
        }
        let (pairs, _) = begin[..begin.len().min(TOLD_WITHIN)].as_chunks::<2>();
        let zeros = |at: usize| pairs.iter().filter(|pair| pair[at] == 0).count();
        let (front, back) = (zeros(0), zeros(1));
        let is_most = |zeros: usize| zeros > 0 && zeros * 2 >= pairs.len();
        match () {
            () if is_most(back) && back > front => (Self::Utf16Little, 0),
            () if is_most(front) && front > back => (Self::Utf16Big, 0),
            () => (Self::Utf8, 0),
        }
    }
}

/// The place and what to do; what the file holds may be secret, and is not repeated.
impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { encoding, offset, line } = self;
        write!(
            f,
            "byte {offset}, in line {line}, is not {}: save the file as ",
            encoding.as_str()
        )?;
        f.write_str(match encoding {
            TextEncoding::Utf8 => "UTF-8 or UTF-16",
            TextEncoding::Utf16Little | TextEncoding::Utf16Big => "UTF-8",
        })
    }
}

impl std::error::Error for TextError {}

/// The text that bytes are, without its byte order mark.
///
/// # Errors
/// [`TextError`] names the first byte that does not fit the encoding.
pub fn decode(mut bytes: Vec<u8>) -> Result<String, TextError> {
    let (encoding, mark) = TextEncoding::of(&bytes);
    if encoding == TextEncoding::Utf8 {
        bytes.drain(..mark);
        return String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..at].split(|byte| *byte == b'\n').count();
            TextError { encoding, offset: mark + at, line }
        });
    }
    let (pairs, rest) = bytes[mark..].as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len() / 2);
    let mut offset = mark;
    let broken =
        |offset, text: &str| TextError { encoding, offset, line: 1 + text.matches('\n').count() };
    for character in char::decode_utf16(pairs.iter().map(|pair| unit(encoding, *pair))) {
        let Ok(character) = character else { return Err(broken(offset, &text)) };
        offset += 2 * character.len_utf16();
        text.push(character);
    }
    if rest.is_empty() { Ok(text) } else { Err(broken(offset, &text)) }
}

/// The same for texts of which a part is enough, such as logs in the code page of a console: what
/// cannot be read becomes U+FFFD.
#[must_use]
pub fn decode_lossy(bytes: &[u8]) -> String {
    let (encoding, mark) = TextEncoding::of(bytes);
    if encoding == TextEncoding::Utf8 {
        return String::from_utf8_lossy(&bytes[mark..]).into_owned();
    }
    let (pairs, _) = bytes[mark..].as_chunks::<2>();
    char::decode_utf16(pairs.iter().map(|pair| unit(encoding, *pair)))
        .map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

fn unit(encoding: TextEncoding, pair: [u8; 2]) -> u16 {
    match encoding {
        TextEncoding::Utf16Big => u16::from_be_bytes(pair),
        TextEncoding::Utf16Little | TextEncoding::Utf8 => u16::from_le_bytes(pair),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_are_read_in_every_encoding() {
        for (bytes, expected) in [
            (&b"r\xc3\xa9"[..], "ré"),
            (b"", ""),
            (b"\xef\xbb\xbfr\xc3\xa9", "ré"),
            (b"\xff\xfer\0\xe9\0", "ré"),
            (b"\xfe\xff\0r\0\xe9", "ré"),
            (b"\xff\xfe\x3d\xd8\x00\xde", "\u{1f600}"),
            (b"\xff\xfe", ""),
            (b"r\0\xe9\0", "ré"),
            (b"\0r\0\xe9", "ré"),
            // A zero here and there is no UTF-16.
            (b"a\0bcdefgh", "a\0bcdefgh"),
        ] {
            assert_eq!(decode(bytes.to_vec()).as_deref(), Ok(expected), "{bytes:02x?}");
            assert_eq!(decode_lossy(bytes), expected, "{bytes:02x?}");
        }
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_place() {
        use TextEncoding::{Utf8, Utf16Big, Utf16Little};
        for (bytes, encoding, offset, line, lossy) in [
            (&b"ab\xe9c"[..], Utf8, 2, 1, "ab\u{fffd}c"),
            (b"\xef\xbb\xbfa\n\xff", Utf8, 5, 2, "a\n\u{fffd}"),
            (b"\xff\xfer\0\0", Utf16Little, 4, 1, "r"),
            (b"\xff\xfe\n\0\x3d\xd8x\0", Utf16Little, 4, 2, "\n\u{fffd}x"),
            (b"\xfe\xff\0a\xdc\x00", Utf16Big, 4, 1, "a\u{fffd}"),
        ] {
            let error = TextError { encoding, offset, line };
            assert_eq!(decode(bytes.to_vec()), Err(error), "{bytes:02x?}");
            assert_eq!(decode_lossy(bytes), lossy, "{bytes:02x?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = (decode(bytes.clone()), decode_lossy(&bytes));
        }

        #[test]
        fn what_is_mostly_ascii_is_read_in_every_encoding(text in "[ -~\n]{1,600}é?") {
            let utf16 = |mark: &[u16], bytes: fn(u16) -> [u8; 2]| {
                let units = mark.iter().copied().chain(text.encode_utf16());
                units.flat_map(bytes).collect::<Vec<u8>>()
            };
            for bytes in [
                text.clone().into_bytes(),
                format!("\u{feff}{text}").into_bytes(),
                utf16(&[0xfeff], u16::to_le_bytes),
                utf16(&[0xfeff], u16::to_be_bytes),
                utf16(&[], u16::to_le_bytes),
                utf16(&[], u16::to_be_bytes),
            ] {
                prop_assert_eq!(decode(bytes), Ok(text.clone()));
            }
        }
    }
}
