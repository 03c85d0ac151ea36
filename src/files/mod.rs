//! Files of this host, read up to a limit: what a user names may be the wrong file.
//!
//! Every file of text comes through [`read_text`] or, where its lines are read one by one,
//! [`text_source`]: both take it in any encoding that Windows writes.
#![expect(clippy::disallowed_types, reason = "this room reads files of the machine")]

mod text;

use std::fs::File;
use std::io::{self, BufRead, Cursor, Read};
use std::path::Path;

pub use text::{TextEncoding, TextError, decode, decode_lossy};

/// The most that is read of what people write, bytes: lists, keys, configurations, plans. Service
/// URLs of a large runtime are 20 KB.
pub const SHORT: u64 = 4 << 20;
/// The most that is read of what is published for programs, bytes: service tags, proxy scripts.
pub const LONG: u64 = 16 << 20;

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system did not give it.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is larger than any file that could be meant.
    #[error("larger than {} MiB: this is not the file that is meant", most >> 20)]
    TooLarge {
        /// The limit, bytes.
        most: u64,
    },
    /// It is not text.
    #[error(transparent)]
    NotText(#[from] TextError),
}

/// Reads a text file whole, up to `most` bytes: UTF-8 or UTF-16, with or without a byte order mark.
///
/// # Errors
/// As [`read_bytes`], and where it is not text.
pub fn read_text(path: &Path, most: u64) -> Result<String, FileError> {
    Ok(decode(read_bytes(path, most)?)?)
}

/// Reads a file whole that need not be text, up to `most` bytes.
///
/// # Errors
/// [`FileError`] where there is no such file, it is a folder, or it is too large.
pub fn read_bytes(path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
    read_from(open(path)?, most)
}

/// Reads a source to its end, up to `most` bytes.
///
/// # Errors
/// As [`read_bytes`].
pub fn read_from(source: impl Read, most: u64) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    source.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(FileError::TooLarge { most });
    }
    Ok(bytes)
}

/// Opens a file for reading.
///
/// # Errors
/// The system's, and one for a folder: Linux opens folders, and the first read then fails with a
/// less clear message.
pub fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::other("it is a folder, not a file"));
    }
    Ok(file)
}

/// A text as UTF-8 without a byte order mark, to be read line by line. What is UTF-8 is passed on
/// as it comes, and whoever reads the lines sees whether it is; UTF-16 is read whole, up to `most`
/// bytes.
///
/// # Errors
/// [`FileError`] where the source cannot be read, or its UTF-16 is too large or broken.
pub fn text_source<'s>(
    mut source: impl BufRead + Send + 's,
    most: u64,
) -> Result<Box<dyn BufRead + Send + 's>, FileError> {
    let mut begin = Vec::new();
    source.by_ref().take(text::TOLD_WITHIN as u64).read_to_end(&mut begin)?;
    let (encoding, mark) = TextEncoding::of(&begin);
    if encoding == TextEncoding::Utf8 {
        begin.drain(..mark);
        return Ok(Box::new(Cursor::new(begin).chain(source)));
    }
    let bytes = read_from(Cursor::new(begin).chain(source), most)?;
    Ok(Box::new(Cursor::new(decode(bytes)?)))
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[test]
    fn what_is_too_large_is_refused_and_not_kept() {
        let endless = io::repeat(b'x');
        let error = read_from(endless, LONG).unwrap_err().to_string();
        assert!(error.contains("16 MiB"), "{error}");
        assert_eq!(read_from(&b"abc"[..], 3).unwrap(), b"abc");
        assert!(matches!(read_from(&b"abc"[..], 2), Err(FileError::TooLarge { most: 2 })));
        let endless = BufReader::new(io::repeat(0).chain(io::empty()));
        let utf16 = Cursor::new(b"\xff\xfe").chain(endless);
        assert!(matches!(text_source(utf16, 64), Err(FileError::TooLarge { .. })));
    }

    /// However few bytes the source gives at a time.
    #[test]
    fn lines_come_as_utf8() {
        let read = |bytes: &[u8]| {
            let mut text = String::new();
            text_source(BufReader::with_capacity(1, bytes), 1 << 20)
                .unwrap()
                .read_to_string(&mut text)
                .map(|_| text)
        };
        let long = "é".repeat(2_000) + "\n";
        for text in ["", "a", "a\r\nb", &long] {
            let utf16 = |bytes: fn(u16) -> [u8; 2]| {
                let units = [0xfeff].into_iter().chain(text.encode_utf16());
                units.flat_map(bytes).collect::<Vec<u8>>()
            };
            let marked = format!("\u{feff}{text}");
            let forms = [utf16(u16::to_le_bytes), utf16(u16::to_be_bytes), marked.into()];
            for bytes in forms.into_iter().chain([text.into()]) {
                assert_eq!(read(&bytes).unwrap(), text);
            }
        }
        // Archives name the line of what is not UTF-8.
        assert!(read(b"a\n\xff").is_err());
        assert!(matches!(text_source(&b"\xff\xfea"[..], 9), Err(FileError::NotText(_))));
    }
}
