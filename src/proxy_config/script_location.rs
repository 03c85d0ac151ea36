//! Where a PAC script is: in a file of this host, or at an address from which it is fetched.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use super::script_runner::ScriptSource;
use crate::files::{self, FileError, TextEncoding, TextError};
use crate::route::{LintWeight, redacted_path};
use crate::wire::{HttpUrl, HttpUrlError};

/// Where a script is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptLocation {
    /// In a file of this host.
    File(PathBuf),
    /// At an address of `http` or `https`.
    Web(HttpUrl),
}

/// Why a script cannot be taken from a location. What might be a password is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScriptLocationError {
    /// Nothing was given.
    #[error("no file and no address is given: expected pac:FILE or pac:http://HOST/PATH")]
    Empty,
    /// The script is on a share of another host.
    #[error(
        "a script on a share of another host (UNC) is not fetched: copy it to a file of this host \
         and give it with --proxy pac:FILE"
    )]
    Share,
    /// The scheme is neither `file` nor `http` nor `https`.
    #[error("a script is not fetched by {0}: give a file, http:// or https://")]
    Scheme(String),
    /// The path of a `file:` URL cannot be read.
    #[error("the address of the file cannot be read: {0}")]
    FileUrl(&'static str),
    /// The URL is malformed. The inner error is not a source: its words are part of the message.
    #[error("the address of the script cannot be used: {0}")]
    Url(HttpUrlError),
}

impl From<HttpUrlError> for ScriptLocationError {
    fn from(error: HttpUrlError) -> Self {
        Self::Url(error)
    }
}

impl ScriptLocation {
    /// Reads a path, a `file:` URL (RFC 8089) or an address.
    ///
    /// # Errors
    /// [`ScriptLocationError`] where it is none of these, or not one that is fetched.
    pub fn parse(text: &str) -> Result<Self, ScriptLocationError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ScriptLocationError::Empty);
        }
        if text.starts_with(r"\\") || text.starts_with("//") {
            return Err(ScriptLocationError::Share);
        }
        match text.split_once(':') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => file(rest),
            // One letter is a drive.
            Some((scheme, rest)) if scheme.len() > 1 && rest.starts_with("//") => {
                let is_web = ["http", "https"].iter().any(|web| web.eq_ignore_ascii_case(scheme));
                if is_web {
                    return Ok(Self::Web(HttpUrl::parse(text)?));
                }
                Err(ScriptLocationError::Scheme(scheme.chars().take(20).collect()))
            }
            _ => Ok(Self::File(PathBuf::from(text))),
        }
    }

    /// The location as reports show it.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::File(path) => redacted_path(&path.to_string_lossy()),
            Self::Web(url) => url.shown(),
        }
    }
}

/// Reads what follows `file:`.
fn file(rest: &str) -> Result<ScriptLocation, ScriptLocationError> {
    let rest = rest.replace('\\', "/");
    let path = match rest.strip_prefix("//") {
        None => rest.as_str(),
        Some(authority) => {
            let (host, path) = authority.split_at(authority.find('/').unwrap_or(authority.len()));
            // `file://C:/p.pac` is written too: the drive stands where the host should.
            let is_drive = host.len() == 2 && host.ends_with(':');
            match () {
                () if is_drive => authority,
                () if host.is_empty() || host.eq_ignore_ascii_case("localhost") => path,
                () => return Err(ScriptLocationError::Share),
            }
        }
    };
    if path.starts_with("//") {
        return Err(ScriptLocationError::Share);
    }
    let decoded = percent_decode_str(path)
        .decode_utf8()
        .map_err(|_| ScriptLocationError::FileUrl("it is not UTF-8 after percent-decoding"))?;
    let path = match decoded.as_bytes() {
        [] => return Err(ScriptLocationError::FileUrl("it names no file")),
        // `/C:/p.pac`
        [b'/', drive, b':', ..] if drive.is_ascii_alphabetic() => &decoded[1..],
        _ => &decoded,
    };
    Ok(ScriptLocation::File(Path::new(path).to_owned()))
}

/// The script of a configuration, and its location in words. What cannot be read is no error of
/// this command line: the runtime meets it too.
pub(super) fn read_script(given: &str) -> (ScriptSource, String) {
    match ScriptLocation::parse(given) {
        Err(error) => (ScriptSource::Missing(error.to_string()), "a script".to_owned()),
        Ok(location) => {
            let script = match &location {
                ScriptLocation::Web(url) => ScriptSource::Web(url.clone()),
                ScriptLocation::File(path) => match script_of_file(path) {
                    Ok(text) => ScriptSource::Text(text),
                    Err(error) => ScriptSource::Missing(format!("cannot be read: {error}")),
                },
            };
            (script, location.shown())
        }
    }
}

/// The script in a file. One that is neither UTF-8 nor UTF-16 stays as it is: scripts were written
/// in older encodings, and whoever runs it knows what browsers make of them.
///
/// # Errors
/// [`FileError`] where the file cannot be read, or is broken UTF-16.
pub(super) fn script_of_file(path: &Path) -> Result<Vec<u8>, FileError> {
    let bytes = files::read_bytes(path, files::LONG)?;
    match files::decode(bytes.clone()) {
        Ok(text) => Ok(text.into_bytes()),
        Err(TextError { encoding: TextEncoding::Utf8, .. }) => Ok(bytes),
        Err(error) => Err(error.into()),
    }
}

/// Why the script that the agent's file names cannot be had; `None` where it can, or where only
/// fetching it would tell. That this program does not fetch from shares is no fault of the file.
#[must_use]
pub fn script_problem(given: &str) -> Option<(LintWeight, String)> {
    let weight = match ScriptLocation::parse(given) {
        Err(ScriptLocationError::Share) => LintWeight::Note,
        _ => LintWeight::Warning,
    };
    match read_script(given) {
        (ScriptSource::Missing(reason), _) => Some((weight, reason)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_files_or_addresses() {
        for (text, expected) in [
            ("proxy.pac", "proxy.pac"),
            ("/etc/proxy.pac", "/etc/proxy.pac"),
            (r"C:\proxy\p.pac", r"C:\proxy\p.pac"),
            ("C:/proxy/p.pac", "C:/proxy/p.pac"),
            ("file:///etc/my%20proxy.pac", "/etc/my proxy.pac"),
            ("file:///C:/proxy/p.pac", "C:/proxy/p.pac"),
            (r"file:///C:\proxy\p.pac", "C:/proxy/p.pac"),
            ("file://C:/proxy/p.pac", "C:/proxy/p.pac"),
            ("FILE://localhost/etc/p.pac", "/etc/p.pac"),
            ("file:/etc/p.pac", "/etc/p.pac"),
            ("http://wpad/wpad.dat", "http://wpad/wpad.dat"),
            ("HTTPS://w/p?token=x", "https://w/p?…"),
            ("file:///etc/p.pac?token=geheim", "/etc/p.pac?***"),
            ("anna:geheim@w/p.pac", "***@w/p.pac"),
        ] {
            assert_eq!(
                ScriptLocation::parse(text).map(|found| found.shown()),
                Ok(expected.into()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_fetched_is_refused() {
        for text in [
            r"\\server\share\p.pac",
            "//server/share/p.pac",
            "file://server/share/p.pac",
            "file:////server/share/p.pac",
            r"file:\\server\share\p.pac",
            r"file:///\\server\p.pac",
        ] {
            assert_eq!(ScriptLocation::parse(text), Err(ScriptLocationError::Share), "{text}");
        }
        for (text, part) in [
            ("", "pac:FILE"),
            ("ftp://w/p.pac", "ftp"),
            ("file:", "names no file"),
            ("file:///%ff", "UTF-8"),
            ("http://anna:geheim@w/p", "password"),
        ] {
            let error = ScriptLocation::parse(text).unwrap_err().to_string();
            assert!(error.contains(part) && !error.contains("geheim"), "{text}: {error}");
        }
    }
}
