//! Secrets on the command line: they are refused where nothing could use them, and left out of the
//! options that reports record.

use std::ffi::OsString;

use anyhow::{Result, bail};

use crate::model::without_auth_keys;
use crate::route::redacted_url;

/// Options whose value is a proxy's URL: everything before its last `@` may be a password, with or
/// without a scheme.
const OF_PROXIES: [&str; 2] = ["--proxy", "--alternate-proxy"];

/// The arguments after the program's name, as reports record them.
pub(super) fn options(arguments: &[OsString]) -> Vec<String> {
    let mut is_value_of_proxy = false;
    let shown = |argument: &OsString| {
        let text = argument.to_string_lossy();
        let was_expected = std::mem::replace(
            &mut is_value_of_proxy,
            OF_PROXIES.iter().any(|option| *option == text),
        );
        match text.split_once('=') {
            _ if was_expected => redacted_url(&text),
            Some((option, value)) if OF_PROXIES.contains(&option) => {
                format!("{option}={}", redacted_url(value))
            }
            _ => without_userinfo(&text),
        }
    };
    arguments.iter().skip(1).map(shown).collect()
}

/// Refuses secrets that were pasted where they do not belong, without repeating them: a later error
/// about the value would, and a shell keeps its history.
///
/// # Errors
/// The command line holds an authentication key, or a user name and password in the URL of
/// something that is no proxy.
pub(super) fn refuse_secrets(arguments: &[OsString]) -> Result<()> {
    let mut before = String::new();
    for argument in arguments.iter().skip(1) {
        let text = argument.to_string_lossy();
        let (option, value) = match text.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option, value),
            _ if text.starts_with("--") => (&*text, ""),
            _ => (&*before, &*text),
        };
        let given_to = if option.starts_with("--") { option } else { "the command line" };
        if holds_authentication_key(value) {
            bail!(
                "{given_to}: this is an authentication key, and a file is expected that holds it, or \
                 - for standard input: in the command line other users see it in the list of \
                 processes, and the shell keeps it"
            );
        }
        if is_credentials(option.trim_start_matches('-'), value) {
            bail!(
                "{option}: these are credentials, and a file is expected that holds user:password: \
                 in the command line other users see them in the list of processes, and the shell \
                 keeps them"
            );
        }
        if !OF_PROXIES.contains(&option) && without_userinfo(value) != value {
            bail!(
                "{given_to}: a user name or password stands before the host ({}): leave it out, it is \
                 used for proxies only",
                without_userinfo(value)
            );
        }
        before = if text.starts_with("--") && !text.contains('=') {
            text.into_owned()
        } else {
            String::new()
        };
    }
    Ok(())
}

/// Whether `IR@<id>@<factory>@…@<secret>` stands anywhere in a text, encoded or not.
pub(super) fn holds_authentication_key(text: &str) -> bool {
    let text = text.to_ascii_lowercase().replace("%40", "@");
    text.match_indices("ir@").any(|(at, _)| {
        !text[..at].ends_with(|c: char| c.is_alphanumeric()) && text[at..].matches('@').count() >= 3
    })
}

/// The option that names a file of credentials.
const CREDENTIALS_FILE: &str = "proxy-credentials";

/// Whether the value of an option, by the option's long name, is credentials in the place of the
/// file that holds them. A drive has one letter.
pub(super) fn is_credentials(name: &str, value: &str) -> bool {
    let user = value.split_once(':').map_or("", |(user, _)| user);
    name == CREDENTIALS_FILE && user.len() > 1 && !user.contains(['/', '\\'])
}

/// The value of an option, for an error about it: everything before an `@` may be a password.
pub(super) fn redacted_value(given: &str) -> String {
    let given = &*without_auth_keys(given);
    match given.rsplit_once('@') {
        Some((_, host)) => format!("***@{host}"),
        None => given.to_owned(),
    }
}

/// Whether an option's value is a proxy's URL, by the option's long name.
pub(super) fn is_of_proxies(name: &str) -> bool {
    OF_PROXIES.iter().any(|option| option.trim_start_matches('-') == name)
}

/// The value of an option as it may be shown, by the option's long name.
pub(super) fn shown(name: &str, value: &str) -> String {
    if is_of_proxies(name) { redacted_url(value) } else { without_userinfo(value) }
}

/// An argument without the user name and password of its URL.
pub(super) fn without_userinfo(argument: &str) -> String {
    let Some((scheme, rest)) = argument.split_once("://") else { return argument.to_owned() };
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://***@{host}{path}"),
        None => argument.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(arguments: &[&str]) -> String {
        let all: Vec<OsString> = std::iter::once("pathproof")
            .chain(arguments.iter().copied())
            .map(OsString::from)
            .collect();
        options(&all).join(" ")
    }

    #[test]
    fn secrets_of_proxies_are_not_recorded() {
        for (arguments, expected) in [
            (&["--proxy", "http://anna:geheim@p:1"][..], "--proxy http://***@p:1"),
            (&["--proxy=http://anna:geheim@p:1"], "--proxy=http://***@p:1"),
            (&["--proxy", "anna:geheim@p:1"], "--proxy ***@p:1"),
            (&["--proxy=anna:geheim@p:1"], "--proxy=***@p:1"),
            (&["--alternate-proxy", "socks5h://a:ge/he@im@p"], "--alternate-proxy socks5h://***@p"),
            (&["--alternate-proxy=http://a:ge?heim@p:1/"], "--alternate-proxy=http://***@p:1/"),
            (&["--proxy", "a:geheim://x@p:1"], "--proxy ***@p:1"),
            (&["--proxy", "pac:http://a:geheim@w/p?t=geheim"], "--proxy pac:http://***@w/p?***"),
            (&["--proxy", "pac:https://w/p?sig=geheim"], "--proxy pac:https://w/p?***"),
            (&["--proxy", "http://p:1", "--only", "relay"], "--proxy http://p:1 --only relay"),
            (&["--proxy", "agent", "a@b"], "--proxy agent a@b"),
        ] {
            let found = recorded(arguments);
            assert_eq!(found, expected);
            assert!(!found.contains("geheim") && !found.contains("heim"), "{found}");
        }
    }

    #[test]
    fn secrets_are_refused_wherever_they_stand() {
        const KEY: &str = "IR@5d0c@contoso-adf@ServiceEndpoint=h@q7Zk1WmT0r";
        let key = format!("key={KEY}");
        let encoded = KEY.replace('@', "%40");
        for arguments in [
            &["--auth-key", KEY][..],
            &["--set", &key],
            &["--endpoint", &encoded],
            &[KEY],
            &["--proxy-credentials", "svc:geheim"],
            &["--proxy-credentials=svc:geheim"],
        ] {
            let all: Vec<OsString> =
                ["p"].iter().chain(arguments).map(|one| OsString::from(*one)).collect();
            let refused = refuse_secrets(&all).unwrap_err().to_string();
            assert!(!refused.contains("q7Zk") && !refused.contains("geheim"), "{refused}");
        }
        for arguments in [
            &["--proxy-credentials", "C:\\shir\\proxy.txt"][..],
            &["--proxy-credentials", "./a:b"],
            &["--set", "mail=FAIR@a"],
        ] {
            let all: Vec<OsString> =
                ["p"].iter().chain(arguments).map(|one| OsString::from(*one)).collect();
            refuse_secrets(&all).unwrap();
        }
    }

    #[test]
    fn secrets_in_urls_are_not_shown() {
        for (given, shown) in [
            ("--endpoint=https://user:pa@ss@host/x@y", "--endpoint=https://***@host/x@y"),
            ("tcp://host:80", "tcp://host:80"),
            ("user@host", "user@host"),
        ] {
            assert_eq!(without_userinfo(given), shown);
        }
    }
}
