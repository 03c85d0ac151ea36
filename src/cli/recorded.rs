//! Secrets on the command line: refused where nothing could use them, and left out of what reports
//! record.

use std::ffi::OsString;

use anyhow::{Result, bail};

/// Options whose value is a proxy's URL: whatever stands before its last `@` may be a password,
/// with or without a scheme.
const OF_PROXIES: [&str; 2] = ["--proxy", "--alternate-proxy"];

const SCHEMES: [&str; 4] = ["http://", "https://", "socks5://", "socks5h://"];

/// The arguments after the program's name.
pub(super) fn options(arguments: &[OsString]) -> Vec<String> {
    let mut is_value_of_proxy = false;
    let shown = |argument: &OsString| {
        let text = argument.to_string_lossy();
        let was_expected = std::mem::replace(
            &mut is_value_of_proxy,
            OF_PROXIES.iter().any(|option| *option == text),
        );
        match text.split_once('=') {
            _ if was_expected => without_secrets(&text),
            Some((option, value)) if OF_PROXIES.contains(&option) => {
                format!("{option}={}", without_secrets(value))
            }
            _ => without_userinfo(&text),
        }
    };
    arguments.iter().skip(1).map(shown).collect()
}

/// Refuses what was pasted where it does not belong, without repeating it: every error about it
/// would, and a shell keeps its history.
///
/// # Errors
/// An authentication key, or a user name and password in the URL of what is no proxy.
pub(super) fn refuse_secrets(arguments: &[OsString]) -> Result<()> {
    let mut before = String::new();
    for argument in arguments.iter().skip(1) {
        let text = argument.to_string_lossy();
        let (option, value) = match text.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option, value),
            _ if text.starts_with("--") => (&*text, ""),
            _ => (&*before, &*text),
        };
        let place = if option.starts_with("--") { option } else { "the command line" };
        if is_authentication_key(value) {
            bail!(
                "{place}: this is an authentication key, and a file is expected that holds it, or \
                 - for standard input: in the command line other users see it in the list of \
                 processes, and the shell keeps it"
            );
        }
        if !OF_PROXIES.contains(&option) && without_userinfo(value) != value {
            bail!(
                "{place}: a user name or password stands before the host ({}): leave it out, it is \
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

/// `IR@<id>@<factory>@…@<secret>`, in quotes or not.
fn is_authentication_key(text: &str) -> bool {
    let text = text.trim_start_matches(|c: char| !c.is_alphanumeric());
    text.get(..3).is_some_and(|front| front.eq_ignore_ascii_case("IR@"))
        && text.matches('@').count() >= 3
}

/// What `option` was given, for an error about it: all before an `@` may be a password.
pub(super) fn misread(given: &str) -> String {
    match given.rsplit_once('@') {
        Some((_, place)) => format!("***@{place}"),
        None => given.to_owned(),
    }
}

/// The name of a file that is not there: where it looks like an address with a typing error, what
/// could be a password is taken out.
pub(super) fn misspelt(name: &str) -> String {
    let is_meant_as_address = name.starts_with("http") || name.contains("//");
    if is_meant_as_address { without_secrets(name) } else { name.to_owned() }
}

/// A proxy's URL, or a script's: user information and a query are taken out.
fn without_secrets(value: &str) -> String {
    let (value, query) = match value.split_once('?') {
        // A question mark before an `@` is part of a password.
        Some((front, query)) if !query.contains('@') => {
            (front, if query.is_empty() { "?" } else { "?***" })
        }
        _ => (value, ""),
    };
    let Some((front, place)) = value.rsplit_once('@') else { return format!("{value}{query}") };
    let script = if front.starts_with("pac:") { "pac:" } else { "" };
    let scheme = SCHEMES.iter().find(|scheme| front[script.len()..].starts_with(**scheme));
    // What else stands before `://` may be a part of the secret.
    format!("{script}{}***@{place}{query}", scheme.unwrap_or(&""))
}

fn without_userinfo(argument: &str) -> String {
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

    fn shown(arguments: &[&str]) -> String {
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
            let found = shown(arguments);
            assert_eq!(found, expected);
            assert!(!found.contains("geheim") && !found.contains("heim"), "{found}");
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
