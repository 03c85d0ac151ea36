//! Files of this host, read whole and only up to a limit: what a user names may be the wrong file.
#![expect(clippy::disallowed_types, reason = "this room reads files of the machine")]

mod text;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

pub use text::as_utf8;

/// The largest text file that is read whole, bytes. Service URLs of a large runtime are 20 KB.
const TEXT_LIMIT: u64 = 16 << 20;

/// Why a file could not be read whole.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system did not give it.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is larger than any file that could be meant.
    #[error("larger than {} MiB: this is not the file that is meant", TEXT_LIMIT >> 20)]
    TooLarge,
}

/// Reads a file whole; 16 MiB is the most.
///
/// # Errors
/// [`FileError`] where there is no such file, it is a folder, or it is too large.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    read_from(open(path)?)
}

/// Reads a text file whole, as UTF-8 without a byte order mark ([`as_utf8`]).
///
/// # Errors
/// As [`read`].
pub fn read_text(path: &Path) -> Result<Vec<u8>, FileError> {
    read(path).map(as_utf8)
}

/// Reads a source to its end; 16 MiB is the most.
///
/// # Errors
/// As [`read`].
pub fn read_from(source: impl Read) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    source.take(TEXT_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > TEXT_LIMIT {
        return Err(FileError::TooLarge);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_is_refused_and_not_kept() {
        let endless = io::repeat(b'x');
        let error = read_from(endless).unwrap_err().to_string();
        assert!(error.contains("16 MiB"), "{error}");
        assert_eq!(read_from(&b"abc"[..]).unwrap(), b"abc");
    }
}
