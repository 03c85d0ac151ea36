//! Authentication keys, masked wherever text is shown.
//!
//! A key may be pasted into any file that this program reads, and errors and reports repeat what
//! they found. So whatever writes text masks the keys in it, also those that were cut: a part of a
//! secret is one too.

use std::borrow::Cow;

/// What stands behind `IR` in the place of a key.
pub const KEY_MASK: &str = "@****";
/// How `@` is written in a key, as such and in URLs.
const AT: [&[u8]; 2] = [b"@", b"%40"];
/// The most bytes that are looked at for the second `@` of a key: it follows a GUID.
const LONGEST_FIELD: usize = 512;

/// What follows `IR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRest {
    /// Nothing of a key stands there.
    Other,
    /// More is needed to tell.
    Cut,
    /// A key: so many bytes of it are told, and it ends at [`key_end`].
    Key(usize),
}

/// The text with a mask in the place of each `IR@<id>@<factory>@…@<secret>`. A key ends where no
/// key can go on, at the latest with its line.
#[must_use]
pub fn without_auth_keys(text: &str) -> Cow<'_, str> {
    let Some((mut at, mut told)) = first_key(text) else { return text.into() };
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        clean.push_str(&rest[..at]);
        clean.push_str(KEY_MASK);
        let behind = at + told;
        rest = &rest[behind + key_end(&rest.as_bytes()[behind..])..];
        let Some(next) = first_key(rest) else { break };
        (at, told) = next;
    }
    clean.push_str(rest);
    clean.into()
}

/// Whether an authentication key stands in a text.
#[must_use]
pub fn holds_auth_key(text: &str) -> bool {
    first_key(text).is_some()
}

/// Where the first `@` of the first key is, and how many bytes from there tell that it is one.
fn first_key(text: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().skip(2).filter(|(_, byte)| matches!(byte, b'@' | b'%')).find_map(
        |(at, _)| match key_behind([bytes[at - 2], bytes[at - 1]], &bytes[at..]) {
            KeyRest::Key(told) => Some((at, told)),
            KeyRest::Other | KeyRest::Cut => None,
        },
    )
}

/// Whether a key stands at two bytes and those that follow them. It is one by its second `@`: an
/// address of mail has one, and where a key is cut before its second no secret is shown.
#[must_use]
pub fn key_behind(before: [u8; 2], bytes: &[u8]) -> KeyRest {
    if !before.eq_ignore_ascii_case(b"IR") {
        return KeyRest::Other;
    }
    let mut at = 0;
    let mut n_signs = 0;
    while at < LONGEST_FIELD {
        let rest = &bytes[at..];
        if let Some(sign) = AT.iter().find(|sign| rest.starts_with(sign)) {
            at += sign.len();
            n_signs += 1;
        } else if at == 0 && !AT.iter().any(|sign| sign.starts_with(rest)) {
            return KeyRest::Other;
        } else if rest.is_empty() || rest == b"%" || rest == b"%4" {
            return KeyRest::Cut;
        } else if ends_key(rest[0]) || rest[0] == b'*' {
            // Asterisks are a mask already.
            return KeyRest::Other;
        } else {
            at += 1;
        }
        if n_signs == 2 {
            return KeyRest::Key(at);
        }
    }
    KeyRest::Other
}

/// How many bytes of a key stand at the beginning of `bytes`, which are the rest of one.
#[must_use]
pub fn key_end(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| ends_key(*byte)).unwrap_or(bytes.len())
}

/// What no key holds: it ends at the quotes, brackets and separators of every format. A backslash
/// begins an escape in JSON.
const fn ends_key(byte: u8) -> bool {
    !byte.is_ascii_graphic()
        || matches!(
            byte,
            b'"' | b'\''
                | b'`'
                | b'<'
                | b'>'
                | b'\\'
                | b','
                | b';'
                | b'|'
                | b'&'
                | b'('
                | b')'
                | b'['
                | b']'
                | b'{'
                | b'}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "5d0c1a7e-aa11-4b52-9d1c-000000000001";
    const HOST: &str = "myadf.westeurope.datafactory.azure.net";

    #[test]
    fn keys_are_masked_and_nothing_else() {
        let new = format!("IR@{ID}@myadf@ServiceEndpoint={HOST}@q7Zk1+WmT0r/9aX=");
        let old = format!("IR@{ID}@myadf@we@q7Zk1+WmT0r/9aX=");
        for key in [new.clone(), old.clone(), new.replace('@', "%40"), old.to_lowercase()] {
            let word = &key[..2];
            for (before, after) in [
                ("", ""),
                ("found '", "'; expected a name"),
                ("\"", "\","),
                ("a,", ",443,tcp"),
                ("\\n", "\\nmore"),
                ("http://", " and more"),
                ("=", "\u{2026} cut"),
                ("&#39;", "&#39;"),
                ("(", ")"),
            ] {
                let clean = without_auth_keys(&format!("{before}{key}{after}")).into_owned();
                assert_eq!(clean, format!("{before}{word}@****{after}"));
                assert_eq!(without_auth_keys(&clean), clean, "once is enough");
            }
        }
        let twice = without_auth_keys(&format!("{new} {old}")).into_owned();
        assert_eq!(twice, "IR@**** IR@****");
        for text in [
            "one reads IR@\u{2026}@\u{2026}@ServiceEndpoint=HOST@\u{2026}, as the portal",
            "IR@<id>@<factory>@ServiceEndpoint=<host>@<secret>",
            "IR@****@ServiceEndpoint=a.contoso.com@****",
            "air@contoso.com, fair@contoso.com",
            "ir@",
            "IR%4",
            "@@@",
        ] {
            assert_eq!(without_auth_keys(text), text);
            assert!(!holds_auth_key(text));
        }
    }

    proptest! {
        #[test]
        fn a_key_is_gone_wherever_it_is_cut(
            before in "\\PC{0,40}", after in "\\PC{0,40}",
            secret in "[A-Za-z0-9+/]{43}=", left in 8..44_usize
        ) {
            let key = format!("IR@{ID}@myadf@ServiceEndpoint={HOST}@{}", &secret[..left]);
            let clean = without_auth_keys(&format!("{before}{key} {after}")).into_owned();
            prop_assert!(!clean.contains(&secret[..8]), "{clean}");
        }
    }
}
