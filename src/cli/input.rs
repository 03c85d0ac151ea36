//! Files and standard input that options name, read up to a limit.

use std::io::{self, BufReader};
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::progress;
use crate::files;

/// The largest report or list of flows, bytes.
const LARGE_LIMIT: u64 = 512 << 20;

/// Makes sure that at most one option reads standard input.
#[derive(Debug, Default)]
pub(super) struct Stdin {
    taken_by: Option<&'static str>,
}

impl Stdin {
    /// Reads `path` whole as text, for `option`; `-` is standard input.
    ///
    /// # Errors
    /// The file cannot be read, is too large or is not text, or another option reads standard
    /// input.
    pub(super) fn read_text(&mut self, path: &Path, option: &'static str) -> Result<String> {
        let read = if path.as_os_str() == "-" {
            self.take(option)?;
            let bytes = files::read_from(io::stdin().lock(), files::SHORT);
            bytes.and_then(|bytes| Ok(files::decode(bytes)?))
        } else {
            files::read_text(path, files::SHORT)
        };
        read.with_context(|| cannot_read(option, path))
    }

    /// Opens `path` for reading its text line by line, for `option`; `-` is standard input.
    ///
    /// # Errors
    /// The file cannot be read, or another option reads standard input.
    pub(super) fn open(
        &mut self,
        path: &Path,
        option: &'static str,
    ) -> Result<Box<dyn io::BufRead + Send>> {
        let source: Box<dyn io::BufRead + Send> = if path.as_os_str() == "-" {
            self.take(option)?;
            Box::new(BufReader::new(io::stdin()))
        } else {
            let file = files::open(path).with_context(|| cannot_read(option, path))?;
            let length = file.metadata().map_or(0, |own| own.len());
            let source = BufReader::with_capacity(1 << 20, file);
            progress::counted(source, &path.display().to_string(), length)
        };
        files::text_source(source, LARGE_LIMIT).with_context(|| cannot_read(option, path))
    }

    /// Opens `path` for reading its bytes, for `option`; `-` is standard input.
    ///
    /// # Errors
    /// As [`Stdin::open`].
    pub(super) fn open_bytes(
        &mut self,
        path: &Path,
        option: &'static str,
    ) -> Result<Box<dyn io::Read>> {
        if path.as_os_str() == "-" {
            self.take(option)?;
            return Ok(Box::new(io::stdin()));
        }
        Ok(Box::new(files::open(path).with_context(|| cannot_read(option, path))?))
    }

    fn take(&mut self, option: &'static str) -> Result<()> {
        if let Some(first) = self.taken_by.replace(option) {
            bail!("both {first} and {option} read standard input ('-'): give one of them a file");
        }
        Ok(())
    }
}

fn cannot_read(option: &str, path: &Path) -> String {
    match path.as_os_str().to_str() {
        Some("-") => format!("{option}: cannot read standard input"),
        _ => format!("{option}: cannot read {}", path.display()),
    }
}

/// Reads what programs write, up to a million flows long.
///
/// # Errors
/// As [`Stdin::read_text`].
pub(super) fn read_large_text(
    stdin: &mut Stdin,
    path: &Path,
    option: &'static str,
) -> Result<String> {
    let source = stdin.open(path, option)?;
    let bytes = files::read_from(source, LARGE_LIMIT);
    let text = bytes.and_then(|bytes| Ok(files::decode(bytes)?));
    text.with_context(|| cannot_read(option, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_input_is_read_once() {
        let mut stdin = Stdin { taken_by: Some("--auth-key") };
        let error = stdin.read_text(Path::new("-"), "--service-urls").unwrap_err().to_string();
        assert!(error.contains("--auth-key") && error.contains("--service-urls"), "{error}");
    }
}
