//! What strangers chose, made fit to be shown: nothing in it that a terminal would obey.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use super::without_auth_keys;

/// `text` with what a terminal would obey, or not show, written out as JSON does (`\u001b`, `\n`):
/// names, reason phrases and certificates come from strangers, and an escape sequence among them
/// could repaint the report, or a line break begin a line that seems to be ours. An authentication
/// key is masked: it may stand in any file that is repeated here.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    let text = without_auth_keys(text);
    if !text.contains(is_obeyed) {
        return text;
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            obeyed if is_obeyed(obeyed) => {
                let _ = write!(shown, "{}", Escaped(obeyed));
            }
            c => shown.push(c),
        }
    }
    shown.into()
}

/// Control characters (C0, DEL, C1), and the format characters that reorder text, break lines or
/// are nothing to see (Unicode Standard 23.2; CVE-2021-42574).
#[must_use]
pub fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// A character in the notation of JSON (RFC 8259, section 7): `\u202e`, outside the first plane as
/// two.
#[derive(Clone, Copy, Debug)]
pub struct Escaped(pub char);

impl fmt::Display for Escaped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(f, "\\u{unit:04x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        for (text, expected) in [
            ("CN=*.contoso.com", "CN=*.contoso.com"),
            ("\u{1b}[2J\u{1b}]0;x\u{7}", "\\u001b[2J\\u001b]0;x\\u0007"),
            ("a\r\nb\tc", "a\\r\\nb\\tc"),
            ("\u{9b}31m", "\\u009b31m"),
            ("moc.\u{202e}osotnoc", "moc.\\u202eosotnoc"),
            ("\u{200f}\u{2066}\u{2028}", "\\u200f\\u2066\\u2028"),
            ("\u{e0041}", "\\udb40\\udc41"),
            ("b\u{fc}cher \u{4e2d}", "b\u{fc}cher \u{4e2d}"),
        ] {
            assert_eq!(visible(text), expected);
        }
    }
}
