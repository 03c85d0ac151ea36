//! Reads the control host out of a runtime's authentication key, and drops the rest at once.

use super::limits::MAX_INPUT_BYTES;
use super::pasted;
use crate::model::HostName;

/// The part of an authentication key that is kept, which is not the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthKey {
    /// The host name of the factory, where the key holds one. Keys of old factories and of Synapse
    /// do not, because their runtimes use the frontend.
    pub control_host: Option<HostName>,
}

/// The reason why a text is no authentication key. No variant holds any of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthKeyError {
    #[error("the authentication key is empty")]
    Empty,
    /// The text is longer than [`MAX_INPUT_BYTES`].
    #[error("the input is too large for an authentication key")]
    TooLarge,
    #[error(
        "this is no authentication key: one reads IR@…@…@ServiceEndpoint=HOST@…, as the portal \
         shows it under Integration runtimes, Settings"
    )]
    NotAKey,
    #[error("the authentication key is damaged: no host name follows ServiceEndpoint=")]
    NoHost,
    #[error("the keys given name different hosts: give one key")]
    Different,
}

/// Reads the control host of a key, `IR@<id>@<factory>@ServiceEndpoint=<host>@<secret>`, or of the
/// JSON of `az datafactory integration-runtime list-auth-key`. The text may hold both keys of a
/// runtime, one on each line.
///
/// # Errors
/// [`AuthKeyError`], which repeats nothing of the text.
pub fn parse(text: &str) -> Result<AuthKey, AuthKeyError> {
    if text.len() > MAX_INPUT_BYTES {
        return Err(AuthKeyError::TooLarge);
    }
    let text = text.trim_start_matches('\u{feff}').trim();
    let hosts = if text.starts_with('{') {
        let keys: serde_json::Value =
            serde_json::from_str(text).map_err(|_| AuthKeyError::NotAKey)?;
        ["authKey1", "authKey2"]
            .into_iter()
            .filter_map(|name| keys.get(name)?.as_str())
            .map(control_host)
            .collect::<Result<Vec<_>, _>>()?
    } else {
        let lines = text.lines().map(pasted::trim).filter(|line| !line.is_empty());
        lines.map(control_host).collect::<Result<Vec<_>, _>>()?
    };
    let mut hosts = hosts.into_iter();
    match hosts.next() {
        None if text.is_empty() => Err(AuthKeyError::Empty),
        None => Err(AuthKeyError::NotAKey),
        Some(first) if hosts.all(|host| host == first) => Ok(AuthKey { control_host: first }),
        Some(_) => Err(AuthKeyError::Different),
    }
}

fn control_host(key: &str) -> Result<Option<HostName>, AuthKeyError> {
    const ENDPOINT: &str = "serviceendpoint=";
    let mut fields = key.split('@');
    let is_key = fields.next().is_some_and(|first| first.eq_ignore_ascii_case("IR"));
    // A key has at least the id, the factory and the secret.
    if !is_key || fields.clone().count() < 3 {
        return Err(AuthKeyError::NotAKey);
    }
    let Some(endpoint) = fields.find_map(|field| {
        let start = field.get(..ENDPOINT.len())?;
        start.eq_ignore_ascii_case(ENDPOINT).then(|| &field[ENDPOINT.len()..])
    }) else {
        return Ok(None);
    };
    let host = pasted::split(endpoint).map_err(|_| AuthKeyError::NoHost)?.host;
    let host = HostName::parse(host).map_err(|_| AuthKeyError::NoHost)?;
    // A secret where the host should be has no dots.
    if host.parent().is_some() { Ok(Some(host)) } else { Err(AuthKeyError::NoHost) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "c2VjcmV0c2VjcmV0+/=";

    #[test]
    fn the_host_is_taken_and_nothing_else() {
        let host = "myadf.westeurope.datafactory.azure.net";
        let new = format!("IR@0d2a@myadf@ServiceEndpoint={host}@{SECRET}");
        let old = format!("IR@0d2a@myadf@we@{SECRET}");
        let pair = format!("{new}\r\n\"{new}\"\n");
        let json = format!("\u{feff}{{\"authKey1\": \"{new}\", \"authKey2\": \"{new}\"}}");
        let upper =
            format!("  ir@0d2a@myadf@serviceendpoint=https://{}/@{SECRET}  ", host.to_uppercase());
        for (text, expected) in [
            (&new, Some(host)),
            (&old, None),
            (&pair, Some(host)),
            (&json, Some(host)),
            (&upper, Some(host)),
        ] {
            let key = parse(text).unwrap();
            assert_eq!(key.control_host.as_ref().map(HostName::as_str), expected);
            assert!(!format!("{key:?}").contains(SECRET));
        }
    }

    #[test]
    fn errors_repeat_nothing() {
        let other = format!(
            "IR@1@a@ServiceEndpoint=a.x.net@{SECRET}\nIR@1@a@ServiceEndpoint=b.x.net@{SECRET}"
        );
        for (text, expected) in [
            (String::new(), AuthKeyError::Empty),
            (" \n ".to_owned(), AuthKeyError::Empty),
            (SECRET.to_owned(), AuthKeyError::NotAKey),
            (format!("IR@{SECRET}"), AuthKeyError::NotAKey),
            (format!("{{\"authKey1\": \"{SECRET}"), AuthKeyError::NotAKey),
            (format!("{{\"key\": \"{SECRET}\"}}"), AuthKeyError::NotAKey),
            (format!("IR@1@a@ServiceEndpoint=@{SECRET}"), AuthKeyError::NoHost),
            (format!("IR@1@a@ServiceEndpoint={SECRET}"), AuthKeyError::NoHost),
            ("IR@1@a@ServiceEndpoint=secretsecret".to_owned(), AuthKeyError::NoHost),
            (other, AuthKeyError::Different),
            ("x".repeat(MAX_INPUT_BYTES + 1), AuthKeyError::TooLarge),
        ] {
            let error = parse(&text).unwrap_err();
            assert_eq!(error, expected);
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains(SECRET) && !shown.contains("secretsecret"), "{shown}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*", fields in "(IR@)?[a@=.{\":}ServiceEndpoint]*") {
            let _ = (parse(&text), parse(&fields));
        }
    }
}
