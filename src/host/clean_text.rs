//! Text of event logs without the secrets in it.
//!
//! A node's log holds the authentication key that it was registered with: masked in the runtime's
//! own messages, and whole where a command line or a script was logged (azure-quickstart-
//! templates#8069). So nothing of a log is kept but [`CleanText`], and the secret part of a key is
//! never looked at, only passed over.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::RuntimeNames;
use super::named_secrets::{MASK, pattern, without_named_secrets};
use crate::model::HostName;

/// How many characters of a text are read: an event holds at most 31,839 (Microsoft,
/// `ReportEventW`), and rendered ones twice as much.
const READ: usize = 64 * 1024;
/// The characters of a whole secret of a key: 32 bytes in base64, the last `=` left out.
const SECRET: usize = 43;
/// Longer words of mixed letters and digits than this are taken for secrets. GUIDs are no secrets.
const LONGEST_WORD: usize = 31;
/// How `@` is written in a key, as such and encoded.
const AT: [&str; 4] = ["@", "%40", "&#64;", "&#x40;"];

/// Text in which every secret is masked.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CleanText(String);

impl CleanText {
    /// The text with a mask in the place of each key, password, token and signature. The host that
    /// a key names stays, where it is one of the runtime's.
    #[must_use]
    pub fn of(raw: &str, names: &RuntimeNames) -> Self {
        let end = raw.char_indices().nth(READ).map_or(raw.len(), |(at, _)| at);
        let text = without_keys(&decoded(&raw[..end]), names);
        let text = without_named_secrets(&text);
        Self(without_long_words(&text))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }

    /// The text in one line of at most `most` characters.
    #[must_use]
    pub fn in_one_line(&self, most: usize) -> String {
        let mut line = String::new();
        for word in self.0.split_whitespace() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if let Some((end, _)) = line.char_indices().nth(most) {
            line.truncate(end);
            line.push_str("...");
        }
        line
    }
}

impl fmt::Debug for CleanText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The text with signs in the place of what JSON and XML write as numbers (`\u002B`, `&#43;`),
/// which would cut a secret in two. Quotes stay escaped, and blanks and brackets as they are: a
/// secret may hold them.
fn decoded(text: &str) -> Cow<'_, str> {
    static NUMBER: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"(?i)(\\+)u([0-9a-f]{4})|&#(?:x([0-9a-f]{1,6})|([0-9]{1,7}));"));
    if !text.contains("\\u") && !text.contains("\\U") && !text.contains("&#") {
        return Cow::Borrowed(text);
    }
    NUMBER.replace_all(text, |found: &Captures<'_>| {
        let hexadecimal = found.get(2).or_else(|| found.get(3));
        let number = match hexadecimal {
            Some(digits) => u32::from_str_radix(digits.as_str(), 16).ok(),
            None => found.get(4).and_then(|digits| digits.as_str().parse().ok()),
        };
        let escapes = found.get(1).map(|escapes| escapes.as_str());
        match (number.and_then(char::from_u32).filter(char::is_ascii_graphic), escapes) {
            (Some(sign @ ('"' | '\'' | '\\')), Some(escapes)) => format!("{escapes}{sign}"),
            (Some('"' | '\'' | '<' | '>' | '&'), None) | (None, _) => found[0].to_owned(),
            (Some(sign), _) => sign.to_string(),
        }
    })
}

/// Masks authentication keys: `IR@<id>@<factory>@ServiceEndpoint=<host>@<secret>`, whole, cut off,
/// encoded, or wrapped over several lines.
fn without_keys(text: &str, names: &RuntimeNames) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((start, _)) = rest.char_indices().find(|(at, _)| begins_key(&rest[*at..])) {
        clean.push_str(&rest[..start]);
        let end = start + key_length(&rest[start..]);
        let key: String = rest[start..end].split_whitespace().collect();
        clean.push_str("IR@");
        clean.push_str(MASK);
        if let Some(host) = host_of(&key, names) {
            clean.push_str("@ServiceEndpoint=");
            clean.push_str(host.as_str());
            clean.push('@');
            clean.push_str(MASK);
        }
        rest = &rest[end..];
    }
    clean.push_str(rest);
    clean
}

fn begins_key(text: &str) -> bool {
    let Some(word) = text.get(..2) else { return false };
    word.eq_ignore_ascii_case("IR")
        && AT
            .iter()
            .any(|at| text.get(2..2 + at.len()).is_some_and(|next| next.eq_ignore_ascii_case(at)))
}

/// How long the key at the beginning of `text` is. A key that ends with its line before its secret
/// is whole goes on in the next one.
fn key_length(text: &str) -> usize {
    const MOST_LINES: usize = 8;
    let mut length = 0;
    for _ in 0..MOST_LINES {
        let blanks = text[length..].len() - text[length..].trim_start().len();
        let word = &text[length + blanks..];
        let end = word.find(ends_key).unwrap_or(word.len());
        length += blanks + end;
        let key = &text[..length];
        let secret: usize = key
            .rsplit('@')
            .next()
            .map_or(0, |secret| secret.chars().filter(|c| !c.is_whitespace()).count());
        let is_whole = key.contains('*') || secret >= SECRET;
        let goes_on = text[length..].trim_start_matches([' ', '\t']).starts_with(['\r', '\n']);
        if is_whole || !goes_on {
            break;
        }
    }
    length
}

fn ends_key(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>')
}

/// The runtime's name in a key: what follows `ServiceEndpoint=`.
fn host_of(key: &str, names: &RuntimeNames) -> Option<HostName> {
    const ENDPOINT: &str = "serviceendpoint";
    let at = key.to_ascii_lowercase().find(ENDPOINT)? + ENDPOINT.len();
    let field = &key[at..];
    let end = AT.iter().filter_map(|at| field.to_ascii_lowercase().find(at)).min();
    let field = &field[..end.unwrap_or(field.len())];
    // `=`, or `%3D` before it.
    let field = field
        .get(..3)
        .filter(|it| it.eq_ignore_ascii_case("%3d"))
        .map_or(field.trim_start_matches('='), |_| &field[3..]);
    names.in_text(field).into_iter().next()
}

/// Masks long words of mixed letters and digits, as base64 and tokens are: a secret that stands
/// alone, without the key around it.
fn without_long_words(text: &str) -> String {
    // Not `=`, which stands between a name and its value too: base64 ends with it.
    let is_of_secret =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '_' | '-' | '%');
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_of_secret) {
        clean.push_str(&rest[..start]);
        let word = &rest[start..];
        let end = word.find(|c| !is_of_secret(c)).unwrap_or(word.len());
        let (word, after) = word.split_at(end);
        if is_secret(word) {
            clean.push_str(MASK);
            rest = after.trim_start_matches('=');
        } else {
            clean.push_str(word);
            rest = after;
        }
    }
    clean.push_str(rest);
    clean
}

fn is_secret(word: &str) -> bool {
    let has = |is: fn(&u8) -> bool| word.bytes().any(|byte| is(&byte));
    word.len() > LONGEST_WORD
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
        && !is_guid(word)
}

fn is_guid(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [8, 4, 4, 4, 12]
        && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    const SECRET_PART: &str = "q7Zk1+WmT0r/9aXcV3bN5sLpY8eHdUgJfQ2iOtR4xE6=";
    const HOST: &str = "myadf.westeurope.datafactory.azure.net";

    fn clean(text: &str) -> String {
        static NAMES: LazyLock<RuntimeNames> = LazyLock::new(RuntimeNames::embedded);
        CleanText::of(text, &NAMES).as_str().to_owned()
    }

    #[test]
    fn keys_are_masked_in_every_form_and_what_follows_stays() {
        let id = "5d0c1a7e-aa11-4b52-9d1c-000000000001";
        let key = format!("IR@{id}@myadf@ServiceEndpoint={HOST}@{SECRET_PART}");
        let masked = format!("IR@****@ServiceEndpoint={HOST}@****");
        for (text, expected) in [
            (format!("with key {key} and more"), format!("with key {masked} and more")),
            (format!("\"{key}\"; more"), format!("\"{masked}\"; more")),
            (key.to_lowercase(), masked.clone()),
            (key.replace('@', "%40").replace('=', "%3D"), masked.clone()),
            (key.replace('@', "&#64;"), masked.clone()),
            (key.replace(HOST, "https://myadf.westeurope.datafactory.azure.net/"), masked.clone()),
            // Broken over lines, as a mail program or a console does it.
            (format!("{}\r\n{} more", &key[..30], &key[30..]), format!("{masked} more")),
            (
                format!(
                    "{}\n  {} more",
                    key.replace(SECRET_PART, &SECRET_PART[..9]),
                    &SECRET_PART[9..]
                ),
                format!("{masked} more"),
            ),
            // As the runtime itself masks it.
            (
                format!("key IR@{id}@myadf@ServiceEndpoint={HOST}@****\nthe error code is: X"),
                format!("key {masked}\nthe error code is: X"),
            ),
            (format!("IR@{id}@myadf@we@{SECRET_PART}"), "IR@****".to_owned()),
            (format!("IR@{id}@ServiceEndpoint={SECRET_PART}"), "IR@****".to_owned()),
            (format!("IR@{id}@ServiceEndpoint=se.cr.et@{SECRET_PART}"), "IR@****".to_owned()),
            (format!("the secret {SECRET_PART} alone"), "the secret **** alone".to_owned()),
            (format!("({key})"), format!("({masked}")),
            (key.replace("q7Zk1", "q7(Zk|1"), masked.clone()),
            (format!("the authentication key: {key}"), format!("the authentication key: {masked}")),
            (format!("Activity ID: {id}."), format!("Activity ID: {id}.")),
            (
                key.replace(HOST, "a-factory-of-a-long-name-01.westeurope.datafactory.azure.net"),
                masked
                    .replace(HOST, "a-factory-of-a-long-name-01.westeurope.datafactory.azure.net"),
            ),
            (
                format!("{{\"k\":\"{}\"}}", key.replace('@', "\\u0040").replace('+', "\\u002B")),
                format!("{{\"k\":\"{masked}\"}}"),
            ),
            (
                format!("key [{}]", SECRET_PART.replace('+', "\\u002B").replace('/', "&#47;")),
                "key [****]".to_owned(),
            ),
            (
                "{\"password\":\"Hun\\u0022ter\\u00272\",\"a\":1}".to_owned(),
                "{\"password\":****,\"a\":1}".to_owned(),
            ),
            ("The first pair is fair@home".to_owned(), "The first pair is faIR@****".to_owned()),
        ] {
            assert_eq!(clean(&text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_key_in_any_text_is_gone(
            before in "\\PC{0,40}", after in "\\PC{0,40}",
            secret in "[A-Za-z0-9+/]{43}=", at in 0..5_usize
        ) {
            let key = format!("IR@1@myadf@ServiceEndpoint={HOST}@{secret}");
            let key = if at == 0 { key } else { key.replace('@', AT[at - 1]) };
            let shown = clean(&format!("{before}{key}{after}"));
            for part in [&secret[..12], &secret[16..28], &secret[31..43]] {
                prop_assert!(!shown.contains(part), "{shown}");
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "(IR@|ServiceEndpoint=|://|%40|Pwd=|\\PC|\n)*") {
            let _ = CleanText(clean(&text)).in_one_line(9);
        }
    }
}
