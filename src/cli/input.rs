//! Files and standard input that options name, read up to a limit.

use std::io::{self, BufRead as _, BufReader, Cursor, Read};
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::progress;
use crate::{files, list};

/// The largest report or list of flows, bytes.
const LARGE_LIMIT: u64 = 512 << 20;

/// Makes sure that at most one option reads standard input.
#[derive(Debug, Default)]
pub(super) struct Stdin {
    taken_by: Option<&'static str>,
}

impl Stdin {
    /// Reads `path` whole, for `option`; `-` is standard input.
    ///
    /// # Errors
    /// The file cannot be read or is too large, or another option reads standard input.
    pub(super) fn read(&mut self, path: &Path, option: &'static str) -> Result<Vec<u8>> {
        if path.as_os_str() != "-" {
            return files::read(path)
                .with_context(|| format!("{option}: cannot read {}", path.display()));
        }
        self.take(option)?;
        files::read_from(io::stdin().lock())
            .with_context(|| format!("{option}: cannot read standard input"))
    }

    /// Opens `path` for reading line by line, for `option`; `-` is standard input.
    ///
    /// # Errors
    /// The file cannot be read, or another option reads standard input.
    pub(super) fn open(
        &mut self,
        path: &Path,
        option: &'static str,
    ) -> Result<Box<dyn io::BufRead + Send>> {
        if path.as_os_str() == "-" {
            self.take(option)?;
            return Ok(Box::new(BufReader::new(io::stdin())));
        }
        let file = files::open(path).with_context(|| cannot_read(option, path))?;
        let length = file.metadata().map_or(0, |own| own.len());
        let mut source = BufReader::with_capacity(1 << 20, file);
        let begin = source.fill_buf().with_context(|| cannot_read(option, path))?;
        if begin.starts_with(b"\xff\xfe") || begin.starts_with(b"\xfe\xff") {
            // What a redirect of PowerShell wrote is read whole, and small beside the limit.
            let mut bytes = Vec::new();
            source
                .take(LARGE_LIMIT)
                .read_to_end(&mut bytes)
                .with_context(|| cannot_read(option, path))?;
            return Ok(Box::new(Cursor::new(files::as_utf8(bytes))));
        }
        if begin.starts_with(b"\xef\xbb\xbf") {
            source.consume(3);
        }
        Ok(progress::counted(source, &path.display().to_string(), length))
    }

    fn take(&mut self, option: &'static str) -> Result<()> {
        if let Some(first) = self.taken_by.replace(option) {
            bail!("both {first} and {option} read standard input ('-'): give one of them a file");
        }
        Ok(())
    }
}

fn cannot_read(option: &str, path: &Path) -> String {
    format!("{option}: cannot read {}", path.display())
}

/// Reads `path` whole as text, for `option`: UTF-8, or UTF-16 with a byte order mark.
///
/// # Errors
/// As [`Stdin::read`], or the file is not text.
pub(super) fn read_text(stdin: &mut Stdin, path: &Path, option: &'static str) -> Result<String> {
    let bytes = stdin.read(path, option)?;
    list::decode(&bytes).with_context(|| format!("{option}: {}", path.display()))
}

/// Reads what programs write: UTF-8, or UTF-16 with a byte order mark, and up to a million flows
/// long.
///
/// # Errors
/// As [`Stdin::read`], or the file is not UTF-8.
pub(super) fn read_large_text(
    stdin: &mut Stdin,
    path: &Path,
    option: &'static str,
) -> Result<String> {
    let context = || format!("{option}: cannot read {}", path.display());
    let mut bytes = Vec::new();
    let source = stdin.open(path, option)?;
    source.take(LARGE_LIMIT + 1).read_to_end(&mut bytes).with_context(context)?;
    if bytes.len() as u64 > LARGE_LIMIT {
        bail!("{option}: {} is larger than {} MiB", path.display(), LARGE_LIMIT >> 20);
    }
    String::from_utf8(bytes).with_context(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_input_is_read_once() {
        let mut stdin = Stdin { taken_by: Some("--auth-key") };
        let error = stdin.read(Path::new("-"), "--service-urls").unwrap_err().to_string();
        assert!(error.contains("--auth-key") && error.contains("--service-urls"), "{error}");
    }
}
