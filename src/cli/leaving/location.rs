//! Where a script is: a file of this host, or an address to fetch.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use crate::wire::{HttpUrl, HttpUrlError};

/// Where a script is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Location {
    File(PathBuf),
    Web(HttpUrl),
}

/// Why a script cannot be taken from there. What might be a password is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum LocationError {
    #[error("no file and no address is given: expected pac:FILE or pac:http://HOST/PATH")]
    Empty,
    #[error(
        "a script on a share of another host (UNC) is not fetched: copy it to a file of this host \
         and give it with --proxy pac:FILE"
    )]
    Share,
    #[error("a script is not fetched by {0}: give a file, http:// or https://")]
    Scheme(String),
    #[error("the address of the file cannot be read: {0}")]
    FileUrl(&'static str),
    #[error("the address of the script cannot be used: {0}")]
    Url(HttpUrlError),
}

// Not a source: its words are part of the message.
impl From<HttpUrlError> for LocationError {
    fn from(error: HttpUrlError) -> Self {
        Self::Url(error)
    }
}

impl Location {
    /// Reads a path, a `file:` URL (RFC 8089) or an address.
    pub(super) fn parse(text: &str) -> Result<Self, LocationError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(LocationError::Empty);
        }
        if text.starts_with(r"\\") || text.starts_with("//") {
            return Err(LocationError::Share);
        }
        match text.split_once(':') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => file(rest),
            // One letter is a drive.
            Some((scheme, rest)) if scheme.len() > 1 && rest.starts_with("//") => {
                let is_web = ["http", "https"].iter().any(|web| web.eq_ignore_ascii_case(scheme));
                if is_web {
                    return Ok(Self::Web(HttpUrl::parse(text)?));
                }
                Err(LocationError::Scheme(scheme.chars().take(20).collect()))
            }
            _ => Ok(Self::File(PathBuf::from(text))),
        }
    }

    /// As reports show it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Web(url) => url.shown(),
        }
    }
}

/// What follows `file:`.
fn file(rest: &str) -> Result<Location, LocationError> {
    let rest = rest.replace('\\', "/");
    let path = match rest.strip_prefix("//") {
        None => rest.as_str(),
        Some(place) => {
            let (host, path) = place.split_at(place.find('/').unwrap_or(place.len()));
            // `file://C:/p.pac` is written too: the drive stands where the host should.
            let is_drive = host.len() == 2 && host.ends_with(':');
            match () {
                () if is_drive => place,
                () if host.is_empty() || host.eq_ignore_ascii_case("localhost") => path,
                () => return Err(LocationError::Share),
            }
        }
    };
    if path.starts_with("//") {
        return Err(LocationError::Share);
    }
    let decoded = percent_decode_str(path)
        .decode_utf8()
        .map_err(|_| LocationError::FileUrl("it is not UTF-8 after percent-decoding"))?;
    let path = match decoded.as_bytes() {
        [] => return Err(LocationError::FileUrl("it names no file")),
        // `/C:/p.pac`
        [b'/', drive, b':', ..] if drive.is_ascii_alphabetic() => &decoded[1..],
        _ => &decoded,
    };
    Ok(Location::File(Path::new(path).to_owned()))
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
        ] {
            assert_eq!(
                Location::parse(text).map(|found| found.shown()),
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
            assert_eq!(Location::parse(text), Err(LocationError::Share), "{text}");
        }
        for (text, part) in [
            ("", "pac:FILE"),
            ("ftp://w/p.pac", "ftp"),
            ("file:", "names no file"),
            ("file:///%ff", "UTF-8"),
            ("http://anna:geheim@w/p", "password"),
        ] {
            let error = Location::parse(text).unwrap_err().to_string();
            assert!(error.contains(part) && !error.contains("geheim"), "{text}: {error}");
        }
    }
}
